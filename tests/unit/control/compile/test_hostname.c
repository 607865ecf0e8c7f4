#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "control/compile/hostname.h"

static void assert_contains(const char *outer, const char *inner, bool expected)
{
    assert_int_equal(compile__hostname_contains(str_of(outer), str_of(inner)), expected);
}

static void test_a_name_contains_itself_only(void **state)
{
    (void)state;
    assert_contains("foo.com", "foo.com", true);
    assert_contains("foo.com", "bar.com", false);
    assert_contains("foo.com", "foo.bar.com", false);
    assert_contains("foo.com", "*.com", false);
    assert_contains("foo.com", "*", false);
}

static void test_a_wildcard_contains_names_of_any_depth_below(void **state)
{
    (void)state;
    assert_contains("*.example.com", "a.example.com", true);
    assert_contains("*.example.com", "a.b.example.com", true);
    assert_contains("*.example.com", "*.example.com", true);
    assert_contains("*.example.com", "*.b.example.com", true);
    assert_contains("*.b.example.com", "*.example.com", false);
}

static void test_a_wildcard_compares_labels(void **state)
{
    (void)state;
    assert_contains("*.example.com", "example.com", false);
    assert_contains("*.example.com", "xexample.com", false);
    assert_contains("*.example.com", ".example.com", false);
    assert_contains("*.example.com", "a.example.org", false);
}

static void test_the_star_contains_everything(void **state)
{
    (void)state;
    assert_contains("*", "*", true);
    assert_contains("*", "foo.com", true);
    assert_contains("*", "*.foo.com", true);
    assert_contains("*.foo.com", "*", false);
}

static void test_names_intersect_both_ways(void **state)
{
    (void)state;
    assert_true(compile__hostname_intersects(STR("*.a.com"), STR("x.a.com")));
    assert_true(compile__hostname_intersects(STR("x.a.com"), STR("*.a.com")));
    assert_false(compile__hostname_intersects(STR("x.a.com"), STR("y.a.com")));
    assert_false(compile__hostname_intersects(STR("*.a.com"), STR("*.b.com")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_name_contains_itself_only),
        cmocka_unit_test(test_a_wildcard_contains_names_of_any_depth_below),
        cmocka_unit_test(test_a_wildcard_compares_labels),
        cmocka_unit_test(test_the_star_contains_everything),
        cmocka_unit_test(test_names_intersect_both_ways),
    };
    return cmocka_run_group_tests_name("compile/hostname", tests, NULL, NULL);
}
