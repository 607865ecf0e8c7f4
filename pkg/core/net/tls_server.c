#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>

#include "core/base/assert.h"
#include "core/base/clock.h"
#include "core/base/mem.h"
#include "core/base/random.h"
#include "core/net/internal.h"

/* Envoy's suites. */
#define SUITES_ECDSA                                               \
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305:" \
    "ECDHE-ECDSA-AES256-GCM-SHA384"
#define SUITES_RSA                                             \
    "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-CHACHA20-POLY1305:" \
    "ECDHE-RSA-AES256-GCM-SHA384"
#define SUITES_TLS13 "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
#define GROUPS       "X25519:P-256"

#define SIGNATURES_ECDSA "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512"
#define SIGNATURES_RSA \
    "RSA-PSS+SHA256:RSA-PSS+SHA384:RSA-PSS+SHA512:RSA+SHA256:RSA+SHA384:RSA+SHA512"

/* Our order decides which certificate a client gets that can verify both: with TLS 1.2 that of the
 * suites, with TLS 1.3 that of the signatures. */
static bool prefer_ecdsa(SSL_CTX *ctx)
{
    char signatures[] = SIGNATURES_ECDSA ":" SIGNATURES_RSA; /* the macro casts const away */
    return SSL_CTX_set_cipher_list(ctx, SUITES_ECDSA ":" SUITES_RSA) == 1 &&
           SSL_CTX_set1_sigalgs_list(ctx, signatures) == 1;
}

static bool prefer_rsa(SSL_CTX *ctx)
{
    char signatures[] = SIGNATURES_RSA ":" SIGNATURES_ECDSA;
    return SSL_CTX_set_cipher_list(ctx, SUITES_RSA ":" SUITES_ECDSA) == 1 &&
           SSL_CTX_set1_sigalgs_list(ctx, signatures) == 1;
}

bool net__tls_configure(SSL_CTX *ctx)
{
    /* PRIORITIZE_CHACHA: for clients that put it first, which have no AES in hardware. */
    SSL_CTX_set_options(ctx, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA |
                                 SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    /* RELEASE_BUFFERS: idle connections hold no record buffers. NO_AUTO_CHAIN: we send what the
     * bundle holds and do not search for more at every handshake. */
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_NO_AUTO_CHAIN);
    SSL_CTX_set_read_ahead(ctx, 1);                          /* one read for header and record */
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF); /* tickets need none */
    SSL_CTX_set_timeout(ctx, (long)(NET_TLS_TICKET_EPOCH_MS / 1000));
    char groups[] = GROUPS; /* the macro below casts const away */
    return SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1 &&
           SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION) == 1 &&
           SSL_CTX_set_ciphersuites(ctx, SUITES_TLS13) == 1 &&
           SSL_CTX_set1_groups_list(ctx, groups) == 1 && prefer_ecdsa(ctx);
}

static uint64_t real_clock(void *arg)
{
    (void)arg; /* there is one */
    return clock_now_ms();
}

static enum err refused_by_library(struct err_info *reterr)
{
    return err_set(reterr, ERR_SYSTEM, "OpenSSL cannot serve TLS: %s",
                   net__tls_reason_text(ERR_peek_error()));
}

enum err net_tls_server_new(net_clock_fn clock, void *arg, struct net_tls_server **ret_server,
                            struct err_info *reterr)
{
    ERR_clear_error();
    CLEANUP(net_tls_server_free) struct net_tls_server *server = MEM_NEW(struct net_tls_server);
    server->clock = clock != NULL ? clock : real_clock;
    server->clock_arg = arg;
    random_bytes(server->ticket_secret, sizeof(server->ticket_secret));
    server->bio = net__tls_bio_method_new();
    server->entry = SSL_CTX_new(TLS_server_method());
    if (server->entry == NULL || !net__tls_configure(server->entry) ||
        SSL_CTX_set_tlsext_ticket_key_evp_cb(server->entry, net__tls_on_ticket) != 1)
        return refused_by_library(reterr);
    SSL_CTX_set_client_hello_cb(server->entry, net__tls_on_client_hello, NULL);
    *ret_server = TAKE(server);
    return ERR_OK;
}

