/* A WebSocket, whichever side: its queue, its messages, its end. */
#include "core/web/socket.h"

#include "core/base/assert.h"
#include "core/base/mem.h"
#include "core/pki/pki.h"

/* What one write takes of a long message, so that others get their turn. */
#define FRAME_SIZE ((size_t)64 * 1024)

struct web_socket *web__socket_new(struct web *web, struct web_socket_limits limits,
                                   const struct web_socket_events *events)
{
    struct web_socket *socket = MEM_NEW(struct web_socket);
    socket->web = web;
    socket->limits = limits;
    socket->events = *events;
    list_init(&socket->queue);
    list_init(&socket->resolving);
    buf_init_secret(&socket->incoming, limits.message_size_max);
    buf_init(&socket->reason, WEB_SOCKET_REASON_MAX);
    return socket;
}

static void message_free(struct web_socket *socket, struct web__message *message)
{
    list_remove(&message->link);
    socket->queue_size -= message->size;
    socket->queue_count--;
    mem_wipe(message->bytes, LWS_PRE + message->size); /* keys travel here */
    (void)mem_free(message);                           /* always NULL */
}

void web__socket_end(struct web_socket *socket)
{
    uint16_t code = socket->close_code != 0 ? socket->close_code : WEB_SOCKET_ABNORMAL;
    socket->closing = true;
    if (code == WEB_SOCKET_ABNORMAL && socket->reason.size == 0)
        buf_append(&socket->reason, STR("the connection was lost"));
    socket->events.closed(socket->events.arg, socket, code, buf_str(&socket->reason));
    while (!list_is_empty(&socket->queue))
        message_free(socket, CONTAINER_OF(socket->queue.next, struct web__message, link));
    buf_deinit(&socket->incoming);
    buf_deinit(&socket->reason);
    if (socket->host != NULL)
        web__socket_disconnect(socket);
    (void)mem_free(socket); /* always NULL */
}

/* ---- What the caller does ---- */

enum err web_socket_send(struct web_socket *socket, struct str text)
{
    if (socket->closing)
        return ERR_CLOSED;
    if (text.size > socket->limits.queue_size_max - socket->queue_size ||
        socket->queue_count == WEB_SOCKET_QUEUE_MAX)
        return ERR_LIMIT;
    struct web__message *message = mem_alloc(sizeof(*message) + LWS_PRE + text.size);
    message->size = text.size;
    message->sent = 0;
    if (text.size > 0)
        memcpy(message->bytes + LWS_PRE, text.data, text.size);
    list_push_back(&socket->queue, &message->link);
    socket->queue_size += text.size;
    socket->queue_count++;
    if (socket->opened)
        lws_callback_on_writable(socket->wsi);
    return ERR_OK;
}

static void close_note(struct web_socket *socket, uint16_t code, struct str reason)
{
    if (socket->close_code != 0)
        return;
    socket->close_code = code;
    buf_append(&socket->reason, str_first(reason, WEB_SOCKET_REASON_MAX));
}

void web_socket_close(struct web_socket *socket, uint16_t code, struct str reason)
{
    if (socket->closing)
        return;
    socket->closing = true;
    close_note(socket, code, reason);
    if (socket->wsi == NULL) {
        if (socket->question != NULL)
            web__socket_resolve_end(socket);
        return; /* or it ends when it would go on */
    }
    /* Who does not read what waits for him is not waited for. */
    lws_set_timeout(socket->wsi, PENDING_TIMEOUT_USER_OK,
                    socket->opened ? WEB_SOCKET_CLOSE_S : LWS_TO_KILL_ASYNC);
    if (socket->opened)
        lws_callback_on_writable(socket->wsi);
    else
        lws_cancel_service(socket->web->context); /* as for connect_next */
}

void web_socket_set_data(struct web_socket *socket, void *data)
{
    socket->data = data;
}

void *web_socket_data(const struct web_socket *socket)
{
    return socket->data;
}

/* ---- What libwebsockets tells; anything but 0 closes the connection ---- */

