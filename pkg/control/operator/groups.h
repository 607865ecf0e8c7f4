/* Groups: the gateway pods that serve the same, and what that is. Private to control/operator.
 *
 * A group lives as long as it has pods, and with it what the compiler remembers of it. Gateways
 * that no pod serves yet are looked at all together, so that their number costs little. A group's
 * edition counts what the first half of the compiler made: a change of back ends alone makes
 * another snapshot of the same edition, so that churn of back ends takes no acknowledgement back.
 */
#pragma once

#include <stdint.h>

#include "control/compile/compile.h"
#include "control/discovery/discovery.h"
#include "control/placement/placement.h"
#include "core/base/map.h"

/* Snapshots that a group is known by: as many as proxies may be behind by. */
#define OPERATOR__SNAPSHOTS 32U

struct operator__snapshot {
    struct model_digest digest;
    uint64_t edition;
};

struct operator__group {
    struct str key; /* as placement's */
    struct arena *arena;
    struct compile_memory *memory;
    const struct compile_draft *draft;
    struct compile_result *result;
    uint64_t edition;
    struct operator__snapshot snapshots[OPERATOR__SNAPSHOTS]; /* the last ones, the newest last */
    size_t snapshot_count;
    uint64_t pass; /* the last one that placed it */
};

struct operator__group_events {
    /* What the pods of a group shall serve. */
    void (*serve)(void *arg, struct str key, const struct model_snapshot *snapshot);
    /* Nobody is of that group any more. */
    void (*gone)(void *arg, struct str key);
    void *arg;
};

struct operator__groups {
    const struct cache *cache;
    struct placement_group_options options;
    struct operator__group_events events;
    struct placement_groups *placement; /* NULL: nothing was compiled yet */
    struct finding_list *findings;      /* of the placement */
    struct discovery *discovery;
    struct map *by_key;           /* struct operator__group */
    struct operator__group *idle; /* what no pod serves, with an empty snapshot; NULL: nothing */
    uint64_t passes;
    uint64_t wall_ms; /* of the next update, for what is said of certificates; 0: nothing is */
    struct compile_counts past; /* of groups that are gone */
};

void operator__groups_init(struct operator__groups *groups, const struct cache *cache,
                           const struct placement_group_options *options,
                           const struct operator__group_events *events);
void operator__groups_deinit(struct operator__groups *groups);

/* Compiles what the changes touch; at first, everything. */
void operator__groups_update(struct operator__groups *groups, const struct cache_changes *changes);

/* Lets go of the groups that nobody is of any more. After the pods were told where they are now
 * (operator__proxies_update), so that who has moved is in none of them. */
void operator__groups_drop(struct operator__groups *groups);

/* Borrowed until the next update, or NULL. */
const struct operator__group *operator__groups_find(const struct operator__groups *groups,
                                                    struct str key);

/* Whether who serves the snapshot of that digest serves what the group's routes and gateways say
 * now. */
bool operator__group_is_current(const struct operator__group *group,
                                const struct model_digest *digest);

/* All gateways together, as of the last update. To be read before the cache changes. */
MUST_USE struct compile_review *operator__groups_review(const struct operator__groups *groups);

/* Adds what placement and compiler have found. */
void operator__groups_collect(const struct operator__groups *groups, struct finding_list *findings);

/* What was compiled so far, rather than remembered. */
struct compile_counts operator__groups_counts(const struct operator__groups *groups);
