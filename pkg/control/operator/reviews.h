/* Reviews: asks the API server whose a proxy's token is. Private to control/operator.
 *
 * Anybody may present a token, and a server may take its time to find it wrong. So few are under
 * way at once, that statuses and Deployments get through; the others wait. Tokens are in memory
 * that is wiped. */
#pragma once

#include <stdint.h>

#include "control/kube/kube.h"
#include "control/stream/stream.h"
#include "core/base/list.h"

/* At once: a part of KUBE_IN_FLIGHT_MAX, of which APPLY_IN_FLIGHT_MAX are for what is written. */
#define OPERATOR__REVIEWS_IN_FLIGHT 8U

struct operator__reviews {
    struct kube *kube;
    struct list asked;
    struct list waiting; /* in the order in which they came; no more than sessions can wait */
    size_t asked_count;
    size_t waiting_count;
    uint64_t refused; /* for metrics: tokens that were no good */
    uint64_t failed;  /* reviews that could not be had */
};

void operator__reviews_init(struct operator__reviews *reviews, struct kube *kube);

/* What is under way is not answered any more. */
void operator__reviews_deinit(struct operator__reviews *reviews);

/* Answers `stream` with stream_reviewed(request), later. */
void operator__reviews_ask(struct operator__reviews *reviews, struct stream *stream,
                           uint64_t request, struct str token);
