#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/feed/message.h"

static void expect_print(const struct feed__message *message, struct str transaction,
                         const char *text)
{
    struct buf buf;
    buf_init(&buf, 4096);
    feed__message_print(message, transaction, &buf);
    buf_append_char(&buf, '\0');
    assert_string_equal(buf.data, text);
    struct arena *arena = arena_new(1024);
    struct feed__message read;
    struct err_info why = {0};
    if (feed__message_read(arena, str_of(text), JV_VALUES_MAX, &read, &why) != ERR_OK)
        fail_msg("%s", why.message);
    assert_int_equal(read.type, message->type);
    assert_true(str_equal(read.token, message->token));
    assert_true(str_equal(read.have, message->have));
    assert_true(str_equal(read.result, message->result));
    assert_true(str_equal(read.resource, message->resource));
    assert_true(str_equal(read.reason, message->reason));
    (void)arena_free(arena); /* always NULL */
    buf_deinit(&buf);
}

static void every_message_is_read_as_it_was_written(void **state)
{
    (void)state;
    expect_print(
        &(struct feed__message){.type = FEED__HELLO, .token = STR("t.o\"k"), .have = STR("00ff")},
        STR_EMPTY, "{\"have\":\"00ff\",\"token\":\"t.o\\\"k\",\"type\":\"hello\",\"version\":1}");
    expect_print(&(struct feed__message){.type = FEED__WELCOME}, STR_EMPTY,
                 "{\"type\":\"welcome\"}");
    expect_print(&(struct feed__message){.type = FEED__TRANSACTION}, STR("{\"puts\":[]}"),
                 "{\"transaction\":{\"puts\":[]},\"type\":\"transaction\"}");
    expect_print(&(struct feed__message){.type = FEED__ACKNOWLEDGE, .result = STR("aa")}, STR_EMPTY,
                 "{\"result\":\"aa\",\"type\":\"acknowledge\"}");
    expect_print(&(struct feed__message){.type = FEED__REFUSE,
                                         .result = STR("aa"),
                                         .resource = STR("listener l"),
                                         .reason = STR("in use")},
                 STR_EMPTY,
                 "{\"reason\":\"in use\",\"resource\":\"listener l\",\"result\":\"aa\","
                 "\"type\":\"refuse\"}");
}

static void what_is_no_message_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *message;
    } cases[] = {
        {"[]", "the type of the message is not known"},
        {"{\"type\":\"frob\"}", "the type of the message is not known"},
        {"{\"type\":7}", "the type of the message is not known"},
        {"{\"type\":\"hello\",\"version\":2,\"token\":\"\",\"have\":\"\"}",
         "another version of the stream is spoken: operator and proxies have to be of one release"},
        {"{\"type\":\"hello\",\"version\":1,\"have\":\"\"}", "\"token\" is missing or no text"},
        {"{\"type\":\"hello\",\"version\":1,\"have\":\"\",\"token\":{}}",
         "\"token\" is missing or no text"},
        {"{\"type\":\"acknowledge\"}", "\"result\" is missing or no text"},
        {"{\"type\":\"refuse\",\"result\":\"\",\"reason\":\"\"}",
         "\"resource\" is missing or no text"},
        {"{\"type\":\"transaction\"}", "\"transaction\" is missing"},
        {"{", "not JSON: unexpected end at byte 2, line 1"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct arena *arena = arena_new(1024);
        struct feed__message message;
        struct err_info why = {0};
        assert_int_equal(
            feed__message_read(arena, str_of(cases[i].text), JV_VALUES_MAX, &message, &why),
            ERR_PROTOCOL);
        assert_string_equal(why.message, cases[i].message);
        (void)arena_free(arena); /* always NULL */
    }
}

static void too_many_values_are_a_limit(void **state)
{
    (void)state;
    struct arena *arena = arena_new(1024);
    struct feed__message message;
    assert_int_equal(feed__message_read(arena, STR("[1,2,3,4]"), 3, &message, NULL), ERR_LIMIT);
    (void)arena_free(arena); /* always NULL */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message_is_read_as_it_was_written),
        cmocka_unit_test(what_is_no_message_is_refused),
        cmocka_unit_test(too_many_values_are_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
