#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "make.h"

static void assert_printed(const struct model_resource *resource, bool redacted,
                           const char *expected)
{
    struct buf buf;
    buf_init(&buf, 65536);
    model_resource_print(resource, redacted, &buf);
    assert_int_equal(buf.size, strlen(expected));
    assert_memory_equal(buf.data, expected, buf.size);
    buf_deinit(&buf);
}

static void assert_same(const struct model_resource *a, const struct model_resource *b, bool same)
{
    assert_int_equal(model_digest_equal(&a->digest, &b->digest), same);
    a = model_resource_unref(a);
    b = model_resource_unref(b);
}

static void test_each_kind_prints_canonical_json(void **state)
{
    (void)state;
    const struct model_resource *resource = make_set("s", 80);
    assert_printed(resource, false,
                   "{\"endpoints\":[{\"address\":\"127.0.0.1\",\"port\":80}],"
                   "\"kind\":\"endpointSet\",\"name\":\"s\"}");
    resource = model_resource_unref(resource);

    resource = make_cluster("c", "s");
    assert_printed(resource, false,
                   "{\"connectTimeoutMs\":5000,\"endpointSet\":\"s\",\"kind\":\"cluster\","
                   "\"name\":\"c\",\"service\":\"web\"}");
    resource = model_resource_unref(resource);

    resource = make_route("x", "c");
    assert_printed(resource, false,
                   "{\"kind\":\"route\",\"name\":\"x\",\"route\":\"r\",\"rules\":["
                   "{\"action\":\"forward\",\"backends\":[{\"cluster\":\"c\",\"weight\":1}],"
                   "\"index\":0,\"path\":\"/\",\"pathMatch\":\"prefix\","
                   "\"requestTimeoutMs\":15000}]}");
    assert_true(str_equal(resource->route->rules[0].route, STR("r")));
    resource = model_resource_unref(resource);

    resource = make_host("h", "x");
    assert_printed(resource, false,
                   "{\"domain\":\"*\",\"kind\":\"virtualHost\",\"name\":\"h\","
                   "\"routes\":[\"x\"]}");
    resource = model_resource_unref(resource);

    resource = make_listener("l", "x", "h");
    assert_printed(resource, false,
                   "{\"address\":\"127.0.0.1\",\"chains\":[{\"hostname\":\"*\","
                   "\"secrets\":[\"x\"],\"virtualHosts\":[\"h\"]}],\"gateway\":\"edge\","
                   "\"headerTimeoutMs\":10000,\"idleTimeoutMs\":300000,\"kind\":\"listener\","
                   "\"name\":\"l\",\"port\":8443,\"protocol\":\"HTTPS\"}");
    resource = model_resource_unref(resource);
}

static void test_a_key_is_printed_only_unredacted(void **state)
{
    (void)state;
    const struct model_resource *secret = make_secret("x", "KEY");
    assert_printed(secret, true,
                   "{\"certificatesPem\":\"CERT\",\"dnsNames\":[\"b.test\",\"a.test\"],"
                   "\"fingerprint\":\"00ff\",\"keyPem\":\"(redacted)\",\"keyType\":\"rsa\","
                   "\"kind\":\"secret\",\"name\":\"x\",\"notAfterMs\":2,\"notBeforeMs\":1}");
    assert_printed(secret, false,
                   "{\"certificatesPem\":\"CERT\",\"dnsNames\":[\"b.test\",\"a.test\"],"
                   "\"fingerprint\":\"00ff\",\"keyPem\":\"KEY\",\"keyType\":\"rsa\","
                   "\"kind\":\"secret\",\"name\":\"x\",\"notAfterMs\":2,\"notBeforeMs\":1}");
    secret = model_resource_unref(secret);
}

