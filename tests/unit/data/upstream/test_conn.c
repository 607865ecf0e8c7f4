/* Connections with TLS, to a server on the same loop. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/pki/pki.h"
#include "data/upstream/upstream.h"

#define HOUR_MS ((uint64_t)3600 * 1000)

struct bench {
    struct loop *loop;
    struct upstream *upstream;
    struct pki_bundle *authority;
    struct pki_bundle *bundle; /* of the server */
    struct net_tls_server *tls;
    struct net_tls_context *context;
    struct net_tls_client *client;  /* trusts the authority */
    struct net_tls_client *another; /* the same again */
    struct net_tls_client *strict;  /* trusts nobody who is there */
    int listener;
    uint16_t port;
    enum err result;
    unsigned events;
    int calls;
    bool goes_on; /* after an event of a connection */
};

static struct net_tls_client *client_new(struct str ca_pem)
{
    struct net_tls_trust *trust;
    struct net_tls_client *client;
    assert_int_equal(net_tls_trust_new(ca_pem, &trust, NULL), ERR_OK);
    const struct net_tls_client_options options = {.trust = trust, .max_version = NET_TLS_1_3};
    assert_int_equal(net_tls_client_new(&options, &client, NULL), ERR_OK);
    assert_null(net_tls_trust_unref(trust));
    return client;
}

static void bench_issue(struct bench *bench)
{
    const uint64_t now_ms = clock_wall_ms();
    const struct str host = STR("a.test");
    const struct pki_request request = {.usage = PKI_SERVER,
                                        .key_type = PKI_ECDSA,
                                        .hostnames = &host,
                                        .hostname_count = 1,
                                        .not_before_ms = now_ms - HOUR_MS,
                                        .not_after_ms = now_ms + HOUR_MS};
    assert_int_equal(
        pki_issue_authority(STR("ca"), now_ms - HOUR_MS, now_ms + HOUR_MS, &bench->authority, NULL),
        ERR_OK);
    assert_int_equal(pki_issue_signed(&request, bench->authority, &bench->bundle, NULL), ERR_OK);
    bench->client = client_new(bench->authority->certificates_pem);
    bench->another = client_new(bench->authority->certificates_pem);
    struct pki_bundle *stranger;
    assert_int_equal(
        pki_issue_authority(STR("stranger"), now_ms - HOUR_MS, now_ms + HOUR_MS, &stranger, NULL),
        ERR_OK);
    bench->strict = client_new(stranger->certificates_pem);
    assert_null(pki_bundle_free(stranger));
}

