/* Any bytes as a request head. The answer does not depend on how they were cut; what is accepted
 * is written within the announced bound, is accepted again, and is then written the same. */
#include <stddef.h>
#include <stdint.h>

#include "core/base/assert.h"
#include "core/base/mem.h"
#include "core/http/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_cut(struct str bytes, size_t step, enum http_progress expected, size_t head_size)
{
    static struct http_request request;
    struct http_refusal refusal;
    struct http_scan scan = {0};
    enum http_progress progress = HTTP_MORE;
    for (size_t size = 0; progress == HTTP_MORE; size = MIN(size + step, bytes.size)) {
        progress = http_request_read(&scan, str_first(bytes, size), &request, &refusal);
        if (size == bytes.size) {
            break;
        }
    }
    ASSERT(progress == expected);
    ASSERT(progress != HTTP_DONE || request.head_size == head_size);
}

static void check_path(struct str path)
{
    size_t area_size = HTTP_PATH_AREA(path.size);
    char *area = mem_alloc(area_size);
    struct str normal;
    if (http_path_normalize(path, area, area_size, &normal) != HTTP_PATH_REFUSED) {
        struct str again;
        char *area_again = mem_alloc(HTTP_PATH_AREA(normal.size));
        ASSERT(http_path_normalize(normal, area_again, HTTP_PATH_AREA(normal.size), &again) ==
               HTTP_PATH_SAME);
        mem_free(area_again);
    }
    mem_free(area);
}

/* What filters may ask for; what they may not changes no message's end. */
static const struct http_edit edits[] = {
    {HTTP_EDIT_REMOVE, STR_INIT("accept"), STR_INIT("")},
    {HTTP_EDIT_SET, STR_INIT("x-a"), STR_INIT("b")},
    {HTTP_EDIT_SET, STR_INIT("content-length"), STR_INIT("9")},
    {HTTP_EDIT_SET, STR_INIT("transfer-encoding"), STR_INIT("chunked")},
    {HTTP_EDIT_ADD, STR_INIT("host"), STR_INIT("c.test")},
    {HTTP_EDIT_REMOVE, STR_INIT("connection"), STR_INIT("")},
};

static char *write_out(const struct http_request *request, size_t *ret_size)
{
    struct http_request_plan plan = {
        .path = request->path, .tunnel = true, .edits = {edits, ARRAY_SIZE(edits)}};
    size_t max = http_request_write_max(request, &plan);
    char *area = mem_alloc(max);
    *ret_size = http_request_write(request, &plan, area);
    ASSERT(*ret_size <= max);
    return area;
}

/* Another Host changes nothing else: with the first one again it is the same head. */
static void check_host(const struct http_request *request, struct str head)
{
    struct str other = STR("[::1]:80");
    char *there = mem_alloc(head.size + other.size);
    char *back = mem_alloc(head.size + other.size + request->authority.size);
    struct str replaced = str_make(there, http_request_host_replace(head, other, there));
    ASSERT(replaced.size == head.size - request->authority.size + other.size);
    size_t size = http_request_host_replace(replaced, request->authority, back);
    ASSERT(str_equal(str_make(back, size), head));
    mem_free(there);
    mem_free(back);
}

/* Fields of our own may come on top: a head at its very bounds need not fit a second time. */
static void check_written(const struct http_request *request)
{
    static struct http_request again;
    size_t size = 0;
    char *area = write_out(request, &size);
    struct http_scan scan = {0};
    struct http_refusal refusal;
    ASSERT(request->authority.size <= HTTP_HOST_MAX + sizeof(":65535") - 1);
    check_host(request, str_make(area, size));
    if (request->fields.count + 5 <= HTTP_FIELDS_MAX && size <= HTTP_HEAD_MAX) {
        ASSERT(http_request_read(&scan, str_make(area, size), &again, &refusal) == HTTP_DONE);
        ASSERT(again.head_size == size);
        ASSERT(again.method == request->method);
        ASSERT(again.framing == request->framing || request->framing == HTTP_FRAMING_NONE);
        ASSERT(again.content_length == request->content_length);
        ASSERT(str_equal(again.path, request->path) && str_equal(again.query, request->query));
        ASSERT(str_equal(again.host, request->host));
        size_t size_again = 0;
        char *area_again = write_out(&again, &size_again);
        ASSERT(str_equal(str_make(area, size), str_make(area_again, size_again)));
        mem_free(area_again);
    }
    mem_free(area);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct http_request request;
    struct http_refusal refusal;
    struct http_scan scan = {0};
    struct str bytes = str_make((const char *)data, size);
    enum http_progress progress = http_request_read(&scan, bytes, &request, &refusal);
    size_t head_size = progress == HTTP_DONE ? request.head_size : 0;
    check_cut(bytes, size / 2 + 1, progress, head_size);
    check_cut(bytes, size / 7 + 1, progress, head_size);
    if (size <= 512) {
        check_cut(bytes, 1, progress, head_size);
    }
    if (progress == HTTP_DONE) {
        ASSERT(head_size <= size);
        check_path(request.path);
        if (request.method != HTTP_CONNECT) {
            check_written(&request);
        }
    }
    return 0;
}
