#include "documents.h"

static struct manifest m;

static int teardown(void **state)
{
    (void)state;
    manifest_free(&m);
    return 0;
}

static void assert_service(const char *manifest, const uint32_t *ports, size_t count,
                           const char *wanted)
{
    const struct api_object *instance = instance_decode(&m, manifest);
    struct buf buf;
    buf_init(&buf, 1 << 16);
    instance_service_print(instance, ports, count, &buf);
    assert_document(&buf, wanted);
    buf_deinit(&buf);
}

static void a_service_says_only_what_it_has_to(void **state)
{
    (void)state;
    static const uint32_t ports[] = {443, 80};
    CLEANUP(buf_deinit) struct buf wanted;
    file_beside(&wanted, "service.yaml");
    assert_service("metadata: {uid: " UID ", name: front, namespace: edge}\n", ports,
                   ARRAY_SIZE(ports), wanted.data);
}

static void what_the_template_adds(void **state)
{
    (void)state;
    static const uint32_t ports[] = {8080};
    assert_service("metadata: {uid: " UID ", name: front.two, namespace: edge}\n"
                   "spec:\n"
                   " serviceType: ClusterIP\n"
                   " serviceTemplate:\n"
                   "  metadata:\n"
                   "   annotations: {kuma.io/gateway: theirs, a: b}\n"
                   "   labels: {app.kubernetes.io/managed-by: me, l: m}\n"
                   "  spec: {loadBalancerIP: 192.0.2.7}\n",
                   ports, ARRAY_SIZE(ports),
                   "apiVersion: v1\n"
                   "kind: Service\n"
                   "metadata:\n"
                   "  name: front.two\n"
                   "  namespace: edge\n"
                   "  annotations: {kuma.io/gateway: theirs, a: b}\n"
                   "  labels: {app.kubernetes.io/managed-by: otemon, l: m}\n"
                   "  ownerReferences: [{apiVersion: kuma.io/v1alpha1, kind: MeshGatewayInstance, "
                   "name: front.two, uid: " UID ", controller: true, blockOwnerDeletion: true}]\n"
                   "spec:\n"
                   "  type: ClusterIP\n"
                   "  loadBalancerIP: 192.0.2.7\n"
                   "  selector: {app: front.two}\n"
                   "  ports: [{name: '8080', protocol: TCP, port: 8080, targetPort: 8080}]\n");
}

static void node_ports_are_the_listeners_where_they_can_be(void **state)
{
    (void)state;
    static const uint32_t ports[] = {29999, 30000, 32767, 32768};
    assert_service("metadata: {uid: " UID
                   ", name: f, namespace: e}\nspec: {serviceType: NodePort}\n",
                   ports, ARRAY_SIZE(ports),
                   "apiVersion: v1\n"
                   "kind: Service\n"
                   "metadata: {name: f, namespace: e, annotations: {kuma.io/gateway: builtin}, "
                   "labels: {app.kubernetes.io/managed-by: otemon}, "
                   "ownerReferences: [{apiVersion: kuma.io/v1alpha1, kind: MeshGatewayInstance, "
                   "name: f, uid: " UID ", controller: true, blockOwnerDeletion: true}]}\n"
                   "spec:\n"
                   "  type: NodePort\n"
                   "  selector: {app: f}\n"
                   "  ports:\n"
                   "    - {name: '29999', protocol: TCP, port: 29999, targetPort: 29999}\n"
                   "    - {name: '30000', protocol: TCP, port: 30000, targetPort: 30000, "
                   "nodePort: 30000}\n"
                   "    - {name: '32767', protocol: TCP, port: 32767, targetPort: 32767, "
                   "nodePort: 32767}\n"
                   "    - {name: '32768', protocol: TCP, port: 32768, targetPort: 32768}\n");
}

#define TEST(function) cmocka_unit_test_teardown(function, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_service_says_only_what_it_has_to),
        TEST(what_the_template_adds),
        TEST(node_ports_are_the_listeners_where_they_can_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
