/* Private to core/feed: when to try again. Pure. */
#pragma once

#include <stdint.h>

#include "core/base/random.h"

struct feed__backoff {
    uint32_t failures;
};

/* After one more failure: evenly from half of a pause that doubles each time to all of it, so that
 * proxies that lost one operator do not come back to the next one all at once. */
uint64_t feed__backoff_next_ms(struct feed__backoff *backoff, struct random *random);

void feed__backoff_reset(struct feed__backoff *backoff);
