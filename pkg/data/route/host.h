/* Private to data/route: the rules of one virtual host as a matcher. */
#pragma once

#include "data/route/route.h"

/* Keeps a reference of `virtual_host`. */
MUST_USE struct route_host *route__host_new(const struct model_resource *virtual_host);
struct route_host *route__host_ref(struct route_host *host);
struct route_host *route__host_unref(struct route_host *host);

const struct model_resource *route__host_resource(const struct route_host *host);

/* The index of the first rule that matches, or SIZE_MAX. */
size_t route__host_find(const struct route_host *host, struct str path);
