/* The name server that somebody chose. */
#include <arpa/inet.h>

#include "core/base/ip.h"
#include "core/dns/internal.h"

#define PORT 53

bool dns__server_parse(struct str text, struct ares_addr_port_node *ret_server)
{
    unsigned char bytes[IP_SIZE_MAX];
    struct str host = text;
    struct str port_text = STR_EMPTY;
    uint64_t port = PORT;
    size_t size = ip_parse(text, bytes); /* IPv6 without brackets has colons, and no port */
    if (size == 0) {
        ip_cut_port(text, &host, &port_text);
        size = ip_parse(host, bytes);
    }
    bool has_port = host.data + host.size < text.data + text.size && !str_ends_with(text, STR("]"));
    if (size == 0 || (has_port && (!str_parse_u64(port_text, UINT16_MAX, &port) || port == 0)))
        return false;
    *ret_server = (struct ares_addr_port_node){
        .family = size == 4 ? AF_INET : AF_INET6, .udp_port = (int)port, .tcp_port = (int)port};
    memcpy(&ret_server->addr, bytes, size);
    return true;
}

bool dns_server_is_valid(struct str server)
{
    struct ares_addr_port_node node;
    return dns__server_parse(server, &node);
}
