/* What is remembered is what would be made anew: after any sequence of changes a compile with a
 * memory and one without have the same outcome. */
#include "outcome.h"
#include "world.h"

#define STEPS 600

/* A world, and what a program remembers of it. */
struct program {
    struct world world;
    struct compile_memory *memory;
    struct discovery *discovery;
    const struct compile_draft *draft;
};

static void program_init(struct program *p, uint32_t seed)
{
    *p = (struct program){.memory = compile_memory_new()};
    world_init(&p->world, seed);
}

static void program_deinit(struct program *p)
{
    p->draft = compile_draft_unref(p->draft);
    p->memory = compile_memory_free(p->memory);
    p->discovery = discovery_free(p->discovery);
    world_deinit(&p->world);
}

/* As a program does: only what changed is done again. */
static struct compile_result *compile_remembering(struct program *p,
                                                  const struct compile_input *input)
{
    struct cache *cache = p->world.cache;
    struct cache_changes changes = cache_take_changes(cache);
    if (p->draft == NULL || changes.mesh_count > 0) {
        p->draft = compile_draft_unref(p->draft);
        p->draft = compile_draft_new(input, p->memory);
    }
    if (p->discovery == NULL || changes.back_ends)
        p->discovery = discovery_next(p->discovery, cache, &changes);
    return compile_result_new(p->draft, p->discovery, p->memory);
}

static void remembered_is_as_new(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= 5; seed++) {
        struct program p;
        program_init(&p, seed);
        const struct compile_input input = world_input(p.world.cache);
        for (int i = 0; i < STEPS; i++) {
            for (uint32_t changes = world_below(&p.world, 3); changes > 0; changes--)
                world_change(&p.world);
            struct compile_result *remembered = compile_remembering(&p, &input);
            struct compile_result *new = compile_snapshot(&input);
            outcome_assert_same(remembered, new);
            remembered = compile_result_free(remembered);
            new = compile_result_free(new);
        }
        program_deinit(&p);
    }
}

/* ---- What is done, and kept ---- */

#define ROUTES 6

static void put(struct program *p, const char *yaml)
{
    manifests_put(p->world.cache, str_of(yaml));
}

static void put_route(struct program *p, size_t number, const char *path)
{
    char yaml[512];
    (void)snprintf(yaml, sizeof(yaml),
                   "{type: MeshGatewayRoute, mesh: default, name: r%zu, selectors: [{match: "
                   "{kuma.io/service: e}}], conf: {http: {rules: [{matches: [{path: {match: "
                   "PREFIX, value: %s}}], backends: [{destination: {kuma.io/service: "
                   "s%zu_ns_svc_80}}]}]}}}",
                   number, path, number);
    put(p, yaml);
}

static void put_gateway_and_routes(struct program *p)
{
    put(p, "{type: MeshGateway, mesh: default, name: g, selectors: [{match: {kuma.io/service: "
           "e}}], conf: {listeners: [{port: 80, protocol: HTTP}]}}");
    for (size_t i = 0; i < ROUTES; i++)
        put_route(p, i, "/");
}

/* A draft keeps what it is made of, whatever is remembered since, and when nothing is. */
static void drafts_stand_alone(void **state)
{
    (void)state;
    struct program p;
    program_init(&p, 3);
    const struct compile_input input = world_input(p.world.cache);
    const struct compile_draft *drafts[8];
    for (size_t i = 0; i < ARRAY_SIZE(drafts); i++) {
        for (int j = 0; j < 20; j++)
            world_change(&p.world);
        drafts[i] = compile_draft_new(&input, p.memory);
    }
    p.discovery = discovery_new(p.world.cache);
    struct compile_result *fresh = compile_snapshot(&input);
    struct compile_result *first = compile_result_new(drafts[0], p.discovery, p.memory);
    struct compile_result *last = compile_result_new(drafts[7], p.discovery, p.memory);
    outcome_assert_same(last, fresh);
    first = compile_result_free(first);
    last = compile_result_free(last);
    fresh = compile_result_free(fresh);
    p.memory = compile_memory_free(p.memory);
    for (size_t i = 0; i < ARRAY_SIZE(drafts); i++)
        drafts[i] = compile_draft_unref(drafts[i]);
    program_deinit(&p);
}

