/* MeshService: the dataplanes that answer for a service, and its ports. Its status is Kuma's. */
#include "control/api/check.h"
#include "control/api/kinds.h"

/* What decoding needs besides the struct that stays. */
struct staged {
    struct api_mesh_service service; /* first: what is left of it */
    int state;
};

static const struct api__enum_value state_values[] = {
    {STR_INIT("Unavailable"), 0},
    {STR_INIT("Available"), 1},
};
static const struct api__enum states = {state_values, ARRAY_SIZE(state_values)};

static const struct api__enum_value identity_values[] = {
    {STR_INIT("ServiceTag"), API_IDENTITY_SERVICE_TAG},
    {STR_INIT("SpiffeID"), API_IDENTITY_SPIFFE_ID},
};
static const struct api__enum identity_types = {identity_values, ARRAY_SIZE(identity_values)};

static const struct api__field reference_fields[] = {
    API__FIELD("name", STRING, API__AT(struct api_mesh_service, dataplane_name),
               .max = API__STRING_MAX),
};
static const struct api__table reference_table = API__TABLE(reference_fields,
                                                            struct api_mesh_service, .check = NULL);

static const struct api__field selector_fields[] = {
    API__FIELD("dataplaneTags", TAGS, API__AT(struct api_mesh_service, dataplane_tags),
               API__TAGS_BOUNDS),
    API__FIELD("dataplaneRef", OBJECT, .table = &reference_table),
};
static const struct api__table selector_table = API__TABLE(selector_fields, struct api_mesh_service,
                                                           .check = NULL);

static const struct api__field port_fields[] = {
    API__FIELD("port", UINT32, API__AT(struct api_mesh_service_port, port), .required = true,
               .max = INT32_MAX),
    API__FIELD("name", STRING, API__AT(struct api_mesh_service_port, name), .max = API__STRING_MAX),
    API__FIELD("targetPort", SCALAR, API__AT(struct api_mesh_service_port, target_port)),
    API__FIELD("appProtocol", STRING, API__AT(struct api_mesh_service_port, protocol),
               .max = API__STRING_MAX, .preset_text = STR_INIT("tcp")),
};

/* A protocol that nobody knows is bytes. Kuma takes any number for a port. */
static void check_port(struct api__decoder *d, const struct api__place *place, void *object)
{
    struct api_mesh_service_port *port = object;
    struct api__place protocol = api__member(place, STR("appProtocol"));
    struct str known = api__known_protocol(port->protocol);
    api__check_port(d, place, STR("port"), port->port);
    if (known.size == 0 && port->protocol.size > 0)
        api__warning(d, &protocol,
                     "is taken as tcp: known are tcp, tls, http, http2, grpc, kafka and mysql");
    port->protocol = known.size > 0 ? known : STR("tcp");
    if (port->name.size == 0)
        port->name = str_format(d->arena, "%u", (unsigned)port->port);
}

static const struct api__table port_table = API__TABLE(
    port_fields, struct api_mesh_service_port, .mark = offsetof(struct api_mesh_service_port, mark),
    .broken = offsetof(struct api_mesh_service_port, broken), .check = check_port);

#define IDENTITIES_MAX 64

static const struct api__field identity_fields[] = {
    API__FIELD("type", ENUM, API__AT(struct api_identity, type), .values = &identity_types,
               .required = true),
    API__FIELD("value", STRING, API__AT(struct api_identity, value), .required = true,
               .max = API__PATTERN_MAX),
};
static const struct api__table identity_table = API__TABLE(identity_fields, struct api_identity,
                                                           .check = NULL);

static const struct api__field fields[] = {
    API__FIELD("state", ENUM, API__AT(struct staged, state), .values = &states, .preset = 0),
    API__FIELD("selector", OBJECT, API__AT(struct staged, service), .table = &selector_table),
    API__FIELD("ports", LIST, API__AT(struct staged, service.ports), .table = &port_table,
               .max = API__PORTS_MAX),
    API__FIELD("identities", LIST, API__AT(struct staged, service.identities),
               .table = &identity_table, .max = IDENTITIES_MAX),
};

/* The API server takes each pair of port and protocol once. */
static void check(struct api__decoder *d, const struct api__place *place, void *object)
{
    struct staged *staged = object;
    staged->service.is_available = staged->state != 0;
    struct api__place ports = api__member(place, STR("ports"));
    CLEANUP(map_free) struct map *seen = map_new();
    for (size_t i = 0; i < staged->service.port_count; i++) {
        const struct api_mesh_service_port *port = &staged->service.ports[i];
        struct api__place item = api__item(&ports, i);
        struct str key = str_format(d->arena, "%u/%.*s", (unsigned)port->port,
                                    STR_ARG(port->protocol));
        if (port->port > 0 && map_set(seen, key, seen) != NULL)
            api__error(d, &item, "this port and protocol are there before");
    }
}

const struct api__table api__mesh_service_table = API__TABLE(fields, struct staged, .check = check);
