/* Private to control/instance: what stands in objects of Kubernetes. Every value may be missing, or
 * be of another type than it should. */
#pragma once

#include "control/instance/instance.h"

/* The instance is the controller of `object`. */
bool instance__owns(const struct api_object *instance, const struct jv *object);

/* The condition of `type` in the status of `object`; NULL: there is none. */
const struct jv *instance__condition(const struct jv *object, struct str type);

/* The status.loadBalancer of a Service with the members that the definition of MeshGatewayInstance
 * knows: the server refuses a status with any other. NULL: it has no ingress. */
const struct jv *instance__load_balancer(struct arena *arena, const struct jv *service);

/* The addresses in what instance__load_balancer returned. */
const struct str *instance__ingress_addresses(struct arena *arena, const struct jv *load_balancer,
                                              size_t *ret_count);

/* The addresses of a Service inside of the cluster. */
const struct str *instance__cluster_addresses(struct arena *arena, const struct jv *service,
                                              size_t *ret_count);
