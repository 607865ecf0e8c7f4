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

static void ask(struct discovery_reference reference)
{
    struct discovery *discovery = discovery_new(w.cache);
    discovery_resolve_reference(discovery, w.arena, STR("default"), &reference, &w.answer);
    discovery = discovery_free(discovery);
}

static void ask_for(enum api_target_kind kind, const char *name, uint32_t port)
{
    ask((struct discovery_reference){.kind = kind, .name = str_of(name), .port = port});
}

#define DATAPLANE(name, inbounds)                                        \
    "---\ntype: Dataplane\nmesh: default\nname: " name "\nnetworking:\n" \
    "  address: 10.0.0.1\n  inbound: [" inbounds "]\n"
#define INBOUND(port, more) "{port: " port ", tags: {kuma.io/service: web}" more "}"
#define SERVICE(name, selector, port)                                                    \
    "---\ntype: MeshService\nmesh: default\nname: " name "\nspec: {selector: {" selector \
    "}, ports: [{port: 80" port "}]}\n"
#define WEB "dataplaneTags: {kuma.io/service: web}"

static void a_selector_finds_inbounds_of_the_target_port(void **state)
{
    (void)state;
    world_put(&w, DATAPLANE("a", INBOUND("80", "") ", " INBOUND("8080", ", name: main"))
                      SERVICE("same", WEB, "") SERVICE("number", WEB, ", targetPort: 8080")
                          SERVICE("name", WEB, ", targetPort: main")
                              SERVICE("none", WEB, ", targetPort: other")
                                  SERVICE("one", "dataplaneRef: {name: a}", "")
                                      SERVICE("nobody", "dataplaneRef: {name: b}", ""));
    ask_for(API_TARGET_MESH_SERVICE, "same", 80);
    assert_endpoints(&w, "10.0.0.1:80");
    ask_for(API_TARGET_MESH_SERVICE, "number", 80);
    assert_endpoints(&w, "10.0.0.1:8080");
    ask_for(API_TARGET_MESH_SERVICE, "name", 80);
    assert_endpoints(&w, "10.0.0.1:8080");
    ask_for(API_TARGET_MESH_SERVICE, "one", 80);
    assert_endpoints(&w, "10.0.0.1:80");
    ask_for(API_TARGET_MESH_SERVICE, "none", 80);
    assert_nothing(&w, DISCOVERY_NO_MATCH,
                   "no Dataplane that MeshService none selects has an inbound of its targetPort "
                   "other");
    ask_for(API_TARGET_MESH_SERVICE, "nobody", 80);
    assert_nothing(&w, DISCOVERY_NO_MATCH,
                   "spec.selector of MeshService nobody selects no Dataplane");
}

static void inbounds_have_to_be_ready(void **state)
{
    (void)state;
    world_put(&w, DATAPLANE("a", INBOUND("80", ", state: NotReady")) SERVICE("web", WEB, ""));
    ask_for(API_TARGET_MESH_SERVICE, "web", 80);
    assert_nothing(&w, DISCOVERY_UNREADY, "no inbound that MeshService web selects is ready");
}

static void what_does_not_exist_is_unknown(void **state)
{
    (void)state;
    world_put(&w, SERVICE("web", WEB, ", name: http"));
    ask_for(API_TARGET_MESH_SERVICE, "wbe", 80);
    assert_nothing(&w, DISCOVERY_UNKNOWN,
                   "there is no MeshService wbe of mesh default (did you mean web?)");
    ask_for(API_TARGET_MESH_SERVICE, "web", 81);
    assert_nothing(&w, DISCOVERY_UNKNOWN, "MeshService web has no port 81; its ports: 80 (http)");
    ask_for(API_TARGET_MESH_SERVICE, "web", 0);
    assert_nothing(&w, DISCOVERY_UNKNOWN,
                   "no port of MeshService web is named; its ports: 80 (http)");
    ask_for(API_TARGET_MESH_EXTERNAL_SERVICE, "web", 80);
    assert_nothing(&w, DISCOVERY_UNKNOWN, "there is no MeshExternalService web of mesh default");
}

#define SLICE                                                                                  \
    "---\nkind: Service\nmetadata: {name: web, namespace: shop}\nspec: {ports: [{name: http, " \
    "port: 80}]}\n---\nkind: EndpointSlice\nmetadata: {name: web-1, namespace: shop, labels: " \
    "{kubernetes.io/service-name: web}}\nendpoints: [{addresses: [10.1.0.1], conditions: "     \
    "{ready: true}}]\nports: [{name: http, port: 8080}]\n"
