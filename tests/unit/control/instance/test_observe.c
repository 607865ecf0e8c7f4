#include <stdio.h>

#include "documents.h"

#include "control/instance/observe.h"

static struct arena *arena;

static int setup(void **state)
{
    (void)state;
    arena = arena_new(4096);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena = arena_free(arena);
    return 0;
}

static const struct api_object us = {.uid = STR_INIT("u1")};

static bool owns(const char *owners)
{
    char yaml[512];
    (void)snprintf(yaml, sizeof(yaml), "{metadata: {ownerReferences: %s}}", owners);
    return instance__owns(&us, yaml_value(arena, yaml));
}

static void the_controller_owns(void **state)
{
    (void)state;
    assert_true(owns("[{uid: u1, controller: true}]"));
    assert_true(owns("[{uid: u2}, {uid: u1, controller: true}]"));
    assert_false(owns("[{uid: u1}]"));
    assert_false(owns("[{uid: u1, controller: false}]"));
    assert_false(owns("[{uid: u1, controller: 'true'}]"));
    assert_false(owns("[{uid: u2, controller: true}, {uid: u1}]"));
    assert_false(owns("[]"));
    assert_false(owns("u1"));
    assert_false(owns("[u1, 1, null, []]"));
    assert_false(instance__owns(&us, yaml_value(arena, "{}")));
    assert_false(instance__owns(&us, yaml_value(arena, "[]")));
}

static void conditions_are_found_by_type(void **state)
{
    (void)state;
    const struct jv *object = yaml_value(
        arena, "{status: {conditions: [1, {type: Progressing, status: 'True'}, {type: Available, "
               "status: 'False'}]}}");
    assert_str(jv_text(jv_get(instance__condition(object, STR("Available")), STR("status"))),
               "False");
    assert_null(instance__condition(object, STR("ReplicaFailure")));
    assert_null(instance__condition(yaml_value(arena, "{status: {conditions: {}}}"), STR("A")));
    assert_null(instance__condition(NULL, STR("A")));
}

static void assert_load_balancer(const char *service, const char *wanted)
{
    const struct jv *got = instance__load_balancer(arena, yaml_value(arena, service));
    if (wanted == NULL) {
        assert_null(got);
        return;
    }
    struct buf buf;
    buf_init(&buf, 4096);
    jv_print(got, &buf);
    assert_document(&buf, wanted);
    buf_deinit(&buf);
}

static void the_load_balancer_has_what_the_definition_knows(void **state)
{
    (void)state;
    assert_load_balancer("{status: {loadBalancer: {ingress: [{ip: 192.0.2.1, ipMode: VIP, new: 1}, "
                         "{hostname: a.test, ports: [{port: 80, protocol: TCP, new: 2}, {port: 81, "
                         "protocol: TCP, error: e}]}], new: 3}}}",
                         "{ingress: [{ip: 192.0.2.1, ipMode: VIP}, {hostname: a.test, ports: "
                         "[{port: 80, protocol: TCP}, {port: 81, protocol: TCP, error: e}]}]}");
    assert_load_balancer("{status: {loadBalancer: {}}}", NULL);
    assert_load_balancer("{status: {loadBalancer: {ingress: []}}}", NULL);
    assert_load_balancer("{status: {loadBalancer: {ingress: 1}}}", NULL);
    assert_load_balancer("{}", NULL);
    assert_null(instance__load_balancer(arena, NULL));
}

static void the_addresses_of_a_load_balancer(void **state)
{
    (void)state;
    size_t count = 9;
    const struct str *addresses = instance__ingress_addresses(
        arena,
        yaml_value(arena, "{ingress: [{ip: 192.0.2.1, hostname: a}, {}, {hostname: b.test}]}"),
        &count);
    assert_int_equal(count, 2);
    assert_str(addresses[0], "192.0.2.1");
    assert_str(addresses[1], "b.test");
    (void)instance__ingress_addresses(arena, NULL, &count);
    assert_int_equal(count, 0);
}

static void assert_cluster_addresses(const char *spec, size_t wanted_count, const char *first)
{
    char yaml[512];
    (void)snprintf(yaml, sizeof(yaml), "{spec: %s}", spec);
    size_t count = 9;
    const struct str *addresses = instance__cluster_addresses(arena, yaml_value(arena, yaml),
                                                              &count);
    assert_int_equal(count, wanted_count);
    if (count > 0)
        assert_str(addresses[0], first);
}

static void the_addresses_inside_of_the_cluster(void **state)
{
    (void)state;
    assert_cluster_addresses("{clusterIP: 10.0.0.1, clusterIPs: [10.0.0.1, 'fd00::1']}", 2,
                             "10.0.0.1");
    assert_cluster_addresses("{clusterIP: 10.0.0.1}", 1, "10.0.0.1");
    assert_cluster_addresses("{clusterIP: None, clusterIPs: [None]}", 0, NULL);
    assert_cluster_addresses("{clusterIP: None}", 0, NULL);
    assert_cluster_addresses("{clusterIP: ''}", 0, NULL);
    assert_cluster_addresses("{}", 0, NULL);
    size_t count = 9;
    (void)instance__cluster_addresses(arena, NULL, &count);
    assert_int_equal(count, 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_controller_owns),
        TEST(conditions_are_found_by_type),
        TEST(the_load_balancer_has_what_the_definition_knows),
        TEST(the_addresses_of_a_load_balancer),
        TEST(the_addresses_inside_of_the_cluster),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
