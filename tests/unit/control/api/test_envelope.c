#include "manifest.h"

static struct manifest m;

static int teardown(void **state)
{
    (void)state;
    manifest_free(&m);
    assert_int_equal(api_objects_alive(), 0);
    return 0;
}

/* The document is not kept, and this is said about it. */
static void assert_problem(const char *yaml, const char *wanted)
{
    manifest_decode(&m, yaml);
    assert_null(m.object);
    assert_list_is(m.problems, wanted);
}

static void what_is_no_manifest(void **state)
{
    (void)state;
    assert_problem("[1]",
                   "t.yaml:1:1: error: is no resource: it has to be an object, not a list\n");
    assert_problem("a: 1", "t.yaml:1:1: error: is no resource: it has neither type (Universal) nor "
                           "apiVersion and kind (Kubernetes)\n");
    assert_problem("kind: MeshGateway",
                   "t.yaml:1:1: error: MeshGateway: apiVersion and kind belong "
                   "together: Kuma's kinds have apiVersion: "
                   "kuma.io/v1alpha1\n");
    assert_problem("{type: MeshGatway, name: x}",
                   "t.yaml:1:2: error: MeshGatway x: type: unknown type \"MeshGatway\"; did you "
                   "mean MeshGateway?\n");
    assert_problem("{type: Qqqqqqq, name: x}",
                   "t.yaml:1:2: error: Qqqqqqq x: type: unknown type \"Qqqqqqq\"\n");
    assert_problem("{apiVersion: kuma.io/v1, kind: MeshGateway, metadata: {name: x}}",
                   "t.yaml:1:2: error: MeshGateway x: apiVersion: unknown version \"kuma.io/v1\": "
                   "write kuma.io/v1alpha1\n");
    assert_problem("{type: Mesh}", "t.yaml:1:1: error: Mesh: name: cannot be empty\n");
    assert_problem("{type: Mesh, name: no}",
                   "t.yaml:1:14: error: Mesh: name: must be a string: write it in quotes\n");
    assert_problem("{apiVersion: kuma.io/v1alpha1, kind: Mesh, metadata: {}}",
                   "t.yaml:1:44: error: Mesh: metadata: name cannot be empty\n");
}

static void kinds_that_have_no_effect_yet(void **state)
{
    (void)state;
    assert_problem(
        "{type: HostnameGenerator, mesh: m, name: x}",
        "t.yaml:1:2: warning: HostnameGenerator x: type: HostnameGenerator is not served yet: it "
        "has no effect\n");
    assert_problem("{apiVersion: kuma.io/v1alpha1, kind: MeshGatewayConfig, metadata: {name: x}}",
                   "t.yaml:1:32: warning: MeshGatewayConfig x: kind: MeshGatewayConfig is not "
                   "served yet: it has no effect\n");
}

static void kinds_of_others_are_passed_over(void **state)
{
    (void)state;
    assert_problem("{apiVersion: v1, kind: Service, metadata: {name: x}}", "");
    assert_problem("{apiVersion: apps/v1, kind: Deployment}", "");
    assert_problem("{apiVersion: v1, kind: Secret, type: Opaque, metadata: {name: x}}", "");
}

static void a_kubernetes_object(void **state)
{
    (void)state;
    manifest_decode(&m, "apiVersion: kuma.io/v1alpha1\nkind: Mesh\n"
                        "metadata: {name: m2, creationTimestamp: '1970-01-02T00:00:01.5+01:00'}\n"
                        "spec: {mtls: {}, mtl: 1}\nstatus: {}\nspek: {}\n");
    assert_findings(&m, "4:18 warning mtl: unknown field, ignored; did you mean \"mtls\"?\n"
                        "6:1 warning spek: unknown field, ignored; did you mean \"spec\"?\n");
    assert_str(m.object->key.mesh, "");
    assert_str(m.object->key.name, "m2");
    assert_int_equal(m.object->creation_time_ms, 86400000 - 3600000 + 1500);
    manifest_decode(&m, "{apiVersion: kuma.io/v1alpha1, kind: Mesh, metadata: {name: m, "
                        "creationTimestamp: null}}");
    assert_findings(&m, "");
    assert_int_equal(m.object->creation_time_ms, 0);
    manifest_decode(&m, "{apiVersion: kuma.io/v1alpha1, kind: Mesh, metadata: {name: m, "
                        "creationTimestamp: yesterday}}");
    assert_findings(&m, "1:64 warning metadata.creationTimestamp: is ignored: it is no time as RFC "
                        "3339 writes it\n");
}

