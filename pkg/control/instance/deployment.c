/* The Deployment. Members stand in the order of their names, which the writer insists on. */
#include "control/instance/parts.h"

#include "control/select/select.h"

#define CHUNK_SIZE ((size_t)4096)

/* Kubernetes refuses an object whose annotations are larger. */
#define ANNOTATIONS_SIZE_MAX ((size_t)256 << 10)

/* As in Kuma's Deployment, which is taken over in place: by this name the fields are joined. */
#define CONTAINER_NAME "kuma-gateway"

/* For TokenReview, and for nothing else. */
#define TOKEN_AUDIENCE  "otemon"
#define TOKEN_SECONDS   3600
#define TOKEN_DIRECTORY "/var/run/otemon/token"
#define CA_DIRECTORY    "/var/run/otemon/ca"

static void flag_write(struct jv_writer *writer, struct str name, struct str value)
{
    jv_write_string(writer, name);
    jv_write_string(writer, value);
}

static void arguments_write(struct jv_writer *writer, struct arena *arena,
                            const struct instance_options *options)
{
    jv_write_array(writer);
    flag_write(writer, STR("--operator"), options->operator_address);
    flag_write(writer, STR("--ca-file"), STR(CA_DIRECTORY "/ca.crt"));
    flag_write(writer, STR("--token-file"), STR(TOKEN_DIRECTORY "/token"));
    flag_write(writer, STR("--health"), str_format(arena, ":%u", INSTANCE_HEALTH_PORT));
    flag_write(writer, STR("--drain-delay"), str_format(arena, "%u", options->drain_delay_s));
    flag_write(writer, STR("--drain-time"), str_format(arena, "%u", options->drain_time_s));
    if (options->access_log.size > 0)
        flag_write(writer, STR("--access-log"), options->access_log);
    jv_write_end(writer);
}

struct probe {
    struct str path;
    uint32_t failures;
    uint32_t period_s;
    uint32_t timeout_s;
};

/* Ready after a second when it serves; gone from the Service after three that it does not. */
static const struct probe readiness = {STR_INIT("/ready"), 3, 1, 2};

/* The process does not answer at all for a minute. */
static const struct probe liveness = {STR_INIT("/live"), 6, 10, 5};

static void probe_write(struct jv_writer *writer, const struct probe *probe)
{
    jv_write_object(writer);
    jv_write_member_u64(writer, STR("failureThreshold"), probe->failures);
    jv_write_key(writer, STR("httpGet"));
    jv_write_object(writer);
    jv_write_member_string(writer, STR("path"), probe->path);
    jv_write_member_u64(writer, STR("port"), INSTANCE_HEALTH_PORT);
    jv_write_end(writer);
    jv_write_member_u64(writer, STR("periodSeconds"), probe->period_s);
    jv_write_member_u64(writer, STR("timeoutSeconds"), probe->timeout_s);
    jv_write_end(writer);
}

static void health_port_write(struct jv_writer *writer)
{
    jv_write_array(writer);
    jv_write_object(writer);
    jv_write_member_u64(writer, STR("containerPort"), INSTANCE_HEALTH_PORT);
    jv_write_member_string(writer, STR("name"), STR("health"));
    jv_write_member_string(writer, STR("protocol"), STR("TCP"));
    jv_write_end(writer);
    jv_write_end(writer);
}

static void amounts_write(struct jv_writer *writer, struct str cpu, struct str memory)
{
    jv_write_object(writer);
    jv_write_member_string(writer, STR("cpu"), cpu);
    jv_write_member_string(writer, STR("memory"), memory);
    jv_write_end(writer);
}

static void resources_write(struct jv_writer *writer, struct str given)
{
    if (given.size > 0) {
        jv_write_canonical(writer, given);
        return;
    }
    jv_write_object(writer);
    jv_write_key(writer, STR("limits"));
    amounts_write(writer, STR(INSTANCE_CPU_LIMIT), STR(INSTANCE_MEMORY_LIMIT));
    jv_write_key(writer, STR("requests"));
    amounts_write(writer, STR(INSTANCE_CPU_REQUEST), STR(INSTANCE_MEMORY_REQUEST));
    jv_write_end(writer);
}

