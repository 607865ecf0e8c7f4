/* HTTP to the API server, on libcurl and our loop: bytes out, bytes and an outcome in.
 *
 * Transfers share one HTTP/2 connection where the server speaks it. Callbacks come between
 * libcurl's own, so that they may begin and cancel transfers; they never come inside of a call of
 * ours.
 *
 * A connection may die without a word. When a transfer gets no answer in its time and nothing else
 * came meanwhile, all connections are given up: their transfers end with ERR_UNAVAILABLE, and the
 * next ones connect anew. The kernel notices sooner that a host is gone, by keep-alive probes.
 * Private to control/kube. */
#pragma once

#include "control/kube/kube.h"
#include "control/kube/outcome.h"

struct kube__transport;
struct kube__transfer;

/* Without an answer to TCP's probes or data a connection is dead after this. */
#define KUBE__DEAD_MS 20000U
/* To connect, TLS included. */
#define KUBE__CONNECT_MS 10000U
/* Connections of a server that knows no HTTP/2. */
#define KUBE__CONNECTIONS_MAX 64L

struct kube__transfer_options {
    enum kube_method method;
    struct str target;       /* copied, like the following */
    struct str accept;       /* empty: application/json */
    struct str content_type; /* empty: application/json */
    struct str body;         /* empty: none */
    uint64_t timeout_ms;     /* for all of it */
    uint64_t head_ms;        /* until the answer begins; 0: not bounded */
};

struct kube__transfer_events {
    /* A stream, when both are set: status 200 came, then its bytes, borrowed. Other statuses have
     * their body in the outcome. */
    void (*opened)(void *arg);
    void (*data)(void *arg, struct str bytes);

    /* The last call, unless it is cancelled. */
    void (*done)(void *arg, const struct kube__outcome *outcome);
    void *arg;
};

MUST_USE enum err kube__transport_open(struct loop *loop, const struct kube_config *config,
                                       struct kube__transport **ret_transport,
                                       struct err_info *reterr);

/* Ends transfers without a word. */
struct kube__transport *kube__transport_close(struct kube__transport *transport);

struct kube__transfer *kube__transfer_start(struct kube__transport *transport,
                                            const struct kube__transfer_options *options,
                                            const struct kube__transfer_events *events);

/* Takes NULL, returns NULL. Inside an event of another transfer too, and in `data` of its own. */
struct kube__transfer *kube__transfer_cancel(struct kube__transfer *transfer);
