/* Private to data/proxy: what its files share.
 *
 *     proxy (main thread) ──> worker ──> port ──> connection ──> request ──> upstream connection
 *
 * A request is one exchange with its steps in files: request.c (begin, route, end), filters.c (what
 * its rule changes), pick.c (back end and second try), forward.c (its body, upwards), answer.c (the
 * response, downwards), mirror.c, tunnel.c, reply.c (answers of our own), redirect.c,
 * access_log.c.
 *
 * Rule of the callbacks: a step that may end the request is the last thing its caller does, since
 * the request is recycled at once. Connections are recycled at the end of the turn. */
#pragma once

#include <pthread.h>
#include <sys/uio.h>

#include "core/base/arena.h"
#include "core/base/list.h"
#include "core/base/random.h"
#include "core/http/http.h"
#include "core/net/net.h"
#include "data/proxy/proxy.h"
#include "data/resolve/resolve.h"
#include "data/subscribe/subscribe.h"
#include "data/upstream/upstream.h"

/* Bytes read at once. With what framing adds to them they fit a block. */
#define PROXY__READ_SIZE ((size_t)64 * 1024)

/* A head as it is written anew, and the first bytes of its body's framing. */
#define PROXY__OUTPUT_SIZE ((size_t)80 * 1024)

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

/* The most connections one readiness of a port accepts, so that others get their turn. */
#define PROXY__ACCEPT_BATCH 16

/* How long accepting pauses when descriptors are used up. */
#define PROXY__ACCEPT_PAUSE_MS 100U

/* A connection whose port was removed may still send the request that is on its way. */
#define PROXY__REMOVED_IDLE_MS 500U

#define PROXY__REQUEST_ARENA 2048U
#define PROXY__ID_SIZE       36

/* What a log line shows of a target or an id at most. */
#define PROXY__LOG_TARGET_MAX ((size_t)2048)

struct proxy__mirror;
struct proxy__request;
struct proxy__worker;

/* ---- Shared by the workers ---- */

struct proxy__series {
    struct metrics_series *connections_open;
    struct metrics_series *connections;
    struct metrics_series *requests[6]; /* by status / 100; [0]: ended without an answer */
    struct metrics_series *duration;
    struct metrics_series *bytes_received;
    struct metrics_series *bytes_sent;
    struct metrics_series *handshakes;
    struct metrics_series *handshake_failures;
};

/* A staged state with the series of its listeners. Belongs to the main thread; every worker has one
 * hold on it, until its last request that began with it has ended. */
struct proxy__state {
    struct subscribe_state *staged;
    const struct model_snapshot *resolved; /* what it serves, with addresses for names */
    struct proxy__series *series;          /* one per listener */
    uint32_t holds;
    uint32_t swaps_missing; /* workers that do not serve it yet */
};

/* ---- A worker's own ---- */

/* What requests begin with and pin. */
struct proxy__view {
    struct proxy__worker *worker;
    struct proxy__state *state;
    struct upstream_set *upstreams;
    uint32_t references;
};

struct proxy__block {
    struct proxy__block *next;
    size_t begin; /* bytes from `begin` to `end` wait */
    size_t end;
    char data[PROXY_BLOCK_SIZE];
};

struct proxy__port {
    struct list link;
    struct proxy__worker *worker;
    struct net_address address;
    int fd;                /* -1: closed */
    struct loop_fd *watch; /* NULL: closed */
    struct loop_timer pause;
    struct proxy__view *view; /* pinned */
    const struct subscribe_listener *listener;
    const struct proxy__series *series;
    struct list conns;
    uint32_t conn_count;
    bool kept; /* while a swap is under way: the new state has it */
    bool removed;
};

enum proxy__phase {
    PROXY__HANDSHAKE,
    PROXY__IDLE,    /* no byte of a request yet */
    PROXY__HEAD,    /* some bytes of a head */
    PROXY__REQUEST, /* `request` is under way */
    PROXY__LINGER,  /* answered and shut down; reading until the client closes */
    PROXY__CLOSED,  /* to be recycled at the end of the turn */
};

