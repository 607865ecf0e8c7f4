#include "case.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/base/file.h"
#include "core/base/mem.h"
#include "core/base/vec.h"
#include "core/yaml/yaml.h"

#define FILE_SIZE_MAX ((size_t)8 * 1024 * 1024)
#define PATH_SIZE     1024

struct golden_objects {
    VEC(const struct api_object *) items;
    struct finding_list *problems; /* of documents that became no object */
};

static void die(const char *path, const char *why)
{
    (void)fprintf(stderr, "%s: %s\n", path, why); /* there is nowhere else to say it */
    exit(2);
}

struct golden_objects *golden_objects_new(void)
{
    struct golden_objects *objects = MEM_NEW(struct golden_objects);
    objects->problems = finding_list_new();
    return objects;
}

struct golden_objects *golden_objects_free(struct golden_objects *objects)
{
    if (objects == NULL)
        return NULL;
    for (size_t i = 0; i < objects->items.count; i++)
        (void)api_object_unref(objects->items.items[i]); /* always NULL */
    VEC_FREE(&objects->items);
    objects->problems = finding_list_free(objects->problems);
    return mem_free(objects);
}

/* A file is relative to its manifest. The reason leaves out where that is. */
static enum err load_file(void *arg, struct str path, struct buf *content, struct err_info *reterr)
{
    char full[PATH_SIZE];
    (void)snprintf(full, sizeof(full), "%s/%.*s", (const char *)arg, STR_ARG(path));
    enum err err = file_read(full, content, NULL);
    return err == ERR_OK ? ERR_OK : err_set(reterr, err, "%s", err_name(err));
}

static void decode(struct golden_objects *objects, const struct jv *document,
                   const struct api_origin *origin)
{
    const struct api_object *object = api_decode(document, origin, objects->problems);
    if (object != NULL)
        VEC_PUSH(&objects->items, object);
}

void golden_objects_read(struct golden_objects *objects, const char *directory, const char *file)
{
    char path[PATH_SIZE];
    (void)snprintf(path, sizeof(path), "%s/%s", directory, file);
    struct buf text;
    buf_init(&text, FILE_SIZE_MAX);
    struct err_info info;
    if (file_read(path, &text, &info) != ERR_OK)
        die(path, info.message);
    struct arena *arena = arena_new(FILE_SIZE_MAX / 64);
    struct yaml_stream stream;
    struct yaml_error error;
    if (yaml_parse(arena, buf_str(&text), &stream, &error) != ERR_OK)
        die(path, error.message);

    char copy[PATH_SIZE];
    (void)snprintf(copy, sizeof(copy), "%s", directory);
    struct api_origin origin = {.file = str_of(file), .load = load_file, .load_arg = copy};
    for (size_t i = 0; i < stream.count; i++) {
        size_t count;
        const struct jv *const *documents = api_documents(&stream.documents[i], &count);
        for (size_t j = 0; j < count; j++)
            decode(objects, documents[j], &origin);
    }
    arena = arena_free(arena);
    buf_deinit(&text);
}

struct golden_outcome golden_compile(const struct golden_objects *objects, bool turned,
                                     const struct placement_options *options)
{
    struct cache *cache = cache_new();
    struct golden_outcome outcome = {.findings = finding_list_new()};
    finding_add_all(outcome.findings, objects->problems);
    for (size_t i = 0; i < objects->items.count; i++) {
        size_t index = turned ? objects->items.count - 1 - i : i;
        cache_put(cache, objects->items.items[index]);
        finding_add_all(outcome.findings, objects->items.items[index]->findings);
    }
    struct placement *placement = placement_new(cache, options, outcome.findings);
    const struct compile_input input = {
        .cache = cache,
        .dataplanes = placement->dataplanes,
        .dataplane_count = placement->count,
    };
    outcome.snapshot = compile_snapshot(&input, outcome.findings);
    const struct compile_input known = {
        .cache = cache,
        .dataplanes = placement->known,
        .dataplane_count = placement->known_count,
    };
    compile_review(&known, outcome.findings);
    finding_sort(outcome.findings);
    placement = placement_free(placement);
    cache = cache_free(cache);
    return outcome;
}

void golden_outcome_deinit(struct golden_outcome *outcome)
{
    outcome->snapshot = model_snapshot_unref(outcome->snapshot);
    outcome->findings = finding_list_free(outcome->findings);
}

/* A secret as it may be shown: certificates are long, and their fingerprint says as much. */
static void print_secret(const struct model_secret *secret, struct buf *buf)
{
    struct model_secret shown = *secret;
    shown.certificates_pem = STR("(left out)");
    const struct model_resource *resource = model_secret_new(&shown);
    model_resource_print(resource, true, buf);
    resource = model_resource_unref(resource);
}

/* Appends `text` with a new line before each rule and chain. Inside strings quotes are escaped, so
 * that these beginnings are always objects. */
static void append_parted(struct buf *buf, struct str text)
{
    for (size_t i = 0; i < text.size; i++) {
        struct str rest = str_from(text, i);
        if (str_starts_with(rest, STR("{\"action\":")) ||
            str_starts_with(rest, STR("{\"hostname\":")))
            buf_append(buf, STR("\n  "));
        buf_append_char(buf, text.data[i]);
    }
}

void golden_print_snapshot(const struct model_snapshot *snapshot, struct buf *buf)
{
    struct buf one;
    buf_init(&one, FILE_SIZE_MAX);
    buf_append(buf, STR("["));
    for (size_t i = 0; i < snapshot->count; i++) {
        const struct model_resource *resource = snapshot->resources[i];
        buf_clear(&one);
        if (resource->kind == MODEL_SECRET)
            print_secret(resource->secret, &one);
        else
            model_resource_print(resource, true, &one);
        buf_append(buf, i == 0 ? STR("\n") : STR(",\n"));
        append_parted(buf, buf_str(&one));
    }
    buf_append(buf, STR("\n]\n"));
    buf_deinit(&one);
}

void golden_print_findings(const struct finding_list *findings, struct buf *buf)
{
    for (size_t i = 0; i < finding_count(findings); i++) {
        finding_print(finding_get(findings, i), buf);
        buf_append_char(buf, '\n');
    }
}
