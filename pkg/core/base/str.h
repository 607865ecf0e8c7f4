/* Strings are slices: a pointer and a size, passed by value, not terminated and never owned.
 *
 * A slice borrows its bytes; whoever made them says how long they live. The empty slice has size 0
 * and any pointer. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/attr.h"

struct str {
    const char *data;
    size_t size;
};

/* A slice of a string literal. */
#define STR(literal) ((struct str){"" literal, sizeof(literal) - 1})
#define STR_INIT(literal)               \
    {                                   \
        "" literal, sizeof(literal) - 1 \
    } /* in static initialisers */
#define STR_EMPTY ((struct str){"", 0})

/* For printf: "%.*s" with STR_ARG(s). */
#define STR_ARG(s) ((int)(s).size), (s).data

static inline struct str str_of(const char *terminated)
{
    return (struct str){terminated, strlen(terminated)};
}

static inline struct str str_make(const char *data, size_t size)
{
    return (struct str){data, size};
}

static inline bool str_equal(struct str a, struct str b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/* Letter case is ASCII's only, as HTTP and DNS compare. */
static inline char str_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* Writes `s` in lower case to `ret_bytes`, which has room for its size and is not part of `s`.
 * Returns the copy. */
struct str str_copy_lower(struct str s, char *ret_bytes);

bool str_equal_nocase(struct str a, struct str b);

/* Byte order, then the shorter first: below 0, 0, above 0. */
int str_compare(struct str a, struct str b);

bool str_starts_with(struct str s, struct str prefix);
bool str_ends_with(struct str s, struct str suffix);

#define STR_NOT_FOUND SIZE_MAX

/* The index of the first `c`, or STR_NOT_FOUND. */
size_t str_find_char(struct str s, char c);
size_t str_find_last_char(struct str s, char c);

/* From `start` to the end; `start` beyond the end gives the empty slice. */
struct str str_from(struct str s, size_t start);

/* At most the first `size` bytes. */
struct str str_first(struct str s, size_t size);

/* Without spaces and tabs at both ends. */
struct str str_trim(struct str s);

/* Cuts `*rest` at the first `separator`: returns what stands before it and leaves in `*rest` what
 * follows. Without a separator everything is returned and `*rest` is empty with data NULL. */
struct str str_cut(struct str *rest, char separator);

/* Strict decimal: digits only, no sign, no leading zero except "0", at most `max`. */
MUST_USE bool str_parse_u64(struct str s, uint64_t max, uint64_t *ret_value);

/* Well-formed UTF-8 (RFC 3629): no overlong forms, no surrogates. */
bool str_is_utf8(struct str s);

/* Copies that live as long as the arena, and are terminated, for calls that need C strings. */
struct str str_dup(struct arena *arena, struct str s);
struct str str_concat(struct arena *arena, const struct str *parts, size_t count);
struct str str_format(struct arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);
