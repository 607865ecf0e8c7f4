/* The client of the Kubernetes API server: requests, and lists that are kept up to date by
 * watching.
 *
 * All of it rides on one HTTP/2 connection (an API server that speaks HTTP/1.1 alone gets one for
 * each thing under way). Callbacks come on the loop, never inside the call that caused them.
 *
 *     kube_config_..., kube_open, kube_watch_open and kube_request ... kube_watch_close, kube_close
 *
 * Credentials that come from files are read again as they rotate; keys and tokens stay in memory
 * that is wiped and are part of no message. The logic of a watch is a machine without sockets and
 * clocks (reflector.h); libcurl carries it. SIGPIPE is ignored from kube_open on.
 *
 * Source: https://kubernetes.io/docs/reference/using-api/api-concepts/ */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/attr.h"
#include "core/base/err.h"
#include "core/base/str.h"
#include "core/json/json.h"

struct kube;
struct kube_request;
struct kube_watch;
struct loop;

/* Where the API server is, and who we are. Of a value and its file only one is set. */
struct kube_config {
    struct str server;      /* "https://10.96.0.1:443", no slash at its end */
    struct str server_name; /* what its certificate has to say instead of the host, or empty */
    struct str proxy;       /* "http://proxy:3128", or empty: as the environment says */
    struct str name_space;  /* of the pod or the context, or empty */
    struct str ca_pem;      /* neither this nor the file: the system's authorities */
    struct str ca_file;
    struct str certificate_pem; /* the client's, with its key; or empty */
    struct str certificate_file;
    struct str key_pem;
    struct str key_file;
    struct str token;
    struct str token_file;
    bool insecure;       /* the server's certificate is not checked */
    struct arena *arena; /* private: what all of the above points at */
};

/* Where a pod finds its credentials. */
#define KUBE_POD_DIRECTORY "/var/run/secrets/kubernetes.io/serviceaccount"

/* The configuration of a pod: KUBERNETES_SERVICE_HOST and _PORT, and the files in `directory`.
 * ERR_NOT_FOUND: this is no pod, or it has no token; ERR_INVALID. */
MUST_USE enum err kube_config_in_cluster(const char *directory, struct kube_config **ret_config,
                                         struct err_info *reterr);

/* The configuration that `context` (empty: the current one) of the kubeconfig at `path` names.
 * Errors name the file and the field. ERR_NOT_FOUND, ERR_UNAUTHORISED, ERR_INVALID, ERR_LIMIT,
 * ERR_SYSTEM. */
MUST_USE enum err kube_config_read(const char *path, struct str context,
                                   struct kube_config **ret_config, struct err_info *reterr);

/* The same from text, whose files are relative to `directory`; err_info's path is the field. */
MUST_USE enum err kube_config_parse(struct str text, struct str directory, struct str context,
                                    struct kube_config **ret_config, struct err_info *reterr);

/* Wipes. Takes NULL, returns NULL. */
struct kube_config *kube_config_free(struct kube_config *config);

/* Requests under way at once, watches and their lists apart; more wait. */
#define KUBE_IN_FLIGHT_MAX 32U
/* Requests that wait; more are refused with ERR_LIMIT. */
#define KUBE_WAITING_MAX 4096U
/* An answer: an object is at most 3 MiB as etcd takes it, which escaping can make larger. */
#define KUBE_BODY_SIZE_MAX ((size_t)8 * 1024 * 1024)
#define KUBE_TIMEOUT_MS    30000U

/* Borrows `config` until kube_close. ERR_INVALID, ERR_NOT_FOUND and the like: what the
 * configuration names cannot be read. ERR_UNAVAILABLE: libcurl cannot be used. Does not connect. */
MUST_USE enum err kube_open(struct loop *loop, const struct kube_config *config,
                            struct kube **ret_kube, struct err_info *reterr);

/* Ends requests without telling anybody. The watches have been closed. Not inside a callback of
 * this module. Takes NULL, returns NULL. */
struct kube *kube_close(struct kube *kube);

/* Requests. */

enum kube_method {
    KUBE_GET,
    KUBE_POST,
    KUBE_PUT,
    KUBE_PATCH,
    KUBE_DELETE,
};

/* Everything is copied. */
struct kube_request_options {
    enum kube_method method;
    struct str path;         /* "/api/v1/namespaces", with its query, escaped */
    struct str accept;       /* empty: application/json */
    struct str content_type; /* empty: application/json */
    struct str body;         /* empty: none */
    uint64_t timeout_ms;     /* 0: KUBE_TIMEOUT_MS; waiting for its turn not counted */
};

struct kube_answer {
    /* ERR_OK: a status of 200 to 299. By status: 400, 422 ERR_INVALID; 401, 403 ERR_UNAUTHORISED;
     * 404 ERR_NOT_FOUND; 409 ERR_CONFLICT; 410 ERR_GONE; 429 and above 499 ERR_UNAVAILABLE; all
     * others ERR_PROTOCOL. Without one: ERR_TIMEOUT, ERR_UNAVAILABLE, ERR_LIMIT, ERR_PROTOCOL. */
    enum err err;
    unsigned status;         /* 0: no answer came */
    uint64_t retry_after_ms; /* 0: the server names no time */
    const struct jv *body;   /* borrowed; NULL: none, or no JSON */
    struct err_info reason;  /* of an error: the server's reason and message */
};

