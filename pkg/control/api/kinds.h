/* The kinds: one table each. Private to control/api. */
#pragma once

#include "control/api/decode.h"

extern const struct api__table api__mesh_table;
extern const struct api__table api__mesh_gateway_table;
extern const struct api__table api__mesh_gateway_route_table;
extern const struct api__table api__dataplane_table;
extern const struct api__table api__mesh_gateway_instance_table;
extern const struct api__table api__secret_table;            /* Universal */
extern const struct api__table api__kubernetes_secret_table; /* the whole document */
