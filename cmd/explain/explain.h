/* What becomes of a request, and why: asked of snapshots, answered by the data plane's own code.
 *
 *     explain_ask ──> explain_answer ──> explain_text or explain_json
 *
 * The request is read by core/http, its rule is found by data/route, and what the rule makes of it
 * is what data/route says; nothing of it is decided here. What is added are the reasons, and what
 * else there is that somebody may have meant.
 *
 * Everything lives in the arena that the caller gives, and as long as the snapshots. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/str.h"
#include "core/http/http.h"
#include "data/route/route.h"
#include "model/model.h"

/* A request as a person writes it. */
struct explain_words {
    struct str method;
    struct str url;           /* "http://host:port/path?query", or https */
    const struct str *fields; /* "Name: value" */
    size_t field_count;
    struct str server_name; /* TLS; empty: the URL's host, unless that is an address */
    bool has_server_name;
};

struct explain_request {
    struct str url;
    struct str method;
    bool is_tls;
    struct str server_name; /* TLS; empty: none is sent */
    uint16_t port;
    struct str bytes; /* as they go over the wire */
    bool is_refused;  /* the data plane takes them for no request: */
    struct http_refusal refusal;
    struct http_request head; /* else */
};

/* ERR_INVALID: it is no request that anybody can send; reterr's path is the word. */
MUST_USE enum err explain_ask(struct arena *arena, const struct explain_words *words,
                              struct explain_request *ret_request, struct err_info *reterr);

/* A listener that no snapshot has, because what it is for is not served yet. */
struct explain_unserved {
    struct str gateway;
    uint32_t port;
    struct str protocol;      /* "TCP", "TLS", "HTTP of other meshes (crossMesh)" */
    struct str hostname;      /* that chooses it, of TLS; else "*" */
    const struct str *takers; /* routes that would take what comes to it: "MeshTCPRoute r" */
    size_t taker_count;
    bool has_more_takers;
};

/* What one dataplane serves. */
struct explain_place {
    struct str mesh;
    struct str dataplane;
    struct str note; /* "derived", "3 pods", or empty */
    const struct model_snapshot *snapshot;
    const struct explain_unserved *unserved;
    size_t unserved_count;
};

/* A listener that somebody wrote, whether it is served or not. */
struct explain_wish {
    struct str mesh;
    struct str gateway;
    size_t index; /* of conf.listeners */
    uint32_t port;
};

struct explain_scope {
    const struct explain_place *places;
    size_t count;
    const struct explain_wish *wishes; /* one is named where its port has no listener */
    size_t wish_count;
    struct str gateway; /* only of this MeshGateway, "<name>" or "<mesh>/<name>"; empty: of all */
};

enum explain_outcome {
    EXPLAIN_FORWARDED,
    EXPLAIN_REDIRECTED,
    EXPLAIN_RESPONDED, /* its rule has an answer of its own */
    EXPLAIN_PLAINER,   /* it is redirected to the plainer form of its path, before any rule */
    /* Nothing takes it: */
    EXPLAIN_NO_LISTENER,    /* nobody listens on this port */
    EXPLAIN_NOT_SERVED,     /* a listener has it, which is for what is not served yet */
    EXPLAIN_WRONG_PROTOCOL, /* HTTP where TLS is spoken, or the other way round */
    EXPLAIN_NO_CHAIN,       /* the TLS server name belongs to nobody: the handshake fails */
    EXPLAIN_REFUSED,        /* it is no request: 400 and the like */
    EXPLAIN_MISDIRECTED,    /* 421 */
    EXPLAIN_NO_HOST,        /* 404 */
    EXPLAIN_NO_ROUTE,       /* 404 with text: the host name has no route at all */
    EXPLAIN_NO_RULE,        /* 404 */
    EXPLAIN_AMBIGUOUS,      /* several MeshGateways have this port */
};

/* A rule that does not answer, and what becomes of it. */
struct explain_candidate {
    const struct model_rule *rule;
    enum route_fate fate;
    struct str why; /* "the method is PUT" */
};

