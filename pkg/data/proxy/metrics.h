/* Private to data/proxy: what is counted. A worker counts in plain numbers, which become metrics
 * now and then; what listeners count by themselves are series that requests add to. */
#pragma once

#include "core/metrics/metrics.h"
#include "data/proxy/proxy.h"

struct proxy__worker;

/* Of a listener. */
struct proxy__series {
    struct metrics_series *connections_open;
    struct metrics_series *connections;
    struct metrics_series *requests[6]; /* by status / 100; [0]: ended without an answer */
    struct metrics_series *duration;
    struct metrics_series *bytes_received;
    struct metrics_series *bytes_sent;
    struct metrics_series *handshakes;
    struct metrics_series *handshake_failures;
};

/* What the metrics already have of a worker's plain numbers. */
struct proxy__published {
    uint64_t connects;
    uint64_t failures;
    uint64_t reuses;
    uint64_t open;
    uint64_t idle;
    uint64_t endpoints;
    uint64_t views;
    uint64_t requests;
    uint64_t blocks;
    uint64_t second_tries;
    uint64_t mirrors;
    uint64_t mirrors_lost;
    uint64_t lines_dropped;
};

#define PROXY__PLAIN_METRICS 17

struct proxy_metrics {
    struct metrics *registry;
    struct metrics_family *connections_open;
    struct metrics_family *connections;
    struct metrics_family *requests;
    struct metrics_family *duration;
    struct metrics_family *bytes_received;
    struct metrics_family *bytes_sent;
    struct metrics_family *handshakes;
    struct metrics_family *families[PROXY__PLAIN_METRICS]; /* of what follows, without labels */
    struct metrics_series *second_tries;
    struct metrics_series *mirrors;
    struct metrics_series *mirrors_lost;
    struct metrics_series *upstream_connects;
    struct metrics_series *upstream_failures;
    struct metrics_series *upstream_reuses;
    struct metrics_series *upstream_open;
    struct metrics_series *upstream_idle;
    struct metrics_series *endpoints;
    struct metrics_series *views;
    struct metrics_series *requests_open;
    struct metrics_series *blocks;
    struct metrics_series *lines_dropped;
    struct metrics_series *names;
    struct metrics_series *name_queries;
    struct metrics_series *name_failures;
    struct metrics_series *name_changes;
};

void proxy__series_open(struct proxy_metrics *metrics, struct str listener,
                        struct proxy__series *series);
void proxy__series_close(struct proxy_metrics *metrics, struct proxy__series *series);

/* Brings the worker's plain numbers into its metrics, and those of the main thread into its. */
void proxy__worker_publish(struct proxy__worker *worker);
void proxy__names_publish(struct proxy *proxy);
