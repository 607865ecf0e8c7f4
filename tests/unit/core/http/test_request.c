/* Request heads: what is accepted, what is refused and with which words, and that it does not
 * matter how the bytes were cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/mem.h"
#include "core/http/http.h"

static void assert_str(struct str actual, const char *expected)
{
    assert_int_equal(actual.size, strlen(expected));
    assert_memory_equal(actual.data, expected, actual.size);
}

static enum http_progress read_whole(struct str bytes, struct http_request *request,
                                     struct http_refusal *refusal)
{
    struct http_scan scan = {0};
    return http_request_read(&scan, bytes, request, refusal);
}

static bool same(const struct http_request *a, const struct http_request *b)
{
    bool is_same = a->method == b->method && str_equal(a->path, b->path) &&
                   str_equal(a->query, b->query) && a->has_query == b->has_query &&
                   str_equal(a->authority, b->authority) && str_equal(a->host, b->host) &&
                   a->minor_version == b->minor_version && a->framing == b->framing &&
                   a->content_length == b->content_length && a->keep_alive == b->keep_alive &&
                   a->expect_continue == b->expect_continue && str_equal(a->upgrade, b->upgrade) &&
                   a->head_size == b->head_size && a->fields.count == b->fields.count;
    for (size_t i = 0; is_same && i < a->fields.count; i++) {
        const struct http_field *x = &a->fields.items[i];
        const struct http_field *y = &b->fields.items[i];
        is_same = str_equal(x->name, y->name) && str_equal(x->value, y->value) && x->id == y->id &&
                  x->nominated == y->nominated;
    }
    return is_same;
}

/* Feeds `bytes` so that the first call sees `first` of them and each later one `step` more. Every
 * call sees a block of its own, so that reading past it is an error under ASan. */
static enum http_progress read_cut(struct str bytes, size_t first, size_t step,
                                   struct http_refusal *refusal, struct http_request *request)
{
    struct http_scan scan = {0};
    size_t size = MIN(first, bytes.size);
    for (;;) {
        char *block = mem_alloc(size);
        memcpy(block, bytes.data, size);
        enum http_progress progress = http_request_read(&scan, str_make(block, size), request,
                                                        refusal);
        if (progress == HTTP_DONE) {
            /* Slices into the block would dangle: read once more from where the bytes stay. */
            struct http_scan again = {0};
            size_t head_size = request->head_size;
            progress = http_request_read(&again, str_first(bytes, head_size), request, refusal);
            assert_int_equal(progress, HTTP_DONE);
            assert_int_equal(request->head_size, head_size);
        }
        mem_free(block);
        if (progress != HTTP_MORE || size == bytes.size) {
            return progress;
        }
        size = MIN(size + step, bytes.size);
    }
}

/* The same answer for every cut in two and for single bytes. */
static void check_cuts(struct str bytes)
{
    static struct http_request whole;
    static struct http_request cut;
    struct http_refusal whole_refusal = {0};
    enum http_progress expected = read_whole(bytes, &whole, &whole_refusal);
    for (size_t first = 0; first <= bytes.size; first++) {
        size_t step = first == 0 ? 1 : bytes.size;
        struct http_refusal refusal = {0};
        assert_int_equal(read_cut(bytes, first, step, &refusal, &cut), expected);
        if (expected == HTTP_DONE) {
            assert_true(same(&whole, &cut));
        } else if (expected == HTTP_REFUSED) {
            assert_int_equal(refusal.status, whole_refusal.status);
            assert_true(str_equal(refusal.body, whole_refusal.body));
            assert_string_equal(refusal.reason, whole_refusal.reason);
        }
    }
}

#define H "Host: a.test\r\n"
#define G "GET / HTTP/1.1\r\n" H

struct refused {
    const char *bytes;
    unsigned status;
    const char *body;
    const char *reason;
};

static const char bad_request[] = "Bad Request";

