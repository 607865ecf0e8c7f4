/* Any bytes as a response head; the first byte chooses the method it answers. As for requests: the
 * cut does not matter, and what is accepted is written the same for ever. */
#include <stddef.h>
#include <stdint.h>

#include "core/base/assert.h"
#include "core/base/mem.h"
#include "core/http/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_cut(struct str bytes, size_t step, enum http_method method,
                      enum http_progress expected)
{
    static struct http_response response;
    struct http_refusal refusal;
    struct http_scan scan = {0};
    enum http_progress progress = HTTP_MORE;
    for (size_t size = 0; progress == HTTP_MORE; size = MIN(size + step, bytes.size)) {
        progress = http_response_read(&scan, str_first(bytes, size), method, &response, &refusal);
        if (size == bytes.size) {
            break;
        }
    }
    ASSERT(progress == expected);
}

/* What filters may ask for; what they may not changes no message's end. */
static const struct http_edit edits[] = {
    {HTTP_EDIT_REMOVE, STR_INIT("date"), STR_INIT("")},
    {HTTP_EDIT_SET, STR_INIT("x-a"), STR_INIT("b")},
    {HTTP_EDIT_SET, STR_INIT("content-length"), STR_INIT("9")},
    {HTTP_EDIT_SET, STR_INIT("transfer-encoding"), STR_INIT("chunked")},
    {HTTP_EDIT_ADD, STR_INIT("connection"), STR_INIT("close")},
    {HTTP_EDIT_REMOVE, STR_INIT("upgrade"), STR_INIT("")},
};

static char *write_out(const struct http_response *response, size_t *ret_size)
{
    struct http_response_plan plan = {
        .framing = response->framing,
        .client_version = 1,
        .keep_alive = response->keep_alive,
        .tunnel = response->status == 101 && response->upgrade.size > 0,
        .edits = {edits, ARRAY_SIZE(edits)},
    };
    size_t max = http_response_write_max(response, &plan);
    char *area = mem_alloc(max);
    *ret_size = http_response_write(response, &plan, area);
    ASSERT(*ret_size <= max);
    return area;
}

static void check_written(const struct http_response *response, enum http_method method)
{
    static struct http_response again;
    size_t size = 0;
    char *area = write_out(response, &size);
    struct http_scan scan = {0};
    struct http_refusal refusal;
    if (response->fields.count + 5 <= HTTP_FIELDS_MAX && size <= HTTP_HEAD_MAX) {
        ASSERT(http_response_read(&scan, str_make(area, size), method, &again, &refusal) ==
               HTTP_DONE);
        ASSERT(again.status == response->status && again.framing == response->framing);
        ASSERT(str_equal(again.reason, response->reason));
        size_t size_again = 0;
        char *area_again = write_out(&again, &size_again);
        ASSERT(str_equal(str_make(area, size), str_make(area_again, size_again)));
        mem_free(area_again);
    }
    mem_free(area);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct http_response response;
    if (size == 0) {
        return 0;
    }
    enum http_method method = data[0] == 'H' ? HTTP_HEAD : HTTP_GET;
    struct http_refusal refusal;
    struct http_scan scan = {0};
    struct str bytes = str_make((const char *)data + 1, size - 1);
    enum http_progress progress = http_response_read(&scan, bytes, method, &response, &refusal);
    check_cut(bytes, size / 2 + 1, method, progress);
    if (size <= 512) {
        check_cut(bytes, 1, method, progress);
    }
    if (progress == HTTP_DONE) {
        ASSERT(response.head_size <= bytes.size);
        check_written(&response, method);
    }
    return 0;
}
