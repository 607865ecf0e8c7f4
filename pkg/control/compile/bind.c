/* Stage 1: which MeshGateway a dataplane is bound to. */
#include <stdlib.h>

#include "control/compile/stages.h"
#include "control/select/select.h"

static int compare_bindings(const void *a, const void *b)
{
    const struct compile_dataplane *left = ((const struct compile__binding *)a)->dataplane;
    const struct compile_dataplane *right = ((const struct compile__binding *)b)->dataplane;
    int order = str_compare(left->mesh, right->mesh);
    return order != 0 ? order : str_compare(left->name, right->name);
}

struct compile__bindings compile__bind(struct arena *arena, const struct cache *cache,
                                       const struct compile_dataplane *dataplanes, size_t count)
{
    struct compile__bindings bindings = {
        .items = ARENA_NEW_ARRAY(arena, struct compile__binding, count),
    };
    size_t gateway_count;
    const struct api_object *const *gateways = cache_list_all(cache, API_MESH_GATEWAY,
                                                              &gateway_count);
    struct select_gateways *index = select_gateways_new(gateways, gateway_count);
    for (size_t i = 0; i < count; i++) {
        const struct compile_dataplane *dataplane = &dataplanes[i];
        const struct api_object *gateway = select_gateways_find(index, dataplane->mesh,
                                                                dataplane->tags);
        if (gateway != NULL)
            bindings.items[bindings.count++] = (struct compile__binding){
                .dataplane = dataplane,
                .gateway = gateway,
            };
    }
    index = select_gateways_free(index);
    if (bindings.count > 0)
        qsort(bindings.items, bindings.count, sizeof(*bindings.items), compare_bindings);
    return bindings;
}
