#include "control/cache/cache.h"

#include <stdlib.h>

#include "core/base/arena.h"
#include "core/base/assert.h"
#include "core/base/map.h"
#include "core/base/mem.h"
#include "core/base/vec.h"

/* A set of mesh names, and the sorted array that was made of it last. */
struct name_set {
    struct map *names; /* owns the bytes of the names */
    struct str *sorted;
};

/* Touched EndpointSlices, with the bytes of their names. */
struct slice_list {
    VEC(struct cache_slice) items;
    struct arena *arena;
};

struct cache {
    /* Sorted by key. The sorted array is the store, the index and every list at once. */
    VEC(const struct api_object *) objects[API_KINDS];
    struct name_set meshes;
    struct name_set touched;
    struct name_set taken; /* what cache_take_changes handed out */
    bool back_ends;        /* touched, too */
    bool others;           /* by something else than the slices, or by too many of them */
    struct slice_list slices;
    struct slice_list taken_slices; /* what cache_take_changes handed out */
};

static void names_clear(struct name_set *set)
{
    set->names = map_free(set->names);
    set->sorted = mem_free(set->sorted);
}

static void names_add(struct name_set *set, struct str name)
{
    if (name.size == 0)
        return;
    if (set->names == NULL)
        set->names = map_new();
    (void)map_set(set->names, name, set); /* any value but NULL: what counts is the key */
}

static int compare_names(const void *a, const void *b)
{
    return str_compare(*(const struct str *)a, *(const struct str *)b);
}

static const struct str *names_sort(struct name_set *set, size_t *ret_count)
{
    *ret_count = set->names == NULL ? 0 : map_count(set->names);
    if (*ret_count == 0)
        return NULL;
    set->sorted = mem_resize(set->sorted, *ret_count, sizeof(*set->sorted));
    struct map_cursor at = {0};
    for (size_t i = 0; map_next(set->names, &at) != NULL; i++)
        set->sorted[i] = at.key;
    qsort(set->sorted, *ret_count, sizeof(*set->sorted), compare_names);
    return set->sorted;
}

static void slices_clear(struct slice_list *slices)
{
    VEC_FREE(&slices->items);
    slices->arena = arena_free(slices->arena);
}

static void slices_add(struct cache *cache, const struct api_object *object)
{
    struct slice_list *slices = &cache->slices;
    if (slices->items.count == CACHE_SLICES_MAX)
        cache->others = true;
    if (cache->others)
        return;
    if (slices->arena == NULL)
        slices->arena = arena_new(1024);
    struct cache_slice slice = {
        .name = str_dup(slices->arena, object->key.name),
        .service = str_dup(slices->arena, object->endpoint_slice->service),
        .namespace = str_dup(slices->arena, object->namespace),
    };
    VEC_PUSH(&slices->items, slice);
}

struct cache *cache_new(void)
{
    return MEM_NEW(struct cache);
}

struct cache *cache_free(struct cache *cache)
{
    if (cache == NULL)
        return NULL;
    for (size_t kind = 0; kind < API_KINDS; kind++) {
        for (size_t i = 0; i < cache->objects[kind].count; i++)
            (void)api_object_unref(cache->objects[kind].items[i]); /* always NULL */
        VEC_FREE(&cache->objects[kind]);
    }
    names_clear(&cache->meshes);
    names_clear(&cache->touched);
    names_clear(&cache->taken);
    slices_clear(&cache->slices);
    slices_clear(&cache->taken_slices);
    return mem_free(cache);
}

