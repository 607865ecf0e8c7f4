/* Staging: what is accepted, what is shared with the state before, and what is refused whole. */
#include "staging.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define WORKERS 2

/* A socket on a free port, listening without SO_REUSEPORT when `taken`. */
static uint16_t port_any(int *ret_fd, int taken)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    if (taken)
        assert_int_equal(listen(fd, 1), 0);
    else
        close(fd);
    *ret_fd = fd;
    return ntohs(address.sin_port);
}

struct content {
    uint16_t port;
    const char *endpoint;
    const char *body;     /* of the one rule */
    const char *hostname; /* of the endpoint; NULL: it has none */
};

static const struct model_snapshot *snapshot_of(const struct content *content)
{
    struct model_rule rule = {.path_match = MODEL_PATH_PREFIX,
                              .path = STR("/"),
                              .action = MODEL_RESPOND,
                              .status = 404,
                              .body = str_of(content->body)};
    struct str host_name = STR("l/*/*");
    struct model_route route = {.name = STR("r"), .rules = &rule, .rule_count = 1};
    struct model_virtual_host host = {
        .name = host_name, .domain = STR("*"), .routes = {&route.name, 1}};
    struct model_chain chain = {.hostname = STR("*"), .virtual_hosts = {&host_name, 1}};
    struct model_listener listener = {.name = STR("edge:HTTP:80"),
                                      .gateway = STR("edge"),
                                      .address = STR("127.0.0.1"),
                                      .port = content->port,
                                      .header_timeout_ms = 1,
                                      .idle_timeout_ms = 1,
                                      .chains = &chain,
                                      .chain_count = 1};
    struct model_endpoint endpoint = {.address = str_of(content->endpoint), .port = 1};
    if (content->hostname != NULL)
        endpoint.hostname = str_of(content->hostname);
    struct model_endpoint_set set = {.name = STR("s"), .endpoints = &endpoint, .endpoint_count = 1};
    const struct model_resource *resources[] = {
        model_listener_new(&listener), model_virtual_host_new(&host), model_route_new(&route),
        model_endpoint_set_new(&set)};
    const struct model_snapshot *snapshot = NULL;
    assert_int_equal(model_snapshot_new(resources, ARRAY_SIZE(resources), &snapshot, NULL), ERR_OK);
    return snapshot;
}

static enum err stage(struct staging *staging, const struct content *content,
                      struct subscribe_state **ret_state, struct err_info *reterr)
{
    return staging_stage(staging, snapshot_of(content), ret_state, reterr);
}

static int connects(uint16_t port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int result = connect(fd, (struct sockaddr *)&address, sizeof(address));
    close(fd);
    return result == 0;
}

static void a_new_port_listens_once_per_worker(void **state)
{
    (void)state;
    struct staging staging;
    staging_open(&staging, WORKERS, "/nonexistent");
    int fd;
    struct content content = {.port = port_any(&fd, 0), .endpoint = "127.0.0.1", .body = "a"};
    assert_false(connects(content.port));
    struct subscribe_state *staged = NULL;
    assert_int_equal(stage(&staging, &content, &staged, NULL), ERR_OK);
    assert_int_equal(staged->listener_count, 1);
    assert_true(connects(content.port));
    int first = subscribe_socket_take(&staged->listeners[0], 0);
    int second = subscribe_socket_take(&staged->listeners[0], 1);
    assert_true(first >= 0 && second >= 0 && first != second);
    assert_int_equal(subscribe_socket_take(&staged->listeners[0], 0), -1);
    close(first);
    close(second);
    assert_null(subscribe_state_unref(staged));
    staging_close(&staging);
}

static void what_stays_is_shared_and_its_sockets_are_left_alone(void **state)
{
    (void)state;
    struct staging staging;
    staging_open(&staging, WORKERS, "/nonexistent");
    int fd;
    struct content content = {.port = port_any(&fd, 0), .endpoint = "127.0.0.1", .body = "a"};
    struct subscribe_state *before = NULL;
    assert_int_equal(stage(&staging, &content, &before, NULL), ERR_OK);
    struct content changed = content;
    changed.endpoint = "127.0.0.2";
    struct subscribe_state *after = NULL;
    assert_int_equal(stage(&staging, &changed, &after, NULL), ERR_OK);
    assert_null(after->listeners[0].sockets);
    assert_int_equal(subscribe_socket_take(&after->listeners[0], 0), -1);
    assert_int_equal(after->matchers_reused, 1);
    assert_int_equal(before->matchers_reused, 0);
    assert_null(subscribe_state_unref(before));
    assert_null(subscribe_state_unref(after));
    staging_close(&staging);
}

