/* What a scalar means. Private to core/yaml. */
#pragma once

#include "core/base/arena.h"
#include "core/base/attr.h"
#include "core/base/str.h"
#include "core/json/json.h"

/* The type of a plain scalar. For JV_NUMBER `ret_literal` is the number as JSON writes it, in
 * `arena` or in `plain`. ERR_INVALID: a number that JSON cannot express. */
MUST_USE enum err yaml__resolve(struct arena *arena, struct str plain, enum jv_type *ret_type,
                                bool *ret_boolean, struct str *ret_literal);
