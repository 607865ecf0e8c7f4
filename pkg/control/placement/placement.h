/* Placement: which gateway dataplanes this machine serves, and which pods of a cluster serve what.
 *
 * Without a cluster nobody says where a gateway runs but its Dataplane objects, and often there are
 * none: then one is derived from the gateway's first selector, on the loopback address. Pure:
 * whether an address is one of this machine's is asked of the caller. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "control/cache/cache.h"
#include "control/compile/compile.h"
#include "control/finding/finding.h"

/* Whether one may listen on `address`, an IP address, on this machine. */
typedef bool (*placement_is_local_fn)(void *arg, struct str address);

struct placement_options {
    const struct str *names; /* --dataplane: only these, which then must be served; none: all */
    size_t name_count;
    struct str address; /* --address: bind here instead of where the Dataplane says; or empty */
    placement_is_local_fn is_local;
    void *is_local_arg;
    bool is_partial; /* MeshGateways may be elsewhere: without any none is missed */
};

struct placement_entry {
    struct compile_dataplane dataplane;
    bool is_derived;   /* no Dataplane object: made from the MeshGateway of the same name */
    bool has_instance; /* then: with the tags of its MeshGatewayInstance, else of its selector */
};

/* Dataplanes sorted by mesh, then name. Holds references of the objects that it points into. */
struct placement {
    const struct placement_entry *entries;
    size_t count;
    const struct compile_dataplane *dataplanes; /* the same, as compile_snapshot takes them */

    /* Those that are left out here, by choice or for their address. */
    const struct compile_dataplane *elsewhere;
    size_t elsewhere_count;

    /* Both, for compile_review. */
    const struct compile_dataplane *known;
    size_t known_count;
};

/* The BUILTIN gateway Dataplanes that a MeshGateway selects and whose address is this machine's;
 * when no MeshGateway selects any, one is derived for each MeshGateway, from its
 * MeshGatewayInstance or its first selector. Reports what is not served here: a name that is not
 * there, an address that is not this machine's, a Dataplane that no MeshGateway selects. */
MUST_USE struct placement *placement_new(const struct cache *cache,
                                         const struct placement_options *options,
                                         struct finding_list *findings);
struct placement *placement_free(struct placement *placement);

/* The MeshGateway of that mesh that a dataplane with these tags is bound to, borrowed from the
 * cache; NULL: there is none. */
const struct api_object *placement_gateway_of(const struct cache *cache, struct str mesh,
                                              struct api_tags tags);

/* ---- In a cluster ---- */

/* The gateway pods of one mesh with equal tags: they serve the same, so one snapshot is compiled
 * for all of them. */
struct placement_group {
    struct str key; /* "<mesh>/<tag>=<value>,<tag>=<value>": tells groups apart */
    struct compile_dataplane dataplane;
    const struct api_object *gateway;     /* that it serves; NULL: none, and so it serves nothing */
    const struct api_object *const *pods; /* sorted by name; those that end are among them */
    size_t pod_count;                     /* 0: derived from a MeshGateway that no pod serves */
};

struct placement_group_options {
    struct str address;           /* where all pods listen: "::" or "0.0.0.0" */
    const struct str *namespaces; /* whose pods may be gateways; none: all */
    size_t namespace_count;
};

/* Whether there may be gateways in `namespace`, by `count` namespaces that were named; 0: in all.
 */
bool placement_is_permitted(const struct str *namespaces, size_t count, struct str namespace);

/* Sorted by key. Holds references of the objects that it points into. */
struct placement_groups {
    const struct placement_group *items;
    size_t count;
    const struct compile_dataplane *dataplanes; /* one of each, for compile_review */
};

/* The groups of all pods that say they are builtin gateways, and one for each MeshGateway that no
 * pod serves, so that what is wrong with it is known before one does. Reports pods of namespaces
 * that may have none, and those whose tags no MeshGateway selects; their group serves nothing. */
MUST_USE struct placement_groups *
placement_groups_new(const struct cache *cache, const struct placement_group_options *options,
                     struct finding_list *findings);
struct placement_groups *placement_groups_free(struct placement_groups *groups);

CLEANUP_DEFINE(struct placement, placement_free);
CLEANUP_DEFINE(struct placement_groups, placement_groups_free);
