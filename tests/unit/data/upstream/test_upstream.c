/* Sets, endpoints by identity, round robin, and the pool. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "data/upstream/upstream.h"

struct bench {
    struct loop *loop;
    struct upstream *upstream;
    int listener;
    uint16_t port;
    enum err result;
    unsigned events;
    int calls;
};

static int listen_any(uint16_t *ret_port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    assert_int_equal(listen(fd, 16), 0);
    *ret_port = ntohs(address.sin_port);
    return fd;
}

static void bench_open(struct bench *bench)
{
    *bench = (struct bench){.loop = loop_new()};
    bench->upstream = upstream_new(bench->loop, 0);
    bench->listener = listen_any(&bench->port);
}

static void bench_close(struct bench *bench)
{
    assert_null(upstream_free(bench->upstream));
    assert_null(loop_free(bench->loop));
    close(bench->listener);
    assert_int_equal(model_resources_alive(), 0);
}

/* A set with one cluster, "c". */
static struct upstream_set *set_with(struct bench *bench, const struct model_endpoint *endpoints,
                                     size_t count)
{
    struct model_endpoint_set set = {
        .name = STR("s"), .endpoints = endpoints, .endpoint_count = count};
    struct model_cluster cluster = {
        .name = STR("c"), .service = STR("c"), .endpoint_set = STR("s"), .connect_timeout_ms = 1};
    const struct model_resource *resources[] = {model_cluster_new(&cluster),
                                                model_endpoint_set_new(&set)};
    const struct model_snapshot *snapshot = NULL;
    assert_int_equal(model_snapshot_new(resources, 2, &snapshot, NULL), ERR_OK);
    struct upstream_set *made = upstream_set_new(bench->upstream, snapshot, NULL);
    assert_null(model_snapshot_unref(snapshot));
    return made;
}

/* Its cluster has `count` endpoints on 127.0.0.1. */
static struct upstream_set *set_of(struct bench *bench, const uint16_t *ports, size_t count)
{
    struct model_endpoint endpoints[4];
    for (size_t i = 0; i < count; i++)
        endpoints[i] = (struct model_endpoint){.address = STR("127.0.0.1"), .port = ports[i]};
    return set_with(bench, endpoints, count);
}

static struct upstream_endpoint *pick(struct upstream_set *set,
                                      const struct upstream_endpoint *avoid)
{
    struct str hostname;
    return upstream_pick(upstream_cluster_find(set, STR("c")), avoid, &hostname);
}

/* One address may be there by several names: each takes its turn. */
static void an_endpoint_has_the_host_name_that_its_cluster_gives_it(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench);
    struct model_endpoint endpoints[] = {
        {.address = STR("127.0.0.1"), .port = 1, .hostname = STR("a.test")},
        {.address = STR("127.0.0.1"), .port = 1, .hostname = STR("b.test")},
        {.address = STR("127.0.0.1"), .port = 2}};
    struct upstream_set *set = set_with(&bench, endpoints, 3);
    struct upstream_cluster *cluster = upstream_cluster_find(set, STR("c"));
    size_t seen[3] = {0};
    for (size_t i = 0; i < 6; i++) {
        struct str name;
        struct upstream_endpoint *endpoint = upstream_pick(cluster, NULL, &name);
        size_t which = name.size == 0 ? 2 : str_equal(name, STR("b.test")) ? 1 : 0;
        seen[which]++;
        assert_true(str_equal(upstream_endpoint_text(endpoint),
                              which == 2 ? STR("127.0.0.1:2") : STR("127.0.0.1:1")));
    }
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(seen[i], 2);
    assert_null(upstream_set_free(set));
    bench_close(&bench);
}

static void on_event(void *arg, enum err result, unsigned events)
{
    struct bench *bench = arg;
    bench->result = result;
    bench->events = events;
    bench->calls++;
    loop_stop(bench->loop);
}

static struct upstream_conn *connect_now(struct bench *bench, struct upstream_endpoint *endpoint)
{
    struct upstream_conn *conn = NULL;
    assert_int_equal(upstream_connect(endpoint, 5000, on_event, bench, &conn), ERR_OK);
    loop_run(bench->loop);
    assert_int_equal(bench->result, ERR_OK);
    return conn;
}

static void endpoints_take_turns(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench);
    const uint16_t ports[] = {1, 2, 3};
    struct upstream_set *set = set_of(&bench, ports, 3);
    struct upstream_endpoint *seen[6];
    for (size_t i = 0; i < 6; i++)
        seen[i] = pick(set, NULL);
    for (size_t i = 0; i < 3; i++)
        assert_ptr_equal(seen[i], seen[i + 3]);
    assert_ptr_not_equal(seen[0], seen[1]);
    assert_ptr_not_equal(seen[1], seen[2]);
    for (size_t i = 0; i < 3; i++)
        assert_ptr_not_equal(pick(set, seen[i]), seen[i]);
    assert_null(upstream_set_free(set));
    bench_close(&bench);
}

