/* What clients speak TLS with: contexts, and the sessions that servers let them resume. */
#include <openssl/err.h>

#include "core/base/arena.h"
#include "core/base/assert.h"
#include "core/base/mem.h"
#include "core/net/internal.h"

#define ARENA_CHUNK ((size_t)512)

/* ---- Sessions ---- */

void net_tls_session_clear(struct net_tls_session *session)
{
    SSL_SESSION_free(session->private_); /* takes NULL */
    session->private_ = NULL;
}

/* A server may give several, at any time: the last one is kept. */
static int on_session(SSL *ssl, SSL_SESSION *given)
{
    const struct tls *tls = SSL_get_app_data(ssl);
    net_tls_session_clear(tls->session);
    tls->session->private_ = given;
    return 1; /* it is ours now */
}

/* ---- Contexts ---- */

static enum err refused_by_library(struct err_info *reterr)
{
    return err_set(reterr, ERR_SYSTEM, "OpenSSL cannot speak TLS: %s",
                   net__tls_reason_text(ERR_peek_error()));
}

static int version_of(enum net_tls_version version)
{
    return version == NET_TLS_1_2 ? TLS1_2_VERSION : TLS1_3_VERSION;
}

static bool configure(SSL_CTX *ctx, const struct net_tls_client_options *options)
{
    if (!net__tls_configure(ctx) ||
        SSL_CTX_set_min_proto_version(ctx, version_of(options->min_version)) != 1 ||
        SSL_CTX_set_max_proto_version(ctx, version_of(options->max_version)) != 1)
        return false;
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(ctx, on_session);
    return true;
}

static enum err set_protocols(SSL_CTX *ctx, const struct net_tls_client_options *options,
                              struct err_info *reterr)
{
    struct tls_protocols protocols = {0};
    if (options->protocol_count == 0)
        return ERR_OK;
    enum err e = net__tls_protocols_encode(options->protocols, options->protocol_count, &protocols,
                                           reterr);
    if (e == ERR_OK)
        ASSERT(SSL_CTX_set_alpn_protos(ctx, protocols.bytes, protocols.size) == 0); /* copies */
    (void)mem_free(protocols.bytes); /* always NULL */
    return e;
}

/* The server has to be who it should be. Its certificates are looked at in any case: there may be
 * names to check where nobody vouches for it. */
static void set_trust(struct net_tls_client *client, const struct net_tls_client_options *options)
{
    if (options->trust != NULL) {
        client->trust = net_tls_trust_ref(options->trust);
        SSL_CTX_set1_cert_store(client->ctx, client->trust->store);
    }
    SSL_CTX_set_verify(client->ctx, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_cert_verify_callback(client->ctx, net__tls_on_chain, client);
}

static enum err set_server_name(struct net_tls_client *client,
                                const struct net_tls_client_options *options,
                                struct err_info *reterr)
{
    struct str name = options->server_name;
    if (name.size == 0)
        return ERR_OK;
    if (name.size > NET_TLS_SERVER_NAME_MAX)
        return err_set(reterr, ERR_LIMIT, "a server name of more than %zu bytes",
                       NET_TLS_SERVER_NAME_MAX);
    for (size_t i = 0; i < name.size; i++) {
        if (name.data[i] <= ' ' || name.data[i] > '~')
            return err_set(reterr, ERR_INVALID, "\"%.*s\" is not a server name", STR_ARG(name));
    }
    client->server_name = str_dup(client->arena, name).data; /* terminated */
    return ERR_OK;
}

static enum err set_names(struct net_tls_client *client,
                          const struct net_tls_client_options *options, struct err_info *reterr)
{
    if (options->name_count > NET_TLS_NAMES_MAX)
        return err_set(reterr, ERR_LIMIT, "more than %zu names", NET_TLS_NAMES_MAX);
    struct net_tls_name *names = ARENA_NEW_ARRAY(client->arena, struct net_tls_name,
                                                 options->name_count);
    for (size_t i = 0; i < options->name_count; i++)
        names[i] = (struct net_tls_name){.value = str_dup(client->arena, options->names[i].value),
                                         .is_prefix = options->names[i].is_prefix};
    client->names = names;
    client->name_count = options->name_count;
    return ERR_OK;
}

enum err net_tls_client_new(const struct net_tls_client_options *options,
                            struct net_tls_client **ret_client, struct err_info *reterr)
{
    ERR_clear_error();
    if (options->min_version > options->max_version)
        return err_set(reterr, ERR_INVALID, "the lowest version is above the highest");
    CLEANUP(net_tls_client_unref) struct net_tls_client *client = MEM_NEW(struct net_tls_client);
    atomic_init(&client->references, 1);
    client->arena = arena_new(ARENA_CHUNK);
    client->fault = str_dup(client->arena, options->fault);
    client->bio = net__tls_bio_method_new();
    client->ctx = SSL_CTX_new(TLS_client_method());
    if (client->ctx == NULL || !configure(client->ctx, options))
        return refused_by_library(reterr);
    set_trust(client, options);
    enum err e = set_server_name(client, options, reterr);
    if (e == ERR_OK)
        e = set_names(client, options, reterr);
    if (e == ERR_OK)
        e = set_protocols(client->ctx, options, reterr);
    if (e == ERR_OK && options->certificate != NULL)
        e = net__tls_use_certificate(client->ctx, options->certificate, reterr);
    if (e != ERR_OK)
        return e;
    *ret_client = TAKE(client);
    return ERR_OK;
}

struct net_tls_client *net_tls_client_ref(struct net_tls_client *client)
{
    atomic_fetch_add_explicit(&client->references, 1, memory_order_relaxed);
    return client;
}

struct net_tls_client *net_tls_client_unref(struct net_tls_client *client)
{
    if (client == NULL ||
        atomic_fetch_sub_explicit(&client->references, 1, memory_order_acq_rel) != 1)
        return NULL;
    SSL_CTX_free(client->ctx);
    BIO_meth_free(client->bio);
    client->trust = net_tls_trust_unref(client->trust);
    client->arena = arena_free(client->arena);
    return mem_free(client);
}

struct net_filter *net_tls_client_filter_new(struct net_tls_client *client, struct net_filter *next,
                                             struct net_tls_session *session)
{
    struct tls *tls = net__tls_new(client->ctx, client->bio, next);
    tls->client = net_tls_client_ref(client);
    tls->session = session;
    SSL_set_connect_state(tls->ssl);
    if (client->server_name != NULL)
        ASSERT(SSL_set_tlsext_host_name(tls->ssl, (uintptr_t)client->server_name) == 1);
    if (session->private_ != NULL)
        (void)SSL_set_session(tls->ssl, session->private_); /* without it, all is done anew */
    return &tls->filter;
}
