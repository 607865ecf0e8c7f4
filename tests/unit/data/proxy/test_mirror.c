/* Copies of requests: what a mirror gets, and that nothing waits for it. */
#include "rig.h"

#include <fcntl.h>
#include <sys/resource.h>

static const struct model_backend back = {.cluster = STR_INIT("back"), .weight = 1};

static const struct model_rule mirrored = {.path_match = MODEL_PATH_PREFIX,
                                           .path = STR_INIT("/"),
                                           .action = MODEL_FORWARD,
                                           .mirror = {.cluster = STR_INIT("other"), .ppm = 1000000},
                                           .backends = &back,
                                           .backend_count = 1};

static const struct rig_spec usual = {.endpoint_count = 1, .rules = &mirrored, .rule_count = 1};

/* The workers' last words are in the metrics once they are gone. */
static void close_after(struct rig *rig, uint64_t mirrors, uint64_t lost)
{
    rig->proxy = proxy_free(rig->proxy);
    assert_int_equal(rig_metric(rig, "otemon_mirrors_total"), mirrors);
    assert_int_equal(rig_metric(rig, "otemon_mirrors_lost_total"), lost);
    assert_int_equal(rig_metric(rig, "otemon_buffers"), 0);
    assert_int_equal(rig_metric(rig, "otemon_upstream_connections_open"), 0);
    rig_close(rig);
}

static void answer(int back_end)
{
    rig_send(back_end, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
}

/* One exchange of `client` with the back end, which is accepted when below 0; the mirror is left
 * to itself. */
static void exchange(const struct rig *rig, int client, int *back_end)
{
    rig_send(client, "GET /x?y HTTP/1.1\r\nHost: a.test:80\r\nX-Request-Id: mine\r\n\r\n");
    if (*back_end < 0)
        *back_end = rig_accept(rig, 0);
    rig_contains(rig_read_head(*back_end), "\r\nhost: a.test:80\r\n");
    answer(*back_end);
    rig_contains(rig_read_until(client, "\r\n\r\nok"), "HTTP/1.1 200 OK\r\n");
}

static void the_copy_is_the_original_but_for_its_host(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &usual);
    int client = rig_client(&rig);
    int back_end = -1;
    exchange(&rig, client, &back_end);
    int mirror = rig_accept(&rig, 1);
    const char *head = rig_read_head(mirror);
    assert_memory_equal(head, "GET /x?y HTTP/1.1\r\n", 19);
    rig_contains(head, "\r\nhost: a.test-shadow:80\r\n");
    rig_contains(head, "\r\nx-forwarded-for: 127.0.0.1\r\n");
    rig_contains(head, "\r\nx-request-id: mine\r\n");
    const char *line = rig_log(&rig);
    rig_contains(line, " cluster=back ");
    rig_lacks(line, "other");
    close(client);
    close(back_end);
    close(mirror);
    close_after(&rig, 1, 1);
}

static void a_host_that_is_an_address_in_brackets_is_the_mirrors_too(void **state)
{
    (void)state;
    struct rig rig;
    struct model_rule rule = mirrored;
    rule.rewrite.host = STR("[::1]:81");
    rig_open(&rig, &(struct rig_spec){.endpoint_count = 1, .rules = &rule, .rule_count = 1});
    int client = rig_client(&rig);
    rig_send(client, "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
    int back_end = rig_accept(&rig, 0);
    int mirror = rig_accept(&rig, 1);
    rig_contains(rig_read_head(back_end), "\r\nhost: [::1]:81\r\n");
    rig_contains(rig_read_head(mirror), "\r\nhost: [::1]:81\r\n");
    answer(mirror);
    answer(back_end);
    rig_read_until(client, "\r\n\r\nok");
    rig_settle(client);
    close(client);
    close(back_end);
    close(mirror);
    close_after(&rig, 1, 0);
}

static void its_answer_goes_nowhere_and_its_connection_is_kept(void **state)
{
    (void)state;
    static const char chunked[] =
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n"
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nlost\r\n0\r\n\r\n";
    static const char *const answers[] = {
        "HTTP/1.1 500 Internal Server Error\r\ncontent-length: 4\r\n\r\nlost",
        chunked,
        "HTTP/1.1 204 No Content\r\n\r\n",
    };
    struct rig rig;
    rig_open(&rig, &usual);
    int client = rig_client(&rig);
    int back_end = -1;
    int mirror = -1;
    for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
        exchange(&rig, client, &back_end);
        if (mirror < 0)
            mirror = rig_accept(&rig, 1);
        rig_read_head(mirror);
        rig_send(mirror, answers[i]);
        rig_settle(client);
    }
    exchange(&rig, client, &back_end);
    rig_read_head(mirror);
    rig_send(mirror, "HTTP/1.1 200 OK\r\n\r\nuntil the end");
    close(mirror);
    assert_int_equal(shutdown(client, SHUT_WR), 0);
    assert_string_equal(rig_read_all(client), "");
    close(client);
    close(back_end);
    close_after(&rig, 4, 0);
}

