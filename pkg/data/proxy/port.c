/* Ports: a worker's listening sockets, across changes of what is served on them. */
#include <unistd.h>

#include "core/base/assert.h"
#include "core/base/mem.h"
#include "data/proxy/conn.h"
#include "data/proxy/main.h"

/* The most connections one readiness of a port accepts, so that others get their turn. */
#define ACCEPT_BATCH 16

/* How long accepting pauses when descriptors are used up. */
#define ACCEPT_PAUSE_MS 100U

static bool is_full(const struct proxy__worker *worker)
{
    return worker->conn_count >= worker->proxy->connections_max;
}

static void port_pause(struct proxy__port *port)
{
    if (port->watch == NULL)
        return;
    loop_fd_set(port->watch, 0);
    loop_timer_start(port->worker->loop, &port->pause, ACCEPT_PAUSE_MS);
}

static void port_on_pause(void *arg)
{
    struct proxy__port *port = arg;
    if (port->watch == NULL)
        return;
    if (is_full(port->worker))
        port_pause(port);
    else
        loop_fd_set(port->watch, LOOP_READ);
}

/* Accepts up to `most`. False: none waits. */
static bool port_accept(struct proxy__port *port, unsigned most)
{
    for (unsigned i = 0; i < most; i++) {
        int fd;
        struct net_address client;
        if (is_full(port->worker)) {
            port_pause(port);
            return false;
        }
        enum err result = net_accept(port->fd, &fd, &client);
        if (result == ERR_OK) {
            proxy__conn_open(port, fd, &client);
        } else if (result != ERR_CLOSED) {
            if (result != ERR_AGAIN)
                port_pause(port); /* no descriptor or memory: others have to end first */
            return false;
        }
    }
    return true;
}

static void port_on_accept(void *arg, unsigned events)
{
    (void)events; /* readable is all that was asked for */
    (void)port_accept(arg, ACCEPT_BATCH);
}

static struct proxy__port *port_find(const struct proxy__worker *worker,
                                     const struct net_address *address)
{
    LIST_FOR_EACH(node, &worker->ports) {
        struct proxy__port *port = LIST_ITEM(node, struct proxy__port, link);
        if (!port->removed && net_address_equal(&port->address, address))
            return port;
    }
    return NULL;
}

static struct proxy__port *port_new(struct proxy__worker *worker,
                                    struct subscribe_listener *listener)
{
    struct proxy__port *port = MEM_NEW(struct proxy__port);
    port->worker = worker;
    port->address = listener->address;
    port->fd = subscribe_socket_take(listener, worker->index);
    ASSERT(port->fd >= 0); /* what is not there is new, and staging opened it */
    list_init(&port->conns);
    loop_timer_init(&port->pause, port_on_pause, port);
    list_push_back(&worker->ports, &port->link);
    port->watch = loop_fd_open(worker->loop, port->fd, LOOP_READ, port_on_accept, port);
    if (port->watch == NULL) /* epoll's own bound; the port would stay deaf without a word */
        LOG(LOG_ERROR, "a listener cannot be watched: fs.epoll.max_user_watches is too low",
            LOG_STR("listener", listener->model->name));
    return port;
}

static void port_set(struct proxy__port *port, struct proxy__view *view, size_t index)
{
    struct proxy__view *before = port->view;
    if (before != NULL)
        metrics_sub(port->worker->metrics, port->series->connections_open, port->conn_count);
    port->view = proxy__view_ref(view);
    port->listener = &view->state->staged->listeners[index];
    port->series = &view->state->series[index];
    metrics_add(port->worker->metrics, port->series->connections_open, port->conn_count);
    proxy__view_unref(before);
}

/* What is queued was promised a connection: it is accepted before the socket goes. */
static void port_close(struct proxy__port *port)
{
    if (port->fd < 0)
        return;
    while (port_accept(port, ACCEPT_BATCH)) {
    }
    loop_timer_stop(port->worker->loop, &port->pause);
    port->watch = loop_fd_close(port->watch);
    (void)close(port->fd); /* nothing is queued */
    port->fd = -1;
}

static void port_remove(struct proxy__port *port)
{
    port_close(port);
    LIST_FOR_EACH(node, &port->conns)
        proxy__conn_retire(LIST_ITEM(node, struct proxy__conn, link));
    port->removed = true;
    proxy__port_settle(port);
}

void proxy__ports_update(struct proxy__worker *worker)
{
    struct proxy__view *view = worker->view;
    struct subscribe_state *staged = view->state->staged;
    LIST_FOR_EACH(node, &worker->ports)
        LIST_ITEM(node, struct proxy__port, link)->kept = false;
    for (size_t i = 0; i < staged->listener_count; i++) {
        struct proxy__port *port = port_find(worker, &staged->listeners[i].address);
        if (port == NULL)
            port = port_new(worker, &staged->listeners[i]);
        port->kept = true;
        port_set(port, view, i);
    }
    LIST_FOR_EACH(node, &worker->ports) {
        struct proxy__port *port = LIST_ITEM(node, struct proxy__port, link);
        if (!port->kept && !port->removed)
            port_remove(port);
        else if (worker->leaving)
            port_close(port);
    }
}

void proxy__ports_leave(struct proxy__worker *worker)
{
    LIST_FOR_EACH(node, &worker->ports)
        port_close(LIST_ITEM(node, struct proxy__port, link));
    LIST_FOR_EACH(node, &worker->ports) {
        struct proxy__port *port = LIST_ITEM(node, struct proxy__port, link);
        LIST_FOR_EACH(conn_node, &port->conns)
            proxy__conn_retire(LIST_ITEM(conn_node, struct proxy__conn, link));
    }
}

void proxy__port_free(struct proxy__port *port)
{
    ASSERT(list_is_empty(&port->conns));
    port_close(port);
    list_remove(&port->link);
    proxy__view_unref(TAKE(port->view));
    (void)mem_free(port); /* always NULL */
}

void proxy__port_settle(struct proxy__port *port)
{
    if (port->removed && list_is_empty(&port->conns))
        proxy__port_free(port);
}