static void the_metadata_of_a_kubernetes_object(void **state)
{
    (void)state;
#define MESH_OF(metadata) "{apiVersion: kuma.io/v1alpha1, kind: Mesh, metadata: " metadata "}"
    manifest_decode(&m, MESH_OF("{name: m, uid: u, generateName: g, resourceVersion: '1', "
                                "ownerReferences: [], finalizers: [], managedFields: [], labels: "
                                "null, annotations: null}"));
    assert_findings(&m, "");
    manifest_decode(&m, MESH_OF("{name: Edge_GW}"));
    assert_findings(&m, "1:55 error metadata.name: invalid characters. A lowercase RFC 1123 "
                        "subdomain must consist of lower case alphanumeric characters, '-' or '.', "
                        "and must start and end with an alphanumeric character\n");
    assert_true(m.object->broken);
    manifest_decode(&m, MESH_OF("{name: m, namespac: a, labels: [], annotations: {a: 1}}"));
    assert_findings(&m, "1:64 warning metadata.namespac: unknown field, ignored; did you mean "
                        "\"namespace\"?\n"
                        "1:77 error metadata.labels: must be an object of strings, not a list\n"
                        "1:103 error metadata.annotations[\"a\"]: must be a string: write \"1\" in "
                        "quotes\n");
    assert_problem(MESH_OF("edge"), "t.yaml:1:44: error: Mesh: metadata: must be an object, not a "
                                    "string\n");
}

static void fields_of_the_other_form(void **state)
{
    (void)state;
    manifest_decode(&m,
                    "{apiVersion: kuma.io/v1alpha1, kind: Mesh, metadata: {name: m}, mtls: {}}");
    assert_findings(&m, "1:65 warning mtls: unknown field, ignored: it stands below spec\n");
    manifest_decode(&m, "{type: Mesh, name: m, spec: {mtls: {}}}");
    assert_findings(&m, "1:23 warning spec: unknown field, ignored: in the Universal form what "
                        "stands in it stands beside type\n");
}

static void secrets_that_are_none_of_kumas(void **state)
{
    (void)state;
#define SECRET(version, type)                                                       \
    "{apiVersion: " version ", kind: Secret, metadata: {name: s}, type: " type ", " \
    "data: {value: YQ==}}"
    assert_problem(SECRET("kuma.io/v1alpha1", "system.kuma.io/secret"),
                   "t.yaml:1:2: error: Secret s: apiVersion: write v1: a Secret is a kind of "
                   "Kubernetes itself\n");
    assert_problem(
        SECRET("v1", "system.kuma.io/Secret"),
        "t.yaml:1:53: error: Secret s: type: unknown type \"system.kuma.io/Secret\"; did "
        "you mean system.kuma.io/secret?\n");
    assert_problem(
        SECRET("v1", "system.kuma.io/global-secret"),
        "t.yaml:1:53: warning: Secret s: type: GlobalSecret is not served yet: it has no "
        "effect\n");
    assert_problem(SECRET("v1", "kubernetes.io/dockerconfigjson"), "");
    assert_problem("{apiVersion: v1, kind: Secret, type: Opaque, metadata: {name: s, labels: "
                   "{kuma.io/mesh: m}}}",
                   "t.yaml:1:32: warning: Secret s: type: no gateway reads a Secret of this type, "
                   "and the label kuma.io/mesh says that one should; write system.kuma.io/secret, "
                   "or kubernetes.io/tls\n");
}

static void the_mesh_of_a_kubernetes_object(void **state)
{
    (void)state;
#define GATEWAY(mesh)                                                                        \
    "{apiVersion: kuma.io/v1alpha1, kind: MeshGateway, metadata: {name: g}, " mesh " spec: " \
    "{selectors: [{match: {kuma.io/service: s}}], conf: {listeners: [{port: 1, protocol: "   \
    "HTTP}]}}}"
    manifest_decode(&m, GATEWAY("mesh: shop,"));
    assert_findings(&m, "");
    assert_str(m.object->key.mesh, "shop");
    manifest_decode(&m, GATEWAY(""));
    assert_findings(&m, "1:1 warning mesh: is missing, which Kuma refuses: taken as \"default\". "
                        "Write mesh: default beside metadata\n");
    assert_str(m.object->key.mesh, "default");
    assert_false(m.object->broken);
    manifest_decode(&m, "{apiVersion: kuma.io/v1alpha1, kind: Dataplane, metadata: {name: d, "
                        "labels: {kuma.io/mesh: shop}}, spec: {networking: {address: 1.1.1.1, "
                        "inbound: [{port: 1, tags: {kuma.io/service: s}}]}}}");
    assert_findings(&m, "1:1 warning mesh: is missing, which Kuma refuses: taken as \"default\". "
                        "Write mesh: shop beside metadata; the label kuma.io/mesh is for other "
                        "kinds\n");
    assert_str(m.object->key.mesh, "default");
    manifest_decode(&m, GATEWAY("mesh: 5,"));
    assert_findings(&m, "1:72 error mesh: must be a string: write it in quotes\n");
    assert_true(m.object->broken);
    manifest_decode(&m, GATEWAY("mesh: '',"));
    assert_findings(&m, "1:72 error mesh: cannot be empty\n");
    assert_true(m.object->broken);
}

/* "Mesh" and "Health" are fields that nobody knows: nothing is there because of them. */
static void names_that_differ_in_case(void **state)
{
    (void)state;
    manifest_decode(&m, "type: MeshTrace\nname: e\nMesh: {}\nspec: {}\n");
    assert_findings(&m, "3:1 warning Mesh: unknown field, ignored; did you mean \"mesh\"?\n");
    assert_str(m.object->key.mesh, "default");
    manifest_decode(&m, "type: Dataplane\nmesh: m\nname: e\nnetworking:\n  address: 10.0.0.1\n"
                        "  inbound:\n  - port: 80\n    tags: {kuma.io/service: s}\n"
                        "    Health: {}\n");
    assert_true(m.object->dataplane->inbounds[0].ready);
}

