#include <errno.h>
#include <sys/socket.h>

#include "core/base/assert.h"
#include "core/loop/loop.h"
#include "core/net/net.h"

static enum err socket_handshake(struct net_filter *filter)
{
    (void)filter; /* ready at once */
    return ERR_OK;
}

static enum err failed(struct net_filter *filter, unsigned wants)
{
    if (errno != EAGAIN)
        return ERR_SYSTEM;
    filter->wants = wants;
    return ERR_AGAIN;
}

static enum err socket_read(struct net_filter *filter, void *data, size_t size, size_t *ret_size)
{
    struct net_socket *bottom = CONTAINER_OF(filter, struct net_socket, filter);
    ASSERT(size > 0);
    ssize_t got;
    do
        got = recv(bottom->fd, data, size, 0);
    while (UNLIKELY(got == -1 && errno == EINTR));
    if (UNLIKELY(got == -1))
        return failed(filter, LOOP_READ);
    if (got == 0)
        return ERR_CLOSED;
    *ret_size = (size_t)got;
    return ERR_OK;
}

/* sendmsg is writev without SIGPIPE. */
static enum err socket_writev(struct net_filter *filter, const struct iovec *parts, int count,
                              size_t *ret_size)
{
    struct net_socket *bottom = CONTAINER_OF(filter, struct net_socket, filter);
    ASSERT(count > 0);
    const struct msghdr message = {
        .msg_iov = (struct iovec *)(uintptr_t)parts, /* only read */
        .msg_iovlen = (size_t)count,
    };
    ssize_t put;
    do
        put = sendmsg(bottom->fd, &message, MSG_NOSIGNAL);
    while (UNLIKELY(put == -1 && errno == EINTR));
    if (UNLIKELY(put == -1))
        return failed(filter, LOOP_WRITE);
    *ret_size = (size_t)put;
    return ERR_OK;
}

static enum err socket_shutdown(struct net_filter *filter)
{
    struct net_socket *bottom = CONTAINER_OF(filter, struct net_socket, filter);
    return shutdown(bottom->fd, SHUT_WR) == 0 ? ERR_OK : ERR_SYSTEM;
}

static bool socket_pending(const struct net_filter *filter)
{
    (void)filter; /* keeps nothing */
    return false;
}

static void socket_free(struct net_filter *filter)
{
    (void)filter; /* the storage and the descriptor are the owner's */
}

static const struct net_filter_type socket_type = {
    .name = "socket",
    .handshake = socket_handshake,
    .read = socket_read,
    .writev = socket_writev,
    .shutdown = socket_shutdown,
    .pending = socket_pending,
    .free = socket_free,
};

void net_socket_init(struct net_socket *bottom, int fd)
{
    *bottom = (struct net_socket){.filter = {.type = &socket_type}, .fd = fd};
}

struct net_filter *net_filter_free(struct net_filter *top)
{
    while (top != NULL) {
        struct net_filter *next = top->next;
        top->type->free(top);
        top = next;
    }
    return NULL;
}
