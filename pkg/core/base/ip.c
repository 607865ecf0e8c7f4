#include "core/base/ip.h"

#include <arpa/inet.h>

size_t ip_parse(struct str text, unsigned char ret_bytes[IP_SIZE_MAX])
{
    char terminated[INET6_ADDRSTRLEN];
    if (text.size == 0 || text.size >= sizeof(terminated) ||
        str_find_char(text, '\0') != STR_NOT_FOUND)
        return 0;
    memcpy(terminated, text.data, text.size);
    terminated[text.size] = '\0';
    unsigned char bytes[IP_SIZE_MAX];
    size_t size = inet_pton(AF_INET, terminated, bytes) == 1    ? 4
                  : inet_pton(AF_INET6, terminated, bytes) == 1 ? 16
                                                                : 0;
    memcpy(ret_bytes, bytes, size);
    return size;
}

bool ip_is_address(struct str text)
{
    unsigned char bytes[IP_SIZE_MAX];
    return ip_parse(text, bytes) > 0;
}

void ip_cut_port(struct str text, struct str *ret_host, struct str *ret_port)
{
    size_t bracket = str_find_last_char(text, ']');
    size_t colon = str_find_last_char(text, ':');
    bool has_port = colon != STR_NOT_FOUND && (bracket == STR_NOT_FOUND || colon > bracket);
    struct str host = has_port ? str_first(text, colon) : text;
    *ret_port = has_port ? str_from(text, colon + 1) : STR_EMPTY;
    if (str_starts_with(host, STR("[")) && str_ends_with(host, STR("]")))
        host = str_first(str_from(host, 1), host.size - 2);
    *ret_host = host;
}

bool ip_port_parse(struct str text, struct str *ret_ip, uint16_t *ret_port)
{
    struct str host;
    struct str port;
    uint64_t number = 0;
    ip_cut_port(text, &host, &port);
    if (!str_parse_u64(port, UINT16_MAX, &number) || (host.size > 0 && !ip_is_address(host)))
        return false;
    *ret_ip = host;
    *ret_port = (uint16_t)number;
    return true;
}
