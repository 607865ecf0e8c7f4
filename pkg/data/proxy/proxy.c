/* The main thread's side: staging, swaps and their acknowledgement, life and end of the workers. */
#include "data/proxy/proxy.h"

#include <sched.h>

#include "core/base/assert.h"
#include "core/base/file.h"
#include "core/base/mem.h"
#include "data/proxy/main.h"

/* ---- States ---- */

static void state_free(struct proxy *proxy, struct proxy__state *state)
{
    for (size_t i = 0; i < state->staged->listener_count; i++)
        proxy__series_close(proxy->metrics, &state->series[i]);
    state->series = mem_free(state->series);
    (void)model_snapshot_unref(state->resolved); /* always NULL */
    state->staged = subscribe_state_unref(state->staged);
    (void)mem_free(state); /* always NULL */
    proxy->states_alive--;
}

/* What was staged last, with the addresses that its names have now; one hold per worker. */
static struct proxy__state *state_new(struct proxy *proxy)
{
    struct proxy__state *state = MEM_NEW(struct proxy__state);
    const struct subscribe_state *staged = proxy->staged;
    state->staged = subscribe_state_ref(proxy->staged);
    state->resolved = resolve_snapshot(proxy->resolve);
    state->swaps_missing = proxy->worker_count;
    state->series = MEM_NEW_ARRAY(struct proxy__series, staged->listener_count);
    state->holds = proxy->worker_count;
    for (size_t i = 0; i < staged->listener_count; i++)
        proxy__series_open(proxy->metrics, staged->listeners[i].model->name, &state->series[i]);
    proxy->states_alive++;
    return state;
}

static void on_left(struct proxy *proxy)
{
    ASSERT(proxy->workers_open > 0);
    if (--proxy->workers_open > 0 || proxy->drained == NULL || proxy->drain_done)
        return;
    proxy->drain_done = true;
    loop_alarm_cancel(proxy->drain_alarm);
    proxy->drained(proxy->drained_arg);
}

static void on_swapped(struct proxy *proxy, struct proxy__state *state)
{
    ASSERT(state->swaps_missing > 0);
    if (--state->swaps_missing > 0 || state != proxy->applying)
        return;
    proxy->applying = NULL;
    proxy_applied_fn applied = TAKE(proxy->applied);
    struct model_digest result = proxy->applied_result;
    applied(proxy->applied_arg, &result);
}

static void on_letter(void *arg, enum proxy__letter letter, void *content)
{
    struct proxy *proxy = arg;
    switch (letter) {
    case PROXY__LETTER_SWAPPED: on_swapped(proxy, content); return;
    case PROXY__LETTER_RELEASED: {
        struct proxy__state *state = content;
        ASSERT(state->holds > 0);
        if (--state->holds == 0)
            state_free(proxy, state);
        return;
    }
    case PROXY__LETTER_LEFT: on_left(proxy); return;
    }
    UNREACHABLE();
}

struct swap {
    struct proxy__worker *worker;
    struct proxy__state *state;
};

static void worker_on_swap(void *arg)
{
    struct swap *swap = arg;
    proxy__worker_swap(swap->worker, swap->state);
    (void)mem_free(swap); /* always NULL */
}

static const struct proxy__state *swap(struct proxy *proxy)
{
    struct proxy__state *state = state_new(proxy);
    for (uint32_t i = 0; i < proxy->worker_count; i++) {
        struct swap *swap = MEM_NEW(struct swap);
        swap->worker = proxy->workers[i];
        swap->state = state;
        loop_post(swap->worker->loop, worker_on_swap, swap);
    }
    return state;
}

void proxy__ready(struct proxy *proxy)
{
    ASSERT(proxy->applied != NULL && proxy->applying == NULL);
    proxy->applying = swap(proxy);
}

/* What is under way is swapped before, so it is acknowledged by itself. */
void proxy__resolved(struct proxy *proxy)
{
    (void)swap(proxy); /* nobody waits for it */
}

