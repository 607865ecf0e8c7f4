/* The second half: who answers for the destinations of a draft. */
#include "control/compile/draft.h"
#include "control/compile/spec.h"
#include "control/compile/stages.h"
#include "core/base/assert.h"

#define CHUNK_SIZE ((size_t)4 * 1024)

struct box {
    struct compile_result result;
    const struct compile_draft *draft;
    struct finding_list *findings;
    struct arena *arena;
};

/* One run. */
struct half {
    struct box *box;
    const struct compile_draft *draft;
    const struct discovery *discovery;
    struct compile_memory *memory;
    struct arena *scratch;                    /* of one question */
    VEC(const struct model_resource *) fresh; /* endpoint sets; borrowed from their sets */
    struct compile_route_report *routes;      /* NULL: as the draft has them */
    bool has_tls;                             /* of sets that were asked for, or were before */
};

/* ---- Sets ---- */

static bool says_the_same(const struct model_endpoint_set *set,
                          const struct discovery_answer *answer)
{
    bool same = set->endpoint_count == answer->count;
    for (size_t i = 0; same && i < answer->count; i++)
        same = str_equal(set->endpoints[i].address, answer->endpoints[i].address) &&
               set->endpoints[i].port == answer->endpoints[i].port &&
               str_equal(set->endpoints[i].hostname, answer->endpoints[i].hostname) &&
               str_equal(set->endpoints[i].tls, answer->endpoints[i].tls);
    return same;
}

static bool has_host_name(const struct discovery_answer *answer)
{
    for (size_t i = 0; i < answer->count; i++) {
        if (answer->endpoints[i].hostname.size > 0)
            return true;
    }
    return false;
}

static void set_resource(struct half *half, struct compile__set *set,
                         const struct discovery_answer *answer)
{
    if (set->resource != NULL && says_the_same(set->resource->endpoint_set, answer))
        return;
    set->resource = model_resource_unref(set->resource);
    set->resource = model_endpoint_set_new(&(struct model_endpoint_set){
        .name = set->name,
        .endpoints = answer->endpoints,
        .endpoint_count = answer->count,
    });
    VEC_PUSH(&half->fresh, set->resource);
}

static size_t tls_size(size_t count)
{
    return sizeof(struct compile__set_tls) + count * sizeof(struct compile__upstream_tls *);
}

/* Endpoints that TLS cannot be spoken to are none. */
static void drop(struct half *half, struct discovery_answer *answer, struct str tls)
{
    struct model_endpoint *kept = ARENA_NEW_ARRAY(half->scratch, struct model_endpoint,
                                                  answer->count);
    size_t count = 0;
    for (size_t i = 0; i < answer->count; i++) {
        if (!str_equal(answer->endpoints[i].tls, tls))
            kept[count++] = answer->endpoints[i];
    }
    answer->endpoints = kept;
    answer->count = count;
}

/* In the arena of the question; NULL: none is spoken. */
static struct compile__set_tls *resolve_tls(struct half *half, struct discovery_answer *answer)
{
    if (answer->external_count == 0)
        return NULL;
    const struct cache *cache = discovery_cache(half->discovery);
    struct compile__set_tls *tls = arena_alloc(half->scratch, 1, tls_size(answer->external_count));
    for (size_t i = 0; i < answer->external_count; i++) {
        const struct discovery_external *external = &answer->externals[i];
        struct compile__upstream_tls *found = compile__upstream_tls_of(
            half->memory, cache, external, half->draft->lacks_secrets);
        if (found->resource != NULL) {
            tls->items[tls->count++] = found;
            continue;
        }
        drop(half, answer, external->name);
        if (tls->condition.size > 0 || found->fault.size == 0)
            continue;
        tls->condition = found->reason;
        answer->reason = str_format(half->scratch, "%.*s: %.*s", STR_ARG(external->title),
                                    STR_ARG(found->fault));
    }
    if (answer->count > 0)
        return tls;
    answer->state = DISCOVERY_UNUSABLE;
    tls->is_elsewhere = tls->condition.size == 0;
    return tls;
}

/* Most sets have none of these. */
static void set_texts(struct compile__set *set, const struct discovery_answer *answer,
                      const struct compile__set_tls *tls)
{
    set->arena = arena_free(set->arena);
    set->reason = STR_EMPTY;
    set->protocol = STR_EMPTY;
    set->tls = NULL;
    size_t size = tls == NULL ? 0 : tls_size(tls->count);
    if (answer->reason.size + answer->protocol.size + size == 0)
        return;
    set->arena = arena_new(answer->reason.size + answer->protocol.size + size + 2);
    if (tls != NULL) {
        set->tls = arena_alloc(set->arena, 1, size);
        memcpy(set->tls, tls, size);
    }
    set->reason = str_dup(set->arena, answer->reason);
    set->protocol = str_dup(set->arena, answer->protocol);
}

