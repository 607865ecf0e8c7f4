#include "data/route/host.h"

#include <stdatomic.h>

#include "core/base/assert.h"
#include "core/base/map.h"
#include "core/base/mem.h"

#define CHUNK_SIZE ((size_t)4096)
#define NO_RULE    SIZE_MAX

/* A node of the radix tree over prefixes: the label is what leads from its parent to it. */
struct node {
    struct str label;
    size_t rule;            /* the first rule whose prefix ends here, or NO_RULE */
    unsigned char *first;   /* the first bytes of the children's labels, */
    struct node **children; /* and the children, in the same order */
    size_t child_count;
    size_t child_capacity;
};

struct route_host {
    const struct model_resource *resource;
    struct arena *arena;
    struct map *exact; /* path to the first model_rule with it */
    struct node *prefixes;
    uint64_t **sums; /* per rule and back end: the weights up to and including it */
    atomic_uint references;
};

static struct node *node_new(struct arena *arena, struct str label)
{
    struct node *node = ARENA_NEW(arena, struct node);
    node->label = label;
    node->rule = NO_RULE;
    return node;
}

static void node_add(struct arena *arena, struct node *parent, struct node *child)
{
    if (parent->child_count == parent->child_capacity) {
        size_t capacity = parent->child_capacity == 0 ? 2 : parent->child_capacity * 2;
        unsigned char *first = ARENA_NEW_ARRAY(arena, unsigned char, capacity);
        struct node **children = ARENA_NEW_ARRAY(arena, struct node *, capacity);
        for (size_t i = 0; i < parent->child_count; i++) {
            first[i] = parent->first[i];
            children[i] = parent->children[i];
        }
        parent->first = first;
        parent->children = children;
        parent->child_capacity = capacity;
    }
    parent->first[parent->child_count] = (unsigned char)child->label.data[0];
    parent->children[parent->child_count++] = child;
}

/* The place of the child whose label begins like `rest`, or NULL. */
static struct node **node_child(const struct node *node, struct str rest)
{
    if (rest.size == 0 || node->child_count == 0) {
        return NULL;
    }
    const unsigned char *hit = memchr(node->first, rest.data[0], node->child_count);
    return hit == NULL ? NULL : &node->children[hit - node->first];
}

static size_t common_size(struct str a, struct str b)
{
    size_t size = 0;
    while (size < a.size && size < b.size && a.data[size] == b.data[size]) {
        size++;
    }
    return size;
}

/* Splits the node at `place` after `size` bytes of its label and returns the upper half. */
static struct node *node_split(struct arena *arena, struct node **place, size_t size)
{
    struct node *lower = *place;
    struct node *upper = node_new(arena, str_first(lower->label, size));
    lower->label = str_from(lower->label, size);
    node_add(arena, upper, lower);
    *place = upper;
    return upper;
}

static void prefix_add(struct arena *arena, struct node *node, struct str prefix, size_t rule)
{
    while (prefix.size > 0) {
        struct node **place = node_child(node, prefix);
        if (place == NULL) {
            struct node *leaf = node_new(arena, prefix);
            node_add(arena, node, leaf);
            node = leaf;
            break;
        }
        size_t common = common_size((*place)->label, prefix);
        node = common < (*place)->label.size ? node_split(arena, place, common) : *place;
        prefix = str_from(prefix, common);
    }
    node->rule = MIN(node->rule, rule);
}

/* The first rule among all prefixes of `path`. */
static size_t prefix_find(const struct node *node, struct str path)
{
    size_t rule = node->rule;
    struct node *const *place = node_child(node, path);
    while (place != NULL && str_starts_with(path, (*place)->label)) {
        node = *place;
        rule = MIN(rule, node->rule);
        path = str_from(path, node->label.size);
        place = node_child(node, path);
    }
    return rule;
}

static void sums_fill(struct route_host *host, const struct model_virtual_host *model)
{
    host->sums = ARENA_NEW_ARRAY(host->arena, uint64_t *, model->rule_count);
    for (size_t i = 0; i < model->rule_count; i++) {
        const struct model_rule *rule = &model->rules[i];
        host->sums[i] = ARENA_NEW_ARRAY(host->arena, uint64_t, rule->backend_count);
        uint64_t sum = 0;
        for (size_t k = 0; k < rule->backend_count; k++) {
            sum += rule->backends[k].weight;
            host->sums[i][k] = sum;
        }
    }
}

struct route_host *route__host_new(const struct model_resource *virtual_host)
{
    ASSERT(virtual_host->kind == MODEL_VIRTUAL_HOST);
    struct route_host *host = MEM_NEW(struct route_host);
    host->resource = model_resource_ref(virtual_host);
    host->arena = arena_new(CHUNK_SIZE);
    host->exact = map_new();
    host->prefixes = node_new(host->arena, STR_EMPTY);
    atomic_init(&host->references, 1);
    const struct model_virtual_host *model = virtual_host->virtual_host;
    for (size_t i = 0; i < model->rule_count; i++) {
        const struct model_rule *rule = &model->rules[i];
        if (rule->path_match == MODEL_PATH_PREFIX) {
            prefix_add(host->arena, host->prefixes, rule->path, i);
        } else if (map_get(host->exact, rule->path) == NULL) {
            /* A map holds what may change; these rules never do. */
            (void)map_set(host->exact, rule->path, (void *)(uintptr_t)rule);
        }
    }
    sums_fill(host, model);
    return host;
}

struct route_host *route__host_ref(struct route_host *host)
{
    unsigned before = atomic_fetch_add_explicit(&host->references, 1, memory_order_relaxed);
    ASSERT(before > 0);
    return host;
}

struct route_host *route__host_unref(struct route_host *host)
{
    if (host == NULL || atomic_fetch_sub_explicit(&host->references, 1, memory_order_acq_rel) > 1) {
        return NULL;
    }
    host->exact = map_free(host->exact);
    host->arena = arena_free(host->arena);
    host->resource = model_resource_unref(host->resource);
    return mem_free(host);
}

const struct model_resource *route__host_resource(const struct route_host *host)
{
    return host->resource;
}

const struct model_virtual_host *route_host_model(const struct route_host *host)
{
    return host->resource->virtual_host;
}

size_t route__host_find(const struct route_host *host, struct str path)
{
    size_t rule = prefix_find(host->prefixes, path);
    const struct model_rule *exact = map_get(host->exact, path);
    if (exact != NULL) {
        rule = MIN(rule, (size_t)(exact - host->resource->virtual_host->rules));
    }
    return rule;
}

const struct model_backend *route_backend_pick(const struct route_host *host, size_t rule_index,
                                               uint64_t random)
{
    const struct model_rule *rule = &host->resource->virtual_host->rules[rule_index];
    const uint64_t *sums = host->sums[rule_index];
    if (rule->backend_count == 0 || sums[rule->backend_count - 1] == 0) {
        return NULL;
    }
    /* A number below the sum of weights, evenly; then the first back end whose share covers it. */
    uint64_t sum = sums[rule->backend_count - 1];
    uint64_t point = (uint64_t)((unsigned __int128)random * sum >> 64);
    size_t low = 0;
    size_t high = rule->backend_count - 1;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (sums[middle] <= point) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return &rule->backends[low];
}
