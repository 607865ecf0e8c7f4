/* c-ares on our loop: its sockets are watched, and its time-outs are an alarm. */
#include <sys/time.h>

#include "core/base/assert.h"
#include "core/base/mem.h"
#include "core/dns/internal.h"

#define SYSTEM_FILE "/etc/resolv.conf"

/* ---- Sockets ---- */

static void socket_on_event(void *arg, unsigned events)
{
    const struct dns__socket *socket = arg; /* may be gone when c-ares returns */
    struct dns *dns = socket->dns;
    int fd = socket->fd;
    ares_process_fd(dns->channel, (events & LOOP_READ) != 0 ? fd : ARES_SOCKET_BAD,
                    (events & LOOP_WRITE) != 0 ? fd : ARES_SOCKET_BAD);
    dns__channel_arm(dns);
}

static struct dns__socket *socket_find(const struct dns *dns, int fd)
{
    LIST_FOR_EACH(node, &dns->sockets) {
        struct dns__socket *socket = LIST_ITEM(node, struct dns__socket, link);
        if (socket->fd == fd)
            return socket;
    }
    return NULL;
}

static void socket_open(struct dns *dns, int fd, unsigned events)
{
    struct dns__socket *socket = MEM_NEW(struct dns__socket);
    socket->dns = dns;
    socket->fd = fd;
    socket->watch = loop_fd_open(dns->loop, fd, events, socket_on_event, socket);
    if (socket->watch == NULL) { /* its queries time out, and are asked again */
        (void)mem_free(socket);  /* always NULL */
        return;
    }
    list_push_back(&dns->sockets, &socket->link);
}

static void socket_close(struct dns__socket *socket)
{
    list_remove(&socket->link);
    socket->watch = loop_fd_close(socket->watch);
    (void)mem_free(socket); /* always NULL */
}

/* Wanted is neither: it is about to be closed. */
static void on_socket_state(void *arg, ares_socket_t fd, int readable, int writable)
{
    struct dns *dns = arg;
    unsigned events = (readable ? LOOP_READ : 0U) | (writable ? LOOP_WRITE : 0U);
    struct dns__socket *socket = socket_find(dns, fd);
    if (socket == NULL && events != 0)
        socket_open(dns, fd, events);
    else if (socket != NULL && events == 0)
        socket_close(socket);
    else if (socket != NULL)
        loop_fd_set(socket->watch, events);
}

/* ---- Time ---- */

void dns__channel_arm(struct dns *dns)
{
    struct timeval area;
    const struct timeval *next = ares_timeout(dns->channel, NULL, &area);
    if (next == NULL)
        loop_alarm_cancel(dns->alarm);
    else
        loop_alarm_set(dns->alarm,
                       (uint64_t)next->tv_sec * 1000 + ((uint64_t)next->tv_usec + 999) / 1000);
}

static void on_alarm(void *arg)
{
    struct dns *dns = arg;
    ares_process_fd(dns->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    dns__channel_arm(dns);
}

/* ---- The channel ---- */

static struct stat system_now(void)
{
    struct stat now = {0};
    if (stat(SYSTEM_FILE, &now) != 0)
        now = (struct stat){0}; /* there is none: the same as before, or not */
    return now;
}

static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static int channel_init(struct dns *dns)
{
    struct ares_options options = {.timeout = (int)dns->timeout_ms,
                                   .tries = (int)DNS_TRIES,
                                   .sock_state_cb = on_socket_state,
                                   .sock_state_cb_data = dns};
    dns->system = system_now();
    int status = ares_init_options(&dns->channel, &options,
                                   ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB);
    if (status == ARES_SUCCESS && dns->server.family != 0)
        status = ares_set_servers_ports(dns->channel, &dns->server);
    return status;
}

enum err dns__channel_open(struct dns *dns, struct err_info *reterr)
{
    dns->alarm = loop_alarm_open(dns->loop, on_alarm, dns);
    int status = channel_init(dns);
    if (status == ARES_SUCCESS)
        return ERR_OK;
    return err_set(reterr, ERR_SYSTEM, "the configuration of DNS cannot be read: %s",
                   ares_strerror(status));
}

void dns__channel_close(struct dns *dns)
{
    if (dns->channel != NULL)
        ares_destroy(dns->channel);
    dns->channel = NULL;
    dns->alarm = loop_alarm_close(dns->alarm);
}

void dns__channel_renew(struct dns *dns)
{
    ASSERT(dns->running == 0);
    struct stat now = system_now();
    if (is_same(&now, &dns->system))
        return;
    ares_channel before = dns->channel;
    dns->channel = NULL;
    bool made = channel_init(dns) == ARES_SUCCESS;
    ares_channel other = made ? before
                              : dns->channel; /* one that cannot be read may be half made */
    if (!made)
        dns->channel = before;
    if (other != NULL)
        ares_destroy(other);
}
