#include <stdatomic.h>
#include <stdlib.h>

#include "core/base/assert.h"
#include "core/base/mem.h"
#include "core/pki/pki.h"
#include "model/resource.h"

struct snapshot_box {
    struct model_snapshot snapshot;
    const struct model_resource **resources;
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

const struct model_resource *model_snapshot_find(const struct model_snapshot *snapshot,
                                                 enum model_kind kind, struct str name)
{
    size_t index = lower_bound(snapshot, kind, name);
    if (index == snapshot->count)
        return NULL;
    const struct model_resource *found = snapshot->resources[index];
    return found->kind == kind && str_equal(found->name, name) ? found : NULL;
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

MUST_USE static enum err check_unique(const struct model_snapshot *snapshot,
                                      struct err_info *reterr)
{
    for (size_t i = 1; i < snapshot->count; i++) {
        const struct model_resource *resource = snapshot->resources[i];
        if (model__resource_compare(snapshot->resources[i - 1], resource) == 0)
            return err_set(reterr, ERR_CONFLICT, "two resources are %s \"%.*s\"",
                           model_kind_name(resource->kind), STR_ARG(resource->name));
    }
    return ERR_OK;
}

MUST_USE static enum err check_reference(const struct model_snapshot *snapshot,
                                         const struct model_resource *from, enum model_kind kind,
                                         struct str name, struct err_info *reterr)
{
    if (model_snapshot_find(snapshot, kind, name) != NULL)
        return ERR_OK;
    return err_set(reterr, ERR_INVALID, "%s \"%.*s\" refers to %s \"%.*s\", which is not there",
                   model_kind_name(from->kind), STR_ARG(from->name), model_kind_name(kind),
                   STR_ARG(name));
}

MUST_USE static enum err check_names(const struct model_snapshot *snapshot,
                                     const struct model_resource *from, enum model_kind kind,
                                     struct model_names names, struct err_info *reterr)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < names.count && err == ERR_OK; i++)
        err = check_reference(snapshot, from, kind, names.items[i], reterr);
    return err;
}

MUST_USE static enum err check_listener(const struct model_snapshot *snapshot,
                                        const struct model_resource *resource,
                                        struct err_info *reterr)
{
    const struct model_listener *listener = resource->listener;
    enum err err = ERR_OK;
    for (size_t i = 0; i < listener->chain_count && err == ERR_OK; i++) {
        const struct model_chain *chain = &listener->chains[i];
        err = check_names(snapshot, resource, MODEL_SECRET, chain->secrets, reterr);
        if (err == ERR_OK)
            err = check_names(snapshot, resource, MODEL_VIRTUAL_HOST, chain->virtual_hosts, reterr);
    }
    return err;
}

MUST_USE static enum err check_route(const struct model_snapshot *snapshot,
                                     const struct model_resource *resource, struct err_info *reterr)
{
    const struct model_route *route = resource->route;
    enum err err = ERR_OK;
    for (size_t i = 0; i < route->rule_count; i++) {
        const struct model_rule *rule = &route->rules[i];
        for (size_t j = 0; j < rule->backend_count && err == ERR_OK; j++)
            err = check_reference(snapshot, resource, MODEL_CLUSTER, rule->backends[j].cluster,
                                  reterr);
    }
    return err;
}

MUST_USE static enum err check_references(const struct model_snapshot *snapshot,
                                          struct err_info *reterr)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < snapshot->count && err == ERR_OK; i++) {
        const struct model_resource *resource = snapshot->resources[i];
        switch (resource->kind) {
        case MODEL_LISTENER: err = check_listener(snapshot, resource, reterr); break;
        case MODEL_VIRTUAL_HOST:
            err = check_names(snapshot, resource, MODEL_ROUTE, resource->virtual_host->routes,
                              reterr);
            break;
        case MODEL_ROUTE: err = check_route(snapshot, resource, reterr); break;
        case MODEL_CLUSTER:
            err = check_reference(snapshot, resource, MODEL_ENDPOINT_SET,
                                  resource->cluster->endpoint_set, reterr);
            break;
        case MODEL_ENDPOINT_SET:
        case MODEL_SECRET: break; /* they refer to nothing */
        }
    }
    return err;
}

static void hash_u64(struct pki_hash *hash, uint64_t value)
{
    unsigned char bytes[8];
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (unsigned char)(value >> (8 * i));
    pki_hash_add(hash, bytes, sizeof(bytes));
}

static struct model_digest digest_of(const struct model_snapshot *snapshot)
{
    struct pki_hash *hash = pki_hash_new();
    for (size_t i = 0; i < snapshot->count; i++) {
        const struct model_resource *resource = snapshot->resources[i];
        hash_u64(hash, (uint64_t)resource->kind);
        hash_u64(hash, resource->name.size);
        pki_hash_add(hash, resource->name.data, resource->name.size);
        pki_hash_add(hash, resource->digest.bytes, MODEL_DIGEST_SIZE);
    }
    struct model_digest digest;
    pki_hash_finish(hash, digest.bytes);
    hash = pki_hash_free(hash);
    return digest;
}

static struct snapshot_box *box_free(struct snapshot_box *box)
{
    for (size_t i = 0; i < box->snapshot.count; i++)
        (void)model_resource_unref(box->resources[i]); /* always NULL */
    box->resources = mem_free(box->resources);
    atomic_fetch_sub_explicit(&alive, 1, memory_order_relaxed);
    return mem_free(box);
}

enum err model_snapshot_new(const struct model_resource *const *resources, size_t count,
                            const struct model_snapshot **ret_snapshot, struct err_info *reterr)
{
    struct snapshot_box *box = MEM_NEW(struct snapshot_box);
    atomic_init(&box->references, 1);
    atomic_fetch_add_explicit(&alive, 1, memory_order_relaxed);
    box->resources = MEM_NEW_ARRAY(const struct model_resource *, count);
    for (size_t i = 0; i < count; i++)
        box->resources[i] = resources[i];
    if (count > 0)
        qsort(box->resources, count, sizeof(*box->resources), compare_resources);
    box->snapshot.resources = box->resources;
    box->snapshot.count = count;

    enum err err = check_unique(&box->snapshot, reterr);
    if (err == ERR_OK)
        err = check_references(&box->snapshot, reterr);
    if (err != ERR_OK) {
        box = box_free(box);
        return err;
    }
    box->snapshot.digest = digest_of(&box->snapshot);
    *ret_snapshot = &box->snapshot;
    return ERR_OK;
}

/* The count is the one part of a frozen snapshot that changes. */
static struct snapshot_box *box_of(const struct model_snapshot *snapshot)
{
    return CONTAINER_OF((uintptr_t)snapshot, struct snapshot_box, snapshot);
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
