/* Growing byte buffers, for text and messages that are built piece by piece.
 *
 * A buffer has a bound. What does not fit is not appended, and the buffer remembers: writers append
 * without looking and ask buf_overflowed once at the end. */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/base/str.h"

struct buf {
    char *data;
    size_t size;
    size_t capacity; /* private, like what follows */
    size_t size_max;
    bool overflowed;
    bool is_secret;
};

/* `size_max`: the most bytes it will ever hold. Allocates nothing yet. */
void buf_init(struct buf *buf, size_t size_max);
void buf_deinit(struct buf *buf);

/* For keys and tokens: what it drops, and memory that it leaves because it grows or ends, is
 * wiped. */
void buf_init_secret(struct buf *buf, size_t size_max);

/* Empty, with its memory kept. */
void buf_clear(struct buf *buf);

/* Something did not fit since the last clear; the content is not to be used. */
bool buf_overflowed(const struct buf *buf);

void buf_append(struct buf *buf, struct str s);
void buf_append_char(struct buf *buf, char c);
void buf_append_u64(struct buf *buf, uint64_t value);
void buf_printf(struct buf *buf, const char *format, ...) PRINTF_LIKE(2, 3);

/* Room for `size` more bytes, to be written by the caller and then committed. NULL: it would pass
 * the bound. */
MUST_USE char *buf_reserve(struct buf *buf, size_t size);
void buf_commit(struct buf *buf, size_t size);

/* Drops the first `size` bytes. */
void buf_consume(struct buf *buf, size_t size);

/* The content, borrowed until the next change. */
struct str buf_str(const struct buf *buf);

static inline void buf_deinit_cleanup_(struct buf *buf)
{
    buf_deinit(buf);
}
