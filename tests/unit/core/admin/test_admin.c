#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "../web/client.h"
#include "core/admin/admin.h"

struct fixture {
    struct loop *loop;
    struct metrics *metrics;
    struct admin *admin;
    bool ready;
};

static bool ready(void *arg, struct buf *reasons)
{
    const struct fixture *f = arg;
    buf_append(reasons, STR("no configuration was applied yet\n"));
    return f->ready;
}

static void config(void *arg, struct buf *json)
{
    (void)arg; /* always the same */
    buf_append(json, STR("[1]"));
}

static enum err open_at(struct fixture *f, const char *health, const char *admin,
                        struct err_info *reason)
{
    struct admin_options options = {
        .loop = f->loop,
        .health = str_of(health),
        .admin = str_of(admin),
        .metrics = f->metrics,
        .ready = ready,
        .config = config,
        .arg = f,
    };
    return admin_open(&options, &f->admin, reason);
}

static int fixture_start(void **state)
{
    struct fixture *f = test_calloc(1, sizeof(*f));
    f->loop = loop_new();
    f->metrics = metrics_new(1);
    *state = f;
    return 0;
}

static void stop(void *arg)
{
    loop_stop(arg);
}

static int fixture_end(void **state)
{
    struct fixture *f = *state;
    if (f->admin != NULL) {
        admin_close(f->admin, stop, f->loop);
        loop_run(f->loop);
    }
    f->loop = loop_free(f->loop);
    f->metrics = metrics_free(f->metrics);
    test_free(f);
    return 0;
}

/* Asks once; the answer is valid until the next one. */
static const char *ask(struct fixture *f, uint16_t port, const char *path, const char *host)
{
    static char copy[4096];
    char text[256];
    (void)snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n",
                   path, host);
    struct client client;
    client_open(&client, f->loop, port);
    struct str answer = client_ask(&client, text, NULL);
    assert_true(answer.size < sizeof(copy));
    memcpy(copy, answer.data, answer.size + 1);
    client_close(&client);
    return copy;
}

static void assert_answer(const char *answer, const char *status, const char *part)
{
    assert_memory_equal(answer, status, strlen(status));
    if (strstr(answer, part) == NULL)
        fail_msg("%s", answer);
}

static void health_says_how_it_is(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(open_at(f, "127.0.0.1:0", "", NULL), ERR_OK);
    uint16_t port = admin_health_port(f->admin);
    assert_int_equal(admin_admin_port(f->admin), 0);
    assert_answer(ask(f, port, "/ready", "pod:9902"), "HTTP/1.1 503",
                  "\r\n\r\nno configuration was applied yet\n");
    f->ready = true;
    assert_answer(ask(f, port, "/ready", "pod:9902"), "HTTP/1.1 200", "\r\n\r\nready\n");
    assert_answer(ask(f, port, "/live", "pod:9902"), "HTTP/1.1 200", "\r\n\r\nlive\n");
    assert_answer(ask(f, port, "/", "pod:9902"), "HTTP/1.1 200", "/metrics");
    assert_answer(ask(f, port, "/config", "pod:9902"), "HTTP/1.1 404", "");
}

static void metrics_are_of_their_type(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(open_at(f, "[::1]:0", "127.0.0.1:0", NULL), ERR_OK);
    assert_int_not_equal(admin_health_port(f->admin), 0);
    admin_close(f->admin, stop, f->loop);
    loop_run(f->loop);
    f->admin = NULL;
    assert_int_equal(open_at(f, ":0", "", NULL), ERR_OK);
    const char *answer = ask(f, admin_health_port(f->admin), "/metrics", "pod");
    assert_answer(answer, "HTTP/1.1 200",
                  "content-type: text/plain; version=0.0.4; charset=utf-8\r\n");
    assert_answer(answer, "HTTP/1.1 200", "\notemon_metrics_series_dropped 0\n");
}

