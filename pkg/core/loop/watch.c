#include <errno.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "core/base/assert.h"
#include "core/base/mem.h"
#include "core/base/vec.h"
#include "core/loop/internal.h"

#define WATCH_MASK                                                                      \
    (IN_CLOSE_WRITE | IN_MODIFY | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | \
     IN_DELETE_SELF | IN_MOVE_SELF | IN_EXCL_UNLINK)

/* Room for some hundred events; what does not fit is read next turn. */
#define READ_SIZE 4096

/* The kernel queues 16,384 events (fs.inotify.max_queued_events); one is 16 bytes and its name. */
#define POLL_TURNS_MAX 256

struct loop_watch {
    int inotify;
    struct loop_fd *fd;
    loop_watch_fn fn;
    void *arg;
    VEC(int) ids;
    bool in_callback;
    bool closed; /* inside a callback; freed when it returns */
};

static bool find_id(const struct loop_watch *watch, int id, size_t *ret_index)
{
    for (size_t i = 0; i < watch->ids.count; i++) {
        if (watch->ids.items[i] == id) {
            *ret_index = i;
            return true;
        }
    }
    return false;
}

static enum loop_change change_of(uint32_t mask)
{
    if ((mask & (IN_DELETE | IN_MOVED_FROM)) != 0)
        return LOOP_CHANGE_REMOVED;
    if ((mask & IN_CREATE) != 0 || (mask & IN_ISDIR) != 0)
        return LOOP_CHANGE_CREATED;
    if ((mask & IN_MODIFY) != 0)
        return LOOP_CHANGE_MODIFIED;
    return LOOP_CHANGE_WRITTEN;
}

static void dispatch(struct loop_watch *watch, const struct inotify_event *event)
{
    struct loop_change_event change = {.name = STR_EMPTY};
    size_t index;
    if ((event->mask & IN_Q_OVERFLOW) != 0) {
        change.change = LOOP_CHANGE_OVERFLOW;
    } else if (!find_id(watch, event->wd, &index)) {
        return; /* removed meanwhile */
    } else if ((event->mask & (IN_IGNORED | IN_MOVE_SELF)) != 0) {
        VEC_REMOVE_UNORDERED(&watch->ids, index);
        if ((event->mask & IN_MOVE_SELF) != 0)
            (void)inotify_rm_watch(watch->inotify, event->wd); /* may have ended by itself */
        change.change = LOOP_CHANGE_GONE;
        change.watch = event->wd;
    } else if ((event->mask & (IN_DELETE_SELF | IN_UNMOUNT)) != 0) {
        return; /* IN_IGNORED follows */
    } else {
        change.change = change_of(event->mask);
        change.watch = event->wd;
        change.is_directory = (event->mask & IN_ISDIR) != 0;
        if (event->len > 0)
            change.name = str_make(event->name, strnlen(event->name, event->len));
    }
    watch->fn(watch->arg, &change);
}

static void free_watch(struct loop_watch *watch)
{
    (void)close(watch->inotify); /* nothing is written to it */
    VEC_FREE(&watch->ids);
    (void)mem_free(watch);
}

/* False: there is nothing more, or the watch was closed. */
static bool read_some(struct loop_watch *watch)
{
    _Alignas(struct inotify_event) char bytes[READ_SIZE];
    ssize_t size = read(watch->inotify, bytes, sizeof(bytes));
    if (size < 0) {
        ASSERT(errno == EAGAIN || errno == EINTR);
        return false;
    }
    watch->in_callback = true;
    for (size_t at = 0; at < (size_t)size && !watch->closed;) {
        const struct inotify_event *event = (const void *)(bytes + at);
        dispatch(watch, event);
        at += sizeof(*event) + event->len;
    }
    watch->in_callback = false;
    if (watch->closed) {
        free_watch(watch);
        return false;
    }
    return true;
}

static void on_readable(void *arg, unsigned events)
{
    (void)events;         /* only LOOP_READ is wanted */
    (void)read_some(arg); /* the rest in the next turn, so that nothing else waits for it */
}

enum err loop_watch_open(struct loop *loop, loop_watch_fn fn, void *arg,
                         struct loop_watch **ret_watch, struct err_info *reterr)
{
    int inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (inotify == -1 && (errno == EMFILE || errno == ENFILE))
        return err_set(reterr, ERR_LIMIT,
                       "cannot watch files: too many inotify instances or descriptors; raise "
                       "fs.inotify.max_user_instances");
    if (inotify == -1)
        return err_set_errno(reterr, "cannot watch files");
    struct loop_watch *watch = MEM_NEW(struct loop_watch);
    watch->inotify = inotify;
    watch->fn = fn;
    watch->arg = arg;
    watch->fd = loop_fd_open(loop, inotify, LOOP_READ, on_readable, watch);
    if (watch->fd == NULL) {
        enum err e = err_set_errno(reterr, "cannot watch files");
        free_watch(watch);
        return e;
    }
    *ret_watch = watch;
    return ERR_OK;
}

enum err loop_watch_add(struct loop_watch *watch, const char *path, int *ret_id,
                        struct err_info *reterr)
{
    int id = inotify_add_watch(watch->inotify, path, WATCH_MASK);
    if (id == -1 && (errno == ENOENT || errno == ENOTDIR))
        return err_set(reterr, ERR_NOT_FOUND, "%s does not exist", path);
    if (id == -1 && errno == EACCES)
        return err_set(reterr, ERR_UNAUTHORISED, "%s: permission denied", path);
    if (id == -1 && errno == ENOSPC)
        return err_set(reterr, ERR_LIMIT,
                       "cannot watch %s: too many watches; raise fs.inotify.max_user_watches",
                       path);
    if (id == -1)
        return err_set_errno(reterr, "cannot watch %s", path);
    size_t index;
    if (!find_id(watch, id, &index))
        VEC_PUSH(&watch->ids, id);
    *ret_id = id;
    return ERR_OK;
}

void loop_watch_poll(struct loop_watch *watch)
{
    ASSERT(!watch->in_callback);
    /* As many as can have been queued: somebody who writes faster does not keep us here. */
    for (unsigned turn = 0; turn < POLL_TURNS_MAX && read_some(watch); turn++)
        continue;
}

void loop_watch_remove(struct loop_watch *watch, int id)
{
    size_t index;
    if (!find_id(watch, id, &index))
        return;
    VEC_REMOVE_UNORDERED(&watch->ids, index);
    (void)inotify_rm_watch(watch->inotify, id); /* may have ended by itself */
}

struct loop_watch *loop_watch_close(struct loop_watch *watch)
{
    if (watch == NULL)
        return NULL;
    watch->fd = loop_fd_close(watch->fd);
    if (watch->in_callback)
        watch->closed = true;
    else
        free_watch(watch);
    return NULL;
}
