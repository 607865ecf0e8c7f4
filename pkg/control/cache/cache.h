/* The cache: what all sources said last, by key.
 *
 * One object per key; putting another replaces it as a whole. Lists are sorted by name, so that
 * what is computed from them does not depend on the order in which objects came. Every change is
 * marked, and cache_take_changes hands the marks out once: the hold-off and the compiler work from
 * them, never from events. Putting an equal pointer is no change, and neither is a workload that
 * says the same: the object that is there stays.
 *
 * The cache holds one reference of each object. Objects and lists that it returns are borrowed
 * until the next put or remove; whoever needs an object longer takes a reference. Not thread-safe:
 * one loop owns a cache. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "control/api/api.h"
#include "control/finding/finding.h"
#include "core/base/str.h"

struct cache;

MUST_USE struct cache *cache_new(void);
struct cache *cache_free(struct cache *cache);

/* Puts `object` under its key. Takes a reference of its own; the caller keeps theirs. */
void cache_put(struct cache *cache, const struct api_object *object);

/* Forgets the object of that key, if there is one. */
void cache_remove(struct cache *cache, const struct api_key *key);

/* Borrowed, or NULL. */
const struct api_object *cache_find(const struct cache *cache, const struct api_key *key);

/* The objects of one kind in one mesh (empty for kind API_MESH), sorted by name. */
const struct api_object *const *cache_list(const struct cache *cache, enum api_kind kind,
                                           struct str mesh, size_t *ret_count);

/* All objects of one kind, sorted by mesh, then name. */
const struct api_object *const *cache_list_all(const struct cache *cache, enum api_kind kind,
                                               size_t *ret_count);

/* How many there are, in one mesh and in all of them. */
size_t cache_count(const struct cache *cache, enum api_kind kind, struct str mesh);
size_t cache_count_all(const struct cache *cache, enum api_kind kind);

/* The meshes, sorted: a mesh exists as soon as an object names it. Borrowed until the next call of
 * any function but cache_find and the lists. */
const struct str *cache_meshes(struct cache *cache, size_t *ret_count);

/* Adds what decoding found about the objects to `list`. */
void cache_collect_findings(const struct cache *cache, struct finding_list *list);

/* An EndpointSlice that came, changed or went, and the service that it is or was of. */
struct cache_slice {
    struct str name; /* of its key */
    struct str service;
    struct str namespace;
};

/* More at once are not told one by one. */
#define CACHE_SLICES_MAX 64

/* What was touched since the last call. */
struct cache_changes {
    /* By what may change routes, gateways or who serves them; sorted, each once. */
    const struct str *meshes;
    size_t mesh_count;
    /* By Services, EndpointSlices, pods, Dataplanes, ExternalServices, and MeshServices and their
     * like: who answers for a service may be another, in any mesh. */
    bool back_ends;
    /* If nothing but EndpointSlices has touched back ends, and few of them: which. One that changed
     * hands between services is there for both. */
    bool only_slices;
    const struct cache_slice *slices;
    size_t slice_count;
};

bool cache_has_changes(const struct cache *cache);

/* Hands the marks out and clears them. Borrowed until the next call of any function but
 * cache_find and the lists. */
struct cache_changes cache_take_changes(struct cache *cache);

CLEANUP_DEFINE(struct cache, cache_free);
