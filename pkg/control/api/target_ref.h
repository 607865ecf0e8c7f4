/* What policies, and routes that are policies, point at. Private to control/api.
 * Source: Kuma 2.12, pkg/core/resources/apis/mesh/validators.go, ValidateTargetRef. */
#pragma once

#include "control/api/decode.h"

#define API__TO_MAX       32 /* what a route is for */
#define API__BACKENDS_MAX 64

/* Where a reference stands, which decides what it may point at. */
extern const struct api__table api__route_target_table;   /* spec.targetRef of a route */
extern const struct api__table api__route_to_table;       /* spec.to[].targetRef of a route */
extern const struct api__table api__http_backend_table;   /* backendRefs of a MeshHTTPRoute */
extern const struct api__table api__tcp_backend_table;    /* backendRefs of a MeshTCPRoute */
extern const struct api__table api__mirror_backend_table; /* backendRef of a mirror */
extern const struct api__table api__policy_target_table;  /* of another policy, which checks it */

/* What a position supports: kinds, and what else it allows. */
#define API__TARGET_BIT(kind) (1 << (kind))
enum {
    API__TARGET_SERVICES = API__TARGET_BIT(API_TARGET_MESH_SERVICE) |
                           API__TARGET_BIT(API_TARGET_MESH_EXTERNAL_SERVICE) |
                           API__TARGET_BIT(API_TARGET_MESH_MULTI_ZONE_SERVICE),
    API__TARGET_TOPS = API__TARGET_BIT(API_TARGET_MESH) | API__TARGET_BIT(API_TARGET_MESH_SUBSET) |
                       API__TARGET_BIT(API_TARGET_MESH_GATEWAY) |
                       API__TARGET_BIT(API_TARGET_MESH_SERVICE) |
                       API__TARGET_BIT(API_TARGET_MESH_SERVICE_SUBSET) |
                       API__TARGET_BIT(API_TARGET_DATAPLANE),
    API__TARGET_UNRESOLVED = API__TARGET_BIT(16), /* Kuma's name of a back end that is missing */
    API__TARGET_WHOLE = API__TARGET_BIT(17),      /* gateways, not some of their listeners */
    API__TARGET_INBOUND = API__TARGET_BIT(18),    /* a section of a Dataplane */
};

void api__check_target(struct api__decoder *d, const struct api__place *place,
                       struct api_target_ref *ref, int supported);

/* As api__check_target, of the top of a policy. Gateways and their routes belong to those who run
 * the mesh: only their policies may be for them. Kuma sets the label by the namespace; without it a
 * policy is theirs. */
void api__check_top(struct api__decoder *d, const struct api__place *place,
                    struct api_target_ref *ref, int supported);

/* The kind that spec.targetRef names, from any place in the object; Mesh when it names none. */
enum api_target_kind api__top_kind(const struct api__place *place);

/* It names a MeshGateway, or nothing that is known: then it is not said what a gateway has to have,
 * nor what nothing else may. */
bool api__top_may_be_gateway(const struct api__place *place);

/* A policy without a target is for its mesh. */
void api__preset_target(const struct api__place *spec, struct api_target_ref *target);

/* What both routes have at their top: a target, and what it is for. */
void api__check_route(struct api__decoder *d, const struct api__place *spec,
                      struct api_target_ref *target);

/* Warns when no backend has any weight. */
void api__check_weights(struct api__decoder *d, const struct api__place *list,
                        const struct api_backend_ref *backends, size_t count);
