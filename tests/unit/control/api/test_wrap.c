/* Objects printed in either envelope, word by word. */
#include "manifest.h"

/* `yaml`, printed in `envelope`, is `wanted`, with these findings about what has no place there. */
static void assert_prints(const char *yaml, enum api_envelope envelope, const char *wanted,
                          const char *findings)
{
    const struct api_origin origin = {.file = STR("t.yaml")};
    CLEANUP(arena_free) struct arena *arena = arena_new(4096);
    CLEANUP(finding_list_free) struct finding_list *problems = finding_list_new();
    struct yaml_stream stream;
    struct yaml_error error;
    assert_int_equal(yaml_parse(arena, str_of(yaml), &stream, &error), ERR_OK);
    const struct api_object *object = api_decode(stream.documents[0], &origin, problems);
    assert_non_null(object);
    const struct jv *printed = api_print(arena, stream.documents[0], object, envelope,
                                         STR("kuma-system"), problems);
    struct buf text;
    buf_init(&text, 1 << 20);
    if (printed != NULL)
        yaml_print(printed, &text);
    buf_append_char(&text, '\0');
    assert_string_equal(text.data, wanted);
    assert_list_is(problems, findings);
    buf_deinit(&text);
    assert_null(api_object_unref(object));
}

/* Two texts of one object: each is the other one printed, and itself. */
static void assert_forms(const char *universal, const char *kubernetes)
{
    assert_prints(universal, API_UNIVERSAL, universal, "");
    assert_prints(kubernetes, API_KUBERNETES, kubernetes, "");
    assert_prints(universal, API_KUBERNETES, kubernetes, "");
    assert_prints(kubernetes, API_UNIVERSAL, universal, "");
}

static void test_older_kinds(void **state)
{
    (void)state;
    assert_forms("type: MeshGateway\n"
                 "mesh: shop\n"
                 "name: edge\n"
                 "labels:\n"
                 "  kuma.io/origin: zone\n"
                 "  team: web\n"
                 "creationTime: \"2026-01-31T10:00:00Z\"\n"
                 "selectors:\n"
                 "- match:\n"
                 "    kuma.io/service: edge\n"
                 "conf:\n"
                 "  listeners:\n"
                 "  - port: 8080\n"
                 "    protocol: HTTP\n",
                 "apiVersion: kuma.io/v1alpha1\n"
                 "kind: MeshGateway\n"
                 "mesh: shop\n"
                 "metadata:\n"
                 "  name: edge\n"
                 "  labels:\n"
                 "    kuma.io/origin: zone\n"
                 "    team: web\n"
                 "  creationTimestamp: \"2026-01-31T10:00:00Z\"\n"
                 "spec:\n"
                 "  selectors:\n"
                 "  - match:\n"
                 "      kuma.io/service: edge\n"
                 "  conf:\n"
                 "    listeners:\n"
                 "    - port: 8080\n"
                 "      protocol: HTTP\n");
    assert_forms("type: Mesh\nname: shop\n",
                 "apiVersion: kuma.io/v1alpha1\nkind: Mesh\nmetadata:\n  name: shop\n");
}

static void test_newer_kinds(void **state)
{
    (void)state;
    assert_forms("type: MeshService\n"
                 "mesh: shop\n"
                 "name: cart.kuma-demo\n"
                 "labels:\n"
                 "  k8s.kuma.io/namespace: kuma-demo\n"
                 "  kuma.io/display-name: cart\n"
                 "spec:\n"
                 "  state: Unavailable\n"
                 "  ports: []\n"
                 "status:\n"
                 "  vips: []\n",
                 "apiVersion: kuma.io/v1alpha1\n"
                 "kind: MeshService\n"
                 "metadata:\n"
                 "  name: cart\n"
                 "  namespace: kuma-demo\n"
                 "  labels:\n"
                 "    kuma.io/mesh: shop\n"
                 "  annotations:\n"
                 "    kuma.io/display-name: cart\n"
                 "spec:\n"
                 "  state: Unavailable\n"
                 "  ports: []\n"
                 "status:\n"
                 "  vips: []\n");
}

