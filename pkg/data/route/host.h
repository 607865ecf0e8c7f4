/* Private to data/route: the rules of one virtual host as a matcher. */
#pragma once

#include "data/route/route.h"

/* Keeps references of `virtual_host` and of its routes in `snapshot`. */
MUST_USE struct route_host *route__host_new(const struct model_resource *virtual_host,
                                            const struct model_snapshot *snapshot);

/* Whether route__host_new would make the same. */
bool route__host_is_current(const struct route_host *host,
                            const struct model_resource *virtual_host,
                            const struct model_snapshot *snapshot);

struct route_host *route__host_ref(struct route_host *host);
struct route_host *route__host_unref(struct route_host *host);

/* The rule that answers, with its index among the host's; NULL: none does. */
const struct model_rule *route__host_find(const struct route_host *host, struct str path,
                                          size_t *ret_index);
