/* The filter, which servers and clients have in common once a handshake has begun. */
#include <errno.h>
#include <openssl/err.h>
#include <stdio.h>

#include "core/base/assert.h"
#include "core/base/mem.h"
#include "core/loop/loop.h"
#include "core/net/internal.h"

/* What one TLS record holds, and so what one call of SSL_write is given. */
#define RECORD_SIZE_MAX ((size_t)SSL3_RT_MAX_PLAIN_LENGTH)

/* How often one call reads from below. OpenSSL goes on by itself after messages of its own
 * (tickets, new keys, requests to begin anew) for as long as there is more, and whoever sends them
 * without end would have the thread to himself. A record takes one read, or two. */
#define READS_MAX 2U

static struct tls *tls_of(struct net_filter *filter)
{
    return CONTAINER_OF(filter, struct tls, filter);
}

/* The BIO: OpenSSL's way down to the next filter. */

static int below_failed(struct tls *tls, enum err e)
{
    tls->below = e;
    tls->below_errno = errno;
    return -1;
}

static int bio_read(BIO *bio, char *data, int size)
{
    struct tls *tls = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (tls->reads == READS_MAX) {
        tls->interrupted = true;
        BIO_set_retry_read(bio);
        return -1;
    }
    tls->reads++;
    size_t got;
    enum err e = net_read(tls->filter.next, data, (size_t)size, &got);
    if (e == ERR_OK)
        return (int)got;
    if (e == ERR_CLOSED) {
        tls->ended = true;
        return 0;
    }
    if (e != ERR_AGAIN)
        return below_failed(tls, e);
    BIO_set_retry_read(bio);
    return -1;
}

static int bio_write(BIO *bio, const char *data, int size)
{
    struct tls *tls = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (tls->refused)
        return size; /* the alert that OpenSSL wants to send */
    const struct iovec part = {(void *)(uintptr_t)data, (size_t)size}; /* only read */
    size_t put;
    enum err e = net_writev(tls->filter.next, &part, 1, &put);
    if (e == ERR_OK)
        return (int)put;
    if (e != ERR_AGAIN)
        return below_failed(tls, e);
    BIO_set_retry_write(bio);
    return -1;
}

static long bio_control(BIO *bio, int command, long number, void *pointer)
{
    (void)number;
    (void)pointer;
    const struct tls *tls = BIO_get_data(bio);
    switch (command) {
    case BIO_CTRL_FLUSH: return 1;
    case BIO_CTRL_EOF: return tls->ended;
    default: return 0;
    }
}

BIO_METHOD *net__tls_bio_method_new(void)
{
    BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "filter");
    ASSERT(method != NULL);
    ASSERT(BIO_meth_set_read(method, bio_read) == 1);
    ASSERT(BIO_meth_set_write(method, bio_write) == 1);
    ASSERT(BIO_meth_set_ctrl(method, bio_control) == 1);
    return method;
}

/* The answer for a call of OpenSSL that did not succeed. */
static enum err answer(struct tls *tls, int result)
{
    int kind = SSL_get_error(tls->ssl, result);
    if (kind == SSL_ERROR_WANT_READ || kind == SSL_ERROR_WANT_WRITE) {
        tls->filter.wants = tls->interrupted ? LOOP_READ : tls->filter.next->wants;
        return ERR_AGAIN;
    }
    if (kind == SSL_ERROR_ZERO_RETURN)
        return ERR_CLOSED;
    unsigned long reason = ERR_peek_error();
    if (tls->refused) {
        tls->failure = ERR_NOT_FOUND;
    } else if (tls->ended && !tls->established) {
        tls->failure = ERR_CLOSED; /* it left before anything was at stake */
    } else if (reason == 0 && tls->below != ERR_OK) {
        tls->failure = tls->below;
    } else { /* also when the alert about it could not be sent */
        tls->failure = ERR_PROTOCOL;
        tls->reason = reason;
        tls->verified = SSL_get_verify_result(tls->ssl);
    }
    ERR_clear_error();
    errno = tls->below_errno;
    return tls->failure;
}

/* Before every call of OpenSSL: its error queue is the thread's, and answer() reads it. */
static enum err begin(struct tls *tls)
{
    ERR_clear_error();
    tls->reads = 0;
    tls->interrupted = false;
    errno = tls->below_errno;
    return tls->failure;
}