static void test_tls_to_back_ends_prints_canonical_json(void **state)
{
    (void)state;
    const struct model_resource *set = make_tls_set("s", "t");
    assert_printed(set, false,
                   "{\"endpoints\":[{\"address\":\"127.0.0.1\",\"port\":443,\"tls\":\"t\"}],"
                   "\"kind\":\"endpointSet\",\"name\":\"s\"}");
    set = model_resource_unref(set);
    const struct model_resource *tls = make_upstream_tls("t", "x");
    assert_printed(tls, false,
                   "{\"caPem\":\"CA\",\"kind\":\"upstreamTls\",\"maxVersion\":\"1.3\","
                   "\"minVersion\":\"1.2\",\"name\":\"t\",\"secret\":\"x\","
                   "\"serverName\":\"a.test\",\"subjects\":[{\"match\":\"exact\","
                   "\"value\":\"a.test\"},{\"match\":\"prefix\",\"value\":\"b.\"}],"
                   "\"trust\":\"given\"}");
    tls = model_resource_unref(tls);
}

/* Authorities that are not asked about, and the order of names of which one is enough. */
static void test_tls_to_back_ends_is_what_it_does(void **state)
{
    (void)state;
    const struct model_subject one[] = {{MODEL_SUBJECT_EXACT, STR("a.test")},
                                        {MODEL_SUBJECT_PREFIX, STR("a.test")}};
    const struct model_subject two[] = {one[1], one[0]};
    struct model_upstream_tls tls = {.name = STR("t"), .subjects = one, .subject_count = 2};
    struct model_upstream_tls other = {
        .name = STR("t"), .subjects = two, .subject_count = 2, .ca_pem = STR("CA")};
    assert_same(model_upstream_tls_new(&tls), model_upstream_tls_new(&other), true);
    other.trust = tls.trust = MODEL_TRUST_GIVEN;
    assert_same(model_upstream_tls_new(&tls), model_upstream_tls_new(&other), false);
    assert_same(make_tls_set("s", "t"), make_tls_set("s", "u"), false);
}

static void test_equal_content_is_an_equal_digest(void **state)
{
    (void)state;
    assert_same(make_set("s", 80), make_set("s", 80), true);
    assert_same(make_set("s", 80), make_set("s", 81), false);
    assert_same(make_set("s", 80), make_set("t", 80), false);
    assert_same(make_cluster("c", "s"), make_cluster("c", "s"), true);
    assert_same(make_secret("x", "K"), make_secret("x", "K"), true);
    assert_same(make_secret("x", "K"), make_secret("x", "L"), false); /* redaction hides nothing */
}

static void test_endpoints_are_a_set(void **state)
{
    (void)state;
    const struct model_endpoint one[] = {{.address = STR("127.0.0.2"), .port = 1, .tls = STR("t")},
                                         {.address = STR("127.0.0.2"), .port = 1},
                                         {.address = STR("127.0.0.1"), .port = 9},
                                         {.address = STR("127.0.0.1"), .port = 2},
                                         {.address = STR("127.0.0.2"), .port = 1}};
    const struct model_endpoint two[] = {{.address = STR("127.0.0.1"), .port = 2},
                                         {.address = STR("127.0.0.2"), .port = 1},
                                         {.address = STR("127.0.0.2"), .port = 1, .tls = STR("t")},
                                         {.address = STR("127.0.0.1"), .port = 9}};
    const struct model_resource *a = model_endpoint_set_new(
        &(struct model_endpoint_set){.name = STR("s"), .endpoints = one, .endpoint_count = 5});
    const struct model_resource *b = model_endpoint_set_new(
        &(struct model_endpoint_set){.name = STR("s"), .endpoints = two, .endpoint_count = 4});
    assert_int_equal(a->endpoint_set->endpoint_count, 4);
    assert_int_equal(a->endpoint_set->endpoints[0].port, 2);
    assert_int_equal(a->endpoint_set->endpoints[2].port, 1);
    assert_int_equal(a->endpoint_set->endpoints[3].tls.size, 1);
    assert_same(a, b, true);
}

