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

/* Walks both sorted sets side by side. */
static void compare_sets(struct model__transaction *box, const struct model_snapshot *base,
                         const struct model_snapshot *next)
{
    size_t base_count = base == NULL ? 0 : base->count;
    size_t i = 0;
    size_t j = 0;
    while (i < base_count || j < next->count) {
        int order = 0;
        if (i == base_count)
            order = 1;
        else if (j == next->count)
            order = -1;
        else if (base->resources[i] != next->resources[j]) /* mostly it is the same one */
            order = model__resource_compare(base->resources[i], next->resources[j]);
        if (order < 0) {
            model__transaction_remove(box, base->resources[i]->kind, base->resources[i]->name);
            i++;
        } else if (order > 0) {
            model__transaction_put(box, model_resource_ref(next->resources[j++]));
        } else {
            if (!model_digest_equal(&base->resources[i]->digest, &next->resources[j]->digest))
                model__transaction_put(box, model_resource_ref(next->resources[j]));
            i++;
            j++;
        }
    }
}

struct model_transaction *model_transaction_new(const struct model_snapshot *base,
                                                const struct model_snapshot *next)
{
    struct model__transaction *box = model__transaction_new();
    compare_sets(box, base, next);
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

/* Notes that the base's resource of that name, if there is one, is no more. */
static void drop(const struct model_snapshot *base, bool *dropped, enum model_kind kind,
                 struct str name)
{
    size_t index = model__snapshot_index(base, kind, name);
    if (index < base->count)
        dropped[index] = true;
}

/* Which resources of the base the transaction replaces or removes. */
static bool *dropped_of(const struct model_transaction *transaction,
                        const struct model_snapshot *base)
{
    bool *dropped = MEM_NEW_ARRAY(bool, base->count);
    for (size_t i = 0; i < transaction->put_count; i++)
        drop(base, dropped, transaction->puts[i]->kind, transaction->puts[i]->name);
    for (size_t i = 0; i < transaction->removal_count; i++)
        drop(base, dropped, transaction->removals[i].kind, transaction->removals[i].name);
    return dropped;
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

    VEC(const struct model_resource *) resources = {0};
    bool *dropped = base == NULL ? NULL : dropped_of(transaction, base);
    for (size_t i = 0; base != NULL && i < base->count; i++) {
        if (!dropped[i])
            VEC_PUSH(&resources, model_resource_ref(base->resources[i]));
    }
    dropped = mem_free(dropped);
    for (size_t i = 0; i < transaction->put_count; i++)
        VEC_PUSH(&resources, model_resource_ref(transaction->puts[i]));

    const struct model_snapshot *result = NULL;
    err = model_snapshot_after(base, resources.items, resources.count, &result, reterr);
    VEC_FREE(&resources);
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
