/* Status: what the compile pass found and what the proxies acknowledged, as the status documents
 * that the API server is given.
 *
 * Pure: it reads no clock and asks nobody. Every document is whole and canonical, so that an equal
 * state is an equal text and need not be written. Conditions follow metav1.Condition
 * (k8s.io/apimachinery, meta/v1): `lastTransitionTime` is kept from the status that stands in the
 * object as long as the condition's status stays. Messages name object, field and remedy and
 * carry counts, never durations. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/buf.h"
#include "core/base/str.h"
#include "core/json/json.h"
#include "model/model.h"

enum status_value {
    STATUS_FALSE,
    STATUS_TRUE,
    STATUS_UNKNOWN,
};

struct status_condition {
    struct str type;   /* "Accepted" */
    struct str reason; /* one word: "NoMatchingParent" */
    struct str message;
    enum status_value value;
};

struct status_conditions {
    const struct status_condition *items;
    size_t count;
};

/* ---- Programmed: whether every proxy serves it ---- */

enum status_proxy_state {
    STATUS_PROXY_NOT_READY, /* takes no traffic: it does not count */
    STATUS_PROXY_WAITING,   /* its acknowledgement is missing */
    STATUS_PROXY_SERVES,
    STATUS_PROXY_REFUSED,
};

struct status_proxy {
    struct str name; /* of the pod: "<namespace>/<name>" */
    enum status_proxy_state state;
    struct str resource; /* refused: what, */
    struct str reason;   /* and why */
};

struct status_programmed {
    struct status_condition condition;
    uint32_t ready;  /* proxies that count, */
    uint32_t serves; /* and those of them that serve it */
    bool waiting; /* an acknowledgement is missing, and nobody refused: better not said at once */
};

/* The verdict about one gateway's proxies. Texts are in `arena`. */
struct status_programmed status_judge(struct arena *arena, const struct status_proxy *proxies,
                                      size_t count);

/* ---- Documents ---- */

/* The object whose status is written. */
struct status_object {
    struct str kind;
    struct str name;
    struct str namespace; /* empty for a cluster's object */
    uint64_t generation;  /* that the conditions are about */
    struct str previous;  /* the status that stands in the object, canonical JSON; empty: none */
    uint64_t now_ms;      /* wall time, for transitions */
};

/* One listener of a MeshGateway. */
struct status_listener {
    uint32_t port;
    struct str protocol;
    struct str hostname;
    size_t attached_routes;
    struct status_conditions conditions;
    const struct model_secret *const *certificates; /* those that proxies serve */
    size_t certificate_count;
};

struct status_gateway {
    struct status_conditions conditions;
    const struct status_listener *listeners;
    size_t listener_count;
    uint32_t ready;
    uint32_t serves;
};

/* One gateway that a route attaches to, or tries to. */
struct status_parent {
    struct str gateway;
    size_t attached_listeners;
    struct status_conditions conditions;
};

struct status_route {
    struct status_conditions conditions; /* the summary */
    const struct status_parent *parents;
    size_t parent_count;
};

struct status_instance {
    struct status_conditions conditions;
    const struct jv *load_balancer; /* of its Service, as it stands there; NULL: none */
    const struct str *addresses;    /* where clients reach it */
    size_t address_count;
};

/* Append the status, canonical. The first is of conditions alone. */
void status_plain_print(const struct status_object *object, struct status_conditions conditions,
                        struct buf *buf);
void status_gateway_print(const struct status_object *object, const struct status_gateway *gateway,
                          struct buf *buf);
void status_route_print(const struct status_object *object, const struct status_route *route,
                        struct buf *buf);
void status_instance_print(const struct status_object *object,
                           const struct status_instance *instance, struct buf *buf);

/* Appends the document that server-side apply takes for `status`, which one of the above made. */
void status_document_print(const struct status_object *object, struct str status, struct buf *buf);

/* Joins what several judges say of one thing: false beats unknown beats true, and the first of the
 * winners gives reason and message. */
void status_condition_merge(struct status_condition *into, const struct status_condition *other);
