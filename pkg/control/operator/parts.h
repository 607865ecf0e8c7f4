/* Private to control/operator: its parts together. */
#pragma once

#include "control/holdoff/holdoff.h"
#include "control/operator/groups.h"
#include "control/operator/instances.h"
#include "control/operator/operator.h"
#include "control/operator/proxies.h"
#include "control/operator/records.h"
#include "control/operator/reports.h"
#include "control/operator/reviews.h"
#include "control/operator/statuses.h"
#include "control/operator/trust.h"
#include "control/source/kube_source/kube_source.h"
#include "core/loop/loop.h"

struct operator_handle {
    struct operator_options options;
    struct arena *arena;
    struct str address; /* where proxies find us: "otemon-operator.kuma-system.svc:9901" */
    struct cache *cache;
    struct kube_source *source;
    struct apply *apply;
    struct list sent; /* what apply has under way */
    struct operator__records records;
    struct operator__groups groups;
    struct operator__proxies proxies;
    struct operator__statuses statuses;
    struct operator__instances instances;
    struct operator__trust trust;
    struct operator__reviews reviews;
    struct operator__reports reports;
    struct stream *stream; /* NULL: nobody is served yet */
    uint64_t opened_ms;    /* when it was opened */

    struct holdoff pass_holdoff;
    struct loop_alarm *pass_alarm;
    struct holdoff status_holdoff;
    struct loop_alarm *status_alarm;
    struct loop_deferred opening; /* of the stream */
    bool is_settled;              /* everything that is there was listed */
    bool is_stopped;
    uint64_t writes; /* documents that were sent to the API server */
    uint64_t write_failures;
};

/* ---- pass.c ---- */

/* Something about the objects of the cluster is new: a pass comes. */
void operator__touch(struct operator_handle *op);

/* Something that a status says is new. */
void operator__touch_status(struct operator_handle *op);

/* Of the two alarms. */
void operator__on_pass(void *arg);
void operator__on_status(void *arg);

/* ---- serving.c ---- */

void operator__serving_init(struct operator_handle *op);

/* Of operator__trust_options: presents the certificate, at first or from now on. */
void operator__on_leaf(void *arg, const struct pki_bundle *leaf);

/* Begins to serve when there is a certificate and something to serve. */
void operator__serve(struct operator_handle *op);

/* What groups and proxies tell the stream. */
struct operator__group_events operator__group_events(struct operator_handle *op);
struct operator__pod_events operator__pod_events(struct operator_handle *op);

/* An operator__pod_find_fn of the operator. */
bool operator__find_pod(void *arg, struct str uid, struct stream_pod *ret_pod);

/* ---- writing.c ---- */

/* Of apply_new: sends a document to the API server. */
void operator__send(void *arg, const struct apply_document *document);

/* What is under way is not answered any more. */
void operator__unsend(struct operator_handle *op);

/* ---- metrics.c ---- */

void operator__metrics_open(struct operator_handle *op);
