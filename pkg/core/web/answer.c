#include "core/base/assert.h"
#include "core/web/internal.h"
#include "core/web/web.h"

#define CHUNK_SIZE ((size_t)16 * 1024)

/* The request of a connection while it is answered; zeroed by libwebsockets for every connection.
 */
struct session {
    struct buf body;
    size_t sent;
    bool answering; /* `body` is in use */
};

static void session_clear(struct session *session)
{
    if (session != NULL && session->answering) {
        buf_deinit(&session->body);
        *session = (struct session){0};
    }
}

static const struct web_handler *handler_find(const struct web_server *server, struct str path)
{
    for (size_t i = 0; i < server->handler_count; i++) {
        if (str_equal(str_of(server->handlers[i].path), path))
            return &server->handlers[i];
    }
    return NULL;
}

static void response_make(struct lws *wsi, const struct web_server *server, struct str path,
                          struct web_response *response)
{
    const struct web_handler *handler = handler_find(server, path);
    if (handler == NULL) {
        response->status = HTTP_STATUS_NOT_FOUND;
        buf_append(&response->body, STR("There is nothing at this path.\n"));
        return;
    }
    char host[256];
    int host_size = lws_hdr_copy(wsi, host, sizeof(host), WSI_TOKEN_HOST);
    struct web_request request = {
        .path = path,
        .host = host_size > 0 ? str_make(host, (size_t)host_size) : STR_EMPTY,
    };
    handler->fn(&request, response, handler->arg);
    if (!buf_overflowed(&response->body))
        return;
    buf_clear(&response->body);
    response->status = HTTP_STATUS_INTERNAL_SERVER_ERROR;
    response->content_type = "text/plain; charset=utf-8";
    buf_append(&response->body, STR("The answer would be too large.\n"));
}

static bool field_add(struct lws *wsi, enum lws_token_indexes name, struct str value,
                      unsigned char **at, unsigned char *end)
{
    return lws_add_http_header_by_token(wsi, name, (const unsigned char *)value.data,
                                        (int)value.size, at, end) == 0;
}

static int head_write(struct lws *wsi, const struct web_response *response)
{
    unsigned char head[LWS_PRE + 1024];
    unsigned char *start = head + LWS_PRE;
    unsigned char *at = start;
    unsigned char *end = head + sizeof(head) - 1;
    bool added = lws_add_http_common_headers(wsi, response->status, response->content_type,
                                             response->body.size, &at, end) == 0 &&
                 field_add(wsi, WSI_TOKEN_HTTP_CACHE_CONTROL, STR("no-store"), &at, end) &&
                 field_add(wsi, WSI_TOKEN_CONNECTION, STR("close"), &at, end);
    if (added && response->status == HTTP_STATUS_METHOD_NOT_ALLOWED)
        added = field_add(wsi, WSI_TOKEN_HTTP_ALLOW, STR("GET, HEAD"), &at, end);
    return added ? lws_finalize_write_http_header(wsi, start, &at, end) : -1;
}

/* Of a connection the first request is answered, and the others are not read: what libwebsockets
 * has read ahead of the next one can keep it in an endless loop. Anything but 0 closes the
 * connection, when what was written has gone. */
static int answer_begin(struct lws *wsi, struct session *session, struct str path)
{
    const struct web_server *server = CONTAINER_OF(lws_get_opaque_user_data(wsi), struct web_server,
                                                   owner);
    bool head = lws_hdr_total_length(wsi, WSI_TOKEN_HEAD_URI) > 0;
    bool known = head || lws_hdr_total_length(wsi, WSI_TOKEN_GET_URI) > 0;
    struct web_response response = {.status = HTTP_STATUS_OK,
                                    .content_type = "text/plain; charset=utf-8"};
    buf_init(&response.body, WEB_BODY_SIZE_MAX);
    if (!known) {
        response.status = HTTP_STATUS_METHOD_NOT_ALLOWED;
        buf_append(&response.body, STR("Only GET and HEAD are answered here.\n"));
    } else {
        response_make(wsi, server, path, &response);
    }
    int failed = head_write(wsi, &response);
    *session = (struct session){.body = response.body, .answering = true};
    if (failed != 0 || head || session->body.size == 0)
        return -1;
    lws_callback_on_writable(wsi);
    return 0;
}

static int answer_go_on(struct lws *wsi, struct session *session)
{
    if (session == NULL || !session->answering)
        return 0;
    struct str rest = str_from(buf_str(&session->body), session->sent);
    struct str piece = str_first(rest, CHUNK_SIZE);
    unsigned char chunk[LWS_PRE + CHUNK_SIZE]; /* libwebsockets writes before what it is given */
    bool final = piece.size == rest.size;
    memcpy(chunk + LWS_PRE, piece.data, piece.size);
    int written = lws_write(wsi, chunk + LWS_PRE, piece.size,
                            final ? LWS_WRITE_HTTP_FINAL : LWS_WRITE_HTTP);
    if (written < 0)
        return -1;
    session->sent += piece.size;
    if (final)
        return -1;
    lws_callback_on_writable(wsi);
    return 0;
}

/* Nothing but HTTP/1.1 is spoken here. libwebsockets would go over to WebSockets, which no time-out
 * ends, and to HTTP/2 in clear text, whose streams are connections that nobody accepted. */
static int upgrade_refuse(struct lws *wsi)
{
    (void)lws_return_http_status(wsi, HTTP_STATUS_BAD_REQUEST, NULL); /* it closes either way */
    return -1;
}

static int callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                    size_t size)
{
    struct session *session = user;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wswitch-enum" /* of a hundred reasons these concern us */
    switch (reason) {
    case LWS_CALLBACK_HTTP: return answer_begin(wsi, session, str_make(in, size));
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE: return upgrade_refuse(wsi);
    case LWS_CALLBACK_HTTP_WRITEABLE: return answer_go_on(wsi, session);
    case LWS_CALLBACK_CLOSED_HTTP:
    case LWS_CALLBACK_HTTP_DROP_PROTOCOL: session_clear(session); return 0;
    case LWS_CALLBACK_WSI_DESTROY: web__connection_destroyed(wsi); return 0;
    default: return 0;
    }
#pragma GCC diagnostic pop
}

const struct lws_protocols web__protocols[2] = {
    {.name = "http", .callback = callback, .per_session_data_size = sizeof(struct session)},
    {0},
};
