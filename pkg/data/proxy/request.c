/* One exchange: how it begins, finds its rule, waits and ends. */
#include "data/proxy/request.h"

#include <sys/socket.h>

#include "core/base/assert.h"
#include "data/proxy/log.h"

struct proxy__request *proxy__request_new(struct proxy__conn *conn)
{
    struct proxy__port *port = conn->port;
    struct proxy__request *request = proxy__request_take(port->worker);
    request->conn = conn;
    request->view = proxy__view_ref(port->view);
    request->listener = port->listener;
    request->series = port->series;
    request->begin_ms = loop_now_ms(port->worker->loop);
    request->active_ms = request->begin_ms;
    request->up_done = true; /* until a head says that there is a body */
    request->minor_version = 1;
    conn->request = request;
    conn->phase = PROXY__REQUEST;
    return request;
}

/* Keeps what is needed of worker->request, whose slices end with this call's caller. */
static void head_keep(struct proxy__request *request, const struct http_request *head)
{
    request->method = head->method;
    request->minor_version = head->minor_version;
    request->up_framing = head->framing;
    request->keep_alive = head->keep_alive;
    request->want_continue = head->expect_continue;
    request->method_text = str_dup(request->arena, head->method_text);
    request->target = str_dup(request->arena, str_first(head->target, PROXY__LOG_TARGET_MAX));
    request->authority = str_dup(request->arena, head->authority);
    http_body_init(&request->up_body, head->framing, head->content_length);
    request->up_done = http_body_is_done(&request->up_body);
    if (request->up_done)
        request->complete_ms = request->begin_ms;
}

/* The head for the back end does not fit. What normalising or a rule makes of the path is the
 * target's length; fields that a rule adds are the fields'. */
static void head_refuse(struct proxy__request *request, size_t size, const struct http_edits *edits)
{
    if (size - http_edits_size(edits) > PROXY__HEAD_MAX) {
        proxy__uri_refuse(request);
        return;
    }
    request->close_client = true;
    proxy__reply(request, 431, http_status_text(431), STR("head too large"));
}

/* Writes the head for the back end. False: it does not fit, and the request has been answered. */
static bool head_write(struct proxy__request *request, const struct http_request *head,
                       struct str path)
{
    struct proxy__worker *worker = request->worker;
    struct http_request_plan plan;
    request->tunnel = head->upgrade.size > 0 && !str_equal_nocase(head->upgrade, STR("h2c")) &&
                      head->minor_version >= 1 && request->up_done;
    if (request->tunnel)
        request->upgrade = str_dup(request->arena, head->upgrade);
    proxy__plan_fill(request, path, &plan);
    size_t size = http_request_write_max(head, &plan);
    if (size <= PROXY__OUTPUT_SIZE)
        size = http_request_write(head, &plan, worker->output);
    if (size > PROXY__HEAD_MAX) {
        head_refuse(request, size, &plan.edits);
        return false;
    }
    request->sent = str_make(arena_copy(request->arena, worker->output, size), size);
    return true;
}

static void rule_run(struct proxy__request *request, const struct http_request *head,
                     struct str path)
{
    const struct model_rule *rule = request->rule;
    request->down_edits = route_edits(request->arena, &rule->response_headers);
    switch (rule->action) {
    case MODEL_REDIRECT: proxy__redirect(request, head, path); return;
    case MODEL_RESPOND: proxy__reply(request, rule->status, rule->body, rule->reason); return;
    case MODEL_FORWARD:
        if (!head_write(request, head, path))
            return;
        proxy__request_arm(request);
        proxy__pick(request);
        return;
    }
    UNREACHABLE();
}

