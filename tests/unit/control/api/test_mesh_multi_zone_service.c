#include "manifest.h"

static struct manifest m;

static int teardown(void **state)
{
    (void)state;
    manifest_free(&m);
    assert_int_equal(api_objects_alive(), 0);
    return 0;
}

static const struct api_mesh_multi_zone_service *service(void)
{
    return m.object->mesh_multi_zone_service;
}

#define SELECTOR "selector: {meshService: {matchLabels: {kuma.io/display-name: web}}}"
#define SPEC                                                                                 \
    "spec: {" SELECTOR ", ports: [{port: 80, name: main, appProtocol: HTTP}, {port: 81}]}, " \
    "status: {vips: [{ip: 1.2.3.4}]}}"

static void assert_everything(void)
{
    assert_findings(&m, "");
    assert_int_equal(m.object->key.kind, API_MESH_MULTI_ZONE_SERVICE);
    assert_str(m.object->key.mesh, "shop");
    assert_str(*api_tags_find(service()->labels, STR("kuma.io/display-name")), "web");
    assert_int_equal(service()->port_count, 2);
    assert_int_equal(service()->ports[0].port, 80);
    assert_str(service()->ports[0].name, "main");
    assert_str(service()->ports[0].protocol, "http");
    assert_str(service()->ports[1].name, "81");
    assert_str(service()->ports[1].protocol, "tcp");
}

static void a_service_with_everything(void **state)
{
    (void)state;
    manifest_decode(&m, "{type: MeshMultiZoneService, mesh: shop, name: web, " SPEC);
    assert_everything();
    manifest_decode(&m,
                    "{apiVersion: kuma.io/v1alpha1, kind: MeshMultiZoneService, "
                    "metadata: {name: web, namespace: ns, labels: {kuma.io/mesh: shop}}, " SPEC);
    assert_everything();
    assert_str(m.object->key.name, "web.ns");
}

static void assert_spec(const char *spec, const char *findings)
{
    struct buf yaml;
    buf_init(&yaml, 4096);
    buf_printf(&yaml, "{type: MeshMultiZoneService, name: s, spec: {%s}}", spec);
    manifest_decode(&m, yaml.data);
    buf_deinit(&yaml);
    assert_faults(&m, findings);
}

static void what_is_wrong_with_its_selector(void **state)
{
    (void)state;
#define PORTS ", ports: [{port: 1}]"
    assert_spec("ports: [{port: 1}]", "error spec.selector: is required\n");
    assert_true(m.object->broken);
    assert_spec("selector: {}" PORTS, "error spec.selector.meshService: is required\n");
    assert_spec("selector: {meshService: {}}" PORTS,
                "error spec.selector.meshService.matchLabels: is required\n");
    assert_spec("selector: {meshService: {matchLabels: {}}}" PORTS,
                "error spec.selector.meshService.matchLabels: cannot be empty\n");
    assert_spec("selector: {meshService: {matchLabels: {a: 1}}}" PORTS,
                "error spec.selector.meshService.matchLabels[\"a\"]: must be a string: write \"1\" "
                "in quotes\n");
}

static void what_is_wrong_with_its_ports(void **state)
{
    (void)state;
    assert_spec(SELECTOR, "error spec.ports: cannot be empty\n");
    assert_spec(SELECTOR ", ports: []", "error spec.ports: cannot be empty\n");
    assert_spec(SELECTOR ", ports: [{}, {port: 0}, {port: 1, name: ''}, {port: 1}]",
                "error spec.ports[0].port: is required\n"
                "error spec.ports[1].port: port must be in the range [1, 65535]\n"
                "error spec.ports[2].name: must not be empty\n");
    assert_false(m.object->broken);
    assert_true(service()->ports[2].broken);
    assert_false(service()->ports[3].broken);
    static const char refused[] = "error spec.ports[0].appProtocol: appProtocol must be one of: "
                                  "grpc, http, http2, kafka, tcp\n";
    assert_spec(SELECTOR ", ports: [{port: 1, appProtocol: Kafka}]", "");
    assert_spec(SELECTOR ", ports: [{port: 1, appProtocol: mysql}]", refused);
    assert_spec(SELECTOR ", ports: [{port: 1, appProtocol: tls}]", refused);
    assert_spec(SELECTOR ", ports: [{port: 1, appProtocol: ''}]", refused);
}

#define TEST(function) cmocka_unit_test_teardown(function, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_service_with_everything),
        TEST(what_is_wrong_with_its_selector),
        TEST(what_is_wrong_with_its_ports),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
