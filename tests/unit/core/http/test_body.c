/* Bodies: payload and end are the same however the input is cut; what is ambiguous is broken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/buf.h"
#include "core/base/mem.h"
#include "core/http/http.h"

/* Reads `input` in pieces of `step` bytes. */
static enum http_body_step read_all(struct http_body *body, struct str input, size_t step,
                                    struct buf *payload, size_t *ret_used)
{
    size_t at = 0;
    while (at < input.size) {
        struct str piece = str_first(str_from(input, at), step);
        enum http_body_step result = HTTP_BODY_DATA;
        while (result == HTTP_BODY_DATA) {
            size_t used = 0;
            struct str data = STR_EMPTY;
            result = http_body_read(body, piece, &used, &data);
            at += used;
            piece = str_from(piece, used);
            if (result == HTTP_BODY_DATA) {
                assert_true(data.size > 0);
                buf_append(payload, data);
            }
        }
        *ret_used = at;
        if (result != HTTP_BODY_MORE) {
            return result;
        }
        assert_int_equal(piece.size, 0);
    }
    return HTTP_BODY_MORE;
}

struct chunked {
    const char *input;
    enum http_body_step result;
    const char *payload;
    size_t rest; /* bytes behind the body */
};

static const struct chunked chunked[] = {
    {"0\r\n\r\n", HTTP_BODY_DONE, "", 0},
    {"000\r\n\r\nGET", HTTP_BODY_DONE, "", 3},
    {"5\r\nhello\r\n0\r\n\r\n", HTTP_BODY_DONE, "hello", 0},
    {"5\r\nhello\r\n00b\r\n, big world\r\n0\r\n\r\n", HTTP_BODY_DONE, "hello, big world", 0},
    {"A\r\n0123456789\r\n0\r\n\r\n", HTTP_BODY_DONE, "0123456789", 0},
    {"5;a=b;c=\"d\"\r\nhello\r\n0;x\r\n\r\n", HTTP_BODY_DONE, "hello", 0},
    {"0\r\nTrailer: x\r\nOther:\ty\r\n\r\nrest", HTTP_BODY_DONE, "", 4},
    {"5\r\nhel", HTTP_BODY_MORE, "hel", 0},
    {"5\r\nhello\r\n0\r\n", HTTP_BODY_MORE, "hello", 0},
    {"\r\n", HTTP_BODY_BROKEN, "", 0},
    {"x\r\n", HTTP_BODY_BROKEN, "", 0},
    {";a\r\n", HTTP_BODY_BROKEN, "", 0},
    {"-1\r\n", HTTP_BODY_BROKEN, "", 0},
    {"+1\r\na\r\n", HTTP_BODY_BROKEN, "", 0},
    {"0x1\r\na\r\n", HTTP_BODY_BROKEN, "", 0},
    {" 1\r\na\r\n", HTTP_BODY_BROKEN, "", 0},
    {"1 \r\na\r\n", HTTP_BODY_BROKEN, "", 0},
    {"1\na\n0\n\n", HTTP_BODY_BROKEN, "", 0},
    {"1\rxa", HTTP_BODY_BROKEN, "", 0},
    {"1;\na\r\n", HTTP_BODY_BROKEN, "", 0},
    {"1;\x01\r\na\r\n", HTTP_BODY_BROKEN, "", 0},
    {"1\r\nab\r\n", HTTP_BODY_BROKEN, "a", 0},
    {"1\r\na\n0\r\n\r\n", HTTP_BODY_BROKEN, "a", 0},
    {"1\r\na\rx", HTTP_BODY_BROKEN, "a", 0},
    {"0\r\na: b\n\r\n", HTTP_BODY_BROKEN, "", 0},
    {"0\r\na: b\rc\r\n", HTTP_BODY_BROKEN, "", 0},
    {"0\r\n\rx", HTTP_BODY_BROKEN, "", 0},
    {"0\r\na\x7f\r\n\r\n", HTTP_BODY_BROKEN, "", 0},
    {"8000000000000000\r\n", HTTP_BODY_BROKEN, "", 0},
    {"10000000000000000\r\n", HTTP_BODY_BROKEN, "", 0},
};

static void test_chunked(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(chunked); i++) {
        struct str input = str_of(chunked[i].input);
        for (size_t step = 1; step <= input.size; step++) {
            struct http_body body;
            http_body_init(&body, HTTP_FRAMING_CHUNKED, 0);
            struct buf payload;
            buf_init(&payload, 64);
            size_t used = 0;
            enum http_body_step result = read_all(&body, input, step, &payload, &used);
            if (result != chunked[i].result) {
                fail_msg("%s in steps of %zu: %d", chunked[i].input, step, result);
            }
            struct str expected = str_of(chunked[i].payload);
            assert_true(str_equal(buf_str(&payload), expected));
            assert_int_equal(http_body_is_done(&body), result == HTTP_BODY_DONE);
            assert_int_equal(http_body_left(&body), result == HTTP_BODY_DONE ? 0 : UINT64_MAX);
            assert_int_equal(http_body_end(&body), result == HTTP_BODY_DONE);
            if (result == HTTP_BODY_DONE) {
                assert_int_equal(used, input.size - chunked[i].rest);
            }
            buf_deinit(&payload);
        }
    }
}

