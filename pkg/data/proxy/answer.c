/* The response's way down: its head, and its body by pull. Nothing is read from the back end that
 * the client has not room for. */
#include "core/base/assert.h"
#include "data/proxy/request.h"

enum http_body_step proxy__body_gather(struct http_body *body, char *bytes, size_t size,
                                       size_t *ret_used, struct str *ret_payload)
{
    char *start = NULL; /* of the payload; later pieces move up to its end */
    size_t payload = 0;
    size_t at = 0;
    enum http_body_step step;
    do {
        size_t used = 0;
        struct str data = STR_EMPTY;
        step = http_body_read(body, str_make(bytes + at, size - at), &used, &data);
        if (step == HTTP_BODY_DATA && data.size > 0) {
            char *piece = bytes + (data.data - bytes);
            if (start == NULL)
                start = piece;
            else
                memmove(start + payload, piece, data.size);
            payload += data.size;
        }
        at += used;
    } while (step == HTTP_BODY_DATA);
    *ret_used = at;
    *ret_payload = str_make(start != NULL ? start : bytes, payload);
    return step;
}

static struct iovec part_of(struct str s)
{
    return (struct iovec){(void *)(uintptr_t)s.data, s.size};
}

int proxy__body_frame(enum http_framing framing, struct str payload, bool last, char *area,
                      struct iovec *parts)
{
    int count = 0;
    bool chunked = framing == HTTP_FRAMING_CHUNKED;
    if (payload.size > 0) {
        if (chunked)
            parts[count++] = (struct iovec){area, http_chunk_head(payload.size, area)};
        parts[count++] = part_of(payload);
        if (chunked)
            parts[count++] = part_of(HTTP_CHUNK_END);
    }
    if (chunked && last)
        parts[count++] = part_of(HTTP_CHUNK_LAST);
    return count;
}

/* What the client is to be sent after a step of the body. */
struct piece {
    struct iovec parts[8];
    int count;
    char area[HTTP_CHUNK_HEAD_MAX];
};

/* The back end has said all. Its connection is fit for another request if nothing is amiss. */
static void upstream_settle(struct proxy__request *request, bool extra)
{
    if (request->upstream == NULL)
        return;
    bool fit = request->upstream_reusable && !extra && request->up_done &&
               request->up_rest == NULL && !request->up_broken;
    if (fit)
        upstream_give(TAKE(request->upstream));
    else
        proxy__upstream_drop(request);
}

/* Sends `piece` and decides how it goes on. */
static void piece_send(struct proxy__request *request, struct piece *piece,
                       enum http_body_step step, bool extra)
{
    bool none;
    enum err result = proxy__write(request->worker, request->conn->top, piece->parts, piece->count,
                                   &request->down_rest, &none);
    if (step == HTTP_BODY_DONE) {
        request->down_done = true;
        upstream_settle(request, extra);
    }
    if (result != ERR_OK && result != ERR_AGAIN) {
        proxy__request_abort(request, STR("client_closed"));
        return;
    }
    if (step == HTTP_BODY_BROKEN) {
        proxy__request_abort(request, STR("upstream_body"));
        return;
    }
    if (request->down_done && request->down_rest == NULL) {
        proxy__request_end(request);
        return;
    }
    proxy__upstream_watch(request);
    proxy__conn_watch(request->conn);
}

/* Takes body bytes that were read, and sends them behind what `piece` has. */
static void body_pass(struct proxy__request *request, char *data, size_t size, struct piece *piece)
{
    size_t used;
    struct str payload;
    enum http_body_step step = proxy__body_gather(&request->down_body, data, size, &used, &payload);
    request->bytes_sent += payload.size;
    piece->count += proxy__body_frame(request->down_framing, payload, step == HTTP_BODY_DONE,
                                      piece->area, piece->parts + piece->count);
    piece_send(request, piece, step, used < size);
}

