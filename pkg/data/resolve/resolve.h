/* The names of back ends, resolved for as long as they are served.
 *
 *     published snapshot ──> its names, asked again and again ──> resolved snapshot
 *
 * The endpoints of what was published may have names where others have addresses. The workers get a
 * snapshot in which each endpoint set with a name is replaced by one that has an endpoint for every
 * address of the name instead; everything else of it is shared. What was published stays as it is,
 * with its digest: that a name has other addresses now is no change of configuration.
 *
 * A name is asked for again when its answer is no longer good: after its time to live, but not
 * before RESOLVE_TTL_MIN_MS and not later than RESOLVE_TTL_MAX_MS. When name servers fail, the last
 * good addresses stay for as long as it takes, and they are asked again after pauses that double
 * from RESOLVE_RETRY_MS to RESOLVE_RETRY_MAX_MS. When they say that there is no such name, or no
 * address of it, the addresses go as soon as they have said it RESOLVE_DENIALS times in a row, so
 * that a zone that is just being loaded costs nothing. A name without addresses has no endpoints.
 *
 * resolve_set says whether all names of a snapshot have been answered, be it with a failure; if
 * not, `ready` says when, at the latest after RESOLVE_WAIT_MS. A name that was waited for once is
 * not waited for again while it is wanted.
 *
 * Everything is for the thread of the loop. Times are milliseconds. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/str.h"
#include "core/dns/dns.h"
#include "core/loop/loop.h"
#include "model/model.h"

/* Below it a name server would be asked without end for names whose time to live is 0; above it an
 * answer that is wrong for a long time would be hard to get rid of. */
#define RESOLVE_TTL_MIN_MS 5000U
#define RESOLVE_TTL_MAX_MS ((uint32_t)5 * 60 * 1000)

#define RESOLVE_RETRY_MS     1000U
#define RESOLVE_RETRY_MAX_MS 60000U
#define RESOLVE_DENIALS      2U

/* With the ways of a message below the second after which the operator says of a change that not
 * all proxies serve it. */
#define RESOLVE_WAIT_MS 800U

/* Changes of several names become one snapshot when they come within this. */
#define RESOLVE_BATCH_MS 100U

struct resolve;

/* What is known of a name; borrowed for the call. */
struct resolve_status {
    struct str name;
    const struct str *addresses;
    size_t address_count;
    const char *reason; /* why the last answer was none; NULL: it was one, or there was none yet */
    uint64_t age_ms;    /* since the addresses were last confirmed; without addresses: 0 */
};

struct resolve_events {
    /* resolve_snapshot gives another one than before. Not while `ready` is still to come. */
    void (*changed)(void *arg);
    /* What resolve_set waited for is there, or it is not waited for any more. */
    void (*ready)(void *arg);
    /* A name was answered. `is_news`: it has other addresses, or fails for another reason, than
     * before. */
    void (*answered)(void *arg, const struct resolve_status *status, bool is_news);
    void *arg;
};

struct resolve_options {
    struct loop *loop;
    struct dns *dns; /* outlives it */
    struct resolve_events events;
    uint32_t ttl_min_ms; /* 0: RESOLVE_TTL_MIN_MS, and so on; for tests */
    uint32_t retry_ms;
};

/* Plain numbers, since the start but for the first. */
struct resolve_counts {
    uint64_t names;    /* wanted now */
    uint64_t queries;  /* begun */
    uint64_t failures; /* answers that were none */
    uint64_t changes;  /* answers with other addresses than before */
};

MUST_USE struct resolve *resolve_new(const struct resolve_options *options);

/* Nothing is told any more. Takes NULL, returns NULL. */
struct resolve *resolve_free(struct resolve *resolve);

/* From now on the names of `snapshot`, of which it takes a reference, are wanted and no others.
 * False: some of them are new and not answered yet, and `ready` follows, unless another snapshot is
 * set before. */
MUST_USE bool resolve_set(struct resolve *resolve, const struct model_snapshot *snapshot);

/* The snapshot that was set last, resolved as far as is known now; a reference for the caller. */
MUST_USE const struct model_snapshot *resolve_snapshot(struct resolve *resolve);

struct resolve_counts resolve_counts(const struct resolve *resolve);

/* Appends [{"addresses":["192.0.2.1"],"ageMs":1200,"name":"a.test"},…] in the order in which they
 * came to be wanted, with "reason" where the last answer was none. */
void resolve_print(const struct resolve *resolve, struct buf *buf);