/* The bound is that of one line, not of all. */
static void test_many_chunks(void **state)
{
    (void)state;
    struct http_body body;
    http_body_init(&body, HTTP_FRAMING_CHUNKED, 0);
    struct buf payload;
    buf_init(&payload, HTTP_CHUNK_LINE_MAX);
    for (size_t i = 0; i < HTTP_CHUNK_LINE_MAX; i++) {
        size_t used = 0;
        assert_int_equal(read_all(&body, STR("1\r\na\r\n"), 6, &payload, &used), HTTP_BODY_MORE);
    }
    assert_int_equal(payload.size, HTTP_CHUNK_LINE_MAX);
    buf_deinit(&payload);
}

/* Once broken, always broken: nothing behind it can be trusted. */
static void test_broken_stays(void **state)
{
    (void)state;
    struct http_body body;
    http_body_init(&body, HTTP_FRAMING_CHUNKED, 0);
    size_t used = 0;
    struct str data = STR_EMPTY;
    assert_int_equal(http_body_read(&body, STR("x"), &used, &data), HTTP_BODY_BROKEN);
    assert_int_equal(http_body_read(&body, STR("0\r\n\r\n"), &used, &data), HTTP_BODY_BROKEN);
    assert_int_equal(used, 0);
}

static void test_bounds(void **state)
{
    (void)state;
    static char area[HTTP_TRAILERS_MAX + 16];
    for (size_t extra = 0; extra < 2; extra++) {
        struct http_body body;
        size_t used = 0;
        struct str data = STR_EMPTY;
        memset(area, 'x', sizeof(area));
        memcpy(area, "1;", 2);
        size_t size = HTTP_CHUNK_LINE_MAX + extra;
        memcpy(area + size - 2, "\r\n", 2);
        http_body_init(&body, HTTP_FRAMING_CHUNKED, 0);
        assert_int_equal(http_body_read(&body, str_make(area, size), &used, &data),
                         extra == 0 ? HTTP_BODY_MORE : HTTP_BODY_BROKEN);

        memset(area, 'x', sizeof(area));
        memcpy(area, "0\r\n", 3);
        size = 3 + HTTP_TRAILERS_MAX + extra;
        memcpy(area + size - 4, "\r\n\r\n", 4);
        http_body_init(&body, HTTP_FRAMING_CHUNKED, 0);
        assert_int_equal(http_body_read(&body, str_make(area, size), &used, &data),
                         extra == 0 ? HTTP_BODY_DONE : HTTP_BODY_BROKEN);
    }
}

static void test_length(void **state)
{
    (void)state;
    struct http_body body;
    size_t used = 0;
    struct str data = STR_EMPTY;
    http_body_init(&body, HTTP_FRAMING_LENGTH, 5);
    assert_int_equal(http_body_left(&body), 5);
    assert_int_equal(http_body_read(&body, STR(""), &used, &data), HTTP_BODY_MORE);
    assert_int_equal(http_body_read(&body, STR("abc"), &used, &data), HTTP_BODY_DATA);
    assert_int_equal(used, 3);
    assert_int_equal(http_body_left(&body), 2);
    assert_int_equal(http_body_read(&body, STR("deGET"), &used, &data), HTTP_BODY_DATA);
    assert_int_equal(used, 2);
    assert_int_equal(data.size, 2);
    assert_true(http_body_is_done(&body));
    assert_int_equal(http_body_read(&body, STR("GET"), &used, &data), HTTP_BODY_DONE);
    assert_int_equal(used, 0);

    http_body_init(&body, HTTP_FRAMING_LENGTH, 5);
    assert_false(http_body_end(&body));
    http_body_init(&body, HTTP_FRAMING_LENGTH, 0);
    assert_true(http_body_is_done(&body));
    http_body_init(&body, HTTP_FRAMING_NONE, 7);
    assert_int_equal(http_body_read(&body, STR("GET"), &used, &data), HTTP_BODY_DONE);
    assert_int_equal(used, 0);
}

static void test_close(void **state)
{
    (void)state;
    struct http_body body;
    size_t used = 0;
    struct str data = STR_EMPTY;
    http_body_init(&body, HTTP_FRAMING_CLOSE, 0);
    assert_int_equal(http_body_read(&body, STR("abc"), &used, &data), HTTP_BODY_DATA);
    assert_int_equal(used, 3);
    assert_int_equal(http_body_left(&body), UINT64_MAX);
    assert_true(http_body_end(&body));
    assert_true(http_body_is_done(&body));
}

static void test_chunk_head(void **state)
{
    (void)state;
    static const struct {
        uint64_t size;
        const char *text;
    } cases[] = {
        {1, "1\r\n"},
        {15, "f\r\n"},
        {16, "10\r\n"},
        {4096, "1000\r\n"},
        {0xabcdef, "abcdef\r\n"},
        {UINT64_MAX, "ffffffffffffffff\r\n"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char area[HTTP_CHUNK_HEAD_MAX];
        size_t size = http_chunk_head(cases[i].size, area);
        assert_true(str_equal(str_make(area, size), str_of(cases[i].text)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chunked),      cmocka_unit_test(test_many_chunks),
        cmocka_unit_test(test_broken_stays), cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_length),       cmocka_unit_test(test_close),
        cmocka_unit_test(test_chunk_head),
    };
    return cmocka_run_group_tests_name("core/http body", tests, NULL, NULL);
}
