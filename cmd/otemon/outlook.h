/* What would be served: everything that was read, compiled at once.
 *
 * From files it is what `otemon run` would serve, for all gateway dataplanes wherever they are;
 * from a cluster, what the operator would stream to each group of pods, and for gateways without
 * pods what it would, if there were any. Findings are those of sources, decoding, placement and
 * compiler, sorted. */
#pragma once

#include "control/finding/finding.h"
#include "explain/explain.h"
#include "otemon/reading.h"

struct outlook {
    const struct explain_place *places; /* sorted by mesh, then dataplane */
    size_t count;
    const struct explain_wish *wishes; /* listeners of all MeshGateways, served or not */
    size_t wish_count;
    const struct finding_list *findings;
};

enum outlook_part {
    OUTLOOK_FINDINGS, /* no places: what is wrong shows when all dataplanes are compiled together */
    OUTLOOK_ALL,
    OUTLOOK_COMPLETE, /* all, and what was read is all there is: what is missing is said, as
                       * `otemon run` says it */
};

/* Keeps nothing of the reading but what is counted: it may be read over afterwards. */
MUST_USE struct outlook *outlook_new(const struct reading *reading, enum outlook_part part,
                                     uint64_t wall_ms);
struct outlook *outlook_free(struct outlook *outlook);

CLEANUP_DEFINE(struct outlook, outlook_free);