static void a_head_in_pieces_is_put_together(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &usual);
    int client = rig_client(&rig);
    int back_end = -1;
    exchange(&rig, client, &back_end);
    int mirror = rig_accept(&rig, 1);
    rig_read_head(mirror);
    static const char *const pieces[] = {"HTTP/1.1 200", " OK\r\nconnection: cl", "ose\r\n",
                                         "content-length: 4\r\n\r\nlo", "st"};
    for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
        rig_send(mirror, pieces[i]);
        rig_settle(client);
    }
    assert_int_equal(read(mirror, rig_text, 1), 0); /* it wanted to be closed */
    close(client);
    close(back_end);
    close(mirror);
    close_after(&rig, 1, 0);
}

static void a_body_is_copied_in_its_framing(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &usual);
    int client = rig_client(&rig);
    rig_send(client, "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 6\r\n\r\nab");
    int back_end = rig_accept(&rig, 0);
    rig_read_until(back_end, "\r\n\r\nab");
    int mirror = rig_accept(&rig, 1);
    rig_contains(rig_read_until(mirror, "\r\n\r\nab"), "\r\nhost: a.test-shadow\r\n");
    rig_send(client, "cdef");
    rig_read_until(back_end, "cdef");
    rig_read_until(mirror, "cdef");
    answer(mirror);
    answer(back_end);
    rig_read_until(client, "\r\n\r\nok");
    rig_settle(client);
    rig_send(client, "PUT / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n"
                     "2;x=y\r\nab\r\n1\r\nc\r\n");
    rig_read_until(back_end, "3\r\nabc\r\n");
    rig_read_until(mirror, "3\r\nabc\r\n");
    rig_send(client, "2\r\nde\r\n0\r\n\r\n");
    rig_read_until(back_end, "2\r\nde\r\n0\r\n\r\n");
    rig_read_until(mirror, "2\r\nde\r\n0\r\n\r\n");
    answer(mirror);
    answer(back_end);
    rig_read_until(client, "\r\n\r\nok");
    rig_settle(client);
    close(client);
    close(back_end);
    close(mirror);
    close_after(&rig, 2, 0);
}

/* More than all kernel buffers on the way take. */
#define HUGE_BODY ((size_t)64 * 1024 * 1024)

static void a_mirror_that_does_not_read_is_given_up(void **state)
{
    (void)state;
    static char piece[64 * 1024];
    struct rig rig;
    rig_open(&rig, &usual);
    int client = rig_client(&rig);
    char head[128];
    (void)snprintf(head, sizeof(head),
                   "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: %zu\r\n\r\n", HUGE_BODY);
    rig_send(client, head);
    int back_end = rig_accept(&rig, 0);
    rig_read_head(back_end);
    int mirror = rig_accept(&rig, 1);
    rig_read_head(mirror);
    for (size_t sent = 0; sent < HUGE_BODY; sent += sizeof(piece)) {
        assert_int_equal(send(client, piece, sizeof(piece), MSG_NOSIGNAL), sizeof(piece));
        for (size_t left = sizeof(piece); left > 0;) {
            ssize_t got = read(back_end, rig_text, left);
            assert_true(got > 0);
            left -= (size_t)got;
        }
    }
    answer(back_end);
    rig_contains(rig_read_until(client, "\r\n\r\nok"), "HTTP/1.1 200 OK\r\n");
    rig_contains(rig_log(&rig), " bytes_in=67108864 ");
    size_t copied = 0;
    ssize_t got;
    while ((got = read(mirror, rig_text, sizeof(rig_text))) > 0)
        copied += (size_t)got;
    assert_true(copied < HUGE_BODY);
    close(client);
    close(back_end);
    close(mirror);
    close_after(&rig, 1, 1);
}

static void nothing_waits_for_a_mirror(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &usual);
    int client = rig_client(&rig);
    int back_end = -1;
    for (int i = 0; i < 3; i++)
        exchange(&rig, client, &back_end);
    /* The state that its request began with is gone while the mirrors are there. */
    rig_serve(&rig, &(struct rig_spec){.endpoint_count = 1});
    rig_send(client, "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
    rig_read_head(back_end);
    answer(back_end);
    rig_read_until(client, "\r\n\r\nok");
    rig_serve(&rig, &usual);
    struct buf dump = rig_dump(&rig);
    rig_contains(dump.data, "\"statesAlive\":1,");
    buf_deinit(&dump);
    close(client);
    close(back_end);
    close_after(&rig, 3, 3);
}

