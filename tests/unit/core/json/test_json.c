#include "core/json/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define NO_MARK ((struct jv_mark){0, 0})

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

static const struct jv *number(const char *literal)
{
    return jv_number(arena, NO_MARK, str_of(literal));
}

static struct jv_member member(const char *key, const struct jv *value)
{
    return (struct jv_member){.key = str_of(key), .value = value};
}

static void assert_text(struct str got, const char *wanted)
{
    assert_int_equal(got.size, strlen(wanted));
    assert_memory_equal(got.data, wanted, got.size);
}

static void finds_every_member_whatever_the_order(void **state)
{
    (void)state;
    struct jv_member members[] = {member("zeta", number("1")), member("alpha", number("2")),
                                  member("", number("3")), member("alphabet", number("4")),
                                  member("mid", number("5"))};
    const struct jv *object = NULL;
    const struct jv_member *twice[2];
    assert_int_equal(jv_object(arena, NO_MARK, members, 5, &object, twice), ERR_OK);
    assert_int_equal(object->count, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_text(object->members[i].key, members[i].key.data); /* source order */
        assert_ptr_equal(jv_get(object, members[i].key), members[i].value);
    }
    assert_null(jv_get(object, STR("alph")));
    assert_null(jv_get(object, STR("zz")));
    assert_null(jv_get(NULL, STR("zeta")));
    assert_null(jv_get(number("1"), STR("zeta")));
}

static void refuses_one_key_twice(void **state)
{
    (void)state;
    struct jv_member members[] = {member("b", number("1")), member("a", number("2")),
                                  member("b", number("3"))};
    members[0].mark = (struct jv_mark){1, 1};
    members[2].mark = (struct jv_mark){3, 1};
    const struct jv *object = NULL;
    const struct jv_member *twice[2];
    assert_int_equal(jv_object(arena, NO_MARK, members, 3, &object, twice), ERR_CONFLICT);
    assert_null(object);
    assert_int_equal(twice[0]->mark.line, 1);
    assert_int_equal(twice[1]->mark.line, 3);
}

static void reads_whole_numbers_exactly(void **state)
{
    (void)state;
    uint64_t got = 7;
    assert_true(jv_u64(number("18446744073709551615"), UINT64_MAX, &got));
    assert_true(got == UINT64_MAX);
    assert_true(jv_u64(number("0"), 10, &got));
    assert_int_equal(got, 0);
    got = 7;
    static const char *const bad[] = {"11", "-1", "1.0", "1e1", "18446744073709551616"};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_false(jv_u64(number(bad[i]), 10, &got));
    assert_false(jv_u64(jv_string(arena, NO_MARK, STR("1")), 10, &got));
    assert_false(jv_u64(NULL, 10, &got));
    assert_int_equal(got, 7);
}

static void text_is_only_that_of_strings(void **state)
{
    (void)state;
    assert_text(jv_text(jv_string(arena, NO_MARK, STR("x"))), "x");
    assert_text(jv_text(number("1")), "");
    assert_text(jv_text(NULL), "");
}

static void items_are_only_those_of_lists(void **state)
{
    (void)state;
    const struct jv *items[] = {number("1"), number("2")};
    assert_int_equal(jv_item_count(jv_array(arena, NO_MARK, items, 2)), 2);
    assert_int_equal(jv_item_count(jv_array(arena, NO_MARK, items, 0)), 0);
    const struct jv_member member = {.key = STR("a"), .value = items[0]};
    const struct jv *object = NULL;
    const struct jv_member *twice[2];
    assert_int_equal(jv_object(arena, NO_MARK, &member, 1, &object, twice), ERR_OK);
    assert_int_equal(jv_item_count(object), 0);
    assert_int_equal(jv_item_count(NULL), 0);
}

static void knows_the_grammar_of_numbers(void **state)
{
    (void)state;
    static const char *const good[] = {"0", "-0", "10", "1.5", "1e5", "1E+5", "-1.25e-7"};
    static const char *const bad[] = {"",    "-",   "01", "+1", ".5",   "1.",  "1e",
                                      "1e+", "0x1", "1 ", " 1", "1.e5", "NaN", "1_000"};
    for (size_t i = 0; i < ARRAY_SIZE(good); i++)
        assert_true(jv_is_number_text(str_of(good[i])));
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_false(jv_is_number_text(str_of(bad[i])));
}

static void names_types(void **state)
{
    (void)state;
    assert_string_equal(jv_type_name(JV_NULL), "null");
    assert_string_equal(jv_type_name(JV_OBJECT), "an object");
    assert_string_equal(jv_type_name(JV_ARRAY), "a list");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(finds_every_member_whatever_the_order, setup, teardown),
        cmocka_unit_test_setup_teardown(refuses_one_key_twice, setup, teardown),
        cmocka_unit_test_setup_teardown(reads_whole_numbers_exactly, setup, teardown),
        cmocka_unit_test_setup_teardown(text_is_only_that_of_strings, setup, teardown),
        cmocka_unit_test_setup_teardown(items_are_only_those_of_lists, setup, teardown),
        cmocka_unit_test_setup_teardown(knows_the_grammar_of_numbers, setup, teardown),
        cmocka_unit_test(names_types),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
