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
        again = model_transaction_free(again);
        transaction = model_transaction_free(transaction);
        buf_deinit(&first);
        buf_deinit(&second);
    }
    ASSERT(model_resources_alive() == 0 && model_snapshots_alive() == 0);
    return 0;
}