struct net_tls_server *net_tls_server_free(struct net_tls_server *server)
{
    if (server == NULL)
        return NULL;
    SSL_CTX_free(server->entry);
    BIO_meth_free(server->bio);
    mem_wipe(server->ticket_secret, sizeof(server->ticket_secret));
    return mem_free(server);
}

int net__no_pass_phrase(char *buffer, int size, int writing, void *arg)
{
    (void)buffer;
    (void)size;
    (void)writing;
    (void)arg;
    return -1;
}

struct material {
    X509 *leaf;
    STACK_OF(X509) * issuers;
    EVP_PKEY *key;
};

static void material_deinit(struct material *material)
{
    X509_free(material->leaf);
    sk_X509_pop_free(material->issuers, X509_free);
    EVP_PKEY_free(material->key);
}

static bool read_certificates(struct str pem, struct material *ret_material)
{
    BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.size);
    ret_material->leaf = PEM_read_bio_X509(bio, NULL, net__no_pass_phrase, NULL);
    ret_material->issuers = sk_X509_new_null();
    X509 *issuer = NULL;
    while (ret_material->leaf != NULL &&
           (issuer = PEM_read_bio_X509(bio, NULL, net__no_pass_phrase, NULL)) != NULL)
        ASSERT(sk_X509_push(ret_material->issuers, issuer) > 0);
    BIO_free(bio);
    unsigned long reason = ERR_peek_last_error(); /* how the last read ended */
    if (ret_material->leaf == NULL || ERR_GET_REASON(reason) != PEM_R_NO_START_LINE)
        return false;
    ERR_clear_error();
    return true;
}

static bool read_key(struct str pem, struct material *ret_material)
{
    BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.size);
    ret_material->key = PEM_read_bio_PrivateKey(bio, NULL, net__no_pass_phrase, NULL);
    BIO_free(bio);
    return ret_material->key != NULL;
}

static enum err use_material(SSL_CTX *ctx, const struct material *material, struct err_info *reterr)
{
    if (SSL_CTX_use_cert_and_key(ctx, material->leaf, material->key, material->issuers, 0) == 1)
        return ERR_OK;
    unsigned long reason = ERR_peek_error();
    if (ERR_GET_LIB(reason) == ERR_LIB_SSL &&
        ERR_GET_REASON(reason) == SSL_R_NOT_REPLACING_CERTIFICATE)
        return err_set(reterr, ERR_CONFLICT, "another certificate has the same type of key");
    return err_set(reterr, ERR_INVALID, "certificate and key cannot be used: %s",
                   net__tls_reason_text(reason));
}

enum err net__tls_use_certificate(SSL_CTX *ctx, const struct net_tls_certificate *certificate,
                                  struct err_info *reterr)
{
    ERR_clear_error();
    struct material material = {0};
    enum err e;
    if (certificate->certificates_pem.size > INT32_MAX || certificate->key_pem.size > INT32_MAX)
        e = err_set(reterr, ERR_LIMIT, "larger than 2 GiB");
    else if (!read_certificates(certificate->certificates_pem, &material))
        e = err_set(reterr, ERR_INVALID, "not a PEM certificate: %s",
                    net__tls_reason_text(ERR_peek_last_error()));
    else if (!read_key(certificate->key_pem, &material))
        e = err_set(reterr, ERR_INVALID, "not an unencrypted PEM private key: %s",
                    net__tls_reason_text(ERR_peek_last_error()));
    else
        e = use_material(ctx, &material, reterr);
    material_deinit(&material);
    ERR_clear_error();
    return e;
}

