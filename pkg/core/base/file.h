/* Whole files, read and written with bounds. Blocking: never on a worker's loop. */
#pragma once

#include <stddef.h>

#include "core/base/buf.h"
#include "core/base/err.h"

/* Appends the content of the file at `path` to `buf`, whose bound limits it.
 * ERR_NOT_FOUND, ERR_UNAUTHORISED, ERR_LIMIT: too large; ERR_INVALID: a folder, a disk or a socket;
 * ERR_SYSTEM. */
MUST_USE enum err file_read(const char *path, struct buf *buf, struct err_info *reterr);

/* As file_read, from the standard input. */
MUST_USE enum err file_read_stdin(struct buf *buf, struct err_info *reterr);

/* Writes `content` to a new or emptied file with permission bits `mode`; an existing file loses the
 * bits that `mode` does not have. */
MUST_USE enum err file_write(const char *path, struct str content, unsigned mode,
                             struct err_info *reterr);
