#include "served.h"

/* Decodes both and compares. */
static bool equal(enum api_kind kind, const char *a, const char *b)
{
    struct manifest left = {0};
    struct manifest right = {0};
    served_decode(&left, kind, a);
    served_decode(&right, kind, b);
    bool same = api_object_equal(left.object, right.object);
    manifest_free(&left);
    manifest_free(&right);
    return same;
}

/* The first stands for each of the others but itself. */
static void assert_all_differ(enum api_kind kind, const char *const *yaml, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++) {
            if (equal(kind, yaml[i], yaml[j]) != (i == j))
                fail_msg("%s\n%s", yaml[i], yaml[j]);
        }
    }
    assert_int_equal(api_objects_alive(), 0);
}

static void services(void **state)
{
    (void)state;
    static const char *const yaml[] = {
        "{metadata: {name: x}}",
        "{metadata: {name: z}}",
        "{metadata: {name: x, uid: u}}",
        "{metadata: {name: x, annotations: {kuma.io/ignore: 'true'}}}",
        "{metadata: {name: x}, spec: {clusterIP: None}}",
        "{metadata: {name: x}, spec: {type: ExternalName}}",
        "{metadata: {name: x}, spec: {ports: [{port: 1}]}}",
        "{metadata: {name: x}, spec: {ports: [{port: 2}]}}",
        "{metadata: {name: x}, spec: {ports: [{port: 1, name: a}]}}",
        "{metadata: {name: x}, spec: {ports: [{port: 1, protocol: UDP}]}}",
        "{metadata: {name: x}, spec: {ports: [{port: 1, appProtocol: http}]}}",
    };
    assert_all_differ(API_SERVICE, yaml, ARRAY_SIZE(yaml));
    assert_true(equal(API_SERVICE, "{metadata: {name: x, resourceVersion: '1', labels: {a: b}}}",
                      "{metadata: {name: x, resourceVersion: '2'}, status: {}}"));
}

static void slices(void **state)
{
    (void)state;
    static const char *const yaml[] = {
        "{metadata: {name: x}}",
        "{metadata: {name: x, labels: {kubernetes.io/service-name: s}}}",
        "{metadata: {name: x}, addressType: FQDN}",
        "{metadata: {name: x}, endpoints: [{addresses: [a]}]}",
        "{metadata: {name: x}, endpoints: [{addresses: [b]}]}",
        "{metadata: {name: x}, endpoints: [{addresses: [a], conditions: {ready: false}}]}",
        "{metadata: {name: x}, endpoints: [{addresses: [a], conditions: {serving: false}}]}",
        "{metadata: {name: x}, endpoints: [{addresses: [a], conditions: {terminating: true}}]}",
        "{metadata: {name: x}, endpoints: [{addresses: [a], targetRef: {kind: Pod, name: p}}]}",
        "{metadata: {name: x}, ports: [{port: 1}]}",
        "{metadata: {name: x}, ports: [{port: 2}]}",
        "{metadata: {name: x}, ports: [{port: 1, name: p1}]}",
        "{metadata: {name: x}, ports: [{port: 1, protocol: UDP}]}",
    };
    assert_all_differ(API_ENDPOINT_SLICE, yaml, ARRAY_SIZE(yaml));
}

static void pods(void **state)
{
    (void)state;
    static const char *const yaml[] = {
        "{metadata: {name: x}}",
        "{metadata: {name: x, uid: u}}",
        "{metadata: {name: x, labels: {a: b}}}",
        "{metadata: {name: x, labels: {a: c}}}",
        "{metadata: {name: x, labels: {kuma.io/mesh: default}}}",
        "{metadata: {name: x, deletionTimestamp: t}}",
        "{metadata: {name: x, annotations: {kuma.io/gateway: builtin, kuma.io/tags: "
        "'{\"kuma.io/service\":\"a\"}'}}}",
        "{metadata: {name: x, annotations: {kuma.io/gateway: builtin, kuma.io/tags: "
        "'{\"kuma.io/service\":\"b\"}'}}}",
    };
    assert_all_differ(API_POD, yaml, ARRAY_SIZE(yaml));
    /* What is said of it may be another each time. */
    const char *broken = "{metadata: {name: x, annotations: {kuma.io/gateway: nonsense}}}";
    assert_false(equal(API_POD, broken, broken));
}

static void tags(void **state)
{
    (void)state;
    const struct api_tag one[] = {{STR("a"), STR("1")}, {STR("b"), STR("2")}};
    const struct api_tag other[] = {{STR("a"), STR("1")}, {STR("b"), STR("3")}};
    const struct api_tag named[] = {{STR("a"), STR("1")}, {STR("c"), STR("2")}};
    const struct api_tags both = {one, 2};
    struct arena *arena = arena_new(256);
    assert_true(api_tags_equal(both, (struct api_tags){one, 2}));
    assert_false(api_tags_equal(both, (struct api_tags){one, 1}));
    assert_false(api_tags_equal(both, (struct api_tags){other, 2}));
    assert_false(api_tags_equal(both, (struct api_tags){named, 2}));
    assert_true(api_tags_equal((struct api_tags){0}, (struct api_tags){0}));
    assert_str(api_tags_key(arena, STR("m"), both), "m/a=1,b=2");
    assert_str(api_tags_key(arena, STR("m"), (struct api_tags){0}), "m/");
    arena = arena_free(arena);
}

