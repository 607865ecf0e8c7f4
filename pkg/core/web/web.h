/* Two things on our loop that libwebsockets does: a small HTTP/1.1 server, for the addresses that
 * people and probes ask (health, metrics, dumps), and WebSockets over TLS, both sides, for the
 * stream between the planes. Not the data plane's HTTP: that one is core/http's.
 *
 * libwebsockets rides on the loop through its libuv plug-in; the plug-in is loaded by web_start and
 * has to be installed (Debian: libwebsockets-evlib-uv). A handler answers a GET or HEAD of one path
 * at once; other methods get 405, other paths 404, both as a line of text. Bodies of requests are
 * not read, and a connection ends with its first answer: whatever else it sends is nothing.
 *
 *     web_open, web_server_open for each address, web_start ... web_close, closed(arg)
 *     after web_start: web_sockets_open, web_socket_connect
 *
 * Everything is for the thread of the loop. One struct web per loop; SIGPIPE is ignored from
 * web_start on, and no other signal is touched. The log goes to ours at level debug. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/str.h"

struct loop;
struct web;
struct web_server;

/* Connections of all servers together; more wait in the kernel's queue. One that has not
 * asked ends after 5 s, and so does one that has not taken its answer after another 5 s. */
#define WEB_CONNECTIONS_MAX 64U
#define WEB_SERVERS_MAX     8U
/* The request line with all header fields. */
#define WEB_HEAD_SIZE_MAX ((size_t)4 * 1024)
#define WEB_PATH_SIZE_MAX ((size_t)1024)
/* A response beyond this becomes a 500: a dump of 10,000 routes is some 10 MB. */
#define WEB_BODY_SIZE_MAX ((size_t)256 * 1024 * 1024)

MUST_USE struct web *web_open(struct loop *loop);

/* Begins to accept, after the servers were opened.
 * ERR_UNAVAILABLE: libwebsockets or its plug-in cannot be used. */
MUST_USE enum err web_start(struct web *web, struct err_info *reterr);

/* Stops listening at once. When it was not started, that is all; else the connections close in the
 * next turns of the loop. Not inside a handler. When nothing is left on the loop, `closed` is
 * called, which may be NULL. Takes NULL. */
typedef void (*web_closed_fn)(void *arg);
void web_close(struct web *web, web_closed_fn closed, void *arg);

struct web_request {
    struct str path; /* without the query; borrowed, terminated */
    struct str host; /* the Host field, or empty */
};

/* Status 200, text/plain and an empty body, until the handler says otherwise. */
struct web_response {
    uint16_t status;
    const char *content_type; /* a constant */
    struct buf body;
};

typedef void (*web_handler_fn)(const struct web_request *request, struct web_response *response,
                               void *arg);

struct web_handler {
    const char *path; /* "/ready" */
    web_handler_fn fn;
    void *arg;
};

struct web_server_options {
    struct str address; /* an IP address without brackets */
    uint16_t port;      /* 0: a free one */
    /* Borrowed until `web` has closed. */
    const struct web_handler *handlers;
    size_t handler_count;
};

/* Listens; the server is closed with `web`.
 * ERR_INVALID: no IP address, or none of this machine; ERR_CONFLICT: in use; ERR_UNAUTHORISED: the
 * port needs a privilege; ERR_LIMIT: too many servers; ERR_SYSTEM. */
MUST_USE enum err web_server_open(struct web *web, const struct web_server_options *options,
                                  struct web_server **ret_server, struct err_info *reterr);

/* The port it listens on. */
uint16_t web_server_port(const struct web_server *server);

/* ---- WebSockets (RFC 6455) over TLS 1.2 and above ----
 *
 * A socket carries whole messages of text. What is sent waits in a queue with a bound until the
 * other side takes it. Both sides look after WEB_SOCKET_PING_S without a sign of life, and give up
 * WEB_SOCKET_SILENT_S after the last one. A socket ends with `closed`, which is the last thing that
 * is heard of it; until then it may be used, in its own callbacks too. */

