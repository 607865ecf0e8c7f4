/* Copies of requests for mirrors: sent as the original is, and what answers them is dropped.
 *
 * The original comes first, and nothing of it waits for its copy. What the mirror does not take at
 * once waits in one block; when that is full the copy is given up. A copy pins neither request nor
 * state: a request that ends lets go of it, and a worker that leaves gives up what is left. It has
 * one try. */
#include "core/base/assert.h"
#include "core/base/mem.h"
#include "data/proxy/request.h"

#define PPM 1000000U

struct proxy__mirror {
    struct proxy__worker *worker;
    struct proxy__request *request; /* whose body it still gets; NULL: it goes on alone */
    struct upstream_conn *upstream;
    const struct upstream_endpoint *endpoint;
    struct proxy__block *rest;   /* bytes that it could not take yet */
    struct proxy__block *answer; /* an incomplete head of its answer */
    struct list link;
    struct loop_timer timer;
    struct http_scan scan;
    struct http_body body; /* of the answer */
    enum http_method method;
    uint32_t timeout_ms; /* for the answer, once the request is whole */
    bool connecting;
    bool complete; /* it has, or `rest` is, the end of the request */
    bool answered; /* the head of the answer was read */
    bool reusable;
};

/* ---- Ends ---- */

static void mirror_free(struct proxy__mirror *mirror)
{
    struct proxy__worker *worker = mirror->worker;
    if (mirror->request != NULL)
        mirror->request->mirror = NULL;
    if (mirror->upstream != NULL)
        upstream_close(mirror->upstream);
    loop_timer_stop(worker->loop, &mirror->timer);
    list_remove(&mirror->link);
    worker->mirror_count--;
    mirror->rest = proxy__block_give(worker, mirror->rest);
    mirror->answer = proxy__block_give(worker, mirror->answer);
    (void)mem_free(mirror); /* always NULL */
}

static void mirror_lose(struct proxy__mirror *mirror)
{
    mirror->worker->mirrors_lost++;
    mirror_free(mirror);
}

/* It was answered. `extra`: there is more than the answer. */
static void mirror_end(struct proxy__mirror *mirror, bool extra)
{
    if (mirror->reusable && mirror->complete && mirror->rest == NULL && !extra)
        upstream_give(TAKE(mirror->upstream));
    mirror_free(mirror);
}

static void on_timer(void *arg)
{
    mirror_lose(arg);
}

void proxy__mirror_leave(struct proxy__request *request)
{
    struct proxy__mirror *mirror = TAKE(request->mirror);
    mirror->request = NULL;
    if (!mirror->complete)
        mirror_lose(mirror);
}

void proxy__mirrors_lose(struct proxy__worker *worker)
{
    while (!list_is_empty(&worker->mirrors))
        mirror_lose(LIST_ITEM(worker->mirrors.next, struct proxy__mirror, link));
}

/* ---- Its answer ---- */

static void mirror_watch(struct proxy__mirror *mirror)
{
    if (!mirror->connecting)
        upstream_watch(mirror->upstream, mirror->rest != NULL ? LOOP_READ | LOOP_WRITE : LOOP_READ);
}

static void body_drop(struct proxy__mirror *mirror, char *data, size_t size)
{
    size_t used;
    struct str payload;
    switch (proxy__body_gather(&mirror->body, data, size, &used, &payload)) {
    case HTTP_BODY_MORE: mirror_watch(mirror); return;
    case HTTP_BODY_DONE: mirror_end(mirror, used < size); return;
    case HTTP_BODY_BROKEN: mirror_lose(mirror); return;
    case HTTP_BODY_DATA: break;
    }
    UNREACHABLE();
}

