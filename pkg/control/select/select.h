/* Who matches whom: the tag selectors of Kuma.
 *
 * A selector matches a set of tags when every tag it names is there with that value; the value "*"
 * matches any value of a tag that is there. An empty selector matches everything. Pure functions
 * over frozen objects: any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "control/api/api.h"
#include "core/base/arena.h"
#include "core/base/buf.h"

bool select_match(struct api_tags selector, struct api_tags tags);

/* At least one of them matches. */
bool select_match_any(struct api_selectors selectors, struct api_tags tags);

/* How specific a selector is. */
struct select_rank {
    size_t exact; /* tags with a value */
    size_t any;   /* tags with "*" */
};

struct select_rank select_rank_of(struct api_tags selector);

/* More tags win; as many tags, more exact ones. Above 0: `a` wins; 0: a tie. */
int select_rank_compare(struct select_rank a, struct select_rank b);

/* The rank of the most specific selector that matches; false: none does. */
bool select_best(struct api_selectors selectors, struct api_tags tags,
                 struct select_rank *ret_rank);

/* The MeshGateway that a dataplane with `tags` is bound to, or NULL. `gateways` are those of its
 * mesh, sorted by name; broken ones take no part. The most specific selector that matches wins;
 * then the newer object; then the first by name. */
const struct api_object *select_gateway(const struct api_object *const *gateways, size_t count,
                                        struct api_tags tags);

/* The same for many dataplanes: what they ask costs no more with more gateways. `gateways` are
 * those of all meshes, sorted by mesh, then name; borrowed as long as the index lives. One thread.
 */
struct select_gateways;

MUST_USE struct select_gateways *select_gateways_new(const struct api_object *const *gateways,
                                                     size_t count);
struct select_gateways *select_gateways_free(struct select_gateways *index);

/* As select_gateway for a dataplane of `mesh`. */
const struct api_object *select_gateways_find(struct select_gateways *index, struct str mesh,
                                              struct api_tags tags);

/* What selectors that want a tag are kept under, and what has it is looked for by; in `key`, which
 * is cleared. An empty name: all of a mesh. */
struct str select_tag_key(struct buf *key, struct str mesh, struct str name, struct str value);

/* The tags of both, those of `over` in the place of equal names in `base`. The array is the
 * arena's, the texts stay borrowed. */
struct api_tags select_overlay(struct arena *arena, struct api_tags base, struct api_tags over);
