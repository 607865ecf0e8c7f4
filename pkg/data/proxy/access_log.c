/* The access log: one line per request, for people as text or for machines as JSON.
 *
 *     2026-11-24T03:50:19.123Z 200 GET shop.example.com/cart 3ms 127.0.0.1:9001
 *     listener=shop:HTTP:8080 virtual_host=shop.example.com route=cart rule=0
 *     cluster=cart-0123456789abcdef bytes_in=0 bytes_out=1024 upstream=2ms retries=1
 *     peer=127.0.0.1:50412 request_id=... reason="connection failure"    (one line)
 *
 * A line is put together in the chunk itself, so there is one copy and no write per request. */
#include "core/base/assert.h"
#include "core/base/mem.h"
#include "data/proxy/log.h"
#include "data/proxy/main.h"
#include "data/proxy/request.h"

/* A line's own bound: every text in it has one, and an escaped byte takes six. Besides the target
 * these are method, authority, end point, listener, virtual host, route, cluster, id and reason;
 * keys, numbers, the time and the client's address share what is left. */
#define LINE_MAX_SIZE ((size_t)32 * 1024)
#define TEXT_MAX      ((size_t)256)
#define TEXTS         ((size_t)9)
#define ESCAPED       ((size_t)6)
_Static_assert((PROXY__LOG_TARGET_MAX + TEXTS * TEXT_MAX) * ESCAPED + 1024 <= LINE_MAX_SIZE,
               "the longest line fits");

struct line {
    char *at;
    bool json;
};

static void put(struct line *line, struct str s)
{
    memcpy(line->at, s.data, s.size);
    line->at += s.size;
}

static void put_number(struct line *line, uint64_t number)
{
    char digits[20];
    size_t at = sizeof(digits);
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    put(line, str_make(digits + at, sizeof(digits) - at));
}

/* Bytes that could end a line or a string, or drive a terminal, are written as \u00XX; so is a
 * space, unless the text is quoted. */
static bool is_plain(unsigned char c)
{
    return c > ' ' && c < 0x7f && c != '"' && c != '\\';
}

static void put_safe(struct line *line, struct str s, bool quoted)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < s.size; i++) {
        unsigned char c = (unsigned char)s.data[i];
        if (is_plain(c) || (quoted && c == ' ')) {
            *line->at++ = (char)c;
            continue;
        }
        put(line, STR("\\u00"));
        *line->at++ = digits[c >> 4];
        *line->at++ = digits[c & 0xf];
    }
}

static void put_word(struct line *line, struct str s)
{
    put_safe(line, s, false);
}

static void put_quoted(struct line *line, struct str s)
{
    *line->at++ = '"';
    put_safe(line, s, true);
    *line->at++ = '"';
}

static void put_key(struct line *line, struct str key)
{
    put(line, line->json ? STR(",\"") : STR(" "));
    put(line, key);
    put(line, line->json ? STR("\":") : STR("="));
}

static void put_text(struct line *line, struct str key, struct str value)
{
    if (value.size == 0)
        return;
    put_key(line, key);
    value = str_first(value, TEXT_MAX);
    if (line->json || str_find_char(value, ' ') != STR_NOT_FOUND)
        put_quoted(line, value);
    else
        put_word(line, value);
}

static void put_count(struct line *line, struct str key, uint64_t number, struct str unit)
{
    put_key(line, key);
    put_number(line, number);
    if (!line->json)
        put(line, unit);
}

static void put_time(struct line *line, struct proxy__worker *worker)
{
    uint64_t ms = proxy__worker_wall(worker) % 1000;
    put(line, str_make(worker->log_time, sizeof(worker->log_time)));
    *line->at++ = (char)('0' + ms / 100);
    *line->at++ = (char)('0' + ms / 10 % 10);
    *line->at++ = (char)('0' + ms % 10);
    *line->at++ = 'Z';
}

static struct str or_dash(struct str s)
{
    return s.size == 0 ? STR("-") : s;
}

/* What a person looks for first. */
static void put_front_text(struct line *line, const struct proxy__request *request,
                           uint64_t duration_ms)
{
    *line->at++ = ' ';
    if (request->status != 0)
        put_number(line, request->status);
    else
        *line->at++ = '-';
    *line->at++ = ' ';
    put_word(line, or_dash(request->method_text));
    *line->at++ = ' ';
    put_word(line, str_first(request->authority, TEXT_MAX));
    put_word(line, or_dash(request->target));
    *line->at++ = ' ';
    put_number(line, duration_ms);
    put(line, STR("ms "));
    put(line, request->endpoint != NULL ? upstream_endpoint_text(request->endpoint) : STR("-"));
}

