/* Gateway pods, grouped by what they serve. */
#include <stdlib.h>

#include "control/placement/derive.h"
#include "control/placement/placement.h"
#include "control/select/select.h"
#include "core/base/map.h"
#include "core/base/mem.h"
#include "core/base/vec.h"

struct group {
    struct placement_group group;
    VEC(const struct api_object *) pods; /* borrowed from the box */
};

struct box {
    struct placement_groups groups;
    struct arena *arena;
    VEC(const struct api_object *) objects; /* one reference each */
};

struct search {
    const struct cache *cache;
    const struct placement_group_options *options;
    struct finding_list *findings;
    struct box *box;
    struct map *by_key; /* struct group, in the arena; their vectors are freed at the end */
    struct select_gateways *gateways;
    struct map *served; /* the gateways that have a group, by their address */
};

static void report(const struct search *search, const struct api_object *pod, const char *name,
                   struct str message)
{
    struct finding_subject subject = api_subject(pod);
    struct str field = str_format(search->box->arena, "metadata.annotations[\"%s\"]", name);
    finding_add(search->findings, FINDING_WARNING, &subject, pod->mark, field, "%.*s",
                STR_ARG(message));
}

static void hold(const struct search *search, const struct api_object *object)
{
    VEC_PUSH(&search->box->objects, api_object_ref(object));
}

/* The group of those tags, made at its first use. The tags are those of an object that the box
 * holds. */
static struct group *group_of(const struct search *search, struct str mesh, struct api_tags tags)
{
    struct arena *arena = search->box->arena;
    const struct str *service = api_tags_find(tags, STR("kuma.io/service"));
    struct str key = api_tags_key(arena, mesh, tags);
    struct group *group = map_get(search->by_key, key);
    if (group != NULL)
        return group;
    group = ARENA_NEW(arena, struct group);
    group->group = (struct placement_group){
        .key = key,
        .dataplane =
            {
                .mesh = mesh,
                .name = service != NULL ? *service : key,
                .address = str_dup(arena, search->options->address),
                .tags = tags,
            },
    };
    const struct api_object *gateway = select_gateways_find(search->gateways, mesh, tags);
    group->group.gateway = gateway;
    if (gateway != NULL) {
        hold(search, gateway);
        (void)map_set(search->served, api_object_address(&gateway),
                      group); /* what counts is the key */
    }
    (void)map_set(search->by_key, key, group); /* there was none */
    return group;
}

bool placement_is_permitted(const struct str *namespaces, size_t count, struct str namespace)
{
    for (size_t i = 0; i < count; i++) {
        if (str_equal(namespaces[i], namespace))
            return true;
    }
    return count == 0;
}

static void place_pod(const struct search *search, const struct api_object *pod)
{
    struct arena *arena = search->box->arena;
    if (pod->broken || !pod->pod->is_builtin_gateway)
        return; /* what is wrong with it stands in its own findings */
    if (!placement_is_permitted(search->options->namespaces, search->options->namespace_count,
                                pod->namespace)) {
        report(search, pod, "kuma.io/gateway",
               str_format(arena,
                          "pods of namespace %.*s may not be gateways, so this one is served "
                          "nothing; add the namespace to the chart's gatewayNamespaces",
                          STR_ARG(pod->namespace)));
        return;
    }
    hold(search, pod);
    struct group *group = group_of(search, pod->key.mesh, pod->pod->gateway_tags);
    VEC_PUSH(&group->pods, pod);
    if (group->group.gateway == NULL)
        report(search, pod, "kuma.io/tags",
               str_format(arena,
                          "no MeshGateway of mesh %.*s has a selector that matches these tags, so "
                          "this pod serves nothing",
                          STR_ARG(pod->key.mesh)));
}

static void derive(const struct search *search, const struct api_object *gateway)
{
    if (gateway->broken || map_get(search->served, api_object_address(&gateway)) != NULL)
        return;
    struct api_tags tags = placement__derive_tags(search->box->arena, gateway);
    if (select_gateways_find(search->gateways, gateway->key.mesh, tags) != gateway)
        return; /* the review of the compiler says who has won */
    (void)group_of(search, gateway->key.mesh, tags); /* made, and left without pods */
}

static int compare_groups(const void *a, const void *b)
{
    return str_compare(((const struct placement_group *)a)->key,
                       ((const struct placement_group *)b)->key);
}

static int compare_pods(const void *a, const void *b)
{
    const struct api_object *left = *(const struct api_object *const *)a;
    const struct api_object *right = *(const struct api_object *const *)b;
    return api_key_compare(&left->key, &right->key);
}

/* Moves the pods of a group into the arena. */
static void settle(struct arena *arena, struct group *group)
{
    size_t count = group->pods.count;
    const struct api_object **pods = ARENA_NEW_ARRAY(arena, const struct api_object *, count);
    for (size_t i = 0; i < count; i++)
        pods[i] = group->pods.items[i];
    if (count > 0)
        qsort(pods, count, sizeof(*pods), compare_pods);
    VEC_FREE(&group->pods);
    group->group.pods = pods;
    group->group.pod_count = count;
}

static void finish(const struct search *search)
{
    struct box *box = search->box;
    size_t count = map_count(search->by_key);
    struct placement_group *items = ARENA_NEW_ARRAY(box->arena, struct placement_group, count);
    struct compile_dataplane *dataplanes = ARENA_NEW_ARRAY(box->arena, struct compile_dataplane,
                                                           count);
    struct map_cursor at = {0};
    for (size_t i = 0; i < count; i++) {
        struct group *group = map_next(search->by_key, &at);
        settle(box->arena, group);
        items[i] = group->group;
    }
    if (count > 0)
        qsort(items, count, sizeof(*items), compare_groups);
    for (size_t i = 0; i < count; i++)
        dataplanes[i] = items[i].dataplane;
    box->groups = (struct placement_groups){items, count, dataplanes};
}

struct placement_groups *placement_groups_new(const struct cache *cache,
                                              const struct placement_group_options *options,
                                              struct finding_list *findings)
{
    struct box *box = MEM_NEW(struct box);
    box->arena = arena_new(1024);
    size_t pod_count;
    size_t count;
    const struct api_object *const *pods = cache_list_all(cache, API_POD, &pod_count);
    const struct api_object *const *gateways = cache_list_all(cache, API_MESH_GATEWAY, &count);
    struct search search = {.cache = cache,
                            .options = options,
                            .findings = findings,
                            .box = box,
                            .by_key = map_new(),
                            .gateways = select_gateways_new(gateways, count),
                            .served = map_new()};
    for (size_t i = 0; i < pod_count; i++)
        place_pod(&search, pods[i]);
    for (size_t i = 0; i < count; i++)
        derive(&search, gateways[i]);
    finish(&search);
    search.gateways = select_gateways_free(search.gateways);
    search.served = map_free(search.served);
    search.by_key = map_free(search.by_key);
    return &box->groups;
}

struct placement_groups *placement_groups_free(struct placement_groups *groups)
{
    if (groups == NULL)
        return NULL;
    struct box *box = CONTAINER_OF(groups, struct box, groups);
    for (size_t i = 0; i < box->objects.count; i++)
        (void)api_object_unref(box->objects.items[i]); /* always NULL */
    VEC_FREE(&box->objects);
    box->arena = arena_free(box->arena);
    return mem_free(box);
}
