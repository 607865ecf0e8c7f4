/* Connections: opening, pooling, closing. */
#include <unistd.h>

#include "core/base/assert.h"
#include "core/base/mem.h"
#include "data/upstream/parts.h"

/* There is TLS above the socket, which has a mind of its own about reading and writing. */
static bool is_filtered(const struct upstream_conn *conn)
{
    return conn->top != &conn->socket.filter;
}

static void leave_pool(struct upstream_conn *conn)
{
    conn->endpoint->idle_count--;
    conn->endpoint->upstream->counts.idle--;
    conn->state = UPSTREAM_BUSY;
}

/* Ends our direction as well as it goes: nobody waits for more. */
static void end(struct upstream_conn *conn)
{
    enum err ignored = is_filtered(conn) ? net_shutdown(conn->top) : ERR_OK;
    (void)ignored;
}

void upstream_close(struct upstream_conn *conn)
{
    ASSERT(conn->state != UPSTREAM_IDLE);
    struct upstream_endpoint *endpoint = conn->endpoint;
    struct upstream *upstream = endpoint->upstream;
    loop_timer_stop(upstream->loop, &conn->timer);
    loop_defer_cancel(&conn->resume);
    list_remove(&conn->link);
    end(conn);
    conn->top = net_filter_free(conn->top);
    conn->watch = loop_fd_close(conn->watch);
    (void)close(conn->socket.fd); /* nothing is left to learn from it */
    (void)mem_free(conn);         /* always NULL */
    upstream->counts.connections--;
    endpoint->conn_count--;
    upstream__endpoint_settle(endpoint);
}

/* ---- Events ---- */

void upstream_watch(struct upstream_conn *conn, unsigned events)
{
    unsigned watched = events;
    if (is_filtered(conn)) {
        conn->wanted = events;
        if ((events & LOOP_READ) != 0 && net_pending(conn->top))
            loop_defer(conn->endpoint->upstream->loop, &conn->resume);
        if ((events & LOOP_READ) != 0 && conn->top->wants == LOOP_WRITE)
            watched |= LOOP_WRITE; /* reading may have to answer before it goes on */
    }
    loop_fd_set(conn->watch, watched);
}

/* Bytes are here although the descriptor is silent. */
static void conn_on_resume(void *arg)
{
    struct upstream_conn *conn = arg;
    if (conn->state == UPSTREAM_BUSY && (conn->wanted & LOOP_READ) != 0 && net_pending(conn->top))
        conn->fn(conn->arg, ERR_OK, LOOP_READ);
}

static void opened(struct upstream_conn *conn, enum err result)
{
    loop_timer_stop(conn->endpoint->upstream->loop, &conn->timer);
    conn->state = UPSTREAM_BUSY;
    if (result == ERR_OK)
        upstream_watch(conn, LOOP_READ);
    else {
        loop_fd_set(conn->watch, 0);
        conn->endpoint->upstream->counts.connect_failures++;
    }
    conn->fn(conn->arg, result, 0);
}

static void handshake(struct upstream_conn *conn)
{
    enum err result = net_handshake(conn->top);
    if (result == ERR_AGAIN)
        loop_fd_set(conn->watch, conn->top->wants);
    else
        opened(conn, result);
}

static void connected(struct upstream_conn *conn)
{
    enum err result = net_connect_result(conn->socket.fd);
    if (result == ERR_AGAIN)
        return;
    if (result != ERR_OK || !is_filtered(conn)) {
        opened(conn, result);
        return;
    }
    conn->state = UPSTREAM_HANDSHAKING;
    handshake(conn);
}

static void busy(struct upstream_conn *conn, unsigned events)
{
    if (is_filtered(conn) && (events & conn->wanted) == 0) {
        events = LOOP_READ; /* it can go on */
        loop_fd_set(conn->watch, conn->wanted);
    }
    conn->fn(conn->arg, ERR_OK, events);
}

/* Nothing can be read. TLS also has messages of its own, which are none of the holder's. */
static bool is_silent(struct upstream_conn *conn)
{
    char byte;
    size_t size;
    return is_filtered(conn) && net_read(conn->top, &byte, sizeof(byte), &size) == ERR_AGAIN;
}

