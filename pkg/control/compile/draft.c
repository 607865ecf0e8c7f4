/* The first half: everything but endpoint sets. */
#include "control/compile/draft.h"

#include "control/compile/data_sources.h"
#include "control/compile/spec.h"
#include "control/compile/stages.h"
#include "core/base/assert.h"

#define SCRATCH_CHUNK_SIZE ((size_t)16 * 1024)
#define DRAFT_CHUNK_SIZE   ((size_t)4 * 1024)

/* ---- Life ---- */

static struct compile_draft *draft_new(void)
{
    struct compile_draft *draft = MEM_NEW(struct compile_draft);
    draft->references = 1;
    draft->arena = arena_new(DRAFT_CHUNK_SIZE);
    draft->findings = finding_list_new();
    return draft;
}

/* The count is the one part of a draft that changes. */
static struct compile_draft *counted(const struct compile_draft *draft)
{
    return (struct compile_draft *)(uintptr_t)draft;
}

const struct compile_draft *compile__draft_ref(const struct compile_draft *draft)
{
    counted(draft)->references++;
    return draft;
}

const struct compile_draft *compile_draft_unref(const struct compile_draft *draft)
{
    if (draft == NULL || --counted(draft)->references > 0)
        return NULL;
    struct compile_draft *own = counted(draft);
    VEC_FREE(&own->resources);
    for (size_t i = 0; i < own->held.count; i++)
        (void)model_resource_unref(own->held.items[i]); /* always NULL */
    VEC_FREE(&own->held);
    for (size_t i = 0; i < own->variants.count; i++)
        (void)compile__variant_unref(own->variants.items[i]); /* always NULL */
    VEC_FREE(&own->variants);
    for (size_t i = 0; i < own->plans.count; i++)
        (void)compile__plan_unref(own->plans.items[i]); /* always NULL */
    VEC_FREE(&own->plans);
    for (size_t i = 0; i < own->objects.count; i++)
        (void)api_object_unref(own->objects.items[i]); /* always NULL */
    VEC_FREE(&own->objects);
    VEC_FREE(&own->needs);
    VEC_FREE(&own->uses);
    VEC_FREE(&own->gateways);
    own->findings = finding_list_free(own->findings);
    own->arena = arena_free(own->arena);
    return mem_free(own);
}

static bool has_inbounds(const struct cache *cache)
{
    size_t count;
    const struct api_object *const *objects = cache_list_all(cache, API_DATAPLANE, &count);
    for (size_t i = 0; i < count; i++) {
        if (objects[i]->dataplane->inbound_count > 0)
            return true;
    }
    return false;
}

/* Both the routes and what is remembered are in one order: a walk side by side. */
static void recall_plans(struct compile__run *run)
{
    const struct compile_memory *memory = run->memory;
    size_t at = 0;
    for (size_t i = 0; i < run->route_count && at < memory->plans.count; i++) {
        struct compile__route *route = &run->routes[i];
        while (at < memory->plans.count && memory->plans.items[at]->route != route->object &&
               api_key_compare(&memory->plans.items[at]->route->key, &route->object->key) < 0)
            at++;
        if (at < memory->plans.count && memory->plans.items[at]->route == route->object)
            route->known = memory->plans.items[at++];
    }
}

static void gather_routes(struct compile__run *run)
{
    const enum api_kind *kinds = compile__route_kinds;
    const struct api_object *const *objects[COMPILE__ROUTE_KINDS];
    size_t counts[COMPILE__ROUTE_KINDS];
    for (size_t i = 0; i < COMPILE__ROUTE_KINDS; i++) {
        objects[i] = cache_list_all(run->cache, kinds[i], &counts[i]);
        run->first_routes[kinds[i]] = run->route_count;
        run->route_count += counts[i];
    }
    run->routes = ARENA_NEW_ARRAY(run->arena, struct compile__route, run->route_count);
    for (size_t i = 0; i < COMPILE__ROUTE_KINDS; i++) {
        for (size_t j = 0; j < counts[i]; j++)
            run->routes[run->first_routes[kinds[i]] + j].object = objects[i][j];
    }
    recall_plans(run);
}

static void run_init(struct compile__run *run, const struct compile_input *input,
                     struct compile_memory *memory)
{
    struct compile_draft *draft = draft_new();
    draft->lacks_secrets = compile__lacks_secrets(input);
    draft->lacks_back_ends = input->is_partial && !has_inbounds(input->cache);
    *run = (struct compile__run){
        .cache = input->cache,
        .is_partial = input->is_partial,
        .is_unplaced = input->is_unplaced,
        .wall_ms = input->wall_ms,
        .memory = memory,
        .draft = draft,
        .findings = draft->findings,
        .arena = arena_new(SCRATCH_CHUNK_SIZE),
        .texts = draft->arena,
        .scopes = map_new(),
        .policies = map_new(),
        .selections = map_new(),
        .gateways = map_new(),
    };
    gather_routes(run);
    memory->age++;
    draft->number = ++memory->counts.drafts;
}

