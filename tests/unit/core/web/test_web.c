#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../web_end.h"
#include "client.h"
#include "core/base/file.h"
#include "core/loop/loop.h"
#include "core/web/web.h"
#include "scarcity.h"

static void hello(const struct web_request *request, struct web_response *response, void *arg)
{
    (void)arg; /* none */
    buf_printf(&response->body, "path=%.*s host=%.*s\n", STR_ARG(request->path),
               STR_ARG(request->host));
}

static void teapot(const struct web_request *request, struct web_response *response, void *arg)
{
    (void)request; /* always the same */
    response->status = 503;
    response->content_type = "application/json";
    buf_append(&response->body, str_of(arg));
}

#define BIG_SIZE ((size_t)5 * 1024 * 1024)

static void big(const struct web_request *request, struct web_response *response, void *arg)
{
    (void)request; /* always the same */
    (void)arg;     /* none */
    for (size_t i = 0; i < BIG_SIZE / 16; i++)
        buf_append(&response->body, STR("0123456789abcde\n"));
}

static void endless(const struct web_request *request, struct web_response *response, void *arg)
{
    big(request, response, arg);
    response->body.overflowed = true; /* as if it had been */
}

static char teapot_text[] = "{\"short\":true}";

static const struct web_handler handlers[] = {
    {"/hello", hello, NULL},
    {"/teapot", teapot, teapot_text},
    {"/big", big, NULL},
    {"/endless", endless, NULL},
};

static const struct web_server_options any_port = {
    .address = STR_INIT("127.0.0.1"),
    .handlers = handlers,
    .handler_count = ARRAY_SIZE(handlers),
};

struct fixture {
    struct loop *loop;
    struct web *web;
    struct web_server *server;
};

static int fixture_start(void **state)
{
    struct fixture *f = test_calloc(1, sizeof(*f));
    struct err_info reason = {0};
    f->loop = loop_new();
    f->web = web_open(f->loop);
    assert_int_equal(web_server_open(f->web, &any_port, &f->server, &reason), ERR_OK);
    assert_int_equal(web_start(f->web, &reason), ERR_OK);
    *state = f;
    return 0;
}

static int fixture_end(void **state)
{
    struct fixture *f = *state;
    f->web = web_end(f->web, f->loop);
    f->loop = loop_free(f->loop);
    test_free(f);
    return 0;
}

static void get_answers(void **state)
{
    struct fixture *f = *state;
    struct client client;
    client_open(&client, f->loop, web_server_port(f->server));
    struct str answer = client_ask(&client, "GET /hello?x=y HTTP/1.1\r\nHost: localhost:1\r\n\r\n",
                                   NULL);
    assert_true(str_starts_with(answer, STR("HTTP/1.1 200 OK\r\n")));
    assert_non_null(strstr(answer.data, "content-type: text/plain; charset=utf-8\r\n"));
    assert_non_null(strstr(answer.data, "cache-control: no-store\r\n"));
    assert_non_null(strstr(answer.data, "connection: close\r\n"));
    assert_true(str_ends_with(answer, STR("\r\n\r\npath=/hello host=localhost:1\n")));
    client_close(&client);
    client_open(&client, f->loop, web_server_port(f->server));
    answer = client_ask(&client, "GET /teapot HTTP/1.1\r\nHost: a\r\n\r\n", NULL);
    assert_true(str_starts_with(answer, STR("HTTP/1.1 503 ")));
    assert_non_null(strstr(answer.data, "content-type: application/json\r\n"));
    client_close(&client);
}

/* Whatever follows the first request in the same bytes: of the last one libwebsockets would wait
 * for the body without ever coming back to the loop. */
static void a_connection_ends_with_its_first_answer(void **state)
{
    struct fixture *f = *state;
#define ASK "GET /hello HTTP/1.1\r\nHost: a\r\n"
    static const char *const texts[] = {
        ASK "Connection: keep-alive\r\n\r\n",
        ASK "\r\n" ASK "\r\n",
        ASK "Content-Length: 2\r\n\r\n",
        ASK "Content-Length: 2\r\n\r\nab" ASK "\r\n",
        ASK "\r\n" ASK "Content-Length: 5\r\n\r\n",
    };
#undef ASK
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        struct client client;
        client_open(&client, f->loop, web_server_port(f->server));
        struct str answer = client_ask(&client, texts[i], NULL);
        assert_true(str_starts_with(answer, STR("HTTP/1.1 200 ")));
        assert_true(str_ends_with(answer, STR("\r\n\r\npath=/hello host=a\n")));
        assert_null(strstr(answer.data + 1, "HTTP/1.1 "));
        client_close(&client);
    }
}

