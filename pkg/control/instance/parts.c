#include "control/instance/parts.h"

struct str instance_name(const struct api_object *instance)
{
    /* "<name>.<namespace>": a namespace has no dot. */
    return str_first(instance->key.name, str_find_last_char(instance->key.name, '.'));
}

const uint32_t *instance_ports(struct arena *arena, const struct api_mesh_gateway *gateway,
                               size_t *ret_count)
{
    uint32_t *ports = ARENA_NEW_ARRAY(arena, uint32_t, gateway->listener_count);
    unsigned char seen[(UINT16_MAX + 1) / 8] = {0};
    size_t count = 0;
    for (size_t i = 0; i < gateway->listener_count; i++) {
        uint32_t port = gateway->listeners[i].port;
        if (port == 0 || port > UINT16_MAX || (seen[port / 8] & (1U << port % 8)) != 0)
            continue;
        seen[port / 8] |= (unsigned char)(1U << port % 8);
        ports[count++] = port;
    }
    *ret_count = count;
    return ports;
}

void instance__tags_write(struct jv_writer *writer, struct api_tags tags)
{
    jv_write_object(writer);
    for (size_t i = 0; i < tags.count; i++)
        jv_write_member_string(writer, tags.items[i].name, tags.items[i].value);
    jv_write_end(writer);
}

static void owner_write(struct jv_writer *writer, const struct api_object *instance)
{
    jv_write_object(writer);
    jv_write_member_string(writer, STR("apiVersion"), STR("kuma.io/v1alpha1"));
    jv_write_member_bool(writer, STR("blockOwnerDeletion"), true);
    jv_write_member_bool(writer, STR("controller"), true);
    jv_write_member_string(writer, STR("kind"), STR("MeshGatewayInstance"));
    jv_write_member_string(writer, STR("name"), instance_name(instance));
    jv_write_member_string(writer, STR("uid"), instance->uid);
    jv_write_end(writer);
}

void instance__metadata_write(struct jv_writer *writer, const struct api_object *instance,
                              struct api_tags annotations, struct api_tags labels)
{
    jv_write_object(writer);
    if (annotations.count > 0) {
        jv_write_key(writer, STR("annotations"));
        instance__tags_write(writer, annotations);
    }
    jv_write_key(writer, STR("labels"));
    instance__tags_write(writer, labels);
    jv_write_member_string(writer, STR("name"), instance_name(instance));
    jv_write_member_string(writer, STR("namespace"), instance->namespace);
    jv_write_key(writer, STR("ownerReferences"));
    jv_write_array(writer);
    owner_write(writer, instance);
    jv_write_end(writer);
    jv_write_end(writer);
}

void instance__selector_write(struct jv_writer *writer, const struct api_object *instance)
{
    jv_write_object(writer);
    jv_write_member_string(writer, STR(INSTANCE__SELECTOR), instance_name(instance));
    jv_write_end(writer);
}
