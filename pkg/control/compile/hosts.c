/* Stage 5: host names become virtual hosts.
 *
 * A listener's hostname is a virtual host with the routes attached to the listener. A listener for
 * "*" also makes one of every host name that its routes name; a route that names a wildcard is in
 * every virtual host below it. Routes without host names stay where they are attached. */
#include <stdlib.h>

#include "control/compile/stages.h"

static const struct str all_hosts = STR_INIT("*");

/* The listeners of one chain. */
struct chain {
    struct compile__run *run;
    const struct compile__binding *binding;
    const struct compile__listener *listeners;
    size_t count;
};

static bool is_for_all(const struct compile__listener *listener)
{
    return str_equal(listener->spec->hostname, all_hosts);
}

/* ---- What is attached ---- */

/* A route that matches tags and host names of listeners is attached to them. */
static void attach(const struct chain *chain, struct compile__route *route, size_t listeners)
{
    struct compile__parent *parent = compile__parent_of(chain->run, route, chain->binding);
    if (parent->counted != chain->binding) {
        parent->counted = chain->binding;
        parent->listeners = 0;
    }
    parent->listeners += listeners;
    parent->attached = MAX(parent->attached, parent->listeners);
}

/* What holds for all listeners of a selection is said to each route once. */
static void attach_everywhere(const struct chain *chain, struct compile__selection *selection)
{
    for (size_t i = 0; i < selection->all.count; i++)
        compile__parent_of(chain->run, selection->all.items[i], chain->binding)->has_usable = true;
    for (size_t i = 0; i < selection->everywhere.count; i++)
        attach(chain, selection->everywhere.items[i], selection->listeners);
    selection->listeners = 0;
}

/* The routes with host names that concern a listener's. */
static void pick_concerned(struct compile__selection *selection, struct str hostname,
                           struct compile__picked *picked)
{
    compile__pick_named(selection, hostname, picked);
    compile__pick_named(selection, all_hosts, picked);
    compile__pick_above(selection, hostname, picked);
    if (str_starts_with(hostname, STR("*.")))
        compile__pick_below(selection, hostname, picked);
}

/* On a listener for all hosts every route has a place. */
static void attach_named(const struct chain *chain, const struct compile__listener *listener)
{
    struct compile__selection *selection = listener->scope->selection;
    struct compile__picked *picked = &chain->run->picked;
    compile__picked_clear(picked);
    if (!is_for_all(listener))
        pick_concerned(selection, listener->spec->hostname, picked);
    size_t count = is_for_all(listener) ? selection->all.count : picked->routes.count;
    struct compile__route *const *routes = is_for_all(listener) ? selection->all.items
                                                                : picked->routes.items;
    size_t attached = selection->everywhere.count;
    for (size_t i = 0; i < count; i++) {
        if (routes[i]->object->mesh_gateway_route->hostname_count == 0)
            continue; /* it was attached above */
        attach(chain, routes[i], 1);
        attached++;
    }
    listener->report->attached_routes += attached;
}

static void attach_all(const struct chain *chain)
{
    for (size_t i = 0; i < chain->count; i++)
        chain->listeners[i].scope->selection->listeners++;
    for (size_t i = 0; i < chain->count; i++) {
        struct compile__selection *selection = chain->listeners[i].scope->selection;
        if (selection->listeners > 0)
            attach_everywhere(chain, selection);
        attach_named(chain, &chain->listeners[i]);
    }
}

/* ---- Hosts ---- */

static int compare_hosts(const void *a, const void *b)
{
    return str_compare(((const struct compile__host *)a)->domain,
                       ((const struct compile__host *)b)->domain);
}

static const struct compile__host *find_host(const struct compile__host *hosts, size_t count,
                                             struct str domain)
{
    const struct compile__host wanted = {.domain = domain};
    return count == 0 ? NULL : bsearch(&wanted, hosts, count, sizeof(wanted), compare_hosts);
}

static void sort_hosts(struct compile__host *hosts, size_t count)
{
    if (count > 0)
        qsort(hosts, count, sizeof(*hosts), compare_hosts);
}

/* A host that a route names too keeps the tags of its own listener. */
static size_t add_named(const struct compile__listener *listener, struct compile__host *hosts,
                        size_t count)
{
    size_t more = count;
    struct map_cursor at = {0};
    struct str name;
    while (compile__selection_next(listener->scope->selection, &at, &name)) {
        if (find_host(hosts, count, name) == NULL)
            hosts[more++] = (struct compile__host){.domain = name, .scope = listener->scope};
    }
    return more;
}

struct compile__hosts compile__make_hosts(struct compile__run *run,
                                          const struct compile__binding *binding,
                                          const struct compile__listener *listeners, size_t count)
{
    const struct chain chain = {run, binding, listeners, count};
    const struct compile__listener *for_all = NULL;
    for (size_t i = 0; i < count; i++) {
        if (is_for_all(&listeners[i]))
            for_all = &listeners[i];
    }
    size_t most = count;
    if (for_all != NULL)
        most += map_count(for_all->scope->selection->names);
    struct compile__host *hosts = ARENA_NEW_ARRAY(run->arena, struct compile__host, most);
    for (size_t i = 0; i < count; i++)
        hosts[i] = (struct compile__host){listeners[i].spec->hostname, listeners[i].scope, true};
    sort_hosts(hosts, count);
    size_t host_count = for_all == NULL ? count : add_named(for_all, hosts, count);
    sort_hosts(hosts, host_count);
    attach_all(&chain);
    return (struct compile__hosts){hosts, host_count,
                                   for_all == NULL ? NULL : for_all->scope->selection};
}

void compile__pick_routes(const struct compile__hosts *hosts, const struct compile__host *host,
                          struct compile__picked *picked)
{
    compile__picked_clear(picked);
    if (host->has_listener)
        compile__pick_everywhere(host->scope->selection, picked);
    if (host->has_listener && !str_equal(host->domain, all_hosts))
        pick_concerned(host->scope->selection, host->domain, picked);
    if (hosts->named == NULL)
        return;
    compile__pick_named(hosts->named, host->domain, picked);
    compile__pick_above(hosts->named, host->domain, picked);
}
