/* What goes wrong: back ends and clients that fail, and the clocks that end a wait. */
#include "rig.h"

static const struct rig_spec usual = {.endpoint_count = 1};
static const struct rig_spec two = {.endpoint_count = 2};

/* One exchange on `client` with whichever back end accepts; returns its connection. */
static int warm_up(const struct rig *rig, int client)
{
    rig_send(client, "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
    int back_end = rig_accept(rig, 0);
    rig_read_head(back_end);
    rig_send(back_end, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
    rig_read_until(client, "\r\n\r\nok");
    rig_log(rig);
    return back_end;
}

static void no_endpoint_is_503(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &(struct rig_spec){0});
    int client = rig_client(&rig);
    rig_send(client, "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
    rig_contains(rig_read_until(client, "no healthy upstream"),
                 "HTTP/1.1 503 Service Unavailable\r\n");
    rig_contains(rig_log(&rig), "reason=no_endpoints");
    close(client);
    rig_close(&rig);
}

static void a_back_end_that_is_not_there_is_tried_twice_and_503(void **state)
{
    (void)state;
    struct rig rig;
    rig_open_with(&rig, 1, LOG_TEXT);
    uint16_t nobody;
    close(rig_bind(&nobody));
    rig_serve(&rig, &(struct rig_spec){.endpoint_count = 1, .endpoint_port = nobody});
    int client = rig_client(&rig);
    rig_send(client, "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2\r\n\r\nab");
    rig_contains(rig_read_until(client, "connection failure"),
                 "HTTP/1.1 503 Service Unavailable\r\n");
    const char *line = rig_log(&rig);
    rig_contains(line, " retries=1 ");
    rig_contains(line, "reason=\"connection failure\"");
    rig_send(client, "GET /own HTTP/1.1\r\nHost: a.test\r\n\r\n"); /* the body was read */
    rig_read_until(client, "not here");
    close(client);
    rig_close(&rig);
}

static void a_dead_back_end_costs_nothing_while_another_lives(void **state)
{
    (void)state;
    struct rig rig;
    rig_open_with(&rig, 1, LOG_TEXT);
    uint16_t nobody;
    close(rig_bind(&nobody));
    rig_serve(&rig, &(struct rig_spec){.endpoint_count = 2, .endpoint_port = nobody});
    int client = rig_client(&rig);
    int back_end = -1;
    for (int i = 0; i < 4; i++) {
        rig_send(client, "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2\r\n\r\nab");
        if (back_end >= 0)
            close(back_end);
        back_end = rig_accept(&rig, 1);
        rig_read_until(back_end, "\r\n\r\nab");
        rig_send(back_end, "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok");
        rig_contains(rig_read_until(client, "\r\n\r\nok"), "HTTP/1.1 200 OK\r\n");
    }
    close(client);
    close(back_end);
    rig_close(&rig);
}

/* The race of every pool: the back end closes just as its idle connection is used again. */
static void a_reused_connection_that_closes_is_tried_again(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &usual);
    int client = rig_client(&rig);
    int back_end = warm_up(&rig, client);
    rig_send(client, "PUT /x HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2\r\n\r\nab");
    rig_contains(rig_read_until(back_end, "\r\n\r\nab"), "PUT /x ");
    close(back_end);
    back_end = rig_accept(&rig, 0);
    rig_contains(rig_read_until(back_end, "\r\n\r\nab"), "PUT /x "); /* its body, too */
    rig_send(back_end, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
    rig_contains(rig_read_until(client, "\r\n\r\nok"), "HTTP/1.1 200 OK\r\n");
    rig_contains(rig_log(&rig), " retries=1 ");
    close(client);
    close(back_end);
    rig_close(&rig);
}

static void what_may_have_been_done_is_not_done_again(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &usual);
    int client = rig_client(&rig);
    int back_end = warm_up(&rig, client);
    rig_send(client, "POST /x HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2\r\n\r\nab");
    rig_read_until(back_end, "\r\n\r\nab");
    close(back_end);
    rig_contains(rig_read_until(client, "connection termination"), "HTTP/1.1 502 Bad Gateway\r\n");
    /* A fresh connection that closes is no race: the back end did it on purpose. */
    rig_send(client, "GET /x HTTP/1.1\r\nHost: a.test\r\n\r\n");
    back_end = rig_accept(&rig, 0);
    rig_read_head(back_end);
    close(back_end);
    rig_contains(rig_read_until(client, "connection termination"), "HTTP/1.1 502 Bad Gateway\r\n");
    close(client);
    rig_close(&rig);
}

static void a_second_try_goes_elsewhere(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &two);
    int client = rig_client(&rig);
    int back_ends[2];
    for (int i = 0; i < 2; i++) { /* both get a pooled connection; which is first is chance */
        rig_send(client, "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
        fd_set set;
        FD_ZERO(&set);
        FD_SET(rig.back_ends[0], &set);
        FD_SET(rig.back_ends[1], &set);
        int most = rig.back_ends[0] > rig.back_ends[1] ? rig.back_ends[0] : rig.back_ends[1];
        assert_int_equal(select(most + 1, &set, NULL, NULL, NULL), 1);
        size_t which = FD_ISSET(rig.back_ends[0], &set) ? 0 : 1;
        back_ends[which] = rig_accept(&rig, which);
        rig_read_head(back_ends[which]);
        rig_send(back_ends[which], "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
        rig_read_until(client, "\r\n\r\nok");
    }
    rig_send(client, "GET /x HTTP/1.1\r\nHost: a.test\r\n\r\n");
    fd_set set;
    FD_ZERO(&set);
    FD_SET(back_ends[0], &set);
    FD_SET(back_ends[1], &set);
    int most = back_ends[0] > back_ends[1] ? back_ends[0] : back_ends[1];
    assert_int_equal(select(most + 1, &set, NULL, NULL, NULL), 1);
    size_t first = FD_ISSET(back_ends[0], &set) ? 0 : 1;
    close(back_ends[first]);
    int other = rig_accept(&rig, 1 - first);
    rig_contains(rig_read_head(other), "GET /x ");
    rig_send(other, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
    rig_read_until(client, "\r\n\r\nok");
    close(client);
    close(other);
    close(back_ends[1 - first]);
    rig_close(&rig);
}

static void a_response_that_breaks_off_is_not_completed(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &usual);
    static const char *const answers[] = {
        "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\npart",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\npart\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\npart\r\nzz\r\n",
    };
    static const char *const reasons[] = {"upstream_closed", "upstream_closed", "upstream_body"};
    for (size_t i = 0; i < 3; i++) {
        int client = rig_client(&rig);
        rig_send(client, "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
        int back_end = rig_accept(&rig, 0);
        rig_read_head(back_end);
        rig_send(back_end, answers[i]);
        close(back_end);
        const char *answer = rig_read_all(client);
        rig_contains(answer, "part");
        rig_lacks(answer, "0\r\n\r\n");
        const char *line = rig_log(&rig);
        rig_contains(line, " 200 GET ");
        rig_contains(line, reasons[i]);
        close(client);
    }
    rig_close(&rig);
}

static void what_is_no_http_is_502(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &usual);
    int client = rig_client(&rig);
    rig_send(client, "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
    int back_end = rig_accept(&rig, 0);
    rig_read_head(back_end);
    rig_send(back_end, "SSH-2.0-x\r\n\r\n");
    rig_contains(rig_read_until(client, "protocol error"), "HTTP/1.1 502 Bad Gateway\r\n");
    rig_contains(rig_log(&rig), "reason=");
    close(client);
    close(back_end);
    rig_close(&rig);
}

static void a_client_that_vanishes_takes_its_request_along(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &usual);
    int client = rig_client(&rig);
    rig_send(client, "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
    int back_end = rig_accept(&rig, 0);
    rig_read_head(back_end);
    close(client);
    assert_int_equal(read(back_end, rig_text, 1), 0); /* the back end is told */
    const char *line = rig_log(&rig);
    rig_contains(line, " - GET ");
    rig_contains(line, "reason=client_closed");
    close(back_end);
    client = rig_client(&rig); /* in the middle of its body */
    rig_send(client, "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 100\r\n\r\nabc");
    back_end = rig_accept(&rig, 0);
    rig_read_until(back_end, "\r\n\r\nabc");
    close(client);
    assert_int_equal(read(back_end, rig_text, 1), 0);
    rig_contains(rig_log(&rig), "reason=client_closed");
    close(back_end);
    rig_close(&rig);
}

/* Sends until nobody takes more. */
static void fill(int fd)
{
    static char block[64 * 1024];
    struct timeval soon = {.tv_usec = 100 * 1000};
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &soon, sizeof(soon)), 0);
    while (send(fd, block, sizeof(block), MSG_NOSIGNAL) > 0) {
    }
}

/* What it sent is not read at that time: requests behind this one, a body that nobody takes. */
static void a_client_that_vanishes_is_noticed_unread(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &usual);
    int client = rig_client(&rig);
    rig_send(client, "GET / HTTP/1.1\r\nHost: a.test\r\n\r\nGET /second HTTP/1.1\r\n");
    int back_end = rig_accept(&rig, 0);
    rig_read_head(back_end);
    rig_send(back_end, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
    rig_read_until(client, "abc");
    close(client);
    assert_int_equal(read(back_end, rig_text, 1), 0);
    rig_contains(rig_log(&rig), "reason=client_closed");
    close(back_end);
    client = rig_client(&rig);
    rig_send(client, "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 1000000000\r\n\r\n");
    back_end = rig_accept(&rig, 0);
    rig_read_head(back_end);
    fill(client);
    struct linger reset = {.l_onoff = 1}; /* an end would wait behind what nobody takes */
    assert_int_equal(setsockopt(client, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)), 0);
    close(client);
    rig_contains(rig_log(&rig), "reason=client_closed");
    close(back_end);
    rig_close(&rig);
}

