#include "model/blocks.h"

#include <string.h>

#include "core/base/mem.h"
#include "model/gather.h"
#include "model/resource.h"

/* How many resources a block has on average. */
#define BLOCK_MEAN 64

/* By its own digest: where blocks end does not depend on what is before or behind. */
static bool ends_block(const struct model_resource *resource)
{
    return resource->digest.bytes[0] % BLOCK_MEAN == 0;
}

static struct model__block *block_ref(struct model__block *block)
{
    (void)atomic_fetch_add_explicit(&block->references, 1, memory_order_relaxed); /* it has one */
    return block;
}

static void block_unref(struct model__block *block)
{
    if (atomic_fetch_sub_explicit(&block->references, 1, memory_order_acq_rel) > 1)
        return;
    for (size_t i = 0; i < block->count; i++)
        (void)model_resource_unref(block->resources[i]); /* always NULL */
    mem_free(block);
}

/* ---- Making them ---- */

/* Blocks that are being made: the resources from `begin` to `count` are in none yet. */
struct maker {
    struct model__blocks *blocks;
    const struct model_resource **resources;
    size_t begin;
    size_t count;
    struct model__gatherer gatherer;
};

static void end_block(struct maker *maker)
{
    size_t count = maker->count - maker->begin;
    struct model__block *block = mem_alloc(sizeof(*block) + count * sizeof(block->resources[0]));
    atomic_init(&block->references, 1);
    block->count = count;
    for (size_t i = 0; i < count; i++) {
        const struct model_resource *resource = maker->resources[maker->begin + i];
        block->resources[i] = model_resource_ref(resource);
        model__gather_number(&maker->gatherer, (uint64_t)resource->kind);
        model__gather_text(&maker->gatherer, resource->name);
        model__gather(&maker->gatherer, resource->digest.bytes, MODEL_DIGEST_SIZE);
    }
    block->digest = model__gathered(&maker->gatherer);
    VEC_PUSH(&maker->blocks->list, block);
    maker->begin = maker->count;
}

static void add(struct maker *maker, const struct model_resource *resource)
{
    maker->resources[maker->count++] = resource;
    if (ends_block(resource))
        end_block(maker);
}

/* A block as it was; what is before it has been ended. */
static void share(struct maker *maker, struct model__block *block)
{
    memcpy(maker->resources + maker->count, block->resources,
           block->count * sizeof(block->resources[0]));
    maker->count += block->count;
    maker->begin = maker->count;
    VEC_PUSH(&maker->blocks->list, block_ref(block));
}

/* A change on its way through the blocks of the former snapshot. */
struct walk {
    const struct model__change *change;
    size_t fresh; /* what was added so far, */
    size_t dropped;
    size_t at; /* and the index of the former resource that comes next */
};

static bool has_fresh(const struct walk *walk)
{
    return walk->fresh < walk->change->fresh.count;
}

/* Of the former resource at the index that comes next. */
static bool is_dropped(const struct walk *walk)
{
    return walk->dropped < walk->change->dropped.count &&
           walk->change->dropped.items[walk->dropped] == walk->at;
}

static bool is_untouched(const struct walk *walk, const struct model__block *block)
{
    const struct model_resource *last = block->resources[block->count - 1];
    if (walk->dropped < walk->change->dropped.count &&
        walk->change->dropped.items[walk->dropped] < walk->at + block->count)
        return false;
    if (!has_fresh(walk))
        return true;
    return ends_block(last) && model__resource_compare(walk->change->sorted[walk->fresh], last) > 0;
}

MUST_USE static enum err conflict(const struct model_resource *resource, struct err_info *reterr)
{
    return err_set(reterr, ERR_CONFLICT, "two resources are %s \"%.*s\"",
                   model_kind_name(resource->kind), STR_ARG(resource->name));
}

/* Adds what is fresh and comes before `next` (NULL: all of it), or takes its place. */
MUST_USE static enum err add_fresh(struct maker *maker, struct walk *walk,
                                   const struct model_resource *next, struct err_info *reterr)
{
    int order = -1;
    while (has_fresh(walk) && order < 0) {
        const struct model_resource *fresh = walk->change->sorted[walk->fresh];
        order = next == NULL ? -1 : model__resource_compare(fresh, next);
        if (order > 0)
            return ERR_OK;
        if (order == 0 && !is_dropped(walk))
            return conflict(fresh, reterr);
        add(maker, fresh);
        walk->fresh++;
    }
    return ERR_OK;
}

MUST_USE static enum err add_block(struct maker *maker, struct walk *walk,
                                   const struct model__block *block, struct err_info *reterr)
{
    for (size_t i = 0; i < block->count; i++) {
        enum err err = add_fresh(maker, walk, block->resources[i], reterr);
        if (err != ERR_OK)
            return err;
        if (is_dropped(walk))
            walk->dropped++;
        else
            add(maker, block->resources[i]);
        walk->at++;
    }
    return ERR_OK;
}

MUST_USE static enum err make(struct maker *maker, const struct model__blocks *former,
                              const struct model__change *change, struct err_info *reterr)
{
    struct walk walk = {.change = change};
    enum err err = change->twice != NULL ? conflict(change->twice, reterr) : ERR_OK;
    for (size_t i = 0; former != NULL && i < former->list.count && err == ERR_OK; i++) {
        struct model__block *block = former->list.items[i];
        if (maker->begin == maker->count && is_untouched(&walk, block)) {
            share(maker, block);
            walk.at += block->count;
        } else {
            err = add_block(maker, &walk, block, reterr);
        }
    }
    if (err == ERR_OK)
        err = add_fresh(maker, &walk, NULL, reterr);
    if (err == ERR_OK && maker->begin < maker->count)
        end_block(maker);
    return err;
}

enum err model__blocks_make(struct model__blocks *blocks,
                            const struct model_resource **ret_resources,
                            const struct model__blocks *former, const struct model__change *change,
                            struct err_info *reterr)
{
    struct maker maker = {.blocks = blocks, .resources = ret_resources};
    model__gather_init(&maker.gatherer);
    enum err err = make(&maker, former, change, reterr);
    model__gather_deinit(&maker.gatherer);
    if (err != ERR_OK)
        model__blocks_deinit(blocks);
    return err;
}

void model__blocks_deinit(struct model__blocks *blocks)
{
    for (size_t i = 0; i < blocks->list.count; i++)
        block_unref(blocks->list.items[i]);
    VEC_FREE(&blocks->list);
}

struct model_digest model__blocks_digest(const struct model__blocks *blocks)
{
    struct model__gatherer gatherer;
    model__gather_init(&gatherer);
    model__gather_number(&gatherer, UINT64_MAX); /* no kind: no block can be taken for this */
    for (size_t i = 0; i < blocks->list.count; i++)
        model__gather(&gatherer, blocks->list.items[i]->digest.bytes, MODEL_DIGEST_SIZE);
    struct model_digest digest = model__gathered(&gatherer);
    model__gather_deinit(&gatherer);
    return digest;
}
