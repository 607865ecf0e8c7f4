/* Client connections: from accept to close, and the reading of request heads.
 *
 * An idle connection has neither a buffer nor a request. A head is read into the worker's one
 * buffer; only when it is not complete do its bytes move into a block of the connection's own. */
#include "data/proxy/conn.h"

#include <unistd.h>

#include "core/base/assert.h"
#include "core/base/mem.h"
#include "data/proxy/main.h"
#include "data/proxy/request.h"

/* A connection whose port was removed may still send the request that is on its way. */
#define REMOVED_IDLE_MS 500U

/* What a connection waits for that is ready for the next bytes. To name both from the beginning
 * spares a change when its request does not read. */
#define READ_OR_GONE (LOOP_READ | LOOP_HANGUP)

static void conn_parse(struct proxy__conn *conn, char *data, size_t size);

static inline struct proxy__worker *worker_of(const struct proxy__conn *conn)
{
    return conn->port->worker;
}

static void conn_timer(struct proxy__conn *conn, uint64_t after_ms)
{
    if (after_ms == 0) /* off */
        loop_timer_stop(worker_of(conn)->loop, &conn->timer);
    else
        loop_timer_start(worker_of(conn)->loop, &conn->timer, after_ms);
}

void proxy__conn_free(struct proxy__conn *conn)
{
    (void)mem_free(conn); /* always NULL */
}

void proxy__conn_close(struct proxy__conn *conn)
{
    ASSERT(conn->request == NULL && conn->phase != PROXY__CLOSED);
    struct proxy__port *port = conn->port;
    struct proxy__worker *worker = port->worker;
    conn->phase = PROXY__CLOSED;
    loop_timer_stop(worker->loop, &conn->timer);
    loop_defer_cancel(&conn->resume);
    conn->block = proxy__block_give(worker, conn->block);
    conn->top = net_filter_free(conn->top);
    conn->watch = loop_fd_close(conn->watch);
    (void)close(conn->socket.fd); /* what was written is the kernel's */
    list_remove(&conn->link);
    list_push_back(&worker->dead, &conn->link);
    loop_defer(worker->loop, &worker->reclaim);
    worker->conn_count--;
    port->conn_count--;
    metrics_sub(worker->metrics, port->series->connections_open, 1);
    proxy__port_settle(port);
    proxy__worker_check_left(worker);
}

/* ---- Lingering: a close that lets the client read the answer (RFC 9112 section 9.6) ---- */

static void conn_linger_read(struct proxy__conn *conn)
{
    struct proxy__worker *worker = worker_of(conn);
    for (;;) {
        size_t size = 0;
        enum err result = net_read(conn->top, worker->input, PROXY__READ_SIZE, &size);
        if (result == ERR_AGAIN)
            return;
        conn->lingered += size;
        if (result != ERR_OK || conn->lingered > PROXY_LINGER_BYTES_MAX) {
            proxy__conn_close(conn);
            return;
        }
    }
}

static void conn_linger(struct proxy__conn *conn)
{
    conn->phase = PROXY__LINGER;
    conn->block = proxy__block_give(worker_of(conn), conn->block);
    proxy__shutdown(conn->top);
    loop_fd_set(conn->watch, LOOP_READ);
    conn_timer(conn, PROXY_LINGER_MS);
}

/* ---- Heads ---- */

static void head_refuse(struct proxy__conn *conn, const struct http_refusal *refusal)
{
    struct proxy__request *request = proxy__request_new(conn);
    request->close_client = true;
    proxy__reply(request, refusal->status, refusal->body, str_of(refusal->reason));
}

/* The head is not complete: its bytes become the connection's own. */
static void head_keep(struct proxy__conn *conn, const char *data, size_t size)
{
    struct proxy__worker *worker = worker_of(conn);
    if (conn->phase == PROXY__IDLE) {
        conn->phase = PROXY__HEAD;
        conn_timer(conn, conn->port->listener->model->header_timeout_ms);
    }
    if (conn->block != NULL)
        return;
    conn->block = proxy__block_take(worker);
    if (conn->block == NULL) {
        proxy__conn_close(conn);
        return;
    }
    memcpy(conn->block->data, data, size);
    conn->block->end = size;
}

/* A head was read; what follows it stays unread in a block. The head itself is valid until
 * proxy__request_begin returns. */
