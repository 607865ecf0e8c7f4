/* Answers of our own. */
#include "core/base/assert.h"
#include "data/proxy/request.h"

_Static_assert(SUBSCRIBE_BODY_MAX + MODEL_HEADERS_MAX + PROXY__ANSWER_OWN_MAX <= PROXY_BLOCK_SIZE,
               "an answer of our own is written from a block");

/* What of the request's body is already here is taken, so that the connection can stay. Returns
 * the block that had nothing else, or NULL: the head may be in it still, and the answer made of
 * that. */
MUST_USE static struct proxy__block *body_skip(struct proxy__request *request)
{
    struct proxy__conn *conn = request->conn;
    if (request->up_done || conn->block == NULL || request->close_client)
        return NULL;
    size_t used;
    struct str payload;
    enum http_body_step step = proxy__body_gather(
        &request->up_body, conn->block->data + conn->block->begin,
        conn->block->end - conn->block->begin, &used, &payload);
    request->up_done = step == HTTP_BODY_DONE;
    request->bytes_received += payload.size;
    conn->block->begin += used;
    return conn->block->begin == conn->block->end ? TAKE(conn->block) : NULL;
}

static struct str reply_write(struct proxy__request *request, const struct http_reply *reply)
{
    struct proxy__worker *worker = request->worker;
    (void)proxy__worker_wall(worker); /* refreshes the date */
    struct http_response_plan plan = {
        .client_version = request->minor_version,
        .keep_alive = !request->close_client,
        .strict_transport = request->strict_transport,
        .date = str_make(worker->date, sizeof(worker->date)),
        .edits = request->down_edits,
    };
    ASSERT(http_reply_write_max(reply, &plan) <= PROXY_BLOCK_SIZE);
    return str_make(worker->output, http_reply_write(reply, &plan, worker->output));
}

void proxy__reply_full(struct proxy__request *request, const struct http_reply *reply,
                       struct str reason)
{
    ASSERT(!request->answering);
    proxy__upstream_drop(request);
    if (request->down_rest != NULL) { /* a 1xx that the client does not read */
        proxy__request_abort(request, reason);
        return;
    }
    request->reason = reason;
    request->down_framing = HTTP_FRAMING_LENGTH;
    struct proxy__block *spent = body_skip(request);
    if (!proxy__request_keeps(request))
        request->close_client = true;
    struct http_reply own = *reply;
    own.omit_body = request->method == HTTP_HEAD;
    struct str text = reply_write(request, &own);
    (void)proxy__block_give(request->worker, spent); /* always NULL */
    request->answering = true;
    request->down_done = true;
    request->status = reply->status;
    request->bytes_sent = own.omit_body ? 0 : reply->body.size;
    struct iovec part = {(void *)(uintptr_t)text.data, text.size};
    bool none;
    enum err result = proxy__write(request->worker, request->conn->top, &part, 1,
                                   &request->down_rest, &none);
    if (result == ERR_OK) {
        proxy__request_end(request);
    } else if (result == ERR_AGAIN) {
        proxy__request_arm(request);
        proxy__conn_watch(request->conn);
    } else {
        proxy__request_abort(request, STR("client_closed"));
    }
}

void proxy__reply(struct proxy__request *request, unsigned status, struct str body,
                  struct str reason)
{
    struct http_reply reply = {.status = (uint16_t)status, .body = body};
    proxy__reply_full(request, &reply, reason);
}
