/* Sorting resources. Private to model. */
#pragma once

#include "model/model.h"

/* By kind, then name. */
void model__sort(const struct model_resource **resources, size_t count);
