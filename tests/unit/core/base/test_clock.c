#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "abort.h"
#include "core/base/clock.h"

static void test_format(void **state)
{
    (void)state;
    const struct {
        uint64_t wall_ms;
        const char *text;
    } cases[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {951782399999, "2000-02-28T23:59:59.999Z"},
        {951782400000, "2000-02-29T00:00:00.000Z"},
        {4107542400000, "2100-03-01T00:00:00.000Z"}, /* 2100 has no 29 February */
        {2147483648000, "2038-01-19T03:14:08.000Z"},
        {253402300799999, "9999-12-31T23:59:59.999Z"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[CLOCK_TEXT_SIZE];
        clock_format(cases[i].wall_ms, text);
        assert_string_equal(text, cases[i].text);
    }
}

static void test_now(void **state)
{
    (void)state;
    uint64_t first = clock_now_us();
    assert_true(clock_now_us() >= first);
    assert_true(clock_now_ms() >= first / 1000);
    assert_true(clock_wall_ms() > 1700000000000); /* this was written later */
}

static void year_10000(void)
{
    char text[CLOCK_TEXT_SIZE];
    clock_format(253402300800000, text);
}

static void test_bugs_abort(void **state)
{
    (void)state;
    assert_true(aborts(year_10000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_format),
        cmocka_unit_test(test_now),
        cmocka_unit_test(test_bugs_abort),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
