/* The server's half: sessions from their hello on. */
#include "core/base/assert.h"
#include "core/base/list.h"
#include "core/base/mem.h"
#include "core/feed/message.h"
#include "core/loop/loop.h"
#include "core/web/web.h"

struct feed_session {
    struct list link;
    struct feed_server *server;
    struct web_socket *socket;
    struct loop_timer timer; /* while it is pending */
    void *data;
    size_t owed; /* transactions without an answer */
    bool greeted;
    bool accepted;
    bool pending; /* neither accepted nor given up */
};

struct feed_server {
    struct feed_server_options options;
    struct web_sockets *sockets;
    struct list sessions;
    size_t count;
    unsigned pending;
};

/* ---- Sessions ---- */

/* Its place is free for another one. */
static void session_settle(struct feed_session *session)
{
    if (!session->pending)
        return;
    session->pending = false;
    session->server->pending--;
    loop_timer_stop(session->server->options.loop, &session->timer);
}

static void session_free(struct feed_session *session)
{
    session_settle(session);
    list_remove(&session->link);
    session->server->count--;
    (void)mem_free(session); /* always NULL */
}

static void violation(struct feed_session *session, struct str reason)
{
    session_settle(session);
    web_socket_close(session->socket, WEB_SOCKET_POLICY, reason);
}

static void on_pending_too_long(void *arg)
{
    violation(arg, STR("no token was accepted in time"));
}

/* Who has said nothing for longest makes room: whoever only connects keeps nobody out. */
static bool room_make(struct feed_server *server)
{
    if (server->pending < FEED_PENDING_MAX)
        return true;
    LIST_FOR_EACH(node, &server->sessions) {
        struct feed_session *session = LIST_ITEM(node, struct feed_session, link);
        if (session->pending && !session->greeted) {
            violation(session, STR("others wait to be accepted"));
            return true;
        }
    }
    return false;
}

static void on_opened(void *arg, struct web_socket *socket)
{
    struct feed_server *server = arg;
    if (!room_make(server)) {
        web_socket_close(socket, WEB_SOCKET_POLICY, STR("too many wait to be accepted"));
        return;
    }
    struct feed_session *session = MEM_NEW(struct feed_session);
    session->server = server;
    session->socket = socket;
    session->pending = true;
    list_push_back(&server->sessions, &session->link);
    server->count++;
    server->pending++;
    loop_timer_init(&session->timer, on_pending_too_long, session);
    loop_timer_start(server->options.loop, &session->timer, FEED_PENDING_MS);
    web_socket_set_data(socket, session);
}

/* An answer to a transaction, which bounds how much it may say. */
static bool answer_take(struct feed_session *session)
{
    if (session->owed == 0)
        return false;
    session->owed--;
    return true;
}

static void deliver(struct feed_session *session, const struct feed__message *message)
{
    const struct feed_server_events *events = &session->server->options.events;
    if (message->type == FEED__HELLO && !session->greeted &&
        message->token.size <= FEED_TOKEN_SIZE_MAX) {
        session->greeted = true;
        struct feed_hello hello = {.token = message->token, .have = message->have};
        events->hello(events->arg, session, &hello);
    } else if (message->type == FEED__ACKNOWLEDGE && answer_take(session)) {
        events->acknowledged(events->arg, session, message->result);
    } else if (message->type == FEED__REFUSE && answer_take(session)) {
        events->refused(events->arg, session, message->result, message->resource, message->reason);
    } else {
        violation(session, STR("this message does not belong here"));
    }
}

static void on_message(void *arg, struct web_socket *socket, struct str text)
{
    (void)arg; /* the session knows its server */
    struct feed_session *session = web_socket_data(socket);
    if (session == NULL) /* it is being closed */
        return;
    struct arena *arena = arena_new(4096);
    struct feed__message message;
    struct err_info why = {0};
    if (feed__message_read(arena, text, FEED_UP_VALUES_MAX, &message, &why) == ERR_OK)
        deliver(session, &message);
    else
        violation(session, str_of(why.message));
    (void)arena_free_wiped(arena); /* always NULL; a token was in it */
}

static void on_closed(void *arg, struct web_socket *socket, uint16_t code, struct str reason)
{
    struct feed_server *server = arg;
    struct feed_session *session = web_socket_data(socket);
    (void)code;   /* whoever it was */
    (void)reason; /* likewise */
    if (session == NULL)
        return;
    if (session->greeted)
        server->options.events.closed(server->options.events.arg, session);
    session_free(session);
}

void feed_session_accept(struct feed_session *session)
{
    ASSERT(session->greeted && !session->accepted);
    session->accepted = true;
    session_settle(session);
    struct feed__message welcome = {.type = FEED__WELCOME};
    struct buf text;
    buf_init(&text, 64);
    feed__message_print(&welcome, STR_EMPTY, &text);
    if (web_socket_send(session->socket, buf_str(&text)) != ERR_OK)
        web_socket_close(session->socket, WEB_SOCKET_AWAY, STR_EMPTY);
    buf_deinit(&text);
}

void feed_session_refuse(struct feed_session *session, struct str reason)
{
    violation(session, reason);
}

enum err feed_session_send(struct feed_session *session, struct str transaction)
{
    ASSERT(session->accepted);
    struct feed__message message = {.type = FEED__TRANSACTION};
    struct buf text;
    buf_init_secret(&text, FEED_DOWN_SIZE_MAX); /* it has keys */
    feed__message_print(&message, transaction, &text);
    enum err err = buf_overflowed(&text) ? ERR_LIMIT
                                         : web_socket_send(session->socket, buf_str(&text));
    buf_deinit(&text);
    if (err == ERR_OK)
        session->owed++;
    return err;
}

void feed_session_close(struct feed_session *session, struct str reason)
{
    web_socket_close(session->socket, WEB_SOCKET_AWAY, reason);
}

void feed_session_set_data(struct feed_session *session, void *data)
{
    session->data = data;
}

void *feed_session_data(const struct feed_session *session)
{
    return session->data;
}

/* ---- The server ---- */

enum err feed_server_open(const struct feed_server_options *options,
                          struct feed_server **ret_server, struct err_info *reterr)
{
    struct feed_server *server = MEM_NEW(struct feed_server);
    server->options = *options;
    list_init(&server->sessions);
    struct web_sockets_options sockets = {
        .address = options->address,
        .port = options->port,
        .path = FEED_PATH,
        .sockets_max = WEB_SOCKETS_MAX,
        .limits = {.message_size_max = FEED_UP_SIZE_MAX, .queue_size_max = FEED_DOWN_SIZE_MAX},
        .events = {on_opened, on_message, on_closed, server},
        .certificates_pem = options->certificates_pem,
        .key_pem = options->key_pem,
    };
    enum err err = web_sockets_open(options->web, &sockets, &server->sockets, reterr);
    if (err == ERR_OK)
        *ret_server = server;
    else
        mem_free(server);
    return err;
}

struct feed_server *feed_server_free(struct feed_server *server)
{
    if (server == NULL)
        return NULL;
    ASSERT(list_is_empty(&server->sessions));
    return mem_free(server);
}

uint16_t feed_server_port(const struct feed_server *server)
{
    return web_sockets_port(server->sockets);
}

size_t feed_server_sessions(const struct feed_server *server)
{
    return server->count;
}

enum err feed_server_identity(struct feed_server *server, struct str certificates_pem,
                              struct str key_pem, struct err_info *reterr)
{
    return web_sockets_identity(server->sockets, certificates_pem, key_pem, reterr);
}
