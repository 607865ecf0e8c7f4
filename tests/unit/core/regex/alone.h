/* One match with a budget of its own. */
#pragma once

#include "core/regex/regex.h"

static inline bool matches_alone(const struct regex *regex, struct str text)
{
    struct regex_budget budget = {.bytes = REGEX_BUDGET};
    return regex_matches(regex, text, &budget);
}
