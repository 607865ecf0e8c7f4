#include "control/source/files/index.h"

#include "core/base/assert.h"
#include "core/base/map.h"
#include "core/base/mem.h"

/* A file that was put. It stays, empty, until the flush after its drop. */
struct file {
    struct files__content content;
    bool dropped;
    bool touched; /* its report may have changed */
    size_t name_size;
    char name[];
};

/* One object of one file. */
struct claim {
    struct file *file;
    const struct api_object *object; /* owned by the file's content */
    size_t position;                 /* in the file */
};

struct key {
    struct buf text; /* under which the map knows it */
    VEC(struct claim) claims;
    const struct api_object *sent; /* what the listener has; one reference; or NULL */
    bool touched;
};

struct files__index {
    const struct source_events *events;
    struct map *files;
    struct map *keys;
    VEC(struct key *) touched;
};

void files__content_init(struct files__content *content)
{
    *content = (struct files__content){.problems = finding_list_new()};
}

void files__content_deinit(struct files__content *content)
{
    for (size_t i = 0; i < content->objects.count; i++)
        (void)api_object_unref(content->objects.items[i]); /* always NULL */
    VEC_FREE(&content->objects);
    content->problems = finding_list_free(content->problems);
}

struct files__index *files__index_new(const struct source_events *events)
{
    struct files__index *index = MEM_NEW(struct files__index);
    index->events = events;
    index->files = map_new();
    index->keys = map_new();
    return index;
}

static void key_free(struct key *key)
{
    (void)api_object_unref(key->sent); /* always NULL */
    VEC_FREE(&key->claims);
    buf_deinit(&key->text);
    mem_free(key);
}

struct files__index *files__index_free(struct files__index *index)
{
    if (index == NULL)
        return NULL;
    struct map_cursor at = {0};
    for (struct key *key = NULL; (key = map_next(index->keys, &at)) != NULL;)
        key_free(key);
    at = (struct map_cursor){0};
    for (struct file *file = NULL; (file = map_next(index->files, &at)) != NULL;) {
        files__content_deinit(&file->content);
        mem_free(file);
    }
    map_free(index->keys);
    map_free(index->files);
    VEC_FREE(&index->touched);
    return mem_free(index);
}

static struct str file_name(const struct file *file)
{
    return str_make(file->name, file->name_size);
}

static struct file *file_get(struct files__index *index, struct str name)
{
    struct file *file = map_get(index->files, name);
    if (file == NULL) {
        file = mem_zero(1, sizeof(*file) + name.size);
        file->name_size = name.size;
        memcpy(file->name, name.data, name.size);
        files__content_init(&file->content);
        (void)map_set(index->files, name, file); /* there was none */
    }
    file->touched = true;
    return file;
}

static struct key *key_get(struct files__index *index, const struct api_key *wanted)
{
    struct buf text;
    buf_init(&text, SIZE_MAX);
    buf_printf(&text, "%d/", (int)wanted->kind);
    buf_append(&text, wanted->mesh);
    buf_append_char(&text, '\0'); /* in no name of a mesh that YAML can hold unescaped */
    buf_append(&text, wanted->name);
    struct key *key = map_get(index->keys, buf_str(&text));
    if (key != NULL) {
        buf_deinit(&text);
        return key;
    }
    key = MEM_NEW(struct key);
    key->text = text;
    (void)map_set(index->keys, buf_str(&text), key); /* there was none */
    return key;
}

static struct key *key_touch(struct files__index *index, const struct api_key *wanted)
{
    struct key *key = key_get(index, wanted);
    if (!key->touched)
        VEC_PUSH(&index->touched, key);
    key->touched = true;
    return key;
}

static void claims_remove(struct files__index *index, struct file *file)
{
    for (size_t i = 0; i < file->content.objects.count; i++) {
        struct key *key = key_touch(index, &file->content.objects.items[i]->key);
        for (size_t j = key->claims.count; j-- > 0;) {
            if (key->claims.items[j].file == file)
                VEC_REMOVE_UNORDERED(&key->claims, j);
        }
    }
}

