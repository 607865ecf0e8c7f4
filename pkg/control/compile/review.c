/* What only shows when all dataplanes are seen together. */
#include "control/compile/review.h"

#include "control/compile/spec.h"
#include "control/select/select.h"

#define CHUNK_SIZE ((size_t)4 * 1024)

struct box {
    struct compile_review review;
    struct finding_list *findings;
    struct arena *arena;
};

struct viewer {
    struct box *box;
    const struct compile_input *input;
    const struct cache *cache; /* the input's */
    struct compile__bindings bindings;
    struct compile__bound *bound;
    struct map *gateways; /* by address: struct said */
    bool is_partial;      /* as of compile_input */
    const struct compile_result *const *results;
    size_t result_count;
    size_t *cursors; /* of each result's routes, which are sorted as the cache is */
};

/* Adds a finding. Returns "<field>: <message>", for conditions. */
static struct str add(const struct viewer *viewer, const struct finding *finding)
{
    finding_add(viewer->box->findings, finding->severity, &finding->subject, finding->mark,
                finding->field, "%.*s", STR_ARG(finding->message));
    return str_format(viewer->box->arena, "%.*s: %.*s", STR_ARG(finding->field),
                      STR_ARG(finding->message));
}

static struct str warn(const struct viewer *viewer, const struct api_object *object,
                       struct finding_mark mark, struct str field, struct str message)
{
    const struct finding finding = {FINDING_WARNING, api_subject(object), mark, field, message};
    return add(viewer, &finding);
}

/* ---- Gateways ---- */

/* Why the gateway of the binding came before `loser`. */
static const char *reason(const struct compile__binding *binding, const struct api_object *loser)
{
    const struct api_object *winner = binding->gateway;
    struct api_tags tags = binding->dataplane->tags;
    struct select_rank winning = {0};
    struct select_rank losing = {0};
    (void)select_best(winner->mesh_gateway->selectors, tags, &winning); /* both match: */
    (void)select_best(loser->mesh_gateway->selectors, tags, &losing);   /* one has won */
    if (select_rank_compare(winning, losing) != 0)
        return "has the more specific selector";
    return winner->creation_time_ms > loser->creation_time_ms ? "is newer" : "is first by name";
}

static struct finding_mark selectors_mark(const struct api_object *gateway)
{
    struct api_selectors selectors = gateway->mesh_gateway->selectors;
    return selectors.count > 0 ? selectors.items[0].mark : gateway->mark;
}

/* Reports a gateway without a dataplane, or that has lost one. Returns the text, or the empty one
 * when there is nothing to say. */
static struct str review_binding(const struct viewer *viewer, const struct api_object *gateway)
{
    bool bound = compile__bound_has(viewer->bound, gateway);
    const struct compile__binding *lost = compile__bound_lost(viewer->bound, gateway);
    struct finding_mark mark = selectors_mark(gateway);
    if (lost != NULL)
        return warn(
            viewer, gateway, mark, STR("selectors"),
            str_format(viewer->box->arena,
                       "dataplane %.*s is bound to MeshGateway %.*s, which %s%s; a "
                       "dataplane serves one MeshGateway",
                       STR_ARG(lost->dataplane->name), STR_ARG(lost->gateway->key.name),
                       reason(lost, gateway),
                       bound ? "" : ", and no other is left to this one: it is not served"));
    if (!bound)
        return warn(viewer, gateway, mark, STR("selectors"),
                    STR("no gateway dataplane has the tags of a selector, so this gateway is not "
                        "served; add a Dataplane with networking.gateway of type BUILTIN and "
                        "these tags"));
    return STR_EMPTY;
}

static void merge_condition(struct compile_condition *into, struct compile_condition from)
{
    if (!from.ok)
        compile__deny(into, from.reason, from.message);
}

/* Two proxies of one gateway: what one of them does not do is not done. `listeners` are those of
 * `into`. */
static void merge_gateway(struct compile_gateway_report *into,
                          struct compile_listener_report *listeners,
                          const struct compile_gateway_report *from)
{
    for (size_t i = 0; i < into->listener_count; i++) {
        const struct compile_listener_report *other = &from->listeners[i];
        listeners[i].attached_routes = MAX(listeners[i].attached_routes, other->attached_routes);
        if (listeners[i].secrets.count == 0)
            listeners[i].secrets = other->secrets;
        merge_condition(&listeners[i].accepted, other->accepted);
        merge_condition(&listeners[i].resolved_refs, other->resolved_refs);
        merge_condition(&listeners[i].conflicted, other->conflicted);
    }
    if (into->accepted.ok && into->accepted.message.size == 0)
        into->accepted = from->accepted;
    else
        merge_condition(&into->accepted, from->accepted);
    merge_condition(&into->resolved_refs, from->resolved_refs);
}

/* What the results say of a gateway. */
struct said {
    const struct compile_gateway_report *report;
    const struct said *next; /* of another proxy */
};

