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

bool golden_objects_have(const struct golden_objects *objects, enum api_kind kind)
{
    for (size_t i = 0; i < objects->items.count; i++) {
        if (objects->items.items[i]->key.kind == kind)
            return true;
    }
    return false;
}

/* A file is relative to its manifest. The reason leaves out where that is. */
static enum err load_file(void *arg, struct str path, struct buf *content, struct err_info *reterr)
{
    char full[PATH_SIZE];
    (void)snprintf(full, sizeof(full), "%s/%.*s", (const char *)arg, STR_ARG(path));
    enum err err = file_read(full, content, NULL);
    return err == ERR_OK ? ERR_OK : err_set(reterr, err, "%s", err_name(err));
}

/* What is decoded from the text that a manifest is printed to. */
static const struct api_object *reprint(const struct api_object *object, const struct jv *document,
                                        const struct api_origin *origin, struct golden_reading how)
{
    struct arena *arena = arena_new(4096);
    struct finding_list *ignored = finding_list_new();
    enum api_envelope envelope = api_envelope_of(document);
    if (how.is_turned)
        envelope = envelope == API_UNIVERSAL ? API_KUBERNETES : API_UNIVERSAL;
    const struct jv *printed = api_print(arena, document, object, envelope, STR("kuma-system"),
                                         ignored);
    struct yaml_stream stream;
    struct yaml_error error;
    struct buf text;
    buf_init(&text, FILE_SIZE_MAX);
    if (printed != NULL)
        yaml_print(printed, &text);
    if (yaml_parse(arena, buf_str(&text), &stream, &error) != ERR_OK)
        die("what was printed", error.message);
    if (printed != NULL) {
        (void)api_object_unref(object); /* always NULL */
        object = api_decode(stream.documents[0], origin, ignored);
    }
    buf_deinit(&text);
    ignored = finding_list_free(ignored);
    arena = arena_free(arena);
    return object;
}

static void decode(struct golden_objects *objects, const struct jv *document,
                   struct api_origin origin, struct golden_reading how)
{
    struct str name = jv_text(jv_get(document, STR("kind")));
    for (enum api_kind kind = API_SERVICE; kind < API_KINDS && how.is_cluster; kind++) {
        if (!str_equal(api_kind_name(kind), name))
            continue;
        origin.has_kind = true;
        origin.kind = kind;
    }
    const struct api_object *object = api_decode(document, &origin, objects->problems);
    if (object != NULL && how.is_printed && !origin.has_kind)
        object = reprint(object, document, &origin, how);
    if (object != NULL)
        VEC_PUSH(&objects->items, object);
}

void golden_objects_read(struct golden_objects *objects, const char *directory, const char *file,
                         struct golden_reading how)
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
            decode(objects, documents[j], origin, how);
    }
    arena = arena_free(arena);
    buf_deinit(&text);
}

/* With both halves of the compiler, as a program would. */
static void compile(const struct placement *placement, const struct cache *cache,
                    struct compile_memory *memory, struct golden_outcome *outcome)
{
    const struct compile_input input = {
        .cache = cache,
        .dataplanes = placement->dataplanes,
        .dataplane_count = placement->count,
        .elsewhere = placement->elsewhere,
        .elsewhere_count = placement->elsewhere_count,
        .checks_secrets = true,
    };
    const struct compile_input known = {
        .cache = cache,
        .dataplanes = placement->known,
        .dataplane_count = placement->known_count,
    };
    struct discovery *discovery = discovery_new(cache);
    const struct compile_draft *draft = compile_draft_new(&input, memory);
    struct compile_result *result = compile_result_new(draft, discovery, memory);
    const struct compile_result *results[] = {result};
    struct compile_review *review = compile_review_new(&known, results, 1);
    outcome->snapshot = model_snapshot_ref(result->snapshot);
    finding_add_all(outcome->findings, result->findings);
    finding_add_all(outcome->findings, review->findings);
    golden_print_report(&review->report, &outcome->report);
    review = compile_review_free(review);
    result = compile_result_free(result);
    draft = compile_draft_unref(draft);
    discovery = discovery_free(discovery);
}

