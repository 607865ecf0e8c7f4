#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/mem.h"
#include "core/json/json.h"

static enum err parse(struct arena *arena, struct str text, const struct jv **ret_value,
                      struct err_info *reterr)
{
    return jv_parse(arena, text, JV_VALUES_MAX, ret_value, reterr);
}

/* Parses `text` and expects that it prints as `canonical`. */
static void expect_text(struct str text, const char *canonical)
{
    struct arena *arena = arena_new(1024);
    const struct jv *value = NULL;
    struct err_info why = {0};
    if (parse(arena, text, &value, &why) != ERR_OK)
        fail_msg("%.*s: %s", STR_ARG(text), why.message);
    struct buf buf;
    buf_init(&buf, 65536);
    jv_print(value, &buf);
    buf_append_char(&buf, '\0');
    assert_string_equal(buf.data, canonical);
    buf_deinit(&buf);
    (void)arena_free(arena); /* always NULL */
}

static void expect(const char *text, const char *canonical)
{
    expect_text(str_of(text), canonical);
}

static void refuse(struct str text, enum err code, const char *message)
{
    struct arena *arena = arena_new(1024);
    const struct jv *value = NULL;
    struct err_info why = {0};
    assert_int_equal(parse(arena, text, &value, &why), code);
    assert_null(value);
    assert_string_equal(why.message, message);
    (void)arena_free(arena); /* always NULL */
}

static void reads_every_kind(void **state)
{
    (void)state;
    expect("null", "null");
    expect(" true ", "true");
    expect("\"\"", "\"\"");
    expect("[]", "[]");
    expect("{}", "{}");
    expect("{\"b\":[1,{\"x\":null}],\"a\":\"\\u00e9\\n\"}\n",
           "{\"a\":\"\xC3\xA9\\n\",\"b\":[1,{\"x\":null}]}");
}

static void keeps_numbers_as_they_were_written(void **state)
{
    (void)state;
    expect("[0,-1,9223372036854775807,18446744073709551615]",
           "[0,-1,9223372036854775807,18446744073709551615]");
    expect("[1.50,1e3,-0.10]", "[1.50,1e3,-0.10]");
    expect("7", "7");
    uint64_t number = 0;
    struct arena *arena = arena_new(256);
    const struct jv *value = NULL;
    assert_int_equal(parse(arena, STR("18446744073709551615"), &value, NULL), ERR_OK);
    assert_true(jv_u64(value, UINT64_MAX, &number));
    assert_true(number == UINT64_MAX);
    (void)arena_free(arena); /* always NULL */
}

static void keeps_zeros_inside_of_strings(void **state)
{
    (void)state;
    expect("\"a\\u0000b\"", "\"a\\u0000b\"");
}

static void of_equal_keys_the_last_counts(void **state)
{
    (void)state;
    expect("{\"a\":1,\"b\":2,\"a\":3}", "{\"a\":3,\"b\":2}");
}

static void refuses_what_is_no_json(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "[1,]",
        "{\"a\"}",
        "{a:1}",
        "'a'",
        "[1 2]",
        "nul",
        "tru",
        "[",
        "\"a",
        "01",
        "+1",
        "1.",
        "NaN",
        "Infinity",
        "[/**/]",
        "\"\xff\"",
        "1 2",
        "{} x",
        "\xEF\xBB\xBF{}",
    };
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        struct arena *arena = arena_new(256);
        const struct jv *value = NULL;
        struct err_info why = {0};
        if (parse(arena, str_of(texts[i]), &value, &why) != ERR_INVALID)
            fail_msg("accepted: %s", texts[i]);
        assert_memory_equal(why.message, "not JSON: ", 10);
        (void)arena_free(arena); /* always NULL */
    }
    refuse(STR(""), ERR_INVALID, "not JSON: no value at byte 1, line 1");
    refuse(STR(" \n"), ERR_INVALID, "not JSON: no value at byte 1, line 1");
    refuse(STR("{}\n{}"), ERR_INVALID, "not JSON: more than one value at byte 4, line 2");
    refuse(STR("[1,\n"), ERR_INVALID, "not JSON: unexpected end at byte 5, line 2");
    refuse(STR("1\0"), ERR_INVALID, "not JSON: more than one value at byte 2, line 1");
}

static void nested(char *text, size_t depth)
{
    memset(text, '[', depth);
    memset(text + depth, ']', depth);
}

static void refuses_what_is_too_deep(void **state)
{
    (void)state;
    char text[2 * (JV_DEPTH_MAX + 1)];
    nested(text, JV_DEPTH_MAX);
    struct arena *arena = arena_new(1024);
    const struct jv *value = NULL;
    assert_int_equal(parse(arena, str_make(text, (size_t)2 * JV_DEPTH_MAX), &value, NULL), ERR_OK);
    (void)arena_free(arena); /* always NULL */
    nested(text, JV_DEPTH_MAX + 1);
    refuse(str_make(text, sizeof(text)), ERR_LIMIT, "the JSON text nests deeper than 64 levels");
    refuse(STR("\"[[\" ["), ERR_INVALID, "not JSON: more than one value at byte 6, line 1");
}

static void refuses_too_many_values(void **state)
{
    (void)state;
    struct arena *arena = arena_new(1024);
    const struct jv *value = NULL;
    struct str text = STR("[{\"a\":1,\"b\":\",,,[\\\"[\"},3]");
    assert_int_equal(jv_parse(arena, text, 5, &value, NULL), ERR_OK);
    struct err_info why = {0};
    assert_int_equal(jv_parse(arena, text, 4, &value, &why), ERR_LIMIT);
    assert_string_equal(why.message, "the JSON text holds more than 4 values");
    (void)arena_free(arena); /* always NULL */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_kind),
        cmocka_unit_test(keeps_numbers_as_they_were_written),
        cmocka_unit_test(keeps_zeros_inside_of_strings),
        cmocka_unit_test(of_equal_keys_the_last_counts),
        cmocka_unit_test(refuses_what_is_no_json),
        cmocka_unit_test(refuses_what_is_too_deep),
        cmocka_unit_test(refuses_too_many_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
