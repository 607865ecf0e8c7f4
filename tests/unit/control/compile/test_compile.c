/* What the compiler makes of manifests is shown by tests/golden; here is how it is called. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

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

/* What no proxy is yet: the same is found and reported, and there is nothing to serve. */
static void test_what_is_idle_is_reported_and_not_served(void **state)
{
    (void)state;
    struct cache *cache = make_cache();
    struct compile_result *served = compile_one(cache, &bound);
    const struct compile_input input = {.cache = cache, .idle = &bound, .idle_count = 1};
    struct compile_result *idle = compile_snapshot(&input);
    assert_int_equal(idle->snapshot->count, 0);
    assert_int_equal(finding_count(idle->findings), 1);
    assert_int_equal(
        finding_compare(finding_get(idle->findings, 0), finding_get(served->findings, 0)), 0);
    assert_int_equal(idle->report.gateway_count, 1);
    assert_int_equal(idle->report.gateways[0].listeners[0].attached_routes, 1);
    assert_int_equal(idle->report.route_count, 1);
    assert_true(str_equal(idle->report.routes[0].resolved_refs.reason, STR("BackendNotFound")));
    idle = compile_result_free(idle);
    served = compile_result_free(served);
    cache = cache_free(cache);
    assert_int_equal(api_objects_alive() + model_resources_alive(), 0);
}

/* Manifests of that size are written by a loop. */
struct many {
    struct buf text;
    struct cache *cache;
    struct compile_result *result;
};

static void many_gateway(struct many *m, const char *name, const char *service,
                         size_t listener_count)
{
    buf_printf(&m->text,
               "{type: MeshGateway, mesh: default, name: %s, selectors: [{match: {kuma.io/service: "
               "%s}}], conf: {listeners: [",
               name, service);
    for (size_t i = 0; i < listener_count; i++)
        buf_printf(&m->text, "{port: 8080, protocol: HTTP, hostname: h%zu, tags: {t: t%zu}},", i,
                   i);
    buf_append(&m->text, STR("]}}\n---\n"));
}

/* A rule has at most so many matches. */
#define MATCHES_MAX 64

static void many_routes(struct many *m, size_t route_count, size_t match_count)
{
    const struct str end = STR("]},");
    for (size_t i = 0; i < route_count; i++) {
        buf_printf(&m->text,
                   "{type: MeshGatewayRoute, mesh: default, name: r%zu, selectors: [{match: "
                   "{kuma.io/service: '*'}}], conf: {http: {rules: [",
                   i);
        for (size_t j = 0; j < match_count; j++) {
            if (j % MATCHES_MAX == 0)
                buf_printf(&m->text,
                           "%.*s{backends: [{destination: {kuma.io/service: web}}], matches: [",
                           STR_ARG(j == 0 ? STR_EMPTY : end));
            buf_printf(&m->text, "{path: {match: EXACT, value: /%zu/%zu}},", i, j);
        }
        buf_append(&m->text, STR("]}]}}}\n---\n"));
    }
}

static void many_init(struct many *m)
{
    *m = (struct many){0};
    buf_init(&m->text, 1 << 26);
}

static void many_compile(struct many *m, const struct compile_dataplane *dataplanes, size_t count)
{
    m->cache = make_cache_of(buf_str(&m->text));
    buf_deinit(&m->text);
    const struct compile_input input = {
        .cache = m->cache, .dataplanes = dataplanes, .dataplane_count = count};
    m->result = compile_snapshot(&input);
}

static void many_deinit(struct many *m)
{
    m->result = compile_result_free(m->result);
    m->cache = cache_free(m->cache);
    assert_int_equal(api_objects_alive(), 0);
    assert_int_equal(model_resources_alive(), 0);
}

/* The findings about rules; of the first, what it says. */
static size_t left_out(const struct many *m, const char *message)
{
    size_t count = 0;
    for (size_t i = 0; i < finding_count(m->result->findings); i++) {
        const struct finding *finding = finding_get(m->result->findings, i);
        if (!str_equal(finding->field, STR("conf.http.rules")))
            continue;
        if (count++ == 0)
            assert_true(str_starts_with(finding->message, str_of(message)));
    }
    return count;
}

static size_t rules_of(const struct many *m)
{
    size_t host_count;
    size_t count = 0;
    const struct model_resource *const *hosts = model_snapshot_kind(
        m->result->snapshot, MODEL_VIRTUAL_HOST, &host_count);
    for (size_t i = 0; i < host_count; i++) {
        struct model_names names = hosts[i]->virtual_host->routes;
        for (size_t j = 0; j < names.count; j++)
            count += model_snapshot_find(m->result->snapshot, MODEL_ROUTE, names.items[j])
                         ->route->rule_count;
    }
    return count;
}

/* A route on more hosts than there is room for is left out on what is beyond, which is said once;
 * others are not hurt. */