struct golden_outcome golden_compile(const struct golden_objects *objects,
                                     const struct golden_options *options)
{
    struct cache *cache = cache_new();
    struct golden_outcome outcome = {.findings = finding_list_new()};
    struct compile_memory *own = options->memory == NULL ? compile_memory_new() : NULL;
    buf_init(&outcome.report, FILE_SIZE_MAX);
    finding_add_all(outcome.findings, objects->problems);
    for (size_t i = 0; i < objects->items.count; i++) {
        size_t index = options->turned ? objects->items.count - 1 - i : i;
        cache_put(cache, objects->items.items[index]);
        finding_add_all(outcome.findings, objects->items.items[index]->findings);
    }
    struct placement *placement = placement_new(cache, options->placement, outcome.findings);
    compile(placement, cache, own != NULL ? own : options->memory, &outcome);
    finding_sort(outcome.findings);
    own = compile_memory_free(own);
    placement = placement_free(placement);
    cache = cache_free(cache);
    return outcome;
}

void golden_outcome_deinit(struct golden_outcome *outcome)
{
    outcome->snapshot = model_snapshot_unref(outcome->snapshot);
    outcome->findings = finding_list_free(outcome->findings);
    buf_deinit(&outcome->report);
}

static void print_condition(const char *type, const struct compile_condition *condition,
                            struct buf *buf)
{
    if (condition->ok && condition->message.size == 0)
        return;
    buf_printf(buf, "    %s=%s %.*s: %.*s\n", type, condition->ok ? "ok" : "not ok",
               STR_ARG(condition->reason), STR_ARG(condition->message));
}

static const char *protocol_name(enum api_protocol protocol)
{
    switch (protocol) {
    case API_PROTOCOL_NONE: return "NONE";
    case API_PROTOCOL_TCP: return "TCP";
    case API_PROTOCOL_TLS: return "TLS";
    case API_PROTOCOL_HTTP: return "HTTP";
    case API_PROTOCOL_HTTPS: return "HTTPS";
    }
    return "?";
}

static void print_listener(const struct compile_listener_report *listener, struct buf *buf)
{
    buf_printf(buf, "  [%zu] %s %u %.*s: %zu attached", listener->index,
               protocol_name(listener->protocol), (unsigned)listener->port,
               STR_ARG(listener->hostname), listener->attached_routes);
    for (size_t i = 0; i < listener->secrets.count; i++)
        buf_printf(buf, " %.*s", STR_ARG(listener->secrets.items[i]));
    buf_append_char(buf, '\n');
    print_condition("Accepted", &listener->accepted, buf);
    print_condition("ResolvedRefs", &listener->resolved_refs, buf);
    print_condition("Conflicted", &listener->conflicted, buf);
}

static void print_object(const struct api_object *object, struct buf *buf)
{
    buf_printf(buf, "%.*s %.*s (mesh %.*s)\n", STR_ARG(api_kind_name(object->key.kind)),
               STR_ARG(object->key.name), STR_ARG(object->key.mesh));
}

void golden_print_report(const struct compile_report *report, struct buf *buf)
{
    for (size_t i = 0; i < report->gateway_count; i++) {
        const struct compile_gateway_report *gateway = &report->gateways[i];
        print_object(gateway->gateway, buf);
        print_condition("Accepted", &gateway->accepted, buf);
        print_condition("ResolvedRefs", &gateway->resolved_refs, buf);
        for (size_t j = 0; j < gateway->listener_count; j++)
            print_listener(&gateway->listeners[j], buf);
    }
    for (size_t i = 0; i < report->route_count; i++) {
        const struct compile_route_report *route = &report->routes[i];
        print_object(route->route, buf);
        print_condition("Accepted", &route->accepted, buf);
        print_condition("ResolvedRefs", &route->resolved_refs, buf);
        for (size_t j = 0; j < route->parent_count; j++) {
            const struct compile_parent_report *parent = &route->parents[j];
            buf_printf(buf, "  %.*s: %zu attached\n", STR_ARG(parent->gateway->key.name),
                       parent->attached_listeners);
            print_condition("Accepted", &parent->accepted, buf);
            print_condition("ResolvedRefs", &parent->resolved_refs, buf);
        }
    }
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
