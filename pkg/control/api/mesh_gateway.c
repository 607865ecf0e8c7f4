/* MeshGateway: the endpoints of a gateway. */
#include <stdlib.h>

#include "control/api/check.h"
#include "control/api/kinds.h"

#define CERTIFICATES_MAX 2

/* A host name has at most 253 characters, which is said in Kuma's words as long as they can be. */
#define HOSTNAME_SIZE_MAX 256

static const struct api__enum_value protocol_values[] = {
    {STR_INIT("NONE"), API_PROTOCOL_NONE},   {STR_INIT("TCP"), API_PROTOCOL_TCP},
    {STR_INIT("TLS"), API_PROTOCOL_TLS},     {STR_INIT("HTTP"), API_PROTOCOL_HTTP},
    {STR_INIT("HTTPS"), API_PROTOCOL_HTTPS},
};
static const struct api__enum protocols = {protocol_values, ARRAY_SIZE(protocol_values)};

struct str api_protocol_name(enum api_protocol protocol)
{
    for (size_t i = 0; i < protocols.count; i++) {
        if (protocol != API_PROTOCOL_NONE && protocols.values[i].number == (int)protocol)
            return protocols.values[i].name;
    }
    return STR_EMPTY;
}

static const struct api__enum_value mode_values[] = {
    {STR_INIT("NONE"), API_TLS_NONE},
    {STR_INIT("TERMINATE"), API_TLS_TERMINATE},
    {STR_INIT("PASSTHROUGH"), API_TLS_PASSTHROUGH},
};
static const struct api__enum modes = {mode_values, ARRAY_SIZE(mode_values)};

static const struct api__field tls_fields[] = {
    API__FIELD("mode", ENUM, API__AT(struct api_tls, mode), .values = &modes),
    API__FIELD("certificates", LIST, API__AT(struct api_tls, certificates),
               .table = &api__data_source_table, .max = 64),
    API__FIELD("options", OBJECT, .is_dropped = true, .table = &api__empty_table),
};
static const struct api__table tls_table = API__TABLE(tls_fields, struct api_tls, .check = NULL);

static const struct api__field resources_fields[] = {
    API__FIELD("connectionLimit", UINT32, .proto = STR_INIT("connection_limit"),
               API__AT(struct api_listener, connection_limit)),
};
static const struct api__table resources_table = API__TABLE(resources_fields, struct api_listener,
                                                            .check = NULL);

static const struct api__field listener_fields[] = {
    API__FIELD("hostname", STRING, API__AT(struct api_listener, hostname),
               .max = HOSTNAME_SIZE_MAX),
    API__FIELD("port", UINT32, API__AT(struct api_listener, port)),
    API__FIELD("protocol", ENUM, API__AT(struct api_listener, protocol), .values = &protocols),
    API__FIELD("tls", OBJECT, API__AT(struct api_listener, tls),
               .has = offsetof(struct api_listener, has_tls), .table = &tls_table),
    API__FIELD("tags", TAGS, API__AT(struct api_listener, tags), API__TAGS_BOUNDS),
    API__FIELD("crossMesh", BOOL, API__AT(struct api_listener, cross_mesh)),
    API__FIELD("resources", OBJECT, .table = &resources_table),
};

/* What Kuma accepts, and finds missing or ignores when it serves. */
static void check_tls_use(struct api__decoder *d, const struct api__place *tls,
                          const struct api_listener *listener)
{
    bool uses_tls = listener->protocol == API_PROTOCOL_HTTPS ||
                    listener->protocol == API_PROTOCOL_TLS;
    struct api__place certificates = api__member(tls, STR("certificates"));
    if (!listener->has_tls && listener->protocol == API_PROTOCOL_TLS)
        api__error(d, tls,
                   "cannot be empty: write a mode, PASSTHROUGH, or TERMINATE with certificates");
    else if (listener->has_tls && !uses_tls && listener->protocol != API_PROTOCOL_NONE)
        api__warning(d, tls, "is ignored: only listeners for HTTPS and TLS use it");
    else if (listener->protocol == API_PROTOCOL_TLS && listener->tls.mode == API_TLS_PASSTHROUGH &&
             listener->tls.certificate_count > 0)
        api__warning(d, &certificates,
                     "is ignored: with PASSTHROUGH the back end has the "
                     "certificate");
}

