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

struct compile__bindings compile__bind(struct compile__run *run)
{
    const struct compile_input *input = run->input;
    struct compile__binding *items = ARENA_NEW_ARRAY(run->arena, struct compile__binding,
                                                     input->dataplane_count);
    size_t count = 0;
    for (size_t i = 0; i < input->dataplane_count; i++) {
        const struct compile_dataplane *dataplane = &input->dataplanes[i];
        size_t gateway_count;
        const struct api_object *const *gateways = cache_list(input->cache, API_MESH_GATEWAY,
                                                              dataplane->mesh, &gateway_count);
        const struct api_object *gateway = select_gateway(gateways, gateway_count, dataplane->tags);
        if (gateway != NULL)
            items[count++] = (struct compile__binding){dataplane, gateway};
    }
    if (count > 0)
        qsort(items, count, sizeof(*items), compare_bindings);
    return (struct compile__bindings){items, count};
}

struct api_tags compile__listener_tags(struct compile__run *run,
                                       const struct compile__binding *binding,
                                       const struct api_listener *listener)
{
    struct api_tags tags = select_overlay(run->arena, binding->dataplane->tags,
                                          binding->gateway->mesh_gateway->tags);
    return select_overlay(run->arena, tags, listener->tags);
}