static void bench_open(struct bench *bench)
{
    *bench = (struct bench){.loop = loop_new()};
    bench->upstream = upstream_new(bench->loop, 0);
    bench_issue(bench);
    const struct net_tls_certificate certificate = {bench->bundle->certificates_pem,
                                                    bench->bundle->key_pem};
    const struct net_tls_options options = {
        .certificates = &certificate, .certificate_count = 1, .session_context = STR("x")};
    assert_int_equal(net_tls_server_new(NULL, NULL, &bench->tls, NULL), ERR_OK);
    assert_int_equal(net_tls_context_new(bench->tls, &options, &bench->context, NULL), ERR_OK);
    bench->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    assert_int_equal(bind(bench->listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(getsockname(bench->listener, (struct sockaddr *)&address, &size), 0);
    assert_int_equal(listen(bench->listener, 16), 0);
    bench->port = ntohs(address.sin_port);
}

static void bench_close(struct bench *bench)
{
    assert_null(upstream_free(bench->upstream));
    assert_null(loop_free(bench->loop));
    close(bench->listener);
    assert_null(net_tls_client_unref(bench->client));
    assert_null(net_tls_client_unref(bench->another));
    assert_null(net_tls_client_unref(bench->strict));
    assert_null(net_tls_context_unref(bench->context));
    assert_null(net_tls_server_free(bench->tls));
    assert_null(pki_bundle_free(bench->bundle));
    assert_null(pki_bundle_free(bench->authority));
    assert_int_equal(model_resources_alive(), 0);
}

/* A set with one cluster "c", whose endpoint is reached by `client`; NULL: without TLS. */
static struct upstream_set *set_of(struct bench *bench, struct net_tls_client *client)
{
    const struct model_endpoint endpoint = {.address = STR("127.0.0.1"),
                                            .port = bench->port,
                                            .tls = client == NULL ? STR_EMPTY : STR("t")};
    const struct model_endpoint_set set = {
        .name = STR("s"), .endpoints = &endpoint, .endpoint_count = 1};
    const struct model_cluster cluster = {.name = STR("c"), .endpoint_set = STR("s")};
    const struct model_upstream_tls tls = {.name = STR("t")};
    const struct model_resource *resources[] = {
        model_cluster_new(&cluster), model_endpoint_set_new(&set), model_upstream_tls_new(&tls)};
    const struct model_snapshot *snapshot = NULL;
    assert_int_equal(model_snapshot_new(resources, 3, &snapshot, NULL), ERR_OK);
    struct upstream_set *made = upstream_set_new(bench->upstream, snapshot, &client);
    assert_null(model_snapshot_unref(snapshot));
    return made;
}

static struct upstream_endpoint *pick(struct upstream_set *set)
{
    struct str hostname;
    return upstream_pick(upstream_cluster_find(set, STR("c")), NULL, &hostname);
}

/* ---- The server ---- */

struct far {
    struct bench *bench;
    struct net_socket socket;
    struct net_filter *top;
    struct loop_fd *watch;
    bool is_ready;
};

static struct net_tls_context *select_context(void *arg, struct str server_name)
{
    assert_int_equal(server_name.size, 0);
    return arg;
}

static void far_on_event(void *arg, unsigned events)
{
    struct far *far = arg;
    (void)events;
    enum err result = net_handshake(far->top);
    far->is_ready = result == ERR_OK;
    loop_fd_set(far->watch, result == ERR_AGAIN ? far->top->wants : 0);
}

static void far_open(struct far *far, struct bench *bench)
{
    *far = (struct far){.bench = bench};
    int fd = accept(bench->listener, NULL, NULL);
    assert_true(fd >= 0);
    const struct net_tls_selector selector = {select_context, bench->context};
    net_socket_init(&far->socket, fd);
    far->watch = loop_fd_open(bench->loop, fd, LOOP_READ, far_on_event, far);
    far->top = net_tls_filter_new(bench->tls, &far->socket.filter, &selector);
}

static void far_close(struct far *far)
{
    far->top = net_filter_free(far->top);
    far->watch = loop_fd_close(far->watch);
    close(far->socket.fd);
}

static void far_write(struct far *far, const char *text)
{
    size_t size;
    const struct iovec part = {(void *)(uintptr_t)text, strlen(text)};
    assert_int_equal(net_writev(far->top, &part, 1, &size), ERR_OK);
    assert_int_equal(size, part.iov_len);
}

/* ---- Connections ---- */

static void on_event(void *arg, enum err result, unsigned events)
{
    struct bench *bench = arg;
    bench->result = result;
    bench->events = events;
    bench->calls++;
    if (!bench->goes_on)
        loop_stop(bench->loop);
}

static void stop(void *arg)
{
    loop_stop(arg);
}

/* Turns once, or for a millisecond where nothing happens. */
static void turn(struct bench *bench)
{
    struct loop_alarm *alarm = loop_alarm_open(bench->loop, stop, bench->loop);
    bench->goes_on = true;
    loop_alarm_set(alarm, 1);
    loop_run(bench->loop);
    bench->goes_on = false;
    assert_null(loop_alarm_close(alarm));
}

/* Turns until all that the server has written is at the other end, and some more. */
static void settle(struct bench *bench, const struct far *far)
{
    int unsent = 1;
    while (unsent > 0 || !far->is_ready) {
        turn(bench);
        assert_int_equal(ioctl(far->socket.fd, TIOCOUTQ, &unsent), 0);
    }
    for (int i = 0; i < 5; i++)
        turn(bench);
}

/* A connection that is open, and the other end of it. */
static struct upstream_conn *connect_now(struct bench *bench, struct upstream_endpoint *endpoint,
                                         struct far *far)
{
    struct upstream_conn *conn = NULL;
    assert_int_equal(upstream_connect(endpoint, 5000, on_event, bench, &conn), ERR_OK);
    far_open(far, bench);
    loop_run(bench->loop);
    return conn;
}

/* A set, an open connection to its one endpoint, and the other end of that. */
struct line {
    struct upstream_set *set;
    struct upstream_conn *conn;
    struct far far;
};

static void line_open(struct bench *bench, struct net_tls_client *client, struct line *line)
{
    line->set = set_of(bench, client);
    line->conn = connect_now(bench, pick(line->set), &line->far);
}

/* The connection itself was closed or given back before. */
static void line_close(struct line *line)
{
    far_close(&line->far);
    assert_null(upstream_set_free(line->set));
}

/* Reads once there is something. */
static void expect(struct bench *bench, struct upstream_conn *conn, size_t room, const char *text)
{
    char data[32];
    size_t size = 0;
    enum err result;
    while ((result = net_read(conn->top, data, room, &size)) == ERR_AGAIN) {
        upstream_watch(conn, LOOP_READ);
        loop_run(bench->loop);
    }
    assert_int_equal(result, ERR_OK);
    assert_int_equal(size, strlen(text));
    assert_memory_equal(data, text, size);
}

static void a_connection_is_open_after_its_handshake(void **state)
{
    (void)state;
    struct bench bench;
    struct line line;
    bench_open(&bench);
    line_open(&bench, bench.client, &line);
    assert_int_equal(bench.result, ERR_OK);
    settle(&bench, &line.far);
    assert_true(line.far.is_ready);
    far_write(&line.far, "hello");
    expect(&bench, line.conn, 32, "hello");
    upstream_close(line.conn);
    char byte;
    size_t size;
    enum err result;
    while ((result = net_read(line.far.top, &byte, 1, &size)) == ERR_AGAIN)
        turn(&bench);
    assert_int_equal(result, ERR_CLOSED); /* it was told so */
    line_close(&line);
    bench_close(&bench);
}

static void a_server_that_is_not_trusted_is_no_connection(void **state)
{
    (void)state;
    struct bench bench;
    struct line line;
    bench_open(&bench);
    line_open(&bench, bench.strict, &line);
    assert_int_equal(bench.result, ERR_PROTOCOL);
    char text[NET_TLS_ERROR_TEXT_SIZE];
    assert_string_equal(net_tls_error_print(line.conn->top, text).data,
                        "certificate verify failed (unable to get local issuer certificate)");
    assert_int_equal(upstream_counts(bench.upstream)->connect_failures, 1);
    upstream_close(line.conn);
    line_close(&line);
    bench_close(&bench);
}

/* The time for connecting is that of the handshake, too. */
static void a_handshake_has_its_time(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench);
    struct upstream_set *set = set_of(&bench, bench.client);
    struct upstream_conn *conn = NULL;
    assert_int_equal(upstream_connect(pick(set), 1, on_event, &bench, &conn), ERR_OK);
    loop_run(bench.loop); /* nobody accepts */
    assert_int_equal(bench.result, ERR_TIMEOUT);
    upstream_close(conn);
    assert_null(upstream_set_free(set));
    bench_close(&bench);
}

static void a_server_may_leave_during_the_handshake(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench);
    struct upstream_set *set = set_of(&bench, bench.client);
    struct upstream_conn *conn = NULL;
    assert_int_equal(upstream_connect(pick(set), 5000, on_event, &bench, &conn), ERR_OK);
    int fd = accept(bench.listener, NULL, NULL);
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    loop_run(bench.loop);
    assert_int_equal(bench.result, ERR_CLOSED);
    close(fd);
    upstream_close(conn);
    assert_null(upstream_set_free(set));
    bench_close(&bench);
}