typedef void (*kube_answer_fn)(void *arg, const struct kube_answer *answer);

/* Sends, in the order of these calls, and answers once, unless it is cancelled before. The handle
 * is valid until then. */
struct kube_request *kube_request(struct kube *kube, const struct kube_request_options *options,
                                  kube_answer_fn done, void *arg);

/* It is not answered any more; the server may have acted. Not for the request that is being
 * answered. Takes NULL, returns NULL. */
struct kube_request *kube_request_cancel(struct kube_request *request);

/* Server-side apply, with force: these fields are ours. */
struct kube_apply_options {
    struct str path;    /* "/apis/apps/v1/namespaces/edge/deployments/front", ".../status" */
    struct str manager; /* the field manager */
    struct str body;    /* JSON */
};

/* As kube_request. */
struct kube_request *kube_apply(struct kube *kube, const struct kube_apply_options *options,
                                kube_answer_fn done, void *arg);

/* Watches. */

enum kube_watch_state {
    KUBE_WATCH_LISTING, /* at the beginning */
    KUBE_WATCH_READY,   /* what was delivered is what the server has, as far as one can know */
    KUBE_WATCH_ABSENT,  /* the kind is not there; looked for again every KUBE_ABSENT_MS */
    KUBE_WATCH_FAILING, /* what was delivered may be old; the reason says why; retried */
};

/* Objects of a page. One that the bound of KUBE_BODY_SIZE_MAX stops is asked for in smaller ones.
 */
#define KUBE_PAGE_OBJECTS 100U
/* How long the server is asked to keep a watch: between this and a fifth more, by chance. */
#define KUBE_WATCH_TIMEOUT_S 250U
/* When it says nothing at all: after this much more, and for the head of the answer. A connection
 * on which nothing came meanwhile is given up with all that it carries. */
#define KUBE_WATCH_GRACE_MS 10000U
/* The pause after a failure, which doubles each time, up to the second; half of it by chance. */
#define KUBE_PAUSE_MS     250U
#define KUBE_PAUSE_MAX_MS 5000U
/* Retry-After is believed up to this. */
#define KUBE_RETRY_AFTER_MAX_MS 60000U
/* How often a kind that is absent, or denied to us, is asked for. */
#define KUBE_ABSENT_MS 5000U
/* A kind that had objects is absent when this many lists in a row say so. */
#define KUBE_ABSENT_LISTS 3U

/* Everything is copied. */
struct kube_watch_options {
    struct str path;           /* "/apis/kuma.io/v1alpha1/meshgateways" */
    struct str field_selector; /* or empty; unescaped */
    struct str label_selector;
    bool metadata_only; /* objects come as PartialObjectMetadata */
    bool is_secret;     /* what was received is wiped when it has been told */
    unsigned page;      /* 0: KUBE_PAGE_OBJECTS */
    unsigned timeout_s; /* 0: KUBE_WATCH_TIMEOUT_S */
    unsigned grace_ms;  /* 0: KUBE_WATCH_GRACE_MS */
};

/* All but `apply` and `remove` may be NULL. Each object has a pointer of the listener's, `kept`,
 * which is NULL at first and handed back with whatever is said about the object later. */
struct kube_watch_events {
    /* A listing begins: at the start, and whenever the watch cannot be resumed. */
    void (*init)(void *arg);

    /* The object is new or was changed. Borrowed. */
    void (*apply)(void *arg, const struct jv *object, void **kept);

    /* The object exists, but is too much for us: more than JV_VALUES_MAX values, or too deep. */
    void (*refuse)(void *arg, struct str name_space, struct str name, const char *reason,
                   void **kept);

    /* The object is no more, and it is forgotten with `kept`. The names are empty when the watch
     * is closed: then only what is kept has to be freed. */
    void (*remove)(void *arg, struct str name_space, struct str name, void *kept);

    /* The listing is complete, and what it did not have was removed. */
    void (*init_done)(void *arg);

    /* A new state, or a new reason for it; `reason` is empty in LISTING and READY. */
    void (*state)(void *arg, enum kube_watch_state state, const struct err_info *reason);

    void *arg;
};

/* Lists, then watches, until it is closed. Begins in a later turn. */
MUST_USE struct kube_watch *kube_watch_open(struct kube *kube,
                                            const struct kube_watch_options *options,
                                            const struct kube_watch_events *events);

/* Not inside an event of this watch. Calls `remove` for what is kept. Takes NULL, returns NULL. */
struct kube_watch *kube_watch_close(struct kube_watch *watch);

/* For metrics: requests that watches and lists have begun since kube_open. */
uint64_t kube_watch_requests(const struct kube *kube);

CLEANUP_DEFINE(struct kube_config, kube_config_free);
