/* Private to data/proxy: the ports of a worker, and their connections. */
#pragma once

#include "data/proxy/memory.h"
#include "data/proxy/worker.h"

struct proxy__port {
    struct list link;
    struct proxy__worker *worker;
    struct net_address address;
    int fd;                /* -1: closed */
    struct loop_fd *watch; /* NULL: closed */
    struct loop_timer pause;
    struct proxy__view *view; /* pinned */
    const struct subscribe_listener *listener;
    const struct proxy__series *series;
    struct list conns;
    uint32_t conn_count;
    bool kept; /* while a swap is under way: the new state has it */
    bool removed;
};

enum proxy__phase {
    PROXY__HANDSHAKE,
    PROXY__IDLE,    /* no byte of a request yet */
    PROXY__HEAD,    /* some bytes of a head */
    PROXY__REQUEST, /* `request` is under way */
    PROXY__LINGER,  /* answered and shut down; reading until the client closes */
    PROXY__CLOSED,  /* to be recycled at the end of the turn */
};

struct proxy__conn {
    /* Hot: what every request touches. */
    struct net_socket socket;
    struct net_filter *top;
    struct loop_fd *watch;
    struct proxy__port *port;
    struct proxy__request *request;
    struct proxy__block *block; /* bytes that were read and not yet used */
    struct loop_timer timer;
    uint8_t phase; /* enum proxy__phase */
    bool internal; /* a private or loopback address */
    bool tls;
    uint8_t client_size;
    /* Cold. */
    char client[NET_ADDRESS_TEXT_SIZE - 8]; /* the IP address as text */
    uint16_t client_port;
    struct http_scan scan;
    struct list link;
    struct loop_deferred resume;
    size_t lingered;
};
_Static_assert(offsetof(struct proxy__conn, client) <= 128, "two cache lines");

/* ---- port.c ---- */

void proxy__ports_update(struct proxy__worker *worker);
void proxy__ports_leave(struct proxy__worker *worker);

/* A removed port without connections is freed. */
void proxy__port_settle(struct proxy__port *port);
void proxy__port_free(struct proxy__port *port);

/* ---- conn.c ---- */

void proxy__conn_open(struct proxy__port *port, int fd, const struct net_address *client);
void proxy__conn_close(struct proxy__conn *conn);

/* No more is accepted on its port: closes it soon, unless a request is under way or comes. */
void proxy__conn_retire(struct proxy__conn *conn);

/* The request has ended. */
void proxy__conn_next(struct proxy__conn *conn, bool keep_alive, bool drained);

void proxy__conn_free(struct proxy__conn *conn);

/* Sets what the client's descriptor waits for. */
void proxy__conn_watch(struct proxy__conn *conn);
