#include "otemon/outlook.h"

#include "control/compile/compile.h"
#include "control/placement/placement.h"
#include "core/base/mem.h"
#include "core/base/vec.h"

#define CHUNK_SIZE ((size_t)4 * 1024)

/* Where pods listen; nothing is bound here. */
#define ANY_ADDRESS STR("0.0.0.0")

struct box {
    struct outlook outlook;
    struct arena *arena;
    struct finding_list *findings;
    VEC(struct explain_place) places; /* a reference of each snapshot */
    VEC(struct explain_wish) wishes;
};

/* One compile of everything, in parts. */
struct view {
    struct box *box;
    const struct reading *reading;
    struct compile_memory *memory;
    struct discovery *discovery;
    enum outlook_part part;
    uint64_t wall_ms;
    VEC(struct compile_result *) results;
};

static struct compile_input input_of(const struct view *view,
                                     const struct compile_dataplane *dataplanes, size_t count)
{
    return (struct compile_input){
        .cache = view->reading->cache,
        .dataplanes = dataplanes,
        .dataplane_count = count,
        .is_partial = !view->reading->is_cluster && view->part != OUTLOOK_COMPLETE,
        .is_unplaced = !view->reading->is_cluster,
        .checks_secrets = !view->reading->is_cluster,
        .wall_ms = view->wall_ms,
    };
}

static const struct compile_result *compile(struct view *view, const struct compile_input *input)
{
    const struct compile_draft *draft = compile_draft_new(input, view->memory);
    struct compile_result *result = compile_result_new(draft, view->discovery, view->memory);
    (void)compile_draft_unref(draft); /* the result keeps it */
    VEC_PUSH(&view->results, result);
    return result;
}

static const struct str *takers_of(struct arena *arena,
                                   const struct compile_listener_report *listener)
{
    struct str *takers = ARENA_NEW_ARRAY(arena, struct str, listener->taker_count);
    for (size_t i = 0; i < listener->taker_count; i++) {
        struct finding_subject route = api_subject(listener->takers[i]);
        takers[i] = str_format(arena, "%.*s %.*s", STR_ARG(route.kind), STR_ARG(route.name));
    }
    return takers;
}

static struct explain_unserved unserved_of(struct arena *arena, struct str gateway,
                                           const struct compile_listener_report *listener)
{
    struct str protocol = listener->is_cross_mesh ? STR("HTTP of other meshes (crossMesh)")
                                                  : api_protocol_name(listener->protocol);
    bool is_chosen = listener->protocol == API_PROTOCOL_TLS;
    return (struct explain_unserved){
        .gateway = str_dup(arena, gateway),
        .port = listener->port,
        .protocol = protocol,
        .hostname = is_chosen ? str_dup(arena, listener->hostname) : STR("*"),
        .takers = takers_of(arena, listener),
        .taker_count = listener->taker_count,
        .has_more_takers = listener->has_more_takers,
    };
}

/* The listeners that no snapshot has, of the gateway that the dataplane is bound to. */
static void add_unserved(struct arena *arena, const struct compile_gateway_report *gateway,
                         struct explain_place *place)
{
    struct explain_unserved *unserved = ARENA_NEW_ARRAY(arena, struct explain_unserved,
                                                        gateway->listener_count);
    for (size_t i = 0; i < gateway->listener_count; i++) {
        if (gateway->listeners[i].is_unserved)
            unserved[place->unserved_count++] = unserved_of(arena, gateway->gateway->key.name,
                                                            &gateway->listeners[i]);
    }
    place->unserved = unserved;
}

/* `result` is of this dataplane alone. */
static void add_place(struct view *view, const struct compile_dataplane *dataplane, struct str note,
                      const struct compile_result *result)
{
    struct arena *arena = view->box->arena;
    struct explain_place place = {
        .mesh = str_dup(arena, dataplane->mesh),
        .dataplane = str_dup(arena, dataplane->name),
        .note = note,
        .snapshot = model_snapshot_ref(result->snapshot),
    };
    if (result->report.gateway_count > 0)
        add_unserved(arena, &result->report.gateways[0], &place);
    VEC_PUSH(&view->box->places, place);
}

static void review(struct view *view, const struct compile_dataplane *known, size_t count)
{
    const struct compile_input input = input_of(view, known, count);
    struct finding_list *findings = view->box->findings;
    for (size_t i = 0; i < view->results.count; i++)
        finding_add_all(findings, view->results.items[i]->findings);
    struct compile_review *all = compile_review_new(
        &input, (const struct compile_result *const *)view->results.items, view->results.count);
    finding_add_all(findings, all->findings);
    all = compile_review_free(all);
}

/* ---- From files ---- */

/* Nothing is served, so every address will do. */
static bool on_is_local(void *arg, struct str address)
{
    (void)arg;
    (void)address;
    return true;
}