struct proxy__conn {
    /* Hot: what every request touches. */
    struct net_socket socket;
    struct net_filter *top;
    struct loop_fd *watch;
    struct proxy__port *port;
    struct proxy__request *request;
    struct proxy__block *block; /* bytes that were read and not yet used */
    struct loop_timer timer;
    uint8_t phase; /* enum proxy__phase */
    bool internal; /* a private or loopback address */
    bool tls;
    uint8_t client_size;
    /* Cold. */
    char client[NET_ADDRESS_TEXT_SIZE - 8]; /* the IP address as text */
    uint16_t client_port;
    struct http_scan scan;
    struct list link;
    struct loop_deferred resume;
    size_t lingered;
};
_Static_assert(offsetof(struct proxy__conn, client) <= 128, "two cache lines");

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

struct proxy__log_chunk;

/* What the metrics already have of a worker's plain numbers. */
struct proxy__published {
    uint64_t connects;
    uint64_t failures;
    uint64_t reuses;
    uint64_t open;
    uint64_t idle;
    uint64_t endpoints;
    uint64_t views;
    uint64_t requests;
    uint64_t blocks;
    uint64_t second_tries;
    uint64_t mirrors;
    uint64_t mirrors_lost;
    uint64_t lines_dropped;
};

struct proxy__worker {
    struct proxy *proxy;
    struct loop *loop;
    struct metrics_writer *metrics;
    struct upstream *upstream;
    struct proxy__view *view;        /* of new requests; NULL: nothing to serve yet */
    struct proxy__block *blocks;     /* free */
    struct proxy__request *requests; /* free */
    struct proxy__log_chunk *log;    /* being filled; NULL: none yet */
    struct random random;
    uint64_t wall_offset_ms; /* wall time minus the loop's */
    uint64_t wall_checked_ms;
    uint64_t second; /* of the two texts below */
    char date[HTTP_DATE_SIZE];
    char log_time[20]; /* "2026-11-24T03:50:19." */
    struct http_request request;
    struct http_response response;
    char *input;     /* PROXY__READ_SIZE */
    char *output;    /* PROXY__OUTPUT_SIZE */
    char *path_area; /* a path's normal form */

    struct list ports;
    struct list dead; /* closed connections, until the end of the turn */
    struct list mirrors;
    struct loop_deferred reclaim;
    struct loop_timer log_flush;
    uint32_t index;
    uint32_t conn_count;
    uint32_t conn_alive;  /* memory of connections, the free ones not counted */
    uint32_t block_count; /* taken, like the next */
    uint32_t request_count;
    uint32_t mirror_count;
    uint32_t blocks_free;
    uint32_t requests_free;
    bool draining; /* answers say "connection: close" */
    bool leaving;  /* the listeners are closed */
    bool left;     /* it was told that nothing is open */
    pthread_t thread;
    uint64_t second_tries;
    uint64_t mirrors_begun;
    uint64_t mirrors_lost;
    uint64_t lines_dropped;
    struct proxy__published published;
};

/* ---- worker.c ---- */

MUST_USE enum err proxy__worker_start(struct proxy *proxy, uint32_t index,
                                      struct proxy__worker **ret_worker);

/* From the main thread: ends the worker's thread and frees it. */
void proxy__worker_join(struct proxy__worker *worker);

struct proxy__view *proxy__view_ref(struct proxy__view *view);
void proxy__view_unref(struct proxy__view *view);

/* Serves `state`, of which the caller has made one hold for this worker. Worker's thread. */
void proxy__worker_swap(struct proxy__worker *worker, struct proxy__state *state);

/* Closes listeners and idle connections, then everything. Worker's thread. */
void proxy__worker_leave(struct proxy__worker *worker);
void proxy__worker_abort(struct proxy__worker *worker);

