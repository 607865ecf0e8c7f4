/* Back ends at names: served when they are resolved, and whatever happens meanwhile. */
#include "../../dns_server.h"
#include "../../turns.h"
#include "rig.h"

static const struct rig_spec named = {.endpoint_count = 1, .name = "back.test."};
static struct dns_server server;

/* With a name server that says that of the name. */
static void open_with(struct rig *rig, struct dns_server_name said)
{
    *rig = (struct rig){.loop = loop_new()};
    dns_server_open(&server, rig->loop);
    said.name = "back.test";
    dns_server_set(&server, said);
    rig_start(rig, 2, LOG_TEXT, str_of(server.text));
}

static void close_all(struct rig *rig)
{
    dns_server_close(&server);
    rig_close(rig);
}

/* Begins to apply what is served at the name, and does not wait for it. */
static void begin(struct rig *rig)
{
    const struct model_snapshot *snapshot = rig_snapshot(rig, &named);
    struct model_transaction *transaction = model_transaction_new(NULL, snapshot);
    assert_int_equal(proxy_apply(rig->proxy, transaction, rig_on_applied, rig, NULL), ERR_OK);
    struct err_info why = {0};
    assert_int_equal(proxy_apply(rig->proxy, transaction, rig_on_applied, rig, &why), ERR_AGAIN);
    assert_null(model_transaction_free(transaction));
    rig->served = snapshot;
}

static void assert_unavailable(const struct rig *rig)
{
    int client = rig_client(rig);
    rig_send(client, "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
    rig_contains(rig_read_until(client, "no healthy upstream"), "HTTP/1.1 503 ");
    close(client);
}

static void what_is_acknowledged_is_resolved(void **state)
{
    (void)state; /* none */
    struct rig rig;
    open_with(&rig, (struct dns_server_name){.ipv4 = "127.0.0.1", .ttl = 60});
    rig_serve(&rig, &named);
    int client = rig_client(&rig);
    rig_send(client, "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
    int back_end = rig_accept(&rig, 0);
    rig_contains(rig_read_head(back_end), "host: a.test\r\n");
    close(back_end);
    close(client);
    assert_int_equal(rig_metric(&rig, "otemon_dns_names"), 1);
    assert_int_equal(rig_metric(&rig, "otemon_dns_queries_total"), 1);
    assert_int_equal(rig_metric(&rig, "otemon_dns_failures_total"), 0);
    assert_int_equal(rig_metric(&rig, "otemon_dns_changes_total"), 1);
    close_all(&rig);
}

static void what_has_no_address_is_acknowledged_and_unavailable(void **state)
{
    (void)state; /* none */
    struct rig rig;
    open_with(&rig, (struct dns_server_name){.code = DNS_SERVER_NO_NAME});
    rig_serve(&rig, &named);
    assert_unavailable(&rig);
    assert_int_equal(rig_metric(&rig, "otemon_dns_failures_total"), 1);
    close_all(&rig);
}

static void a_silent_server_is_not_waited_for_long(void **state)
{
    (void)state; /* none */
    struct rig rig;
    open_with(&rig, (struct dns_server_name){.is_silent = true});
    rig_serve(&rig, &(struct rig_spec){.endpoint_count = 1});
    uint64_t before_ms = loop_now_ms(rig.loop);
    rig_serve(&rig, &named);
    assert_in_range(loop_now_ms(rig.loop) - before_ms, 500, TURNS_PATIENCE_MS);
    assert_unavailable(&rig);
    before_ms = loop_now_ms(rig.loop);
    struct rig_spec again = named;
    again.request_timeout_ms = 9000;
    rig_serve(&rig, &again); /* the name is not new any more */
    assert_in_range(loop_now_ms(rig.loop) - before_ms, 0, 499);
    close_all(&rig);
}

static void the_dump_shows_names_as_they_are_and_as_they_were_published(void **state)
{
    (void)state; /* none */
    struct rig rig;
    open_with(&rig, (struct dns_server_name){.ipv4 = "127.0.0.1", .ttl = 60});
    rig_serve(&rig, &named);
    struct buf dump = rig_dump(&rig);
    rig_contains(dump.data, "\"names\":[{\"addresses\":[\"127.0.0.1\"],\"ageMs\":");
    rig_contains(dump.data, "\"endpoints\":[{\"address\":\"back.test.\",\"port\":");
    rig_contains(dump.data, "\"statesAlive\":1,");
    buf_deinit(&dump);
    close_all(&rig);
}

static void the_end_may_come_while_names_are_waited_for(void **state)
{
    (void)state; /* none */
    struct rig rig;
    open_with(&rig, (struct dns_server_name){.is_silent = true});
    begin(&rig);
    turns_now(rig.loop);
    close_all(&rig);
    assert_false(rig.called);
}

static void draining_may_begin_while_names_are_waited_for(void **state)
{
    (void)state; /* none */
    struct rig rig;
    open_with(&rig, (struct dns_server_name){.is_silent = true});
    begin(&rig);
    rig_drain(&rig, 60000);
    loop_run(rig.loop); /* to the end of the drain */
    assert_true(rig.called);
    rig.called = false;
    loop_run(rig.loop); /* what is applied then opens nothing, and is acknowledged */
    assert_true(rig.called);
    int late = rig_socket();
    struct sockaddr_in address = rig_address(rig.port);
    assert_int_equal(connect(late, (struct sockaddr *)&address, sizeof(address)), -1);
    close(late);
    close_all(&rig);
}

static void a_server_that_is_none_is_refused(void **state)
{
    (void)state; /* none */
    struct loop *loop = loop_new();
    struct metrics *metrics = metrics_new(2);
    struct proxy_metrics *proxy_metrics = proxy_metrics_new(metrics);
    struct proxy_options options = {.loop = loop,
                                    .metrics = proxy_metrics,
                                    .first_writer = 1,
                                    .workers = 1,
                                    .log_fd = -1,
                                    .dns_server = STR("nobody")};
    struct proxy *proxy = NULL;
    assert_int_equal(proxy_new(&options, &proxy, NULL), ERR_INVALID);
    assert_null(proxy);
    assert_null(proxy_metrics_free(proxy_metrics));
    assert_null(metrics_free(metrics));
    assert_null(loop_free(loop));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_acknowledged_is_resolved),
        cmocka_unit_test(what_has_no_address_is_acknowledged_and_unavailable),
        cmocka_unit_test(a_silent_server_is_not_waited_for_long),
        cmocka_unit_test(the_dump_shows_names_as_they_are_and_as_they_were_published),
        cmocka_unit_test(the_end_may_come_while_names_are_waited_for),
        cmocka_unit_test(draining_may_begin_while_names_are_waited_for),
        cmocka_unit_test(a_server_that_is_none_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
