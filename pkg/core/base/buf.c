#include "core/base/buf.h"

#include <stdio.h>
#include <string.h>

#include "core/base/assert.h"
#include "core/base/mem.h"

#define BUF_CAPACITY_MIN ((size_t)256)

void buf_init(struct buf *buf, size_t size_max)
{
    *buf = (struct buf){.size_max = size_max};
}

void buf_init_secret(struct buf *buf, size_t size_max)
{
    *buf = (struct buf){.size_max = size_max, .is_secret = true};
}

static void wipe(struct buf *buf, size_t from, size_t to)
{
    if (buf->is_secret && to > from)
        mem_wipe(buf->data + from, to - from);
}

void buf_deinit(struct buf *buf)
{
    wipe(buf, 0, buf->capacity);
    mem_free(buf->data);
    *buf = (struct buf){.size_max = buf->size_max, .is_secret = buf->is_secret};
}

void buf_clear(struct buf *buf)
{
    wipe(buf, 0, buf->size);
    buf->size = 0;
    buf->overflowed = false;
}

bool buf_overflowed(const struct buf *buf)
{
    return buf->overflowed;
}

static void grow(struct buf *buf, size_t needed)
{
    size_t capacity = MAX(MAX(buf->capacity * 2, needed), BUF_CAPACITY_MIN);
    capacity = MAX(MIN(capacity, buf->size_max), needed);
    /* One byte more for the terminator of buf_printf, which is not part of the content. */
    size_t size = capacity + 1;
    if (buf->is_secret && buf->data != NULL) {
        char *data = mem_alloc(size); /* resizing would leave a copy behind */
        memcpy(data, buf->data, buf->size);
        wipe(buf, 0, buf->capacity);
        mem_free(buf->data);
        buf->data = data;
    } else {
        buf->data = mem_resize(buf->data, size, 1);
    }
    buf->capacity = capacity;
}

char *buf_reserve(struct buf *buf, size_t size)
{
    if (size > buf->size_max - buf->size) {
        buf->overflowed = true;
        return NULL;
    }
    size_t needed = buf->size + size;
    if (needed > buf->capacity || buf->data == NULL)
        grow(buf, needed);
    return buf->data + buf->size;
}

void buf_commit(struct buf *buf, size_t size)
{
    ASSERT(size <= buf->capacity - buf->size);
    buf->size += size;
}

void buf_append(struct buf *buf, struct str s)
{
    if (s.size == 0)
        return;
    char *room = buf_reserve(buf, s.size);
    if (room == NULL)
        return;
    memcpy(room, s.data, s.size);
    buf->size += s.size;
}

void buf_append_char(struct buf *buf, char c)
{
    if (buf->size < buf->capacity) {
        buf->data[buf->size++] = c;
        return;
    }
    buf_append(buf, (struct str){&c, 1});
}

void buf_append_u64(struct buf *buf, uint64_t value)
{
    char digits[20]; /* 2^64 has 20 digits */
    size_t at = sizeof(digits);
    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    buf_append(buf, (struct str){digits + at, sizeof(digits) - at});
}

void buf_printf(struct buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int size = vsnprintf(NULL, 0, format, args);
    va_end(args);
    ASSERT(size >= 0);
    char *room = buf_reserve(buf, (size_t)size);
    if (room == NULL)
        return;
    va_start(args, format);
    (void)vsnprintf(room, (size_t)size + 1, format, args); /* the size is known */
    va_end(args);
    buf->size += (size_t)size;
}

void buf_consume(struct buf *buf, size_t size)
{
    ASSERT(size <= buf->size);
    buf->size -= size;
    if (buf->size > 0)
        memmove(buf->data, buf->data + size, buf->size);
    wipe(buf, buf->size, buf->size + size);
}

struct str buf_str(const struct buf *buf)
{
    return (struct str){buf->data, buf->size};
}
