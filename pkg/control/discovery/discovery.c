#include "control/discovery/parts.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "core/base/assert.h"

#define CHUNK_SIZE ((size_t)16 * 1024)

/* How often one is brought up to date before it is made anew: what was touched is looked through
 * for every answer, and what was replaced stays in the arena. */
#define TOUCHES_MAX 256

static _Atomic uint64_t serials;

struct str discovery__key(struct arena *arena, struct str a, char separator, struct str b)
{
    char *bytes = arena_text(arena, a.size + 1 + b.size);
    if (a.size > 0)
        memcpy(bytes, a.data, a.size);
    bytes[a.size] = separator;
    if (b.size > 0)
        memcpy(bytes + a.size + 1, b.data, b.size);
    return str_make(bytes, a.size + 1 + b.size);
}

struct str discovery__elsewhere_hint(struct arena *arena, const struct api_object *object)
{
    return str_format(arena, " (there is one in namespace %.*s)", STR_ARG(object->namespace));
}

struct discovery *discovery_new(const struct cache *cache)
{
    struct discovery *discovery = MEM_NEW(struct discovery);
    discovery->cache = cache;
    discovery->serial = atomic_fetch_add(&serials, 1) + 1;
    discovery->first_serial = discovery->serial;
    discovery->arena = arena_new(CHUNK_SIZE);
    discovery->services = map_new();
    discovery->inbounds = map_new();
    discovery->externals = map_new();
    discovery__index_services(discovery);
    discovery__index_inbounds(discovery);
    discovery__index_externals(discovery);
    return discovery;
}

struct discovery *discovery_free(struct discovery *discovery)
{
    if (discovery == NULL)
        return NULL;
    discovery->services = map_free(discovery->services);
    discovery->inbounds = map_free(discovery->inbounds);
    discovery->externals = map_free(discovery->externals);
    VEC_FREE(&discovery->touches);
    discovery->arena = arena_free(discovery->arena);
    return mem_free(discovery);
}

struct discovery *discovery_next(struct discovery *former, const struct cache *cache,
                                 const struct cache_changes *changes)
{
    bool is_near = former != NULL && former->cache == cache && changes->only_slices &&
                   former->touches.count + changes->slice_count <= TOUCHES_MAX;
    if (!is_near) {
        former = discovery_free(former);
        return discovery_new(cache);
    }
    former->serial = atomic_fetch_add(&serials, 1) + 1;
    for (size_t i = 0; i < changes->slice_count; i++) {
        struct discovery__touch touch = {
            .serial = former->serial,
            .place = discovery__touch_slice(former, &changes->slices[i]),
        };
        VEC_PUSH(&former->touches, touch);
    }
    return former;
}

bool discovery_has_changed(const struct discovery *discovery, uint64_t serial, uint64_t place)
{
    if (serial < discovery->first_serial)
        return true;
    for (size_t i = discovery->touches.count; i > 0; i--) {
        const struct discovery__touch *touch = &discovery->touches.items[i - 1];
        if (touch->serial <= serial)
            return false; /* like all before */
        if (touch->place == place || place == DISCOVERY_ANYWHERE)
            return true;
    }
    return false;
}

const struct cache *discovery_cache(const struct discovery *discovery)
{
    return discovery->cache;
}

uint64_t discovery_serial(const struct discovery *discovery)
{
    return discovery->serial;
}

/* Sorted, each once: a pod may stand in several slices. */
static void keep(struct discovery__question *question, struct discovery_answer *answer)
{
    size_t count = question->endpoints.count;
    struct model_endpoint *found = question->endpoints.items;
    if (count > 0)
        qsort(found, count, sizeof(*found), model_endpoint_compare);
    struct model_endpoint *kept = ARENA_NEW_ARRAY(question->arena, struct model_endpoint, count);
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || model_endpoint_compare(&found[i - 1], &found[i]) != 0)
            kept[answer->count++] = found[i];
    }
    answer->endpoints = kept;
    VEC_FREE(&question->endpoints);
}

static void finish(struct discovery__question *question, struct discovery_answer *answer)
{
    keep(question, answer);
    struct discovery_external *externals = ARENA_NEW_ARRAY(
        question->arena, struct discovery_external, question->externals.count);
    for (size_t i = 0; i < question->externals.count; i++)
        externals[i] = question->externals.items[i];
    answer->externals = externals;
    answer->external_count = question->externals.count;
    VEC_FREE(&question->externals);
    ASSERT((answer->state == DISCOVERY_FOUND) == (answer->count > 0));
}

void discovery_resolve_reference(const struct discovery *discovery, struct arena *arena,
                                 struct str mesh, const struct discovery_reference *reference,
                                 struct discovery_answer *ret_answer)
{
    struct discovery__question question = {
        .discovery = discovery,
        .arena = arena,
        .mesh = mesh,
        .reference = reference,
    };
    *ret_answer = (struct discovery_answer){.reason = STR_EMPTY};
    discovery__ask_reference(&question, ret_answer);
    finish(&question, ret_answer);
}

void discovery_resolve(const struct discovery *discovery, struct arena *arena, struct str mesh,
                       struct api_tags destination, struct discovery_answer *ret_answer)
{
    const struct str *service = api_tags_find(destination, STR("kuma.io/service"));
    ASSERT(service != NULL);
    struct discovery__question question = {
        .discovery = discovery,
        .arena = arena,
        .mesh = mesh,
        .destination = destination,
        .service = *service,
    };
    *ret_answer = (struct discovery_answer){.reason = STR_EMPTY};
    if (discovery__has_externals(&question))
        discovery__ask_externals(&question, ret_answer);
    else if (discovery__is_kubernetes(&question))
        discovery__ask_services(&question, ret_answer);
    else
        discovery__ask_inbounds(&question, ret_answer);
    if (ret_answer->state == DISCOVERY_UNKNOWN)
        discovery__blame_broken_external(&question, ret_answer);
    finish(&question, ret_answer);
}
