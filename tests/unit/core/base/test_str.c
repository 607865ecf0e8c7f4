#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/str.h"

static void assert_str(struct str got, const char *wanted)
{
    assert_int_equal(got.size, strlen(wanted));
    if (got.size > 0)
        assert_memory_equal(got.data, wanted, got.size);
}

static void test_equal(void **state)
{
    (void)state;
    assert_true(str_equal(STR("abc"), str_of("abc")));
    assert_false(str_equal(STR("abc"), STR("abd")));
    assert_false(str_equal(STR("abc"), STR("ab")));
    assert_true(str_equal(STR_EMPTY, (struct str){NULL, 0}));
    assert_true(str_equal(STR("a\0b"), str_make("a\0b", 3)));
    assert_false(str_equal(STR("a\0b"), STR("a\0c")));
}

static void test_copy_lower(void **state)
{
    (void)state;
    char all[256];
    char expected[256];
    for (int c = 0; c < 256; c++) {
        all[c] = (char)c;
        expected[c] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
        assert_int_equal(str_lower((char)c), expected[c]);
    }
    /* Every byte at every place of every small size, and no byte beyond. */
    for (size_t size = 0; size < 20; size++) {
        for (size_t start = 0; start + size <= sizeof(all); start++) {
            char copy[21];
            memset(copy, '#', sizeof(copy));
            struct str lower = str_copy_lower(str_make(all + start, size), copy);
            assert_ptr_equal(lower.data, copy);
            assert_int_equal(lower.size, size);
            assert_memory_equal(copy, expected + start, size);
            assert_int_equal(copy[size], '#');
        }
    }
}

static void test_equal_nocase(void **state)
{
    (void)state;
    assert_true(str_equal_nocase(STR("Content-Length"), STR("cONTENT-lENGTH")));
    assert_false(str_equal_nocase(STR("a"), STR("ab")));
    /* Neighbours of the letters, 32 apart, and bytes beyond ASCII are not letters. */
    assert_false(str_equal_nocase(STR("@"), STR("`")));
    assert_false(str_equal_nocase(STR("["), STR("{")));
    assert_false(str_equal_nocase(STR("\xC4"), STR("\xE4")));
}

static void test_compare(void **state)
{
    (void)state;
    assert_int_equal(str_compare(STR("abc"), STR("abc")), 0);
    assert_true(str_compare(STR("ab"), STR("abc")) < 0);
    assert_true(str_compare(STR("b"), STR("abc")) > 0);
    assert_true(str_compare(STR("\x7F"), STR("\x80")) < 0);
    assert_true(str_compare((struct str){NULL, 0}, STR("a")) < 0);
    assert_int_equal(str_compare((struct str){NULL, 0}, STR_EMPTY), 0);
}

static void test_starts_and_ends(void **state)
{
    (void)state;
    assert_true(str_starts_with(STR("/api/v1"), STR("/api")));
    assert_true(str_starts_with(STR("a"), STR_EMPTY));
    assert_false(str_starts_with(STR("/ap"), STR("/api")));
    assert_true(str_ends_with(STR("foo.example.com"), STR(".example.com")));
    assert_true(str_ends_with(STR("a"), STR_EMPTY));
    assert_false(str_ends_with(STR("com"), STR(".com")));
}

static void test_find(void **state)
{
    (void)state;
    assert_int_equal(str_find_char(STR("a:b:c"), ':'), 1);
    assert_int_equal(str_find_last_char(STR("a:b:c"), ':'), 3);
    assert_true(str_find_char(STR("abc"), ':') == STR_NOT_FOUND);
    assert_true(str_find_last_char((struct str){NULL, 0}, ':') == STR_NOT_FOUND);
    assert_int_equal(str_find_char(STR("a\0:"), ':'), 2);
}

static void test_slices(void **state)
{
    (void)state;
    assert_str(str_from(STR("abc"), 1), "bc");
    assert_str(str_from(STR("abc"), 3), "");
    assert_str(str_from(STR("abc"), SIZE_MAX), "");
    assert_str(str_first(STR("abc"), 2), "ab");
    assert_str(str_first(STR("abc"), SIZE_MAX), "abc");
}

static void test_trim(void **state)
{
    (void)state;
    assert_str(str_trim(STR(" \t a b\t ")), "a b");
    assert_str(str_trim(STR(" \t ")), "");
    assert_str(str_trim(STR_EMPTY), "");
    assert_str(str_trim(STR("\na\n")), "\na\n");
}

