/* Stage 6: the routes of the model, and their rules.
 *
 * What a route does depends on the listener's tags alone, so hosts of equal tags share it. */
#include "control/compile/stages.h"

#define REQUEST_TIMEOUT_MS     15000
#define STREAM_IDLE_TIMEOUT_MS 300000

/* Of a rule, or the share of it, that leads nowhere. */
#define UNRESOLVED_STATUS 500

/* No route object has this name: a mesh stands before theirs. */
static const struct str no_routes_name = STR_INIT("no-routes");
static const struct str no_routes_text = STR_INIT(
    "This is a Kuma MeshGateway. No routes match this MeshGateway!\n");

/* ---- Routes ---- */

/* A route on its way into a variant. */
struct draft {
    struct compile__run *run;
    const struct compile__scope *scope;
    const struct compile__unit *unit;
    struct compile__variant *variant;
};

/* Empty: what it names is not there. */
static struct str cluster_of(const struct draft *draft, struct compile__plan_backend *backend)
{
    if (!compile__backend_exists(draft->run, draft->scope->mesh, backend))
        return STR_EMPTY;
    struct compile__cluster *cluster = compile__cluster_of(draft->run, draft->scope, backend);
    compile__variant_lead(draft->variant, cluster, backend);
    return cluster->resource->name;
}

static void add_backends(const struct draft *draft, const struct compile__plan_rule *from,
                         struct model_rule *rule)
{
    struct model_backend *backends = ARENA_NEW_ARRAY(draft->run->arena, struct model_backend,
                                                     from->backend_count);
    for (size_t i = 0; i < from->backend_count; i++) {
        backends[i].cluster = cluster_of(draft, &from->destinations[i]);
        backends[i].weight = from->destinations[i].weight;
        backends[i].status = backends[i].cluster.size > 0 ? 0 : UNRESOLVED_STATUS;
    }
    rule->backends = backends;
    rule->backend_count = from->backend_count;
}

static void add_mirror(const struct draft *draft, const struct compile__plan_rule *from,
                       struct model_rule *rule)
{
    if (from->destination_count > from->backend_count)
        rule->mirror.cluster = cluster_of(draft, &from->destinations[from->backend_count]);
}

/* Back ends come before a redirect: a rule may have got them from another route. */
static struct model_rule make_rule(const struct draft *draft, const struct compile__parts *parts)
{
    if (parts->base->rule->action == MODEL_RESPOND)
        return *parts->base->rule;
    struct model_rule rule = *parts->filters->rule;
    if (parts->backends->backend_count == 0 && rule.redirect.status > 0) {
        rule.action = MODEL_REDIRECT;
        return rule;
    }
    if (parts->backends->backend_count == 0)
        return (struct model_rule){
            .action = MODEL_RESPOND,
            .status = UNRESOLVED_STATUS,
            .reason = STR("the rule has no backend"),
        };
    add_backends(draft, parts->backends, &rule);
    add_mirror(draft, parts->filters, &rule);
    rule.request_timeout_ms = REQUEST_TIMEOUT_MS;
    rule.stream_idle_timeout_ms = STREAM_IDLE_TIMEOUT_MS;
    return rule;
}

/* Without a prefix, what was to take its place is the whole path. */
static struct model_path_change change_for(enum model_path_match match,
                                           struct model_path_change change)
{
    if (change.type != MODEL_PATH_PREFIX_REPLACED || match == MODEL_PATH_PREFIX)
        return change;
    return (struct model_path_change){
        .type = MODEL_PATH_REPLACED,
        .value = change.value.size > 0 ? change.value : STR("/"),
    };
}

static struct model_rule rule_for(struct model_rule rule, const struct compile__plan_match *match)
{
    rule.path_match = match->match;
    rule.path = match->path;
    rule.method = match->method;
    rule.headers = match->headers;
    rule.header_count = match->header_count;
    rule.queries = match->queries;
    rule.query_count = match->query_count;
    rule.rewrite.path = change_for(match->match, rule.rewrite.path);
    rule.redirect.path = change_for(match->match, rule.redirect.path);
    return rule;
}

