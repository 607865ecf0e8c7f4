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

#define HEAD "apiVersion: kuma.io/v1alpha1\nkind: MeshGatewayInstance\n"

static const struct api_mesh_gateway_instance *instance(void)
{
    return m.object->mesh_gateway_instance;
}

static void assert_tag(struct api_tags tags, size_t index, const char *name, const char *value)
{
    assert_true(index < tags.count);
    assert_str(tags.items[index].name, name);
    assert_str(tags.items[index].value, value);
}

static void what_is_not_said_has_defaults(void **state)
{
    (void)state;
    static const char *const nothing[] = {"", "spec:\n", "spec: {}\n",
                                          "spec: {replicas: null, tags: null, resources: null}\n"};
    for (size_t i = 0; i < ARRAY_SIZE(nothing); i++) {
        char yaml[512];
        (void)snprintf(yaml, sizeof(yaml), HEAD "metadata: {name: front, namespace: edge}\n%s",
                       nothing[i]);
        manifest_decode(&m, yaml);
        assert_findings(&m, "");
        assert_int_equal(m.object->key.kind, API_MESH_GATEWAY_INSTANCE);
        assert_str(m.object->key.name, "front.edge");
        assert_str(m.object->key.mesh, "default");
        assert_false(m.object->broken);
        assert_int_equal(instance()->replicas, 1);
        assert_int_equal(instance()->service_type, API_SERVICE_LOAD_BALANCER);
        assert_int_equal(instance()->tags.count, 1);
        assert_tag(instance()->tags, 0, "kuma.io/service", "front_edge_svc");
        assert_str(instance()->resources, "");
        assert_str(instance()->load_balancer_ip, "");
        assert_str(instance()->service_account, "");
        assert_false(instance()->has_fs_group);
        assert_false(instance()->has_read_only_root);
    }
}

static void an_instance_with_everything(void **state)
{
    (void)state;
    manifest_decode(&m, HEAD "metadata: {name: a.b, namespace: c, labels: {kuma.io/mesh: shop}}\n"
                             "spec:\n"
                             " replicas: 3\n"
                             " serviceType: NodePort\n"
                             " tags: {zz: '1', a: '2'}\n"
                             " resources: {requests: {memory: 16Mi, cpu: 1}, limits: {}}\n"
                             " serviceTemplate:\n"
                             "  metadata: {annotations: {x: v}, labels: {l: m}}\n"
                             "  spec: {loadBalancerIP: 192.0.2.7}\n"
                             " podTemplate:\n"
                             "  metadata: {annotations: {p: q}, labels: {r: s, t: u}}\n"
                             "  spec:\n"
                             "   serviceAccountName: edge\n"
                             "   securityContext: {fsGroup: 0}\n"
                             "   container: {securityContext: {readOnlyRootFilesystem: false}}\n"
                             "status: {conditions: []}\n");
    assert_findings(&m, "");
    assert_str(m.object->key.mesh, "shop");
    assert_int_equal(instance()->replicas, 3);
    assert_int_equal(instance()->service_type, API_SERVICE_NODE_PORT);
    assert_int_equal(instance()->tags.count, 3);
    assert_tag(instance()->tags, 0, "a", "2");
    assert_tag(instance()->tags, 1, "kuma.io/service", "a.b_c_svc");
    assert_tag(instance()->tags, 2, "zz", "1");
    assert_str(instance()->resources,
               "{\"limits\":{},\"requests\":{\"cpu\":1,\"memory\":\"16Mi\"}}");
    assert_tag(instance()->service.annotations, 0, "x", "v");
    assert_tag(instance()->service.labels, 0, "l", "m");
    assert_str(instance()->load_balancer_ip, "192.0.2.7");
    assert_tag(instance()->pod.annotations, 0, "p", "q");
    assert_tag(instance()->pod.labels, 1, "t", "u");
    assert_str(instance()->service_account, "edge");
    assert_true(instance()->has_fs_group);
    assert_int_equal(instance()->fs_group, 0);
    assert_true(instance()->has_read_only_root);
    assert_false(instance()->read_only_root);
}

static void the_mesh_is_a_label_or_an_annotation(void **state)
{
    (void)state;
    manifest_decode(&m, HEAD "metadata: {name: a, annotations: {kuma.io/mesh: old}}\n");
    assert_findings(&m, "");
    assert_str(m.object->key.mesh, "old");
    assert_str(m.object->key.name, "a.default");
    manifest_decode(&m, HEAD "metadata: {name: a, annotations: {kuma.io/mesh: old}, "
                             "labels: {kuma.io/mesh: new}}\n");
    assert_str(m.object->key.mesh, "new");
    manifest_decode(&m, HEAD "metadata: {name: a}\nmesh: shop\n");
    assert_findings(&m, "4:1 warning mesh: is ignored here: write the label kuma.io/mesh\n");
    assert_str(m.object->key.mesh, "default");
    manifest_decode(&m, HEAD "metadata: {name: a, labels: {kuma.io/mesh: Shop}}\n");
    assert_true(m.object->broken);
}