/* Whatever else is in them: the server counts what is written to their specification. */
static void kinds_of_kuma(void **state)
{
    (void)state;
    static const enum api_kind kinds[] = {API_MESH_GATEWAY, API_MESH_GATEWAY_ROUTE,
                                          API_MESH_GATEWAY_INSTANCE};
    static const char *const yaml[] = {
        "{metadata: {name: x, namespace: a, uid: u, generation: 1}}",
        "{metadata: {name: x, namespace: a, uid: u, generation: 2}}",
        "{metadata: {name: x, namespace: a, uid: v, generation: 1}}",
        "{metadata: {name: z, namespace: a, uid: u, generation: 1}}",
    };
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        assert_all_differ(kinds[i], yaml, ARRAY_SIZE(yaml));
        assert_true(equal(kinds[i], yaml[0],
                          "{metadata: {name: x, namespace: a, uid: u, generation: 1,"
                          " resourceVersion: '2'}, status: {conditions: []}}"));
        assert_false(equal(kinds[i], "{metadata: {name: x, namespace: a, uid: u}}",
                           "{metadata: {name: x, namespace: a, uid: u}}"));
    }
}

static void labels_raise_no_generation(void **state)
{
    (void)state;
    static const char *const yaml[] = {
        "{metadata: {name: x, namespace: a, uid: u, generation: 1}}",
        "{metadata: {name: x, namespace: a, uid: u, generation: 1,"
        " labels: {kuma.io/effect: shadow}}}",
        "{metadata: {name: x, namespace: a, uid: u, generation: 1,"
        " labels: {kuma.io/mesh: other}}}",
        "{metadata: {name: x, namespace: a, uid: u, generation: 1,"
        " labels: {kuma.io/origin: nobody}}}",
    };
    assert_all_differ(API_MESH_TIMEOUT, yaml, ARRAY_SIZE(yaml));
    assert_true(equal(API_MESH_TIMEOUT, yaml[0],
                      "{metadata: {name: x, namespace: a, uid: u, generation: 1,"
                      " labels: {team: a}}}"));
}

#define SERVED "metadata: {name: x, namespace: a, uid: u, generation: "

/* Without a status of their own, Kuma's writes to it raise the generation. */
static void back_ends_of_kuma(void **state)
{
    (void)state;
    static const char *const services[] = {
        "{" SERVED "1}}",
        "{" SERVED "2}, spec: {state: Available}}",
        "{" SERVED "3}, spec: {selector: {dataplaneTags: {app: a}}}}",
        "{" SERVED "4}, spec: {selector: {dataplaneTags: {app: b}}}}",
        "{" SERVED "5}, spec: {selector: {dataplaneRef: {name: d}}}}",
        "{" SERVED "6}, spec: {ports: [{port: 1}]}}",
        "{" SERVED "7}, spec: {ports: [{port: 2, name: '1'}]}}",
        "{" SERVED "8}, spec: {ports: [{port: 1, name: n}]}}",
        "{" SERVED "9}, spec: {ports: [{port: 1, targetPort: 3}]}}",
        "{" SERVED "10}, spec: {ports: [{port: 1, appProtocol: http}]}}",
        "{" SERVED "11}, spec: {ports: [{port: 1, appProtocol: ours}]}}", /* a warning */
        "{" SERVED "12}, spec: {identities: [{type: ServiceTag, value: v}]}}",
        "{" SERVED "13}, spec: {identities: [{type: SpiffeID, value: v}]}}",
        "{" SERVED "14}, spec: {identities: [{type: ServiceTag, value: w}]}}",
        "{" SERVED "15, labels: {kuma.io/origin: zone}}}",
    };
    static const char *const zoned[] = {
        "{" SERVED "1}, spec: {selector: {meshService: {matchLabels: {app: a}}}}}",
        "{" SERVED "2}, spec: {selector: {meshService: {matchLabels: {app: b}}}}}",
        "{" SERVED "3}, spec: {selector: {meshService: {matchLabels: {app: a}}},"
        " ports: [{port: 1}]}}",
    };
    assert_all_differ(API_MESH_SERVICE, services, ARRAY_SIZE(services));
    assert_all_differ(API_MESH_MULTI_ZONE_SERVICE, zoned, ARRAY_SIZE(zoned));
    assert_true(equal(API_MESH_SERVICE, services[9],
                      "{" SERVED "16}, spec: {ports: [{port: 1, appProtocol: http}]},"
                      " status: {vips: [{ip: 240.0.0.1}]}}"));
    assert_true(equal(API_MESH_MULTI_ZONE_SERVICE, zoned[0],
                      "{" SERVED "4}, spec: {selector: {meshService: {matchLabels: {app: a}}}},"
                      " status: {meshServices: [{name: s}]}}"));
}

static void files_say_what_they_like(void **state)
{
    (void)state;
    const char *yaml = "{kind: MeshGateway, apiVersion: kuma.io/v1alpha1, mesh: default,"
                       " metadata: {name: x, uid: u, generation: 1}}";
    struct manifest left = {0};
    struct manifest right = {0};
    manifest_decode(&left, yaml);
    manifest_decode(&right, yaml);
    assert_false(api_object_equal(left.object, right.object));
    manifest_free(&left);
    manifest_free(&right);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(services),
        cmocka_unit_test(slices),
        cmocka_unit_test(pods),
        cmocka_unit_test(tags),
        cmocka_unit_test(kinds_of_kuma),
        cmocka_unit_test(labels_raise_no_generation),
        cmocka_unit_test(back_ends_of_kuma),
        cmocka_unit_test(files_say_what_they_like),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
