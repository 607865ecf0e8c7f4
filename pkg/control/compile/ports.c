/* Stage 2: listeners that share a port become one; what cannot be served is refused. */
#include <stdlib.h>

#include "control/compile/stages.h"

/* The listeners of one binding, and what decides about them. */
struct group {
    struct compile__run *run;
    const struct compile__binding *binding;
    struct compile__listener *listeners; /* sorted by port, then hostname */
    size_t count;
};

static int compare_listeners(const void *a, const void *b)
{
    const struct compile__listener *left = a;
    const struct compile__listener *right = b;
    if (left->spec->port != right->spec->port)
        return left->spec->port < right->spec->port ? -1 : 1;
    int order = str_compare(left->spec->hostname, right->spec->hostname);
    if (order != 0)
        return order;
    return left->index < right->index ? -1 : left->index > right->index;
}

static struct group collect(struct compile__run *run, const struct compile__binding *binding)
{
    const struct api_mesh_gateway *gateway = binding->gateway->mesh_gateway;
    struct group group = {
        .run = run,
        .binding = binding,
        .listeners = ARENA_NEW_ARRAY(run->arena, struct compile__listener, gateway->listener_count),
    };
    for (size_t i = 0; i < gateway->listener_count; i++) {
        const struct api_listener *spec = &gateway->listeners[i];
        if (spec->broken)
            continue; /* its own findings say why */
        group.listeners[group.count++] = (struct compile__listener){
            .spec = spec,
            .index = i,
            .tags = compile__listener_tags(run, binding, spec),
        };
    }
    if (group.count > 0)
        qsort(group.listeners, group.count, sizeof(*group.listeners), compare_listeners);
    return group;
}

static struct str field_of(struct compile__run *run, const struct compile__listener *listener,
                           const char *member)
{
    return str_format(run->arena, "conf.listeners[%zu]%s", listener->index, member);
}

static void refuse(const struct group *group, struct compile__listener *listener,
                   const char *member, const char *message)
{
    listener->is_refused = true;
    compile__find(group->run, FINDING_ERROR, group->binding->gateway, listener->spec->mark,
                  field_of(group->run, listener, member), "%s", message);
}

/* Decoding refuses these two already. Everything after relies on them, so that listeners from
 * elsewhere (derived ones, other kinds) are held to the same. */
static void check_protocols(const struct group *group, struct compile__listener *listeners,
                            size_t count)
{
    bool conflict = false;
    for (size_t i = 1; i < count; i++)
        conflict = conflict || listeners[i].spec->protocol != listeners[0].spec->protocol;
    for (size_t i = 0; i < count && conflict; i++)
        refuse(group, &listeners[i], "",
               "protocol conflicts with other listeners on this port, none of which is served; "
               "give all of them one protocol, or move this one to another port");
}

static void check_hostnames(const struct group *group, struct compile__listener *listeners,
                            size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct str hostname = listeners[i].spec->hostname;
        bool before = i > 0 && str_equal(listeners[i - 1].spec->hostname, hostname);
        bool after = i + 1 < count && str_equal(listeners[i + 1].spec->hostname, hostname);
        if (before || after)
            refuse(group, &listeners[i], "",
                   "multiple listeners for hostname on this port, none of which is served; keep "
                   "one of them");
    }
}

static void check_support(const struct group *group, struct compile__listener *listener)
{
    const struct api_listener *spec = listener->spec;
    if (spec->cross_mesh) {
        refuse(group, listener, ".crossMesh",
               "crossMesh listeners are not served yet; this listener is left out");
        return;
    }
    if (spec->protocol != API_PROTOCOL_HTTP && spec->protocol != API_PROTOCOL_HTTPS) {
        refuse(group, listener, ".protocol",
               "only HTTP and HTTPS are served yet; this listener is left out");
        return;
    }
    if (spec->connection_limit > 0)
        compile__find(group->run, FINDING_WARNING, group->binding->gateway, spec->mark,
                      field_of(group->run, listener, ".resources.connectionLimit"),
                      "connection limits are not enforced yet; the listener is served without");
}

