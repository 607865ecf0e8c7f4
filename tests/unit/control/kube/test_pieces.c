#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "control/kube/pieces.h"
#include "core/base/buf.h"

/* "key=value " of each piece, then how it ended. */
static void assert_pieces(const char *text, const char *wanted)
{
    struct kube__pieces pieces;
    struct str key;
    struct str value;
    struct buf found;
    buf_init(&found, 4096);
    enum err e = kube__pieces_open(str_of(text), &pieces);
    while (e == ERR_OK && (e = kube__pieces_next(&pieces, &key, &value)) == ERR_OK)
        buf_printf(&found, "%.*s=%.*s ", STR_ARG(key), STR_ARG(value));
    buf_append(&found, e == ERR_NOT_FOUND ? STR("end") : STR("broken"));
    buf_append_char(&found, '\0');
    assert_string_equal(found.data, wanted);
    buf_deinit(&found);
}

static void test_members(void **state)
{
    (void)state;
    assert_pieces(" {\"a\" : 1 , \"b\":\"x,}\\\"\" ,\n\"c\":{\"d\":[{}]},\"e\":null} ",
                  "a=1 b=\"x,}\\\"\" c={\"d\":[{}]} e=null end");
    assert_pieces("{}", "end");
    assert_pieces("{ }\n", "end");
}

static void test_items(void **state)
{
    (void)state;
    assert_pieces("[1,\"]\",[2,[3]] , {\"a\":\"]\"}]", "=1 =\"]\" =[2,[3]] ={\"a\":\"]\"} end");
    assert_pieces("[]", "end");
}

static void test_broken(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        " ",
        "1",
        "\"a\"",
        "{",
        "[",
        "{1:2}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\" 1}",
        "[\"a\\\"",
        "[\"a",
        "{}x",
        "[,]",
        "{,\"a\":1}",
        "[:]",
        "[{\"a\":\"]}]",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_pieces(texts[i], "broken");
    assert_pieces("[1", "=1 broken");
    assert_pieces("[{]", "={] broken"); /* which its parser refuses */
    assert_pieces("[1]]", "=1 broken");
    assert_pieces("[1,]", "=1 broken");
    assert_pieces("[1 2]", "=1 broken");
    assert_pieces("{\"a\":1,}", "a=1 broken");
    assert_pieces("{\"a\":1", "a=1 broken");
}

static void test_find(void **state)
{
    (void)state;
    struct str value;
    assert_int_equal(kube__piece_find(STR("{\"a\":{\"b\":1},\"b\":2}"), STR("b"), &value), ERR_OK);
    assert_true(str_equal(value, STR("2")));
    assert_int_equal(kube__piece_find(STR("{\"a\":1}"), STR("b"), &value), ERR_NOT_FOUND);
    assert_int_equal(kube__piece_find(STR("[1]"), STR("b"), &value), ERR_INVALID);
    assert_int_equal(kube__piece_find(STR("{\"a\":1"), STR("b"), &value), ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_items),
        cmocka_unit_test(test_broken),
        cmocka_unit_test(test_find),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