static void a_slow_back_end_is_504(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &(struct rig_spec){.endpoint_count = 1, .request_timeout_ms = 1});
    int client = rig_client(&rig);
    rig_send(client, "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
    rig_contains(rig_read_until(client, "upstream request timeout"),
                 "HTTP/1.1 504 Gateway Timeout\r\n");
    rig_contains(rig_log(&rig), "reason=request_timeout");
    int back_end = rig_accept(&rig, 0);
    rig_read_head(back_end);
    assert_int_equal(read(back_end, rig_text, 1), 0);
    close(client);
    close(back_end);
    rig_close(&rig);
}

static void a_silent_stream_ends_by_who_was_silent(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &(struct rig_spec){.endpoint_count = 1, .stream_idle_timeout_ms = 1});
    int client = rig_client(&rig);
    rig_send(client, "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
    rig_contains(rig_read_until(client, "stream timeout"), "HTTP/1.1 504 Gateway Timeout\r\n");
    rig_contains(rig_log(&rig), "reason=stream_idle_timeout");
    rig_send(client, "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 9\r\n\r\n");
    const char *answer = rig_read_all(client);
    rig_contains(answer, "HTTP/1.1 408 Request Timeout\r\n");
    rig_contains(answer, "stream timeout");
    close(client);
    rig_close(&rig);
}