/* The address and port of each dataplane that is served, so that no two take the same. */
static bool claim_port(struct compile__run *run, struct map *claims,
                       const struct compile__binding *binding, struct compile__listener *listener)
{
    struct str address = binding->dataplane->address;
    struct str key = str_format(run->arena, "%.*s %u", STR_ARG(address),
                                (unsigned)listener->spec->port);
    const struct compile__binding *owner = map_get(claims, key);
    if (owner == NULL) {
        struct compile__binding *copy = ARENA_NEW(run->arena, struct compile__binding);
        *copy = *binding;
        (void)map_set(claims, key, copy); /* there was none */
        return true;
    }
    if (owner->dataplane == binding->dataplane)
        return true;
    compile__find(run, FINDING_ERROR, binding->gateway, listener->spec->mark,
                  field_of(run, listener, ".port"),
                  "port %u of %.*s is taken by dataplane %.*s (MeshGateway %.*s), so dataplane "
                  "%.*s does not serve it; give the dataplanes different addresses, or the "
                  "gateways different ports",
                  (unsigned)listener->spec->port, STR_ARG(address), STR_ARG(owner->dataplane->name),
                  STR_ARG(owner->gateway->key.name), STR_ARG(binding->dataplane->name));
    return false;
}

static struct compile__port make_port(const struct group *group,
                                      struct compile__listener *listeners, size_t count)
{
    const struct api_listener *first = listeners[0].spec;
    bool is_tls = first->protocol == API_PROTOCOL_HTTPS;
    return (struct compile__port){
        .binding = *group->binding,
        .name = str_format(group->run->arena, "%.*s:%s:%u",
                           STR_ARG(group->binding->gateway->key.name), is_tls ? "HTTPS" : "HTTP",
                           (unsigned)first->port),
        .number = (uint16_t)first->port,
        .protocol = is_tls ? MODEL_HTTPS : MODEL_HTTP,
        .listeners = listeners,
        .listener_count = count,
    };
}

/* Checks the listeners of one port and keeps those that are not refused; returns how many. */
static size_t settle(const struct group *group, struct compile__listener *listeners, size_t count)
{
    check_protocols(group, listeners, count);
    check_hostnames(group, listeners, count);
    for (size_t i = 0; i < count; i++) {
        if (!listeners[i].is_refused)
            check_support(group, &listeners[i]);
    }
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (!listeners[i].is_refused)
            listeners[kept++] = listeners[i];
    }
    return kept;
}

static size_t merge_group(const struct group *group, struct map *claims,
                          struct compile__port *ret_ports)
{
    size_t port_count = 0;
    size_t end = 0;
    for (size_t start = 0; start < group->count; start = end) {
        struct compile__listener *listeners = &group->listeners[start];
        while (end < group->count && group->listeners[end].spec->port == listeners->spec->port)
            end++;
        size_t kept = settle(group, listeners, end - start);
        if (kept > 0 && claim_port(group->run, claims, group->binding, listeners))
            ret_ports[port_count++] = make_port(group, listeners, kept);
    }
    return port_count;
}

/* Two dataplanes of one gateway, or gateways of one name in two meshes, tell their listeners apart
 * by the address. */
static void make_names_unique(struct compile__run *run, struct compile__ports ports)
{
    struct map *seen = map_new();
    struct map *twice = map_new();
    for (size_t i = 0; i < ports.count; i++) {
        if (map_set(seen, ports.items[i].name, run) != NULL)
            (void)map_set(twice, ports.items[i].name, run); /* what counts is the key */
    }
    for (size_t i = 0; i < ports.count; i++) {
        struct compile__port *port = &ports.items[i];
        if (map_get(twice, port->name) != NULL)
            port->name = str_format(run->arena, "%.*s@%.*s", STR_ARG(port->name),
                                    STR_ARG(port->binding.dataplane->address));
    }
    seen = map_free(seen);
    twice = map_free(twice);
}

struct compile__ports compile__merge_ports(struct compile__run *run,
                                           struct compile__bindings bindings)
{
    size_t most = 0;
    for (size_t i = 0; i < bindings.count; i++)
        most += bindings.items[i].gateway->mesh_gateway->listener_count;
    struct compile__ports ports = {ARENA_NEW_ARRAY(run->arena, struct compile__port, most), 0};
    struct map *claims = map_new();
    for (size_t i = 0; i < bindings.count; i++) {
        struct group group = collect(run, &bindings.items[i]);
        ports.count += merge_group(&group, claims, &ports.items[ports.count]);
    }
    claims = map_free(claims);
    make_names_unique(run, ports);
    return ports;
}