/* What nobody uses any more is forgotten. */
static void only_the_last_run_is_remembered(void **state)
{
    (void)state;
    struct program p;
    program_init(&p, 1);
    const struct compile_input input = world_input(p.world.cache);
    put_gateway_and_routes(&p);
    struct compile_result *result = compile_remembering(&p, &input);
    result = compile_result_free(result);
    for (size_t i = 0; i < ROUTES; i++) {
        char name[8];
        (void)snprintf(name, sizeof(name), "r%zu", i);
        const struct api_key key = {API_MESH_GATEWAY_ROUTE, STR_INIT("default"), str_of(name)};
        cache_remove(p.world.cache, &key);
    }
    result = compile_remembering(&p, &input);
    size_t count = result->snapshot->count;
    result = compile_result_free(result);
    assert_true(model_resources_alive() <= count);
    assert_int_equal(api_objects_alive(), 1); /* the gateway */
    program_deinit(&p);
}

static void what_did_not_change_is_not_done_again(void **state)
{
    (void)state;
    struct program p;
    program_init(&p, 7);
    const struct compile_input input = world_input(p.world.cache);
    put_gateway_and_routes(&p);
    struct compile_result *result = compile_remembering(&p, &input);
    result = compile_result_free(result);
    struct compile_counts before = compile_memory_counts(p.memory);
    put(&p, "{kind: Service, metadata: {name: s1, namespace: ns}, spec: {ports: [{port: 80}]}}");
    result = compile_remembering(&p, &input);
    result = compile_result_free(result);
    assert_int_equal(compile_memory_counts(p.memory).drafts, before.drafts);
    before = compile_memory_counts(p.memory);
    put_route(&p, 0, "/new");
    result = compile_remembering(&p, &input);
    result = compile_result_free(result);
    struct compile_counts after = compile_memory_counts(p.memory);
    assert_int_equal(after.routes, before.routes + 1);
    assert_true(after.endpoints <= before.endpoints + 1);
    program_deinit(&p);
}

static void put_slice(struct program *p, const char *port, const char *ready)
{
    char yaml[512];
    (void)snprintf(yaml, sizeof(yaml),
                   "{kind: EndpointSlice, metadata: {name: s1-x, namespace: ns, labels: "
                   "{kubernetes.io/service-name: s1}}, endpoints: [{addresses: [10.0.0.1], "
                   "conditions: {ready: %s}}], ports: [{port: %s}]}",
                   ready, port);
    put(p, yaml);
}

/* Where all was well there is nothing to look through, until something is not. */
static void what_becomes_wrong_is_said(void **state)
{
    (void)state;
    struct program p;
    program_init(&p, 7);
    const struct compile_input input = {
        .cache = p.world.cache, .dataplanes = &manifests_dataplane, .dataplane_count = 1};
    put(&p, "{type: MeshGateway, mesh: default, name: e, selectors: [{match: {kuma.io/service: e}}]"
            ", conf: {listeners: [{port: 80, protocol: HTTP}]}}");
    put(&p, "{type: MeshGatewayRoute, mesh: default, name: r, selectors: [{match: "
            "{kuma.io/service: e}}], conf: {http: {rules: [{matches: [{path: {match: PREFIX, "
            "value: /}}], backends: [{destination: {kuma.io/service: s1_ns_svc_80}}]}]}}}");
    put(&p, "{kind: Service, metadata: {name: s1, namespace: ns}, spec: {ports: [{port: 80}]}}");
    static const char *const ready[] = {"true", "true", "false", "false", "true"};
    for (size_t i = 0; i < ARRAY_SIZE(ready); i++) {
        put_slice(&p, i % 2 == 0 ? "8080" : "8081", ready[i]);
        struct compile_result *remembered = compile_remembering(&p, &input);
        struct compile_result *fresh = compile_snapshot(&input);
        assert_int_equal(finding_count(remembered->findings), strcmp(ready[i], "false") == 0);
        outcome_assert_same(remembered, fresh);
        remembered = compile_result_free(remembered);
        fresh = compile_result_free(fresh);
    }
    assert_int_equal(compile_memory_counts(p.memory).drafts, 1);
    program_deinit(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(remembered_is_as_new),
        cmocka_unit_test(drafts_stand_alone),
        cmocka_unit_test(only_the_last_run_is_remembered),
        cmocka_unit_test(what_did_not_change_is_not_done_again),
        cmocka_unit_test(what_becomes_wrong_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
