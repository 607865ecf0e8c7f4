/* EndpointSlice: where the back ends of a Service are, and which of them are ready. */
#include "control/api/kinds.h"

static bool bool_or(const struct jv *object, struct str name, bool fallback)
{
    const struct jv *value = jv_get(object, name);
    return value != NULL && value->type == JV_BOOL ? value->boolean : fallback;
}

/* Of several addresses only the first has a meaning. */
static struct str first_address(struct api__decoder *d, const struct jv *endpoint)
{
    const struct jv *list = jv_get(endpoint, STR("addresses"));
    return jv_item_count(list) > 0 ? str_dup(d->arena, jv_text(list->items[0])) : STR_EMPTY;
}

/* What is not said: ready is taken for granted, serving is as ready says, and nothing ends. */
static struct api_endpoint read_endpoint(struct api__decoder *d, const struct jv *value)
{
    const struct jv *conditions = jv_get(value, STR("conditions"));
    const struct jv *target = jv_get(value, STR("targetRef"));
    struct api_endpoint endpoint = {
        .address = first_address(d, value),
        .is_ready = bool_or(conditions, STR("ready"), true),
        .is_terminating = bool_or(conditions, STR("terminating"), false),
    };
    endpoint.is_serving = bool_or(conditions, STR("serving"), endpoint.is_ready);
    if (str_equal(jv_text(jv_get(target, STR("kind"))), STR("Pod")))
        endpoint.pod = str_dup(d->arena, jv_text(jv_get(target, STR("name"))));
    return endpoint;
}

static void read_endpoints(struct api__decoder *d, const struct jv *list,
                           struct api_endpoint_slice *slice)
{
    size_t count = jv_item_count(list);
    struct api_endpoint *endpoints = ARENA_NEW_ARRAY(d->arena, struct api_endpoint, count);
    for (size_t i = 0; i < count; i++) {
        struct api_endpoint endpoint = read_endpoint(d, list->items[i]);
        if (endpoint.address.size > 0)
            endpoints[slice->endpoint_count++] = endpoint;
    }
    slice->endpoints = endpoints;
}

static void read_ports(struct api__decoder *d, const struct jv *list,
                       struct api_endpoint_slice *slice)
{
    size_t count = jv_item_count(list);
    struct api_slice_port *ports = ARENA_NEW_ARRAY(d->arena, struct api_slice_port, count);
    for (size_t i = 0; i < count; i++) {
        const struct jv *item = list->items[i];
        const struct jv *number = jv_get(item, STR("port"));
        struct str protocol = jv_text(jv_get(item, STR("protocol")));
        uint64_t port = 0;
        if (number != NULL && number->type != JV_NULL && !jv_u64(number, UINT16_MAX, &port))
            continue;
        ports[slice->port_count++] = (struct api_slice_port){
            .name = str_dup(d->arena, jv_text(jv_get(item, STR("name")))),
            .port = (uint32_t)port,
            .is_tcp = protocol.size == 0 || str_equal(protocol, STR("TCP")),
        };
    }
    slice->ports = ports;
}

const void *api__endpoint_slice_read(struct api__decoder *d, const struct api__place *root)
{
    const struct jv *labels = jv_get(jv_get(root->value, STR("metadata")), STR("labels"));
    struct api_endpoint_slice *slice = ARENA_NEW(d->arena, struct api_endpoint_slice);
    slice->service = str_dup(d->arena, jv_text(jv_get(labels, STR("kubernetes.io/service-name"))));
    slice->is_fqdn = str_equal(jv_text(jv_get(root->value, STR("addressType"))), STR("FQDN"));
    read_endpoints(d, jv_get(root->value, STR("endpoints")), slice);
    read_ports(d, jv_get(root->value, STR("ports")), slice);
    return slice;
}