static void draining_does_not_wait_for_a_mirror(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &usual);
    int client = rig_client(&rig);
    int back_end = -1;
    exchange(&rig, client, &back_end);
    int mirror = rig_accept(&rig, 1);
    rig_read_head(mirror);
    rig_drain(&rig, 60000);
    loop_run(rig.loop);
    assert_true(rig.called);
    assert_int_equal(read(mirror, rig_text, 1), 0);
    close(client);
    close(back_end);
    close(mirror);
    close_after(&rig, 1, 1);
}

static void a_mirror_that_does_not_answer_is_given_up(void **state)
{
    (void)state;
    struct rig rig;
    struct model_rule rule = mirrored;
    rule.request_timeout_ms = 200;
    rig_open(&rig, &(struct rig_spec){.endpoint_count = 1, .rules = &rule, .rule_count = 1});
    int client = rig_client(&rig);
    int back_end = -1;
    exchange(&rig, client, &back_end);
    int mirror = rig_accept(&rig, 1);
    rig_read_head(mirror);
    rig_send(mirror, "HTTP/1.1 200 OK\r\n\r\nfor ever");
    assert_int_equal(read(mirror, rig_text, 1), 0);
    exchange(&rig, client, &back_end); /* as if nothing had been */
    close(client);
    close(back_end);
    close(mirror);
    close_after(&rig, 2, 2);
}

/* A request and its copy, both with two of the six bytes of its body. */
static void begin(struct rig *rig, int client, int *ret_back_end, int *ret_mirror)
{
    rig_send(client, "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 6\r\n\r\nab");
    *ret_back_end = rig_accept(rig, 0);
    rig_read_until(*ret_back_end, "\r\n\r\nab");
    *ret_mirror = rig_accept(rig, 1);
    rig_read_until(*ret_mirror, "\r\n\r\nab");
}

static void a_copy_that_cannot_be_whole_is_given_up(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &usual);
    int client = rig_client(&rig);
    int back_end;
    int mirror;
    begin(&rig, client, &back_end, &mirror);
    close(client);
    assert_int_equal(read(mirror, rig_text, 1), 0);
    close(back_end);
    close(mirror);
    close_after(&rig, 1, 1);
}

static void an_early_answer_of_the_mirror_ends_the_copy_alone(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &usual);
    int client = rig_client(&rig);
    int back_end;
    int mirror;
    begin(&rig, client, &back_end, &mirror);
    answer(mirror);
    assert_int_equal(read(mirror, rig_text, 1), 0);
    rig_send(client, "cdef");
    rig_read_until(back_end, "cdef");
    answer(back_end);
    rig_read_until(client, "\r\n\r\nok");
    close(client);
    close(back_end);
    close(mirror);
    close_after(&rig, 1, 0);
}

static void a_second_try_is_not_copied_again(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &usual);
    int client = rig_client(&rig);
    int back_end = -1;
    exchange(&rig, client, &back_end);
    int mirror = rig_accept(&rig, 1);
    rig_read_head(mirror);
    answer(mirror);
    rig_settle(client);
    rig_send(client, "PUT / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2\r\n\r\nab");
    rig_read_until(back_end, "\r\n\r\nab");
    close(back_end);
    back_end = rig_accept(&rig, 0);
    rig_read_until(back_end, "\r\n\r\nab");
    answer(back_end);
    rig_read_until(client, "\r\n\r\nok");
    rig_read_until(mirror, "\r\n\r\nab");
    answer(mirror);
    close(client);
    assert_int_equal(shutdown(mirror, SHUT_WR), 0);
    assert_string_equal(rig_read_all(mirror), ""); /* no second copy */
    close(back_end);
    close(mirror);
    close_after(&rig, 2, 0);
}

static void a_mirror_that_is_not_there_costs_nothing(void **state)
{
    (void)state;
    struct rig rig;
    rig_open_with(&rig, 1, LOG_TEXT);
    close(rig.back_ends[1]);
    rig.back_ends[1] = rig_bind(&rig.back_end_ports[1]); /* does not listen */
    rig_serve(&rig, &usual);
    int client = rig_client(&rig);
    int back_end = -1;
    for (int i = 0; i < 3; i++)
        exchange(&rig, client, &back_end);
    close(client);
    close(back_end);
    close_after(&rig, 3, 3);
}

static void a_share_of_the_requests_is_copied(void **state)
{
    (void)state;
    struct rig rig;
    struct model_rule rule = mirrored;
    struct rig_spec spec = usual;
    spec.rules = &rule;
    rig_open_with(&rig, 1, LOG_TEXT);
    int client = -1;
    int back_end = -1;
    static const uint32_t shares[] = {0, 500000};
    for (size_t i = 0; i < 2; i++) {
        rule.mirror.ppm = shares[i];
        rig_serve(&rig, &spec);
        if (client < 0)
            client = rig_client(&rig);
        for (int j = 0; j < 64; j++)
            exchange(&rig, client, &back_end);
    }
    close(client);
    close(back_end);
    rig.proxy = proxy_free(rig.proxy);
    uint64_t count = rig_metric(&rig, "otemon_mirrors_total");
    assert_true(count > 8 && count < 56); /* all but certain */
    rig_close(&rig);
}