static void test_a_route_costs_only_itself(void **state)
{
    (void)state;
    struct many m;
    many_init(&m);
    many_gateway(&m, "edge", "e", COMPILE_ROUTE_RULES_MAX / API_ITEMS_MAX + 3);
    many_routes(&m, 1, API_ITEMS_MAX);
    buf_append(&m.text, str_of(strstr(manifests, "{type: MeshGatewayRoute")));
    many_compile(&m, &bound, 1);
    assert_int_equal(left_out(&m, "a route has at most 50000 rules, on all its hosts together;"),
                     1);
    assert_true(m.result->report.routes[0].accepted.ok);
    assert_true(str_equal(m.result->report.routes[1].accepted.reason, STR("UnsupportedValue")));
    assert_int_equal(rules_of(&m),
                     COMPILE_ROUTE_RULES_MAX + COMPILE_ROUTE_RULES_MAX / API_ITEMS_MAX + 3);
    many_deinit(&m);
}

static void test_a_snapshot_has_a_bound_on_rules(void **state)
{
    (void)state;
    struct many m;
    many_init(&m);
    many_gateway(&m, "edge", "e", COMPILE_ROUTE_RULES_MAX / API_ITEMS_MAX);
    many_routes(&m, 11, API_ITEMS_MAX);
    many_compile(&m, &bound, 1);
    assert_int_equal(left_out(&m, "a snapshot holds at most 500000 rules;"), 5);
    assert_int_equal(rules_of(&m), COMPILE_RULES_MAX);
    many_deinit(&m);
}

/* Each set of tags makes a route a resource of its own. */
static void test_a_snapshot_has_a_bound_on_routes(void **state)
{
    (void)state;
    struct many m;
    many_init(&m);
    many_gateway(&m, "edge", "e", 101);
    many_routes(&m, COMPILE_ROUTES_MAX / 100, 1);
    many_compile(&m, &bound, 1);
    size_t count;
    (void)model_snapshot_kind(m.result->snapshot, MODEL_ROUTE, &count); /* their number */
    assert_int_equal(count, COMPILE_ROUTES_MAX);
    assert_int_equal(left_out(&m, "a snapshot holds at most 50000 routes, counted once for each"),
                     COMPILE_ROUTES_MAX / 100);
    many_deinit(&m);
}

/* A route reports some of its gateways, and what is said of it as a whole is of all. */
static void test_a_route_of_many_gateways_reports_some(void **state)
{
    (void)state;
    enum { GATEWAYS = COMPILE_PARENTS_MAX + 8 };
    static char names[GATEWAYS][4];
    static struct api_tag tags[GATEWAYS];
    static struct compile_dataplane dataplanes[GATEWAYS];
    struct many m;
    many_init(&m);
    for (size_t i = 0; i < GATEWAYS; i++) {
        (void)snprintf(names[i], sizeof(names[i]), "g%02zu", i);
        tags[i] = (struct api_tag){STR("kuma.io/service"), str_of(names[i])};
        dataplanes[i] = (struct compile_dataplane){
            .mesh = STR("default"),
            .name = str_of(names[i]),
            .address = STR("127.0.0.1"),
            .tags = {&tags[i], 1},
        };
        many_gateway(&m, names[i], names[i], 1); /* all on one port: the first gets it */
    }
    many_routes(&m, 1, 1);
    many_compile(&m, dataplanes, GATEWAYS);
    const struct compile_route_report *route = &m.result->report.routes[0];
    assert_int_equal(route->parent_count, COMPILE_PARENTS_MAX);
    assert_true(route->has_more_parents);
    assert_true(route->is_attached);
    assert_true(route->accepted.ok); /* by one of those that are not reported, */
    for (size_t i = 0; i < route->parent_count; i++)
        assert_false(route->parents[i].accepted.ok); /* as these have lost the port to it */
    const struct compile_input input = {
        .cache = m.cache, .dataplanes = dataplanes, .dataplane_count = GATEWAYS};
    const struct compile_result *results[] = {m.result, m.result};
    struct compile_review *review = compile_review_new(&input, results, ARRAY_SIZE(results));
    assert_int_equal(review->report.routes[0].parent_count, COMPILE_PARENTS_MAX);
    assert_true(review->report.routes[0].has_more_parents);
    assert_true(review->report.routes[0].accepted.ok);
    review = compile_review_free(review);
    many_deinit(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_result_outlives_what_it_was_made_of),
        cmocka_unit_test(test_without_a_bound_dataplane_there_is_nothing_to_serve),
        cmocka_unit_test(test_what_is_idle_is_reported_and_not_served),
        cmocka_unit_test(test_a_route_costs_only_itself),
        cmocka_unit_test(test_a_snapshot_has_a_bound_on_rules),
        cmocka_unit_test(test_a_snapshot_has_a_bound_on_routes),
        cmocka_unit_test(test_a_route_of_many_gateways_reports_some),
    };
    return cmocka_run_group_tests_name("control/compile", tests, NULL, NULL);
}
