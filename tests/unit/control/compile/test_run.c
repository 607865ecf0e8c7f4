/* What holds of every run, whatever the manifests: random ones show it. */
#include "outcome.h"
#include "world.h"

#define SEEDS 2
#define STEPS 250

/* ---- Order ---- */

static void gather(const struct cache *cache, const struct api_object **objects, size_t *count)
{
    for (enum api_kind kind = 0; kind < API_KINDS; kind++) {
        size_t of_kind;
        const struct api_object *const *all = cache_list_all(cache, kind, &of_kind);
        for (size_t i = 0; i < of_kind; i++)
            objects[(*count)++] = all[i];
    }
}

/* The same objects, put in a random order. */
static struct cache *shuffled(struct world *w)
{
    static const struct api_object *objects[1024];
    struct cache *cache = cache_new();
    size_t count = 0;
    gather(w->cache, objects, &count);
    while (count > 0) {
        size_t drawn = world_below(w, (uint32_t)count);
        cache_put(cache, objects[drawn]);
        objects[drawn] = objects[--count];
    }
    return cache;
}

static void order_does_not_matter(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= SEEDS; seed++) {
        struct world w;
        world_init(&w, seed);
        for (int i = 0; i < STEPS; i++) {
            world_change(&w);
            world_change(&w);
            struct cache *other = shuffled(&w);
            const struct compile_input input = world_input(w.cache);
            const struct compile_input turned = world_input(other);
            struct compile_result *result = compile_snapshot(&input);
            struct compile_result *again = compile_snapshot(&turned);
            outcome_assert_same(result, again);
            result = compile_result_free(result);
            again = compile_result_free(again);
            other = cache_free(other);
        }
        world_deinit(&w);
    }
}

/* ---- Others ---- */

/* What `text` says is added to the world for a moment, if it is an object and `fits`. Whether it
 * was. */
static bool changes_nothing(struct world *w, struct str text,
                            bool (*fits)(const struct api_object *object))
{
    const struct compile_input input = world_input(w->cache);
    const struct api_object *object = manifests_decode(text);
    if (object == NULL)
        return false;
    if (!fits(object) || cache_find(w->cache, &object->key) != NULL) {
        object = api_object_unref(object);
        return false;
    }
    struct compile_result *before = compile_snapshot(&input);
    cache_put(w->cache, object);
    struct compile_result *after = compile_snapshot(&input);
    if (!model_digest_equal(&before->snapshot->digest, &after->snapshot->digest))
        fail_msg("%.*s", STR_ARG(text));
    cache_remove(w->cache, &object->key);
    before = compile_result_free(before);
    after = compile_result_free(after);
    object = api_object_unref(object);
    return true;
}

static bool is_of_another_mesh(const struct api_object *object)
{
    return str_equal(object->key.mesh, STR("other"));
}

/* Of kinds that have to be named, by a name that nobody says. */
static bool is_unnamed(const struct api_object *object)
{
    enum api_kind kind = object->key.kind;
    return kind == API_SECRET || kind == API_MESH_TIMEOUT || kind == API_MESH_EXTERNAL_SERVICE ||
           kind == API_MESH_MULTI_ZONE_SERVICE || kind == API_SERVICE ||
           kind == API_ENDPOINT_SLICE || kind == API_POD;
}

static void others_change_nothing(const struct world_draw *how,
                                  bool (*fits)(const struct api_object *object))
{
    struct world w;
    struct buf text;
    world_init(&w, 5);
    buf_init(&text, 65536);
    size_t added = 0;
    for (int i = 0; i < SEEDS * STEPS; i++) {
        world_change(&w);
        world_draw_manifest(&w, how, &text);
        added += changes_nothing(&w, buf_str(&text), fits);
    }
    assert_in_range(added, STEPS / 2, SEEDS * STEPS);
    buf_deinit(&text);
    world_deinit(&w);
}

static void other_meshes_change_nothing(void **state)
{
    (void)state;
    others_change_nothing(&(struct world_draw){.mesh = "other"}, is_of_another_mesh);
}

static void what_nobody_names_changes_nothing(void **state)
{
    (void)state;
    others_change_nothing(&(struct world_draw){.name = "9"}, is_unnamed);
}

/* ---- What is broken ---- */

/* The end of the value of a flow mapping that begins at `at`. */
static size_t value_end(struct str text, size_t at)
{
    size_t depth = 0;
    bool is_quoted = false;
    for (; at < text.size; at++) {
        char c = text.data[at];
        if (c == '\'')
            is_quoted = !is_quoted;
        if (is_quoted)
            continue;
        if (depth == 0 && (c == ',' || c == '}' || c == ']'))
            return at;
        depth += c == '{' || c == '[';
        depth -= c == '}' || c == ']';
    }
    return at;
}

