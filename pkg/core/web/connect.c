/* The client of WebSockets, and the hosts that carry the TLS contexts of both sides. */
#include "core/base/assert.h"
#include "core/base/mem.h"
#include "core/web/socket.h"

#define NAME_SIZE 256

/* ---- Hosts ---- */

enum err web__host_open(struct web__host *host, uint64_t options)
{
    struct lws_context_creation_info info = {
        .port = host->sockets != NULL ? CONTEXT_PORT_NO_LISTEN_SERVER : CONTEXT_PORT_NO_LISTEN,
        .vhost_name = host->sockets != NULL ? "sockets" : "socket",
        .protocols = web__socket_protocols,
        .options = options | LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT |
                   LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS,
        .user = host,
        .retry_and_idle_policy = &web__socket_validity,
        .server_string = "otemon",
        .timeout_secs = 5,
        /* libwebsockets would offer HTTP/2, whose streams are no connections that we have counted.
         */
        .alpn = "http/1.1",
        /* Makes contexts of other authorities differ: libwebsockets shares those that look alike.
         */
        .client_ssl_ca_mem = host->ca_pem.data,
        .client_ssl_ca_mem_len = (unsigned)host->ca_pem.size,
    };
    host->vhost = lws_create_vhost(host->web->context, &info);
    if (host->vhost != NULL && host->result == ERR_OK) {
        host->reterr = NULL;
        return ERR_OK;
    }
    enum err err = host->result;
    if (err == ERR_OK)
        err = err_set(host->reterr, ERR_INVALID, "libwebsockets cannot use what it was given");
    if (host->vhost != NULL)
        lws_vhost_destroy(host->vhost);
    mem_free(host);
    return err;
}

/* Not inside of a callback of one of its connections. */
static void host_destroy(void *arg)
{
    struct web__host *host = arg;
    lws_vhost_destroy(host->vhost);
    mem_free(host);
}

void web__host_release(struct web__host *host)
{
    ASSERT(host->uses > 0);
    if (--host->uses > 0)
        return;
    if (host->web->is_closing) { /* the context takes it along */
        mem_free(host);
        return;
    }
    loop_deferred_init(&host->destroy, host_destroy, host);
    loop_defer(host->web->loop, &host->destroy);
}

/* ---- Connecting ---- */

static void on_failed(void *arg)
{
    web__socket_end(arg);
}

static void connect_begin(struct web_socket *socket, const struct web_socket_options *options)
{
    char host[NAME_SIZE];
    char server_name[NAME_SIZE];
    (void)snprintf(host, sizeof(host), "%.*s", STR_ARG(options->host)); /* a longer one is none */
    (void)snprintf(server_name, sizeof(server_name), "%.*s", STR_ARG(options->server_name));
    struct lws_client_connect_info info = {
        .context = socket->web->context,
        .vhost = socket->host->vhost,
        .address = host,
        .port = options->port,
        .path = options->path,
        .host = server_name, /* the certificate is checked for it */
        .ssl_connection = LCCSCF_USE_SSL,
        .local_protocol_name = web__socket_protocols[0].name,
        .userdata = socket,
        .retry_and_idle_policy = &web__socket_validity,
        .ietf_version_or_minus_one = -1,
    };
    socket->wsi = lws_client_connect_via_info(&info);
    if (socket->wsi != NULL && socket->close_code == 0)
        return;
    /* It failed at once; that is told when the caller is through. */
    socket->wsi = NULL;
    socket->closing = true;
    loop_deferred_init(&socket->failed, on_failed, socket);
    loop_defer(socket->web->loop, &socket->failed);
}

enum err web_socket_connect(struct web *web, const struct web_socket_options *options,
                            struct web_socket **ret_socket, struct err_info *reterr)
{
    ASSERT(web->context != NULL);
    struct web__host *host = MEM_NEW(struct web__host);
    host->web = web;
    host->ca_pem = options->ca_pem;
    host->reterr = reterr;
    enum err err = web__host_open(host, 0);
    if (err != ERR_OK)
        return err;
    struct web_socket *socket = web__socket_new(host, options->limits, &options->events);
    *ret_socket = socket;
    connect_begin(socket, options);
    return ERR_OK;
}
