/* Placement: which gateway dataplanes this machine serves.
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
};

struct placement_entry {
    struct compile_dataplane dataplane;
    bool is_derived; /* no Dataplane object: made from the MeshGateway of the same name */
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
 * when no MeshGateway selects any, a derived one for each MeshGateway. Reports what is not served
 * here: a name that is not there, an address that is not this machine's, a Dataplane that no
 * MeshGateway selects. */
MUST_USE struct placement *placement_new(const struct cache *cache,
                                         const struct placement_options *options,
                                         struct finding_list *findings);
struct placement *placement_free(struct placement *placement);

CLEANUP_DEFINE(struct placement, placement_free);