static void container_security_write(struct jv_writer *writer,
                                     const struct api_mesh_gateway_instance *spec)
{
    jv_write_object(writer);
    jv_write_member_bool(writer, STR("allowPrivilegeEscalation"), false);
    jv_write_key(writer, STR("capabilities"));
    jv_write_object(writer);
    jv_write_key(writer, STR("drop"));
    jv_write_array(writer);
    jv_write_string(writer, STR("ALL"));
    jv_write_end(writer);
    jv_write_end(writer);
    jv_write_member_bool(writer, STR("readOnlyRootFilesystem"),
                         !spec->has_read_only_root || spec->read_only_root);
    jv_write_end(writer);
}

static void mount_write(struct jv_writer *writer, struct str path, struct str name)
{
    jv_write_object(writer);
    jv_write_member_string(writer, STR("mountPath"), path);
    jv_write_member_string(writer, STR("name"), name);
    jv_write_member_bool(writer, STR("readOnly"), true);
    jv_write_end(writer);
}

static void container_write(struct jv_writer *writer, struct arena *arena,
                            const struct api_object *instance,
                            const struct instance_options *options)
{
    const struct api_mesh_gateway_instance *spec = instance->mesh_gateway_instance;
    jv_write_object(writer);
    jv_write_key(writer, STR("args"));
    arguments_write(writer, arena, options);
    jv_write_member_string(writer, STR("image"), options->proxy_image);
    if (options->pull_policy.size > 0)
        jv_write_member_string(writer, STR("imagePullPolicy"), options->pull_policy);
    jv_write_key(writer, STR("livenessProbe"));
    probe_write(writer, &liveness);
    jv_write_member_string(writer, STR("name"), STR(CONTAINER_NAME));
    jv_write_key(writer, STR("ports"));
    health_port_write(writer);
    jv_write_key(writer, STR("readinessProbe"));
    probe_write(writer, &readiness);
    jv_write_key(writer, STR("resources"));
    resources_write(writer, spec->resources);
    jv_write_key(writer, STR("securityContext"));
    container_security_write(writer, spec);
    jv_write_key(writer, STR("volumeMounts"));
    jv_write_array(writer);
    mount_write(writer, STR(CA_DIRECTORY), STR("otemon-ca"));
    mount_write(writer, STR(TOKEN_DIRECTORY), STR("otemon-token"));
    jv_write_end(writer);
    jv_write_end(writer);
}

static void pod_security_write(struct jv_writer *writer,
                               const struct api_mesh_gateway_instance *spec)
{
    jv_write_object(writer);
    if (spec->has_fs_group)
        jv_write_member_u64(writer, STR("fsGroup"), spec->fs_group);
    jv_write_member_bool(writer, STR("runAsNonRoot"), true);
    jv_write_key(writer, STR("seccompProfile"));
    jv_write_object(writer);
    jv_write_member_string(writer, STR("type"), STR("RuntimeDefault"));
    jv_write_end(writer);
    jv_write_key(writer, STR("sysctls"));
    jv_write_array(writer);
    jv_write_object(writer);
    jv_write_member_string(writer, STR("name"), STR("net.ipv4.ip_unprivileged_port_start"));
    jv_write_member_string(writer, STR("value"), STR("0"));
    jv_write_end(writer);
    jv_write_end(writer);
    jv_write_end(writer);
}

static void token_write(struct jv_writer *writer)
{
    jv_write_object(writer);
    jv_write_key(writer, STR("sources"));
    jv_write_array(writer);
    jv_write_object(writer);
    jv_write_key(writer, STR("serviceAccountToken"));
    jv_write_object(writer);
    jv_write_member_string(writer, STR("audience"), STR(TOKEN_AUDIENCE));
    jv_write_member_u64(writer, STR("expirationSeconds"), TOKEN_SECONDS);
    jv_write_member_string(writer, STR("path"), STR("token"));
    jv_write_end(writer);
    jv_write_end(writer);
    jv_write_end(writer);
    jv_write_end(writer);
}

static void volumes_write(struct jv_writer *writer, struct str ca_map)
{
    jv_write_array(writer);
    jv_write_object(writer);
    jv_write_key(writer, STR("configMap"));
    jv_write_object(writer);
    jv_write_member_string(writer, STR("name"), ca_map);
    jv_write_end(writer);
    jv_write_member_string(writer, STR("name"), STR("otemon-ca"));
    jv_write_end(writer);
    jv_write_object(writer);
    jv_write_member_string(writer, STR("name"), STR("otemon-token"));
    jv_write_key(writer, STR("projected"));
    token_write(writer);
    jv_write_end(writer);
    jv_write_end(writer);
}