static const struct model_resource *make_route(const struct draft *draft)
{
    const struct compile__unit *unit = draft->unit;
    const struct api_object *route = unit->plan->route;
    struct arena *arena = draft->run->arena;
    struct model_rule *rules = ARENA_NEW_ARRAY(arena, struct model_rule, unit->match_count);
    size_t count = 0;
    for (size_t i = 0; i < unit->count; i++) {
        const struct compile__parts parts = compile__parts_of(unit, i);
        if (parts.base->match_count == 0) /* nothing leads to its back ends */
            continue;
        struct model_rule rule = make_rule(draft, &parts);
        rule.index = (uint32_t)parts.index;
        for (size_t j = 0; j < parts.base->match_count; j++)
            rules[count++] = rule_for(rule, &parts.base->matches[j]);
    }
    const struct str name[] = {draft->scope->mesh, STR("/"), route->key.name, STR("-"),
                               unit->identity};
    return model_route_new(&(struct model_route){
        .name = str_concat(arena, name, ARRAY_SIZE(name)),
        .route = route->key.name,
        .rules = rules,
        .rule_count = count,
    });
}

struct compile__variant *compile__variant_find(const struct compile__unit *unit)
{
    struct compile__variant *variant = unit->plan->variants;
    while (variant != NULL && !(str_equal(variant->identity, unit->identity) &&
                                str_equal(variant->inputs, unit->inputs)))
        variant = variant->next;
    return variant;
}

/* The most back ends that its rules can have. */
static size_t most_leads(const struct compile__unit *unit)
{
    size_t most = 0;
    for (size_t i = 0; i < unit->count; i++)
        most += compile__parts_of(unit, i).backends->backend_count + 1; /* and a mirror */
    return most;
}

/* The variant of a plan for the listeners of a scope, made or remembered. */
static struct compile__variant *variant_of(struct compile__run *run,
                                           const struct compile__scope *scope,
                                           const struct compile__unit *unit)
{
    struct compile__plan *plan = unit->plan;
    struct compile__variant *variant = compile__variant_find(unit);
    if (variant != NULL)
        return variant;
    variant = compile__variant_new(unit->identity, unit->inputs, most_leads(unit));
    struct draft draft = {run, scope, unit, variant};
    variant->serial = ++run->memory->variant_serial;
    variant->resource = make_route(&draft);
    variant->next = plan->variants;
    plan->variants = variant;
    return variant;
}

/* The destinations behind the rules that anything leads to. */
static void emit_needs(struct compile__run *run, const struct compile__plan *plan,
                       const struct compile__variant *variant)
{
    for (size_t i = 0; i < variant->lead_count; i++) {
        size_t need = compile__need_of(run, plan->route->key.mesh, variant->leads[i].backend);
        run->draft->needs.items[need].has_cluster = true;
    }
}

const struct compile__variant *compile__emit_route(struct compile__run *run,
                                                   const struct compile__scope *scope,
                                                   const struct compile__unit *unit)
{
    struct compile_draft *draft = run->draft;
    struct compile__variant *variant = variant_of(run, scope, unit);
    if (variant->age == run->memory->age)
        return variant;
    variant->age = run->memory->age;
    VEC_PUSH(&draft->variants, compile__variant_ref(variant));
    VEC_PUSH(&draft->resources, variant->resource);
    for (size_t i = 0; i < variant->lead_count; i++) {
        struct compile__cluster *cluster = variant->leads[i].cluster;
        if (cluster->age != run->memory->age)
            VEC_PUSH(&draft->resources, cluster->resource);
        cluster->age = run->memory->age;
    }
    emit_needs(run, unit->plan, variant);
    return variant;
}

struct str compile__emit_no_routes(struct compile__run *run)
{
    if (run->has_no_routes)
        return no_routes_name;
    run->has_no_routes = true;
    const struct model_rule rule = {
        .path_match = MODEL_PATH_PREFIX,
        .path = STR("/"),
        .action = MODEL_RESPOND,
        .status = 404,
        .body = no_routes_text,
        .reason = STR("no route is attached"),
    };
    const struct model_resource *route = model_route_new(&(struct model_route){
        .name = no_routes_name, .route = STR_EMPTY, .rules = &rule, .rule_count = 1});
    compile__emit(run, route);
    route = model_resource_unref(route);
    return no_routes_name;
}