static void put_front_json(struct line *line, const struct proxy__request *request,
                           uint64_t duration_ms)
{
    put_count(line, STR("status"), request->status, STR_EMPTY);
    put_text(line, STR("method"), request->method_text);
    put_text(line, STR("authority"), request->authority);
    put_key(line, STR("path"));
    put_quoted(line, request->target);
    put_count(line, STR("duration_ms"), duration_ms, STR_EMPTY);
    if (request->endpoint != NULL)
        put_text(line, STR("endpoint"), upstream_endpoint_text(request->endpoint));
}

static void put_route(struct line *line, const struct proxy__request *request)
{
    put_text(line, STR("listener"), request->listener->model->name);
    if (request->host != NULL)
        put_text(line, STR("virtual_host"), route_host_model(request->host)->domain);
    if (request->rule != NULL && request->rule->route.size > 0) {
        put_text(line, STR("route"), request->rule->route);
        put_count(line, STR("rule"), request->rule->index, STR_EMPTY);
    }
    if (request->cluster != NULL)
        put_text(line, STR("cluster"), upstream_cluster_model(request->cluster)->name);
}

static void put_rest(struct line *line, const struct proxy__request *request)
{
    const struct proxy__conn *conn = request->conn;
    put_count(line, STR("bytes_in"), request->bytes_received, STR_EMPTY);
    put_count(line, STR("bytes_out"), request->bytes_sent, STR_EMPTY);
    if (request->answer_ms != 0 && request->upstream_ms != 0)
        put_count(line, line->json ? STR("upstream_ms") : STR("upstream"),
                  request->answer_ms - request->upstream_ms, STR("ms"));
    if (request->tries > 1)
        put_count(line, STR("retries"), request->tries - 1U, STR_EMPTY);
    put_key(line, STR("peer"));
    if (line->json)
        *line->at++ = '"';
    bool v6 = memchr(conn->client, ':', conn->client_size) != NULL;
    put(line, v6 ? STR("[") : STR_EMPTY);
    put(line, str_make(conn->client, conn->client_size));
    put(line, v6 ? STR("]:") : STR(":"));
    put_number(line, conn->client_port);
    if (line->json)
        *line->at++ = '"';
    put_text(line, STR("request_id"), request->id);
    put_text(line, STR("reason"), request->reason);
}

void proxy__log_flush(struct proxy__worker *worker)
{
    if (worker->log == NULL || worker->log->size == 0)
        return;
    worker->log = proxy__log_sink_swap(worker->proxy->sink, worker->log);
}

static bool chunk_ready(struct proxy__worker *worker)
{
    struct proxy__log_chunk *chunk = worker->log;
    if (chunk != NULL && sizeof(chunk->data) - chunk->size >= LINE_MAX_SIZE)
        return true;
    worker->log = proxy__log_sink_swap(worker->proxy->sink, chunk);
    return worker->log != NULL;
}

void proxy__log(struct proxy__request *request)
{
    struct proxy__worker *worker = request->worker;
    if (worker->proxy->sink == NULL)
        return;
    if (!chunk_ready(worker)) {
        worker->lines_dropped++;
        return;
    }
    struct proxy__log_chunk *chunk = worker->log;
    if (chunk->size == 0)
        loop_timer_start(worker->loop, &worker->log_flush, PROXY__LOG_FLUSH_MS);
    struct line line = {.at = chunk->data + chunk->size,
                        .json = worker->proxy->log_format == LOG_JSON};
    uint64_t duration_ms = loop_now_ms(worker->loop) - request->begin_ms;
    if (line.json) {
        put(&line, STR("{\"time\":\""));
        put_time(&line, worker);
        put(&line, STR("\""));
        put_front_json(&line, request, duration_ms);
    } else {
        put_time(&line, worker);
        put_front_text(&line, request, duration_ms);
    }
    put_route(&line, request);
    put_rest(&line, request);
    put(&line, line.json ? STR("}\n") : STR("\n"));
    chunk->size = (size_t)(line.at - chunk->data);
    ASSERT(chunk->size <= sizeof(chunk->data));
}
