/* Stage 2: listeners that share a port become one; what cannot be served is refused. */
#include <stdlib.h>

#include "control/compile/stages.h"

/* The listeners of one binding, and what decides about them. */
struct group {
    struct compile__run *run;
    struct compile__binding *binding;
    struct compile__listener *listeners; /* sorted by port, then hostname */
    size_t count;
};

struct str compile__listener_field(struct arena *arena, size_t index, const char *member)
{
    return str_format(arena, "conf.listeners[%zu]%s", index, member);
}

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

static struct compile_listener_report begin_report(const struct api_listener *spec, size_t index)
{
    return (struct compile_listener_report){
        .index = index,
        .port = spec->port,
        .protocol = spec->protocol,
        .hostname = spec->hostname,
        .accepted = compile__accepted(),
        .resolved_refs = compile__resolved(),
        .conflicted = compile__unconflicted(),
    };
}

/* A listener that decoding has refused. */
static void report_broken(struct compile__run *run, const struct compile__binding *binding,
                          const struct api_listener *spec, struct compile_listener_report *report)
{
    struct str field = compile__listener_field(run->arena, report->index, "");
    struct str message = compile__decoding_error(run->texts, binding->gateway, field);
    struct str reason = STR("Invalid");
    if (spec->conflict == API_CONFLICT_PROTOCOL)
        reason = STR("ProtocolConflict");
    if (spec->conflict == API_CONFLICT_HOSTNAME)
        reason = STR("HostnameConflict");
    if (spec->conflict != API_CONFLICT_NONE)
        compile__deny(&report->conflicted, reason, message);
    compile__deny(&report->accepted, reason, message);
}

/* The routes that select a listener which is not served have it as a parent all the same. */
static void note_selected(struct compile__run *run, const struct compile__binding *binding,
                          const struct compile__listener *listener)
{
    struct compile__selection *selection = listener->scope->selection;
    if (compile__is_of_connections(listener->spec->protocol))
        compile__note_tcp(run, binding, listener);
    for (size_t i = 0; i < listener->policies->route_count; i++)
        (void)compile__parent_of(run, listener->policies->routes[i], binding); /* as below */
    if (selection->noted == binding)
        return;
    selection->noted = binding;
    for (size_t i = 0; i < selection->all.count; i++)
        (void)compile__parent_of(run, selection->all.items[i], binding); /* made, and left so */
}

static struct group collect(struct compile__run *run, struct compile__binding *binding)
{
    const struct api_mesh_gateway *gateway = binding->gateway->mesh_gateway;
    struct group group = {
        .run = run,
        .binding = binding,
        .listeners = ARENA_NEW_ARRAY(run->arena, struct compile__listener, gateway->listener_count),
    };
    for (size_t i = 0; i < gateway->listener_count; i++) {
        const struct api_listener *spec = &gateway->listeners[i];
        struct compile__listener listener = {
            .spec = spec,
            .index = i,
            .scope = compile__scope_of(run, binding, spec),
            .report = &binding->listeners[i],
        };
        listener.policies = compile__policies_of(run, binding, listener.scope);
        binding->listeners[i] = begin_report(spec, i);
        if (spec->broken) {
            report_broken(run, binding, spec, listener.report);
            note_selected(run, binding, &listener);
        } else {
            group.listeners[group.count++] = listener;
        }
    }
    if (group.count > 0)
        qsort(group.listeners, group.count, sizeof(*group.listeners), compare_listeners);
    return group;
}

/* Returns the text, for conditions. */
static struct str refuse(const struct group *group, struct compile__listener *listener,
                         const char *member, struct str reason, const char *message)
{
    struct str text = compile__find(
        group->run, FINDING_ERROR, group->binding->gateway, listener->spec->mark,
        compile__listener_field(group->run->arena, listener->index, member), "%s", message);
    if (!listener->is_refused)
        note_selected(group->run, group->binding, listener);
    listener->is_refused = true;
    compile__deny(&listener->report->accepted, reason, text);
    return text;
}

