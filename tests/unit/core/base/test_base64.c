#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/base64.h"

static void assert_pair(struct str bytes, struct str text)
{
    struct arena *arena = arena_new(256);
    struct str decoded;
    struct buf encoded;
    buf_init(&encoded, 1024);
    base64_encode(bytes, &encoded);
    assert_true(str_equal(buf_str(&encoded), text));
    assert_int_equal(base64_decode(arena, text, &decoded), ERR_OK);
    assert_true(str_equal(decoded, bytes));
    buf_deinit(&encoded);
    arena_free(arena);
}

/* RFC 4648 section 10, and bytes that need all of the alphabet. */
static void test_both_ways(void **state)
{
    (void)state;
    assert_pair(STR(""), STR(""));
    assert_pair(STR("f"), STR("Zg=="));
    assert_pair(STR("fo"), STR("Zm8="));
    assert_pair(STR("foo"), STR("Zm9v"));
    assert_pair(STR("foob"), STR("Zm9vYg=="));
    assert_pair(STR("fooba"), STR("Zm9vYmE="));
    assert_pair(STR("foobar"), STR("Zm9vYmFy"));
    assert_pair(STR("\xFB\xFF\xBE\x00"), STR("+/++AA=="));
}

static void test_line_ends_are_skipped(void **state)
{
    (void)state;
    struct arena *arena = arena_new(256);
    struct str decoded;
    assert_int_equal(base64_decode(arena, STR("Zm9v\r\nYm\nFy\n"), &decoded), ERR_OK);
    assert_true(str_equal(decoded, STR("foobar")));
    arena_free(arena);
}

static void test_what_is_none(void **state)
{
    (void)state;
    static const struct str texts[] = {
        STR_INIT("Z"),    STR_INIT("Zg"),     STR_INIT("Zg="),    STR_INIT("Zg=a"),
        STR_INIT("Z==="), STR_INIT("Zg-_"),   STR_INIT("Zm9v Y"), STR_INIT("Zm9vZg==Zg=="),
        STR_INIT("===="), STR_INIT("Zm\t9v"),
    };
    struct arena *arena = arena_new(256);
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        struct str decoded;
        assert_int_equal(base64_decode(arena, texts[i], &decoded), ERR_INVALID);
    }
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_ways),
        cmocka_unit_test(test_line_ends_are_skipped),
        cmocka_unit_test(test_what_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
