/* A proxy between a scripted client and a scripted back end, for the tests of this folder.
 *
 * The workers have their own threads, so the test talks to them with plain blocking sockets, step
 * by step and without waiting for time; every read has a limit, after which the test fails. The
 * main loop runs only where a callback is expected. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "data/proxy/proxy.h"

#define RIG_LIMIT_S   20
#define RIG_TEXT_MAX  ((size_t)256 * 1024)
#define RIG_BACK_ENDS 2

struct rig {
    struct loop *loop;
    struct metrics *metrics;
    struct proxy_metrics *proxy_metrics;
    struct proxy *proxy;
    const struct model_snapshot *served;
    int log[2];                   /* a pipe: the access log */
    int back_ends[RIG_BACK_ENDS]; /* listening */
    uint16_t back_end_ports[RIG_BACK_ENDS];
    uint16_t port;
    bool called;
};

/* What is served; zeros are the usual. */
struct rig_spec {
    size_t endpoint_count; /* of the back ends; 0: none at all */
    uint32_t request_timeout_ms;
    uint32_t stream_idle_timeout_ms;
    uint32_t header_timeout_ms;
    uint32_t idle_timeout_ms;
    const char *secret_pem; /* with a key: HTTPS */
    const char *key_pem;
    uint16_t endpoint_port; /* instead of the first back end's */
    const char *name;       /* of the host that the endpoints are at */
    const char *hostnames[RIG_BACK_ENDS];
    const struct model_rule *rules; /* of a route "extra", before all others, and with it comes the
                                       cluster "other": the second back end */
    size_t rule_count;
    size_t other_count; /* addresses of "other", from 127.0.0.1 on; 0: one */
};

static int rig_socket(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    struct timeval limit = {.tv_sec = RIG_LIMIT_S};
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)), 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)), 0);
    return fd;
}

