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

#define SERVICE(name, rest) "kind: Service\nmetadata: {name: " name ", namespace: shop}\n" rest
#define SLICE(name, service)                           \
    "---\nkind: EndpointSlice\nmetadata: {name: " name \
    ", namespace: shop, labels: {kubernetes.io/service-name: " service "}}\naddressType: IPv4\n"
#define POD(name, labels) \
    "---\nkind: Pod\nmetadata: {name: " name ", namespace: shop, labels: {" labels "}}\n"
#define TWO_PORTS "spec: {ports: [{name: http, port: 80}, {name: admin, port: 90}]}\n"

static void a_port_is_found_by_its_name(void **state)
{
    (void)state;
    world_put(&w,
              SERVICE("web", TWO_PORTS) SLICE(
                  "web-1", "web") "endpoints: [{addresses: [10.0.0.1]}]\n"
                                  "ports: [{name: admin, port: 9090}, {name: http, port: 8080}]\n");
    world_ask(&w, "default", "web_shop_svc_80", NULL);
    assert_endpoints(&w, "10.0.0.1:8080");
    world_ask(&w, "default", "web_shop_svc_90", NULL);
    assert_endpoints(&w, "10.0.0.1:9090");
}

/* Pods of one Service may give a named target port different numbers: then there are slices of
 * each. A slice without a number takes the Service's. */
static void every_slice_has_its_own_port(void **state)
{
    (void)state;
    world_put(&w, SERVICE("web", "spec: {ports: [{port: 80}]}\n") SLICE(
                      "web-1",
                      "web") "endpoints: [{addresses: [10.0.0.1]}]\nports: [{name: '', port: "
                             "8080}]\n" SLICE(
                                 "web-2",
                                 "web") "endpoints: [{addresses: "
                                        "[10.0.0.2]}]\nports: [{port: "
                                        "null}]\n" SLICE(
                                            "web-3",
                                            "web") "endpoints: [{addresses: "
                                                   "[10.0.0.3]}]\nports: [{name: "
                                                   "other, port: 1}]\n" SLICE(
                                                       "web-4",
                                                       "web") "endpoints: "
                                                              "[{addresses: "
                                                              "[10.0.0.4]}]\nports:"
                                                              " [{port: 2, "
                                                              "protocol: "
                                                              "UDP}]\n" SLICE("othe"
                                                                              "r-1",
                                                                              "othe"
                                                                              "r") "endpoints: "
                                                                                   "[{addresses: "
                                                                                   "[10.0.0.5]}]"
                                                                                   "\nports: "
                                                                                   "[{port: 1}]\n");
    world_ask(&w, "default", "web_shop_svc_80", NULL);
    assert_endpoints(&w, "10.0.0.1:8080 10.0.0.2:80");
}

static void readiness(void **state)
{
    (void)state;
    world_put(&w, SERVICE("web", "spec: {ports: [{port: 80}]}\n") SLICE(
                      "web-1",
                      "web") "endpoints:\n"
                             "- {addresses: [10.0.0.1]}\n"
                             "- {addresses: [10.0.0.2], conditions: {ready: false}}\n"
                             "- {addresses: [10.0.0.3], conditions: {ready: false, serving: true, "
                             "terminating: true}}\n"
                             "ports: [{port: 80}]\n");
    world_ask(&w, "default", "web_shop_svc_80", NULL);
    assert_endpoints(&w, "10.0.0.1:80");
    world_put(&w,
              SLICE("web-1",
                    "web") "endpoints:\n"
                           "- {addresses: [10.0.0.2], conditions: {ready: false}}\n"
                           "- {addresses: [10.0.0.3], conditions: {ready: false, serving: true, "
                           "terminating: true}}\n"
                           "- {addresses: [10.0.0.4], conditions: {ready: false, serving: true}}\n"
                           "ports: [{port: 80}]\n");
    world_ask(&w, "default", "web_shop_svc_80", NULL);
    assert_endpoints(&w, "10.0.0.3:80");
    world_put(&w, SLICE("web-1",
                        "web") "endpoints: [{addresses: [10.0.0.2], conditions: {ready: false}}]\n"
                               "ports: [{port: 80}]\n");
    world_ask(&w, "default", "web_shop_svc_80", NULL);
    assert_nothing(&w, DISCOVERY_UNREADY, "no endpoint of Service web in namespace shop is ready");
}

