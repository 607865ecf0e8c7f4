#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "control/queue/queue.h"
#include "core/base/arena.h"

struct rig {
    struct random random;
    struct queue *queue;
};

static int rig_setup(void **state)
{
    static struct rig rig;
    random_init(&rig.random);
    rig.queue = queue_new(&rig.random);
    *state = &rig;
    return 0;
}

static int rig_teardown(void **state)
{
    struct rig *rig = *state;
    rig->queue = queue_free(rig->queue);
    return 0;
}

static void expect_take(struct rig *rig, uint64_t now_ms, const char *key)
{
    struct str taken;
    assert_true(queue_take(rig->queue, now_ms, &taken));
    assert_true(str_equal(taken, str_of(key)));
}

static void expect_none(struct rig *rig, uint64_t now_ms)
{
    struct str taken;
    assert_false(queue_take(rig->queue, now_ms, &taken));
}

static void test_hands_out_what_is_due_in_the_order_of_time(void **state)
{
    struct rig *rig = *state;
    queue_ask(rig->queue, STR("c"), 30);
    queue_ask(rig->queue, STR("a"), 10);
    queue_ask(rig->queue, STR("b"), 20);
    assert_int_equal(queue_next_ms(rig->queue), 10);
    expect_none(rig, 9);
    expect_take(rig, 30, "a");
    expect_take(rig, 30, "b");
    expect_take(rig, 30, "c");
    expect_none(rig, 1000);
    assert_true(queue_next_ms(rig->queue) == QUEUE_NEVER);
}

static void test_a_key_is_queued_once_at_its_earliest_time(void **state)
{
    struct rig *rig = *state;
    queue_ask(rig->queue, STR("a"), 50);
    queue_ask(rig->queue, STR("a"), 20);
    queue_ask(rig->queue, STR("a"), 70);
    assert_int_equal(queue_count(rig->queue), 1);
    expect_none(rig, 19);
    expect_take(rig, 20, "a");
    queue_done(rig->queue, STR("a"), QUEUE_DONE, 20, 0);
    assert_int_equal(queue_count(rig->queue), 0);
    expect_none(rig, 1000);
}

static void test_a_running_key_waits_for_its_end(void **state)
{
    struct rig *rig = *state;
    queue_ask(rig->queue, STR("a"), 0);
    expect_take(rig, 0, "a");
    queue_ask(rig->queue, STR("a"), 5);
    queue_ask(rig->queue, STR("a"), 3);
    expect_none(rig, 100);
    queue_done(rig->queue, STR("a"), QUEUE_DONE, 100, 0);
    assert_int_equal(queue_next_ms(rig->queue), 3);
    expect_take(rig, 100, "a");
}

static void fail_once(struct rig *rig, uint64_t *now_ms, uint64_t longest_ms)
{
    expect_take(rig, *now_ms, "a");
    queue_done(rig->queue, STR("a"), QUEUE_FAILED, *now_ms, 0);
    uint64_t next_ms = queue_next_ms(rig->queue);
    assert_in_range(next_ms - *now_ms, longest_ms / 2, longest_ms);
    *now_ms = next_ms;
}

static void test_failures_double_the_pause_up_to_its_bound(void **state)
{
    struct rig *rig = *state;
    uint64_t now_ms = 1000;
    queue_ask(rig->queue, STR("a"), now_ms);
    for (uint64_t longest = QUEUE_PAUSE_MS; longest < QUEUE_PAUSE_MAX_MS; longest *= 2)
        fail_once(rig, &now_ms, longest);
    for (int i = 0; i < 70; i++)
        fail_once(rig, &now_ms, QUEUE_PAUSE_MAX_MS);
    expect_take(rig, now_ms, "a");
    queue_done(rig->queue, STR("a"), QUEUE_DONE, now_ms, 0);
    queue_ask(rig->queue, STR("a"), now_ms);
    fail_once(rig, &now_ms, QUEUE_PAUSE_MS);
}

