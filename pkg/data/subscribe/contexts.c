/* TLS contexts: one per chain, shared with the last state while what it presents is the same. */
#include "core/base/assert.h"
#include "data/subscribe/parts.h"

static const struct model_resource *secret_find(const struct model_snapshot *snapshot,
                                                struct str name)
{
    const struct model_resource *secret = model_snapshot_find(snapshot, MODEL_SECRET, name);
    ASSERT(secret != NULL); /* model_snapshot_new has checked the reference */
    return secret;
}

static bool secrets_equal(const struct subscribe__tls *tls, const struct model_chain *now,
                          const struct model_chain *before)
{
    if (now->secrets.count != before->secrets.count)
        return false;
    for (size_t i = 0; i < now->secrets.count; i++) {
        const struct model_resource *a = secret_find(tls->state->snapshot, now->secrets.items[i]);
        const struct model_resource *b = secret_find(tls->last->snapshot, before->secrets.items[i]);
        if (!model_digest_equal(&a->digest, &b->digest))
            return false;
    }
    return true;
}

/* The context that the same chain of the same port had, if it still presents the same. */
static struct net_tls_context *context_find(const struct subscribe__tls *tls,
                                            const struct model_chain *chain)
{
    if (tls->before == NULL || tls->before->contexts == NULL)
        return NULL;
    for (size_t i = 0; i < tls->before->model->chain_count; i++) {
        const struct model_chain *before = &tls->before->model->chains[i];
        if (str_equal(before->hostname, chain->hostname))
            return secrets_equal(tls, chain, before) ? tls->before->contexts[i] : NULL;
    }
    return NULL;
}

static enum err context_new(const struct subscribe__tls *tls,
                            const struct subscribe_listener *listener,
                            const struct model_chain *chain, struct net_tls_context **ret_context,
                            struct err_info *reterr)
{
    struct net_tls_certificate certificates[NET_TLS_CERTIFICATES_MAX];
    if (chain->secrets.count == 0 || chain->secrets.count > NET_TLS_CERTIFICATES_MAX)
        return err_set(reterr, ERR_LIMIT, "hostname \"%.*s\" has %zu certificates",
                       STR_ARG(chain->hostname), chain->secrets.count);
    for (size_t i = 0; i < chain->secrets.count; i++) {
        const struct model_secret *secret =
            secret_find(tls->state->snapshot, chain->secrets.items[i])->secret;
        certificates[i] = (struct net_tls_certificate){.certificates_pem = secret->certificates_pem,
                                                       .key_pem = secret->key_pem};
    }
    static const struct str protocols[] = {STR_INIT("http/1.1")};
    struct net_tls_options options = {
        .certificates = certificates,
        .certificate_count = chain->secrets.count,
        .session_context = str_format(tls->state->arena, "%.*s/%.*s",
                                      STR_ARG(listener->model->name), STR_ARG(chain->hostname)),
        .protocols = protocols,
        .protocol_count = ARRAY_SIZE(protocols),
    };
    return net_tls_context_new(tls->server, &options, ret_context, reterr);
}

enum err subscribe__contexts_stage(struct subscribe__tls *tls, struct subscribe_listener *listener,
                                   struct err_info *reterr)
{
    const struct model_listener *model = listener->model;
    listener->contexts = ARENA_NEW_ARRAY(tls->state->arena, struct net_tls_context *,
                                         model->chain_count + 1);
    for (size_t i = 0; i < model->chain_count; i++) {
        struct net_tls_context *shared = context_find(tls, &model->chains[i]);
        if (shared != NULL) {
            listener->contexts[i] = net_tls_context_ref(shared);
            tls->state->contexts_reused++;
            continue;
        }
        enum err result = context_new(tls, listener, &model->chains[i], &listener->contexts[i],
                                      reterr);
        if (result != ERR_OK)
            return result;
    }
    return ERR_OK;
}
