#include "control/operator/groups.h"

#include "core/base/assert.h"
#include "core/base/mem.h"
#include "core/base/vec.h"

#define CHUNK_SIZE ((size_t)256)
#define KEYS_MAX   (SIZE_MAX / 4) /* they are made of objects, which were bounded */

void operator__groups_init(struct operator__groups *groups, const struct cache *cache,
                           const struct placement_group_options *options,
                           const struct operator__group_events *events)
{
    *groups = (struct operator__groups){
        .cache = cache,
        .options = *options,
        .events = *events,
        .findings = finding_list_new(),
        .by_key = map_new(),
    };
}

static void counts_add(struct compile_counts *sum, struct compile_counts more)
{
    sum->drafts += more.drafts;
    sum->results += more.results;
    sum->routes += more.routes;
    sum->certificates += more.certificates;
    sum->endpoints += more.endpoints;
}

static struct operator__group *group_new(struct str key)
{
    struct operator__group *group = MEM_NEW(struct operator__group);
    group->arena = arena_new(CHUNK_SIZE);
    group->key = str_dup(group->arena, key);
    group->memory = compile_memory_new();
    return group;
}

static struct operator__group *group_free(struct operator__group *group)
{
    if (group == NULL)
        return NULL;
    group->result = compile_result_free(group->result);
    group->draft = compile_draft_unref(group->draft);
    group->memory = compile_memory_free(group->memory);
    group->arena = arena_free(group->arena);
    return mem_free(group);
}

void operator__groups_deinit(struct operator__groups *groups)
{
    struct map_cursor at = {0};
    struct operator__group *group;
    while ((group = map_next(groups->by_key, &at)) != NULL)
        (void)group_free(group); /* always NULL */
    groups->by_key = map_free(groups->by_key);
    groups->idle = group_free(groups->idle);
    groups->discovery = discovery_free(groups->discovery);
    groups->placement = placement_groups_free(groups->placement);
    groups->findings = finding_list_free(groups->findings);
}

/* What it has done is not forgotten. */
static void group_retire(struct operator__groups *groups, struct operator__group *group)
{
    if (group != NULL)
        counts_add(&groups->past, compile_memory_counts(group->memory));
    (void)group_free(group); /* always NULL */
}

static struct operator__group *group_make(struct operator__groups *groups, struct str key)
{
    struct operator__group *group = map_get(groups->by_key, key);
    if (group != NULL)
        return group;
    group = group_new(key);
    (void)map_set(groups->by_key, key, group); /* it was not there */
    return group;
}

/* ---- Compiling ---- */

static bool touches(const struct cache_changes *changes, struct str mesh)
{
    for (size_t i = 0; i < changes->mesh_count; i++) {
        if (str_equal(changes->meshes[i], mesh))
            return true;
    }
    return false;
}

static void compile_routes(struct operator__group *group, const struct compile_input *input)
{
    group->draft = compile_draft_unref(group->draft);
    group->draft = compile_draft_new(input, group->memory);
    group->edition++;
}

/* An equal snapshot, whose proxies have nothing to acknowledge, is of the new edition too. */
static void remember(struct operator__group *group)
{
    struct operator__snapshot *snapshots = group->snapshots;
    const struct model_digest *digest = &group->result->snapshot->digest;
    size_t former = 0;
    while (former < group->snapshot_count && !model_digest_equal(&snapshots[former].digest, digest))
        former++;
    if (former == OPERATOR__SNAPSHOTS)
        former = 0;
    if (former < group->snapshot_count) {
        size_t behind = --group->snapshot_count - former;
        memmove(snapshots + former, snapshots + former + 1, behind * sizeof(*snapshots));
    }
    snapshots[group->snapshot_count++] = (struct operator__snapshot){*digest, group->edition};
}

static void compile_back_ends(const struct operator__groups *groups, struct operator__group *group)
{
    group->result = compile_result_free(group->result);
    group->result = compile_result_new(group->draft, groups->discovery, group->memory);
    if (group == groups->idle)
        return; /* nobody is served */
    remember(group);
    groups->events.serve(groups->events.arg, group->key, group->result->snapshot);
}

/* `is_touched`: its routes or gateways may be others. */
static void compile(const struct operator__groups *groups, struct operator__group *group,
                    const struct compile_input *input, bool is_touched,
                    const struct cache_changes *changes)
{
    bool routes = group->draft == NULL || is_touched;
    if (routes)
        compile_routes(group, input);
    if (routes || changes->back_ends)
        compile_back_ends(groups, group);
}

static void compile_placed(struct operator__groups *groups, const struct placement_group *placed,
                           const struct cache_changes *changes)
{
    struct operator__group *group = group_make(groups, placed->key);
    const struct compile_input input = {
        .cache = groups->cache,
        .dataplanes = &placed->dataplane,
        .dataplane_count = 1,
        .wall_ms = groups->wall_ms,
    };
    group->pass = groups->passes;
    compile(groups, group, &input, touches(changes, placed->dataplane.mesh), changes);
}