/* What a need leads to. An answer is remembered while it cannot be another, but for those with TLS,
 * which Secrets have a part in. */
static void ask(struct half *half, const struct compile__need *need)
{
    struct compile__set *set = need->set;
    struct discovery_answer answer;
    if (need->reference != NULL)
        discovery_resolve_reference(half->discovery, half->scratch, need->mesh, need->reference,
                                    &answer);
    else
        discovery_resolve(half->discovery, half->scratch, need->mesh, need->destination, &answer);
    half->memory->counts.endpoints++;
    struct compile__set_tls *tls = resolve_tls(half, &answer);
    half->has_tls = half->has_tls || tls != NULL || set->tls != NULL;
    set->serial = tls == NULL ? discovery_serial(half->discovery) : 0;
    set->place = need->reference != NULL ? DISCOVERY_ANYWHERE : discovery_place(need->destination);
    set->state = answer.state;
    set->has_host_name = has_host_name(&answer);
    set_texts(set, &answer, tls);
    if (need->has_cluster)
        set_resource(half, set, &answer);
    else
        set->resource = model_resource_unref(set->resource); /* of a former answer */
    arena_clear(half->scratch);
}

static bool speaks_http2(const struct compile__set *set)
{
    return str_equal(set->protocol, STR("http2")) || str_equal(set->protocol, STR("grpc"));
}

static struct compile__asked asked_of(const struct compile__set *set)
{
    bool is_quiet = set->state == DISCOVERY_FOUND && !speaks_http2(set);
    return (struct compile__asked){set->serial, set->place, is_quiet};
}

/* Of another draft than the last. */
static void ask_anew(struct half *half)
{
    const struct compile_draft *draft = half->draft;
    VEC_CLEAR(&half->memory->asked);
    for (size_t i = 0; i < draft->needs.count; i++) {
        const struct compile__need *need = &draft->needs.items[i];
        if (discovery_has_changed(half->discovery, need->set->serial, need->set->place) ||
            (need->set->resource == NULL && need->has_cluster))
            ask(half, need);
        VEC_PUSH(&half->memory->asked, asked_of(need->set));
    }
}

/* Of the same draft: what was noted is looked through, and no set that is as it was. */
static void ask_again(struct half *half)
{
    const struct compile_draft *draft = half->draft;
    for (size_t i = 0; i < draft->needs.count; i++) {
        struct compile__asked *asked = &half->memory->asked.items[i];
        if (!discovery_has_changed(half->discovery, asked->serial, asked->place))
            continue;
        ask(half, &draft->needs.items[i]);
        *asked = asked_of(draft->needs.items[i].set);
    }
}

/* ---- What it means for routes ---- */

static struct str reason_of(enum discovery_state state)
{
    switch (state) {
    case DISCOVERY_FOUND:
    case DISCOVERY_UNREADY: return STR_EMPTY; /* the reference is right */
    case DISCOVERY_NO_MATCH:
    case DISCOVERY_UNKNOWN: return STR("BackendNotFound");
    case DISCOVERY_UNUSABLE: return STR("InvalidKind");
    }
    UNREACHABLE();
}

/* The draft's arrays are shared until something differs. */
static struct compile_route_report *own_routes(struct half *half)
{
    const struct compile_report *report = &half->draft->report;
    if (half->routes != NULL)
        return half->routes;
    half->routes = ARENA_NEW_ARRAY(half->box->arena, struct compile_route_report,
                                   report->route_count);
    memcpy(half->routes, report->routes, report->route_count * sizeof(*half->routes));
    return half->routes;
}

static void deny_route(struct half *half, size_t index, struct str reason, struct str text)
{
    struct compile_route_report *route = &own_routes(half)[index];
    struct compile_parent_report *parents = ARENA_NEW_ARRAY(
        half->box->arena, struct compile_parent_report, route->parent_count);
    for (size_t i = 0; i < route->parent_count; i++) {
        parents[i] = route->parents[i];
        compile__deny(&parents[i].resolved_refs, reason, text);
    }
    route->parents = parents;
    compile__deny(&route->resolved_refs, reason, text);
}

