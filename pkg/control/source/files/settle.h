/* When a file that changed is to be read. Pure: time is an argument. Private.
 *
 * A closed or renamed file is due at once. Any other change waits for quiet: each further one
 * starts the wait anew. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/str.h"

#define FILES__NEVER UINT64_MAX

struct files__settle;

MUST_USE struct files__settle *files__settle_new(uint64_t quiet_ms);
struct files__settle *files__settle_free(struct files__settle *settle);

/* `path` changed at `now_ms`. `closed`: its writer is done with it. */
void files__settle_note(struct files__settle *settle, struct str path, bool closed,
                        uint64_t now_ms);

/* The path was read while somebody may have been writing: it waits for quiet. `closed` stays true
 * if it was. */
void files__settle_defer(struct files__settle *settle, struct str path, bool closed,
                         uint64_t now_ms);

/* The path waits. */
bool files__settle_waits(const struct files__settle *settle, struct str path);

/* A moment, for the next function. */
uint64_t files__settle_moment(const struct files__settle *settle);

/* Whoever reads the file since `moment` may see the half of it: its writer has not closed it, or
 * something happened to it since then. */
bool files__settle_is_written(const struct files__settle *settle, struct str path, uint64_t moment);

/* When the next path is due, or FILES__NEVER. */
uint64_t files__settle_due(const struct files__settle *settle);

struct files__due {
    struct str path; /* borrowed until the next call */
    bool closed;
    bool quiet; /* it has waited, and nothing happened */
};

/* Takes a path that is due at `now_ms`, the earliest noted first. False: none is. */
MUST_USE bool files__settle_take(struct files__settle *settle, uint64_t now_ms,
                                 struct files__due *ret_due);
