/* A worker: a thread with a loop, and what it serves. */
#include "data/proxy/worker.h"

#include <signal.h>

#include "core/base/assert.h"
#include "core/base/clock.h"
#include "core/base/mem.h"
#include "data/proxy/main.h"
#include "data/proxy/request.h"

/* How often numbers and log lines leave the worker: while something happens, and while nothing
 * does. */
#define TICK_MS      ((uint64_t)PROXY__LOG_FLUSH_MS)
#define TICK_IDLE_MS ((uint64_t)1000)

#define WALL_CHECK_MS ((uint64_t)1000)

uint64_t proxy__worker_wall(struct proxy__worker *worker)
{
    uint64_t now = loop_now_ms(worker->loop);
    if (worker->wall_offset_ms == 0 || now - worker->wall_checked_ms >= WALL_CHECK_MS) {
        worker->wall_offset_ms = clock_wall_ms() - now;
        worker->wall_checked_ms = now;
    }
    uint64_t wall = now + worker->wall_offset_ms;
    if (wall / 1000 != worker->second) {
        worker->second = wall / 1000;
        http_date_format(wall, worker->date);
        char text[CLOCK_TEXT_SIZE];
        clock_format(wall, text);
        memcpy(worker->log_time, text, sizeof(worker->log_time));
    }
    return wall;
}

/* ---- Views ---- */

struct proxy__view *proxy__view_ref(struct proxy__view *view)
{
    view->references++;
    return view;
}

void proxy__view_unref(struct proxy__view *view)
{
    if (view == NULL || --view->references > 0)
        return;
    view->upstreams = upstream_set_free(view->upstreams);
    proxy__mail_send(view->worker->proxy->mail, PROXY__LETTER_RELEASED, view->state);
    (void)mem_free(view); /* always NULL */
}

void proxy__worker_swap(struct proxy__worker *worker, struct proxy__state *state)
{
    struct proxy__view *view = MEM_NEW(struct proxy__view);
    view->worker = worker;
    view->state = state;
    view->references = 1;
    view->upstreams = upstream_set_new(worker->upstream, state->resolved, state->staged->clients);
    struct proxy__view *before = worker->view;
    worker->view = view;
    proxy__ports_update(worker);
    proxy__view_unref(before);
    proxy__worker_publish(worker);
    proxy__mail_send(worker->proxy->mail, PROXY__LETTER_SWAPPED, state);
}

/* ---- Leaving ---- */

void proxy__worker_check_left(struct proxy__worker *worker)
{
    if (!worker->leaving || worker->left || worker->conn_count > 0)
        return;
    worker->left = true;
    proxy__mirrors_lose(worker);
    upstream_close_idle(worker->upstream);
    proxy__log_flush(worker);
    proxy__worker_publish(worker);
    proxy__mail_send(worker->proxy->mail, PROXY__LETTER_LEFT, NULL);
}

void proxy__worker_leave(struct proxy__worker *worker)
{
    worker->draining = true;
    worker->leaving = true;
    proxy__ports_leave(worker);
    proxy__worker_check_left(worker);
}

void proxy__worker_abort(struct proxy__worker *worker)
{
    worker->draining = true;
    worker->leaving = true;
    proxy__ports_leave(worker);
    LIST_FOR_EACH(node, &worker->ports) {
        struct proxy__port *port = LIST_ITEM(node, struct proxy__port, link);
        bool removed = port->removed;
        port->removed = false; /* stays until its last connection is closed */
        while (!list_is_empty(&port->conns)) {
            struct proxy__conn *conn = LIST_ITEM(port->conns.next, struct proxy__conn, link);
            if (conn->request != NULL)
                proxy__request_abort(conn->request, STR("drain_time"));
            else
                proxy__conn_close(conn);
        }
        port->removed = removed;
        proxy__port_settle(port);
    }
    proxy__worker_check_left(worker);
}

/* ---- Life ---- */

static void worker_on_tick(void *arg)
{
    struct proxy__worker *worker = arg;
    bool active = worker->log != NULL && worker->log->size > 0;
    proxy__log_flush(worker);
    proxy__worker_publish(worker);
    loop_timer_start(worker->loop, &worker->log_flush, active ? TICK_MS : TICK_IDLE_MS);
}

static void worker_reclaim(void *arg)
{
    struct proxy__worker *worker = arg;
    LIST_FOR_EACH(node, &worker->dead) {
        list_remove(node);
        proxy__conn_free(LIST_ITEM(node, struct proxy__conn, link));
    }
}

static void worker_deinit(struct proxy__worker *worker)
{
    proxy__worker_abort(worker);
    worker_reclaim(worker);
    loop_defer_cancel(&worker->reclaim);
    LIST_FOR_EACH(node, &worker->ports)
        proxy__port_free(LIST_ITEM(node, struct proxy__port, link));
    proxy__view_unref(TAKE(worker->view));
    loop_timer_stop(worker->loop, &worker->log_flush);
    proxy__log_flush(worker);
    worker->log = mem_free(worker->log); /* empty */
    proxy__worker_publish(worker);
    worker->upstream = upstream_free(worker->upstream);
    proxy__memory_free(worker);
}

static void *worker_run(void *arg)
{
    struct proxy__worker *worker = arg;
    loop_run(worker->loop);
    worker_deinit(worker);
    return NULL;
}

static void worker_free(struct proxy__worker *worker)
{
    worker->loop = loop_free(worker->loop);
    worker->input = mem_free(worker->input);
    worker->output = mem_free(worker->output);
    worker->path_area = mem_free(worker->path_area);
    (void)mem_free(worker); /* always NULL */
}

static void worker_init(struct proxy__worker *worker, struct proxy *proxy, uint32_t index)
{
    worker->proxy = proxy;
    worker->index = index;
    worker->metrics = metrics_writer(proxy->metrics->registry, proxy->first_writer + index);
    worker->input = mem_alloc(PROXY__READ_SIZE);
    worker->output = mem_alloc(PROXY__OUTPUT_SIZE);
    worker->path_area = mem_alloc(HTTP_PATH_AREA(HTTP_REQUEST_LINE_MAX));
    list_init(&worker->ports);
    list_init(&worker->dead);
    list_init(&worker->mirrors);
    random_init(&worker->random);
    worker->upstream = upstream_new(worker->loop, random_next(&worker->random));
    loop_deferred_init(&worker->reclaim, worker_reclaim, worker);
    loop_timer_init(&worker->log_flush, worker_on_tick, worker);
    loop_timer_start(worker->loop, &worker->log_flush, TICK_MS);
}

/* Signals belong to the main thread. A write to a closed socket is an error, not a signal. */
static int thread_start(struct proxy__worker *worker)
{
    sigset_t all;
    sigset_t before;
    (void)sigfillset(&all); /* cannot fail */
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&worker->thread, NULL, worker_run, worker);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

enum err proxy__worker_start(struct proxy *proxy, uint32_t index, struct proxy__worker **ret_worker)
{
    struct proxy__worker *worker = MEM_NEW(struct proxy__worker);
    worker->loop = loop_new();
    worker_init(worker, proxy, index);
    if (thread_start(worker) != 0) {
        worker_deinit(worker);
        worker_free(worker);
        return ERR_LIMIT;
    }
    *ret_worker = worker;
    return ERR_OK;
}

static void worker_on_stop(void *arg)
{
    struct proxy__worker *worker = arg;
    loop_stop(worker->loop);
}

void proxy__worker_join(struct proxy__worker *worker)
{
    loop_post(worker->loop, worker_on_stop, worker);
    (void)pthread_join(worker->thread, NULL); /* it is ours and ends by itself */
    worker_free(worker);
}
