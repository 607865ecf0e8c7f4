#include <errno.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/assert.h"
#include "core/net/internal.h"

static void set_option(int fd, int level, int option, int value)
{
    ASSERT(setsockopt(fd, level, option, &value, sizeof(value)) == 0);
}

static enum err bind_failed(const struct net_address *address, struct err_info *reterr)
{
    char text[NET_ADDRESS_TEXT_SIZE];
    (void)net_address_print(address, text); /* terminated */
    if (errno == EADDRINUSE)
        return err_set(reterr, ERR_CONFLICT, "%s is in use by another process", text);
    if (errno == EACCES)
        return err_set(
            reterr, ERR_UNAUTHORISED,
            "%s: no permission for this port; ports below the sysctl "
            "net.ipv4.ip_unprivileged_port_start (1024) need root or CAP_NET_BIND_SERVICE",
            text);
    if (errno == EADDRNOTAVAIL || errno == EAFNOSUPPORT)
        return err_set(reterr, ERR_INVALID, "%s is not an address of this machine", text);
    if (errno == EMFILE || errno == ENFILE)
        return err_set(reterr, ERR_LIMIT, "cannot listen on %s: no file descriptor is left", text);
    return err_set_errno(reterr, "cannot listen on %s", text);
}

/* A socket for `address`, or -1. All addresses of both families are those of IPv4 alone where the
 * kernel has no IPv6. */
static int open_socket(const struct net_address *address, struct net_address *ret_used)
{
    static const unsigned char any[sizeof(address->ip)];
    *ret_used = *address;
    int fd = socket(address->family == NET_IPV6 ? AF_INET6 : AF_INET,
                    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bool is_any = address->family == NET_IPV6 && memcmp(address->ip, any, sizeof(any)) == 0;
    if (fd != -1 || errno != EAFNOSUPPORT || !is_any)
        return fd;
    ret_used->family = NET_IPV4;
    return socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

/* SO_REUSEADDR only lets us bind while connections of a former process are in TIME_WAIT; a port
 * that somebody listens on stays in use. */
static enum err open_bound(const struct net_address *address, bool shared, int *ret_fd,
                           struct err_info *reterr)
{
    struct sockaddr_storage system;
    struct net_address used;
    int fd = open_socket(address, &used);
    if (fd == -1)
        return bind_failed(address, reterr);
    socklen_t size = net__address_to_system(&used, &system);
    set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (shared)
        set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    if (used.family == NET_IPV6)
        set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1); /* accepted connections inherit it */
    if (bind(fd, (const struct sockaddr *)&system, size) == -1) {
        enum err e = bind_failed(address, reterr);
        (void)close(fd); /* nothing was written to it */
        return e;
    }
    *ret_fd = fd;
    return ERR_OK;
}

enum err net_probe(const struct net_address *address, struct err_info *reterr)
{
    int fd;
    enum err e = open_bound(address, false, &fd, reterr);
    if (e == ERR_OK)
        (void)close(fd); /* nothing was written to it */
    return e;
}

enum err net_bind(const struct net_address *address, int *ret_fd, struct err_info *reterr)
{
    return open_bound(address, true, ret_fd, reterr);
}

enum err net_listen(int fd, int backlog, struct err_info *reterr)
{
    ASSERT(backlog > 0 && backlog <= NET_BACKLOG_MAX);
    if (listen(fd, backlog) == 0)
        return ERR_OK;
    int reason = errno;
    struct net_address address;
    if (net_local_address(fd, &address) != ERR_OK)
        return err_set_errno(reterr, "cannot listen");
    errno = reason;
    return bind_failed(&address, reterr);
}

enum err net_local_address(int fd, struct net_address *ret_address)
{
    struct sockaddr_storage system;
    socklen_t size = sizeof(system);
    if (getsockname(fd, (struct sockaddr *)&system, &size) == -1)
        return ERR_SYSTEM;
    *ret_address = net__address_from_system(&system);
    return ERR_OK;
}

/* accept(2): Linux passes errors of the new connection itself through accept. */
static enum err accept_failed(void)
{
    switch (errno) {
    case EAGAIN: return ERR_AGAIN;
    case ECONNABORTED:
    case EPROTO:
    case EPERM: /* a firewall rule */
    case ENETDOWN:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH:
    case ETIMEDOUT: return ERR_CLOSED;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM: return ERR_LIMIT;
    default: return ERR_SYSTEM;
    }
}

enum err net_accept(int listen_fd, int *ret_fd, struct net_address *ret_client)
{
    struct sockaddr_storage system = {0};
    int fd;
    do {
        socklen_t size = sizeof(system);
        fd = accept4(listen_fd, (struct sockaddr *)&system, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    } while (fd == -1 && errno == EINTR);
    if (fd == -1)
        return accept_failed();
    *ret_fd = fd;
    *ret_client = net__address_from_system(&system);
    return ERR_OK;
}

static enum err connect_failed(void)
{
    switch (errno) {
    case ETIMEDOUT: return ERR_TIMEOUT;
    case EADDRNOTAVAIL: /* every port towards there is taken */
    case EAGAIN:
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM: return ERR_LIMIT;
    case ECONNREFUSED:
    case ECONNRESET:
    case ENETUNREACH:
    case EHOSTUNREACH:
    case ENETDOWN:
    case EHOSTDOWN:
    case EAFNOSUPPORT:
    case EACCES: /* broadcast addresses and firewall rules */
    case EPERM:
    case EINVAL: return ERR_UNAVAILABLE;
    default: return ERR_SYSTEM;
    }
}

enum err net_connect(const struct net_address *address, int *ret_fd)
{
    struct sockaddr_storage system;
    socklen_t size = net__address_to_system(address, &system);
    int fd = socket(system.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd == -1)
        return connect_failed();
    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    if (connect(fd, (const struct sockaddr *)&system, size) == -1 && errno != EINPROGRESS) {
        int reason = errno;
        (void)close(fd); /* nothing was written to it */
        errno = reason;
        return connect_failed();
    }
    *ret_fd = fd;
    return ERR_OK;
}

enum err net_connect_result(int fd)
{
    int reason = 0;
    socklen_t size = sizeof(reason);
    ASSERT(getsockopt(fd, SOL_SOCKET, SO_ERROR, &reason, &size) == 0);
    if (reason == 0)
        return ERR_OK;
    errno = reason;
    return connect_failed();
}
