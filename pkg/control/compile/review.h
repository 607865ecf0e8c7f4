/* Private to control/compile: what is said of all objects when all dataplanes were compiled. */
#pragma once

#include "control/compile/stages.h"

/* ---- bound.c ---- */

/* Bindings, to be asked by gateways. They are borrowed. */
struct compile__bound;

struct compile__bound *compile__bound_new(struct compile__bindings bindings);
struct compile__bound *compile__bound_free(struct compile__bound *bound);

/* Whether any dataplane is bound to the gateway. */
bool compile__bound_has(const struct compile__bound *bound, const struct api_object *gateway);

/* The first dataplane that would have suited the gateway but is bound to another, or NULL. */
const struct compile__binding *compile__bound_lost(struct compile__bound *bound,
                                                   const struct api_object *gateway);

/* ---- policy_review.c ---- */

/* Says of a MeshHTTPRoute or MeshTCPRoute that no listener takes why that is. `knows_gateways`:
 * where none takes it, there is none. */
void compile__review_policy(struct arena *arena, struct finding_list *findings,
                            const struct cache *cache, struct compile__bindings bindings,
                            bool knows_gateways, struct compile_route_report *report);

/* ---- nearest.c ---- */

/* For a route that attaches to no listener: "; the nearest, port 8080 of MeshGateway edge, has no
 * tag site", or what else is in the way; or empty. In `arena`. */
struct str compile__nearest(struct arena *arena, const struct cache *cache,
                            struct compile__bindings bindings, const struct api_object *route);

/* ---- externals.c ---- */

/* What is said of an ExternalService or a MeshExternalService: findings, and its condition, whose
 * texts come from `arena`. */
void compile__review_external(struct arena *arena, struct finding_list *findings,
                              const struct compile_input *input,
                              struct compile_object_report *report);

/* ---- others.c ---- */

/* Reviews what is neither MeshGateway nor route: findings, and `report->others`, both with texts of
 * `arena`. */
void compile__review_others(struct arena *arena, struct finding_list *findings,
                            const struct compile_input *input, struct compile_report *report);

/* A field that has no effect yet: a warning, and the condition. */
void compile__warn_object(struct arena *arena, struct finding_list *findings,
                          struct compile_object_report *report, struct str field,
                          struct str message);

/* ---- membership.c ---- */

/* Reports a Dataplane that the constraints of its mesh keep out. */
void compile__check_member(const struct cache *cache, const struct api_object *dataplane,
                           struct finding_list *findings);
