#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "control/holdoff/holdoff.h"

#define QUIET   2
#define CEILING 20

static struct holdoff make(void)
{
    struct holdoff holdoff;
    holdoff_init(&holdoff, QUIET, CEILING);
    return holdoff;
}

static void test_one_change_waits_for_quiet(void **state)
{
    (void)state;
    struct holdoff holdoff = make();
    assert_int_equal(holdoff_touch(&holdoff, 1000), QUIET);
}

static void test_each_change_starts_the_quiet_anew(void **state)
{
    (void)state;
    struct holdoff holdoff = make();
    (void)holdoff_touch(&holdoff, 1000);
    assert_int_equal(holdoff_touch(&holdoff, 1001), QUIET);
    assert_int_equal(holdoff_touch(&holdoff, 1010), QUIET);
}

static void test_the_ceiling_counts_from_the_first_change(void **state)
{
    (void)state;
    struct holdoff holdoff = make();
    (void)holdoff_touch(&holdoff, 1000);
    assert_int_equal(holdoff_touch(&holdoff, 1000 + CEILING - 1), 1);
    assert_int_equal(holdoff_touch(&holdoff, 1000 + CEILING), 0);
    assert_int_equal(holdoff_touch(&holdoff, 1000 + CEILING + 500), 0);
}

static void test_a_new_burst_after_done(void **state)
{
    (void)state;
    struct holdoff holdoff = make();
    (void)holdoff_touch(&holdoff, 1000);
    holdoff_done(&holdoff);
    assert_int_equal(holdoff_touch(&holdoff, 5000), QUIET);
    assert_int_equal(holdoff_touch(&holdoff, 5000 + CEILING), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_change_waits_for_quiet),
        cmocka_unit_test(test_each_change_starts_the_quiet_anew),
        cmocka_unit_test(test_the_ceiling_counts_from_the_first_change),
        cmocka_unit_test(test_a_new_burst_after_done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