static void answer_body(struct proxy__request *request)
{
    struct proxy__worker *worker = request->worker;
    struct piece piece = {0};
    size_t size = 0;
    enum err result = net_read(request->upstream->top, worker->input, PROXY__READ_SIZE, &size);
    if (result == ERR_AGAIN) {
        proxy__upstream_watch(request);
        return;
    }
    if (result == ERR_OK) {
        body_pass(request, worker->input, size, &piece);
        return;
    }
    if (result != ERR_CLOSED || !http_body_end(&request->down_body)) {
        proxy__request_abort(request, STR("upstream_closed"));
        return;
    }
    piece.count = proxy__body_frame(request->down_framing, STR_EMPTY, true, piece.area,
                                    piece.parts);
    piece_send(request, &piece, HTTP_BODY_DONE, true);
}

/* ---- Heads ---- */

static void response_refuse(struct proxy__request *request, struct str reason)
{
    proxy__upstream_drop(request);
    if (!request->up_done)
        request->close_client = true;
    proxy__reply(request, 502, STR("upstream protocol error"), reason);
}

/* What the writers ask of the request; its head is long gone. */
static const struct http_request *request_head(struct proxy__request *request)
{
    struct http_request *head = &request->worker->request;
    head->method = request->method;
    head->minor_version = request->minor_version;
    head->upgrade = request->upgrade;
    return head;
}

static struct http_response_plan plan_make(struct proxy__request *request)
{
    struct proxy__worker *worker = request->worker;
    (void)proxy__worker_wall(worker); /* refreshes the date */
    return (struct http_response_plan){
        .framing = request->down_framing,
        .client_version = request->minor_version,
        .keep_alive = !request->close_client,
        .strict_transport = request->strict_transport,
        .tunnel = request->tunnelling,
        .date = str_make(worker->date, sizeof(worker->date)),
        .edits = request->down_edits,
    };
}

/* The final head is in worker->response, and `data` follows it. */
static void answer_begin(struct proxy__request *request, char *data, size_t size)
{
    struct proxy__worker *worker = request->worker;
    struct http_response *response = &worker->response;
    request->answer_ms = loop_now_ms(worker->loop);
    if (response->status == 101) {
        if (!request->tunnel || !http_upgrade_is_valid(request_head(request), response)) {
            response_refuse(request, STR("upstream_upgrade"));
            return;
        }
        request->tunnelling = true;
        request->close_client = true;
    } else {
        request->down_framing = http_response_framing(request_head(request), response);
        http_body_init(&request->down_body, response->framing, response->content_length);
        request->upstream_reusable = response->keep_alive &&
                                     response->framing != HTTP_FRAMING_CLOSE;
        if (!proxy__request_keeps(request))
            request->close_client = true;
    }
    struct http_response_plan plan = plan_make(request);
    ASSERT(http_response_write_max(response, &plan) + size + PROXY__FRAMING_MAX <=
           PROXY_BLOCK_SIZE);
    size_t head_size = http_response_write(response, &plan, worker->output);
    request->answering = true;
    request->status = response->status;
    struct piece piece = {.count = 1};
    piece.parts[0] = (struct iovec){worker->output, head_size};
    if (!request->tunnelling) {
        body_pass(request, data, size, &piece);
        return;
    }
    proxy__tunnel_begin(request, piece.parts[0], str_make(data, size));
}

/* A 1xx on the way. "100" is between us and the back end, since Expect ends here; others go to
 * clients that know them. False: the request has ended. */
static bool interim_pass(struct proxy__request *request)
{
    struct proxy__worker *worker = request->worker;
    struct http_response *response = &worker->response;
    if (response->status == 100 || request->minor_version == 0)
        return true;
    struct http_response_plan plan = plan_make(request);
    plan.framing = HTTP_FRAMING_NONE;
    plan.keep_alive = true;
    struct iovec part = {worker->output, http_response_write(response, &plan, worker->output)};
    bool none;
    enum err result = proxy__write(worker, request->conn->top, &part, 1, &request->down_rest,
                                   &none);
    if (result == ERR_OK || result == ERR_AGAIN)
        return true;
    proxy__request_abort(request, STR("client_closed"));
    return false;
}

