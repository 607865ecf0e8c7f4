/* Addresses, sockets, and connections as stacks of byte filters with TLS among them.
 *
 * Nothing here blocks and nothing waits: calls answer ERR_AGAIN, and the caller watches the
 * descriptor with core/loop. Sockets are non-blocking, close-on-exec and without Nagle's delay.
 *
 * A connection is a stack of filters: at the bottom the socket, above it what changes the bytes. A
 * filter knows only the next one down. The owner of the connection keeps the storage of the socket
 * filter and the pointer to the top of the stack, and talks to the top alone:
 *
 *     net_socket_init(&c->socket, fd);
 *     c->top = &c->socket.filter;
 *     c->top = net_tls_filter_new(server, c->top, &selector);       (for a TLS port)
 *     c->top = net_tls_client_filter_new(client, c->top, &session); (towards a TLS server)
 *     net_handshake(c->top), net_read, net_writev, net_shutdown, ... net_filter_free(c->top);
 *
 * Threads: a connection belongs to one; net_tls_server, net_tls_context, net_tls_trust and
 * net_tls_client are immutable and shared. Sources: TLS 1.2 RFC 5246, TLS 1.3 RFC 8446, server
 * names RFC 6066 section 3, tickets RFC 5077, ALPN RFC 7301, names in certificates RFC 5280
 * section 4.2.1.6 and RFC 6125, address texts RFC 4291 and RFC 5952. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "core/base/attr.h"
#include "core/base/err.h"
#include "core/base/str.h"

/* Addresses: an IP address and a TCP port. Plain values without padding; an IPv4 address mapped
 * into IPv6 is always kept as IPv4, so that equal means equal. */

enum net_family {
    NET_IPV4 = 4,
    NET_IPV6 = 6,
};

struct net_address {
    unsigned char ip[16]; /* network order; IPv4: the first four, then zeros */
    uint16_t port;
    uint16_t family; /* enum net_family */
};

/* "127.0.0.1:8080", "[::1]:80". ERR_INVALID. */
MUST_USE enum err net_address_parse(struct str text, struct net_address *ret_address);

/* An IP address, without brackets, and a port. Scopes ("fe80::1%eth0") are refused. ERR_INVALID. */
MUST_USE enum err net_address_make(struct str ip, uint16_t port, struct net_address *ret_address);

#define NET_ADDRESS_TEXT_SIZE 56

/* As net_address_parse reads it; terminated. Returns a slice of `ret_text`. */
struct str net_address_print(const struct net_address *address,
                             char ret_text[NET_ADDRESS_TEXT_SIZE]);

/* The IP address alone, without brackets. */
struct str net_address_print_ip(const struct net_address *address,
                                char ret_text[NET_ADDRESS_TEXT_SIZE]);

bool net_address_equal(const struct net_address *a, const struct net_address *b);

/* This machine can bind the IP address: it is one of its own or the wildcard. The port is not
 * looked at. Asks the kernel. */
bool net_address_is_local(const struct net_address *address);

/* Sockets. "[::]" takes IPv4 connections too. */

/* Connections that wait for accept; the kernel's own bound is net.core.somaxconn. */
#define NET_BACKLOG_MAX 4096

/* Whether the port is free: binds once *without* SO_REUSEPORT and closes again. Two processes of
 * one user that share a port with that option would split its traffic silently; this finds out.
 * Errors as net_bind. */
MUST_USE enum err net_probe(const struct net_address *address, struct err_info *reterr);

/* A socket bound with SO_REUSEPORT that does not listen yet: connections are refused. "::" takes
 * both families, and IPv4 alone where the kernel has no IPv6.
 * ERR_CONFLICT: in use; ERR_UNAUTHORISED: the port needs a privilege; ERR_INVALID: not an address
 * of this machine; ERR_LIMIT: no descriptor left; ERR_SYSTEM. */
MUST_USE enum err net_bind(const struct net_address *address, int *ret_fd, struct err_info *reterr);

/* From now on connections queue. ERR_CONFLICT: somebody else listens meanwhile; ERR_SYSTEM. */
MUST_USE enum err net_listen(int fd, int backlog, struct err_info *reterr);

/* One connection. ERR_AGAIN: none waits. ERR_CLOSED: this one went before it was accepted; go on.
 * ERR_LIMIT: no descriptor or memory left, and the connection still waits: stop accepting for a
 * moment. ERR_SYSTEM. */
MUST_USE enum err net_accept(int listen_fd, int *ret_fd, struct net_address *ret_client);

/* Begins to connect. When the descriptor becomes writable, net_connect_result tells.
 * ERR_UNAVAILABLE: no way there; ERR_LIMIT: no descriptor, port or memory left; ERR_SYSTEM. */
MUST_USE enum err net_connect(const struct net_address *address, int *ret_fd);

/* Once the descriptor is writable. ERR_OK: connected. ERR_TIMEOUT; ERR_UNAVAILABLE: refused, reset
 * or no way there, and errno says which; ERR_LIMIT; ERR_SYSTEM. */
MUST_USE enum err net_connect_result(int fd);

