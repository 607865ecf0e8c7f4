/* A request's way up: its head, and its body by pull. Nothing is read from the client that the back
 * end has not room for. */
#include "core/base/assert.h"
#include "data/proxy/request.h"

void proxy__upstream_watch(struct proxy__request *request)
{
    if (request->upstream == NULL || request->connecting)
        return;
    unsigned events = request->down_rest == NULL && !request->tunnel_down_ended ? LOOP_READ : 0;
    if (request->up_rest != NULL && !request->up_broken)
        events |= LOOP_WRITE;
    upstream_watch(request->upstream, events);
}

/* The body is not what its framing says. */
static void body_refuse(struct proxy__request *request)
{
    request->close_client = true;
    if (request->answering)
        proxy__request_abort(request, STR("request_body"));
    else
        proxy__reply(request, 400, STR("Bad Request"), STR("request_body"));
}

/* The client may begin to send (RFC 9110 section 10.1.1): the back end is there. False: the
 * request has ended. */
static bool continue_send(struct proxy__request *request)
{
    if (!request->want_continue)
        return true;
    request->want_continue = false;
    if (request->bytes_received > 0 || request->answering || request->down_rest != NULL)
        return true;
    struct iovec part = {(void *)(uintptr_t)HTTP_CONTINUE.data, HTTP_CONTINUE.size};
    bool none;
    enum err result = proxy__write(request->worker, request->conn->top, &part, 1,
                                   &request->down_rest, &none);
    if (result == ERR_OK || result == ERR_AGAIN)
        return true;
    proxy__request_abort(request, STR("client_closed"));
    return false;
}

/* One piece of the body, from `data`, after the first `count` of `parts`. Sets up_done. */
struct piece {
    struct iovec parts[8];
    int count;
    size_t used;
    char area[HTTP_CHUNK_HEAD_MAX];
};

static bool piece_read(struct proxy__request *request, char *data, size_t size, struct piece *piece)
{
    struct str payload;
    enum http_body_step step = proxy__body_gather(&request->up_body, data, size, &piece->used,
                                                  &payload);
    if (step == HTTP_BODY_BROKEN)
        return false;
    request->up_done = step == HTTP_BODY_DONE;
    request->bytes_received += payload.size;
    if (request->up_done) {
        request->complete_ms = loop_now_ms(request->worker->loop);
        proxy__request_arm(request);
    }
    piece->count += proxy__body_frame(request->up_framing, payload, request->up_done, piece->area,
                                      piece->parts + piece->count);
    return true;
}

static void block_use(struct proxy__conn *conn, size_t used)
{
    conn->block->begin += used;
    if (conn->block->begin == conn->block->end)
        conn->block = proxy__block_give(conn->port->worker, conn->block);
}

/* Keeps a small, whole body next to the head, so that both can be sent again. */
static void replay_keep(struct proxy__request *request, const struct piece *piece)
{
    size_t size = 0;
    for (int i = 0; i < piece->count; i++)
        size += piece->parts[i].iov_len;
    bool worthwhile = request->up_done && request->upstream->reused &&
                      http_method_is_idempotent(request->method);
    if (!worthwhile || size > request->sent.size + PROXY_REPLAY_MAX) {
        request->body_consumed = true;
        return;
    }
    char *all = arena_alloc(request->arena, size, 1);
    size_t end = 0;
    for (int i = 0; i < piece->count; i++) {
        memcpy(all + end, piece->parts[i].iov_base, piece->parts[i].iov_len);
        end += piece->parts[i].iov_len;
    }
    request->sent = str_make(all, size);
}

