/* An HTTP client for tests, on the loop that serves it. */
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/buf.h"
#include "core/loop/loop.h"

/* A client in the same loop: it sends what it was given, and reads until the server closes or the
 * text it waits for has come. */
struct client {
    struct loop *loop;
    int fd;
    struct loop_fd *watch;
    struct buf received;
    const char *until; /* NULL: the end of the stream */
};

static inline void client_readable(void *arg, unsigned events)
{
    struct client *client = arg;
    (void)events; /* only reading was asked for */
    char *room = buf_reserve(&client->received, 64 * 1024);
    assert_non_null(room);
    ssize_t got = read(client->fd, room, 64 * 1024);
    if (got > 0)
        buf_commit(&client->received, (size_t)got);
    bool found = client->until != NULL && client->received.size > 0 &&
                 memmem(client->received.data, client->received.size, client->until,
                        strlen(client->until)) != NULL;
    if (got <= 0 || found) {
        client->watch = loop_fd_close(client->watch);
        loop_stop(client->loop);
    }
}

static inline void client_open(struct client *client, struct loop *loop, uint16_t port)
{
    *client = (struct client){.loop = loop};
    buf_init(&client->received, (size_t)64 * 1024 * 1024);
    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_int_equal(connect(client->fd, (struct sockaddr *)&address, sizeof(address)), 0);
}

static inline struct str client_ask(struct client *client, const char *text, const char *until)
{
    assert_int_equal(write(client->fd, text, strlen(text)), strlen(text));
    buf_clear(&client->received);
    client->until = until;
    client->watch = loop_fd_open(client->loop, client->fd, LOOP_READ, client_readable, client);
    assert_non_null(client->watch);
    loop_run(client->loop);
    buf_append_char(&client->received, '\0');
    return str_make(client->received.data, client->received.size - 1);
}

static inline void client_close(struct client *client)
{
    client->watch = loop_fd_close(client->watch);
    (void)close(client->fd); /* a test's own */
    buf_deinit(&client->received);
}
