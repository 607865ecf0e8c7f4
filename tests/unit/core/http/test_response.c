/* Response heads: framing by status and method, refusals, upgrades. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/mem.h"
#include "core/http/http.h"

static struct http_response response;

static enum http_progress read_whole(struct str bytes, enum http_method method,
                                     struct http_refusal *refusal)
{
    struct http_scan scan = {0};
    return http_response_read(&scan, bytes, method, &response, refusal);
}

struct accepted {
    const char *bytes;
    enum http_method method;
    unsigned status;
    enum http_framing framing;
    bool has_length;
    uint64_t length;
    bool keep_alive;
};

static const struct accepted accepted[] = {
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", HTTP_GET, 200, HTTP_FRAMING_LENGTH, true, 5,
     true},
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", HTTP_HEAD, 200, HTTP_FRAMING_NONE, true, 5,
     true},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", HTTP_GET, 200, HTTP_FRAMING_CHUNKED,
     false, 0, true},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", HTTP_HEAD, 200, HTTP_FRAMING_NONE,
     false, 0, true},
    {"HTTP/1.1 200 \r\n\r\n", HTTP_GET, 200, HTTP_FRAMING_CLOSE, false, 0, false},
    {"HTTP/1.1 200\r\n\r\n", HTTP_GET, 200, HTTP_FRAMING_CLOSE, false, 0, false},
    {"HTTP/1.1 204 No Content\r\n\r\n", HTTP_GET, 204, HTTP_FRAMING_NONE, false, 0, true},
    {"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", HTTP_GET, 204, HTTP_FRAMING_NONE, true,
     0, true},
    /* What they announce never belongs to the next answer on the connection. */
    {"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", HTTP_GET, 204, HTTP_FRAMING_NONE, true,
     5, false},
    {"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n", HTTP_GET, 204,
     HTTP_FRAMING_NONE, false, 0, false},
    {"HTTP/1.1 103 Hints\r\nContent-Length: 5\r\n\r\n", HTTP_GET, 103, HTTP_FRAMING_NONE, true, 5,
     false},
    {"HTTP/1.1 304 No\r\nTransfer-Encoding: chunked\r\n\r\n", HTTP_GET, 304, HTTP_FRAMING_NONE,
     false, 0, true},
    {"HTTP/1.1 200 OK\r\nX_A: b\r\nContent-Length: 0\r\n\r\n", HTTP_GET, 200, HTTP_FRAMING_LENGTH,
     true, 0, true},
    {"HTTP/1.1 304 \xc3\xa4\t!\r\nContent-Length: 7\r\n\r\n", HTTP_GET, 304, HTTP_FRAMING_NONE,
     true, 7, true},
    {"HTTP/1.1 100 Continue\r\n\r\n", HTTP_POST, 100, HTTP_FRAMING_NONE, false, 0, true},
    {"HTTP/1.1 101 Switching Protocols\r\n\r\n", HTTP_GET, 101, HTTP_FRAMING_NONE, false, 0, false},
    {"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", HTTP_GET, 200, HTTP_FRAMING_LENGTH, true, 0,
     false},
    {"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n", HTTP_GET, 200,
     HTTP_FRAMING_LENGTH, true, 0, true},
    {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", HTTP_GET, 200,
     HTTP_FRAMING_LENGTH, true, 0, false},
    {"HTTP/1.1 599 Odd\r\nContent-Length: 0\r\n\r\n", HTTP_GET, 599, HTTP_FRAMING_LENGTH, true, 0,
     true},
};

static void test_accepted(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(accepted); i++) {
        const struct accepted *expected = &accepted[i];
        struct http_refusal refusal = {0};
        struct str bytes = str_of(expected->bytes);
        for (size_t size = 0; size < bytes.size; size++) {
            assert_int_equal(read_whole(str_first(bytes, size), expected->method, &refusal),
                             HTTP_MORE);
        }
        assert_int_equal(read_whole(bytes, expected->method, &refusal), HTTP_DONE);
        assert_int_equal(response.status, expected->status);
        assert_int_equal(response.framing, expected->framing);
        assert_int_equal(response.has_content_length, expected->has_length);
        assert_int_equal(response.content_length, expected->length);
        assert_int_equal(response.keep_alive, expected->keep_alive);
        assert_int_equal(response.head_size, bytes.size);
    }
}

