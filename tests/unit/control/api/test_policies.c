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

#define TO_MESH ", to: [{targetRef: {kind: Mesh}, default: {x: 1}}]"

static const struct {
    const char *name;
    enum api_kind kind;
} outbound[] = {
    {"MeshAccessLog", API_MESH_ACCESS_LOG},
    {"MeshCircuitBreaker", API_MESH_CIRCUIT_BREAKER},
    {"MeshFaultInjection", API_MESH_FAULT_INJECTION},
    {"MeshHealthCheck", API_MESH_HEALTH_CHECK},
    {"MeshLoadBalancingStrategy", API_MESH_LOAD_BALANCING_STRATEGY},
    {"MeshRateLimit", API_MESH_RATE_LIMIT},
    {"MeshRetry", API_MESH_RETRY},
    {"MeshTimeout", API_MESH_TIMEOUT},
};

static void policies_of_what_a_gateway_receives(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(outbound); i++) {
        assert_policy(outbound[i].name, GATEWAY TO_MESH "}", "");
        assert_int_equal(m.object->key.kind, outbound[i].kind);
        assert_str(api_kind_name(m.object->key.kind), outbound[i].name);
        const struct api_policy *policy = m.object->policy;
        assert_int_equal(policy->target.kind, API_TARGET_MESH_GATEWAY);
        assert_str(*api_tags_find(policy->target.tags, STR("a")), "*");
        assert_int_equal(policy->to_count, 1);
        assert_int_equal(policy->to[0].target.kind, API_TARGET_MESH);
        assert_int_equal(policy->from_count, 0);
        assert_policy(outbound[i].name, "spec: {to: [{targetRef: {kind: Mesh}}]}", "");
        assert_int_equal(m.object->policy->target.kind, API_TARGET_MESH);
        assert_policy(outbound[i].name, "spec: {to: [{}]}",
                      "error spec.to[0].targetRef: is required\n");
        assert_false(m.object->broken);
        assert_true(m.object->policy->to[0].broken);
    }
}

/* What sidecars receive stands in `from`, or in `rules`. */
static void policies_of_what_sidecars_receive(void **state)
{
    (void)state;
    static const char *const kinds[] = {"MeshAccessLog", "MeshCircuitBreaker", "MeshRateLimit",
                                        "MeshTimeout", "MeshTLS"};
#define SIDECARS "spec: {targetRef: {kind: Mesh, proxyTypes: [Sidecar]}, "
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        assert_policy(kinds[i], SIDECARS "from: [{targetRef: {kind: Mesh}, default: {x: 1}}]}", "");
        assert_int_equal(m.object->policy->from_count, 1);
        assert_policy(kinds[i], SIDECARS "rules: [{default: {}}]}", "");
        assert_policy(kinds[i], SIDECARS "from: [{targetRef: {kind: MeshGateway, name: a}}]}",
                      "error spec.from[0].targetRef.kind: value is not supported\n");
    }
    assert_policy("MeshFaultInjection",
                  SIDECARS "from: [{targetRef: {kind: MeshSubset, tags: {a: b}}}, {targetRef: "
                           "{kind: MeshServiceSubset, name: a}}]}",
                  "");
}

#define NEEDS_SOME  "error spec: at least one of 'from', 'to' or 'rules' has to be defined\n"
#define RULES_ALONE "error spec: fields 'to' and 'from' must be empty when 'rules' is defined\n"

static void which_lists_a_policy_needs(void **state)
{
    (void)state;
    assert_policy("MeshTimeout", "spec: {}", NEEDS_SOME);
    assert_true(m.object->broken);
    assert_policy("MeshAccessLog", "spec: {to: [], from: null}", NEEDS_SOME);
    assert_policy("MeshCircuitBreaker", "spec: {}", NEEDS_SOME);
    assert_policy("MeshRetry", "spec: {}", "error spec.to: needs at least one item\n");
    assert_policy("MeshLoadBalancingStrategy", "spec: {to: []}",
                  "error spec.to: needs at least one item\n");
    assert_policy("MeshHealthCheck", "spec: {}", "");
    assert_policy("MeshTLS", "spec: {}", "");
    assert_policy("MeshTimeout", "spec: {to: {targetRef: {kind: Mesh}}}",
                  "error spec.to: must be a list, not an object\n");
    assert_policy("MeshRetry", "spec: {to: a}", "error spec.to: must be a list, not a string\n");
#define BOTH SIDECARS "from: [{targetRef: {kind: Mesh}}], rules: [{}]}"
    assert_policy("MeshTimeout", BOTH, RULES_ALONE);
    assert_policy("MeshRateLimit", BOTH, RULES_ALONE);
    assert_policy("MeshAccessLog", "spec: {to: [{targetRef: {kind: Mesh}}], rules: [{}]}",
                  RULES_ALONE);
    assert_policy("MeshTLS", BOTH,
                  "error spec: field 'from' must be empty when 'rules' is defined\n");
    assert_policy("MeshRetry", "spec: {to: [{targetRef: {kind: Mesh}}], from: [], rules: []}",
                  "warning spec.from: unknown field, ignored; known here: targetRef and to\n"
                  "warning spec.rules: unknown field, ignored; known here: targetRef and to\n");
}