/* Bytes of a head that is not complete. */
static void head_keep(struct proxy__mirror *mirror, const char *data, size_t size)
{
    struct proxy__worker *worker = mirror->worker;
    if (mirror->answer == NULL && worker->block_count < PROXY_MIRROR_BLOCKS_MAX)
        mirror->answer = proxy__block_take(worker);
    if (mirror->answer == NULL || size == PROXY__READ_SIZE) {
        mirror_lose(mirror);
        return;
    }
    memmove(mirror->answer->data, data, size);
    mirror->answer->end = size;
    mirror_watch(mirror);
}

static void head_parse(struct proxy__mirror *mirror, char *data, size_t size)
{
    struct proxy__worker *worker = mirror->worker;
    struct http_response *response = &worker->response;
    do {
        struct http_refusal refusal;
        switch (http_response_read(&mirror->scan, str_make(data, size), mirror->method, response,
                                   &refusal)) {
        case HTTP_MORE: head_keep(mirror, data, size); return;
        case HTTP_REFUSED: mirror_lose(mirror); return;
        case HTTP_DONE: break;
        }
        data += response->head_size;
        size -= response->head_size;
        mirror->scan = (struct http_scan){0};
    } while (response->status < 200 && response->status != 101);
    mirror->answered = true;
    mirror->reusable = response->keep_alive && response->framing != HTTP_FRAMING_CLOSE &&
                       response->status != 101;
    http_body_init(&mirror->body, response->framing, response->content_length);
    struct proxy__block *block = TAKE(mirror->answer); /* has the bytes, if it is there */
    body_drop(mirror, data, size);
    (void)proxy__block_give(worker, block); /* always NULL */
}

static void answer_read(struct proxy__mirror *mirror)
{
    struct proxy__block *block = mirror->answer;
    char *area = block != NULL ? block->data : mirror->worker->input;
    size_t before = block != NULL ? block->end : 0;
    size_t size = 0;
    enum err result = net_read(mirror->upstream->top, area + before, PROXY__READ_SIZE - before,
                               &size);
    if (result == ERR_AGAIN)
        mirror_watch(mirror);
    else if (result == ERR_OK && mirror->answered)
        body_drop(mirror, area, size);
    else if (result == ERR_OK)
        head_parse(mirror, area, before + size);
    else if (result == ERR_CLOSED && mirror->answered && http_body_end(&mirror->body))
        mirror_end(mirror, true);
    else
        mirror_lose(mirror);
}

/* ---- Its request ---- */

static void on_upstream(void *arg, enum err result, unsigned events)
{
    struct proxy__mirror *mirror = arg;
    mirror->connecting = false;
    if (result == ERR_OK && mirror->rest != NULL)
        result = proxy__write_rest(mirror->worker, mirror->upstream->top, &mirror->rest);
    if (result != ERR_OK && result != ERR_AGAIN) {
        mirror_lose(mirror);
        return;
    }
    mirror_watch(mirror);
    if ((events & LOOP_READ) != 0)
        answer_read(mirror);
}

/* Sends `parts`, now or later. False: it cannot. */
static bool mirror_write(struct proxy__mirror *mirror, struct iovec *parts, int count)
{
    struct proxy__worker *worker = mirror->worker;
    if (mirror->rest == NULL && worker->block_count >= PROXY_MIRROR_BLOCKS_MAX)
        return false;
    if (!mirror->connecting && mirror->rest == NULL) {
        bool none;
        enum err result = proxy__write(worker, mirror->upstream->top, parts, count, &mirror->rest,
                                       &none);
        return result == ERR_OK || result == ERR_AGAIN;
    }
    if (mirror->rest == NULL)
        mirror->rest = proxy__block_take(worker);
    return mirror->rest != NULL && proxy__block_append(mirror->rest, parts, count, 0);
}

void proxy__mirror_send(struct proxy__request *request, struct iovec *parts, int count)
{
    struct proxy__mirror *mirror = request->mirror;
    if (!mirror_write(mirror, parts, count)) {
        mirror_lose(mirror);
        return;
    }
    mirror_watch(mirror);
    mirror->complete = request->up_done;
    if (mirror->complete)
        loop_timer_start(mirror->worker->loop, &mirror->timer, mirror->timeout_ms);
}