static void run_deinit(struct compile__run *run)
{
    run->scopes = map_free(run->scopes);
    compile__policies_free(TAKE(run->policies));
    compile__selections_free(TAKE(run->selections));
    compile__picked_deinit(&run->picked);
    run->gateways = map_free(run->gateways);
    run->arena = arena_free(run->arena);
}

/* ---- The report ---- */

/* A gateway is accepted as long as a listener is; the first that is not says why. */
static void finish_gateway(struct compile_gateway_report *gateway)
{
    const struct compile_listener_report *refused = NULL;
    bool any = false;
    for (size_t i = 0; i < gateway->listener_count; i++) {
        const struct compile_listener_report *listener = &gateway->listeners[i];
        any = any || listener->accepted.ok;
        if (!listener->accepted.ok && refused == NULL)
            refused = listener;
        if (!listener->resolved_refs.ok)
            compile__deny(&gateway->resolved_refs, listener->resolved_refs.reason,
                          listener->resolved_refs.message);
    }
    if (refused != NULL)
        gateway->accepted = (struct compile_condition){any, STR("ListenersNotValid"),
                                                       refused->accepted.message};
}

static struct compile_parent_report make_parent(struct compile__run *run,
                                                const struct compile__route *route,
                                                const struct compile__parent *parent)
{
    struct compile_parent_report report = {
        .gateway = parent->gateway,
        .attached_listeners = parent->attached,
        .accepted = compile__accepted(),
        .resolved_refs = compile__resolved(),
    };
    struct arena *arena = run->draft->arena;
    if (!parent->has_usable && parent->unserved.size > 0)
        compile__deny(&report.accepted,
                      compile__is_tcp(route->object) ? STR("UnsupportedProtocol")
                                                     : STR("UnsupportedValue"),
                      parent->unserved);
    else if (!parent->has_usable && parent->lost.size == 0)
        compile__deny(&report.accepted, STR("NoMatchingParent"),
                      compile__no_usable_listener(arena, route->object));
    else if (parent->attached == 0 && parent->lost.size > 0)
        compile__deny(&report.accepted, STR("NotAllowedByListeners"), parent->lost);
    else if (parent->attached == 0)
        compile__deny(&report.accepted, STR("NoMatchingListenerHostname"),
                      compile__no_hostname(arena, route->object, parent->gateway));
    else if (route->left_out.size > 0)
        compile__deny(&report.accepted, STR("UnsupportedValue"), route->left_out);
    else if (route->plan != NULL)
        report.accepted = route->plan->accepted;
    if (route->refusal.size > 0)
        compile__deny(&report.accepted, STR("UnsupportedValue"), route->refusal);
    if (report.accepted.ok)
        report.accepted.message = parent->unserved.size > 0 ? parent->unserved : parent->lost;
    return report;
}

static void make_route(struct compile__run *run, const struct compile__route *route,
                       struct compile_route_report *report)
{
    struct compile_parent_report *parents = ARENA_NEW_ARRAY(
        run->draft->arena, struct compile_parent_report, route->parent_count);
    *report = (struct compile_route_report){
        .route = route->object,
        .parents = parents,
        .has_more_parents = route->has_more,
        .resolved_refs = compile__resolved(),
    };
    for (const struct compile__parent *at = route->parents; at != NULL; at = at->next) {
        struct compile_parent_report parent = make_parent(run, route, at);
        compile__add_parent(report, parents, &parent);
    }
    if (route->has_more) {
        struct compile_parent_report more = make_parent(run, route, &route->more);
        compile__add_summary(report, &more);
    }
    if (route->plan == NULL) /* which has a reference, and belongs to the draft */
        VEC_PUSH(&run->draft->objects, api_object_ref(route->object));
}

static void note_uses(struct compile__run *run, struct compile__plan *plan, size_t route)
{
    for (size_t i = 0; i < plan->rule_count; i++) {
        struct compile__plan_rule *rule = &plan->rules[i];
        for (size_t j = 0; j < rule->destination_count; j++) {
            struct compile__use use = {
                .route = route,
                .plan = plan,
                .rule = i,
                .destination = j,
                .need = compile__need_of(run, plan->route->key.mesh, &rule->destinations[j]),
                .wants_host = rule->rule->rewrite.host_from_backend &&
                              !rule->destinations[j].is_mirror,
            };
            run->draft->wants_hosts = run->draft->wants_hosts || use.wants_host;
            VEC_PUSH(&run->draft->uses, use);
        }
    }
}

