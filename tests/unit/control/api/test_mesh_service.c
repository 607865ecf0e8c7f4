#include "manifest.h"

static struct manifest m;

static int teardown(void **state)
{
    (void)state;
    manifest_free(&m);
    assert_int_equal(api_objects_alive(), 0);
    return 0;
}

static const struct api_mesh_service *service(void)
{
    return m.object->mesh_service;
}

#define SPEC                                                                 \
    "spec:\n"                                                                \
    "  state: Available\n"                                                   \
    "  selector: {dataplaneTags: {app: web}, dataplaneRef: {name: web-1}}\n" \
    "  ports:\n"                                                             \
    "  - {port: 80, name: main, targetPort: http, appProtocol: HTTP}\n"      \
    "  - {port: 81, targetPort: 8081}\n"                                     \
    "  identities: [{type: ServiceTag, value: web}, {type: SpiffeID, value: 's://'}]\n"

static void assert_everything(void)
{
    assert_findings(&m, "");
    assert_str(m.object->key.mesh, "shop");
    assert_true(service()->is_available);
    assert_str(*api_tags_find(service()->dataplane_tags, STR("app")), "web");
    assert_str(service()->dataplane_name, "web-1");
    assert_int_equal(service()->port_count, 2);
    assert_int_equal(service()->ports[0].port, 80);
    assert_str(service()->ports[0].name, "main");
    assert_str(service()->ports[0].target_port, "http");
    assert_str(service()->ports[0].protocol, "http");
    assert_str(service()->ports[1].name, "81");
    assert_str(service()->ports[1].target_port, "8081");
    assert_str(service()->ports[1].protocol, "tcp");
    assert_int_equal(service()->identity_count, 2);
    assert_int_equal(service()->identities[1].type, API_IDENTITY_SPIFFE_ID);
    assert_str(service()->identities[1].value, "s://");
}

static void a_service_with_everything(void **state)
{
    (void)state;
    manifest_decode(&m, "type: MeshService\nmesh: shop\nname: web\n" SPEC
                        "status: {vips: [{ip: 1.2.3.4}]}\n");
    assert_everything();
    manifest_decode(&m, "apiVersion: kuma.io/v1alpha1\nkind: MeshService\n"
                        "metadata: {name: web, namespace: ns, labels: {kuma.io/mesh: shop}}\n" SPEC
                        "status: {vips: [{ip: 1.2.3.4}]}\n");
    assert_everything();
    assert_str(m.object->key.name, "web.ns");
}

static void assert_spec(const char *spec, const char *findings)
{
    struct buf yaml;
    buf_init(&yaml, 4096);
    buf_printf(&yaml, "{type: MeshService, name: s, spec: {%s}}", spec);
    manifest_decode(&m, yaml.data);
    buf_deinit(&yaml);
    assert_faults(&m, findings);
}

static void what_is_wrong_with_a_service(void **state)
{
    (void)state;
    assert_spec("", "");
    assert_false(service()->is_available);
    assert_spec("state: available", "error spec.state: unknown value available: must be one of "
                                    "Unavailable, Available\n");
    assert_true(m.object->broken);
    assert_spec("ports: [{}, {port: 0}, {port: 65536, targetPort: true}, {port: 1}]",
                "error spec.ports[0].port: is required\n"
                "error spec.ports[1].port: port must be in the range [1, 65535]\n"
                "error spec.ports[2].port: port must be in the range [1, 65535]\n"
                "error spec.ports[2].targetPort: must be a number or a string, not a boolean\n");
    assert_false(m.object->broken);
    assert_true(service()->ports[2].broken);
    assert_false(service()->ports[3].broken);
    assert_spec("ports: [{port: 1, appProtocol: http}, {port: 1}, {port: 1, appProtocol: tcp}]",
                "error spec.ports[2]: this port and protocol are there before\n");
    assert_spec("ports: [{port: 1, appProtocol: udp}]",
                "warning spec.ports[0].appProtocol: is taken as tcp: known are tcp, tls, http, "
                "http2, grpc, kafka and mysql\n");
    assert_str(service()->ports[0].protocol, "tcp");
    assert_spec("identities: [{type: X}, {value: a}], selector: {dataplaneTag: {a: b}}",
                "error spec.identities[0].value: is required\n"
                "error spec.identities[0].type: unknown value X: must be one of ServiceTag, "
                "SpiffeID\n"
                "error spec.identities[1].type: is required\n"
                "warning spec.selector.dataplaneTag: unknown field, ignored; did you mean "
                "\"dataplaneTags\"?\n");
}

/* What people see is limited, and an annotation may say what that is. */
static void the_length_of_its_name(void **state)
{
    (void)state;
#define L63 "a23456789b123456789c123456789d123456789e123456789f123456789g123"
    manifest_decode(&m, "{type: MeshService, name: " L63 ", spec: {}}");
    assert_faults(&m, "");
    manifest_decode(&m, "{type: MeshService, name: " L63 "4, spec: {}}");
    assert_faults(&m, "error name: must not be longer than 63 characters\n");
    assert_true(m.object->broken);
#define NAMED(display)                                                              \
    "{apiVersion: kuma.io/v1alpha1, kind: MeshService, metadata: {name: " L63 "4, " \
    "annotations: {kuma.io/display-name: " display "}}, spec: {}}"
    manifest_decode(&m, NAMED("a"));
    assert_faults(&m, "");
    manifest_decode(&m, NAMED(L63 "5"));
    assert_faults(&m, "error name: must not be longer than 63 characters\n");
}

#define NAMED_PORT "{type: MeshService, name: s, spec: {ports: [{port: 1, "

static const struct manifest_bound bounds[] = {
    {NAMED_PORT "name: ", "a", "}]}}", 1024,
     "error spec.ports[0].name: must have at most 1024 characters\n"},
    {"{type: MeshService, name: s, spec: {identities: [", "{type: SpiffeID, value: a},", "]}}", 64,
     "error spec.identities: must have at most 64 items\n"},
    {"{type: MeshService, name: s, spec: {identities: [{type: SpiffeID, value: ", "a", "}]}}", 4096,
     "error spec.identities[0].value: must have at most 4096 characters\n"},
    {"{type: MeshService, name: s, spec: {selector: {dataplaneTags: {a: ", "a", "}}}}", 512,
     "error spec.selector.dataplaneTags[\"a\"]: must have at most 512 characters\n"},
};

static void how_much_a_service_may_say(void **state)
{
    (void)state;
    assert_bounds(&m, bounds, ARRAY_SIZE(bounds));
}

#define TEST(function) cmocka_unit_test_teardown(function, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_service_with_everything),
        TEST(what_is_wrong_with_a_service),
        TEST(the_length_of_its_name),
        TEST(how_much_a_service_may_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
