#include "control/api/sidecar.h"

#include "control/api/check.h"
#include "core/base/ip.h"

/* ---- References ---- */

struct ref {
    struct str kind;
    struct str name;
    struct str namespace;
    uint32_t port;
    struct api_tags labels;
};

static void check_kind(struct api__decoder *d, const struct api__place *ref, struct str kind)
{
    if (!str_equal(kind, STR("MeshExternalService")) &&
        !str_equal(kind, STR("MeshMultiZoneService")) && !str_equal(kind, STR("MeshService")))
        api__error_in(d, ref, STR("kind"),
                      "invalid value. Available values are: "
                      "MeshExternalService,MeshMultiZoneService,MeshService");
}

static void check_ref(struct api__decoder *d, const struct api__place *place, const struct ref *ref)
{
    check_kind(d, place, ref->kind);
    if (ref->name.size == 0 && ref->labels.count == 0)
        api__error_in(d, place, STR("name"), "name or labels are required");
    if (ref->name.size == 0 && ref->namespace.size > 0)
        api__error_in(d, place, STR("name"), "name is required, when namespace is defined");
    if (ref->name.size > 0 && ref->labels.count > 0)
        api__error_in(d, place, STR("labels"), "labels cannot be defined when name is specified");
}

/* Kuma writes "transparentProxing", and the other names in one spelling. */
static void check_reachable(struct api__decoder *d, const struct api__place *place, void *object)
{
    struct api__place refs = *place->parent;
    struct api__place reachable = *refs.parent;
    struct api__place proxying = *reachable.parent;
    struct api__place ref = *place;
    proxying.name = STR("transparentProxing");
    reachable.name = STR("reachableBackends");
    reachable.parent = &proxying;
    refs.parent = &reachable;
    ref.parent = &refs;
    check_ref(d, &ref, object);
}

static const struct api__field ref_fields[] = {
    API__FIELD("kind", STRING, API__AT(struct ref, kind), .max = API__STRING_MAX),
    API__FIELD("name", STRING, API__AT(struct ref, name), .max = API__STRING_MAX),
    API__FIELD("namespace", STRING, API__AT(struct ref, namespace), .max = API__STRING_MAX),
    API__FIELD("port", UINT32, API__AT(struct ref, port)),
    API__FIELD("labels", TAGS, API__AT(struct ref, labels), API__TAGS_BOUNDS),
};
static const struct api__table ref_table = API__TABLE(ref_fields, struct ref,
                                                      .check = check_reachable);

/* ---- Redirection of traffic ---- */

static const struct api__field reachable_fields[] = {
    API__FIELD("refs", LIST, .table = &ref_table, .max = API_ITEMS_MAX),
};
static const struct api__table reachable_table = API__SHAPE(reachable_fields);

static const struct api__enum_value family_values[] = {
    {STR_INIT("UnSpecified"), 0},
    {STR_INIT("DualStack"), 1},
    {STR_INIT("IPv4"), 2},
    {STR_INIT("IPv6"), 3},
};
static const struct api__enum families = {family_values, ARRAY_SIZE(family_values)};

static const struct api__field transparent_fields[] = {
    API__FIELD("redirectPortInbound", UINT32, .proto = STR_INIT("redirect_port_inbound")),
    API__FIELD("redirectPortOutbound", UINT32, .proto = STR_INIT("redirect_port_outbound")),
    API__FIELD("directAccessServices", STRINGS, .proto = STR_INIT("direct_access_services"),
               .max = API_ITEMS_MAX, .item_max = API__STRING_MAX),
    API__FIELD("reachableServices", STRINGS, .proto = STR_INIT("reachable_services"),
               .max = API_ITEMS_MAX, .item_max = API__STRING_MAX),
    API__FIELD("ipFamilyMode", ENUM, .proto = STR_INIT("ip_family_mode"), .values = &families),
    API__FIELD("reachableBackends", OBJECT, .proto = STR_INIT("reachable_backends"),
               .table = &reachable_table),
};
const struct api__table api__transparent_proxying_table = API__SHAPE(transparent_fields);

