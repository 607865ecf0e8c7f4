#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/assert.h"
#include "core/base/ip.h"
#include "core/net/internal.h"

static const unsigned char mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static struct net_address from_ipv4(const void *bytes, uint16_t port)
{
    struct net_address address = {.port = port, .family = NET_IPV4};
    memcpy(address.ip, bytes, 4);
    return address;
}

static struct net_address from_ipv6(const unsigned char *bytes, uint16_t port)
{
    if (memcmp(bytes, mapped_prefix, sizeof(mapped_prefix)) == 0)
        return from_ipv4(bytes + sizeof(mapped_prefix), port);
    struct net_address address = {.port = port, .family = NET_IPV6};
    memcpy(address.ip, bytes, 16);
    return address;
}

enum err net_address_make(struct str ip, uint16_t port, struct net_address *ret_address)
{
    unsigned char bytes[IP_SIZE_MAX];
    size_t size = ip_parse(ip, bytes);
    if (size == 0)
        return ERR_INVALID;
    *ret_address = size == 4 ? from_ipv4(bytes, port) : from_ipv6(bytes, port);
    return ERR_OK;
}

enum err net_address_parse(struct str text, struct net_address *ret_address)
{
    size_t colon = str_find_last_char(text, ':');
    if (colon == STR_NOT_FOUND)
        return ERR_INVALID;
    uint64_t port;
    if (!str_parse_u64(str_from(text, colon + 1), UINT16_MAX, &port))
        return ERR_INVALID;
    struct str ip = str_first(text, colon);
    bool bracketed = str_starts_with(ip, STR("[")) && str_ends_with(ip, STR("]"));
    bool colons = str_find_char(ip, ':') != STR_NOT_FOUND;
    if (bracketed != colons) /* brackets are for IPv6, and IPv6 needs them */
        return ERR_INVALID;
    if (bracketed)
        ip = str_make(ip.data + 1, ip.size - 2);
    return net_address_make(ip, (uint16_t)port, ret_address);
}

struct str net_address_print_ip(const struct net_address *address,
                                char ret_text[NET_ADDRESS_TEXT_SIZE])
{
    int family = address->family == NET_IPV4 ? AF_INET : AF_INET6;
    ASSERT(inet_ntop(family, address->ip, ret_text, NET_ADDRESS_TEXT_SIZE) != NULL);
    return str_of(ret_text);
}

struct str net_address_print(const struct net_address *address,
                             char ret_text[NET_ADDRESS_TEXT_SIZE])
{
    char ip[NET_ADDRESS_TEXT_SIZE];
    (void)net_address_print_ip(address, ip); /* terminated */
    bool brackets = address->family == NET_IPV6;
    int size = snprintf(ret_text, NET_ADDRESS_TEXT_SIZE, "%s%.45s%s:%u", brackets ? "[" : "", ip,
                        brackets ? "]" : "", (unsigned)address->port);
    ASSERT(size > 0 && size < NET_ADDRESS_TEXT_SIZE);
    return str_make(ret_text, (size_t)size);
}

bool net_address_equal(const struct net_address *a, const struct net_address *b)
{
    _Static_assert(sizeof(*a) == 20, "compared as bytes: no padding");
    return memcmp(a, b, sizeof(*a)) == 0;
}

socklen_t net__address_to_system(const struct net_address *address,
                                 struct sockaddr_storage *ret_system)
{
    memset(ret_system, 0, sizeof(*ret_system));
    if (address->family == NET_IPV4) {
        struct sockaddr_in *in = (struct sockaddr_in *)ret_system;
        in->sin_family = AF_INET;
        in->sin_port = htons(address->port);
        memcpy(&in->sin_addr, address->ip, 4);
        return sizeof(*in);
    }
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ret_system;
    in6->sin6_family = AF_INET6;
    in6->sin6_port = htons(address->port);
    memcpy(&in6->sin6_addr, address->ip, 16);
    return sizeof(*in6);
}

struct net_address net__address_from_system(const struct sockaddr_storage *system)
{
    if (system->ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)system;
        return from_ipv4(&in->sin_addr, ntohs(in->sin_port));
    }
    if (system->ss_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)system;
        return from_ipv6(in6->sin6_addr.s6_addr, ntohs(in6->sin6_port));
    }
    return (struct net_address){.family = NET_IPV4}; /* a local socket: 0.0.0.0:0 */
}

static bool is_multicast(const struct net_address *address)
{
    return address->family == NET_IPV4 ? (address->ip[0] & 0xf0) == 0xe0 : address->ip[0] == 0xff;
}

bool net_address_is_local(const struct net_address *address)
{
    if (is_multicast(address)) /* can be bound, but nobody can connect to it */
        return false;
    struct net_address any_port = *address;
    any_port.port = 0;
    struct sockaddr_storage system;
    socklen_t size = net__address_to_system(&any_port, &system);
    int fd = socket(system.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd == -1)
        return false;
    bool bound = bind(fd, (const struct sockaddr *)&system, size) == 0;
    (void)close(fd); /* nothing was written to it */
    return bound;
}