static void head_has_no_body(void **state)
{
    struct fixture *f = *state;
    struct client client;
    client_open(&client, f->loop, web_server_port(f->server));
    struct str answer = client_ask(
        &client, "HEAD /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", NULL);
    assert_true(str_starts_with(answer, STR("HTTP/1.1 200 OK\r\n")));
    assert_non_null(strstr(answer.data, "content-length: 19\r\n"));
    assert_true(str_ends_with(answer, STR("\r\n\r\n")));
    client_close(&client);
}

static void what_is_not_there_is_404(void **state)
{
    struct fixture *f = *state;
    static const char *const paths[] = {"/", "/hell", "/hello/", "/hello/..", "/Hello"};
    for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
        char text[128];
        (void)snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", paths[i]);
        struct client client;
        client_open(&client, f->loop, web_server_port(f->server));
        struct str answer = client_ask(&client, text, "path.\n");
        assert_true(str_starts_with(answer, STR("HTTP/1.1 404 ")));
        client_close(&client);
    }
}

static void other_methods_are_405_and_end(void **state)
{
    struct fixture *f = *state;
    struct client client;
    client_open(&client, f->loop, web_server_port(f->server));
    struct str answer = client_ask(
        &client, "POST /hello HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", NULL);
    assert_true(str_starts_with(answer, STR("HTTP/1.1 405 ")));
    assert_non_null(strstr(answer.data, "allow: GET, HEAD\r\n"));
    client_close(&client);
}

static void large_answers_arrive_whole(void **state)
{
    struct fixture *f = *state;
    struct client client;
    client_open(&client, f->loop, web_server_port(f->server));
    struct str answer = client_ask(
        &client, "GET /big HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", NULL);
    const char *body = strstr(answer.data, "\r\n\r\n");
    assert_non_null(body);
    assert_int_equal(answer.size - (size_t)(body + 4 - answer.data), BIG_SIZE);
    client_close(&client);
}

static void an_answer_beyond_its_bound_is_500(void **state)
{
    struct fixture *f = *state;
    struct client client;
    client_open(&client, f->loop, web_server_port(f->server));
    struct str answer = client_ask(&client, "GET /endless HTTP/1.1\r\nHost: a\r\n\r\n", "large.");
    assert_true(str_starts_with(answer, STR("HTTP/1.1 500 ")));
    client_close(&client);
}

/* Each of these would leave HTTP/1.1, and with it the bounds on how long and how much. */
static void nothing_else_than_http_1_is_spoken(void **state)
{
    struct fixture *f = *state;
    static const char *const texts[] = {
        "GET /hello HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
        "HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n\r\n",
        "GET /hello HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    };
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        struct client client;
        client_open(&client, f->loop, web_server_port(f->server));
        struct str answer = client_ask(&client, texts[i], NULL);
        assert_true(answer.size == 0 || str_starts_with(answer, STR("HTTP/1.0 4")));
        client_close(&client);
    }
}

static void nonsense_ends_the_connection(void **state)
{
    struct fixture *f = *state;
    struct client client;
    client_open(&client, f->loop, web_server_port(f->server));
    (void)client_ask(&client, "\x01\x02\x03 nonsense\r\n\r\n", NULL);
    client_close(&client);
    client_open(&client, f->loop, web_server_port(f->server));
    struct str answer = client_ask(&client, "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n", "host=a");
    assert_true(str_starts_with(answer, STR("HTTP/1.1 200 ")));
    client_close(&client);
}

