#include "manifest.h"

static struct manifest m;

static int teardown(void **state)
{
    (void)state;
    manifest_free(&m);
    assert_int_equal(api_objects_alive(), 0);
    return 0;
}

static const struct api_mesh_tcp_route *route(void)
{
    return m.object->mesh_tcp_route;
}

static void decode(const char *spec)
{
    struct buf yaml;
    buf_init(&yaml, 4096);
    buf_printf(&yaml, "{type: MeshTCPRoute, name: r, spec: {%s}}", spec);
    manifest_decode(&m, yaml.data);
    buf_deinit(&yaml);
}

static void assert_spec(const char *spec, const char *findings)
{
    decode(spec);
    assert_faults(&m, findings);
}

#define GATEWAY "targetRef: {kind: MeshGateway, name: g}, "
#define BACKEND "{kind: MeshService, name: a_svc_80, weight: 3}"
#define RULES   "rules: [{default: {backendRefs: [" BACKEND ", {kind: MeshService, name: b}]}}]"

static void assert_everything(void)
{
    assert_findings(&m, "");
    assert_false(m.object->broken);
    assert_int_equal(route()->target.kind, API_TARGET_MESH_GATEWAY);
    assert_int_equal(route()->to_count, 1);
    assert_int_equal(route()->to[0].target.kind, API_TARGET_MESH);
    assert_int_equal(route()->to[0].rule_count, 1);
    const struct api_tcp_rule *rule = &route()->to[0].rules[0];
    assert_int_equal(rule->backend_count, 2);
    assert_str(rule->backends[0].target.name, "a_svc_80");
    assert_int_equal(rule->backends[0].weight, 3);
    assert_int_equal(rule->backends[1].weight, 1);
}

static void a_route_with_everything(void **state)
{
    (void)state;
    decode(GATEWAY "to: [{targetRef: {kind: Mesh}, " RULES "}]");
    assert_everything();
    manifest_decode(&m, "apiVersion: kuma.io/v1alpha1\nkind: MeshTCPRoute\n"
                        "metadata: {name: r, namespace: kuma-system}\n"
                        "spec: {" GATEWAY "to: [{targetRef: {kind: Mesh}, " RULES "}]}\n");
    assert_everything();
    assert_str(m.object->key.name, "r.kuma-system");
}

static void what_is_wrong_with_a_route(void **state)
{
    (void)state;
#define TO   "spec.to[0]"
#define RULE TO ".rules[0]"
    assert_spec("", "warning spec.to: is missing, so this routes nothing\n");
    assert_int_equal(route()->target.kind, API_TARGET_MESH);
    assert_spec("to: []", "error spec.to: cannot be empty\n");
    assert_true(m.object->broken);
    assert_spec("targetRef: {kind: MeshHTTPRoute, name: a}, to: [{targetRef: {kind: MeshService, "
                "name: a}, rules: []}]",
                "error spec.targetRef.kind: value is not supported\n");
    assert_spec("to: [{}]", "error " TO ".rules: is required\n"
                            "error " TO ".targetRef: is required\n");
    assert_false(m.object->broken);
    assert_true(route()->to[0].broken);
    assert_spec(GATEWAY "to: [{targetRef: {kind: MeshService, name: a}, rules: [{}]}]",
                "error " TO ".targetRef.kind: value is not supported\n"
                "error " RULE ".default: is required\n");
    assert_spec(GATEWAY "to: [{targetRef: {kind: Mesh}, rules: [{default: {}}, {default: "
                        "{backendRefs: []}}]}]",
                "error " TO ".rules: must have at most 1 item\n"
                "error " RULE ".default.backendRefs: must be defined\n"
                "error " TO ".rules[1].default.backendRefs: must be defined\n");
    assert_true(route()->to[0].rules[0].broken);
    assert_spec("to: [{targetRef: {kind: Mesh}, hostnames: [a], " RULES "}]",
                "error " TO ".targetRef.kind: value is not supported\n"
                "warning " TO
                ".hostnames: unknown field, ignored; known here: targetRef and rules\n");
}

static void assert_backends(const char *backends, const char *findings)
{
    struct buf spec;
    buf_init(&spec, 4096);
    buf_printf(&spec,
               GATEWAY "to: [{targetRef: {kind: Mesh}, rules: [{default: {backendRefs: [%s]}}]}]",
               backends);
    assert_spec(spec.data, findings);
    buf_deinit(&spec);
}

static void where_a_connection_may_go(void **state)
{
    (void)state;
#define BACKENDS RULE ".default.backendRefs"
    assert_backends("{kind: MeshExternalService, name: a}", "");
    assert_backends("{kind: MeshServiceSubset, name: a, tags: {b: c}}", "");
    assert_backends("{kind: MeshMultiZoneService, name: a, port: 80}", "");
    assert_backends("{kind: MeshMultiZoneService, name: a}",
                    "error " BACKENDS "[0].port: must be defined with kind "
                    "MeshMultiZoneService\n");
    assert_backends("{kind: MeshGateway, name: a}",
                    "error " BACKENDS "[0].kind: value is not supported\n");
    assert_backends("{kind: MeshService, name: kuma.io/unresolved-backend}",
                    "error " BACKENDS "[0].name: invalid characters: must consist of lower case "
                    "alphanumeric characters, '-', '.' and '_'.\n");
    assert_backends("{kind: MeshService, name: a, weight: 0}, {kind: MeshService, name: b, weight: "
                    "0}",
                    "warning " BACKENDS ": every backend has weight 0, so there is none to choose; "
                    "give at least one a weight\n");
}

#define TEST(function) cmocka_unit_test_teardown(function, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_route_with_everything),
        TEST(what_is_wrong_with_a_route),
        TEST(where_a_connection_may_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
