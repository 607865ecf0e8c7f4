/* Any bytes as a chunked body; the first byte says in which steps they arrive. Payload, end and
 * verdict do not depend on it, and payload that is chunked by us is read back. */
#include <stddef.h>
#include <stdint.h>

#include "core/base/assert.h"
#include "core/base/buf.h"
#include "core/http/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum http_body_step read_all(struct str input, size_t step, struct buf *payload,
                                    size_t *ret_end)
{
    struct http_body body;
    http_body_init(&body, HTTP_FRAMING_CHUNKED, 0);
    enum http_body_step result = HTTP_BODY_MORE;
    size_t at = 0;
    while (at < input.size && result != HTTP_BODY_DONE && result != HTTP_BODY_BROKEN) {
        struct str piece = str_first(str_from(input, at), step);
        size_t used = 0;
        struct str data = STR_EMPTY;
        result = http_body_read(&body, piece, &used, &data);
        ASSERT(used <= piece.size && (used > 0 || result == HTTP_BODY_BROKEN));
        at += used;
        if (result == HTTP_BODY_DATA) {
            ASSERT(data.data >= piece.data && data.data + data.size <= piece.data + used);
            buf_append(payload, data);
        }
    }
    *ret_end = at;
    return result == HTTP_BODY_DATA ? HTTP_BODY_MORE : result;
}

static void check_chunked_again(struct str payload)
{
    struct buf chunked;
    buf_init(&chunked, payload.size + 64);
    if (payload.size > 0) {
        char head[HTTP_CHUNK_HEAD_MAX];
        buf_append(&chunked, str_make(head, http_chunk_head(payload.size, head)));
        buf_append(&chunked, payload);
        buf_append(&chunked, HTTP_CHUNK_END);
    }
    buf_append(&chunked, HTTP_CHUNK_LAST);
    struct buf again;
    buf_init(&again, payload.size);
    size_t end = 0;
    ASSERT(read_all(buf_str(&chunked), SIZE_MAX, &again, &end) == HTTP_BODY_DONE);
    ASSERT(end == chunked.size && str_equal(buf_str(&again), payload));
    buf_deinit(&again);
    buf_deinit(&chunked);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    struct str input = str_make((const char *)data + 1, size - 1);
    struct buf whole;
    struct buf cut;
    buf_init(&whole, size);
    buf_init(&cut, size);
    size_t whole_end = 0;
    size_t cut_end = 0;
    enum http_body_step result = read_all(input, SIZE_MAX, &whole, &whole_end);
    ASSERT(read_all(input, 1 + data[0] % 16, &cut, &cut_end) == result);
    ASSERT(whole_end == cut_end && str_equal(buf_str(&whole), buf_str(&cut)));
    check_chunked_again(buf_str(&whole));
    buf_deinit(&whole);
    buf_deinit(&cut);
    return 0;
}
