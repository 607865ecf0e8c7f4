/* Dataplanes, beyond what a gateway needs. The rules' numbers are those of Kuma's reference. */
#include <stdio.h>

#include "manifest.h"

static struct manifest m;

static int teardown(void **state)
{
    (void)state;
    manifest_free(&m);
    assert_int_equal(api_objects_alive(), 0);
    return 0;
}

#define GATEWAY "gateway: {type: BUILTIN, tags: {kuma.io/service: edge}}"
#define INBOUND "inbound: [{port: 80, tags: {kuma.io/service: a}}]"

static const struct api_dataplane *decode(const char *networking)
{
    struct buf yaml;
    buf_init(&yaml, 1 << 16);
    buf_printf(&yaml, "type: Dataplane\nmesh: m\nname: dp\nnetworking: {%s}\n", networking);
    buf_append_char(&yaml, '\0');
    manifest_decode(&m, yaml.data);
    buf_deinit(&yaml);
    return m.object->dataplane;
}

static void assert_networking(const char *networking, const char *wanted)
{
    (void)decode(networking);
    assert_faults(&m, wanted);
}

static void everything_is_decoded_in_both_spellings(void **state)
{
    (void)state;
    static const char *const spelt[] = {
        "transparentProxying: {redirectPortInbound: 15006, redirectPortOutbound: '15001', "
        "directAccessServices: ['*'], reachableServices: [a], ipFamilyMode: IPv4, "
        "reachableBackends: {refs: [{kind: MeshService, name: a, port: 80}]}}, inbound: "
        "[{port: 80, name: web, tags: {kuma.io/service: a}, serviceProbe: {interval: 10s, timeout: "
        "1m30s, unhealthyThreshold: 3, healthyThreshold: 1, tcp: {}}}]",
        "transparent_proxying: {redirect_port_inbound: 15006, redirect_port_outbound: 15001, "
        "direct_access_services: ['*'], reachable_services: [a], ip_family_mode: 2, "
        "reachable_backends: {refs: [{kind: MeshService, labels: {a: b}}]}}, inbound: [{port: 80, "
        "name: web, tags: {kuma.io/service: a}, serviceProbe: {unhealthy_threshold: 3, "
        "healthy_threshold: 1}}]",
    };
    for (size_t i = 0; i < ARRAY_SIZE(spelt); i++) {
        char networking[2048];
        (void)snprintf(
            networking, sizeof(networking),
            "address: 10.0.0.1, advertisedAddress: a.test, admin: {port: 9901}, outbound: "
            "[{port: 81, address: 127.0.0.1, tags: {kuma.io/service: b}}, {port: 82, "
            "backendRef: {kind: MeshService, name: c, port: 80}}], %s",
            spelt[i]);
        const struct api_dataplane *dataplane = decode(networking);
        assert_faults(&m, "");
        assert_str(dataplane->advertised_address, "a.test");
        assert_int_equal(dataplane->admin_port, 9901);
        assert_str(dataplane->inbounds[0].name, "web");
    }
}

static void unknown_fields_are_said_at_every_depth(void **state)
{
    (void)state;
    assert_networking(
        "address: 10.0.0.1, admn: {}, transparentProxying: {redirectInbound: 1}, outbound: [{port: "
        "1, tags: {kuma.io/service: a}, adress: ''}], inbound: [{port: 80, tags: {kuma.io/service: "
        "a}, serviceProbe: {intervall: 10s}}]",
        "warning networking.admn: unknown field, ignored; did you mean \"admin\"?\n"
        "warning networking.transparentProxying.redirectInbound: unknown field, ignored; did you "
        "mean \"redirectPortInbound\"?\n"
        "warning networking.outbound[0].adress: unknown field, ignored; did you mean "
        "\"address\"?\n"
        "warning networking.inbound[0].serviceProbe.intervall: unknown field, ignored; did you "
        "mean \"interval\"?\n");
}

