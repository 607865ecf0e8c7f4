/* What `otemon run` tells people: which dataplanes it serves, the table of what is served, and
 * every finding; after the first time only what changed.
 *
 * The report remembers what it said. A finding that is gone is said to be solved. */
#pragma once

#include "control/finding/finding.h"
#include "control/placement/placement.h"
#include "core/base/buf.h"
#include "model/model.h"
#include "otemon/table.h"

/* All that one report says, findings of a directory with thousands of them included. */
#define REPORT_SIZE_MAX ((size_t)4 * 1024 * 1024)

struct report;

MUST_USE struct report *report_new(struct table_style style);
struct report *report_free(struct report *report);

struct report_input {
    const struct model_snapshot *served; /* what the proxy acknowledged last; NULL: nothing */
    const struct placement *placement;   /* of the last compile; NULL: none yet */
    const struct finding_list *findings; /* sorted */
};

/* Appends what is new since the last call. Nothing changed: appends nothing. */
void report_update(struct report *report, const struct report_input *input, struct buf *buf);