/* Nobody accepts them: they stay. */
static void copies_at_once_have_a_bound(void **state)
{
    (void)state;
    static const struct {
        size_t addresses;
        unsigned most;
    } bounds[] = {{1, PROXY_MIRRORS_ENDPOINT_MAX}, {5, PROXY_MIRRORS_MAX}};
    for (size_t i = 0; i < ARRAY_SIZE(bounds); i++) {
        struct rig rig;
        struct rig_spec spec = usual;
        spec.other_count = bounds[i].addresses;
        rig_open_with(&rig, 1, LOG_TEXT);
        assert_true(fcntl(rig.log[1], F_SETPIPE_SZ, 1024 * 1024) > 0); /* nobody reads it */
        close(rig.back_ends[1]);
        rig.back_ends[1] = rig_socket();
        struct sockaddr_in any = rig_address(rig.back_end_ports[1]);
        any.sin_addr.s_addr = htonl(INADDR_ANY);
        assert_int_equal(bind(rig.back_ends[1], (struct sockaddr *)&any, sizeof(any)), 0);
        assert_int_equal(listen(rig.back_ends[1], PROXY_MIRRORS_MAX), 0);
        rig_serve(&rig, &spec);
        int client = rig_client(&rig);
        int back_end = -1;
        for (unsigned j = 0; j < bounds[i].most + 20; j++)
            exchange(&rig, client, &back_end);
        close(client);
        close(back_end);
        rig.proxy = proxy_free(rig.proxy);
        assert_int_equal(rig_metric(&rig, "otemon_mirrors_total"), bounds[i].most + 20);
        assert_int_equal(rig_metric(&rig, "otemon_upstream_connects_total"), 1 + bounds[i].most);
        rig_close(&rig);
    }
}

/* Clients that have begun a head take the buffers: what is left is for requests. */
static void copies_leave_buffers_for_requests(void **state)
{
    (void)state;
    static int waiting[PROXY_MIRROR_BLOCKS_MAX];
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    if (limit.rlim_cur < 2 * ARRAY_SIZE(waiting) + 64)
        skip();
    struct rig rig;
    rig_open(&rig, &usual);
    for (size_t i = 0; i < ARRAY_SIZE(waiting); i++) {
        waiting[i] = rig_client(&rig);
        rig_send(waiting[i], "G");
    }
    int client = rig_client(&rig);
    rig_settle(client);
    rig_settle(client);
    int back_end = -1;
    exchange(&rig, client, &back_end);
    int mirror = rig_accept(&rig, 1);
    assert_int_equal(read(mirror, rig_text, 1), 0); /* not even a head */
    for (size_t i = 0; i < ARRAY_SIZE(waiting); i++)
        close(waiting[i]);
    close(client);
    close(back_end);
    close(mirror);
    close_after(&rig, 1, 1);
}

static void an_upgrade_is_not_copied(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &usual);
    int client = rig_client(&rig);
    rig_send(client, "GET / HTTP/1.1\r\nHost: a.test\r\nConnection: upgrade\r\n"
                     "Upgrade: websocket\r\n\r\n");
    int back_end = rig_accept(&rig, 0);
    rig_read_head(back_end);
    close(client);
    close(back_end);
    close_after(&rig, 0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_copy_is_the_original_but_for_its_host),
        cmocka_unit_test(a_host_that_is_an_address_in_brackets_is_the_mirrors_too),
        cmocka_unit_test(its_answer_goes_nowhere_and_its_connection_is_kept),
        cmocka_unit_test(a_head_in_pieces_is_put_together),
        cmocka_unit_test(a_body_is_copied_in_its_framing),
        cmocka_unit_test(a_mirror_that_does_not_read_is_given_up),
        cmocka_unit_test(nothing_waits_for_a_mirror),
        cmocka_unit_test(draining_does_not_wait_for_a_mirror),
        cmocka_unit_test(a_mirror_that_does_not_answer_is_given_up),
        cmocka_unit_test(a_copy_that_cannot_be_whole_is_given_up),
        cmocka_unit_test(an_early_answer_of_the_mirror_ends_the_copy_alone),
        cmocka_unit_test(a_second_try_is_not_copied_again),
        cmocka_unit_test(a_mirror_that_is_not_there_costs_nothing),
        cmocka_unit_test(a_share_of_the_requests_is_copied),
        cmocka_unit_test(copies_at_once_have_a_bound),
        cmocka_unit_test(copies_leave_buffers_for_requests),
        cmocka_unit_test(an_upgrade_is_not_copied),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
