/* Stage 4: which routes a listener has. */
#include "control/compile/stages.h"
#include "control/select/select.h"

struct compile__routes compile__attach(struct compile__run *run, struct str mesh,
                                       struct api_tags tags)
{
    size_t count;
    const struct api_object *const *routes = cache_list(run->input->cache, API_MESH_GATEWAY_ROUTE,
                                                        mesh, &count);
    const struct api_object **attached = ARENA_NEW_ARRAY(run->arena, const struct api_object *,
                                                         count);
    size_t attached_count = 0;
    for (size_t i = 0; i < count; i++) {
        const struct api_object *route = routes[i];
        if (!route->broken && route->mesh_gateway_route->has_http &&
            select_match_any(route->mesh_gateway_route->selectors, tags))
            attached[attached_count++] = route;
    }
    return (struct compile__routes){attached, attached_count};
}
