/* Which gateways dataplanes are bound to, asked by gateways: for the review, which looks at all. */
#include "control/compile/review.h"
#include "control/select/select.h"

#define CHUNK_SIZE ((size_t)4 * 1024)
#define KEY_MAX    (SIZE_MAX / 4) /* tags were bounded when they were decoded */

/* Bindings whose dataplanes have one tag, in their order. */
struct bucket {
    VEC(const struct compile__binding *) bindings;
};

struct compile__bound {
    struct arena *arena;
    struct map *gateways; /* by address: a binding to it */
    struct map *buckets;  /* by mesh and tag, with its value and with "*"; and by mesh alone */
    struct buf key;
};

static void add_to(struct compile__bound *bound, const struct compile__binding *binding,
                   struct str name, struct str value)
{
    struct str key = select_tag_key(&bound->key, binding->dataplane->mesh, name, value);
    struct bucket *bucket = map_get(bound->buckets, key);
    if (bucket == NULL) {
        bucket = ARENA_NEW(bound->arena, struct bucket);
        (void)map_set(bound->buckets, key, bucket); /* there was none */
    }
    VEC_PUSH(&bucket->bindings, binding);
}

struct compile__bound *compile__bound_new(struct compile__bindings bindings)
{
    struct compile__bound *bound = MEM_NEW(struct compile__bound);
    bound->arena = arena_new(CHUNK_SIZE);
    bound->gateways = map_new();
    bound->buckets = map_new();
    buf_init(&bound->key, KEY_MAX);
    for (size_t i = 0; i < bindings.count; i++) {
        struct compile__binding *binding = &bindings.items[i];
        struct api_tags tags = binding->dataplane->tags;
        (void)map_set(bound->gateways, api_object_address(&binding->gateway), binding); /* any */
        add_to(bound, binding, STR_EMPTY, STR_EMPTY);
        for (size_t j = 0; j < tags.count; j++) {
            add_to(bound, binding, tags.items[j].name, tags.items[j].value);
            add_to(bound, binding, tags.items[j].name, STR("*"));
        }
    }
    return bound;
}

struct compile__bound *compile__bound_free(struct compile__bound *bound)
{
    struct map_cursor at = {0};
    struct bucket *bucket;
    while ((bucket = map_next(bound->buckets, &at)) != NULL)
        VEC_FREE(&bucket->bindings);
    bound->buckets = map_free(bound->buckets);
    bound->gateways = map_free(bound->gateways);
    bound->arena = arena_free(bound->arena);
    buf_deinit(&bound->key);
    return mem_free(bound);
}

bool compile__bound_has(const struct compile__bound *bound, const struct api_object *gateway)
{
    return map_get(bound->gateways, api_object_address(&gateway)) != NULL;
}

/* Where all bindings are that the selector may match; NULL: there is none. */
static const struct bucket *smallest_bucket(struct compile__bound *bound, struct str mesh,
                                            struct api_tags selector)
{
    const struct bucket *best = map_get(bound->buckets,
                                        select_tag_key(&bound->key, mesh, STR_EMPTY, STR_EMPTY));
    for (size_t i = 0; i < selector.count && best != NULL; i++) {
        const struct api_tag *tag = &selector.items[i];
        const struct bucket *bucket = map_get(
            bound->buckets, select_tag_key(&bound->key, mesh, tag->name, tag->value));
        if (bucket == NULL || bucket->bindings.count < best->bindings.count)
            best = bucket;
    }
    return best;
}

const struct compile__binding *compile__bound_lost(struct compile__bound *bound,
                                                   const struct api_object *gateway)
{
    struct api_selectors selectors = gateway->mesh_gateway->selectors;
    const struct compile__binding *first = NULL;
    for (size_t i = 0; i < selectors.count; i++) {
        struct api_tags selector = selectors.items[i].match;
        const struct bucket *bucket = smallest_bucket(bound, gateway->key.mesh, selector);
        for (size_t j = 0; bucket != NULL && j < bucket->bindings.count; j++) {
            const struct compile__binding *binding = bucket->bindings.items[j];
            if (first != NULL && binding >= first)
                break;
            if (binding->gateway != gateway && select_match(selector, binding->dataplane->tags))
                first = binding;
        }
    }
    return first;
}
