/* Requests from end to end: what arrives at the back end, at the client, and in the log. */
#include "rig.h"

#define HEAD_TEXT_MAX ((size_t)64 * 1024)

static const struct rig_spec usual = {.endpoint_count = 1};

/* One exchange on `client`; returns the back end's connection. */
static int exchange(const struct rig *rig, int client, int back_end)
{
    rig_send(client, "GET /path?q=1 HTTP/1.1\r\nHost: a.test\r\n\r\n");
    if (back_end < 0)
        back_end = rig_accept(rig, 0);
    rig_contains(rig_read_head(back_end), "GET /path?q=1 HTTP/1.1\r\n");
    rig_send(back_end, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
    rig_contains(rig_read_until(client, "\r\n\r\nok"), "HTTP/1.1 200 OK\r\n");
    return back_end;
}

static void a_request_is_rewritten_forwarded_and_logged(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &usual);
    int client = rig_client(&rig);
    rig_send(client, "GET /a/../b HTTP/1.1\r\nHost: A.test:99\r\nConnection: x-hop\r\nX-Hop: 1\r\n"
                     "X-Kept: 2\r\nX-Request-Id: mine\r\n\r\n");
    int back_end = rig_accept(&rig, 0);
    const char *head = rig_read_head(back_end);
    rig_contains(head, "GET /b HTTP/1.1\r\n");
    rig_contains(head, "host: A.test:99\r\n");
    rig_contains(head, "x-forwarded-for: 127.0.0.1\r\n");
    rig_contains(head, "x-forwarded-proto: http\r\n");
    rig_contains(head, "x-request-id: mine\r\n"); /* a loopback client is believed */
    rig_contains(head, "x-kept: 2\r\n");
    rig_lacks(head, "x-hop");
    rig_send(back_end, "HTTP/1.1 201 Created\r\nserver: x\r\ncontent-length: 2\r\n\r\nok");
    const char *answer = rig_read_until(client, "\r\n\r\nok");
    rig_contains(answer, "HTTP/1.1 201 Created\r\n");
    rig_contains(answer, "server: otemon\r\n");
    const char *line = rig_log(&rig);
    rig_contains(line, " 201 GET A.test:99/a/../b ");
    rig_contains(line,
                 " listener=edge:HTTP:8080 virtual_host=a.test route=all rule=3 cluster=back");
    rig_contains(line, " bytes_in=0 bytes_out=2 ");
    rig_contains(line, " request_id=mine");
    rig_lacks(line, "reason=");
    close(client);
    close(back_end);
    rig_close(&rig);
}

static void an_outside_clients_request_id_is_replaced(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &usual);
    int client = rig_client(&rig);
    rig_send(client, "GET / HTTP/1.1\r\nHost: a.test\r\nX-Forwarded-For: 9.9.9.9\r\n"
                     "X-Request-Id: forged\r\n\r\n");
    int back_end = rig_accept(&rig, 0);
    const char *head = rig_read_head(back_end);
    rig_contains(head, "x-forwarded-for: 9.9.9.9,127.0.0.1\r\n");
    rig_lacks(head, "forged");
    const char *id = strstr(head, "x-request-id: ") + strlen("x-request-id: ");
    assert_int_equal(id[14], '4'); /* version and variant of a random UUID */
    assert_non_null(strchr("89ab", id[19]));
    assert_memory_equal(id + 36, "\r\n", 2);
    close(client);
    close(back_end);
    rig_close(&rig);
}

static void connections_are_kept_on_both_sides(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &usual);
    int client = rig_client(&rig);
    int back_end = exchange(&rig, client, -1);
    for (int i = 0; i < 5; i++)
        assert_int_equal(exchange(&rig, client, back_end), back_end);
    close(client);
    close(back_end);
    rig_close(&rig);
}

