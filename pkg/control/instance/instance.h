/* Instances: what a MeshGatewayInstance becomes, and what its status says of that.
 *
 * A Deployment of gateway pods and the Service before them, both with the instance's name and owned
 * by it, as the documents that server-side apply takes. They say what Otemon decides and nothing
 * else: what others set on these objects stays, and what is not said any more goes. What Kuma's
 * controller made of the same instance is taken over in place, which is why the selector and the
 * container's name are Kuma's.
 *
 * Pods pass Pod Security "restricted". Ports below 1024 need no capability: a sysctl that this
 * level allows opens them. A pod's template says nothing of listeners, so that none of their
 * changes restarts a pod.
 *
 *     instance_ports, instance_judge; then, as the verdict wants them, instance_service_print and
 *     instance_deployment_print
 *
 * Pure: it reads no clock and asks nobody. Equal input is equal text. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/api/api.h"
#include "control/status/status.h"
#include "core/base/arena.h"
#include "core/base/buf.h"
#include "core/base/str.h"
#include "core/json/json.h"

/* What the proxy container gets when the instance says nothing of it. Far below what Kuma reserves
 * for Envoy. A CPU is a worker, and one of them fills a fast network; memory is for the buffers of
 * busy connections, idle ones hold none. */
#define INSTANCE_CPU_REQUEST    "50m"
#define INSTANCE_CPU_LIMIT      "1"
#define INSTANCE_MEMORY_REQUEST "32Mi"
#define INSTANCE_MEMORY_LIMIT   "256Mi"

/* Where /ready, /live and /metrics of a pod answer. */
#define INSTANCE_HEALTH_PORT 9902

/* After SIGTERM a pod serves on for the drain delay, because the cluster needs a moment to send
 * nothing more; then requests have the drain time to end. The pod is killed this much later. */
#define INSTANCE_DRAIN_SPARE_S 5

/* Of the operator: the same for every instance. */
struct instance_options {
    struct str proxy_image;
    struct str pull_policy;      /* of the image; empty: Kubernetes' own rule */
    struct str operator_address; /* "otemon-operator.kuma-system.svc:9901" */
    struct str ca_map;           /* the ConfigMap with the authority that signs the operator */
    struct str access_log;       /* "text", "json" or "off"; empty: the proxy's default */
    uint32_t drain_delay_s;
    uint32_t drain_time_s;
};

/* `instance` is a MeshGatewayInstance of an API server. */

/* The name without the namespace; borrowed from the key. */
struct str instance_name(const struct api_object *instance);

/* The ports of a gateway's listeners, each once, in the order of the listeners; those of broken
 * listeners too, so that a mistake does not take a port from the load balancer. The array is in
 * `arena`. */
const uint32_t *instance_ports(struct arena *arena, const struct api_mesh_gateway *gateway,
                               size_t *ret_count);

/* Appends the Service. There has to be a port: Kubernetes refuses a Service without one. */
void instance_service_print(const struct api_object *instance, const uint32_t *ports, size_t count,
                            struct buf *buf);

/* Appends the Deployment. */
void instance_deployment_print(const struct api_object *instance,
                               const struct instance_options *options, struct buf *buf);

/* ---- What is said of it ---- */

/* What is there: objects of Kubernetes with the instance's name in its namespace, whoever made
 * them. NULL: there is none. Who has not looked yet cannot judge: an object of somebody else would
 * be taken over. */
struct instance_observed {
    const struct jv *service;
    const struct jv *deployment;
};

struct instance_verdict {
    bool wants_service; /* the document is to be applied; what is there stays in any case */
    bool wants_deployment;
    struct status_condition accepted;
    struct status_condition ready;  /* with Kuma's reasons */
    const struct jv *load_balancer; /* of the Service, as the status takes it; NULL: none */
    const struct str *addresses;    /* where clients reach it */
    size_t address_count;
};

/* `gateway`: the MeshGateway that the tags of the instance select (select_gateway); NULL: none.
 * Without one nothing is made anew, but what was made stays, so that a MeshGateway may be renamed
 * without losing the load balancer. Results are in `arena`, or borrowed from the arguments. */
struct instance_verdict instance_judge(struct arena *arena, const struct api_object *instance,
                                       const struct api_object *gateway,
                                       const struct instance_observed *observed);