static void route(struct proxy__request *request, const struct http_request *head, struct str path)
{
    const struct proxy__conn *conn = request->conn;
    struct str server_name = conn->tls ? net_tls_server_name(conn->top) : STR_EMPTY;
    const struct route_chain *chain = route_chain_find(request->listener->table, server_name);
    struct route_match match = {.outcome = ROUTE_MISDIRECTED};
    /* The protocol of a port may change under a connection: it has to come again. */
    if (chain != NULL && conn->tls == (request->listener->model->protocol == MODEL_HTTPS))
        match = route_find(chain, &(struct route_request){head, path, request->arena});
    switch (match.outcome) {
    case ROUTE_FOUND:
        request->host = match.host;
        request->rule = match.rule;
        request->rule_index = match.rule_index;
        request->strict_transport = conn->tls;
        rule_run(request, head, path);
        return;
    case ROUTE_NO_HOST: proxy__reply(request, 404, STR_EMPTY, STR("no_host")); return;
    case ROUTE_NO_RULE:
        request->host = match.host;
        proxy__reply(request, 404, STR_EMPTY, STR("no_rule"));
        return;
    case ROUTE_MISDIRECTED:
        request->close_client = true; /* the client shall open one for that name */
        proxy__reply(request, 421, STR_EMPTY, STR("misdirected"));
        return;
    }
    UNREACHABLE();
}

void proxy__request_begin(struct proxy__conn *conn)
{
    struct proxy__request *request = proxy__request_new(conn);
    const struct http_request *head = &request->worker->request;
    head_keep(request, head);
    if (head->target_form == HTTP_TARGET_AUTHORITY) {
        request->close_client = true;
        proxy__reply(request, 404, STR_EMPTY, STR("connect"));
        return;
    }
    if (head->target_form == HTTP_TARGET_ASTERISK) {
        proxy__reply(request, 404, STR_EMPTY, STR("no_rule"));
        return;
    }
    struct str path;
    switch (http_path_normalize(head->path, request->worker->path_area,
                                HTTP_PATH_AREA(HTTP_REQUEST_LINE_MAX), &path)) {
    case HTTP_PATH_SAME:
    case HTTP_PATH_CHANGED: route(request, head, path); return;
    case HTTP_PATH_REDIRECT: proxy__redirect_plain(request, head, path); return;
    case HTTP_PATH_REFUSED:
        request->close_client = true;
        proxy__reply(request, 400, STR("Bad Request"), STR("path"));
        return;
    }
    UNREACHABLE();
}

/* ---- Waiting ---- */

static uint64_t idle_limit(const struct proxy__request *request)
{
    if (request->rule != NULL && request->rule->action == MODEL_FORWARD)
        return request->rule->stream_idle_timeout_ms;
    return request->listener->model->idle_timeout_ms;
}

/* When the request timeout strikes; 0: it does not. */
static uint64_t answer_due(const struct proxy__request *request)
{
    if (request->answer_ms != 0 || request->rule == NULL ||
        request->rule->action != MODEL_FORWARD || request->rule->request_timeout_ms == 0)
        return 0;
    if (request->complete_ms == 0) /* the client is still sending: that is its own pace */
        return 0;
    return request->complete_ms + request->rule->request_timeout_ms;
}

void proxy__request_arm(struct proxy__request *request)
{
    struct loop *loop = request->worker->loop;
    uint64_t idle = idle_limit(request);
    uint64_t due = answer_due(request);
    if (idle != 0 && (due == 0 || request->active_ms + idle < due))
        due = request->active_ms + idle;
    uint64_t now = loop_now_ms(loop);
    if (due == 0)
        loop_timer_stop(loop, &request->conn->timer);
    else
        loop_timer_start(loop, &request->conn->timer, due > now ? due - now : 0);
}

void proxy__request_on_timer(struct proxy__request *request)
{
    uint64_t now = loop_now_ms(request->worker->loop);
    uint64_t idle = idle_limit(request);
    uint64_t due = answer_due(request);
    if (due != 0 && now >= due && !request->answering) {
        proxy__reply(request, 504, STR("upstream request timeout"), STR("request_timeout"));
        return;
    }
    if (idle == 0 || now < request->active_ms + idle) {
        proxy__request_arm(request); /* bytes came since the timer was started */
        return;
    }
    if (request->answering) {
        proxy__request_abort(request, STR("stream_idle_timeout"));
    } else if (request->up_done) {
        proxy__reply(request, 504, STR("stream timeout"), STR("stream_idle_timeout"));
    } else {
        request->close_client = true;
        proxy__reply(request, 408, STR("stream timeout"), STR("stream_idle_timeout"));
    }
}