static void pipelined_requests_are_answered_in_order(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &usual);
    int client = rig_client(&rig);
    rig_send(client,
             "GET /1 HTTP/1.1\r\nHost: a.test\r\n\r\nGET /own HTTP/1.1\r\nHost: a.test\r\n\r\n"
             "POST /3 HTTP/1.1\r\nHost: a.test\r\nContent-Length: 3\r\n\r\nab");
    int back_end = rig_accept(&rig, 0);
    rig_contains(rig_read_head(back_end), "GET /1 ");
    rig_send(client, "c"); /* while the first is under way */
    rig_send(back_end, "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\none");
    rig_read_until(client, "\r\n\r\none");
    rig_contains(rig_read_until(client, "not here"), "HTTP/1.1 404 Not Found\r\n");
    rig_contains(rig_read_until(back_end, "\r\n\r\nabc"), "POST /3 ");
    rig_send(back_end, "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nthree");
    rig_read_until(client, "\r\n\r\nthree");
    close(client);
    close(back_end);
    rig_close(&rig);
}

static void chunked_bodies_are_framed_anew(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &usual);
    int client = rig_client(&rig);
    rig_send(client, "PUT / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n"
                     "2;x=y\r\nab\r\n1\r\nc\r\n");
    int back_end = rig_accept(&rig, 0);
    rig_contains(rig_read_until(back_end, "3\r\nabc\r\n"), "transfer-encoding: chunked\r\n");
    rig_send(client, "2\r\nde\r\n0\r\nTrailer: 1\r\n\r\n");
    rig_read_until(back_end, "2\r\nde\r\n0\r\n\r\n");
    rig_send(back_end, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n1\r\ny\r\n");
    rig_contains(rig_read_until(client, "2\r\nxy\r\n"), "transfer-encoding: chunked\r\n");
    rig_send(back_end, "0\r\n\r\n");
    rig_read_until(client, "0\r\n\r\n");
    assert_int_equal(exchange(&rig, client, back_end), back_end);
    close(client);
    close(back_end);
    rig_close(&rig);
}

static void a_body_that_ends_with_the_connection_is_chunked(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &usual);
    int client = rig_client(&rig);
    rig_send(client, "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
    int back_end = rig_accept(&rig, 0);
    rig_read_head(back_end);
    rig_send(back_end, "HTTP/1.0 200 OK\r\n\r\nall");
    rig_read_until(client, "3\r\nall\r\n");
    close(back_end);
    rig_read_until(client, "0\r\n\r\n");
    back_end = exchange(&rig, client, -1);
    close(client);
    close(back_end);
    rig_close(&rig);
}

static void http_1_0_is_served_without_chunks(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &usual);
    int client = rig_client(&rig);
    rig_send(client, "GET / HTTP/1.0\r\nHost: a.test\r\n\r\n");
    int back_end = rig_accept(&rig, 0);
    rig_contains(rig_read_head(back_end), "GET / HTTP/1.1\r\n");
    rig_send(back_end, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n");
    const char *answer = rig_read_all(client);
    rig_lacks(answer, "transfer-encoding");
    assert_string_equal(strstr(answer, "\r\n\r\n"), "\r\n\r\nx");
    close(client);
    close(back_end);
    rig_close(&rig);
}

static void answers_without_a_body_end_with_their_head(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &usual);
    int client = rig_client(&rig);
    int back_end = exchange(&rig, client, -1);
    rig_send(client, "HEAD / HTTP/1.1\r\nHost: a.test\r\n\r\n");
    rig_read_head(back_end);
    rig_send(back_end, "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n");
    rig_contains(rig_read_head(client), "content-length: 100\r\n");
    static const char *const heads[] = {"HTTP/1.1 204 No Content\r\n\r\n",
                                        "HTTP/1.1 304 Not Modified\r\n\r\n"};
    for (size_t i = 0; i < 2; i++) {
        rig_send(client, "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
        rig_read_head(back_end);
        rig_send(back_end, heads[i]);
        rig_read_head(client);
    }
    exchange(&rig, client, back_end);
    close(client);
    close(back_end);
    rig_close(&rig);
}

