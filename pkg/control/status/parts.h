/* Private to control/status: what the three documents have in common. */
#pragma once

#include "control/status/status.h"
#include "core/json/json.h"

/* A time as metav1.Time writes it: "2026-11-24T03:50:19Z", without milliseconds. */
struct status__time {
    char text[21];
};

/* The status of one object while it is written. */
struct status__page {
    const struct status_object *object;
    struct arena *arena;       /* of `previous` */
    const struct jv *previous; /* the status that stands in the object; NULL: none */
    struct status__time now;
    struct jv_writer writer; /* within the document */
};

/* Writes the member "conditions". `before`: what carried the same conditions; NULL: nothing. */
void status__conditions_write(struct status__page *page, struct status_conditions conditions,
                              const struct jv *before);
