/* Which MeshGateway a dataplane is bound to, for many dataplanes.
 *
 * Gateways with an equal selector are peers, of which one wins for every dataplane that the
 * selector matches. Peers lie in one bucket: that of a tag of their selector. Whoever that
 * matches has that tag, so a dataplane looks into the buckets of its own tags and nowhere else. */
#include "control/select/select.h"
#include "core/base/map.h"
#include "core/base/mem.h"
#include "core/base/vec.h"

/* As many questions are cheaper asked of every gateway than an index is made. */
#define QUESTIONS_WITHOUT_INDEX 4

#define CHUNK_SIZE ((size_t)4 * 1024)
#define KEY_MAX    (SIZE_MAX / 4) /* what it is made of was bounded when manifests were decoded */

struct peers {
    struct api_tags selector;
    struct select_rank rank;
    const struct api_object *winner;
};

struct bucket {
    VEC(struct peers *) items;
};

struct select_gateways {
    const struct api_object *const *gateways;
    size_t count;
    size_t questions;
    struct arena *arena; /* NULL: there is no index yet */
    struct map *peers;   /* by mesh and selector */
    struct map *buckets; /* by mesh and tag; their vectors are freed at the end */
    struct buf key;
};

struct select_gateways *select_gateways_new(const struct api_object *const *gateways, size_t count)
{
    struct select_gateways *index = MEM_NEW(struct select_gateways);
    index->gateways = gateways;
    index->count = count;
    buf_init(&index->key, KEY_MAX);
    return index;
}

static void buckets_free(struct map *buckets)
{
    struct map_cursor at = {0};
    struct bucket *bucket;
    while ((bucket = map_next(buckets, &at)) != NULL)
        VEC_FREE(&bucket->items);
    (void)map_free(buckets); /* always NULL */
}

struct select_gateways *select_gateways_free(struct select_gateways *index)
{
    if (index == NULL)
        return NULL;
    if (index->arena != NULL) {
        buckets_free(index->buckets);
        index->peers = map_free(index->peers);
        index->arena = arena_free(index->arena);
    }
    buf_deinit(&index->key);
    return mem_free(index);
}

/* ---- Making the index ---- */

/* No name, value or mesh holds a NUL, so it separates them. */
static void append_part(struct buf *key, struct str part)
{
    buf_append(key, part);
    buf_append_char(key, '\0');
}

static struct str peers_key(struct select_gateways *index, struct str mesh,
                            struct api_tags selector)
{
    buf_clear(&index->key);
    append_part(&index->key, mesh);
    for (size_t i = 0; i < selector.count; i++) {
        append_part(&index->key, selector.items[i].name);
        append_part(&index->key, selector.items[i].value);
    }
    return buf_str(&index->key);
}

/* Where the peers are whose selector has a tag of that name and value, or only a mesh. */
static struct bucket *bucket_of(struct select_gateways *index, struct str mesh, struct str name,
                                struct str value)
{
    return map_get(index->buckets, select_tag_key(&index->key, mesh, name, value));
}

static struct bucket *make_bucket(struct select_gateways *index, struct str mesh, struct str name,
                                  struct str value)
{
    struct bucket *bucket = bucket_of(index, mesh, name, value);
    if (bucket != NULL)
        return bucket;
    bucket = ARENA_NEW(index->arena, struct bucket);
    (void)map_set(index->buckets, buf_str(&index->key), bucket); /* there was none */
    return bucket;
}

/* The emptiest of the buckets that the selector may lie in. */
static struct bucket *choose_bucket(struct select_gateways *index, struct str mesh,
                                    struct api_tags selector)
{
    struct bucket *best = NULL;
    for (size_t i = 0; i < selector.count; i++) {
        struct bucket *bucket = make_bucket(index, mesh, selector.items[i].name,
                                            selector.items[i].value);
        if (best == NULL || bucket->items.count < best->items.count)
            best = bucket;
    }
    return best != NULL ? best : make_bucket(index, mesh, STR_EMPTY, STR_EMPTY);
}

static void add_selector(struct select_gateways *index, const struct api_object *gateway,
                         struct api_tags selector)
{
    struct peers *peers = map_get(index->peers, peers_key(index, gateway->key.mesh, selector));
    if (peers == NULL) {
        peers = ARENA_NEW(index->arena, struct peers);
        *peers = (struct peers){selector, select_rank_of(selector), gateway};
        (void)map_set(index->peers, buf_str(&index->key), peers); /* there was none */
        VEC_PUSH(&choose_bucket(index, gateway->key.mesh, selector)->items, peers);
    } else if (gateway->creation_time_ms > peers->winner->creation_time_ms) {
        peers->winner = gateway; /* of those as new the first by name stays */
    }
}

static void make_index(struct select_gateways *index)
{
    index->arena = arena_new(CHUNK_SIZE);
    index->peers = map_new();
    index->buckets = map_new();
    for (size_t i = 0; i < index->count; i++) {
        const struct api_object *gateway = index->gateways[i];
        for (size_t j = 0; !gateway->broken && j < gateway->mesh_gateway->selectors.count; j++)
            add_selector(index, gateway, gateway->mesh_gateway->selectors.items[j].match);
    }
}

/* ---- Asking ---- */

/* Whether `a` comes before `b`, which is NULL or another. */
static bool is_before(const struct peers *a, const struct peers *b)
{
    if (b == NULL)
        return true;
    int order = select_rank_compare(a->rank, b->rank);
    if (order != 0)
        return order > 0;
    if (a->winner->creation_time_ms != b->winner->creation_time_ms)
        return a->winner->creation_time_ms > b->winner->creation_time_ms;
    return api_key_compare(&a->winner->key, &b->winner->key) < 0;
}

static const struct peers *best_of(const struct bucket *bucket, struct api_tags tags,
                                   const struct peers *best)
{
    for (size_t i = 0; bucket != NULL && i < bucket->items.count; i++) {
        const struct peers *peers = bucket->items.items[i];
        if (is_before(peers, best) && select_match(peers->selector, tags))
            best = peers;
    }
    return best;
}

static const struct api_object *ask_index(struct select_gateways *index, struct str mesh,
                                          struct api_tags tags)
{
    const struct peers *best = best_of(bucket_of(index, mesh, STR_EMPTY, STR_EMPTY), tags, NULL);
    for (size_t i = 0; i < tags.count; i++) {
        const struct api_tag *tag = &tags.items[i];
        best = best_of(bucket_of(index, mesh, tag->name, tag->value), tags, best);
        best = best_of(bucket_of(index, mesh, tag->name, STR("*")), tags, best);
    }
    return best == NULL ? NULL : best->winner;
}

static const struct api_object *ask_everyone(const struct select_gateways *index, struct str mesh,
                                             struct api_tags tags)
{
    size_t first = 0;
    if (index->count == 0)
        return NULL; /* and no array */
    while (first < index->count && !str_equal(index->gateways[first]->key.mesh, mesh))
        first++;
    size_t end = first;
    while (end < index->count && str_equal(index->gateways[end]->key.mesh, mesh))
        end++;
    return select_gateway(index->gateways + first, end - first, tags);
}

const struct api_object *select_gateways_find(struct select_gateways *index, struct str mesh,
                                              struct api_tags tags)
{
    if (index->questions < QUESTIONS_WITHOUT_INDEX) {
        index->questions++;
        return ask_everyone(index, mesh, tags);
    }
    if (index->arena == NULL)
        make_index(index);
    return ask_index(index, mesh, tags);
}