/* Two messages come at once: the second is in memory when the first was read. */
static void bytes_above_the_socket_are_an_event(void **state)
{
    (void)state;
    struct bench bench;
    struct line line;
    bench_open(&bench);
    line_open(&bench, bench.client, &line);
    settle(&bench, &line.far);
    far_write(&line.far, "first");
    far_write(&line.far, "second");
    settle(&bench, &line.far);
    expect(&bench, line.conn, 5, "first");
    upstream_watch(line.conn, 0); /* it has to wait, */
    bench.calls = 0;
    settle(&bench, &line.far);
    assert_int_equal(bench.calls, 0);
    upstream_watch(line.conn, LOOP_READ); /* and now no more */
    loop_run(bench.loop);
    assert_int_equal(bench.events, LOOP_READ);
    expect(&bench, line.conn, 32, "second");
    upstream_watch(line.conn, LOOP_READ);
    bench.calls = 0;
    settle(&bench, &line.far);
    assert_int_equal(bench.calls, 0); /* there is nothing else */
    upstream_close(line.conn);
    line_close(&line);
    bench_close(&bench);
}

/* How TLS is spoken is part of what an endpoint is. */
static void another_tls_is_another_endpoint(void **state)
{
    (void)state;
    struct bench bench;
    struct far far;
    bench_open(&bench);
    struct upstream_set *set = set_of(&bench, bench.client);
    struct upstream_endpoint *endpoint = pick(set);
    upstream_give(connect_now(&bench, endpoint, &far));
    struct upstream_set *same = set_of(&bench, bench.client);
    assert_ptr_equal(pick(same), endpoint);
    struct upstream_set *other = set_of(&bench, bench.another);
    struct upstream_set *plain = set_of(&bench, NULL);
    assert_ptr_not_equal(pick(other), endpoint);
    assert_ptr_not_equal(pick(plain), endpoint);
    assert_ptr_not_equal(pick(plain), pick(other));
    assert_null(upstream_take(pick(other), on_event, &bench));
    assert_null(upstream_take(pick(plain), on_event, &bench));
    assert_int_equal(upstream_counts(bench.upstream)->idle, 1);
    assert_null(upstream_set_free(set));
    assert_null(upstream_set_free(same));
    assert_int_equal(upstream_counts(bench.upstream)->idle, 0); /* nobody can want it any more */
    assert_null(upstream_set_free(other));
    assert_null(upstream_set_free(plain));
    far_close(&far);
    bench_close(&bench);
}