/* Tells the main thread when nothing is open any more. */
void proxy__worker_check_left(struct proxy__worker *worker);

/* Refreshes the texts of the time. Returns the wall time in milliseconds. */
uint64_t proxy__worker_wall(struct proxy__worker *worker);

/* ---- memory.c: free lists with bounds ---- */

/* NULL: PROXY_BLOCKS_MAX are taken. Empty. */
struct proxy__block *proxy__block_take(struct proxy__worker *worker);
struct proxy__block *proxy__block_give(struct proxy__worker *worker, struct proxy__block *block);
struct proxy__request *proxy__request_take(struct proxy__worker *worker);
void proxy__request_give(struct proxy__worker *worker, struct proxy__request *request);
void proxy__memory_free(struct proxy__worker *worker);

/* Its bytes move to its start, so that there is room behind them. */
void proxy__block_compact(struct proxy__block *block);

/* Appends what follows the first `skip` bytes of `parts`. False: there is no room for it. */
MUST_USE bool proxy__block_append(struct proxy__block *block, const struct iovec *parts, int count,
                                  size_t skip);

/* Writes `parts` to `top`; what it does not take becomes `*rest`, which is NULL before. ERR_OK;
 * ERR_AGAIN: there is a rest; ERR_LIMIT: no block for it; else the connection failed, and
 * `*ret_none` says that not one byte was written. */
MUST_USE enum err proxy__write(struct proxy__worker *worker, struct net_filter *top,
                               struct iovec *parts, int count, struct proxy__block **rest,
                               bool *ret_none);

/* Writes `*rest` on; NULL afterwards when all went. Errors as net_writev. */
MUST_USE enum err proxy__write_rest(struct proxy__worker *worker, struct net_filter *top,
                                    struct proxy__block **rest);

/* Ends our direction as well as it goes; what the client or back end does next tells the rest. */
static inline void proxy__shutdown(struct net_filter *top)
{
    enum err ignored = net_shutdown(top);
    (void)ignored;
}

/* ---- port.c ---- */

void proxy__ports_update(struct proxy__worker *worker);
void proxy__ports_leave(struct proxy__worker *worker);

/* A removed port without connections is freed. */
void proxy__port_settle(struct proxy__port *port);
void proxy__port_free(struct proxy__port *port);

/* ---- conn.c ---- */

void proxy__conn_open(struct proxy__port *port, int fd, const struct net_address *client);
void proxy__conn_close(struct proxy__conn *conn);

/* No more is accepted on its port: closes it soon, unless a request is under way or comes. */
void proxy__conn_retire(struct proxy__conn *conn);

/* The request has ended. */
void proxy__conn_next(struct proxy__conn *conn, bool keep_alive, bool drained);

void proxy__conn_free(struct proxy__conn *conn);

/* Sets what the client's descriptor waits for. */
void proxy__conn_watch(struct proxy__conn *conn);

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

/* ---- access_log.c, log_sink.c ---- */

void proxy__log(struct proxy__request *request);

#define PROXY__LOG_CHUNK_SIZE ((size_t)64 * 1024)
#define PROXY__LOG_CHUNKS_MAX \
    64U /* waiting for the disk; beyond it lines are dropped and counted */
#define PROXY__LOG_FLUSH_MS 100U

struct proxy__log_chunk {
    struct proxy__log_chunk *next;
    size_t size;
    char data[PROXY__LOG_CHUNK_SIZE];
};

struct proxy__log_sink;
MUST_USE enum err proxy__log_sink_new(int fd, struct proxy__log_sink **ret_sink);
/* Writes what is left. */
struct proxy__log_sink *proxy__log_sink_free(struct proxy__log_sink *sink);
/* Hands `chunk` over (NULL: none) and gives an empty one; NULL: the writer is behind. */
struct proxy__log_chunk *proxy__log_sink_swap(struct proxy__log_sink *sink,
                                              struct proxy__log_chunk *chunk);
void proxy__log_flush(struct proxy__worker *worker);

