#include "control/publish/publish.h"

#include "core/base/arena.h"
#include "core/base/mem.h"

struct publish {
    publish_send_fn send;
    void *arg;
    const struct model_snapshot *acknowledged;
    const struct model_snapshot *wanted;
    /* Under way; both or neither. */
    struct model_transaction *transaction;
    const struct model_snapshot *sent;
    /* The last refusal. */
    bool has_refusal;
    struct model_digest refused;
    struct arena *refusal_arena;
    struct str refused_resource;
    struct str refused_reason;
};

struct publish *publish_new(publish_send_fn send, void *arg)
{
    struct publish *publish = MEM_NEW(struct publish);
    publish->send = send;
    publish->arg = arg;
    publish->refusal_arena = arena_new(256);
    return publish;
}

/* What was under way is answered, or never will be. */
static void forget_sent(struct publish *publish)
{
    publish->transaction = model_transaction_free(publish->transaction);
    publish->sent = model_snapshot_unref(publish->sent);
}

static void forget_refusal(struct publish *publish)
{
    publish->has_refusal = false;
    publish->refused_resource = STR_EMPTY;
    publish->refused_reason = STR_EMPTY;
    arena_clear(publish->refusal_arena);
}

struct publish *publish_free(struct publish *publish)
{
    if (publish == NULL)
        return NULL;
    forget_sent(publish);
    publish->acknowledged = model_snapshot_unref(publish->acknowledged);
    publish->wanted = model_snapshot_unref(publish->wanted);
    publish->refusal_arena = arena_free(publish->refusal_arena);
    return mem_free(publish);
}

static bool is_refused(const struct publish *publish)
{
    return publish->has_refusal && publish->wanted != NULL &&
           model_digest_equal(&publish->refused, &publish->wanted->digest);
}

static bool is_served(const struct publish *publish)
{
    return publish->acknowledged != NULL && publish->wanted != NULL &&
           model_digest_equal(&publish->acknowledged->digest, &publish->wanted->digest);
}

/* Sends what is wanted, unless something is under way or there is nothing to say. */
static void advance(struct publish *publish)
{
    if (publish->transaction != NULL || publish->wanted == NULL || is_served(publish) ||
        is_refused(publish))
        return;
    publish->transaction = model_transaction_new(publish->acknowledged, publish->wanted);
    publish->sent = model_snapshot_ref(publish->wanted);
    publish->send(publish->arg, publish->transaction); /* last: the answer may come within */
}

void publish_set(struct publish *publish, const struct model_snapshot *snapshot)
{
    const struct model_snapshot *old = publish->wanted;
    publish->wanted = model_snapshot_ref(snapshot);
    old = model_snapshot_unref(old);
    if (!is_refused(publish))
        forget_refusal(publish);
    advance(publish);
}

static bool is_under_way(const struct publish *publish, const struct model_digest *result)
{
    return publish->sent != NULL && model_digest_equal(&publish->sent->digest, result);
}

bool publish_acknowledge(struct publish *publish, const struct model_digest *result)
{
    if (!is_under_way(publish, result))
        return false;
    const struct model_snapshot *old = publish->acknowledged;
    publish->acknowledged = TAKE(publish->sent);
    old = model_snapshot_unref(old);
    forget_sent(publish);
    advance(publish);
    return true;
}

bool publish_refuse(struct publish *publish, const struct model_digest *result, struct str resource,
                    struct str reason)
{
    if (!is_under_way(publish, result))
        return false;
    forget_refusal(publish);
    publish->has_refusal = true;
    publish->refused = publish->sent->digest;
    publish->refused_resource = str_dup(publish->refusal_arena, resource);
    publish->refused_reason = str_dup(publish->refusal_arena, reason);
    forget_sent(publish);
    advance(publish);
    return true;
}

void publish_reset(struct publish *publish)
{
    forget_sent(publish);
    publish->acknowledged = model_snapshot_unref(publish->acknowledged);
    forget_refusal(publish);
    advance(publish);
}

static bool is_snapshot(const struct model_snapshot *snapshot, const struct model_digest *digest)
{
    return snapshot != NULL && model_digest_equal(&snapshot->digest, digest);
}

void publish_resume(struct publish *publish, const struct model_digest *have)
{
    const struct model_snapshot *old = publish->acknowledged;
    publish->acknowledged = NULL;
    if (is_snapshot(old, have))
        publish->acknowledged = TAKE(old);
    else if (is_snapshot(publish->wanted, have))
        publish->acknowledged = model_snapshot_ref(publish->wanted);
    else if (is_snapshot(publish->sent, have)) /* its answer was lost on the way */
        publish->acknowledged = TAKE(publish->sent);
    old = model_snapshot_unref(old);
    forget_sent(publish);
    forget_refusal(publish);
    advance(publish);
}

struct publish_status publish_status(const struct publish *publish)
{
    struct publish_status status = {
        .state = PUBLISH_SENT,
        .acknowledged = publish->acknowledged,
        .wanted = publish->wanted,
        .sent = publish->sent,
    };
    if (publish->wanted == NULL)
        status.state = PUBLISH_IDLE;
    else if (publish->transaction != NULL)
        status.state = PUBLISH_SENT; /* even of a former snapshot: the proxy is about to move */
    else if (is_served(publish))
        status.state = PUBLISH_SERVED;
    else if (is_refused(publish)) {
        status.state = PUBLISH_REFUSED;
        status.refused_resource = publish->refused_resource;
        status.refused_reason = publish->refused_reason;
    }
    return status;
}