static void the_admin_port_is_taken(void **state)
{
    (void)state;
    assert_networking("address: 127.0.0.1, admin: {port: 80}, " INBOUND,
                      "error networking.admin.port: must differ from inbound\n");
    assert_networking("address: 10.0.0.1, admin: {port: 80}, inbound: [{port: 80, address: '::1', "
                      "tags: {kuma.io/service: a}}]",
                      "error networking.admin.port: must differ from inbound\n");
    assert_networking("address: 10.0.0.1, admin: {port: 80}, " INBOUND, "");
    assert_networking("address: 10.0.0.1, admin: {port: 81}, " INBOUND
                      ", outbound: [{port: 81, tags: {kuma.io/service: b}}]",
                      "error networking.admin.port: must differ from outbound\n");
    assert_networking("address: 10.0.0.1, admin: {port: 81}, " INBOUND
                      ", outbound: [{port: 81, address: 10.0.0.9, tags: {kuma.io/service: b}}]",
                      "");
}

static void outbounds(void **state)
{
    (void)state;
#define OUTBOUND(outbound) "address: 10.0.0.1, " INBOUND ", outbound: [" outbound "]"
#define FIELD              "error networking.outbound[0]."
    assert_networking(OUTBOUND("{}"), FIELD "port: port must be in the range [1, 65535]\n" FIELD
                                            "tags: mandatory tag \"kuma.io/service\" is missing\n");
    assert_networking(OUTBOUND("{port: 1, address: a.test, tags: {kuma.io/service: a/b}}"),
                      FIELD "address: address has to be valid IP address\n" FIELD
                            "tags[\"kuma.io/service\"]: tag value must consist of alphanumeric "
                            "characters, dots, dashes and underscores\n");
    assert_networking(OUTBOUND("{port: 1, tags: {a: b}}"),
                      FIELD "tags: mandatory tag \"kuma.io/service\" is missing\n");
    assert_networking(OUTBOUND("{port: 1, backendRef: {kind: MeshService}}"),
                      FIELD "backendRef: either 'name' or 'labels' should be specified\n");
    assert_networking(OUTBOUND("{port: 1, backendRef: {kind: Mesh, labels: {a: b}}, tags: {a: b}}"),
                      FIELD "backendRef: both backendRef and tags/service cannot be defined\n" FIELD
                            "backendRef.kind: invalid value. Available values are: "
                            "MeshExternalService,MeshMultiZoneService,MeshService\n");
    /* That is all that is said of those of a gateway. */
    assert_networking("address: 10.0.0.1, " GATEWAY ", outbound: [{}]",
                      "error networking.outbound: outbound cannot be defined for builtin "
                      "gateways\n");
}

static void backends_that_a_sidecar_reaches(void **state)
{
    (void)state;
#undef FIELD
#define FIELD "error networking.transparentProxing.reachableBackends.refs[0]."
#define REFS(ref)                                                                                  \
    "address: 10.0.0.1, " INBOUND ", transparentProxying: {reachableBackends: {refs: [{" ref "}]}" \
    "}"
    assert_networking(REFS("kind: Mesh, name: a"),
                      FIELD "kind: invalid value. Available values are: "
                            "MeshExternalService,MeshMultiZoneService,MeshService\n");
    assert_networking(REFS("kind: MeshService"), FIELD "name: name or labels are required\n");
    assert_networking(REFS("kind: MeshService, namespace: ns, labels: {a: b}"),
                      FIELD "name: name is required, when namespace is defined\n");
    assert_networking(REFS("kind: MeshService, name: nn, labels: {a: b}"),
                      FIELD "labels: labels cannot be defined when name is specified\n");
}