/* As after the other end has forgotten what we have. */
static void all_of_it_anew_is_shared_with_what_is_there(void **state)
{
    (void)state;
    struct staging staging;
    staging_open(&staging, WORKERS, "/nonexistent");
    int fd;
    struct content content = {.port = port_any(&fd, 0), .endpoint = "127.0.0.1", .body = "a"};
    struct subscribe_state *before = NULL;
    assert_int_equal(stage(&staging, &content, &before, NULL), ERR_OK);
    const struct model_snapshot *next = snapshot_of(&content);
    struct model_transaction *transaction = model_transaction_new(NULL, next);
    struct subscribe_state *after = NULL;
    assert_int_equal(subscribe_stage(staging.subscribe, transaction, &after, NULL), ERR_OK);
    assert_null(after->listeners[0].sockets);
    assert_int_equal(after->matchers_reused, 1);
    assert_null(model_transaction_free(transaction));
    assert_null(model_snapshot_unref(next));
    assert_null(subscribe_state_unref(before));
    assert_null(subscribe_state_unref(after));
    staging_close(&staging);
}

static void a_port_in_use_refuses_the_whole_and_keeps_the_last(void **state)
{
    (void)state;
    struct staging staging;
    staging_open(&staging, WORKERS, "/nonexistent");
    int fd;
    struct content content = {.port = port_any(&fd, 0), .endpoint = "127.0.0.1", .body = "a"};
    struct subscribe_state *good = NULL;
    assert_int_equal(stage(&staging, &content, &good, NULL), ERR_OK);
    struct content bad = {.port = port_any(&fd, 1), .endpoint = "127.0.0.1", .body = "b"};
    struct err_info why = {0};
    struct subscribe_state *none = NULL;
    assert_int_equal(stage(&staging, &bad, &none, &why), ERR_CONFLICT);
    assert_null(none);
    assert_string_equal(why.path, "listener edge:HTTP:80");
    assert_string_not_equal(why.message, "");
    assert_ptr_equal(subscribe_last(staging.subscribe), good);
    close(fd);
    assert_int_equal(stage(&staging, &bad, &none, &why), ERR_OK); /* and is not stuck */
    assert_null(subscribe_state_unref(none));
    assert_null(subscribe_state_unref(good));
    staging_close(&staging);
}

static void what_is_no_place_or_too_long_is_refused(void **state)
{
    (void)state;
    struct staging staging;
    staging_open(&staging, WORKERS, "/nonexistent");
    int fd;
    struct content content = {.port = port_any(&fd, 0), .endpoint = "local host", .body = "a"};
    struct err_info why = {0};
    struct subscribe_state *none = NULL;
    assert_int_equal(stage(&staging, &content, &none, &why), ERR_INVALID);
    assert_string_equal(why.path, "endpointSet s");
    static char body[SUBSCRIBE_BODY_MAX + 2];
    memset(body, 'x', sizeof(body) - 1);
    content = (struct content){.port = content.port, .endpoint = "127.0.0.1", .body = body};
    assert_int_equal(stage(&staging, &content, &none, &why), ERR_LIMIT);
    assert_string_equal(why.path, "route r");
    assert_memory_equal(why.message, "rule 0: ", 8);
    content = (struct content){
        .port = content.port, .endpoint = "127.0.0.1", .body = "a", .hostname = "no host"};
    assert_int_equal(stage(&staging, &content, &none, &why), ERR_INVALID);
    assert_string_equal(why.message, "\"no host\" is not a host name");
    assert_null(none);
    assert_null(subscribe_last(staging.subscribe));
    staging_close(&staging);
}

/* The names of hosts are resolved by others. */
static void a_name_of_a_host_is_a_place(void **state)
{
    (void)state;
    struct staging staging;
    staging_open(&staging, WORKERS, "/nonexistent");
    int fd;
    struct content content = {.port = port_any(&fd, 0),
                              .endpoint = "a.example.com",
                              .body = "a",
                              .hostname = "a.example.com"};
    struct subscribe_state *good = NULL;
    assert_int_equal(stage(&staging, &content, &good, NULL), ERR_OK);
    assert_null(subscribe_state_unref(good));
    staging_close(&staging);
}

static void a_transaction_from_elsewhere_is_refused(void **state)
{
    (void)state;
    struct staging staging;
    staging_open(&staging, WORKERS, "/nonexistent");
    int fd;
    struct content content = {.port = port_any(&fd, 0), .endpoint = "127.0.0.1", .body = "a"};
    const struct model_snapshot *snapshot = snapshot_of(&content);
    struct model_transaction *equal = model_transaction_new(snapshot, snapshot);
    struct subscribe_state *none = NULL;
    assert_int_equal(subscribe_stage(staging.subscribe, equal, &none, NULL), ERR_CONFLICT);
    assert_null(model_transaction_free(equal));
    assert_null(model_snapshot_unref(snapshot));
    staging_close(&staging);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_port_listens_once_per_worker),
        cmocka_unit_test(what_stays_is_shared_and_its_sockets_are_left_alone),
        cmocka_unit_test(all_of_it_anew_is_shared_with_what_is_there),
        cmocka_unit_test(a_port_in_use_refuses_the_whole_and_keeps_the_last),
        cmocka_unit_test(what_is_no_place_or_too_long_is_refused),
        cmocka_unit_test(a_name_of_a_host_is_a_place),
        cmocka_unit_test(a_transaction_from_elsewhere_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
