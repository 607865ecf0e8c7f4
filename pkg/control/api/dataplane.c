/* Dataplane: where a builtin gateway listens, and the endpoints of services. */
#include "control/api/check.h"
#include "control/api/kinds.h"
#include "control/api/sidecar.h"
#include "core/base/host.h"
#include "core/base/ip.h"

enum gateway_type {
    DELEGATED = 0,
    BUILTIN = 1,
};

/* What decoding needs besides the struct that stays. */
struct staged {
    struct api_dataplane dataplane; /* first: what is left of it */
    enum gateway_type gateway_type;
    const struct api__outbound *outbounds;
    size_t outbound_count;
};

static const struct api__enum_value gateway_type_values[] = {
    {STR_INIT("DELEGATED"), DELEGATED},
    {STR_INIT("BUILTIN"), BUILTIN},
};
static const struct api__enum gateway_types = {gateway_type_values,
                                               ARRAY_SIZE(gateway_type_values)};

static const struct api__enum_value state_values[] = {
    {STR_INIT("Ready"), API_INBOUND_READY},
    {STR_INIT("NotReady"), API_INBOUND_NOT_READY},
    {STR_INIT("Ignored"), API_INBOUND_IGNORED},
};
static const struct api__enum states = {state_values, ARRAY_SIZE(state_values)};

static const struct api__field health_fields[] = {
    API__FIELD("ready", BOOL, API__AT(struct api_inbound, ready)),
};
static const struct api__table health_table = API__TABLE(health_fields, struct api_inbound,
                                                         .check = NULL);

static const struct api__field inbound_fields[] = {
    API__FIELD("port", UINT32, API__AT(struct api_inbound, port)),
    API__FIELD("servicePort", UINT32, API__AT(struct api_inbound, service_port)),
    API__FIELD("serviceAddress", STRING, API__AT(struct api_inbound, service_address),
               .max = API__IP_TEXT_MAX),
    API__FIELD("address", STRING, API__AT(struct api_inbound, address), .max = API__IP_TEXT_MAX),
    API__FIELD("tags", TAGS, API__AT(struct api_inbound, tags), API__TAGS_BOUNDS),
    API__FIELD("state", ENUM, API__AT(struct api_inbound, state), .values = &states),
    API__FIELD("health", OBJECT, .table = &health_table),
    API__FIELD("serviceProbe", OBJECT, .is_dropped = true, .table = &api__service_probe_table),
    API__FIELD("name", STRING, API__AT(struct api_inbound, name), .max = API__STRING_MAX),
};

static void check_inbound(struct api__decoder *d, const struct api__place *place, void *object)
{
    struct api_inbound *inbound = object;
    api__check_port(d, place, STR("port"), inbound->port);
    if (inbound->service_port > UINT16_MAX)
        api__check_port(d, place, STR("servicePort"), inbound->service_port);
    if (inbound->address.size > 0 && !ip_is_address(inbound->address))
        api__error_in(d, place, STR("address"), "address has to be valid IP address");
    if (inbound->service_address.size > 0 && !ip_is_address(inbound->service_address))
        api__error_in(d, place, STR("serviceAddress"), "serviceAddress has to be valid IP address");
    struct api__place tags = api__member(place, STR("tags"));
    api__check_protocol(d, &tags, inbound->tags);
    struct api__place service = api__key(&tags, STR("kuma.io/service"));
    if (api_tags_find(inbound->tags, STR("kuma.io/service")) == NULL)
        api__error(d, &service, "tag has to exist");
    api__check_tags(d, &tags, inbound->tags, 0);

    struct api__place health = api__member(place, STR("health"));
    bool is_healthy = !api__is_present(&health) || inbound->ready;
    inbound->ready = is_healthy && !inbound->broken && inbound->state == API_INBOUND_READY;
}

static const struct api__table inbound_table = API__TABLE(
    inbound_fields, struct api_inbound, .mark = offsetof(struct api_inbound, mark),
    .broken = offsetof(struct api_inbound, broken), .check = check_inbound);

