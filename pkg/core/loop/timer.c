/* Coarse timers: a wheel of lists, one per step of time, in the manner of Varghese and Lauck.
 *
 * A running timer is linked in the slot of `slot_tick_`, which is never later than the tick when it
 * is due. Restarting it for later, which is what nearly always happens, only writes `due_tick_`;
 * the slot, when its time comes, links it anew. Ticks are compared by difference and may wrap. */
#include "core/base/assert.h"
#include "core/loop/internal.h"

/* A year and a half; differences of ticks stay well within their sign. */
#define AFTER_TICKS_MAX ((uint64_t)1 << 30)

static bool tick_before(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) < 0;
}

static void on_wake(uv_timer_t *handle);

static uint64_t elapsed_ms(const struct loop *loop)
{
    return uv_now(&loop->uv) - loop->wheel.start_ms;
}

/* Asks to be woken at `tick`, unless that is asked for an earlier one already. */
static void arm(struct loop *loop, uint32_t tick)
{
    struct wheel *wheel = &loop->wheel;
    if (uv_is_active((uv_handle_t *)&wheel->wake) && !tick_before(tick, wheel->wake_tick))
        return;
    uint64_t now_ms = elapsed_ms(loop);
    uint32_t now_tick = (uint32_t)(now_ms / LOOP_TIMER_STEP_MS);
    uint64_t after_ms = 0;
    if (tick_before(now_tick, tick))
        after_ms = (uint64_t)(tick - now_tick) * LOOP_TIMER_STEP_MS - now_ms % LOOP_TIMER_STEP_MS;
    ASSERT(uv_timer_start(&wheel->wake, on_wake, after_ms, 0) == 0);
    wheel->wake_tick = tick;
}

static void link_timer(struct loop *loop, struct loop_timer *timer)
{
    struct wheel *wheel = &loop->wheel;
    uint32_t tick = timer->due_tick_;
    if (!tick_before(wheel->tick, tick))
        tick = wheel->tick + 1;
    else if (tick - wheel->tick >= WHEEL_SLOTS)
        tick = wheel->tick + WHEEL_SLOTS - 1;
    timer->slot_tick_ = tick;
    uint32_t slot = tick % WHEEL_SLOTS;
    list_push_back(&wheel->slots[slot], &timer->link_);
    wheel->occupied[slot / 64] |= (uint64_t)1 << (slot % 64);
    arm(loop, tick);
}

static void unlink_timer(struct loop *loop, struct loop_timer *timer)
{
    struct wheel *wheel = &loop->wheel;
    list_remove(&timer->link_);
    uint32_t slot = timer->slot_tick_ % WHEEL_SLOTS;
    if (list_is_empty(&wheel->slots[slot]))
        wheel->occupied[slot / 64] &= ~((uint64_t)1 << (slot % 64));
}

/* Fires what is due in the slot of `tick`, and links anew what was put off meanwhile. */
static void run_slot(struct loop *loop, uint32_t tick)
{
    struct wheel *wheel = &loop->wheel;
    uint32_t slot = tick % WHEEL_SLOTS;
    if (list_is_empty(&wheel->slots[slot]))
        return;
    struct list timers;
    list_insert_between_(&timers, wheel->slots[slot].prev, wheel->slots[slot].next);
    list_init(&wheel->slots[slot]);
    wheel->occupied[slot / 64] &= ~((uint64_t)1 << (slot % 64));
    while (!list_is_empty(&timers)) { /* a callback may stop others of this list */
        struct loop_timer *timer = LIST_ITEM(timers.next, struct loop_timer, link_);
        list_remove(&timer->link_);
        if (tick_before(wheel->tick, timer->due_tick_))
            link_timer(loop, timer);
        else
            timer->fn_(timer->arg_);
    }
}

/* The next slot that is not empty, as a tick after the present one. */
static bool find_next(const struct wheel *wheel, uint32_t *ret_tick)
{
    for (uint32_t ahead = 1; ahead <= WHEEL_SLOTS;) {
        uint32_t slot = (wheel->tick + ahead) % WHEEL_SLOTS;
        uint64_t word = wheel->occupied[slot / 64] >> (slot % 64);
        if (word != 0) {
            *ret_tick = wheel->tick + ahead + (uint32_t)__builtin_ctzll(word);
            return true;
        }
        ahead += 64 - slot % 64;
    }
    return false;
}

static void on_wake(uv_timer_t *handle)
{
    struct loop *loop = CONTAINER_OF(handle, struct loop, wheel.wake);
    struct wheel *wheel = &loop->wheel;
    uint32_t from = wheel->tick;
    uint32_t now_tick = (uint32_t)(elapsed_ms(loop) / LOOP_TIMER_STEP_MS);
    uint32_t slots = MIN(now_tick - from, WHEEL_SLOTS);
    wheel->tick = now_tick; /* first: what callbacks start goes into later slots */
    for (uint32_t i = 1; i <= slots; i++)
        run_slot(loop, from + i);
    uint32_t next;
    if (find_next(wheel, &next))
        arm(loop, next);
}

void loop__wheel_init(struct loop *loop)
{
    struct wheel *wheel = &loop->wheel;
    for (size_t i = 0; i < WHEEL_SLOTS; i++)
        list_init(&wheel->slots[i]);
    wheel->start_ms = uv_now(&loop->uv);
    ASSERT(uv_timer_init(&loop->uv, &wheel->wake) == 0);
}

void loop_timer_init(struct loop_timer *timer, loop_timer_fn fn, void *arg)
{
    list_init(&timer->link_);
    timer->due_tick_ = 0;
    timer->slot_tick_ = 0;
    timer->fn_ = fn;
    timer->arg_ = arg;
}

void loop_timer_start(struct loop *loop, struct loop_timer *timer, uint64_t after_ms)
{
    uint64_t now_ms = elapsed_ms(loop);
    uint64_t ticks = MIN(after_ms / LOOP_TIMER_STEP_MS, AFTER_TICKS_MAX);
    uint64_t rest_ms = after_ms % LOOP_TIMER_STEP_MS + now_ms % LOOP_TIMER_STEP_MS;
    ticks += now_ms / LOOP_TIMER_STEP_MS;
    ticks += (rest_ms + LOOP_TIMER_STEP_MS - 1) / LOOP_TIMER_STEP_MS;
    timer->due_tick_ = (uint32_t)ticks;
    if (list_is_linked(&timer->link_)) {
        if (!tick_before(timer->due_tick_, timer->slot_tick_))
            return;
        unlink_timer(loop, timer);
    }
    link_timer(loop, timer);
}

void loop_timer_stop(struct loop *loop, struct loop_timer *timer)
{
    if (list_is_linked(&timer->link_))
        unlink_timer(loop, timer);
}

bool loop_timer_is_running(const struct loop_timer *timer)
{
    return list_is_linked(&timer->link_);
}