static void the_next_connection_resumes(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench);
    struct upstream_set *set = set_of(&bench, bench.client);
    struct upstream_endpoint *endpoint = pick(set);
    for (int i = 0; i < 2; i++) {
        struct far far;
        struct upstream_conn *conn = connect_now(&bench, endpoint, &far);
        assert_int_equal(bench.result, ERR_OK);
        assert_int_equal(net_tls_resumed(conn->top), i);
        upstream_give(conn);
        settle(&bench, &far); /* tickets come to who is idle, and do not end it */
        assert_int_equal(upstream_counts(bench.upstream)->idle, 1);
        conn = upstream_take(endpoint, on_event, &bench);
        assert_non_null(conn);
        upstream_close(conn);
        far_close(&far);
    }
    assert_null(upstream_set_free(set));
    bench_close(&bench);
}

static void an_idle_connection_that_is_spoken_to_leaves_the_pool(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench);
    struct upstream_set *set = set_of(&bench, bench.client);
    for (int ends = 0; ends < 2; ends++) {
        struct far far;
        upstream_give(connect_now(&bench, pick(set), &far));
        settle(&bench, &far);
        if (ends)
            assert_int_equal(net_shutdown(far.top), ERR_OK);
        else
            far_write(&far, "x");
        while (upstream_counts(bench.upstream)->connections > 0)
            turn(&bench);
        far_close(&far);
    }
    assert_null(upstream_set_free(set));
    bench_close(&bench);
}

/* What is above the socket when it is given back is no answer of the next request. */
static void a_connection_with_something_unread_is_not_pooled(void **state)
{
    (void)state;
    struct bench bench;
    struct line line;
    bench_open(&bench);
    line_open(&bench, bench.client, &line);
    settle(&bench, &line.far);
    far_write(&line.far, "answer");
    far_write(&line.far, "and more");
    settle(&bench, &line.far);
    expect(&bench, line.conn, 6, "answer");
    upstream_give(line.conn);
    assert_int_equal(upstream_counts(bench.upstream)->connections, 0);
    line_close(&line);
    bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_connection_is_open_after_its_handshake),
        cmocka_unit_test(a_server_that_is_not_trusted_is_no_connection),
        cmocka_unit_test(a_handshake_has_its_time),
        cmocka_unit_test(a_server_may_leave_during_the_handshake),
        cmocka_unit_test(bytes_above_the_socket_are_an_event),
        cmocka_unit_test(another_tls_is_another_endpoint),
        cmocka_unit_test(the_next_connection_resumes),
        cmocka_unit_test(an_idle_connection_that_is_spoken_to_leaves_the_pool),
        cmocka_unit_test(a_connection_with_something_unread_is_not_pooled),
    };
    return cmocka_run_group_tests_name("data/upstream/conn", tests, NULL, NULL);
}
