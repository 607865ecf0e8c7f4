/* A small HTTP/1.1 server on our loop, for the addresses that people and probes ask: health,
 * metrics, dumps. Not the data plane's: that one is core/http's.
 *
 * It stands on libwebsockets, which rides on the loop through its libuv plug-in; the plug-in is
 * loaded by web_start and has to be installed (Debian: libwebsockets-evlib-uv). A handler
 * answers a GET or HEAD of one path at once; other methods get 405, other paths 404, both as a line
 * of text. Bodies of requests are not read.
 *
 *     web_open, web_server_open for each address, web_start ... web_close, closed(arg)
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

/* Connections of all servers together; more wait in the kernel's queue. Idle ones end after 5 s. */
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
