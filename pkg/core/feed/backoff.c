#include "core/feed/backoff.h"

#include "core/feed/feed.h"

/* More doublings do not change the bound. */
#define DOUBLINGS_MAX 16U

uint64_t feed__backoff_next_ms(struct feed__backoff *backoff, uint64_t accepted_ms,
                               struct random *random)
{
    if (accepted_ms >= FEED_PAUSE_MAX_MS)
        backoff->failures = 0;
    uint64_t longest = (uint64_t)FEED_PAUSE_MS << backoff->failures;
    if (longest > FEED_PAUSE_MAX_MS)
        longest = FEED_PAUSE_MAX_MS;
    if (backoff->failures < DOUBLINGS_MAX)
        backoff->failures++;
    return longest / 2 + random_below(random, longest / 2 + 1);
}
