/* The wheel is driven through its private header by setting libuv's clock back and forth in the
 * only way there is: by waiting some milliseconds. Long reaches are tested by moving the wheel's
 * own start into the past, which is what waiting would do to it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/base/random.h"
#include "core/loop/internal.h"

struct probe {
    struct loop *loop;
    struct loop_timer timer;
    struct probe *stops; /* stopped by the callback */
    uint64_t restart_ms; /* unless 0, started again by the callback */
    uint64_t fired_at_ms;
    int fired;
};

static void on_fire(void *arg)
{
    struct probe *probe = arg;
    probe->fired++;
    probe->fired_at_ms = loop_now_ms(probe->loop);
    if (probe->stops != NULL)
        loop_timer_stop(probe->loop, &probe->stops->timer);
    if (probe->restart_ms != 0)
        loop_timer_start(probe->loop, &probe->timer, probe->restart_ms);
}

static void probe_init(struct probe *probe, struct loop *loop)
{
    *probe = (struct probe){.loop = loop};
    loop_timer_init(&probe->timer, on_fire, probe);
}

/* Lets `ms` pass for the wheel, and turns the loop once. */
static void pass(struct loop *loop, uint64_t ms)
{
    loop->wheel.start_ms -= ms;
    if (uv_is_active((uv_handle_t *)&loop->wheel.wake))
        assert_int_equal(uv_timer_start(&loop->wheel.wake, loop->wheel.wake.timer_cb, 0, 0), 0);
    (void)uv_run(&loop->uv, UV_RUN_NOWAIT);
}

static int setup(void **state)
{
    *state = loop_new();
    return 0;
}

static int teardown(void **state)
{
    *state = loop_free(*state);
    return 0;
}

static void fires_once_and_not_early(void **state)
{
    struct loop *loop = *state;
    struct probe p;
    probe_init(&p, loop);
    assert_false(loop_timer_is_running(&p.timer));
    loop_timer_start(loop, &p.timer, 1000);
    assert_true(loop_timer_is_running(&p.timer));
    pass(loop, 900);
    assert_int_equal(p.fired, 0);
    pass(loop, 100 + LOOP_TIMER_STEP_MS);
    assert_int_equal(p.fired, 1);
    assert_false(loop_timer_is_running(&p.timer));
    pass(loop, 60000);
    assert_int_equal(p.fired, 1);
}

static void stop_alarm(void *arg)
{
    loop_stop(arg);
}

/* The only test on real time: 60 ms. */
static void wakes_the_loop_in_time(void **state)
{
    struct loop *loop = *state;
    struct probe p;
    probe_init(&p, loop);
    uint64_t start_ms = loop_now_ms(loop);
    loop_timer_start(loop, &p.timer, 10);
    struct loop_alarm *alarm = loop_alarm_open(loop, stop_alarm, loop);
    assert_false(loop_alarm_is_set(alarm));
    loop_alarm_set(alarm, 10 + LOOP_TIMER_STEP_MS);
    assert_true(loop_alarm_is_set(alarm));
    loop_run(loop);
    alarm = loop_alarm_close(alarm);
    assert_int_equal(p.fired, 1);
    assert_true(p.fired_at_ms >= start_ms + 10);
}

static void restart_for_later_moves_it(void **state)
{
    struct loop *loop = *state;
    struct probe p;
    probe_init(&p, loop);
    for (int i = 0; i < 100; i++) {
        loop_timer_start(loop, &p.timer, 1000);
        pass(loop, 500);
    }
    assert_int_equal(p.fired, 0);
    pass(loop, 500 + LOOP_TIMER_STEP_MS);
    assert_int_equal(p.fired, 1);
}

static void restart_for_earlier_moves_it(void **state)
{
    struct loop *loop = *state;
    struct probe p;
    probe_init(&p, loop);
    loop_timer_start(loop, &p.timer, 10000);
    loop_timer_start(loop, &p.timer, 100);
    pass(loop, 100 + LOOP_TIMER_STEP_MS);
    assert_int_equal(p.fired, 1);
}

static void beyond_the_reach_of_the_wheel(void **state)
{
    struct loop *loop = *state;
    uint64_t reach_ms = (uint64_t)WHEEL_SLOTS * LOOP_TIMER_STEP_MS;
    struct probe p;
    probe_init(&p, loop);
    loop_timer_start(loop, &p.timer, 10 * reach_ms);
    for (uint64_t i = 0; i < 20; i++) {
        assert_int_equal(p.fired, 0);
        pass(loop, reach_ms / 2);
    }
    pass(loop, LOOP_TIMER_STEP_MS);
    assert_int_equal(p.fired, 1);
}

static void a_long_pause_fires_everything_once(void **state)
{
    struct loop *loop = *state;
    struct probe probes[8];
    for (uint64_t i = 0; i < 8; i++) {
        probe_init(&probes[i], loop);
        loop_timer_start(loop, &probes[i].timer, 30000 * i);
    }
    pass(loop, 3600 * 1000);
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(probes[i].fired, 1);
}

static void callbacks_stop_and_restart(void **state)
{
    struct loop *loop = *state;
    struct probe first, second, third;
    probe_init(&first, loop);
    probe_init(&second, loop);
    probe_init(&third, loop);
    first.stops = &second; /* in the same slot */
    third.restart_ms = 1;
    loop_timer_start(loop, &first.timer, 100);
    loop_timer_start(loop, &second.timer, 100);
    loop_timer_start(loop, &third.timer, 100);
    pass(loop, 100 + LOOP_TIMER_STEP_MS);
    assert_int_equal(first.fired, 1);
    assert_int_equal(second.fired, 0);
    assert_int_equal(third.fired, 1); /* once a turn, not for ever */
    pass(loop, LOOP_TIMER_STEP_MS);
    assert_int_equal(third.fired, 2);
    loop_timer_stop(loop, &third.timer);
}

