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

/* A socket that listens, and who takes its connections. */
struct web__listener {
    struct loop *loop;
    bool (*has_room)(void *arg); /* for one more */
    void (*accepted)(void *arg, int fd);
    void *arg;
    /* Of web__listener_open: */
    int fd;
    uint16_t port;
    struct loop_fd *watch; /* NULL: it does not accept yet, or not any more */
    struct loop_timer pause;
};

/* Accepting goes on after this when there was no descriptor: the connection that waits would wake
 * the loop at once, for nothing. */
#define WEB__ACCEPT_PAUSE_MS 100U

/* Listens; connections wait until it is started. Errors as web_server_open. */
MUST_USE enum err web__listener_open(struct web__listener *listener, struct str address,
                                     uint16_t port, struct err_info *reterr);
MUST_USE enum err web__listener_start(struct web__listener *listener, struct err_info *reterr);

/* There is room again. Of one that is closed, too. */
void web__listener_resume(struct web__listener *listener);
void web__listener_close(struct web__listener *listener);

struct web_server {
    struct web__owner owner;
    struct web *web;
    struct web__listener listener;
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
    struct dns *dns;             /* NULL: no client has named a host yet */
    struct list resolving;       /* clients that wait for addresses */
    struct loop_deferred closing;
    bool is_closing;
    unsigned closing_turns;
    web_closed_fn closed;
    void *closed_arg;
};

/* The one protocol of the one virtual host, and the end of the list. */
extern const struct lws_protocols web__protocols[2];
