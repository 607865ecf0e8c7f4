/* Private to core/web: what both sides of a WebSocket share. */
#pragma once

#include "core/base/list.h"
#include "core/dns/dns.h"
#include "core/web/internal.h"

struct pki_identity;

/* A vhost of libwebsockets, which is what carries a TLS context: every server has one, and every
 * client, as long as its connection lives. */
struct web__host {
    struct web *web;
    struct lws_vhost *vhost;
    struct pki_identity *const *identity; /* that a server presents; NULL: a client's */
    struct str ca_pem;                    /* of a client, while it is made, like what follows */
    enum err result;
    struct err_info *reterr;
};

struct web_sockets {
    struct web__owner owner; /* of its connections */
    struct web *web;
    struct web_sockets *next; /* of the web's */
    struct web_sockets_options options;
    struct web__host host;
    struct pki_identity *identity; /* of new connections */
    struct web__listener listener;
    unsigned count;
};

/* Of the addresses of a host; more are not tried. */
#define WEB__ADDRESSES_MAX ((size_t)8)
/* Of a name, and of an address as text. */
#define WEB__NAME_SIZE 256

/* Where a client connects to. */
struct web__target {
    const char *path;
    uint16_t port;
    char server_name[WEB__NAME_SIZE];
    char host[WEB__NAME_SIZE];
    char addresses[WEB__ADDRESSES_MAX][WEB__NAME_SIZE]; /* of the host, tried one after the other */
    size_t address_count;
    size_t next;
};

struct web__message {
    struct list link;
    size_t size;
    size_t sent;
    unsigned char bytes[]; /* LWS_PRE bytes that libwebsockets writes to, then the text */
};

struct web_socket {
    struct web *web;
    struct web__host *host; /* of a client; NULL: a server's */
    struct lws *wsi;        /* NULL: not yet, or not any more */
    struct web_socket_events events;
    struct web_socket_limits limits;
    void *data;
    struct list queue;
    size_t queue_size;
    unsigned queue_count;
    struct buf incoming;
    struct web__owner owner;    /* of a client's wsi, as long as it is ours */
    struct web__target *target; /* of a client */
    /* A client that is not with libwebsockets is in one of these: */
    struct dns_question *question;
    struct list resolving;     /* of the web's */
    struct loop_deferred next; /* to the next address, or to its end */
    bool failed;               /* while libwebsockets is asked to connect it */
    bool opened;
    bool closing;        /* nothing more is taken */
    bool told;           /* the close was handed to libwebsockets */
    uint16_t close_code; /* ours or the other side's; 0: none yet */
    struct buf reason;
};

/* One protocol for both sides. */
extern const struct lws_protocols web__socket_protocols[2];
extern const lws_retry_bo_t web__socket_validity;

struct web_socket *web__socket_new(struct web *web, struct web_socket_limits limits,
                                   const struct web_socket_events *events);

/* A client that is not with libwebsockets: waits no longer for addresses, and ends soon. */
void web__socket_resolve_end(struct web_socket *socket);

/* What libwebsockets had of a client is gone: it goes on to the next address, or ends, soon. */
void web__socket_go_on(struct web_socket *socket);

/* Says `closed`, and frees it. */
void web__socket_end(struct web_socket *socket);

/* After its context, or one that was never opened. */
void web__sockets_free(struct web_sockets *sockets);

/* What a client had to connect with: it goes, at the latest with its connection. */
void web__socket_disconnect(struct web_socket *socket);

/* Makes the vhost of one that has everything else. ERR_INVALID: the authorities are none. */
MUST_USE enum err web__host_open(struct web__host *host);
