/* The gateway proxy: workers that serve a snapshot.
 *
 * The main thread stages transactions (data/subscribe) and hands the result to N identical workers.
 * A worker has a loop, a thread, one SO_REUSEPORT socket per port, connection pools and counters of
 * its own; a swap is one pointer per worker between two events. Requests finish on the state they
 * began with, and the last worker to swap acknowledges the transaction. Names of back ends are
 * resolved on the main thread (data/resolve); other addresses reach the workers by a swap, too, of
 * which nobody is told. No lock and no atomic operation is on the request path; the main thread
 * never waits for a worker, except in proxy_free.
 *
 *     proxy_metrics_new, proxy_new, proxy_apply ... proxy_drain, done, proxy_free
 *
 * Every public call is for the thread of `options.loop`. Callbacks run on that loop, never before
 * the call that caused them has returned. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/log.h"
#include "core/loop/loop.h"
#include "core/metrics/metrics.h"
#include "model/model.h"

#define PROXY_WORKERS_MAX 256U

/* Per worker, each with what it bounds. */
#define PROXY_CONNECTIONS_MAX 25000U              /* clients: beyond it accepting pauses */
#define PROXY_BLOCK_SIZE      ((size_t)68 * 1024) /* a read buffer, and what framing adds to it */
#define PROXY_BLOCKS_MAX      4096U /* of those that wait: beyond it they are closed */

/* How long a closed connection is still read, so that the client sees the answer, and how much. */
#define PROXY_LINGER_MS        2000U
#define PROXY_LINGER_BYTES_MAX ((size_t)1024 * 1024)

/* A request's body that is kept for a second try. */
#define PROXY_REPLAY_MAX ((size_t)16 * 1024)

/* Copies of requests that are with mirrors, per worker; one mirror that does not answer leaves room
 * for others. They take buffers only while as many are left for requests. How long an answer is
 * waited for where the rule has no timeout. */
#define PROXY_MIRRORS_MAX          512U
#define PROXY_MIRRORS_ENDPOINT_MAX 128U
#define PROXY_MIRROR_BLOCKS_MAX    (PROXY_BLOCKS_MAX / 2)
#define PROXY_MIRROR_MS            15000U

struct proxy;

/* The families that all proxies of a process share. `metrics` outlives it. */
struct proxy_metrics;

MUST_USE struct proxy_metrics *proxy_metrics_new(struct metrics *metrics);

/* After the last proxy. */
struct proxy_metrics *proxy_metrics_free(struct proxy_metrics *metrics);

struct proxy_options {
    struct loop *loop; /* of the main thread */
    struct proxy_metrics *metrics;
    uint32_t first_writer;    /* of the metrics: worker i has first_writer + i to itself, */
    uint32_t main_writer;     /* and the main thread this one */
    uint32_t workers;         /* 1 to PROXY_WORKERS_MAX */
    uint32_t connections_max; /* per worker; 0: PROXY_CONNECTIONS_MAX */
    int log_fd;               /* the access log, blocking or not; -1: none. Stays the caller's */
    enum log_format log_format;
    struct str trust_file; /* the authorities that back ends are trusted by where they name none, as
                              PEM; empty: those of the system */
    struct str dns_server; /* asked for the names of back ends, as core/dns; empty: the system's */
};

/* How many workers fit this machine: the CPUs that affinity and the cgroup allow. */
uint32_t proxy_workers_default(void);

/* Starts the workers, which serve nothing yet. ERR_SYSTEM, ERR_LIMIT: no thread to be had. */
MUST_USE enum err proxy_new(const struct proxy_options *options, struct proxy **ret_proxy,
                            struct err_info *reterr);

/* Closes what is still open, at once, and joins the workers. Callbacks that are due are dropped.
 * Takes NULL, returns NULL. */
struct proxy *proxy_free(struct proxy *proxy);

/* Every worker serves `result`: the digest of the transaction that was applied. */
typedef void (*proxy_applied_fn)(void *arg, const struct model_digest *result);

/* Applies a transaction, borrowed for the call. ERR_OK: it was staged, and `applied` follows; names
 * of back ends that are new are waited for, but not longer than RESOLVE_WAIT_MS (data/resolve): so
 * long its new ports accept nobody, and what was served before is still served.
 * Otherwise it was refused whole, `applied` is not called, and reterr has the resource as its path
 * and the reason as its message; ERR_AGAIN: the one before is not acknowledged yet. */
MUST_USE enum err proxy_apply(struct proxy *proxy, const struct model_transaction *transaction,
                              proxy_applied_fn applied, void *arg, struct err_info *reterr);

/* The last good snapshot, borrowed until the next proxy_apply; NULL: none yet. */
const struct model_snapshot *proxy_snapshot(const struct proxy *proxy);

/* Appends the configuration as JSON, with keys redacted, and what the workers hold. */
void proxy_dump(const struct proxy *proxy, struct buf *buf);

typedef void (*proxy_drained_fn)(void *arg);

/* Accepts for another `delay_ms`, answering "connection: close"; then empties the accept queues,
 * closes the listeners and idle connections, lets requests finish, and closes what is left when
 * `time_ms` have passed since. `drained` follows when no connection is open. Once. */
void proxy_drain(struct proxy *proxy, uint64_t delay_ms, uint64_t time_ms, proxy_drained_fn drained,
                 void *arg);
