#include "model/change.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "model/resource.h"
#include "model/sort.h"

void model__change_deinit(struct model__change *change)
{
    VEC_FREE(&change->fresh);
    change->sorted = mem_free(change->sorted);
    VEC_FREE(&change->dropped);
}

static void sort_fresh(struct model__change *change)
{
    size_t count = change->fresh.count;
    change->sorted = mem_resize(NULL, count, sizeof(*change->sorted));
    if (count > 0)
        memcpy(change->sorted, change->fresh.items, count * sizeof(*change->sorted));
    change->twice = model__sort(change->sorted, count);
}

/* ---- By address ---- */

/* A set of addresses, each of which may be taken out once. */
struct addresses {
    const struct model_resource **slots; /* a power of two of them, half of them free */
    size_t mask;
};

static size_t slot_of(const struct addresses *set, const struct model_resource *resource)
{
    /* Fibonacci hashing: the low bits of addresses say little. */
    return (size_t)((uint64_t)(uintptr_t)resource * 0x9E3779B97F4A7C15u >> 32) & set->mask;
}

static const struct model_resource taken; /* where an address was */

static void addresses_init(struct addresses *set, const struct model_resource *const *resources,
                           size_t count)
{
    size_t size = 16;
    while (size < 2 * count)
        size *= 2;
    *set = (struct addresses){MEM_NEW_ARRAY(const struct model_resource *, size), size - 1};
    for (size_t i = 0; i < count; i++) {
        size_t slot = slot_of(set, resources[i]);
        while (set->slots[slot] != NULL)
            slot = (slot + 1) & set->mask;
        set->slots[slot] = resources[i];
    }
}

static bool addresses_take(struct addresses *set, const struct model_resource *resource)
{
    size_t slot = slot_of(set, resource);
    while (set->slots[slot] != NULL && set->slots[slot] != resource)
        slot = (slot + 1) & set->mask;
    bool found = set->slots[slot] != NULL;
    if (found)
        set->slots[slot] = &taken;
    return found;
}

static void compare(struct model__change *change, const struct model_snapshot *former,
                    const struct model_resource *const *resources, size_t count)
{
    struct addresses set;
    addresses_init(&set, resources, count);
    for (size_t i = 0; i < former->count; i++) {
        if (!addresses_take(&set, former->resources[i]))
            VEC_PUSH(&change->dropped, i);
    }
    bool has_fresh = former->count - change->dropped.count < count;
    for (size_t i = 0; i < count && has_fresh; i++) {
        if (addresses_take(&set, resources[i]))
            VEC_PUSH(&change->fresh, resources[i]);
    }
    set.slots = mem_free(set.slots);
}

void model__change_to(struct model__change *change, const struct model_snapshot *former,
                      const struct model_resource *const *resources, size_t count)
{
    *change = (struct model__change){0};
    if (former != NULL)
        compare(change, former, resources, count);
    for (size_t i = 0; i < count && former == NULL; i++)
        VEC_PUSH(&change->fresh, resources[i]);
    sort_fresh(change);
}

/* ---- By name ---- */

static int compare_indexes(const void *a, const void *b)
{
    size_t left = *(const size_t *)a;
    size_t right = *(const size_t *)b;
    return (left > right) - (left < right);
}

static void drop(struct model__change *change, const struct model_snapshot *former,
                 enum model_kind kind, struct str name)
{
    size_t index = model__snapshot_index(former, kind, name);
    if (index < former->count)
        VEC_PUSH(&change->dropped, index);
}

/* What is named twice is dropped once. */
static void sort_dropped(struct model__change *change)
{
    size_t kept = 0;
    if (change->dropped.count == 0)
        return;
    qsort(change->dropped.items, change->dropped.count, sizeof(size_t), compare_indexes);
    for (size_t i = 0; i < change->dropped.count; i++) {
        if (kept == 0 || change->dropped.items[kept - 1] != change->dropped.items[i])
            change->dropped.items[kept++] = change->dropped.items[i];
    }
    change->dropped.count = kept;
}

void model__change_by(struct model__change *change, const struct model_snapshot *former,
                      const struct model_transaction *transaction)
{
    *change = (struct model__change){0};
    for (size_t i = 0; i < transaction->put_count; i++)
        VEC_PUSH(&change->fresh, transaction->puts[i]);
    sort_fresh(change);
    if (former == NULL)
        return;
    for (size_t i = 0; i < transaction->put_count; i++)
        drop(change, former, transaction->puts[i]->kind, transaction->puts[i]->name);
    for (size_t i = 0; i < transaction->removal_count; i++)
        drop(change, former, transaction->removals[i].kind, transaction->removals[i].name);
    sort_dropped(change);
}
