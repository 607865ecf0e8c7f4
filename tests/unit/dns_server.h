/* A name server on 127.0.0.1, on the loop of a test: it says what its table has, by UDP and TCP. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/attr.h"
#include "core/loop/loop.h"

#define DNS_SERVER_NAMES_MAX 8
#define DNS_SERVER_SIZE_MAX  8192

enum {
    DNS_SERVER_A = 1,
    DNS_SERVER_CNAME = 5,
    DNS_SERVER_AAAA = 28,
    DNS_SERVER_FAILED = 2, /* SERVFAIL */
    DNS_SERVER_NO_NAME = 3,
    DNS_SERVER_REFUSED = 5,
};

/* Other names are unknown (NXDOMAIN). */
struct dns_server_name {
    const char *name;
    const char *alias; /* it is one for this, with alias_ttl; or NULL */
    const char *ipv4;  /* "192.0.2.1 192.0.2.2"; NULL: none */
    const char *ipv6;  /* one of them, or NULL */
    unsigned count;    /* so many made addresses of IPv4 instead, the last first */
    uint32_t ttl;
    uint32_t alias_ttl;
    unsigned code;         /* of the error instead; 0: none */
    unsigned code_of_ipv6; /* of questions for that alone */
    bool is_silent;
    bool is_long; /* does not fit a datagram */
    bool is_garbage;
};

struct dns_server {
    struct loop *loop;
    int udp;
    int tcp;
    int conn; /* of TCP, one at a time; -1: none */
    struct loop_fd *udp_watch;
    struct loop_fd *tcp_watch;
    struct loop_fd *conn_watch;
    char text[32]; /* "127.0.0.1:<port>" */
    struct dns_server_name names[DNS_SERVER_NAMES_MAX];
    size_t name_count;
    unsigned asked; /* questions that came */
    unsigned asked_by_tcp;
};

struct dns_server_message {
    unsigned char bytes[DNS_SERVER_SIZE_MAX];
    size_t size;
};

static inline void dns_server_put(struct dns_server_message *message, const void *bytes,
                                  size_t size)
{
    assert_true(message->size + size <= sizeof(message->bytes));
    memcpy(message->bytes + message->size, bytes, size);
    message->size += size;
}

static inline void dns_server_put_u16(struct dns_server_message *message, unsigned value)
{
    unsigned char bytes[] = {(unsigned char)(value >> 8), (unsigned char)value};
    dns_server_put(message, bytes, sizeof(bytes));
}

/* The name of the question, or one behind it. */
static inline void dns_server_put_name(struct dns_server_message *message, const char *name)
{
    while (name != NULL && *name != '\0') {
        size_t size = strcspn(name, ".");
        unsigned char label = (unsigned char)size;
        dns_server_put(message, &label, 1);
        dns_server_put(message, name, size);
        name += name[size] == '.' ? size + 1 : size;
    }
    dns_server_put(message, "", 1);
}

static inline void dns_server_put_record(struct dns_server_message *message, const char *owner,
                                         unsigned type, uint32_t ttl)
{
    if (owner == NULL)
        dns_server_put_u16(message, 0xc00c); /* the question's */
    else
        dns_server_put_name(message, owner);
    dns_server_put_u16(message, type);
    dns_server_put_u16(message, 1);
    dns_server_put_u16(message, ttl >> 16);
    dns_server_put_u16(message, ttl & 0xffff);
    message->bytes[7]++; /* answers, of which there are fewer than 256 */
}

static inline void dns_server_put_address(struct dns_server_message *message,
                                          const struct dns_server_name *entry, int family,
                                          const char *text)
{
    unsigned char bytes[16];
    unsigned size = family == AF_INET ? 4 : 16;
    assert_int_equal(inet_pton(family, text, bytes), 1);
    dns_server_put_record(message, entry->alias, family == AF_INET ? DNS_SERVER_A : DNS_SERVER_AAAA,
                          entry->ttl);
    dns_server_put_u16(message, size);
    dns_server_put(message, bytes, size);
}

static inline void dns_server_put_answers(struct dns_server_message *message,
                                          const struct dns_server_name *entry, unsigned type)
{
    char text[64];
    if (entry->alias != NULL) {
        dns_server_put_record(message, NULL, DNS_SERVER_CNAME, entry->alias_ttl);
        dns_server_put_u16(message, (unsigned)strlen(entry->alias) + 2);
        dns_server_put_name(message, entry->alias);
    }
    if (type == DNS_SERVER_AAAA && entry->ipv6 != NULL)
        dns_server_put_address(message, entry, AF_INET6, entry->ipv6);
    for (unsigned i = entry->count; type == DNS_SERVER_A && i > 0; i--) {
        (void)snprintf(text, sizeof(text), "10.0.0.%u", i);
        dns_server_put_address(message, entry, AF_INET, text);
    }
    for (const char *at = entry->ipv4; type == DNS_SERVER_A && at != NULL && *at != '\0';) {
        int size = (int)strcspn(at, " ");
        (void)snprintf(text, sizeof(text), "%.*s", size, at);
        dns_server_put_address(message, entry, AF_INET, text);
        at += at[size] == ' ' ? size + 1 : size;
    }
}

static inline const struct dns_server_name *dns_server_find(const struct dns_server *server,
                                                            const char *name)
{
    for (size_t i = 0; i < server->name_count; i++) {
        if (strcasecmp(server->names[i].name, name) == 0)
            return &server->names[i];
    }
    return NULL;
}