static void test_cut(void **state)
{
    (void)state;
    struct str rest = STR("a,,b");
    assert_str(str_cut(&rest, ','), "a");
    assert_str(str_cut(&rest, ','), "");
    assert_str(str_cut(&rest, ','), "b");
    assert_null(rest.data);
    assert_str(str_cut(&rest, ','), "");

    rest = STR("a,");
    assert_str(str_cut(&rest, ','), "a");
    /* What follows a separator is there, even if it is empty. */
    assert_non_null(rest.data);
    assert_int_equal(rest.size, 0);
    assert_str(str_cut(&rest, ','), "");
    assert_null(rest.data);
}

static void test_parse_u64(void **state)
{
    (void)state;
    uint64_t value = 7;
    assert_true(str_parse_u64(STR("0"), UINT64_MAX, &value) && value == 0);
    assert_true(str_parse_u64(STR("18446744073709551615"), UINT64_MAX, &value));
    assert_true(value == UINT64_MAX);
    assert_true(str_parse_u64(STR("65535"), 65535, &value) && value == 65535);
    const char *refused[] = {"",
                             "65536",
                             "01",
                             "00",
                             "+1",
                             "-1",
                             " 1",
                             "1 ",
                             "1.0",
                             "1a",
                             "0x",
                             "\xB2",
                             "18446744073709551616",
                             "99999999999999999999999999"};
    for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
        assert_false(str_parse_u64(str_of(refused[i]), 65535, &value));
    assert_false(str_parse_u64(STR("18446744073709551616"), UINT64_MAX, &value));
    assert_false(str_parse_u64(STR("184467440737095516150"), UINT64_MAX, &value));
    assert_false(str_parse_u64(STR("1\0"), 65535, &value));
    assert_int_equal(value, 65535); /* untouched by failures */
}

static void test_utf8(void **state)
{
    (void)state;
    const char *good[] = {"",
                          "plain",
                          "\xC2\x80",
                          "\xDF\xBF",
                          "\xE0\xA0\x80",
                          "\xED\x9F\xBF",
                          "\xEE\x80\x80",
                          "\xEF\xBF\xBD",
                          "\xF0\x90\x80\x80",
                          "\xF4\x8F\xBF\xBF",
                          "a\xE5\xA4\xA7z"};
    for (size_t i = 0; i < ARRAY_SIZE(good); i++)
        assert_true(str_is_utf8(str_of(good[i])));
    assert_true(str_is_utf8(STR("a\0b")));
    const char *bad[] = {"\x80",             /* a lone continuation */
                         "\xC0\x80",         /* overlong */
                         "\xC1\xBF",         /* overlong */
                         "\xE0\x9F\xBF",     /* overlong */
                         "\xF0\x8F\xBF\xBF", /* overlong */
                         "\xED\xA0\x80",     /* a surrogate */
                         "\xED\xBF\xBF",     /* a surrogate */
                         "\xF4\x90\x80\x80", /* beyond U+10FFFF */
                         "\xF5\x80\x80\x80",
                         "\xFF",
                         "\xC2",     /* cut */
                         "\xE5\xA4", /* cut */
                         "\xF0\x90\x80",
                         "\xE5\xA4z",
                         "\xE5z\xA7",
                         "\xC2\xC2"};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_false(str_is_utf8(str_of(bad[i])));
}

static void test_copies(void **state)
{
    (void)state;
    struct arena *arena = arena_new(64);
    struct str copy = str_dup(arena, STR("a\0b"));
    assert_memory_equal(copy.data, "a\0b", 4);
    assert_int_equal(copy.size, 3);
    copy = str_dup(arena, (struct str){NULL, 0});
    assert_string_equal(copy.data, "");
    copy = str_format(arena, "%s:%u", "host", 80U);
    assert_str(copy, "host:80");
    assert_int_equal(copy.data[copy.size], 0);
    const struct str parts[] = {STR("ab"), {NULL, 0}, STR("c\0")};
    copy = str_concat(arena, parts, ARRAY_SIZE(parts));
    assert_memory_equal(copy.data, "abc\0", 5);
    assert_int_equal(copy.size, 4);
    assert_str(str_concat(arena, parts, 0), "");
    copy = str_format(arena, "%.*s", STR_ARG(STR("abcdef")));
    assert_str(copy, "abcdef");
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal),
        cmocka_unit_test(test_equal_nocase),
        cmocka_unit_test(test_copy_lower),
        cmocka_unit_test(test_compare),
        cmocka_unit_test(test_starts_and_ends),
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_slices),
        cmocka_unit_test(test_trim),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_parse_u64),
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_copies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
