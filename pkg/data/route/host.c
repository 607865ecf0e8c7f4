#include "data/route/host.h"

#include <stdatomic.h>

#include "core/base/assert.h"
#include "core/base/map.h"
#include "core/base/mem.h"

#define CHUNK_SIZE ((size_t)4096)

/* A rule with the sums of the weights up to and including each of its back ends. */
struct rule {
    const struct model_rule *model;
    const uint64_t *sums;
};

/* A node of the radix tree over prefixes: the label is what leads from its parent to it. */
struct node {
    struct str label;
    const struct rule *rule; /* the first whose prefix ends here, or NULL */
    unsigned char *first;    /* the first bytes of the children's labels, */
    struct node **children;  /* and the children, in the same order */
    size_t child_count;
    size_t child_capacity;
};

struct route_host {
    const struct model_resource *resource;
    const struct model_resource **routes; /* in the order of the virtual host, with references */
    size_t route_count;
    struct arena *arena;
    struct rule *rules; /* of all routes, in their order */
    size_t rule_count;
    struct map *exact; /* path to the first struct rule with it */
    struct node *prefixes;
    atomic_uint references;
};

static struct node *node_new(struct arena *arena, struct str label)
{
    struct node *node = ARENA_NEW(arena, struct node);
    node->label = label;
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

static void prefix_add(struct arena *arena, struct node *node, struct str prefix,
                       const struct rule *rule)
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
    if (node->rule == NULL)
        node->rule = rule;
}

/* The rule of the longest prefix of `path`, or NULL. */
static const struct rule *prefix_find(const struct node *node, struct str path)
{
    const struct rule *rule = node->rule;
    struct node *const *place = node_child(node, path);
    while (place != NULL && str_starts_with(path, (*place)->label)) {
        node = *place;
        if (node->rule != NULL)
            rule = node->rule;
        path = str_from(path, node->label.size);
        place = node_child(node, path);
    }
    return rule;
}

static const uint64_t *sums_make(struct arena *arena, const struct model_rule *rule)
{
    uint64_t *sums = ARENA_NEW_ARRAY(arena, uint64_t, rule->backend_count);
    uint64_t sum = 0;
    for (size_t i = 0; i < rule->backend_count; i++) {
        sum += rule->backends[i].weight;
        sums[i] = sum;
    }
    return sums;
}

static void rules_collect(struct route_host *host)
{
    for (size_t i = 0; i < host->route_count; i++)
        host->rule_count += host->routes[i]->route->rule_count;
    host->rules = ARENA_NEW_ARRAY(host->arena, struct rule, host->rule_count);
    size_t count = 0;
    for (size_t i = 0; i < host->route_count; i++) {
        const struct model_route *route = host->routes[i]->route;
        for (size_t j = 0; j < route->rule_count; j++) {
            host->rules[count].model = &route->rules[j];
            host->rules[count++].sums = sums_make(host->arena, &route->rules[j]);
        }
    }
}

static void exact_add(struct route_host *host, struct rule *rule)
{
    if (map_get(host->exact, rule->model->path) == NULL)
        (void)map_set(host->exact, rule->model->path, rule); /* looked up above: replaces nothing */
}

/* "/a" is "/a" itself, unless a rule names that exactly, and the bytes "/a/". */
static void whole_segments_add(struct route_host *host, struct rule *rule)
{
    struct str path = rule->model->path;
    if (str_equal(path, STR("/"))) {
        prefix_add(host->arena, host->prefixes, path, rule);
        return;
    }
    exact_add(host, rule);
    prefix_add(host->arena, host->prefixes, str_format(host->arena, "%.*s/", STR_ARG(path)), rule);
}

static void matchers_build(struct route_host *host)
{
    host->exact = map_new();
    host->prefixes = node_new(host->arena, STR_EMPTY);
    for (size_t i = 0; i < host->rule_count; i++) {
        if (host->rules[i].model->path_match == MODEL_PATH_EXACT)
            exact_add(host, &host->rules[i]);
    }
    for (size_t i = 0; i < host->rule_count; i++) {
        if (host->rules[i].model->path_match == MODEL_PATH_PREFIX)
            whole_segments_add(host, &host->rules[i]);
    }
}

struct route_host *route__host_new(const struct model_resource *virtual_host,
                                   const struct model_snapshot *snapshot)
{
    ASSERT(virtual_host->kind == MODEL_VIRTUAL_HOST);
    struct route_host *host = MEM_NEW(struct route_host);
    struct model_names names = virtual_host->virtual_host->routes;
    host->resource = model_resource_ref(virtual_host);
    host->arena = arena_new(CHUNK_SIZE);
    host->routes = ARENA_NEW_ARRAY(host->arena, const struct model_resource *, names.count);
    for (size_t i = 0; i < names.count; i++) {
        const struct model_resource *route = model_snapshot_find(snapshot, MODEL_ROUTE,
                                                                 names.items[i]);
        ASSERT(route != NULL); /* a snapshot has what its resources name */
        host->routes[host->route_count++] = model_resource_ref(route);
    }
    atomic_init(&host->references, 1);
    rules_collect(host);
    matchers_build(host);
    return host;
}

bool route__host_is_current(const struct route_host *host,
                            const struct model_resource *virtual_host,
                            const struct model_snapshot *snapshot)
{
    if (!model_digest_equal(&host->resource->digest, &virtual_host->digest))
        return false;
    for (size_t i = 0; i < host->route_count; i++) {
        const struct model_resource *route = model_snapshot_find(snapshot, MODEL_ROUTE,
                                                                 host->routes[i]->name);
        if (route == NULL || !model_digest_equal(&host->routes[i]->digest, &route->digest))
            return false;
    }
    return true;
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
    for (size_t i = 0; i < host->route_count; i++)
        (void)model_resource_unref(host->routes[i]); /* always NULL */
    host->exact = map_free(host->exact);
    host->arena = arena_free(host->arena);
    host->resource = model_resource_unref(host->resource);
    return mem_free(host);
}

const struct model_virtual_host *route_host_model(const struct route_host *host)
{
    return host->resource->virtual_host;
}

const struct model_rule *route__host_find(const struct route_host *host, struct str path,
                                          size_t *ret_index)
{
    const struct rule *rule = map_get(host->exact, path);
    if (rule == NULL)
        rule = prefix_find(host->prefixes, path);
    if (rule == NULL)
        return NULL;
    *ret_index = (size_t)(rule - host->rules);
    return rule->model;
}

const struct model_backend *route_backend_pick(const struct route_host *host, size_t rule_index,
                                               uint64_t random)
{
    const struct model_rule *rule = host->rules[rule_index].model;
    const uint64_t *sums = host->rules[rule_index].sums;
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
