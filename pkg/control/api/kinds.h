/* The kinds: one table each. Private to control/api. */
#pragma once

#include "control/api/decode.h"

/* Reads what is kept of an object of Kubernetes, from the root of the document. What it does not
 * expect it passes over: the API server has checked the object. */
typedef const void *(*api__read_fn)(struct api__decoder *d, const struct api__place *root);

const void *api__service_read(struct api__decoder *d, const struct api__place *root);
const void *api__endpoint_slice_read(struct api__decoder *d, const struct api__place *root);
const void *api__pod_read(struct api__decoder *d, const struct api__place *root);

extern const struct api__table api__mesh_table;
extern const struct api__table api__mesh_gateway_table;
extern const struct api__table api__mesh_gateway_route_table;
extern const struct api__table api__dataplane_table;
extern const struct api__table api__mesh_gateway_instance_table;
extern const struct api__table api__secret_table;            /* Universal */
extern const struct api__table api__kubernetes_secret_table; /* the whole document */
