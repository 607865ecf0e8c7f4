#include "core/feed/backoff.h"

#include "core/base/backoff.h"
#include "core/feed/feed.h"

uint64_t feed__backoff_next_ms(struct feed__backoff *backoff, uint64_t accepted_ms,
                               struct random *random)
{
    if (accepted_ms >= FEED_PAUSE_MAX_MS)
        backoff->failures = 0;
    backoff->failures++;
    return backoff_ms(backoff->failures, FEED_PAUSE_MS, FEED_PAUSE_MAX_MS, random);
}
