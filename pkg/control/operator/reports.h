/* Reports: findings that no status shows, as lines of the log. Private to control/operator.
 *
 * All findings of one time are collected, and each is logged when it is new: Pods, Services and
 * EndpointSlices have no status of ours to say it in. */
#pragma once

#include "control/finding/finding.h"
#include "core/base/map.h"

struct operator__reports {
    struct finding_book *source; /* what the source says */
    struct map *logged;          /* the lines that were; the values mean nothing */
    struct finding_list *now;    /* those of this time */
};

void operator__reports_init(struct operator__reports *reports);
void operator__reports_deinit(struct operator__reports *reports);

/* A time begins; what is found at it is added to `now`. */
void operator__reports_begin(struct operator__reports *reports);

/* It is complete: logs what is new. */
void operator__reports_end(struct operator__reports *reports);
