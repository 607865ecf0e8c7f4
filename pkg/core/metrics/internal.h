/* Private to core/metrics: what counting and printing share. */
#pragma once

#include <stdbool.h>

#include "core/base/map.h"
#include "core/base/vec.h"
#include "core/metrics/metrics.h"

/* The largest series: a histogram's buckets, the one above all bounds, and the sum. */
#define SERIES_SLOTS_MAX (METRICS_BUCKETS_MAX + 2)

/* A series with what the hot path does not need. */
struct metrics__entry {
    struct metrics_series series; /* first: callers hold this */
    uint32_t references;
    bool dropped;
    char *labels; /* `a="x",b="y"`, escaped: also its key */
    size_t label_size;
};

struct metrics_family {
    struct metrics *metrics;
    struct metrics_description description;
    uint32_t slot_count; /* of one series */
    struct map *entries; /* by `labels` */
    metrics_read_fn read;
    void *read_arg;
};

/* Runs of slots to be used again, by their size. */
struct metrics__free_slots {
    VEC(uint32_t) slots;
};

struct metrics {
    struct metrics_writer *writers;
    uint32_t writer_count;
    uint32_t slot_count; /* handed out once, in use or free */
    uint64_t dropped_count;
    struct metrics__free_slots free_slots[SERIES_SLOTS_MAX + 1];
    VEC(struct metrics_family *) families;
};

/* The sum of one slot over the writers. */
uint64_t metrics__slot_sum(const struct metrics *metrics, uint32_t slot);
