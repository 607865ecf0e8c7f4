#include <stdatomic.h>
#include <stdlib.h>

#include "core/base/assert.h"
#include "core/base/hash.h"
#include "core/base/mem.h"
#include "core/base/vec.h"
#include "model/blocks.h"
#include "model/resource.h"

struct snapshot_box {
    struct model_snapshot snapshot;
    const struct model_resource **resources;
    struct model__blocks blocks;
    atomic_uint references;
};

static atomic_size_t alive;

static int compare_resources(const void *a, const void *b)
{
    return model__resource_compare(*(const struct model_resource *const *)a,
                                   *(const struct model_resource *const *)b);
}

/* The index of the first resource that is not before (kind, name). */
static size_t lower_bound(const struct model_snapshot *snapshot, enum model_kind kind,
                          struct str name)
{
    const struct model_resource wanted = {.kind = kind, .name = name};
    size_t low = 0;
    size_t high = snapshot->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (model__resource_compare(snapshot->resources[middle], &wanted) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

size_t model__snapshot_index(const struct model_snapshot *snapshot, enum model_kind kind,
                             struct str name)
{
    size_t index = lower_bound(snapshot, kind, name);
    if (index == snapshot->count)
        return index;
    const struct model_resource *found = snapshot->resources[index];
    return found->kind == kind && str_equal(found->name, name) ? index : snapshot->count;
}

const struct model_resource *model_snapshot_find(const struct model_snapshot *snapshot,
                                                 enum model_kind kind, struct str name)
{
    size_t index = model__snapshot_index(snapshot, kind, name);
    return index < snapshot->count ? snapshot->resources[index] : NULL;
}

const struct model_resource *const *model_snapshot_kind(const struct model_snapshot *snapshot,
                                                        enum model_kind kind, size_t *ret_count)
{
    size_t first = lower_bound(snapshot, kind, STR_EMPTY);
    size_t end = first;
    while (end < snapshot->count && snapshot->resources[end]->kind == kind)
        end++;
    *ret_count = end - first;
    return snapshot->resources + first;
}

size_t model_kind_find(const struct model_resource *const *resources, size_t count, struct str name)
{
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (str_compare(resources[middle]->name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && str_equal(resources[low]->name, name) ? low : count;
}

MUST_USE static enum err conflict(const struct model_resource *resource, struct err_info *reterr)
{
    return err_set(reterr, ERR_CONFLICT, "two resources are %s \"%.*s\"",
                   model_kind_name(resource->kind), STR_ARG(resource->name));
}

/* ---- References ---- */

/* Looks at a reference of `from`. An error ends the visit. */
typedef enum err (*visit_fn)(void *arg, const struct model_resource *from, enum model_kind kind,
                             struct str name);

MUST_USE static enum err visit_names(const struct model_resource *from, enum model_kind kind,
                                     struct model_names names, visit_fn visit, void *arg)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < names.count && err == ERR_OK; i++)
        err = visit(arg, from, kind, names.items[i]);
    return err;
}

MUST_USE static enum err visit_listener(const struct model_resource *resource, visit_fn visit,
                                        void *arg)
{
    const struct model_listener *listener = resource->listener;
    enum err err = ERR_OK;
    for (size_t i = 0; i < listener->chain_count && err == ERR_OK; i++) {
        const struct model_chain *chain = &listener->chains[i];
        err = visit_names(resource, MODEL_SECRET, chain->secrets, visit, arg);
        if (err == ERR_OK)
            err = visit_names(resource, MODEL_VIRTUAL_HOST, chain->virtual_hosts, visit, arg);
    }
    return err;
}

MUST_USE static enum err visit_route(const struct model_resource *resource, visit_fn visit,
                                     void *arg)
{
    const struct model_route *route = resource->route;
    enum err err = ERR_OK;
    for (size_t i = 0; i < route->rule_count; i++) {
        const struct model_rule *rule = &route->rules[i];
        for (size_t j = 0; j < rule->backend_count && err == ERR_OK; j++) {
            if (rule->backends[j].cluster.size > 0)
                err = visit(arg, resource, MODEL_CLUSTER, rule->backends[j].cluster);
        }
        if (rule->mirror.cluster.size > 0 && err == ERR_OK)
            err = visit(arg, resource, MODEL_CLUSTER, rule->mirror.cluster);
    }
    return err;
}

MUST_USE static enum err visit_endpoint_set(const struct model_resource *resource, visit_fn visit,
                                            void *arg)
{
    const struct model_endpoint_set *set = resource->endpoint_set;
    enum err err = ERR_OK;
    for (size_t i = 0; i < set->endpoint_count && err == ERR_OK; i++) {
        if (set->endpoints[i].tls.size > 0)
            err = visit(arg, resource, MODEL_UPSTREAM_TLS, set->endpoints[i].tls);
    }
    return err;
}

MUST_USE static enum err visit_upstream_tls(const struct model_resource *resource, visit_fn visit,
                                            void *arg)
{
    struct str secret = resource->upstream_tls->secret;
    return secret.size > 0 ? visit(arg, resource, MODEL_SECRET, secret) : ERR_OK;
}

MUST_USE static enum err visit_references(const struct model_resource *resource, visit_fn visit,
                                          void *arg)
{
    switch (resource->kind) {
    case MODEL_LISTENER: return visit_listener(resource, visit, arg);
    case MODEL_VIRTUAL_HOST:
        return visit_names(resource, MODEL_ROUTE, resource->virtual_host->routes, visit, arg);
    case MODEL_ROUTE: return visit_route(resource, visit, arg);
    case MODEL_CLUSTER:
        return visit(arg, resource, MODEL_ENDPOINT_SET, resource->cluster->endpoint_set);
    case MODEL_ENDPOINT_SET: return visit_endpoint_set(resource, visit, arg);
    case MODEL_UPSTREAM_TLS: return visit_upstream_tls(resource, visit, arg);
    case MODEL_SECRET: return ERR_OK; /* it refers to nothing */
    }
    UNREACHABLE();
}

MUST_USE static enum err dangling(const struct model_resource *from, enum model_kind kind,
                                  struct str name, struct err_info *reterr)
{
    return err_set(reterr, ERR_INVALID, "%s \"%.*s\" refers to %s \"%.*s\", which is not there",
                   model_kind_name(from->kind), STR_ARG(from->name), model_kind_name(kind),
                   STR_ARG(name));
}

/* Resources by kind and name. A search asks for a dozen of them, all over memory; where there are
 * many references, knowing the place is worth its making. */
struct names {
    const struct model_resource **slots; /* a power of two of them, half of them free; or NULL */
    size_t mask;
};

static size_t name_slot(const struct names *names, enum model_kind kind, struct str name)
{
    return (size_t)(hash_str(name) + (uint64_t)kind) & names->mask;
}

static void names_init(struct names *names, const struct model_snapshot *snapshot)
{
    size_t size = 16;
    while (size < 2 * snapshot->count)
        size *= 2;
    *names = (struct names){MEM_NEW_ARRAY(const struct model_resource *, size), size - 1};
    for (size_t i = 0; i < snapshot->count; i++) {
        const struct model_resource *resource = snapshot->resources[i];
        size_t slot = name_slot(names, resource->kind, resource->name);
        while (names->slots[slot] != NULL)
            slot = (slot + 1) & names->mask;
        names->slots[slot] = resource;
    }
}

static bool names_has(const struct names *names, enum model_kind kind, struct str name)
{
    size_t slot = name_slot(names, kind, name);
    const struct model_resource *found;
    while ((found = names->slots[slot]) != NULL) {
        if (found->kind == kind && str_equal(found->name, name))
            return true;
        slot = (slot + 1) & names->mask;
    }
    return false;
}

/* Every reference of new resources leads somewhere, */
struct presence {
    const struct model_snapshot *snapshot;
    struct names names;
    struct err_info *reterr;
};

static enum err check_presence(void *arg, const struct model_resource *from, enum model_kind kind,
                               struct str name)
{
    const struct presence *presence = arg;
    bool is_there = presence->names.slots != NULL
                        ? names_has(&presence->names, kind, name)
                        : model_snapshot_find(presence->snapshot, kind, name) != NULL;
    return is_there ? ERR_OK : dangling(from, kind, name, presence->reterr);
}

/* and none of those that stay to one that is gone. */
struct absence {
    const struct model_resource *const *gone; /* sorted */
    size_t count;
    struct err_info *reterr;
};

static enum err check_absence(void *arg, const struct model_resource *from, enum model_kind kind,
                              struct str name)
{
    const struct absence *absence = arg;
    const struct model_resource wanted = {.kind = kind, .name = name};
    const struct model_resource *key = &wanted;
    if (bsearch(&key, absence->gone, absence->count, sizeof(key), compare_resources) == NULL)
        return ERR_OK;
    return dangling(from, kind, name, absence->reterr);
}

/* ---- Snapshots ---- */

/* The count is the one part of a frozen snapshot that changes. */
static struct snapshot_box *box_of(const struct model_snapshot *snapshot)
{
    return CONTAINER_OF((uintptr_t)snapshot, struct snapshot_box, snapshot);
}

static struct snapshot_box *box_free(struct snapshot_box *box)
{
    for (size_t i = 0; i < box->snapshot.count; i++)
        (void)model_resource_unref(box->resources[i]); /* always NULL */
    box->resources = mem_free(box->resources);
    VEC_FREE(&box->blocks.list);
    atomic_fetch_sub_explicit(&alive, 1, memory_order_relaxed);
    return mem_free(box);
}

/* A set of addresses, each of which may be taken out once. */
struct addresses {
    const struct model_resource **slots; /* a power of two of them, half of them free */
    size_t mask;
};

static size_t slot_of(const struct addresses *set, const struct model_resource *resource)
{
    /* Fibonacci hashing: the low bits of addresses say little. */
    return (size_t)((uint64_t)(uintptr_t)resource * 0x9E3779B97F4A7C15u >> 32) & set->mask;
}

static const struct model_resource taken; /* where an address was */

static void addresses_init(struct addresses *set, const struct model_resource *const *resources,
                           size_t count)
{
    size_t size = 16;
    while (size < 2 * count)
        size *= 2;
    *set = (struct addresses){MEM_NEW_ARRAY(const struct model_resource *, size), size - 1};
    for (size_t i = 0; i < count; i++) {
        size_t slot = slot_of(set, resources[i]);
        while (set->slots[slot] != NULL)
            slot = (slot + 1) & set->mask;
        set->slots[slot] = resources[i];
    }
}

static bool addresses_take(struct addresses *set, const struct model_resource *resource)
{
    size_t slot = slot_of(set, resource);
    while (set->slots[slot] != NULL && set->slots[slot] != resource)
        slot = (slot + 1) & set->mask;
    bool found = set->slots[slot] != NULL;
    if (found)
        set->slots[slot] = &taken;
    return found;
}

/* A snapshot beside the one that was before it. */
struct change {
    VEC(const struct model_resource *) kept;  /* of the former one; sorted, as it is */
    VEC(const struct model_resource *) fresh; /* not in it; sorted */
    VEC(const struct model_resource *) gone;  /* not here any more, by kind and name; sorted */
};

static void change_deinit(struct change *change)
{
    VEC_FREE(&change->kept);
    VEC_FREE(&change->fresh);
    VEC_FREE(&change->gone);
}

/* Tells what stayed by its address alone: most resources are the same. */
static void change_find(struct change *change, const struct model_snapshot *former,
                        const struct model_resource *const *resources, size_t count)
{
    struct addresses set;
    addresses_init(&set, resources, count);
    for (size_t i = 0; former != NULL && i < former->count; i++) {
        if (addresses_take(&set, former->resources[i]))
            VEC_PUSH(&change->kept, former->resources[i]);
        else
            VEC_PUSH(&change->gone, former->resources[i]);
    }
    bool is_all = change->kept.count == count;
    for (size_t i = 0; i < count && !is_all; i++) {
        if (addresses_take(&set, resources[i]))
            VEC_PUSH(&change->fresh, resources[i]);
    }
    set.slots = mem_free(set.slots);
    if (change->fresh.count > 0)
        qsort(change->fresh.items, change->fresh.count, sizeof(*change->fresh.items),
              compare_resources);
}

/* What was replaced under its name is not gone. */
static void forget_replaced(struct change *change)
{
    size_t kept = 0;
    size_t j = 0;
    for (size_t i = 0; i < change->gone.count; i++) {
        const struct model_resource *gone = change->gone.items[i];
        while (j < change->fresh.count && model__resource_compare(change->fresh.items[j], gone) < 0)
            j++;
        if (j == change->fresh.count || model__resource_compare(change->fresh.items[j], gone) != 0)
            change->gone.items[kept++] = gone;
    }
    change->gone.count = kept;
}

/* The index of the first of `kept` from `low` on that is not before `resource`. */
static size_t place_in(const struct change *change, size_t low,
                       const struct model_resource *resource)
{
    size_t high = change->kept.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (model__resource_compare(change->kept.items[middle], resource) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static size_t copy_run(const struct model_resource **to, const struct change *change, size_t from,
                       size_t end)
{
    if (end > from)
        memcpy(to, change->kept.items + from, (end - from) * sizeof(*to));
    return end - from;
}

/* Writes both into one sorted array; what is fresh is mostly little. ERR_CONFLICT: two have one
 * name. */
MUST_USE static enum err merge(const struct change *change,
                               const struct model_resource **ret_resources, struct err_info *reterr)
{
    size_t kept = 0;
    size_t count = 0;
    for (size_t i = 0; i < change->fresh.count; i++) {
        const struct model_resource *fresh = change->fresh.items[i];
        size_t place = place_in(change, kept, fresh);
        count += copy_run(ret_resources + count, change, kept, place);
        kept = place;
        if (count > 0 && model__resource_compare(ret_resources[count - 1], fresh) == 0)
            return conflict(fresh, reterr);
        if (kept < change->kept.count &&
            model__resource_compare(change->kept.items[kept], fresh) == 0)
            return conflict(fresh, reterr);
        ret_resources[count++] = fresh;
    }
    (void)copy_run(ret_resources + count, change, kept, change->kept.count); /* the rest */
    return ERR_OK;
}

MUST_USE static enum err check(const struct change *change, const struct model_snapshot *snapshot,
                               struct err_info *reterr)
{
    struct presence presence = {.snapshot = snapshot, .reterr = reterr};
    struct absence absence = {change->gone.items, change->gone.count, reterr};
    enum err err = ERR_OK;
    if (change->fresh.count > snapshot->count / 4)
        names_init(&presence.names, snapshot);
    for (size_t i = 0; i < change->fresh.count && err == ERR_OK; i++)
        err = visit_references(change->fresh.items[i], check_presence, &presence);
    presence.names.slots = mem_free(presence.names.slots);
    for (size_t i = 0; i < change->kept.count && change->gone.count > 0 && err == ERR_OK; i++)
        err = visit_references(change->kept.items[i], check_absence, &absence);
    return err;
}

enum err model_snapshot_after(const struct model_snapshot *former,
                              const struct model_resource *const *resources, size_t count,
                              const struct model_snapshot **ret_snapshot, struct err_info *reterr)
{
    struct change change = {0};
    change_find(&change, former, resources, count);
    forget_replaced(&change);
    struct snapshot_box *box = MEM_NEW(struct snapshot_box);
    atomic_init(&box->references, 1);
    atomic_fetch_add_explicit(&alive, 1, memory_order_relaxed);
    box->resources = MEM_NEW_ARRAY(const struct model_resource *, count);
    box->snapshot.resources = box->resources;
    box->snapshot.count = count;
    enum err err = merge(&change, box->resources, reterr);
    if (err == ERR_OK)
        err = check(&change, &box->snapshot, reterr);
    change_deinit(&change);
    if (err != ERR_OK) {
        for (size_t i = 0; i < count; i++)
            box->resources[i] = resources[i]; /* all of them, to be released */
        box = box_free(box);
        return err;
    }
    box->snapshot.digest = model__blocks_make(&box->blocks, &box->snapshot, former,
                                              former == NULL ? NULL : &box_of(former)->blocks);
    *ret_snapshot = &box->snapshot;
    return ERR_OK;
}

enum err model_snapshot_new(const struct model_resource *const *resources, size_t count,
                            const struct model_snapshot **ret_snapshot, struct err_info *reterr)
{
    return model_snapshot_after(NULL, resources, count, ret_snapshot, reterr);
}

const struct model_snapshot *model_snapshot_ref(const struct model_snapshot *snapshot)
{
    unsigned before = atomic_fetch_add_explicit(&box_of(snapshot)->references, 1,
                                                memory_order_relaxed);
    ASSERT(before > 0);
    return snapshot;
}

const struct model_snapshot *model_snapshot_unref(const struct model_snapshot *snapshot)
{
    if (snapshot == NULL)
        return NULL;
    struct snapshot_box *box = box_of(snapshot);
    if (atomic_fetch_sub_explicit(&box->references, 1, memory_order_acq_rel) > 1)
        return NULL;
    (void)box_free(box); /* always NULL */
    return NULL;
}

size_t model_snapshots_alive(void)
{
    return atomic_load_explicit(&alive, memory_order_relaxed);
}
