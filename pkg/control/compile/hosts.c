/* Stage 5: host names become virtual hosts.
 *
 * A listener's hostname is a virtual host with the routes attached to the listener. A listener for
 * "*" also makes one of every host name that its routes name; a route that names a wildcard is in
 * every virtual host below it. Routes without host names stay where they are attached. */
#include <stdlib.h>

#include "control/compile/hostname.h"
#include "control/compile/stages.h"

struct host {
    struct str domain;
    const struct compile__scope *scope;
    VEC(struct compile__route *) routes;
};

struct table {
    struct compile__run *run;
    const struct compile__binding *binding;
    struct map *by_domain; /* struct host, in the arena; their vectors are freed at the end */
};

static struct host *add_host(struct table *table, struct str domain,
                             const struct compile__scope *scope)
{
    struct host *host = map_get(table->by_domain, domain);
    if (host != NULL)
        return host;
    host = ARENA_NEW(table->run->arena, struct host);
    host->domain = domain;
    host->scope = scope;
    (void)map_set(table->by_domain, domain, host); /* there was none */
    return host;
}

/* A route goes where it names a host, and below each wildcard that it names. */
static void distribute(struct table *table, struct compile__route *route)
{
    const struct api_mesh_gateway_route *spec = route->object->mesh_gateway_route;
    for (size_t i = 0; i < spec->hostname_count; i++) {
        struct str name = spec->hostnames[i];
        struct host *named = map_get(table->by_domain, name);
        VEC_PUSH(&named->routes, route);
        if (!str_starts_with(name, STR("*.")))
            continue;
        struct map_cursor at = {0};
        struct host *host;
        while ((host = map_next(table->by_domain, &at)) != NULL) {
            if (host != named && compile__hostname_contains(name, host->domain))
                VEC_PUSH(&host->routes, route);
        }
    }
}

/* A route that matches tags and host names of a listener is attached to it. */
static void attach(const struct table *table, const struct compile__listener *listener,
                   struct compile__route *route)
{
    struct compile__parent *parent = compile__parent_of(table->run, route, table->binding);
    parent->attached++;
    parent->has_usable = true;
    listener->report->attached_routes++;
}

/* All names are known before the first route is distributed, so that the order of routes does not
 * matter. */
static void fill_from_wildcard(struct table *table, const struct compile__listener *listener)
{
    struct compile__routes routes = listener->scope->routes;
    struct host *all = add_host(table, listener->spec->hostname, listener->scope);
    for (size_t i = 0; i < routes.count; i++) {
        const struct api_mesh_gateway_route *spec = routes.items[i]->object->mesh_gateway_route;
        for (size_t j = 0; j < spec->hostname_count; j++)
            (void)add_host(table, spec->hostnames[j], listener->scope); /* found again later */
    }
    for (size_t i = 0; i < routes.count; i++) {
        attach(table, listener, routes.items[i]);
        if (routes.items[i]->object->mesh_gateway_route->hostname_count == 0)
            VEC_PUSH(&all->routes, routes.items[i]);
        else
            distribute(table, routes.items[i]);
    }
}

static bool concerns(const struct api_object *route, struct str domain)
{
    const struct api_mesh_gateway_route *spec = route->mesh_gateway_route;
    for (size_t i = 0; i < spec->hostname_count; i++) {
        if (compile__hostname_intersects(domain, spec->hostnames[i]))
            return true;
    }
    return spec->hostname_count == 0;
}

static void fill(struct table *table, const struct compile__listener *listener)
{
    struct compile__routes routes = listener->scope->routes;
    struct host *host = add_host(table, listener->spec->hostname, listener->scope);
    for (size_t i = 0; i < routes.count; i++) {
        if (concerns(routes.items[i]->object, host->domain)) {
            attach(table, listener, routes.items[i]);
            VEC_PUSH(&host->routes, routes.items[i]);
        } else {
            compile__parent_of(table->run, routes.items[i], table->binding)->has_usable = true;
        }
    }
}

/* Routes stand in an array that is sorted by name. */
static int compare_routes(const void *a, const void *b)
{
    const struct compile__route *left = *(const struct compile__route *const *)a;
    const struct compile__route *right = *(const struct compile__route *const *)b;
    return left < right ? -1 : left > right;
}

/* The routes of a host: sorted by name, each once. One listener gives them in this order. */
static struct compile__routes settle(struct arena *arena, struct host *host)
{
    struct compile__route **items = ARENA_NEW_ARRAY(arena, struct compile__route *,
                                                    host->routes.count);
    bool is_sorted = true;
    for (size_t i = 1; i < host->routes.count; i++)
        is_sorted = is_sorted && host->routes.items[i - 1] <= host->routes.items[i];
    if (!is_sorted)
        qsort(host->routes.items, host->routes.count, sizeof(*host->routes.items), compare_routes);
    size_t count = 0;
    for (size_t i = 0; i < host->routes.count; i++) {
        if (count == 0 || items[count - 1] != host->routes.items[i])
            items[count++] = host->routes.items[i];
    }
    VEC_FREE(&host->routes);
    return (struct compile__routes){items, count};
}

static int compare_hosts(const void *a, const void *b)
{
    return str_compare(((const struct compile__host *)a)->domain,
                       ((const struct compile__host *)b)->domain);
}

static struct compile__hosts finish(struct table *table)
{
    size_t most = map_count(table->by_domain);
    struct compile__host *hosts = ARENA_NEW_ARRAY(table->run->arena, struct compile__host, most);
    struct map_cursor at = {0};
    struct host *host;
    size_t count = 0;
    while ((host = map_next(table->by_domain, &at)) != NULL)
        hosts[count++] = (struct compile__host){
            .domain = host->domain,
            .scope = host->scope,
            .routes = settle(table->run->arena, host),
        };
    table->by_domain = map_free(table->by_domain);
    if (count > 0)
        qsort(hosts, count, sizeof(*hosts), compare_hosts);
    return (struct compile__hosts){hosts, count};
}

struct compile__hosts compile__make_hosts(struct compile__run *run,
                                          const struct compile__binding *binding,
                                          const struct compile__listener *listeners, size_t count)
{
    struct table table = {.run = run, .binding = binding, .by_domain = map_new()};
    /* Listeners first: a host that a route names too keeps the tags of its own listener. */
    for (size_t i = 0; i < count; i++)
        (void)add_host(&table, listeners[i].spec->hostname, listeners[i].scope);
    for (size_t i = 0; i < count; i++) {
        if (str_equal(listeners[i].spec->hostname, STR("*")))
            fill_from_wildcard(&table, &listeners[i]);
        else
            fill(&table, &listeners[i]);
    }
    return finish(&table);
}