static void the_configuration_is_for_local_eyes(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(open_at(f, "", "127.0.0.1:0", NULL), ERR_OK);
    assert_int_equal(admin_health_port(f->admin), 0);
    uint16_t port = admin_admin_port(f->admin);
    static const char *const good[] = {"localhost", "LOCALHOST:9901", "127.0.0.1:9901",
                                       "127.9.9.9", "[::1]:9901",     "[::1]"};
    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        const char *answer = ask(f, port, "/config", good[i]);
        assert_answer(answer, "HTTP/1.1 200", "content-type: application/json\r\n");
        assert_answer(answer, "HTTP/1.1 200", "\r\n\r\n[1]");
    }
    static const char *const bad[] = {"evil.example.com", "localhost.example.com:9901",
                                      "10.0.0.1",         "127.0.0.1.example.com",
                                      "[::2]:9901",       "x"};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        assert_answer(ask(f, port, "/config", bad[i]), "HTTP/1.1 403", "localhost");
        assert_answer(ask(f, port, "/", bad[i]), "HTTP/1.1 403", "localhost");
    }
    assert_answer(ask(f, port, "/", "localhost"), "HTTP/1.1 200", "/config");
    assert_answer(ask(f, port, "/ready", "localhost"), "HTTP/1.1 404", "");
}

static void addresses_are_refused_with_a_sentence(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *health;
        const char *admin;
        const char *path;
        const char *message;
    } cases[] = {
        {"", "0.0.0.0:0", "admin", "\"0.0.0.0\" is not a loopback address"},
        {"", ":0", "admin", "is not a loopback address"},
        {"", "[::]:0", "admin", "\"::\" is not a loopback address"},
        {"127.0.0.1:0", "10.1.2.3:0", "admin", "has to be of 127.0.0.0/8 or ::1"},
        {"127.0.0.1", "", "health", "is not an IP address and port"},
        {"127.0.0.1:http", "", "health", "write it like 127.0.0.1:9902"},
        {"127.0.0.1:65536", "", "health", "is not an IP address and port"},
        {"localhost:0", "", "health", "\"localhost:0\" is not an IP address"},
        {"203.0.113.1:0", "", "health", "not an address of this machine"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct err_info reason = {0};
        assert_int_equal(open_at(f, cases[i].health, cases[i].admin, &reason), ERR_INVALID);
        assert_string_equal(reason.path, cases[i].path);
        if (strstr(reason.message, cases[i].message) == NULL)
            fail_msg("%s", reason.message);
        assert_null(f->admin);
        /* All but the last is known without opening anything. */
        enum err e = admin_check(str_of(cases[i].health), str_of(cases[i].admin), &reason);
        assert_int_equal(e, i + 1 < ARRAY_SIZE(cases) ? ERR_INVALID : ERR_OK);
        assert_string_equal(reason.path, cases[i].path);
    }
    assert_int_equal(admin_check(STR(":9902"), STR("[::1]:9901"), NULL), ERR_OK);
    assert_int_equal(admin_check(STR_EMPTY, STR_EMPTY, NULL), ERR_OK);
}

static void a_port_in_use_is_a_conflict(void **state)
{
    struct fixture *f = *state;
    struct err_info reason = {0};
    char taken[32];
    assert_int_equal(open_at(f, "127.0.0.1:0", "", NULL), ERR_OK);
    (void)snprintf(taken, sizeof(taken), "127.0.0.1:%u", (unsigned)admin_health_port(f->admin));
    struct admin *first = f->admin;
    assert_int_equal(open_at(f, "127.0.0.1:0", taken, &reason), ERR_CONFLICT);
    assert_string_equal(reason.path, "admin");
    assert_ptr_equal(f->admin, first);
}

static void closing_nothing_is_immediate(void **state)
{
    struct fixture *f = *state;
    admin_close(NULL, stop, f->loop);
    admin_close(NULL, NULL, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(health_says_how_it_is, fixture_start, fixture_end),
        cmocka_unit_test_setup_teardown(metrics_are_of_their_type, fixture_start, fixture_end),
        cmocka_unit_test_setup_teardown(the_configuration_is_for_local_eyes, fixture_start,
                                        fixture_end),
        cmocka_unit_test_setup_teardown(addresses_are_refused_with_a_sentence, fixture_start,
                                        fixture_end),
        cmocka_unit_test_setup_teardown(a_port_in_use_is_a_conflict, fixture_start, fixture_end),
        cmocka_unit_test_setup_teardown(closing_nothing_is_immediate, fixture_start, fixture_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
