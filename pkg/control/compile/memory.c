#include "control/compile/memory.h"

#include "core/base/assert.h"

#include <string.h>

#include "core/base/mem.h"

/* ---- Sets and clusters ---- */

struct compile__set *compile__set_of(struct compile_memory *memory, struct str name)
{
    struct compile__set *set = map_get(memory->sets, name);
    if (set == NULL) {
        set = mem_zero(1, sizeof(*set) + name.size);
        char *copy = (char *)(set + 1);
        memcpy(copy, name.data, name.size);
        set->name = str_make(copy, name.size);
        set->memory = memory;
        (void)map_set(memory->sets, name, set); /* there was none */
    }
    set->references++;
    return set;
}

struct compile__set *compile__set_unref(struct compile__set *set)
{
    if (--set->references > 0)
        return NULL;
    if (set->memory != NULL)
        (void)map_remove(set->memory->sets, set->name); /* it is this one */
    set->resource = model_resource_unref(set->resource);
    set->arena = arena_free(set->arena);
    return mem_free(set);
}

struct compile__cluster *compile__set_cluster(const struct compile__set *set, struct str identity)
{
    struct compile__cluster *cluster = set->clusters;
    while (cluster != NULL && !str_equal(cluster->identity, identity))
        cluster = cluster->next;
    return cluster;
}

struct compile__cluster *compile__set_add(struct compile__set *set, struct str identity,
                                          const struct model_resource *resource)
{
    struct compile__cluster *cluster = mem_zero(1, sizeof(*cluster) + identity.size);
    char *copy = (char *)(cluster + 1);
    memcpy(copy, identity.data, identity.size);
    cluster->identity = str_make(copy, identity.size);
    cluster->resource = resource;
    cluster->set = set;
    cluster->next = set->clusters;
    set->clusters = cluster;
    return cluster;
}

static void cluster_unref(struct compile__cluster *cluster)
{
    if (--cluster->references > 0)
        return;
    struct compile__cluster **at = &cluster->set->clusters;
    while (*at != cluster)
        at = &(*at)->next;
    *at = cluster->next;
    cluster->resource = model_resource_unref(cluster->resource);
    mem_free(cluster);
}

/* ---- TLS ---- */

struct compile__upstream_tls *compile__upstream_tls_free(struct compile__upstream_tls *tls)
{
    if (tls == NULL)
        return NULL;
    for (size_t i = 0; i < COMPILE__TLS_SOURCES; i++)
        tls->secrets[i] = api_object_unref(tls->secrets[i]);
    tls->object = api_object_unref(tls->object);
    tls->resource = model_resource_unref(tls->resource);
    tls->presented = model_resource_unref(tls->presented);
    tls->arena = arena_free(tls->arena);
    return mem_free(tls);
}

void compile__memory_sweep_tls(struct compile_memory *memory)
{
    struct map_cursor at = {0};
    struct compile__upstream_tls *tls;
    while ((tls = map_next(memory->upstream_tls, &at)) != NULL) {
        if (tls->run != memory->counts.results)
            (void)compile__upstream_tls_free(
                map_remove(memory->upstream_tls, at.key)); /* always NULL */
    }
}

/* ---- Variants ---- */

struct compile__variant *compile__variant_new(struct str identity, struct str inputs,
                                              size_t lead_max)
{
    struct compile__variant *variant;
    size_t leads_size = lead_max * sizeof(variant->leads[0]);
    variant = mem_alloc(sizeof(*variant) + leads_size + identity.size + inputs.size);
    char *texts = (char *)variant->leads + leads_size;
    memcpy(texts, identity.data, identity.size);
    if (inputs.size > 0)
        memcpy(texts + identity.size, inputs.data, inputs.size);
    *variant = (struct compile__variant){
        .references = 1,
        .identity = str_make(texts, identity.size),
        .inputs = str_make(texts + identity.size, inputs.size),
    };
    return variant;
}

void compile__variant_lead(struct compile__variant *variant, struct compile__cluster *cluster,
                           struct compile__plan_backend *backend)
{
    cluster->references++;
    variant->leads[variant->lead_count++] = (struct compile__lead){cluster, backend};
}

struct compile__variant *compile__variant_ref(struct compile__variant *variant)
{
    variant->references++;
    return variant;
}

