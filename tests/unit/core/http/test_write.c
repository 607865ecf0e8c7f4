/* What goes out: requests upstream, responses and replies downstream. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/base/mem.h"
#include "core/http/http.h"

static struct http_request request;
static struct http_response response;

static void read_request(const char *bytes)
{
    struct http_scan scan = {0};
    struct http_refusal refusal = {0};
    assert_int_equal(http_request_read(&scan, str_of(bytes), &request, &refusal), HTTP_DONE);
}

static void read_response(const char *bytes, enum http_method method)
{
    struct http_scan scan = {0};
    struct http_refusal refusal = {0};
    assert_int_equal(http_response_read(&scan, str_of(bytes), method, &response, &refusal),
                     HTTP_DONE);
}

static void assert_written(const char *area, size_t size, const char *expected)
{
    if (size != strlen(expected) || memcmp(area, expected, size) != 0) {
        fail_msg("written:\n%.*s\nexpected:\n%s", (int)size, area, expected);
    }
}

static void check_request(const struct http_request_plan *plan, const char *expected)
{
    char *area = mem_alloc(http_request_write_max(&request, plan));
    assert_written(area, http_request_write(&request, plan, area), expected);
    mem_free(area);
}

static void check_response(const struct http_response_plan *plan, const char *expected)
{
    char *area = mem_alloc(http_response_write_max(&response, plan));
    assert_written(area, http_response_write(&response, plan, area), expected);
    mem_free(area);
}

static void test_request_plain(void **state)
{
    (void)state;
    read_request("GET /a/../b?c=%2F HTTP/1.1\r\nHost: a.test:8080\r\nUser-Agent: curl/8\r\n"
                 "Accept:*/*\r\n\r\n");
    struct http_request_plan plan = {
        .path = STR("/b"),
        .forwarded_for = STR("192.0.2.1"),
        .forwarded_proto = STR("http"),
        .request_id = STR("id-1"),
    };
    check_request(&plan, "GET /b?c=%2F HTTP/1.1\r\nhost: a.test:8080\r\nuser-agent: curl/8\r\n"
                         "accept: */*\r\nx-forwarded-for: 192.0.2.1\r\nx-forwarded-proto: http\r\n"
                         "x-request-id: id-1\r\n\r\n");
}

static void test_request_hop_by_hop(void **state)
{
    (void)state;
    read_request("GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, X-Hop\r\nKeep-Alive: 5\r\n"
                 "Proxy-Connection: x\r\nX-Hop: 1\r\nTE: gzip, trailers;q=1, Trailers\r\n"
                 "Trailer: y\r\nProxy-Authorization: z\r\nForwarded: for=b\r\nX-Real-Ip: c\r\n"
                 "X-Forwarded-Host: d\r\nExpect: 100-continue\r\nX-Envoy-Retry-On: 5xx\r\n"
                 "X-Kuma-Tags: e\r\nX-Forwarded-Client-Cert: f\r\nUpgrade: websocket\r\n"
                 "x-request-id: own\r\n\r\n");
    struct http_request_plan plan = {.path = STR("/")};
    check_request(&plan, "GET / HTTP/1.1\r\nhost: a\r\ntrailer: y\r\nproxy-authorization: z\r\n"
                         "forwarded: for=b\r\nx-real-ip: c\r\nx-forwarded-host: d\r\n"
                         "x-request-id: own\r\nte: trailers\r\n\r\n");
}

static void test_request_forwarded(void **state)
{
    (void)state;
    read_request("GET http://b.test/ HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 1.1.1.1\r\n"
                 "x-forwarded-for: 2.2.2.2, 3.3.3.3\r\nX-Forwarded-Proto: ftp\r\n"
                 "X-Forwarded-For:\r\nX-Request-Id: x\r\n\r\n");
    struct http_request_plan plan = {
        .path = STR("/"),
        .forwarded_for = STR("4.4.4.4"),
        .forwarded_proto = STR("https"),
        .request_id = STR("ours"),
    };
    check_request(&plan, "GET / HTTP/1.1\r\nhost: b.test\r\n"
                         "x-forwarded-for: 1.1.1.1,2.2.2.2, 3.3.3.3,4.4.4.4\r\n"
                         "x-forwarded-proto: https\r\nx-request-id: ours\r\n\r\n");
    struct http_request_plan plan_new = {.path = STR("/new"), .authority = STR("c.test")};
    check_request(&plan_new, "GET /new HTTP/1.1\r\nhost: c.test\r\nx-forwarded-for: 1.1.1.1\r\n"
                             "x-forwarded-for: 2.2.2.2, 3.3.3.3\r\nx-forwarded-proto: ftp\r\n"
                             "x-forwarded-for: \r\nx-request-id: x\r\n\r\n");
    read_request("GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 1.1.1.1\r\n"
                 "Connection: x-forwarded-for\r\n\r\n");
    check_request(&plan, "GET / HTTP/1.1\r\nhost: a\r\nx-forwarded-for: 4.4.4.4\r\n"
                         "x-forwarded-proto: https\r\nx-request-id: ours\r\n\r\n");
}

