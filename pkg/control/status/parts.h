/* Private to control/status: how conditions are written. */
#pragma once

#include "control/status/status.h"
#include "core/json/json.h"

/* What is needed to write the conditions of one object. */
struct status__context {
    const struct status_object *object;
    struct arena *arena;
    const struct jv *previous; /* the status that stands in the object; NULL: none */
    char now[21];              /* "2026-11-24T03:50:19Z", as metav1.Time is written */
};

/* In scratch memory of `arena`. */
void status__context_init(struct status__context *context, const struct status_object *object,
                          struct arena *arena);

/* Writes the member "conditions". `before`: what carried the same conditions; NULL: nothing. */
void status__conditions_write(const struct status__context *context, struct jv_writer *writer,
                              struct status_conditions conditions, const struct jv *before);
