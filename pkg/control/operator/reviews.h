/* Reviews: asks the API server whose a proxy's token is. Private to control/operator.
 *
 * The stream bounds how many are under way (FEED_PENDING_MAX). Tokens are in memory that the client
 * of the API server wipes. */
#pragma once

#include <stdint.h>

#include "control/kube/kube.h"
#include "control/stream/stream.h"
#include "core/base/list.h"

struct operator__reviews {
    struct kube *kube;
    struct list asked;
    uint64_t refused; /* for metrics: tokens that were no good */
    uint64_t failed;  /* reviews that could not be had */
};

void operator__reviews_init(struct operator__reviews *reviews, struct kube *kube);

/* What is under way is not answered any more. */
void operator__reviews_deinit(struct operator__reviews *reviews);

/* Answers `stream` with stream_reviewed(request), later. */
void operator__reviews_ask(struct operator__reviews *reviews, struct stream *stream,
                           uint64_t request, struct str token);
