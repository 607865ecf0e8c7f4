#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/vec.h"

struct pair {
    uint32_t left;
    uint32_t right;
};

static void test_push(void **state)
{
    (void)state;
    VEC(struct pair) pairs = {0};
    for (uint32_t i = 0; i < 1000; i++)
        VEC_PUSH(&pairs, ((struct pair){i, i * 2}));
    assert_int_equal(pairs.count, 1000);
    assert_true(pairs.capacity >= 1000);
    for (uint32_t i = 0; i < 1000; i++)
        assert_int_equal(pairs.items[i].left + pairs.items[i].right, i * 3);
    VEC_CLEAR(&pairs);
    assert_int_equal(pairs.count, 0);
    assert_non_null(pairs.items);
    VEC_FREE(&pairs);
    assert_null(pairs.items);
    VEC_FREE(&pairs); /* once more does nothing */
    VEC_PUSH(&pairs, ((struct pair){1, 2}));
    assert_int_equal(pairs.count, 1);
    VEC_FREE(&pairs);
}

static void test_remove_unordered(void **state)
{
    (void)state;
    VEC(char) letters = {0};
    for (char c = 'a'; c <= 'd'; c++)
        VEC_PUSH(&letters, c);
    VEC_REMOVE_UNORDERED(&letters, 1);
    assert_int_equal(letters.count, 3);
    assert_memory_equal(letters.items, "adc", 3);
    VEC_REMOVE_UNORDERED(&letters, 2);
    assert_memory_equal(letters.items, "ad", 2);
    VEC_REMOVE_UNORDERED(&letters, 0);
    VEC_REMOVE_UNORDERED(&letters, 0);
    assert_int_equal(letters.count, 0);
    VEC_FREE(&letters);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_push),
        cmocka_unit_test(test_remove_unordered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
