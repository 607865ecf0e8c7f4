/* For the tests of TLS: certificates made on the spot, two chains, and a client of OpenSSL's at the
 * other end of a socketpair. */
#pragma once

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/arena.h"
#include "core/loop/loop.h"
#include "core/net/net.h"

struct world {
    struct arena *arena;
    struct net_tls_certificate rsa;
    struct net_tls_certificate ecdsa;
    struct net_tls_server *server;
    struct net_tls_context *a; /* for a.example and b.example, with both types of key */
    struct net_tls_context *b;
    uint64_t now_ms; /* for tickets */
    char selected[256];
};

/* Counts what goes through it. */
struct counter {
    struct net_filter filter;
    int reads;
    int writes;
};

struct session {
    struct world *world;
    struct net_socket socket;
    struct counter counter;
    struct net_filter *top;
    int far;
    SSL_CTX *client_ctx;
    SSL *client;
    SSL_SESSION *ticket; /* the last one that the client was given */
};

static inline enum err count_handshake(struct net_filter *filter)
{
    return net_handshake(filter->next);
}

static inline enum err count_read(struct net_filter *filter, void *data, size_t size,
                                  size_t *ret_size)
{
    CONTAINER_OF(filter, struct counter, filter)->reads++;
    enum err e = net_read(filter->next, data, size, ret_size);
    filter->wants = filter->next->wants;
    return e;
}

static inline enum err count_writev(struct net_filter *filter, const struct iovec *parts, int count,
                                    size_t *ret_size)
{
    CONTAINER_OF(filter, struct counter, filter)->writes++;
    enum err e = net_writev(filter->next, parts, count, ret_size);
    filter->wants = filter->next->wants;
    return e;
}

static inline enum err count_shutdown(struct net_filter *filter)
{
    return net_shutdown(filter->next);
}

static inline bool count_pending(const struct net_filter *filter)
{
    return net_pending(filter->next);
}

static inline void count_free(struct net_filter *filter)
{
    (void)filter; /* the session's */
}

static const struct net_filter_type counter_type = {
    .name = "counter",
    .handshake = count_handshake,
    .read = count_read,
    .writev = count_writev,
    .shutdown = count_shutdown,
    .pending = count_pending,
    .free = count_free,
};

static inline struct str bio_text(struct arena *arena, BIO *bio)
{
    char *data;
    long size = BIO_get_mem_data(bio, &data);
    struct str text = str_dup(arena, str_make(data, (size_t)size));
    BIO_free(bio);
    return text;
}

static inline struct net_tls_certificate make_certificate(struct arena *arena, EVP_PKEY *key)
{
    X509 *x509 = X509_new();
    X509_set_version(x509, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
    X509_gmtime_adj(X509_getm_notBefore(x509), -3600);
    X509_gmtime_adj(X509_getm_notAfter(x509), 3600);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x509), "CN", MBSTRING_ASC,
                               (const unsigned char *)"test", -1, -1, 0);
    X509_set_issuer_name(x509, X509_get_subject_name(x509));
    X509_set_pubkey(x509, key);
    assert_true(X509_sign(x509, key, EVP_sha256()) > 0);
    BIO *certificate = BIO_new(BIO_s_mem());
    BIO *private = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(certificate, x509);
    PEM_write_bio_PrivateKey(private, key, NULL, NULL, 0, NULL, NULL);
    X509_free(x509);
    EVP_PKEY_free(key);
    return (struct net_tls_certificate){bio_text(arena, certificate), bio_text(arena, private)};
}

static inline uint64_t world_clock(void *arg)
{
    return ((struct world *)arg)->now_ms;
}

static inline struct net_tls_context *world_context(struct world *world, struct str name)
{
    const struct net_tls_certificate both[] = {world->ecdsa, world->rsa};
    const struct str protocols[] = {STR("h3"), STR("http/1.1")};
    struct net_tls_context *context;
    assert_int_equal(net_tls_context_new(world->server,
                                         &(struct net_tls_options){
                                             .certificates = both,
                                             .certificate_count = 2,
                                             .session_context = name,
                                             .protocols = protocols,
                                             .protocol_count = 2,
                                         },
                                         &context, NULL),
                     ERR_OK);
    return context;
}