/* ---- Probes ---- */

static const struct api__field service_probe_fields[] = {
    API__FIELD("interval", DURATION),
    API__FIELD("timeout", DURATION),
    API__FIELD("unhealthyThreshold", UINT32, .proto = STR_INIT("unhealthy_threshold")),
    API__FIELD("healthyThreshold", UINT32, .proto = STR_INIT("healthy_threshold")),
    API__FIELD("tcp", OBJECT, .table = &api__empty_table),
};
const struct api__table api__service_probe_table = API__SHAPE(service_probe_fields);

static const struct api__field endpoint_fields[] = {
    API__FIELD("inboundPort", UINT32, .proto = STR_INIT("inbound_port")),
    API__FIELD("inboundPath", STRING, .proto = STR_INIT("inbound_path"), .max = API__STRING_MAX),
    API__FIELD("path", STRING, .max = API__STRING_MAX),
};
static const struct api__table endpoint_table = API__SHAPE(endpoint_fields);

static const struct api__field probes_fields[] = {
    API__FIELD("port", UINT32),
    API__FIELD("endpoints", LIST, .table = &endpoint_table, .max = API__LIST_MAX),
};
const struct api__table api__probes_table = API__SHAPE(probes_fields);

/* ---- Outbounds ---- */

static const struct api__field outbound_ref_fields[] = {
    API__FIELD("kind", STRING, API__AT(struct api__outbound, ref_kind), .max = API__STRING_MAX),
    API__FIELD("name", STRING, API__AT(struct api__outbound, ref_name), .max = API__STRING_MAX),
    API__FIELD("port", UINT32, API__AT(struct api__outbound, ref_port)),
    API__FIELD("labels", TAGS, API__AT(struct api__outbound, ref_labels), API__TAGS_BOUNDS),
};
static const struct api__table outbound_ref_table = API__TABLE(outbound_ref_fields,
                                                               struct api__outbound, .check = NULL);

static const struct api__field outbound_fields[] = {
    API__FIELD("address", STRING, API__AT(struct api__outbound, address), .max = API__IP_TEXT_MAX),
    API__FIELD("port", UINT32, API__AT(struct api__outbound, port)),
    API__FIELD("tags", TAGS, API__AT(struct api__outbound, tags), API__TAGS_BOUNDS),
    API__FIELD("backendRef", OBJECT, .has = offsetof(struct api__outbound, has_ref),
               .table = &outbound_ref_table),
};
const struct api__table api__outbound_table = API__TABLE(outbound_fields, struct api__outbound,
                                                         .check = NULL);

static void check_outbound(struct api__decoder *d, const struct api__place *place,
                           const struct api__outbound *outbound)
{
    struct api__place tags = api__member(place, STR("tags"));
    struct api__place ref = api__member(place, STR("backendRef"));
    api__check_port(d, place, STR("port"), outbound->port);
    if (outbound->address.size > 0 && !ip_is_address(outbound->address))
        api__error_in(d, place, STR("address"), "address has to be valid IP address");
    if (!outbound->has_ref) {
        api__check_tags(d, &tags, outbound->tags, API__TAGS_SERVICE);
        return;
    }
    check_kind(d, &ref, outbound->ref_kind);
    if (outbound->ref_name.size == 0 && outbound->ref_labels.count == 0)
        api__error(d, &ref, "either 'name' or 'labels' should be specified");
    if (outbound->tags.count > 0)
        api__error(d, &ref, "both backendRef and tags/service cannot be defined");
}

void api__check_outbounds(struct api__decoder *d, const struct api__place *list,
                          const struct api__outbound *outbounds, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct api__place place = api__item(list, i);
        check_outbound(d, &place, &outbounds[i]);
    }
}
