/* A socket that listens: opened, and accepting with pauses. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/ip.h"
#include "core/net/net.h"
#include "core/web/internal.h"
#include "core/web/web.h"

#define BACKLOG 128

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

/* The size of the address in use; 0: `text` is none. */
static socklen_t address_make(struct str text, uint16_t port, union address *ret_address)
{
    unsigned char bytes[IP_SIZE_MAX];
    memset(ret_address, 0, sizeof(*ret_address));
    switch (ip_parse(text, bytes)) {
    case sizeof(ret_address->v4.sin_addr):
        ret_address->v4.sin_family = AF_INET;
        ret_address->v4.sin_port = htons(port);
        memcpy(&ret_address->v4.sin_addr, bytes, sizeof(ret_address->v4.sin_addr));
        return sizeof(ret_address->v4);
    case sizeof(ret_address->v6.sin6_addr):
        ret_address->v6.sin6_family = AF_INET6;
        ret_address->v6.sin6_port = htons(port);
        memcpy(&ret_address->v6.sin6_addr, bytes, sizeof(ret_address->v6.sin6_addr));
        return sizeof(ret_address->v6);
    default: return 0;
    }
}

static enum err bind_failed(struct str address, uint16_t port, struct err_info *reterr)
{
    if (errno == EADDRINUSE)
        return err_set(reterr, ERR_CONFLICT, "port %u of %.*s is in use by another process",
                       (unsigned)port, STR_ARG(address));
    if (errno == EACCES)
        return err_set(reterr, ERR_UNAUTHORISED,
                       "port %u of %.*s needs a privilege: take one "
                       "above 1023",
                       (unsigned)port, STR_ARG(address));
    if (errno == EADDRNOTAVAIL || errno == EAFNOSUPPORT)
        return err_set(reterr, ERR_INVALID, "%.*s is not an address of this machine",
                       STR_ARG(address));
    return err_set_errno(reterr, "cannot listen on port %u of %.*s", (unsigned)port,
                         STR_ARG(address));
}

enum err web__listener_open(struct web__listener *listener, struct str address, uint16_t port,
                            struct err_info *reterr)
{
    union address place;
    socklen_t size = address_make(address, port, &place);
    if (size == 0)
        return err_set(reterr, ERR_INVALID, "\"%.*s\" is not an IP address",
                       STR_ARG(str_first(address, 64)));
    int fd = socket(place.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd == -1)
        return bind_failed(address, port, reterr);
    int on = 1;
    /* Without the first a restarted program would wait for the old one's last connections. The
     * second is for what is accepted: else the last piece of a message waits for 40 ms until the
     * one before was confirmed. */
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == -1 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == -1 ||
        bind(fd, &place.any, size) == -1 || listen(fd, BACKLOG) == -1 ||
        getsockname(fd, &place.any, &size) == -1) {
        enum err e = bind_failed(address, port, reterr);
        (void)close(fd); /* nothing was written */
        return e;
    }
    listener->fd = fd;
    listener->port = ntohs(place.any.sa_family == AF_INET ? place.v4.sin_port : place.v6.sin6_port);
    return ERR_OK;
}

/* ---- Accepting ---- */

/* One connection. False: that was all, for now. */
static bool accept_one(struct web__listener *listener)
{
    int fd;
    struct net_address client; /* whoever it is */
    if (!listener->has_room(listener->arg)) {
        loop_fd_set(listener->watch, 0);
        return false;
    }
    enum err err = net_accept(listener->fd, &fd, &client);
    if (err == ERR_OK) {
        listener->accepted(listener->arg, fd);
    } else if (err != ERR_CLOSED && err != ERR_AGAIN) {
        loop_fd_set(listener->watch, 0);
        loop_timer_start(listener->loop, &listener->pause, WEB__ACCEPT_PAUSE_MS);
    }
    return err == ERR_OK || err == ERR_CLOSED;
}

static void on_readable(void *arg, unsigned events)
{
    (void)events; /* only reading was asked for */
    while (accept_one(arg)) {
    }
}

static void on_pause_end(void *arg)
{
    struct web__listener *listener = arg;
    loop_fd_set(listener->watch, LOOP_READ);
}

enum err web__listener_start(struct web__listener *listener, struct err_info *reterr)
{
    loop_timer_init(&listener->pause, on_pause_end, listener);
    listener->watch = loop_fd_open(listener->loop, listener->fd, LOOP_READ, on_readable, listener);
    if (listener->watch == NULL)
        return err_set_errno(reterr, "cannot watch port %u", (unsigned)listener->port);
    return ERR_OK;
}

void web__listener_resume(struct web__listener *listener)
{
    if (listener->watch != NULL && !loop_timer_is_running(&listener->pause))
        loop_fd_set(listener->watch, LOOP_READ);
}

void web__listener_close(struct web__listener *listener)
{
    if (listener->watch != NULL)
        loop_timer_stop(listener->loop, &listener->pause);
    listener->watch = loop_fd_close(listener->watch);
    (void)close(listener->fd); /* nothing was written */
}
