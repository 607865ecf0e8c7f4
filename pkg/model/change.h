/* What is different between a snapshot and the one before it. Private to model. */
#pragma once

#include "core/base/vec.h"
#include "model/model.h"

struct model__change {
    VEC(const struct model_resource *) fresh; /* borrowed; as they were given */
    const struct model_resource **sorted;     /* the same, by kind and name */
    const struct model_resource *twice;       /* one of them, if there are two of its name */
    VEC(size_t) dropped; /* indexes of the former resources that go, or are replaced; ascending */
};

void model__change_deinit(struct model__change *change);

/* The change that makes `former` (or NULL) these resources, which it tells apart by address: what
 * has another address is fresh, whatever it says. */
void model__change_to(struct model__change *change, const struct model_snapshot *former,
                      const struct model_resource *const *resources, size_t count);

/* The change that puts resources, and removes others; what is not there needs no removal. */
void model__change_by(struct model__change *change, const struct model_snapshot *former,
                      const struct model_transaction *transaction);
