/* The client's half: connected, or about to be. */
#include "core/base/assert.h"
#include "core/base/file.h"
#include "core/base/mem.h"
#include "core/feed/backoff.h"
#include "core/feed/message.h"
#include "core/loop/loop.h"
#include "core/web/web.h"

#define HAVE_SIZE_MAX 128

struct feed_client {
    struct feed_client_options options;
    struct web_socket *socket; /* NULL: waiting for the alarm */
    struct loop_alarm *alarm;
    struct random random;
    struct feed__backoff backoff;
    char have[HAVE_SIZE_MAX];
    size_t have_size;
    uint64_t welcome_ms; /* when this connection was accepted */
    bool greeted;        /* on this connection, like the next */
    bool welcome;
    bool closing;
};

static void try_later(struct feed_client *client, uint64_t accepted_ms)
{
    loop_alarm_set(client->alarm,
                   feed__backoff_next_ms(&client->backoff, accepted_ms, &client->random));
}

static void client_free(struct feed_client *client)
{
    client->alarm = loop_alarm_close(client->alarm);
    (void)mem_free(client); /* always NULL */
}

static void send(struct feed_client *client, const struct feed__message *message)
{
    struct buf text;
    buf_init_secret(&text, FEED_UP_SIZE_MAX); /* it may be the token */
    feed__message_print(message, STR_EMPTY, &text);
    if (buf_overflowed(&text) || web_socket_send(client->socket, buf_str(&text)) != ERR_OK)
        web_socket_close(client->socket, WEB_SOCKET_AWAY, STR("cannot send"));
    buf_deinit(&text);
}

/* ---- Events of the socket ---- */

/* Without the line end that files have. */
static struct str token_of(const struct buf *content)
{
    struct str token = buf_str(content);
    while (token.size > 0 && strchr(" \r\n\t", token.data[token.size - 1]) != NULL)
        token.size--;
    return token;
}

static void on_opened(void *arg, struct web_socket *socket)
{
    struct feed_client *client = arg;
    struct buf content;
    struct err_info why = {0};
    buf_init_secret(&content, FEED_TOKEN_SIZE_MAX);
    enum err err = file_read(client->options.token_file, &content, &why);
    if (err == ERR_OK) {
        struct feed__message hello = {
            .type = FEED__HELLO,
            .token = token_of(&content),
            .have = str_make(client->have, client->have_size),
        };
        client->greeted = true;
        send(client, &hello);
    } else {
        web_socket_close(socket, WEB_SOCKET_AWAY, str_of(why.message));
    }
    buf_deinit(&content);
}

static void deliver(struct feed_client *client, const struct feed__message *message)
{
    const struct feed_client_events *events = &client->options.events;
    if (message->type == FEED__WELCOME) {
        client->welcome = true;
        client->welcome_ms = loop_now_ms(client->options.loop);
        events->connected(events->arg);
    } else if (message->type == FEED__TRANSACTION && client->welcome) {
        events->transaction(events->arg, message->transaction);
    } else {
        web_socket_close(client->socket, WEB_SOCKET_POLICY,
                         STR("this message does not belong here"));
    }
}

static void on_message(void *arg, struct web_socket *socket, struct str text)
{
    struct feed_client *client = arg;
    if (client->closing)
        return;
    struct arena *arena = arena_new((size_t)16 * 1024);
    struct feed__message message;
    struct err_info why = {0};
    if (feed__message_read(arena, text, FEED_DOWN_VALUES_MAX, &message, &why) == ERR_OK)
        deliver(client, &message);
    else
        web_socket_close(socket, WEB_SOCKET_POLICY, str_of(why.message));
    (void)arena_free_wiped(arena); /* always NULL; keys were in it */
}

static void on_closed(void *arg, struct web_socket *socket, uint16_t code, struct str reason)
{
    struct feed_client *client = arg;
    (void)socket; /* the one we have, until the event was heard: it may close the client */
    if (client->closing) {
        client_free(client);
        return;
    }
    uint64_t now_ms = loop_now_ms(client->options.loop);
    uint64_t accepted_ms = client->welcome ? now_ms - client->welcome_ms : 0;
    client->greeted = false;
    client->welcome = false;
    struct buf text;
    buf_init(&text, 1024);
    buf_printf(&text, "%.*s (%u)", STR_ARG(reason), (unsigned)code);
    client->options.events.disconnected(client->options.events.arg, buf_str(&text));
    buf_deinit(&text);
    client->socket = NULL;
    if (!client->closing)
        try_later(client, accepted_ms);
    else
        client_free(client);
}

/* ---- Connecting ---- */

static enum err connect_with(struct feed_client *client, struct str ca_pem, struct err_info *reterr)
{
    struct web_socket_options options = {
        .host = client->options.host,
        .port = client->options.port,
        .server_name = client->options.server_name,
        .path = FEED_PATH,
        .ca_pem = ca_pem,
        .limits = {.message_size_max = FEED_DOWN_SIZE_MAX, .queue_size_max = FEED_UP_SIZE_MAX},
        .events = {on_opened, on_message, on_closed, client},
    };
    return web_socket_connect(client->options.web, &options, &client->socket, reterr);
}

static void on_alarm(void *arg)
{
    struct feed_client *client = arg;
    struct buf ca;
    struct err_info why = {0};
    buf_init(&ca, FEED_CA_SIZE_MAX);
    enum err err = file_read(client->options.ca_file, &ca, &why);
    if (err == ERR_OK && connect_with(client, buf_str(&ca), &why) != ERR_OK)
        err = err_set(&why, ERR_INVALID, "%s: %s", client->options.ca_file, why.message);
    buf_deinit(&ca);
    if (err == ERR_OK)
        return;
    try_later(client, 0);
    client->options.events.disconnected(client->options.events.arg, str_of(why.message));
}

struct feed_client *feed_client_open(const struct feed_client_options *options)
{
    struct feed_client *client = MEM_NEW(struct feed_client);
    client->options = *options;
    random_init(&client->random);
    client->alarm = loop_alarm_open(options->loop, on_alarm, client);
    loop_alarm_set(client->alarm, 0);
    return client;
}

void feed_client_close(struct feed_client *client)
{
    if (client == NULL || client->closing)
        return;
    client->closing = true;
    loop_alarm_cancel(client->alarm);
    if (client->socket != NULL)
        web_socket_close(client->socket, WEB_SOCKET_NORMAL, STR("ending"));
    else
        client_free(client);
}

void feed_client_set_have(struct feed_client *client, struct str have)
{
    client->have_size = MIN(have.size, sizeof(client->have));
    memcpy(client->have, have.data, client->have_size);
}

void feed_client_restart(struct feed_client *client)
{
    if (client->greeted)
        web_socket_close(client->socket, WEB_SOCKET_AWAY, STR("starting anew"));
}

void feed_client_acknowledge(struct feed_client *client, struct str result)
{
    struct feed__message message = {.type = FEED__ACKNOWLEDGE, .result = result};
    if (client->welcome)
        send(client, &message);
}

void feed_client_refuse(struct feed_client *client, struct str result, struct str resource,
                        struct str reason)
{
    struct feed__message message = {
        .type = FEED__REFUSE, .result = result, .resource = resource, .reason = reason};
    if (client->welcome)
        send(client, &message);
}
