#include "otemon/report.h"

#include "core/base/log.h"
#include "core/base/mem.h"

struct report {
    struct table_style style;
    struct table *table; /* NULL before the first one with rows */
    struct buf headline;
    struct finding_list *findings;
};

struct report *report_new(struct table_style style)
{
    struct report *report = MEM_NEW(struct report);
    report->style = style;
    report->findings = finding_list_new();
    buf_init(&report->headline, REPORT_SIZE_MAX);
    return report;
}

struct report *report_free(struct report *report)
{
    if (report == NULL)
        return NULL;
    table_free(report->table);
    buf_deinit(&report->headline);
    finding_list_free(report->findings);
    return mem_free(report);
}

static void headline_build(const struct placement *placement, struct buf *buf)
{
    for (size_t i = 0; placement != NULL && i < placement->count; i++) {
        const struct placement_entry *entry = &placement->entries[i];
        const struct compile_dataplane *dataplane = &entry->dataplane;
        buf_append(buf, STR("dataplane "));
        log_append_text(buf, dataplane->name);
        buf_printf(buf, " (mesh %.*s) on %.*s", STR_ARG(dataplane->mesh),
                   STR_ARG(dataplane->address));
        if (entry->has_instance)
            buf_append(buf, STR(", derived from the MeshGatewayInstance of the MeshGateway"));
        else if (entry->is_derived)
            buf_append(buf, STR(", derived from the first selector of the MeshGateway"));
        buf_append_char(buf, '\n');
    }
}

/* The dataplanes, when they are others than last time. */
static void headline_update(struct report *report, const struct placement *placement,
                            struct buf *buf)
{
    struct buf headline;
    buf_init(&headline, REPORT_SIZE_MAX);
    headline_build(placement, &headline);
    if (str_equal(buf_str(&headline), buf_str(&report->headline))) {
        buf_deinit(&headline);
        return;
    }
    buf_append(buf, buf_str(&headline));
    buf_deinit(&report->headline);
    report->headline = headline;
}

static void table_update(struct report *report, const struct model_snapshot *served,
                         struct buf *buf)
{
    struct table *table = table_new(served);
    if (report->table == NULL && table_rows(table) > 0)
        table_print(table, report->style, buf);
    if (report->table != NULL)
        (void)table_print_changes(report->table, table, report->style, buf); /* none is fine */
    if (report->table != NULL || table_rows(table) > 0) {
        table_free(report->table);
        report->table = table;
    } else {
        table_free(table);
    }
}

static void finding_say(const struct report *report, const struct finding *finding, bool solved,
                        struct buf *buf)
{
    struct str colour = STR("\x1b[33m");
    if (finding->severity == FINDING_ERROR)
        colour = STR("\x1b[31m");
    if (solved)
        colour = STR("\x1b[32m");
    if (report->style.colour)
        buf_append(buf, colour);
    if (solved)
        buf_append(buf, STR("solved: "));
    finding_print(finding, buf);
    if (report->style.colour)
        buf_append(buf, STR("\x1b[0m"));
    buf_append_char(buf, '\n');
}

/* Both lists are sorted: one walk tells what is new and what is gone. */
static void findings_update(struct report *report, const struct finding_list *findings,
                            struct buf *buf)
{
    size_t old = 0;
    size_t new = 0;
    while (old < finding_count(report->findings) || new < finding_count(findings)) {
        const struct finding *was = old < finding_count(report->findings)
                                        ? finding_get(report->findings, old)
                                        : NULL;
        const struct finding *is = new < finding_count(findings) ? finding_get(findings, new)
                                                                 : NULL;
        int order = was == NULL ? 1 : is == NULL ? -1 : finding_compare(was, is);
        if (order < 0)
            finding_say(report, was, true, buf);
        if (order > 0)
            finding_say(report, is, false, buf);
        old += order <= 0;
        new += order >= 0;
    }
    finding_list_clear(report->findings);
    finding_add_all(report->findings, findings);
}

void report_update(struct report *report, const struct report_input *input, struct buf *buf)
{
    headline_update(report, input->placement, buf);
    table_update(report, input->served, buf);
    findings_update(report, input->findings, buf);
}
