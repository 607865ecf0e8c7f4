#include "core/web/web.h"

#include "core/base/assert.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/web/internal.h"
#include "core/web/socket.h"

/* The turns of the loop between the two halves of the destruction of libwebsockets. Handles report
 * that they have closed, upon which it closes others; the second half frees the memory of those
 * that are not through, and unloads their code. Four are needed at most, as far as is known. */
#define CLOSING_TURNS 16U

static void log_emit(int level, const char *line)
{
    (void)level; /* whatever it is, it is a detail of ours */
    struct str text = str_of(line);
    if (str_ends_with(text, STR("\n")))
        text.size--;
    LOG(LOG_DEBUG, "libwebsockets", LOG_STR("message", text));
}

struct web *web_open(struct loop *loop)
{
    struct web *web = MEM_NEW(struct web);
    web->loop = loop;
    web->native_loop = loop_native(loop);
    list_init(&web->resolving);
    return web;
}

/* ---- Connections of servers ---- */

static bool has_room(void *arg)
{
    const struct web_server *server = arg;
    return server->web->connection_count < WEB_CONNECTIONS_MAX;
}

static void on_connection_gone(struct web__owner *owner)
{
    struct web *web = CONTAINER_OF(owner, struct web_server, owner)->web;
    ASSERT(web->connection_count > 0);
    if (web->connection_count-- < WEB_CONNECTIONS_MAX)
        return;
    for (size_t i = 0; i < web->server_count; i++)
        web__listener_resume(&web->servers[i].listener);
}

static void on_accepted(void *arg, int fd)
{
    struct web_server *server = arg;
    server->web->connection_count++;
    struct lws *wsi = lws_adopt_socket_vhost(server->web->vhost, fd);
    if (wsi == NULL) /* it has closed the descriptor */
        on_connection_gone(&server->owner);
    else
        lws_set_opaque_user_data(wsi, &server->owner);
}

enum err web_server_open(struct web *web, const struct web_server_options *options,
                         struct web_server **ret_server, struct err_info *reterr)
{
    ASSERT(web->context == NULL);
    if (web->server_count == WEB_SERVERS_MAX)
        return err_set(reterr, ERR_LIMIT, "more than %u addresses", WEB_SERVERS_MAX);
    struct web_server *server = &web->servers[web->server_count];
    *server = (struct web_server){
        .owner.ended = on_connection_gone,
        .web = web,
        .listener = {.loop = web->loop,
                     .has_room = has_room,
                     .accepted = on_accepted,
                     .arg = server},
        .handlers = options->handlers,
        .handler_count = options->handler_count,
    };
    enum err e = web__listener_open(&server->listener, options->address, options->port, reterr);
    if (e != ERR_OK)
        return e;
    web->server_count++;
    *ret_server = server;
    return ERR_OK;
}

uint16_t web_server_port(const struct web_server *server)
{
    return server->listener.port;
}

static enum err context_start(struct web *web, struct err_info *reterr)
{
    struct lws_context_creation_info info = {
        /* A request goes to a virtual host of the same port: that of sockets is another. */
        .port = CONTEXT_PORT_NO_LISTEN,
        .vhost_name = "web",
        .protocols = web__protocols,
        .options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
                   LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT,
        .foreign_loops = &web->native_loop,
        .user = web,
        .uid = -1,
        .gid = -1,
        .server_string = "otemon",
        /* Beside the connections: its own pipe. */
        .fd_limit_per_thread = WEB_CONNECTIONS_MAX + WEB_SOCKETS_MAX + 8,
        .max_http_header_data2 = WEB_HEAD_SIZE_MAX,
        .max_http_header_pool2 = WEB_CONNECTIONS_MAX,
        .timeout_secs = 5,
    };
    lws_set_log_level(LLL_ERR | LLL_WARN, log_emit);
    web->context = lws_create_context(&info);
    if (web->context == NULL)
        return err_set(reterr, ERR_UNAVAILABLE,
                       "libwebsockets does not start: is its libuv plug-in installed (Debian: "
                       "libwebsockets-evlib-uv)?");
    /* Clear text: no TLS context, which would hold all authorities of the system, and is not freed
     * when there is another struct lws_context. */
    info.options &= ~(uint64_t)LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
    web->vhost = lws_create_vhost(web->context, &info);
    ASSERT(web->vhost != NULL); /* out of memory */
    return ERR_OK;
}

enum err web_start(struct web *web, struct err_info *reterr)
{
    ASSERT(web->context == NULL);
    for (size_t i = 0; i < web->server_count; i++) {
        enum err e = web__listener_start(&web->servers[i].listener, reterr);
        if (e != ERR_OK)
            return e;
    }
    return context_start(web, reterr);
}

static void listening_end(struct web *web)
{
    for (size_t i = 0; i < web->server_count; i++)
        web__listener_close(&web->servers[i].listener);
    web->server_count = 0;
    for (struct web_sockets *sockets = web->sockets; sockets != NULL; sockets = sockets->next)
        web__listener_close(&sockets->listener);
}

static void sockets_free(struct web *web)
{
    while (web->sockets != NULL) {
        struct web_sockets *sockets = web->sockets;
        web->sockets = sockets->next;
        web__sockets_free(sockets);
    }
}

/* What libwebsockets does not know, it does not end. */
static void resolving_end(struct web *web)
{
    while (!list_is_empty(&web->resolving))
        web__socket_resolve_end(LIST_ITEM(web->resolving.next, struct web_socket, resolving));
}

static void closing_end(struct web *web)
{
    sockets_free(web);
    web->dns = dns_free(web->dns);
    web_closed_fn closed = web->closed;
    void *arg = web->closed_arg;
    mem_free(web);
    if (closed != NULL)
        closed(arg);
}

static void closing_step(void *arg)
{
    struct web *web = arg;
    if (web->closing_turns == 0) {
        resolving_end(web);
        lws_context_destroy(web->context); /* closes every handle, which takes turns of the loop */
    }
    if (web->closing_turns++ < CLOSING_TURNS) {
        loop_defer(web->loop, &web->closing);
        return;
    }
    lws_context_destroy(web->context); /* and frees the rest */
    closing_end(web);
}

void web_close(struct web *web, web_closed_fn closed, void *arg)
{
    if (web == NULL) {
        if (closed != NULL)
            closed(arg);
        return;
    }
    listening_end(web);
    web->is_closing = true;
    web->closed = closed;
    web->closed_arg = arg;
    if (web->context == NULL) {
        closing_end(web);
        return;
    }
    loop_deferred_init(&web->closing, closing_step, web);
    loop_defer(web->loop, &web->closing);
}
