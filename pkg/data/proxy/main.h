/* Private to data/proxy: the main thread's part.
 *
 *     proxy (main thread) ──> worker ──> port ──> connection ──> request ──> upstream connection
 *       main.h, mail.h      worker.h   conn.h                  request.h
 *
 * Beside that line: memory.h (free lists), log.h (the access log), metrics.h. */
#pragma once

#include "data/proxy/log.h"
#include "data/proxy/mail.h"
#include "data/proxy/worker.h"
#include "data/resolve/resolve.h"

struct proxy {
    struct loop *loop;
    struct proxy_metrics *metrics;
    struct net_tls_server *tls;
    struct subscribe *subscribe;
    struct dns *dns;
    struct resolve *resolve;
    struct resolve_counts names_published;
    struct proxy__mail *mail;
    struct proxy__log_sink *sink; /* NULL: no access log */
    enum log_format log_format;
    uint32_t connections_max;
    uint32_t first_writer;
    uint32_t main_writer;
    struct proxy__worker **workers;
    uint32_t worker_count;
    uint32_t states_alive;
    struct subscribe_state *staged; /* the last one; NULL: none yet */

    proxy_applied_fn applied; /* NULL: nothing is under way */
    void *applied_arg;
    struct model_digest applied_result;
    const struct proxy__state *applying; /* NULL: its names are waited for */

    proxy_drained_fn drained; /* NULL: not draining */
    void *drained_arg;
    uint64_t drain_time_ms;
    struct loop_alarm *drain_alarm;
    uint32_t workers_open;
    bool drain_listening;
    bool drain_done;
};

/* ---- proxy.c ---- */

/* Names have other addresses, or are there that were waited for: the workers get them. */
void proxy__resolved(struct proxy *proxy);
void proxy__ready(struct proxy *proxy);

/* ---- names.c: names of back ends ---- */

/* ERR_INVALID: `server` is none. */
MUST_USE enum err proxy__names_open(struct proxy *proxy, struct str server,
                                    struct err_info *reterr);
void proxy__names_close(struct proxy *proxy);
