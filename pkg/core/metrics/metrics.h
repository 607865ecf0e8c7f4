/* Metrics: counters, gauges and histograms, written by every thread without a lock and printed in
 * the Prometheus text format 0.0.4.
 *
 * A family has a name, a help text, a type and label names; a series is a family with label values.
 * Each writer (one per thread) has an array of its own with a slot for every series. Only that
 * thread writes it, with plain relaxed stores, so the request path pays for an addition and nothing
 * else; reading sums over the writers.
 *
 *     start-up   metrics_new, metrics_family_new for each family, metrics_writer for each thread
 *     staging    metrics_series_open for each listener, route and cluster of the new state
 *     requests   metrics_add, metrics_sub, metrics_observe
 *     release    metrics_series_close when no thread can reach the state any more
 *
 * Opening a series whose label values are open already returns the same one, counted: what a
 * configuration change keeps goes on counting. Everything but the calls under "requests" belongs to
 * the thread that made the registry. A series reaches the other threads through a hand-over that
 * orders memory (loop_post does). */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/assert.h"
#include "core/base/attr.h"
#include "core/base/buf.h"
#include "core/base/str.h"

enum metrics_type {
    METRICS_COUNTER,
    METRICS_GAUGE,
    METRICS_HISTOGRAM,
};

#define METRICS_LABELS_MAX  8
#define METRICS_BUCKETS_MAX 32

/* Slots per writer: 16 MiB each when all are used. A series beyond that counts into a shared slot
 * that is never printed, and "otemon_metrics_series_dropped" says so. */
#define METRICS_SLOTS_MAX ((uint32_t)2 * 1024 * 1024)

/* All pointers are to constants that outlive the registry. */
struct metrics_description {
    const char *name; /* [a-z_0-9]; counters end in _total */
    const char *help; /* one sentence */
    enum metrics_type type;
    const char *const *labels;
    uint32_t label_count;
    /* Histograms: ascending upper bounds in the unit of metrics_observe; +Inf is implied. */
    const uint64_t *bounds;
    uint32_t bound_count;
    /* Histograms: bounds and sum are printed divided by this (1,000,000 turns microseconds into
     * the seconds that Prometheus wants); 0 means 1. */
    uint32_t divisor;
};

struct metrics;
struct metrics_family;

struct metrics_series {
    uint32_t slot; /* private, like what follows */
    uint32_t bound_count;
    const uint64_t *bounds;
};

#define METRICS_CHUNK_BITS  12
#define METRICS_CHUNK_SLOTS ((uint32_t)1 << METRICS_CHUNK_BITS)

/* Private. */
struct metrics_writer {
    uint64_t *chunks[METRICS_SLOTS_MAX / METRICS_CHUNK_SLOTS];
};

MUST_USE struct metrics *metrics_new(uint32_t writer_count);

/* After the last writer has stopped. Frees families and series too. */
struct metrics *metrics_free(struct metrics *metrics);

/* Borrowed; `index` below writer_count. */
struct metrics_writer *metrics_writer(struct metrics *metrics, uint32_t index);

/* Borrowed from the registry. The name is new, and its fields as described. */
MUST_USE struct metrics_family *metrics_family_new(struct metrics *metrics,
                                                   const struct metrics_description *description);

/* A gauge without labels that is asked for when the page is printed. */
typedef uint64_t (*metrics_read_fn)(void *arg);
void metrics_gauge_new(struct metrics *metrics, const char *name, const char *help,
                       metrics_read_fn read, void *arg);

/* Opens the series with these label values, as many as the family has labels; they are copied.
 * Never NULL. Every open needs a close. */
MUST_USE struct metrics_series *metrics_series_open(struct metrics_family *family,
                                                    const struct str *values);

/* Takes NULL. When it was the last, the series and what it counted is gone. Returns NULL. */
struct metrics_series *metrics_series_close(struct metrics_family *family,
                                            struct metrics_series *series);

/* The sum over all writers: a counter's or gauge's value, a histogram's count. */
uint64_t metrics_series_value(const struct metrics *metrics, const struct metrics_series *series);

/* Appends every family that has series, in the order of registration. */
void metrics_print(const struct metrics *metrics, struct buf *buf);

static inline void metrics_slot_add_(struct metrics_writer *writer, uint32_t slot, uint64_t n)
{
    uint64_t *value = &writer->chunks[slot >> METRICS_CHUNK_BITS][slot & (METRICS_CHUNK_SLOTS - 1)];
    __atomic_store_n(value, __atomic_load_n(value, __ATOMIC_RELAXED) + n, __ATOMIC_RELAXED);
}

/* Adds to a counter or gauge. From the thread of `writer`. */
static inline void metrics_add(struct metrics_writer *writer, const struct metrics_series *series,
                               uint64_t n)
{
    ASSERT_SLOW(series->bounds == NULL);
    metrics_slot_add_(writer, series->slot, n);
}

/* Takes from a gauge; one writer may add what another takes, since only the sum counts. */
static inline void metrics_sub(struct metrics_writer *writer, const struct metrics_series *series,
                               uint64_t n)
{
    ASSERT_SLOW(series->bounds == NULL);
    metrics_slot_add_(writer, series->slot, 0 - n);
}

/* Records one value in a histogram. A histogram's slots: a bucket per bound, the one above all
 * bounds, the sum. */
static inline void metrics_observe(struct metrics_writer *writer,
                                   const struct metrics_series *series, uint64_t value)
{
    ASSERT_SLOW(series->bounds != NULL);
    uint32_t bucket = 0;
    while (bucket < series->bound_count && value > series->bounds[bucket])
        bucket++;
    metrics_slot_add_(writer, series->slot + bucket, 1);
    metrics_slot_add_(writer, series->slot + series->bound_count + 1, value);
}

CLEANUP_DEFINE(struct metrics, metrics_free);
