/* The life of objects. Private to control/api. */
#pragma once

#include "control/api/api.h"
#include "core/base/arena.h"

/* An empty object with one reference. Its arena and findings, which go with it, are filled by the
 * decoder before anybody else sees it. */
struct api_object *api__object_new(struct arena **ret_arena, struct finding_list **ret_findings);
