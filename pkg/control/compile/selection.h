/* The routes that some tags select, by the hosts that they name. Private to control/compile.
 *
 * Hosts times routes is a large number, and few routes name many hosts: who asks for the routes of
 * a host gets them from here, by its name, instead of looking at every route. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/base/map.h"
#include "core/base/str.h"
#include "core/base/vec.h"

struct arena;
struct compile__binding;
struct compile__route; /* they stand in one array, sorted by name */

struct compile__routes {
    struct compile__route *const *items; /* sorted by name */
    size_t count;
};

/* Routes that are picked from several such lists. */
struct compile__picked {
    VEC(struct compile__route *) routes; /* sorted by name, each once */
    VEC(struct compile__route *) merged; /* for the next list */
};

void compile__picked_clear(struct compile__picked *picked);
void compile__picked_deinit(struct compile__picked *picked);

struct compile__selection {
    struct compile__routes all;
    struct compile__routes everywhere; /* those of them without host names */
    struct map *names;                 /* by host name: who names it, and who names one below it */
    bool knows_below;                  /* the second was asked for */

    /* Notes of the stages, so that they look at all routes once and not for each listener. */
    const struct compile__binding *noted; /* ports.c */
    size_t listeners;                     /* hosts.c: of one chain; 0 in between */
};

/* The selection of these routes, from `selections`: whoever selects the same has the same. What it
 * keeps lives in `arena`. */
struct compile__selection *compile__selection_of(struct map *selections, struct arena *arena,
                                                 struct compile__routes routes);
void compile__selections_free(struct map *selections);

/* Walks the host names that its routes name, each once, as map_next walks a map. */
bool compile__selection_next(const struct compile__selection *selection, struct map_cursor *at,
                             struct str *ret_name);

/* Picks the routes without host names. */
void compile__pick_everywhere(const struct compile__selection *selection,
                              struct compile__picked *picked);

/* Picks those that name `name` itself, */
void compile__pick_named(const struct compile__selection *selection, struct str name,
                         struct compile__picked *picked);

/* those that name a wildcard, other than "*", which `name` is below, */
void compile__pick_above(const struct compile__selection *selection, struct str name,
                         struct compile__picked *picked);

/* and those that name a host below the wildcard `name`, which is not "*". */
void compile__pick_below(struct compile__selection *selection, struct str name,
                         struct compile__picked *picked);
