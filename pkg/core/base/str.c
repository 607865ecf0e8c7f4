#include "core/base/str.h"

#include <stdarg.h>
#include <stdio.h>

#include "core/base/assert.h"

/* Eight bytes at once. Each byte without its highest bit is carried past 0x80 when it is at least
 * "A", and when it is above "Z"; where only the first happened it is a capital. */
static void copy_lower_word(const char *bytes, char *ret_bytes)
{
    const uint64_t ones = 0x0101010101010101;
    uint64_t word;
    memcpy(&word, bytes, sizeof(word));
    uint64_t low = word & (0x7F * ones);
    uint64_t from_a = low + (0x80 - 'A') * ones;
    uint64_t above_z = low + (0x7F - 'Z') * ones;
    uint64_t capitals = (from_a ^ above_z) & ~word & (0x80 * ones);
    word |= capitals >> 2; /* 0x20 */
    memcpy(ret_bytes, &word, sizeof(word));
}

struct str str_copy_lower(struct str s, char *ret_bytes)
{
    if (s.size < 8) {
        for (size_t i = 0; i < s.size; i++)
            ret_bytes[i] = str_lower(s.data[i]);
        return (struct str){ret_bytes, s.size};
    }
    for (size_t i = 0; i < s.size - 8; i += 8)
        copy_lower_word(s.data + i, ret_bytes + i);
    copy_lower_word(s.data + s.size - 8, ret_bytes + s.size - 8); /* may overlap */
    return (struct str){ret_bytes, s.size};
}

bool str_equal_nocase(struct str a, struct str b)
{
    if (a.size != b.size)
        return false;
    for (size_t i = 0; i < a.size; i++) {
        if (str_lower(a.data[i]) != str_lower(b.data[i]))
            return false;
    }
    return true;
}

int str_compare(struct str a, struct str b)
{
    size_t shared = MIN(a.size, b.size);
    int order = shared == 0 ? 0 : memcmp(a.data, b.data, shared);
    if (order != 0)
        return order;
    return (a.size > b.size) - (a.size < b.size);
}

bool str_starts_with(struct str s, struct str prefix)
{
    return s.size >= prefix.size && str_equal(str_first(s, prefix.size), prefix);
}

bool str_ends_with(struct str s, struct str suffix)
{
    return s.size >= suffix.size && str_equal(str_from(s, s.size - suffix.size), suffix);
}

size_t str_find_char(struct str s, char c)
{
    const char *found = s.size == 0 ? NULL : memchr(s.data, c, s.size);
    return found == NULL ? STR_NOT_FOUND : (size_t)(found - s.data);
}

size_t str_find_last_char(struct str s, char c)
{
    const char *found = s.size == 0 ? NULL : memrchr(s.data, c, s.size);
    return found == NULL ? STR_NOT_FOUND : (size_t)(found - s.data);
}

struct str str_from(struct str s, size_t start)
{
    if (start >= s.size)
        return STR_EMPTY;
    return (struct str){s.data + start, s.size - start};
}

struct str str_first(struct str s, size_t size)
{
    return (struct str){s.data, MIN(s.size, size)};
}

struct str str_trim(struct str s)
{
    while (s.size > 0 && (s.data[0] == ' ' || s.data[0] == '\t'))
        s = str_from(s, 1);
    while (s.size > 0 && (s.data[s.size - 1] == ' ' || s.data[s.size - 1] == '\t'))
        s.size--;
    return s;
}

struct str str_cut(struct str *rest, char separator)
{
    struct str whole = *rest;
    size_t at = str_find_char(whole, separator);
    if (at == STR_NOT_FOUND) {
        *rest = (struct str){NULL, 0};
        return whole;
    }
    *rest = (struct str){whole.data + at + 1, whole.size - at - 1};
    return str_first(whole, at);
}

bool str_parse_u64(struct str s, uint64_t max, uint64_t *ret_value)
{
    if (s.size == 0 || (s.size > 1 && s.data[0] == '0'))
        return false;
    uint64_t value = 0;
    for (size_t i = 0; i < s.size; i++) {
        if (s.data[i] < '0' || s.data[i] > '9')
            return false;
        uint64_t digit = (uint64_t)(s.data[i] - '0');
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, digit, &value) || value > max)
            return false;
    }
    *ret_value = value;
    return true;
}

/* The size of the UTF-8 sequence that `lead` begins, 0 when it begins none, and the bounds of its
 * second byte, which carry the rules on overlong forms and surrogates (RFC 3629, section 4). */
static size_t utf8_sequence(unsigned char lead, unsigned char *ret_low, unsigned char *ret_high)
{
    *ret_low = 0x80;
    *ret_high = 0xBF;
    if (lead < 0x80)
        return 1;
    if (lead >= 0xC2 && lead <= 0xDF)
        return 2;
    if (lead >= 0xE0 && lead <= 0xEF) {
        if (lead == 0xE0)
            *ret_low = 0xA0;
        if (lead == 0xED)
            *ret_high = 0x9F;
        return 3;
    }
    if (lead >= 0xF0 && lead <= 0xF4) {
        if (lead == 0xF0)
            *ret_low = 0x90;
        if (lead == 0xF4)
            *ret_high = 0x8F;
        return 4;
    }
    return 0;
}

bool str_is_utf8(struct str s)
{
    const unsigned char *bytes = (const unsigned char *)s.data;
    for (size_t i = 0; i < s.size;) {
        unsigned char low;
        unsigned char high;
        size_t size = utf8_sequence(bytes[i], &low, &high);
        if (size == 0 || s.size - i < size)
            return false;
        if (size > 1 && (bytes[i + 1] < low || bytes[i + 1] > high))
            return false;
        for (size_t j = 2; j < size; j++) {
            if ((bytes[i + j] & 0xC0) != 0x80)
                return false;
        }
        i += size;
    }
    return true;
}

struct str str_dup(struct arena *arena, struct str s)
{
    char *copy = arena_text(arena, s.size + 1);
    if (s.size > 0)
        memcpy(copy, s.data, s.size);
    copy[s.size] = '\0';
    return (struct str){copy, s.size};
}

struct str str_concat(struct arena *arena, const struct str *parts, size_t count)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += parts[i].size;
    char *all = arena_text(arena, size + 1);
    char *at = all;
    for (size_t i = 0; i < count; i++) {
        if (parts[i].size > 0)
            memcpy(at, parts[i].data, parts[i].size);
        at += parts[i].size;
    }
    *at = '\0';
    return str_make(all, size);
}

struct str str_format(struct arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int size = vsnprintf(NULL, 0, format, args);
    va_end(args);
    ASSERT(size >= 0);
    char *text = arena_text(arena, (size_t)size + 1);
    va_start(args, format);
    (void)vsnprintf(text, (size_t)size + 1, format, args); /* the size is known */
    va_end(args);
    return (struct str){text, (size_t)size};
}
