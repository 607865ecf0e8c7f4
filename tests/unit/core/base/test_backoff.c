#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/backoff.h"

#define FIRST_MS 100U
#define MOST_MS  7000U

static void pauses_double_up_to_their_bound(void **state)
{
    (void)state; /* none */
    struct random random = {{1, 2, 3, 4}};
    uint64_t longest = FIRST_MS;
    for (uint32_t i = 1; i < 100; i++) {
        for (int again = 0; again < 50; again++)
            assert_in_range(backoff_ms(i, FIRST_MS, MOST_MS, &random), longest / 2, longest);
        longest = longest * 2 < MOST_MS ? longest * 2 : MOST_MS;
    }
    assert_in_range(backoff_ms(UINT32_MAX, FIRST_MS, MOST_MS, &random), MOST_MS / 2, MOST_MS);
}

static void bounds_may_be_anything(void **state)
{
    (void)state; /* none */
    struct random random = {{1, 2, 3, 4}};
    assert_in_range(backoff_ms(5, 1, 1, &random), 0, 1);
    assert_in_range(backoff_ms(UINT32_MAX, 1, UINT64_MAX - 1, &random), UINT64_MAX / 2 - 1,
                    UINT64_MAX - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pauses_double_up_to_their_bound),
        cmocka_unit_test(bounds_may_be_anything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