/* For some policies what a gateway receives stands in `to`, and for sidecars there is no `to`. */
static void which_direction_is_a_gateways(void **state)
{
    (void)state;
    static const char *const kinds[] = {"MeshRateLimit", "MeshFaultInjection"};
    static const char from[] = "error spec.from: must not be defined when the scope includes a "
                               "Gateway, select only proxyType Sidecar or select only gateways "
                               "and use spec.to\n";
#define FROM "from: [{targetRef: {kind: Mesh}}]}"
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        assert_policy(kinds[i], "spec: {" FROM, from);
        assert_policy(kinds[i], GATEWAY ", " FROM, from);
        assert_policy(kinds[i],
                      "spec: {targetRef: {kind: MeshSubset, proxyTypes: [Gateway]}, " FROM, from);
        assert_policy(kinds[i], "spec: {targetRef: {kind: MeshService, name: a}, " FROM, "");
        assert_policy(kinds[i], SIDECARS "to: [{targetRef: {kind: Mesh}}]}",
                      "error spec.to: must not be defined\n");
    }
    assert_policy("MeshRateLimit", "spec: {targetRef: {}" TO_MESH "}",
                  "error spec.targetRef.kind: must be defined\n");
    assert_policy("MeshRateLimit", GATEWAY ", rules: [{}]}",
                  "error spec.rules: must not be defined\n");
    assert_policy("MeshRateLimit", "spec: {targetRef: {kind: MeshHTTPRoute, name: r}, " FROM, from);
    assert_policy("MeshTimeout", GATEWAY ", " FROM, "error spec.from: must not be defined\n");
    assert_policy("MeshTimeout", "spec: {" FROM, "");
}

static const struct {
    const char *policy;
    const char *top;
    const char *to;
    bool is_refused;
} destinations[] = {
    {"MeshTimeout", "Mesh", "MeshService", false},
    {"MeshTimeout", "MeshGateway", "MeshService", true},
    {"MeshTimeout", "MeshGateway", "MeshExternalService", false},
    {"MeshTimeout", "MeshHTTPRoute", "MeshService", true},
    {"MeshTimeout", "Mesh", "MeshServiceSubset", true},
    {"MeshRetry", "Mesh", "MeshMultiZoneService", false},
    {"MeshRetry", "MeshGateway", "MeshMultiZoneService", true},
    {"MeshRetry", "Mesh", "MeshHTTPRoute", false},
    {"MeshLoadBalancingStrategy", "MeshGateway", "MeshService", false},
    {"MeshLoadBalancingStrategy", "Mesh", "MeshExternalService", true},
    {"MeshLoadBalancingStrategy", "Mesh", "MeshHTTPRoute", false},
    {"MeshLoadBalancingStrategy", "MeshGateway", "MeshHTTPRoute", true},
    {"MeshCircuitBreaker", "MeshGateway", "MeshMultiZoneService", false},
    {"MeshHealthCheck", "Mesh", "MeshHTTPRoute", true},
    {"MeshRateLimit", "Mesh", "MeshService", true},
    {"MeshFaultInjection", "MeshGateway", "MeshService", true},
};

static void where_traffic_may_go(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(destinations); i++) {
        struct buf spec;
        buf_init(&spec, 4096);
        bool is_mesh = strcmp(destinations[i].top, "Mesh") == 0;
        buf_printf(&spec, "spec: {targetRef: {kind: %s%s}, to: [{targetRef: {kind: %s, name: a}}]}",
                   destinations[i].top, is_mesh ? "" : ", name: g", destinations[i].to);
        assert_policy(destinations[i].policy, spec.data,
                      destinations[i].is_refused
                          ? "error spec.to[0].targetRef.kind: value is not supported\n"
                          : "");
        buf_deinit(&spec);
    }
    static const char *const outside[] = {"MeshCircuitBreaker", "MeshHealthCheck"};
