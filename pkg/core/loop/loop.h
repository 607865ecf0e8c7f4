/* The event loop: descriptors, timers, tasks from other threads, signals, file watches.
 *
 * One loop per thread; what is opened on a loop belongs to that thread, and only loop_post may be
 * called from another. A turn has a fixed shape: the kernel is asked once for a batch of events,
 * their callbacks run, timers that came due run, deferred calls run, and the loop sleeps. There is
 * one "now" per turn.
 *
 * Closing is immediate for the caller: after x_close no callback of that object runs any more, also
 * for events that are already in the batch, and the descriptor may be closed at once. It is allowed
 * inside any callback, the object's own included. Memory of closed objects is recycled by the loop.
 *
 * Cost: a descriptor whose interest stays the same costs nothing between turns, and narrowing the
 * interest costs nothing until an unwanted event really arrives, so that "read, stop reading, read
 * again" per request makes no system call. Coarse timers start, restart and stop in O(1), fire up
 * to LOOP_TIMER_STEP_MS late and never early, and wake nobody when none is running.
 *
 * Callers keep to small callbacks and never block. All times are monotonic milliseconds.
 * It stands on libuv, which no other module sees; inotify(7) is used directly, because libuv does
 * not report that a writer closed a file. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/err.h"
#include "core/base/list.h"
#include "core/base/str.h"

struct loop;

MUST_USE struct loop *loop_new(void);

/* Runs the tasks that are still queued, then frees the loop. Everything that was opened on it has
 * been closed. Takes NULL, returns NULL. Not inside a callback. */
struct loop *loop_free(struct loop *loop);

/* Turns until loop_stop. May be called again afterwards. */
void loop_run(struct loop *loop);

/* Ends loop_run after the callbacks of this turn, its deferred calls included. Called from a
 * callback of this loop; another thread posts a task that calls it. */
void loop_stop(struct loop *loop);

/* The time of this turn. */
uint64_t loop_now_ms(const struct loop *loop);

/* Descriptors. */

#define LOOP_READ   1U
#define LOOP_WRITE  2U
#define LOOP_HANGUP 4U /* the other side ended its direction or is gone: for who does not read */

struct loop_fd;

/* `events`: one or several of the above, all of them wanted at this time. An error or a hang-up
 * comes as every wanted event: the next read or write says what it is. Level-triggered: what is
 * still true comes again next turn. */
typedef void (*loop_fd_fn)(void *arg, unsigned events);

/* Watches `fd`, which stays the caller's and is made non-blocking; one watch per descriptor.
 * NULL: the kernel refuses to watch it, and errno says why (ENOSPC: fs.epoll.max_user_watches). */
MUST_USE struct loop_fd *loop_fd_open(struct loop *loop, int fd, unsigned events, loop_fd_fn fn,
                                      void *arg);

/* What is wanted from now on; 0 is nothing, not even hang-ups. */
void loop_fd_set(struct loop_fd *fd, unsigned events);

/* Before close(2) of the descriptor. Takes NULL, returns NULL. */
struct loop_fd *loop_fd_close(struct loop_fd *fd);

/* Coarse timers, for the many time-outs of connections. The caller embeds them. */

#define LOOP_TIMER_STEP_MS 50U

typedef void (*loop_timer_fn)(void *arg);

struct loop_timer {
    struct list link_; /* private, like what follows */
    uint32_t due_tick_;
    uint32_t slot_tick_;
    loop_timer_fn fn_;
    void *arg_;
};

void loop_timer_init(struct loop_timer *timer, loop_timer_fn fn, void *arg);

/* Fires once, `after_ms` from this turn's now or a step later. A running timer is restarted. */
void loop_timer_start(struct loop *loop, struct loop_timer *timer, uint64_t after_ms);

/* Takes a stopped timer too. To be called before the memory goes. */
void loop_timer_stop(struct loop *loop, struct loop_timer *timer);

bool loop_timer_is_running(const struct loop_timer *timer);

/* Alarms: timers to the millisecond, for the few that need it. */

struct loop_alarm;

MUST_USE struct loop_alarm *loop_alarm_open(struct loop *loop, loop_timer_fn fn, void *arg);

