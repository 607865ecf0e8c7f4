/* The operator: everything between an API server and the proxies of a cluster.
 *
 *     kube_source ─> cache ─> hold-off ─> pass: groups ─> compile ─> stream ─> proxies
 *                                          └─> instances ─> Deployments, Services
 *     acknowledgements and what the pass found ─> status
 *
 * A pass brings everything up to date with the cache: which pods are gateways (control/placement),
 * what each group of them serves (control/compile, control/stream), and what the
 * MeshGatewayInstances become (control/instance). Nothing is compiled, and nobody is served, before
 * everything that is there was listed once. Status is written after the proxies were told, when
 * they have answered.
 *
 * The operator proves itself to proxies with certificates of its own (control/authority), which it
 * keeps in a Secret of the system namespace.
 *
 * Everything is on one loop. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/str.h"

struct kube;
struct loop;
struct metrics;
struct operator_handle;
struct web;

/* A burst of changes is acted on so long after its last, but no later than the second after its
 * first. */
#define OPERATOR_QUIET_MS   2U
#define OPERATOR_CEILING_MS 20U

/* The same for status, which follows acknowledgements. */
#define OPERATOR_STATUS_QUIET_MS   5U
#define OPERATOR_STATUS_CEILING_MS 250U

/* How long an acknowledgement may be missing before a status says so. */
#define OPERATOR_PATIENCE_MS 1000U

/* The names that the chart gives; certificates and pods carry them. */
#define OPERATOR_SERVICE      "otemon-operator"
#define OPERATOR_SERVICE_PORT 9901
#define OPERATOR_CA_MAP       "otemon-ca"
#define OPERATOR_AUTHORITY    "otemon-authority"

/* Seconds that pods of an instance go on accepting after SIGTERM, and then have for requests. */
#define OPERATOR_DRAIN_DELAY_S 5U
#define OPERATOR_DRAIN_TIME_S  30U

/* Texts are borrowed as long as the operator lives. */
struct operator_options {
    struct loop *loop;
    struct kube *kube;
    struct web *web;         /* started; the stream's */
    struct metrics *metrics; /* where it adds its own */
    struct str system_namespace;
    struct str feed_address; /* where proxies connect: an IP address, or empty for all */
    uint16_t feed_port;
    const struct str *gateway_namespaces; /* whose pods may be gateways; none: all */
    size_t gateway_namespace_count;
    struct str proxy_image;       /* of the pods of instances */
    struct str proxy_pull_policy; /* or empty */

    /* It cannot go on. Not inside a call of this module. */
    void (*failed)(void *arg, const struct err_info *reason);
    void *arg;
};

MUST_USE struct operator_handle *operator_open(const struct operator_options *options);

/* Ends its work at once; before the kube and the web of the options are closed. Not inside an event
 * of it. */
void operator_stop(struct operator_handle *op);

/* After operator_stop, and when the web has closed. Takes NULL, returns NULL. */
struct operator_handle *operator_free(struct operator_handle *op);

/* Whether it serves. Appends a line for each thing that is wrong or missing, which there may be
 * when it does, too. */
bool operator_is_ready(const struct operator_handle *op, struct buf *reasons);

/* Appends what each group of gateway pods is to be served, as JSON, without keys. */
void operator_dump(const struct operator_handle *op, struct buf *json);