static void head_begin(struct proxy__conn *conn, const char *data, size_t size)
{
    struct proxy__worker *worker = worker_of(conn);
    size_t used = worker->request.head_size;
    struct proxy__block *spent = NULL;
    if (conn->block != NULL) {
        conn->block->begin += used;
        if (conn->block->begin == conn->block->end)
            spent = TAKE(conn->block);
    } else if (used < size) {
        conn->block = proxy__block_take(worker);
        if (conn->block == NULL) {
            proxy__conn_close(conn);
            return;
        }
        memcpy(conn->block->data, data + used, size - used);
        conn->block->end = size - used;
    }
    proxy__request_begin(conn);
    (void)proxy__block_give(worker, spent); /* always NULL */
}

static void conn_parse(struct proxy__conn *conn, char *data, size_t size)
{
    struct proxy__worker *worker = worker_of(conn);
    struct http_refusal refusal;
    switch (http_request_read(&conn->scan, str_make(data, size), &worker->request, &refusal)) {
    case HTTP_MORE: head_keep(conn, data, size); return;
    case HTTP_DONE: head_begin(conn, data, size); return;
    case HTTP_REFUSED: head_refuse(conn, &refusal); return;
    }
    UNREACHABLE();
}

/* More of an incomplete head may be here although the descriptor is silent about it. */
static void head_await(struct proxy__conn *conn)
{
    if (conn->phase == PROXY__HEAD && net_pending(conn->top))
        loop_defer(worker_of(conn)->loop, &conn->resume);
}

static void conn_read_head(struct proxy__conn *conn)
{
    struct proxy__worker *worker = worker_of(conn);
    struct proxy__block *block = conn->block;
    char *area = worker->input;
    size_t room = PROXY__READ_SIZE;
    if (block != NULL) {
        proxy__block_compact(block);
        area = block->data + block->end;
        room = sizeof(block->data) - block->end;
    }
    size_t size = 0;
    enum err result = net_read(conn->top, area, room, &size);
    if (result == ERR_AGAIN)
        return;
    if (result != ERR_OK) {
        proxy__conn_close(conn);
        return;
    }
    if (block != NULL) {
        block->end += size;
        conn_parse(conn, block->data, block->end);
    } else {
        conn_parse(conn, worker->input, size);
    }
    head_await(conn);
}

/* ---- TLS ---- */

static struct net_tls_context *conn_select(void *arg, struct str server_name)
{
    const struct proxy__conn *conn = arg;
    const struct subscribe_listener *listener = conn->port->listener;
    if (listener->contexts == NULL)
        return NULL;
    const struct route_chain *chain = route_chain_find(listener->table, server_name);
    if (chain == NULL)
        return NULL;
    return subscribe_context_find(listener, route_chain_index(chain), server_name);
}

static void conn_handshake(struct proxy__conn *conn)
{
    struct proxy__worker *worker = worker_of(conn);
    enum err result = net_handshake(conn->top);
    if (result == ERR_AGAIN) {
        loop_fd_set(conn->watch, conn->top->wants);
        return;
    }
    const struct proxy__series *series = conn->port->series;
    if (result != ERR_OK) {
        metrics_add(worker->metrics, series->handshake_failures, 1);
        char why[NET_TLS_ERROR_TEXT_SIZE];
        LOG(LOG_DEBUG, "a TLS handshake failed",
            LOG_STR("listener", conn->port->listener->model->name),
            LOG_STR("peer", str_make(conn->client, conn->client_size)),
            LOG_STR("reason", result == ERR_NOT_FOUND ? STR("no hostname has this server name")
                                                      : net_tls_error_print(conn->top, why)));
        proxy__conn_close(conn);
        return;
    }
    metrics_add(worker->metrics, series->handshakes, 1);
    conn->phase = PROXY__IDLE;
    loop_fd_set(conn->watch, READ_OR_GONE);
    conn_timer(conn, conn->port->listener->model->header_timeout_ms);
    if (net_pending(conn->top))
        conn_read_head(conn);
}

/* ---- Events ---- */

void proxy__conn_watch(struct proxy__conn *conn)
{
    const struct proxy__request *request = conn->request;
    unsigned events = LOOP_HANGUP;
    if (request != NULL && request->tunnelling) /* where each direction ends by itself */
        events = request->up_rest == NULL && !request->tunnel_up_ended ? LOOP_READ : 0;
    else if (request == NULL || request->up_done)
        events |= conn->block == NULL ? LOOP_READ : 0;
    else if (request->head_sent && request->up_rest == NULL && !request->up_broken &&
             request->upstream != NULL)
        events |= LOOP_READ;
    if (request != NULL && request->down_rest != NULL)
        events |= LOOP_WRITE; /* TLS without renegotiation writes without reading */
    loop_fd_set(conn->watch, events);
}

