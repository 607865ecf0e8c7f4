/* The contract between the planes: what one gateway proxy serves, as immutable resources.
 *
 * The control plane compiles manifests into a snapshot; the data plane serves it. A snapshot is a
 * set of named resources, each with a digest over its kind and every member of its content, so
 * equal content means equal digest, and equal digests in a set mean an equal snapshot:
 *
 *     listener ──> chain ──> virtual host ──> route ──> rule ──> cluster ──> endpoint set
 *                    └─────> secret <── upstream TLS <── endpoint ───────────────┘
 *
 * References are names. A route that changes is one small resource among thousands, and endpoint
 * sets stand apart from routes, so that churn of back ends changes small objects only. What travels
 * from plane to plane is a transaction: the resources that differ from what a proxy acknowledged,
 * and the digest of the snapshot that results.
 *
 * Resources and snapshots are frozen by the function that returns them, reference counted with
 * atomic counts, and may be shared between threads. The `content` that the _new functions take is
 * borrowed and copied. Texts are UTF-8; they travel as canonical JSON (sorted keys, no spaces),
 * which keeps every member, so both planes come to the same digests. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/str.h"

enum model_kind {
    MODEL_LISTENER,
    MODEL_VIRTUAL_HOST,
    MODEL_ROUTE,
    MODEL_CLUSTER,
    MODEL_ENDPOINT_SET,
    MODEL_SECRET,
    MODEL_UPSTREAM_TLS,
};
#define MODEL_KINDS 7

/* "listener", "virtualHost", "route", "cluster", "endpointSet", "secret", "upstreamTls". */
const char *model_kind_name(enum model_kind kind);

/* SHA-256. */
#define MODEL_DIGEST_SIZE 32
struct model_digest {
    unsigned char bytes[MODEL_DIGEST_SIZE];
};

bool model_digest_equal(const struct model_digest *a, const struct model_digest *b);

/* As 64 lower-case hex digits. */
#define MODEL_DIGEST_TEXT_SIZE ((size_t)2 * MODEL_DIGEST_SIZE)
void model_digest_print(const struct model_digest *digest, struct buf *buf);
MUST_USE bool model_digest_parse(struct str text, struct model_digest *ret_digest);

struct model_names {
    const struct str *items;
    size_t count;
};

enum model_protocol {
    MODEL_HTTP,
    MODEL_HTTPS,
};

/* "HTTP", "HTTPS". */
const char *model_protocol_name(enum model_protocol protocol);

/* The branch of a port that a TLS server name chooses. A plain HTTP port has one, "*". */
struct model_chain {
    struct str hostname;              /* "*", "*.example.com" or "foo.example.com", lower case */
    struct model_names secrets;       /* HTTPS: what it presents, the preferred first */
    struct model_names virtual_hosts; /* the names this chain answers for */
};

/* One address and port. */
struct model_listener {
    struct str name;    /* "<gateway>:<PROTOCOL>:<port>", as in logs and metrics */
    struct str gateway; /* the MeshGateway that asked for it */
    struct str address; /* an IP address without brackets */
    uint16_t port;
    enum model_protocol protocol;
    uint32_t header_timeout_ms; /* from a request's first byte to the end of its head: 408 */
    uint32_t idle_timeout_ms;   /* a connection without a request */
    const struct model_chain *chains;
    size_t chain_count;
};

/* Paths are normalised, and without their query. */
enum model_path_match {
    MODEL_PATH_EXACT,
    MODEL_PATH_PREFIX, /* whole segments: "/a" takes "/a" and what begins with "/a/" */
    MODEL_PATH_REGEX,  /* RE2 syntax; takes the whole path */
};

enum model_value_match {
    MODEL_VALUE_EXACT,
    MODEL_VALUE_PREFIX,
    MODEL_VALUE_REGEX, /* RE2 syntax; takes the whole value */
    MODEL_VALUE_PRESENT,
    MODEL_VALUE_ABSENT,
};

/* What is asked of a header field or of a query parameter. Fields of one name are joined by ",";
 * of parameters of one name the first counts, as it is written. */
struct model_criterion {
    struct str name; /* of a field: lower case; "host" is what the request names, with its port */
    enum model_value_match match;
    struct str value; /* exact, prefix, regex */
};

struct model_header {
    struct str name; /* lower case */
    struct str value;
};

/* Bytes of the names and values that a change sets and adds, and four for each of them. */
#define MODEL_HEADERS_MAX ((size_t)16 * 1024)

/* Fields are removed first, then set (in the place of all of that name), then added. */
struct model_header_change {
    const struct model_header *set;
    size_t set_count;
    const struct model_header *add;
    size_t add_count;
    struct model_names remove;
};

