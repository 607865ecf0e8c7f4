#include "core/loop/loop.h"

#include "core/base/assert.h"
#include "core/base/mem.h"
#include "core/loop/internal.h"

/* One pass; what it defers waits for the next. */
static bool run_deferred(struct loop *loop)
{
    if (list_is_empty(&loop->deferred))
        return false;
    struct list pass;
    list_insert_between_(&pass, loop->deferred.prev, loop->deferred.next);
    list_init(&loop->deferred);
    while (!list_is_empty(&pass)) {
        struct loop_deferred *deferred = LIST_ITEM(pass.next, struct loop_deferred, link_);
        list_remove(&deferred->link_);
        deferred->fn_(deferred->arg_);
    }
    return true;
}

static void on_no_sleep(uv_idle_t *handle)
{
    (void)handle; /* being active is all it is for */
}

/* After the events and timers of a turn, before the kernel is asked again. */
static void on_end_of_turn(uv_prepare_t *handle)
{
    struct loop *loop = CONTAINER_OF(handle, struct loop, end_of_turn);
    (void)run_deferred(loop); /* whether there was any does not matter here */
    if (list_is_empty(&loop->deferred))
        ASSERT(uv_idle_stop(&loop->no_sleep) == 0);
    else
        ASSERT(uv_idle_start(&loop->no_sleep, on_no_sleep) == 0);
}

struct loop *loop_new(void)
{
    struct loop *loop = MEM_NEW(struct loop);
    ASSERT(uv_loop_init(&loop->uv) == 0);
    list_init(&loop->deferred);
    ASSERT(uv_prepare_init(&loop->uv, &loop->end_of_turn) == 0);
    ASSERT(uv_prepare_start(&loop->end_of_turn, on_end_of_turn) == 0);
    ASSERT(uv_idle_init(&loop->uv, &loop->no_sleep) == 0);
    loop__wheel_init(loop);
    loop__tasks_init(loop);
    return loop;
}

struct loop *loop_free(struct loop *loop)
{
    if (loop == NULL)
        return NULL;
    while (loop__tasks_run(loop) || run_deferred(loop))
        ;
    ASSERT(loop->open_count == 0);
    uv_close((uv_handle_t *)&loop->end_of_turn, NULL);
    uv_close((uv_handle_t *)&loop->no_sleep, NULL);
    uv_close((uv_handle_t *)&loop->wheel.wake, NULL);
    uv_close((uv_handle_t *)&loop->wake, NULL);
    /* Close callbacks run at the end of a turn; those of signals may take one more. */
    int rc = UV_EBUSY;
    for (int turn = 0; turn < 4 && rc == UV_EBUSY; turn++) {
        (void)uv_run(&loop->uv, UV_RUN_NOWAIT); /* uv_loop_close tells whether more is needed */
        rc = uv_loop_close(&loop->uv);
    }
    ASSERT(rc == 0);
    loop__fds_deinit(loop);
    loop__tasks_deinit(loop);
    return mem_free(loop);
}

void loop_run(struct loop *loop)
{
    (void)uv_run(&loop->uv, UV_RUN_DEFAULT); /* our own handles keep it alive until uv_stop */
    (void)run_deferred(loop);                /* of the turn that stopped */
}

void loop_stop(struct loop *loop)
{
    uv_stop(&loop->uv);
}

uint64_t loop_now_ms(const struct loop *loop)
{
    return uv_now(&loop->uv);
}

void *loop_native(struct loop *loop)
{
    return &loop->uv;
}

void loop_deferred_init(struct loop_deferred *deferred, loop_task_fn fn, void *arg)
{
    list_init(&deferred->link_);
    deferred->fn_ = fn;
    deferred->arg_ = arg;
}

void loop_defer(struct loop *loop, struct loop_deferred *deferred)
{
    if (!list_is_linked(&deferred->link_))
        list_push_back(&loop->deferred, &deferred->link_);
}

void loop_defer_cancel(struct loop_deferred *deferred)
{
    list_remove(&deferred->link_);
}
