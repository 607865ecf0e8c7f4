/* What the compiler makes of manifests is shown by tests/golden; here is how it is called. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "control/compile/compile.h"
#include "core/yaml/yaml.h"

static const char manifests[] =
    "{type: MeshGateway, mesh: default, name: edge, selectors: [{match: {kuma.io/service: e}}],"
    " conf: {listeners: [{port: 8080, protocol: HTTP}]}}\n---\n"
    "{type: MeshGatewayRoute, mesh: default, name: r, selectors: [{match: {kuma.io/service: e}}],"
    " conf: {http: {rules: [{matches: [{path: {match: PREFIX, value: /}}],"
    " backends: [{destination: {kuma.io/service: web}}]}]}}}\n";

static struct cache *make_cache_of(struct str text)
{
    struct cache *cache = cache_new();
    struct arena *arena = arena_new(4096);
    struct yaml_stream stream;
    assert_int_equal(yaml_parse(arena, text, &stream, NULL), ERR_OK);
    struct finding_list *problems = finding_list_new();
    const struct api_origin origin = {.file = STR("in.yaml")};
    for (size_t i = 0; i < stream.count; i++) {
        const struct api_object *object = api_decode(stream.documents[i], &origin, problems);
        cache_put(cache, object);
        object = api_object_unref(object);
    }
    problems = finding_list_free(problems);
    arena = arena_free(arena);
    return cache;
}

static struct cache *make_cache(void)
{
    return make_cache_of(str_of(manifests));
}

static const struct api_tag edge_tags[] = {{STR_INIT("kuma.io/service"), STR_INIT("e")}};
static const struct api_tag other_tags[] = {{STR_INIT("kuma.io/service"), STR_INIT("o")}};

static const struct compile_dataplane bound = {.mesh = STR_INIT("default"),
                                               .name = STR_INIT("d"),
                                               .address = STR_INIT("127.0.0.1"),
                                               .tags = {edge_tags, 1}};
static const struct compile_dataplane unbound = {.mesh = STR_INIT("default"),
                                                 .name = STR_INIT("u"),
                                                 .address = STR_INIT("127.0.0.1"),
                                                 .tags = {other_tags, 1}};

static struct compile_result *compile_one(const struct cache *cache,
                                          const struct compile_dataplane *dataplane)
{
    const struct compile_input input = {
        .cache = cache, .dataplanes = dataplane, .dataplane_count = dataplane != NULL};
    return compile_snapshot(&input);
}

static void test_the_result_outlives_what_it_was_made_of(void **state)
{
    (void)state;
    struct cache *cache = make_cache();
    struct compile_result *result = compile_one(cache, &bound);
    cache = cache_free(cache);
    const struct model_resource *listener = model_snapshot_find(result->snapshot, MODEL_LISTENER,
                                                                STR("edge:HTTP:8080"));
    assert_non_null(listener);
    assert_int_equal(listener->listener->header_timeout_ms, 10000);
    assert_int_equal(finding_count(result->findings), 1); /* nobody offers web */
    assert_int_equal(result->report.gateway_count, 1);
    assert_true(str_equal(result->report.gateways[0].gateway->key.name, STR("edge")));
    assert_int_equal(result->report.gateways[0].listeners[0].attached_routes, 1);
    assert_int_equal(result->report.route_count, 1);
    assert_true(str_equal(result->report.routes[0].resolved_refs.reason, STR("BackendNotFound")));
    const struct model_snapshot *snapshot = model_snapshot_ref(result->snapshot);
    result = compile_result_free(result);
    assert_int_equal(api_objects_alive(), 0);
    assert_int_equal(snapshot->count, 5);
    snapshot = model_snapshot_unref(snapshot);
    assert_int_equal(model_resources_alive(), 0);
}

static void test_without_a_bound_dataplane_there_is_nothing_to_serve(void **state)
{
    (void)state;
    struct cache *cache = make_cache();
    struct compile_result *none = compile_one(cache, NULL);
    struct compile_result *other = compile_one(cache, &unbound);
    assert_int_equal(none->snapshot->count, 0);
    assert_true(model_digest_equal(&none->snapshot->digest, &other->snapshot->digest));
    assert_int_equal(finding_count(none->findings) + finding_count(other->findings), 0);
    assert_int_equal(none->report.gateway_count + none->report.route_count, 0);
    none = compile_result_free(none);
    other = compile_result_free(other);
    cache = cache_free(cache);
}

/* A route on more hosts than there is room for is left out on what is beyond, and said once. */
static void test_what_does_not_fit_is_said_once(void **state)
{
    (void)state;
    struct buf text;
    buf_init(&text, 1 << 22);
    buf_append(&text, STR("{type: MeshGateway, mesh: default, name: edge, selectors: [{match: "
                          "{kuma.io/service: e}}], conf: {listeners: ["));
    for (size_t i = 0; i < COMPILE_RULES_MAX / API_ITEMS_MAX + 3; i++)
        buf_printf(&text, "{port: 8080, protocol: HTTP, hostname: h%zu},", i);
    buf_append(&text, STR("]}}\n---\n{type: MeshGatewayRoute, mesh: default, name: r, selectors: "
                          "[{match: {kuma.io/service: e}}], conf: {http: {rules: [{backends: "
                          "[{destination: {kuma.io/service: web}}], matches: ["));
    for (size_t i = 0; i < API_ITEMS_MAX; i++)
        buf_printf(&text, "{path: {match: EXACT, value: /%zu}},", i);
    buf_append(&text, STR("]}]}}}\n"));
    struct cache *cache = make_cache_of(buf_str(&text));
    buf_deinit(&text);
    struct compile_result *result = compile_one(cache, &bound);
    assert_int_equal(finding_count(result->findings), 2); /* and nobody offers web */
    assert_true(str_equal(finding_get(result->findings, 0)->field, STR("conf.http.rules")));
    assert_true(str_equal(result->report.routes[0].accepted.reason, STR("UnsupportedValue")));
    result = compile_result_free(result);
    cache = cache_free(cache);
    assert_int_equal(api_objects_alive(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_result_outlives_what_it_was_made_of),
        cmocka_unit_test(test_without_a_bound_dataplane_there_is_nothing_to_serve),
        cmocka_unit_test(test_what_does_not_fit_is_said_once),
    };
    return cmocka_run_group_tests_name("control/compile", tests, NULL, NULL);
}
