/* Connections: opening, pooling, closing. */
#include <unistd.h>

#include "core/base/assert.h"
#include "core/base/mem.h"
#include "data/upstream/parts.h"

static void leave_pool(struct upstream_conn *conn)
{
    conn->endpoint->idle_count--;
    conn->endpoint->upstream->counts.idle--;
    conn->state = UPSTREAM_BUSY;
}

void upstream_close(struct upstream_conn *conn)
{
    ASSERT(conn->state != UPSTREAM_IDLE);
    struct upstream_endpoint *endpoint = conn->endpoint;
    struct upstream *upstream = endpoint->upstream;
    loop_timer_stop(upstream->loop, &conn->timer);
    list_remove(&conn->link);
    conn->top = net_filter_free(conn->top);
    conn->watch = loop_fd_close(conn->watch);
    (void)close(conn->socket.fd); /* nothing is left to learn from it */
    (void)mem_free(conn);         /* always NULL */
    upstream->counts.connections--;
    endpoint->conn_count--;
    upstream__endpoint_settle(endpoint);
}

static void connected(struct upstream_conn *conn, enum err result)
{
    loop_timer_stop(conn->endpoint->upstream->loop, &conn->timer);
    conn->state = UPSTREAM_BUSY;
    if (result == ERR_OK)
        loop_fd_set(conn->watch, LOOP_READ);
    else {
        loop_fd_set(conn->watch, 0);
        conn->endpoint->upstream->counts.connect_failures++;
    }
    conn->fn(conn->arg, result, 0);
}

static void conn_on_event(void *arg, unsigned events)
{
    struct upstream_conn *conn = arg;
    switch (conn->state) {
    case UPSTREAM_BUSY: conn->fn(conn->arg, ERR_OK, events); return;
    case UPSTREAM_IDLE: /* it ended, or speaks without being asked: not fit for a request */
        leave_pool(conn);
        upstream_close(conn);
        return;
    case UPSTREAM_CONNECTING: {
        enum err result = net_connect_result(conn->socket.fd);
        if (result != ERR_AGAIN)
            connected(conn, result);
        return;
    }
    }
    UNREACHABLE();
}

static void conn_on_timeout(void *arg)
{
    struct upstream_conn *conn = arg;
    ASSERT(conn->state == UPSTREAM_CONNECTING);
    connected(conn, ERR_TIMEOUT);
}

enum err upstream_connect(struct upstream_endpoint *endpoint, uint32_t timeout_ms, upstream_fn fn,
                          void *arg, struct upstream_conn **ret_conn)
{
    struct upstream *upstream = endpoint->upstream;
    upstream->counts.connects++;
    int fd;
    enum err result = net_connect(&endpoint->address, &fd);
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
    conn->endpoint = endpoint;
    conn->fn = fn;
    conn->arg = arg;
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

void upstream_give(struct upstream_conn *conn)
{
    ASSERT(conn->state == UPSTREAM_BUSY);
    struct upstream_endpoint *endpoint = conn->endpoint;
    struct upstream *upstream = endpoint->upstream;
    if (endpoint->set_count == 0 || endpoint->idle_count >= UPSTREAM_IDLE_MAX ||
        upstream->counts.idle >= UPSTREAM_IDLE_TOTAL_MAX) {
        upstream_close(conn);
        return;
    }
    loop_fd_set(conn->watch, LOOP_READ);
    list_remove(&conn->link);
    list_push_front(&endpoint->idle, &conn->link);
    endpoint->idle_count++;
    upstream->counts.idle++;
    conn->state = UPSTREAM_IDLE;
    conn->fn = NULL;
    conn->arg = NULL;
    conn->idle_since_ms = loop_now_ms(upstream->loop);
}