static void avoiding_the_only_endpoint_gives_it_again(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench);
    struct upstream_set *set = set_of(&bench, (const uint16_t[]){7}, 1);
    struct upstream_endpoint *only = pick(set, NULL);
    assert_ptr_equal(pick(set, only), only);
    assert_string_equal(upstream_endpoint_text(only).data, "127.0.0.1:7");
    assert_null(upstream_cluster_find(set, STR("other")));
    assert_null(upstream_set_free(set));
    set = set_of(&bench, NULL, 0);
    assert_null(pick(set, NULL));
    assert_null(upstream_set_free(set));
    bench_close(&bench);
}

static void endpoints_and_their_pools_survive_a_new_set(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench);
    struct upstream_set *before = set_of(&bench, &bench.port, 1);
    struct upstream_endpoint *endpoint = pick(before, NULL);
    struct upstream_conn *conn = connect_now(&bench, endpoint);
    assert_false(conn->reused);
    upstream_give(conn);
    struct upstream_set *after = set_of(&bench, (const uint16_t[]){1, bench.port}, 2);
    assert_null(upstream_set_free(before));
    assert_int_equal(upstream_counts(bench.upstream)->endpoints, 2);
    struct upstream_conn *again = upstream_take(endpoint, on_event, &bench);
    assert_ptr_equal(again, conn);
    assert_true(again->reused);
    upstream_close(again);
    assert_null(upstream_set_free(after));
    bench_close(&bench);
}

static void connections_to_a_removed_endpoint_close(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench);
    struct upstream_set *set = set_of(&bench, &bench.port, 1);
    struct upstream_endpoint *endpoint = pick(set, NULL);
    struct upstream_conn *idle = connect_now(&bench, endpoint);
    struct upstream_conn *busy = connect_now(&bench, endpoint);
    upstream_give(idle);
    assert_null(upstream_set_free(set));
    assert_int_equal(upstream_counts(bench.upstream)->connections, 1);
    assert_int_equal(upstream_counts(bench.upstream)->idle, 0);
    upstream_give(busy); /* nobody wants it back */
    assert_int_equal(upstream_counts(bench.upstream)->connections, 0);
    assert_int_equal(upstream_counts(bench.upstream)->endpoints, 0);
    bench_close(&bench);
}

static void the_connection_used_last_is_taken_first(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench);
    struct upstream_set *set = set_of(&bench, &bench.port, 1);
    struct upstream_endpoint *endpoint = pick(set, NULL);
    struct upstream_conn *a = connect_now(&bench, endpoint);
    struct upstream_conn *b = connect_now(&bench, endpoint);
    upstream_give(a);
    upstream_give(b);
    struct upstream_conn *taken = upstream_take(endpoint, on_event, &bench);
    assert_ptr_equal(taken, b);
    upstream_give(taken);
    upstream_close_idle(bench.upstream);
    assert_null(upstream_take(endpoint, on_event, &bench));
    assert_null(upstream_set_free(set));
    bench_close(&bench);
}

static void stop(void *arg)
{
    loop_stop(arg);
}

static void an_idle_connection_that_ends_or_speaks_leaves_the_pool(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench);
    struct upstream_set *set = set_of(&bench, &bench.port, 1);
    struct upstream_endpoint *endpoint = pick(set, NULL);
    for (int speaks = 0; speaks < 2; speaks++) {
        upstream_give(connect_now(&bench, endpoint));
        assert_int_equal(upstream_counts(bench.upstream)->idle, 1);
        int other = accept(bench.listener, NULL, NULL);
        if (speaks)
            assert_int_equal(send(other, "x", 1, 0), 1);
        else
            close(other);
        struct loop_alarm *alarm = loop_alarm_open(bench.loop, stop, bench.loop);
        while (upstream_counts(bench.upstream)->idle > 0) {
            loop_alarm_set(alarm, 0);
            loop_run(bench.loop);
        }
        assert_null(loop_alarm_close(alarm));
        if (speaks)
            close(other);
    }
    assert_int_equal(upstream_counts(bench.upstream)->connections, 0);
    assert_null(upstream_set_free(set));
    bench_close(&bench);
}

static void a_refused_connection_is_told_and_counted(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench);
    uint16_t port;
    close(listen_any(&port));
    struct upstream_set *set = set_of(&bench, &port, 1);
    struct upstream_conn *conn = NULL;
    enum err result = upstream_connect(pick(set, NULL), 5000, on_event, &bench, &conn);
    if (result == ERR_OK) {
        loop_run(bench.loop);
        result = bench.result;
        upstream_close(conn);
    }
    assert_int_equal(result, ERR_UNAVAILABLE);
    assert_int_equal(upstream_counts(bench.upstream)->connect_failures, 1);
    assert_null(upstream_set_free(set));
    bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(endpoints_take_turns),
        cmocka_unit_test(an_endpoint_has_the_host_name_that_its_cluster_gives_it),
        cmocka_unit_test(avoiding_the_only_endpoint_gives_it_again),
        cmocka_unit_test(endpoints_and_their_pools_survive_a_new_set),
        cmocka_unit_test(connections_to_a_removed_endpoint_close),
        cmocka_unit_test(the_connection_used_last_is_taken_first),
        cmocka_unit_test(an_idle_connection_that_ends_or_speaks_leaves_the_pool),
        cmocka_unit_test(a_refused_connection_is_told_and_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
