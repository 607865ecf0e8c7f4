/* The data plane's end of a transaction: checks it, and stages what it leads to.
 *
 * Staging builds everything a worker needs beside what is running: the snapshot itself, a route
 * table per listener (matchers of unchanged virtual hosts are shared with the state before), the
 * TLS contexts of each chain (shared while the chain's secrets are unchanged) and one per way to
 * speak TLS to back ends (likewise), and the sockets of new ports, one per worker, listening. It
 * succeeds whole or refuses whole, with the resource and the reason; after a refusal the last good
 * state is as it was. What was staged is what the next transaction starts from: the caller swaps it
 * in, which cannot fail, and acknowledges.
 *
 * Sockets: a port is probed without SO_REUSEPORT first, so that a port in use is an error and not a
 * silent theft of half the traffic. Sockets of a port that stays are never touched: closing one of
 * several resets what is queued on it. They belong to the workers once taken.
 *
 * Threads: a subscription belongs to the main thread; states are immutable (but for the sockets,
 * of which each worker takes its own) and counted with atomic references. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/net/net.h"
#include "data/route/route.h"
#include "model/model.h"

#define SUBSCRIBE_SOCKETS_MAX 256U

/* The text a rule answers with by itself: it is written from memory in one piece. */
#define SUBSCRIBE_BODY_MAX ((size_t)32 * 1024)

/* Where Debian keeps the authorities that a system trusts. They are read when the first back end is
 * to be trusted by them, and once: an update counts from the next start. While they cannot be read,
 * no connection to such a back end is made. */
#define SUBSCRIBE_TRUST_FILE     "/etc/ssl/certs/ca-certificates.crt"
#define SUBSCRIBE_TRUST_SIZE_MAX ((size_t)4 * 1024 * 1024)

struct subscribe;

/* What a chain presents, by server name. */
struct subscribe_contexts;

/* One address and port, ready to be served. */
struct subscribe_listener {
    const struct model_resource *resource; /* borrowed from the state's snapshot */
    const struct model_listener *model;
    struct net_address address;
    const struct route_table *table;
    struct subscribe_contexts **contexts; /* HTTPS: those of each chain; plain: NULL */
    int *sockets; /* a new port: listening, one per worker; -1 once taken. NULL: the port stays */
};

struct subscribe_state {
    const struct model_snapshot *snapshot;
    struct subscribe_listener *listeners; /* in order of their names */
    size_t listener_count;
    size_t matchers_reused; /* virtual hosts and chains shared with the state before, for metrics */
    size_t contexts_reused; /* chains whose contexts are */
    struct net_tls_client **clients; /* one per resource of kind upstreamTls, in their order */
    size_t client_count;
    int references; /* private, like what follows; atomic */
    struct arena *arena;
    unsigned socket_count;
};

/* `tls` makes the contexts and outlives the subscription's states; `sockets` per new port;
 * `trust_file`, which is copied: what the system trusts, as PEM. */
MUST_USE struct subscribe *subscribe_new(struct net_tls_server *tls, unsigned sockets,
                                         struct str trust_file);
struct subscribe *subscribe_free(struct subscribe *subscribe);

/* The state after `transaction`, with one reference for the caller. Refused, with reterr's path the
 * resource ("listener edge:HTTP:8080") and its message the reason: ERR_CONFLICT (not based on the
 * last good state, or a port in use), ERR_INVALID, ERR_LIMIT, ERR_UNAUTHORISED, ERR_SYSTEM. */
MUST_USE enum err subscribe_stage(struct subscribe *subscribe,
                                  const struct model_transaction *transaction,
                                  struct subscribe_state **ret_state, struct err_info *reterr);

/* The last good state, borrowed, or NULL. */
const struct subscribe_state *subscribe_last(const struct subscribe *subscribe);

struct subscribe_state *subscribe_state_ref(struct subscribe_state *state);

/* The last one closes sockets that nobody took. Any thread. */
struct subscribe_state *subscribe_state_unref(struct subscribe_state *state);

/* The context that the chain of that index has for a server name, which is lower case or empty.
 * Borrowed from the listener, which is one for HTTPS. Any thread. */
struct net_tls_context *subscribe_context_find(const struct subscribe_listener *listener,
                                               size_t chain, struct str server_name);

/* The worker's socket of a new port, the caller's from now on; -1: the port is not new. */
MUST_USE int subscribe_socket_take(struct subscribe_listener *listener, unsigned worker);

/* How many states are alive in this process, for metrics and leak tests. Any thread. */
size_t subscribe_states_alive(void);
