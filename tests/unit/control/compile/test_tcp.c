/* Listeners for TCP: what is told of them where no golden looks. */
#include <stdio.h>

#include "manifests.h"

#define GATEWAY                                                                          \
    "{type: MeshGateway, mesh: default, name: g, selectors: [{match: {kuma.io/service: " \
    "e}}], conf: {listeners: [{port: 9000, protocol: TCP}, {port: 9001, protocol: HTTP}]}}\n---\n"

/* A route of connections to its own back end, which is not there. */
static void put_route(struct cache *cache, size_t number)
{
    char text[512];
    int size = snprintf(text, sizeof(text),
                        "{type: MeshGatewayRoute, mesh: default, name: r%02zu, selectors: [{match: "
                        "{kuma.io/service: e}}], conf: {tcp: {rules: [{backends: [{weight: 1, "
                        "destination: {kuma.io/service: b%zu}}]}]}}}",
                        number, number);
    manifests_put(cache, str_make(text, (size_t)size));
}

static struct cache *cache_of(size_t routes)
{
    struct cache *cache = cache_new();
    manifests_put(cache, STR(GATEWAY));
    for (size_t i = 0; i < routes; i++)
        put_route(cache, i);
    return cache;
}

/* In their order, and no more than a person reads. */
static void the_report_names_who_would_take_it(void **state)
{
    (void)state;
    const size_t counts[] = {0, 2, COMPILE_TAKERS_MAX, COMPILE_TAKERS_MAX + 1};
    for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
        struct cache *cache = cache_of(counts[i]);
        const struct compile_input input = {
            .cache = cache, .dataplanes = &manifests_dataplane, .dataplane_count = 1};
        struct compile_result *result = compile_snapshot(&input);
        const struct compile_listener_report *listeners = result->report.gateways[0].listeners;
        assert_true(listeners[0].is_unserved);
        assert_false(listeners[1].is_unserved);
        assert_int_equal(listeners[0].attached_routes, counts[i]);
        assert_int_equal(listeners[0].taker_count, MIN(counts[i], COMPILE_TAKERS_MAX));
        assert_true(listeners[0].has_more_takers == (counts[i] > COMPILE_TAKERS_MAX));
        if (counts[i] > 1)
            assert_true(str_equal(listeners[0].takers[1]->key.name, STR("r01")));
        result = compile_result_free(result);
        cache = cache_free(cache);
    }
    assert_int_equal(api_objects_alive(), 0);
}

/* The other listener is what it would be alone: a host name without a route. */
static void nothing_of_it_is_in_the_snapshot(void **state)
{
    (void)state;
    struct cache *caches[] = {cache_of(0), cache_of(5)};
    struct compile_result *results[2];
    for (size_t i = 0; i < 2; i++) {
        const struct compile_input input = {
            .cache = caches[i], .dataplanes = &manifests_dataplane, .dataplane_count = 1};
        results[i] = compile_snapshot(&input);
    }
    assert_true(model_digest_equal(&results[0]->snapshot->digest, &results[1]->snapshot->digest));
    assert_int_equal(results[1]->report.route_count, 5);
    assert_false(results[1]->report.routes[0].resolved_refs.ok);
    for (size_t i = 0; i < 2; i++) {
        results[i] = compile_result_free(results[i]);
        caches[i] = cache_free(caches[i]);
    }
}

/* What is served elsewhere is counted, and nothing is said of it. */
static void elsewhere_routes_attach(void **state)
{
    (void)state;
    struct cache *cache = cache_of(2);
    const struct compile_input input = {
        .cache = cache, .elsewhere = &manifests_dataplane, .elsewhere_count = 1};
    struct compile_result *result = compile_snapshot(&input);
    assert_int_equal(result->snapshot->count, 0);
    assert_int_equal(finding_count(result->findings), 0);
    assert_int_equal(result->report.routes[0].parents[0].attached_listeners, 1);
    assert_false(result->report.routes[0].accepted.ok);
    assert_true(str_equal(result->report.routes[0].accepted.reason, STR("UnsupportedProtocol")));
    result = compile_result_free(result);
    cache = cache_free(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_report_names_who_would_take_it),
        cmocka_unit_test(nothing_of_it_is_in_the_snapshot),
        cmocka_unit_test(elsewhere_routes_attach),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
