/* Statuses: what is said of MeshGateways, MeshGatewayRoutes and other kinds, and when. Private to
 * control/operator.
 *
 * A status is said when its proxies have answered. While an acknowledgement is missing nothing is
 * said, so that `observedGeneration` stays behind; only after OPERATOR_PATIENCE_MS it is said that
 * one is missing. */
#pragma once

#include <stdint.h>

#include "control/apply/apply.h"
#include "control/operator/proxies.h"
#include "control/operator/records.h"

/* The field manager of statuses. */
#define OPERATOR__STATUS_MANAGER STR("otemon-status")

/* What one run of statuses is about. */
struct operator__view {
    const struct compile_report *report;
    const struct operator__groups *groups;
    const struct operator__proxies *proxies;
    operator__pod_find_fn find;
    void *find_arg;
    uint64_t now_ms;  /* of the loop */
    uint64_t wall_ms; /* for transitions */
    /* The earliest time at which a missing acknowledgement is said; UINT64_MAX: not yet known. */
    uint64_t patience_ms;
};

struct operator__statuses {
    struct operator__records *records; /* borrowed, as is the next */
    struct apply *apply;
    struct map *waiting;          /* by gateway, as mesh/name: since when, a uint64_t */
    bool lacks_status[API_KINDS]; /* kinds without the subresource: nothing can be said */
};

void operator__statuses_init(struct operator__statuses *statuses, struct operator__records *records,
                             struct apply *apply);
void operator__statuses_deinit(struct operator__statuses *statuses);

/* Says what is to be said. Returns in how many milliseconds there may be more to say without
 * anything happening; UINT64_MAX: never. */
uint64_t operator__statuses_say(struct operator__statuses *statuses,
                                const struct operator__view *view);

/* The path of the status of an object of Kuma's kinds, in `arena`. */
struct str operator__status_path(struct arena *arena, const struct api_object *object);

/* The object as a status is printed of it; `previous` is what stands there. */
struct status_object operator__status_object(const struct api_object *object, struct str previous,
                                             uint64_t wall_ms);

/* Says `status`, printed of `object`, at `path`, unless it stands there. */
void operator__status_say(struct operator__statuses *statuses, struct str path,
                          const struct status_object *object, struct str status);
