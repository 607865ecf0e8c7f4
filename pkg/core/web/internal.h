/* Private to core/web: what listening, answering and closing share. */
#pragma once

#include <libwebsockets.h>
#include <stdbool.h>

#include "core/base/list.h"
#include "core/loop/loop.h"
#include "core/web/web.h"

/* Whose a connection is that was accepted: the opaque user data of its wsi. libwebsockets tells of
 * its end to a protocol of any virtual host, so both say it on to this. */
struct web__owner {
    void (*ended)(struct web__owner *owner);
};

static inline void web__connection_destroyed(struct lws *wsi)
{
    struct web__owner *owner = lws_get_opaque_user_data(wsi);
    if (owner != NULL)
        owner->ended(owner);
}

struct web_server {
    struct web__owner owner;
    struct web *web;
    int fd;
    struct loop_fd *watch;
    uint16_t port;
    const struct web_handler *handlers;
    size_t handler_count;
};

struct web {
    struct loop *loop;
    struct lws_context *context; /* NULL until web_start */
    struct lws_vhost *vhost;
    void *native_loop;
    struct web_server servers[WEB_SERVERS_MAX];
    size_t server_count;
    unsigned connection_count;
    struct web_sockets *sockets; /* servers of WebSockets */
    struct list resolving;       /* clients that wait for addresses */
    struct loop_deferred closing;
    bool is_closing;
    unsigned closing_turns;
    web_closed_fn closed;
    void *closed_arg;
};

/* A socket that listens. Errors as web_server_open. */
MUST_USE enum err web__listen(struct str address, uint16_t port, int *ret_fd, uint16_t *ret_port,
                              struct err_info *reterr);

/* A connection that waits on `fd`; -1: none. */
MUST_USE int web__accept_next(int fd);

/* Accepts as long as the bound on connections allows. */
void web__accept(struct web_server *server);
void web__connection_ended(struct web__owner *owner);

/* The one protocol of the one virtual host, and the end of the list. */
extern const struct lws_protocols web__protocols[2];
