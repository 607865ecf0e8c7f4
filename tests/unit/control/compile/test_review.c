#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "control/compile/compile.h"
#include "core/yaml/yaml.h"

static const char manifests[] =
    "{type: MeshGateway, mesh: default, name: edge, selectors: [{match: {kuma.io/service: e}}],"
    " conf: {listeners: [{port: 8080, protocol: HTTP, hostname: foo.com}]}}\n---\n"
    "{type: MeshGatewayRoute, mesh: default, name: r, selectors: [{match: {kuma.io/service: '*'}}],"
    " conf: {http: {hostnames: [foo.com], rules: [{matches: [{path: {match: PREFIX, value: /}}],"
    " backends: [{destination: {kuma.io/service: web}}]}]}}}\n---\n"
    "{type: MeshGateway, mesh: default, name: other, selectors: [{match: {kuma.io/service: o}}],"
    " conf: {listeners: [{port: 8081, protocol: HTTP, hostname: bar.com}]}}\n---\n"
    "{type: MeshGateway, mesh: default, name: broken, conf: {listeners: []}}\n";

static const struct api_tag edge_tags[] = {{STR_INIT("kuma.io/service"), STR_INIT("e")}};
static const struct api_tag edge_2_tags[] = {{STR_INIT("kuma.io/service"), STR_INIT("e")},
                                             {STR_INIT("x"), STR_INIT("y")}};
static const struct api_tag other_tags[] = {{STR_INIT("kuma.io/service"), STR_INIT("o")}};

#define DATAPLANE(dataplane_name, dataplane_tags)                                                 \
    {                                                                                             \
        .mesh = STR_INIT("default"), .name = STR_INIT(dataplane_name),                            \
        .address = STR_INIT("127.0.0.1"), .tags = {(dataplane_tags), ARRAY_SIZE(dataplane_tags)}, \
        .object = NULL                                                                            \
    }

static const struct compile_dataplane dataplanes[] = {
    DATAPLANE("a", edge_tags),
    DATAPLANE("b", edge_2_tags),
    DATAPLANE("c", other_tags),
};

struct world {
    struct cache *cache;
    struct compile_result *results[ARRAY_SIZE(dataplanes)];
    struct compile_review *review;
};

static void world_put(struct world *w, const char *yaml)
{
    struct arena *arena = arena_new(4096);
    struct yaml_stream stream;
    assert_int_equal(yaml_parse(arena, str_of(yaml), &stream, NULL), ERR_OK);
    struct finding_list *problems = finding_list_new();
    const struct api_origin origin = {.file = STR("in.yaml")};
    for (size_t i = 0; i < stream.count; i++) {
        const struct api_object *object = api_decode(stream.documents[i], &origin, problems);
        cache_put(w->cache, object);
        object = api_object_unref(object);
    }
    problems = finding_list_free(problems);
    arena = arena_free(arena);
}

static void world_init(struct world *w)
{
    *w = (struct world){.cache = cache_new()};
    world_put(w, manifests);
}

/* Each of the first `count` dataplanes is a proxy of its own. */
static void review(struct world *w, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct compile_input input = {
            .cache = w->cache, .dataplanes = &dataplanes[i], .dataplane_count = 1};
        w->results[i] = compile_snapshot(&input);
    }
    const struct compile_input all = {
        .cache = w->cache, .dataplanes = dataplanes, .dataplane_count = count};
    w->review = compile_review_new(&all, (const struct compile_result *const *)w->results, count);
}

static void world_deinit(struct world *w)
{
    w->review = compile_review_free(w->review);
    for (size_t i = 0; i < ARRAY_SIZE(w->results); i++)
        w->results[i] = compile_result_free(w->results[i]);
    w->cache = cache_free(w->cache);
    assert_int_equal(api_objects_alive(), 0);
    assert_int_equal(model_resources_alive(), 0);
}

static void assert_reason(struct compile_condition condition, bool ok, const char *reason)
{
    assert_int_equal(condition.ok, ok);
    assert_true(str_equal(condition.reason, str_of(reason)));
    assert_int_equal(condition.message.size == 0, ok);
}

static void nobody_serves(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    review(&w, 0);
    const struct compile_report *report = &w.review->report;
    assert_int_equal(finding_count(w.review->findings), 3); /* two gateways and the route */
    assert_int_equal(report->gateway_count, 3);
    assert_reason(report->gateways[0].accepted, false, "Invalid");
    assert_reason(report->gateways[1].accepted, false, "NoProxies");
    assert_int_equal(report->route_count, 1);
    assert_reason(report->routes[0].accepted, false, "NoMatchingParent");
    assert_int_equal(report->routes[0].parent_count, 0);
    world_deinit(&w);
}

/* Gateways that may be elsewhere are missed as soon as there is one in the mesh. */
static void a_part_may_lack_gateways(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    const struct compile_input input = {.cache = w.cache, .is_partial = true};
    w.review = compile_review_new(&input, NULL, 0);
    assert_int_equal(finding_count(w.review->findings), 3); /* as above */
    w.review = compile_review_free(w.review);
    static const struct str names[] = {STR_INIT("edge"), STR_INIT("other"), STR_INIT("broken")};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        cache_remove(w.cache, &(struct api_key){API_MESH_GATEWAY, STR("default"), names[i]});
    w.review = compile_review_new(&input, NULL, 0);
    assert_int_equal(finding_count(w.review->findings), 0);
    world_deinit(&w);
}

