/* One object of Kubernetes that is watched by its name. Private to control/operator. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "control/kube/kube.h"
#include "core/base/buf.h"
#include "core/json/json.h"

struct operator__observed_options {
    struct kube *kube;
    struct str collection; /* "/apis/apps/v1/namespaces/edge/deployments" */
    struct str name;

    /* It is not what it was. `by_others`: its specification, maybe by somebody else. */
    void (*changed)(void *arg, bool by_others);
    void *arg;
};

struct operator__observed {
    struct operator__observed_options options;
    struct kube_watch *watch;
    bool is_known; /* it was looked for */
    bool is_there;
    struct buf text; /* of it, JSON */
    uint64_t generation;
    uint64_t version; /* as operator__observed_version; 0: there is none */
};

/* Texts are borrowed as long as it lives. */
void operator__observed_init(struct operator__observed *observed,
                             const struct operator__observed_options *options);
void operator__observed_deinit(struct operator__observed *observed);

/* Tells the versions of an object apart: a hash of its resourceVersion. */
uint64_t operator__observed_version(const struct jv *object);

/* The object, in `arena`; NULL: there is none. */
const struct jv *operator__observed_read(const struct operator__observed *observed,
                                         struct arena *arena);
