#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/assert.h"
#include "core/base/ip.h"
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

enum err web__listen(struct str address, uint16_t port, int *ret_fd, uint16_t *ret_port,
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
    /* Without it a restarted program would wait for the old one's last connections. */
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == -1 ||
        bind(fd, &place.any, size) == -1 || listen(fd, BACKLOG) == -1 ||
        getsockname(fd, &place.any, &size) == -1) {
        enum err e = bind_failed(address, port, reterr);
        (void)close(fd); /* nothing was written */
        return e;
    }
    *ret_fd = fd;
    *ret_port = ntohs(place.any.sa_family == AF_INET ? place.v4.sin_port : place.v6.sin6_port);
    return ERR_OK;
}

int web__accept_next(int fd)
{
    int connection = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    int on = 1;
    /* Else the last piece of a message waits for 40 ms until the one before was confirmed. */
    if (connection != -1)
        (void)setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)); /* or slowly */
    return connection;
}

static void watches_set(struct web *web, unsigned events)
{
    for (size_t i = 0; i < web->server_count; i++) {
        if (web->servers[i].watch != NULL)
            loop_fd_set(web->servers[i].watch, events);
    }
}

void web__accept(struct web_server *server)
{
    struct web *web = server->web;
    while (web->connection_count < WEB_CONNECTIONS_MAX) {
        int fd = web__accept_next(server->fd);
        if (fd == -1)
            return; /* none left, or one that has gone again: the loop comes back if there is more
                     */
        web->connection_count++;
        struct lws *wsi = lws_adopt_socket_vhost(web->vhost, fd);
        if (wsi == NULL) /* it has closed the descriptor */
            web__connection_ended(&server->owner);
        else
            lws_set_opaque_user_data(wsi, &server->owner);
    }
    watches_set(web, 0);
}

void web__connection_ended(struct web__owner *owner)
{
    struct web *web = CONTAINER_OF(owner, struct web_server, owner)->web;
    ASSERT(web->connection_count > 0);
    if (web->connection_count-- == WEB_CONNECTIONS_MAX)
        watches_set(web, LOOP_READ);
}
