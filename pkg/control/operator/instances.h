/* Instances: the Deployments and Services of MeshGatewayInstances. Private to control/operator.
 *
 * Both are looked at before anything is applied, so that nothing of somebody else is taken over,
 * and watched from then on, each by its name. What others change of our fields is set back, once;
 * what we changed ourselves is told apart by its version. What the API server refuses stands in the
 * status of the instance. */
#pragma once

#include "control/apply/apply.h"
#include "control/cache/cache.h"
#include "control/instance/instance.h"
#include "control/kube/kube.h"
#include "control/operator/statuses.h"
#include "control/operator/trust.h"
#include "core/base/map.h"

struct operator__instances_options {
    struct kube *kube;
    struct apply *apply;
    const struct cache *cache;
    struct operator__trust *trust;
    struct operator__statuses *statuses;
    struct instance_options instance;
    const struct str *namespaces; /* where they may be; none: all */
    size_t namespace_count;

    /* There is something new about an instance: to be updated, later. */
    void (*changed)(void *arg);
    void *arg;
};

struct operator__instances {
    struct operator__instances_options options;
    struct map *by_name; /* by "<name>.<namespace>" */
};

void operator__instances_init(struct operator__instances *instances,
                              const struct operator__instances_options *options);
void operator__instances_deinit(struct operator__instances *instances);

/* Applies what is to be there, and says what became of it. Not in an event of a watch. */
void operator__instances_update(struct operator__instances *instances);

/* The API server's answer to what was applied at `path`, after apply_answer. False: it is none of
 * ours. */
bool operator__instances_answered(struct operator__instances *instances, struct str path,
                                  const struct kube_answer *answer);