static void labels_of_every_kind(void **state)
{
    (void)state;
#define UNIVERSAL(labels)                                                                    \
    "{type: Mesh" labels ", selectors: [{match: {kuma.io/service: s}}], conf: {listeners: [" \
    "{port: 1, protocol: HTTP}]}}"
    manifest_decode(&m, UNIVERSAL("Gateway, name: g, mesh: shop, labels: {kuma.io/origin: zone, "
                                  "kuma.io/mesh: shop}"));
    assert_findings(&m, "");
    manifest_decode(&m, UNIVERSAL("Gateway, name: g, mesh: shop, labels: {kuma.io/origin: moon, "
                                  "kuma.io/mesh: other}"));
    assert_findings(&m, "1:51 error labels[\"kuma.io/origin\"]: unknown resource origin "
                        "\"moon\"\n1:73 error labels[\"kuma.io/mesh\"]: kuma.io/mesh label "
                        "must not differ from mesh set on resource\n");
    manifest_decode(&m, "{type: Mesh, name: shop, labels: {kuma.io/mesh: shop}}");
    assert_findings(&m, "");
}

static void lists_of_kubernetes(void **state)
{
    (void)state;
    manifest_decode(&m, "{apiVersion: v1, kind: List, items: [1, {type: Mesh, name: m}]}");
    CLEANUP(arena_free) struct arena *arena = arena_new(1024);
    struct yaml_stream stream;
    struct yaml_error error;
    struct str text = STR("{apiVersion: v1, kind: MeshList, items: [1, 2]}\n---\n{items: []}\n");
    assert_int_equal(yaml_parse(arena, text, &stream, &error), ERR_OK);
    size_t count = 0;
    const struct jv *const *documents = api_documents(&stream.documents[0], &count);
    assert_int_equal(count, 2);
    assert_int_equal(documents[1]->type, JV_NUMBER);
    documents = api_documents(&stream.documents[1], &count);
    assert_int_equal(count, 1);
    assert_ptr_equal(documents[0], stream.documents[1]);
}

/* The manifests of the page that Kuma's users follow. */
static void kumas_own_examples(void **state)
{
    (void)state;
#define EDGE                                     \
    "type: MeshGateway\nmesh: default\n"         \
    "name: edge-gateway\nselectors:\n- match:\n" \
    "    kuma.io/service: edge-gateway\nconf:\n  listeners:\n"
    static const char *const page[] = {
        EDGE "  - port: 8080\n    protocol: HTTP\n    hostname: foo.example.com\n"
             "    tags:\n      port: http-8080 \n",
        EDGE "  - port: 8080\n    protocol: HTTP\n    hostname: foo.example.com\n"
             "    tags:\n      vhost: foo.example.com\n"
             "  - port: 8080\n    protocol: HTTP\n    hostname: bar.example.com\n"
             "    tags:\n      vhost: bar.example.com\n",
        EDGE "  - port: 8443\n    protocol: HTTPS\n    hostname: foo.example.com\n    tls:\n"
             "      mode: TERMINATE  \n      certificates:\n"
             "        - secret: foo-example-com-certificate\n    tags:\n"
             "      name: foo.example.com\n",
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: foo-example-com-certificate\n"
        "  namespace: kuma-system\n  labels:\n    kuma.io/mesh: default\ndata:\n"
        "  value: 'LS0tLS1CRUdJTg=='\ntype: system.kuma.io/secret\n",
    };
    for (size_t i = 0; i < ARRAY_SIZE(page); i++) {
        manifest_decode(&m, page[i]);
        assert_findings(&m, "");
        assert_false(m.object->broken);
        assert_str(m.object->key.mesh, "default");
    }
}

static void objects_are_counted(void **state)
{
    (void)state;
    manifest_decode(&m, "{type: Mesh, name: m}");
    const struct api_object *second = api_object_ref(m.object);
    assert_ptr_equal(second, m.object);
    assert_null(api_object_unref(second));
    assert_int_equal(api_objects_alive(), 1);
    assert_str(api_subject(m.object).kind, "Mesh");
    assert_str(api_subject(m.object).file, "t.yaml");
}

#define TEST(function) cmocka_unit_test_teardown(function, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_no_manifest),
        TEST(kinds_that_have_no_effect_yet),
        TEST(kinds_of_others_are_passed_over),
        TEST(a_kubernetes_object),
        TEST(the_metadata_of_a_kubernetes_object),
        TEST(fields_of_the_other_form),
        TEST(secrets_that_are_none_of_kumas),
        TEST(the_mesh_of_a_kubernetes_object),
        TEST(names_that_differ_in_case),
        TEST(labels_of_every_kind),
        TEST(lists_of_kubernetes),
        TEST(kumas_own_examples),
        TEST(objects_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