int net__tls_on_client_hello(SSL *ssl, int *ret_alert, void *arg)
{
    (void)arg;
    struct tls *tls = SSL_get_app_data(ssl);
    const unsigned char *extension;
    size_t size;
    if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &extension, &size) == 1) {
        size_t name_size;
        if (net__server_name_parse(str_make((const char *)extension, size), tls->server_name,
                                   &name_size) != ERR_OK) {
            *ret_alert = SSL_AD_DECODE_ERROR;
            return SSL_CLIENT_HELLO_ERROR;
        }
        tls->server_name_size = (unsigned char)name_size;
    }
    struct net_tls_context *context = tls->selector.select(tls->selector.arg,
                                                           net_tls_server_name(&tls->filter));
    if (context == NULL) {
        tls->refused = true;
        return SSL_CLIENT_HELLO_ERROR;
    }
    tls->context = net_tls_context_ref(context);
    ASSERT(SSL_set_SSL_CTX(ssl, context->chain) != NULL);
    ASSERT(SSL_set_session_id_context(ssl, context->session_context, SESSION_CONTEXT_SIZE) == 1);
    return SSL_CLIENT_HELLO_SUCCESS;
}

static enum err tls_handshake(struct net_filter *filter)
{
    struct tls *tls = tls_of(filter);
    enum err e = begin(tls);
    if (e != ERR_OK)
        return e;
    if (tls->client != NULL && tls->client->fault.size > 0)
        return tls->failure = ERR_PROTOCOL;
    int result = SSL_do_handshake(tls->ssl);
    if (result != 1) {
        e = answer(tls, result);
        if (e != ERR_AGAIN && tls->session != NULL)
            net_tls_session_clear(tls->session); /* it may be what the server does not like */
        return e;
    }
    tls->established = true;
    return ERR_OK;
}

static enum err tls_read(struct net_filter *filter, void *data, size_t size, size_t *ret_size)
{
    struct tls *tls = tls_of(filter);
    ASSERT(size > 0);
    enum err e = begin(tls);
    if (e != ERR_OK)
        return e;
    size_t got;
    int result = SSL_read_ex(tls->ssl, data, size, &got);
    tls->starved = result != 1;
    if (result != 1)
        return answer(tls, result);
    *ret_size = got;
    return ERR_OK;
}

/* Where a write has come to in its parts. */
struct cursor {
    const struct iovec *part;
    int parts_left; /* this one included */
    size_t offset;
};

static void skip_done(struct cursor *at, size_t size)
{
    at->offset += size;
    while (at->parts_left > 0 && at->offset >= at->part->iov_len) {
        at->offset -= at->part->iov_len;
        at->part++;
        at->parts_left--;
    }
}

/* The bytes of the next record: where they are when they lie together, else copied into `scratch`.
 * Records are as full as they can be, so that a head and its body go out in one write. */
static struct str next_record(const struct cursor *at, char scratch[RECORD_SIZE_MAX])
{
    size_t here = at->part->iov_len - at->offset;
    if (here >= RECORD_SIZE_MAX || at->parts_left == 1)
        return str_make((const char *)at->part->iov_base + at->offset, MIN(here, RECORD_SIZE_MAX));
    size_t size = 0;
    size_t offset = at->offset;
    for (int i = 0; i < at->parts_left && size < RECORD_SIZE_MAX; i++) {
        size_t take = MIN(at->part[i].iov_len - offset, RECORD_SIZE_MAX - size);
        memcpy(scratch + size, (const char *)at->part[i].iov_base + offset, take);
        size += take;
        offset = 0;
    }
    return str_make(scratch, size);
}

/* Who takes no more may have said why before: that can still be read. */
static enum err write_failed(struct tls *tls, enum err failure)
{
    if (failure != ERR_SYSTEM)
        return failure;
    tls->unwritable = failure;
    tls->failure = ERR_OK;
    tls->below = ERR_OK;
    return failure;
}

static enum err tls_writev(struct net_filter *filter, const struct iovec *parts, int count,
                           size_t *ret_size)
{
    static _Thread_local char scratch[RECORD_SIZE_MAX]; /* used within this call only */
    struct tls *tls = tls_of(filter);
    enum err e = begin(tls);
    if (e == ERR_OK)
        e = tls->unwritable;
    if (e != ERR_OK)
        return e;
    struct cursor at = {parts, count, 0};
    skip_done(&at, 0);
    ASSERT(at.parts_left > 0);
    size_t done = 0;
    while (at.parts_left > 0) {
        struct str record = next_record(&at, scratch);
        size_t put;
        int result = SSL_write_ex(tls->ssl, record.data, record.size, &put);
        if (result != 1) {
            e = write_failed(tls, answer(tls, result));
            break;
        }
        done += put;
        skip_done(&at, put);
    }
    if (done == 0)
        return e;
    *ret_size = done; /* a failure is remembered and comes with the next call */
    return ERR_OK;
}

