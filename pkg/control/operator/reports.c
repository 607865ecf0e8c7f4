#include "control/operator/reports.h"

#include "core/base/log.h"

#define LINE_SIZE_MAX ((size_t)8 * 1024)

void operator__reports_init(struct operator__reports *reports)
{
    *reports = (struct operator__reports){finding_book_new(), map_new(), finding_list_new()};
}

void operator__reports_deinit(struct operator__reports *reports)
{
    reports->source = finding_book_free(reports->source);
    reports->logged = map_free(reports->logged);
    reports->now = finding_list_free(reports->now);
}

void operator__reports_begin(struct operator__reports *reports)
{
    finding_list_clear(reports->now);
    finding_book_collect(reports->source, reports->now);
}

static void log_finding(const struct finding *finding, struct str line)
{
    if (finding->severity == FINDING_ERROR)
        LOG(LOG_ERROR, "finding", LOG_STR("text", line));
    else
        LOG(LOG_WARNING, "finding", LOG_STR("text", line));
}

void operator__reports_end(struct operator__reports *reports)
{
    struct map *before = TAKE(reports->logged);
    struct buf line;
    reports->logged = map_new();
    buf_init(&line, LINE_SIZE_MAX);
    for (size_t i = 0; i < finding_count(reports->now); i++) {
        const struct finding *finding = finding_get(reports->now, i);
        buf_clear(&line);
        finding_print(finding, &line);
        if (map_get(before, buf_str(&line)) == NULL &&
            map_get(reports->logged, buf_str(&line)) == NULL)
            log_finding(finding, str_trim(buf_str(&line)));
        (void)map_set(reports->logged, buf_str(&line), reports); /* or is there already */
    }
    before = map_free(before);
    buf_deinit(&line);
}