static void claims_add(struct files__index *index, struct file *file)
{
    for (size_t i = 0; i < file->content.objects.count; i++) {
        const struct api_object *object = file->content.objects.items[i];
        struct key *key = key_touch(index, &object->key);
        struct claim claim = {file, object, i};
        VEC_PUSH(&key->claims, claim);
    }
}

void files__index_put(struct files__index *index, struct str name, struct files__content *content)
{
    struct file *file = file_get(index, name);
    claims_remove(index, file);
    files__content_deinit(&file->content);
    file->content = *content;
    file->dropped = false;
    files__content_init(content);
    claims_add(index, file);
}

void files__index_keep(struct files__index *index, struct str name, struct files__content *content)
{
    struct file *file = file_get(index, name);
    file->dropped = false;
    struct finding_list *former = file->content.problems;
    file->content.problems = content->problems;
    content->problems = former;
    finding_list_clear(former);
}

void files__index_drop(struct files__index *index, struct str name)
{
    if (map_get(index->files, name) == NULL)
        return;
    struct file *file = file_get(index, name);
    claims_remove(index, file);
    files__content_deinit(&file->content);
    files__content_init(&file->content);
    file->dropped = true;
}

static bool claim_precedes(const struct claim *a, const struct claim *b)
{
    if (a->file != b->file)
        return str_compare(file_name(a->file), file_name(b->file)) < 0;
    return a->position < b->position;
}

static const struct claim *key_winner(const struct key *key)
{
    const struct claim *first = NULL;
    for (size_t i = 0; i < key->claims.count; i++) {
        if (first == NULL || claim_precedes(&key->claims.items[i], first))
            first = &key->claims.items[i];
    }
    return first;
}

static void key_send(struct files__index *index, struct key *key)
{
    const struct claim *winner = key_winner(key);
    const struct api_object *former = key->sent;
    for (size_t i = 0; i < key->claims.count; i++)
        key->claims.items[i].file->touched = true;
    key->touched = false;
    if (winner == NULL && former != NULL)
        index->events->remove(index->events->arg, &former->key);
    if (winner != NULL && winner->object != former) {
        key->sent = api_object_ref(winner->object);
        index->events->apply(index->events->arg, key->sent);
        (void)api_object_unref(former); /* always NULL */
    }
    if (winner == NULL) {
        (void)map_remove(index->keys, buf_str(&key->text)); /* freed here */
        key_free(key);
    }
}

/* Adds a finding for each object of `file` that another one precedes. */
static void report_duplicates(struct files__index *index, const struct file *file,
                              struct finding_list *report)
{
    for (size_t i = 0; i < file->content.objects.count; i++) {
        const struct api_object *object = file->content.objects.items[i];
        const struct api_object *winner = key_get(index, &object->key)->sent;
        if (winner == object)
            continue;
        struct finding_subject subject = api_subject(object);
        finding_add(report, FINDING_ERROR, &subject, object->mark, STR_EMPTY,
                    "is ignored: the same object stands in %.*s, line %u, which comes first",
                    STR_ARG(winner->file), winner->mark.line);
    }
}

static void file_report(struct files__index *index, const struct file *file)
{
    if (index->events->report == NULL)
        return;
    CLEANUP(finding_list_free) struct finding_list *report = finding_list_new();
    finding_add_all(report, file->content.problems);
    report_duplicates(index, file, report);
    finding_sort(report);
    index->events->report(index->events->arg, file_name(file), report);
}

void files__index_flush(struct files__index *index)
{
    for (size_t i = 0; i < index->touched.count; i++)
        key_send(index, index->touched.items[i]);
    VEC_CLEAR(&index->touched);
    struct map_cursor at = {0};
    for (struct file *file = NULL; (file = map_next(index->files, &at)) != NULL;) {
        if (file->touched)
            file_report(index, file);
        file->touched = false;
        if (!file->dropped)
            continue;
        files__content_deinit(&file->content);
        (void)map_remove(index->files, at.key); /* freed here */
        mem_free(file);
    }
    if (index->events->settled != NULL)
        index->events->settled(index->events->arg);
}