/* Decoding refuses these two already. Everything after relies on them, so that listeners from
 * elsewhere (derived ones, other kinds) are held to the same. */
static void check_protocols(const struct group *group, struct compile__listener *listeners,
                            size_t count)
{
    bool conflict = false;
    for (size_t i = 1; i < count; i++)
        conflict = conflict || listeners[i].spec->protocol != listeners[0].spec->protocol;
    for (size_t i = 0; i < count && conflict; i++) {
        const struct str reason = STR("ProtocolConflict");
        struct str text = refuse(
            group, &listeners[i], "", reason,
            "protocol conflicts with other listeners on this port, none of which is served; "
            "give all of them one protocol, or move this one to another port");
        compile__deny(&listeners[i].report->conflicted, reason, text);
    }
}

static void check_hostnames(const struct group *group, struct compile__listener *listeners,
                            size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct str hostname = listeners[i].spec->hostname;
        bool before = i > 0 && str_equal(listeners[i - 1].spec->hostname, hostname);
        bool after = i + 1 < count && str_equal(listeners[i + 1].spec->hostname, hostname);
        if (!before && !after)
            continue;
        const struct str reason = STR("HostnameConflict");
        struct str text = refuse(group, &listeners[i], "", reason,
                                 "multiple listeners for hostname on this port, none of which is "
                                 "served; keep one of them");
        compile__deny(&listeners[i].report->conflicted, reason, text);
    }
}

static bool is_served(const struct compile__listener *listener)
{
    return !listener->spec->cross_mesh && !compile__is_of_connections(listener->spec->protocol);
}

static void check_support(const struct group *group, struct compile__listener *listener)
{
    const struct api_listener *spec = listener->spec;
    if (!is_served(listener))
        compile__say_unserved(group->run, group->binding, listener);
    else if (spec->connection_limit > 0)
        (void)compile__find(
            group->run, FINDING_WARNING, group->binding->gateway, spec->mark,
            compile__listener_field(group->run->arena, listener->index,
                                    ".resources.connectionLimit"),
            "connection limits are not enforced yet; the listener is served without");
}

/* The address and port of each dataplane that is served, so that no two take the same. Returns who
 * has it, if that is another. */
static const struct compile__binding *claim_port(struct compile__run *run, struct map *claims,
                                                 struct compile__binding *binding, uint32_t port)
{
    if (run->is_idle || (run->is_unplaced && binding->dataplane->object == NULL))
        return NULL;
    struct str key = str_format(run->arena, "%.*s %u", STR_ARG(binding->dataplane->address),
                                (unsigned)port);
    const struct compile__binding *owner = map_get(claims, key);
    if (owner == NULL)
        (void)map_set(claims, key, binding); /* there was none */
    return owner == binding ? NULL : owner;
}

/* Refuses the listeners of a port that another dataplane has. One finding is enough for all. */
static void refuse_taken(const struct group *group, struct compile__listener *listeners,
                         size_t count, const struct compile__binding *owner)
{
    const struct compile_dataplane *dataplane = group->binding->dataplane;
    struct str text = compile__find(
        group->run, FINDING_ERROR, group->binding->gateway, listeners->spec->mark,
        compile__listener_field(group->run->arena, listeners->index, ".port"),
        "port %u of %.*s is taken by dataplane %.*s (MeshGateway %.*s), so dataplane "
        "%.*s does not serve it; give the dataplanes different addresses, or the "
        "gateways different ports",
        (unsigned)listeners->spec->port, STR_ARG(dataplane->address),
        STR_ARG(owner->dataplane->name), STR_ARG(owner->gateway->key.name),
        STR_ARG(dataplane->name));
    for (size_t i = 0; i < count; i++) {
        note_selected(group->run, group->binding, &listeners[i]);
        compile__deny(&listeners[i].report->accepted, STR("PortUnavailable"), text);
    }
}