static inline int world_setup(void **state)
{
    static struct world world;
    world.arena = arena_new(16384);
    world.rsa = make_certificate(world.arena, EVP_RSA_gen(2048));
    world.ecdsa = make_certificate(world.arena, EVP_EC_gen("P-256"));
    world.now_ms = (uint64_t)1000 * 24 * 3600 * 1000;
    assert_int_equal(net_tls_server_new(world_clock, &world, &world.server, NULL), ERR_OK);
    world.a = world_context(&world, STR("a.example"));
    world.b = world_context(&world, STR("b.example"));
    *state = &world;
    return 0;
}

static inline int world_teardown(void **state)
{
    struct world *world = *state;
    world->a = net_tls_context_unref(world->a);
    world->b = net_tls_context_unref(world->b);
    world->server = net_tls_server_free(world->server);
    world->arena = arena_free(world->arena);
    return 0;
}

static inline struct net_tls_context *world_select(void *arg, struct str server_name)
{
    struct world *world = arg;
    memcpy(world->selected, server_name.data, server_name.size);
    world->selected[server_name.size] = '\0';
    if (str_equal(server_name, STR("a.example")) || server_name.size == 0)
        return world->a;
    return str_equal(server_name, STR("b.example")) ? world->b : NULL;
}

static inline int keep_ticket(SSL *client, SSL_SESSION *ticket)
{
    struct session *s = SSL_get_app_data(client);
    SSL_SESSION_free(s->ticket);
    s->ticket = ticket;
    return 1; /* ours now */
}

/* A client that has not spoken yet; `version` is its only one, `name` may be NULL. */
static inline void session_open(struct session *s, struct world *world, int version,
                                const char *name)
{
    *s = (struct session){.world = world};
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    s->far = pair[1];
    net_socket_init(&s->socket, pair[0]);
    s->counter.filter = (struct net_filter){.type = &counter_type, .next = &s->socket.filter};
    s->top = net_tls_filter_new(world->server, &s->counter.filter,
                                &(struct net_tls_selector){world_select, world});
    s->client_ctx = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_session_cache_mode(s->client_ctx,
                                   SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(s->client_ctx, keep_ticket);
    SSL_CTX_set_security_level(s->client_ctx, 0);
    SSL_CTX_set_min_proto_version(s->client_ctx, version);
    SSL_CTX_set_max_proto_version(s->client_ctx, version);
    s->client = SSL_new(s->client_ctx);
    SSL_set_app_data(s->client, s);
    SSL_set_fd(s->client, s->far);
    SSL_set_connect_state(s->client);
    if (name != NULL)
        assert_int_equal(SSL_set_tlsext_host_name(s->client, (uintptr_t)name), 1);
}

static inline void session_close(struct session *s)
{
    s->top = net_filter_free(s->top);
    close(s->socket.fd);
    SSL_SESSION_free(s->ticket);
    /* A client that is freed without this takes its session for broken. */
    SSL_set_shutdown(s->client, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(s->client);
    SSL_CTX_free(s->client_ctx);
    if (s->far != -1)
        close(s->far);
}

/* Lets both sides work until the server has an answer, and the client then read what there is. */
static inline enum err session_handshake(struct session *s)
{
    enum err e = ERR_AGAIN;
    bool connected = false;
    for (int i = 0; i < 10 && (e == ERR_AGAIN || (e == ERR_OK && !connected)); i++) {
        connected = SSL_do_handshake(s->client) == 1;
        ERR_clear_error(); /* the queue is this thread's, and the server's too */
        if (e == ERR_AGAIN)
            e = net_handshake(s->top);
    }
    char byte;
    if (e == ERR_OK)
        assert_true(SSL_read(s->client, &byte, 1) <= 0); /* takes the tickets in */
    ERR_clear_error();
    return e;
}

static inline struct iovec part_of(const void *data, size_t size)
{
    return (struct iovec){(void *)(uintptr_t)data, size};
}