/* Gathers what each result says, so that the first stays the first. */
static struct map *gather_gateways(const struct viewer *viewer)
{
    struct map *gateways = map_new();
    for (size_t i = viewer->result_count; i > 0; i--) {
        const struct compile_report *result = &viewer->results[i - 1]->report;
        for (size_t j = result->gateway_count; j > 0; j--) {
            const struct compile_gateway_report *report = &result->gateways[j - 1];
            struct str key = api_object_address(&report->gateway);
            struct said *said = ARENA_NEW(viewer->box->arena, struct said);
            *said = (struct said){report, map_get(gateways, key)};
            (void)map_set(gateways, key, said); /* it has what it replaces */
        }
    }
    return gateways;
}

/* Merges it; false: there is nothing. */
static bool collect_gateway(const struct viewer *viewer, struct compile_gateway_report *report)
{
    const struct said *said = map_get(viewer->gateways, api_object_address(&report->gateway));
    if (said == NULL)
        return false;
    *report = *said->report;
    if (said->next == NULL) /* mostly */
        return true;
    struct compile_listener_report *listeners = ARENA_NEW_ARRAY(
        viewer->box->arena, struct compile_listener_report, report->listener_count);
    for (size_t i = 0; i < report->listener_count; i++)
        listeners[i] = report->listeners[i];
    report->listeners = listeners;
    for (said = said->next; said != NULL; said = said->next)
        merge_gateway(report, listeners, said->report);
    return true;
}

static void review_gateway(const struct viewer *viewer, const struct api_object *gateway,
                           struct compile_gateway_report *report)
{
    *report = (struct compile_gateway_report){
        .gateway = gateway,
        .accepted = compile__accepted(),
        .resolved_refs = compile__resolved(),
    };
    if (gateway->broken) {
        compile__deny(&report->accepted, STR("Invalid"),
                      compile__decoding_error(viewer->box->arena, gateway, STR_EMPTY));
        return;
    }
    struct str text = review_binding(viewer, gateway);
    if (!collect_gateway(viewer, report))
        compile__deny(&report->accepted, STR("NoProxies"), text);
}

/* ---- Routes ---- */

/* What a result says of the route, or NULL. Routes are asked for in the order of the cache. */
static const struct compile_route_report *next_in(const struct viewer *viewer, size_t result,
                                                  const struct api_object *route)
{
    const struct compile_report *report = &viewer->results[result]->report;
    size_t *at = &viewer->cursors[result];
    while (*at < report->route_count &&
           api_key_compare(&report->routes[*at].route->key, &route->key) < 0)
        (*at)++;
    bool found = *at < report->route_count && report->routes[*at].route == route;
    return found ? &report->routes[*at] : NULL;
}

static void merge_route(const struct viewer *viewer, struct compile_route_report *report,
                        const struct compile_route_report *own)
{
    struct compile_parent_report *parents = ARENA_NEW_ARRAY(
        viewer->box->arena, struct compile_parent_report,
        MIN(report->parent_count + own->parent_count, COMPILE_PARENTS_MAX));
    for (size_t i = 0; i < report->parent_count; i++)
        parents[i] = report->parents[i];
    report->parents = parents;
    for (size_t i = 0; i < own->parent_count; i++)
        compile__add_parent(report, parents, &own->parents[i]);
    const struct compile_parent_report more = {
        .attached_listeners = own->is_attached,
        .accepted = own->accepted,
        .resolved_refs = own->resolved_refs,
    };
    compile__add_summary(report, &more); /* of those, too, that are not among its parents */
    report->has_more_parents = report->has_more_parents || own->has_more_parents;
}

static void collect_parents(const struct viewer *viewer, struct compile_route_report *report)
{
    bool any = false;
    for (size_t i = 0; i < viewer->result_count; i++) {
        const struct compile_route_report *own = next_in(viewer, i, report->route);
        if (own == NULL)
            continue;
        if (any)
            merge_route(viewer, report, own);
        else
            *report = *own; /* mostly the only one */
        any = true;
    }
}

/* A MeshGatewayRoute that no listener takes. */
static void review_orphan(const struct viewer *viewer, struct compile_route_report *report)
{
    const struct api_object *route = report->route;
    struct str text = STR("attaches to no listener: no selector matches the tags that a listener "
                          "gets from its dataplane, its gateway and itself");
    if (compile__is_tcp(route))
        text = STR("attaches to no listener for TCP or TLS, which alone take conf.tcp: no selector "
                   "matches the tags that one gets from its dataplane, its gateway and itself");
    struct str nearest = compile__nearest(viewer->box->arena, viewer->cache, viewer->bindings,
                                          route);
    text = str_format(viewer->box->arena, "%.*s%.*s", STR_ARG(text), STR_ARG(nearest));
    compile__deny(&report->accepted, STR("NoMatchingParent"),
                  warn(viewer, route, compile__attaching_mark(route), STR("selectors"), text));
}

/* A finding from a condition's text, about selectors or host names. */
static void repeat(const struct viewer *viewer, const struct api_object *route, struct str text)
{
    size_t colon = str_find_char(text, ':');
    struct str field = str_first(text, colon);
    struct finding_mark mark = route->mark;
    if (str_equal(field, compile__words_of(route->key.kind)->attaches))
        mark = compile__attaching_mark(route);
    const struct finding finding = {
        .severity = FINDING_WARNING,
        .subject = api_subject(route),
        .mark = mark,
        .field = field,
        .message = str_from(text, colon + 2),
    };
    (void)add(viewer, &finding);
}