static void a_service_without_slices(void **state)
{
    (void)state;
    world_put(&w, SERVICE("web", "spec: {ports: [{port: 80}]}\n"));
    world_ask(&w, "default", "web_shop_svc_80", NULL);
    assert_nothing(&w, DISCOVERY_UNREADY, "no endpoint of Service web in namespace shop is ready");
}

static void tags_come_from_the_pod_and_the_service(void **state)
{
    (void)state;
    world_put(
        &w,
        SERVICE("web", "spec: {clusterIP: None, ports: [{port: 80, appProtocol: http}]}\n")
            SLICE("web-1", "web") "endpoints:\n"
                                  "- {addresses: [10.0.0.1], targetRef: {kind: Pod, name: web-1}}\n"
                                  "- {addresses: [10.0.0.2], targetRef: {kind: Pod, name: web-2}}\n"
                                  "- {addresses: [10.0.0.3]}\n"
                                  "ports: [{port: 80}]\n" POD("web-1", "version: v1")
                                      POD("web-2", "version: v2, kuma.io/x: y"));
    static const struct {
        const char *tag;
        const char *endpoints;
    } cases[] = {
        {"version=v1", "10.0.0.1:80"},
        {"version=v2", "10.0.0.2:80"},
        {"version=*", "10.0.0.1:80 10.0.0.2:80"},
        {"version=v3", ""},
        {"kuma.io/x=y", ""},
        {"kuma.io/instance=web-2", "10.0.0.2:80"},
        {"kuma.io/protocol=http", "10.0.0.1:80 10.0.0.2:80 10.0.0.3:80"},
        {"kuma.io/protocol=tcp", ""},
        {"k8s.kuma.io/namespace=shop", "10.0.0.1:80 10.0.0.2:80 10.0.0.3:80"},
        {"k8s.kuma.io/service-name=web", "10.0.0.1:80 10.0.0.2:80 10.0.0.3:80"},
        {"k8s.kuma.io/service-port=80", "10.0.0.1:80 10.0.0.2:80 10.0.0.3:80"},
        {"k8s.kuma.io/service-port=81", ""},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        world_ask(&w, "default", "web_shop_svc_80", cases[i].tag);
        assert_endpoints(&w, cases[i].endpoints);
    }
    world_ask(&w, "default", "web_shop_svc_80", "version=v3");
    assert_nothing(&w, DISCOVERY_NO_MATCH,
                   "no pod of Service web in namespace shop has the other tags of the destination "
                   "as labels, or all of them belong to another mesh than default");
}

/* A pod that says of which mesh it is belongs to that alone; others are reached from all. */
static void the_mesh_of_a_pod(void **state)
{
    (void)state;
    world_put(&w,
              SERVICE("web", "spec: {ports: [{port: 80}]}\n")
                  SLICE("web-1",
                        "web") "endpoints:\n"
                               "- {addresses: [10.0.0.1], targetRef: {kind: Pod, name: web-1}}\n"
                               "- {addresses: [10.0.0.2], targetRef: {kind: Pod, name: web-2}}\n"
                               "- {addresses: [10.0.0.3], targetRef: {kind: Pod, name: unseen}}\n"
                               "ports: [{port: 80}]\n" POD("web-1", "kuma.io/mesh: one")
                                   POD("web-2", ""));
    world_ask(&w, "one", "web_shop_svc_80", NULL);
    assert_endpoints(&w, "10.0.0.1:80 10.0.0.2:80 10.0.0.3:80");
    world_ask(&w, "two", "web_shop_svc_80", NULL);
    assert_endpoints(&w, "10.0.0.2:80 10.0.0.3:80");
}

static void what_leads_nowhere(void **state)
{
    (void)state;
    world_put(
        &w, SERVICE("out", "spec: {type: ExternalName, externalName: x.y, ports: [{port: 80}]}\n"));
    world_put(&w, SERVICE("dns", "spec: {ports: [{port: 53, protocol: UDP}]}\n"));
    world_put(&w, "kind: Service\n"
                  "metadata: {name: ign, namespace: shop, annotations: {kuma.io/ignore: 'true'}}\n"
                  "spec: {ports: [{port: 80}]}\n");
    world_put(
        &w,
        SERVICE("far", "spec: {ports: [{port: 80}]}\n") "---\nkind: EndpointSlice\nmetadata: "
                                                        "{name: far-1, namespace: shop, labels: "
                                                        "{kubernetes.io/service-name: "
                                                        "far}}\naddressType: FQDN\n"
                                                        "endpoints: [{addresses: "
                                                        "[x.example.com]}]\nports: [{port: 80}]\n");
    world_ask(&w, "default", "out_shop_svc_80", NULL);
    assert_nothing(&w, DISCOVERY_UNUSABLE,
                   "Service out in namespace shop is of type ExternalName, which has no endpoints; "
                   "name the Service it stands for");
    world_ask(&w, "default", "dns_shop_svc_53", NULL);
    assert_nothing(&w, DISCOVERY_UNUSABLE, "port 53 of Service dns in namespace shop is not TCP");
    world_ask(&w, "default", "ign_shop_svc_80", NULL);
    assert_nothing(&w, DISCOVERY_UNUSABLE,
                   "Service ign in namespace shop has the annotation kuma.io/ignore; remove it");
    world_ask(&w, "default", "far_shop_svc_80", NULL);
    assert_nothing(&w, DISCOVERY_UNUSABLE,
                   "EndpointSlice far-1.shop holds names, which Kubernetes does not follow either; "
                   "write addresses");
}