enum model_path_change_type {
    MODEL_PATH_KEPT,
    MODEL_PATH_REPLACED,        /* by `value`, which begins with "/" and may have a query of its
                                   own; the request's is kept, but for redirects */
    MODEL_PATH_PREFIX_REPLACED, /* what the rule's prefix took, by `value`: "/a", without a final
                                   "/", or empty */
};

struct model_path_change {
    enum model_path_change_type type;
    struct str value;
};

struct model_redirect {
    uint16_t status;   /* 301, 302, 303, 307, 308; 0: the rule does not redirect */
    struct str scheme; /* empty: the request's */
    struct str host;   /* empty: the request's, without its port */
    uint16_t port;     /* 0: the listener's */
    struct model_path_change path;
};

/* What a request is before it goes to a back end. */
struct model_rewrite {
    struct model_path_change path;
    struct str host;        /* empty: the request's */
    bool host_from_backend; /* the host name of the endpoint, where it has one */
};

/* A copy of requests goes there, and its answer nowhere. */
struct model_mirror {
    struct str cluster; /* empty: there is none */
    uint32_t ppm;       /* how many of a million */
};

struct model_backend {
    struct str cluster; /* empty: the gateway answers by itself, with `status` */
    uint32_t weight;    /* its share of the sum; 0 receives nothing */
    uint16_t status;
};

enum model_action {
    MODEL_FORWARD,
    MODEL_RESPOND,  /* the gateway answers by itself */
    MODEL_REDIRECT, /* likewise, where to go instead */
};

/* Equal behaviour is equal content: members that the action does not use are dropped. */
struct model_rule {
    struct str route; /* the name of the route object: model_route_new sets it */
    uint32_t index;   /* in that object's list of rules */
    enum model_path_match path_match;
    struct str path;                       /* prefix: without a final "/", except "/" itself */
    struct str method;                     /* empty: any */
    const struct model_criterion *headers; /* each of them is asked for, as are the next */
    size_t header_count;
    const struct model_criterion *queries;
    size_t query_count;
    enum model_action action;
    struct model_header_change response_headers; /* of whatever is answered */
    /* forward: */
    uint32_t request_timeout_ms;     /* until the response's head is complete: 504; 0 is off */
    uint32_t stream_idle_timeout_ms; /* without a byte either way; 0 is off */
    struct model_header_change request_headers;
    struct model_rewrite rewrite;
    struct model_mirror mirror;
    const struct model_backend *backends;
    size_t backend_count;
    /* redirect: */
    struct model_redirect redirect;
    /* respond: */
    uint16_t status;   /* with this status, */
    struct str body;   /* this text/plain body (may be empty), */
    struct str reason; /* and for the log why */
};

/* What a route object does on listeners with the same tags. */
struct model_route {
    struct str name;  /* unique in the snapshot: "<mesh>/<route>-<16 hex digits of the tags>" */
    struct str route; /* the name of the route object, empty for the gateway's own answers */
    const struct model_rule *rules;
    size_t rule_count;
};

/* Of the rules of its routes that match a request, this one wins: an exact path before a prefix
 * before a regex; the longer path; one with a method; more headers (those that ask for a prefix do
 * not count); more query parameters; the path that is less, byte by byte; of equals the first route
 * of the list, and its first rule. Regexes of one length are equal but for the last of these.
 *
 * The path of a prefix itself ("/a" of "/a") counts as exact, and is left to shorter prefixes when
 * any rule of the virtual host names it exactly, whatever else that asks for. "/" is a prefix
 * always, and left to nothing. */
struct model_virtual_host {
    struct str name;   /* unique in the snapshot: "<listener>/<chain>/<domain>" */
    struct str domain; /* "*", "*.example.com" or "foo.example.com", lower case */
    struct model_names routes;
};

struct model_cluster {
    struct str name;    /* "<service>-<16 hex digits of its identity>" */
    struct str service; /* kuma.io/service, for people */
    struct str endpoint_set;
    uint32_t connect_timeout_ms;
};

struct model_endpoint {
    struct str address; /* an IP address, or the name of a host, which the data plane resolves */
    uint16_t port;
    struct str hostname; /* what it is called by those who offer it; or empty */
    struct str tls;      /* how TLS is spoken to it; empty: it is not */
};

struct model_endpoint_set {
    struct str name;
    /* Sorted by address, port, host name and TLS, no duplicates. */
    const struct model_endpoint *endpoints;
    size_t endpoint_count;
};

