/* Whether two objects say the same of what is kept: most events of an API server are about the
 * rest, and those that our own status causes are about nothing else. */
#include "control/api/api.h"

bool api_tags_equal(struct api_tags a, struct api_tags b)
{
    bool same = a.count == b.count;
    for (size_t i = 0; same && i < a.count; i++)
        same = str_equal(a.items[i].name, b.items[i].name) &&
               str_equal(a.items[i].value, b.items[i].value);
    return same;
}

static bool services_equal(const struct api_service *a, const struct api_service *b)
{
    bool same = a->is_external_name == b->is_external_name && a->is_headless == b->is_headless &&
                a->is_ignored == b->is_ignored && a->port_count == b->port_count;
    for (size_t i = 0; same && i < a->port_count; i++) {
        const struct api_service_port *left = &a->ports[i];
        const struct api_service_port *right = &b->ports[i];
        same = left->port == right->port && left->is_tcp == right->is_tcp &&
               str_equal(left->name, right->name) && str_equal(left->protocol, right->protocol);
    }
    return same;
}

static bool endpoints_equal(const struct api_endpoint *a, const struct api_endpoint *b)
{
    return str_equal(a->address, b->address) && str_equal(a->pod, b->pod) &&
           a->is_ready == b->is_ready && a->is_serving == b->is_serving &&
           a->is_terminating == b->is_terminating;
}

static bool slices_equal(const struct api_endpoint_slice *a, const struct api_endpoint_slice *b)
{
    bool same = str_equal(a->service, b->service) && a->is_fqdn == b->is_fqdn &&
                a->endpoint_count == b->endpoint_count && a->port_count == b->port_count;
    for (size_t i = 0; same && i < a->endpoint_count; i++)
        same = endpoints_equal(&a->endpoints[i], &b->endpoints[i]);
    for (size_t i = 0; same && i < a->port_count; i++)
        same = a->ports[i].port == b->ports[i].port && a->ports[i].is_tcp == b->ports[i].is_tcp &&
               str_equal(a->ports[i].name, b->ports[i].name);
    return same;
}

static bool pods_equal(const struct api_pod *a, const struct api_pod *b)
{
    return a->has_mesh == b->has_mesh && a->is_terminating == b->is_terminating &&
           a->is_builtin_gateway == b->is_builtin_gateway && api_tags_equal(a->tags, b->tags) &&
           api_tags_equal(a->gateway_tags, b->gateway_tags);
}

static bool service_ports_equal(const struct api_mesh_service_port *a, size_t a_count,
                                const struct api_mesh_service_port *b, size_t b_count)
{
    bool same = a_count == b_count;
    for (size_t i = 0; same && i < a_count; i++)
        same = a[i].port == b[i].port && str_equal(a[i].name, b[i].name) &&
               str_equal(a[i].target_port, b[i].target_port) &&
               str_equal(a[i].protocol, b[i].protocol);
    return same;
}

static bool mesh_services_equal(const struct api_mesh_service *a, const struct api_mesh_service *b)
{
    bool same = a->is_available == b->is_available &&
                api_tags_equal(a->dataplane_tags, b->dataplane_tags) &&
                str_equal(a->dataplane_name, b->dataplane_name) &&
                service_ports_equal(a->ports, a->port_count, b->ports, b->port_count) &&
                a->identity_count == b->identity_count;
    for (size_t i = 0; same && i < a->identity_count; i++)
        same = a->identities[i].type == b->identities[i].type &&
               str_equal(a->identities[i].value, b->identities[i].value);
    return same;
}

/* Kuma writes the status of these again and again, and its definitions give them none of its own:
 * each write raises the generation. */
static bool contents_equal(const struct api_object *a, const struct api_object *b)
{
    if (a->key.kind == API_MESH_SERVICE)
        return mesh_services_equal(a->mesh_service, b->mesh_service);
    if (a->key.kind != API_MESH_MULTI_ZONE_SERVICE)
        return false;
    const struct api_mesh_multi_zone_service *left = a->mesh_multi_zone_service;
    const struct api_mesh_multi_zone_service *right = b->mesh_multi_zone_service;
    return api_tags_equal(left->labels, right->labels) &&
           service_ports_equal(left->ports, left->port_count, right->ports, right->port_count);
}

/* Of one generation, but labels and annotations raise none: what is kept of them is compared. */
static bool served_equal(const struct api_object *a, const struct api_object *b)
{
    bool served = a->file.size == 0 && b->file.size == 0 && a->uid.size > 0;
    bool has_generation = a->generation > 0 && a->generation == b->generation;
    return served && a->is_shadow == b->is_shadow && api_tags_equal(a->labels, b->labels) &&
           (has_generation || contents_equal(a, b));
}

/* Where they stand in the document is no matter. */
static bool findings_equal(const struct finding_list *a, const struct finding_list *b)
{
    bool same = finding_count(a) == finding_count(b);
    for (size_t i = 0; same && i < finding_count(a); i++) {
        const struct finding *left = finding_get(a, i);
        const struct finding *right = finding_get(b, i);
        same = left->severity == right->severity && str_equal(left->field, right->field) &&
               str_equal(left->message, right->message);
    }
    return same;
}

bool api_object_equal(const struct api_object *a, const struct api_object *b)
{
    if (api_key_compare(&a->key, &b->key) != 0 || !str_equal(a->uid, b->uid))
        return false;
    if (api_kind_plural(a->key.kind).size > 0)
        return served_equal(a, b) && findings_equal(a->findings, b->findings);
    if (finding_count(a->findings) > 0 || finding_count(b->findings) > 0)
        return false;
    if (a->key.kind == API_SERVICE)
        return services_equal(a->service, b->service);
    if (a->key.kind == API_ENDPOINT_SLICE)
        return slices_equal(a->endpoint_slice, b->endpoint_slice);
    return a->key.kind == API_POD && pods_equal(a->pod, b->pod);
}