static void no_timer_no_wake_up(void **state)
{
    struct loop *loop = *state;
    struct probe p;
    probe_init(&p, loop);
    loop_timer_stop(loop, &p.timer);
    assert_false(uv_is_active((uv_handle_t *)&loop->wheel.wake));
    loop_timer_start(loop, &p.timer, 100);
    loop_timer_stop(loop, &p.timer);
    pass(loop, 200);
    assert_false(uv_is_active((uv_handle_t *)&loop->wheel.wake));
    assert_int_equal(p.fired, 0);
    for (size_t i = 0; i < WHEEL_WORDS; i++)
        assert_int_equal(loop->wheel.occupied[i], 0);
}

static void wakes_only_for_slots_in_use(void **state)
{
    struct loop *loop = *state;
    struct probe p;
    probe_init(&p, loop);
    loop_timer_start(loop, &p.timer, 20000);
    assert_true(uv_timer_get_due_in(&loop->wheel.wake) >= 20000);
    assert_true(uv_timer_get_due_in(&loop->wheel.wake) <= 20000 + LOOP_TIMER_STEP_MS);
    struct probe earlier, later;
    probe_init(&earlier, loop);
    probe_init(&later, loop);
    loop_timer_start(loop, &earlier.timer, 1000);
    loop_timer_start(loop, &later.timer, 30000);
    assert_true(uv_timer_get_due_in(&loop->wheel.wake) >= 1000);
    assert_true(uv_timer_get_due_in(&loop->wheel.wake) <= 1000 + LOOP_TIMER_STEP_MS);
    pass(loop, 1000 + LOOP_TIMER_STEP_MS);
    assert_int_equal(earlier.fired, 1);
    assert_true(uv_timer_get_due_in(&loop->wheel.wake) >= 18000);
    loop_timer_stop(loop, &later.timer);
    loop_timer_stop(loop, &p.timer);
}

/* Ticks wrap after seven years. */
static void ticks_wrap(void **state)
{
    struct loop *loop = *state;
    uint64_t near_wrap = (uint64_t)UINT32_MAX - 3;
    loop->wheel.start_ms = loop_now_ms(loop) - near_wrap * LOOP_TIMER_STEP_MS;
    loop->wheel.tick = (uint32_t)near_wrap;
    struct probe p;
    probe_init(&p, loop);
    loop_timer_start(loop, &p.timer, 1000);
    pass(loop, 900);
    assert_int_equal(p.fired, 0);
    pass(loop, 100 + LOOP_TIMER_STEP_MS);
    assert_int_equal(p.fired, 1);
}

/* Against the obvious model: a due time per timer. */
static void agrees_with_a_model(void **state)
{
    struct loop *loop = *state;
    enum { TIMERS = 64 };
    struct probe probes[TIMERS];
    uint64_t due[TIMERS] = {0};
    int expected[TIMERS] = {0};
    uint64_t now = 0;
    struct random random;
    random_init(&random);
    for (size_t i = 0; i < TIMERS; i++)
        probe_init(&probes[i], loop);
    for (int step = 0; step < 3000; step++) {
        size_t i = (size_t)random_below(&random, TIMERS);
        uint64_t kind = random_below(&random, 8);
        uint64_t after = random_below(&random, kind < 4 ? 300 : 200000);
        if (kind == 7) {
            loop_timer_stop(loop, &probes[i].timer);
            due[i] = 0;
        } else {
            loop_timer_start(loop, &probes[i].timer, after);
            due[i] = now + after;
        }
        uint64_t passed = random_below(&random, 400);
        pass(loop, passed);
        now += passed;
        for (size_t k = 0; k < TIMERS; k++) {
            /* Real milliseconds pass too, so that a timer may be a little ahead of the model. */
            bool must = due[k] != 0 && due[k] + LOOP_TIMER_STEP_MS <= now;
            bool may = due[k] != 0 && due[k] <= now + 10 * LOOP_TIMER_STEP_MS;
            if (probes[k].fired > expected[k]) {
                assert_true(may);
                assert_int_equal(probes[k].fired, expected[k] + 1);
                expected[k]++;
                due[k] = 0;
            }
            assert_false(must && loop_timer_is_running(&probes[k].timer));
        }
    }
    for (size_t i = 0; i < TIMERS; i++)
        loop_timer_stop(loop, &probes[i].timer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(fires_once_and_not_early, setup, teardown),
        cmocka_unit_test_setup_teardown(wakes_the_loop_in_time, setup, teardown),
        cmocka_unit_test_setup_teardown(restart_for_later_moves_it, setup, teardown),
        cmocka_unit_test_setup_teardown(restart_for_earlier_moves_it, setup, teardown),
        cmocka_unit_test_setup_teardown(beyond_the_reach_of_the_wheel, setup, teardown),
        cmocka_unit_test_setup_teardown(a_long_pause_fires_everything_once, setup, teardown),
        cmocka_unit_test_setup_teardown(callbacks_stop_and_restart, setup, teardown),
        cmocka_unit_test_setup_teardown(no_timer_no_wake_up, setup, teardown),
        cmocka_unit_test_setup_teardown(wakes_only_for_slots_in_use, setup, teardown),
        cmocka_unit_test_setup_teardown(ticks_wrap, setup, teardown),
        cmocka_unit_test_setup_teardown(agrees_with_a_model, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