/* The order in which the criteria of a rule and the endpoints of a set stand, for qsort. */
int model_criterion_compare(const void *a, const void *b);
int model_endpoint_compare(const void *a, const void *b);

/* A certificate with its chain and key. The key never reaches logs, status or dumps. */
struct model_secret {
    struct str name;
    struct str certificates_pem; /* the leaf first */
    struct str key_pem;
    struct str key_type;    /* "rsa" or "ecdsa" */
    struct str fingerprint; /* SHA-256 of the leaf, lower-case hex */
    struct model_names dns_names;
    uint64_t not_before_ms; /* since 1970 UTC */
    uint64_t not_after_ms;
};

/* Secrets of one chain: what a listener may name, twice. */
#define MODEL_CHAIN_SECRETS_MAX ((size_t)4)

/* What is presented to a server name: of each key type one secret, by its index in the chain. A
 * client gets the first whose key it can verify. */
struct model_choice {
    size_t secrets[MODEL_CHAIN_SECRETS_MAX];
    size_t count;
    size_t index; /* of this choice among the chooser's */
};

/* Which of the secrets of a chain a server name gets. The name counts first: a secret that names it
 * comes before one whose wildcard takes it (of one label: RFC 9525 section 6.3), and that before
 * one that is for other names. Of equals comes first what comes first in the chain; so it is for a
 * client without a server name, and for names of no secret. Immutable: any thread. */
struct model_chooser;

/* `hostname` is the chain's; of `secrets`, which are borrowed for the call, there are 1 to
 * MODEL_CHAIN_SECRETS_MAX. */
MUST_USE struct model_chooser *
model_chooser_new(struct str hostname, const struct model_secret *const *secrets, size_t count);
struct model_chooser *model_chooser_free(struct model_chooser *chooser);

/* For a server name in lower case that comes to the chain, or an empty one. Borrowed. */
const struct model_choice *model_chooser_find(const struct model_chooser *chooser,
                                              struct str server_name);

/* All choices that some server name of the chain leads to, by their index. Borrowed. */
const struct model_choice *model_chooser_list(const struct model_chooser *chooser,
                                              size_t *ret_count);

enum model_trust {
    MODEL_TRUST_ANYONE, /* whatever is presented: its chain is not looked at */
    MODEL_TRUST_SYSTEM, /* the authorities that the proxy's system trusts */
    MODEL_TRUST_GIVEN,  /* those in `ca_pem` */
};

enum model_tls_version {
    MODEL_TLS_1_2,
    MODEL_TLS_1_3,
};

enum model_subject_match {
    MODEL_SUBJECT_EXACT, /* an IP address, or a DNS name, which "*.example.com" covers, too */
    MODEL_SUBJECT_PREFIX,
};

/* An alternative name that the certificate of a server is to have. */
struct model_subject {
    enum model_subject_match match;
    struct str value;
};

/* How TLS is spoken to a back end outside of the mesh. */
struct model_upstream_tls {
    struct str name;        /* "<mesh>/<kind>/<name>" */
    struct str server_name; /* that the handshake asks for; or empty */
    enum model_trust trust;
    struct str ca_pem;                    /* trust: given */
    const struct model_subject *subjects; /* the server has one of them; none: any will do */
    size_t subject_count;
    struct str secret; /* what is presented to a server that asks for a certificate; or empty */
    enum model_tls_version min_version;
    enum model_tls_version max_version;
};

/* One frozen resource; `content` is what `kind` names. */
struct model_resource {
    enum model_kind kind;
    struct str name;
    struct model_digest digest;
    union {
        const void *content;
        const struct model_listener *listener;
        const struct model_virtual_host *virtual_host;
        const struct model_route *route;
        const struct model_cluster *cluster;
        const struct model_endpoint_set *endpoint_set;
        const struct model_secret *secret;
        const struct model_upstream_tls *upstream_tls;
    };
};

MUST_USE const struct model_resource *model_listener_new(const struct model_listener *content);
MUST_USE const struct model_resource *
model_virtual_host_new(const struct model_virtual_host *content);
MUST_USE const struct model_resource *model_route_new(const struct model_route *content);
MUST_USE const struct model_resource *model_cluster_new(const struct model_cluster *content);
MUST_USE const struct model_resource *
model_endpoint_set_new(const struct model_endpoint_set *content);
MUST_USE const struct model_resource *model_secret_new(const struct model_secret *content);
MUST_USE const struct model_resource *
model_upstream_tls_new(const struct model_upstream_tls *content);

const struct model_resource *model_resource_ref(const struct model_resource *resource);
const struct model_resource *model_resource_unref(const struct model_resource *resource);

