#include "core/base/assert.h"
#include "core/base/mem.h"
#include "core/loop/internal.h"

struct task {
    struct task *next;
    loop_task_fn fn;
    void *arg;
};

static void on_wake(uv_async_t *handle)
{
    struct loop *loop = CONTAINER_OF(handle, struct loop, wake);
    (void)loop__tasks_run(loop); /* an earlier wake-up may have run them all */
}

void loop__tasks_init(struct loop *loop)
{
    ASSERT(pthread_mutex_init(&loop->tasks_mutex, NULL) == 0);
    loop->tasks_end = &loop->tasks;
    ASSERT(uv_async_init(&loop->uv, &loop->wake, on_wake) == 0);
}

void loop__tasks_deinit(struct loop *loop)
{
    ASSERT(loop->tasks == NULL);
    ASSERT(pthread_mutex_destroy(&loop->tasks_mutex) == 0);
}

void loop_post(struct loop *loop, loop_task_fn fn, void *arg)
{
    struct task *task = MEM_NEW(struct task);
    task->fn = fn;
    task->arg = arg;
    ASSERT(pthread_mutex_lock(&loop->tasks_mutex) == 0);
    *loop->tasks_end = task;
    loop->tasks_end = &task->next;
    /* Under the mutex: once it is released the task may run and end in loop_free. */
    ASSERT(uv_async_send(&loop->wake) == 0);
    ASSERT(pthread_mutex_unlock(&loop->tasks_mutex) == 0);
}

bool loop__tasks_run(struct loop *loop)
{
    ASSERT(pthread_mutex_lock(&loop->tasks_mutex) == 0);
    struct task *task = TAKE(loop->tasks);
    loop->tasks_end = &loop->tasks;
    ASSERT(pthread_mutex_unlock(&loop->tasks_mutex) == 0);
    bool any = task != NULL;
    while (task != NULL) {
        struct task *next = task->next;
        loop_task_fn fn = task->fn;
        void *arg = task->arg;
        (void)mem_free(task); /* before the call, which may take long */
        fn(arg);
        task = next;
    }
    return any;
}