static void assert_spec(const char *spec, const char *findings)
{
    char yaml[1024];
    (void)snprintf(yaml, sizeof(yaml), HEAD "metadata: {name: front, namespace: edge}\nspec: %s\n",
                   spec);
    manifest_decode(&m, yaml);
    assert_findings(&m, findings);
}

static void the_service_may_be_named(void **state)
{
    (void)state;
    assert_spec("{tags: {kuma.io/service: mine, a: b}}",
                "4:15 warning tags[\"kuma.io/service\"]: is used, though Kuma refuses this tag "
                "here: without it the pods get \"front_edge_svc\", and a MeshGateway selects them "
                "by that\n");
    assert_false(m.object->broken);
    assert_int_equal(instance()->tags.count, 2);
    assert_tag(instance()->tags, 1, "kuma.io/service", "mine");
}

static void what_is_wrong_breaks_the_instance(void **state)
{
    (void)state;
    static const struct {
        const char *spec;
        const char *findings;
    } cases[] = {
        {"{replicas: 0}",
         "4:8 error replicas: must be a whole number from 1 to 2147483647, not 0\n"},
        {"{replicas: 2147483648}", "4:8 error replicas: must be a whole number from 1 to "
                                   "2147483647, not 2147483648\n"},
        {"{replicas: '2'}", "4:8 error replicas: must be a whole number, not a string\n"},
        {"{replicas: many}", "4:8 error replicas: must be a whole number, not a string\n"},
        {"{serviceType: ClusterIp}", "4:8 error serviceType: unknown value ClusterIp: must be one "
                                     "of LoadBalancer, ClusterIP, NodePort\n"},
        {"{serviceType: 0}", "4:8 error serviceType: must be a string: write \"0\" in quotes\n"},
        {"{tags: {a: '*'}}", "4:15 error tags[\"a\"]: tag value must consist of alphanumeric "
                             "characters, dots, dashes and underscores\n"},
        {"{tags: {a: b/c}}", "4:15 error tags[\"a\"]: tag value must consist of alphanumeric "
                             "characters, dots, dashes and underscores\n"},
        {"{tags: {a: ''}}", "4:15 error tags[\"a\"]: tag value must be non-empty\n"},
        {"{resources: [1]}", "4:8 error resources: must be an object, not a list\n"},
        {"{resources: {limits: {cpu: lots}}}",
         "4:29 error resources.limits[\"cpu\"]: is no quantity: write a whole number, or like "
         "\"500m\" or \"64Mi\"\n"},
        {"{resources: {requests: {cpu: 0.5}}}",
         "4:31 error resources.requests[\"cpu\"]: is no quantity: write a whole number, or like "
         "\"500m\" or \"64Mi\"\n"},
        {"{resources: {limits: {cpu: [1]}}}",
         "4:29 error resources.limits[\"cpu\"]: must be a number or a string, not a list\n"},
        {"{resources: {limits: 2}}",
         "4:20 error resources.limits: must be an object of quantities, not a number\n"},
        {"{resources: {claims: [{request: a}]}}",
         "4:29 error resources.claims[0].name: is required\n"},
        {"{resources: {claims: [{name: a}, {name: b}, {name: a}]}}",
         "4:51 error resources.claims[2]: is there twice: \"a\"\n"},
        {"{podTemplate: {spec: {securityContext: {fsGroup: 2147483648}}}}",
         "4:47 error podTemplate.spec.securityContext.fsGroup: must be at most 2147483647\n"},
        {"{serviceTemplate: {spec: {loadBalancerIP: 1}}}",
         "4:33 error serviceTemplate.spec.loadBalancerIP: must be a string: write \"1\" in "
         "quotes\n"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        assert_spec(cases[i].spec, cases[i].findings);
        assert_true(m.object->broken);
    }
}

static void what_has_no_effect_is_said(void **state)
{
    (void)state;
    assert_spec(
        "{replica: 1, podTemplate: {spec: {tolerations: []}, metadata: {labels: {app: x, "
        "kuma.io/mesh: b}, annotations: {kuma.io/gateway: z, kuma.io/tags: '{}'}}}}",
        "4:8 warning replica: unknown field, ignored; did you mean \"replicas\"?\n"
        "4:41 warning podTemplate.spec.tolerations: unknown field, ignored; known here: container, "
        "securityContext and serviceAccountName\n"
        "4:79 warning podTemplate.metadata.labels[\"app\"]: is ignored: the operator sets "
        "this label\n"
        "4:87 warning podTemplate.metadata.labels[\"kuma.io/mesh\"]: is ignored: the "
        "operator sets this label\n"
        "4:119 warning podTemplate.metadata.annotations[\"kuma.io/gateway\"]: is ignored: "
        "the operator sets this annotation; write what the pods shall be tagged with to "
        "spec.tags\n"
        "4:139 warning podTemplate.metadata.annotations[\"kuma.io/tags\"]: is ignored: the "
        "operator sets this annotation; write what the pods shall be tagged with to "
        "spec.tags\n");
    assert_false(m.object->broken);
}

static void annotations_that_tune_kumas_proxy_are_named(void **state)
{
    (void)state;
    manifest_decode(&m,
                    HEAD "metadata: {name: a, annotations: {kuma.io/sidecar-drain-time: 9s, "
                         "kuma.io/display-name: a, kuma.io/mesh: default, example.com/x: z}}\n");
    assert_findings(&m, "3:35 warning metadata.annotations[\"kuma.io/sidecar-drain-time\"]: has no "
                        "effect: it tunes the proxy of Kuma\n");
    manifest_decode(&m, HEAD "metadata: {name: a, annotations: null}\n");
    assert_findings(&m, "");
    manifest_decode(&m, HEAD "metadata: {name: a, annotations: [kuma.io/x]}\n");
    assert_findings(&m,
                    "3:21 error metadata.annotations: must be an object of strings, not a list\n");
}

static void resources_have_a_bound(void **state)
{
    (void)state;
    struct buf yaml;
    buf_init(&yaml, 1 << 20);
    buf_printf(&yaml, HEAD "metadata: {name: a}\nspec: {resources: {x: '");
    for (size_t i = 0; i < API_JSON_SIZE_MAX; i++)
        buf_append_char(&yaml, 'y');
    buf_printf(&yaml, "'}}\n");
    buf_append_char(&yaml, '\0');
    manifest_decode(&m, yaml.data);
    buf_deinit(&yaml);
    assert_findings(&m, "4:8 error resources: is larger than 65536 bytes\n"
                        "4:20 warning resources.x: unknown field, ignored; known here: claims, "
                        "limits and requests\n");
    assert_true(m.object->broken);
}

static void it_is_a_kind_of_kubernetes(void **state)
{
    (void)state;
    manifest_decode(&m, "{type: MeshGatewayInstance, name: x, mesh: y}");
    assert_null(m.object);
    assert_list_is(m.problems,
                   "t.yaml:1:2: error: MeshGatewayInstance x: type: MeshGatewayInstance is a kind "
                   "of Kubernetes only: elsewhere a proxy is started by hand\n");
}

#define SPEC HEAD "metadata: {name: a}\nspec: {"

static const struct manifest_bound bounds[] = {
    {SPEC "tags: {a: ", "b", "}}\n", 512, "error tags[\"a\"]: must have at most 512 characters\n"},
    {SPEC "podTemplate: {metadata: {annotations: {a: ", "b", "}}}}\n", 262144,
     "error podTemplate.metadata.annotations[\"a\"]: must have at most 262144 characters\n"},
    {SPEC "podTemplate: {spec: {serviceAccountName: ", "b", "}}}\n", 1024,
     "error podTemplate.spec.serviceAccountName: must have at most 1024 characters\n"},
    {SPEC "resources: {claims: [{name: a, request: ", "b", "}]}}\n", 1024,
     "error resources.claims[0].request: must have at most 1024 characters\n"},
};

static void how_much_an_instance_may_say(void **state)
{
    (void)state;
    assert_bounds(&m, bounds, ARRAY_SIZE(bounds));
}

static void how_many_claims_there_may_be(void **state)
{
    (void)state;
    struct buf yaml;
    buf_init(&yaml, (size_t)1 << 16);
    buf_append(&yaml, STR(SPEC "resources: {claims: ["));
    for (size_t i = 0; i < 257; i++)
        buf_printf(&yaml, "{name: c%zu}, ", i);
    buf_append(&yaml, STR("]}}\n"));
    buf_append_char(&yaml, '\0');
    manifest_decode(&m, yaml.data);
    buf_deinit(&yaml);
    assert_faults(&m, "error resources.claims: must have at most 256 items\n");
}

#define TEST(function) cmocka_unit_test_teardown(function, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_not_said_has_defaults),
        TEST(an_instance_with_everything),
        TEST(the_mesh_is_a_label_or_an_annotation),
        TEST(the_service_may_be_named),
        TEST(what_is_wrong_breaks_the_instance),
        TEST(what_has_no_effect_is_said),
        TEST(annotations_that_tune_kumas_proxy_are_named),
        TEST(resources_have_a_bound),
        TEST(it_is_a_kind_of_kubernetes),
        TEST(how_much_an_instance_may_say),
        TEST(how_many_claims_there_may_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