/* Where the route names the destination. */
static struct str place_of(struct half *half, const struct compile__use *use,
                           struct finding_mark *ret_mark)
{
    const struct compile__plan_backend *backend =
        &use->plan->rules[use->rule].destinations[use->destination];
    const struct compile__spec spec = compile__spec_of(use->plan->route, use->rule);
    struct str inner = compile__spec_inner(half->box->arena, &spec);
    *ret_mark = backend->is_mirror ? spec.filters[backend->index].mark
                                   : compile__spec_mark(&spec, backend->index);
    return str_format(half->box->arena, "%.*s.%s[%zu]%s", STR_ARG(inner),
                      backend->is_mirror ? "filters" : spec.words->backends, backend->index,
                      backend->is_mirror ? spec.words->mirror_backend : spec.words->destination);
}

static const char *consequence(const struct compile__use *use,
                               const struct compile__plan_backend *backend,
                               enum discovery_state state)
{
    if (backend->is_mirror)
        return "nothing is mirrored";
    if (compile__is_tcp(use->plan->route))
        return "connections to it are closed";
    return backend->reference != NULL && state == DISCOVERY_UNKNOWN ? "requests to it get 500"
                                                                    : "requests to it get 503";
}

static void report_use(struct half *half, const struct compile__use *use,
                       const struct compile__set *set)
{
    const struct api_object *route = use->plan->route;
    const struct compile__plan_backend *backend =
        &use->plan->rules[use->rule].destinations[use->destination];
    struct finding_subject subject = api_subject(route);
    struct finding_mark mark;
    struct str field = place_of(half, use, &mark);
    struct str message = str_format(half->box->arena, "service \"%.*s\" has no endpoints: %.*s; %s",
                                    STR_ARG(backend->service), STR_ARG(set->reason),
                                    consequence(use, backend, set->state));
    finding_add(half->box->findings, FINDING_WARNING, &subject, mark, field, "%.*s",
                STR_ARG(message));
    struct str reason = reason_of(set->state);
    if (set->tls != NULL && set->tls->condition.size > 0)
        reason = str_dup(half->box->arena, set->tls->condition);
    const struct compile_route_report *routes = half->routes != NULL ? half->routes
                                                                     : half->draft->report.routes;
    if (reason.size > 0 && routes[use->route].resolved_refs.ok)
        deny_route(half, use->route, reason,
                   str_format(half->box->arena, "%.*s: %.*s", STR_ARG(field), STR_ARG(message)));
}

/* The host is to be that of the endpoint, and no endpoint has one. */
static void report_host(struct half *half, const struct compile__use *use,
                        const struct compile__set *set)
{
    const struct api_object *route = use->plan->route;
    const struct compile__plan_rule *rule = &use->plan->rules[use->rule];
    const struct compile__plan_backend *backend = &rule->destinations[use->destination];
    if (set->has_host_name)
        return;
    const struct compile__spec spec = compile__spec_of(route, use->rule);
    size_t filter = spec.filter_count - 1;
    while (spec.filters[filter].type != API_FILTER_REWRITE) /* the last counts, and there is one */
        filter--;
    struct finding_subject subject = api_subject(route);
    finding_add(half->box->findings, FINDING_WARNING, &subject, spec.filters[filter].mark,
                str_format(half->box->arena, "%.*s.filters[%zu]%s",
                           STR_ARG(compile__spec_inner(half->box->arena, &spec)), filter,
                           spec.words->rewrite_to_backend),
                "has no effect for service \"%.*s\": no endpoint of it has a host name, so Host "
                "stays as it is",
                STR_ARG(backend->service));
}

/* HTTP/1.1 is spoken to all back ends. */
static void report_protocol(struct half *half, const struct compile__use *use,
                            const struct compile__set *set)
{
    if (!speaks_http2(set))
        return;
    if (compile__is_tcp(use->plan->route))
        return; /* bytes go to it as they are */
    struct finding_subject subject = api_subject(use->plan->route);
    struct finding_mark mark;
    struct str field = place_of(half, use, &mark);
    finding_add(half->box->findings, FINDING_WARNING, &subject, mark, field,
                "speaks %.*s, and HTTP/2 to back ends is not spoken yet: requests go to it as "
                "HTTP/1.1",
                STR_ARG(set->protocol));
}

/* What is missing may be elsewhere; what leads nowhere is here. */
static bool is_worth_saying(const struct compile_draft *draft, const struct compile__set *set)
{
    if (set->state == DISCOVERY_UNUSABLE)
        return set->tls == NULL || !set->tls->is_elsewhere;
    return set->state != DISCOVERY_FOUND && !draft->lacks_back_ends;
}

static void review_use(struct half *half, const struct compile__use *use)
{
    const struct compile__set *set = half->draft->needs.items[use->need].set;
    if (is_worth_saying(half->draft, set))
        report_use(half, use, set);
    if (set->state != DISCOVERY_FOUND)
        return;
    if (use->wants_host)
        report_host(half, use, set);
    report_protocol(half, use, set);
}