/* The address that the socket is bound to: with port 0 asked for, the one it got. ERR_SYSTEM. */
MUST_USE enum err net_local_address(int fd, struct net_address *ret_address);

/* Filters. */

struct net_filter;

/* Results, also of the net_ calls below:
 *   ERR_OK        done; read: at least one byte
 *   ERR_AGAIN     nothing done; `wants` of the filter that was called is LOOP_READ or LOOP_WRITE
 *   ERR_CLOSED    the other side ended its direction in good order; handshake: it left early
 *   ERR_NOT_FOUND handshake: nothing serves that server name; nothing was or will be sent
 *   ERR_PROTOCOL  the other side broke the protocol, ended without saying so, or is not who it
 *                 has to be
 *   ERR_SYSTEM    the connection failed, and errno says how
 * After the last three the filter is only good for freeing; but what came before a write failed
 * with ERR_SYSTEM may still be read. */
struct net_filter_type {
    const char *name;
    enum err (*handshake)(struct net_filter *filter);
    enum err (*read)(struct net_filter *filter, void *data, size_t size, size_t *ret_size);
    enum err (*writev)(struct net_filter *filter, const struct iovec *parts, int count,
                       size_t *ret_size);
    enum err (*shutdown)(struct net_filter *filter);
    bool (*pending)(const struct net_filter *filter);
    void (*free)(struct net_filter *filter);
};

struct net_filter {
    const struct net_filter_type *type;
    struct net_filter *next; /* one down; NULL at the bottom */
    unsigned wants;
};

/* Steps until both sides may speak; called again after ERR_AGAIN. A socket is ready at once. */
MUST_USE static inline enum err net_handshake(struct net_filter *top)
{
    return top->type->handshake(top);
}

MUST_USE static inline enum err net_read(struct net_filter *top, void *data, size_t size,
                                         size_t *ret_size)
{
    return top->type->read(top, data, size, ret_size);
}

/* Writes from `parts`, which hold at least one byte; the bytes reported are with the kernel. What
 * was passed and not reported comes first in the next call, and all of it: from any memory, in any
 * parts, with more behind it or not. */
MUST_USE static inline enum err net_writev(struct net_filter *top, const struct iovec *parts,
                                           int count, size_t *ret_size)
{
    return top->type->writev(top, parts, count, ret_size);
}

/* Ends our direction in good order after what was written: close_notify, then FIN. Called again
 * after ERR_AGAIN. Reading goes on. */
MUST_USE static inline enum err net_shutdown(struct net_filter *top)
{
    return top->type->shutdown(top);
}

/* Bytes wait above the socket: a read may give some although the descriptor is not readable. Ask
 * after a read before going back to the loop. Never after ERR_AGAIN. */
static inline bool net_pending(const struct net_filter *top)
{
    return top->type->pending(top);
}

/* Frees the whole stack except the socket filter's storage; the descriptor stays open. NULL too;
 * returns NULL. */
struct net_filter *net_filter_free(struct net_filter *top);

/* The bottom: read(2) and writev(2) as they are. */
struct net_socket {
    struct net_filter filter;
    int fd;
};

void net_socket_init(struct net_socket *socket, int fd);

/* TLS servers: 1.2 and 1.3; ECDHE with AES-GCM or ChaCha20; X25519 and P-256; no renegotiation, no
 * early data, no client certificates. */

/* What all contexts of a process share: protocol settings and the secret that ticket keys are
 * derived from. A ticket key is HMAC(secret, 12-hour epoch, session context), so that workers need
 * no lock to rotate it; tickets of the epoch before are still taken, and replaced. */
struct net_tls_server;

#define NET_TLS_TICKET_EPOCH_MS ((uint64_t)12 * 3600 * 1000)

typedef uint64_t (*net_clock_fn)(void *arg);

/* `clock` gives milliseconds and may be called from any worker; NULL is the real one. It lives
 * until the last context and filter made with it is freed. ERR_SYSTEM: the library refuses. */
MUST_USE enum err net_tls_server_new(net_clock_fn clock, void *arg,
                                     struct net_tls_server **ret_server, struct err_info *reterr);
struct net_tls_server *net_tls_server_free(struct net_tls_server *server);

struct net_tls_certificate {
    struct str certificates_pem; /* the leaf first, then its chain */
    struct str key_pem;          /* not encrypted */
};

#define NET_TLS_CERTIFICATES_MAX ((size_t)2) /* one with an RSA key, one with an ECDSA key */
#define NET_TLS_PROTOCOLS_MAX    ((size_t)4)

struct net_tls_options {
    /* At most one of each key type. Clients that can verify both get the first. */
    const struct net_tls_certificate *certificates;
    size_t certificate_count;
    struct str session_context;  /* sessions resume only where this is equal: the chain's name */
    const struct str *protocols; /* ALPN in our order of preference; none: no ALPN */
    size_t protocol_count;
};

/* What one chain presents to some server names. Immutable, shared by reference count between
 * workers. */
struct net_tls_context;

/* Copies what it needs. ERR_INVALID: a certificate or key cannot be used, or they do not fit;
 * ERR_CONFLICT: two certificates of one key type; ERR_LIMIT: the bounds above. */