static const struct model_resource *route_with(const struct model_backend *backends, size_t count)
{
    const struct model_rule rule = {
        .action = MODEL_FORWARD, .path = STR("/"), .backends = backends, .backend_count = count};
    return model_route_new(
        &(struct model_route){.name = STR("x"), .rules = &rule, .rule_count = 1});
}

static void test_the_order_of_backends_does_not_matter(void **state)
{
    (void)state;
    const struct model_backend one[] = {{.cluster = STR("a"), .weight = 1},
                                        {.cluster = STR("b"), .weight = 2}};
    const struct model_backend two[] = {{.cluster = STR("b"), .weight = 2},
                                        {.cluster = STR("a"), .weight = 1}};
    const struct model_backend other[] = {{.cluster = STR("b"), .weight = 1},
                                          {.cluster = STR("a"), .weight = 2}};
    assert_same(route_with(one, 2), route_with(two, 2), true);
    assert_same(route_with(one, 2), route_with(other, 2), false);
}

static void test_the_order_of_criteria_does_not_matter(void **state)
{
    (void)state;
    const struct model_criterion one[] = {
        {.name = STR("a"), .match = MODEL_VALUE_EXACT, .value = STR("1")},
        {.name = STR("a"), .match = MODEL_VALUE_PRESENT},
        {.name = STR("b"), .match = MODEL_VALUE_EXACT, .value = STR("2")},
    };
    const struct model_criterion two[] = {one[2], one[0], one[1]};
    struct model_rule rule = {.path = STR("/"), .headers = one, .header_count = 3};
    struct model_route route = {.name = STR("r"), .rules = &rule, .rule_count = 1};
    const struct model_resource *first = model_route_new(&route);
    rule.headers = two;
    assert_same(first, model_route_new(&route), true);
    first = model_route_new(&route);
    rule.queries = two; /* another question */
    rule.query_count = 3;
    assert_same(first, model_route_new(&route), false);
}

static const struct model_resource *route_of(const struct model_rule *rules, size_t count)
{
    return model_route_new(
        &(struct model_route){.name = STR("x"), .rules = rules, .rule_count = count});
}

static void test_the_order_of_rules_matters(void **state)
{
    (void)state;
    const struct model_rule one[] = {{.path = STR("/a"), .action = MODEL_RESPOND},
                                     {.path = STR("/b"), .action = MODEL_RESPOND}};
    const struct model_rule two[] = {one[1], one[0]};
    assert_same(route_of(one, 2), route_of(two, 2), false);
}

static void test_the_order_of_routes_matters(void **state)
{
    (void)state;
    const struct str one[] = {STR("a"), STR("b")};
    const struct str two[] = {STR("b"), STR("a")};
    assert_same(model_virtual_host_new(&(struct model_virtual_host){.routes = {one, 2}}),
                model_virtual_host_new(&(struct model_virtual_host){.routes = {two, 2}}), false);
}

static void test_a_rule_keeps_only_what_its_action_uses(void **state)
{
    (void)state;
    const struct model_rule plain = {.action = MODEL_RESPOND, .status = 500};
    struct model_rule noisy = plain;
    noisy.request_timeout_ms = 7;
    assert_same(route_of(&plain, 1), route_of(&noisy, 1), true);
}

static void test_the_order_of_chains_and_their_names_does_not_matter(void **state)
{
    (void)state;
    const struct str names[] = {STR("x"), STR("y")};
    const struct str turned[] = {STR("y"), STR("x")};
    const struct model_chain one[] = {{.hostname = STR("a.test"), .virtual_hosts = {names, 2}},
                                      {.hostname = STR("b.test"), .secrets = {names, 2}}};
    const struct model_chain two[] = {{.hostname = STR("b.test"), .secrets = {names, 2}},
                                      {.hostname = STR("a.test"), .virtual_hosts = {turned, 2}}};
    assert_same(model_listener_new(&(struct model_listener){.chains = one, .chain_count = 2}),
                model_listener_new(&(struct model_listener){.chains = two, .chain_count = 2}),
                true);
}