static void conn_on_event(void *arg, unsigned events)
{
    struct upstream_conn *conn = arg;
    switch (conn->state) {
    case UPSTREAM_BUSY: busy(conn, events); return;
    case UPSTREAM_IDLE: /* it ended, or speaks without being asked: not fit for a request */
        if (is_silent(conn))
            return;
        leave_pool(conn);
        upstream_close(conn);
        return;
    case UPSTREAM_CONNECTING: connected(conn); return;
    case UPSTREAM_HANDSHAKING: handshake(conn); return;
    }
    UNREACHABLE();
}

static void conn_on_timeout(void *arg)
{
    struct upstream_conn *conn = arg;
    ASSERT(conn->state == UPSTREAM_CONNECTING || conn->state == UPSTREAM_HANDSHAKING);
    opened(conn, ERR_TIMEOUT);
}

/* ---- Opening and pooling ---- */

enum err upstream_connect(struct upstream_endpoint *endpoint, uint32_t timeout_ms, upstream_fn fn,
                          void *arg, struct upstream_conn **ret_conn)
{
    struct upstream *upstream = endpoint->upstream;
    upstream->counts.connects++;
    int fd;
    enum err result = net_connect(&endpoint->identity.address, &fd);
    if (result != ERR_OK) {
        upstream->counts.connect_failures++;
        return result;
    }
    struct upstream_conn *conn = MEM_NEW(struct upstream_conn);
    conn->watch = loop_fd_open(upstream->loop, fd, LOOP_WRITE, conn_on_event, conn);
    if (conn->watch == NULL) {
        upstream->counts.connect_failures++;
        (void)close(fd);      /* never used */
        (void)mem_free(conn); /* always NULL */
        return ERR_LIMIT;
    }
    net_socket_init(&conn->socket, fd);
    conn->top = &conn->socket.filter;
    if (endpoint->identity.tls != NULL)
        conn->top = net_tls_client_filter_new(endpoint->identity.tls, conn->top,
                                              &endpoint->session);
    conn->endpoint = endpoint;
    conn->fn = fn;
    conn->arg = arg;
    loop_deferred_init(&conn->resume, conn_on_resume, conn);
    loop_timer_init(&conn->timer, conn_on_timeout, conn);
    if (timeout_ms > 0)
        loop_timer_start(upstream->loop, &conn->timer, timeout_ms);
    list_push_front(&endpoint->busy, &conn->link);
    endpoint->conn_count++;
    upstream->counts.connections++;
    *ret_conn = conn;
    return ERR_OK;
}

struct upstream_conn *upstream_take(struct upstream_endpoint *endpoint, upstream_fn fn, void *arg)
{
    if (list_is_empty(&endpoint->idle))
        return NULL;
    struct upstream_conn *conn = LIST_ITEM(endpoint->idle.next, struct upstream_conn, link);
    list_remove(&conn->link);
    list_push_front(&endpoint->busy, &conn->link);
    leave_pool(conn);
    endpoint->upstream->counts.reuses++;
    conn->reused = true;
    conn->fn = fn;
    conn->arg = arg;
    return conn;
}

/* More than its answer, or the end, may be above the socket already. */
static bool is_fit(struct upstream_conn *conn)
{
    return !is_filtered(conn) || !net_pending(conn->top) || is_silent(conn);
}

void upstream_give(struct upstream_conn *conn)
{
    ASSERT(conn->state == UPSTREAM_BUSY);
    struct upstream_endpoint *endpoint = conn->endpoint;
    struct upstream *upstream = endpoint->upstream;
    if (endpoint->set_count == 0 || endpoint->idle_count >= UPSTREAM_IDLE_MAX ||
        upstream->counts.idle >= UPSTREAM_IDLE_TOTAL_MAX || !is_fit(conn)) {
        upstream_close(conn);
        return;
    }
    upstream_watch(conn, LOOP_READ);
    list_remove(&conn->link);
    list_push_front(&endpoint->idle, &conn->link);
    endpoint->idle_count++;
    upstream->counts.idle++;
    conn->state = UPSTREAM_IDLE;
    conn->fn = NULL;
    conn->arg = NULL;
    conn->idle_since_ms = loop_now_ms(upstream->loop);
}