MUST_USE enum err net_tls_context_new(struct net_tls_server *server,
                                      const struct net_tls_options *options,
                                      struct net_tls_context **ret_context,
                                      struct err_info *reterr);
struct net_tls_context *net_tls_context_ref(struct net_tls_context *context);
struct net_tls_context *net_tls_context_unref(struct net_tls_context *context);

/* Chooses the context for a server name, which is lower case and empty when the client sent none.
 * The result is borrowed; NULL ends the connection without a byte, and the handshake answers
 * ERR_NOT_FOUND. */
struct net_tls_selector {
    struct net_tls_context *(*select)(void *arg, struct str server_name);
    void *arg;
};

#define NET_TLS_SERVER_NAME_MAX ((size_t)255)

/* A TLS server on top of `next`; copies the selector. Never NULL. */
MUST_USE struct net_filter *net_tls_filter_new(struct net_tls_server *server,
                                               struct net_filter *next,
                                               const struct net_tls_selector *selector);

/* After the handshake; borrowed from the filter. The name is lower case, empty without one. */
struct str net_tls_server_name(const struct net_filter *tls);

/* The protocol that ALPN chose, or empty. */
struct str net_tls_protocol(const struct net_filter *tls);

/* TLS clients: 1.2 and 1.3, with the suites of servers; no renegotiation, no early data. */

/* Authorities that servers are trusted by. Immutable, shared by reference count. */
struct net_tls_trust;

/* From PEM certificates, other blocks among which are skipped. One that is no authority is trusted
 * as it is; an intermediate one, without those above it. ERR_INVALID: it holds no certificate, or
 * one that cannot be read. */
MUST_USE enum err net_tls_trust_new(struct str ca_pem, struct net_tls_trust **ret_trust,
                                    struct err_info *reterr);
struct net_tls_trust *net_tls_trust_ref(struct net_tls_trust *trust);
struct net_tls_trust *net_tls_trust_unref(struct net_tls_trust *trust);

/* An alternative name of a certificate; its common name is not looked at. */
struct net_tls_name {
    struct str value; /* whole: a DNS name, which "*.example.com" covers, too, or an IP address */
    bool is_prefix;   /* the beginning of such a name */
};

enum net_tls_version {
    NET_TLS_1_2,
    NET_TLS_1_3,
};

/* Each is compared in every handshake. */
#define NET_TLS_NAMES_MAX ((size_t)256)

struct net_tls_client_options {
    struct str server_name;           /* that the handshake asks for, a DNS name; empty: none */
    struct net_tls_trust *trust;      /* takes a reference. NULL: nobody vouches for the server */
    const struct net_tls_name *names; /* the server has one of them; none: any will do */
    size_t name_count;
    const struct net_tls_certificate *certificate; /* for servers that ask for one; or NULL */
    enum net_tls_version min_version;
    enum net_tls_version max_version;
    const struct str *protocols; /* ALPN; none: no ALPN */
    size_t protocol_count;
    struct str fault; /* every handshake fails with this; empty: they are tried */
};

/* How one kind of server is spoken to. Immutable, shared by reference count between workers. */
struct net_tls_client;

/* Copies what it needs. ERR_INVALID: the certificate and key cannot be used or do not fit, the
 * versions are not in order, or the server's name is none; ERR_LIMIT: the bounds above. */
MUST_USE enum err net_tls_client_new(const struct net_tls_client_options *options,
                                     struct net_tls_client **ret_client, struct err_info *reterr);
struct net_tls_client *net_tls_client_ref(struct net_tls_client *client);
struct net_tls_client *net_tls_client_unref(struct net_tls_client *client);

/* What the last connection to a server left for the next to resume. Zeroed when it is new; for one
 * client and one server, on one thread. */
struct net_tls_session {
    void *private_;
};

void net_tls_session_clear(struct net_tls_session *session);

/* A TLS client on top of `next`; takes a reference of `client`. `session` outlives it. Never NULL.
 * The handshake answers ERR_CLOSED when the server leaves early. */
MUST_USE struct net_filter *net_tls_client_filter_new(struct net_tls_client *client,
                                                      struct net_filter *next,
                                                      struct net_tls_session *session);

/* Whether the handshake was spared by what a former connection left. */
bool net_tls_resumed(const struct net_filter *tls);

/* Of both. */

#define NET_TLS_ERROR_TEXT_SIZE 160

/* Why this filter answered ERR_PROTOCOL, for people: "certificate verify failed (unable to get
 * local issuer certificate)". Returns a slice of `ret_text`. */
struct str net_tls_error_print(const struct net_filter *tls,
                               char ret_text[NET_TLS_ERROR_TEXT_SIZE]);

CLEANUP_DEFINE(struct net_filter, net_filter_free);
CLEANUP_DEFINE(struct net_tls_server, net_tls_server_free);
CLEANUP_DEFINE(struct net_tls_context, net_tls_context_unref);
CLEANUP_DEFINE(struct net_tls_trust, net_tls_trust_unref);
CLEANUP_DEFINE(struct net_tls_client, net_tls_client_unref);