/* Appends the canonical JSON. `redacted` puts "(redacted)" in the place of keys: every use but the
 * wire. */
void model_resource_print(const struct model_resource *resource, bool redacted, struct buf *buf);

/* What a proxy serves. Resources are sorted by kind, then name. */
struct model_snapshot {
    struct model_digest digest; /* over the resources' kinds, names and digests, in blocks */
    const struct model_resource *const *resources;
    size_t count;
};

/* Takes over one reference of each of the `count` resources, also on failure.
 * ERR_CONFLICT: two of the same kind and name. ERR_INVALID: a reference to a resource that is not
 * there; reterr says which of which. */
MUST_USE enum err model_snapshot_new(const struct model_resource *const *resources, size_t count,
                                     const struct model_snapshot **ret_snapshot,
                                     struct err_info *reterr);

/* As model_snapshot_new, but it takes over nothing. Where most of the resources are those of
 * `former` (or NULL), by address, that makes it cheap: the snapshots share what they have in
 * common. It changes no outcome. */
MUST_USE enum err model_snapshot_after(const struct model_snapshot *former,
                                       const struct model_resource *const *resources, size_t count,
                                       const struct model_snapshot **ret_snapshot,
                                       struct err_info *reterr);

/* As model_snapshot_after, of the resources of `former` and these, which take the places of those
 * of the same kind and name. What stays costs next to nothing. */
MUST_USE enum err model_snapshot_with(const struct model_snapshot *former,
                                      const struct model_resource *const *puts, size_t put_count,
                                      const struct model_snapshot **ret_snapshot,
                                      struct err_info *reterr);

const struct model_snapshot *model_snapshot_ref(const struct model_snapshot *snapshot);
const struct model_snapshot *model_snapshot_unref(const struct model_snapshot *snapshot);

/* Borrowed from the snapshot, or NULL. */
const struct model_resource *model_snapshot_find(const struct model_snapshot *snapshot,
                                                 enum model_kind kind, struct str name);

/* What a resource of the snapshot names, and so is there. Borrowed likewise. */
const struct model_resource *model_snapshot_get(const struct model_snapshot *snapshot,
                                                enum model_kind kind, struct str name);

/* The resources of one kind, in order of their names: the first, and how many. */
const struct model_resource *const *model_snapshot_kind(const struct model_snapshot *snapshot,
                                                        enum model_kind kind, size_t *ret_count);

/* The place of a name among resources of one kind, as model_snapshot_kind gives them; `count`: it
 * is not there. */
size_t model_kind_find(const struct model_resource *const *resources, size_t count,
                       struct str name);

/* Appends {"digest":…,"resources":[…]} in canonical JSON. */
void model_snapshot_print(const struct model_snapshot *snapshot, bool redacted, struct buf *buf);

struct model_removal {
    enum model_kind kind;
    struct str name;
};

/* The way from one snapshot to the next. Owns what it points at. */
struct model_transaction {
    struct model_digest base;   /* the snapshot it starts from; zeros: from nothing, whatever the
                                   proxy has */
    struct model_digest result; /* the snapshot it leads to, which names its version */
    const struct model_resource *const *puts; /* new or changed */
    size_t put_count;
    const struct model_removal *removals;
    size_t removal_count;
};

/* What leads from `base` (NULL: from nothing) to `next`. */
MUST_USE struct model_transaction *model_transaction_new(const struct model_snapshot *base,
                                                         const struct model_snapshot *next);
struct model_transaction *model_transaction_free(struct model_transaction *transaction);

/* The snapshot that results from `base` (NULL: nothing), which one that starts from nothing does
 * not look at. ERR_CONFLICT: it does not start from `base`, or does not lead to what it promises.
 * ERR_INVALID as model_snapshot_new. */
MUST_USE enum err model_transaction_apply(const struct model_transaction *transaction,
                                          const struct model_snapshot *base,
                                          const struct model_snapshot **ret_snapshot,
                                          struct err_info *reterr);

/* As it travels: JSON, keys included. */
void model_transaction_print(const struct model_transaction *transaction, struct buf *buf);

/* Reads what model_transaction_print wrote; digests are computed anew, not believed. ERR_INVALID:
 * it is none; reterr's path names resource and member. */
struct jv;
MUST_USE enum err model_transaction_parse(const struct jv *object,
                                          struct model_transaction **ret_transaction,
                                          struct err_info *reterr);

/* Resources alive in this process, for metrics and leak tests. Any thread. */
size_t model_resources_alive(void);
size_t model_snapshots_alive(void);

CLEANUP_DEFINE(struct model_chooser, model_chooser_free);
