/* Private to core/feed: when to try again. Pure. */
#pragma once

#include <stdint.h>

#include "core/base/random.h"

struct feed__backoff {
    uint32_t failures;
};

/* After a connection on which we were accepted for `accepted_ms`; 0: we were not, or there was
 * none. Evenly from half of a pause that doubles each time to all of it, so that proxies that lost
 * one operator do not come back to the next one all at once. It begins anew after a connection that
 * lasted as long as the longest pause: one that was accepted and ends at once, again and again, is
 * a failure too, and a server that cannot serve us is not asked four times a second. */
uint64_t feed__backoff_next_ms(struct feed__backoff *backoff, uint64_t accepted_ms,
                               struct random *random);
