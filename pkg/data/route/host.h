/* Private to data/route: the rules of one virtual host as a matcher. */
#pragma once

#include <stdatomic.h>

#include "data/route/criteria.h"
#include "data/route/tree.h"

struct route_host {
    const struct model_resource *resource;
    const struct model_resource **routes; /* in the order of the virtual host, with references */
    size_t route_count;
    struct arena *arena;
    struct route__rule *rules; /* of all routes, in their order */
    size_t rule_count;
    struct map *exact; /* path to what comes first there, a struct route__entry */
    struct route__node *prefixes;
    struct map *regexes; /* by their text; each holds a reference */
    struct route__questions questions;
    atomic_uint references;
};

/* Keeps references of `virtual_host` and of its routes in `snapshot`. Expressions that `previous`
 * (or NULL) has compiled are shared with it. ERR_INVALID: one is none; reterr says which. */
MUST_USE enum err route__host_new(const struct model_resource *virtual_host,
                                  const struct model_snapshot *snapshot,
                                  const struct route_host *previous, struct route_host **ret_host,
                                  struct err_info *reterr);

/* Whether route__host_new would make the same. */
bool route__host_is_current(const struct route_host *host,
                            const struct model_resource *virtual_host,
                            const struct model_snapshot *snapshot);

struct route_host *route__host_ref(struct route_host *host);
struct route_host *route__host_unref(struct route_host *host);

/* Fills in rules and what finds them, from the routes. */
MUST_USE enum err route__host_build(struct route_host *host, const struct route_host *previous,
                                    struct err_info *reterr);

/* The first that may take a request of this path; what follows on it is all that may. */
const struct route__entry *route__host_first(const struct route_host *host, struct str path);

/* A request as the rules of the host see it first. */
struct route__view route__view_of(const struct route_host *host,
                                  const struct route_request *request,
                                  enum model_protocol protocol);

/* The rule that answers on a listener of that protocol; NULL: none does. */
const struct route__rule *route__host_find(const struct route_host *host,
                                           const struct route_request *request,
                                           enum model_protocol protocol);

/* The protocol of the chain's listener. */
enum model_protocol route__chain_protocol(const struct route_chain *chain);
