#include "documents.h"

static struct manifest m;

static int teardown(void **state)
{
    (void)state;
    manifest_free(&m);
    return 0;
}

static void the_name_without_the_namespace(void **state)
{
    (void)state;
    const struct api_object *instance = instance_decode(&m, "metadata: {uid: " UID
                                                            ", name: a.b, namespace: c-d}\n");
    assert_str(instance_name(instance), "a.b");
}

static void the_ports_of_a_gateway(void **state)
{
    (void)state;
    manifest_decode(&m, "{type: MeshGateway, mesh: m, name: g, "
                        "selectors: [{match: {kuma.io/service: s}}], conf: {listeners: ["
                        "{port: 443, protocol: HTTPS}, "
                        "{port: 80, protocol: HTTP, hostname: a}, "
                        "{port: 0, protocol: HTTP}, "
                        "{port: 65536, protocol: HTTP}, "
                        "{port: 80, protocol: HTTP, hostname: b}, "
                        "{port: 65535, protocol: TCP}, "
                        "{port: 1, protocol: HTTP}]}}");
    CLEANUP(arena_free) struct arena *arena = arena_new(1024);
    size_t count = 0;
    const uint32_t *ports = instance_ports(arena, m.object->mesh_gateway, &count);
    static const uint32_t wanted[] = {443, 80, 65535, 1};
    assert_int_equal(count, ARRAY_SIZE(wanted));
    assert_memory_equal(ports, wanted, sizeof(wanted));
}

#define TEST(function) cmocka_unit_test_teardown(function, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_name_without_the_namespace),
        TEST(the_ports_of_a_gateway),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