/* Where the name of the question ends; writes it with dots. */
static inline size_t dns_server_read_name(const unsigned char *question, char name[256])
{
    size_t at = 12;
    size_t size = 0;
    while (question[at] != 0) {
        if (size > 0)
            name[size++] = '.';
        memcpy(name + size, question + at + 1, question[at]);
        size += question[at];
        at += (size_t)question[at] + 1;
    }
    name[size] = '\0';
    return at + 1;
}

/* False: nothing is said. */
static inline bool dns_server_answer(struct dns_server *server, const unsigned char *question,
                                     bool by_tcp, struct dns_server_message *ret_message)
{
    char name[256];
    size_t end = dns_server_read_name(question, name);
    unsigned type = (unsigned)question[end] << 8 | question[end + 1];
    const struct dns_server_name *entry = dns_server_find(server, name);
    server->asked++;
    server->asked_by_tcp += by_tcp ? 1 : 0;
    if (entry != NULL && entry->is_silent)
        return false;
    bool is_cut = entry != NULL && entry->is_long && !by_tcp;
    unsigned code = entry == NULL                                         ? DNS_SERVER_NO_NAME
                    : type == DNS_SERVER_AAAA && entry->code_of_ipv6 != 0 ? entry->code_of_ipv6
                                                                          : entry->code;
    ret_message->size = 0;
    dns_server_put(ret_message, question, 2);
    dns_server_put_u16(ret_message, 0x8180U | (is_cut ? 0x0200U : 0) | code);
    dns_server_put(ret_message, "\0\1\0\0\0\0\0\0", 8);
    dns_server_put(ret_message, question + 12, end + 4 - 12);
    if (code == 0 && !is_cut)
        dns_server_put_answers(ret_message, entry, type);
    if (entry != NULL && entry->is_garbage)
        ret_message->bytes[7] = 9; /* answers that are not there */
    return true;
}

static inline void dns_server_on_udp(void *arg, unsigned events)
{
    struct dns_server *server = arg;
    struct dns_server_message message;
    unsigned char question[512];
    struct sockaddr_in from;
    socklen_t from_size = sizeof(from);
    (void)events; /* readable */
    if (recvfrom(server->udp, question, sizeof(question), 0, (struct sockaddr *)&from,
                 &from_size) <= 0)
        return;
    if (dns_server_answer(server, question, false, &message))
        (void)sendto(server->udp, message.bytes, message.size, 0, (struct sockaddr *)&from,
                     from_size);
}

static inline void dns_server_conn_close(struct dns_server *server)
{
    server->conn_watch = loop_fd_close(server->conn_watch);
    if (server->conn >= 0)
        (void)close(server->conn);
    server->conn = -1;
}

static inline void dns_server_on_conn(void *arg, unsigned events)
{
    struct dns_server *server = arg;
    struct dns_server_message message;
    unsigned char question[512];
    (void)events;                                                  /* readable */
    ssize_t size = read(server->conn, question, sizeof(question)); /* in one piece, on loopback */
    if (size <= 2) {
        dns_server_conn_close(server);
        return;
    }
    if (!dns_server_answer(server, question + 2, true, &message))
        return;
    unsigned char length[] = {(unsigned char)(message.size >> 8), (unsigned char)message.size};
    assert_int_equal(write(server->conn, length, 2), 2);
    assert_int_equal(write(server->conn, message.bytes, message.size), (ssize_t)message.size);
}

static inline void dns_server_on_tcp(void *arg, unsigned events)
{
    struct dns_server *server = arg;
    (void)events; /* readable */
    dns_server_conn_close(server);
    server->conn = accept(server->tcp, NULL, NULL);
    assert_true(server->conn >= 0);
    server->conn_watch = loop_fd_open(server->loop, server->conn, LOOP_READ, dns_server_on_conn,
                                      server);
}

/* One port for both. */
static inline void dns_server_bind(struct dns_server *server)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    for (int tries = 0; tries < 20; tries++) {
        server->udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        server->tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        address.sin_port = 0;
        assert_int_equal(bind(server->udp, (struct sockaddr *)&address, size), 0);
        assert_int_equal(getsockname(server->udp, (struct sockaddr *)&address, &size), 0);
        if (bind(server->tcp, (struct sockaddr *)&address, size) == 0)
            break;
        (void)close(server->udp);
        (void)close(server->tcp);
    }
    assert_int_equal(listen(server->tcp, 8), 0);
    (void)snprintf(server->text, sizeof(server->text), "127.0.0.1:%u", ntohs(address.sin_port));
}

static inline void dns_server_open(struct dns_server *server, struct loop *loop)
{
    *server = (struct dns_server){.loop = loop, .conn = -1};
    dns_server_bind(server);
    server->udp_watch = loop_fd_open(loop, server->udp, LOOP_READ, dns_server_on_udp, server);
    server->tcp_watch = loop_fd_open(loop, server->tcp, LOOP_READ, dns_server_on_tcp, server);
}

/* The entry of `name`, known or new. */
static inline struct dns_server_name *dns_server_set(struct dns_server *server,
                                                     struct dns_server_name entry)
{
    for (size_t i = 0; i < server->name_count; i++) {
        if (strcasecmp(server->names[i].name, entry.name) == 0) {
            server->names[i] = entry;
            return &server->names[i];
        }
    }
    assert_true(server->name_count < DNS_SERVER_NAMES_MAX);
    server->names[server->name_count] = entry;
    return &server->names[server->name_count++];
}

static inline void dns_server_close(struct dns_server *server)
{
    dns_server_conn_close(server);
    server->udp_watch = loop_fd_close(server->udp_watch);
    server->tcp_watch = loop_fd_close(server->tcp_watch);
    (void)close(server->udp);
    (void)close(server->tcp);
}