static enum err tls_shutdown(struct net_filter *filter)
{
    struct tls *tls = tls_of(filter);
    enum err e = begin(tls);
    if (e == ERR_OK)
        e = tls->unwritable;
    if (e != ERR_OK)
        return e;
    if (tls->established && !tls->notified) {
        int result = SSL_shutdown(tls->ssl);
        if (result < 0)
            return answer(tls, result);
        tls->notified = true;
    }
    e = net_shutdown(filter->next);
    if (e == ERR_AGAIN)
        filter->wants = filter->next->wants;
    return e;
}

static bool tls_pending(const struct net_filter *filter)
{
    const struct tls *tls = (const struct tls *)filter;
    /* To OpenSSL the beginning of a record is pending, too, but no read gets at it. */
    return (!tls->starved && SSL_has_pending(tls->ssl) == 1) || net_pending(filter->next);
}

static void tls_free(struct net_filter *filter)
{
    struct tls *tls = tls_of(filter);
    /* Without this OpenSSL takes the session for broken, and does not resume it. */
    SSL_set_shutdown(tls->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(tls->ssl);
    tls->context = net_tls_context_unref(tls->context);
    tls->client = net_tls_client_unref(tls->client);
    (void)mem_free(tls);
}

static const struct net_filter_type tls_type = {
    .name = "tls",
    .handshake = tls_handshake,
    .read = tls_read,
    .writev = tls_writev,
    .shutdown = tls_shutdown,
    .pending = tls_pending,
    .free = tls_free,
};

struct tls *net__tls_new(SSL_CTX *ctx, BIO_METHOD *method, struct net_filter *next)
{
    struct tls *tls = MEM_NEW(struct tls);
    tls->filter.type = &tls_type;
    tls->filter.next = next;
    /* Only the lack of memory makes these fail. */
    tls->ssl = SSL_new(ctx);
    ASSERT(tls->ssl != NULL);
    ASSERT(SSL_set_app_data(tls->ssl, tls) == 1);
    BIO *bio = BIO_new(method);
    ASSERT(bio != NULL);
    BIO_set_data(bio, tls);
    BIO_set_init(bio, 1);
    SSL_set_bio(tls->ssl, bio, bio);
    return tls;
}

struct net_filter *net_tls_filter_new(struct net_tls_server *server, struct net_filter *next,
                                      const struct net_tls_selector *selector)
{
    struct tls *tls = net__tls_new(server->entry, server->bio, next);
    tls->server = server;
    tls->selector = *selector;
    SSL_set_accept_state(tls->ssl);
    return &tls->filter;
}

static const struct tls *tls_of_type(const struct net_filter *filter)
{
    ASSERT(filter->type == &tls_type);
    return (const struct tls *)filter;
}

struct str net_tls_server_name(const struct net_filter *filter)
{
    const struct tls *tls = tls_of_type(filter);
    return str_make(tls->server_name, tls->server_name_size);
}

struct str net_tls_protocol(const struct net_filter *filter)
{
    const unsigned char *protocol;
    unsigned size;
    SSL_get0_alpn_selected(tls_of_type(filter)->ssl, &protocol, &size);
    return size > 0 ? str_make((const char *)protocol, size) : STR_EMPTY;
}

bool net_tls_resumed(const struct net_filter *filter)
{
    return SSL_session_reused(tls_of_type(filter)->ssl) == 1;
}

const char *net__tls_reason_text(unsigned long reason)
{
    const char *text = ERR_reason_error_string(reason);
    return text != NULL ? text : "no reason given";
}

struct str net_tls_error_print(const struct net_filter *filter,
                               char ret_text[NET_TLS_ERROR_TEXT_SIZE])
{
    const struct tls *tls = tls_of_type(filter);
    if (tls->client != NULL && tls->client->fault.size > 0)
        (void)snprintf(ret_text, NET_TLS_ERROR_TEXT_SIZE, "%.*s", /* cut at its bound */
                       STR_ARG(tls->client->fault));
    else if (ERR_GET_REASON(tls->reason) == SSL_R_CERTIFICATE_VERIFY_FAILED)
        (void)snprintf(ret_text, NET_TLS_ERROR_TEXT_SIZE, "%s (%s)", /* likewise */
                       net__tls_reason_text(tls->reason),
                       X509_verify_cert_error_string(tls->verified));
    else
        (void)snprintf(ret_text, NET_TLS_ERROR_TEXT_SIZE, "%s", /* likewise */
                       net__tls_reason_text(tls->reason));
    return str_of(ret_text);
}
