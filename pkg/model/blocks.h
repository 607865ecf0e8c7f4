/* The digest of a snapshot is that of its blocks, runs of resources one after the other, so that
 * one changed resource does not mean to hash them all. Private to model.
 *
 * Where a block ends depends on its last resource alone, so that one more or less of them moves no
 * other end; the digest depends on the resources alone, never on what a former snapshot had. */
#pragma once

#include "core/base/vec.h"
#include "model/model.h"

struct model__block {
    size_t begin;
    size_t end;
    struct model_digest digest;
};

struct model__blocks {
    VEC(struct model__block) list;
};

/* Fills `blocks`, which is empty, and returns the digest. What of `former` (or NULL) is still
 * there, by address, is not hashed again. */
struct model_digest model__blocks_make(struct model__blocks *blocks,
                                       const struct model_snapshot *snapshot,
                                       const struct model_snapshot *former,
                                       const struct model__blocks *former_blocks);
