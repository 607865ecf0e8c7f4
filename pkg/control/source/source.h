/* Sources of resources: what a directory of files and an API server have in common.
 *
 * A source delivers decoded objects one by one, and what it has to say about their origins. It
 * knows no cache and no compiler; who listens decides what becomes of its events. One object per
 * key: when two places define it, the source chooses and reports the other.
 *
 * Events come on the source's loop, never while the listener is inside another of its events. */
#pragma once

#include "control/api/api.h"
#include "control/cache/cache.h"
#include "control/finding/finding.h"
#include "core/base/str.h"

struct source_events {
    /* The object is new or was changed. Borrowed: who keeps it takes a reference. */
    void (*apply)(void *arg, const struct api_object *object);

    /* The object of that key is no more. */
    void (*remove)(void *arg, const struct api_key *key);

    /* Everything there is to say about an origin (a file), besides the findings of its objects:
     * it replaces what was said before; an empty list takes it back. May be NULL. */
    void (*report)(void *arg, struct str origin, const struct finding_list *findings);

    /* All that was known at this time has been delivered: after the first listing, and after every
     * batch of changes. May be NULL. */
    void (*settled)(void *arg);

    void *arg;
};

/* Events that keep `cache`, for whoever wants no more. */
struct source_events source_into_cache(struct cache *cache);