/* Fires once, `after_ms` from this turn's now; 0 is the next turn. A set alarm is set anew. */
void loop_alarm_set(struct loop_alarm *alarm, uint64_t after_ms);
void loop_alarm_cancel(struct loop_alarm *alarm);
bool loop_alarm_is_set(const struct loop_alarm *alarm);
struct loop_alarm *loop_alarm_close(struct loop_alarm *alarm);

/* Tasks. */

typedef void (*loop_task_fn)(void *arg);

/* Runs `fn` on the loop's thread. From any thread, before loop_run, while it runs and after it, as
 * long as the loop is not freed. Tasks of one poster run in their order. Every task runs exactly
 * once: in a turn, or at the latest in loop_free. */
void loop_post(struct loop *loop, loop_task_fn fn, void *arg);

/* A call at the end of the turn: flush what the turn's events produced, free what they dropped.
 * The caller embeds it. */
struct loop_deferred {
    struct list link_; /* private, like what follows */
    loop_task_fn fn_;
    void *arg_;
};

void loop_deferred_init(struct loop_deferred *deferred, loop_task_fn fn, void *arg);

/* Runs it once after all events of this turn, in the order of these calls; waiting already, it
 * keeps its place. What is deferred by a deferred call runs at the end of the next turn, which does
 * not sleep: that is also how long work is cut into pieces. */
void loop_defer(struct loop *loop, struct loop_deferred *deferred);

/* Takes one that is not waiting too. To be called before the memory goes. */
void loop_defer_cancel(struct loop_deferred *deferred);

/* Signals. */

struct loop_signal;

typedef void (*loop_signal_fn)(void *arg, int signal);

/* Takes over the process's action for `signal` until it is closed. On one loop of the process. */
MUST_USE struct loop_signal *loop_signal_open(struct loop *loop, int signal, loop_signal_fn fn,
                                              void *arg);
struct loop_signal *loop_signal_close(struct loop_signal *signal);

/* Changes of files and directories. */

enum loop_change {
    LOOP_CHANGE_WRITTEN,  /* a writer closed the file, or it was moved here: it can be read */
    LOOP_CHANGE_MODIFIED, /* bytes of a file changed, and its writer has not closed it */
    LOOP_CHANGE_CREATED,  /* a name appeared: a directory, a link, or a file not yet written */
    LOOP_CHANGE_REMOVED,  /* a name went: deleted or moved away */
    LOOP_CHANGE_GONE,     /* the watched path itself was deleted, moved or unmounted: the watch has
                             ended, and its id is free */
    LOOP_CHANGE_OVERFLOW, /* changes were lost, of any watch: read everything again; `watch` is 0 */
};

struct loop_change_event {
    enum loop_change change;
    int watch;         /* the id from loop_watch_add */
    struct str name;   /* inside a watched directory, else empty; borrowed for the callback */
    bool is_directory; /* the name is a directory */
};

typedef void (*loop_watch_fn)(void *arg, const struct loop_change_event *event);

/* A set of watches with one callback. */
struct loop_watch;

/* ERR_LIMIT: the user has no more inotify instances (fs.inotify.max_user_instances). ERR_SYSTEM. */
MUST_USE enum err loop_watch_open(struct loop *loop, loop_watch_fn fn, void *arg,
                                  struct loop_watch **ret_watch, struct err_info *reterr);

/* Watches a directory (its names, not what is below its directories) or a file. Ids are above 0;
 * the same file or directory again gives the same id.
 * ERR_NOT_FOUND, ERR_UNAUTHORISED, ERR_LIMIT (fs.inotify.max_user_watches), ERR_SYSTEM. */
MUST_USE enum err loop_watch_add(struct loop_watch *watch, const char *path, int *ret_id,
                                 struct err_info *reterr);

/* Delivers what has happened so far, instead of in a later turn: for whoever has read a file and
 * wants to know whether it was written meanwhile. Not from the watch's own callback. */
void loop_watch_poll(struct loop_watch *watch);

/* Events of `id` that are already read are dropped too. */
void loop_watch_remove(struct loop_watch *watch, int id);
struct loop_watch *loop_watch_close(struct loop_watch *watch);

/* The uv_loop_t, for core/web alone: libwebsockets rides on it. */
void *loop_native(struct loop *loop);

CLEANUP_DEFINE(struct loop, loop_free);
