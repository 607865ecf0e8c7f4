/* Sets: the clusters of one snapshot, pointing at endpoints that outlive it. */
#include "core/base/arena.h"
#include "core/base/assert.h"
#include "core/base/hash.h"
#include "core/base/mem.h"
#include "data/upstream/parts.h"

#define SET_ARENA_CHUNK ((size_t)4096)

struct upstream_set {
    struct upstream *upstream;
    const struct model_snapshot *snapshot;
    struct arena *arena;
    struct map *by_name;
    struct upstream_cluster *clusters;
    size_t cluster_count;
};

/* Clients by the names of the snapshot's resources. */
struct clients {
    const struct model_resource *const *resources; /* sorted by name */
    struct net_tls_client *const *items;
    size_t count;
};

static struct net_tls_client *client_find(const struct clients *clients, struct str name)
{
    size_t place = model_kind_find(clients->resources, clients->count, name);
    ASSERT(place < clients->count); /* model_snapshot_new has checked the reference */
    return clients->items[place];
}

static void member_add(struct upstream_set *set, const struct clients *clients,
                       struct upstream_cluster *cluster, const struct model_endpoint *endpoint)
{
    struct upstream__identity identity;
    memset(&identity, 0, sizeof(identity));
    if (net_address_make(endpoint->address, endpoint->port, &identity.address) != ERR_OK)
        return; /* staging has refused what is neither; names are resolved by now */
    if (endpoint->tls.size > 0)
        identity.tls = client_find(clients, endpoint->tls);
    cluster->members[cluster->member_count++] = (struct upstream__member){
        upstream__endpoint_hold(set->upstream, &identity), endpoint->hostname};
}

static void cluster_fill(struct upstream_set *set, const struct clients *clients,
                         struct upstream_cluster *cluster, const struct model_cluster *model)
{
    cluster->model = model;
    cluster->balancer = &upstream__round_robin;
    cluster->balancer->init(&cluster->balancer_state, set->upstream->seed ^ hash_str(model->name));
    const struct model_endpoint_set *endpoints =
        model_snapshot_get(set->snapshot, MODEL_ENDPOINT_SET, model->endpoint_set)->endpoint_set;
    cluster->members = ARENA_NEW_ARRAY(set->arena, struct upstream__member,
                                       endpoints->endpoint_count + 1);
    for (size_t i = 0; i < endpoints->endpoint_count; i++)
        member_add(set, clients, cluster, &endpoints->endpoints[i]);
}

struct upstream_set *upstream_set_new(struct upstream *upstream,
                                      const struct model_snapshot *snapshot,
                                      struct net_tls_client *const *clients)
{
    ASSERT(upstream != NULL && snapshot != NULL);
    struct upstream_set *set = MEM_NEW(struct upstream_set);
    set->upstream = upstream;
    set->snapshot = model_snapshot_ref(snapshot);
    set->arena = arena_new(SET_ARENA_CHUNK);
    set->by_name = map_new();
    struct clients known = {.items = clients};
    known.resources = model_snapshot_kind(snapshot, MODEL_UPSTREAM_TLS, &known.count);
    const struct model_resource *const *resources = model_snapshot_kind(snapshot, MODEL_CLUSTER,
                                                                        &set->cluster_count);
    set->clusters = ARENA_NEW_ARRAY(set->arena, struct upstream_cluster, set->cluster_count + 1);
    for (size_t i = 0; i < set->cluster_count; i++) {
        cluster_fill(set, &known, &set->clusters[i], resources[i]->cluster);
        (void)map_set(set->by_name, resources[i]->name, &set->clusters[i]); /* names are unique */
    }
    upstream->counts.sets++;
    return set;
}

struct upstream_set *upstream_set_free(struct upstream_set *set)
{
    if (set == NULL)
        return NULL;
    for (size_t i = 0; i < set->cluster_count; i++)
        for (size_t j = 0; j < set->clusters[i].member_count; j++)
            upstream__endpoint_release(set->clusters[i].members[j].endpoint);
    set->upstream->counts.sets--;
    set->by_name = map_free(set->by_name);
    (void)model_snapshot_unref(set->snapshot); /* always NULL */
    set->arena = arena_free(set->arena);
    return mem_free(set);
}

struct upstream_cluster *upstream_cluster_find(const struct upstream_set *set, struct str name)
{
    return map_get(set->by_name, name);
}

const struct model_cluster *upstream_cluster_model(const struct upstream_cluster *cluster)
{
    return cluster->model;
}

struct upstream_endpoint *upstream_pick(struct upstream_cluster *cluster,
                                        const struct upstream_endpoint *avoid,
                                        struct str *ret_hostname)
{
    if (cluster->member_count == 0)
        return NULL;
    size_t index = cluster->balancer->pick(&cluster->balancer_state, cluster->members,
                                           cluster->member_count, avoid);
    const struct upstream__member *member = &cluster->members[index];
    *ret_hostname = member->hostname;
    return member->endpoint;
}
