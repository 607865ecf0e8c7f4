#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/base/mem.h"
#include "core/loop/loop.h"

#define POSTERS     4
#define TASKS_EACH  2000
#define TRACE_COUNT 16

struct trace {
    struct loop *loop;
    struct loop_deferred deferred;
    int defer_again;
    int calls[TRACE_COUNT];
    int count;
};

struct step {
    struct trace *trace;
    int number;
};

static int setup(void **state)
{
    static struct trace trace;
    trace = (struct trace){.loop = loop_new()};
    *state = &trace;
    return 0;
}

static int teardown(void **state)
{
    struct trace *trace = *state;
    trace->loop = loop_free(trace->loop);
    return 0;
}

static void note(struct trace *trace, int number)
{
    assert_true(trace->count < TRACE_COUNT);
    trace->calls[trace->count++] = number;
}

static void task(void *arg)
{
    struct step *step = arg;
    note(step->trace, step->number);
}

static void stop(void *arg)
{
    struct trace *trace = arg;
    loop_stop(trace->loop);
}

static void tasks_posted_before_run(void **state)
{
    struct trace *trace = *state;
    struct step steps[] = {{trace, 1}, {trace, 2}, {trace, 3}};
    for (size_t i = 0; i < ARRAY_SIZE(steps); i++)
        loop_post(trace->loop, task, &steps[i]);
    loop_post(trace->loop, stop, trace);
    loop_run(trace->loop);
    assert_int_equal(trace->count, 3);
    for (int i = 0; i < 3; i++)
        assert_int_equal(trace->calls[i], i + 1);
}

static void tasks_posted_after_run_wait_for_the_next(void **state)
{
    struct trace *trace = *state;
    struct step step = {trace, 1};
    loop_post(trace->loop, stop, trace);
    loop_run(trace->loop);
    loop_post(trace->loop, task, &step);
    assert_int_equal(trace->count, 0);
    loop_post(trace->loop, stop, trace);
    loop_run(trace->loop);
    assert_int_equal(trace->count, 1);
}

static void post_another(void *arg)
{
    struct step *step = arg;
    note(step->trace, 10);
    loop_post(step->trace->loop, task, step);
}

static void free_runs_what_is_queued(void **state)
{
    struct trace *trace = *state;
    struct step step = {trace, 1};
    loop_post(trace->loop, post_another, &step);
    trace->loop = loop_free(trace->loop);
    assert_int_equal(trace->count, 2);
    assert_int_equal(trace->calls[0], 10);
    assert_int_equal(trace->calls[1], 1);
}

struct poster {
    struct loop *loop;
    pthread_t thread;
    int next; /* what the loop expects from it */
    int *finished;
};

struct message {
    struct poster *poster;
    int number;
};

static void receive(void *arg)
{
    struct message *message = arg;
    struct poster *poster = message->poster;
    assert_int_equal(message->number, poster->next);
    poster->next++;
    if (poster->next == TASKS_EACH && ++*poster->finished == POSTERS)
        loop_stop(poster->loop);
    mem_free(message);
}

static void *post_many(void *arg)
{
    struct poster *poster = arg;
    for (int i = 0; i < TASKS_EACH; i++) {
        struct message *message = MEM_NEW(struct message);
        *message = (struct message){poster, i};
        loop_post(poster->loop, receive, message);
    }
    return NULL;
}

static void threads_post_in_their_order(void **state)
{
    struct trace *trace = *state;
    struct poster posters[POSTERS];
    int finished = 0;
    for (size_t i = 0; i < POSTERS; i++) {
        posters[i] = (struct poster){.loop = trace->loop, .finished = &finished};
        assert_int_equal(pthread_create(&posters[i].thread, NULL, post_many, &posters[i]), 0);
    }
    loop_run(trace->loop);
    for (size_t i = 0; i < POSTERS; i++) {
        pthread_join(posters[i].thread, NULL);
        assert_int_equal(posters[i].next, TASKS_EACH);
    }
}

static void deferred_call(void *arg)
{
    struct trace *trace = arg;
    note(trace, 100);
    if (trace->defer_again-- > 0)
        loop_defer(trace->loop, &trace->deferred);
    else
        loop_stop(trace->loop);
}

static void defer_task(void *arg)
{
    struct trace *trace = arg;
    note(trace, 1);
    loop_defer(trace->loop, &trace->deferred);
    loop_defer(trace->loop, &trace->deferred); /* waits already */
}

static void deferred_runs_after_the_events(void **state)
{
    struct trace *trace = *state;
    struct step step = {trace, 2};
    loop_deferred_init(&trace->deferred, deferred_call, trace);
    loop_post(trace->loop, defer_task, trace);
    loop_post(trace->loop, task, &step);
    loop_run(trace->loop);
    assert_int_equal(trace->count, 3);
    assert_int_equal(trace->calls[0], 1);
    assert_int_equal(trace->calls[1], 2);
    assert_int_equal(trace->calls[2], 100);
}

