/* The Service. Clients of an instance and their load balancers depend on it: it is only ever
 * changed, never made anew. */
#include <stdio.h>

#include "control/instance/parts.h"
#include "control/select/select.h"

#define CHUNK_SIZE ((size_t)1024)

/* The default of kube-apiserver's --service-node-port-range. */
#define NODE_PORT_MIN 30000
#define NODE_PORT_MAX 32767

static struct str type_name(enum api_service_type type)
{
    switch (type) {
    case API_SERVICE_LOAD_BALANCER: return STR("LoadBalancer");
    case API_SERVICE_CLUSTER_IP: return STR("ClusterIP");
    case API_SERVICE_NODE_PORT: return STR("NodePort");
    }
    return STR_EMPTY;
}

static void port_write(struct jv_writer *writer, uint32_t port, enum api_service_type type)
{
    char name[sizeof("65535")];
    (void)snprintf(name, sizeof(name), "%u", port & UINT16_MAX); /* always fits */
    jv_write_object(writer);
    jv_write_member_string(writer, STR("name"), str_of(name));
    /* Any other node port would be refused, and the whole Service with it: then one is allocated.
     */
    if (type == API_SERVICE_NODE_PORT && port >= NODE_PORT_MIN && port <= NODE_PORT_MAX)
        jv_write_member_u64(writer, STR("nodePort"), port);
    jv_write_member_u64(writer, STR("port"), port);
    jv_write_member_string(writer, STR("protocol"), STR("TCP"));
    jv_write_member_u64(writer, STR("targetPort"), port);
    jv_write_end(writer);
}

static void spec_write(struct jv_writer *writer, const struct api_object *instance,
                       const uint32_t *ports, size_t count)
{
    const struct api_mesh_gateway_instance *spec = instance->mesh_gateway_instance;
    jv_write_object(writer);
    if (spec->load_balancer_ip.size > 0)
        jv_write_member_string(writer, STR("loadBalancerIP"), spec->load_balancer_ip);
    jv_write_key(writer, STR("ports"));
    jv_write_array(writer);
    for (size_t i = 0; i < count; i++)
        port_write(writer, ports[i], spec->service_type);
    jv_write_end(writer);
    jv_write_key(writer, STR("selector"));
    instance__selector_write(writer, instance);
    jv_write_member_string(writer, STR("type"), type_name(spec->service_type));
    jv_write_end(writer);
}

void instance_service_print(const struct api_object *instance, const uint32_t *ports, size_t count,
                            struct buf *buf)
{
    /* Kuma makes no MeshService of a Service with this annotation. */
    static const struct api_tag annotations[] = {
        {STR_INIT("kuma.io/gateway"), STR_INIT("builtin")},
    };
    static const struct api_tag labels[] = {
        {STR_INIT("app.kubernetes.io/managed-by"), STR_INIT(INSTANCE__MANAGER)},
    };
    const struct api_mesh_gateway_instance *spec = instance->mesh_gateway_instance;
    CLEANUP(arena_free) struct arena *arena = arena_new(CHUNK_SIZE);
    struct jv_writer writer;
    jv_writer_init(&writer, buf);
    jv_write_object(&writer);
    jv_write_member_string(&writer, STR("apiVersion"), STR("v1"));
    jv_write_member_string(&writer, STR("kind"), STR("Service"));
    jv_write_key(&writer, STR("metadata"));
    instance__metadata_write(
        &writer, instance,
        select_overlay(arena, (struct api_tags){annotations, ARRAY_SIZE(annotations)},
                       spec->service.annotations),
        select_overlay(arena, spec->service.labels, (struct api_tags){labels, ARRAY_SIZE(labels)}));
    jv_write_key(&writer, STR("spec"));
    spec_write(&writer, instance, ports, count);
    jv_write_end(&writer);
}
