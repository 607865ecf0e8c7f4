#include "core/metrics/metrics.h"

#include <string.h>

#include "core/base/map.h"
#include "core/base/mem.h"
#include "core/base/vec.h"
#include "core/metrics/internal.h"

#define CHUNKS_MAX (METRICS_SLOTS_MAX / METRICS_CHUNK_SLOTS)
/* Slot 0 to here take what does not fit: never printed. */
#define SINK_SLOTS SERIES_SLOTS_MAX

static uint64_t slot_read(const struct metrics_writer *writer, uint32_t slot)
{
    const uint64_t *chunk = writer->chunks[slot >> METRICS_CHUNK_BITS];
    return __atomic_load_n(&chunk[slot & (METRICS_CHUNK_SLOTS - 1)], __ATOMIC_RELAXED);
}

uint64_t metrics__slot_sum(const struct metrics *metrics, uint32_t slot)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < metrics->writer_count; i++)
        sum += slot_read(&metrics->writers[i], slot);
    return sum;
}

static void chunk_ensure(struct metrics *metrics, uint32_t chunk)
{
    for (uint32_t i = 0; i < metrics->writer_count; i++) {
        uint64_t **place = &metrics->writers[i].chunks[chunk];
        if (*place == NULL)
            *place = MEM_NEW_ARRAY(uint64_t, METRICS_CHUNK_SLOTS);
    }
}

/* A run of zeroed slots inside one chunk; false: there is no room. */
static bool slots_take(struct metrics *metrics, uint32_t count, uint32_t *ret_slot)
{
    struct metrics__free_slots *unused = &metrics->free_slots[count];
    if (unused->slots.count > 0) {
        *ret_slot = unused->slots.items[--unused->slots.count];
        return true;
    }
    uint32_t slot = metrics->slot_count;
    uint32_t left = METRICS_CHUNK_SLOTS - slot % METRICS_CHUNK_SLOTS;
    if (left < count)
        slot += left; /* at most SERIES_SLOTS_MAX - 1 of a chunk's slots stay unused */
    if (slot + count > METRICS_SLOTS_MAX)
        return false;
    chunk_ensure(metrics, slot >> METRICS_CHUNK_BITS);
    metrics->slot_count = slot + count;
    *ret_slot = slot;
    return true;
}

static void slots_return(struct metrics *metrics, uint32_t slot, uint32_t count)
{
    for (uint32_t i = 0; i < metrics->writer_count; i++) {
        uint64_t *chunk = metrics->writers[i].chunks[slot >> METRICS_CHUNK_BITS];
        for (uint32_t j = 0; j < count; j++)
            __atomic_store_n(&chunk[(slot + j) & (METRICS_CHUNK_SLOTS - 1)], 0, __ATOMIC_RELAXED);
    }
    VEC_PUSH(&metrics->free_slots[count].slots, slot);
}

static uint64_t dropped_read(void *arg)
{
    const struct metrics *metrics = arg;
    return metrics->dropped_count;
}

struct metrics *metrics_new(uint32_t writer_count)
{
    ASSERT(writer_count > 0);
    struct metrics *metrics = MEM_NEW(struct metrics);
    metrics->writers = MEM_NEW_ARRAY(struct metrics_writer, writer_count);
    metrics->writer_count = writer_count;
    chunk_ensure(metrics, 0);
    metrics->slot_count = SINK_SLOTS;
    metrics_gauge_new(metrics, "otemon_metrics_series_dropped",
                      "Open series that are not printed, because there are too many.", dropped_read,
                      metrics);
    return metrics;
}

static void entry_free(struct metrics__entry *entry)
{
    mem_free(entry->labels);
    mem_free(entry);
}

static void family_free(struct metrics_family *family)
{
    struct map_cursor at = {0};
    struct metrics__entry *entry;
    while ((entry = map_next(family->entries, &at)) != NULL)
        entry_free(entry);
    (void)map_free(family->entries); /* always NULL */
    mem_free(family);
}

struct metrics *metrics_free(struct metrics *metrics)
{
    if (metrics == NULL)
        return NULL;
    for (size_t i = 0; i < metrics->families.count; i++)
        family_free(metrics->families.items[i]);
    VEC_FREE(&metrics->families);
    for (size_t i = 0; i < ARRAY_SIZE(metrics->free_slots); i++)
        VEC_FREE(&metrics->free_slots[i].slots);
    for (uint32_t i = 0; i < metrics->writer_count; i++) {
        for (size_t j = 0; j < CHUNKS_MAX; j++)
            mem_free(metrics->writers[i].chunks[j]);
    }
    mem_free(metrics->writers);
    return mem_free(metrics);
}