static const struct refused refused[] = {
    /* request line */
    {"get / HTTP/1.1\r\n" H "\r\n", 400, bad_request, "does not begin like a message"},
    {"GETS / HTTP/1.1\r\n" H "\r\n", 400, bad_request, "unknown method"},
    {"GeT / HTTP/1.1\r\n" H "\r\n", 400, bad_request, "unknown method"},
    {"G\x01T / HTTP/1.1\r\n" H "\r\n", 400, bad_request, "unknown method"},
    {"GET  / HTTP/1.1\r\n" H "\r\n", 400, bad_request, "not a request line"},
    {"GET /  HTTP/1.1\r\n" H "\r\n", 400, bad_request, "not a request line"},
    {"GET\t/ HTTP/1.1\r\n" H "\r\n", 400, bad_request, "unknown method"},
    {"GET / HTTP/1.1 \r\n" H "\r\n", 400, bad_request, "not a request line"},
    {"GET / http/1.1\r\n" H "\r\n", 400, bad_request, "not a request line"},
    {"GET /\r\n", 400, bad_request, "not a request line"},
    {"GET\r\n", 400, bad_request, "unknown method"},
    {"GET / HTTP/0.9\r\n" H "\r\n", 400, bad_request, "unknown version"},
    {"GET / HTTP/2.0\r\n" H "\r\n", 400, bad_request, "unknown version"},
    {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, bad_request, "unknown method"},
    {"\x16\x03\x01\x02", 400, bad_request, "does not begin like a message"},
    {"\nGET / HTTP/1.1\r\n", 400, bad_request, "does not begin like a message"},
    {"\r\n\r\n\r\n\r\n\r\nGET", 400, bad_request, "too many empty lines before the request"},
    {" GET / HTTP/1.1\r\n" H "\r\n", 400, bad_request, "does not begin like a message"},
    /* target */
    {"GET a HTTP/1.1\r\n" H "\r\n", 400, bad_request, "target of no known form"},
    {"GET * HTTP/1.1\r\n" H "\r\n", 400, bad_request, "target of no known form"},
    {"GET ftp://a/ HTTP/1.1\r\n" H "\r\n", 400, bad_request, "target of no known form"},
    {"GET http:/// HTTP/1.1\r\n" H "\r\n", 400, bad_request, "target of no known form"},
    {"GET http://u@a/ HTTP/1.1\r\n" H "\r\n", 400, bad_request, "target of no known form"},
    {"GET http://a:99999/ HTTP/1.1\r\n" H "\r\n", 400, bad_request, "target of no known form"},
    {"GET /\x80 HTTP/1.1\r\n" H "\r\n", 400, bad_request, "not a request line"},
    {"GET /?\xc3\xa4 HTTP/1.1\r\n" H "\r\n", 400, bad_request, "not a request line"},
    {"GET /a#b HTTP/1.1\r\n" H "\r\n", 400, "", "fragment in the target"},
    {"GET /a%00 HTTP/1.1\r\n" H "\r\n", 400, "", "NUL in the target"},
    {"GET /a?%%00 HTTP/1.1\r\n" H "\r\n", 400, "", "NUL in the target"},
    /* line ends */
    {"GET / HTTP/1.1\n", 400, bad_request, "not a request line"},
    {"GET / HTTP/1.1\r\nHost: a\n", 400, bad_request,
     "control character or bare line end in a field"},
    {"GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n", 400, bad_request,
     "control character or bare line end in a field"},
    {G "\n", 400, bad_request, "not a field"},
    {G "a: b\r\r\n\r\n", 400, bad_request, "control character or bare line end in a field"},
    /* fields */
    {G " folded\r\n\r\n", 400, bad_request, "folded field"},
    {G "a: b\r\n\tfolded\r\n\r\n", 400, bad_request, "folded field"},
    {G "a_b: c\r\n\r\n", 400, bad_request, "underscore in a field name"},
    {G "a : c\r\n\r\n", 400, bad_request, "not a field"},
    {G "a b: c\r\n\r\n", 400, bad_request, "not a field"},
    {G ": c\r\n\r\n", 400, bad_request, "not a field"},
    {G "abc\r\n\r\n", 400, bad_request, "not a field"},
    {G "a\x80: c\r\n\r\n", 400, bad_request, "not a field"},
    {G "a: b\x7f\r\n\r\n", 400, bad_request, "control character or bare line end in a field"},
    {G "a: b\x01 and a value of some length\r\n\r\n", 400, bad_request,
     "control character or bare line end in a field"},
    /* host */
    {"GET / HTTP/1.1\r\n\r\n", 400, "", "no Host"},
    {"GET http://a/ HTTP/1.1\r\n\r\n", 400, "", "no Host"},
    {G H "\r\n", 400, bad_request, "a field that may be there once is there twice"},
    {"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400, bad_request, "Host is not a host"},
    {"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400, bad_request, "Host is not a host"},
    {"GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400, bad_request, "Host is not a host"},
    {"GET / HTTP/1.1\r\nHost: :80\r\n\r\n", 400, bad_request, "Host is not a host"},
    {"GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", 400, bad_request, "Host is not a host"},
    {"GET / HTTP/1.1\r\nHost: a:80:80\r\n\r\n", 400, bad_request, "Host is not a host"},
    {"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400, bad_request, "Host is not a host"},
    {"GET / HTTP/1.1\r\nHost: [::1]x\r\n\r\n", 400, bad_request, "Host is not a host"},
    {"GET / HTTP/1.1\r\nHost: []\r\n\r\n", 400, bad_request, "Host is not a host"},
    {"GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n", 400, bad_request, "Host is not a host"},
    {"GET / HTTP/1.1\r\nHost: a:000080\r\n\r\n", 400, bad_request, "Host is not a host"},
    {"GET / HTTP/1.1\r\nHost: a:4294967376\r\n\r\n", 400, bad_request, "Host is not a host"},
    {"GET / HTTP/1.1\r\nHost: [g::]\r\n\r\n", 400, bad_request, "Host is not a host"},
    {"GET http://b/ HTTP/1.1\r\nHost: a/b\r\n\r\n", 400, bad_request, "Host is not a host"},
    /* framing: each of these is a way to hide one request inside another */
    {G "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", 400, bad_request,
     "content-length with transfer-encoding"},
    {G "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n", 400, bad_request,
     "content-length with transfer-encoding"},
    {G "Content-Length: 3\r\nContent-Length: 3\r\n\r\n", 400, bad_request,
     "a field that may be there once is there twice"},
    {G "Content-Length: 3\r\nContent-Length: 4\r\n\r\n", 400, bad_request,
     "a field that may be there once is there twice"},
    {G "Content-Length: 3, 3\r\n\r\n", 400, bad_request, "content-length is not a number"},
    {G "Content-Length: -3\r\n\r\n", 400, bad_request, "content-length is not a number"},
    {G "Content-Length: +3\r\n\r\n", 400, bad_request, "content-length is not a number"},
    {G "Content-Length: 0x3\r\n\r\n", 400, bad_request, "content-length is not a number"},
    {G "Content-Length: 3 4\r\n\r\n", 400, bad_request, "content-length is not a number"},
    {G "Content-Length:\r\n\r\n", 400, bad_request, "content-length is not a number"},
    {G "Content-Length: 99999999999999999999\r\n\r\n", 400, bad_request,
     "content-length is not a number"},
    {G "Content-Length: 9223372036854775808\r\n\r\n", 400, bad_request,
     "content-length is not a number"},
    {G "Content-Length: 18446744073709551619\r\n\r\n", 400, bad_request,
     "content-length is not a number"},
    {G "Transfer-Encoding: gzip\r\n\r\n", 501, "Not Implemented",
     "transfer coding other than chunked"},
    {G "Transfer-Encoding: gzip, chunked\r\n\r\n", 501, "Not Implemented",
     "transfer coding other than chunked"},
    {G "Transfer-Encoding: xchunked\r\n\r\n", 501, "Not Implemented",
     "transfer coding other than chunked"},
    {G "Transfer-Encoding: \"chunked\"\r\n\r\n", 501, "Not Implemented",
     "transfer coding other than chunked"},
    {G "Transfer-Encoding: chunked, chunked\r\n\r\n", 501, "Not Implemented",
     "transfer coding other than chunked"},
    {G "Transfer-Encoding:\r\n\r\n", 501, "Not Implemented", "transfer coding other than chunked"},
    {G "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n", 400, bad_request,
     "a field that may be there once is there twice"},
    {G "Transfer-Encoding : chunked\r\n\r\n", 400, bad_request, "not a field"},
    {G "Transfer_Encoding: chunked\r\n\r\n", 400, bad_request, "underscore in a field name"},
    {G "X: y\nTransfer-Encoding: chunked\r\n\r\n", 400, bad_request,
     "control character or bare line end in a field"},
    {"GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400, bad_request,
     "transfer-encoding in HTTP/1.0"},
    {G "Upgrade: a\r\nUpgrade: b\r\n\r\n", 400, bad_request,
     "a field that may be there once is there twice"},
    {G "Connection: a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a\r\n"
       "Connection: a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a\r\n\r\n",
     400, bad_request, "too many connection options"},
};

static void test_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
        static struct http_request request;
        struct http_refusal refusal = {0};
        struct str bytes = str_of(refused[i].bytes);
        assert_int_equal(read_whole(bytes, &request, &refusal), HTTP_REFUSED);
        assert_int_equal(refusal.status, refused[i].status);
        assert_str(refusal.body, refused[i].body);
        assert_string_equal(refusal.reason, refused[i].reason);
        check_cuts(bytes);
    }
    /* A NUL is a control character, wherever it stands. */
    struct str nul = STR("GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n");
    static struct http_request request;
    struct http_refusal refusal = {0};
    assert_int_equal(read_whole(nul, &request, &refusal), HTTP_REFUSED);
    assert_int_equal(refusal.status, 400);
    check_cuts(nul);
}

struct accepted {
    const char *bytes;
    const char *path;
    const char *query; /* NULL: none */
    const char *authority;
    const char *host;
    bool keep_alive;
    enum http_framing framing;
    uint64_t length;
};

static const struct accepted accepted[] = {
    {G "\r\n", "/", NULL, "a.test", "a.test", true, HTTP_FRAMING_NONE, 0},
    {"\r\n\r\n\r\n\r\n" G "\r\n", "/", NULL, "a.test", "a.test", true, HTTP_FRAMING_NONE, 0},
    {"GET /a?b=c?d HTTP/1.1\r\n" H "\r\n", "/a", "b=c?d", "a.test", "a.test", true,
     HTTP_FRAMING_NONE, 0},
    {"GET /? HTTP/1.1\r\n" H "\r\n", "/", "", "a.test", "a.test", true, HTTP_FRAMING_NONE, 0},
    {"GET //a/../b|^\" HTTP/1.1\r\n" H "\r\n", "//a/../b|^\"", NULL, "a.test", "a.test", true,
     HTTP_FRAMING_NONE, 0},
    {"GET / HTTP/1.1\r\nHost:\r\n\r\n", "/", NULL, "", "", true, HTTP_FRAMING_NONE, 0},
    {"GET / HTTP/1.1\r\nhOsT:\t A.test:8080 \t\r\n\r\n", "/", NULL, "A.test:8080", "A.test", true,
     HTTP_FRAMING_NONE, 0},
    {"GET / HTTP/1.1\r\nHost: a.test:\r\n\r\n", "/", NULL, "a.test:", "a.test", true,
     HTTP_FRAMING_NONE, 0},
    {"GET / HTTP/1.1\r\nHost: a.test.\r\n\r\n", "/", NULL, "a.test.", "a.test.", true,
     HTTP_FRAMING_NONE, 0},
    {"GET / HTTP/1.1\r\nHost: [2001:db8::1]:80\r\n\r\n", "/", NULL, "[2001:db8::1]:80",
     "[2001:db8::1]", true, HTTP_FRAMING_NONE, 0},
    {"GET HTTP://b.test:81/x?y HTTP/1.1\r\n" H "\r\n", "/x", "y", "b.test:81", "b.test", true,
     HTTP_FRAMING_NONE, 0},
    {"GET https://b.test HTTP/1.1\r\n" H "\r\n", "/", NULL, "b.test", "b.test", true,
     HTTP_FRAMING_NONE, 0},
    {"GET http://b.test?y HTTP/1.1\r\n" H "\r\n", "/", "y", "b.test", "b.test", true,
     HTTP_FRAMING_NONE, 0},
    {"GET / HTTP/1.0\r\n\r\n", "/", NULL, "", "", false, HTTP_FRAMING_NONE, 0},
    {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", "/", NULL, "", "", true, HTTP_FRAMING_NONE,
     0},
    {"GET / HTTP/1.2\r\n" H "\r\n", "/", NULL, "a.test", "a.test", true, HTTP_FRAMING_NONE, 0},
    {"GET / HTTP/1.1\r\nHost: a.test:65535\r\n\r\n", "/", NULL, "a.test:65535", "a.test", true,
     HTTP_FRAMING_NONE, 0},
    {G "Connection: a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a\r\n"
       "Connection: a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a\r\n\r\n",
     "/", NULL, "a.test", "a.test", true, HTTP_FRAMING_NONE, 0},
    {G "Connection: x, Close\r\n\r\n", "/", NULL, "a.test", "a.test", false, HTTP_FRAMING_NONE, 0},
    {G "Connection: keep-alive\r\nConnection: close\r\n\r\n", "/", NULL, "a.test", "a.test", false,
     HTTP_FRAMING_NONE, 0},
    {"OPTIONS * HTTP/1.1\r\n" H "\r\n", "*", NULL, "a.test", "a.test", true, HTTP_FRAMING_NONE, 0},
    {"CONNECT b.test:443 HTTP/1.1\r\n" H "\r\n", "", NULL, "b.test:443", "b.test", true,
     HTTP_FRAMING_NONE, 0},
    {"M-SEARCH / HTTP/1.1\r\n" H "\r\n", "/", NULL, "a.test", "a.test", true, HTTP_FRAMING_NONE, 0},
    {"POST / HTTP/1.1\r\n" H "Content-Length: 0012\r\n\r\nhello world!", "/", NULL, "a.test",
     "a.test", true, HTTP_FRAMING_LENGTH, 12},
    {"POST / HTTP/1.1\r\n" H "Transfer-Encoding: Chunked\r\n\r\n0\r\n\r\n", "/", NULL, "a.test",
     "a.test", true, HTTP_FRAMING_CHUNKED, 0},
    {G "x: \r\ny:\xc3\xa4\tz\r\n!#$%&'*+-.^`|~9: v\r\n\r\n", "/", NULL, "a.test", "a.test", true,
     HTTP_FRAMING_NONE, 0},
};

static void test_accepted(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(accepted); i++) {
        const struct accepted *expected = &accepted[i];
        static struct http_request request;
        struct http_refusal refusal = {0};
        struct str bytes = str_of(expected->bytes);
        assert_int_equal(read_whole(bytes, &request, &refusal), HTTP_DONE);
        assert_str(request.path, expected->path);
        assert_int_equal(request.has_query, expected->query != NULL);
        assert_str(request.query, expected->query == NULL ? "" : expected->query);
        assert_str(request.authority, expected->authority);
        assert_str(request.host, expected->host);
        assert_int_equal(request.keep_alive, expected->keep_alive);
        assert_int_equal(request.framing, expected->framing);
        assert_int_equal(request.content_length, expected->length);
        check_cuts(bytes);
    }
}

static void test_needs_all(void **state)
{
    (void)state;
    struct str bytes = STR("\r\n" G "a: b\r\n\r\nrest");
    for (size_t size = 0; size < bytes.size - 4; size++) {
        static struct http_request request;
        struct http_refusal refusal = {0};
        assert_int_equal(read_whole(str_first(bytes, size), &request, &refusal), HTTP_MORE);
    }
    static struct http_request request;
    struct http_refusal refusal = {0};
    assert_int_equal(read_whole(bytes, &request, &refusal), HTTP_DONE);
    assert_int_equal(request.head_size, bytes.size - 4);
}

static void test_fields(void **state)
{
    (void)state;
    static struct http_request request;
    struct http_refusal refusal = {0};
    struct str bytes = STR("POST / HTTP/1.1\r\n" H
                           "Connection: X-Hop, host,content-length,upgrade\r\n"
                           "x-hop: 1\r\nX-HOP: 2\r\nX-Envoy-Attempt: 1\r\nUpgrade: websocket\r\n"
                           "Content-Length: 1\r\nExpect: 100-Continue\r\nx-custom: v\r\n\r\n");
    assert_int_equal(read_whole(bytes, &request, &refusal), HTTP_DONE);
    assert_int_equal(request.fields.count, 9);
    assert_int_equal(request.fields.items[0].id, HTTP_NAME_HOST);
    assert_false(request.fields.items[0].nominated);
    assert_true(request.fields.items[2].nominated);
    assert_true(request.fields.items[3].nominated);
    assert_int_equal(request.fields.items[4].id, HTTP_NAME_X_ENVOY);
    assert_false(http_fields_find(&request.fields, HTTP_NAME_CONTENT_LENGTH)->nominated);
    assert_true(request.expect_continue);
    assert_str(request.upgrade, "websocket");
    assert_str(http_fields_find(&request.fields, HTTP_NAME_EXPECT)->value, "100-Continue");
    assert_null(http_fields_find(&request.fields, HTTP_NAME_TE));
    assert_str(http_fields_find_name(&request.fields, STR("X-Custom"))->value, "v");
    assert_null(http_fields_find_name(&request.fields, STR("nothing")));
}

static void test_expect(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        bool expects;
    } cases[] = {
        {G "Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n", true},
        {G "Content-Length: 0\r\nExpect: 100-continue\r\n\r\n", false},
        {G "Expect: 100-continue\r\n\r\n", false},
        {G "Content-Length: 1\r\nExpect: 200-ok\r\n\r\n", false},
        {"GET / HTTP/1.0\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n", false},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        static struct http_request request;
        struct http_refusal refusal = {0};
        assert_int_equal(read_whole(str_of(cases[i].bytes), &request, &refusal), HTTP_DONE);
        assert_int_equal(request.expect_continue, cases[i].expects);
    }
}

