/* Alarms and signals: thin skins over libuv's own. */
#include "core/base/assert.h"
#include "core/base/mem.h"
#include "core/loop/internal.h"

struct loop_alarm {
    uv_timer_t timer;
    struct loop *loop;
    loop_timer_fn fn;
    void *arg;
};

struct loop_signal {
    uv_signal_t handle;
    struct loop *loop;
    loop_signal_fn fn;
    void *arg;
};

struct loop_alarm *loop_alarm_open(struct loop *loop, loop_timer_fn fn, void *arg)
{
    struct loop_alarm *alarm = MEM_NEW(struct loop_alarm);
    alarm->loop = loop;
    alarm->fn = fn;
    alarm->arg = arg;
    ASSERT(uv_timer_init(&loop->uv, &alarm->timer) == 0);
    loop->open_count++;
    return alarm;
}

static void on_alarm(uv_timer_t *handle)
{
    struct loop_alarm *alarm = CONTAINER_OF(handle, struct loop_alarm, timer);
    alarm->fn(alarm->arg);
}

void loop_alarm_set(struct loop_alarm *alarm, uint64_t after_ms)
{
    ASSERT(uv_timer_start(&alarm->timer, on_alarm, after_ms, 0) == 0);
}

void loop_alarm_cancel(struct loop_alarm *alarm)
{
    ASSERT(uv_timer_stop(&alarm->timer) == 0);
}

bool loop_alarm_is_set(const struct loop_alarm *alarm)
{
    return uv_is_active((const uv_handle_t *)&alarm->timer) != 0;
}

static void on_alarm_closed(uv_handle_t *handle)
{
    (void)mem_free(CONTAINER_OF(handle, struct loop_alarm, timer));
}

struct loop_alarm *loop_alarm_close(struct loop_alarm *alarm)
{
    if (alarm == NULL)
        return NULL;
    alarm->loop->open_count--;
    uv_close((uv_handle_t *)&alarm->timer, on_alarm_closed);
    return NULL;
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct loop_signal *signal = CONTAINER_OF(handle, struct loop_signal, handle);
    signal->fn(signal->arg, number);
}

struct loop_signal *loop_signal_open(struct loop *loop, int number, loop_signal_fn fn, void *arg)
{
    struct loop_signal *signal = MEM_NEW(struct loop_signal);
    signal->loop = loop;
    signal->fn = fn;
    signal->arg = arg;
    ASSERT(uv_signal_init(&loop->uv, &signal->handle) == 0);
    ASSERT(uv_signal_start(&signal->handle, on_signal, number) == 0);
    loop->open_count++;
    return signal;
}

static void on_signal_closed(uv_handle_t *handle)
{
    (void)mem_free(CONTAINER_OF(handle, struct loop_signal, handle));
}

struct loop_signal *loop_signal_close(struct loop_signal *signal)
{
    if (signal == NULL)
        return NULL;
    signal->loop->open_count--;
    uv_close((uv_handle_t *)&signal->handle, on_signal_closed);
    return NULL;
}