/* A route of more gateways than its report names. */
static void review_crowd(const struct viewer *viewer, const struct api_object *route)
{
    (void)warn(viewer, route, compile__attaching_mark(route),
               compile__words_of(route->key.kind)->attaches,
               str_format(viewer->box->arena,
                          "attaches to more than %d MeshGateways; all of them serve it, its status "
                          "names %d; to see each, make a route for some of them",
                          COMPILE_PARENTS_MAX, COMPILE_PARENTS_MAX));
}

/* The gateways of routes are elsewhere. */
static bool lacks_gateways(const struct viewer *viewer)
{
    return viewer->is_partial && cache_count_all(viewer->cache, API_MESH_GATEWAY) == 0;
}

/* Where the condition comes from a finding of the compiler. */
static bool was_said(const struct compile_route_report *report)
{
    return str_equal(report->accepted.reason, STR("NotAllowedByListeners"));
}

static void review_route(const struct viewer *viewer, const struct api_object *route,
                         struct compile_route_report *report)
{
    *report = (struct compile_route_report){
        .route = route,
        .accepted = compile__accepted(),
        .resolved_refs = compile__resolved(),
    };
    if (route->broken) {
        compile__deny(&report->accepted, STR("Invalid"),
                      compile__decoding_error(viewer->box->arena, route, STR_EMPTY));
        return;
    }
    collect_parents(viewer, report);
    if (report->parent_count == 0 && route->key.kind != API_MESH_GATEWAY_ROUTE)
        compile__review_policy(viewer->box->arena, viewer->box->findings, viewer->cache,
                               viewer->bindings, !lacks_gateways(viewer), report);
    else if (report->parent_count == 0 && !lacks_gateways(viewer))
        review_orphan(viewer, report);
    if (report->parent_count > 0 && !report->is_attached && !was_said(report))
        repeat(viewer, route, report->accepted.message);
    if (report->has_more_parents)
        review_crowd(viewer, route);
}

/* ---- The review ---- */

/* In the order of their kinds, as results have them. */
static void review_routes(const struct viewer *viewer)
{
    const enum api_kind *kinds = compile__route_kinds;
    struct compile_report *report = &viewer->box->review.report;
    size_t total = 0;
    for (size_t i = 0; i < COMPILE__ROUTE_KINDS; i++)
        total += cache_count_all(viewer->cache, kinds[i]);
    struct compile_route_report *routes = ARENA_NEW_ARRAY(viewer->box->arena,
                                                          struct compile_route_report, total);
    for (size_t i = 0; i < COMPILE__ROUTE_KINDS; i++) {
        size_t count;
        const struct api_object *const *objects = cache_list_all(viewer->cache, kinds[i], &count);
        for (size_t j = 0; j < count; j++)
            review_route(viewer, objects[j], &routes[report->route_count++]);
    }
    report->routes = routes;
}

static void view(struct viewer *viewer)
{
    struct box *box = viewer->box;
    struct compile_report *report = &box->review.report;
    const struct api_object *const *objects = cache_list_all(viewer->cache, API_MESH_GATEWAY,
                                                             &report->gateway_count);
    struct compile_gateway_report *gateways = ARENA_NEW_ARRAY(
        box->arena, struct compile_gateway_report, report->gateway_count);
    for (size_t i = 0; i < report->gateway_count; i++)
        review_gateway(viewer, objects[i], &gateways[i]);
    report->gateways = gateways;
    review_routes(viewer);
    compile__review_others(box->arena, box->findings, viewer->input, report);
    box->review.findings = box->findings;
}

struct compile_review *compile_review_new(const struct compile_input *input,
                                          const struct compile_result *const *results,
                                          size_t result_count)
{
    struct box *box = MEM_NEW(struct box);
    box->arena = arena_new(CHUNK_SIZE);
    box->findings = finding_list_new();
    struct compile__bindings bindings = compile__bind(box->arena, input->cache, input->dataplanes,
                                                      input->dataplane_count);
    struct viewer viewer = {
        .box = box,
        .input = input,
        .cache = input->cache,
        .is_partial = input->is_partial,
        .bindings = bindings,
        .bound = compile__bound_new(bindings),
        .results = results,
        .result_count = result_count,
        .cursors = ARENA_NEW_ARRAY(box->arena, size_t, result_count),
    };
    viewer.gateways = gather_gateways(&viewer);
    view(&viewer);
    viewer.bound = compile__bound_free(viewer.bound);
    viewer.gateways = map_free(viewer.gateways);
    return &box->review;
}

struct compile_review *compile_review_free(struct compile_review *review)
{
    if (review == NULL)
        return NULL;
    struct box *box = CONTAINER_OF(review, struct box, review);
    box->findings = finding_list_free(box->findings);
    box->arena = arena_free(box->arena);
    return mem_free(box);
}