#define OUTSIDE "to: [{targetRef: {kind: MeshExternalService, name: a}}]}"
    for (size_t i = 0; i < ARRAY_SIZE(outside); i++) {
        assert_policy(outside[i], "spec: {" OUTSIDE, "");
        assert_policy(outside[i], GATEWAY ", " OUTSIDE,
                      "error spec.to[0].targetRef.kind: kind MeshExternalService is only allowed "
                      "with targetRef.kind: Mesh as it is configured on the Zone Egress and shared "
                      "by all clients in the mesh\n");
    }
#define BALANCED(kind) ", to: [{targetRef: {" kind "}, default: {loadBalancer: {type: Random}}}]}"
    assert_policy("MeshLoadBalancingStrategy", GATEWAY BALANCED("kind: Mesh"), "");
    assert_policy(
        "MeshLoadBalancingStrategy", GATEWAY BALANCED("kind: MeshService, name: a"),
        "error spec.to[0].targetRef.kind: value is not supported, only Mesh is allowed if "
        "loadBalancer is set\n");
}

static void policies_of_a_proxy(void **state)
{
    (void)state;
    assert_policy("MeshMetric", GATEWAY ", default: {backends: []}}", "");
    assert_int_equal(m.object->policy->target.kind, API_TARGET_MESH_GATEWAY);
    static const char *const whole[] = {"MeshTrace", "MeshProxyPatch"};
    for (size_t i = 0; i < ARRAY_SIZE(whole); i++) {
        assert_policy(whole[i], "spec: {targetRef: {kind: MeshGateway, name: g}, default: {}}", "");
        assert_policy(whole[i], "spec: {targetRef: {kind: MeshHTTPRoute, name: g}}",
                      "error spec.targetRef.kind: value is not supported\n");
        assert_policy(
            whole[i], GATEWAY ", default: 1, to: []}",
            "error spec.targetRef.tags: must not be set with kind MeshGateway\n"
            "error spec.default: must be an object, not a number\n"
            "warning spec.to: unknown field, ignored; known here: targetRef and default\n");
    }
    assert_policy("MeshTLS", "spec: {targetRef: {kind: MeshGateway, name: g}}",
                  "error spec.targetRef.kind: value is not supported\n");
    assert_policy(
        "MeshTLS", "spec: {to: []}",
        "warning spec.to: unknown field, ignored; known here: targetRef, from and rules\n");
}

/* One inbound of a dataplane is something for policies that are about inbounds. */
static void a_section_of_a_dataplane(void **state)
{
    (void)state;
#define SECTION "spec: {targetRef: {kind: Dataplane, name: a, sectionName: http}, "
    static const char refused[] = "error spec.targetRef.sectionName: can only be used with inbound "
                                  "policies\n";
    assert_policy("MeshTimeout", SECTION "from: [{targetRef: {kind: Mesh}}]}", "");
    assert_policy("MeshTimeout", SECTION "rules: [{}]}", "");
    assert_policy("MeshTimeout", SECTION "to: [{targetRef: {kind: Mesh}}]}", refused);
    assert_policy("MeshMetric", SECTION "default: {}}", refused);
}

