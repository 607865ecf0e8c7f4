#include "control/compile/texts.h"

#include "core/base/ip.h"

#define NAME_SIZE_MAX 253

static bool is_letter(char c)
{
    return str_lower(c) >= 'a' && str_lower(c) <= 'z';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool compile__is_header_value(struct str value)
{
    for (size_t i = 0; i < value.size; i++) {
        unsigned char c = (unsigned char)value.data[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

bool compile__is_path(struct str path)
{
    for (size_t i = 0; i < path.size; i++) {
        char c = path.data[i];
        if (c <= 0x20 || c >= 0x7f || c == '#')
            return false;
    }
    return str_starts_with(path, STR("/"));
}

static bool is_name(struct str host)
{
    for (size_t i = 0; i < host.size; i++) {
        char c = host.data[i];
        if (!is_letter(c) && !is_digit(c) && c != '-' && c != '.' && c != '_')
            return false;
    }
    return host.size > 0 && host.size <= NAME_SIZE_MAX;
}

bool compile__is_host(struct str host)
{
    unsigned char bytes[IP_SIZE_MAX];
    if (!str_starts_with(host, STR("[")) || !str_ends_with(host, STR("]")))
        return is_name(host);
    return ip_parse(str_first(str_from(host, 1), host.size - 2), bytes) == IP_SIZE_MAX;
}

bool compile__is_authority(struct str authority)
{
    size_t colon = str_find_last_char(authority, ':');
    uint64_t port = 0;
    if (compile__is_host(authority) || colon == STR_NOT_FOUND)
        return compile__is_host(authority);
    return compile__is_host(str_first(authority, colon)) &&
           str_parse_u64(str_from(authority, colon + 1), UINT16_MAX, &port);
}
