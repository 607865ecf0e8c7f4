#include "control/compile/memory.h"

#include "core/base/assert.h"

/* ---- Plans ---- */

static struct compile__variant *variant_free(struct compile__variant *variant)
{
    variant->resource = model_resource_unref(variant->resource);
    VEC_FREE(&variant->clusters);
    VEC_FREE(&variant->backends);
    return mem_free(variant);
}

struct compile__plan *compile__plan_ref(struct compile__plan *plan)
{
    plan->references++;
    return plan;
}

struct compile__plan *compile__plan_unref(struct compile__plan *plan)
{
    if (plan == NULL || --plan->references > 0)
        return NULL;
    for (size_t i = 0; i < plan->variants.count; i++)
        (void)variant_free(plan->variants.items[i]); /* always NULL */
    VEC_FREE(&plan->variants);
    plan->findings = finding_list_free(plan->findings);
    plan->route = api_object_unref(plan->route);
    plan->arena = arena_free(plan->arena);
    return mem_free(plan);
}

struct compile__plan *compile__plan_recall(const struct compile_memory *memory,
                                           const struct api_object *route)
{
    return map_get(memory->plans, api_object_address(&route));
}

void compile__plan_remember(struct compile_memory *memory, struct compile__plan *plan)
{
    const struct api_object *route = plan->route;
    (void)map_set(memory->plans, api_object_address(&route), plan); /* there was none */
}

/* Variants of scopes that are no more point at clusters that are about to go. */
static void forget_variants(struct compile__plan *plan, uint64_t age)
{
    size_t kept = 0;
    for (size_t i = 0; i < plan->variants.count; i++) {
        struct compile__variant *variant = plan->variants.items[i];
        if (variant->age == age)
            plan->variants.items[kept++] = variant;
        else
            (void)variant_free(variant); /* always NULL */
    }
    plan->variants.count = kept;
}

/* ---- The rest ---- */

static struct compile__cluster *cluster_free(struct compile__cluster *cluster)
{
    cluster->resource = model_resource_unref(cluster->resource);
    return mem_free(cluster);
}

static struct compile__named *named_free(struct compile__named *named)
{
    named->resource = model_resource_unref(named->resource);
    return mem_free(named);
}

static struct compile__certificate *certificate_free(struct compile__certificate *certificate)
{
    certificate->secret = model_resource_unref(certificate->secret);
    certificate->object = api_object_unref(certificate->object);
    certificate->arena = arena_free(certificate->arena);
    return mem_free(certificate);
}

struct compile__set *compile__set_free(struct compile__set *set)
{
    set->resource = model_resource_unref(set->resource);
    set->arena = arena_free(set->arena);
    return mem_free(set);
}

struct compile_memory *compile_memory_new(void)
{
    struct compile_memory *memory = MEM_NEW(struct compile_memory);
    memory->plans = map_new();
    memory->clusters = map_new();
    memory->hosts = map_new();
    memory->certificates = map_new();
    memory->sets = map_new();
    return memory;
}

void compile__memory_sweep_sets(struct compile_memory *memory)
{
    struct map_cursor at = {0};
    struct compile__set *set;
    while ((set = map_next(memory->sets, &at)) != NULL) {
        if (set->age != memory->set_age)
            (void)compile__set_free(map_remove(memory->sets, at.key)); /* always NULL */
    }
}

static void sweep_plans(struct compile_memory *memory)
{
    struct map_cursor at = {0};
    struct compile__plan *plan;
    while ((plan = map_next(memory->plans, &at)) != NULL) {
        forget_variants(plan, memory->age);
        if (plan->age != memory->age)
            (void)compile__plan_unref(map_remove(memory->plans, at.key)); /* always NULL */
    }
}

void compile__memory_sweep(struct compile_memory *memory)
{
    sweep_plans(memory); /* before the clusters that their variants point at */
    struct map_cursor at = {0};
    struct compile__cluster *cluster;
    while ((cluster = map_next(memory->clusters, &at)) != NULL) {
        if (cluster->age != memory->age)
            (void)cluster_free(map_remove(memory->clusters, at.key)); /* always NULL */
    }
    at = (struct map_cursor){0};
    struct compile__named *host;
    while ((host = map_next(memory->hosts, &at)) != NULL) {
        if (host->age != memory->age)
            (void)named_free(map_remove(memory->hosts, at.key)); /* always NULL */
    }
    at = (struct map_cursor){0};
    struct compile__certificate *certificate;
    while ((certificate = map_next(memory->certificates, &at)) != NULL) {
        if (certificate->age != memory->age)
            (void)certificate_free(map_remove(memory->certificates, at.key)); /* always NULL */
    }
}

struct compile_memory *compile_memory_free(struct compile_memory *memory)
{
    if (memory == NULL)
        return NULL;
    memory->last = model_snapshot_unref(memory->last);
    memory->age++; /* nothing is of this age */
    memory->set_age++;
    compile__memory_sweep(memory);
    compile__memory_sweep_sets(memory);
    memory->plans = map_free(memory->plans);
    memory->clusters = map_free(memory->clusters);
    memory->hosts = map_free(memory->hosts);
    memory->certificates = map_free(memory->certificates);
    memory->sets = map_free(memory->sets);
    VEC_FREE(&memory->asked_sets);
    return mem_free(memory);
}

struct compile_counts compile_memory_counts(const struct compile_memory *memory)
{
    return memory->counts;
}
