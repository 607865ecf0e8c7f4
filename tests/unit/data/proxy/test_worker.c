/* Changes under way: swaps, removed ports, TLS, draining. */
#include "rig.h"

/* Made for these tests, for "a.test"; valid until 2126. */
static const char certificate[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBjTCCATKgAwIBAgIUZbdnx3ztndZn2Q41PFVajsiY4QcwCgYIKoZIzj0EAwIw\n"
    "ETEPMA0GA1UEAwwGYS50ZXN0MCAXDTI2MTEyNDA1MDkwM1oYDzIxMjYxMDMxMDUw\n"
    "OTAzWjARMQ8wDQYDVQQDDAZhLnRlc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC\n"
    "AATBB/7ZDlcx92/z/qRGAOONYr68/yu42Z5WxUjvIIb4t8zo6rWWAzjTif6N08lw\n"
    "wkd7NxXJ+x2qYk+zQpYHvXiKo2YwZDAdBgNVHQ4EFgQUyXk8TJCjFHGy14Ll8ElE\n"
    "vRnsjJwwHwYDVR0jBBgwFoAUyXk8TJCjFHGy14Ll8ElEvRnsjJwwDwYDVR0TAQH/\n"
    "BAUwAwEB/zARBgNVHREECjAIggZhLnRlc3QwCgYIKoZIzj0EAwIDSQAwRgIhAIML\n"
    "3zCK4otqG2xJUtLJwwjZVxlGgYqgjM4WNEMI9pkzAiEAzACS3R4feaEciiHxAhRn\n"
    "Zjfpb96UIJaiEjTQ+mH563M=\n"
    "-----END CERTIFICATE-----\n";
static const char key[] = "-----BEGIN PRIVATE KEY-----\n"
                          "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgBDOpdOp//rfJAj+t\n"
                          "MVNAMhXmKt23+hd+KwBw4aW9eq6hRANCAATBB/7ZDlcx92/z/qRGAOONYr68/yu4\n"
                          "2Z5WxUjvIIb4t8zo6rWWAzjTif6N08lwwkd7NxXJ+x2qYk+zQpYHvXiK\n"
                          "-----END PRIVATE KEY-----\n";

static const struct rig_spec usual = {.endpoint_count = 1};

static void answer(int back_end, const char *path)
{
    char line[64];
    (void)snprintf(line, sizeof(line), "GET %s HTTP/1.1\r\n", path);
    rig_contains(rig_read_head(back_end), line);
    rig_send(back_end, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
}

static void a_request_finishes_on_the_state_it_began_with(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &usual);
    int client = rig_client(&rig);
    rig_send(client, "GET /before HTTP/1.1\r\nHost: a.test\r\n\r\n");
    int back_end = rig_accept(&rig, 0);
    rig_serve(&rig, &(struct rig_spec){0}); /* no back end any more */
    answer(back_end, "/before");
    rig_read_until(client, "\r\n\r\nok");
    rig_send(client, "GET /after HTTP/1.1\r\nHost: a.test\r\n\r\n");
    rig_contains(rig_read_until(client, "no healthy upstream"), "HTTP/1.1 503 ");
    assert_int_equal(read(back_end, rig_text, 1), 0); /* the removed endpoint's pool is closed */
    close(client);
    close(back_end);
    rig_close(&rig);
}

static void pools_survive_a_swap(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &usual);
    int client = rig_client(&rig);
    rig_send(client, "GET /1 HTTP/1.1\r\nHost: a.test\r\n\r\n");
    int back_end = rig_accept(&rig, 0);
    answer(back_end, "/1");
    rig_read_until(client, "\r\n\r\nok");
    rig_serve(&rig, &(struct rig_spec){.endpoint_count = 1, .request_timeout_ms = 15000});
    rig_send(client, "GET /2 HTTP/1.1\r\nHost: a.test\r\n\r\n");
    answer(back_end, "/2");
    rig_read_until(client, "\r\n\r\nok");
    close(client);
    close(back_end);
    rig_close(&rig);
}

static void many_swaps_leave_nothing_behind(void **state)
{
    (void)state;
    struct rig rig;
    rig_open_with(&rig, 3, LOG_TEXT);
    for (uint32_t i = 0; i < 50; i++)
        rig_serve(&rig, &(struct rig_spec){.endpoint_count = 1 + i % 2, .request_timeout_ms = i});
    struct buf dump = rig_dump(&rig);
    rig_contains(dump.data, "\"statesAlive\":1,");
    buf_deinit(&dump);
    rig_close(&rig);
}

static void a_port_in_use_is_refused_and_the_last_state_stays(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &usual);
    uint16_t served = rig.port;
    int thief = rig_listen(&rig.port);
    struct err_info why = {0};
    assert_int_equal(rig_try(&rig, rig_snapshot(&rig, &usual), &why), ERR_CONFLICT);
    assert_string_equal(why.path, "listener edge:HTTP:8080");
    rig.port = served;
    int client = rig_client(&rig);
    rig_send(client, "GET /own HTTP/1.1\r\nHost: a.test\r\n\r\n");
    rig_read_until(client, "not here");
    close(client);
    close(thief);
    rig_close(&rig);
}