/* Two groups of proxies serve one gateway, which is one parent; the other gateway is another. */
static void results_are_merged(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    review(&w, 3);
    const struct compile_report *report = &w.review->report;
    assert_int_equal(finding_count(w.review->findings), 0);
    assert_int_equal(report->gateway_count, 3);
    assert_true(str_equal(report->gateways[1].gateway->key.name, STR("edge")));
    assert_reason(report->gateways[1].accepted, true, "Accepted");
    assert_int_equal(report->gateways[1].listeners[0].attached_routes, 1);
    assert_int_equal(report->gateways[2].listeners[0].attached_routes, 0);
    assert_int_equal(report->route_count, 1);
    const struct compile_route_report *route = &report->routes[0];
    assert_int_equal(route->parent_count, 2);
    assert_true(str_equal(route->parents[0].gateway->key.name, STR("edge")));
    assert_int_equal(route->parents[0].attached_listeners, 1);
    assert_reason(route->parents[0].accepted, true, "Accepted");
    assert_reason(route->parents[0].resolved_refs, false, "BackendNotFound");
    assert_reason(route->parents[1].accepted, false, "NoMatchingListenerHostname");
    assert_reason(route->accepted, true, "Accepted");
    assert_reason(route->resolved_refs, false, "BackendNotFound");
    world_deinit(&w);
}

/* A route that nobody accepts is a finding, though a gateway knows it. */
static void accepted_by_none(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    const struct compile_input input = {
        .cache = w.cache, .dataplanes = &dataplanes[2], .dataplane_count = 1};
    w.results[0] = compile_snapshot(&input);
    w.review = compile_review_new(&input, (const struct compile_result *const *)w.results, 1);
    assert_int_equal(finding_count(w.review->findings), 2); /* the route, and gateway edge */
    assert_reason(w.review->report.routes[0].accepted, false, "NoMatchingListenerHostname");
    world_deinit(&w);
}

/* What attaches elsewhere attaches, and nothing of it is in the snapshot. */
static void served_elsewhere(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    const struct compile_input input = {
        .cache = w.cache, .elsewhere = dataplanes, .elsewhere_count = 1};
    const struct compile_input known = {
        .cache = w.cache, .dataplanes = dataplanes, .dataplane_count = 1};
    w.results[0] = compile_snapshot(&input);
    assert_int_equal(w.results[0]->snapshot->count, 0);
    assert_int_equal(finding_count(w.results[0]->findings), 0);
    w.review = compile_review_new(&known, (const struct compile_result *const *)w.results, 1);
    assert_int_equal(finding_count(w.review->findings), 1); /* gateway other */
    assert_reason(w.review->report.routes[0].accepted, true, "Accepted");
    world_deinit(&w);
}

static const struct compile_object_report *find_other(const struct world *w, const char *name)
{
    const struct compile_report *report = &w->review->report;
    for (size_t i = 0; i < report->other_count; i++) {
        if (str_equal(report->others[i].object->key.name, str_of(name)))
            return &report->others[i];
    }
    fail_msg("nothing of %s", name);
    return NULL;
}

static void other_kinds_learn_what_became_of_them(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    world_put(&w, "{type: Mesh, name: plain}\n---\n"
                  "{type: Mesh, name: zonal, routing: {localityAwareLoadBalancing: true}}\n---\n"
                  "{type: MeshTimeout, mesh: default, name: slow, spec: {rules: [{}]}}\n---\n"
                  "{type: MeshTimeout, mesh: default, name: dark, labels: {kuma.io/effect: shadow},"
                  " spec: {rules: [{}]}}\n---\n"
                  "{type: Dataplane, mesh: default, name: wrong}\n");
    review(&w, 0);
    assert_int_equal(w.review->report.other_count, 5);
    assert_reason(find_other(&w, "plain")->programmed, true, "Programmed");
    assert_reason(find_other(&w, "zonal")->programmed, false, "UnsupportedValue");
    assert_reason(find_other(&w, "slow")->accepted, true, "Accepted");
    assert_reason(find_other(&w, "slow")->programmed, false, "UnsupportedValue");
    assert_reason(find_other(&w, "dark")->programmed, false, "Shadow");
    assert_reason(find_other(&w, "wrong")->accepted, false, "Invalid");
    assert_reason(find_other(&w, "wrong")->programmed, true, "Programmed");
    assert_int_equal(finding_count(w.review->findings), 3 + 2); /* of `zonal` and `slow` */
    world_deinit(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_serves),
        cmocka_unit_test(a_part_may_lack_gateways),
        cmocka_unit_test(results_are_merged),
        cmocka_unit_test(accepted_by_none),
        cmocka_unit_test(served_elsewhere),
        cmocka_unit_test(other_kinds_learn_what_became_of_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
