/* TLS to back ends: one client per resource, shared with the last state while it says the same. */
#include "core/base/assert.h"
#include "core/base/file.h"
#include "core/base/log.h"
#include "data/subscribe/parts.h"

/* What clients are told: where the file is, and what is wrong with it, is for the log. */
#define UNREADABLE STR("the authorities that the gateway's system trusts cannot be read")

/* ---- Whom it trusts ---- */

static void system_read(struct subscribe__system *system)
{
    struct buf pem;
    struct err_info info = {0};
    buf_init(&pem, SUBSCRIBE_TRUST_SIZE_MAX);
    enum err result = file_read(system->file.data, &pem, &info);
    if (result == ERR_OK)
        result = net_tls_trust_new(buf_str(&pem), &system->trust, &info);
    buf_deinit(&pem);
    if (result != ERR_OK)
        LOG(LOG_WARNING,
            "the system's authorities cannot be read: back ends that need them get 503",
            LOG_STR("file", system->file), LOG_STR("reason", str_of(info.message)));
}

/* A new reference; NULL: nobody is trusted, or `ret_options` say that nobody can be. */
static enum err trust_of(struct subscribe__system *system, const struct model_upstream_tls *tls,
                         struct net_tls_client_options *ret_options, struct err_info *reterr)
{
    switch (tls->trust) {
    case MODEL_TRUST_ANYONE: return ERR_OK;
    case MODEL_TRUST_GIVEN: return net_tls_trust_new(tls->ca_pem, &ret_options->trust, reterr);
    case MODEL_TRUST_SYSTEM: break;
    }
    if (system->trust == NULL && !system->was_tried)
        system_read(system);
    system->was_tried = true;
    if (system->trust != NULL)
        ret_options->trust = net_tls_trust_ref(system->trust);
    else
        ret_options->fault = UNREADABLE;
    return ERR_OK;
}

/* ---- Making them ---- */

static enum net_tls_version version_of(enum model_tls_version version)
{
    return version == MODEL_TLS_1_2 ? NET_TLS_1_2 : NET_TLS_1_3;
}

static enum err client_new(struct subscribe__system *system, const struct model_snapshot *snapshot,
                           const struct model_upstream_tls *tls, struct net_tls_client **ret_client,
                           struct err_info *reterr)
{
    static const struct str protocols[] = {STR_INIT("http/1.1")};
    struct net_tls_name names[NET_TLS_NAMES_MAX];
    struct net_tls_certificate certificate;
    ASSERT(tls->subject_count <= NET_TLS_NAMES_MAX); /* it was checked when it came */
    for (size_t i = 0; i < tls->subject_count; i++)
        names[i] = (struct net_tls_name){.value = tls->subjects[i].value,
                                         .is_prefix = tls->subjects[i].match ==
                                                      MODEL_SUBJECT_PREFIX};
    struct net_tls_client_options options = {
        .server_name = tls->server_name,
        .names = names,
        .name_count = tls->subject_count,
        .min_version = version_of(tls->min_version),
        .max_version = version_of(tls->max_version),
        .protocols = protocols,
        .protocol_count = ARRAY_SIZE(protocols),
    };
    if (tls->secret.size > 0) {
        const struct model_secret *secret =
            model_snapshot_get(snapshot, MODEL_SECRET, tls->secret)->secret;
        certificate = (struct net_tls_certificate){.certificates_pem = secret->certificates_pem,
                                                   .key_pem = secret->key_pem};
        options.certificate = &certificate;
    }
    enum err result = trust_of(system, tls, &options, reterr);
    if (result == ERR_OK)
        result = net_tls_client_new(&options, ret_client, reterr);
    (void)net_tls_trust_unref(options.trust); /* always NULL; the client has its own */
    return result;
}

/* ---- Sharing them ---- */

static bool says_the_same(const struct model_snapshot *a, const struct model_resource *now,
                          const struct model_snapshot *b, const struct model_resource *before)
{
    if (!model_digest_equal(&now->digest, &before->digest))
        return false;
    struct str secret = now->upstream_tls->secret;
    if (secret.size == 0)
        return true;
    return model_digest_equal(&model_snapshot_get(a, MODEL_SECRET, secret)->digest,
                              &model_snapshot_get(b, MODEL_SECRET, secret)->digest);
}

/* The resources of a state, each of which has a client at the same place. */
struct former {
    const struct subscribe_state *state; /* NULL: there is none */
    const struct model_resource *const *resources;
    size_t count;
};

static struct former former_of(const struct subscribe_state *last)
{
    struct former former = {.state = last};
    if (last != NULL)
        former.resources = model_snapshot_kind(last->snapshot, MODEL_UPSTREAM_TLS, &former.count);
    return former;
}

/* The client that the last state has for the same; one that lacks what the system trusts is made
 * anew. */
static struct net_tls_client *client_find(const struct subscribe__system *system,
                                          const struct subscribe_state *state,
                                          const struct former *former,
                                          const struct model_resource *resource)
{
    if (resource->upstream_tls->trust == MODEL_TRUST_SYSTEM && system->trust == NULL)
        return NULL;
    size_t place = model_kind_find(former->resources, former->count, resource->name);
    if (place == former->count || !says_the_same(state->snapshot, resource, former->state->snapshot,
                                                 former->resources[place]))
        return NULL;
    return former->state->clients[place];
}

enum err subscribe__clients_stage(struct subscribe__system *system, struct subscribe_state *state,
                                  const struct subscribe_state *last,
                                  const struct model_resource **ret_blamed, struct err_info *reterr)
{
    size_t count;
    const struct model_resource *const *resources = model_snapshot_kind(state->snapshot,
                                                                        MODEL_UPSTREAM_TLS, &count);
    const struct former former = former_of(last);
    system->was_tried = false;
    state->clients = ARENA_NEW_ARRAY(state->arena, struct net_tls_client *, count);
    for (size_t i = 0; i < count; i++) {
        struct net_tls_client *shared = client_find(system, state, &former, resources[i]);
        if (shared != NULL) {
            state->clients[state->client_count++] = net_tls_client_ref(shared);
            continue;
        }
        *ret_blamed = resources[i];
        enum err result = client_new(system, state->snapshot, resources[i]->upstream_tls,
                                     &state->clients[i], reterr);
        if (result != ERR_OK)
            return result;
        state->client_count++;
    }
    return ERR_OK;
}

enum err subscribe__upstream_tls_check(const struct model_upstream_tls *tls,
                                       struct err_info *reterr)
{
    if (tls->subject_count > NET_TLS_NAMES_MAX)
        return err_set(reterr, ERR_LIMIT, "it has %zu names, above %zu", tls->subject_count,
                       NET_TLS_NAMES_MAX);
    return ERR_OK;
}