static void what_is_not_there_names_what_is(void **state)
{
    (void)state;
    world_put(&w, SERVICE("web", TWO_PORTS));
    world_put(&w, "kind: Service\nmetadata: {name: api, namespace: other}\n");
    world_ask(&w, "default", "web_shop_svc_8080", NULL);
    assert_nothing(&w, DISCOVERY_UNKNOWN,
                   "Service web in namespace shop has no port 8080; its ports: 80 (http), 90 "
                   "(admin)");
    world_ask(&w, "default", "wep_shop_svc_80", NULL);
    assert_nothing(&w, DISCOVERY_UNKNOWN,
                   "there is no Service wep in namespace shop (did you mean web?)");
    world_ask(&w, "default", "api_shop_svc_80", NULL);
    assert_nothing(&w, DISCOVERY_UNKNOWN,
                   "there is no Service api in namespace shop (there is one in namespace other)");
    world_ask(&w, "default", "something_shop_svc_80", NULL);
    assert_nothing(&w, DISCOVERY_UNKNOWN, "there is no Service something in namespace shop");
    world_ask(&w, "default", "api_other_svc_80", NULL);
    assert_nothing(&w, DISCOVERY_UNKNOWN,
                   "Service api in namespace other has no port 80; its ports: none");
}

static void a_name_that_is_not_spelled_as_destinations_are(void **state)
{
    (void)state;
    static const char *const names[] = {"web", "web_shop", "web_shop_svc", "web.shop.svc"};
    world_put(&w, SERVICE("web", TWO_PORTS));
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        world_ask(&w, "default", names[i], NULL);
        assert_nothing(&w, DISCOVERY_UNKNOWN,
                       "no Dataplane has an inbound with this service in mesh default (did you "
                       "mean web_shop_svc_80?)");
    }
    world_ask(&w, "default", "we", NULL);
    assert_nothing(&w, DISCOVERY_UNKNOWN,
                   "no Dataplane has an inbound with this service in mesh default");
}

/* A Service decides about its back ends; a Dataplane only where there is no such Service. */
static void services_come_before_dataplanes(void **state)
{
    (void)state;
    const char *dataplane = "type: Dataplane\nmesh: default\nname: web-1\nnetworking:\n"
                            "  address: 10.9.9.9\n  inbound:\n"
                            "  - {port: 1, tags: {kuma.io/service: web_shop_svc_80}}\n";
    world_put(&w, dataplane);
    world_put(&w, SERVICE("other", TWO_PORTS));
    world_ask(&w, "default", "web_shop_svc_80", NULL);
    assert_endpoints(&w, "10.9.9.9:1");
    world_put(&w, SERVICE("web", TWO_PORTS));
    world_ask(&w, "default", "web_shop_svc_80", NULL);
    assert_endpoints(&w, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_port_is_found_by_its_name, setup, teardown),
        cmocka_unit_test_setup_teardown(every_slice_has_its_own_port, setup, teardown),
        cmocka_unit_test_setup_teardown(readiness, setup, teardown),
        cmocka_unit_test_setup_teardown(a_service_without_slices, setup, teardown),
        cmocka_unit_test_setup_teardown(tags_come_from_the_pod_and_the_service, setup, teardown),
        cmocka_unit_test_setup_teardown(the_mesh_of_a_pod, setup, teardown),
        cmocka_unit_test_setup_teardown(what_leads_nowhere, setup, teardown),
        cmocka_unit_test_setup_teardown(a_name_that_is_not_spelled_as_destinations_are, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_is_not_there_names_what_is, setup, teardown),
        cmocka_unit_test_setup_teardown(services_come_before_dataplanes, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