struct compile__variant *compile__variant_unref(struct compile__variant *variant)
{
    if (--variant->references > 0)
        return NULL;
    variant->resource = model_resource_unref(variant->resource);
    for (size_t i = 0; i < variant->lead_count; i++)
        cluster_unref(variant->leads[i].cluster);
    return mem_free(variant);
}

/* Those of scopes that are no more; `age` 0: all. */
static void forget_variants(struct compile__plan *plan, uint64_t age)
{
    struct compile__variant **at = &plan->variants;
    while (*at != NULL) {
        struct compile__variant *variant = *at;
        if (age != 0 && variant->age == age) {
            at = &variant->next;
            continue;
        }
        *at = variant->next;
        (void)compile__variant_unref(variant); /* always NULL */
    }
}

/* ---- Plans ---- */

struct compile__plan *compile__plan_ref(struct compile__plan *plan)
{
    plan->references++;
    return plan;
}

struct compile__plan *compile__plan_unref(struct compile__plan *plan)
{
    if (plan == NULL || --plan->references > 0)
        return NULL;
    forget_variants(plan, 0); /* before the sets that their clusters belong to */
    for (struct compile__hold *at = plan->holds; at != NULL; at = at->next)
        (void)compile__set_unref(at->set); /* always NULL */
    plan->findings = finding_list_free(plan->findings);
    plan->route = api_object_unref(plan->route);
    plan->arena = arena_free(plan->arena);
    return mem_free(plan);
}

struct compile__set *compile__plan_set(struct compile_memory *memory, struct compile__plan *plan,
                                       struct str name)
{
    struct compile__hold *hold = ARENA_NEW(plan->arena, struct compile__hold);
    *hold = (struct compile__hold){compile__set_of(memory, name), plan->holds};
    plan->holds = hold;
    return hold->set;
}

/* ---- The rest ---- */

static struct compile__named *named_free(struct compile__named *named)
{
    named->resource = model_resource_unref(named->resource);
    VEC_FREE(&named->inputs);
    return mem_free(named);
}

static struct compile__certificate *certificate_free(struct compile__certificate *certificate)
{
    certificate->secret = model_resource_unref(certificate->secret);
    certificate->object = api_object_unref(certificate->object);
    certificate->arena = arena_free(certificate->arena);
    return mem_free(certificate);
}

struct compile_memory *compile_memory_new(void)
{
    struct compile_memory *memory = MEM_NEW(struct compile_memory);
    memory->hosts = map_new();
    memory->certificates = map_new();
    memory->sets = map_new();
    memory->upstream_tls = map_new();
    return memory;
}

static void replace_plans(struct compile_memory *memory, struct compile__plan *const *plans,
                          size_t count)
{
    for (size_t i = 0; i < memory->plans.count; i++)
        (void)compile__plan_unref(memory->plans.items[i]); /* always NULL */
    VEC_CLEAR(&memory->plans);
    for (size_t i = 0; i < count; i++) {
        forget_variants(plans[i], memory->age);
        VEC_PUSH(&memory->plans, plans[i]);
    }
}

void compile__memory_sweep(struct compile_memory *memory, struct compile__plan *const *plans,
                           size_t plan_count)
{
    replace_plans(memory, plans, plan_count);
    struct map_cursor at = {0};
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

/* Drafts may hold plans that lead to them. */
static void leave_sets(struct compile_memory *memory)
{
    struct map_cursor at = {0};
    struct compile__set *set;
    while ((set = map_next(memory->sets, &at)) != NULL)
        set->memory = NULL;
    memory->sets = map_free(memory->sets);
}

struct compile_memory *compile_memory_free(struct compile_memory *memory)
{
    if (memory == NULL)
        return NULL;
    memory->last = model_snapshot_unref(memory->last);
    memory->age++; /* nothing is of this age */
    compile__memory_sweep(memory, NULL, 0);
    leave_sets(memory);
    memory->counts.results++; /* nothing was asked for in this one */
    compile__memory_sweep_tls(memory);
    memory->upstream_tls = map_free(memory->upstream_tls);
    VEC_FREE(&memory->plans);
    VEC_FREE(&memory->asked);
    memory->hosts = map_free(memory->hosts);
    memory->certificates = map_free(memory->certificates);
    return mem_free(memory);
}

struct compile_counts compile_memory_counts(const struct compile_memory *memory)
{
    return memory->counts;
}
