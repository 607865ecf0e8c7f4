#include "control/source/files/settle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct files__settle *settle;

static int setup(void **state)
{
    (void)state;
    settle = files__settle_new(200);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    settle = files__settle_free(settle);
    return 0;
}

static void assert_takes(uint64_t now_ms, const char *wanted, bool wanted_closed)
{
    struct files__due due = {.closed = !wanted_closed};
    assert_true(files__settle_take(settle, now_ms, &due));
    assert_true(str_equal(due.path, str_of(wanted)));
    assert_int_equal(due.closed, wanted_closed);
}

static void assert_nothing(uint64_t now_ms)
{
    struct files__due due;
    assert_false(files__settle_take(settle, now_ms, &due));
}

static void a_closed_file_is_due_at_once(void **state)
{
    (void)state;
    assert_int_equal(files__settle_due(settle), FILES__NEVER);
    files__settle_note(settle, STR("a"), true, 1000);
    assert_int_equal(files__settle_due(settle), 1000);
    assert_true(files__settle_waits(settle, STR("a")));
    assert_takes(1000, "a", true);
    assert_false(files__settle_waits(settle, STR("a")));
    assert_nothing(5000);
}

static void any_other_change_waits_for_quiet(void **state)
{
    (void)state;
    files__settle_note(settle, STR("a"), false, 1000);
    assert_int_equal(files__settle_due(settle), 1200);
    assert_nothing(1199);
    files__settle_note(settle, STR("a"), false, 1199);
    assert_nothing(1398);
    assert_takes(1399, "a", false);
}

static void the_close_ends_the_wait(void **state)
{
    (void)state;
    files__settle_note(settle, STR("a"), false, 1000);
    files__settle_note(settle, STR("a"), true, 1010);
    assert_takes(1010, "a", true);
    assert_nothing(9999);
}

static void a_change_after_the_close_waits_again(void **state)
{
    (void)state;
    files__settle_note(settle, STR("a"), true, 1000);
    files__settle_note(settle, STR("a"), false, 1000); /* opened anew, and truncated */
    assert_nothing(1000);
    assert_takes(1200, "a", false);
}

static void what_was_overtaken_waits_and_stays_closed(void **state)
{
    (void)state;
    files__settle_note(settle, STR("a"), true, 1000);
    files__settle_defer(settle, STR("a"), false, 1000);
    assert_nothing(1199);
    assert_takes(1200, "a", true);
    files__settle_defer(settle, STR("a"), false, 2000);
    assert_takes(2200, "a", false);
    files__settle_defer(settle, STR("a"), true, 3000);
    assert_takes(3200, "a", true);
}

static void who_waited_was_quiet(void **state)
{
    (void)state;
    struct files__due due;
    files__settle_note(settle, STR("a"), true, 1000);
    assert_true(files__settle_take(settle, 1000, &due));
    assert_false(due.quiet);
    files__settle_defer(settle, STR("a"), true, 1000);
    assert_true(files__settle_take(settle, 1200, &due));
    assert_true(due.quiet);
}

static void what_is_being_written(void **state)
{
    (void)state;
    files__settle_note(settle, STR("closed"), true, 1000);
    files__settle_note(settle, STR("open"), false, 1000);
    uint64_t moment = files__settle_moment(settle);
    assert_false(files__settle_is_written(settle, STR("closed"), moment));
    assert_false(files__settle_is_written(settle, STR("unknown"), moment));
    assert_true(files__settle_is_written(settle, STR("open"), moment));
    files__settle_note(settle, STR("closed"), true, 1000);
    assert_true(files__settle_is_written(settle, STR("closed"), moment));
}

static void paths_do_not_wait_for_each_other(void **state)
{
    (void)state;
    files__settle_note(settle, STR("b"), false, 1000);
    files__settle_note(settle, STR("a"), true, 1100);
    files__settle_note(settle, STR("c"), true, 1100);
    assert_int_equal(files__settle_due(settle), 1100);
    assert_takes(1100, "a", true);
    assert_takes(1100, "c", true);
    assert_nothing(1100);
    assert_int_equal(files__settle_due(settle), 1200);
    assert_takes(1200, "b", false);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_closed_file_is_due_at_once),
        TEST(any_other_change_waits_for_quiet),
        TEST(the_close_ends_the_wait),
        TEST(a_change_after_the_close_waits_again),
        TEST(what_was_overtaken_waits_and_stays_closed),
        TEST(who_waited_was_quiet),
        TEST(what_is_being_written),
        TEST(paths_do_not_wait_for_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