enum err proxy_apply(struct proxy *proxy, const struct model_transaction *transaction,
                     proxy_applied_fn applied, void *arg, struct err_info *reterr)
{
    ASSERT(proxy != NULL && applied != NULL);
    if (proxy->applied != NULL)
        return err_set(reterr, ERR_AGAIN, "the transaction before is not acknowledged yet");
    struct subscribe_state *staged;
    enum err result = subscribe_stage(proxy->subscribe, transaction, &staged, reterr);
    if (result != ERR_OK)
        return result;
    proxy->applied = applied;
    proxy->applied_arg = arg;
    proxy->applied_result = transaction->result;
    proxy->staged = subscribe_state_unref(proxy->staged);
    proxy->staged = staged;
    if (resolve_set(proxy->resolve, staged->snapshot))
        proxy__ready(proxy);
    proxy__names_publish(proxy);
    return ERR_OK;
}

const struct model_snapshot *proxy_snapshot(const struct proxy *proxy)
{
    const struct subscribe_state *last = subscribe_last(proxy->subscribe);
    return last != NULL ? last->snapshot : NULL;
}

void proxy_dump(const struct proxy *proxy, struct buf *buf)
{
    buf_printf(buf, "{\"statesAlive\":%u,\"workers\":%u,\"names\":", proxy->states_alive,
               proxy->worker_count);
    resolve_print(proxy->resolve, buf);
    buf_append(buf, STR(",\"snapshot\":"));
    const struct model_snapshot *snapshot = proxy_snapshot(proxy);
    if (snapshot != NULL)
        model_snapshot_print(snapshot, true, buf);
    else
        buf_append(buf, STR("null"));
    buf_append(buf, STR("}\n"));
}

/* ---- Draining ---- */

static void worker_on_drain(void *arg)
{
    struct proxy__worker *worker = arg;
    worker->draining = true;
}

static void worker_on_leave(void *arg)
{
    proxy__worker_leave(arg);
}

static void worker_on_abort(void *arg)
{
    proxy__worker_abort(arg);
}

static void post_all(struct proxy *proxy, loop_task_fn fn)
{
    for (uint32_t i = 0; i < proxy->worker_count; i++)
        loop_post(proxy->workers[i]->loop, fn, proxy->workers[i]);
}

static void drain_on_alarm(void *arg)
{
    struct proxy *proxy = arg;
    if (proxy->drain_listening) {
        proxy->drain_listening = false;
        post_all(proxy, worker_on_leave);
        loop_alarm_set(proxy->drain_alarm, proxy->drain_time_ms);
    } else {
        post_all(proxy, worker_on_abort);
    }
}

void proxy_drain(struct proxy *proxy, uint64_t delay_ms, uint64_t time_ms, proxy_drained_fn drained,
                 void *arg)
{
    ASSERT(proxy->drained == NULL && drained != NULL);
    proxy->drained = drained;
    proxy->drained_arg = arg;
    proxy->drain_time_ms = time_ms;
    proxy->drain_listening = true;
    post_all(proxy, worker_on_drain);
    loop_alarm_set(proxy->drain_alarm, delay_ms);
}

/* ---- Life ---- */

#define CPU_MAX_FILE "/sys/fs/cgroup/cpu.max"

/* "50000 100000": the quota over the period, rounded up; 0: none. */
static uint32_t cgroup_cpus(void)
{
    struct buf text;
    buf_init(&text, 64);
    uint64_t quota = 0;
    uint64_t period = 1;
    if (file_read(CPU_MAX_FILE, &text, NULL) == ERR_OK) {
        struct str rest = str_trim(buf_str(&text));
        struct str first = str_cut(&rest, ' ');
        rest = str_trim(str_make(rest.data, rest.size));
        if (rest.size > 0 && rest.data[rest.size - 1] == '\n')
            rest.size--;
        if (!str_parse_u64(first, UINT32_MAX, &quota) ||
            !str_parse_u64(rest, UINT32_MAX, &period) || period == 0) {
            quota = 0;
            period = 1;
        }
    }
    buf_deinit(&text);
    return (uint32_t)MIN((quota + period - 1) / period, PROXY_WORKERS_MAX);
}

