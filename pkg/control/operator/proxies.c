#include "control/operator/proxies.h"

#include "core/base/vec.h"

#define CHUNK_SIZE ((size_t)4096)

void operator__proxies_init(struct operator__proxies *proxies)
{
    *proxies = (struct operator__proxies){
        .arena = arena_new(CHUNK_SIZE),
        .by_uid = map_new(),
        .in_slice = map_new(),
    };
}

void operator__proxies_deinit(struct operator__proxies *proxies)
{
    proxies->by_uid = map_free(proxies->by_uid);
    proxies->in_slice = map_free(proxies->in_slice);
    proxies->arena = arena_free(proxies->arena);
}

/* ---- The update ---- */

/* Several slices may name a pod: those of each Service, and of each address family. */
static void index_slice(struct operator__proxies *proxies, const struct api_object *object)
{
    const struct api_endpoint_slice *slice = object->endpoint_slice;
    for (size_t i = 0; i < slice->endpoint_count; i++) {
        const struct api_endpoint *endpoint = &slice->endpoints[i];
        if (endpoint->pod.size == 0)
            continue;
        struct str name = str_format(proxies->arena, "%.*s.%.*s", STR_ARG(endpoint->pod),
                                     STR_ARG(object->namespace));
        bool *takes_requests = map_get(proxies->in_slice, name);
        if (takes_requests == NULL) {
            takes_requests = ARENA_NEW(proxies->arena, bool);
            (void)map_set(proxies->in_slice, name, takes_requests); /* it was not there */
        }
        *takes_requests = *takes_requests || endpoint->is_ready;
    }
}

static void index_slices(struct operator__proxies *proxies, const struct cache *cache)
{
    size_t count;
    const struct api_object *const *slices = cache_list_all(cache, API_ENDPOINT_SLICE, &count);
    proxies->in_slice = map_free(proxies->in_slice);
    proxies->in_slice = map_new();
    for (size_t i = 0; i < count; i++)
        index_slice(proxies, slices[i]);
}

static void index_pods(struct operator__proxies *proxies, const struct placement_groups *placement)
{
    for (size_t i = 0; i < placement->count; i++) {
        const struct placement_group *group = &placement->items[i];
        for (size_t j = 0; j < group->pod_count; j++) {
            struct operator__place *place = ARENA_NEW(proxies->arena, struct operator__place);
            place->group = group;
            (void)map_set(proxies->by_uid, group->pods[j]->uid, place); /* a uid is of one pod */
        }
    }
}

/* Tells what became of the pods of `before`. */
static void tell(const struct operator__proxies *proxies, const struct map *before,
                 const struct operator__pod_events *events)
{
    struct map_cursor at = {0};
    while (map_next(before, &at) != NULL) {
        const struct operator__place *place = map_get(proxies->by_uid, at.key);
        if (place == NULL)
            events->gone(events->arg, at.key);
        else
            events->moved(events->arg, at.key, place->group->key);
    }
}

void operator__proxies_update(struct operator__proxies *proxies, const struct cache *cache,
                              const struct placement_groups *placement,
                              const struct operator__pod_events *events)
{
    struct map *before = TAKE(proxies->by_uid); /* its values are of the former placement */
    proxies->by_uid = map_new();
    arena_clear(proxies->arena);
    index_pods(proxies, placement);
    index_slices(proxies, cache);
    tell(proxies, before, events);
    before = map_free(before);
}

/* ---- Who may have what ---- */

/* The pod of that name, of whatever mesh it says it is. */
static const struct api_object *find_pod(const struct cache *cache,
                                         const struct stream_identity *identity)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(CHUNK_SIZE);
    struct str name = str_format(arena, "%.*s.%.*s", STR_ARG(identity->pod),
                                 STR_ARG(identity->namespace));
    size_t count;
    const struct api_object *const *pods = cache_list_all(cache, API_POD, &count);
    for (size_t i = 0; i < count; i++) {
        if (str_equal(pods[i]->key.name, name))
            return pods[i];
    }
    return NULL;
}

struct str operator__proxies_group_of(const struct operator__proxies *proxies,
                                      const struct cache *cache,
                                      const struct stream_identity *identity,
                                      struct err_info *reterr)
{
    const struct operator__place *place = map_get(proxies->by_uid, identity->uid);
    const struct api_object *pod = find_pod(cache, identity);
    enum err err = ERR_OK;
    if (pod == NULL)
        err = err_set(reterr, ERR_NOT_FOUND, "there is no such pod");
    else if (!str_equal(pod->uid, identity->uid))
        err = err_set(reterr, ERR_GONE, "the token is of a pod of that name that is no more");
    else if (place == NULL)
        err = err_set(reterr, ERR_UNAUTHORISED,
                      "the pod is no gateway: it needs the annotation kuma.io/gateway: builtin, "
                      "and kuma.io/tags, in a namespace whose pods may be gateways");
    return err == ERR_OK ? place->group->key : STR_EMPTY;
}

