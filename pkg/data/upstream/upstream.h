/* The ways to the back ends, as one worker has them: clusters, endpoints, pools of connections.
 *
 *     set (one per snapshot) ──> cluster ──> endpoint ──> idle connections, last used first
 *
 * A set is what a snapshot says; endpoints live longer: they are kept by identity (address, port
 * and how TLS is spoken to them), so that the pools of what a new snapshot still names survive the
 * change, and no request goes over a connection that was opened under other terms. An endpoint that
 * no set names any more keeps only its busy connections, and closes them when they come back.
 *
 * Use: upstream_cluster_find, upstream_pick, then upstream_take for a pooled connection or
 * upstream_connect for a new one; afterwards upstream_give (fit for another request) or
 * upstream_close. A pooled connection that has something to read has ended or speaks out of turn,
 * and is closed by itself.
 *
 * One worker owns all of it: no locks, no atomics. Times are milliseconds of the loop. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/base/list.h"
#include "core/base/str.h"
#include "core/loop/loop.h"
#include "core/net/net.h"
#include "model/model.h"

/* Idle connections per endpoint and in the whole worker; one more closes at once. As many as a
 * worker has busy at its peak under ordinary load, and a descriptor each. */
#define UPSTREAM_IDLE_MAX       512U
#define UPSTREAM_IDLE_TOTAL_MAX 4096U

/* An idle connection is closed after this: below what load balancers and servers commonly keep. */
#define UPSTREAM_IDLE_MS ((uint64_t)60 * 1000)

struct upstream;
struct upstream_set;
struct upstream_cluster;
struct upstream_endpoint;

/* What a worker counts; plain numbers of its own thread. */
struct upstream_counts {
    uint64_t connects;         /* begun */
    uint64_t connect_failures; /* of them: refused, timed out, no way, a failed handshake */
    uint64_t reuses;           /* taken from a pool */
    uint32_t connections;      /* open now, busy and idle */
    uint32_t idle;             /* of them: in a pool */
    uint32_t endpoints;        /* alive now */
    uint32_t sets;             /* alive now */
};

/* `seed` scatters where the balancers of different workers begin. */
MUST_USE struct upstream *upstream_new(struct loop *loop, uint64_t seed);

/* After every set was released and every connection that is not idle was closed. */
struct upstream *upstream_free(struct upstream *upstream);

const struct upstream_counts *upstream_counts(const struct upstream *upstream);

/* Closes what is idle, for example when the process drains. */
void upstream_close_idle(struct upstream *upstream);

/* The clusters of `snapshot`, of which it takes a reference; it takes over the endpoints that are
 * known already. `clients`: one for each of its resources of kind upstreamTls, in their order. */
MUST_USE struct upstream_set *upstream_set_new(struct upstream *upstream,
                                               const struct model_snapshot *snapshot,
                                               struct net_tls_client *const *clients);
struct upstream_set *upstream_set_free(struct upstream_set *set);

/* Borrowed from the set, or NULL. */
struct upstream_cluster *upstream_cluster_find(const struct upstream_set *set, struct str name);

const struct model_cluster *upstream_cluster_model(const struct upstream_cluster *cluster);

/* The next endpoint in turn; another one than `avoid` (or NULL) if there is one. NULL: the cluster
 * has no endpoint. Borrowed from the set, like the host name that the cluster calls it by, which
 * may be empty. */
struct upstream_endpoint *upstream_pick(struct upstream_cluster *cluster,
                                        const struct upstream_endpoint *avoid,
                                        struct str *ret_hostname);

/* "10.0.0.1:8080". Borrowed; lives as long as the set or a connection. */
struct str upstream_endpoint_text(const struct upstream_endpoint *endpoint);

/* `events` as from a loop_fd. Of a connection that is being opened, 0: it is ready, or failed with
 * `result`. */
typedef void (*upstream_fn)(void *arg, enum err result, unsigned events);

enum upstream_state {
    UPSTREAM_CONNECTING,
    UPSTREAM_HANDSHAKING,
    UPSTREAM_BUSY,
    UPSTREAM_IDLE,
};

/* A connection. The one that holds it reads and writes through `top` and sets what it waits for
 * with upstream_watch; a new or taken one waits for reading. */
struct upstream_conn {
    struct net_filter *top;
    bool reused;               /* came from a pool: the back end may have closed it meanwhile */
    enum upstream_state state; /* private, like what follows */
    unsigned wanted;           /* by who holds it; where there is more than a socket */
    struct loop_fd *watch;
    struct net_socket socket;
    struct upstream_endpoint *endpoint;
    upstream_fn fn;
    void *arg;
    struct list link;
    struct loop_timer timer;
    struct loop_deferred resume;
    uint64_t idle_since_ms;
};

/* LOOP_READ, LOOP_WRITE, both or 0. After each read, since bytes above the socket come as an event,
 * too. */
void upstream_watch(struct upstream_conn *conn, unsigned events);

/* The idle connection that was used last, or NULL: upstream_connect then. From now on events go to
 * `fn`. */
MUST_USE struct upstream_conn *upstream_take(struct upstream_endpoint *endpoint, upstream_fn fn,
                                             void *arg);

/* Begins to connect, TLS included; `fn` is told once, within `timeout_ms` (0: when the kernel gives
 * up), and not before this returns. After a failure (ERR_TIMEOUT, ERR_UNAVAILABLE, ERR_SYSTEM;
 * ERR_PROTOCOL: TLS, and net_tls_error_print of `top` says why; ERR_CLOSED: it left during the
 * handshake) the connection is still to be closed.
 * Errors: as net_connect, at once, and nothing was opened. */
MUST_USE enum err upstream_connect(struct upstream_endpoint *endpoint, uint32_t timeout_ms,
                                   upstream_fn fn, void *arg, struct upstream_conn **ret_conn);

/* Back into the pool, with nothing unread; or closed, if the endpoint is gone or the pool full. */
void upstream_give(struct upstream_conn *conn);

/* In any state but idle. */
void upstream_close(struct upstream_conn *conn);