uint32_t proxy_workers_default(void)
{
    cpu_set_t set;
    uint32_t count = 1;
    if (sched_getaffinity(0, sizeof(set), &set) == 0)
        count = (uint32_t)CPU_COUNT(&set);
    uint32_t limit = cgroup_cpus();
    if (limit > 0 && limit < count)
        count = limit;
    return MAX(1U, MIN(count, PROXY_WORKERS_MAX));
}

static enum err workers_start(struct proxy *proxy, uint32_t count, struct err_info *reterr)
{
    proxy->workers = MEM_NEW_ARRAY(struct proxy__worker *, count);
    for (uint32_t i = 0; i < count; i++) {
        if (proxy__worker_start(proxy, i, &proxy->workers[i]) != ERR_OK)
            return err_set(reterr, ERR_LIMIT, "no thread for worker %u", i);
        proxy->worker_count++;
    }
    proxy->workers_open = count;
    return ERR_OK;
}

enum err proxy_new(const struct proxy_options *options, struct proxy **ret_proxy,
                   struct err_info *reterr)
{
    ASSERT(options->workers > 0 && options->workers <= PROXY_WORKERS_MAX);
    struct proxy *proxy = MEM_NEW(struct proxy);
    proxy->loop = options->loop;
    proxy->metrics = options->metrics;
    proxy->first_writer = options->first_writer;
    proxy->main_writer = options->main_writer;
    proxy->log_format = options->log_format;
    proxy->connections_max = options->connections_max > 0 ? options->connections_max
                                                          : PROXY_CONNECTIONS_MAX;
    proxy->mail = proxy__mail_new(options->loop, on_letter, proxy);
    proxy->drain_alarm = loop_alarm_open(options->loop, drain_on_alarm, proxy);
    struct str trust_file = options->trust_file.size > 0 ? options->trust_file
                                                         : STR(SUBSCRIBE_TRUST_FILE);
    enum err result = net_tls_server_new(NULL, NULL, &proxy->tls, reterr);
    if (result == ERR_OK)
        result = proxy__names_open(proxy, options->dns_server, reterr);
    if (result == ERR_OK)
        proxy->subscribe = subscribe_new(proxy->tls, options->workers, trust_file);
    if (result == ERR_OK && options->log_fd >= 0 &&
        proxy__log_sink_new(options->log_fd, &proxy->sink) != ERR_OK)
        result = err_set(reterr, ERR_LIMIT, "no thread for the access log");
    if (result == ERR_OK)
        result = workers_start(proxy, options->workers, reterr);
    if (result != ERR_OK) {
        (void)proxy_free(proxy); /* always NULL */
        return result;
    }
    *ret_proxy = proxy;
    return ERR_OK;
}

struct proxy *proxy_free(struct proxy *proxy)
{
    if (proxy == NULL)
        return NULL;
    proxy->applied = NULL;
    proxy->applying = NULL;
    proxy->drain_done = true;
    proxy__names_close(proxy);
    for (uint32_t i = 0; i < proxy->worker_count; i++)
        proxy__worker_join(proxy->workers[i]);
    proxy__mail_close(proxy->mail);
    ASSERT(proxy->states_alive == 0);
    proxy->staged = subscribe_state_unref(proxy->staged);
    proxy->workers = mem_free(proxy->workers);
    proxy->sink = proxy__log_sink_free(proxy->sink);
    proxy->subscribe = subscribe_free(proxy->subscribe);
    proxy->tls = net_tls_server_free(proxy->tls);
    proxy->drain_alarm = loop_alarm_close(proxy->drain_alarm);
    return mem_free(proxy);
}