static void test_upgrade_ignored(void **state)
{
    (void)state;
    static const char *const cases[] = {
        G "Upgrade: websocket\r\n\r\n",
        G "Connection: upgrade\r\n\r\n",
        G "Connection: upgrade\r\nUpgrade: h2c\r\n\r\n",
        G "Connection: upgrade\r\nUpgrade: websocket, H2C\r\n\r\n",
        "GET / HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        static struct http_request request;
        struct http_refusal refusal = {0};
        assert_int_equal(read_whole(str_of(cases[i]), &request, &refusal), HTTP_DONE);
        assert_int_equal(request.upgrade.size, 0);
    }
}

/* A request line, a field or many fields that make the head exactly `size` bytes. */
static size_t fill(char *area, size_t size, struct str before, struct str after)
{
    memcpy(area, before.data, before.size);
    memset(area + before.size, 'a', size - before.size - after.size);
    memcpy(area + size - after.size, after.data, after.size);
    return size;
}

static void test_bounds(void **state)
{
    (void)state;
    static char area[HTTP_HEAD_MAX + 64];
    static struct http_request request;
    struct http_refusal refusal = {0};
    struct str field = STR(G "x: ");
    struct str field_end = STR("\r\n\r\n");
    size_t size = fill(area, HTTP_HEAD_MAX, field, field_end);
    assert_int_equal(read_whole(str_make(area, size), &request, &refusal), HTTP_DONE);
    size = fill(area, HTTP_HEAD_MAX + 1, field, field_end);
    assert_int_equal(read_whole(str_make(area, size), &request, &refusal), HTTP_REFUSED);
    assert_int_equal(refusal.status, 431);
    assert_str(refusal.body, "Request Header Fields Too Large");
    assert_int_equal(read_whole(str_make(area, HTTP_HEAD_MAX - 1), &request, &refusal), HTTP_MORE);

    struct str line = STR("GET /");
    struct str line_end = STR(" HTTP/1.1\r\n" H "\r\n");
    size_t rest = sizeof(H "\r\n") - 1;
    size = fill(area, HTTP_REQUEST_LINE_MAX + rest, line, line_end);
    assert_int_equal(read_whole(str_make(area, size), &request, &refusal), HTTP_DONE);
    size = fill(area, HTTP_REQUEST_LINE_MAX + rest + 1, line, line_end);
    assert_int_equal(read_whole(str_make(area, size), &request, &refusal), HTTP_REFUSED);
    assert_int_equal(refusal.status, 414);

    struct str host = STR("GET / HTTP/1.1\r\nHost: ");
    size_t around = host.size + field_end.size;
    size = fill(area, around + HTTP_HOST_MAX, host, field_end);
    assert_int_equal(read_whole(str_make(area, size), &request, &refusal), HTTP_DONE);
    size = fill(area, around + HTTP_HOST_MAX + 1, host, field_end);
    assert_int_equal(read_whole(str_make(area, size), &request, &refusal), HTTP_REFUSED);
    assert_int_equal(refusal.status, 400);
}

