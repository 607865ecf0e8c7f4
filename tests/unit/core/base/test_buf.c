#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/buf.h"

static void assert_content(const struct buf *buf, const char *wanted)
{
    assert_false(buf_overflowed(buf));
    assert_int_equal(buf->size, strlen(wanted));
    if (buf->size > 0)
        assert_memory_equal(buf_str(buf).data, wanted, buf->size);
}

static void test_append(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 1000);
    assert_content(&buf, "");
    buf_append(&buf, (struct str){NULL, 0});
    assert_null(buf.data);
    buf_append(&buf, STR("abc"));
    buf_append_char(&buf, '-');
    buf_append_u64(&buf, 0);
    buf_append_char(&buf, '-');
    buf_append_u64(&buf, UINT64_MAX);
    assert_content(&buf, "abc-0-18446744073709551615");
    buf_printf(&buf, "[%s=%d]", "x", -5);
    assert_content(&buf, "abc-0-18446744073709551615[x=-5]");
    buf_clear(&buf);
    assert_content(&buf, "");
    buf_deinit(&buf);
}

static void test_exactly_full(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 5);
    buf_append(&buf, STR("abcde"));
    assert_content(&buf, "abcde");
    buf_clear(&buf);
    buf_printf(&buf, "%s", "abcde"); /* its terminator needs no room */
    assert_content(&buf, "abcde");
    buf_printf(&buf, "%s", "");
    assert_content(&buf, "abcde");
    buf_deinit(&buf);
}

static void test_overflow_is_remembered(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 5);
    buf_append(&buf, STR("abc"));
    buf_append(&buf, STR("def"));
    assert_true(buf_overflowed(&buf));
    assert_int_equal(buf.size, 3); /* nothing of it is appended */
    buf_append_char(&buf, 'd');
    assert_true(buf_overflowed(&buf));
    buf_clear(&buf);
    assert_false(buf_overflowed(&buf));
    buf_printf(&buf, "%s", "abcdef");
    assert_true(buf_overflowed(&buf));
    buf_clear(&buf);
    assert_null(buf_reserve(&buf, SIZE_MAX));
    assert_true(buf_overflowed(&buf));
    buf_deinit(&buf);
}

static void test_no_room_at_all(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 0);
    buf_append(&buf, STR_EMPTY);
    buf_printf(&buf, "%s", "");
    assert_content(&buf, "");
    assert_non_null(buf_reserve(&buf, 0)); /* NULL says that something did not fit */
    buf_append_char(&buf, 'a');
    assert_true(buf_overflowed(&buf));
    buf_deinit(&buf);
}

static void test_growth(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 100000);
    for (size_t i = 0; i < 100000; i++)
        buf_append_char(&buf, (char)('a' + i % 26));
    assert_false(buf_overflowed(&buf));
    for (size_t i = 0; i < 100000; i++)
        assert_int_equal(buf.data[i], 'a' + i % 26);
    assert_true(buf.capacity <= 100000);
    buf_append_char(&buf, 'x');
    assert_true(buf_overflowed(&buf));
    buf_deinit(&buf);
    assert_null(buf.data);
}

static void test_reserve_commit_consume(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 16);
    char *room = buf_reserve(&buf, 10);
    memcpy(room, "0123456789", 10);
    buf_commit(&buf, 6);
    assert_content(&buf, "012345");
    buf_consume(&buf, 2);
    assert_content(&buf, "2345");
    buf_append(&buf, STR("x"));
    assert_content(&buf, "2345x");
    buf_consume(&buf, 0);
    buf_consume(&buf, 5);
    assert_content(&buf, "");
    buf_deinit(&buf);
}

static void test_deinit_allows_reuse(void **state)
{
    (void)state;
    CLEANUP(buf_deinit) struct buf buf;
    buf_init(&buf, 3);
    buf_append(&buf, STR("abc"));
    buf_deinit(&buf);
    buf_append(&buf, STR("def"));
    assert_content(&buf, "def");
    buf_append_char(&buf, 'g');
    assert_true(buf_overflowed(&buf));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_append),
        cmocka_unit_test(test_exactly_full),
        cmocka_unit_test(test_overflow_is_remembered),
        cmocka_unit_test(test_no_room_at_all),
        cmocka_unit_test(test_growth),
        cmocka_unit_test(test_reserve_commit_consume),
        cmocka_unit_test(test_deinit_allows_reuse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
