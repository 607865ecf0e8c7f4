/* After a valid 101: bytes both ways, by pull, each direction with an end of its own. */
#include "core/base/assert.h"
#include "data/proxy/request.h"

/* Ends a direction towards `sink` once everything before it was written. */
static void direction_end(struct net_filter *sink, bool ended, const struct proxy__block *rest,
                          bool *done)
{
    if (!ended || rest != NULL || *done)
        return;
    *done = true;
    proxy__shutdown(sink);
}

/* Both directions may have ended. */
static void tunnel_settle(struct proxy__request *request)
{
    direction_end(request->upstream->top, request->tunnel_up_ended, request->up_rest,
                  &request->tunnel_up_shut);
    direction_end(request->conn->top, request->tunnel_down_ended, request->down_rest,
                  &request->tunnel_down_shut);
    if (request->tunnel_up_shut && request->tunnel_down_shut) {
        proxy__request_end(request);
        return;
    }
    proxy__upstream_watch(request);
    proxy__conn_watch(request->conn);
}

/* One read from `source` and what of it goes to `sink`. ERR_CLOSED: the source has ended. */
static enum err move(struct proxy__request *request, struct net_filter *source,
                     struct net_filter *sink, struct proxy__block **rest, uint64_t *counter)
{
    struct proxy__worker *worker = request->worker;
    do {
        size_t size = 0;
        enum err result = net_read(source, worker->input, PROXY__READ_SIZE, &size);
        if (result != ERR_OK)
            return result;
        *counter += size;
        struct iovec part = {worker->input, size};
        bool none;
        result = proxy__write(worker, sink, &part, 1, rest, &none);
        if (result != ERR_OK)
            return result == ERR_CLOSED ? ERR_SYSTEM : result;
    } while (net_pending(source));
    return ERR_AGAIN;
}

void proxy__tunnel(struct proxy__request *request, bool from_client, bool from_upstream)
{
    struct net_filter *client = request->conn->top;
    struct net_filter *upstream = request->upstream->top;
    enum err up = ERR_AGAIN;
    enum err down = ERR_AGAIN;
    if (from_client && request->up_rest == NULL && !request->tunnel_up_ended)
        up = move(request, client, upstream, &request->up_rest, &request->bytes_received);
    if (from_upstream && request->down_rest == NULL && !request->tunnel_down_ended)
        down = move(request, upstream, client, &request->down_rest, &request->bytes_sent);
    if ((up != ERR_AGAIN && up != ERR_CLOSED) || (down != ERR_AGAIN && down != ERR_CLOSED) ||
        request->up_broken) {
        proxy__request_abort(request, STR("tunnel_reset"));
        return;
    }
    if (up == ERR_CLOSED)
        request->tunnel_up_ended = true;
    if (down == ERR_CLOSED)
        request->tunnel_down_ended = true;
    tunnel_settle(request);
}

void proxy__tunnel_begin(struct proxy__request *request, struct iovec head, struct str early)
{
    struct proxy__conn *conn = request->conn;
    struct iovec parts[2] = {head, {(void *)(uintptr_t)early.data, early.size}};
    bool none;
    enum err down = proxy__write(request->worker, conn->top, parts, 2, &request->down_rest, &none);
    request->bytes_sent += early.size;
    enum err up = ERR_OK;
    if (conn->block != NULL && request->up_rest == NULL) { /* the client did not wait for the 101 */
        size_t size = conn->block->end - conn->block->begin;
        struct iovec part = {conn->block->data + conn->block->begin, size};
        up = proxy__write(request->worker, request->upstream->top, &part, 1, &request->up_rest,
                          &none);
        conn->block = proxy__block_give(request->worker, conn->block);
        request->bytes_received += size;
    }
    if ((down != ERR_OK && down != ERR_AGAIN) || (up != ERR_OK && up != ERR_AGAIN)) {
        proxy__request_abort(request, STR("tunnel_reset"));
        return;
    }
    if (net_pending(conn->top))
        loop_defer(request->worker->loop, &conn->resume);
    tunnel_settle(request);
}