static void a_slow_head_is_408(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &(struct rig_spec){.endpoint_count = 1, .header_timeout_ms = 1});
    int client = rig_client(&rig);
    rig_send(client, "GET / HTTP/1.1\r\nHos");
    const char *answer = rig_read_all(client);
    rig_contains(answer, "HTTP/1.1 408 Request Timeout\r\n");
    rig_contains(answer, "request header timeout");
    rig_contains(rig_log(&rig), "reason=request_header_timeout");
    close(client);
    rig_close(&rig);
}

static void an_idle_connection_is_closed_without_a_word(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &(struct rig_spec){.endpoint_count = 1, .idle_timeout_ms = 1});
    int client = rig_client(&rig);
    assert_string_equal(rig_read_all(client), "");
    close(client);
    rig_close(&rig);
}

/* More than the sockets on the way hold, so that both sides have to wait. */
static void a_client_that_does_not_read_stops_the_back_end(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &usual);
    int client = rig_client(&rig);
    rig_send(client, "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
    int back_end = rig_accept(&rig, 0);
    rig_read_head(back_end);
    rig_send(back_end, "HTTP/1.1 200 OK\r\n\r\n");
    static char block[64 * 1024];
    memset(block, 'x', sizeof(block));
    struct timeval soon = {.tv_usec = 100 * 1000};
    assert_int_equal(setsockopt(back_end, SOL_SOCKET, SO_SNDTIMEO, &soon, sizeof(soon)), 0);
    uint64_t sent = 0;
    ssize_t size;
    while ((size = send(back_end, block, sizeof(block), MSG_NOSIGNAL)) > 0)
        sent += (uint64_t)size;
    close(back_end);
    rig_read_head(client);
    uint64_t received = 0;
    while ((size = read(client, block, sizeof(block))) > 0) {
        for (ssize_t i = 0; i < size; i++)
            received += block[i] == 'x';
        if (memmem(block, (size_t)size, "\r\n0\r\n\r\n", 7) != NULL)
            break;
    }
    assert_true(received == sent);
    assert_int_equal(rig_metric(&rig, "otemon_access_log_lines_dropped_total"), 0);
    close(client);
    rig_close(&rig);
}