static void what_is_accepted_waits_for_no_confirmation(void **state)
{
    struct fixture *f = *state;
    struct client silent;
    struct client client;
    uint16_t port = web_server_port(f->server);
    unsigned accepted = 0;
    client_open(&silent, f->loop, port);
    client_open(&client, f->loop, port);
    (void)client_ask(&client, "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n", NULL); /* and it is gone */
    for (int fd = 0; fd < 1024; fd++) {
        struct sockaddr_in own;
        struct sockaddr_in other;
        socklen_t own_size = sizeof(own);
        socklen_t other_size = sizeof(other);
        int on = 0;
        socklen_t on_size = sizeof(on);
        if (getsockname(fd, (struct sockaddr *)&own, &own_size) != 0 ||
            ntohs(own.sin_port) != port ||
            getpeername(fd, (struct sockaddr *)&other, &other_size) != 0)
            continue;
        assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, &on_size), 0);
        assert_int_equal(on, 1);
        accepted++;
    }
    assert_int_equal(accepted, 1);
    client_close(&silent);
    client_close(&client);
}

/* More connections than the bound: the others wait, and are served when the first have gone. */
static void connections_are_bounded(void **state)
{
    enum { COUNT = WEB_CONNECTIONS_MAX + 10 };
    struct fixture *f = *state;
    static struct client clients[COUNT];
    for (size_t i = 0; i < COUNT; i++)
        client_open(&clients[i], f->loop, web_server_port(f->server));
    /* The first ones are accepted in the turns that this takes. */
    (void)client_ask(&clients[0], "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n", "host=a");
    for (size_t i = 0; i < COUNT - 1; i++)
        client_close(&clients[i]);
    struct str answer = client_ask(&clients[COUNT - 1], "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n",
                                   "host=a");
    assert_true(str_starts_with(answer, STR("HTTP/1.1 200 ")));
    client_close(&clients[COUNT - 1]);
}

static void accepting_pauses_when_no_descriptor_is_left(void **state)
{
    struct fixture *f = *state;
    struct client client;
    client_open(&client, f->loop, web_server_port(f->server));
    assert_true(scarcity_turn(f->loop) < SCARCITY_MS / 4);
    struct str answer = client_ask(&client, "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n", NULL);
    assert_true(str_starts_with(answer, STR("HTTP/1.1 200 ")));
    client_close(&client);
}

/* Connections in every state are open when the server closes; ASan looks for what is left. */
static void closing_with_open_connections_leaves_nothing(void **state)
{
    struct fixture f;
    (void)state; /* its own */
    for (int round = 0; round < 3; round++) {
        void *own = NULL;
        assert_int_equal(fixture_start(&own), 0);
        struct fixture *started = own;
        f = *started;
        struct client idle;
        struct client half;
        struct client reading;
        client_open(&idle, f.loop, web_server_port(f.server));
        client_open(&half, f.loop, web_server_port(f.server));
        client_open(&reading, f.loop, web_server_port(f.server));
        assert_int_equal(write(half.fd, "GET /he", 7), 7);
        (void)client_ask(&reading, "GET /big HTTP/1.1\r\nHost: a\r\n\r\n", "0123");
        assert_int_equal(fixture_end(&own), 0);
        char byte;
        assert_true(read(idle.fd, &byte, 1) <= 0); /* the server closed it */
        idle.watch = half.watch = reading.watch = NULL;
        client_close(&idle);
        client_close(&half);
        client_close(&reading);
    }
}

static void closing_before_the_start_is_immediate(void **state)
{
    (void)state; /* its own */
    struct loop *loop CLEANUP(loop_free) = loop_new();
    struct web *web = web_open(loop);
    struct web_server *server;
    assert_int_equal(web_server_open(web, &any_port, &server, NULL), ERR_OK);
    web_close(web, NULL, NULL);
    web_close(NULL, NULL, NULL);
}

