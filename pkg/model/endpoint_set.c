#include <stdlib.h>

#include "model/resource.h"

static int compare_endpoints(const void *a, const void *b)
{
    const struct model_endpoint *left = a;
    const struct model_endpoint *right = b;
    int order = str_compare(left->address, right->address);
    return order != 0 ? order : (int)left->port - (int)right->port;
}

/* Drops what follows its equal in the sorted array; returns how many stay. */
static size_t drop_duplicates(struct model_endpoint *endpoints, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || compare_endpoints(&endpoints[kept - 1], &endpoints[i]) != 0)
            endpoints[kept++] = endpoints[i];
    }
    return kept;
}

const struct model_resource *model_endpoint_set_new(const struct model_endpoint_set *content)
{
    struct arena *arena;
    struct model__draft *draft = model__draft_new(MODEL_ENDPOINT_SET, content->name, &arena);
    struct model_endpoint_set *copy = ARENA_NEW(arena, struct model_endpoint_set);
    size_t count = content->endpoint_count;
    struct model_endpoint *endpoints = ARENA_NEW_ARRAY(arena, struct model_endpoint, count);
    for (size_t i = 0; i < count; i++) {
        endpoints[i].address = str_dup(arena, content->endpoints[i].address);
        endpoints[i].port = content->endpoints[i].port;
    }
    if (count > 0)
        qsort(endpoints, count, sizeof(*endpoints), compare_endpoints);
    copy->name = str_dup(arena, content->name);
    copy->endpoints = endpoints;
    copy->endpoint_count = drop_duplicates(endpoints, count);
    return model__draft_freeze(draft, copy);
}

void model__endpoint_set_write(struct jv_writer *writer, const struct model_endpoint_set *set)
{
    jv_write_object(writer);
    jv_write_key(writer, STR("endpoints"));
    jv_write_array(writer);
    for (size_t i = 0; i < set->endpoint_count; i++) {
        jv_write_object(writer);
        jv_write_member_string(writer, STR("address"), set->endpoints[i].address);
        jv_write_member_u64(writer, STR("port"), set->endpoints[i].port);
        jv_write_end(writer);
    }
    jv_write_end(writer);
    jv_write_member_string(writer, STR("kind"), str_of(model_kind_name(MODEL_ENDPOINT_SET)));
    jv_write_member_string(writer, STR("name"), set->name);
    jv_write_end(writer);
}