static void pod_spec_write(struct jv_writer *writer, struct arena *arena,
                           const struct api_object *instance,
                           const struct instance_options *options)
{
    const struct api_mesh_gateway_instance *spec = instance->mesh_gateway_instance;
    jv_write_object(writer);
    /* The proxy talks to the operator only, with the token that is mounted for it. */
    jv_write_member_bool(writer, STR("automountServiceAccountToken"), false);
    jv_write_key(writer, STR("containers"));
    jv_write_array(writer);
    container_write(writer, arena, instance, options);
    jv_write_end(writer);
    jv_write_member_bool(writer, STR("enableServiceLinks"), false);
    jv_write_key(writer, STR("securityContext"));
    pod_security_write(writer, spec);
    if (spec->service_account.size > 0)
        jv_write_member_string(writer, STR("serviceAccountName"), spec->service_account);
    jv_write_member_u64(writer, STR("terminationGracePeriodSeconds"),
                        (uint64_t)options->drain_delay_s + options->drain_time_s +
                            INSTANCE_DRAIN_SPARE_S);
    jv_write_key(writer, STR("volumes"));
    volumes_write(writer, options->ca_map);
    jv_write_end(writer);
}

/* By these a pod is known as a gateway's, and by its tags of which one. */
static void pod_metadata_write(struct jv_writer *writer, struct arena *arena,
                               const struct api_object *instance)
{
    const struct api_mesh_gateway_instance *spec = instance->mesh_gateway_instance;
    struct buf tags;
    buf_init(&tags, ANNOTATIONS_SIZE_MAX);
    struct jv_writer tags_writer;
    jv_writer_init(&tags_writer, &tags);
    instance__tags_write(&tags_writer, spec->tags);
    const struct api_tag annotations[] = {
        {STR("kuma.io/gateway"), STR("builtin")},
        {STR("kuma.io/tags"), buf_str(&tags)},
    };
    /* Where Kuma is installed too, its sidecars have no place here. */
    const struct api_tag defaults[] = {{STR("kuma.io/sidecar-injection"), STR("disabled")}};
    const struct api_tag labels[] = {
        {STR(INSTANCE__SELECTOR), instance_name(instance)},
        {STR("kuma.io/mesh"), instance->key.mesh},
    };
    struct api_tags inner = select_overlay(arena, (struct api_tags){defaults, ARRAY_SIZE(defaults)},
                                           spec->pod.labels);
    jv_write_object(writer);
    jv_write_key(writer, STR("annotations"));
    instance__tags_write(writer,
                         select_overlay(arena, spec->pod.annotations,
                                        (struct api_tags){annotations, ARRAY_SIZE(annotations)}));
    jv_write_key(writer, STR("labels"));
    instance__tags_write(
        writer, select_overlay(arena, inner, (struct api_tags){labels, ARRAY_SIZE(labels)}));
    jv_write_end(writer);
    buf_deinit(&tags);
}

void instance_deployment_print(const struct api_object *instance,
                               const struct instance_options *options, struct buf *buf)
{
    const struct api_tag labels[] = {
        {STR("app.kubernetes.io/managed-by"), STR(INSTANCE__MANAGER)},
    };
    CLEANUP(arena_free) struct arena *arena = arena_new(CHUNK_SIZE);
    struct jv_writer writer;
    jv_writer_init(&writer, buf);
    jv_write_object(&writer);
    jv_write_member_string(&writer, STR("apiVersion"), STR("apps/v1"));
    jv_write_member_string(&writer, STR("kind"), STR("Deployment"));
    jv_write_key(&writer, STR("metadata"));
    instance__metadata_write(&writer, instance, (struct api_tags){NULL, 0},
                             (struct api_tags){labels, ARRAY_SIZE(labels)});
    jv_write_key(&writer, STR("spec"));
    jv_write_object(&writer);
    jv_write_member_u64(&writer, STR("replicas"), instance->mesh_gateway_instance->replicas);
    jv_write_key(&writer, STR("selector"));
    jv_write_object(&writer);
    jv_write_key(&writer, STR("matchLabels"));
    instance__selector_write(&writer, instance);
    jv_write_end(&writer);
    jv_write_key(&writer, STR("template"));
    jv_write_object(&writer);
    jv_write_key(&writer, STR("metadata"));
    pod_metadata_write(&writer, arena, instance);
    jv_write_key(&writer, STR("spec"));
    pod_spec_write(&writer, arena, instance, options);
    jv_write_end(&writer);
    jv_write_end(&writer);
    jv_write_end(&writer);
}
