/* What policies, and routes that are policies, point at. Private to control/api.
 * Source: Kuma 2.12, pkg/core/resources/apis/mesh/validators.go, ValidateTargetRef. */
#pragma once

#include "control/api/decode.h"

/* Where a reference stands, which decides what it may point at. */
extern const struct api__table api__route_target_table;   /* spec.targetRef of a route */
extern const struct api__table api__route_to_table;       /* spec.to[].targetRef of a route */
extern const struct api__table api__http_backend_table;   /* backendRefs of a MeshHTTPRoute */
extern const struct api__table api__tcp_backend_table;    /* backendRefs of a MeshTCPRoute */
extern const struct api__table api__mirror_backend_table; /* backendRef of a mirror */
extern const struct api__table api__policy_target_table;  /* spec.targetRef of other policies */
extern const struct api__table api__proxy_target_table;   /* likewise, without tags of listeners */
extern const struct api__table api__any_target_table;     /* where Kuma does not ask whose it is */

/* The kind that spec.targetRef names, from any place in the object; Mesh when it names none. */
enum api_target_kind api__top_kind(const struct api__place *place);

/* A policy without a target is for its mesh. */
void api__preset_target(const struct api__place *spec, struct api_target_ref *target);

/* What both routes have at their top: a target, and what it is for. */
void api__check_route(struct api__decoder *d, const struct api__place *spec,
                      struct api_target_ref *target);

/* Warns when no backend has any weight. */
void api__check_weights(struct api__decoder *d, const struct api__place *list,
                        const struct api_backend_ref *backends, size_t count);
