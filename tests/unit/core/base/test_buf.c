#include <malloc.h>
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

#define SECRET "correct horse battery staple"

static bool holds_secret(const void *memory, size_t size)
{
    return memmem(memory, size, SECRET, sizeof(SECRET) - 1) != NULL;
}

static unsigned secrets_freed;

#ifdef __clang__ /* builds with sanitisers, which have their own */
#define SEES_WHAT_IS_FREED 0
#else
#define SEES_WHAT_IS_FREED 1

void __libc_free(void *pointer);

/* Instead of the C library's, which is called by it: looks at what is given back. */
void free(void *pointer)
{
    if (pointer != NULL && holds_secret(pointer, malloc_usable_size(pointer)))
        secrets_freed++;
    __libc_free(pointer);
}
#endif

static void test_secrets_are_wiped_where_they_leave(void **state)
{
    (void)state;
    struct buf buf;
    buf_init_secret(&buf, 100000);
    buf_append(&buf, STR(SECRET));
    while (buf.size < 90000)
        buf_append(&buf, STR("and grows "));
    assert_true(holds_secret(buf.data, buf.size));
    buf_deinit(&buf);
    buf_append(&buf, STR(SECRET)); /* which is still one */
    buf_deinit(&buf);
    assert_int_equal(secrets_freed, 0);

    buf_init(&buf, 1000);
    buf_append(&buf, STR(SECRET));
    buf_deinit(&buf);
    assert_int_equal(secrets_freed, SEES_WHAT_IS_FREED); /* it would have been seen */
}

static void test_secrets_are_wiped_where_they_stood(void **state)
{
    (void)state;
    struct buf buf;
    buf_init_secret(&buf, 1000);
    buf_append(&buf, STR(SECRET));
    buf_clear(&buf);
    assert_false(holds_secret(buf.data, buf.capacity));
    buf_append(&buf, STR("x" SECRET));
    buf_consume(&buf, 1);
    assert_content(&buf, SECRET);
    buf_consume(&buf, buf.size);
    assert_false(holds_secret(buf.data, buf.capacity));
    char *room = buf_reserve(&buf, sizeof(SECRET));
    memcpy(room, SECRET, sizeof(SECRET)); /* and is not committed */
    buf_deinit(&buf);
    assert_int_equal(secrets_freed, SEES_WHAT_IS_FREED); /* the one above */
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
        cmocka_unit_test(test_secrets_are_wiped_where_they_leave),
        cmocka_unit_test(test_secrets_are_wiped_where_they_stood),
        cmocka_unit_test(test_deinit_allows_reuse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
