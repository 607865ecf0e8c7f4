#include "documents.h"

static struct manifest m;

static int teardown(void **state)
{
    (void)state;
    manifest_free(&m);
    return 0;
}

static void assert_deployment(const char *manifest, const struct instance_options *with,
                              const char *wanted)
{
    const struct api_object *instance = instance_decode(&m, manifest);
    struct buf buf;
    buf_init(&buf, 1 << 16);
    instance_deployment_print(instance, with, &buf);
    assert_document(&buf, wanted);
    buf_deinit(&buf);
}

#define OWNER                              \
    "  ownerReferences:\n"                 \
    "    - apiVersion: kuma.io/v1alpha1\n" \
    "      kind: MeshGatewayInstance\n"    \
    "      name: front\n"                  \
    "      uid: " UID "\n"                 \
    "      controller: true\n"             \
    "      blockOwnerDeletion: true\n"

#define PROBES                                                                           \
    "          livenessProbe: {httpGet: {path: /live, port: 9902}, periodSeconds: 10, "  \
    "timeoutSeconds: 5, failureThreshold: 6}\n"                                          \
    "          readinessProbe: {httpGet: {path: /ready, port: 9902}, periodSeconds: 1, " \
    "timeoutSeconds: 2, failureThreshold: 3}\n"                                          \
    "          ports: [{name: health, containerPort: 9902, protocol: TCP}]\n"            \
    "          volumeMounts:\n"                                                          \
    "            - {name: otemon-ca, mountPath: /var/run/otemon/ca, readOnly: true}\n"   \
    "            - {name: otemon-token, mountPath: /var/run/otemon/token, readOnly: true}\n"

#define VOLUMES                                                                 \
    "      volumes:\n"                                                          \
    "        - {name: otemon-ca, configMap: {name: otemon-ca}}\n"               \
    "        - name: otemon-token\n"                                            \
    "          projected: {sources: [{serviceAccountToken: {audience: otemon, " \
    "expirationSeconds: 3600, path: token}}]}\n"

static void a_deployment_of_nothing_but_defaults(void **state)
{
    (void)state;
    CLEANUP(buf_deinit) struct buf wanted;
    file_beside(&wanted, "deployment.yaml");
    assert_deployment("metadata: {uid: " UID ", name: front, namespace: edge}\n", &options,
                      wanted.data);
}

static void a_deployment_with_everything(void **state)
{
    (void)state;
    const struct instance_options other = {
        .proxy_image = STR("mirror.test/proxy@sha256:1"),
        .pull_policy = STR("IfNotPresent"),
        .operator_address = STR("op.sys.svc:1"),
        .ca_map = STR("ca"),
        .access_log = STR("json"),
        .drain_delay_s = 0,
        .drain_time_s = 7,
    };
    assert_deployment(
        "metadata: {uid: " UID ", name: front, namespace: edge, labels: {kuma.io/mesh: shop}}\n"
        "spec:\n"
        " replicas: 3\n"
        " tags: {tier: edge, kuma.io/service: mine}\n"
        " resources: {limits: {cpu: 2}}\n"
        " podTemplate:\n"
        "  metadata:\n"
        "   annotations: {kuma.io/gateway: theirs, kuma.io/tags: '{}', a: b, z: c}\n"
        "   labels: {app: theirs, kuma.io/mesh: theirs, kuma.io/sidecar-injection: enabled, l: m}\n"
        "  spec:\n"
        "   serviceAccountName: edge\n"
        "   securityContext: {fsGroup: 0}\n"
        "   container: {securityContext: {readOnlyRootFilesystem: false}}\n",
        &other,
        "apiVersion: apps/v1\n"
        "kind: Deployment\n"
        "metadata:\n"
        "  name: front\n"
        "  namespace: edge\n"
        "  labels: {app.kubernetes.io/managed-by: otemon}\n" OWNER "spec:\n"
        "  replicas: 3\n"
        "  selector: {matchLabels: {app: front}}\n"
        "  template:\n"
        "    metadata:\n"
        "      annotations:\n"
        "        a: b\n"
        "        kuma.io/gateway: builtin\n"
        "        kuma.io/tags: '{\"kuma.io/service\":\"mine\",\"tier\":\"edge\"}'\n"
        "        z: c\n"
        "      labels: {app: front, kuma.io/mesh: shop, kuma.io/sidecar-injection: enabled, l: m}\n"
        "    spec:\n"
        "      automountServiceAccountToken: false\n"
        "      enableServiceLinks: false\n"
        "      serviceAccountName: edge\n"
        "      terminationGracePeriodSeconds: 12\n"
        "      securityContext:\n"
        "        fsGroup: 0\n"
        "        runAsNonRoot: true\n"
        "        seccompProfile: {type: RuntimeDefault}\n"
        "        sysctls: [{name: net.ipv4.ip_unprivileged_port_start, value: '0'}]\n"
        "      containers:\n"
        "        - name: kuma-gateway\n"
        "          image: mirror.test/proxy@sha256:1\n"
        "          imagePullPolicy: IfNotPresent\n"
        "          args: [--operator, 'op.sys.svc:1', --ca-file, /var/run/otemon/ca/ca.crt, "
        "--token-file, /var/run/otemon/token/token, --health, ':9902', --drain-delay, '0', "
        "--drain-time, '7', --access-log, json]\n"
        "          resources: {limits: {cpu: 2}}\n"
        "          securityContext:\n"
        "            allowPrivilegeEscalation: false\n"
        "            capabilities: {drop: [ALL]}\n"
        "            readOnlyRootFilesystem: false\n" PROBES "      volumes:\n"
        "        - {name: otemon-ca, configMap: {name: ca}}\n"
        "        - name: otemon-token\n"
        "          projected: {sources: [{serviceAccountToken: {audience: otemon, "
        "expirationSeconds: 3600, path: token}}]}\n");
}

#define TEST(function) cmocka_unit_test_teardown(function, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_deployment_of_nothing_but_defaults),
        TEST(a_deployment_with_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
