#include "manifest.h"

static struct manifest m;

static int teardown(void **state)
{
    (void)state;
    manifest_free(&m);
    assert_int_equal(api_objects_alive(), 0);
    return 0;
}

static void decode(const char *kind, const char *around, const char *fields)
{
    struct buf yaml;
    buf_init(&yaml, 4096);
    buf_printf(&yaml, "{type: %s, mesh: m, name: p, %s %s}", kind, around, fields);
    manifest_decode(&m, yaml.data);
    buf_deinit(&yaml);
}

static void assert_policy(const char *kind, const char *fields, const char *findings)
{
    decode(kind, "", fields);
    assert_faults(&m, findings);
}

#define GATEWAY "spec: {targetRef: {kind: MeshGateway, name: g, tags: {a: '*'}}"

static const struct {
    const char *name;
    enum api_kind kind;
} policies[] = {
    {"MeshAccessLog", API_MESH_ACCESS_LOG},
    {"MeshCircuitBreaker", API_MESH_CIRCUIT_BREAKER},
    {"MeshFaultInjection", API_MESH_FAULT_INJECTION},
    {"MeshHealthCheck", API_MESH_HEALTH_CHECK},
    {"MeshLoadBalancingStrategy", API_MESH_LOAD_BALANCING_STRATEGY},
    {"MeshRateLimit", API_MESH_RATE_LIMIT},
    {"MeshRetry", API_MESH_RETRY},
    {"MeshTimeout", API_MESH_TIMEOUT},
    {"MeshTLS", API_MESH_TLS},
};

static void policies_with_a_target(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(policies); i++) {
        assert_policy(policies[i].name,
                      GATEWAY ", to: [{targetRef: {kind: Mesh}, default: {x: 1}}, {targetRef: "
                              "{kind: MeshService, name: a}}], from: [{}], rules: [{default: {}}]}",
                      "");
        assert_int_equal(m.object->key.kind, policies[i].kind);
        assert_str(api_kind_name(m.object->key.kind), policies[i].name);
        const struct api_policy *policy = m.object->policy;
        assert_int_equal(policy->target.kind, API_TARGET_MESH_GATEWAY);
        assert_str(*api_tags_find(policy->target.tags, STR("a")), "*");
        assert_int_equal(policy->to_count, 2);
        assert_int_equal(policy->to[0].target.kind, API_TARGET_MESH);
        assert_str(policy->to[1].target.name, "a");
        assert_int_equal(policy->from_count, 1);
        assert_int_equal(policy->from[0].target.kind, API_TARGET_NONE);
        assert_policy(policies[i].name, "spec: {}", "");
        assert_int_equal(m.object->policy->target.kind, API_TARGET_MESH);
    }
}

static void policies_of_a_proxy(void **state)
{
    (void)state;
    assert_policy("MeshMetric", GATEWAY ", default: {backends: []}}", "");
    assert_int_equal(m.object->policy->target.kind, API_TARGET_MESH_GATEWAY);
    static const char *const whole[] = {"MeshTrace", "MeshProxyPatch"};
    for (size_t i = 0; i < ARRAY_SIZE(whole); i++) {
        assert_policy(whole[i], "spec: {targetRef: {kind: MeshGateway, name: g}, default: {}}", "");
        assert_policy(whole[i], GATEWAY ", to: []}",
                      "error spec.targetRef.tags: must not be set with kind MeshGateway\n"
                      "warning spec.to: unknown field, ignored\n");
    }
}

static void what_is_wrong_with_a_target(void **state)
{
    (void)state;
    assert_policy("MeshTimeout", "spec: {targetRef: {}}",
                  "error spec.targetRef.kind: must be defined\n");
    assert_policy("MeshTimeout", "spec: {targetRef: {kind: Gateway}}",
                  "error spec.targetRef.kind: value is not supported\n");
    assert_policy("MeshTimeout", "spec: {targetRef: {kind: MeshHTTPRoute, name: r}}", "");
    assert_policy("MeshTimeout",
                  "spec: {targetRef: {kind: MeshHTTPRoute, labels: {a: b}, name: c, "
                  "sectionName: d, tags: {x: x}, proxyTypes: [Gateway], mesh: x}}",
                  "error spec.targetRef.labels: either labels or name and namespace must be "
                  "specified\n"
                  "error spec.targetRef.sectionName: must not be set with kind MeshHTTPRoute\n"
                  "error spec.targetRef.tags: must not be set with kind MeshHTTPRoute\n"
                  "error spec.targetRef.proxyTypes: must not be set with kind MeshHTTPRoute\n"
                  "error spec.targetRef.mesh: must not be set with kind MeshHTTPRoute\n");
    assert_policy("MeshTimeout", "spec: {to: [{targetRef: {kind: MeshService}}, {}]}",
                  "error spec.to[0].targetRef.name: must be set with kind MeshService\n");
    assert_false(m.object->broken);
    assert_true(m.object->policy->to[0].broken);
    assert_false(m.object->policy->to[1].broken);
    assert_policy("MeshTimeout", "spec: {targetref: {kind: Mesh}}",
                  "warning spec.targetref: unknown field, ignored; did you mean "
                  "\"targetRef\"?\n");
}

