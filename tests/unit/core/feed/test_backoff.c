#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/feed/backoff.h"
#include "core/feed/feed.h"

static void pauses_double_up_to_their_bound(void **state)
{
    (void)state;
    struct random random = {{1, 2, 3, 4}};
    struct feed__backoff backoff = {0};
    uint64_t longest = FEED_PAUSE_MS;
    for (int i = 0; i < 100; i++) {
        uint64_t pause = feed__backoff_next_ms(&backoff, 0, &random);
        assert_in_range(pause, longest / 2, longest);
        longest = longest * 2 < FEED_PAUSE_MAX_MS ? longest * 2 : FEED_PAUSE_MAX_MS;
    }
}

/* However often: what did not last is no success. */
static void only_what_lasted_begins_anew(void **state)
{
    (void)state;
    struct random random = {{1, 2, 3, 4}};
    struct feed__backoff backoff = {0};
    for (int i = 0; i < 10; i++)
        (void)feed__backoff_next_ms(&backoff, FEED_PAUSE_MAX_MS - 1, &random);
    assert_in_range(feed__backoff_next_ms(&backoff, FEED_PAUSE_MAX_MS - 1, &random),
                    FEED_PAUSE_MAX_MS / 2, FEED_PAUSE_MAX_MS);
    assert_in_range(feed__backoff_next_ms(&backoff, FEED_PAUSE_MAX_MS, &random), FEED_PAUSE_MS / 2,
                    FEED_PAUSE_MS);
    assert_in_range(feed__backoff_next_ms(&backoff, 0, &random), FEED_PAUSE_MS, 2 * FEED_PAUSE_MS);
}

static void many_do_not_come_at_once(void **state)
{
    (void)state;
    struct random random = {{1, 2, 3, 4}};
    uint64_t least = UINT64_MAX;
    uint64_t most = 0;
    for (int i = 0; i < 200; i++) {
        struct feed__backoff backoff = {.failures = 10};
        uint64_t pause = feed__backoff_next_ms(&backoff, 0, &random);
        least = pause < least ? pause : least;
        most = pause > most ? pause : most;
    }
    assert_true(most - least > FEED_PAUSE_MAX_MS / 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pauses_double_up_to_their_bound),
        cmocka_unit_test(only_what_lasted_begins_anew),
        cmocka_unit_test(many_do_not_come_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
