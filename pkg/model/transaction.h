/* Private to model: a transaction under construction, and what it does. */
#pragma once

#include "core/base/arena.h"
#include "core/base/vec.h"
#include "model/blocks.h"
#include "model/model.h"

struct model__transaction {
    struct model_transaction transaction;
    struct arena *arena; /* the names of removals */
    VEC(const struct model_resource *) puts;
    VEC(struct model_removal) removals;
};

struct model__transaction *model__transaction_new(void);

/* Takes over the reference. */
void model__transaction_put(struct model__transaction *box, const struct model_resource *resource);

/* Copies the name. */
void model__transaction_remove(struct model__transaction *box, enum model_kind kind,
                               struct str name);

/* Yields it, to be freed with model_transaction_free. */
struct model_transaction *model__transaction_done(struct model__transaction *box);

/* The snapshot that a transaction makes of `former` (or NULL), whatever it starts from.
 * ERR_CONFLICT, ERR_INVALID: as model_snapshot_new. */
MUST_USE enum err model__snapshot_change(const struct model_snapshot *former,
                                         const struct model_transaction *transaction,
                                         const struct model_snapshot **ret_snapshot,
                                         struct err_info *reterr);

const struct model__blocks *model__snapshot_blocks(const struct model_snapshot *snapshot);
