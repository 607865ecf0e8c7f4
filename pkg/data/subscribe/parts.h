/* Private to data/subscribe: what its files share. */
#pragma once

#include "core/base/arena.h"
#include "data/subscribe/subscribe.h"

CLEANUP_DEFINE(struct subscribe_state, subscribe_state_unref);

/* An empty state with one reference. Takes over the caller's reference of `snapshot`. */
struct subscribe_state *subscribe__state_new(const struct model_snapshot *snapshot,
                                             unsigned socket_count);

MUST_USE enum err subscribe__rules_check(const struct model_route *route, struct err_info *reterr);

struct subscribe__tls {
    struct net_tls_server *server;
    struct subscribe_state *state;
    const struct subscribe_state *last;
    const struct subscribe_listener *before; /* the same port in the last state, or NULL */
};

/* Fills listener->contexts, sharing those whose chain presents the same secrets as before. */
MUST_USE enum err subscribe__contexts_stage(struct subscribe__tls *tls,
                                            struct subscribe_listener *listener,
                                            struct err_info *reterr);
struct subscribe_contexts *subscribe__contexts_unref(struct subscribe_contexts *contexts);

/* What the system trusts. */
struct subscribe__system {
    struct str file;             /* terminated; its owner's */
    struct net_tls_trust *trust; /* NULL: it was not read yet, or could not be */
    bool was_tried;              /* while this state is staged */
};

/* Checks a way to speak TLS to back ends, but for the certificate that is presented. */
MUST_USE enum err subscribe__upstream_tls_check(const struct model_upstream_tls *tls,
                                                struct err_info *reterr);

/* Fills state->clients, sharing those that say the same as in the last state (or NULL). On failure
 * `*ret_blamed` is the resource. */
MUST_USE enum err subscribe__clients_stage(struct subscribe__system *system,
                                           struct subscribe_state *state,
                                           const struct subscribe_state *last,
                                           const struct model_resource **ret_blamed,
                                           struct err_info *reterr);

/* Probes the port and binds `count` sockets. What was opened is in `listener`, on failure too. */
MUST_USE enum err subscribe__sockets_open(struct arena *arena, struct subscribe_listener *listener,
                                          unsigned count, struct err_info *reterr);
MUST_USE enum err subscribe__sockets_listen(const struct subscribe_listener *listener,
                                            unsigned count, struct err_info *reterr);
void subscribe__sockets_close(struct subscribe_listener *listener, unsigned count);
