#include "data/follow/follow.h"

#include "core/base/mem.h"
#include "core/json/json.h"

struct follow {
    struct follow_options options;
    struct feed_client *client;
    struct model_transaction *waiting; /* while another is applied; NULL: none */
    struct model_digest served;        /* zeros: nothing */
    bool applying;
    bool applies_former; /* what a connection brought that has ended since */
    bool has_applied;
    bool connected;
};

static const struct model_digest nothing = {{0}};

static struct str digest_text(const struct model_digest *digest, struct buf *area)
{
    buf_init(area, MODEL_DIGEST_TEXT_SIZE);
    model_digest_print(digest, area);
    return buf_str(area);
}

/* On a connection that was made while it was applied we have said to have something else, on which
 * an acknowledgement means nothing: the other end may believe that we still serve that. */
static void acknowledge(struct follow *follow, const struct model_digest *result)
{
    struct buf area;
    struct str text = digest_text(result, &area);
    feed_client_set_have(follow->client, text);
    if (follow->applies_former)
        feed_client_restart(follow->client);
    else
        feed_client_acknowledge(follow->client, text);
    follow->applies_former = false;
    buf_deinit(&area);
}

static void refuse(struct follow *follow, const struct model_digest *result,
                   const struct err_info *why)
{
    struct buf area;
    struct str text = digest_text(result, &area);
    feed_client_refuse(follow->client, text, str_of(why->path), str_of(why->message));
    buf_deinit(&area);
    follow->options.events.refused(follow->options.arg, str_of(why->path), str_of(why->message));
}

static void apply(struct follow *follow, struct model_transaction *transaction);

static void on_applied(void *arg, const struct model_digest *result)
{
    struct follow *follow = arg;
    follow->applying = false;
    follow->has_applied = true;
    follow->served = *result;
    acknowledge(follow, result);
    follow->options.events.applied(follow->options.arg, result);
    if (follow->waiting != NULL)
        apply(follow, TAKE(follow->waiting));
}

static bool starts_here(const struct follow *follow, const struct model_transaction *transaction)
{
    return model_digest_equal(&transaction->base, &nothing) ||
           model_digest_equal(&transaction->base, &follow->served);
}

/* Takes the transaction over. */
static void apply(struct follow *follow, struct model_transaction *transaction)
{
    if (!starts_here(follow, transaction)) {
        (void)model_transaction_free(transaction); /* always NULL */
        feed_client_restart(follow->client);
        return;
    }
    struct err_info why = {0};
    struct model_digest result = transaction->result;
    enum err err = follow->options.apply(follow->options.arg, transaction, on_applied, follow,
                                         &why);
    (void)model_transaction_free(transaction); /* always NULL */
    if (err == ERR_OK)
        follow->applying = true;
    else
        refuse(follow, &result, &why);
}

static void on_transaction(void *arg, const struct jv *object)
{
    struct follow *follow = arg;
    struct model_transaction *transaction = NULL;
    struct err_info why = {0};
    if (model_transaction_parse(object, &transaction, &why) != ERR_OK) {
        struct model_digest result = nothing;
        if (!model_digest_parse(jv_text(jv_get(object, STR("result"))), &result))
            feed_client_restart(follow->client);
        else
            refuse(follow, &result, &why);
        return;
    }
    if (follow->applying) {
        (void)model_transaction_free(follow->waiting); /* always NULL */
        follow->waiting = transaction;
        return;
    }
    apply(follow, transaction);
}

static void on_connected(void *arg)
{
    struct follow *follow = arg;
    follow->connected = true;
    follow->options.events.connected(follow->options.arg);
}

static void on_disconnected(void *arg, struct str reason)
{
    struct follow *follow = arg;
    follow->connected = false;
    follow->applies_former = follow->applying;
    follow->waiting = model_transaction_free(follow->waiting); /* its answer would be lost */
    follow->options.events.disconnected(follow->options.arg, reason);
}

struct follow *follow_open(const struct follow_options *options)
{
    struct follow *follow = MEM_NEW(struct follow);
    follow->options = *options;
    struct feed_client_options feed = options->feed;
    feed.events = (struct feed_client_events){
        .connected = on_connected,
        .transaction = on_transaction,
        .disconnected = on_disconnected,
        .arg = follow,
    };
    follow->client = feed_client_open(&feed);
    return follow;
}

struct follow *follow_close(struct follow *follow)
{
    if (follow == NULL)
        return NULL;
    feed_client_close(follow->client);
    follow->waiting = model_transaction_free(follow->waiting);
    return mem_free(follow);
}

bool follow_has_applied(const struct follow *follow)
{
    return follow->has_applied;
}

bool follow_is_connected(const struct follow *follow)
{
    return follow->connected;
}