/* What a listener's own TLS has to be. */
static void check_tls(struct api__decoder *d, const struct api__place *place,
                      const struct api_listener *listener)
{
    struct api__place tls = api__member(place, STR("tls"));
    bool is_https = listener->protocol == API_PROTOCOL_HTTPS;
    size_t certificates = listener->tls.certificate_count;
    check_tls_use(d, &tls, listener);
    if (!listener->has_tls) {
        if (is_https)
            api__error(d, &tls, "cannot be empty; write mode: TERMINATE and certificates");
        return;
    }
    if (is_https && listener->tls.mode == API_TLS_PASSTHROUGH)
        api__error_in(d, &tls, STR("mode"), "mode is not supported on HTTPS listeners");
    if (listener->tls.mode == API_TLS_NONE)
        api__error_in(d, &tls, STR("mode"), "cannot be empty; write %s",
                      is_https ? "TERMINATE" : "TERMINATE or PASSTHROUGH");
    if (listener->tls.mode != API_TLS_TERMINATE)
        return;
    if (certificates == 0)
        api__error_in(d, &tls, STR("certificates"),
                      "cannot be empty in TLS termination mode; write - secret: and the "
                      "name of a Secret");
    if (certificates > CERTIFICATES_MAX)
        api__error_in(d, &tls, STR("certificates"), "cannot have more than 2 certificates");
}

/* A listener for other meshes takes its TLS from the mesh. */
static void check_cross_mesh(struct api__decoder *d, const struct api__place *place,
                             const struct api_listener *listener)
{
    if (listener->protocol == API_PROTOCOL_HTTPS)
        api__error_in(d, place, STR("protocol"), "protocol is not supported with crossMesh");
    if (listener->tls.mode != API_TLS_NONE || listener->tls.certificate_count > 0)
        api__error_in(d, place, STR("tls"), "must be empty with crossMesh");
}

static void check_listener(struct api__decoder *d, const struct api__place *place, void *object)
{
    struct api_listener *listener = object;
    struct api__place hostname = api__member(place, STR("hostname"));
    api__check_hostname(d, &hostname, listener->hostname);
    api__check_port(d, place, STR("port"), listener->port);
    if (listener->protocol == API_PROTOCOL_NONE)
        api__error_in(d, place, STR("protocol"), "cannot be empty; write HTTP, HTTPS, TCP or TLS");
    if (listener->cross_mesh)
        check_cross_mesh(d, place, listener);
    else
        check_tls(d, place, listener);
    struct api__place tags = api__member(place, STR("tags"));
    api__check_tags(d, &tags, listener->tags, API__TAGS_SELECTOR | API__TAGS_OVERLAY);
    if (listener->hostname.size == 0)
        listener->hostname = STR("*");
}

static const struct api__table listener_table = API__TABLE(
    listener_fields, struct api_listener, .mark = offsetof(struct api_listener, mark),
    .broken = offsetof(struct api_listener, broken), .check = check_listener);

static const struct api__field conf_fields[] = {
    API__FIELD("listeners", LIST, API__AT(struct api_mesh_gateway, listeners),
               .table = &listener_table, .max = API__LIST_MAX),
};
static const struct api__table conf_table = API__TABLE(conf_fields, struct api_mesh_gateway,
                                                       .check = NULL);

static const struct api__field fields[] = {
    API__FIELD("selectors", LIST, API__AT(struct api_mesh_gateway, selectors),
               .table = &api__selector_table, .max = API__LIST_MAX),
    API__FIELD("tags", TAGS, API__AT(struct api_mesh_gateway, tags), API__TAGS_BOUNDS),
    API__FIELD("conf", OBJECT, .table = &conf_table),
};

/* The listeners of one port, by what they say. */
struct port_group {
    struct api__decoder *d;
    const struct api__place *listeners;
    struct api_listener *items; /* of the whole gateway */
    const uint32_t *indexes;    /* of this port's, by hostname */
    size_t count;
};

static void port_error(const struct port_group *group, size_t at, struct str member,
                       const char *message)
{
    size_t index = group->indexes[at];
    struct api__place listener = api__item(group->listeners, index);
    listener.broken = &group->items[index].broken;
    struct api__place field = api__member(&listener, member);
    api__error(group->d, member.size == 0 ? &listener : &field, "%s", message);
}

/* Every listener of a port speaks one protocol. */
static void check_port_protocols(const struct port_group *group)
{
    bool conflict = false;
    for (size_t i = 1; i < group->count; i++)
        conflict |= group->items[group->indexes[i]].protocol !=
                    group->items[group->indexes[0]].protocol;
    for (size_t i = 0; conflict && i < group->count; i++) {
        group->items[group->indexes[i]].conflict = API_CONFLICT_PROTOCOL;
        port_error(group, i, STR_EMPTY,
                   "protocol conflicts with other listeners on this port; all "
                   "listeners of a port have one protocol");
    }
}

