/* Stage 3: which routes of connections a listener for TCP or TLS would have. None is served yet,
 * and each is told so where it attaches. */
#include "control/compile/spec.h"
#include "control/compile/stages.h"
#include "control/select/select.h"

static bool attaches(const struct api_object *route, const struct compile__binding *binding,
                     struct api_tags tags)
{
    if (route->key.kind == API_MESH_TCP_ROUTE)
        return compile__takes_part(route, binding->gateway, tags);
    return !route->broken && compile__is_tcp(route) &&
           select_match_any(route->mesh_gateway_route->selectors, tags);
}

void compile__attach_tcp(struct compile__run *run, const struct compile__binding *binding,
                         const struct compile__listener *listener)
{
    static const enum api_kind kinds[] = {API_MESH_GATEWAY_ROUTE, API_MESH_TCP_ROUTE};
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        size_t count;
        struct compile__route *routes = compile__routes_of(run, kinds[i], listener->scope->mesh,
                                                           &count);
        for (size_t j = 0; j < count; j++) {
            if (!attaches(routes[j].object, binding, listener->scope->tags))
                continue;
            compile__attach(run, &routes[j], binding, 1);
            listener->report->attached_routes++;
        }
    }
}