static void our_own_answers_keep_the_connection(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &usual);
    int client = rig_client(&rig);
    rig_send(client, "POST /own HTTP/1.1\r\nHost: a.test\r\nContent-Length: 3\r\n\r\nabc");
    rig_contains(rig_read_until(client, "not here"), "HTTP/1.1 404 Not Found\r\n");
    rig_contains(rig_log(&rig), "reason=own_rule");
    rig_send(client, "GET /a%2fb?x=1 HTTP/1.1\r\nHost: a.test\r\n\r\n");
    rig_contains(rig_read_head(client), "location: /a/b?x=1\r\n");
    rig_send(client, "GET / HTTP/1.1\r\nHost: b.test\r\n\r\n");
    rig_contains(rig_read_head(client), "HTTP/1.1 404 Not Found\r\n");
    rig_send(client, "GET /weightless HTTP/1.1\r\nHost: a.test\r\n\r\n");
    rig_contains(rig_read_head(client), "HTTP/1.1 500 Internal Server Error\r\n");
    rig_send(client, "CONNECT a.test:80 HTTP/1.1\r\nHost: a.test:80\r\n\r\n");
    rig_contains(rig_read_all(client), "HTTP/1.1 404 Not Found\r\n");
    close(client);
    rig_close(&rig);
}

static void what_cannot_be_understood_is_refused_and_closed(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &usual);
    int client = rig_client(&rig);
    rig_send(client, "GET / HTTP/1.1\r\nHost : a.test\r\n\r\n");
    rig_contains(rig_read_all(client), "HTTP/1.1 400 Bad Request\r\n");
    rig_contains(rig_log(&rig), " 400 - - ");
    close(client);
    client = rig_client(&rig);
    rig_send(client,
             "POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n");
    int back_end = rig_accept(&rig, 0);
    rig_contains(rig_read_all(client), "HTTP/1.1 400 Bad Request\r\n");
    rig_contains(rig_log(&rig), "reason=request_body");
    close(client);
    close(back_end);
    rig_close(&rig);
}

/* A head with a target of `marks` quotation marks, each of which takes three bytes upstream, and a
 * field of `filler` bytes. */
static const char *long_head(const char *method, size_t marks, const char *rest, size_t filler)
{
    static char text[HEAD_TEXT_MAX];
    size_t at = (size_t)snprintf(text, sizeof(text), "%s /", method);
    memset(text + at, '"', marks);
    at += marks;
    at += (size_t)snprintf(text + at, sizeof(text) - at,
                           "%s HTTP/1.1\r\nHost: a.test\r\nContent-Length: 100000\r\nX: ", rest);
    assert_true(at + filler + 5 < sizeof(text));
    memset(text + at, 'x', filler);
    memcpy(text + at + filler, "\r\n\r\n", 5);
    return text;
}

static void a_head_that_grows_too_large_upstream_is_refused(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &usual);
    int client = rig_client(&rig);
    /* Below every bound as it comes; above a block, into which what cannot be sent must fit. */
    rig_send(client, long_head("POST", 9000, "", 44000));
    rig_contains(rig_read_all(client), "HTTP/1.1 414 URI Too Long\r\n");
    rig_contains(rig_log(&rig), "reason=uri_too_long");
    close(client);
    /* The largest of those that fit. */
    client = rig_client(&rig);
    rig_send(client, long_head("POST", 9000, "", 41700));
    int back_end = rig_accept(&rig, 0);
    rig_contains(rig_read_until(back_end, "\r\ncontent-length: 100000\r\n\r\n"), "POST /%22%22");
    close(client);
    close(back_end);
    rig_close(&rig);
}

static void a_location_that_grows_too_large_is_refused(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &usual);
    int client = rig_client(&rig);
    rig_send(client, long_head("GET", 25000, "%2f", 0));
    rig_contains(rig_read_all(client), "HTTP/1.1 414 URI Too Long\r\n");
    rig_contains(rig_log(&rig), "reason=uri_too_long");
    close(client);
    rig_close(&rig);
}

static void an_unread_body_closes_after_the_answer(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &usual);
    int client = rig_client(&rig);
    rig_send(client, "POST /own HTTP/1.1\r\nHost: a.test\r\nContent-Length: 100\r\n\r\nabc");
    rig_contains(rig_read_until(client, "not here"), "connection: close\r\n");
    rig_send(client, "more that nobody reads"); /* no reset: the answer must arrive */
    assert_string_equal(rig_read_all(client), "");
    close(client);
    rig_close(&rig);
}

