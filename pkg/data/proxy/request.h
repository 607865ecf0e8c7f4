/* Private to data/proxy: a request.
 *
 * A request is one exchange with its steps in files: request.c (begin, route, end), filters.c (what
 * its rule changes), pick.c (back end and second try), forward.c (its body, upwards), answer.c (the
 * response, downwards), mirror.c, tunnel.c, reply.c (answers of our own), redirect.c,
 * access_log.c.
 *
 * Rule of the callbacks: a step that may end the request is the last thing its caller does, since
 * the request is recycled at once. Connections are recycled at the end of the turn. */
#pragma once

#include "core/base/arena.h"
#include "data/proxy/conn.h"

/* What the framing of a piece takes at most. What cannot be sent of a message at once has to fit a
 * block: a head for a back end with the piece of its body that goes with it, also when another Host
 * takes the place of the one in it: a back end's own, or a mirror's, which is the longest. */
#define PROXY__FRAMING_MAX ((size_t)64)
#define PROXY__HOST_MAX    (HTTP_HOST_MAX + sizeof(PROXY__SHADOW ":65535") - 1)
#define PROXY__FIRST_MAX   (PROXY_BLOCK_SIZE - PROXY__FRAMING_MAX - PROXY__HOST_MAX)
#define PROXY__HEAD_MAX    (PROXY__FIRST_MAX - PROXY__HOST_MAX)

/* What mirrors know a request's host by. */
#define PROXY__SHADOW "-shadow"

/* All that is in the head of an answer besides what a back end, a rule and its filters bring. */
#define PROXY__ANSWER_OWN_MAX ((size_t)1024)
_Static_assert(PROXY__READ_SIZE + PROXY__FRAMING_MAX + PROXY__ANSWER_OWN_MAX <= PROXY_BLOCK_SIZE,
               "a head is written with what was read after it");

/* The Location of a redirect and what filters add to its head. */
#define PROXY__LOCATION_MAX (PROXY_BLOCK_SIZE - PROXY__ANSWER_OWN_MAX)

#define PROXY__ID_SIZE 36

struct proxy__mirror;

struct proxy__request {
    struct proxy__conn *conn;
    struct proxy__worker *worker;
    struct proxy__view *view; /* pinned */
    const struct subscribe_listener *listener;
    const struct proxy__series *series;
    struct upstream_conn *upstream;
    struct proxy__block *up_rest;   /* bytes for the back end that it could not take yet */
    struct proxy__block *down_rest; /* bytes for the client that it could not take yet */
    struct proxy__block *answer;    /* an incomplete response head */

    /* Read once, from its head. */
    enum http_method method;
    unsigned minor_version;
    enum http_framing up_framing;
    enum http_framing down_framing; /* as the client gets it */
    bool keep_alive;                /* the client allows it */
    bool tunnel;                    /* an upgrade was asked for, and is passed on */
    bool want_continue;             /* the client waits for 100 before it sends its body */
    bool strict_transport;

    /* How far it is. */
    bool connecting;
    bool head_sent;     /* the back end has our head, or its rest is in up_rest */
    bool up_done;       /* the whole body was taken from the client */
    bool up_broken;     /* the back end takes no more; its answer may still come */
    bool body_consumed; /* body bytes went upwards that are not in `sent` */
    bool answer_begun;  /* a byte of an answer came */
    bool answering;     /* the client was sent the head of a final answer */
    bool down_done;     /* nothing but down_rest is left for the client */
    bool upstream_reusable;
    bool close_client;
    bool tunnelling;
    bool tunnel_up_ended; /* the client ended its direction, */
    bool tunnel_up_shut;  /* and so did we towards the back end */
    bool tunnel_down_ended;
    bool tunnel_down_shut;
    uint8_t tries;

    struct http_body up_body;
    struct http_body down_body;
    struct http_scan scan; /* of the response head */
    struct str sent;       /* the head for the back end, and the body when it may be sent again */

    const struct route_host *host;
    const struct model_rule *rule;
    size_t rule_index;
    struct http_edits down_edits; /* of whatever is answered */
    struct proxy__mirror *mirror; /* gets a copy of its body; NULL: none, or no more */
    bool mirrored;                /* it was decided whether there is one */
    struct upstream_cluster *cluster;
    struct upstream_endpoint *endpoint;

    uint64_t begin_ms;
    uint64_t complete_ms; /* its body was there; 0: it is still coming */
    uint64_t active_ms;   /* last byte either way */
    uint64_t upstream_ms; /* when the back end was first asked */
    uint64_t answer_ms;   /* when its head was complete */

    uint16_t status;
    struct str reason; /* for the log: why it is not simply an answer; empty */
    struct str method_text;
    struct str target;
    struct str authority;
    struct str upgrade;
    struct str id;
    uint64_t bytes_received; /* payload of its body */
    uint64_t bytes_sent;

