/* Which gateway tags lead to, and the other way round. Private to control/placement. */
#pragma once

#include "control/api/api.h"
#include "control/cache/cache.h"
#include "core/base/arena.h"

/* The MeshGateway that a dataplane with these tags is bound to, or NULL. */
const struct api_object *placement__gateway_of(const struct cache *cache, struct str mesh,
                                               struct api_tags tags);

/* The tags of the gateway's first selector; where it takes any value, the gateway's name. */
struct api_tags placement__derive_tags(struct arena *arena, const struct api_object *gateway);
