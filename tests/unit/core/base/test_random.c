#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "abort.h"
#include "core/base/random.h"

/* The reference output of xoshiro256** for the state {1, 2, 3, 4}. */
static void test_reference(void **state)
{
    (void)state;
    struct random random = {{1, 2, 3, 4}};
    const uint64_t wanted[] = {11520, 0, 1509978240, 1215971899390074240ULL,
                               1216172134540287360ULL};
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
        assert_true(random_next(&random) == wanted[i]);
}

static void test_seeds_differ(void **state)
{
    (void)state;
    struct random a;
    struct random b;
    random_init(&a);
    random_init(&b);
    assert_true(random_next(&a) != random_next(&b) || random_next(&a) != random_next(&b));
}

static void test_below(void **state)
{
    (void)state;
    struct random random = {{1, 2, 3, 4}};
    unsigned counts[10] = {0};
    for (size_t i = 0; i < 100000; i++) {
        uint64_t value = random_below(&random, 10);
        assert_true(value < 10);
        counts[value]++;
    }
    for (size_t i = 0; i < 10; i++)
        assert_in_range(counts[i], 9500, 10500);
    assert_true(random_below(&random, 1) == 0);
    assert_true(random_below(&random, UINT64_MAX) < UINT64_MAX);
}

static void test_bytes(void **state)
{
    (void)state;
    unsigned char bytes[1002] = {0};
    random_bytes(bytes + 1, 1000);
    assert_int_equal(bytes[0], 0);
    assert_int_equal(bytes[1001], 0);
    size_t zeros = 0;
    for (size_t i = 1; i <= 1000; i++)
        zeros += bytes[i] == 0;
    assert_true(zeros < 100); /* some 4 are to be expected */
    random_bytes(NULL, 0);
}

static void below_nothing(void)
{
    struct random random = {{1, 2, 3, 4}};
    (void)random_below(&random, 0); /* does not return */
}

static void test_bugs_abort(void **state)
{
    (void)state;
    assert_true(aborts(below_nothing));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reference),  cmocka_unit_test(test_seeds_differ),
        cmocka_unit_test(test_below),      cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_bugs_abort),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