/* Ends the callback of a received message or of a timer: from others libwebsockets cuts without the
 * close that is due. */
static int close_tell(struct web_socket *socket)
{
    if (!socket->told) {
        socket->told = true;
        lws_close_reason(socket->wsi, (enum lws_close_status)socket->close_code,
                         (unsigned char *)socket->reason.data, socket->reason.size);
    }
    return -1;
}

static int on_opened(struct web_socket *socket)
{
    socket->opened = true;
    if (!socket->closing)
        socket->events.opened(socket->events.arg, socket);
    lws_callback_on_writable(socket->wsi); /* maybe to close it */
    return 0;
}

static int on_timer(struct web_socket *socket)
{
    return socket->closing ? close_tell(socket) : 0;
}

static int on_writable(struct web_socket *socket)
{
    if (list_is_empty(&socket->queue)) {
        if (socket->closing)
            lws_set_timer_usecs(socket->wsi, 1);
        return 0;
    }
    struct web__message *message = CONTAINER_OF(socket->queue.next, struct web__message, link);
    size_t size = MIN(message->size - message->sent, FRAME_SIZE);
    int flags = lws_write_ws_flags(LWS_WRITE_TEXT, message->sent == 0,
                                   message->sent + size == message->size);
    /* libwebsockets writes the frame's head before the bytes, over those that have gone. */
    int written = lws_write(socket->wsi, message->bytes + LWS_PRE + message->sent, size,
                            (enum lws_write_protocol)flags);
    if (written < (int)size)
        return -1;
    message->sent += size;
    if (message->sent == message->size)
        message_free(socket, message);
    lws_callback_on_writable(socket->wsi);
    return 0;
}

static int on_received(struct web_socket *socket, struct str part)
{
    buf_append(&socket->incoming, part);
    if (buf_overflowed(&socket->incoming)) {
        close_note(socket, WEB_SOCKET_TOO_LARGE, STR("the message is too large"));
        socket->closing = true;
        return close_tell(socket);
    }
    if (!lws_is_final_fragment(socket->wsi) || lws_remaining_packet_payload(socket->wsi) > 0)
        return 0;
    if (!socket->closing)
        socket->events.message(socket->events.arg, socket, buf_str(&socket->incoming));
    buf_deinit(&socket->incoming); /* who is idle holds no buffer */
    return 0;
}

/* The code in network order, then the reason. */
static int on_close_received(struct web_socket *socket, struct str payload)
{
    socket->closing = true;
    if (payload.size >= 2) {
        const unsigned char *bytes = (const unsigned char *)payload.data;
        close_note(socket, (uint16_t)(bytes[0] << 8 | bytes[1]), str_from(payload, 2));
    } else {
        close_note(socket, WEB_SOCKET_NORMAL, STR_EMPTY);
    }
    return 0;
}

static int on_not_connected(struct web_socket *socket, struct str why)
{
    if (!socket->closing) {
        buf_clear(&socket->reason);
        buf_append(&socket->reason,
                   str_first(why.size > 0 ? why : STR("cannot connect"), WEB_SOCKET_REASON_MAX));
    }
    web__socket_go_on(socket);
    return 0;
}

/* libwebsockets itself may take the vhost of another server for its own. */
static struct web_sockets *server_of(struct lws *wsi)
{
    return CONTAINER_OF(lws_get_opaque_user_data(wsi), struct web_sockets, owner);
}

/* A connection to a server: the request line decides, then it becomes a socket. */
static int on_request(struct lws *wsi)
{
    char path[WEB_PATH_SIZE_MAX];
    int size = lws_hdr_copy(wsi, path, sizeof(path), WSI_TOKEN_GET_URI);
    bool is_ours = size > 0 &&
                   str_equal(str_make(path, (size_t)size), str_of(server_of(wsi)->options.path));
    return is_ours ? 0 : -1;
}

/* No upgrade was asked for. A connection that went on would be read no more, and the bytes that
 * wait on it would wake the loop at once, again and again. */
