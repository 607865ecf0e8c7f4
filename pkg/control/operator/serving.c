/* Serving proxies: when it begins, and what the stream is told. */
#include "control/operator/parts.h"
#include "core/base/log.h"

/* ---- What groups and proxies tell it ---- */

static void on_group_serve(void *arg, struct str key, const struct model_snapshot *snapshot)
{
    const struct operator_handle *op = arg;
    if (op->stream != NULL)
        stream_set(op->stream, key, snapshot);
}

static void on_group_gone(void *arg, struct str key)
{
    const struct operator_handle *op = arg;
    if (op->stream != NULL)
        stream_group_gone(op->stream, key);
}

struct operator__group_events operator__group_events(struct operator_handle *op)
{
    return (struct operator__group_events){on_group_serve, on_group_gone, op};
}

static void on_pod_moved(void *arg, struct str uid, struct str group)
{
    const struct operator_handle *op = arg;
    if (op->stream != NULL)
        stream_pod_moved(op->stream, uid, group);
}

static void on_pod_gone(void *arg, struct str uid)
{
    const struct operator_handle *op = arg;
    if (op->stream != NULL)
        stream_pod_gone(op->stream, uid);
}

struct operator__pod_events operator__pod_events(struct operator_handle *op)
{
    return (struct operator__pod_events){on_pod_moved, on_pod_gone, op};
}

bool operator__find_pod(void *arg, struct str uid, struct stream_pod *ret_pod)
{
    const struct operator_handle *op = arg;
    return op->stream != NULL && stream_pod_find(op->stream, uid, ret_pod);
}

/* ---- What it asks and tells ---- */

static void on_review(void *arg, uint64_t request, struct str token)
{
    struct operator_handle *op = arg;
    if (op->is_stopped)
        return; /* its connection ends with the others */
    operator__reviews_ask(&op->reviews, op->stream, request, token);
}

static struct str on_group_of(void *arg, const struct stream_identity *identity,
                              struct err_info *reterr)
{
    const struct operator_handle *op = arg;
    struct str group = operator__proxies_group_of(&op->proxies, op->cache, identity, reterr);
    if (group.size == 0)
        LOG(LOG_WARNING, "a proxy was refused", LOG_STR("namespace", identity->namespace),
            LOG_STR("pod", identity->pod), LOG_STR("reason", str_of(reterr->message)));
    return group;
}

static void on_changed(void *arg, struct str uid)
{
    (void)uid; /* all gateways are looked at */
    operator__touch_status(arg);
}

/* ---- The beginning ---- */

static void serve_groups(const struct operator_handle *op)
{
    struct map_cursor at = {0};
    const struct operator__group *group;
    while ((group = map_next(op->groups.by_key, &at)) != NULL)
        stream_set(op->stream, group->key, group->result->snapshot);
}

static enum err open_stream(struct operator_handle *op, const struct pki_bundle *leaf,
                            struct str address, struct err_info *reterr)
{
    const struct operator_options *options = &op->options;
    const struct stream_options stream = {
        .feed =
            {
                .loop = options->loop,
                .web = options->web,
                .address = address,
                .port = options->feed_port,
                .certificates_pem = leaf->certificates_pem,
                .key_pem = leaf->key_pem,
            },
        .review = on_review,
        .group_of = on_group_of,
        .changed = on_changed,
        .arg = op,
    };
    return stream_open(&stream, &op->stream, reterr);
}

/* All addresses: a socket of IPv6 takes both families, but not every machine has it. */
static enum err open_anywhere(struct operator_handle *op, const struct pki_bundle *leaf,
                              struct err_info *reterr)
{
    if (op->options.feed_address.size > 0)
        return open_stream(op, leaf, op->options.feed_address, reterr);
    enum err err = open_stream(op, leaf, STR("::"), reterr);
    return err == ERR_INVALID ? open_stream(op, leaf, STR("0.0.0.0"), reterr) : err;
}

static void on_opening(void *arg)
{
    struct operator_handle *op = arg;
    struct err_info reason = {0};
    const struct pki_bundle *leaf = op->trust.state.leaf;
    if (op->stream != NULL || leaf == NULL || op->trust.has_leaf || op->groups.placement == NULL)
        return;
    if (open_anywhere(op, leaf, &reason) != ERR_OK) {
        op->options.failed(op->options.arg, &reason);
        return;
    }
    op->opened_ms = loop_now_ms(op->options.loop);
    serve_groups(op);
    operator__touch_status(op); /* from now on patience has an end */
    LOG(LOG_INFO, "serving proxies", LOG_U64("port", feed_server_port(stream_server(op->stream))));
}

void operator__serving_init(struct operator_handle *op)
{
    loop_deferred_init(&op->opening, on_opening, op);
}

/* At the end of the turn: it may fail, and that is told outside of all events. */
void operator__serve(struct operator_handle *op)
{
    if (op->stream == NULL)
        loop_defer(op->options.loop, &op->opening);
}

void operator__on_leaf(void *arg, const struct pki_bundle *leaf)
{
    struct operator_handle *op = arg;
    struct err_info reason = {0};
    if (op->stream == NULL) {
        operator__serve(op);
        return;
    }
    LOG(LOG_INFO, "presenting a new certificate to proxies",
        LOG_STR("fingerprint", leaf->fingerprint));
    if (feed_server_identity(stream_server(op->stream), leaf->certificates_pem, leaf->key_pem,
                             &reason) != ERR_OK)
        LOG(LOG_ERROR, "the former certificate is presented on",
            LOG_STR("reason", str_of(reason.message)));
}