static void addresses_that_cannot_be_bound_say_why(void **state)
{
    struct fixture *f = *state;
    struct web *web = web_open(f->loop);
    struct web_server *server = NULL;
    struct err_info reason = {0};
    const struct {
        const char *address;
        uint16_t port;
        enum err e;
        const char *message;
    } cases[] = {
        {"127.0.0.1", web_server_port(f->server), ERR_CONFLICT, "is in use"},
        {"203.0.113.1", 0, ERR_INVALID, "not an address of this machine"},
        {"localhost", 0, ERR_INVALID, "is not an IP address"},
        {"", 0, ERR_INVALID, "is not an IP address"},
        {"[::1]", 0, ERR_INVALID, "is not an IP address"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct web_server_options options = {.address = str_of(cases[i].address),
                                             .port = cases[i].port};
        assert_int_equal(web_server_open(web, &options, &server, &reason), cases[i].e);
        assert_non_null(strstr(reason.message, cases[i].message));
        assert_null(server);
    }
    web_close(web, NULL, NULL);
}

#define PLUG_IN "libwebsockets-evlib_uv.so"

/* The path of the plug-in that is loaded at this time. */
static void plug_in_find(char *ret_path, size_t size)
{
    struct buf maps CLEANUP(buf_deinit);
    buf_init(&maps, (size_t)1024 * 1024);
    assert_int_equal(file_read("/proc/self/maps", &maps, NULL), ERR_OK);
    struct str rest = buf_str(&maps);
    while (rest.size > 0) {
        struct str line = str_cut(&rest, '\n');
        size_t slash = str_find_char(line, '/');
        if (slash == STR_NOT_FOUND || !str_ends_with(line, STR("/" PLUG_IN)))
            continue;
        struct str path = str_from(line, slash);
        assert_true(path.size < size);
        memcpy(ret_path, path.data, path.size);
        ret_path[path.size] = '\0';
        return;
    }
    fail_msg("the plug-in is not loaded");
}

/* Releases of libwebsockets after 4.1 look for their plug-ins in the working directory first, where
 * anybody may have put one: whoever builds with such a release has to see this. */
static void a_plug_in_in_the_working_directory_is_not_loaded(void **state)
{
    char system_path[4096];
    char path[4096];
    char before[4096];
    char folder[] = "/tmp/test_web.XXXXXX";
    void *own = NULL;
    (void)state; /* its own */
    assert_int_equal(fixture_start(&own), 0);
    plug_in_find(system_path, sizeof(system_path));
    assert_int_equal(fixture_end(&own), 0);

    struct buf library CLEANUP(buf_deinit);
    buf_init(&library, (size_t)1024 * 1024);
    assert_int_equal(file_read(system_path, &library, NULL), ERR_OK);
    assert_non_null(getcwd(before, sizeof(before)));
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    assert_int_equal(file_write(PLUG_IN, buf_str(&library), 0700, NULL), ERR_OK);
    assert_int_equal(fixture_start(&own), 0);
    plug_in_find(path, sizeof(path));
    assert_string_equal(path, system_path);
    assert_non_null(getcwd(path, sizeof(path)));
    assert_string_equal(path, folder);
    assert_int_equal(fixture_end(&own), 0);
    assert_int_equal(unlink(PLUG_IN), 0);
    assert_int_equal(chdir(before), 0);
    assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(get_answers, fixture_start, fixture_end),
        cmocka_unit_test_setup_teardown(a_connection_ends_with_its_first_answer, fixture_start,
                                        fixture_end),
        cmocka_unit_test_setup_teardown(head_has_no_body, fixture_start, fixture_end),
        cmocka_unit_test_setup_teardown(what_is_not_there_is_404, fixture_start, fixture_end),
        cmocka_unit_test_setup_teardown(other_methods_are_405_and_end, fixture_start, fixture_end),
        cmocka_unit_test_setup_teardown(large_answers_arrive_whole, fixture_start, fixture_end),
        cmocka_unit_test_setup_teardown(an_answer_beyond_its_bound_is_500, fixture_start,
                                        fixture_end),
        cmocka_unit_test_setup_teardown(nothing_else_than_http_1_is_spoken, fixture_start,
                                        fixture_end),
        cmocka_unit_test_setup_teardown(nonsense_ends_the_connection, fixture_start, fixture_end),
        cmocka_unit_test_setup_teardown(what_is_accepted_waits_for_no_confirmation, fixture_start,
                                        fixture_end),
        cmocka_unit_test_setup_teardown(connections_are_bounded, fixture_start, fixture_end),
        cmocka_unit_test_setup_teardown(accepting_pauses_when_no_descriptor_is_left, fixture_start,
                                        fixture_end),
        cmocka_unit_test(closing_with_open_connections_leaves_nothing),
        cmocka_unit_test(closing_before_the_start_is_immediate),
        cmocka_unit_test_setup_teardown(addresses_that_cannot_be_bound_say_why, fixture_start,
                                        fixture_end),
        cmocka_unit_test(a_plug_in_in_the_working_directory_is_not_loaded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