#define OF_KUBERNETES(labels)                                                             \
    "---\napiVersion: kuma.io/v1alpha1\nkind: MeshService\nmetadata: {name: web, "        \
    "namespace: shop, labels: {kuma.io/mesh: default" labels "}}\nspec: {selector: {" WEB \
    "}, ports: [{port: 80}]}\n"

static const struct discovery_reference of_shop = {.kind = API_TARGET_MESH_SERVICE,
                                                   .name = STR_INIT("web"),
                                                   .namespace = STR_INIT("shop"),
                                                   .port = 80};

static void one_that_kuma_made_is_its_service(void **state)
{
    (void)state;
    world_put(&w, SLICE OF_KUBERNETES(", kuma.io/managed-by: k8s-controller")
                      DATAPLANE("a", INBOUND("80", "")));
    ask(of_shop);
    assert_endpoints(&w, "10.1.0.1:8080");
}

static void one_that_a_person_made_is_what_it_selects(void **state)
{
    (void)state;
    world_put(&w, SLICE OF_KUBERNETES("") DATAPLANE("a", INBOUND("80", "")));
    ask(of_shop);
    assert_endpoints(&w, "10.0.0.1:80");
    struct discovery_reference elsewhere = of_shop;
    elsewhere.namespace = STR("other");
    ask(elsewhere);
    assert_nothing(&w, DISCOVERY_UNKNOWN,
                   "there is no MeshService web in namespace other of mesh default (there is one "
                   "in namespace shop)");
}

#define EXTERNAL(name, spec)                                     \
    "---\ntype: MeshExternalService\nmesh: default\nname: " name \
    "\nspec: {match: {port: 443}, " spec "}\n"

static void external_ones_with_addresses_and_names(void **state)
{
    (void)state;
    world_put(&w, EXTERNAL("some", "endpoints: [{address: a.com, port: 1}, {address: 10.0.0.2, "
                                   "port: 2}]")
                      EXTERNAL("names", "endpoints: [{address: a.com, port: 1}]")
                          EXTERNAL("tls", "endpoints: [{address: 10.0.0.2, port: 2}], tls: "
                                          "{enabled: true}"));
    ask_for(API_TARGET_MESH_EXTERNAL_SERVICE, "some", 0);
    assert_endpoints(&w, "10.0.0.2:2 a.com:1");
    ask_for(API_TARGET_MESH_EXTERNAL_SERVICE, "names", 443);
    assert_endpoints(&w, "a.com:1");
    assert_true(str_equal(w.answer.endpoints[0].hostname, STR("a.com")));
    ask_for(API_TARGET_MESH_EXTERNAL_SERVICE, "tls", 443);
    assert_endpoints(&w, "10.0.0.2:2");
    assert_int_equal(w.answer.external_count, 1);
    assert_true(str_equal(w.answer.endpoints[0].tls, STR("default/MeshExternalService/tls")));
    assert_true(str_equal(w.answer.externals[0].title, STR("MeshExternalService tls")));
}

static void all_of_several_zones(void **state)
{
    (void)state;
    world_put(&w, DATAPLANE("a", INBOUND("80", "")) DATAPLANE("b", INBOUND("8080", ""))
                      SERVICE("one", WEB, "") SERVICE("two", WEB, ", targetPort: 8080") SERVICE(
                          "three", WEB, ", targetPort: 1") "---\n{type: MeshMultiZoneService, "
                                                           "mesh: default, name: all, spec: "
                                                           "{selector: {meshService: {matchLabels: "
                                                           "{kuma.io/mesh: default}}}, "
                                                           "ports: [{port: 80}, {port: 81}]}}\n");
    ask_for(API_TARGET_MESH_MULTI_ZONE_SERVICE, "all", 80);
    assert_endpoints(&w, "10.0.0.1:80 10.0.0.1:8080");
    ask_for(API_TARGET_MESH_MULTI_ZONE_SERVICE, "all", 81);
    assert_nothing(&w, DISCOVERY_NO_MATCH,
                   "no MeshService with this port has the labels that MeshMultiZoneService all "
                   "selects");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_selector_finds_inbounds_of_the_target_port, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(inbounds_have_to_be_ready, setup, teardown),
        cmocka_unit_test_setup_teardown(what_does_not_exist_is_unknown, setup, teardown),
        cmocka_unit_test_setup_teardown(one_that_kuma_made_is_its_service, setup, teardown),
        cmocka_unit_test_setup_teardown(one_that_a_person_made_is_what_it_selects, setup, teardown),
        cmocka_unit_test_setup_teardown(external_ones_with_addresses_and_names, setup, teardown),
        cmocka_unit_test_setup_teardown(all_of_several_zones, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
