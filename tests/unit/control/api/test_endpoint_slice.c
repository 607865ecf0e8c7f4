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

static const struct api_endpoint_slice *read_slice(const char *yaml)
{
    served_decode(&m, API_ENDPOINT_SLICE, yaml);
    assert_findings(&m, "");
    return m.object->endpoint_slice;
}

static void endpoints_and_ports(void **state)
{
    (void)state;
    const struct api_endpoint_slice *slice = read_slice(
        "metadata: {name: web-x1, namespace: shop, labels: {kubernetes.io/service-name: web}}\n"
        "addressType: IPv4\n"
        "endpoints:\n"
        "- {addresses: [10.0.0.1, 10.0.0.9], targetRef: {kind: Pod, name: web-1}}\n"
        "- {addresses: [10.0.0.2], targetRef: {kind: Node, name: n}}\n"
        "- {addresses: []}\n"
        "ports:\n"
        "- {name: http, port: 8080, protocol: TCP}\n"
        "- {name: '', port: 53, protocol: UDP}\n"
        "- {name: any, port: null}\n"
        "- {name: bad, port: 70000}\n");
    assert_str(m.object->key.name, "web-x1.shop");
    assert_str(m.object->key.mesh, "");
    assert_str(slice->service, "web");
    assert_false(slice->is_fqdn);
    assert_int_equal(slice->endpoint_count, 2);
    assert_str(slice->endpoints[0].address, "10.0.0.1");
    assert_str(slice->endpoints[0].pod, "web-1");
    assert_str(slice->endpoints[1].address, "10.0.0.2");
    assert_str(slice->endpoints[1].pod, "");
    assert_int_equal(slice->port_count, 3);
    assert_str(slice->ports[0].name, "http");
    assert_int_equal(slice->ports[0].port, 8080);
    assert_true(slice->ports[0].is_tcp);
    assert_false(slice->ports[1].is_tcp);
    assert_int_equal(slice->ports[2].port, 0);
}

static void conditions_that_are_not_there(void **state)
{
    (void)state;
    static const struct {
        const char *conditions;
        bool ready;
        bool serving;
        bool terminating;
    } cases[] = {
        {"{}", true, true, false},
        {"{ready: null}", true, true, false},
        {"{ready: true}", true, true, false},
        {"{ready: false}", false, false, false},
        {"{ready: false, serving: true, terminating: true}", false, true, true},
        {"{ready: false, terminating: true}", false, false, true},
        {"{serving: false}", true, false, false},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char yaml[256];
        (void)snprintf(yaml, sizeof(yaml),
                       "{metadata: {name: x}, endpoints: [{addresses: [a], conditions: %s}]}",
                       cases[i].conditions);
        const struct api_endpoint_slice *slice = read_slice(yaml);
        assert_int_equal(slice->endpoint_count, 1);
        assert_int_equal(slice->endpoints[0].is_ready, cases[i].ready);
        assert_int_equal(slice->endpoints[0].is_serving, cases[i].serving);
        assert_int_equal(slice->endpoints[0].is_terminating, cases[i].terminating);
    }
}

static void names_are_no_addresses(void **state)
{
    (void)state;
    assert_true(read_slice("{metadata: {name: x}, addressType: FQDN}")->is_fqdn);
}

static void what_is_no_slice(void **state)
{
    (void)state;
    const struct api_endpoint_slice *slice = read_slice(
        "{metadata: {name: x, labels: 1}, endpoints: [1, {addresses: 1}, {addresses: [2]}],"
        " ports: [1]}");
    assert_int_equal(slice->endpoint_count, 0);
    assert_str(slice->service, "");
    assert_int_equal(read_slice("{metadata: {name: x}, endpoints: 1, ports: 1}")->port_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(endpoints_and_ports, teardown),
        cmocka_unit_test_teardown(conditions_that_are_not_there, teardown),
        cmocka_unit_test_teardown(names_are_no_addresses, teardown),
        cmocka_unit_test_teardown(what_is_no_slice, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