/* The group of what no pod serves, if there is any; it goes by the keys of all that are in it,
 * which tell whether they are the same as before. */
static struct operator__group *idle_make(struct operator__groups *groups, struct str keys)
{
    if (keys.size == 0) {
        group_retire(groups, groups->idle);
        return NULL;
    }
    if (groups->idle == NULL)
        return group_new(keys);
    if (!str_equal(groups->idle->key, keys)) {
        groups->idle->draft = compile_draft_unref(groups->idle->draft);
        arena_clear(groups->idle->arena);
        groups->idle->key = str_dup(groups->idle->arena, keys);
    }
    return groups->idle;
}

static void compile_idle(struct operator__groups *groups, const struct cache_changes *changes)
{
    const struct placement_groups *placement = groups->placement;
    VEC(struct compile_dataplane) dataplanes = {0};
    struct buf keys;
    buf_init(&keys, KEYS_MAX);
    bool is_touched = false;
    for (size_t i = 0; i < placement->count; i++) {
        if (placement->items[i].pod_count > 0)
            continue;
        buf_printf(&keys, "%.*s\n", STR_ARG(placement->items[i].key));
        VEC_PUSH(&dataplanes, placement->items[i].dataplane);
        is_touched = is_touched || touches(changes, placement->items[i].dataplane.mesh);
    }
    groups->idle = idle_make(groups, buf_str(&keys));
    const struct compile_input input = {
        .cache = groups->cache,
        .idle = dataplanes.items,
        .idle_count = dataplanes.count,
        .wall_ms = groups->wall_ms,
    };
    if (groups->idle != NULL)
        compile(groups, groups->idle, &input, is_touched, changes);
    VEC_FREE(&dataplanes);
    buf_deinit(&keys);
}

/* ---- The update ---- */

static void place(struct operator__groups *groups)
{
    finding_list_clear(groups->findings);
    groups->placement = placement_groups_free(groups->placement);
    groups->placement = placement_groups_new(groups->cache, &groups->options, groups->findings);
}

void operator__groups_update(struct operator__groups *groups, const struct cache_changes *changes)
{
    groups->passes++;
    place(groups);
    if (groups->discovery == NULL || changes->back_ends)
        groups->discovery = discovery_next(groups->discovery, groups->cache, changes);
    for (size_t i = 0; i < groups->placement->count; i++) {
        if (groups->placement->items[i].pod_count > 0)
            compile_placed(groups, &groups->placement->items[i], changes);
    }
    compile_idle(groups, changes);
}

void operator__groups_drop(struct operator__groups *groups)
{
    struct map_cursor at = {0};
    struct operator__group *group;
    while ((group = map_next(groups->by_key, &at)) != NULL) {
        if (group->pass == groups->passes)
            continue;
        groups->events.gone(groups->events.arg, group->key);
        (void)map_remove(groups->by_key, group->key); /* the same */
        group_retire(groups, group);
    }
}

/* ---- Looking ---- */

const struct operator__group *operator__groups_find(const struct operator__groups *groups,
                                                    struct str key)
{
    return map_get(groups->by_key, key);
}

bool operator__group_is_current(const struct operator__group *group,
                                const struct model_digest *digest)
{
    for (size_t i = 0; i < group->snapshot_count; i++) {
        if (model_digest_equal(&group->snapshots[i].digest, digest))
            return group->snapshots[i].edition == group->edition;
    }
    return false;
}

struct compile_review *operator__groups_review(const struct operator__groups *groups)
{
    ASSERT(groups->placement != NULL);
    const struct placement_groups *placement = groups->placement;
    VEC(const struct compile_result *) results = {0};
    for (size_t i = 0; i < placement->count; i++) {
        const struct operator__group *group = map_get(groups->by_key, placement->items[i].key);
        if (group != NULL)
            VEC_PUSH(&results, group->result);
    }
    if (groups->idle != NULL)
        VEC_PUSH(&results, groups->idle->result);
    const struct compile_input input = {
        .cache = groups->cache,
        .dataplanes = placement->dataplanes,
        .dataplane_count = placement->count,
        .wall_ms = groups->wall_ms,
    };
    struct compile_review *review = compile_review_new(&input, results.items, results.count);
    VEC_FREE(&results);
    return review;
}

void operator__groups_collect(const struct operator__groups *groups, struct finding_list *findings)
{
    struct map_cursor at = {0};
    const struct operator__group *group;
    finding_add_all(findings, groups->findings);
    while ((group = map_next(groups->by_key, &at)) != NULL)
        finding_add_all(findings, group->result->findings);
    if (groups->idle != NULL)
        finding_add_all(findings, groups->idle->result->findings);
}

struct compile_counts operator__groups_counts(const struct operator__groups *groups)
{
    struct compile_counts counts = groups->past;
    if (groups->idle != NULL)
        counts_add(&counts, compile_memory_counts(groups->idle->memory));
    struct map_cursor at = {0};
    const struct operator__group *group;
    while ((group = map_next(groups->by_key, &at)) != NULL)
        counts_add(&counts, compile_memory_counts(group->memory));
    return counts;
}
