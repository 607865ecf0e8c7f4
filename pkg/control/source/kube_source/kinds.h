/* What is watched, and what is said about it. Private to control/source/kube_source. */
#pragma once

#include "control/source/kube_source/kube_source.h"

struct kube_source__kind {
    struct str name;
    enum api_kind kind;
    const char *path; /* with %s for the system namespace */
    struct str field_selector;
    bool metadata_only;
    struct str plural; /* of a kind of Kuma's: as discovery and its definition name it */
};

#define KUBE_SOURCE__KINDS 8

extern const struct kube_source__kind kube_source__kinds[KUBE_SOURCE__KINDS];

/* Where the resources of Kuma's kinds are listed. */
#define KUBE_SOURCE__DISCOVERY STR("/apis/kuma.io/v1alpha1")

/* Whether the list of resources in `body` has a status subresource of `kind`. */
bool kube_source__has_status(const struct jv *body, const struct kube_source__kind *kind);

/* What a person has to know about a kind in that state. Nothing when all is well. */
void kube_source__describe(const struct kube_source__kind *kind, enum kube_watch_state state,
                           bool lacks_status, const struct err_info *reason, struct buf *message);
