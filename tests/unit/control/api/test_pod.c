#include <stdio.h>

#include "served.h"

static struct manifest m;

static int teardown(void **state)
{
    (void)state;
    manifest_free(&m);
    assert_int_equal(api_objects_alive(), 0);
    return 0;
}

static const struct api_pod *read_pod(const char *yaml)
{
    served_decode(&m, API_POD, yaml);
    assert_non_null(m.object);
    return m.object->pod;
}

static void labels_become_tags(void **state)
{
    (void)state;
    const struct api_pod *pod = read_pod(
        "apiVersion: meta.k8s.io/v1\nkind: PartialObjectMetadata\n"
        "metadata:\n"
        "  name: web-1\n"
        "  namespace: shop\n"
        "  uid: 12-34\n"
        "  labels: {version: v2, app: web, empty: '', kuma.io/mesh: m, k8s.kuma.io/x: y}\n");
    assert_findings(&m, "");
    assert_str(m.object->key.name, "web-1.shop");
    assert_str(m.object->key.mesh, "m");
    assert_str(m.object->uid, "12-34");
    assert_true(pod->has_mesh);
    assert_false(pod->is_terminating);
    assert_false(pod->is_builtin_gateway);
    assert_int_equal(pod->tags.count, 2);
    assert_str(pod->tags.items[0].name, "app");
    assert_str(pod->tags.items[0].value, "web");
    assert_str(pod->tags.items[1].name, "version");
}

static void the_mesh_of_a_pod(void **state)
{
    (void)state;
    assert_false(read_pod("metadata: {name: x}")->has_mesh);
    assert_str(m.object->key.mesh, "default");
    assert_true(read_pod("metadata: {name: x, annotations: {kuma.io/mesh: old}}")->has_mesh);
    assert_str(m.object->key.mesh, "old");
    read_pod("metadata: {name: x, labels: {kuma.io/mesh: new}, annotations: {kuma.io/mesh: old}}");
    assert_str(m.object->key.mesh, "new");
}

static void a_pod_that_ends(void **state)
{
    (void)state;
    assert_true(
        read_pod("metadata: {name: x, deletionTimestamp: '2026-01-01T00:00:00Z'}")->is_terminating);
}

static void assert_gateway_findings(const char *tags, const char *wanted)
{
    char yaml[512];
    (void)snprintf(yaml, sizeof(yaml),
                   "metadata:\n  name: x\n  annotations:\n    kuma.io/gateway: builtin\n%s", tags);
    read_pod(yaml);
    assert_findings(&m, wanted);
    assert_true(m.object->broken);
}

static void the_tags_of_a_gateway(void **state)
{
    (void)state;
    const struct api_pod *pod = read_pod(
        "metadata:\n  name: edge-1\n  annotations:\n    kuma.io/gateway: builtin\n"
        "    kuma.io/tags: '{\"kuma.io/service\":\"edge_ns_svc\",\"a\":\"b\"}'\n");
    assert_findings(&m, "");
    assert_true(pod->is_builtin_gateway);
    assert_int_equal(pod->gateway_tags.count, 2);
    assert_str(pod->gateway_tags.items[0].name, "a");
    assert_str(pod->gateway_tags.items[1].value, "edge_ns_svc");
}

#define TAGS "metadata.annotations[\"kuma.io/tags\"]"

static void tags_that_cannot_be_read(void **state)
{
    (void)state;
    assert_gateway_findings("", "3:3 error " TAGS ": is missing on a builtin gateway; write a JSON "
                                "object of strings, such as {\"kuma.io/service\":\"edge\"}\n");
    assert_gateway_findings("    kuma.io/tags: '[]'\n",
                            "5:5 error " TAGS ": must be an object of strings, not a list\n");
    assert_gateway_findings("    kuma.io/tags: '{\"a\":1,\"kuma.io/service\":\"x\"}'\n",
                            "5:5 error " TAGS "[\"a\"]: must be a string: write \"1\" in quotes\n");
    assert_gateway_findings("    kuma.io/tags: '{\"a\":\"b\"}'\n",
                            "5:5 error " TAGS ": mandatory tag \"kuma.io/service\" is missing\n");
    read_pod("metadata: {name: x, annotations: {kuma.io/gateway: builtin, kuma.io/tags: 'a=b'}}");
    assert_true(m.object->broken);
    assert_int_equal(finding_count(m.object->findings), 1);
}

static void what_is_no_gateway(void **state)
{
    (void)state;
    assert_false(read_pod("metadata: {name: x, annotations: {kuma.io/gateway: enabled}}")
                     ->is_builtin_gateway);
    assert_findings(&m, "");
    assert_false(read_pod("metadata: {name: x, annotations: {kuma.io/gateway: built-in}}")
                     ->is_builtin_gateway);
    assert_findings(&m, "1:35 error metadata.annotations[\"kuma.io/gateway\"]: must be builtin for "
                        "a gateway that MeshGateways configure, enabled or provided for one of "
                        "your own\n");
    assert_true(m.object->broken);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(labels_become_tags, teardown),
        cmocka_unit_test_teardown(the_mesh_of_a_pod, teardown),
        cmocka_unit_test_teardown(a_pod_that_ends, teardown),
        cmocka_unit_test_teardown(the_tags_of_a_gateway, teardown),
        cmocka_unit_test_teardown(tags_that_cannot_be_read, teardown),
        cmocka_unit_test_teardown(what_is_no_gateway, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