/* Nothing else would wake the loop: it must not sleep between the pieces. */
static void deferred_again_comes_next_turn_without_sleep(void **state)
{
    struct trace *trace = *state;
    trace->defer_again = 5;
    loop_deferred_init(&trace->deferred, deferred_call, trace);
    loop_post(trace->loop, defer_task, trace);
    loop_run(trace->loop);
    assert_int_equal(trace->count, 7);
}

static void defer_and_stop(void *arg)
{
    struct trace *trace = arg;
    loop_defer(trace->loop, &trace->deferred);
    loop_stop(trace->loop);
}

static void deferred_of_the_stopping_turn_runs(void **state)
{
    struct trace *trace = *state;
    loop_deferred_init(&trace->deferred, deferred_call, trace);
    loop_post(trace->loop, defer_and_stop, trace);
    loop_run(trace->loop);
    assert_int_equal(trace->count, 1);
}

static void defer_and_cancel(void *arg)
{
    struct trace *trace = arg;
    loop_defer(trace->loop, &trace->deferred);
    loop_defer_cancel(&trace->deferred);
    loop_defer_cancel(&trace->deferred);
    loop_stop(trace->loop);
}

static void cancelled_does_not_run(void **state)
{
    struct trace *trace = *state;
    loop_deferred_init(&trace->deferred, deferred_call, trace);
    loop_post(trace->loop, defer_and_cancel, trace);
    loop_run(trace->loop);
    assert_int_equal(trace->count, 0);
}

struct alarms {
    struct trace *trace;
    struct loop_alarm *first;
    struct loop_alarm *second;
};

static void first_alarm(void *arg)
{
    struct alarms *alarms = arg;
    note(alarms->trace, 1);
    alarms->first = loop_alarm_close(alarms->first); /* inside its own callback */
    loop_alarm_set(alarms->second, 0);
}

static void second_alarm(void *arg)
{
    struct alarms *alarms = arg;
    note(alarms->trace, 2);
    loop_stop(alarms->trace->loop);
}

static void alarms_are_set_moved_and_cancelled(void **state)
{
    struct trace *trace = *state;
    struct alarms alarms = {.trace = trace};
    alarms.first = loop_alarm_open(trace->loop, first_alarm, &alarms);
    alarms.second = loop_alarm_open(trace->loop, second_alarm, &alarms);
    uint64_t start_ms = loop_now_ms(trace->loop);
    loop_alarm_set(alarms.second, 1);
    loop_alarm_cancel(alarms.second);
    assert_false(loop_alarm_is_set(alarms.second));
    loop_alarm_set(alarms.first, 100000);
    loop_alarm_set(alarms.first, 3); /* anew */
    loop_run(trace->loop);
    assert_true(loop_now_ms(trace->loop) >= start_ms + 3);
    assert_int_equal(trace->count, 2);
    assert_int_equal(trace->calls[0], 1);
    assert_int_equal(trace->calls[1], 2);
    alarms.second = loop_alarm_close(alarms.second);
}

static void on_signal(void *arg, int number)
{
    struct trace *trace = arg;
    note(trace, number);
    loop_stop(trace->loop);
}

static void signals_arrive(void **state)
{
    struct trace *trace = *state;
    struct loop_signal *signal = loop_signal_open(trace->loop, SIGUSR1, on_signal, trace);
    assert_int_equal(raise(SIGUSR1), 0);
    loop_run(trace->loop);
    assert_int_equal(trace->count, 1);
    assert_int_equal(trace->calls[0], SIGUSR1);
    signal = loop_signal_close(signal);
    assert_null(signal);
}

static void free_takes_null(void **state)
{
    (void)state;
    assert_null(loop_free(NULL));
    assert_null(loop_fd_close(NULL));
    assert_null(loop_alarm_close(NULL));
    assert_null(loop_signal_close(NULL));
    assert_null(loop_watch_close(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(tasks_posted_before_run, setup, teardown),
        cmocka_unit_test_setup_teardown(tasks_posted_after_run_wait_for_the_next, setup, teardown),
        cmocka_unit_test_setup_teardown(free_runs_what_is_queued, setup, teardown),
        cmocka_unit_test_setup_teardown(threads_post_in_their_order, setup, teardown),
        cmocka_unit_test_setup_teardown(deferred_runs_after_the_events, setup, teardown),
        cmocka_unit_test_setup_teardown(deferred_again_comes_next_turn_without_sleep, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(deferred_of_the_stopping_turn_runs, setup, teardown),
        cmocka_unit_test_setup_teardown(cancelled_does_not_run, setup, teardown),
        cmocka_unit_test_setup_teardown(alarms_are_set_moved_and_cancelled, setup, teardown),
        cmocka_unit_test_setup_teardown(signals_arrive, setup, teardown),
        cmocka_unit_test(free_takes_null),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
