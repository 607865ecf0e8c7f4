#include "core/base/base64.h"

#include <stdint.h>

static int base64_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+')
        return 62;
    return c == '/' ? 63 : -1;
}

enum err base64_decode(struct arena *arena, struct str text, struct str *ret_bytes)
{
    char *bytes = arena_alloc(arena, text.size / 4 + 1, 3);
    size_t size = 0;
    size_t digits = 0;
    size_t padding = 0;
    uint32_t group = 0;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        if (c == '\r' || c == '\n')
            continue;
        int value = c == '=' ? 0 : base64_value(c);
        if (value < 0 || (padding > 0 && c != '='))
            return ERR_INVALID;
        padding += c == '=' ? 1 : 0;
        group = (group << 6 | (uint32_t)value) & 0xFFFFFF;
        if (++digits % 4 != 0)
            continue;
        bytes[size++] = (char)(group >> 16);
        bytes[size++] = (char)(group >> 8 & 0xFF);
        bytes[size++] = (char)(group & 0xFF);
    }
    if (digits % 4 != 0 || padding > 2)
        return ERR_INVALID;
    *ret_bytes = str_make(bytes, size - padding);
    return ERR_OK;
}

void base64_encode(struct str bytes, struct buf *text)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < bytes.size; i += 3) {
        uint32_t group = 0;
        size_t count = MIN(bytes.size - i, (size_t)3);
        for (size_t k = 0; k < 3; k++)
            group = group << 8 | (k < count ? (unsigned char)bytes.data[i + k] : 0U);
        for (size_t k = 0; k < 4; k++)
            buf_append_char(text, k <= count ? digits[group >> (18 - 6 * k) & 63] : '=');
    }
}
