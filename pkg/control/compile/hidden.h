/* Matches of a virtual host that no request gets to, because of others. Private to control/compile:
 * rules.c claims for one route after the other, and ends. */
#pragma once

#include "control/compile/stages.h"

/* Who asks for something. */
struct compile__claim {
    const struct compile__plan *plan;
    size_t rule;
    const struct compile__plan_match *match;
};

struct compile__claims {
    struct compile__run *run;
    const struct compile__host *host;
    struct arena *arena;                        /* of the claims: hosts are many */
    struct map *first;                          /* by key: who was first */
    const struct compile__claim *every;         /* the first that takes every request, or NULL */
    VEC(const struct compile__claim *) regexes; /* by regular expressions of the path */
    bool has_said;                              /* something of one of them */
};

void compile__claims_init(struct compile__claims *claims, struct compile__run *run,
                          const struct compile__host *host);

/* Notes the matches of a route, of which the first of its kind wins; the others are warned of. */
void compile__claims_add(struct compile__claims *claims, const struct compile__unit *unit);

/* Warns of what only shows when all are seen. Whether anything was said, from the beginning on. */
bool compile__claims_deinit(struct compile__claims *claims);
