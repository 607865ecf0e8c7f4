/* TLS contexts: of a chain one for each choice among its secrets that a server name can lead to,
 * shared with the last state while what the chain presents is the same. They have one session
 * context: a session resumes in its chain, whatever certificate it began with. */
#include "core/base/assert.h"
#include "core/base/mem.h"
#include "data/subscribe/parts.h"

struct subscribe_contexts {
    struct model_chooser *chooser;
    struct net_tls_context **items; /* by the index of the choice */
    size_t count;
    int references; /* atomic */
};

static struct subscribe_contexts *contexts_ref(struct subscribe_contexts *contexts)
{
    int before = __atomic_fetch_add(&contexts->references, 1, __ATOMIC_RELAXED);
    ASSERT(before > 0);
    return contexts;
}

struct subscribe_contexts *subscribe__contexts_unref(struct subscribe_contexts *contexts)
{
    if (contexts == NULL)
        return NULL;
    int before = __atomic_fetch_sub(&contexts->references, 1, __ATOMIC_ACQ_REL);
    ASSERT(before > 0);
    if (before > 1)
        return NULL;
    for (size_t i = 0; i < contexts->count; i++)
        contexts->items[i] = net_tls_context_unref(contexts->items[i]);
    contexts->items = mem_free(contexts->items);
    contexts->chooser = model_chooser_free(contexts->chooser);
    return mem_free(contexts);
}

CLEANUP_DEFINE(struct subscribe_contexts, subscribe__contexts_unref);

struct net_tls_context *subscribe_context_find(const struct subscribe_listener *listener,
                                               size_t chain, struct str server_name)
{
    const struct subscribe_contexts *contexts = listener->contexts[chain];
    return contexts->items[model_chooser_find(contexts->chooser, server_name)->index];
}

static bool secrets_equal(const struct subscribe__tls *tls, const struct model_chain *now,
                          const struct model_chain *before)
{
    if (now->secrets.count != before->secrets.count)
        return false;
    for (size_t i = 0; i < now->secrets.count; i++) {
        const struct model_resource *a = model_snapshot_get(tls->state->snapshot, MODEL_SECRET,
                                                            now->secrets.items[i]);
        const struct model_resource *b = model_snapshot_get(tls->last->snapshot, MODEL_SECRET,
                                                            before->secrets.items[i]);
        if (!model_digest_equal(&a->digest, &b->digest))
            return false;
    }
    return true;
}

/* Those that the same chain of the same port had, if it still presents the same. */
static struct subscribe_contexts *contexts_recall(const struct subscribe__tls *tls,
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

/* The secrets of a chain, and where its sessions resume. */
struct chain {
    const struct model_secret *secrets[MODEL_CHAIN_SECRETS_MAX];
    struct str session_context;
};

static enum err context_new(const struct subscribe__tls *tls, const struct chain *chain,
                            const struct model_choice *choice, struct net_tls_context **ret_context,
                            struct err_info *reterr)
{
    struct net_tls_certificate certificates[MODEL_CHAIN_SECRETS_MAX];
    for (size_t i = 0; i < choice->count; i++) {
        const struct model_secret *secret = chain->secrets[choice->secrets[i]];
        certificates[i] = (struct net_tls_certificate){.certificates_pem = secret->certificates_pem,
                                                       .key_pem = secret->key_pem};
    }
    static const struct str protocols[] = {STR_INIT("http/1.1")};
    struct net_tls_options options = {
        .certificates = certificates,
        .certificate_count = choice->count,
        .session_context = chain->session_context,
        .protocols = protocols,
        .protocol_count = ARRAY_SIZE(protocols),
    };
    return net_tls_context_new(tls->server, &options, ret_context, reterr);
}

static enum err contexts_new(const struct subscribe__tls *tls,
                             const struct subscribe_listener *listener,
                             const struct model_chain *model,
                             struct subscribe_contexts **ret_contexts, struct err_info *reterr)
{
    if (model->secrets.count == 0 || model->secrets.count > MODEL_CHAIN_SECRETS_MAX)
        return err_set(reterr, ERR_LIMIT, "hostname \"%.*s\" has %zu certificates",
                       STR_ARG(model->hostname), model->secrets.count);
    struct chain chain = {
        .session_context = str_format(tls->state->arena, "%.*s/%.*s",
                                      STR_ARG(listener->model->name), STR_ARG(model->hostname)),
    };
    for (size_t i = 0; i < model->secrets.count; i++)
        chain.secrets[i] =
            model_snapshot_get(tls->state->snapshot, MODEL_SECRET, model->secrets.items[i])->secret;
    CLEANUP(subscribe__contexts_unref)
    struct subscribe_contexts *contexts = MEM_NEW(struct subscribe_contexts);
    contexts->references = 1;
    contexts->chooser = model_chooser_new(model->hostname, chain.secrets, model->secrets.count);
    const struct model_choice *choices = model_chooser_list(contexts->chooser, &contexts->count);
    contexts->items = mem_zero(contexts->count, sizeof(*contexts->items));
    for (size_t i = 0; i < contexts->count; i++) {
        enum err result = context_new(tls, &chain, &choices[i], &contexts->items[i], reterr);
        if (result != ERR_OK)
            return result;
    }
    *ret_contexts = TAKE(contexts);
    return ERR_OK;
}

enum err subscribe__contexts_stage(struct subscribe__tls *tls, struct subscribe_listener *listener,
                                   struct err_info *reterr)
{
    const struct model_listener *model = listener->model;
    listener->contexts = ARENA_NEW_ARRAY(tls->state->arena, struct subscribe_contexts *,
                                         model->chain_count + 1);
    for (size_t i = 0; i < model->chain_count; i++) {
        struct subscribe_contexts *shared = contexts_recall(tls, &model->chains[i]);
        if (shared != NULL) {
            listener->contexts[i] = contexts_ref(shared);
            tls->state->contexts_reused++;
            continue;
        }
        enum err result = contexts_new(tls, listener, &model->chains[i], &listener->contexts[i],
                                       reterr);
        if (result != ERR_OK)
            return result;
    }
    return ERR_OK;
}
