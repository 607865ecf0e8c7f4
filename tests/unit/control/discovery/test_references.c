#include "world.h"

static struct world w;

static int setup(void **state)
{
    (void)state;
    world_init(&w);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    world_deinit(&w);
    return 0;
}

#define SERVICE(name, more, ports)                                                                \
    "---\ntype: MeshService\nmesh: default\nname: " name "\n" more "\nspec: {ports: [" ports "]}" \
    "\n"
#define OBJECT(kind, name, spec)                                                \
    "---\napiVersion: kuma.io/v1alpha1\nkind: " kind "\nmetadata: {name: " name \
    ", namespace: shop, labels: {kuma.io/mesh: default}}\nspec: {" spec "}\n"

static struct discovery_reference by_name(const char *name, uint32_t port)
{
    return (struct discovery_reference){
        .kind = API_TARGET_MESH_SERVICE, .name = str_of(name), .port = port};
}

static bool exists(struct discovery_reference reference)
{
    return discovery_reference_exists(w.cache, STR("default"), &reference);
}

static void what_names_an_object(void **state)
{
    (void)state;
    static const struct api_tag label = {STR_INIT("a"), STR_INIT("b")};
    struct api_backend_ref spec = {.target = {.kind = API_TARGET_MESH_SERVICE, .name = STR("web")}};
    assert_false(discovery_reference_is_object(&spec));
    spec.port = 80;
    assert_true(discovery_reference_is_object(&spec));
    spec = (struct api_backend_ref){
        .target = {.kind = API_TARGET_MESH_SERVICE, .section_name = STR("http")}};
    assert_true(discovery_reference_is_object(&spec));
    spec = (struct api_backend_ref){
        .target = {.kind = API_TARGET_MESH_SERVICE, .labels = {&label, 1}}};
    assert_true(discovery_reference_is_object(&spec));
    spec = (struct api_backend_ref){
        .target = {.kind = API_TARGET_MESH_SERVICE, .name = STR("kuma.io/unresolved-backend")}};
    assert_true(discovery_reference_is_object(&spec));
    spec = (struct api_backend_ref){
        .target = {.kind = API_TARGET_MESH_SERVICE_SUBSET, .name = STR("web")}, .port = 80};
    assert_false(discovery_reference_is_object(&spec));
    spec = (struct api_backend_ref){.target = {.kind = API_TARGET_MESH_EXTERNAL_SERVICE}};
    assert_true(discovery_reference_is_object(&spec));
}

static void a_port_is_named_by_number_or_name(void **state)
{
    (void)state;
    world_put(&w, SERVICE("web", "", "{port: 80, name: http}, {port: 81}"));
    assert_true(exists(by_name("web", 80)));
    assert_true(exists(by_name("web", 81)));
    assert_false(exists(by_name("web", 82)));
    assert_false(exists(by_name("wbe", 80)));
    struct discovery_reference section = by_name("web", 0);
    assert_false(exists(section));
    section.section = STR("http");
    assert_true(exists(section));
    section.section = STR("81"); /* without a name it goes by its number */
    assert_true(exists(section));
    struct discovery_reference reference = by_name("web", 80);
    assert_false(discovery_reference_exists(w.cache, STR("other"), &reference));
}

static void the_only_port_need_not_be_named(void **state)
{
    (void)state;
    world_put(&w,
              "{type: MeshExternalService, mesh: default, name: pay, spec: {match: {port: 443}, "
              "endpoints: [{address: 10.0.0.1, port: 1}]}}");
    struct discovery_reference reference = {.kind = API_TARGET_MESH_EXTERNAL_SERVICE,
                                            .name = STR("pay")};
    assert_true(exists(reference));
    reference.port = 443;
    assert_true(exists(reference));
    reference.port = 1;
    assert_false(exists(reference));
    reference.port = 0;
    reference.section = STR("443");
    assert_true(exists(reference));
    reference.section = STR("x");
    assert_false(exists(reference));
}

static void names_are_of_a_namespace(void **state)
{
    (void)state;
    world_put(&w, OBJECT("MeshService", "web", "ports: [{port: 80}]"));
    struct discovery_reference reference = by_name("web", 80);
    assert_false(exists(reference));
    reference.namespace = STR("shop");
    assert_true(exists(reference));
    reference.namespace = STR("other");
    assert_false(exists(reference));
}

static void labels_name_the_oldest(void **state)
{
    (void)state;
    static const struct api_tag label = {STR_INIT("team"), STR_INIT("a")};
    struct discovery_reference reference = {
        .kind = API_TARGET_MESH_SERVICE, .labels = {&label, 1}, .port = 80};
    assert_false(exists(reference));
    world_put(
        &w, SERVICE("a", "labels: {team: a}\ncreationTime: '2026-01-02T00:00:00Z'", "{port: 81}"));
    assert_false(exists(reference));
    world_put(
        &w, SERVICE("b", "labels: {team: a}\ncreationTime: '2026-01-01T00:00:00Z'", "{port: 80}"));
    assert_true(exists(reference));
    world_put(
        &w, SERVICE("c", "labels: {team: b}\ncreationTime: '2025-01-01T00:00:00Z'", "{port: 81}"));
    assert_true(exists(reference));
    world_put_broken(&w, SERVICE("d", "labels: {team: a}", "{port: 0}], selector: ["));
    assert_true(exists(reference)); /* what is not valid takes nothing from others */
}

static void assert_known_as(struct discovery_reference reference, const char *key,
                            const char *service)
{
    struct str text = discovery_reference_key(w.arena, STR("m"), &reference);
    assert_true(str_equal(text, str_of(key)));
    assert_true(str_equal(discovery_reference_service(w.arena, &reference), str_of(service)));
}

static void what_it_is_known_by(void **state)
{
    (void)state;
    static const struct api_tag label = {STR_INIT("a"), STR_INIT("b")};
    assert_known_as(by_name("web", 80), "m/MeshService//web/80", "web_msvc_80");
    assert_known_as((struct discovery_reference){.kind = API_TARGET_MESH_MULTI_ZONE_SERVICE,
                                                 .name = STR("web"),
                                                 .namespace = STR("shop"),
                                                 .section = STR("http")},
                    "m/MeshMultiZoneService/shop/web/http", "web_shop_mzsvc_http");
    assert_known_as((struct discovery_reference){.kind = API_TARGET_MESH_EXTERNAL_SERVICE,
                                                 .labels = {&label, 1}},
                    "m/MeshExternalService//labels/a=b/", "by-labels_extsvc");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_names_an_object, setup, teardown),
        cmocka_unit_test_setup_teardown(a_port_is_named_by_number_or_name, setup, teardown),
        cmocka_unit_test_setup_teardown(the_only_port_need_not_be_named, setup, teardown),
        cmocka_unit_test_setup_teardown(names_are_of_a_namespace, setup, teardown),
        cmocka_unit_test_setup_teardown(labels_name_the_oldest, setup, teardown),
        cmocka_unit_test_setup_teardown(what_it_is_known_by, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
