/* Proxies: which pods there are, which of them take requests, and what they serve. Private to
 * control/operator.
 *
 * Pods are watched as metadata, which says nothing of their readiness. The EndpointSlices do: a pod
 * takes requests when one of them says so. One that no slice names (it was annotated by hand, and
 * no Service leads to it) counts from its first acknowledgement on, because that is when its
 * readiness probe succeeds; one that comes back to us has had that before. */
#pragma once

#include <stdbool.h>

#include "control/cache/cache.h"
#include "control/operator/groups.h"
#include "control/status/status.h"
#include "control/stream/stream.h"
#include "core/base/arena.h"
#include "core/base/err.h"
#include "core/base/map.h"

/* What the stream knows of the pod with that uid; false: nothing. A callback, so that this is
 * tested without a stream. */
typedef bool (*operator__pod_find_fn)(void *arg, struct str uid, struct stream_pod *ret_pod);

struct operator__pod_events {
    /* A pod that is known is of this group from now on. */
    void (*moved)(void *arg, struct str uid, struct str group);
    /* It is no more, or no gateway any more. */
    void (*gone)(void *arg, struct str uid);
    void *arg;
};

/* Where a pod belongs. */
struct operator__place {
    const struct placement_group *group; /* borrowed from the placement */
};

struct operator__proxies {
    struct arena *arena;  /* of what follows; made anew at each update */
    struct map *by_uid;   /* struct operator__place */
    struct map *in_slice; /* by "<name>.<namespace>": bool, whether it takes requests */
};

void operator__proxies_init(struct operator__proxies *proxies);
void operator__proxies_deinit(struct operator__proxies *proxies);

/* Who there is by the newest placement, which has to live until the next update. */
void operator__proxies_update(struct operator__proxies *proxies, const struct cache *cache,
                              const struct placement_groups *placement,
                              const struct operator__pod_events *events);

/* The group of the pod that a token was issued to; empty: it is no gateway's, and reterr says
 * why. */
struct str operator__proxies_group_of(const struct operator__proxies *proxies,
                                      const struct cache *cache,
                                      const struct stream_identity *identity,
                                      struct err_info *reterr);

/* What the proxies of one gateway do. */
struct operator__verdict {
    struct status_programmed programmed;
    /* What they serve; each once. Borrowed from the stream until it is turned. */
    const struct model_snapshot *const *snapshots;
    size_t snapshot_count;
    /* A pod that no slice names has not been connected since we began: it may serve, and be on its
     * way back. */
    bool has_strangers;
};

/* The verdict about `gateway`, in `arena`. */
struct operator__verdict operator__proxies_judge(const struct operator__proxies *proxies,
                                                 const struct operator__groups *groups,
                                                 const struct api_object *gateway,
                                                 operator__pod_find_fn find, void *find_arg,
                                                 struct arena *arena);