static struct sockaddr_in rig_address(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

/* A socket bound to a free port. */
static int rig_bind(uint16_t *ret_port)
{
    int fd = rig_socket();
    struct sockaddr_in address = rig_address(0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    socklen_t size = sizeof(address);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    *ret_port = ntohs(address.sin_port);
    return fd;
}

static int rig_listen(uint16_t *ret_port)
{
    int fd = rig_bind(ret_port);
    assert_int_equal(listen(fd, 64), 0);
    return fd;
}

/* The endpoint set "back". */
static const struct model_resource *rig_endpoints(const struct rig *rig,
                                                  const struct rig_spec *spec)
{
    struct model_endpoint endpoints[RIG_BACK_ENDS];
    for (size_t i = 0; i < spec->endpoint_count; i++) {
        const char *hostname = spec->hostnames[i];
        endpoints[i] = (struct model_endpoint){
            .address = spec->name != NULL ? str_of(spec->name) : STR("127.0.0.1"),
            .port = i == 0 && spec->endpoint_port != 0 ? spec->endpoint_port
                                                       : rig->back_end_ports[i],
            .hostname = hostname != NULL ? str_of(hostname) : STR_EMPTY,
        };
    }
    struct model_endpoint_set set = {
        .name = STR("back"), .endpoints = endpoints, .endpoint_count = spec->endpoint_count};
    return model_endpoint_set_new(&set);
}

/* The endpoint set "other": the second back end, by several addresses. */
static const struct model_resource *rig_others(const struct rig *rig, const struct rig_spec *spec)
{
    static const struct str addresses[] = {STR_INIT("127.0.0.1"), STR_INIT("127.0.0.2"),
                                           STR_INIT("127.0.0.3"), STR_INIT("127.0.0.4"),
                                           STR_INIT("127.0.0.5")};
    struct model_endpoint endpoints[ARRAY_SIZE(addresses)];
    size_t count = spec->other_count > 0 ? spec->other_count : 1;
    for (size_t i = 0; i < count; i++)
        endpoints[i] = (struct model_endpoint){.address = addresses[i],
                                               .port = rig->back_end_ports[1]};
    struct model_endpoint_set set = {
        .name = STR("other"), .endpoints = endpoints, .endpoint_count = count};
    return model_endpoint_set_new(&set);
}

static const struct model_resource *rig_cluster(struct str name)
{
    struct model_cluster cluster = {
        .name = name, .service = name, .endpoint_set = name, .connect_timeout_ms = 5000};
    return model_cluster_new(&cluster);
}

/* Writes the routes to `ret_routes`. Returns their count. */
static size_t rig_routes(const struct rig_spec *spec, const struct model_resource **ret_routes)
{
    struct model_backend back_end = {.cluster = STR("back"), .weight = 1};
    struct model_backend nobody = {.cluster = STR("back"), .weight = 0};
    struct model_rule own = {.path_match = MODEL_PATH_EXACT,
                             .path = STR("/own"),
                             .action = MODEL_RESPOND,
                             .status = 404,
                             .body = STR("not here"),
                             .reason = STR("own_rule")};
    struct model_rule none = {.path_match = MODEL_PATH_EXACT,
                              .path = STR("/weightless"),
                              .action = MODEL_FORWARD,
                              .backends = &nobody,
                              .backend_count = 1};
    struct model_rule all = {.index = 3,
                             .path_match = MODEL_PATH_PREFIX,
                             .path = STR("/"),
                             .action = MODEL_FORWARD,
                             .backends = &back_end,
                             .backend_count = 1,
                             .request_timeout_ms = spec->request_timeout_ms,
                             .stream_idle_timeout_ms = spec->stream_idle_timeout_ms};
    const struct model_route routes[] = {
        {.name = STR("m/extra"),
         .route = STR("extra"),
         .rules = spec->rules,
         .rule_count = spec->rule_count},
        {.name = STR("m/own"), .route = STR("own"), .rules = &own, .rule_count = 1},
        {.name = STR("m/none"), .route = STR("none"), .rules = &none, .rule_count = 1},
        {.name = STR("m/all"), .route = STR("all"), .rules = &all, .rule_count = 1},
    };
    size_t count = 0;
    for (size_t i = spec->rule_count > 0 ? 0 : 1; i < ARRAY_SIZE(routes); i++)
        ret_routes[count++] = model_route_new(&routes[i]);
    return count;
}

static const struct model_snapshot *rig_snapshot(const struct rig *rig, const struct rig_spec *spec)
{
    const struct model_resource *resources[16];
    size_t count = rig_routes(spec, resources);
    struct str route_names[4];
    for (size_t i = 0; i < count; i++)
        route_names[i] = resources[i]->name;
    struct model_virtual_host host = {
        .name = STR("edge/*/a.test"), .domain = STR("a.test"), .routes = {route_names, count}};
    struct str secret_name = STR("certificate");
    struct model_chain chain = {.hostname = STR("*"), .virtual_hosts = {&host.name, 1}};
    if (spec->key_pem != NULL)
        chain.secrets = (struct model_names){&secret_name, 1};
    struct model_listener listener = {
        .name = STR("edge:HTTP:8080"),
        .gateway = STR("edge"),
        .address = STR("127.0.0.1"),
        .port = rig->port,
        .protocol = spec->key_pem != NULL ? MODEL_HTTPS : MODEL_HTTP,
        .header_timeout_ms = spec->header_timeout_ms > 0 ? spec->header_timeout_ms : 60000,
        .idle_timeout_ms = spec->idle_timeout_ms > 0 ? spec->idle_timeout_ms : 60000,
        .chains = &chain,
        .chain_count = 1};
    resources[count++] = model_virtual_host_new(&host);
    resources[count++] = model_listener_new(&listener);
    resources[count++] = rig_cluster(STR("back"));
    resources[count++] = rig_endpoints(rig, spec);
    if (spec->rule_count > 0) {
        resources[count++] = rig_cluster(STR("other"));
        resources[count++] = rig_others(rig, spec);
    }
    if (spec->key_pem != NULL) {
        struct model_secret secret = {.name = secret_name,
                                      .certificates_pem = str_of(spec->secret_pem),
                                      .key_pem = str_of(spec->key_pem),
                                      .key_type = STR("ecdsa"),
                                      .fingerprint = STR("00")};
        resources[count++] = model_secret_new(&secret);
    }
    const struct model_snapshot *snapshot = NULL;
    struct err_info why = {0};
    enum err result = model_snapshot_new(resources, count, &snapshot, &why);
    if (result != ERR_OK)
        fail_msg("%s: %s", why.path, why.message);
    return snapshot;
}

static void rig_on_applied(void *arg, const struct model_digest *result)
{
    struct rig *rig = arg;
    assert_true(model_digest_equal(result, &proxy_snapshot(rig->proxy)->digest));
    rig->called = true;
    loop_stop(rig->loop);
}

/* Serves `snapshot`, whose reference it takes over; NULL: what is served stays, for the refusal. */
static enum err rig_try(struct rig *rig, const struct model_snapshot *snapshot,
                        struct err_info *reterr)
{
    struct model_transaction *transaction = model_transaction_new(rig->served, snapshot);
    rig->called = false;
    enum err result = proxy_apply(rig->proxy, transaction, rig_on_applied, rig, reterr);
    assert_null(model_transaction_free(transaction));
    if (result != ERR_OK) {
        assert_null(model_snapshot_unref(snapshot));
        return result;
    }
    loop_run(rig->loop);
    assert_true(rig->called);
    if (rig->served != NULL)
        assert_null(model_snapshot_unref(rig->served));
    rig->served = snapshot;
    return ERR_OK;
}

static void rig_serve(struct rig *rig, const struct rig_spec *spec)
{
    struct err_info why = {0};
    enum err result = rig_try(rig, rig_snapshot(rig, spec), &why);
    if (result != ERR_OK)
        fail_msg("%s: %s", why.path, why.message);
}

/* `dns_server`: "127.0.0.1:5353"; or empty. */
static void rig_start(struct rig *rig, uint32_t workers, enum log_format format,
                      struct str dns_server)
{
    rig->metrics = metrics_new(workers + 1);
    rig->proxy_metrics = proxy_metrics_new(rig->metrics);
    assert_int_equal(pipe(rig->log), 0);
    for (size_t i = 0; i < RIG_BACK_ENDS; i++)
        rig->back_ends[i] = rig_listen(&rig->back_end_ports[i]);
    int probe = rig_bind(&rig->port);
    assert_int_equal(close(probe), 0);
    struct proxy_options options = {.loop = rig->loop,
                                    .metrics = rig->proxy_metrics,
                                    .first_writer = 1,
                                    .workers = workers,
                                    .log_fd = rig->log[1],
                                    .log_format = format,
                                    .dns_server = dns_server};
    assert_int_equal(proxy_new(&options, &rig->proxy, NULL), ERR_OK);
}

static inline void rig_open_with(struct rig *rig, uint32_t workers, enum log_format format)
{
    *rig = (struct rig){.loop = loop_new()};
    rig_start(rig, workers, format, STR_EMPTY);
}

static inline void rig_open(struct rig *rig, const struct rig_spec *spec)
{
    rig_open_with(rig, 1, LOG_TEXT);
    rig_serve(rig, spec);
}

/* Everything is gone afterwards, or the test fails. */
static void rig_close(struct rig *rig)
{
    rig->proxy = proxy_free(rig->proxy);
    if (rig->served != NULL)
        assert_null(model_snapshot_unref(rig->served));
    rig->proxy_metrics = proxy_metrics_free(rig->proxy_metrics);
    rig->metrics = metrics_free(rig->metrics);
    rig->loop = loop_free(rig->loop);
    for (size_t i = 0; i < RIG_BACK_ENDS; i++)
        assert_int_equal(close(rig->back_ends[i]), 0);
    assert_int_equal(close(rig->log[0]), 0);
    assert_int_equal(close(rig->log[1]), 0);
    assert_int_equal(model_resources_alive(), 0);
    assert_int_equal(model_snapshots_alive(), 0);
}

/* ---- Both ends ---- */

static int rig_client(const struct rig *rig)
{
    int fd = rig_socket();
    struct sockaddr_in address = rig_address(rig->port);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    int on = 1;
    assert_int_equal(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)), 0);
    return fd;
}