    struct arena *arena;
    struct proxy__request *next; /* free */
    char id_area[PROXY__ID_SIZE];
};

/* ---- request.c ---- */

/* A new request on `conn`, with nothing known of it yet. */
struct proxy__request *proxy__request_new(struct proxy__conn *conn);

/* worker->request was read from the connection; what follows it is in conn->block. */
void proxy__request_begin(struct proxy__conn *conn);

/* The client's descriptor is ready, or more can be done. */
void proxy__request_on_client(struct proxy__request *request, unsigned events);
void proxy__request_on_timer(struct proxy__request *request);

/* Logs, counts and recycles it, and lets the connection go on. Nothing is left to write. */
void proxy__request_end(struct proxy__request *request);

/* The client is gone, or cannot be served on: ends the request and closes both sides. */
void proxy__request_abort(struct proxy__request *request, struct str reason);

/* Whether this answer leaves the connection open. */
bool proxy__request_keeps(const struct proxy__request *request);

void proxy__request_arm(struct proxy__request *request);

/* ---- filters.c ---- */

/* What a back end gets as Host, but for its own host name. */
struct str proxy__authority(const struct proxy__request *request);

/* Puts the host name of the back end that was picked (empty: it has none) into request->sent. */
void proxy__host_from_backend(struct proxy__request *request, struct str hostname);

/* ---- redirect.c ---- */

void proxy__uri_refuse(struct proxy__request *request);

/* To the same place by its plainer `path`. */
void proxy__redirect_plain(struct proxy__request *request, const struct http_request *head,
                           struct str path);

/* Where the rule says. */
void proxy__redirect(struct proxy__request *request, const struct http_request *head,
                     struct str path);

/* ---- pick.c ---- */

void proxy__pick(struct proxy__request *request);

/* The back end's connection failed before an answer: another try, or our own answer.
 * `untouched`: no byte of this request can have reached it. */
void proxy__upstream_lost(struct proxy__request *request, bool untouched, struct str reason);

/* What a read or write of its connection ended with: "TLS error: ..." where TLS says why, else
 * `otherwise`. */
struct str proxy__upstream_reason(const struct proxy__request *request, enum err result,
                                  struct str otherwise);

void proxy__upstream_drop(struct proxy__request *request);

/* ---- forward.c ---- */

/* The back end is there: sends the head with what is there of the body. */
void proxy__forward_begin(struct proxy__request *request);

/* Moves the body on as far as it goes. */
void proxy__forward(struct proxy__request *request);

/* Sets what the back end's descriptor waits for. */
void proxy__upstream_watch(struct proxy__request *request);

/* ---- answer.c ---- */

/* The back end's descriptor is readable. */
void proxy__answer(struct proxy__request *request);

/* The client took what was left for it. */
void proxy__answer_flushed(struct proxy__request *request);

/* Payload of `body` in `bytes`, put together in place. Returns what http_body_read said last. */
MUST_USE enum http_body_step proxy__body_gather(struct http_body *body, char *bytes, size_t size,
                                                size_t *ret_used, struct str *ret_payload);

/* Frames `payload` into at most 4 parts at `parts`; `area` has HTTP_CHUNK_HEAD_MAX bytes. */
int proxy__body_frame(enum http_framing framing, struct str payload, bool last, char *area,
                      struct iovec *parts);

/* ---- mirror.c ---- */

/* The request's rule has a mirror: decides once whether this request goes there, and sends it
 * `parts`, the first of which is the head and is replaced. */
void proxy__mirror_begin(struct proxy__request *request, struct iovec *parts, int count);

/* Sends `parts` on to request->mirror, which may end with that. */
void proxy__mirror_send(struct proxy__request *request, struct iovec *parts, int count);

/* The request ends: its mirror goes on alone if it has the whole. */
void proxy__mirror_leave(struct proxy__request *request);

void proxy__mirrors_lose(struct proxy__worker *worker);

/* ---- tunnel.c ---- */

/* Writes `head`, of a valid 101, and `early`, what came after it. */
void proxy__tunnel_begin(struct proxy__request *request, struct iovec head, struct str early);
void proxy__tunnel(struct proxy__request *request, bool from_client, bool from_upstream);

/* ---- reply.c ---- */

/* Answers by ourselves and ends the request, now or when it is written. */
void proxy__reply(struct proxy__request *request, unsigned status, struct str body,
                  struct str reason);
void proxy__reply_full(struct proxy__request *request, const struct http_reply *reply,
                       struct str reason);

/* ---- fields.c ---- */

/* What the request becomes upstream. `path` is normalised. */
void proxy__plan_fill(struct proxy__request *request, struct str path,
                      struct http_request_plan *ret_plan);
bool proxy__address_is_internal(const struct net_address *address);
