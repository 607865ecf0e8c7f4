/* The compiler: resources in, snapshot and findings out.
 *
 * A pure function. It reads no clock, no file and no former result, and never fails: what cannot be
 * served becomes a finding and costs only itself. Equal objects give an equal snapshot, in
 * whatever order they came. Its stages, one file each, in the order in which a change passes them:
 *
 *     bind      dataplane -> MeshGateway; the tags of each listener           bind.c
 *     ports     listeners -> ports, chains and hosts; conflicts are refused   ports.c
 *     tls       data sources -> certificates of a host                        certificates.c
 *     attach    MeshGatewayRoutes -> the hosts that their selectors match     attach.c
 *     hosts     host names -> virtual hosts, with the routes of each          hosts.c
 *     rules     routes -> their rules                                         rules.c, plans.c
 *     clusters  back ends -> clusters and endpoint sets            clusters.c, endpoints.c
 *     emit      all of it -> resources of the model                           emit.c
 *
 * Findings are about objects of the cache and name field and place. Those of decoding stay with
 * their objects (api_object.findings) and are not repeated here.
 *
 * Not thread-safe in its arguments: one loop owns cache and lists. The snapshot is frozen. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "control/api/api.h"
#include "control/cache/cache.h"
#include "control/finding/finding.h"
#include "core/base/str.h"
#include "model/model.h"

/* A gateway dataplane to serve: from a Dataplane object, a gateway pod, or derived. Borrowed. */
struct compile_dataplane {
    struct str mesh;
    struct str name;
    struct str address; /* where its listeners are bound: an IP address */
    struct api_tags tags;
    const struct api_object *object; /* the Dataplane it was read from; NULL: there is none */
};

/* What one proxy process serves. In a cluster that is one dataplane; on one machine it may be
 * several, which have to differ in address or ports. */
struct compile_input {
    const struct cache *cache;
    const struct compile_dataplane *dataplanes;
    size_t dataplane_count;
};

/* A snapshot takes at most this many matches of rules (10,000 routes of five matches on ten hosts),
 * so that a few objects cannot multiply into all memory; what comes after them is left out, with a
 * finding on its route. */
#define COMPILE_RULES_MAX ((size_t)500 * 1000)

/* The snapshot for one process, and what about it is not as its authors hoped. One reference is the
 * caller's. */
MUST_USE const struct model_snapshot *compile_snapshot(const struct compile_input *input,
                                                       struct finding_list *findings);

/* What only shows when all dataplanes of the run (or the cluster) are seen together: MeshGateways
 * that no dataplane is bound to, or that lost one to another gateway, and routes that attach to no
 * listener of any gateway. `input` names all of them. */
void compile_review(const struct compile_input *input, struct finding_list *findings);
