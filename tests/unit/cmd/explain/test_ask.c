/* Requests as people write them. */
#include "explain/explain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct arena *arena;

static int setup(void **state)
{
    (void)state;
    arena = arena_new(1024);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena = arena_free(arena);
    return 0;
}

static void assert_str(struct str got, const char *expected)
{
    assert_string_equal(str_dup(arena, got).data, expected);
}

static void a_url_becomes_a_request(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        uint16_t port;
        const char *host_field;
        const char *target;
        const char *server_name;
    } cases[] = {
        {"http://a.test", 80, "a.test", "/", ""},
        {"HTTP://a.test:80/x?y=z#end", 80, "a.test", "/x?y=z", ""},
        {"http://a.test:8080?y", 8080, "a.test:8080", "/?y", ""},
        {"https://a.test:443/", 443, "a.test", "/", "a.test"},
        {"https://A.test:8443/", 8443, "A.test:8443", "/", "A.test"},
        {"https://127.0.0.1/", 443, "127.0.0.1", "/", ""},
        {"https://[::1]:8443/", 8443, "[::1]:8443", "/", ""},
        {"http://a.test:/", 80, "a.test", "/", ""},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct explain_words words = {.method = STR("GET"), .url = str_of(cases[i].url)};
        struct explain_request request;
        assert_int_equal(explain_ask(arena, &words, &request, NULL), ERR_OK);
        assert_false(request.is_refused);
        assert_int_equal(request.port, cases[i].port);
        assert_str(request.head.authority, cases[i].host_field);
        assert_str(request.head.target, cases[i].target);
        assert_str(request.server_name, cases[i].server_name);
    }
}

static void fields_and_server_name_are_as_given(void **state)
{
    (void)state;
    const struct str fields[] = {STR("Host: b.test"), STR("x-a:1"), STR("X-B:  two ")};
    const struct explain_words words = {
        .method = STR("PUT"),
        .url = STR("https://a.test/"),
        .fields = fields,
        .field_count = ARRAY_SIZE(fields),
        .has_server_name = true,
    };
    struct explain_request request;
    assert_int_equal(explain_ask(arena, &words, &request, NULL), ERR_OK);
    assert_str(request.head.host, "b.test");
    assert_str(request.server_name, "");
    assert_str(http_fields_find_name(&request.head.fields, STR("x-b"))->value, "two");
    assert_int_equal(request.head.fields.count, 3);
}

static void what_nobody_can_send_is_an_error(void **state)
{
    (void)state;
    static const struct {
        const char *method;
        const char *url;
        const char *field;
        const char *message;
    } cases[] = {
        {"GET", "a.test/x", NULL, "\"a.test/x\" does not begin with http:// or https://"},
        {"GET", "http://", NULL, "\"\" has no host"},
        {"GET", "http://a.test:x/", NULL, "\"x\" is no port"},
        {"GET", "http://a.test:65536/", NULL, "\"65536\" is no port"},
        {"GET", "http://a.test:0/", NULL, "\"0\" is no port"},
        {"GET", "http://me:pw@a.test/", NULL,
         "has a user; say it as -H 'Authorization: ...' instead"},
        {"GET", "http://a.test/\n", NULL, "the URL has a control character"},
        {"get", "http://a.test/", NULL,
         "\"get\" is no method: they are written in capitals, such as GET"},
        {"", "http://a.test/", NULL, "the method is empty"},
        {"GET", "http://a.test/", "x-a", "\"x-a\" is not written as 'Name: value'"},
        {"GET", "http://a.test/", ": x", "\": x\" is not written as 'Name: value'"},
        {"GET", "http://a.test/", "x: a\r\ny: b", "x has a control character"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct str field = str_of(cases[i].field == NULL ? "" : cases[i].field);
        const struct explain_words words = {
            .method = str_of(cases[i].method),
            .url = str_of(cases[i].url),
            .fields = &field,
            .field_count = cases[i].field != NULL,
        };
        struct explain_request request;
        struct err_info reason;
        assert_int_equal(explain_ask(arena, &words, &request, &reason), ERR_INVALID);
        assert_string_equal(reason.message, cases[i].message);
    }
    const struct explain_words words = {
        .method = STR("GET"), .url = STR("http://a.test/"), .has_server_name = true};
    struct explain_request request;
    assert_int_equal(explain_ask(arena, &words, &request, NULL), ERR_INVALID);
}

static void what_the_data_plane_refuses_is_told_later(void **state)
{
    (void)state;
    const struct str fields[] = {STR("Host: a"), STR("Host: b")};
    const struct explain_words words = {
        .method = STR("GET"), .url = STR("http://a.test/"), .fields = fields, .field_count = 2};
    struct explain_request request;
    assert_int_equal(explain_ask(arena, &words, &request, NULL), ERR_OK);
    assert_true(request.is_refused);
    assert_int_equal(request.refusal.status, 400);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_url_becomes_a_request),
        cmocka_unit_test(fields_and_server_name_are_as_given),
        cmocka_unit_test(what_nobody_can_send_is_an_error),
        cmocka_unit_test(what_the_data_plane_refuses_is_told_later),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