struct metrics_writer *metrics_writer(struct metrics *metrics, uint32_t index)
{
    ASSERT(index < metrics->writer_count);
    return &metrics->writers[index];
}

struct metrics_family *metrics_family_new(struct metrics *metrics,
                                          const struct metrics_description *description)
{
    bool histogram = description->type == METRICS_HISTOGRAM;
    ASSERT(description->label_count <= METRICS_LABELS_MAX);
    ASSERT(description->bound_count <= METRICS_BUCKETS_MAX);
    ASSERT(histogram == (description->bounds != NULL));
    for (size_t i = 0; i < metrics->families.count; i++)
        ASSERT(strcmp(metrics->families.items[i]->description.name, description->name) != 0);
    struct metrics_family *family = MEM_NEW(struct metrics_family);
    family->metrics = metrics;
    family->description = *description;
    family->slot_count = histogram ? description->bound_count + 2 : 1;
    family->entries = map_new();
    VEC_PUSH(&metrics->families, family);
    return family;
}

void metrics_gauge_new(struct metrics *metrics, const char *name, const char *help,
                       metrics_read_fn read, void *arg)
{
    struct metrics_family *family = metrics_family_new(
        metrics, &(struct metrics_description){.name = name, .help = help, .type = METRICS_GAUGE});
    family->read = read;
    family->read_arg = arg;
}

/* Exposition formats, section "Comments, help text, and type information": \ " and newline are
 * escaped in label values; only \ and newline in help texts, which we write ourselves. */
static void label_append(struct buf *buf, const char *name, struct str value)
{
    buf_printf(buf, "%s=\"", name);
    for (size_t i = 0; i < value.size; i++) {
        char c = value.data[i];
        if (c == '\n')
            buf_append(buf, STR("\\n"));
        else if (c == '"' || c == '\\')
            buf_append(buf, str_make((const char[]){'\\', c}, 2));
        else
            buf_append_char(buf, c);
    }
    buf_append_char(buf, '"');
}

static struct metrics__entry *entry_new(struct metrics_family *family, struct str labels)
{
    struct metrics *metrics = family->metrics;
    struct metrics__entry *entry = MEM_NEW(struct metrics__entry);
    entry->labels = mem_alloc(labels.size);
    if (labels.size > 0)
        memcpy(entry->labels, labels.data, labels.size);
    entry->label_size = labels.size;
    entry->dropped = !slots_take(metrics, family->slot_count, &entry->series.slot);
    metrics->dropped_count += entry->dropped ? 1 : 0;
    entry->series.bound_count = family->description.bound_count;
    entry->series.bounds = family->description.bounds;
    return entry;
}

struct metrics_series *metrics_series_open(struct metrics_family *family, const struct str *values)
{
    ASSERT(family->read == NULL);
    struct buf labels;
    buf_init(&labels, SIZE_MAX / 2); /* label values are names out of a checked configuration */
    for (uint32_t i = 0; i < family->description.label_count; i++) {
        if (i > 0)
            buf_append_char(&labels, ',');
        label_append(&labels, family->description.labels[i], values[i]);
    }
    struct metrics__entry *entry = map_get(family->entries, buf_str(&labels));
    if (entry == NULL) {
        entry = entry_new(family, buf_str(&labels));
        (void)map_set(family->entries, buf_str(&labels), entry); /* was not there */
    }
    buf_deinit(&labels);
    entry->references++;
    return &entry->series;
}

struct metrics_series *metrics_series_close(struct metrics_family *family,
                                            struct metrics_series *series)
{
    if (series == NULL)
        return NULL;
    struct metrics__entry *entry = CONTAINER_OF(series, struct metrics__entry, series);
    ASSERT(entry->references > 0);
    if (--entry->references > 0)
        return NULL;
    if (entry->dropped)
        family->metrics->dropped_count--;
    else
        slots_return(family->metrics, series->slot, family->slot_count);
    ASSERT(map_remove(family->entries, str_make(entry->labels, entry->label_size)) == entry);
    entry_free(entry);
    return NULL;
}

uint64_t metrics_series_value(const struct metrics *metrics, const struct metrics_series *series)
{
    if (series->bounds == NULL)
        return metrics__slot_sum(metrics, series->slot);
    uint64_t count = 0;
    for (uint32_t i = 0; i <= series->bound_count; i++)
        count += metrics__slot_sum(metrics, series->slot + i);
    return count;
}
