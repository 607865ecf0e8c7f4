#include "core/base/backoff.h"

#include "core/base/assert.h"

uint64_t backoff_ms(uint32_t failures, uint64_t first_ms, uint64_t most_ms, struct random *random)
{
    ASSERT(failures > 0 && first_ms > 0 && first_ms <= most_ms);
    uint64_t longest = first_ms;
    for (uint32_t i = 1; i < failures && longest < most_ms; i++)
        longest = longest > most_ms / 2 ? most_ms : longest * 2;
    return longest / 2 + random_below(random, longest / 2 + 1);
}
