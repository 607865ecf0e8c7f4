/* Private to data/proxy: a worker, and what it serves. */
#pragma once

#include <pthread.h>

#include "core/base/list.h"
#include "core/base/random.h"
#include "core/http/http.h"
#include "data/proxy/metrics.h"
#include "data/proxy/proxy.h"
#include "data/subscribe/subscribe.h"
#include "data/upstream/upstream.h"

/* Bytes read at once. With what framing adds to them they fit a block. */
#define PROXY__READ_SIZE ((size_t)64 * 1024)

/* A head as it is written anew, and the first bytes of its body's framing. */
#define PROXY__OUTPUT_SIZE ((size_t)80 * 1024)

struct proxy__block;
struct proxy__log_chunk;
struct proxy__request;

/* A staged state with the series of its listeners. Belongs to the main thread; every worker has one
 * hold on it, until its last request that began with it has ended. */
struct proxy__state {
    struct subscribe_state *staged;
    const struct model_snapshot *resolved; /* what it serves, with addresses for names */
    struct proxy__series *series;          /* one per listener */
    uint32_t holds;
    uint32_t swaps_missing; /* workers that do not serve it yet */
};

/* What requests begin with and pin. */
struct proxy__view {
    struct proxy__worker *worker;
    struct proxy__state *state;
    struct upstream_set *upstreams;
    uint32_t references;
};

struct proxy__worker {
    struct proxy *proxy;
    struct loop *loop;
    struct metrics_writer *metrics;
    struct upstream *upstream;
    struct proxy__view *view;        /* of new requests; NULL: nothing to serve yet */
    struct proxy__block *blocks;     /* free */
    struct proxy__request *requests; /* free */
    struct proxy__log_chunk *log;    /* being filled; NULL: none yet */
    struct random random;
    uint64_t wall_offset_ms; /* wall time minus the loop's */
    uint64_t wall_checked_ms;
    uint64_t second; /* of the two texts below */
    char date[HTTP_DATE_SIZE];
    char log_time[20]; /* "2026-11-24T03:50:19." */
    struct http_request request;
    struct http_response response;
    char *input;     /* PROXY__READ_SIZE */
    char *output;    /* PROXY__OUTPUT_SIZE */
    char *path_area; /* a path's normal form */

    struct list ports;
    struct list dead; /* closed connections, until the end of the turn */
    struct list mirrors;
    struct loop_deferred reclaim;
    struct loop_timer log_flush;
    uint32_t index;
    uint32_t conn_count;
    uint32_t conn_alive;  /* memory of connections, the free ones not counted */
    uint32_t block_count; /* taken, like the next */
    uint32_t request_count;
    uint32_t mirror_count;
    uint32_t blocks_free;
    uint32_t requests_free;
    bool draining; /* answers say "connection: close" */
    bool leaving;  /* the listeners are closed */
    bool left;     /* it was told that nothing is open */
    pthread_t thread;
    uint64_t second_tries;
    uint64_t mirrors_begun;
    uint64_t mirrors_lost;
    uint64_t lines_dropped;
    struct proxy__published published;
};

MUST_USE enum err proxy__worker_start(struct proxy *proxy, uint32_t index,
                                      struct proxy__worker **ret_worker);

/* From the main thread: ends the worker's thread and frees it. */
void proxy__worker_join(struct proxy__worker *worker);

struct proxy__view *proxy__view_ref(struct proxy__view *view);
void proxy__view_unref(struct proxy__view *view);

/* Serves `state`, of which the caller has made one hold for this worker. Worker's thread. */
void proxy__worker_swap(struct proxy__worker *worker, struct proxy__state *state);

/* Closes listeners and idle connections, then everything. Worker's thread. */
void proxy__worker_leave(struct proxy__worker *worker);
void proxy__worker_abort(struct proxy__worker *worker);

/* Tells the main thread when nothing is open any more. */
void proxy__worker_check_left(struct proxy__worker *worker);

/* Refreshes the texts of the time. Returns the wall time in milliseconds. */
uint64_t proxy__worker_wall(struct proxy__worker *worker);