/* ---- The client's side ---- */

/* Readable while its request is complete: it pipelines, or it went. A client that ends its
 * direction before the answer counts as gone, read or unread: this is what tells a vanished one. */
static void read_ahead(struct proxy__request *request)
{
    struct proxy__conn *conn = request->conn;
    struct proxy__block *block = proxy__block_take(request->worker);
    if (block == NULL) {
        proxy__request_abort(request, STR("buffers_exhausted"));
        return;
    }
    size_t size = 0;
    enum err result = net_read(conn->top, block->data, PROXY__READ_SIZE, &size);
    if (result == ERR_OK) {
        block->end = size;
        conn->block = block;
        proxy__conn_watch(conn);
        return;
    }
    (void)proxy__block_give(request->worker, block); /* always NULL */
    if (result != ERR_AGAIN)
        proxy__request_abort(request, STR("client_closed"));
}

void proxy__request_on_client(struct proxy__request *request, unsigned events)
{
    struct proxy__conn *conn = request->conn;
    request->active_ms = loop_now_ms(request->worker->loop);
    if (request->down_rest != NULL) {
        enum err result = proxy__write_rest(request->worker, conn->top, &request->down_rest);
        if (result == ERR_OK) {
            proxy__answer_flushed(request);
            return;
        }
        if (result != ERR_AGAIN) {
            proxy__request_abort(request, STR("client_closed"));
            return;
        }
        proxy__conn_watch(conn);
    }
    if ((events & LOOP_READ) == 0) {
        if ((events & LOOP_HANGUP) != 0)
            proxy__request_abort(request, STR("client_closed"));
        return;
    }
    if (request->tunnelling)
        proxy__tunnel(request, true, false);
    else if (!request->up_done)
        proxy__forward(request);
    else if (conn->block == NULL)
        read_ahead(request);
}

bool proxy__request_keeps(const struct proxy__request *request)
{
    return request->keep_alive && !request->close_client && request->up_done &&
           request->down_framing != HTTP_FRAMING_CLOSE && !request->worker->draining &&
           !request->conn->port->removed;
}

/* ---- Ends ---- */

static void release(struct proxy__request *request)
{
    struct proxy__worker *worker = request->worker;
    ASSERT(request->upstream == NULL);
    if (request->mirror != NULL)
        proxy__mirror_leave(request);
    proxy__log(request);
    metrics_add(worker->metrics, request->series->requests[request->status / 100], 1);
    metrics_observe(worker->metrics, request->series->duration,
                    loop_now_ms(worker->loop) - request->begin_ms);
    metrics_add(worker->metrics, request->series->bytes_received, request->bytes_received);
    metrics_add(worker->metrics, request->series->bytes_sent, request->bytes_sent);
    request->up_rest = proxy__block_give(worker, request->up_rest);
    request->down_rest = proxy__block_give(worker, request->down_rest);
    request->answer = proxy__block_give(worker, request->answer);
    proxy__view_unref(request->view);
    proxy__request_give(worker, request);
}

void proxy__request_end(struct proxy__request *request)
{
    struct proxy__conn *conn = request->conn;
    bool keeps = !request->close_client;
    bool drained = request->up_done;
    proxy__upstream_drop(request);
    release(request);
    proxy__conn_next(conn, keeps, drained);
}

void proxy__request_abort(struct proxy__request *request, struct str reason)
{
    struct proxy__conn *conn = request->conn;
    if (request->reason.size == 0)
        request->reason = reason;
    if (request->answering && request->down_framing == HTTP_FRAMING_CLOSE) {
        /* Its end is the connection's end, so only a reset says that it is not the whole. */
        struct linger reset = {.l_onoff = 1, .l_linger = 0};
        (void)setsockopt(conn->socket.fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    }
    proxy__upstream_drop(request);
    release(request);
    conn->request = NULL;
    proxy__conn_close(conn);
}
