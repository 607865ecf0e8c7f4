/* Sorting resources. Private to model. */
#pragma once

#include "model/model.h"

/* By kind, then name. Returns one of which there is another of the same kind and name, or NULL. */
MUST_USE const struct model_resource *model__sort(const struct model_resource **resources,
                                                  size_t count);
