#include "model/blocks.h"

#include <string.h>

#include "model/gather.h"
#include "model/resource.h"

/* How many resources a block has on average. */
#define BLOCK_MEAN 64

/* By its own digest: where blocks end does not depend on what is before or behind. */
static bool ends_block(const struct model_resource *resource)
{
    return resource->digest.bytes[0] % BLOCK_MEAN == 0;
}

/* The block that begins with the resource `begin`. */
static struct model__block block_make(struct model__gatherer *gatherer,
                                      const struct model_snapshot *snapshot, size_t begin)
{
    struct model__block block = {.begin = begin, .end = begin};
    bool is_end = false;
    while (!is_end && block.end < snapshot->count) {
        const struct model_resource *resource = snapshot->resources[block.end++];
        model__gather_number(gatherer, (uint64_t)resource->kind);
        model__gather_text(gatherer, resource->name);
        model__gather(gatherer, resource->digest.bytes, MODEL_DIGEST_SIZE);
        is_end = ends_block(resource);
    }
    block.digest = model__gathered(gatherer);
    return block;
}

/* Whether `snapshot` has the resources of the block from `begin` on, and its end. */
static bool holds_block(const struct model_snapshot *snapshot, size_t begin,
                        const struct model_snapshot *former, const struct model__block *block)
{
    size_t count = block->end - block->begin;
    const struct model_resource *const *resources = snapshot->resources + begin;
    if (count > snapshot->count - begin)
        return false;
    if (memcmp(resources, former->resources + block->begin, count * sizeof(*resources)) != 0)
        return false;
    return ends_block(resources[count - 1]) || begin + count == snapshot->count;
}

/* The first block from `index` on whose first resource is not before the one given. */
static size_t block_after(const struct model_snapshot *snapshot, const struct model__blocks *blocks,
                          size_t index, const struct model_resource *resource)
{
    while (index < blocks->list.count &&
           model__resource_compare(snapshot->resources[blocks->list.items[index].begin], resource) <
               0)
        index++;
    return index;
}

struct model_digest model__blocks_make(struct model__blocks *blocks,
                                       const struct model_snapshot *snapshot,
                                       const struct model_snapshot *former,
                                       const struct model__blocks *former_blocks)
{
    struct model__gatherer gatherer;
    model__gather_init(&gatherer);
    size_t index = 0; /* of the former blocks */
    size_t former_count = former == NULL ? 0 : former_blocks->list.count;
    for (size_t begin = 0; begin < snapshot->count;) {
        if (former_count > 0)
            index = block_after(former, former_blocks, index, snapshot->resources[begin]);
        struct model__block block;
        if (index < former_count &&
            holds_block(snapshot, begin, former, &former_blocks->list.items[index])) {
            block = former_blocks->list.items[index];
            block.end = begin + (block.end - block.begin);
            block.begin = begin;
        } else {
            block = block_make(&gatherer, snapshot, begin);
        }
        VEC_PUSH(&blocks->list, block);
        begin = block.end;
    }
    model__gather_number(&gatherer,
                         UINT64_MAX); /* no kind: nothing in a block can be taken for this */
    for (size_t i = 0; i < blocks->list.count; i++)
        model__gather(&gatherer, blocks->list.items[i].digest.bytes, MODEL_DIGEST_SIZE);
    struct model_digest digest = model__gathered(&gatherer);
    model__gather_deinit(&gatherer);
    return digest;
}