/* ---- The run ---- */

struct gathered {
    VEC(const struct model_resource *) resources; /* borrowed */
};

/* One object may be in several sets. */
static void gather_tls(struct half *half, struct compile__set_tls *tls, struct gathered *gathered)
{
    for (size_t i = 0; tls != NULL && i < tls->count; i++) {
        struct compile__upstream_tls *one = tls->items[i];
        if (one->emitted == half->memory->counts.results)
            continue;
        one->emitted = half->memory->counts.results;
        VEC_PUSH(&gathered->resources, one->resource);
        if (one->presented != NULL)
            VEC_PUSH(&gathered->resources, one->presented);
    }
}

static void gather(struct half *half, struct gathered *gathered)
{
    const struct compile_draft *draft = half->draft;
    for (size_t i = 0; i < draft->resources.count; i++)
        VEC_PUSH(&gathered->resources, draft->resources.items[i]);
    for (size_t i = 0; i < draft->needs.count; i++) {
        const struct compile__need *need = &draft->needs.items[i];
        if (!need->has_cluster)
            continue;
        VEC_PUSH(&gathered->resources, need->set->resource);
        gather_tls(half, need->set->tls, gathered);
    }
}

/* Everything, most of which was in the snapshot before. */
MUST_USE static enum err snapshot_whole(struct half *half,
                                        const struct model_snapshot **ret_snapshot)
{
    struct gathered gathered = {{0}};
    gather(half, &gathered);
    enum err err = model_snapshot_after(half->memory->last, gathered.resources.items,
                                        gathered.resources.count, ret_snapshot, NULL);
    VEC_FREE(&gathered.resources);
    return err;
}

/* Of the same draft as the snapshot before: only sets may be others. Where TLS is spoken to some,
 * or was, what they need for it may have come and gone. */
static bool is_known_what_changed(const struct half *half)
{
    return half->memory->last_draft == half->draft->number && !half->has_tls;
}

static const struct model_snapshot *snapshot_of(struct half *half)
{
    struct compile_memory *memory = half->memory;
    const struct model_snapshot *snapshot = NULL;
    enum err err = is_known_what_changed(half)
                       ? model_snapshot_with(memory->last, half->fresh.items, half->fresh.count,
                                             &snapshot, NULL)
                       : snapshot_whole(half, &snapshot);
    ASSERT(err == ERR_OK); /* every reference was made together with what it names */
    memory->last = model_snapshot_unref(memory->last);
    memory->last = model_snapshot_ref(snapshot);
    memory->last_draft = half->draft->number;
    return snapshot;
}

static void complete(struct half *half)
{
    const struct compile_draft *draft = half->draft;
    if (half->memory->last_draft == draft->number)
        ask_again(half);
    else
        ask_anew(half);
    bool is_loud = draft->wants_hosts;
    for (size_t i = 0; i < draft->needs.count; i++)
        is_loud = is_loud || !half->memory->asked.items[i].is_quiet;
    for (size_t i = 0; i < draft->uses.count && is_loud; i++)
        review_use(half, &draft->uses.items[i]);
}

struct compile_result *compile_result_new(const struct compile_draft *draft,
                                          const struct discovery *discovery,
                                          struct compile_memory *memory)
{
    ASSERT(draft != NULL && discovery != NULL && memory != NULL);
    struct box *box = MEM_NEW(struct box);
    box->draft = compile__draft_ref(draft);
    box->arena = arena_new(CHUNK_SIZE);
    box->findings = finding_list_new();
    memory->counts.results++;
    finding_add_all(box->findings, draft->findings);
    struct half half = {
        .box = box,
        .draft = draft,
        .discovery = discovery,
        .memory = memory,
        .scratch = arena_new(CHUNK_SIZE),
    };
    complete(&half);
    box->result = (struct compile_result){
        .snapshot = snapshot_of(&half),
        .findings = box->findings,
        .report = draft->report,
    };
    if (half.routes != NULL)
        box->result.report.routes = half.routes;
    VEC_FREE(&half.fresh);
    compile__memory_sweep_tls(memory);
    half.scratch = arena_free(half.scratch);
    return &box->result;
}

struct compile_result *compile_result_free(struct compile_result *result)
{
    if (result == NULL)
        return NULL;
    struct box *box = CONTAINER_OF(result, struct box, result);
    box->result.snapshot = model_snapshot_unref(box->result.snapshot);
    box->findings = finding_list_free(box->findings);
    box->draft = compile_draft_unref(box->draft);
    box->arena = arena_free(box->arena);
    return mem_free(box);
}