static void one_hundred_continue_is_sent_when_the_back_end_is_there(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &usual);
    int client = rig_client(&rig);
    rig_send(client, "POST / HTTP/1.1\r\nHost: a.test\r\nExpect: 100-continue\r\n"
                     "Content-Length: 3\r\n\r\n");
    int back_end = rig_accept(&rig, 0);
    rig_lacks(rig_read_head(back_end), "expect");
    assert_string_equal(rig_read_head(client), "HTTP/1.1 100 Continue\r\n\r\n");
    rig_send(client, "abc");
    rig_read_until(back_end, "abc");
    rig_send(back_end, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n"
                       "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    rig_contains(rig_read_head(client), "HTTP/1.1 103 Early Hints\r\n");
    rig_contains(rig_read_head(client), "HTTP/1.1 200 OK\r\n");
    close(client);
    close(back_end);
    rig_close(&rig);
}

static void an_early_answer_arrives_and_ends_the_connection(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &usual);
    int client = rig_client(&rig);
    rig_send(client, "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 100\r\n\r\nabc");
    int back_end = rig_accept(&rig, 0);
    rig_read_until(back_end, "\r\n\r\nabc");
    rig_send(back_end, "HTTP/1.1 413 Content Too Large\r\ncontent-length: 2\r\n\r\nno");
    rig_contains(rig_read_until(client, "\r\n\r\nno"), "connection: close\r\n");
    assert_string_equal(rig_read_all(client), "");
    assert_int_equal(read(back_end, rig_text, 1), 0);
    close(client);
    close(back_end);
    rig_close(&rig);
}

static void an_upgrade_becomes_a_tunnel(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &usual);
    int client = rig_client(&rig);
    rig_send(client, "GET /ws HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\n"
                     "Upgrade: websocket\r\n\r\n");
    int back_end = rig_accept(&rig, 0);
    rig_contains(rig_read_head(back_end), "upgrade: websocket\r\n");
    rig_send(back_end, "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n"
                       "Upgrade: websocket\r\n\r\nearly");
    rig_contains(rig_read_until(client, "\r\n\r\nearly"), "HTTP/1.1 101 Switching Protocols\r\n");
    rig_send(client, "up");
    rig_read_until(back_end, "up");
    rig_send(back_end, "down");
    rig_read_until(client, "down");
    assert_int_equal(shutdown(client, SHUT_WR), 0); /* half closed: the other direction goes on */
    assert_int_equal(read(back_end, rig_text, 1), 0);
    rig_send(back_end, "last");
    close(back_end);
    assert_string_equal(rig_read_all(client), "last");
    rig_contains(rig_log(&rig), " 101 GET ");
    close(client);
    rig_close(&rig);
}

static void an_upgrade_that_was_not_asked_for_is_refused(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &usual);
    int client = rig_client(&rig);
    rig_send(client,
             "GET / HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n");
    int back_end = rig_accept(&rig, 0);
    rig_lacks(rig_read_head(back_end), "upgrade");
    rig_send(back_end, "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n"
                       "Upgrade: h2c\r\n\r\n");
    rig_contains(rig_read_until(client, "protocol error"), "HTTP/1.1 502 Bad Gateway\r\n");
    close(client);
    close(back_end);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_rewritten_forwarded_and_logged),
        cmocka_unit_test(an_outside_clients_request_id_is_replaced),
        cmocka_unit_test(connections_are_kept_on_both_sides),
        cmocka_unit_test(pipelined_requests_are_answered_in_order),
        cmocka_unit_test(chunked_bodies_are_framed_anew),
        cmocka_unit_test(a_body_that_ends_with_the_connection_is_chunked),
        cmocka_unit_test(http_1_0_is_served_without_chunks),
        cmocka_unit_test(answers_without_a_body_end_with_their_head),
        cmocka_unit_test(our_own_answers_keep_the_connection),
        cmocka_unit_test(what_cannot_be_understood_is_refused_and_closed),
        cmocka_unit_test(a_head_that_grows_too_large_upstream_is_refused),
        cmocka_unit_test(a_location_that_grows_too_large_is_refused),
        cmocka_unit_test(an_unread_body_closes_after_the_answer),
        cmocka_unit_test(one_hundred_continue_is_sent_when_the_back_end_is_there),
        cmocka_unit_test(an_early_answer_arrives_and_ends_the_connection),
        cmocka_unit_test(an_upgrade_becomes_a_tunnel),
        cmocka_unit_test(an_upgrade_that_was_not_asked_for_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
