/* Turns of a loop until something has happened, for tests whose callbacks count and stop the
 * loop. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/loop/loop.h"

/* Whatever takes longer does not come any more. */
#define TURNS_PATIENCE_MS 10000

struct turns_end {
    struct loop *loop;
    bool reached;
};

static inline void turns_on_alarm(void *arg)
{
    struct turns_end *end = arg;
    end->reached = true;
    loop_stop(end->loop);
}

/* Until `*count` has reached `wanted`; fails when that takes too long. */
static inline void turns_until(struct loop *loop, const unsigned *count, unsigned wanted)
{
    struct turns_end end = {.loop = loop};
    struct loop_alarm *alarm = loop_alarm_open(loop, turns_on_alarm, &end);
    loop_alarm_set(alarm, TURNS_PATIENCE_MS);
    while (*count < wanted && !end.reached)
        loop_run(loop);
    alarm = loop_alarm_close(alarm);
    assert_true(*count >= wanted);
}

/* For that long, in which nothing may come. */
static inline void turns_for(struct loop *loop, uint64_t ms)
{
    struct turns_end end = {.loop = loop};
    struct loop_alarm *alarm = loop_alarm_open(loop, turns_on_alarm, &end);
    loop_alarm_set(alarm, ms);
    while (!end.reached)
        loop_run(loop);
    alarm = loop_alarm_close(alarm);
}

struct turns_few {
    struct loop *loop;
    struct loop_deferred stop;
    unsigned left;
};

static inline void turns_on_stop(void *arg)
{
    struct turns_few *few = arg;
    if (--few->left == 0)
        loop_stop(few->loop);
    else
        loop_defer(few->loop, &few->stop);
}

/* A few turns, none of which sleeps: what is due at once happens, also when it stops the loop. */
static inline void turns_now(struct loop *loop)
{
    struct turns_few few = {.loop = loop, .left = 4};
    loop_deferred_init(&few.stop, turns_on_stop, &few);
    loop_defer(loop, &few.stop);
    while (few.left > 0)
        loop_run(loop);
}