/* The index of the first object whose key is not below `key`. */
static size_t lower_bound(const struct cache *cache, const struct api_key *key)
{
    const struct api_object *const *items = cache->objects[key->kind].items;
    size_t low = 0;
    size_t high = cache->objects[key->kind].count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (api_key_compare(&items[middle]->key, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool holds(const struct cache *cache, const struct api_key *key, size_t index)
{
    return index < cache->objects[key->kind].count &&
           api_key_compare(&cache->objects[key->kind].items[index]->key, key) == 0;
}

/* A Mesh belongs to the mesh of its own name. */
static struct str mesh_of(const struct api_key *key)
{
    return key->kind == API_MESH ? key->name : key->mesh;
}

static bool is_gateway(const struct api_object *object)
{
    if (object->key.kind == API_POD)
        return object->pod->is_builtin_gateway;
    return object->dataplane->is_builtin_gateway || object->broken;
}

static bool is_back_end(enum api_kind kind)
{
    return kind == API_SERVICE || kind == API_ENDPOINT_SLICE || kind == API_POD ||
           kind == API_DATAPLANE || kind == API_EXTERNAL_SERVICE;
}

/* Routes name these: whether they are there changes what rules do. */
static bool is_named_back_end(enum api_kind kind)
{
    return kind == API_MESH_SERVICE || kind == API_MESH_EXTERNAL_SERVICE ||
           kind == API_MESH_MULTI_ZONE_SERVICE;
}

static bool may_be_gateway(enum api_kind kind)
{
    return kind == API_POD || kind == API_DATAPLANE;
}

static void mark_back_end(struct cache *cache, const struct api_object *object)
{
    cache->back_ends = true;
    if (object->key.kind == API_ENDPOINT_SLICE && !object->broken)
        slices_add(cache, object);
    else
        cache->others = true;
}

/* Back ends change no routes, unless they are gateways themselves. */
static void mark(struct cache *cache, const struct api_object *object)
{
    enum api_kind kind = object->key.kind;
    if (is_back_end(kind) || is_named_back_end(kind))
        mark_back_end(cache, object);
    if (!is_back_end(kind) || (may_be_gateway(kind) && is_gateway(object)))
        names_add(&cache->touched, mesh_of(&object->key));
}

static void insert(struct cache *cache, size_t index, const struct api_object *object)
{
    enum api_kind kind = object->key.kind;
    VEC_PUSH(&cache->objects[kind], object);
    const struct api_object **items = cache->objects[kind].items;
    size_t behind = cache->objects[kind].count - 1 - index;
    memmove(items + index + 1, items + index, behind * sizeof(const struct api_object *));
    items[index] = object;
}

void cache_put(struct cache *cache, const struct api_object *object)
{
    size_t index = lower_bound(cache, &object->key);
    if (!holds(cache, &object->key, index)) {
        insert(cache, index, api_object_ref(object));
    } else {
        const struct api_object **place = &cache->objects[object->key.kind].items[index];
        if (*place == object || api_object_equal(*place, object))
            return;
        const struct api_object *former = *place;
        mark(cache, former);
        *place = api_object_ref(object);
        (void)api_object_unref(former); /* always NULL */
    }
    mark(cache, object);
}

void cache_remove(struct cache *cache, const struct api_key *key)
{
    size_t index = lower_bound(cache, key);
    if (!holds(cache, key, index))
        return;
    const struct api_object **items = cache->objects[key->kind].items;
    const struct api_object *former = items[index];
    mark(cache, former);
    size_t behind = --cache->objects[key->kind].count - index;
    memmove(items + index, items + index + 1, behind * sizeof(const struct api_object *));
    (void)api_object_unref(former); /* last: `key` may be the object's own */
}

const struct api_object *cache_find(const struct cache *cache, const struct api_key *key)
{
    size_t index = lower_bound(cache, key);
    return holds(cache, key, index) ? cache->objects[key->kind].items[index] : NULL;
}

/* The index of the first object of `kind` at or after `low` whose mesh is above `mesh`. */
static size_t mesh_end(const struct cache *cache, enum api_kind kind, struct str mesh, size_t low)
{
    size_t high = cache->objects[kind].count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (str_compare(cache->objects[kind].items[middle]->key.mesh, mesh) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct api_object *const *cache_list(const struct cache *cache, enum api_kind kind,
                                           struct str mesh, size_t *ret_count)
{
    struct api_key first = {.kind = kind, .mesh = mesh, .name = STR_EMPTY};
    size_t begin = lower_bound(cache, &first);
    *ret_count = mesh_end(cache, kind, mesh, begin) - begin;
    return *ret_count == 0 ? NULL : cache->objects[kind].items + begin;
}

const struct api_object *const *cache_list_all(const struct cache *cache, enum api_kind kind,
                                               size_t *ret_count)
{
    *ret_count = cache->objects[kind].count;
    return cache->objects[kind].items;
}

size_t cache_count(const struct cache *cache, enum api_kind kind, struct str mesh)
{
    size_t count;
    (void)cache_list(cache, kind, mesh, &count); /* their number */
    return count;
}

size_t cache_count_all(const struct cache *cache, enum api_kind kind)
{
    return cache->objects[kind].count;
}

const struct str *cache_meshes(struct cache *cache, size_t *ret_count)
{
    names_clear(&cache->meshes);
    for (size_t kind = 0; kind < API_KINDS; kind++) {
        struct str last = STR_EMPTY;
        for (size_t i = 0; i < cache->objects[kind].count; i++) {
            struct str mesh = mesh_of(&cache->objects[kind].items[i]->key);
            if (!str_equal(mesh, last))
                names_add(&cache->meshes, mesh);
            last = mesh;
        }
    }
    return names_sort(&cache->meshes, ret_count);
}

bool cache_has_changes(const struct cache *cache)
{
    return cache->touched.names != NULL || cache->back_ends;
}

struct cache_changes cache_take_changes(struct cache *cache)
{
    names_clear(&cache->taken);
    cache->taken = cache->touched;
    cache->touched = (struct name_set){0};
    struct cache_changes changes = {0};
    changes.meshes = names_sort(&cache->taken, &changes.mesh_count);
    slices_clear(&cache->taken_slices);
    cache->taken_slices = cache->slices;
    cache->slices = (struct slice_list){0};
    changes.back_ends = cache->back_ends;
    changes.only_slices = cache->back_ends && !cache->others;
    changes.slices = cache->taken_slices.items.items;
    changes.slice_count = cache->taken_slices.items.count;
    cache->back_ends = false;
    cache->others = false;
    return changes;
}

void cache_collect_findings(const struct cache *cache, struct finding_list *list)
{
    for (enum api_kind kind = 0; kind < API_KINDS; kind++) {
        size_t count = 0;
        const struct api_object *const *objects = cache_list_all(cache, kind, &count);
        for (size_t i = 0; i < count; i++)
            finding_add_all(list, objects[i]->findings);
    }
}
