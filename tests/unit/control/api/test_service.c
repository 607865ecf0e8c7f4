#include "served.h"

static struct manifest m;

static int teardown(void **state)
{
    (void)state;
    manifest_free(&m);
    assert_int_equal(api_objects_alive(), 0);
    return 0;
}

static const struct api_service *read_service(const char *yaml)
{
    served_decode(&m, API_SERVICE, yaml);
    assert_findings(&m, "");
    return m.object->service;
}

static void ports_and_their_protocols(void **state)
{
    (void)state;
    const struct api_service *service = read_service(
        "metadata: {name: web, namespace: shop, uid: u-1, generation: 3,\n"
        "  annotations: {9000.service.kuma.io/protocol: GRPC, 81.service.kuma.io/protocol: grpc}}\n"
        "spec:\n"
        "  clusterIP: 10.0.0.1\n"
        "  ports:\n"
        "  - {name: a, port: 80, protocol: TCP, appProtocol: HTTP}\n"
        "  - {name: b, port: 81, appProtocol: kubernetes.io/ws}\n"
        "  - {name: c, port: 9000, targetPort: x}\n"
        "  - {name: d, port: 53, protocol: UDP}\n"
        "  - {name: e, port: 82, appProtocol: nonsense}\n"
        "  - {name: f, port: 65536}\n");
    assert_str(m.object->key.name, "web.shop");
    assert_str(m.object->key.mesh, "");
    assert_str(m.object->namespace, "shop");
    assert_str(m.object->uid, "u-1");
    assert_int_equal(m.object->generation, 3);
    assert_int_equal(service->port_count, 5);
    static const char *const names[] = {"a", "b", "c", "d", "e"};
    static const char *const protocols[] = {"http", "grpc", "grpc", "tcp", "tcp"};
    static const uint32_t numbers[] = {80, 81, 9000, 53, 82};
    for (size_t i = 0; i < service->port_count; i++) {
        assert_str(service->ports[i].name, names[i]);
        assert_str(service->ports[i].protocol, protocols[i]);
        assert_int_equal(service->ports[i].port, numbers[i]);
        assert_int_equal(service->ports[i].is_tcp, i != 3);
    }
    assert_false(service->is_headless || service->is_external_name || service->is_ignored);
}

static void services_of_other_forms(void **state)
{
    (void)state;
    assert_true(read_service("{metadata: {name: x}, spec: {clusterIP: None}}")->is_headless);
    assert_str(m.object->key.name, "x.default");
    assert_true(read_service("{metadata: {name: x}, spec: {type: ExternalName, externalName: y}}")
                    ->is_external_name);
    assert_true(
        read_service("metadata: {name: x, annotations: {kuma.io/ignore: 'true'}}")->is_ignored);
    assert_false(
        read_service("metadata: {name: x, annotations: {kuma.io/ignore: 'false'}}")->is_ignored);
}

/* The API server has checked them; still nothing of them may break anything. */
static void what_is_no_service(void **state)
{
    (void)state;
    assert_int_equal(read_service("{metadata: {name: x}, spec: [1]}")->port_count, 0);
    assert_int_equal(read_service("{metadata: {name: x}, spec: {ports: 1}}")->port_count, 0);
    assert_int_equal(
        read_service("{metadata: {name: x}, spec: {ports: [1, {}, {port: a}]}}")->port_count, 0);
    served_decode(&m, API_SERVICE, "{spec: {}}");
    assert_null(m.object);
    assert_int_equal(finding_count(m.problems), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(ports_and_their_protocols, teardown),
        cmocka_unit_test_teardown(services_of_other_forms, teardown),
        cmocka_unit_test_teardown(what_is_no_service, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