#define WEB_SOCKETS_MAX     2048U
#define WEB_SOCKET_PING_S   10U
#define WEB_SOCKET_SILENT_S 20U
/* Messages of one socket that wait to be sent, whatever their sizes. */
#define WEB_SOCKET_QUEUE_MAX 1024U
/* What waits to be sent is sent before a close, but not for longer than this. */
#define WEB_SOCKET_CLOSE_S 10
/* For a TCP connection; then the next address is tried. Enough for a packet that was lost once,
 * which comes again after 1 s; in a cluster an address may be that of a pod that has gone. */
#define WEB_SOCKET_CONNECT_S 2U
/* Of what is sent with a close. */
#define WEB_SOCKET_REASON_MAX ((size_t)120)

/* Close codes (RFC 6455 section 7.4.1) that we use or may meet. */
#define WEB_SOCKET_NORMAL    1000U
#define WEB_SOCKET_AWAY      1001U
#define WEB_SOCKET_ABNORMAL  1006U /* without a close: never connected, cut, or silent */
#define WEB_SOCKET_POLICY    1008U
#define WEB_SOCKET_TOO_LARGE 1009U

struct web_socket;
struct web_sockets;

struct web_socket_events {
    /* The handshakes are done. */
    void (*opened)(void *arg, struct web_socket *socket);
    /* A message, borrowed. */
    void (*message)(void *arg, struct web_socket *socket, struct str text);
    /* The end: the other side's code and reason, or ours; WEB_SOCKET_ABNORMAL with what is known
     * of why. Also for one that could not be connected, which was never opened. */
    void (*closed)(void *arg, struct web_socket *socket, uint16_t code, struct str reason);
    void *arg;
};

struct web_socket_limits {
    size_t message_size_max; /* of one that comes; beyond: WEB_SOCKET_TOO_LARGE */
    size_t queue_size_max;   /* of those that wait to be sent */
};

struct web_sockets_options {
    struct str address; /* an IP address without brackets */
    uint16_t port;      /* 0: a free one */
    const char *path;   /* a constant: "/v1/feed"; another one is 404 */
    unsigned sockets_max;
    struct web_socket_limits limits;
    struct web_socket_events events;
    struct str certificates_pem; /* what it presents */
    struct str key_pem;
};

/* Listens for sockets, until `web` is closed. Errors as web_server_open; ERR_INVALID also for a
 * certificate or key that is none. */
MUST_USE enum err web_sockets_open(struct web *web, const struct web_sockets_options *options,
                                   struct web_sockets **ret_sockets, struct err_info *reterr);
uint16_t web_sockets_port(const struct web_sockets *sockets);

/* Presents another certificate in every handshake from now on; connections stay. After an error the
 * former one is presented. ERR_INVALID. */
MUST_USE enum err web_sockets_identity(struct web_sockets *sockets, struct str certificates_pem,
                                       struct str key_pem, struct err_info *reterr);

struct web_socket_options {
    struct str host; /* a name, or an IP address without brackets */
    uint16_t port;
    struct str server_name; /* that the certificate has to be for */
    const char *path;
    struct str ca_pem; /* the authorities that may have signed it: no others are trusted */
    struct web_socket_limits limits;
    struct web_socket_events events;
};

/* Begins to connect, to one address of the host after the other; whether it works is told by an
 * event, after this has returned.
 * ERR_INVALID: `ca_pem` holds no certificate. */
MUST_USE enum err web_socket_connect(struct web *web, const struct web_socket_options *options,
                                     struct web_socket **ret_socket, struct err_info *reterr);

/* Sends a message, copied. ERR_LIMIT: the queue has no room; ERR_CLOSED: it is closing. */
MUST_USE enum err web_socket_send(struct web_socket *socket, struct str text);

/* Closes after what waits was sent; `closed` follows. The reason is cut at its bound. */
void web_socket_close(struct web_socket *socket, uint16_t code, struct str reason);

/* The caller's own, NULL at first. */
void web_socket_set_data(struct web_socket *socket, void *data);
void *web_socket_data(const struct web_socket *socket);