static void a_removed_port_refuses_and_lets_its_request_finish(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &usual);
    uint16_t removed = rig.port;
    int busy = rig_client(&rig);
    rig_send(busy, "GET /busy HTTP/1.1\r\nHost: a.test\r\n\r\n");
    int back_end = rig_accept(&rig, 0);
    int idle = rig_client(&rig);
    close(rig_bind(&rig.port)); /* another port instead */
    rig_serve(&rig, &usual);
    int late = rig_socket();
    struct sockaddr_in address = rig_address(removed);
    assert_int_equal(connect(late, (struct sockaddr *)&address, sizeof(address)), -1);
    answer(back_end, "/busy");
    rig_contains(rig_read_until(busy, "\r\n\r\nok"), "connection: close\r\n");
    assert_string_equal(rig_read_all(busy), "");
    assert_string_equal(rig_read_all(idle), "");
    int client = rig_client(&rig);
    rig_send(client, "GET /own HTTP/1.1\r\nHost: a.test\r\n\r\n");
    rig_read_until(client, "not here");
    close(client);
    close(late);
    close(idle);
    close(busy);
    close(back_end);
    rig_close(&rig);
}

static void draining_finishes_requests_and_closes_the_rest(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &usual);
    int busy = rig_client(&rig);
    rig_send(busy, "GET /busy HTTP/1.1\r\nHost: a.test\r\n\r\n");
    int back_end = rig_accept(&rig, 0);
    int idle = rig_client(&rig);
    rig_drain(&rig, 60000);
    answer(back_end, "/busy"); /* the workers may hear of it before or after */
    rig_read_until(busy, "\r\n\r\nok");
    loop_run(rig.loop);
    assert_true(rig.called);
    assert_string_equal(rig_read_all(busy), "");
    assert_string_equal(rig_read_all(idle), "");
    close(idle);
    close(busy);
    close(back_end);
    rig_close(&rig);
}

static void draining_ends_when_its_time_is_over(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &usual);
    int busy = rig_client(&rig);
    rig_send(busy, "GET /busy HTTP/1.1\r\nHost: a.test\r\n\r\n");
    int back_end = rig_accept(&rig, 0);
    rig_read_head(back_end);
    rig_drain(&rig, 1);
    loop_run(rig.loop);
    assert_true(rig.called);
    assert_string_equal(rig_read_all(busy), "");
    rig_contains(rig_log(&rig), "reason=drain_time");
    close(busy);
    close(back_end);
    rig_close(&rig);
}

static void a_proxy_may_be_freed_in_the_middle_of_everything(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &usual);
    int client = rig_client(&rig);
    rig_send(client, "POST /busy HTTP/1.1\r\nHost: a.test\r\nContent-Length: 9\r\n\r\nabc");
    int back_end = rig_accept(&rig, 0);
    rig_read_until(back_end, "\r\n\r\nabc");
    rig_close(&rig);
    assert_string_equal(rig_read_all(client), "");
    close(client);
    close(back_end);
}

static void the_log_is_json_when_asked(void **state)
{
    (void)state;
    struct rig rig;
    rig_open_with(&rig, 1, LOG_JSON);
    rig_serve(&rig, &usual);
    int client = rig_client(&rig);
    rig_send(client, "GET /own HTTP/1.1\r\nHost: a.test\r\n\r\n");
    rig_read_until(client, "not here");
    const char *line = rig_log(&rig);
    assert_memory_equal(line, "{\"time\":\"", 9);
    rig_contains(line, "\",\"status\":404,\"method\":\"GET\",\"authority\":\"a.test\","
                       "\"path\":\"/own\",\"duration_ms\":");
    rig_contains(line, ",\"reason\":\"own_rule\"}\n");
    close(client);
    rig_close(&rig);
}

/* A plain client on a TLS port gets nothing, and the worker goes on. The protocol itself is tested
 * with core/net. */
static void a_port_may_turn_to_tls(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &usual);
    int before = rig_client(&rig);
    rig_send(before, "GET /own HTTP/1.1\r\nHost: a.test\r\n\r\n");
    rig_read_until(before, "not here");
    struct rig_spec tls = usual;
    tls.secret_pem = certificate;
    tls.key_pem = key;
    rig_serve(&rig, &tls);
    rig_send(before, "GET /own HTTP/1.1\r\nHost: a.test\r\n\r\n");
    rig_contains(rig_read_all(before), "HTTP/1.1 421 Misdirected Request\r\n");
    int client = rig_client(&rig);
    rig_send(client, "GET /own HTTP/1.1\r\nHost: a.test\r\n\r\n");
    rig_lacks(rig_read_all(client), "HTTP/");
    close(client);
    close(before);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_finishes_on_the_state_it_began_with),
        cmocka_unit_test(pools_survive_a_swap),
        cmocka_unit_test(many_swaps_leave_nothing_behind),
        cmocka_unit_test(a_port_in_use_is_refused_and_the_last_state_stays),
        cmocka_unit_test(a_removed_port_refuses_and_lets_its_request_finish),
        cmocka_unit_test(draining_finishes_requests_and_closes_the_rest),
        cmocka_unit_test(draining_ends_when_its_time_is_over),
        cmocka_unit_test(a_proxy_may_be_freed_in_the_middle_of_everything),
        cmocka_unit_test(the_log_is_json_when_asked),
        cmocka_unit_test(a_port_may_turn_to_tls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