/* A hostname stands on a port once. */
static void check_port_hostnames(const struct port_group *group)
{
    for (size_t i = 0; i < group->count; i++) {
        struct str name = group->items[group->indexes[i]].hostname;
        bool twice = (i > 0 && str_equal(name, group->items[group->indexes[i - 1]].hostname)) ||
                     (i + 1 < group->count &&
                      str_equal(name, group->items[group->indexes[i + 1]].hostname));
        if (!twice)
            continue;
        struct api_listener *listener = &group->items[group->indexes[i]];
        if (listener->conflict == API_CONFLICT_NONE)
            listener->conflict = API_CONFLICT_HOSTNAME;
        port_error(group, i, STR_EMPTY,
                   "multiple listeners for hostname on this port; each needs one of "
                   "its own");
    }
}

/* The limit belongs to the port. */
static void check_port_limits(const struct port_group *group)
{
    uint32_t limit = 0;
    bool conflict = false;
    for (size_t i = 0; i < group->count; i++) {
        uint32_t own = group->items[group->indexes[i]].connection_limit;
        conflict |= own != 0 && limit != 0 && own != limit;
        limit = own != 0 ? own : limit;
    }
    for (size_t i = 0; conflict && i < group->count; i++) {
        size_t index = group->indexes[i];
        if (group->items[index].connection_limit == 0)
            continue;
        struct api__place listener = api__item(group->listeners, index);
        listener.broken = &group->items[index].broken;
        struct api__place resources = api__member(&listener, STR("resources"));
        api__error_in(group->d, &resources, STR("connectionLimit"),
                      "conflicting values for this port");
    }
}

/* Kuma takes the first listener's word for the whole port, here each has its own. */
static void check_port_cross_mesh(const struct port_group *group)
{
    uint32_t first = group->indexes[0];
    for (size_t i = 1; i < group->count; i++)
        first = MIN(first, group->indexes[i]);
    for (size_t i = 0; i < group->count; i++) {
        size_t index = group->indexes[i];
        if (group->items[index].cross_mesh == group->items[first].cross_mesh)
            continue;
        struct api__place listener = api__item(group->listeners, index);
        struct api__place field = api__member(&listener, STR("crossMesh"));
        api__warning(group->d, &field,
                     "differs from that of conf.listeners[%u], which Kuma takes for the whole "
                     "port; give the listeners of a port one value",
                     (unsigned)first);
    }
}

/* By port, hostname, place in the list. */
static int compare_listeners(const void *a, const void *b, void *arg)
{
    const struct api_listener *items = arg;
    uint32_t left = *(const uint32_t *)a;
    uint32_t right = *(const uint32_t *)b;
    if (items[left].port != items[right].port)
        return items[left].port < items[right].port ? -1 : 1;
    int order = str_compare(items[left].hostname, items[right].hostname);
    return order != 0 ? order : (left > right) - (left < right);
}

static void check_ports(struct api__decoder *d, const struct api__place *listeners,
                        struct api_listener *items, size_t count)
{
    uint32_t *indexes = ARENA_NEW_ARRAY(d->arena, uint32_t, count);
    for (size_t i = 0; i < count; i++)
        indexes[i] = (uint32_t)i;
    qsort_r(indexes, count, sizeof(*indexes), compare_listeners, items);
    for (size_t begin = 0, end = 0; begin < count; begin = end) {
        while (end < count && items[indexes[end]].port == items[indexes[begin]].port)
            end++;
        struct port_group group = {d, listeners, items, indexes + begin, end - begin};
        check_port_protocols(&group);
        check_port_hostnames(&group);
        check_port_limits(&group);
        check_port_cross_mesh(&group);
    }
}

static void check(struct api__decoder *d, const struct api__place *place, void *object)
{
    const struct api_mesh_gateway *gateway = object;
    /* The decoder's own array: nobody else has seen it yet. */
    struct api_listener *listeners = (struct api_listener *)(uintptr_t)gateway->listeners;
    struct api__place selectors = api__member(place, STR("selectors"));
    api__check_selectors(d, &selectors, gateway->selectors);
    struct api__place tags = api__member(place, STR("tags"));
    api__check_tags(d, &tags, gateway->tags, API__TAGS_SELECTOR | API__TAGS_RESERVED);
    struct api__place conf = api__member(place, STR("conf"));
    if (!api__is_present(&conf)) {
        api__error(d, &conf, "cannot be empty");
        return;
    }
    struct api__place list = api__member(&conf, STR("listeners"));
    if (gateway->listener_count == 0)
        api__error(d, &list, "cannot be empty");
    bool cross_mesh = false;
    for (size_t i = 0; i < gateway->listener_count; i++)
        cross_mesh |= listeners[i].cross_mesh;
    for (size_t i = 1; cross_mesh && i < gateway->selectors.count; i++) {
        struct api__place selector = api__item(&selectors, i);
        api__error(d, &selector, "there can be at most one selector");
    }
    check_ports(d, &list, listeners, gateway->listener_count);
}

const struct api__table api__mesh_gateway_table = API__TABLE(fields, struct api_mesh_gateway,
                                                             .check = check);
