/* What is served otherwise: two sets of snapshots compared in the terms of who writes manifests.
 *
 * Of each side a list of facts is made: listeners, host names, rules, back ends, certificates, each
 * with a name that people know it by and what there is to say of it. Names that only the machine
 * sees (digests of tags) are no facts, so that two sides which serve the same are equal. Keys are
 * never looked at: of a certificate its fingerprint counts. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/base/arena.h"
#include "core/base/str.h"
#include "explain/explain.h"

enum difference_kind {
    DIFFERENCE_LISTENER,
    DIFFERENCE_HOST,
    DIFFERENCE_RULE,
    DIFFERENCE_ORDER, /* of the rules of a route, when they are the same */
    DIFFERENCE_BACKEND,
    DIFFERENCE_CERTIFICATE,
};

enum difference_change {
    DIFFERENCE_ADDED,
    DIFFERENCE_REMOVED,
    DIFFERENCE_CHANGED,
};

struct difference {
    enum difference_kind kind;
    enum difference_change change;
    struct str name;   /* "port 8080 of MeshGateway edge (mesh default)" */
    struct str before; /* what was; empty: it was not there */
    struct str after;  /* what is; empty: it is gone */
};

struct differences {
    const struct difference *items; /* sorted by kind, then name */
    size_t count;
};

struct difference_side {
    const struct explain_place *places;
    size_t count;
};

/* In `arena`, with texts of the snapshots. */
struct differences difference_find(struct arena *arena, struct difference_side before,
                                   struct difference_side after);

/* "listener", "host", "rule", "order", "backend", "certificate". */
struct str difference_kind_name(enum difference_kind kind);

/* "added", "removed", "changed". */
struct str difference_change_name(enum difference_change change);
