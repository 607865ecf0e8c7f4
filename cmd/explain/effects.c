/* What a rule makes of a request: written by core/http as it is for a back end, and read again. */
#include "core/base/assert.h"
#include "core/base/host.h"
#include "explain/parts.h"

#define PPM 1000000U

/* They stand in order of their addresses. */
static void list_names(struct arena *arena, const struct model_endpoint_set *set,
                       struct explain_backend *backend)
{
    struct str *names = ARENA_NEW_ARRAY(arena, struct str, EXPLAIN_NAMES_MAX);
    for (size_t i = 0; i < set->endpoint_count && backend->name_count < EXPLAIN_NAMES_MAX; i++) {
        struct str address = set->endpoints[i].address;
        bool is_again = i > 0 && str_equal(set->endpoints[i - 1].address, address);
        if (!is_again && host_is_name(address))
            names[backend->name_count++] = address;
    }
    backend->names = names;
}

static bool has_tls(const struct model_endpoint_set *set)
{
    for (size_t i = 0; i < set->endpoint_count; i++) {
        if (set->endpoints[i].tls.size > 0)
            return true;
    }
    return false;
}

static struct explain_backend backend_of(struct arena *arena, const struct model_snapshot *snapshot,
                                         struct str name)
{
    const struct model_resource *cluster = model_snapshot_get(snapshot, MODEL_CLUSTER, name);
    const struct model_resource *set = model_snapshot_get(snapshot, MODEL_ENDPOINT_SET,
                                                          cluster->cluster->endpoint_set);
    size_t endpoints = set->endpoint_set->endpoint_count;
    struct explain_backend backend = {
        .service = cluster->cluster->service,
        .cluster = name,
        .endpoints = endpoints,
        .has_tls = has_tls(set->endpoint_set),
        .status = endpoints == 0 ? 503 : 0,
    };
    list_names(arena, set->endpoint_set, &backend);
    return backend;
}

static void list_backends(struct arena *arena, struct explain_answer *answer)
{
    const struct model_rule *rule = answer->rule;
    struct explain_backend *backends = ARENA_NEW_ARRAY(arena, struct explain_backend,
                                                       rule->backend_count);
    uint64_t sum = 0;
    for (size_t i = 0; i < rule->backend_count; i++)
        sum += rule->backends[i].weight;
    for (size_t i = 0; i < rule->backend_count; i++) {
        const struct model_backend *from = &rule->backends[i];
        if (from->cluster.size > 0)
            backends[i] = backend_of(arena, answer->place->snapshot, from->cluster);
        else
            backends[i].status = from->status;
        backends[i].ppm = sum == 0 ? 0 : (uint32_t)(from->weight * (uint64_t)PPM / sum);
    }
    answer->backends = backends;
    answer->backend_count = rule->backend_count;
    if (rule->mirror.cluster.size == 0)
        return;
    answer->mirror = backend_of(arena, answer->place->snapshot, rule->mirror.cluster);
    answer->mirror.ppm = rule->mirror.ppm;
}

static void forward(struct arena *arena, struct explain_answer *answer)
{
    const struct http_request *head = &answer->request->head;
    struct http_request_plan plan = route_plan(arena, answer->rule, answer->path);
    char *area = arena_alloc(arena, http_request_write_max(head, &plan), 1);
    struct str sent = str_make(area, http_request_write(head, &plan, area));
    (void)str_cut(&sent, ' '); /* the method */
    answer->target = str_cut(&sent, ' ');
    answer->authority = plan.authority.size > 0 ? plan.authority : head->authority;
    answer->request_edits = plan.edits;
    list_backends(arena, answer);
}

void explain__run_rule(struct arena *arena, struct explain_answer *answer)
{
    const struct model_rule *rule = answer->rule;
    const struct route_place place = {answer->request->head.host, answer->path};
    answer->response_edits = route_edits(arena, &rule->response_headers);
    switch (rule->action) {
    case MODEL_FORWARD: forward(arena, answer); return;
    case MODEL_REDIRECT:
        answer->location = route_redirect(arena, answer->listener, rule, place).location;
        return;
    case MODEL_RESPOND: return;
    }
    UNREACHABLE();
}
