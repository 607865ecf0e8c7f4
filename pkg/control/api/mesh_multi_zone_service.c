/* MeshMultiZoneService: services of several zones under one name. Its status is Kuma's. */
#include "control/api/check.h"
#include "control/api/kinds.h"

static const struct api__field match_fields[] = {
    API__FIELD("matchLabels", TAGS, API__AT(struct api_mesh_multi_zone_service, labels),
               .required = true, API__TAGS_BOUNDS),
};

static void check_match(struct api__decoder *d, const struct api__place *place, void *object)
{
    const struct api_mesh_multi_zone_service *service = object;
    struct api__place labels = api__member(place, STR("matchLabels"));
    if (api__is_present(&labels) && service->labels.count == 0)
        api__error(d, &labels, "cannot be empty");
}

static const struct api__table match_table = API__TABLE(
    match_fields, struct api_mesh_multi_zone_service, .check = check_match);

static const struct api__field selector_fields[] = {
    API__FIELD("meshService", OBJECT, .table = &match_table, .required = true),
};
static const struct api__table selector_table = API__TABLE(
    selector_fields, struct api_mesh_multi_zone_service, .check = NULL);

/* What Kuma takes for a protocol is shorter. */
#define PROTOCOL_MAX 32

static const struct api__field port_fields[] = {
    API__FIELD("port", UINT32, API__AT(struct api_mesh_service_port, port), .required = true,
               .max = INT32_MAX),
    API__FIELD("name", STRING, API__AT(struct api_mesh_service_port, name), .max = API__STRING_MAX),
    API__FIELD("appProtocol", STRING, API__AT(struct api_mesh_service_port, protocol),
               .max = PROTOCOL_MAX, .preset_text = STR_INIT("tcp")),
};

static void check_port(struct api__decoder *d, const struct api__place *place, void *object)
{
    struct api_mesh_service_port *port = object;
    struct api__place name = api__member(place, STR("name"));
    struct api__place protocol = api__member(place, STR("appProtocol"));
    struct str known = api__supported_protocol(port->protocol);
    api__check_port(d, place, STR("port"), port->port);
    if (api__is_present(&name) && port->name.size == 0)
        api__error(d, &name, "must not be empty");
    if (known.size == 0)
        api__error(d, &protocol, "appProtocol must be one of: grpc, http, http2, kafka, tcp");
    port->protocol = known;
    if (port->name.size == 0)
        port->name = str_format(d->arena, "%u", (unsigned)port->port);
}

static const struct api__table port_table = API__TABLE(
    port_fields, struct api_mesh_service_port, .mark = offsetof(struct api_mesh_service_port, mark),
    .broken = offsetof(struct api_mesh_service_port, broken), .check = check_port);

static const struct api__field fields[] = {
    API__FIELD("selector", OBJECT, .table = &selector_table, .required = true),
    API__FIELD("ports", LIST, API__AT(struct api_mesh_multi_zone_service, ports),
               .table = &port_table, .min = 1, .max = API__PORTS_MAX),
};

static void check(struct api__decoder *d, const struct api__place *place, void *object)
{
    (void)object; /* what there is has been checked */
    struct api__place ports = api__member(place, STR("ports"));
    if (!api__is_present(&ports))
        api__error(d, &ports, "cannot be empty");
}

const struct api__table api__mesh_multi_zone_service_table = API__TABLE(
    fields, struct api_mesh_multi_zone_service, .check = check);