/* ---- What they serve ---- */

struct judge {
    const struct operator__proxies *proxies;
    const struct operator__groups *groups;
    operator__pod_find_fn find;
    void *find_arg;
    struct arena *arena;
    VEC(struct status_proxy) states;
    VEC(const struct model_snapshot *) snapshots;
    bool has_strangers;
};

static bool takes_traffic(const struct judge *judge, const struct api_object *pod,
                          const struct stream_pod *known)
{
    const bool *in_slice = map_get(judge->proxies->in_slice, pod->key.name);
    if (pod->pod->is_terminating)
        return false;
    return in_slice != NULL ? *in_slice : known->had || known->status.acknowledged != NULL;
}

/* Who refuses the first configuration is never ready, and has the most to say. */
static bool refuses(const struct api_object *pod, const struct stream_pod *known)
{
    return !pod->pod->is_terminating && known->connected && known->status.state == PUBLISH_REFUSED;
}

/* Of one that was never connected: whether nothing at all is known of it. */
static bool is_stranger(const struct judge *judge, const struct api_object *pod)
{
    return !pod->pod->is_terminating && map_get(judge->proxies->in_slice, pod->key.name) == NULL;
}

static bool is_current(const struct operator__group *group, const struct model_snapshot *snapshot)
{
    return operator__group_is_current(group, &snapshot->digest);
}

/* What is under way has to be current as well: a change that was taken back may still arrive. */
static enum status_proxy_state state_of(const struct operator__group *group,
                                        const struct stream_pod *pod)
{
    const struct publish_status *status = &pod->status;
    if (!pod->connected)
        return STATUS_PROXY_WAITING;
    if (status->state == PUBLISH_REFUSED)
        return STATUS_PROXY_REFUSED;
    bool serves = status->acknowledged != NULL && is_current(group, status->acknowledged) &&
                  (status->sent == NULL || is_current(group, status->sent));
    return serves ? STATUS_PROXY_SERVES : STATUS_PROXY_WAITING;
}

static void note_snapshot(struct judge *judge, const struct model_snapshot *snapshot)
{
    for (size_t i = 0; i < judge->snapshots.count; i++) {
        if (model_digest_equal(&judge->snapshots.items[i]->digest, &snapshot->digest))
            return;
    }
    VEC_PUSH(&judge->snapshots, snapshot);
}

static void judge_pod(struct judge *judge, const struct operator__group *group,
                      const struct api_object *pod)
{
    struct stream_pod known = {0};
    bool was_here = judge->find(judge->find_arg, pod->uid, &known);
    if (!was_here && is_stranger(judge, pod))
        judge->has_strangers = true;
    if (!takes_traffic(judge, pod, &known) && !refuses(pod, &known))
        return;
    struct status_proxy proxy = {
        .name = str_format(
            judge->arena, "%.*s/%.*s", STR_ARG(pod->namespace),
            STR_ARG(str_first(pod->key.name, pod->key.name.size - pod->namespace.size - 1))),
        .state = STATUS_PROXY_WAITING,
    };
    if (was_here)
        proxy.state = state_of(group, &known);
    if (proxy.state == STATUS_PROXY_REFUSED) {
        proxy.resource = str_dup(judge->arena, known.status.refused_resource);
        proxy.reason = str_dup(judge->arena, known.status.refused_reason);
    }
    if (known.status.acknowledged != NULL)
        note_snapshot(judge, known.status.acknowledged);
    VEC_PUSH(&judge->states, proxy);
}

static struct operator__verdict finish(struct judge *judge)
{
    struct operator__verdict verdict = {
        .programmed = status_judge(judge->arena, judge->states.items, judge->states.count),
        .snapshot_count = judge->snapshots.count,
        .has_strangers = judge->has_strangers,
    };
    const struct model_snapshot **snapshots = ARENA_NEW_ARRAY(
        judge->arena, const struct model_snapshot *, judge->snapshots.count);
    for (size_t i = 0; i < judge->snapshots.count; i++)
        snapshots[i] = judge->snapshots.items[i];
    verdict.snapshots = snapshots;
    VEC_FREE(&judge->states);
    VEC_FREE(&judge->snapshots);
    return verdict;
}

struct operator__verdict operator__proxies_judge(const struct operator__proxies *proxies,
                                                 const struct operator__groups *groups,
                                                 const struct api_object *gateway,
                                                 operator__pod_find_fn find, void *find_arg,
                                                 struct arena *arena)
{
    struct judge judge = {proxies, groups, find, find_arg, arena, {0}, {0}, false};
    for (size_t i = 0; i < groups->placement->count; i++) {
        const struct placement_group *placed = &groups->placement->items[i];
        if (placed->gateway != gateway)
            continue;
        const struct operator__group *group = operator__groups_find(groups, placed->key);
        for (size_t j = 0; j < placed->pod_count; j++)
            judge_pod(&judge, group, placed->pods[j]);
    }
    return finish(&judge);
}