static const struct api__field gateway_fields[] = {
    API__FIELD("type", ENUM, API__AT(struct staged, gateway_type), .values = &gateway_types),
    API__FIELD("tags", TAGS, API__AT(struct staged, dataplane.gateway_tags), API__TAGS_BOUNDS),
};
static const struct api__table gateway_table = API__TABLE(gateway_fields, struct staged,
                                                          .check = NULL);

static void check_gateway(struct api__decoder *d, const struct api__place *gateway,
                          struct api_tags gateway_tags)
{
    struct api__place tags = api__member(gateway, STR("tags"));
    const struct str *protocol = api_tags_find(gateway_tags, STR("kuma.io/protocol"));
    if (protocol != NULL && !str_equal_nocase(*protocol, STR("tcp"))) {
        struct api__place tag = api__key(&tags, STR("kuma.io/protocol"));
        api__error(d, &tag, "other values than tcp are not allowed, provided value \"%.*s\"",
                   STR_ARG(*protocol));
    }
    api__check_tags(d, &tags, gateway_tags, API__TAGS_SERVICE);
}

static struct str address_of(const struct api_dataplane *dataplane,
                             const struct api_inbound *inbound)
{
    return inbound->address.size > 0 ? inbound->address : dataplane->address;
}

/* What stands beside a gateway. */
static void check_bounds(struct api__decoder *d, const struct api__place *place, bool is_gateway,
                         const struct staged *staged)
{
    struct api__place inbound = api__member(place, STR("inbound"));
    struct api__place outbound = api__member(place, STR("outbound"));
    bool has_inbound = staged->dataplane.inbound_count > 0;
    bool has_outbound = staged->outbound_count > 0;
    bool is_builtin = staged->gateway_type == BUILTIN;
    if (is_gateway && is_builtin && has_inbound)
        api__error(d, &inbound, "inbound cannot be defined for builtin gateways");
    if (is_gateway && is_builtin && has_outbound)
        api__error(d, &outbound, "outbound cannot be defined for builtin gateways");
    if (is_gateway && !is_builtin && has_inbound)
        api__error(d, &inbound, "inbound cannot be defined for delegated gateways");
    if (!is_gateway && !has_inbound)
        api__error(d, place, "has to contain at least one inbound interface or gateway");
    if (!is_gateway || !is_builtin)
        api__check_outbounds(d, &outbound, staged->outbounds, staged->outbound_count);
}

/* On an address that the admin port of the proxy is on, too. */
static bool is_on_loopback(struct str address)
{
    return str_starts_with(address, STR("127.")) || str_equal(address, STR("::1")) ||
           str_equal(address, STR("0.0.0.0")) || str_equal(address, STR("::"));
}

static void check_admin(struct api__decoder *d, const struct api__place *place,
                        const struct staged *staged)
{
    const struct api_dataplane *dataplane = &staged->dataplane;
    struct api__place admin = api__member(place, STR("admin"));
    uint32_t port = dataplane->admin_port;
    for (size_t i = 0; port > 0 && i < dataplane->inbound_count; i++) {
        const struct api_inbound *inbound = &dataplane->inbounds[i];
        if (inbound->port == port && is_on_loopback(address_of(dataplane, inbound)))
            api__error_in(d, &admin, STR("port"), "must differ from inbound");
    }
    for (size_t i = 0; port > 0 && i < staged->outbound_count; i++) {
        const struct api__outbound *outbound = &staged->outbounds[i];
        if (outbound->port == port &&
            (outbound->address.size == 0 || is_on_loopback(outbound->address)))
            api__error_in(d, &admin, STR("port"), "must differ from outbound");
    }
}

