#include "core/metrics/internal.h"
#include "core/metrics/metrics.h"

/* A quotient as a decimal without a float's surprises: 2500 / 1000000 is "0.0025". */
static void ratio_append(struct buf *buf, uint64_t value, uint32_t divisor)
{
    if (divisor == 0)
        divisor = 1;
    buf_append_u64(buf, value / divisor);
    uint64_t rest = value % divisor;
    if (rest > 0)
        buf_append_char(buf, '.');
    /* Divisors are powers of ten, so this ends; twelve digits are a bound. */
    for (int digits = 0; rest > 0 && digits < 12; digits++) {
        rest *= 10;
        buf_append_char(buf, (char)('0' + rest / divisor));
        rest %= divisor;
    }
}

static void name_append(struct buf *buf, const struct metrics_family *family, const char *suffix,
                        const struct metrics__entry *entry)
{
    buf_printf(buf, "%s%s", family->description.name, suffix);
    if (entry->label_size == 0)
        return;
    buf_append_char(buf, '{');
    buf_append(buf, str_make(entry->labels, entry->label_size));
    buf_append_char(buf, '}');
}

static void bucket_append(struct buf *buf, const struct metrics_family *family,
                          const struct metrics__entry *entry, uint32_t index)
{
    buf_printf(buf, "%s_bucket{", family->description.name);
    buf_append(buf, str_make(entry->labels, entry->label_size));
    if (entry->label_size > 0)
        buf_append_char(buf, ',');
    buf_append(buf, STR("le=\""));
    if (index < entry->series.bound_count)
        ratio_append(buf, entry->series.bounds[index], family->description.divisor);
    else
        buf_append(buf, STR("+Inf"));
    buf_append(buf, STR("\"} "));
}

static void histogram_print(const struct metrics_family *family, const struct metrics__entry *entry,
                            struct buf *buf)
{
    uint64_t count = 0;
    uint32_t slot = entry->series.slot;
    for (uint32_t i = 0; i <= entry->series.bound_count; i++) {
        count += metrics__slot_sum(family->metrics, slot + i);
        bucket_append(buf, family, entry, i);
        buf_append_u64(buf, count);
        buf_append_char(buf, '\n');
    }
    name_append(buf, family, "_sum", entry);
    buf_append_char(buf, ' ');
    ratio_append(buf, metrics__slot_sum(family->metrics, slot + entry->series.bound_count + 1),
                 family->description.divisor);
    buf_append_char(buf, '\n');
    name_append(buf, family, "_count", entry);
    buf_append_char(buf, ' ');
    buf_append_u64(buf, count);
    buf_append_char(buf, '\n');
}

static void value_print(const struct metrics_family *family, const struct metrics__entry *entry,
                        struct buf *buf)
{
    uint64_t value = metrics__slot_sum(family->metrics, entry->series.slot);
    name_append(buf, family, "", entry);
    buf_append_char(buf, ' ');
    if (family->description.type == METRICS_GAUGE && (int64_t)value < 0) {
        /* The writers' slots are read one after the other: what one took may be seen before what
         * another added. */
        value = 0;
    }
    buf_append_u64(buf, value);
    buf_append_char(buf, '\n');
}

static const char *type_name(enum metrics_type type)
{
    switch (type) {
    case METRICS_COUNTER: return "counter";
    case METRICS_GAUGE: return "gauge";
    case METRICS_HISTOGRAM: return "histogram";
    }
    UNREACHABLE();
}

static void family_print(const struct metrics_family *family, struct buf *buf)
{
    const struct metrics_description *description = &family->description;
    if (family->read == NULL && map_count(family->entries) == 0)
        return;
    buf_printf(buf, "# HELP %s %s\n# TYPE %s %s\n", description->name, description->help,
               description->name, type_name(description->type));
    if (family->read != NULL) {
        buf_printf(buf, "%s ", description->name);
        buf_append_u64(buf, family->read(family->read_arg));
        buf_append_char(buf, '\n');
    }
    struct map_cursor at = {0};
    const struct metrics__entry *entry;
    while ((entry = map_next(family->entries, &at)) != NULL) {
        if (entry->dropped)
            continue;
        if (description->type == METRICS_HISTOGRAM)
            histogram_print(family, entry, buf);
        else
            value_print(family, entry, buf);
    }
}

void metrics_print(const struct metrics *metrics, struct buf *buf)
{
    for (size_t i = 0; i < metrics->families.count; i++)
        family_print(metrics->families.items[i], buf);
}