/* The namespace is what the caller says, unless a label says it. */
static void test_namespaces(void **state)
{
    (void)state;
    assert_prints("type: MeshHTTPRoute\nname: a.b\nspec: {}\n", API_KUBERNETES,
                  "apiVersion: kuma.io/v1alpha1\n"
                  "kind: MeshHTTPRoute\n"
                  "metadata:\n"
                  "  name: a.b\n"
                  "  namespace: kuma-system\n"
                  "  labels:\n"
                  "    kuma.io/mesh: default\n"
                  "spec: {}\n",
                  "");
    assert_prints("type: MeshHTTPRoute\n"
                  "name: a.b\n"
                  "labels: {k8s.kuma.io/namespace: c}\n"
                  "spec: {}\n",
                  API_KUBERNETES,
                  "apiVersion: kuma.io/v1alpha1\n"
                  "kind: MeshHTTPRoute\n"
                  "metadata:\n"
                  "  name: a.b\n"
                  "  namespace: c\n"
                  "  labels:\n"
                  "    kuma.io/mesh: default\n"
                  "spec: {}\n",
                  "");
    assert_prints("apiVersion: kuma.io/v1alpha1\n"
                  "kind: MeshHTTPRoute\n"
                  "metadata: {name: a}\n"
                  "spec: {}\n",
                  API_UNIVERSAL,
                  "type: MeshHTTPRoute\n"
                  "mesh: default\n"
                  "name: a.default\n"
                  "labels:\n"
                  "  k8s.kuma.io/namespace: default\n"
                  "spec: {}\n",
                  "");
}

/* What the API server keeps of an object stays in its envelope, and the rest is named. */
static void test_metadata(void **state)
{
    (void)state;
    const char *text = "apiVersion: kuma.io/v1alpha1\n"
                       "kind: Mesh\n"
                       "metadata:\n"
                       "  name: shop\n"
                       "  labels:\n"
                       "    a: b\n"
                       "  annotations:\n"
                       "    example.com/owner: web\n"
                       "    kubectl.kubernetes.io/last-applied-configuration: '{}'\n"
                       "    kuma.io/effect: shadow\n"
                       "  uid: 1f\n"
                       "  generation: 7\n"
                       "spec:\n"
                       "  logging:\n"
                       "    backends: null\n"
                       "status:\n"
                       "  conditions: []\n";
    assert_prints(text, API_KUBERNETES, text, "");
    assert_prints(text, API_UNIVERSAL,
                  "type: Mesh\n"
                  "name: shop\n"
                  "labels:\n"
                  "  a: b\n"
                  "  kuma.io/effect: shadow\n"
                  "logging:\n"
                  "  backends: null\n",
                  "t.yaml:8:5: warning: Mesh shop: metadata.annotations[\"example.com/owner\"]: is "
                  "left out: in Universal there are labels only\n");
    assert_prints(
        "apiVersion: kuma.io/v1alpha1\n"
        "kind: Mesh\n"
        "metadata: {name: shop, creationTimestamp: null, labels: [a]}\n",
        API_UNIVERSAL, "type: Mesh\nname: shop\n",
        "t.yaml:3:49: warning: Mesh shop: metadata.labels: is left out: it has to be an object of "
        "strings\n");
    assert_prints("apiVersion: kuma.io/v1alpha1\n"
                  "kind: Mesh\n"
                  "metadata: {labls: {a: b}, uid: 1f, name: shop}\n",
                  API_KUBERNETES,
                  "apiVersion: kuma.io/v1alpha1\n"
                  "kind: Mesh\n"
                  "metadata:\n"
                  "  name: shop\n"
                  "  uid: 1f\n",
                  ""); /* of the label it was said when the object was decoded */
}