/* A proxy that forwards to itself. */
static void check_loops(struct api__decoder *d, const struct api__place *place,
                        const struct api_dataplane *dataplane)
{
    struct api__place list = api__member(place, STR("inbound"));
    for (size_t i = 0; i < dataplane->inbound_count; i++) {
        const struct api_inbound *inbound = &dataplane->inbounds[i];
        struct api__place item = api__item(&list, i);
        bool same_port = inbound->service_port == 0 || inbound->service_port == inbound->port;
        if (inbound->service_address.size > 0 && same_port &&
            str_equal(inbound->service_address, address_of(dataplane, inbound)))
            api__error_in(d, &item, STR("serviceAddress"),
                          "serviceAddress and servicePort has to differ from address and port");
    }
}

static void check_address(struct api__decoder *d, const struct api__place *address, struct str text)
{
    if (text.size == 0)
        api__error(d, address, "address can't be empty");
    else if (str_equal(text, STR("0.0.0.0")) || str_equal(text, STR("::")))
        api__error(d, address, "must not be 0.0.0.0 or ::");
    else if (!ip_is_address(text) && !host_is_name(text))
        api__error(d, address, "address has to be valid IP address or domain name");
}

static void check_networking(struct api__decoder *d, const struct api__place *place, void *object)
{
    struct staged *staged = object;
    struct api__place gateway = api__member(place, STR("gateway"));
    bool is_gateway = api__is_present(&gateway);
    staged->dataplane.is_builtin_gateway = is_gateway && staged->gateway_type == BUILTIN;
    check_bounds(d, place, is_gateway, staged);
    check_admin(d, place, staged);
    check_loops(d, place, &staged->dataplane);
    if (is_gateway)
        check_gateway(d, &gateway, staged->dataplane.gateway_tags);
    struct api__place address = api__member(place, STR("address"));
    staged->dataplane.address_mark = api__mark(&address);
    check_address(d, &address, staged->dataplane.address);
}

static const struct api__field admin_fields[] = {
    API__FIELD("port", UINT32, API__AT(struct staged, dataplane.admin_port)),
};
static const struct api__table admin_table = API__TABLE(admin_fields, struct staged, .check = NULL);

static const struct api__field networking_fields[] = {
    API__FIELD("address", STRING, API__AT(struct staged, dataplane.address),
               .max = API__STRING_MAX),
    API__FIELD("gateway", OBJECT, .table = &gateway_table),
    API__FIELD("inbound", LIST, API__AT(struct staged, dataplane.inbounds), .table = &inbound_table,
               .max = API__LIST_MAX),
    API__FIELD("outbound", LIST, API__AT(struct staged, outbounds), .table = &api__outbound_table,
               .max = API_ITEMS_MAX),
    API__FIELD("advertisedAddress", STRING, API__AT(struct staged, dataplane.advertised_address),
               .max = API__STRING_MAX),
    API__FIELD("admin", OBJECT, .table = &admin_table),
    API__FIELD("transparentProxying", OBJECT, .proto = STR_INIT("transparent_proxying"),
               .is_dropped = true, .table = &api__transparent_proxying_table),
};
static const struct api__table networking_table = API__TABLE(networking_fields, struct staged,
                                                             .check = check_networking);

static const struct api__field fields[] = {
    API__FIELD("networking", OBJECT, .table = &networking_table),
    API__FIELD("metrics", OPEN),
    API__FIELD("probes", OBJECT, .is_dropped = true, .table = &api__probes_table),
};

static void check(struct api__decoder *d, const struct api__place *place, void *object)
{
    const struct staged *staged = object;
    struct api__place networking = api__member(place, STR("networking"));
    struct api__place probes = api__member(place, STR("probes"));
    if (!api__is_present(&networking))
        api__error(d, &networking, "must be defined");
    else if (staged->dataplane.is_builtin_gateway && api__is_present(&probes))
        api__error_in(d, &networking, STR("probes"),
                      "probes cannot be defined for builtin gateways");
}

const struct api__table api__dataplane_table = API__TABLE(fields, struct staged, .check = check);