/* Replaces the value of one member, whichever, by another. */
static void break_one(struct world *w, struct str text, struct buf *broken)
{
    static const char *const values[] = {"17",    "''",   "[]",         "{}",      "null",
                                         "'a b'", "-1.5", "[{}, true]", "{a: [b]}"};
    size_t chosen = 0;
    uint32_t seen = 0;
    for (size_t i = 1; i + 1 < text.size; i++) {
        if (text.data[i] == ':' && text.data[i + 1] == ' ' && world_below(w, ++seen) == 0)
            chosen = i + 2;
    }
    buf_clear(broken);
    buf_append(broken, str_first(text, chosen));
    buf_append(broken, str_of(values[world_below(w, ARRAY_SIZE(values))]));
    buf_append(broken, str_from(text, value_end(text, chosen)));
}

static bool is_broken(const struct api_object *object)
{
    return object->broken;
}

/* The object stands before all others or after them. */
static void what_is_broken_costs_itself(void **state)
{
    (void)state;
    struct world w;
    struct buf text;
    struct buf broken;
    world_init(&w, 6);
    buf_init(&text, 65536);
    buf_init(&broken, 65536);
    size_t added = 0;
    for (int i = 0; i < 4 * SEEDS * STEPS; i++) {
        if (i % 4 == 0)
            world_change(&w);
        world_draw_manifest(&w, &(struct world_draw){.name = i % 2 == 0 ? "" : "9"}, &text);
        break_one(&w, buf_str(&text), &broken);
        added += changes_nothing(&w, buf_str(&broken), is_broken);
    }
    assert_in_range(added, STEPS, 4 * SEEDS * STEPS);
    buf_deinit(&text);
    buf_deinit(&broken);
    world_deinit(&w);
}

/* ---- Whether these say anything ---- */

/* How often snapshots have it. */
struct reach {
    size_t https, chains, key_types, wildcards, named, regexes, headers, queries, forwards,
        redirects, responses, rewrites, mirrors, shares, endpoints, gateways;
};

static void add_rules(struct reach *reach, const struct model_route *route)
{
    for (size_t i = 0; i < route->rule_count; i++) {
        const struct model_rule *rule = &route->rules[i];
        reach->regexes += rule->path_match == MODEL_PATH_REGEX;
        reach->headers += rule->header_count > 0;
        reach->queries += rule->query_count > 0;
        reach->forwards += rule->action == MODEL_FORWARD;
        reach->redirects += rule->action == MODEL_REDIRECT;
        reach->responses += rule->action == MODEL_RESPOND && rule->status == 500;
        reach->rewrites += rule->action == MODEL_FORWARD && rule->rewrite.path.value.size > 0;
        reach->mirrors += rule->action == MODEL_FORWARD && rule->mirror.cluster.size > 0;
        reach->shares += rule->backend_count > 1;
    }
}

static void add_resource(struct reach *reach, const struct model_resource *resource)
{
    if (resource->kind == MODEL_LISTENER) {
        const struct model_listener *listener = resource->listener;
        bool is_https = listener->protocol == MODEL_HTTPS;
        reach->https += is_https;
        reach->chains += listener->chain_count > 1;
        for (size_t i = 0; i < listener->chain_count && is_https; i++)
            reach->key_types += listener->chains[i].secrets.count > 1;
    }
    if (resource->kind == MODEL_VIRTUAL_HOST) {
        struct str domain = resource->virtual_host->domain;
        reach->wildcards += str_starts_with(domain, STR("*."));
        reach->named += !str_starts_with(domain, STR("*"));
    }
    if (resource->kind == MODEL_ROUTE)
        add_rules(reach, resource->route);
    if (resource->kind == MODEL_ENDPOINT_SET)
        reach->endpoints += resource->endpoint_set->endpoint_count > 0;
}

static void the_world_has_everything(void **state)
{
    (void)state;
    struct world w;
    struct reach reach = {0};
    world_init(&w, 1);
    for (int i = 0; i < STEPS; i++) {
        world_change(&w);
        const struct compile_input input = world_input(w.cache);
        struct compile_result *result = compile_snapshot(&input);
        for (size_t j = 0; j < result->snapshot->count; j++)
            add_resource(&reach, result->snapshot->resources[j]);
        reach.gateways += result->report.gateway_count > 1;
        result = compile_result_free(result);
    }
    const size_t *counts = (const size_t *)&reach;
    for (size_t i = 0; i < sizeof(reach) / sizeof(*counts); i++)
        assert_in_range(counts[i], 10, SIZE_MAX);
    world_deinit(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_world_has_everything),
        cmocka_unit_test(order_does_not_matter),
        cmocka_unit_test(other_meshes_change_nothing),
        cmocka_unit_test(what_nobody_names_changes_nothing),
        cmocka_unit_test(what_is_broken_costs_itself),
    };
    return cmocka_run_group_tests_name("control/compile", tests, NULL, NULL);
}
