/* Where a Mesh sends logs and traces, and how its metrics are read. Private to control/api.
 *
 * None of it concerns a gateway here, and nothing of it is kept: it is checked, because Kuma
 * refuses a Mesh for it. */
#pragma once

#include "control/api/decode.h"

/* Of `logging`, `tracing` and `metrics` of the Mesh at `mesh`. */
void api__check_mesh_backends(struct api__decoder *d, const struct api__place *mesh);

/* The `conf` of a builtin CA; "0", or digits and a unit, is an expiration. */
void api__check_builtin_ca(struct api__decoder *d, const struct api__place *conf);
bool api__is_expiration(struct str text);
