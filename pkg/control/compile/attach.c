/* Stage 3: which routes a listener has. What decides are its tags alone, so listeners with equal
 * tags share the answer. */
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
static struct compile__routes routes_of(struct compile__run *run, struct str mesh,
                                        struct api_tags tags)
{
    size_t all_count;
    size_t count;
    const struct api_object *const *all = cache_list_all(run->cache, API_MESH_GATEWAY_ROUTE,
                                                         &all_count);
    const struct api_object *const *own = cache_list(run->cache, API_MESH_GATEWAY_ROUTE, mesh,
                                                     &count);
    struct compile__route **items = ARENA_NEW_ARRAY(run->arena, struct compile__route *, count);
    size_t attached = 0;
    for (size_t i = 0; i < count; i++) {
        const struct api_mesh_gateway_route *spec = own[i]->mesh_gateway_route;
        if (!own[i]->broken && spec->has_http && select_match_any(spec->selectors, tags))
            items[attached++] = &run->routes[(size_t)(own - all) + i];
    }
    return (struct compile__routes){items, attached};
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
    *scope = (struct compile__scope){mesh, tags, identity, routes_of(run, mesh, tags)};
    (void)map_set(run->scopes, identity, scope); /* there was none */
    return scope;
}

struct compile__parent *compile__parent_of(struct compile__run *run, struct compile__route *route,
                                           const struct compile__binding *binding)
{
    struct compile__parent *parent = route->parents;
    if (parent != NULL && parent->binding == binding)
        return parent;
    parent = ARENA_NEW(run->arena, struct compile__parent);
    parent->binding = binding;
    parent->next = route->parents;
    route->parents = parent;
    return parent;
}
