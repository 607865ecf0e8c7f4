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