/* ---- metrics.c ---- */

#define PROXY__PLAIN_METRICS 17

struct proxy_metrics {
    struct metrics *registry;
    struct metrics_family *connections_open;
    struct metrics_family *connections;
    struct metrics_family *requests;
    struct metrics_family *duration;
    struct metrics_family *bytes_received;
    struct metrics_family *bytes_sent;
    struct metrics_family *handshakes;
    struct metrics_family *families[PROXY__PLAIN_METRICS]; /* of what follows, without labels */
    struct metrics_series *second_tries;
    struct metrics_series *mirrors;
    struct metrics_series *mirrors_lost;
    struct metrics_series *upstream_connects;
    struct metrics_series *upstream_failures;
    struct metrics_series *upstream_reuses;
    struct metrics_series *upstream_open;
    struct metrics_series *upstream_idle;
    struct metrics_series *endpoints;
    struct metrics_series *views;
    struct metrics_series *requests_open;
    struct metrics_series *blocks;
    struct metrics_series *lines_dropped;
    struct metrics_series *names;
    struct metrics_series *name_queries;
    struct metrics_series *name_failures;
    struct metrics_series *name_changes;
};

void proxy__series_open(struct proxy_metrics *metrics, struct str listener,
                        struct proxy__series *series);
void proxy__series_close(struct proxy_metrics *metrics, struct proxy__series *series);

/* Brings the worker's plain numbers into its metrics, and those of the main thread into its. */
void proxy__worker_publish(struct proxy__worker *worker);
void proxy__names_publish(struct proxy *proxy);

/* ---- names.c: names of back ends ---- */

/* ERR_INVALID: `server` is none. */
MUST_USE enum err proxy__names_open(struct proxy *proxy, struct str server,
                                    struct err_info *reterr);
void proxy__names_close(struct proxy *proxy);

/* ---- mail.c: from the workers to the main thread ---- */

struct proxy__mail;

enum proxy__letter {
    PROXY__LETTER_SWAPPED,  /* a state is served by one worker more */
    PROXY__LETTER_RELEASED, /* a state has one hold less */
    PROXY__LETTER_LEFT,     /* nothing is open any more */
};

typedef void (*proxy__mail_fn)(void *arg, enum proxy__letter letter, void *content);

struct proxy__mail *proxy__mail_new(struct loop *loop, proxy__mail_fn fn, void *arg);

/* Any thread. */
void proxy__mail_send(struct proxy__mail *mail, enum proxy__letter letter, void *content);

/* Delivers what waits; after this nothing is delivered any more. Main thread, workers joined. */
void proxy__mail_close(struct proxy__mail *mail);

/* ---- proxy.c ---- */

/* Names have other addresses, or are there that were waited for: the workers get them. */
void proxy__resolved(struct proxy *proxy);
void proxy__ready(struct proxy *proxy);

struct proxy {
    struct loop *loop;
    struct proxy_metrics *metrics;
    struct net_tls_server *tls;
    struct subscribe *subscribe;
    struct dns *dns;
    struct resolve *resolve;
    struct resolve_counts names_published;
    struct proxy__mail *mail;
    struct proxy__log_sink *sink; /* NULL: no access log */
    enum log_format log_format;
    uint32_t connections_max;
    uint32_t first_writer;
    uint32_t main_writer;
    struct proxy__worker **workers;
    uint32_t worker_count;
    uint32_t states_alive;
    struct subscribe_state *staged; /* the last one; NULL: none yet */

    proxy_applied_fn applied; /* NULL: nothing is under way */
    void *applied_arg;
    struct model_digest applied_result;
    const struct proxy__state *applying; /* NULL: its names are waited for */

    proxy_drained_fn drained; /* NULL: not draining */
    void *drained_arg;
    uint64_t drain_time_ms;
    struct loop_alarm *drain_alarm;
    uint32_t workers_open;
    bool drain_listening;
    bool drain_done;
};
