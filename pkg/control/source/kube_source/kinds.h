/* What is watched, and what is said about it. Private to control/source/kube_source. */
#pragma once

#include "control/source/kube_source/kube_source.h"

struct kube_source__kind {
    struct str name;
    enum api_kind kind;
    struct str path; /* with %s for the system namespace */
    struct str field_selector;
    bool metadata_only;
    struct str plural; /* of a kind of Kuma's: as discovery and its definition name it */
    bool is_optional;  /* one that does well without */
};

/* Kuma's kinds, one for each that has a plural; and those of Kubernetes. */
size_t kube_source__kind_count(void);

/* The path is in `arena`. */
struct kube_source__kind kube_source__kind_at(size_t index, struct arena *arena);

/* Where the resources of Kuma's kinds are listed. */
#define KUBE_SOURCE__DISCOVERY STR("/apis/kuma.io/v1alpha1")

/* What discovery says of a kind of Kuma's. */
enum kube_source__presence {
    KUBE_SOURCE__UNKNOWN, /* nothing yet */
    KUBE_SOURCE__ABSENT,
    KUBE_SOURCE__WITHOUT_STATUS, /* there is no status subresource */
    KUBE_SOURCE__WITH_STATUS,
};

/* `body` is the list of resources; NULL: there are none. */
enum kube_source__presence kube_source__presence_of(const struct jv *body, struct str plural);

/* What a person has to know about a kind in that state. Nothing when all is well. */
void kube_source__describe(const struct kube_source__kind *kind, enum kube_watch_state state,
                           bool lacks_status, const struct err_info *reason, struct buf *message);
