/* The operator's end of the stream: which pod is connected, and what it serves.
 *
 *     hello ─> review of the token ─> which pod ─> which group ─> accepted ─> transactions
 *
 * A group is all gateway pods that serve one snapshot: those of a mesh with equal tags. A pod only
 * ever gets the snapshot of its own group; who cannot prove to be a gateway pod gets nothing. What
 * a pod acknowledged is remembered while the pod exists, so that it is sent only what differs when
 * it comes back, maybe nothing.
 *
 * Reviews are asked for by a callback and answered with stream_reviewed, now or later, in any
 * order. Tokens reach no log. Everything is for the thread of the loop. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "control/publish/publish.h"
#include "core/base/err.h"
#include "core/base/str.h"
#include "core/feed/feed.h"
#include "core/json/json.h"

struct stream;

/* The audience that tokens have to be for. */
#define STREAM_AUDIENCE "otemon"

/* Who a token was issued to. */
struct stream_identity {
    struct str namespace;
    struct str pod;
    struct str uid; /* of the pod */
};

struct stream_options {
    struct feed_server_options feed; /* its events are ours */

    /* Asks whether `token` is good: to be answered with stream_reviewed(request). */
    void (*review)(void *arg, uint64_t request, struct str token);

    /* The group of that pod, borrowed until the call ends; empty: it is none of ours, and reterr
     * says why. */
    struct str (*group_of)(void *arg, const struct stream_identity *identity,
                           struct err_info *reterr);

    /* A pod came, left, acknowledged or refused. `uid` is borrowed. */
    void (*changed)(void *arg, struct str uid);
    void *arg;
};

/* Errors as feed_server_open. */
MUST_USE enum err stream_open(const struct stream_options *options, struct stream **ret_stream,
                              struct err_info *reterr);

/* After `web` has closed. Takes NULL. */
struct stream *stream_free(struct stream *stream);

/* For its certificate and its port. */
struct feed_server *stream_server(struct stream *stream);

/* The answer to a review. NULL: the token is not good, for that reason. */
void stream_reviewed(struct stream *stream, uint64_t request,
                     const struct stream_identity *identity, struct str reason);

/* What the pods of a group shall serve. Takes a reference of its own. */
void stream_set(struct stream *stream, struct str group, const struct model_snapshot *snapshot);

/* Nobody is of that group any more. */
void stream_group_gone(struct stream *stream, struct str group);

/* A pod is of another group now. One that is not known is none of ours yet. */
void stream_pod_moved(struct stream *stream, struct str uid, struct str group);

/* The pod is no more, or no gateway any more: its connection ends. */
void stream_pod_gone(struct stream *stream, struct str uid);

struct stream_pod {
    bool connected;
    bool had;                     /* it served something when it connected, whatever that was */
    struct publish_status status; /* borrowed until the next call */
};

/* What is known of a pod. False: it has never been connected. */
MUST_USE bool stream_pod_find(const struct stream *stream, struct str uid,
                              struct stream_pod *ret_pod);

/* How many pods are connected. */
size_t stream_connected(const struct stream *stream);

/* ---- TokenReview (authentication.k8s.io/v1), pure ---- */

/* Appends the object that asks for a review of `token`. */
void stream_review_print(struct str token, struct buf *buf);

/* Reads the answer. ERR_UNAUTHORISED: the token is not good: wrong, expired, for another audience,
 * or not bound to a pod; reterr says which. Texts of the identity are borrowed from `review`. */
MUST_USE enum err stream_review_read(const struct jv *review, struct stream_identity *ret_identity,
                                     struct err_info *reterr);