static void test_secrets(void **state)
{
    (void)state;
    assert_forms("type: Secret\n"
                 "mesh: shop\n"
                 "name: edge\n"
                 "data: eHh4\n",
                 "apiVersion: v1\n"
                 "kind: Secret\n"
                 "metadata:\n"
                 "  name: edge\n"
                 "  namespace: kuma-system\n"
                 "  labels:\n"
                 "    kuma.io/mesh: shop\n"
                 "type: system.kuma.io/secret\n"
                 "data:\n"
                 "  value: eHh4\n");
    assert_prints("apiVersion: v1\n"
                  "kind: Secret\n"
                  "metadata: {name: edge, namespace: kuma-system}\n"
                  "type: kubernetes.io/tls\n"
                  "data: {tls.crt: Yg==, ca.crt: Yw==}\n"
                  "stringData: {tls.key: a}\n",
                  API_UNIVERSAL,
                  "type: Secret\n"
                  "mesh: default\n"
                  "name: edge\n"
                  "data: YQpi\n",
                  "t.yaml:5:23: warning: Secret edge (mesh default): data[\"ca.crt\"]: is left "
                  "out: in Universal a Secret has one value\n");
    assert_prints("type: Secret\nmesh: shop\nname: edge\ndata: |\n  eHh4\n  eHh4\n", API_UNIVERSAL,
                  "type: Secret\nmesh: shop\nname: edge\ndata: eHh4eHh4\n", "");
    assert_prints("type: Secret\nmesh: shop\nname: edge\ndata: '%'\n", API_KUBERNETES,
                  "apiVersion: v1\n"
                  "kind: Secret\n"
                  "metadata:\n"
                  "  name: edge\n"
                  "  namespace: kuma-system\n"
                  "  labels:\n"
                  "    kuma.io/mesh: shop\n"
                  "type: system.kuma.io/secret\n"
                  "data:\n"
                  "  value: '%'\n",
                  "");
}

static void test_kinds_of_kubernetes(void **state)
{
    (void)state;
    const char *text = "apiVersion: kuma.io/v1alpha1\n"
                       "kind: MeshGatewayInstance\n"
                       "metadata:\n"
                       "  name: edge\n"
                       "  namespace: shop\n"
                       "spec:\n"
                       "  replicas: 0\n";
    assert_prints(text, API_KUBERNETES, text, "");
    assert_prints(text, API_UNIVERSAL, "",
                  "t.yaml:1:1: error: MeshGatewayInstance edge.shop (mesh default): kind: is left "
                  "out: it is a kind of Kubernetes only. Elsewhere a proxy is started by hand, and "
                  "its Dataplane says which gateway it is\n");
}

/* Where it stood, a mesh that is none stays. */
static void test_meshes(void **state)
{
    (void)state;
    assert_prints("type: MeshHTTPRoute\nname: a\nmesh: 5\nspec: {}\n", API_UNIVERSAL,
                  "type: MeshHTTPRoute\nmesh: 5\nname: a\nspec: {}\n", "");
    assert_prints("apiVersion: kuma.io/v1alpha1\n"
                  "kind: MeshGateway\n"
                  "metadata: {name: a}\n",
                  API_KUBERNETES,
                  "apiVersion: kuma.io/v1alpha1\n"
                  "kind: MeshGateway\n"
                  "mesh: default\n"
                  "metadata:\n"
                  "  name: a\n",
                  "");
    assert_prints("apiVersion: kuma.io/v1alpha1\n"
                  "kind: MeshGateway\n"
                  "mesh: ''\n"
                  "metadata: {name: a}\n"
                  "spec: 7\n",
                  API_KUBERNETES,
                  "apiVersion: kuma.io/v1alpha1\n"
                  "kind: MeshGateway\n"
                  "mesh: \"\"\n"
                  "metadata:\n"
                  "  name: a\n"
                  "spec: 7\n",
                  "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_older_kinds),
        cmocka_unit_test(test_newer_kinds),
        cmocka_unit_test(test_namespaces),
        cmocka_unit_test(test_metadata),
        cmocka_unit_test(test_secrets),
        cmocka_unit_test(test_meshes),
        cmocka_unit_test(test_kinds_of_kubernetes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
