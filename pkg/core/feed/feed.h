/* The stream between the planes: transactions down, answers up, as JSON over a WebSocket with TLS.
 *
 *     proxy  ─> {"have":…,"token":…,"type":"hello","version":1}      first, and only once
 *            <─ {"type":"welcome"}                                   the token was reviewed
 *            <─ {"transaction":{…},"type":"transaction"}
 *     proxy  ─> {"result":…,"type":"acknowledge"}
 *            or {"reason":…,"resource":…,"result":…,"type":"refuse"}
 *
 * What a transaction is, the model knows; digests are texts here. "have" is the digest of what the
 * proxy serves, or empty. The token travels in the first message; until the server has reviewed it
 * the proxy gets nothing, within bounds on count and time; a refusal is close code 1008. So is the
 * answer to a message that does not belong there: after its hello a proxy says no more than one
 * thing for each transaction. Tokens reach no log.
 *
 * A client connects again whenever its connection ends, after a pause that grows, with jitter,
 * until a connection has lasted; it reads its authorities and its token anew each time, because
 * both are rotated.
 *
 * Everything is for the thread of the loop. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/err.h"
#include "core/base/str.h"

struct jv;
struct loop;
struct web;

#define FEED_PATH    "/v1/feed"
#define FEED_VERSION 1

/* A transaction from nothing: 10,000 routes are some 10 MB and 300,000 values. */
#define FEED_DOWN_SIZE_MAX   ((size_t)64 * 1024 * 1024)
#define FEED_DOWN_VALUES_MAX ((size_t)1000 * 1000)
/* A hello with its token, or a refusal with its reason. */
#define FEED_UP_SIZE_MAX   ((size_t)64 * 1024)
#define FEED_UP_VALUES_MAX ((size_t)16)
/* Service account tokens have some 1 KB. */
#define FEED_TOKEN_SIZE_MAX ((size_t)16 * 1024)
#define FEED_CA_SIZE_MAX    ((size_t)256 * 1024)

/* Sessions that were not accepted yet, and how long one may be so. Beyond, the oldest of which no
 * hello has come makes room. */
#define FEED_PENDING_MAX  64U
#define FEED_PENDING_MS   10000U
#define FEED_PAUSE_MS     250U
#define FEED_PAUSE_MAX_MS 10000U

/* ---- The server's half ---- */

struct feed_server;
struct feed_session;

struct feed_hello {
    struct str token; /* borrowed for the callback, as is the other */
    struct str have;
};

struct feed_server_events {
    /* Somebody wants to be served: to be answered by feed_session_accept or _refuse, now or later.
     */
    void (*hello)(void *arg, struct feed_session *session, const struct feed_hello *hello);
    /* Answers to what was sent. Texts are borrowed. */
    void (*acknowledged)(void *arg, struct feed_session *session, struct str result);
    void (*refused)(void *arg, struct feed_session *session, struct str result, struct str resource,
                    struct str reason);
    /* The end of one that had said hello. */
    void (*closed)(void *arg, struct feed_session *session);
    void *arg;
};

struct feed_server_options {
    struct loop *loop;
    struct web *web; /* started */
    struct str address;
    uint16_t port;
    struct str certificates_pem;
    struct str key_pem;
    struct feed_server_events events;
};

/* Listens until `web` is closed; feed_server_free after that. Errors as web_sockets_open. */
MUST_USE enum err feed_server_open(const struct feed_server_options *options,
                                   struct feed_server **ret_server, struct err_info *reterr);
struct feed_server *feed_server_free(struct feed_server *server);
uint16_t feed_server_port(const struct feed_server *server);
size_t feed_server_sessions(const struct feed_server *server);

/* Presents another certificate from now on. */
MUST_USE enum err feed_server_identity(struct feed_server *server, struct str certificates_pem,
                                       struct str key_pem, struct err_info *reterr);

void feed_session_accept(struct feed_session *session);
void feed_session_refuse(struct feed_session *session, struct str reason);

/* Sends a transaction, as JSON. ERR_LIMIT: too much waits already: close it. ERR_CLOSED. */
MUST_USE enum err feed_session_send(struct feed_session *session, struct str transaction);

/* Closes it: it may come again. `closed` follows. */
void feed_session_close(struct feed_session *session, struct str reason);

void feed_session_set_data(struct feed_session *session, void *data);
void *feed_session_data(const struct feed_session *session);

/* ---- The client's half ---- */

struct feed_client;

struct feed_client_events {
    /* The server has accepted us. */
    void (*connected)(void *arg);
    /* To be answered, at most once, by feed_client_acknowledge or _refuse. Borrowed. */
    void (*transaction)(void *arg, const struct jv *transaction);
    /* The connection ended, or could not be made; another one will be tried. */
    void (*disconnected)(void *arg, struct str reason);
    void *arg;
};

/* Texts and paths are borrowed as long as the client lives. */
struct feed_client_options {
    struct loop *loop;
    struct web *web; /* started */
    struct str host;
    uint16_t port;
    struct str server_name;
    const char *ca_file;
    const char *token_file;
    struct feed_client_events events;
};

MUST_USE struct feed_client *feed_client_open(const struct feed_client_options *options);

/* Events end at once; the connection with `web` at the latest. Takes NULL. In its events, too. */
void feed_client_close(struct feed_client *client);

/* What it says it has when it connects the next time: a digest, copied. */
void feed_client_set_have(struct feed_client *client, struct str have);

/* Ends a connection on which we have said what we have, to say it anew: the other end is mistaken
 * about it. */
void feed_client_restart(struct feed_client *client);

/* Lost when the connection has ended meanwhile: the next hello says what we have. */
void feed_client_acknowledge(struct feed_client *client, struct str result);
void feed_client_refuse(struct feed_client *client, struct str result, struct str resource,
                        struct str reason);