/* "a.test:80" is "a.test-shadow:80" to a mirror. An address in brackets, and no name at all, stay
 * as they are: with more behind them they would be no Host that a server takes. */
static struct str authority_make(struct proxy__request *request)
{
    struct str authority = proxy__authority(request);
    if (authority.size == 0 || authority.data[0] == '[')
        return authority;
    size_t size = MIN(str_find_char(authority, ':'), authority.size);
    const struct str parts[] = {str_first(authority, size), STR(PROXY__SHADOW),
                                str_from(authority, size)};
    return str_concat(request->arena, parts, ARRAY_SIZE(parts));
}

/* The count of all is looked at first: mostly it says enough. */
static bool has_room(const struct proxy__worker *worker, const struct upstream_endpoint *endpoint)
{
    if (worker->mirror_count < PROXY_MIRRORS_ENDPOINT_MAX)
        return true;
    if (worker->mirror_count >= PROXY_MIRRORS_MAX)
        return false;
    size_t count = 0;
    LIST_FOR_EACH(node, &worker->mirrors)
        count += LIST_ITEM(node, struct proxy__mirror, link)->endpoint == endpoint;
    return count < PROXY_MIRRORS_ENDPOINT_MAX;
}

/* A copy that is to go to one endpoint of the rule's mirror, or NULL. */
static struct proxy__mirror *mirror_open(struct proxy__request *request)
{
    struct proxy__worker *worker = request->worker;
    struct upstream_cluster *cluster = upstream_cluster_find(request->view->upstreams,
                                                             request->rule->mirror.cluster);
    ASSERT(cluster != NULL); /* model_snapshot_new has checked the reference */
    struct str hostname;
    struct upstream_endpoint *endpoint = upstream_pick(cluster, NULL, &hostname);
    if (endpoint == NULL || !has_room(worker, endpoint))
        return NULL;
    struct proxy__mirror *mirror = MEM_NEW(struct proxy__mirror);
    uint32_t timeout_ms = upstream_cluster_model(cluster)->connect_timeout_ms;
    mirror->upstream = upstream_take(endpoint, on_upstream, mirror);
    mirror->connecting = mirror->upstream == NULL;
    if (mirror->connecting &&
        upstream_connect(endpoint, timeout_ms, on_upstream, mirror, &mirror->upstream) != ERR_OK)
        return mem_free(mirror);
    mirror->worker = worker;
    mirror->endpoint = endpoint;
    mirror->request = request;
    mirror->method = request->method;
    mirror->timeout_ms = request->rule->request_timeout_ms;
    if (mirror->timeout_ms == 0)
        mirror->timeout_ms = PROXY_MIRROR_MS;
    loop_timer_init(&mirror->timer, on_timer, mirror);
    list_push_back(&worker->mirrors, &mirror->link);
    worker->mirror_count++;
    return mirror;
}

static struct iovec head_make(struct proxy__request *request, struct iovec part)
{
    char *area = request->worker->output;
    struct str head = str_make(part.iov_base, part.iov_len);
    return (struct iovec){area, http_request_host_replace(head, authority_make(request), area)};
}

void proxy__mirror_begin(struct proxy__request *request, struct iovec *parts, int count)
{
    struct proxy__worker *worker = request->worker;
    uint32_t ppm = request->rule->mirror.ppm;
    if (request->mirrored) {
        ASSERT(count == 1); /* a second try: no more of the body has come since the first */
        return;
    }
    request->mirrored = true;
    if (request->tunnel || (ppm < PPM && random_next(&worker->random) % PPM >= ppm))
        return;
    worker->mirrors_begun++;
    request->mirror = mirror_open(request);
    if (request->mirror == NULL) {
        worker->mirrors_lost++;
        return;
    }
    parts[0] = head_make(request, parts[0]);
    proxy__mirror_send(request, parts, count);
}
