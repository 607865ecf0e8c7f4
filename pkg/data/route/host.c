#include "data/route/host.h"

#include "core/base/assert.h"
#include "core/base/mem.h"

#define CHUNK_SIZE ((size_t)4096)

static void routes_take(struct route_host *host, const struct model_snapshot *snapshot)
{
    struct model_names names = host->resource->virtual_host->routes;
    host->routes = ARENA_NEW_ARRAY(host->arena, const struct model_resource *, names.count);
    for (size_t i = 0; i < names.count; i++) {
        const struct model_resource *route = model_snapshot_get(snapshot, MODEL_ROUTE,
                                                                names.items[i]);
        host->routes[host->route_count++] = model_resource_ref(route);
    }
}

enum err route__host_new(const struct model_resource *virtual_host,
                         const struct model_snapshot *snapshot, const struct route_host *previous,
                         struct route_host **ret_host, struct err_info *reterr)
{
    ASSERT(virtual_host->kind == MODEL_VIRTUAL_HOST);
    struct route_host *host = MEM_NEW(struct route_host);
    host->resource = model_resource_ref(virtual_host);
    host->arena = arena_new(CHUNK_SIZE);
    host->exact = map_new();
    host->prefixes = route__tree_new(host->arena);
    host->regexes = map_new();
    route__questions_init(&host->questions);
    atomic_init(&host->references, 1);
    routes_take(host, snapshot);
    enum err code = route__host_build(host, previous, reterr);
    if (code != ERR_OK) {
        (void)route__host_unref(host); /* always NULL */
        return code;
    }
    *ret_host = host;
    return ERR_OK;
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

static void regexes_release(struct route_host *host)
{
    struct map_cursor at = {0};
    for (struct regex *regex = map_next(host->regexes, &at); regex != NULL;
         regex = map_next(host->regexes, &at))
        (void)regex_unref(regex); /* always NULL */
    host->regexes = map_free(host->regexes);
}

struct route_host *route__host_unref(struct route_host *host)
{
    if (host == NULL || atomic_fetch_sub_explicit(&host->references, 1, memory_order_acq_rel) > 1) {
        return NULL;
    }
    for (size_t i = 0; i < host->route_count; i++)
        (void)model_resource_unref(host->routes[i]); /* always NULL */
    host->exact = map_free(host->exact);
    regexes_release(host);
    route__questions_deinit(&host->questions);
    host->arena = arena_free(host->arena);
    host->resource = model_resource_unref(host->resource);
    return mem_free(host);
}

const struct model_virtual_host *route_host_model(const struct route_host *host)
{
    return host->resource->virtual_host;
}

const struct route__entry *route__host_first(const struct route_host *host, struct str path)
{
    const struct route__entry *first = map_get(host->exact, path);
    return first != NULL ? first : route__tree_find(host->prefixes, path);
}

struct route__view route__view_of(const struct route_host *host,
                                  const struct route_request *request, enum model_protocol protocol)
{
    return (struct route__view){
        .request = request,
        .questions = &host->questions,
        .protocol = protocol,
        .budget = {.bytes = REGEX_BUDGET},
    };
}

const struct route__rule *route__host_find(const struct route_host *host,
                                           const struct route_request *request,
                                           enum model_protocol protocol)
{
    struct route__view view = route__view_of(host, request, protocol);
    const struct route__check *check = NULL;
    const struct route__entry *entry = route__host_first(host, request->path);
    for (; entry != NULL; entry = entry->next) {
        bool is_sure = entry->rule->is_plain && !view.budget.is_spent;
        if (is_sure || route__judge(entry->rule, &view, &check) == ROUTE_TAKES)
            return entry->rule;
    }
    return NULL;
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
