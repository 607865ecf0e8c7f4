/* Private to data/resolve: what its files share. */
#pragma once

#include "core/base/arena.h"
#include "core/base/map.h"
#include "core/base/random.h"
#include "core/base/vec.h"
#include "data/resolve/resolve.h"

/* ---- record.c: what is known of a name. Pure. ---- */

struct resolve__record {
    struct str *addresses; /* one block with their texts; NULL: none */
    size_t address_count;
    const char *reason; /* of the last answer that was none; NULL */
    uint32_t failures;  /* in a row, like the next */
    uint32_t denials;
};

struct resolve__limits {
    uint32_t ttl_min_ms;
    uint32_t retry_ms;
};

struct resolve__outcome {
    uint64_t pause_ms; /* until it is to be asked for again */
    bool is_news;
    bool addresses_changed;
};

struct resolve__outcome resolve__record_take(struct resolve__record *record,
                                             const struct dns_answer *answer,
                                             const struct resolve__limits *limits,
                                             struct random *random);
void resolve__record_deinit(struct resolve__record *record);

/* ---- set.c: endpoint sets with names. Pure. ---- */

bool resolve__is_address(const struct model_endpoint *endpoint);
bool resolve__set_has_names(const struct model_endpoint_set *set);

/* The record of a name, or NULL. */
typedef const struct resolve__record *(*resolve__find_fn)(const void *arg, struct str name);

/* `set` with an endpoint for every address in the place of each that has a name. */
MUST_USE const struct model_resource *resolve__set_make(const struct model_endpoint_set *set,
                                                        resolve__find_fn find, const void *arg);

/* ---- name.c: names that are wanted ---- */

struct resolve__name {
    struct resolve *resolve;
    struct resolve__record record;
    struct dns_question *question; /* NULL: not being asked for */
    struct loop_timer again;
    uint64_t confirmed_ms; /* when the addresses were last heard of */
    uint64_t changed;      /* counts.changes when the addresses last changed */
    uint64_t wanted;       /* resolve->sets when it was last wanted */
    bool is_missing;       /* it is waited for */
    struct str text;
    char area[];
};

/* One that is wanted from now on: it is asked for at once. */
struct resolve__name *resolve__name_new(struct resolve *resolve, struct str text);
struct resolve__name *resolve__name_free(struct resolve__name *name);

/* ---- sets.c: the endpoint sets with names of what was published ---- */

struct resolve__set {
    const struct model_resource *published; /* a reference, like the next */
    const struct model_resource *resolved;  /* NULL: not made yet */
    uint64_t made;                          /* counts.changes when it was */
};

struct resolve__sets {
    VEC(struct resolve__set) all; /* in order of their names */
};

/* From those of `before` (NULL: none) to those of `now`. */
void resolve__sets_update(struct resolve__sets *sets, const struct model_snapshot *before,
                          const struct model_snapshot *now);
void resolve__sets_deinit(struct resolve__sets *sets);

/* ---- resolve.c ---- */

struct resolve {
    struct resolve_options options;
    struct resolve__limits limits;
    struct random random;
    const struct model_snapshot *published; /* NULL: none yet */
    const struct model_snapshot *resolved;  /* the one that was made last; NULL: none */
    bool is_current;                        /* it is what would be made now */
    struct resolve__sets sets;
    struct map *names;  /* struct resolve__name */
    uint64_t set_count; /* how often a snapshot was set */
    uint32_t missing;   /* names that are waited for */
    bool is_waiting;    /* `ready` is to come */
    struct loop_timer wait;
    struct loop_timer batch;
    struct resolve_counts counts;
};

/* After an answer: what it means for the whole. */
void resolve__on_outcome(struct resolve__name *name, const struct resolve__outcome *outcome);
