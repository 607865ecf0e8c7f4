/* Service: the names, ports and protocols of back ends. */
#include "control/api/check.h"
#include "control/api/kinds.h"

/* What a port speaks: its appProtocol, else what an annotation says of it, else plain TCP. */
static struct str protocol_of(struct api__decoder *d, const struct jv *port, uint64_t number,
                              const struct jv *annotations)
{
    struct str protocol = api__known_protocol(jv_text(jv_get(port, STR("appProtocol"))));
    if (protocol.size > 0)
        return protocol;
    if (annotations != NULL && annotations->count > 0) {
        struct str name = str_format(d->arena, "%u.service.kuma.io/protocol", (unsigned)number);
        protocol = api__known_protocol(jv_text(jv_get(annotations, name)));
    }
    return protocol.size > 0 ? protocol : STR("tcp");
}

static void read_ports(struct api__decoder *d, const struct jv *list, const struct jv *annotations,
                       struct api_service *service)
{
    size_t count = jv_item_count(list);
    struct api_service_port *ports = ARENA_NEW_ARRAY(d->arena, struct api_service_port, count);
    for (size_t i = 0; i < count; i++) {
        const struct jv *item = list->items[i];
        struct str protocol = jv_text(jv_get(item, STR("protocol")));
        uint64_t number = 0;
        if (!jv_u64(jv_get(item, STR("port")), UINT16_MAX, &number))
            continue;
        ports[service->port_count++] = (struct api_service_port){
            .name = str_dup(d->arena, jv_text(jv_get(item, STR("name")))),
            .port = (uint32_t)number,
            .is_tcp = protocol.size == 0 || str_equal(protocol, STR("TCP")),
            .protocol = protocol_of(d, item, number, annotations),
        };
    }
    service->ports = ports;
}

const void *api__service_read(struct api__decoder *d, const struct api__place *root)
{
    const struct jv *spec = jv_get(root->value, STR("spec"));
    const struct jv *annotations = jv_get(jv_get(root->value, STR("metadata")), STR("annotations"));
    struct str ignore = jv_text(jv_get(annotations, STR("kuma.io/ignore")));
    struct str type = jv_text(jv_get(spec, STR("type")));
    struct str address = jv_text(jv_get(spec, STR("clusterIP")));
    struct api_service *service = ARENA_NEW(d->arena, struct api_service);
    service->is_external_name = str_equal(type, STR("ExternalName"));
    service->is_headless = str_equal(address, STR("None"));
    service->is_ignored = str_equal(ignore, STR("true")) || str_equal(ignore, STR("enabled"));
    read_ports(d, jv_get(spec, STR("ports")), annotations, service);
    return service;
}