static int rig_accept(const struct rig *rig, size_t back_end)
{
    int fd = accept(rig->back_ends[back_end], NULL, NULL);
    assert_true(fd >= 0);
    struct timeval limit = {.tv_sec = RIG_LIMIT_S};
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)), 0);
    return fd;
}

static void rig_send(int fd, const char *text)
{
    size_t size = strlen(text);
    assert_int_equal(send(fd, text, size, MSG_NOSIGNAL), (ssize_t)size);
}

static char rig_text[RIG_TEXT_MAX];

/* Reads until `end` is there; returns all of it, in a buffer that the next read reuses. */
static const char *rig_read_until(int fd, const char *end)
{
    size_t size = 0;
    rig_text[0] = '\0';
    while (strstr(rig_text, end) == NULL) {
        assert_true(size + 1 < sizeof(rig_text));
        ssize_t got = read(fd, rig_text + size, 1); /* no more than asked for */
        if (got <= 0)
            fail_msg("ended without \"%s\" after \"%s\"", end, rig_text);
        size += (size_t)got;
        rig_text[size] = '\0';
    }
    return rig_text;
}

static const char *rig_read_head(int fd)
{
    return rig_read_until(fd, "\r\n\r\n");
}

/* Reads to the end of the connection. */
static inline const char *rig_read_all(int fd)
{
    size_t size = 0;
    for (;;) {
        assert_true(size + 1 < sizeof(rig_text));
        ssize_t got = read(fd, rig_text + size, sizeof(rig_text) - 1 - size);
        assert_true(got >= 0);
        if (got == 0)
            break;
        size += (size_t)got;
    }
    rig_text[size] = '\0';
    return rig_text;
}