/* What is said of them without that anything is made for them. */
static struct compile_input idle_of(const struct compile_input *input)
{
    struct compile_input idle = *input;
    idle.idle = input->dataplanes;
    idle.idle_count = input->dataplane_count;
    idle.dataplanes = NULL;
    idle.dataplane_count = 0;
    return idle;
}

/* All dataplanes together, for what is wrong between them; each by itself, so that it is told whose
 * a listener is. */
static void view_files(struct view *view)
{
    const struct placement_options options = {.is_local = on_is_local, .is_partial = true};
    struct placement *placement = placement_new(view->reading->cache, &options,
                                                view->box->findings);
    struct compile_input all = input_of(view, placement->dataplanes, placement->count);
    if (view->part == OUTLOOK_FINDINGS)
        all = idle_of(&all);
    const struct compile_result *result = compile(view, &all);
    review(view, placement->known, placement->known_count);
    for (size_t i = 0; i < placement->count && view->part != OUTLOOK_FINDINGS; i++) {
        const struct compile_dataplane *dataplane = &placement->dataplanes[i];
        const struct compile_input one = input_of(view, dataplane, 1);
        struct str note = placement->entries[i].is_derived ? STR("derived") : STR_EMPTY;
        if (placement->count > 1)
            result = compile(view, &one);
        add_place(view, dataplane, note, result);
    }
    placement = placement_free(placement);
}

/* ---- From a cluster ---- */

static struct str pods_text(struct arena *arena, size_t count)
{
    if (count == 0)
        return STR("without pods");
    return str_format(arena, "%zu pod%s", count, count == 1 ? "" : "s");
}

static void view_cluster(struct view *view)
{
    const struct placement_group_options options = {
        .address = ANY_ADDRESS,
        .namespaces = view->reading->gateway_namespaces.items,
        .namespace_count = view->reading->gateway_namespaces.count,
    };
    struct placement_groups *groups = placement_groups_new(view->reading->cache, &options,
                                                           view->box->findings);
    for (size_t i = 0; i < groups->count; i++) {
        const struct placement_group *group = &groups->items[i];
        const struct compile_input input = input_of(view, &group->dataplane, 1);
        const struct compile_result *result = compile(view, &input);
        add_place(view, &group->dataplane, pods_text(view->box->arena, group->pod_count), result);
    }
    review(view, groups->dataplanes, groups->count);
    groups = placement_groups_free(groups);
}

/* ---- The outlook ---- */

static void list_wishes(struct box *box, const struct cache *cache)
{
    size_t count;
    const struct api_object *const *gateways = cache_list_all(cache, API_MESH_GATEWAY, &count);
    for (size_t i = 0; i < count; i++) {
        const struct api_mesh_gateway *spec = gateways[i]->mesh_gateway;
        struct str mesh = str_dup(box->arena, gateways[i]->key.mesh);
        struct str gateway = str_dup(box->arena, gateways[i]->key.name);
        for (size_t j = 0; j < spec->listener_count; j++) {
            const struct explain_wish wish = {mesh, gateway, j, spec->listeners[j].port};
            VEC_PUSH(&box->wishes, wish);
        }
    }
}

struct outlook *outlook_new(const struct reading *reading, enum outlook_part part, uint64_t wall_ms)
{
    struct box *box = MEM_NEW(struct box);
    box->arena = arena_new(CHUNK_SIZE);
    box->findings = finding_list_new();
    struct view view = {
        .box = box,
        .reading = reading,
        .memory = compile_memory_new(),
        .discovery = discovery_new(reading->cache),
        .part = part,
        .wall_ms = wall_ms,
    };
    if (reading->is_cluster)
        view_cluster(&view);
    else
        view_files(&view);
    for (size_t i = 0; i < view.results.count; i++)
        (void)compile_result_free(view.results.items[i]); /* always NULL */
    VEC_FREE(&view.results);
    view.memory = compile_memory_free(view.memory);
    view.discovery = discovery_free(view.discovery);
    cache_collect_findings(reading->cache, box->findings);
    finding_book_collect(reading->reports, box->findings);
    finding_sort(box->findings);
    list_wishes(box, reading->cache);
    box->outlook = (struct outlook){
        .places = box->places.items,
        .count = box->places.count,
        .wishes = box->wishes.items,
        .wish_count = box->wishes.count,
        .findings = box->findings,
    };
    return &box->outlook;
}

struct outlook *outlook_free(struct outlook *outlook)
{
    if (outlook == NULL)
        return NULL;
    struct box *box = CONTAINER_OF(outlook, struct box, outlook);
    for (size_t i = 0; i < box->places.count; i++)
        (void)model_snapshot_unref(box->places.items[i].snapshot); /* always NULL */
    VEC_FREE(&box->places);
    VEC_FREE(&box->wishes);
    box->findings = finding_list_free(box->findings);
    box->arena = arena_free(box->arena);
    return mem_free(box);
}
