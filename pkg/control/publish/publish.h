/* Publishing: one proxy's way from what it acknowledged to what it shall serve.
 *
 * At most one transaction is under way. While it is, newer snapshots wait, and only the latest is
 * kept. An equal snapshot sends nothing. A transaction that the proxy refused is not sent again
 * before the snapshot changes; the proxy keeps serving what it acknowledged last.
 *
 * The transport is a callback: a function call in `otemon run`, the config stream in a cluster. It
 * may answer before it returns. One loop owns a publisher. */
#pragma once

#include <stdbool.h>

#include "core/base/str.h"
#include "model/model.h"

struct publish;

/* Carries `transaction`, borrowed until the proxy has answered it with publish_acknowledge or
 * publish_refuse, or was reset. */
typedef void (*publish_send_fn)(void *arg, const struct model_transaction *transaction);

MUST_USE struct publish *publish_new(publish_send_fn send, void *arg);
struct publish *publish_free(struct publish *publish);

/* What the proxy shall serve. Takes a reference of its own. */
void publish_set(struct publish *publish, const struct model_snapshot *snapshot);

/* The proxy serves the snapshot `result`. Answers to anything but what is under way are ignored:
 * false. */
bool publish_acknowledge(struct publish *publish, const struct model_digest *result);

/* The proxy refused the transaction to `result` whole, because of `resource` (as it names it; may
 * be empty). Texts are copied. */
bool publish_refuse(struct publish *publish, const struct model_digest *result, struct str resource,
                    struct str reason);

/* The proxy is gone, or a new one has come: it has nothing, and is sent everything. What was under
 * way is forgotten. */
void publish_reset(struct publish *publish);

/* The proxy is back and serves the snapshot `have`. When that is what it had acknowledged, or what
 * it shall serve, it is sent only what differs from it, maybe nothing; else as publish_reset. */
void publish_resume(struct publish *publish, const struct model_digest *have);

enum publish_state {
    PUBLISH_IDLE,    /* nothing was set yet */
    PUBLISH_SENT,    /* waiting for the proxy's answer */
    PUBLISH_SERVED,  /* the latest snapshot is acknowledged */
    PUBLISH_REFUSED, /* the latest snapshot was refused */
};

struct publish_status {
    enum publish_state state;
    const struct model_snapshot *acknowledged; /* borrowed; NULL: nothing yet */
    const struct model_snapshot *wanted;       /* borrowed; NULL: nothing yet */
    const struct model_snapshot *sent;         /* borrowed; NULL: nothing is under way */
    struct str refused_resource;               /* PUBLISH_REFUSED; borrowed until the next call */
    struct str refused_reason;
};

struct publish_status publish_status(const struct publish *publish);

CLEANUP_DEFINE(struct publish, publish_free);
