/* Stage 5: host names become virtual hosts.
 *
 * A listener's hostname is a virtual host with the routes attached to the listener. A listener for
 * "*" also makes one of every host name that its routes name; a route that names a wildcard is in
 * every virtual host below it. Routes without host names stay where they are attached. */
#include <stdlib.h>

#include "control/compile/hosts.h"

static const struct str all_hosts = STR_INIT("*");

static bool is_for_all(const struct compile__listener *listener)
{
    return str_equal(listener->spec->hostname, all_hosts);
}

/* ---- What is attached ---- */

/* What holds for all listeners of a selection is said to each route once. */
static void attach_everywhere(const struct compile__chain *chain,
                              struct compile__selection *selection)
{
    const struct compile__port *port = chain->port;
    for (size_t i = 0; i < selection->all.count; i++)
        compile__note_usable(chain->run, selection->all.items[i], port);
    for (size_t i = 0; i < selection->everywhere.count; i++)
        compile__attach(chain->run, selection->everywhere.items[i], port, selection->listeners);
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
static void attach_named(const struct compile__chain *chain,
                         const struct compile__listener *listener)
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
        compile__attach(chain->run, routes[i], chain->port, 1);
        attached++;
    }
    listener->report->attached_routes += attached;
}

static void attach_all(const struct compile__chain *chain)
{
    for (size_t i = 0; i < chain->plain_count; i++)
        chain->plain[i].scope->selection->listeners++;
    for (size_t i = 0; i < chain->plain_count; i++) {
        struct compile__selection *selection = chain->plain[i].scope->selection;
        if (selection->listeners > 0)
            attach_everywhere(chain, selection);
        attach_named(chain, &chain->plain[i]);
    }
}

/* ---- What MeshHTTPRoutes serve ---- */

/* A MeshGatewayRoute has no part in what MeshHTTPRoutes serve. */
static void lose(const struct compile__chain *chain, struct compile__route *route,
                 const struct compile__listener *listener)
{
    const struct compile__group *winners = compile__policies_serve(listener->policies,
                                                                   listener->spec->hostname);
    compile__lose(chain->run, chain->port, listener, route, winners->first->route);
}

/* The MeshGatewayRoutes that the listener would have had. */
static void lose_all(const struct compile__chain *chain, const struct compile__listener *listener)
{
    struct compile__selection *selection = listener->scope->selection;
    struct compile__picked *picked = &chain->run->picked;
    compile__picked_clear(picked);
    compile__pick_everywhere(selection, picked);
    if (!is_for_all(listener))
        pick_concerned(selection, listener->spec->hostname, picked);
    struct compile__routes lost = is_for_all(listener)
                                      ? selection->all
                                      : (struct compile__routes){picked->routes.items,
                                                                 picked->routes.count};
    for (size_t i = 0; i < lost.count; i++)
        lose(chain, lost.items[i], listener);
}

static void attach_policies(const struct compile__chain *chain)
{
    for (size_t i = 0; i < chain->taken_count; i++) {
        compile__attach_policies(chain->run, chain->port, &chain->taken[i]);
        lose_all(chain, &chain->taken[i]);
    }
    for (size_t i = 0; i < chain->plain_count; i++) /* where none of them has a host name */
        compile__attach_policies(chain->run, chain->port, &chain->plain[i]);
}

/* Whose host name the name belongs to, of those that MeshHTTPRoutes serve; or NULL. */
static const struct compile__listener *taker_of(const struct compile__chain *chain, struct str name)
{
    for (size_t i = 0; i < chain->taken_count; i++) {
        if (compile__hostname_covers(chain->taken[i].spec->hostname, name))
            return &chain->taken[i];
    }
    return NULL;
}

static void lose_named(const struct compile__chain *chain,
                       const struct compile__selection *selection, struct str name,
                       const struct compile__listener *taker)
{
    struct compile__picked *picked = &chain->run->picked;
    compile__picked_clear(picked);
    compile__pick_named(selection, name, picked);
    for (size_t i = 0; i < picked->routes.count; i++)
        lose(chain, picked->routes.items[i], taker);
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
static size_t add_named(const struct compile__chain *chain,
                        const struct compile__listener *listener, struct compile__host *hosts,
                        size_t count)
{
    size_t more = count;
    struct map_cursor at = {0};
    struct str name;
    while (compile__selection_next(listener->scope->selection, &at, &name)) {
        const struct compile__listener *taker = taker_of(chain, name);
        if (taker != NULL)
            lose_named(chain, listener->scope->selection, name, taker);
        else if (find_host(hosts, count, name) == NULL)
            hosts[more++] = (struct compile__host){.domain = name, .scope = listener->scope};
    }
    return more;
}

/* Each listener goes to one family of routes. */
static struct compile__chain split(struct compile__run *run, const struct compile__port *port,
                                   const struct compile__listener *listeners, size_t count)
{
    struct compile__listener *plain = ARENA_NEW_ARRAY(run->arena, struct compile__listener, count);
    struct compile__listener *taken = ARENA_NEW_ARRAY(run->arena, struct compile__listener, count);
    struct compile__chain chain = {.run = run, .port = port, .plain = plain, .taken = taken};
    for (size_t i = 0; i < count; i++) {
        if (compile__policies_serve(listeners[i].policies, listeners[i].spec->hostname) != NULL)
            taken[chain.taken_count++] = listeners[i];
        else
            plain[chain.plain_count++] = listeners[i];
    }
    return chain;
}

static size_t most_hosts(const struct compile__chain *chain,
                         const struct compile__listener *for_all)
{
    size_t most = chain->plain_count;
    if (for_all != NULL)
        most += map_count(for_all->scope->selection->names);
    for (size_t i = 0; i < chain->taken_count; i++)
        most += 1 + map_count(chain->taken[i].policies->groups);
    return most;
}

struct compile__hosts compile__make_hosts(struct compile__run *run,
                                          const struct compile__port *port,
                                          const struct compile__listener *listeners, size_t count)
{
    const struct compile__chain chain = split(run, port, listeners, count);
    const struct compile__listener *for_all = NULL;
    for (size_t i = 0; i < chain.plain_count; i++) {
        if (is_for_all(&chain.plain[i]))
            for_all = &chain.plain[i];
    }
    struct compile__host *hosts = ARENA_NEW_ARRAY(run->arena, struct compile__host,
                                                  most_hosts(&chain, for_all));
    size_t host_count = chain.plain_count;
    for (size_t i = 0; i < host_count; i++)
        hosts[i] = (struct compile__host){
            .domain = chain.plain[i].spec->hostname,
            .scope = chain.plain[i].scope,
            .has_listener = true,
        };
    sort_hosts(hosts, host_count);
    if (for_all != NULL)
        host_count = add_named(&chain, for_all, hosts, host_count);
    for (size_t i = 0; i < chain.taken_count; i++)
        host_count = compile__add_policy_hosts(port, &chain.taken[i], hosts, host_count);
    sort_hosts(hosts, host_count);
    attach_all(&chain);
    attach_policies(&chain);
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