/* Bytes of a head that is not complete, or that has to wait, become the request's own. */
static void head_keep(struct proxy__request *request, const char *data, size_t size)
{
    if (request->answer != NULL) {
        memmove(request->answer->data, data, size);
    } else {
        request->answer = proxy__block_take(request->worker);
        if (request->answer == NULL) {
            proxy__request_abort(request, STR("buffers_exhausted"));
            return;
        }
        memcpy(request->answer->data, data, size);
    }
    request->answer->end = size;
    proxy__upstream_watch(request);
    proxy__conn_watch(request->conn);
}

/* How much is read of a head with what follows it: what filters add to it needs room, too. */
static size_t head_room(const struct proxy__request *request)
{
    return PROXY__READ_SIZE - http_edits_size(&request->down_edits);
}

static void head_parse(struct proxy__request *request, char *data, size_t size)
{
    struct proxy__worker *worker = request->worker;
    for (;;) {
        struct http_refusal refusal;
        switch (http_response_read(&request->scan, str_make(data, size), request->method,
                                   &worker->response, &refusal)) {
        case HTTP_MORE:
            if (size == head_room(request))
                response_refuse(request, STR("upstream_head_size"));
            else
                head_keep(request, data, size);
            return;
        case HTTP_REFUSED: response_refuse(request, str_of(refusal.reason)); return;
        case HTTP_DONE: break;
        }
        data += worker->response.head_size;
        size -= worker->response.head_size;
        if (worker->response.status >= 200 || worker->response.status == 101) {
            /* The block, if the bytes are in one, outlives the call: it may end the request. */
            struct proxy__block *block = TAKE(request->answer);
            answer_begin(request, data, size);
            (void)proxy__block_give(worker, block); /* always NULL */
            return;
        }
        request->scan = (struct http_scan){0};
        if (!interim_pass(request))
            return;
        if (request->down_rest != NULL || size == 0) {
            head_keep(request, data, size);
            return;
        }
    }
}

static void answer_head(struct proxy__request *request)
{
    struct proxy__worker *worker = request->worker;
    struct proxy__block *block = request->answer;
    char *area = block != NULL ? block->data + block->end : worker->input;
    size_t room = head_room(request) - (block != NULL ? block->end : 0);
    size_t size = 0;
    enum err result = net_read(request->upstream->top, area, room, &size);
    if (result == ERR_AGAIN) {
        proxy__upstream_watch(request);
        return;
    }
    if (result != ERR_OK) {
        struct str otherwise = result == ERR_CLOSED ? STR("connection termination")
                                                    : STR("connection reset");
        proxy__upstream_lost(request, false, proxy__upstream_reason(request, result, otherwise));
        return;
    }
    request->answer_begun = true;
    if (block == NULL) {
        head_parse(request, worker->input, size);
        return;
    }
    block->end += size;
    head_parse(request, block->data, block->end);
}

void proxy__answer(struct proxy__request *request)
{
    if (request->down_rest != NULL)
        return;
    if (request->tunnelling)
        proxy__tunnel(request, false, true);
    else if (request->answer_ms == 0)
        answer_head(request);
    else
        answer_body(request);
}

void proxy__answer_flushed(struct proxy__request *request)
{
    if (request->tunnelling) {
        proxy__tunnel(request, false, false);
        return;
    }
    if (request->down_done) {
        proxy__request_end(request);
        return;
    }
    if (request->answer_ms == 0 && request->answer != NULL && request->answer->end > 0) {
        head_parse(request, request->answer->data, request->answer->end);
        return;
    }
    proxy__upstream_watch(request);
    proxy__conn_watch(request->conn);
}
