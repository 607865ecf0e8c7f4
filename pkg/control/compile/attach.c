/* Stage 3: which routes a listener has. What decides are its tags alone, so listeners with equal
 * tags share the answer. */
#include "control/compile/spec.h"
#include "control/compile/stages.h"
#include "control/select/select.h"

static struct api_tags listener_tags(struct compile__run *run,
                                     const struct compile__binding *binding,
                                     const struct api_listener *listener)
{
    struct api_tags tags = select_overlay(run->arena, binding->dataplane->tags,
                                          binding->gateway->mesh_gateway->tags);
    return select_overlay(run->arena, tags, listener->tags);
}

/* The routes of a mesh stand together, in the cache and in the run. */
struct compile__route *compile__routes_of(struct compile__run *run, enum api_kind kind,
                                          struct str mesh, size_t *ret_count)
{
    size_t all_count;
    const struct api_object *const *all = cache_list_all(run->cache, kind, &all_count);
    const struct api_object *const *own = cache_list(run->cache, kind, mesh, ret_count);
    size_t before = *ret_count > 0 ? (size_t)(own - all) : 0;
    return run->routes + run->first_routes[kind] + before;
}

static struct compile__selection *select_routes(struct compile__run *run, struct str mesh,
                                                struct api_tags tags)
{
    size_t count;
    struct compile__route *own = compile__routes_of(run, API_MESH_GATEWAY_ROUTE, mesh, &count);
    struct compile__picked *picked = &run->picked;
    compile__picked_clear(picked);
    for (size_t i = 0; i < count; i++) {
        const struct api_object *object = own[i].object;
        const struct api_mesh_gateway_route *spec = object->mesh_gateway_route;
        if (!object->broken && spec->has_http && select_match_any(spec->selectors, tags))
            VEC_PUSH(&picked->routes, &own[i]);
    }
    return compile__selection_of(
        run->selections, run->arena,
        (struct compile__routes){picked->routes.items, picked->routes.count});
}

struct compile__scope *compile__scope_of(struct compile__run *run,
                                         const struct compile__binding *binding,
                                         const struct api_listener *listener)
{
    struct str mesh = binding->dataplane->mesh;
    struct api_tags tags = listener_tags(run, binding, listener);
    struct str identity = compile__identity(run->arena, mesh, tags);
    struct compile__scope *scope = map_get(run->scopes, identity);
    if (scope != NULL)
        return scope;
    scope = ARENA_NEW(run->arena, struct compile__scope);
    *scope = (struct compile__scope){mesh, tags, identity, select_routes(run, mesh, tags)};
    (void)map_set(run->scopes, identity, scope); /* there was none */
    return scope;
}

/* Gateways come in the order of their numbers, and then once more: one whose number is above those
 * that are there is not among them. */
static struct compile__parent *find_parent(const struct compile__route *route,
                                           const struct compile__binding *binding)
{
    if (route->parent_count == COMPILE_PARENTS_MAX && binding->number > route->number_max)
        return NULL;
    struct compile__parent *parent = route->parents;
    while (parent != NULL && parent->gateway != binding->gateway)
        parent = parent->next;
    return parent;
}

struct compile__parent *compile__parent_of(struct compile__run *run, struct compile__route *route,
                                           const struct compile__binding *binding)
{
    struct compile__parent *parent = find_parent(route, binding);
    if (parent != NULL)
        return parent;
    if (route->parent_count == COMPILE_PARENTS_MAX) {
        route->has_more = true;
        return &route->more;
    }
    parent = ARENA_NEW(run->arena, struct compile__parent);
    parent->gateway = binding->gateway;
    parent->next = route->parents;
    route->parents = parent;
    route->parent_count++;
    route->number_max = MAX(route->number_max, binding->number);
    return parent;
}

void compile__note_usable(struct compile__run *run, struct compile__route *route,
                          const struct compile__port *port)
{
    struct compile__parent *parent = compile__parent_of(run, route, port->binding);
    parent->has_usable = parent->has_usable || port->is_served;
}

void compile__attach(struct compile__run *run, struct compile__route *route,
                     const struct compile__port *port, size_t listeners)
{
    struct compile__parent *parent = compile__parent_of(run, route, port->binding);
    if (!port->is_served)
        compile__warn_unserved(run, port, route, parent);
    if (parent->counted != port->binding) {
        parent->counted = port->binding;
        parent->listeners = 0;
    }
    parent->listeners += listeners;
    parent->attached = MAX(parent->attached, parent->listeners);
}

/* Why it does: routes of Kuma's newer kinds come first, and of those the strongest. */
static struct str reason_of(struct arena *arena, const struct api_object *loser,
                            const struct api_object *winner)
{
    struct str kind = api_kind_name(winner->key.kind);
    if (loser->key.kind == winner->key.kind)
        return STR("is stronger and serves it alone");
    return str_format(arena,
                      "serves it, and beside one MeshGatewayRoutes have no effect; write these "
                      "rules as a %.*s, too",
                      STR_ARG(kind));
}

void compile__lose(struct compile__run *run, const struct compile__port *port,
                   const struct compile__listener *listener, struct compile__route *route,
                   const struct compile__route *winner)
{
    struct compile__parent *parent = compile__parent_of(run, route, port->binding);
    struct finding_subject other = api_subject(winner->object);
    if (parent->lost.size > 0)
        return;
    struct str reason = reason_of(run->arena, route->object, winner->object);
    parent->lost = compile__find(
        run, FINDING_WARNING, route->object, compile__attaching_mark(route->object),
        compile__words_of(route->object->key.kind)->attaches,
        "takes no part in conf.listeners[%zu] of MeshGateway %.*s (\"%.*s\", port %u): %.*s %.*s "
        "%.*s",
        listener->index, STR_ARG(port->binding->gateway->key.name),
        STR_ARG(listener->spec->hostname), (unsigned)port->number, STR_ARG(other.kind),
        STR_ARG(other.name), STR_ARG(reason));
}