/* The next line of the access log. */
static inline const char *rig_log(const struct rig *rig)
{
    return rig_read_until(rig->log[0], "\n");
}

static void rig_contains(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", part, text);
}

/* What the proxy says of itself, terminated; to be freed. */
static inline struct buf rig_dump(const struct rig *rig)
{
    struct buf dump;
    buf_init(&dump, 64 * 1024);
    proxy_dump(rig->proxy, &dump);
    buf_append_char(&dump, '\0');
    return dump;
}

/* What came before this was seen by the worker when it returns: `client` asks for a host that is
 * not there. */
static inline void rig_settle(int client)
{
    rig_send(client, "GET / HTTP/1.1\r\nHost: c.test\r\n\r\n");
    rig_contains(rig_read_head(client), "HTTP/1.1 404 Not Found\r\n");
}

static void rig_on_drained(void *arg)
{
    struct rig *rig = arg;
    rig->called = true;
    loop_stop(rig->loop);
}

/* Begins to drain: `called` says that it is done, and a run of the loop ends with it. */
static inline void rig_drain(struct rig *rig, uint64_t time_ms)
{
    rig->called = false;
    proxy_drain(rig->proxy, 0, time_ms, rig_on_drained, rig);
}

static inline void rig_lacks(const char *text, const char *part)
{
    if (strstr(text, part) != NULL)
        fail_msg("\"%s\" is in \"%s\"", part, text);
}

/* What the workers have told of a plain number. */
static inline uint64_t rig_metric(const struct rig *rig, const char *name)
{
    struct buf page;
    buf_init(&page, (size_t)1024 * 1024);
    metrics_print(rig->metrics, &page);
    buf_append_char(&page, '\0');
    char line[128];
    (void)snprintf(line, sizeof(line), "\n%s ", name);
    const char *at = strstr(page.data, line);
    assert_non_null(at);
    at += strlen(line);
    uint64_t value = 0;
    assert_true(str_parse_u64(str_make(at, strcspn(at, "\n")), UINT64_MAX, &value));
    buf_deinit(&page);
    return value;
}