void proxy__forward_begin(struct proxy__request *request)
{
    struct proxy__conn *conn = request->conn;
    struct piece piece = {.count = 1};
    request->head_sent = true;
    if (request->upstream_ms == 0)
        request->upstream_ms = loop_now_ms(request->worker->loop);
    bool has_body = !request->up_done && conn->block != NULL;
    if (has_body) {
        size_t room = PROXY__FIRST_MAX - request->sent.size;
        size_t size = MIN(conn->block->end - conn->block->begin, room);
        if (!piece_read(request, conn->block->data + conn->block->begin, size, &piece)) {
            body_refuse(request);
            return;
        }
    }
    piece.parts[0] = (struct iovec){(void *)(uintptr_t)request->sent.data, request->sent.size};
    if (has_body)
        replay_keep(request, &piece);
    bool none;
    enum err result = proxy__write(request->worker, request->upstream->top, piece.parts,
                                   piece.count, &request->up_rest, &none);
    if (request->rule->mirror.cluster.size > 0)
        proxy__mirror_begin(request, piece.parts, piece.count);
    if (has_body)
        block_use(conn, piece.used);
    if (result != ERR_OK && result != ERR_AGAIN) {
        proxy__upstream_lost(
            request, none, proxy__upstream_reason(request, result, STR("connection termination")));
        return;
    }
    if (!request->up_done && !continue_send(request))
        return;
    if (request->up_rest != NULL || !request->up_done || request->tries > 1)
        proxy__upstream_watch(request);
    if (!request->up_done || conn->block != NULL)
        proxy__conn_watch(conn);
    if (!request->up_done && (conn->block != NULL || net_pending(conn->top)))
        loop_defer(request->worker->loop, &conn->resume);
}

/* Reads a piece of the body from the client, or from what was read before. False: none is there, or
 * the request has ended. */
static bool piece_take(struct proxy__request *request, struct piece *piece, bool *ret_ended)
{
    struct proxy__conn *conn = request->conn;
    struct proxy__worker *worker = request->worker;
    char *data = worker->input;
    size_t size = 0;
    *ret_ended = false;
    if (conn->block != NULL) {
        data = conn->block->data + conn->block->begin;
        size = MIN(conn->block->end - conn->block->begin, PROXY__READ_SIZE);
    } else {
        enum err result = net_read(conn->top, data, PROXY__READ_SIZE, &size);
        if (result == ERR_AGAIN)
            return false;
        if (result != ERR_OK) {
            *ret_ended = true;
            proxy__request_abort(request, STR("client_closed"));
            return false;
        }
    }
    if (!piece_read(request, data, size, piece)) {
        *ret_ended = true;
        body_refuse(request);
        return false;
    }
    request->body_consumed = true;
    if (conn->block == NULL && piece->used < size) {
        conn->block = proxy__block_take(worker);
        if (conn->block == NULL) {
            *ret_ended = true;
            proxy__request_abort(request, STR("buffers_exhausted"));
            return false;
        }
        memcpy(conn->block->data, data + piece->used, size - piece->used);
        conn->block->end = size - piece->used;
        piece->used = 0;
    }
    return true;
}

void proxy__forward(struct proxy__request *request)
{
    struct proxy__conn *conn = request->conn;
    if (!request->head_sent || request->up_rest != NULL || request->up_broken || request->up_done ||
        request->upstream == NULL)
        return;
    struct piece piece = {0};
    bool ended;
    if (!piece_take(request, &piece, &ended)) {
        if (!ended)
            proxy__conn_watch(conn);
        return;
    }
    bool none;
    enum err result = piece.count == 0
                          ? ERR_OK
                          : proxy__write(request->worker, request->upstream->top, piece.parts,
                                         piece.count, &request->up_rest, &none);
    if (request->mirror != NULL)
        proxy__mirror_send(request, piece.parts, piece.count);
    if (conn->block != NULL && piece.used > 0)
        block_use(conn, piece.used);
    if (result != ERR_OK && result != ERR_AGAIN)
        request->up_broken = true; /* its answer may be there already, and says why */
    proxy__upstream_watch(request);
    proxy__conn_watch(conn);
    if (!request->up_done && request->up_rest == NULL && !request->up_broken &&
        (conn->block != NULL || net_pending(conn->top)))
        loop_defer(request->worker->loop, &conn->resume);
}
