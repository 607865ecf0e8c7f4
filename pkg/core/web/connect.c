/* The hosts that carry the TLS contexts of both sides, and the client of WebSockets. */
#include "core/base/assert.h"
#include "core/base/ip.h"
#include "core/base/mem.h"
#include "core/web/socket.h"

/* ---- Hosts ---- */

enum err web__host_open(struct web__host *host)
{
    bool is_server = host->identity != NULL;
    uint64_t options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT | LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS;
    struct lws_context_creation_info info = {
        .port = is_server ? CONTEXT_PORT_NO_LISTEN_SERVER : CONTEXT_PORT_NO_LISTEN,
        /* A request goes to the first vhost of its port whose name begins with its Host field. With
         * clients, whose port is that of the servers of HTTP, no field begins like this. */
        .vhost_name = is_server ? "sockets" : "\n",
        .protocols = web__socket_protocols,
        .options = is_server ? options | LWS_SERVER_OPTION_CREATE_VHOST_SSL_CTX : options,
        .user = host,
        .retry_and_idle_policy = &web__socket_validity,
        .server_string = "otemon",
        .timeout_secs = 5,
        .connect_timeout_secs = WEB_SOCKET_CONNECT_S,
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
    if (host->vhost != NULL)
        lws_vhost_destroy(host->vhost);
    if (host->result != ERR_OK)
        return host->result;
    return err_set(host->reterr, ERR_INVALID, "libwebsockets cannot use what it was given");
}

/* A client's. */
struct client_host {
    struct web__host host;
    struct web__owner owner; /* of the connection, when its socket has ended */
    struct loop_deferred destroy;
};

/* Not inside of a callback of its connection. */
static void client_host_destroy(void *arg)
{
    struct client_host *client = arg;
    lws_vhost_destroy(client->host.vhost);
    mem_free(client);
}

static void client_host_release(struct client_host *client)
{
    if (client->host.web->is_closing) /* the context takes the vhost along */
        mem_free(client);
    else
        loop_defer(client->host.web->loop, &client->destroy);
}

static void on_connection_gone(struct web__owner *owner)
{
    client_host_release(CONTAINER_OF(owner, struct client_host, owner));
}

static enum err client_host_make(struct web *web, struct str ca_pem, struct web__host **ret_host,
                                 struct err_info *reterr)
{
    struct client_host *client = MEM_NEW(struct client_host);
    client->owner.ended = on_connection_gone;
    client->host = (struct web__host){.web = web, .ca_pem = ca_pem, .reterr = reterr};
    loop_deferred_init(&client->destroy, client_host_destroy, client);
    enum err err = web__host_open(&client->host);
    if (err == ERR_OK)
        *ret_host = &client->host;
    else
        mem_free(client);
    return err;
}

/* A vhost that goes before its last connection is not freed before the context. */
void web__socket_disconnect(struct web_socket *socket)
{
    struct client_host *client = CONTAINER_OF(socket->host, struct client_host, host);
    if (socket->wsi != NULL)
        lws_set_opaque_user_data(socket->wsi, &client->owner);
    else
        client_host_release(client);
    socket->host = NULL;
    socket->target = mem_free(socket->target);
}

/* ---- Connecting ---- */

/* To the next address. False: that failed at once. */
static bool connect_next(struct web_socket *socket)
{
    struct web__target *target = socket->target;
    struct lws_client_connect_info info = {
        .context = socket->web->context,
        .vhost = socket->host->vhost,
        .address = target->addresses[target->next++],
        .port = target->port,
        .path = target->path,
        .host = target->server_name, /* the certificate is checked for it */
        .ssl_connection = LCCSCF_USE_SSL,
        .local_protocol_name = web__socket_protocols[0].name,
        .userdata = socket,
        .opaque_user_data = &socket->owner,
        .retry_and_idle_policy = &web__socket_validity,
        .ietf_version_or_minus_one = -1,
    };
    socket->failed = false;
    struct lws *wsi = lws_client_connect_via_info(&info);
    /* A timer of libwebsockets that is set from outside of its callbacks does not wake the loop:
     * this does, or nobody would see that nobody answers. */
    lws_cancel_service(socket->web->context);
    socket->wsi = socket->failed ? NULL : wsi;
    return socket->wsi != NULL;
}

static void on_next(void *arg)
{
    struct web_socket *socket = arg;
    bool more = socket->target->next < socket->target->address_count;
    if (socket->opened || socket->closing || socket->web->is_closing || !more)
        web__socket_end(socket);
    else if (!connect_next(socket))
        loop_defer(socket->web->loop, &socket->next);
}

void web__socket_go_on(struct web_socket *socket)
{
    socket->failed = true;
    if (socket->wsi == NULL) /* connect_next is still at it, and will see */
        return;
    lws_set_opaque_user_data(TAKE(socket->wsi), NULL);
    if (socket->web->is_closing) /* there may be no turn left */
        web__socket_end(socket);
    else
        loop_defer(socket->web->loop, &socket->next);
}

/* The end of a wsi of which nothing was said before: in some states libwebsockets does not. */
static void on_lost(struct web__owner *owner)
{
    web__socket_go_on(CONTAINER_OF(owner, struct web_socket, owner));
}

static void address_add(struct web__target *target, struct str address)
{
    (void)snprintf(target->addresses[target->address_count++], WEB__NAME_SIZE, "%.*s",
                   STR_ARG(address)); /* an IP address has room */
}

static void on_resolved(void *arg, const struct dns_answer *answer)
{
    struct web_socket *socket = arg;
    struct web__target *target = socket->target;
    socket->question = NULL;
    list_remove(&socket->resolving);
    for (size_t i = 0; i < answer->count && i < WEB__ADDRESSES_MAX; i++)
        address_add(target, answer->addresses[i]);
    if (answer->count == 0) {
        struct buf why;
        buf_init(&why, sizeof(target->host) + DNS_REASON_MAX);
        buf_printf(&why, "%s: %s", target->host, answer->reason);
        buf_append(&socket->reason, str_first(buf_str(&why), WEB_SOCKET_REASON_MAX));
        buf_deinit(&why);
    }
    on_next(socket);
}

void web__socket_resolve_end(struct web_socket *socket)
{
    socket->question = dns_cancel(socket->question);
    list_remove(&socket->resolving);
    loop_defer(socket->web->loop, &socket->next);
}

static void resolve_begin(struct web_socket *socket)
{
    struct web *web = socket->web;
    struct dns_options options = {.loop = web->loop};
    struct err_info why = {0};
    if (web->dns == NULL && dns_new(&options, &web->dns, &why) != ERR_OK) {
        buf_append(&socket->reason, str_first(str_of(why.message), WEB_SOCKET_REASON_MAX));
        loop_defer(web->loop, &socket->next);
        return;
    }
    socket->question = dns_resolve(web->dns, str_of(socket->target->host), on_resolved, socket);
    list_push_back(&web->resolving, &socket->resolving);
}

static void connect_begin(struct web_socket *socket, const struct web_socket_options *options)
{
    struct web__target *target = MEM_NEW(struct web__target);
    (void)snprintf(target->host, sizeof(target->host), "%.*s",
                   STR_ARG(options->host)); /* a longer one is none */
    (void)snprintf(target->server_name, sizeof(target->server_name), "%.*s",
                   STR_ARG(options->server_name));
    target->path = options->path;
    target->port = options->port;
    socket->target = target;
    socket->owner.ended = on_lost;
    loop_deferred_init(&socket->next, on_next, socket);
    if (ip_is_address(options->host)) {
        address_add(target, options->host);
        loop_defer(socket->web->loop, &socket->next);
    } else {
        resolve_begin(socket);
    }
}

enum err web_socket_connect(struct web *web, const struct web_socket_options *options,
                            struct web_socket **ret_socket, struct err_info *reterr)
{
    ASSERT(web->context != NULL);
    struct web__host *host = NULL;
    enum err err = client_host_make(web, options->ca_pem, &host, reterr);
    if (err != ERR_OK)
        return err;
    struct web_socket *socket = web__socket_new(web, options->limits, &options->events);
    socket->host = host;
    *ret_socket = socket;
    connect_begin(socket, options);
    return ERR_OK;
}
