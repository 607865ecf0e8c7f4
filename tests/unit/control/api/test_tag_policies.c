#include "manifest.h"

static struct manifest m;

static int teardown(void **state)
{
    (void)state;
    manifest_free(&m);
    assert_int_equal(api_objects_alive(), 0);
    return 0;
}

static void assert_policy(const char *kind, const char *fields, const char *findings)
{
    struct buf yaml;
    buf_init(&yaml, 4096);
    buf_printf(&yaml, "{type: %s, mesh: m, name: p, %s}", kind, fields);
    manifest_decode(&m, yaml.data);
    buf_deinit(&yaml);
    assert_faults(&m, findings);
}

static void policies_with_tags(void **state)
{
    (void)state;
    static const char *const names[] = {"CircuitBreaker", "FaultInjection", "HealthCheck",
                                        "RateLimit",      "Retry",          "Timeout",
                                        "TrafficLog"};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        assert_policy(names[i],
                      "sources: [{match: {kuma.io/service: '*'}}], destinations: [{match: "
                      "{kuma.io/service: a}}, {match: {b: c}}], conf: {x: 1}",
                      "");
        assert_str(api_kind_name(m.object->key.kind), names[i]);
        assert_int_equal(m.object->tag_policy->sources.count, 1);
        assert_int_equal(m.object->tag_policy->destinations.count, 2);
    }
#define ENDS "sources: [{match: {a: b}}], destinations: []"
    assert_policy("TrafficPermission", ENDS, "");
    assert_policy("TrafficPermission", ENDS ", conf: {}", "warning conf: unknown field, ignored\n");
    assert_policy("TrafficTrace", "selectors: [{match: {a: '*'}}], conf: {}", "");
    assert_int_equal(m.object->tag_policy->sources.count, 1);
    assert_policy("ProxyTemplate", "selectors: [{match: {a: '*'}}], conf: {}", "");
    manifest_decode(&m, "{apiVersion: kuma.io/v1alpha1, kind: Timeout, mesh: m, metadata: {name: "
                        "a}, spec: {sources: [{match: {a: b}}]}}");
    assert_faults(&m, "");
    assert_str(m.object->key.mesh, "m");
    assert_str(m.object->key.name, "a");
    assert_int_equal(m.object->tag_policy->sources.count, 1);
}

static void what_is_wrong_with_tags(void **state)
{
    (void)state;
    static const char value[] = "tag value must consist of alphanumeric characters, dots, dashes, "
                                "slashes and underscores or be \"*\"";
    struct buf findings;
    buf_init(&findings, 4096);
    buf_printf(&findings,
               "error sources[0].match[\"a\"]: %s\nerror destinations[1].match[\"a\"]: %s\n"
               "warning source: unknown field, ignored; did you mean \"sources\"?\n",
               value, value);
    assert_policy("Timeout",
                  "sources: [{match: {a: b c}}], destinations: [{match: {}}, {match: {a: "
                  "b c}}], source: []",
                  findings.data);
    buf_clear(&findings);
    buf_printf(&findings, "error selectors[0].match[\"a\"]: %s\n", value);
    assert_policy("TrafficTrace", "selectors: [{match: {a: b c}}]", findings.data);
    buf_deinit(&findings);
    manifest_decode(&m, "{type: Timeout, name: a, sources: []}");
    assert_faults(&m, "error mesh: cannot be empty\n");
}

static const struct manifest_bound bounds[] = {
    {"{type: Timeout, mesh: m, name: p, sources: [", "{match: {a: b}},", "]}", 64,
     "error sources: must have at most 64 items\n"},
    {"{type: TrafficTrace, mesh: m, name: p, selectors: [", "{match: {a: b}},", "]}", 64,
     "error selectors: must have at most 64 items\n"},
    {"{type: TrafficTrace, mesh: m, name: p, selectors: [{match: {a: ", "b", "}}]}", 512,
     "error selectors[0].match[\"a\"]: must have at most 512 characters\n"},
};

static void how_much_a_policy_may_say(void **state)
{
    (void)state;
    assert_bounds(&m, bounds, ARRAY_SIZE(bounds));
}

#define TEST(function) cmocka_unit_test_teardown(function, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(policies_with_tags),
        TEST(what_is_wrong_with_tags),
        TEST(how_much_a_policy_may_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