static void what_is_wrong_with_a_target(void **state)
{
    (void)state;
    assert_policy("MeshMetric", "spec: {targetRef: {}}",
                  "error spec.targetRef.kind: must be defined\n");
    assert_policy(
        "MeshTimeout", "spec: {targetRef: {kind: Gateway}, to: [{targetRef: {kind: Mesh}}]}",
        "error spec.targetRef.kind: unknown value Gateway: must be one of Mesh, MeshSubset, "
        "MeshGateway, MeshService, MeshServiceSubset, MeshHTTPRoute, Dataplane\n");
    assert_policy("MeshRetry", "spec: {targetRef: {kind: MeshHTTPRoute, name: r}" TO_MESH "}", "");
    assert_policy("MeshRetry",
                  "spec: {targetRef: {kind: MeshHTTPRoute, labels: {a: b}, name: c, "
                  "sectionName: d, tags: {x: x}, proxyTypes: [Gateway], mesh: x}" TO_MESH "}",
                  "error spec.targetRef.labels: either labels or name and namespace must be "
                  "specified\n"
                  "error spec.targetRef.sectionName: must not be set with kind MeshHTTPRoute\n"
                  "error spec.targetRef.tags: must not be set with kind MeshHTTPRoute\n"
                  "error spec.targetRef.proxyTypes: must not be set with kind MeshHTTPRoute\n"
                  "error spec.targetRef.mesh: must not be set with kind MeshHTTPRoute\n");
    assert_policy("MeshTimeout",
                  "spec: {to: [{targetRef: {kind: MeshService}}, {targetRef: {kind: Mesh}}]}",
                  "error spec.to[0].targetRef.name: must be set with kind MeshService\n");
    assert_false(m.object->broken);
    assert_true(m.object->policy->to[0].broken);
    assert_false(m.object->policy->to[1].broken);
    assert_policy("MeshMetric", "spec: {targetref: {kind: Mesh}}",
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
    decode("MeshTimeout", role, GATEWAY TO_MESH "}");
    assert_faults(&m, refused);
    decode("MeshRetry", role, "spec: {targetRef: {kind: MeshHTTPRoute, name: r}" TO_MESH "}");
    assert_faults(&m, "warning spec.targetRef.kind: may be MeshHTTPRoute in the namespace of the "
                      "system only, where the label kuma.io/policy-role is \"system\"; here it is "
                      "\"consumer\"\n"
                      "error spec.targetRef.kind: value is not supported\n");
    decode("MeshTrace", role, "spec: {targetRef: {kind: MeshGateway, name: a}}");
    assert_faults(&m, refused);
    decode("MeshLoadBalancingStrategy", role, GATEWAY TO_MESH "}");
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
    decode("MeshMetric", "labels: {kuma.io/origin: zone, kuma.io/mesh: m, a: b},", "spec: {}");
    assert_faults(&m, "");
    decode("MeshMetric", "labels: {kuma.io/origin: here, kuma.io/mesh: other},", "spec: {}");
    assert_faults(&m,
                  "error labels[\"kuma.io/origin\"]: unknown resource origin \"here\"\n"
                  "error labels[\"kuma.io/mesh\"]: kuma.io/mesh label must not differ from mesh "
                  "set on resource\n");
    manifest_decode(&m, KUBERNETES("labels: {kuma.io/origin: here, kuma.io/mesh: other}"));
    assert_faults(&m, "error labels[\"kuma.io/origin\"]: unknown resource origin \"here\"\n"
                      "error spec.to: needs at least one item\n");
    assert_str(m.object->key.mesh, "other");
}

static const struct manifest_bound bounds[] = {
    {"{type: MeshRetry, name: p, spec: {to: [", "{targetRef: {kind: Mesh}},", "]}}", 256,
     "error spec.to: must have at most 256 items\n"},
    {"{type: MeshTLS, name: p, spec: {from: [", "{targetRef: {kind: Mesh}},", "]}}", 256,
     "error spec.from: must have at most 256 items\n"},
    {"{type: MeshTLS, name: p, spec: {rules: [", "{},", "]}}", 256,
     "error spec.rules: must have at most 256 items\n"},
    {"{type: MeshFaultInjection, name: p, spec: {targetRef: {kind: MeshService, name: a}, from: [",
     "{targetRef: {kind: Mesh}},", "]}}", 64, "error spec.from: must have at most 64 items\n"},
    {"{type: MeshMetric, name: p, spec: {targetRef: {kind: Mesh, proxyTypes: [", "Gateway,", "]}}}",
     16, "error spec.targetRef.proxyTypes: must have at most 16 items\n"},
    {"{type: MeshMetric, name: p, spec: {targetRef: {kind: MeshSubset, tags: {a: ", "a", "}}}}",
     512, "error spec.targetRef.tags[\"a\"]: must have at most 512 characters\n"},
    {"{type: MeshMetric, name: p, spec: {targetRef: {kind: MeshService, name: ", "a", "}}}", 1024,
     "error spec.targetRef.name: must have at most 1024 characters\n"},
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
        TEST(policies_of_what_a_gateway_receives),
        TEST(policies_of_what_sidecars_receive),
        TEST(which_lists_a_policy_needs),
        TEST(which_direction_is_a_gateways),
        TEST(where_traffic_may_go),
        TEST(a_section_of_a_dataplane),
        TEST(policies_of_a_proxy),
        TEST(what_is_wrong_with_a_target),
        TEST(whose_the_policy_is),
        TEST(shadows),
        TEST(what_is_wrong_with_labels),
        TEST(how_much_a_policy_may_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