static struct compile__port make_port(const struct group *group,
                                      struct compile__listener *listeners, size_t count)
{
    const struct api_listener *first = listeners[0].spec;
    return (struct compile__port){
        .binding = group->binding,
        .name = str_format(group->run->arena, "%.*s:%.*s:%u",
                           STR_ARG(group->binding->gateway->key.name),
                           STR_ARG(api_protocol_name(first->protocol)), (unsigned)first->port),
        .number = (uint16_t)first->port,
        .is_served = is_served(&listeners[0]),
        .protocol = first->protocol,
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

/* Moves those that are served before the others, which only listeners for other meshes beside plain
 * ones are; returns how many there are. */
static size_t part(struct compile__run *run, struct compile__listener *listeners, size_t count)
{
    struct compile__listener *others = ARENA_NEW_ARRAY(run->arena, struct compile__listener, count);
    size_t served = 0;
    for (size_t i = 0; i < count; i++) {
        if (is_served(&listeners[i]))
            listeners[served++] = listeners[i];
        else
            others[i - served] = listeners[i];
    }
    if (count > served)
        memcpy(&listeners[served], others, (count - served) * sizeof(*others));
    return served;
}

/* Makes the ports of a number: one that is served, one that is not. Returns how many there are. */
static size_t make_ports(const struct group *group, struct map *claims,
                         struct compile__listener *listeners, size_t count,
                         struct compile__port *ret_ports)
{
    size_t port_count = 0;
    size_t served = part(group->run, listeners, count);
    const struct compile__binding *owner = NULL;
    if (served > 0)
        owner = claim_port(group->run, claims, group->binding, listeners->spec->port);
    if (owner != NULL)
        refuse_taken(group, listeners, served, owner);
    else if (served > 0)
        ret_ports[port_count++] = make_port(group, listeners, served);
    if (served < count)
        ret_ports[port_count++] = make_port(group, &listeners[served], count - served);
    return port_count;
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
        port_count += make_ports(group, claims, listeners, kept, &ret_ports[port_count]);
    }
    return port_count;
}

/* Two dataplanes of one gateway, or gateways of one name in two meshes, tell their listeners apart
 * by the address. What is not served has no name in a snapshot. */
static void make_names_unique(struct compile__run *run, struct compile__ports ports)
{
    struct map *seen = map_new();
    struct map *twice = map_new();
    for (size_t i = 0; i < ports.count; i++) {
        if (ports.items[i].is_served && map_set(seen, ports.items[i].name, run) != NULL)
            (void)map_set(twice, ports.items[i].name, run); /* what counts is the key */
    }
    for (size_t i = 0; i < ports.count; i++) {
        struct compile__port *port = &ports.items[i];
        if (map_get(twice, port->name) != NULL)
            port->name = str_format(run->arena, "%.*s@%.*s", STR_ARG(port->name),
                                    STR_ARG(port->binding->dataplane->address));
    }
    seen = map_free(seen);
    twice = map_free(twice);
}

static void report_begin(struct compile__run *run, struct compile__binding *binding)
{
    size_t count = binding->gateway->mesh_gateway->listener_count;
    binding->listeners = ARENA_NEW_ARRAY(run->draft->arena, struct compile_listener_report, count);
    binding->report = ARENA_NEW(run->draft->arena, struct compile_gateway_report);
    *binding->report = (struct compile_gateway_report){
        .gateway = binding->gateway,
        .accepted = compile__accepted(),
        .resolved_refs = compile__resolved(),
        .listeners = binding->listeners,
        .listener_count = count,
    };
    VEC_PUSH(&run->draft->gateways, binding->report);
    VEC_PUSH(&run->draft->objects, api_object_ref(binding->gateway));
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
        report_begin(run, &bindings.items[i]);
        struct group group = collect(run, &bindings.items[i]);
        ports.count += merge_group(&group, claims, &ports.items[ports.count]);
    }
    claims = map_free(claims);
    make_names_unique(run, ports);
    return ports;
}