static void inbounds(void **state)
{
    (void)state;
#define SERVICE(fields) \
    "address: 10.0.0.1, inbound: [{port: 80, tags: {kuma.io/service: a}, " fields "}]"
    static const char loop[] = "error networking.inbound[0].serviceAddress: serviceAddress and "
                               "servicePort has to differ from address and port\n";
    assert_networking(SERVICE("serviceAddress: 10.0.0.1"), loop);
    assert_networking(SERVICE("serviceAddress: 10.0.0.1, servicePort: 80"), loop);
    assert_networking(SERVICE("serviceAddress: 10.0.0.2, address: 10.0.0.2"), loop);
    assert_networking(SERVICE("serviceAddress: 10.0.0.1, servicePort: 81"), "");
    assert_networking(SERVICE("serviceAddress: 127.0.0.1"), "");
    assert_networking(SERVICE("serviceAddress: a.test, servicePort: 65536"),
                      "error networking.inbound[0].serviceAddress: serviceAddress has to be valid "
                      "IP address\n"
                      "error networking.inbound[0].servicePort: port must be in the range [1, "
                      "65535]\n");
    assert_networking(SERVICE("serviceProbe: {interval: 10}"),
                      "error networking.inbound[0].serviceProbe.interval: must be a string such as "
                      "10s or 1m30s, not a number\n");
    assert_networking(SERVICE("serviceProbe: {interval: 10 s}"),
                      "error networking.inbound[0].serviceProbe.interval: bad Duration: \"10 s\": "
                      "write it like 10s, 1m30s or 250ms\n");
    assert_networking(SERVICE("serviceProbe: {tcp: 80}"),
                      "error networking.inbound[0].serviceProbe.tcp: must be an object, not a "
                      "number\n");
}

/* What is looked at, and not kept. */
static void what_stands_beside_networking(void **state)
{
    (void)state;
#define BESIDE "{type: Dataplane, mesh: m, name: d, networking: {address: 10.0.0.1, " INBOUND "}, "
    manifest_decode(&m, BESIDE "metrics: {type: prometheus, conf: {port: 1}}, probes: {port: 9}}");
    assert_faults(&m, "");
    manifest_decode(&m, BESIDE "metrics: [], probes: {port: no, endpoints: [{path: 1}]}}");
    assert_faults(&m, "error metrics: must be an object, not a list\n"
                      "error probes.port: must be a whole number, not a boolean\n"
                      "error probes.endpoints[0].path: must be a string: write \"1\" in quotes\n");
}

#define PROXY "{type: Dataplane, mesh: m, name: d, networking: {"
#define AT    "address: 10.0.0.1, "

static const struct manifest_bound bounds[] = {
    {PROXY AT "inbound: [", "{port: 80, tags: {kuma.io/service: a}},", "]}}", 1024,
     "error networking.inbound: must have at most 1024 items\n"},
    {PROXY AT "inbound: [{port: 80, tags: {kuma.io/service: ", "a", "}}]}}", 512,
     "error networking.inbound[0].tags[\"kuma.io/service\"]: must have at most 512 characters\n"},
    {PROXY AT INBOUND ", advertisedAddress: ", "a", "}}", 1024,
     "error networking.advertisedAddress: must have at most 1024 characters\n"},
    {PROXY AT INBOUND ", transparentProxying: {reachableServices: [", "a", "]}}}", 1024,
     "error networking.transparentProxying.reachableServices[0]: must have at most 1024 "
     "characters\n"},
    {PROXY AT INBOUND ", transparentProxying: {reachableBackends: {refs: [{kind: MeshService, "
                      "name: ",
     "a", "}]}}}}", 1024,
     "error networking.transparentProxying.reachableBackends.refs[0].name: must have at most 1024 "
     "characters\n"},
    {PROXY AT INBOUND "}, probes: {endpoints: [", "{path: a},", "]}}", 1024,
     "error probes.endpoints: must have at most 1024 items\n"},
};

static void how_much_a_dataplane_may_say(void **state)
{
    (void)state;
    assert_bounds(&m, bounds, ARRAY_SIZE(bounds));
}

#define TEST(function) cmocka_unit_test_teardown(function, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(everything_is_decoded_in_both_spellings),
        TEST(what_stands_beside_networking),
        TEST(unknown_fields_are_said_at_every_depth),
        TEST(the_admin_port_is_taken),
        TEST(outbounds),
        TEST(backends_that_a_sidecar_reaches),
        TEST(inbounds),
        TEST(how_much_a_dataplane_may_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
