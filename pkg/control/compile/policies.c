/* Stage 3: which MeshHTTPRoutes a listener has. What decides are the gateway and the tags of the
 * listener, so listeners of one gateway with equal tags share the answer. */
#include <stdlib.h>

#include "control/compile/hostnames.h"
#include "control/compile/spec.h"
#include "control/compile/stages.h"

static const struct str all_hosts = STR_INIT("*");

/* ---- Which routes ---- */

bool compile__takes_part(const struct api_object *route, const struct api_object *gateway,
                         struct api_tags tags)
{
    return !route->broken && !route->is_shadow && compile__has_served_item(route) &&
           compile__target_selects(compile__target_of(route), gateway, tags);
}

static int compare_routes(const void *a, const void *b)
{
    const struct api_object *left = (*(struct compile__route *const *)a)->object;
    const struct api_object *right = (*(struct compile__route *const *)b)->object;
    return compile__policy_compare(left, &left->mesh_http_route->target, right,
                                   &right->mesh_http_route->target);
}

/* The strongest first. */
static void select_routes(struct compile__run *run, struct compile__policies *policies)
{
    size_t count;
    struct compile__route *all = compile__routes_of(run, API_MESH_HTTP_ROUTE, policies->scope->mesh,
                                                    &count);
    policies->routes = ARENA_NEW_ARRAY(run->arena, struct compile__route *, count);
    for (size_t i = 0; i < count; i++) {
        const struct api_object *object = all[i].object;
        if (compile__takes_part(object, policies->gateway, policies->scope->tags))
            policies->routes[policies->route_count++] = &all[i];
    }
    if (policies->route_count > 1)
        qsort(policies->routes, policies->route_count, sizeof(*policies->routes), compare_routes);
}

/* ---- By host names ---- */

static struct compile__group *group_of(struct compile__run *run, struct compile__policies *policies,
                                       struct str hostname)
{
    struct compile__group *group = map_get(policies->groups, hostname);
    if (group != NULL)
        return group;
    group = ARENA_NEW(run->arena, struct compile__group);
    group->hostname = hostname;
    (void)map_set(policies->groups, hostname, group); /* there was none */
    return group;
}

static void add_entry(struct compile__run *run, struct compile__policies *policies,
                      struct str hostname, struct compile__entry entry)
{
    struct compile__group *group = group_of(run, policies, hostname);
    if (group->last != NULL && group->last->route == entry.route && group->last->item == entry.item)
        return; /* a name that is there twice */
    struct compile__entry *kept = ARENA_NEW(run->arena, struct compile__entry);
    *kept = entry;
    if (group->last == NULL)
        group->first = kept;
    else
        group->last->next = kept;
    group->last = kept;
}

static void group_route(struct compile__run *run, struct compile__policies *policies,
                        struct compile__route *route)
{
    const struct api_mesh_http_route *spec = route->object->mesh_http_route;
    for (size_t i = 0; i < spec->to_count; i++) {
        const struct api_http_to *item = &spec->to[i];
        const struct compile__entry entry = {route, i, NULL};
        if (!compile__item_is_served(route->object, i))
            continue;
        if (item->hostname_count == 0)
            add_entry(run, policies, all_hosts, entry);
        for (size_t j = 0; j < item->hostname_count; j++)
            add_entry(run, policies, item->hostnames[j], entry);
    }
}

/* ---- All of it ---- */

struct compile__policies *compile__policies_of(struct compile__run *run,
                                               const struct compile__binding *binding,
                                               struct compile__scope *scope)
{
    struct str gateway = api_object_address(&binding->gateway);
    struct str key = str_format(run->arena, "%.*s %.*s", STR_ARG(scope->identity),
                                STR_ARG(gateway));
    struct compile__policies *policies = map_get(run->policies, key);
    if (policies != NULL)
        return policies;
    policies = ARENA_NEW(run->arena, struct compile__policies);
    policies->gateway = binding->gateway;
    policies->scope = scope;
    policies->groups = map_new();
    select_routes(run, policies);
    for (size_t i = 0; i < policies->route_count; i++)
        group_route(run, policies, policies->routes[i]);
    (void)map_set(run->policies, key, policies); /* there was none */
    return policies;
}

void compile__policies_free(struct map *policies)
{
    struct map_cursor at = {0};
    struct compile__policies *one;
    while ((one = map_next(policies, &at)) != NULL)
        one->groups = map_free(one->groups);
    (void)map_free(policies); /* always NULL */
}

/* ---- Asking ---- */

struct covering {
    const struct compile__policies *policies;
    struct compile__group **groups;
    size_t count;
};

static void add_covering(void *arg, struct str hostname)
{
    struct covering *covering = arg;
    struct compile__group *group = map_get(covering->policies->groups, hostname);
    if (group != NULL)
        covering->groups[covering->count++] = group;
}

size_t compile__policies_at(const struct compile__policies *policies, struct str name,
                            struct compile__group *ret_groups[COMPILE__COVERS_MAX])
{
    struct covering covering = {policies, ret_groups, 0};
    add_covering(&covering, name);
    compile__visit_wildcards(name, add_covering, &covering);
    if (!str_equal(name, all_hosts))
        add_covering(&covering, all_hosts);
    return covering.count;
}

/* The next of those that the wildcard `hostname` has below it, after the ones that cover it. */
static struct compile__group *next_below(const struct compile__policies *policies,
                                         struct str hostname, struct map_cursor *at)
{
    struct compile__group *group;
    while (str_starts_with(hostname, all_hosts) &&
           (group = map_next(policies->groups, at)) != NULL) {
        if (compile__hostname_covers(hostname, group->hostname) &&
            !str_equal(hostname, group->hostname))
            return group;
    }
    return NULL;
}

const struct compile__group *compile__policies_serve(const struct compile__policies *policies,
                                                     struct str hostname)
{
    struct compile__group *groups[COMPILE__COVERS_MAX];
    if (map_count(policies->groups) == 0)
        return NULL;
    if (compile__policies_at(policies, hostname, groups) > 0)
        return groups[0];
    struct map_cursor at = {0};
    return next_below(policies, hostname, &at);
}

/* ---- Attaching ---- */

/* A route may be in several of the groups of a listener. */
static void attach_group(struct compile__run *run, const struct compile__port *port,
                         const struct compile__listener *listener,
                         const struct compile__group *group)
{
    for (const struct compile__entry *at = group->first; at != NULL; at = at->next) {
        if (at->route->attached_to == listener->report)
            continue;
        at->route->attached_to = listener->report;
        compile__attach(run, at->route, port, 1);
        listener->report->attached_routes++;
    }
}

static void note_usable(struct compile__run *run, const struct compile__port *port,
                        struct compile__policies *policies)
{
    if (policies->noted == port->binding)
        return;
    if (port->is_served)
        policies->noted = port->binding;
    for (size_t i = 0; i < policies->route_count; i++)
        compile__note_usable(run, policies->routes[i], port);
}

void compile__attach_policies(struct compile__run *run, const struct compile__port *port,
                              const struct compile__listener *listener)
{
    struct compile__policies *policies = listener->policies;
    struct str hostname = listener->spec->hostname;
    struct compile__group *groups[COMPILE__COVERS_MAX];
    note_usable(run, port, policies);
    size_t count = compile__policies_at(policies, hostname, groups);
    for (size_t i = 0; i < count; i++)
        attach_group(run, port, listener, groups[i]);
    struct map_cursor at = {0};
    const struct compile__group *group;
    while ((group = next_below(policies, hostname, &at)) != NULL)
        attach_group(run, port, listener, group);
}
