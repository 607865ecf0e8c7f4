/* Following the operator: the proxy's end of the stream.
 *
 *     stream ─> transaction ─> apply ─> acknowledged, or refused whole with resource and reason
 *
 * One transaction is applied at a time; of those that come meanwhile the last is kept. What was
 * applied stays when the operator goes away: the connection is made again, and says what we have,
 * so that a reconnect with nothing changed brings nothing. A transaction that starts from something
 * else than we have is not refused, which would be final, but ends the connection: the next one
 * begins with the truth.
 *
 * Everything is for the thread of the loop. */
#pragma once

#include <stdbool.h>

#include "core/base/err.h"
#include "core/base/str.h"
#include "core/feed/feed.h"
#include "model/model.h"

struct follow;

/* As proxy_apply (data/proxy): `applied` follows when ERR_OK is returned, never before. */
typedef void (*follow_applied_fn)(void *arg, const struct model_digest *result);
typedef enum err (*follow_apply_fn)(void *arg, const struct model_transaction *transaction,
                                    follow_applied_fn applied, void *applied_arg,
                                    struct err_info *reterr);

/* What a program may want to say. */
struct follow_events {
    void (*connected)(void *arg);
    void (*disconnected)(void *arg, struct str reason);
    void (*applied)(void *arg, const struct model_digest *result);
    void (*refused)(void *arg, struct str resource, struct str reason);
};

struct follow_options {
    struct feed_client_options feed; /* its events are ours */
    follow_apply_fn apply;
    struct follow_events events;
    void *arg; /* of apply and events */
};

MUST_USE struct follow *follow_open(const struct follow_options *options);

/* Before what `apply` leads to: no callback runs any more, nor may `applied` come. Takes NULL. */
struct follow *follow_close(struct follow *follow);

/* Whether something was ever applied, be it empty: then the proxy is ready to take traffic. */
bool follow_has_applied(const struct follow *follow);

bool follow_is_connected(const struct follow *follow);