static void conn_on_event(void *arg, unsigned events)
{
    struct proxy__conn *conn = arg;
    switch ((enum proxy__phase)conn->phase) {
    case PROXY__HANDSHAKE: conn_handshake(conn); return;
    case PROXY__IDLE:
    case PROXY__HEAD: conn_read_head(conn); return;
    case PROXY__REQUEST: proxy__request_on_client(conn->request, events); return;
    case PROXY__LINGER: conn_linger_read(conn); return;
    case PROXY__CLOSED: break;
    }
    UNREACHABLE();
}

/* Bytes are here although the descriptor is silent. */
static void conn_on_resume(void *arg)
{
    struct proxy__conn *conn = arg;
    if (conn->phase == PROXY__IDLE && conn->block != NULL) {
        proxy__block_compact(conn->block);
        conn_parse(conn, conn->block->data, conn->block->end);
        head_await(conn);
    } else if (conn->phase == PROXY__IDLE || conn->phase == PROXY__HEAD) {
        conn_read_head(conn);
    } else if (conn->phase == PROXY__REQUEST) {
        proxy__request_on_client(conn->request, LOOP_READ);
    }
}

static void conn_on_timer(void *arg)
{
    struct proxy__conn *conn = arg;
    switch ((enum proxy__phase)conn->phase) {
    case PROXY__HEAD: {
        struct proxy__request *request = proxy__request_new(conn);
        request->close_client = true;
        proxy__reply(request, 408, STR("request header timeout"), STR("request_header_timeout"));
        return;
    }
    case PROXY__REQUEST: proxy__request_on_timer(conn->request); return;
    case PROXY__HANDSHAKE:
        metrics_add(worker_of(conn)->metrics, conn->port->series->handshake_failures, 1);
        proxy__conn_close(conn);
        return;
    case PROXY__IDLE:
    case PROXY__LINGER: proxy__conn_close(conn); return;
    case PROXY__CLOSED: break;
    }
    UNREACHABLE();
}

void proxy__conn_open(struct proxy__port *port, int fd, const struct net_address *client)
{
    struct proxy__worker *worker = port->worker;
    struct proxy__conn *conn = MEM_NEW(struct proxy__conn);
    conn->watch = loop_fd_open(worker->loop, fd, READ_OR_GONE, conn_on_event, conn);
    if (conn->watch == NULL) {
        (void)close(fd); /* never used */
        proxy__conn_free(conn);
        return;
    }
    conn->port = port;
    net_socket_init(&conn->socket, fd);
    conn->top = &conn->socket.filter;
    char text[NET_ADDRESS_TEXT_SIZE];
    struct str ip = str_first(net_address_print_ip(client, text), sizeof(conn->client));
    memcpy(conn->client, ip.data, ip.size);
    conn->client_size = (uint8_t)ip.size;
    conn->client_port = client->port;
    conn->internal = proxy__address_is_internal(client);
    loop_timer_init(&conn->timer, conn_on_timer, conn);
    loop_deferred_init(&conn->resume, conn_on_resume, conn);
    list_push_back(&port->conns, &conn->link);
    worker->conn_count++;
    port->conn_count++;
    metrics_add(worker->metrics, port->series->connections_open, 1);
    metrics_add(worker->metrics, port->series->connections, 1);
    const struct model_listener *model = port->listener->model;
    conn->phase = PROXY__IDLE;
    if (model->protocol == MODEL_HTTPS) {
        struct net_tls_selector selector = {.select = conn_select, .arg = conn};
        conn->top = net_tls_filter_new(worker->proxy->tls, conn->top, &selector);
        conn->tls = true;
        conn->phase = PROXY__HANDSHAKE;
    }
    conn_timer(conn, conn->tls ? model->header_timeout_ms : model->idle_timeout_ms);
}

void proxy__conn_retire(struct proxy__conn *conn)
{
    if (conn->phase == PROXY__IDLE)
        conn_timer(conn, REMOVED_IDLE_MS);
}

void proxy__conn_next(struct proxy__conn *conn, bool keep_alive, bool drained)
{
    struct proxy__worker *worker = worker_of(conn);
    ASSERT(conn->phase == PROXY__REQUEST);
    conn->request = NULL;
    if (!keep_alive) {
        if (!drained || conn->block != NULL) {
            conn_linger(conn);
            return;
        }
        if (conn->tls)
            proxy__shutdown(conn->top);
        proxy__conn_close(conn);
        return;
    }
    conn->phase = PROXY__IDLE;
    conn->scan = (struct http_scan){0};
    conn_timer(conn, conn->port->listener->model->idle_timeout_ms);
    loop_fd_set(conn->watch, READ_OR_GONE);
    if (conn->block != NULL || net_pending(conn->top))
        loop_defer(worker->loop, &conn->resume);
}
