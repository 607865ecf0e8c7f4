/* Any JSON as a transaction; what is accepted, written anew, is accepted again and is the same. */
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/assert.h"
#include "core/json/json.h"
#include "model/model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum err parse(struct str text, struct model_transaction **ret_transaction)
{
    struct arena *arena = arena_new(4096);
    const struct jv *value = NULL;
    struct err_info why = {.message = ""};
    enum err err = jv_parse(arena, text, JV_VALUES_MAX, &value, &why);
    if (err == ERR_OK)
        err = model_transaction_parse(value, ret_transaction, &why);
    ASSERT(err == ERR_OK || why.message[0] != '\0');
    arena_free(arena);
    return err;
}

static struct model_digest apply(const struct model_transaction *transaction,
                                 const struct model_snapshot *base)
{
    const struct model_snapshot *reached = NULL;
    enum err err = model_transaction_apply(transaction, base, &reached, NULL);
    ASSERT(err == ERR_OK);
    struct model_digest digest = reached->digest;
    (void)model_snapshot_unref(reached); /* always NULL */
    return digest;
}

/* From one snapshot to the other and to what promises it. */
static void check_step(const struct model_snapshot *from, const struct model_snapshot *to)
{
    struct model_transaction *step = model_transaction_new(from, to);
    struct model_digest reached = apply(step, from);
    ASSERT(model_digest_equal(&reached, &to->digest));
    step = model_transaction_free(step);
}

/* What it puts, where that is a snapshot: all at once is the same as the second half after the
 * first, there is a way from each to the other, and removals lead somewhere or are refused. */
static void check_steps(struct model_transaction *transaction)
{
    const struct model_resource *const *puts = transaction->puts;
    size_t half = transaction->put_count / 2;
    const struct model_snapshot *whole = NULL;
    const struct model_snapshot *part = NULL;
    const struct model_snapshot *both = NULL;
    if (transaction->put_count == 0 ||
        model_snapshot_after(NULL, puts, transaction->put_count, &whole, NULL) != ERR_OK)
        return;
    check_step(NULL, whole);
    if (model_snapshot_after(NULL, puts, half, &part, NULL) == ERR_OK) {
        enum err err = model_snapshot_with(part, puts + half, transaction->put_count - half, &both,
                                           NULL);
        ASSERT(err == ERR_OK && model_digest_equal(&both->digest, &whole->digest));
        check_step(part, whole);
        check_step(whole, part);
        both = model_snapshot_unref(both);
        part = model_snapshot_unref(part);
    }
    transaction->base = whole->digest;
    if (model_transaction_apply(transaction, whole, &both, NULL) == ERR_OK)
        both = model_snapshot_unref(both);
    whole = model_snapshot_unref(whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct model_transaction *transaction = NULL;
    if (parse(str_make((const char *)data, size), &transaction) == ERR_OK) {
        struct buf first;
        struct buf second;
        buf_init(&first, (size_t)1 << 24);
        buf_init(&second, (size_t)1 << 24);
        model_transaction_print(transaction, &first);
        struct model_transaction *again = NULL;
        enum err err = parse(buf_str(&first), &again);
        ASSERT(err == ERR_OK);
        model_transaction_print(again, &second);
        ASSERT(str_equal(buf_str(&first), buf_str(&second)));
        /* Whatever it says it leads to: that is checked, and nothing is left behind. */
        const struct model_snapshot *snapshot = NULL;
        if (model_transaction_apply(transaction, NULL, &snapshot, NULL) == ERR_OK)
            (void)model_snapshot_unref(snapshot); /* always NULL */
        check_steps(transaction);
        again = model_transaction_free(again);
        transaction = model_transaction_free(transaction);
        buf_deinit(&first);
        buf_deinit(&second);
    }
    ASSERT(model_resources_alive() == 0 && model_snapshots_alive() == 0);
    return 0;
}