/* The first is what is presented when none fits better. */
static void test_the_order_of_secrets_matters(void **state)
{
    (void)state;
    const struct str names[] = {STR("x"), STR("y")};
    const struct str turned[] = {STR("y"), STR("x")};
    const struct model_chain one = {.hostname = STR("*"), .secrets = {names, 2}};
    const struct model_chain two = {.hostname = STR("*"), .secrets = {turned, 2}};
    assert_same(model_listener_new(&(struct model_listener){.chains = &one, .chain_count = 1}),
                model_listener_new(&(struct model_listener){.chains = &two, .chain_count = 1}),
                false);
}

static void test_content_is_copied(void **state)
{
    (void)state;
    char name[] = "set";
    char address[] = "127.0.0.1";
    const struct model_endpoint endpoint = {.address = str_of(address), .port = 80};
    const struct model_resource *set = model_endpoint_set_new(&(struct model_endpoint_set){
        .name = str_of(name), .endpoints = &endpoint, .endpoint_count = 1});
    memset(name, 'x', 3);
    memset(address, 'x', 9);
    assert_true(str_equal(set->name, STR("set")));
    assert_true(str_equal(set->endpoint_set->endpoints[0].address, STR("127.0.0.1")));
    set = model_resource_unref(set);
}

static void test_the_last_reference_frees(void **state)
{
    (void)state;
    size_t before = model_resources_alive();
    const struct model_resource *secret = make_secret("x", "K");
    assert_ptr_equal(model_resource_ref(secret), secret);
    assert_int_equal(model_resources_alive(), before + 1);
    assert_null(model_resource_unref(secret));
    assert_int_equal(model_resources_alive(), before + 1);
    assert_null(model_resource_unref(secret));
    assert_int_equal(model_resources_alive(), before);
    assert_null(model_resource_unref(NULL));
}

static void test_kinds_have_names(void **state)
{
    (void)state;
    assert_string_equal(model_kind_name(MODEL_LISTENER), "listener");
    assert_string_equal(model_kind_name(MODEL_VIRTUAL_HOST), "virtualHost");
    assert_string_equal(model_kind_name(MODEL_ROUTE), "route");
    assert_string_equal(model_kind_name(MODEL_CLUSTER), "cluster");
    assert_string_equal(model_kind_name(MODEL_ENDPOINT_SET), "endpointSet");
    assert_string_equal(model_kind_name(MODEL_SECRET), "secret");
    assert_string_equal(model_kind_name(MODEL_UPSTREAM_TLS), "upstreamTls");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_kind_prints_canonical_json),
        cmocka_unit_test(test_a_key_is_printed_only_unredacted),
        cmocka_unit_test(test_tls_to_back_ends_prints_canonical_json),
        cmocka_unit_test(test_tls_to_back_ends_is_what_it_does),
        cmocka_unit_test(test_equal_content_is_an_equal_digest),
        cmocka_unit_test(test_endpoints_are_a_set),
        cmocka_unit_test(test_the_order_of_backends_does_not_matter),
        cmocka_unit_test(test_the_order_of_criteria_does_not_matter),
        cmocka_unit_test(test_the_order_of_rules_matters),
        cmocka_unit_test(test_the_order_of_routes_matters),
        cmocka_unit_test(test_a_rule_keeps_only_what_its_action_uses),
        cmocka_unit_test(test_the_order_of_chains_and_their_names_does_not_matter),
        cmocka_unit_test(test_the_order_of_secrets_matters),
        cmocka_unit_test(test_content_is_copied),
        cmocka_unit_test(test_the_last_reference_frees),
        cmocka_unit_test(test_kinds_have_names),
    };
    return cmocka_run_group_tests_name("model/resource", tests, NULL, NULL);
}
