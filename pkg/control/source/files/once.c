/* Paths that are read once. */
#include "control/source/files/files.h"

#include <sys/stat.h>

#include "control/source/files/manifest.h"
#include "control/source/files/scan.h"

struct once {
    /* Who is told: */
    struct files__index *index; /* of objects; or NULL, */
    struct finding_list *problems;
    files_document_fn on_document; /* of documents */
    void *arg;
    size_t unreadable;
};

static void content_init(const struct once *once, struct files__content *content)
{
    files__content_init(content);
    content->on_document = once->on_document;
    content->arg = once->arg;
}

static void complain(struct files__content *content, const char *file, const char *message)
{
    struct finding_subject subject = {.file = str_of(file)};
    finding_add(content->problems, FINDING_ERROR, &subject, (struct finding_mark){0}, STR_EMPTY,
                "%s", message);
}

/* Takes over what was read of the file. */
static void put(struct once *once, const char *file, enum err e, struct files__content *content)
{
    if (e == ERR_NOT_FOUND)
        complain(content, file, "does not exist");
    if (e != ERR_OK)
        once->unreadable++;
    if (once->index != NULL)
        files__index_put(once->index, str_of(file), content);
    else
        finding_add_all(once->problems, content->problems);
    files__content_deinit(content);
}

static void read_file(struct once *once, const char *path)
{
    struct files__content content;
    struct files__paths paths = {0}; /* what to watch: nothing */
    content_init(once, &content);
    put(once, path, files__manifest_read(path, &content, &paths), &content);
    files__paths_clear(&paths);
}

static void read_stdin(struct once *once)
{
    struct files__content content;
    struct files__paths paths = {0}; /* what to watch: nothing */
    content_init(once, &content);
    put(once, FILES_STDIN, files__stdin_read(&content, &paths), &content);
    files__paths_clear(&paths);
}

/* What is said of the directory counts as what could not be read of it. */
static void read_directory(struct once *once, const char *path)
{
    struct files__content content;
    struct files__paths directories = {0};
    struct files__paths manifests = {0};
    struct err_info reason = {.message = ""};
    content_init(once, &content);
    enum err e = files__scan(path, &directories, &manifests, content.problems, &reason);
    if (e != ERR_OK)
        complain(&content, path, reason.message);
    else if (manifests.items.count == 0)
        complain(&content, path, "holds no manifest: no file named *.yaml, *.yml or *.json");
    once->unreadable += finding_count(content.problems);
    put(once, path, ERR_OK, &content);
    for (size_t i = 0; i < manifests.items.count; i++)
        read_file(once, manifests.items.items[i]);
    files__paths_clear(&directories);
    files__paths_clear(&manifests);
}

static bool is_directory(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static void read_paths(struct once *once, struct files_paths paths)
{
    for (size_t i = 0; i < paths.count; i++) {
        const char *path = paths.items[i];
        if (str_equal(str_of(path), STR("-")))
            read_stdin(once);
        else if (is_directory(path))
            read_directory(once, path);
        else
            read_file(once, path);
    }
}

size_t files_read(struct files_paths paths, const struct source_events *events)
{
    struct once once = {.index = files__index_new(events)};
    read_paths(&once, paths);
    files__index_flush(once.index);
    files__index_free(once.index);
    return once.unreadable;
}

size_t files_read_documents(struct files_paths paths, struct finding_list *problems,
                            files_document_fn on_document, void *arg)
{
    struct once once = {.problems = problems, .on_document = on_document, .arg = arg};
    read_paths(&once, paths);
    return once.unreadable;
}