#define OK "HTTP/1.1 200 OK\r\n"

static const char *const refused[] = {
    "ICY 200 OK\r\n\r\n",
    "\r\nHTTP/1.1 200 OK\r\n\r\n",
    "HTTP/2.0 200 OK\r\n\r\n",
    "HTTP/1.1  200 OK\r\n\r\n",
    "HTTP/1.1 20 OK\r\n\r\n",
    "HTTP/1.1 2000 OK\r\n\r\n",
    "HTTP/1.1 099 OK\r\n\r\n",
    "HTTP/1.1 600 OK\r\n\r\n",
    "HTTP/1.1 2x0 OK\r\n\r\n",
    "HTTP/1.1 200OK\r\n\r\n",
    "HTTP/1.1 200 O\rK\r\n\r\n",
    "HTTP/1.1 200 OK\n\n",
    "Hello\r\n",
    OK "a: b\n\r\n",
    OK " folded: x\r\n\r\n",
    OK "a: b\r\n folded\r\n\r\n",
    OK "Content-Length: 1\r\nContent-Length: 1\r\n\r\n",
    OK "Content-Length: 1, 1\r\n\r\n",
    OK "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    OK "Transfer-Encoding: gzip\r\n\r\n",
    OK "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
    "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
};

static void test_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
        struct http_refusal refusal = {0};
        if (read_whole(str_of(refused[i]), HTTP_GET, &refusal) != HTTP_REFUSED) {
            fail_msg("accepted: %s", refused[i]);
        }
        assert_int_equal(refusal.status, 502);
        assert_true(str_equal(refusal.body, STR("Bad Gateway")));
        assert_non_null(refusal.reason);
    }
    static char large[HTTP_HEAD_MAX + 1];
    memset(large, 'H', sizeof(large));
    memcpy(large, "HTTP/1.1 200 ", 13);
    struct http_refusal refusal = {0};
    assert_int_equal(read_whole(str_make(large, HTTP_HEAD_MAX - 1), HTTP_GET, &refusal), HTTP_MORE);
    assert_int_equal(read_whole(str_make(large, sizeof(large)), HTTP_GET, &refusal), HTTP_REFUSED);
    assert_int_equal(refusal.status, 502);
}

static bool upgrade(const char *asked, const char *head)
{
    static struct http_request request;
    char bytes[256];
    size_t size = 0;
    const char *const parts[] = {"GET / HTTP/1.1\r\nHost: a\r\n", asked, "\r\n"};
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
        memcpy(bytes + size, parts[i], strlen(parts[i]));
        size += strlen(parts[i]);
    }
    struct http_scan scan = {0};
    struct http_refusal refusal = {0};
    assert_int_equal(http_request_read(&scan, str_make(bytes, size), &request, &refusal),
                     HTTP_DONE);
    assert_int_equal(read_whole(str_of(head), HTTP_GET, &refusal), HTTP_DONE);
    return http_upgrade_is_valid(&request, &response);
}

static void test_upgrade(void **state)
{
    (void)state;
    const char *asked = "Connection: upgrade\r\nUpgrade: foo/2, WebSocket\r\n";
    const char *yes = "HTTP/1.1 101 \r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    assert_true(upgrade(asked, yes));
    assert_false(upgrade("", yes));
    assert_false(upgrade("Upgrade: websocket\r\n", yes));
    assert_false(upgrade(asked, "HTTP/1.1 101 \r\nUpgrade: websocket\r\n\r\n"));
    assert_false(upgrade(asked, "HTTP/1.1 101 \r\nConnection: upgrade\r\n\r\n"));
    assert_false(upgrade(asked, "HTTP/1.1 101 \r\nConnection: upgrade\r\nUpgrade: other\r\n\r\n"));
    assert_false(
        upgrade(asked, "HTTP/1.1 200 \r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepted),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_upgrade),
    };
    return cmocka_run_group_tests_name("core/http response", tests, NULL, NULL);
}