static void finish_report(struct compile__run *run)
{
    struct compile_draft *draft = run->draft;
    struct compile_gateway_report *gateways = ARENA_NEW_ARRAY(
        draft->arena, struct compile_gateway_report, draft->gateways.count);
    for (size_t i = 0; i < draft->gateways.count; i++) {
        finish_gateway(draft->gateways.items[i]);
        gateways[i] = *draft->gateways.items[i];
    }
    size_t count = 0;
    for (size_t i = 0; i < run->route_count; i++)
        count += run->routes[i].parents != NULL ? 1 : 0;
    struct compile_route_report *routes = ARENA_NEW_ARRAY(draft->arena, struct compile_route_report,
                                                          count);
    size_t at = 0;
    for (size_t i = 0; i < run->route_count; i++) {
        struct compile__route *route = &run->routes[i];
        if (route->parents == NULL)
            continue;
        make_route(run, route, &routes[at]);
        if (route->plan != NULL)
            note_uses(run, route->plan, at);
        at++;
    }
    draft->report = (struct compile_report){
        .gateways = gateways,
        .gateway_count = draft->gateways.count,
        .routes = routes,
        .route_count = count,
    };
}

/* ---- The run ---- */

/* Gateways are numbered over all lists together: one may be in several. */
static struct compile__bindings bind(struct compile__run *run,
                                     const struct compile_dataplane *dataplanes, size_t count)
{
    struct compile__bindings bindings = compile__bind(run->arena, run->cache, dataplanes, count);
    for (size_t i = 0; i < bindings.count; i++) {
        struct compile__binding *binding = &bindings.items[i];
        struct str key = api_object_address(&binding->gateway);
        const struct compile__binding *first = map_get(run->gateways, key);
        binding->number = first != NULL ? first->number : map_count(run->gateways);
        if (first == NULL)
            (void)map_set(run->gateways, key, binding); /* there was none */
    }
    return bindings;
}

/* What is looked at comes last: it leaves room to what is served. */
static void compile_here(struct compile__run *run, struct compile__bindings bindings)
{
    struct compile__ports ports = compile__merge_ports(run, bindings);
    for (size_t i = 0; i < ports.count; i++) {
        if (ports.items[i].is_served)
            compile__emit_port(run, &ports.items[i]);
    }
    run->is_idle = true;
    for (size_t i = 0; i < ports.count; i++) {
        if (!ports.items[i].is_served)
            compile__look_at_port(run, &ports.items[i]);
    }
    run->is_idle = false;
}

/* Where no proxy is yet, what is wrong is found all the same. */
static void look_at_idle(struct compile__run *run, struct compile__bindings bindings)
{
    run->is_idle = true;
    struct compile__ports ports = compile__merge_ports(run, bindings);
    for (size_t i = 0; i < ports.count; i++)
        compile__look_at_port(run, &ports.items[i]);
    run->is_idle = false;
}

static void count_port(struct compile__run *run, const struct compile__port *port)
{
    if (compile__is_of_connections(port->protocol)) {
        compile__attach_tcp(run, port);
        return;
    }
    size_t step = port->protocol == API_PROTOCOL_HTTPS ? 1 : port->listener_count; /* of a chain */
    for (size_t i = 0; i < port->listener_count; i += step)
        (void)compile__make_hosts(run, port, &port->listeners[i], step);
}

/* What attaches to the gateways of others is counted, and nothing else. */
static void count_elsewhere(struct compile__run *run, struct compile__bindings bindings)
{
    struct finding_list *own = run->findings;
    run->findings = finding_list_new();
    struct compile__ports ports = compile__merge_ports(run, bindings);
    for (size_t i = 0; i < ports.count; i++)
        count_port(run, &ports.items[i]);
    run->findings = finding_list_free(run->findings);
    run->findings = own;
}

/* What the next run may know, in the order of its routes. */
static void remember(struct compile__run *run)
{
    size_t count = 0;
    struct compile__plan **plans = ARENA_NEW_ARRAY(run->arena, struct compile__plan *,
                                                   run->draft->plans.count);
    for (size_t i = 0; i < run->route_count; i++) {
        if (run->routes[i].plan != NULL)
            plans[count++] = compile__plan_ref(run->routes[i].plan);
    }
    ASSERT(count == run->draft->plans.count);
    compile__memory_sweep(run->memory, plans, count);
}

const struct compile_draft *compile_draft_new(const struct compile_input *input,
                                              struct compile_memory *memory)
{
    ASSERT(input != NULL && memory != NULL);
    struct compile__run run;
    run_init(&run, input, memory);
    compile_here(&run, bind(&run, input->dataplanes, input->dataplane_count));
    look_at_idle(&run, bind(&run, input->idle, input->idle_count));
    count_elsewhere(&run, bind(&run, input->elsewhere, input->elsewhere_count));
    if (input->checks_secrets)
        compile__check_secrets(&run);
    finish_report(&run);
    remember(&run);
    run_deinit(&run);
    return run.draft;
}
