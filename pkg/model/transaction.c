#include "model/transaction.h"
#include "core/base/assert.h"
#include "core/base/mem.h"
#include "model/resource.h"

struct model__transaction *model__transaction_new(void)
{
    struct model__transaction *box = MEM_NEW(struct model__transaction);
    box->arena = arena_new(256);
    return box;
}

void model__transaction_put(struct model__transaction *box, const struct model_resource *resource)
{
    VEC_PUSH(&box->puts, resource);
}

void model__transaction_remove(struct model__transaction *box, enum model_kind kind,
                               struct str name)
{
    struct model_removal removal = {.kind = kind, .name = str_dup(box->arena, name)};
    VEC_PUSH(&box->removals, removal);
}

struct model_transaction *model__transaction_done(struct model__transaction *box)
{
    box->transaction.puts = box->puts.items;
    box->transaction.put_count = box->puts.count;
    box->transaction.removals = box->removals.items;
    box->transaction.removal_count = box->removals.count;
    return &box->transaction;
}

/* A walk through the resources of a snapshot, block by block. */
struct walk {
    const struct model__blocks *blocks; /* NULL: there are none */
    size_t block;
    size_t at; /* in it */
};

static struct walk walk_of(const struct model_snapshot *snapshot)
{
    return (struct walk){.blocks = snapshot == NULL ? NULL : model__snapshot_blocks(snapshot)};
}

/* NULL: that was the last. */
static const struct model_resource *walk_peek(const struct walk *walk)
{
    if (walk->blocks == NULL || walk->block == walk->blocks->list.count)
        return NULL;
    return walk->blocks->list.items[walk->block]->resources[walk->at];
}

static void walk_step(struct walk *walk)
{
    if (++walk->at < walk->blocks->list.items[walk->block]->count)
        return;
    walk->block++;
    walk->at = 0;
}

/* Blocks that both have: mostly nearly all. */
static void skip_shared(struct walk *base, struct walk *next)
{
    if (base->blocks == NULL)
        return;
    while (base->at == 0 && next->at == 0 && base->block < base->blocks->list.count &&
           next->block < next->blocks->list.count &&
           base->blocks->list.items[base->block] == next->blocks->list.items[next->block]) {
        base->block++;
        next->block++;
    }
}

/* Walks both sorted sets side by side. */
static void compare_sets(struct model__transaction *box, struct walk base, struct walk next)
{
    skip_shared(&base, &next);
    const struct model_resource *before = walk_peek(&base);
    const struct model_resource *after = walk_peek(&next);
    while (before != NULL || after != NULL) {
        int order = before == NULL ? 1 : -1;
        if (before != NULL && after != NULL)
            order = before == after ? 0 : model__resource_compare(before, after);
        if (order < 0)
            model__transaction_remove(box, before->kind, before->name);
        else if (order > 0 || !model_digest_equal(&before->digest, &after->digest))
            model__transaction_put(box, model_resource_ref(after));
        if (order <= 0)
            walk_step(&base);
        if (order >= 0)
            walk_step(&next);
        skip_shared(&base, &next);
        before = walk_peek(&base);
        after = walk_peek(&next);
    }
}

struct model_transaction *model_transaction_new(const struct model_snapshot *base,
                                                const struct model_snapshot *next)
{
    struct model__transaction *box = model__transaction_new();
    compare_sets(box, walk_of(base), walk_of(next));
    if (base != NULL)
        box->transaction.base = base->digest;
    box->transaction.result = next->digest;
    return model__transaction_done(box);
}

struct model_transaction *model_transaction_free(struct model_transaction *transaction)
{
    if (transaction == NULL)
        return NULL;
    struct model__transaction *box = CONTAINER_OF(transaction, struct model__transaction,
                                                  transaction);
    for (size_t i = 0; i < box->puts.count; i++)
        (void)model_resource_unref(box->puts.items[i]); /* always NULL */
    VEC_FREE(&box->puts);
    VEC_FREE(&box->removals);
    box->arena = arena_free(box->arena);
    return mem_free(box);
}

static const struct model_digest nothing = {{0}};

MUST_USE static enum err check_base(const struct model_transaction *transaction,
                                    const struct model_snapshot *base, struct err_info *reterr)
{
    const struct model_digest *have = base == NULL ? &nothing : &base->digest;
    if (model_digest_equal(&transaction->base, have))
        return ERR_OK;
    struct model__hex wanted_hex = model__digest_hex(&transaction->base);
    struct model__hex have_hex = model__digest_hex(have);
    return err_set(reterr, ERR_CONFLICT,
                   "the transaction starts from snapshot %.16s, not from %.16s", wanted_hex.text,
                   have_hex.text);
}

enum err model_transaction_apply(const struct model_transaction *transaction,
                                 const struct model_snapshot *base,
                                 const struct model_snapshot **ret_snapshot,
                                 struct err_info *reterr)
{
    if (model_digest_equal(&transaction->base, &nothing))
        base = NULL;
    enum err err = check_base(transaction, base, reterr);
    if (err != ERR_OK)
        return err;

    const struct model_snapshot *result = NULL;
    err = model__snapshot_change(base, transaction, &result, reterr);
    if (err != ERR_OK)
        return err;
    if (!model_digest_equal(&result->digest, &transaction->result)) {
        struct model__hex hex = model__digest_hex(&transaction->result);
        result = model_snapshot_unref(result);
        return err_set(reterr, ERR_CONFLICT,
                       "the transaction does not lead to snapshot %.16s as it says", hex.text);
    }
    *ret_snapshot = result;
    return ERR_OK;
}