static int on_alpn(SSL *ssl, const unsigned char **ret_protocol, unsigned char *ret_size,
                   const unsigned char *offered, unsigned offered_size, void *arg)
{
    (void)ssl;
    const struct net_tls_context *context = arg;
    unsigned char *chosen = NULL;
    unsigned char size = 0;
    if (SSL_select_next_proto(&chosen, &size, context->protocols.bytes, context->protocols.size,
                              offered, offered_size) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_NOACK; /* nothing in common: goes on without ALPN */
    *ret_protocol = chosen;
    *ret_size = size;
    return SSL_TLSEXT_ERR_OK;
}

enum err net__tls_protocols_encode(const struct str *names, size_t count,
                                   struct tls_protocols *ret_protocols, struct err_info *reterr)
{
    if (count > NET_TLS_PROTOCOLS_MAX)
        return err_set(reterr, ERR_LIMIT, "more than %zu protocols", NET_TLS_PROTOCOLS_MAX);
    ret_protocols->bytes = mem_zero(count, 256);
    for (size_t i = 0; i < count; i++) {
        struct str name = names[i];
        if (name.size == 0 || name.size > 255)
            return err_set(reterr, ERR_INVALID, "a protocol name has 1 to 255 bytes");
        ret_protocols->bytes[ret_protocols->size++] = (unsigned char)name.size;
        memcpy(ret_protocols->bytes + ret_protocols->size, name.data, name.size);
        ret_protocols->size += (unsigned)name.size;
    }
    return ERR_OK;
}

static enum err set_protocols(struct net_tls_context *context,
                              const struct net_tls_options *options, struct err_info *reterr)
{
    if (options->protocol_count == 0)
        return ERR_OK;
    SSL_CTX_set_alpn_select_cb(context->chain, on_alpn, context);
    return net__tls_protocols_encode(options->protocols, options->protocol_count,
                                     &context->protocols, reterr);
}

/* The key that came last. */
static bool has_rsa_key(const SSL_CTX *ctx)
{
    return EVP_PKEY_get_base_id(SSL_CTX_get0_privatekey(ctx)) == EVP_PKEY_RSA;
}

static enum err set_certificates(struct net_tls_context *context,
                                 const struct net_tls_options *options, struct err_info *reterr)
{
    if (options->certificate_count > NET_TLS_CERTIFICATES_MAX)
        return err_set(reterr, ERR_LIMIT, "more than %zu certificates", NET_TLS_CERTIFICATES_MAX);
    if (options->certificate_count == 0)
        return err_set(reterr, ERR_INVALID, "a TLS server needs a certificate");
    for (size_t i = 0; i < options->certificate_count; i++) {
        enum err e = net__tls_use_certificate(context->chain, &options->certificates[i], reterr);
        if (e != ERR_OK) {
            char path[48];
            (void)snprintf(path, sizeof(path), "certificates[%zu]", i); /* fits */
            err_prefix(reterr, str_of(path));
            return e;
        }
        bool has_choice = i == 0 && options->certificate_count > 1;
        if (has_choice && has_rsa_key(context->chain) && !prefer_rsa(context->chain))
            return refused_by_library(reterr);
    }
    return ERR_OK;
}

enum err net_tls_context_new(struct net_tls_server *server, const struct net_tls_options *options,
                             struct net_tls_context **ret_context, struct err_info *reterr)
{
    (void)server; /* a context is only good for connections of its server */
    ERR_clear_error();
    CLEANUP(net_tls_context_unref)
    struct net_tls_context *context = MEM_NEW(struct net_tls_context);
    atomic_init(&context->references, 1);
    context->chain = SSL_CTX_new(TLS_server_method());
    if (context->chain == NULL || !net__tls_configure(context->chain))
        return refused_by_library(reterr);
    ASSERT(EVP_Digest(options->session_context.data, options->session_context.size,
                      context->session_context, NULL, EVP_sha256(), NULL) == 1);
    ASSERT(SSL_CTX_set_session_id_context(context->chain, context->session_context,
                                          SESSION_CONTEXT_SIZE) == 1);
    enum err e = set_protocols(context, options, reterr);
    if (e == ERR_OK)
        e = set_certificates(context, options, reterr);
    if (e != ERR_OK)
        return e;
    *ret_context = TAKE(context);
    return ERR_OK;
}

struct net_tls_context *net_tls_context_ref(struct net_tls_context *context)
{
    atomic_fetch_add_explicit(&context->references, 1, memory_order_relaxed);
    return context;
}

struct net_tls_context *net_tls_context_unref(struct net_tls_context *context)
{
    if (context == NULL ||
        atomic_fetch_sub_explicit(&context->references, 1, memory_order_acq_rel) != 1)
        return NULL;
    SSL_CTX_free(context->chain);
    (void)mem_free(context->protocols.bytes);
    return mem_free(context);
}