static void a_back_end_that_does_not_read_stops_the_client(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &usual);
    int client = rig_client(&rig);
    rig_send(client, "POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n");
    int back_end = rig_accept(&rig, 0);
    rig_read_head(back_end);
    static char block[0x10000 + 9];
    memset(block, 'y', sizeof(block));
    memcpy(block, "10000\r\n", 7);
    memcpy(block + sizeof(block) - 2, "\r\n", 2);
    struct timeval soon = {.tv_usec = 100 * 1000};
    assert_int_equal(setsockopt(client, SOL_SOCKET, SO_SNDTIMEO, &soon, sizeof(soon)), 0);
    uint64_t sent = 0;
    size_t at = 0;
    for (;;) {
        ssize_t size = send(client, block + at, sizeof(block) - at, MSG_NOSIGNAL);
        if (size <= 0)
            break;
        for (ssize_t i = 0; i < size; i++)
            sent += block[at + (size_t)i] == 'y';
        at = (at + (size_t)size) % sizeof(block);
    }
    close(client); /* the body is cut: what came still arrives, the end does not */
    uint64_t received = 0;
    ssize_t size;
    while ((size = read(back_end, block, sizeof(block))) > 0)
        for (ssize_t i = 0; i < size; i++)
            received += block[i] == 'y';
    assert_true(received <= sent && received > 0);
    rig_contains(rig_log(&rig), "reason=client_closed");
    close(back_end);
    rig_close(&rig);
}

/* The back end has said all and is gone, while the client neither reads nor stops sending. */
static void a_long_early_answer_outlives_its_back_end(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &usual);
    int client = rig_client(&rig);
    rig_send(client, "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 999999\r\n\r\nabc");
    int back_end = rig_accept(&rig, 0);
    rig_read_until(back_end, "\r\n\r\nabc");
    rig_send(back_end, "HTTP/1.1 200 OK\r\ncontent-length: 8000000\r\n\r\n");
    static char block[64000];
    memset(block, 'x', sizeof(block));
    rig_read_head(client); /* and no more for now */
    struct timeval soon = {.tv_usec = 100 * 1000};
    assert_int_equal(setsockopt(back_end, SOL_SOCKET, SO_SNDTIMEO, &soon, sizeof(soon)), 0);
    size_t sent = 0;
    while (sent < 8000000) {
        ssize_t size = send(back_end, block, sizeof(block), MSG_NOSIGNAL);
        if (size > 0)
            sent += (size_t)size;
        else
            break;
    }
    rig_send(client, "more of the body");
    size_t received = 0;
    while (received < 8000000) {
        ssize_t size = read(client, block, sizeof(block));
        assert_true(size > 0);
        received += (size_t)size;
        rig_send(client, "more of the body");
        memset(block, 'x', sizeof(block));
        while (sent < 8000000) {
            size_t most = 8000000 - sent < sizeof(block) ? 8000000 - sent : sizeof(block);
            size = send(back_end, block, most, MSG_NOSIGNAL | MSG_DONTWAIT);
            if (size <= 0)
                break;
            sent += (size_t)size;
        }
    }
    rig_contains(rig_log(&rig), " bytes_out=8000000 ");
    close(client);
    close(back_end);
    rig_close(&rig);
}

static void a_slow_upload_is_not_the_back_ends_fault(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &(struct rig_spec){.endpoint_count = 1, .request_timeout_ms = 1});
    int client = rig_client(&rig);
    rig_send(client, "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 6\r\n\r\nabc");
    int back_end = rig_accept(&rig, 0);
    rig_read_until(back_end, "\r\n\r\nabc");
    int other = rig_client(&rig); /* its timeout passes, so the first one's would have, too */
    rig_send(other, "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
    rig_read_until(other, "upstream request timeout");
    rig_send(client, "def");
    rig_read_until(back_end, "def");
    rig_contains(rig_read_until(client, "upstream request timeout"), "HTTP/1.1 504 ");
    close(other);
    close(client);
    close(back_end);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_endpoint_is_503),
        cmocka_unit_test(a_back_end_that_is_not_there_is_tried_twice_and_503),
        cmocka_unit_test(a_dead_back_end_costs_nothing_while_another_lives),
        cmocka_unit_test(a_reused_connection_that_closes_is_tried_again),
        cmocka_unit_test(what_may_have_been_done_is_not_done_again),
        cmocka_unit_test(a_second_try_goes_elsewhere),
        cmocka_unit_test(a_response_that_breaks_off_is_not_completed),
        cmocka_unit_test(what_is_no_http_is_502),
        cmocka_unit_test(a_client_that_vanishes_takes_its_request_along),
        cmocka_unit_test(a_client_that_vanishes_is_noticed_unread),
        cmocka_unit_test(a_slow_back_end_is_504),
        cmocka_unit_test(a_silent_stream_ends_by_who_was_silent),
        cmocka_unit_test(a_slow_head_is_408),
        cmocka_unit_test(an_idle_connection_is_closed_without_a_word),
        cmocka_unit_test(a_client_that_does_not_read_stops_the_back_end),
        cmocka_unit_test(a_back_end_that_does_not_read_stops_the_client),
        cmocka_unit_test(a_long_early_answer_outlives_its_back_end),
        cmocka_unit_test(a_slow_upload_is_not_the_back_ends_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
