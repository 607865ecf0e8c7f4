/* Objects as an API server delivers them, for tests. */
#pragma once

#include "manifest.h"

static inline void served_decode(struct manifest *m, enum api_kind kind, const char *yaml)
{
    const struct api_origin origin = {.has_kind = true, .kind = kind};
    manifest_decode_with(m, yaml, &origin);
}
