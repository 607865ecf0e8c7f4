#include "control/source/files/manifest.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "control/source/files/files.h"
#include "core/base/file.h"
#include "core/yaml/yaml.h"

#define CHUNK_SIZE ((size_t)64 * 1024)

void files__paths_add(struct files__paths *paths, struct str path)
{
    if (files__paths_have(paths, path))
        return;
    char *copy = mem_alloc(path.size + 1);
    memcpy(copy, path.data, path.size);
    copy[path.size] = '\0';
    VEC_PUSH(&paths->items, copy);
}

void files__paths_clear(struct files__paths *paths)
{
    for (size_t i = 0; i < paths->items.count; i++)
        mem_free(paths->items.items[i]);
    VEC_FREE(&paths->items);
}

bool files__paths_have(const struct files__paths *paths, struct str path)
{
    for (size_t i = 0; i < paths->items.count; i++) {
        if (str_equal(str_of(paths->items.items[i]), path))
            return true;
    }
    return false;
}

/* Adds a path, and where it really is when that is elsewhere. */
static void paths_add_real(struct files__paths *paths, const char *path)
{
    char real[PATH_MAX];
    files__paths_add(paths, str_of(path));
    if (realpath(path, real) != NULL)
        files__paths_add(paths, str_of(real));
}

struct reading {
    struct str directory; /* of the manifest, with its "/" */
    struct files__paths *paths;
};

/* Reads what a data source names. */
static enum err load(void *arg, struct str name, struct buf *content, struct err_info *reterr)
{
    const struct reading *reading = arg;
    char path[PATH_MAX];
    struct str before = str_starts_with(name, STR("/")) ? STR_EMPTY : reading->directory;
    if (name.size == 0 || before.size + name.size >= sizeof(path) ||
        str_find_char(name, '\0') != STR_NOT_FOUND)
        return err_set(reterr, ERR_INVALID, "is no name of a file");
    memcpy(path, before.data, before.size);
    memcpy(path + before.size, name.data, name.size);
    path[before.size + name.size] = '\0';
    paths_add_real(reading->paths, path);
    return file_read(path, content, reterr);
}

static void decode_document(const struct jv *document, const struct api_origin *origin,
                            struct files__content *content)
{
    size_t count = 0;
    const struct jv *const *documents = api_documents(&document, &count);
    for (size_t i = 0; i < count; i++) {
        size_t said = finding_count(content->problems);
        const struct api_object *object = api_decode(documents[i], origin, content->problems);
        bool is_foreign = object == NULL && documents[i]->type != JV_NULL &&
                          finding_count(content->problems) == said;
        if (object != NULL)
            VEC_PUSH(&content->objects, object);
        if (content->on_document != NULL)
            content->on_document(content->arg, &(struct files_document){origin->file, documents[i],
                                                                        object, is_foreign});
    }
}

static void complain(struct files__content *content, const char *path, struct jv_mark mark,
                     const char *message)
{
    struct finding_subject subject = {.file = str_of(path)};
    finding_add(content->problems, FINDING_ERROR, &subject,
                (struct finding_mark){mark.line, mark.column}, STR_EMPTY, "%s. %s", message,
                content->has_former ? "What this file said before is kept"
                                    : "Nothing of this file is used");
}

/* A list may unfold into more objects than a file has documents. */
static enum err check_lists(const struct yaml_stream *stream, struct yaml_error *reterr)
{
    size_t total = 0;
    for (size_t i = 0; i < stream->count; i++) {
        size_t count = 0;
        (void)api_documents(&stream->documents[i], &count); /* their number */
        total += count;
        if (total <= YAML_DOCUMENTS_MAX)
            continue;
        reterr->mark = stream->documents[i]->mark;
        (void)snprintf(reterr->message, sizeof(reterr->message), "more than %zu objects",
                       YAML_DOCUMENTS_MAX); /* it fits */
        return ERR_LIMIT;
    }
    return ERR_OK;
}

static enum err decode(const char *path, struct str text, struct files__content *content,
                       struct files__paths *paths)
{
    struct arena *arena = arena_new(CHUNK_SIZE);
    struct yaml_stream stream;
    struct yaml_error error = {.message = ""};
    enum err e = yaml_parse(arena, text, &stream, &error);
    if (e == ERR_OK)
        e = check_lists(&stream, &error);
    if (e != ERR_OK) {
        complain(content, path, error.mark, error.message);
    } else {
        struct str file = str_of(path);
        size_t slash = str_find_last_char(file, '/');
        struct reading reading = {str_first(file, slash == STR_NOT_FOUND ? 0 : slash + 1), paths};
        struct api_origin origin = {.file = file, .load = load, .load_arg = &reading};
        for (size_t i = 0; i < stream.count; i++)
            decode_document(stream.documents[i], &origin, content);
    }
    arena_free_wiped(arena); /* it may hold keys */
    return e;
}

enum err files__manifest_read(const char *path, struct files__content *content,
                              struct files__paths *paths)
{
    struct buf text;
    struct err_info reason = {.message = ""};
    paths_add_real(paths, path);
    buf_init_secret(&text, YAML_SIZE_MAX); /* it may hold keys */
    enum err e = file_read(path, &text, &reason);
    if (e == ERR_OK)
        e = decode(path, buf_str(&text), content, paths);
    else if (e != ERR_NOT_FOUND)
        complain(content, path, (struct jv_mark){0}, reason.message);
    buf_deinit(&text);
    return e;
}

enum err files__stdin_read(struct files__content *content, struct files__paths *paths)
{
    struct buf text;
    struct err_info reason = {.message = ""};
    buf_init_secret(&text, YAML_SIZE_MAX); /* it may hold keys */
    enum err e = file_read_stdin(&text, &reason);
    if (e == ERR_OK)
        e = decode(FILES_STDIN, buf_str(&text), content, paths);
    else
        complain(content, FILES_STDIN, (struct jv_mark){0}, reason.message);
    buf_deinit(&text);
    return e;
}
