/* The resources of a snapshot in blocks, runs of them one after the other, so that one changed
 * resource among many means neither to hash nor to count them all: snapshots share the blocks that
 * they have in common. Private to model.
 *
 * Where a block ends depends on its last resource alone, so that one more or less of them moves no
 * other end; blocks and digest depend on the resources alone, never on what a former snapshot had.
 * Blocks are immutable but for their atomic count. */
#pragma once

#include <stdatomic.h>

#include "core/base/vec.h"
#include "model/change.h"
#include "model/model.h"

struct model__block {
    struct model_digest digest;
    atomic_uint references;
    size_t count;
    const struct model_resource *resources[]; /* one reference each */
};

struct model__blocks {
    VEC(struct model__block *) list; /* one reference each */
};

/* Fills `blocks`, which is empty, with what `former` (or NULL) becomes by `change`, and
 * `ret_resources`, which has room for all of it.
 * ERR_CONFLICT: two have one kind and name; then there are no blocks. */
MUST_USE enum err model__blocks_make(struct model__blocks *blocks,
                                     const struct model_resource **ret_resources,
                                     const struct model__blocks *former,
                                     const struct model__change *change, struct err_info *reterr);

void model__blocks_deinit(struct model__blocks *blocks);

/* The digest of a snapshot. */
struct model_digest model__blocks_digest(const struct model__blocks *blocks);