static int on_plain_request(struct lws *wsi)
{
    (void)lws_return_http_status(wsi, HTTP_STATUS_NOT_FOUND, NULL); /* it closes either way */
    return -1;
}

/* HTTP/2 in clear text is the other one that libwebsockets knows. */
static int on_upgrade(const char *protocol)
{
    return str_equal_nocase(str_of(protocol), STR("websocket")) ? 0 : -1;
}

static int on_accepted(struct lws *wsi)
{
    struct web_sockets *sockets = server_of(wsi);
    struct web_socket *socket = web__socket_new(sockets->web, sockets->options.limits,
                                                &sockets->options.events);
    socket->wsi = wsi;
    *(struct web_socket **)lws_wsi_user(wsi) = socket;
    return on_opened(socket);
}

/* The TLS context of a host is made: it gets what only we know. */
static int on_context(struct web__host *host, void *context)
{
    if (host->identity != NULL)
        pki_context_present(context, host->identity);
    else
        host->result = pki_context_trust(context, host->ca_pem, host->reterr);
    return host->result == ERR_OK ? 0 : 1;
}

/* NULL: it never became a socket. */
static int on_closed(struct web_socket *socket)
{
    if (socket != NULL)
        web__socket_end(socket);
    return 0;
}

static struct web__host *host_of(struct lws *wsi)
{
    struct lws_vhost *vhost = lws_get_vhost(wsi);
    return vhost == NULL ? NULL : lws_get_vhost_user(vhost);
}

/* A server's socket hangs in the session memory; a client's was given as that memory. */
static struct web_socket *socket_of(const struct web__host *host, void *user)
{
    if (host == NULL || user == NULL)
        return NULL;
    return host->identity == NULL ? user : *(struct web_socket **)user;
}

static int callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                    size_t size)
{
    struct web__host *host = host_of(wsi);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wswitch-enum" /* of a hundred reasons these concern us */
    switch (reason) {
    case LWS_CALLBACK_OPENSSL_LOAD_EXTRA_SERVER_VERIFY_CERTS:
    case LWS_CALLBACK_OPENSSL_LOAD_EXTRA_CLIENT_VERIFY_CERTS: return on_context(host, user);
    case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION: return on_request(wsi);
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE: return on_upgrade(in);
    case LWS_CALLBACK_HTTP: return on_plain_request(wsi);
    case LWS_CALLBACK_ESTABLISHED: return on_accepted(wsi);
    case LWS_CALLBACK_CLIENT_ESTABLISHED: return on_opened(socket_of(host, user));
    case LWS_CALLBACK_SERVER_WRITEABLE:
    case LWS_CALLBACK_CLIENT_WRITEABLE: return on_writable(socket_of(host, user));
    case LWS_CALLBACK_TIMER: return on_timer(socket_of(host, user));
    case LWS_CALLBACK_RECEIVE:
    case LWS_CALLBACK_CLIENT_RECEIVE: return on_received(socket_of(host, user), str_make(in, size));
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        return on_close_received(socket_of(host, user), str_make(in, size));
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
        return on_not_connected(socket_of(host, user), in == NULL ? STR_EMPTY : str_make(in, size));
    case LWS_CALLBACK_CLOSED:
    case LWS_CALLBACK_CLIENT_CLOSED: return on_closed(socket_of(host, user));
    case LWS_CALLBACK_WSI_DESTROY: web__connection_destroyed(wsi); return 0;
    default: return 0;
    }
#pragma GCC diagnostic pop
}

const struct lws_protocols web__socket_protocols[2] = {
    {.name = "otemon",
     .callback = callback,
     .per_session_data_size = sizeof(struct web_socket *),
     .rx_buffer_size = 64 * 1024},
    {0},
};

const lws_retry_bo_t web__socket_validity = {
    .secs_since_valid_ping = WEB_SOCKET_PING_S,
    .secs_since_valid_hangup = WEB_SOCKET_SILENT_S,
};