static void test_asking_does_not_cut_the_pause_of_what_runs_and_fails(void **state)
{
    struct rig *rig = *state;
    queue_ask(rig->queue, STR("a"), 0);
    expect_take(rig, 0, "a");
    queue_ask(rig->queue, STR("a"), 0);
    queue_done(rig->queue, STR("a"), QUEUE_FAILED, 0, 0);
    assert_true(queue_next_ms(rig->queue) >= QUEUE_PAUSE_MS / 2);
    assert_int_equal(queue_count(rig->queue), 1);
}

static void test_a_named_wait_is_kept(void **state)
{
    struct rig *rig = *state;
    queue_ask(rig->queue, STR("a"), 0);
    expect_take(rig, 0, "a");
    queue_done(rig->queue, STR("a"), QUEUE_FAILED, 0, 60000);
    assert_int_equal(queue_next_ms(rig->queue), 60000);
}

static void test_what_is_forgotten_does_not_come(void **state)
{
    struct rig *rig = *state;
    queue_ask(rig->queue, STR("a"), 1);
    queue_ask(rig->queue, STR("b"), 2);
    queue_ask(rig->queue, STR("c"), 3);
    queue_forget(rig->queue, STR("a"));
    queue_forget(rig->queue, STR("nobody"));
    expect_take(rig, 10, "b");
    queue_ask(rig->queue, STR("b"), 4);
    queue_forget(rig->queue, STR("b"));
    expect_take(rig, 10, "c");
    queue_done(rig->queue, STR("b"), QUEUE_FAILED, 10, 0);
    queue_done(rig->queue, STR("c"), QUEUE_DONE, 10, 0);
    assert_int_equal(queue_count(rig->queue), 0);
}

static void test_what_is_asked_for_after_being_forgotten_comes(void **state)
{
    struct rig *rig = *state;
    queue_ask(rig->queue, STR("a"), 0);
    expect_take(rig, 0, "a");
    queue_forget(rig->queue, STR("a"));
    queue_ask(rig->queue, STR("a"), 7);
    queue_done(rig->queue, STR("a"), QUEUE_DONE, 1, 0);
    expect_none(rig, 6);
    expect_take(rig, 7, "a");
}

/* Against the plainest model: a table of times. */
static void test_many_keys_come_in_order(void **state)
{
    struct rig *rig = *state;
    enum { KEYS = 500 };
    uint64_t times[KEYS];
    struct arena *arena = arena_new(4096);
    for (size_t i = 0; i < KEYS; i++) {
        times[i] = random_below(&rig->random, 1000);
        queue_ask(rig->queue, str_format(arena, "%zu", i), times[i]);
    }
    for (size_t i = 0; i < KEYS; i += 3) {
        queue_forget(rig->queue, str_format(arena, "%zu", i));
        times[i] = UINT64_MAX;
    }
    uint64_t last = 0;
    for (size_t taken = 0; taken < KEYS - (KEYS + 2) / 3; taken++) {
        struct str key;
        uint64_t index = 0;
        assert_true(queue_take(rig->queue, 1000, &key));
        assert_true(str_parse_u64(key, KEYS, &index));
        assert_true(times[index] != UINT64_MAX && times[index] >= last);
        last = times[index];
    }
    expect_none(rig, 1000);
    (void)arena_free(arena); /* always NULL */
}

#define RIG_TEST(fn) cmocka_unit_test_setup_teardown(fn, rig_setup, rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(test_hands_out_what_is_due_in_the_order_of_time),
        RIG_TEST(test_a_key_is_queued_once_at_its_earliest_time),
        RIG_TEST(test_a_running_key_waits_for_its_end),
        RIG_TEST(test_failures_double_the_pause_up_to_its_bound),
        RIG_TEST(test_asking_does_not_cut_the_pause_of_what_runs_and_fails),
        RIG_TEST(test_a_named_wait_is_kept),
        RIG_TEST(test_what_is_forgotten_does_not_come),
        RIG_TEST(test_what_is_asked_for_after_being_forgotten_comes),
        RIG_TEST(test_many_keys_come_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
