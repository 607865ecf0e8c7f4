/* What resources refer to. Private to model. */
#pragma once

#include "model/change.h"
#include "model/model.h"

/* Whether every reference of the snapshot, which `change` has made of `former` (or NULL), leads to
 * a resource of it; the references of `former` did.
 * ERR_INVALID: one does not; reterr says which of which. */
MUST_USE enum err model__references_check(const struct model_snapshot *snapshot,
                                          const struct model_snapshot *former,
                                          const struct model__change *change,
                                          struct err_info *reterr);
