/* What is said of ExternalServices, and of routes to them. */
#include "manifests.h"

#define GATEWAY                                                                               \
    "{type: MeshGateway, mesh: default, name: g, selectors: [{match: {kuma.io/service: e}}]," \
    " conf: {listeners: [{port: 80, protocol: HTTP}]}}\n---\n"
#define ROUTE(service)                                                                             \
    "{type: MeshGatewayRoute, mesh: default, name: r, selectors: [{match: {kuma.io/service: e}}]," \
    " conf: {http: {rules: [{matches: [{path: {match: PREFIX, value: /}}], backends: "             \
    "[{destination: {kuma.io/service: " service "}}]}]}}}\n---\n"
#define EXTERNAL(networking)                                                         \
    "{type: ExternalService, mesh: default, name: x, tags: {kuma.io/service: pay}, " \
    "networking: " networking "}\n"

static struct cache *cache;
static struct compile_result *result;
static struct compile_review *review;

static void compile(const char *manifests, bool is_partial)
{
    cache = cache_new();
    manifests_put(cache, str_of(manifests));
    const struct compile_input input = {
        .cache = cache,
        .dataplanes = &manifests_dataplane,
        .dataplane_count = 1,
        .is_partial = is_partial,
    };
    result = compile_snapshot(&input);
    const struct compile_result *const results[] = {result};
    review = compile_review_new(&input, results, 1);
}

static int forget(void **state)
{
    (void)state;
    review = compile_review_free(review);
    result = compile_result_free(result);
    cache = cache_free(cache);
    assert_int_equal(api_objects_alive(), 0);
    return 0;
}

static const struct compile_object_report *external(void)
{
    assert_int_equal(review->report.other_count, 1);
    return &review->report.others[0];
}

static void one_that_is_reached_has_nothing_to_hear(void **state)
{
    (void)state;
    compile(GATEWAY ROUTE("pay") EXTERNAL("{address: '10.0.0.1:80'}"), false);
    assert_true(external()->accepted.ok);
    assert_true(external()->programmed.ok);
    assert_int_equal(finding_count(review->findings) + finding_count(result->findings), 0);
}

static bool says(size_t index, enum finding_severity severity, const char *message)
{
    const struct finding *finding = finding_get(review->findings, index);
    return finding->severity == severity && str_starts_with(finding->message, str_of(message));
}

static void one_that_is_none_hears_why(void **state)
{
    (void)state;
    compile(GATEWAY ROUTE("pay")
                EXTERNAL("{address: '10.0.0.1:443', tls: {enabled: true, caCert: {secret: s}, "
                         "clientCert: {secret: c}, clientKey: {secret: k}}}"),
            false);
    assert_true(external()->accepted.ok);
    assert_false(external()->programmed.ok);
    assert_true(str_equal(external()->programmed.reason, STR("InvalidCertificateRef")));
    assert_true(str_starts_with(external()->programmed.message,
                                STR("networking.tls.caCert: there is no secret \"s\" in mesh "
                                    "default; create a Secret")));
    assert_int_equal(finding_count(review->findings), 3); /* each source is looked at */
    assert_true(says(0, FINDING_ERROR, "there is no secret \"s\""));
    assert_true(says(1, FINDING_ERROR, "there is no secret \"c\""));
    assert_true(says(2, FINDING_ERROR, "there is no secret \"k\""));
    assert_true(
        str_equal(result->report.routes[0].resolved_refs.reason, STR("InvalidCertificateRef")));
}

/* It is reached, so that its status has nothing to say. */
static void one_that_verifies_nothing_hears_it(void **state)
{
    (void)state;
    compile(GATEWAY ROUTE("pay") EXTERNAL("{address: '10.0.0.1:443', tls: {enabled: true}}"),
            false);
    assert_true(external()->programmed.ok);
    assert_int_equal(finding_count(review->findings), 1);
    assert_true(says(0, FINDING_WARNING, "nothing is verified without caCert"));
    assert_int_equal(finding_count(result->findings), 0);
}

static void a_broken_one_hears_what_is_wrong_alone(void **state)
{
    (void)state;
    compile(GATEWAY EXTERNAL("{address: nowhere}"), false);
    assert_false(external()->accepted.ok);
    assert_true(external()->programmed.ok);
    assert_int_equal(finding_count(review->findings), 0);
}

/* What is missing may be elsewhere; what leads nowhere is here. */
static void a_part_of_the_manifests_knows_what_leads_nowhere(void **state)
{
    (void)state;
    compile(GATEWAY ROUTE("other") EXTERNAL("{address: 'a.com:80'}"), true);
    assert_int_equal(finding_count(result->findings), 0);
    (void)forget(state);
    compile(GATEWAY ROUTE("pay") EXTERNAL("{address: 'a.com:80', tls: {enabled: true, caCert: "
                                          "{secret: s}}}"),
            true);
    assert_int_equal(finding_count(result->findings) + finding_count(review->findings), 0);
    assert_true(result->report.routes[0].resolved_refs.ok);
    (void)forget(state);
    compile(GATEWAY ROUTE("pay") EXTERNAL("{address: 'a.com:80', tls: {enabled: true, caCert: "
                                          "{inlineString: nothing}}}"),
            true);
    assert_int_equal(finding_count(result->findings), 1);
    assert_true(
        str_equal(result->report.routes[0].resolved_refs.reason, STR("InvalidCertificateRef")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(one_that_is_reached_has_nothing_to_hear, forget),
        cmocka_unit_test_teardown(one_that_is_none_hears_why, forget),
        cmocka_unit_test_teardown(one_that_verifies_nothing_hears_it, forget),
        cmocka_unit_test_teardown(a_broken_one_hears_what_is_wrong_alone, forget),
        cmocka_unit_test_teardown(a_part_of_the_manifests_knows_what_leads_nowhere, forget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
