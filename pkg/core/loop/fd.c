#include <errno.h>

#include "core/base/assert.h"
#include "core/base/mem.h"
#include "core/loop/internal.h"

#define ALL (LOOP_READ | LOOP_WRITE | LOOP_HANGUP)

struct loop_fd {
    uv_poll_t poll;
    struct loop *loop;
    loop_fd_fn fn;
    void *arg;
    unsigned wanted;      /* by the caller */
    unsigned watched;     /* by libuv; wider than wanted until an unwanted event comes */
    bool closed;          /* the memory stays until libuv lets go at the end of the turn */
    struct loop_fd *next; /* among the free ones */
};

static void on_poll(uv_poll_t *handle, int status, int events);

/* Makes libuv watch what is wanted. Two calls of epoll_ctl, so it is put off while it can be. */
static void watch_wanted(struct loop_fd *fd)
{
    int events = ((fd->wanted & LOOP_READ) ? UV_READABLE : 0) |
                 ((fd->wanted & LOOP_WRITE) ? UV_WRITABLE : 0) |
                 ((fd->wanted & LOOP_HANGUP) ? UV_DISCONNECT : 0);
    ASSERT(uv_poll_start(&fd->poll, events, on_poll) == 0);
    fd->watched = fd->wanted;
}

static void on_poll(uv_poll_t *handle, int status, int events)
{
    struct loop_fd *fd = CONTAINER_OF(handle, struct loop_fd, poll);
    unsigned seen = ((events & UV_READABLE) ? LOOP_READ : 0) |
                    ((events & UV_WRITABLE) ? LOOP_WRITE : 0) |
                    ((events & UV_DISCONNECT) ? LOOP_HANGUP : 0);
    if (status < 0) { /* an error is pending: libuv has stopped watching */
        seen = ALL;
        fd->watched = 0;
    }
    unsigned wanted = seen & fd->wanted;
    if (wanted != 0)
        fd->fn(fd->arg, wanted);
    if (fd->closed)
        return;
    if ((seen & ~fd->wanted) != 0 || (fd->wanted & ~fd->watched) != 0)
        watch_wanted(fd);
}

struct loop_fd *loop_fd_open(struct loop *loop, int descriptor, unsigned events, loop_fd_fn fn,
                             void *arg)
{
    ASSERT((events & ~ALL) == 0);
    struct loop_fd *fd = loop->free_fds;
    if (fd != NULL) {
        loop->free_fds = fd->next;
        loop->free_fd_count--;
    } else {
        fd = MEM_NEW(struct loop_fd);
    }
    int rc = uv_poll_init(&loop->uv, &fd->poll, descriptor);
    if (rc != 0) {
        (void)mem_free(fd);
        errno = -rc;
        return NULL;
    }
    fd->loop = loop;
    fd->fn = fn;
    fd->arg = arg;
    fd->wanted = events;
    fd->watched = 0;
    fd->closed = false;
    if (events != 0)
        watch_wanted(fd);
    loop->open_count++;
    return fd;
}

void loop_fd_set(struct loop_fd *fd, unsigned events)
{
    ASSERT((events & ~ALL) == 0);
    ASSERT(!fd->closed);
    fd->wanted = events;
    if ((events & ~fd->watched) != 0)
        watch_wanted(fd);
}

static void on_closed(uv_handle_t *handle)
{
    struct loop_fd *fd = CONTAINER_OF(handle, struct loop_fd, poll);
    struct loop *loop = fd->loop;
    if (loop->free_fd_count == FREE_FDS_MAX) {
        (void)mem_free(fd);
        return;
    }
    fd->next = loop->free_fds;
    loop->free_fds = fd;
    loop->free_fd_count++;
}

struct loop_fd *loop_fd_close(struct loop_fd *fd)
{
    if (fd == NULL)
        return NULL;
    ASSERT(!fd->closed);
    fd->closed = true;
    fd->loop->open_count--;
    /* Takes it out of epoll and out of the batch that is being worked on. */
    uv_close((uv_handle_t *)&fd->poll, on_closed);
    return NULL;
}

void loop__fds_deinit(struct loop *loop)
{
    while (loop->free_fds != NULL) {
        struct loop_fd *fd = loop->free_fds;
        loop->free_fds = fd->next;
        (void)mem_free(fd);
    }
}