/* Kuma asks it of all policies but one. */
static void whose_the_policy_is(void **state)
{
    (void)state;
    static const char refused[] =
        "warning spec.targetRef.kind: may be MeshGateway in the namespace of the system only, "
        "where the label kuma.io/policy-role is \"system\"; here it is \"consumer\"\n"
        "error spec.targetRef.kind: value is not supported\n";
    static const char role[] = "labels: {kuma.io/policy-role: consumer},";
    decode("MeshTimeout", role, GATEWAY "}");
    assert_faults(&m, refused);
    decode("MeshTrace", role, "spec: {targetRef: {kind: MeshGateway, name: a}}");
    assert_faults(&m, refused);
    decode("MeshLoadBalancingStrategy", role, GATEWAY "}");
    assert_faults(&m, "");
}

static void shadows(void **state)
{
    (void)state;
    decode("MeshTimeout", "", "spec: {}");
    assert_false(m.object->is_shadow);
    decode("MeshTimeout", "labels: {kuma.io/effect: shadow},", "spec: {}");
    assert_true(m.object->is_shadow);
#define KUBERNETES(metadata) \
    "{apiVersion: kuma.io/v1alpha1, kind: MeshRetry, metadata: {name: a, " metadata "}, spec: {}}"
    manifest_decode(&m, KUBERNETES("labels: {kuma.io/effect: shadow}"));
    assert_true(m.object->is_shadow);
    manifest_decode(&m, KUBERNETES("annotations: {kuma.io/effect: shadow}"));
    assert_true(m.object->is_shadow);
    manifest_decode(&m, KUBERNETES("annotations: {kuma.io/effect: none}"));
    assert_false(m.object->is_shadow);
    assert_str(m.object->key.name, "a.default");
}

/* Kuma's own labels. */
static void what_is_wrong_with_labels(void **state)
{
    (void)state;
    decode("MeshTimeout", "labels: {kuma.io/origin: zone, kuma.io/mesh: m, a: b},", "spec: {}");
    assert_faults(&m, "");
    decode("MeshTimeout", "labels: {kuma.io/origin: here, kuma.io/mesh: other},", "spec: {}");
    assert_faults(&m,
                  "error labels[\"kuma.io/origin\"]: unknown resource origin \"here\"\n"
                  "error labels[\"kuma.io/mesh\"]: kuma.io/mesh label must not differ from mesh "
                  "set on resource\n");
    manifest_decode(&m, KUBERNETES("labels: {kuma.io/origin: here, kuma.io/mesh: other}"));
    assert_faults(&m, "error labels[\"kuma.io/origin\"]: unknown resource origin \"here\"\n");
    assert_str(m.object->key.mesh, "other");
}

static void policies_with_tags(void **state)
{
    (void)state;
    static const char *const names[] = {
        "CircuitBreaker", "FaultInjection", "HealthCheck", "RateLimit",
        "Retry",          "Timeout",        "TrafficLog",  "TrafficPermission"};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        assert_policy(names[i],
                      "sources: [{match: {kuma.io/service: '*'}}], destinations: [{match: "
                      "{kuma.io/service: a}}, {match: {b: c}}], conf: {x: 1}",
                      "");
        assert_str(api_kind_name(m.object->key.kind), names[i]);
        assert_int_equal(m.object->tag_policy->sources.count, 1);
        assert_int_equal(m.object->tag_policy->destinations.count, 2);
    }
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

#define TEST(function) cmocka_unit_test_teardown(function, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(policies_with_a_target),
        TEST(policies_of_a_proxy),
        TEST(what_is_wrong_with_a_target),
        TEST(whose_the_policy_is),
        TEST(shadows),
        TEST(policies_with_tags),
        TEST(what_is_wrong_with_labels),
        TEST(what_is_wrong_with_tags),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
