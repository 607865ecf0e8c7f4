/* What the files of core/loop share. */
#pragma once

#include "core/loop/loop.h"

#include <pthread.h>
#include <uv.h>

/* The wheel reaches 51.2 s ahead; timers beyond rest in its farthest slot and move on from there.
 */
#define WHEEL_SLOTS 1024U
#define WHEEL_WORDS (WHEEL_SLOTS / 64)

struct wheel {
    struct list slots[WHEEL_SLOTS];
    uint64_t occupied[WHEEL_WORDS]; /* one bit per slot that is not empty */
    uint64_t start_ms;              /* time of tick 0 */
    uint32_t tick;                  /* the last tick whose slot was emptied */
    uint32_t wake_tick;             /* while the wake-up is armed: what for */
    uv_timer_t wake;
};

/* Closed watches kept for reuse; above it they go back to the heap. */
#define FREE_FDS_MAX 1024U

struct loop {
    uv_loop_t uv;
    struct wheel wheel;

    struct loop_fd *free_fds;
    size_t free_fd_count;
    size_t open_count; /* what callers have open */

    struct list deferred;
    uv_prepare_t end_of_turn;
    uv_idle_t no_sleep; /* started while deferred calls wait for the next turn */

    uv_async_t wake;
    pthread_mutex_t tasks_mutex;
    struct task *tasks; /* under the mutex, like the next */
    struct task **tasks_end;
};

void loop__wheel_init(struct loop *loop);

void loop__tasks_init(struct loop *loop);
void loop__tasks_deinit(struct loop *loop);

/* Runs what was queued when it was called; false: there was nothing. */
bool loop__tasks_run(struct loop *loop);

void loop__fds_deinit(struct loop *loop);
