/* The back end of a request: choosing, connecting, and the second try.
 *
 * A request goes once more, to another endpoint if there is one, when no byte of it can have been
 * taken (connecting failed, or the first write did), or when a reused connection closed before any
 * byte of an answer and the request is idempotent; in both cases only if what was sent of its body
 * is still at hand. */
#include "core/base/assert.h"
#include "data/proxy/request.h"

#define TRIES_MAX 2

#define NO_UPSTREAM    STR("no healthy upstream")
#define CONNECT_FAILED "upstream connect error or disconnect/reset before headers. reset reason: "

struct str proxy__upstream_reason(const struct proxy__request *request, enum err result,
                                  struct str otherwise)
{
    char text[NET_TLS_ERROR_TEXT_SIZE];
    struct net_filter *top = request->upstream->top;
    bool is_tls = top->next != NULL;
    size_t ignored;
    /* Who hung up on us has said why, in an alert that was not read yet. */
    if (result == ERR_SYSTEM && is_tls)
        result = net_read(top, request->worker->input, PROXY__READ_SIZE, &ignored);
    if (result != ERR_PROTOCOL)
        return otherwise;
    struct str why = net_tls_error_print(top, text);
    return str_format(request->arena, "TLS error: %.*s", STR_ARG(why));
}

/* Why there is no connection. */
static struct str open_failure(const struct proxy__request *request, enum err result)
{
    if (result == ERR_TIMEOUT)
        return STR("connection timeout");
    if (result == ERR_CLOSED)
        return STR("connection termination"); /* it was there, and went */
    return proxy__upstream_reason(request, result, STR("connection failure"));
}

static void on_upstream(void *arg, enum err result, unsigned events)
{
    struct proxy__request *request = arg;
    request->active_ms = loop_now_ms(request->worker->loop);
    if (request->connecting) {
        request->connecting = false;
        if (result == ERR_OK)
            proxy__forward_begin(request);
        else
            proxy__upstream_lost(request, true, open_failure(request, result));
        return;
    }
    if (request->up_rest != NULL) {
        result = proxy__write_rest(request->worker, request->upstream->top, &request->up_rest);
        if (result == ERR_OK)
            loop_defer(request->worker->loop, &request->conn->resume);
        else if (result != ERR_AGAIN)
            request->up_broken = true; /* its answer may still be there to read */
        proxy__upstream_watch(request);
        proxy__conn_watch(request->conn);
    }
    if ((events & LOOP_READ) != 0)
        proxy__answer(request);
}

void proxy__pick(struct proxy__request *request)
{
    if (request->cluster == NULL) {
        const struct model_backend *backend = route_backend_pick(
            request->host, request->rule_index, random_next(&request->worker->random));
        if (backend == NULL) {
            proxy__reply(request, 500, STR_EMPTY, STR("no_backend_with_weight"));
            return;
        }
        if (backend->cluster.size == 0) {
            bool is_away = backend->status == 503;
            proxy__reply(request, backend->status, is_away ? NO_UPSTREAM : STR_EMPTY,
                         STR("no_such_backend"));
            return;
        }
        request->cluster = upstream_cluster_find(request->view->upstreams, backend->cluster);
        ASSERT(request->cluster != NULL); /* model_snapshot_new has checked the reference */
    }
    struct str hostname;
    request->endpoint = upstream_pick(request->cluster, request->endpoint, &hostname);
    if (request->endpoint == NULL) {
        proxy__reply(request, 503, NO_UPSTREAM, STR("no_endpoints"));
        return;
    }
    if (request->rule->rewrite.host_from_backend)
        proxy__host_from_backend(request, hostname);
    request->tries++;
    /* A second try takes no pooled connection: what closed one may have closed them all. */
    if (request->tries == 1)
        request->upstream = upstream_take(request->endpoint, on_upstream, request);
    if (request->upstream != NULL) {
        proxy__forward_begin(request);
        return;
    }
    uint32_t timeout_ms = upstream_cluster_model(request->cluster)->connect_timeout_ms;
    enum err result = upstream_connect(request->endpoint, timeout_ms, on_upstream, request,
                                       &request->upstream);
    if (result != ERR_OK) {
        proxy__upstream_lost(request, true, STR("connection failure"));
        return;
    }
    request->connecting = true;
    proxy__conn_watch(request->conn);
}

void proxy__upstream_drop(struct proxy__request *request)
{
    if (request->upstream != NULL)
        upstream_close(TAKE(request->upstream));
    request->up_rest = proxy__block_give(request->worker, request->up_rest);
    request->connecting = false;
}

static bool may_try_again(const struct proxy__request *request, bool untouched, bool reused)
{
    if (request->tries >= TRIES_MAX || request->body_consumed || request->answer_begun)
        return false;
    return untouched || (reused && http_method_is_idempotent(request->method));
}

void proxy__upstream_lost(struct proxy__request *request, bool untouched, struct str reason)
{
    bool reused = request->upstream != NULL && request->upstream->reused;
    proxy__upstream_drop(request);
    if (request->answering) {
        proxy__request_abort(request, reason);
        return;
    }
    if (may_try_again(request, untouched, reused)) {
        request->worker->second_tries++;
        request->head_sent = false;
        request->up_broken = false;
        proxy__pick(request);
        return;
    }
    struct str text = str_format(request->arena, CONNECT_FAILED "%.*s", STR_ARG(reason));
    proxy__reply(request, untouched ? 503 : 502, text, reason);
}
