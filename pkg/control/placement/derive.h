/* The tags of dataplanes that nobody wrote. Private to control/placement. */
#pragma once

#include "control/api/api.h"
#include "core/base/arena.h"

/* The tags of the gateway's first selector; where it takes any value, the gateway's name. */
struct api_tags placement__derive_tags(struct arena *arena, const struct api_object *gateway);