static void test_request_framing(void **state)
{
    (void)state;
    struct http_request_plan plan = {.path = STR("/"), .tunnel = true};
    static const char *const bodyless[] = {"POST", "PUT", "PATCH", "OPTIONS"};
    for (size_t i = 0; i < ARRAY_SIZE(bodyless); i++) {
        char in[64];
        char out[64];
        (void)snprintf(in, sizeof(in), "%s / HTTP/1.1\r\nHost: a\r\n\r\n", bodyless[i]);
        (void)snprintf(out, sizeof(out), "%s / HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n",
                       bodyless[i]);
        read_request(in);
        check_request(&plan, out);
    }
    read_request("DELETE / HTTP/1.0\r\n\r\n");
    check_request(&plan, "DELETE / HTTP/1.1\r\nhost: \r\n\r\n");
    read_request("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0007\r\n\r\n");
    check_request(&plan, "GET / HTTP/1.1\r\nhost: a\r\ncontent-length: 7\r\n\r\n");
    read_request("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    check_request(&plan, "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n");
    read_request("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\n\r\n");
    check_request(&plan, "GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\n"
                         "upgrade: WebSocket\r\n\r\n");
}

/* Edits have the last word in their order, and do not reach what frames the message. */
static void test_request_edits(void **state)
{
    (void)state;
    read_request("POST / HTTP/1.1\r\nHost: a\r\nX-A: 1\r\nX-B: 2\r\nx-b: 3\r\nX-C: 4\r\n"
                 "Content-Length: 1\r\n\r\n");
    const struct http_edit edits[] = {
        {HTTP_EDIT_ADD, STR("x-a"), STR("added")},
        {HTTP_EDIT_SET, STR("x-b"), STR("first")},
        {HTTP_EDIT_SET, STR("x-b"), STR("second")},
        {HTTP_EDIT_REMOVE, STR("x-c"), STR("")},
        {HTTP_EDIT_ADD, STR("x-d"), STR("gone")},
        {HTTP_EDIT_REMOVE, STR("x-d"), STR("")},
        {HTTP_EDIT_SET, STR("x-forwarded-for"), STR("edited")},
        {HTTP_EDIT_REMOVE, STR("x-forwarded-proto"), STR("")},
        {HTTP_EDIT_REMOVE, STR("content-length"), STR("")},
        {HTTP_EDIT_SET, STR("transfer-encoding"), STR("chunked")},
        {HTTP_EDIT_SET, STR("host"), STR("b")},
        {HTTP_EDIT_ADD, STR("connection"), STR("close")},
        {HTTP_EDIT_SET, STR("keep-alive"), STR("timeout=5")},
        {HTTP_EDIT_SET, STR("proxy-connection"), STR("keep-alive")},
        {HTTP_EDIT_ADD, STR("te"), STR("gzip")},
        {HTTP_EDIT_ADD, STR("upgrade"), STR("websocket")},
        {HTTP_EDIT_SET, STR("expect"), STR("100-continue")},
        {HTTP_EDIT_SET, STR("x-kuma-tags"), STR("&team=b&")},
        {HTTP_EDIT_SET, STR("server"), STR("a request may name one")},
    };
    struct http_request_plan plan = {
        .path = STR("/"),
        .forwarded_for = STR("192.0.2.1"),
        .forwarded_proto = STR("http"),
        .edits = {edits, ARRAY_SIZE(edits)},
    };
    check_request(&plan, "POST / HTTP/1.1\r\nhost: a\r\nx-a: 1\r\ncontent-length: 1\r\n"
                         "x-a: added\r\nx-b: second\r\nx-forwarded-for: edited\r\n"
                         "server: a request may name one\r\n\r\n");
    read_request("GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\n\r\n");
    const struct http_edit remove = {HTTP_EDIT_REMOVE, STR("te"), STR("")};
    plan = (struct http_request_plan){.path = STR("/"), .edits = {&remove, 1}};
    check_request(&plan, "GET / HTTP/1.1\r\nhost: a\r\nte: trailers\r\n\r\n");
}

/* A path that was written by somebody else may have a query of its own. */
static void test_request_queries(void **state)
{
    (void)state;
    struct http_request_plan plan = {.path = STR("/b?c=1"), .path_has_query = true};
    read_request("GET /a?d=2 HTTP/1.1\r\nHost: a\r\n\r\n");
    check_request(&plan, "GET /b?c=1&d=2 HTTP/1.1\r\nhost: a\r\n\r\n");
    read_request("GET /a HTTP/1.1\r\nHost: a\r\n\r\n");
    check_request(&plan, "GET /b?c=1 HTTP/1.1\r\nhost: a\r\n\r\n");
}

static void check_host(const char *head, const char *authority, const char *expected)
{
    char area[256];
    size_t size = http_request_host_replace(str_of(head), str_of(authority), area);
    assert_written(area, size, expected);
}

static void test_request_host(void **state)
{
    (void)state;
    check_host("GET / HTTP/1.1\r\nhost: a.test:8080\r\nx: y\r\n\r\n", "b",
               "GET / HTTP/1.1\r\nhost: b\r\nx: y\r\n\r\n");
    check_host("GET / HTTP/1.1\r\nhost: \r\n\r\nhost: body", "b.test",
               "GET / HTTP/1.1\r\nhost: b.test\r\n\r\nhost: body");
}

static void test_response(void **state)
{
    (void)state;
    read_response("HTTP/1.1 200 Fine\r\nServer: nginx\r\nContent-Length: 5\r\nConnection: X-Hop\r\n"
                  "X-Hop: 1\r\nKeep-Alive: 2\r\nStrict-Transport-Security: max-age=1\r\n"
                  "Content-Type: text/html\r\n\r\n",
                  HTTP_GET);
    struct http_response_plan plan = {
        .framing = HTTP_FRAMING_LENGTH,
        .client_version = 1,
        .keep_alive = true,
        .date = STR("D"),
    };
    check_response(&plan, "HTTP/1.1 200 Fine\r\nstrict-transport-security: max-age=1\r\n"
                          "content-type: text/html\r\ncontent-length: 5\r\nserver: otemon\r\n"
                          "date: D\r\n\r\n");
    const struct http_edit edits[] = {
        {HTTP_EDIT_SET, STR("server"), STR("mine")},
        {HTTP_EDIT_SET, STR("content-type"), STR("text/plain")},
        {HTTP_EDIT_SET, STR("strict-transport-security"), STR("max-age=5")}, /* in the clear only */
    };
    check_response(&(struct http_response_plan){.framing = HTTP_FRAMING_LENGTH,
                                                .client_version = 1,
                                                .keep_alive = true,
                                                .edits = {edits, ARRAY_SIZE(edits)}},
                   "HTTP/1.1 200 Fine\r\ncontent-length: 5\r\nserver: otemon\r\n"
                   "content-type: text/plain\r\nstrict-transport-security: max-age=5\r\n\r\n");
    plan.strict_transport = true;
    plan.keep_alive = false;
    plan.edits = (struct http_edits){edits, ARRAY_SIZE(edits)};
    check_response(&plan, "HTTP/1.1 200 Fine\r\ncontent-length: 5\r\nconnection: close\r\n"
                          "server: otemon\r\ndate: D\r\n"
                          "strict-transport-security: max-age=31536000; includeSubDomains\r\n"
                          "content-type: text/plain\r\n\r\n");
}

static void test_response_framing(void **state)
{
    (void)state;
    struct http_response_plan plan = {.client_version = 1, .keep_alive = true};
    read_request("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    read_response("HTTP/1.0 200\r\nDate: x\r\n\r\n", HTTP_GET);
    assert_int_equal(response.framing, HTTP_FRAMING_CLOSE);
    plan.framing = http_response_framing(&request, &response);
    check_response(&plan, "HTTP/1.1 200 \r\ndate: x\r\ntransfer-encoding: chunked\r\n"
                          "server: otemon\r\n\r\n");

    read_request("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    plan.client_version = 0;
    plan.framing = http_response_framing(&request, &response);
    check_response(&plan, "HTTP/1.1 200 \r\ndate: x\r\nconnection: close\r\n"
                          "server: otemon\r\n\r\n");

    read_response("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", HTTP_HEAD);
    plan.framing = http_response_framing(&request, &response);
    assert_int_equal(plan.framing, HTTP_FRAMING_NONE);
    check_response(&plan, "HTTP/1.1 200 OK\r\ncontent-length: 9\r\nconnection: keep-alive\r\n"
                          "server: otemon\r\n\r\n");

    read_response("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", HTTP_GET);
    plan.client_version = 1;
    plan.framing = http_response_framing(&request, &response);
    check_response(&plan, "HTTP/1.1 204 No Content\r\nserver: otemon\r\n\r\n");
}

static void test_response_interim(void **state)
{
    (void)state;
    struct http_response_plan plan = {.client_version = 1, .keep_alive = true, .date = STR("D")};
    read_response("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", HTTP_GET);
    const struct http_edit remove = {HTTP_EDIT_REMOVE, STR("link"), STR("")};
    plan.edits = (struct http_edits){&remove, 1}; /* edits are for what the client asked for */
    check_response(&plan, "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n");
    read_response("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
                  "Upgrade: websocket\r\nSec-WebSocket-Accept: x\r\nLink: </b>\r\n\r\n",
                  HTTP_GET);
    const struct http_edit more[] = {
        remove,
        {HTTP_EDIT_ADD, STR("x-a"), STR("b")},
        {HTTP_EDIT_SET, STR("upgrade"), STR("h2c")},
    };
    plan.edits = (struct http_edits){more, ARRAY_SIZE(more)};
    plan.tunnel = true;
    check_response(&plan, "HTTP/1.1 101 Switching Protocols\r\nsec-websocket-accept: x\r\n"
                          "connection: upgrade\r\nupgrade: websocket\r\nx-a: b\r\n\r\n");
}

static void test_reply(void **state)
{
    (void)state;
    struct http_response_plan plan = {.client_version = 1, .keep_alive = true, .date = STR("D")};
    struct http_reply reply = {.status = 503, .body = STR("no healthy upstream")};
    char area[1024];
    assert_true(http_reply_write_max(&reply, &plan) < sizeof(area));
    assert_written(area, http_reply_write(&reply, &plan, area),
                   "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 19\r\n"
                   "content-type: text/plain\r\nserver: otemon\r\ndate: D\r\n\r\n"
                   "no healthy upstream");
    reply.omit_body = true;
    assert_written(area, http_reply_write(&reply, &plan, area),
                   "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 19\r\n"
                   "content-type: text/plain\r\nserver: otemon\r\ndate: D\r\n\r\n");
    reply = (struct http_reply){
        .status = 307, .location = STR("/a/b"), .query = STR("c=%2F"), .has_query = true};
    plan.keep_alive = false;
    assert_written(area, http_reply_write(&reply, &plan, area),
                   "HTTP/1.1 307 Temporary Redirect\r\nlocation: /a/b?c=%2F\r\n"
                   "content-length: 0\r\nconnection: close\r\nserver: otemon\r\ndate: D\r\n\r\n");
    const struct http_edit edits[] = {
        {HTTP_EDIT_REMOVE, STR("date"), STR("")},
        {HTTP_EDIT_SET, STR("content-type"), STR("text/html")},
        {HTTP_EDIT_SET, STR("content-length"), STR("9")},
    };
    plan.edits = (struct http_edits){edits, ARRAY_SIZE(edits)};
    reply = (struct http_reply){.status = 404, .body = STR("no")};
    assert_written(area, http_reply_write(&reply, &plan, area),
                   "HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\nconnection: close\r\n"
                   "server: otemon\r\ncontent-type: text/html\r\n\r\nno");
}

static void test_status_and_date(void **state)
{
    (void)state;
    assert_true(str_equal(http_status_text(404), STR("Not Found")));
    assert_int_equal(http_status_text(299).size, 0);
    assert_int_equal(http_status_text(99999).size, 0);
    static const struct {
        uint64_t wall_ms;
        const char *text;
    } dates[] = {
        {0, "Thu, 01 Jan 1970 00:00:00 GMT"},
        {784111777000, "Sun, 06 Nov 1994 08:49:37 GMT"},
        {951782400000, "Tue, 29 Feb 2000 00:00:00 GMT"},
        {1795492219999, "Tue, 24 Nov 2026 03:50:19 GMT"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(dates); i++) {
        char text[HTTP_DATE_SIZE];
        http_date_format(dates[i].wall_ms, text);
        assert_memory_equal(text, dates[i].text, HTTP_DATE_SIZE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request_plain),
        cmocka_unit_test(test_request_hop_by_hop),
        cmocka_unit_test(test_request_forwarded),
        cmocka_unit_test(test_request_framing),
        cmocka_unit_test(test_request_edits),
        cmocka_unit_test(test_request_queries),
        cmocka_unit_test(test_request_host),
        cmocka_unit_test(test_response),
        cmocka_unit_test(test_response_framing),
        cmocka_unit_test(test_response_interim),
        cmocka_unit_test(test_reply),
        cmocka_unit_test(test_status_and_date),
    };
    return cmocka_run_group_tests_name("core/http write", tests, NULL, NULL);
}