/* Where else a request for this path would be taken. */
struct explain_alternative {
    const struct explain_place *place;
    const struct model_listener *listener;
    struct str host;
    const struct model_rule *rule;
};

struct explain_backend {
    struct str service; /* empty: the gateway answers by itself, with `status` */
    struct str cluster; /* its name in the snapshot */
    uint32_t ppm;       /* how many requests of a million */
    size_t endpoints;
    bool has_tls;            /* TLS is spoken to some of them */
    const struct str *names; /* of hosts, in the place of addresses: some of its endpoints are
                                there; at most EXPLAIN_NAMES_MAX, each once */
    size_t name_count;
    uint16_t status; /* what is answered by the gateway: 503 without endpoints; else 0 */
};

#define EXPLAIN_CANDIDATES_MAX   20 /* rules for the path that do not answer */
#define EXPLAIN_OTHERS_MAX       5  /* rules for other paths that are nearest */
#define EXPLAIN_ALTERNATIVES_MAX 5
#define EXPLAIN_HOSTS_MAX        10
#define EXPLAIN_NAMES_MAX        10
/* Host names that are tried for alternatives; a person asks again. */
#define EXPLAIN_TRIES_MAX ((size_t)1000)

struct explain_answer {
    const struct explain_request *request;
    enum explain_outcome outcome;
    uint16_t status;   /* that the gateway answers by itself; 0: somebody else does, or nobody */
    struct str body;   /* of that answer */
    struct str why;    /* a sentence, of whatever is neither forwarded nor redirected */
    struct str remedy; /* another, where there is one */

    /* As far as it came; else NULL or empty. */
    const struct explain_place *place;
    const struct model_listener *listener;
    size_t same_count; /* dataplanes of this gateway that have the port, this one included */
    const struct explain_unserved *unserved; /* instead of the listener, which there is none of */
    const struct str *takers;                /* of all such listeners that this comes to */
    size_t taker_count;
    bool has_more_takers;
    const struct model_chain *chain;
    struct model_names secrets; /* HTTPS: the client is shown the first whose key it can verify */
    const struct model_virtual_host *host;
    struct str path; /* normalised */
    const struct model_rule *rule;

    /* Forwarded: */
    struct str target;    /* path and query that the back end gets, */
    struct str authority; /* Host, but for back ends that have their own host name */
    struct http_edits request_edits;
    const struct explain_backend *backends;
    size_t backend_count;
    struct explain_backend mirror; /* without a cluster: there is none */
    /* Redirected: */
    struct str location;
    /* Whoever answers: */
    struct http_edits response_edits;

    const struct explain_candidate *candidates;
    size_t candidate_count;
    size_t omitted_count; /* rules of the virtual host that are not among them */
    const struct explain_alternative *alternatives;
    size_t alternative_count;
    const struct str *hosts; /* the other host names of the listener, at most so many */
    size_t host_count;
    size_t omitted_hosts;
};

/* Whether it is forwarded, redirected or answered by a rule. */
bool explain_is_taken(const struct explain_answer *answer);

/* ERR_INVALID: a snapshot that the data plane would refuse; reterr says why. */
MUST_USE enum err explain_answer(struct arena *arena, const struct explain_request *request,
                                 const struct explain_scope *scope,
                                 struct explain_answer *ret_answer, struct err_info *reterr);

/* All that is said of one request. */
#define EXPLAIN_SIZE_MAX ((size_t)4 * 1024 * 1024)

/* Appends lines for people. */
void explain_text(const struct explain_answer *answer, struct buf *buf);

/* Appends one JSON object; `findings` is an array in JSON, which it takes in as it is.
 * docs/explaining.md has its members. */
void explain_json(const struct explain_answer *answer, struct str findings, struct buf *buf);

/* "PREFIX /api, method GET, header x-a = \"1\"": what a rule asks for. */
struct str explain_rule_text(struct arena *arena, const struct model_rule *rule);
