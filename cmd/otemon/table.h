/* The table of what is served: a row for each host name of each address and port.
 *
 * Built from a snapshot that a proxy acknowledged, so that it says what is, not what was asked
 * for. Printing knows the width of the terminal; the last two columns give way first. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/base/buf.h"
#include "model/model.h"

struct table;

struct table_style {
    size_t width; /* columns of the terminal; 0: do not cut */
    bool colour;
};

/* `snapshot` is borrowed during the call; NULL gives a table without rows. */
MUST_USE struct table *table_new(const struct model_snapshot *snapshot);
struct table *table_free(struct table *table);

size_t table_rows(const struct table *table);

/* Appends the header and every row. */
void table_print(const struct table *table, struct table_style style, struct buf *buf);

/* Appends a line for each row that came (+), went (-) or changed (~). Returns how many. */
size_t table_print_changes(const struct table *before, const struct table *after,
                           struct table_style style, struct buf *buf);