static void test_field_count(void **state)
{
    (void)state;
    for (size_t count = HTTP_FIELDS_MAX; count <= HTTP_FIELDS_MAX + 1; count++) {
        char area[1024];
        struct str start = STR(G);
        memcpy(area, start.data, start.size);
        size_t size = start.size;
        for (size_t i = 1; i < count; i++) {
            memcpy(area + size, "a:b\r\n", 5);
            size += 5;
        }
        memcpy(area + size, "\r\n", 2);
        static struct http_request request;
        struct http_refusal refusal = {0};
        enum http_progress progress = read_whole(str_make(area, size + 2), &request, &refusal);
        assert_int_equal(progress, count > HTTP_FIELDS_MAX ? HTTP_REFUSED : HTTP_DONE);
        if (progress == HTTP_REFUSED) {
            assert_int_equal(refusal.status, 431);
        }
    }
}

/* Names are found by size; a near miss must not be taken for one. */
static void test_names(void **state)
{
    (void)state;
    assert_int_equal(http_name_find(STR("Content-Length")), HTTP_NAME_CONTENT_LENGTH);
    assert_int_equal(http_name_find(STR("CONTENT\rLENGTH")), HTTP_NAME_OTHER);
    assert_int_equal(http_name_find(STR("content-lengtg")), HTTP_NAME_OTHER);
    assert_int_equal(http_name_find(STR("")), HTTP_NAME_OTHER);
    assert_int_equal(http_name_find(STR("x-envoy")), HTTP_NAME_OTHER);
    assert_int_equal(http_name_find(STR("X-Envoy-")), HTTP_NAME_X_ENVOY);
    static const struct {
        const char *name;
        enum http_name id;
    } all[] = {
        {"connection", HTTP_NAME_CONNECTION},
        {"content-type", HTTP_NAME_CONTENT_TYPE},
        {"date", HTTP_NAME_DATE},
        {"expect", HTTP_NAME_EXPECT},
        {"host", HTTP_NAME_HOST},
        {"keep-alive", HTTP_NAME_KEEP_ALIVE},
        {"proxy-connection", HTTP_NAME_PROXY_CONNECTION},
        {"server", HTTP_NAME_SERVER},
        {"strict-transport-security", HTTP_NAME_STRICT_TRANSPORT_SECURITY},
        {"te", HTTP_NAME_TE},
        {"trailer", HTTP_NAME_TRAILER},
        {"transfer-encoding", HTTP_NAME_TRANSFER_ENCODING},
        {"upgrade", HTTP_NAME_UPGRADE},
        {"user-agent", HTTP_NAME_USER_AGENT},
        {"x-forwarded-client-cert", HTTP_NAME_X_FORWARDED_CLIENT_CERT},
        {"x-forwarded-for", HTTP_NAME_X_FORWARDED_FOR},
        {"x-forwarded-proto", HTTP_NAME_X_FORWARDED_PROTO},
        {"x-kuma-tags", HTTP_NAME_X_KUMA_TAGS},
        {"x-request-id", HTTP_NAME_X_REQUEST_ID},
    };
    for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
        assert_int_equal(http_name_find(str_of(all[i].name)), all[i].id);
    }
}

static void test_idempotent(void **state)
{
    (void)state;
    assert_true(http_method_is_idempotent(HTTP_GET));
    assert_true(http_method_is_idempotent(HTTP_PUT));
    assert_true(http_method_is_idempotent(HTTP_DELETE));
    assert_false(http_method_is_idempotent(HTTP_POST));
    assert_false(http_method_is_idempotent(HTTP_PATCH));
    assert_false(http_method_is_idempotent(HTTP_CONNECT));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused),         cmocka_unit_test(test_accepted),
        cmocka_unit_test(test_needs_all),       cmocka_unit_test(test_fields),
        cmocka_unit_test(test_upgrade_ignored), cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_field_count),     cmocka_unit_test(test_names),
        cmocka_unit_test(test_idempotent),      cmocka_unit_test(test_expect),
    };
    return cmocka_run_group_tests_name("core/http request", tests, NULL, NULL);
}
