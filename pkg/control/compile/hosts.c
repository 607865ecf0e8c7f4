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
    struct api_tags tags;
    VEC(const struct api_object *) routes;
};

struct table {
    struct arena *arena;
    struct map *by_domain; /* struct host, in the arena; their vectors are freed at the end */
};

static struct host *add_host(struct table *table, struct str domain, struct api_tags tags)
{
    struct host *host = map_get(table->by_domain, domain);
    if (host != NULL)
        return host;
    host = ARENA_NEW(table->arena, struct host);
    host->domain = domain;
    host->tags = tags;
    (void)map_set(table->by_domain, domain, host); /* there was none */
    return host;
}

/* A route goes where it names a host, and below each wildcard that it names. */
static void distribute(struct table *table, const struct api_object *route)
{
    const struct api_mesh_gateway_route *spec = route->mesh_gateway_route;
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

/* All names are known before the first route is distributed, so that the order of routes does not
 * matter. */
static void fill_from_wildcard(struct table *table, const struct compile__listener *listener,
                               struct compile__routes routes)
{
    struct host *all = add_host(table, listener->spec->hostname, listener->tags);
    for (size_t i = 0; i < routes.count; i++) {
        const struct api_mesh_gateway_route *spec = routes.items[i]->mesh_gateway_route;
        for (size_t j = 0; j < spec->hostname_count; j++)
            (void)add_host(table, spec->hostnames[j], listener->tags); /* found again later */
    }
    for (size_t i = 0; i < routes.count; i++) {
        if (routes.items[i]->mesh_gateway_route->hostname_count == 0)
            VEC_PUSH(&all->routes, routes.items[i]);
        else
            distribute(table, routes.items[i]);
    }
}

static void fill(struct table *table, const struct compile__listener *listener,
                 struct compile__routes routes)
{
    struct host *host = add_host(table, listener->spec->hostname, listener->tags);
    for (size_t i = 0; i < routes.count; i++)
        VEC_PUSH(&host->routes, routes.items[i]);
}

static bool concerns(const struct api_object *route, struct str domain)
{
    const struct api_mesh_gateway_route *spec = route->mesh_gateway_route;
    if (spec->hostname_count == 0 || str_equal(domain, STR("*")))
        return true;
    for (size_t i = 0; i < spec->hostname_count; i++) {
        if (compile__hostname_intersects(domain, spec->hostnames[i]))
            return true;
    }
    return false;
}

static int compare_routes(const void *a, const void *b)
{
    const struct api_object *left = *(const struct api_object *const *)a;
    const struct api_object *right = *(const struct api_object *const *)b;
    return api_key_compare(&left->key, &right->key);
}

/* The routes of a host: sorted by name, each once, and only those that concern it. */
static struct compile__routes settle(struct arena *arena, struct host *host)
{
    const struct api_object **items = ARENA_NEW_ARRAY(arena, const struct api_object *,
                                                      host->routes.count);
    if (host->routes.count > 0)
        qsort(host->routes.items, host->routes.count, sizeof(*host->routes.items), compare_routes);
    size_t count = 0;
    for (size_t i = 0; i < host->routes.count; i++) {
        const struct api_object *route = host->routes.items[i];
        bool is_again = count > 0 && items[count - 1] == route;
        if (!is_again && concerns(route, host->domain))
            items[count++] = route;
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
    struct compile__host *hosts = ARENA_NEW_ARRAY(table->arena, struct compile__host, most);
    struct map_cursor at = {0};
    struct host *host;
    size_t count = 0;
    while ((host = map_next(table->by_domain, &at)) != NULL)
        hosts[count++] = (struct compile__host){
            .domain = host->domain,
            .tags = host->tags,
            .routes = settle(table->arena, host),
        };
    table->by_domain = map_free(table->by_domain);
    if (count > 0)
        qsort(hosts, count, sizeof(*hosts), compare_hosts);
    return (struct compile__hosts){hosts, count};
}

struct compile__hosts compile__make_hosts(struct compile__run *run, struct str mesh,
                                          const struct compile__listener *listeners, size_t count)
{
    struct table table = {.arena = run->arena, .by_domain = map_new()};
    /* Listeners first: a host that a route names too keeps the tags of its own listener. */
    for (size_t i = 0; i < count; i++)
        (void)add_host(&table, listeners[i].spec->hostname, listeners[i].tags);
    for (size_t i = 0; i < count; i++) {
        struct compile__routes routes = compile__attach(run, mesh, listeners[i].tags);
        if (str_equal(listeners[i].spec->hostname, STR("*")))
            fill_from_wildcard(&table, &listeners[i], routes);
        else
            fill(&table, &listeners[i], routes);
    }
    return finish(&table);
}
