/* Trust: the operator's authority in the cluster. Private to control/operator.
 *
 *     Secret otemon-authority ─> control/authority ─> the certificate of the stream
 *                                                └──> ConfigMap otemon-ca, for proxies
 *
 * What changed is stored before anything is done with it, so that an operator that dies between the
 * two does not leave proxies with an authority that nobody has. Until the Secret was read and
 * stored there is no certificate. The API server being away delays all of it; what was made holds
 * for hours. */
#pragma once

#include <stdint.h>

#include "control/apply/apply.h"
#include "control/authority/authority.h"
#include "control/kube/kube.h"
#include "core/base/map.h"
#include "core/loop/loop.h"

/* The field manager of what the operator makes. */
#define OPERATOR__MANAGER STR("otemon")

struct operator__trust_options {
    struct loop *loop;
    struct kube *kube;
    struct apply *apply; /* of ConfigMaps */
    struct str system_namespace;

    /* Another certificate is to be presented: at first, and as it is renewed. Borrowed. */
    void (*leaf)(void *arg, const struct pki_bundle *leaf);
    void *arg;
};

struct operator__spread {
    bool is_needed;
};

struct operator__trust {
    struct operator__trust_options options;
    struct arena *arena;
    struct str secret_path;
    struct authority *authority;  /* NULL: the Secret was not read yet */
    struct authority_state state; /* of the last turn */
    struct kube_request *request; /* of the Secret; NULL: none is under way */
    struct loop_alarm *alarm;     /* the next turn, or try */
    struct map *namespaces;       /* that have the ConfigMap: struct operator__spread */
    bool is_stored;               /* the state is */
    bool has_leaf;                /* that was not told yet */
    uint64_t pause_ms;            /* before the next try */
};

/* Begins at once. */
void operator__trust_init(struct operator__trust *trust,
                          const struct operator__trust_options *options);
void operator__trust_deinit(struct operator__trust *trust);

/* Which namespaces need the ConfigMap is said anew each time: begin, one or several times spread,
 * end. Those that were not named are forgotten. */
void operator__trust_spread_begin(struct operator__trust *trust);
void operator__trust_spread(struct operator__trust *trust, struct str namespace);
void operator__trust_spread_end(struct operator__trust *trust);
