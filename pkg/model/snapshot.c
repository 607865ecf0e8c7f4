#include <stdatomic.h>

#include "core/base/assert.h"
#include "core/base/mem.h"
#include "model/blocks.h"
#include "model/change.h"
#include "model/references.h"
#include "model/resource.h"
#include "model/transaction.h"

struct snapshot_box {
    struct model_snapshot snapshot;
    const struct model_resource **resources;
    struct model__blocks blocks;
    atomic_uint references;
};

static atomic_size_t alive;

/* The index of the first resource that is not before (kind, name). */
static size_t lower_bound(const struct model_snapshot *snapshot, enum model_kind kind,
                          struct str name)
{
    const struct model_resource wanted = {.kind = kind, .name = name};
    size_t low = 0;
    size_t high = snapshot->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (model__resource_compare(snapshot->resources[middle], &wanted) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

size_t model__snapshot_index(const struct model_snapshot *snapshot, enum model_kind kind,
                             struct str name)
{
    size_t index = lower_bound(snapshot, kind, name);
    if (index == snapshot->count)
        return index;
    const struct model_resource *found = snapshot->resources[index];
    return found->kind == kind && str_equal(found->name, name) ? index : snapshot->count;
}

const struct model_resource *model_snapshot_find(const struct model_snapshot *snapshot,
                                                 enum model_kind kind, struct str name)
{
    size_t index = model__snapshot_index(snapshot, kind, name);
    return index < snapshot->count ? snapshot->resources[index] : NULL;
}

const struct model_resource *model_snapshot_get(const struct model_snapshot *snapshot,
                                                enum model_kind kind, struct str name)
{
    const struct model_resource *resource = model_snapshot_find(snapshot, kind, name);
    ASSERT(resource != NULL); /* references were checked when the snapshot was made */
    return resource;
}

const struct model_resource *const *model_snapshot_kind(const struct model_snapshot *snapshot,
                                                        enum model_kind kind, size_t *ret_count)
{
    size_t first = lower_bound(snapshot, kind, STR_EMPTY);
    size_t end = first;
    while (end < snapshot->count && snapshot->resources[end]->kind == kind)
        end++;
    *ret_count = end - first;
    return snapshot->resources + first;
}

size_t model_kind_find(const struct model_resource *const *resources, size_t count, struct str name)
{
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (str_compare(resources[middle]->name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && str_equal(resources[low]->name, name) ? low : count;
}

/* The count is the one part of a frozen snapshot that changes. */
static struct snapshot_box *box_of(const struct model_snapshot *snapshot)
{
    return CONTAINER_OF((uintptr_t)snapshot, struct snapshot_box, snapshot);
}

const struct model__blocks *model__snapshot_blocks(const struct model_snapshot *snapshot)
{
    return &box_of(snapshot)->blocks;
}

static struct snapshot_box *box_free(struct snapshot_box *box)
{
    model__blocks_deinit(&box->blocks);
    box->resources = mem_free(box->resources);
    atomic_fetch_sub_explicit(&alive, 1, memory_order_relaxed);
    return mem_free(box);
}

/* What `former` becomes by a change, which is used up. */
MUST_USE static enum err make(const struct model_snapshot *former, struct model__change *change,
                              const struct model_snapshot **ret_snapshot, struct err_info *reterr)
{
    struct snapshot_box *box = MEM_NEW(struct snapshot_box);
    size_t former_count = former == NULL ? 0 : former->count;
    size_t count = former_count - change->dropped.count + change->fresh.count;
    atomic_init(&box->references, 1);
    atomic_fetch_add_explicit(&alive, 1, memory_order_relaxed);
    box->resources = mem_resize(NULL, count, sizeof(*box->resources));
    box->snapshot.resources = box->resources;
    box->snapshot.count = count;
    const struct model__blocks *blocks = former == NULL ? NULL : &box_of(former)->blocks;
    enum err err = model__blocks_make(&box->blocks, box->resources, blocks, change, reterr);
    if (err == ERR_OK)
        err = model__references_check(&box->snapshot, former, change, reterr);
    model__change_deinit(change);
    if (err != ERR_OK) {
        (void)box_free(box); /* always NULL */
        return err;
    }
    box->snapshot.digest = model__blocks_digest(&box->blocks);
    *ret_snapshot = &box->snapshot;
    return ERR_OK;
}

enum err model_snapshot_after(const struct model_snapshot *former,
                              const struct model_resource *const *resources, size_t count,
                              const struct model_snapshot **ret_snapshot, struct err_info *reterr)
{
    struct model__change change;
    model__change_to(&change, former, resources, count);
    return make(former, &change, ret_snapshot, reterr);
}

enum err model__snapshot_change(const struct model_snapshot *former,
                                const struct model_transaction *transaction,
                                const struct model_snapshot **ret_snapshot, struct err_info *reterr)
{
    struct model__change change;
    model__change_by(&change, former, transaction);
    return make(former, &change, ret_snapshot, reterr);
}

enum err model_snapshot_with(const struct model_snapshot *former,
                             const struct model_resource *const *puts, size_t put_count,
                             const struct model_snapshot **ret_snapshot, struct err_info *reterr)
{
    const struct model_transaction transaction = {.puts = puts, .put_count = put_count};
    return model__snapshot_change(former, &transaction, ret_snapshot, reterr);
}

enum err model_snapshot_new(const struct model_resource *const *resources, size_t count,
                            const struct model_snapshot **ret_snapshot, struct err_info *reterr)
{
    enum err err = model_snapshot_after(NULL, resources, count, ret_snapshot, reterr);
    for (size_t i = 0; i < count; i++)
        (void)model_resource_unref(resources[i]); /* the snapshot has its own */
    return err;
}

const struct model_snapshot *model_snapshot_ref(const struct model_snapshot *snapshot)
{
    unsigned before = atomic_fetch_add_explicit(&box_of(snapshot)->references, 1,
                                                memory_order_relaxed);
    ASSERT(before > 0);
    return snapshot;
}

const struct model_snapshot *model_snapshot_unref(const struct model_snapshot *snapshot)
{
    if (snapshot == NULL)
        return NULL;
    struct snapshot_box *box = box_of(snapshot);
    if (atomic_fetch_sub_explicit(&box->references, 1, memory_order_acq_rel) > 1)
        return NULL;
    (void)box_free(box); /* always NULL */
    return NULL;
}

size_t model_snapshots_alive(void)
{
    return atomic_load_explicit(&alive, memory_order_relaxed);
}
