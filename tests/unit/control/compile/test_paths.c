#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "control/compile/stages.h"

struct fixture {
    struct compile__run run;
    struct compile__entries entries;
};

static int start(void **state)
{
    struct fixture *fixture = MEM_NEW(struct fixture);
    fixture->run.arena = arena_new(1024);
    *state = fixture;
    return 0;
}

static int stop(void **state)
{
    struct fixture *fixture = *state;
    VEC_FREE(&fixture->entries);
    fixture->run.arena = arena_free(fixture->run.arena);
    *state = mem_free(fixture);
    return 0;
}

/* The rule's index is the order of adding, so that one sees who comes first. */
static void add(struct fixture *fixture, enum model_path_match match, const char *path)
{
    struct compile__entry entry = {
        .match = match, .path = str_of(path), .rule = fixture->entries.count};
    VEC_PUSH(&fixture->entries, entry);
}

static void expand(struct fixture *fixture)
{
    compile__expand(&fixture->run, &fixture->entries);
}

static void assert_entry(const struct fixture *fixture, size_t index, enum model_path_match match,
                         const char *path, size_t rule)
{
    assert_true(index < fixture->entries.count);
    const struct compile__entry *entry = &fixture->entries.items[index];
    assert_int_equal(entry->match, match);
    assert_true(str_equal(entry->path, str_of(path)));
    assert_int_equal(entry->rule, rule);
}

static void test_a_prefix_is_its_bare_path_and_what_is_below(void **state)
{
    struct fixture *fixture = *state;
    add(fixture, MODEL_PATH_PREFIX, "/foo");
    expand(fixture);
    assert_int_equal(fixture->entries.count, 2);
    assert_entry(fixture, 0, MODEL_PATH_EXACT, "/foo", 0);
    assert_true(fixture->entries.items[0].is_copy);
    assert_entry(fixture, 1, MODEL_PATH_PREFIX, "/foo/", 0);
    assert_false(fixture->entries.items[1].is_copy);
}

static void test_the_root_prefix_needs_no_copy(void **state)
{
    struct fixture *fixture = *state;
    add(fixture, MODEL_PATH_PREFIX, "/");
    add(fixture, MODEL_PATH_PREFIX, "//");
    expand(fixture);
    assert_int_equal(fixture->entries.count, 2);
    assert_entry(fixture, 0, MODEL_PATH_PREFIX, "/", 0);
    assert_entry(fixture, 1, MODEL_PATH_PREFIX, "/", 1);
}

static void test_trailing_slashes_are_one_value(void **state)
{
    struct fixture *fixture = *state;
    add(fixture, MODEL_PATH_PREFIX, "/foo/");
    add(fixture, MODEL_PATH_PREFIX, "/foo");
    expand(fixture);
    assert_entry(fixture, 0, MODEL_PATH_EXACT, "/foo", 0);
    assert_entry(fixture, 1, MODEL_PATH_EXACT, "/foo", 1);
    assert_entry(fixture, 2, MODEL_PATH_PREFIX, "/foo/", 0);
    assert_entry(fixture, 3, MODEL_PATH_PREFIX, "/foo/", 1);
}

static void test_an_exact_path_takes_the_bare_path(void **state)
{
    struct fixture *fixture = *state;
    add(fixture, MODEL_PATH_PREFIX, "/foo");
    add(fixture, MODEL_PATH_EXACT, "/foo");
    add(fixture, MODEL_PATH_EXACT, "/");
    add(fixture, MODEL_PATH_PREFIX, "/");
    expand(fixture);
    assert_int_equal(fixture->entries.count, 4);
    assert_entry(fixture, 0, MODEL_PATH_EXACT, "/foo", 1);
    assert_entry(fixture, 1, MODEL_PATH_EXACT, "/", 2);
    assert_entry(fixture, 2, MODEL_PATH_PREFIX, "/foo/", 0);
    assert_entry(fixture, 3, MODEL_PATH_PREFIX, "/", 3);
}

static void test_longer_first_then_by_letters_then_as_written(void **state)
{
    struct fixture *fixture = *state;
    add(fixture, MODEL_PATH_EXACT, "/b");
    add(fixture, MODEL_PATH_EXACT, "/a");
    add(fixture, MODEL_PATH_EXACT, "/long");
    add(fixture, MODEL_PATH_EXACT, "/a");
    expand(fixture);
    assert_entry(fixture, 0, MODEL_PATH_EXACT, "/long", 2);
    assert_entry(fixture, 1, MODEL_PATH_EXACT, "/a", 1);
    assert_entry(fixture, 2, MODEL_PATH_EXACT, "/a", 3);
    assert_entry(fixture, 3, MODEL_PATH_EXACT, "/b", 0);
}

static void test_routes_come_before_rules_and_those_before_matches(void **state)
{
    struct fixture *fixture = *state;
    add(fixture, MODEL_PATH_EXACT, "/a");
    add(fixture, MODEL_PATH_EXACT, "/a");
    add(fixture, MODEL_PATH_EXACT, "/a");
    fixture->entries.items[0].route_order = 1;
    fixture->entries.items[1].match_order = 1;
    fixture->entries.items[2].rule = 1;
    expand(fixture);
    assert_int_equal(fixture->entries.items[0].match_order, 0);
    assert_int_equal(fixture->entries.items[1].match_order, 1);
    assert_int_equal(fixture->entries.items[2].route_order, 1);
}

static void test_nothing_stays_nothing(void **state)
{
    struct fixture *fixture = *state;
    expand(fixture);
    assert_int_equal(fixture->entries.count, 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_prefix_is_its_bare_path_and_what_is_below),
        TEST(test_the_root_prefix_needs_no_copy),
        TEST(test_trailing_slashes_are_one_value),
        TEST(test_an_exact_path_takes_the_bare_path),
        TEST(test_longer_first_then_by_letters_then_as_written),
        TEST(test_routes_come_before_rules_and_those_before_matches),
        TEST(test_nothing_stays_nothing),
    };
    return cmocka_run_group_tests_name("compile/paths", tests, NULL, NULL);
}
