/* Pauses between tries of what keeps failing: each is twice as long as the one before, up to a
 * bound, with jitter, so that many that failed together do not come back together. Pure. */
#pragma once

#include <stdint.h>

#include "core/base/random.h"

/* The pause after the `failures`th failure in a row, which is 1 for the first: evenly from half of
 * `first_ms`, doubled for each of them that came before, to all of it; `first_ms` at most
 * `most_ms`, which is the bound of what is doubled. */
uint64_t backoff_ms(uint32_t failures, uint64_t first_ms, uint64_t most_ms, struct random *random);
