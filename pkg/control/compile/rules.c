/* Stage 6: the routes of a virtual host, and their rules.
 *
 * What a route does depends on the listener's tags alone, so hosts of equal tags share it. */
#include "control/compile/hidden.h"

#define REQUEST_TIMEOUT_MS     15000
#define STREAM_IDLE_TIMEOUT_MS 300000

/* No route object has this name: a mesh stands before theirs. */
static const struct str no_routes_name = STR_INIT("no-routes");
static const struct str no_routes_text = STR_INIT(
    "This is a Kuma MeshGateway. No routes match this MeshGateway!\n");

/* ---- Routes ---- */

/* A route on its way into a variant. */
struct draft {
    struct compile__run *run;
    const struct compile__scope *scope;
    const struct compile__plan *plan;
    struct compile__variant *variant;
};

static struct str cluster_of(const struct draft *draft, const struct compile__plan_backend *backend)
{
    struct compile__cluster *cluster = compile__cluster_of(draft->run, draft->scope, backend);
    VEC_PUSH(&draft->variant->clusters, cluster);
    return cluster->resource->name;
}

static struct model_rule make_rule(const struct draft *draft, const struct compile__plan_rule *plan)
{
    struct model_rule rule = plan->rule;
    if (rule.action != MODEL_FORWARD)
        return rule;
    struct model_backend *backends = ARENA_NEW_ARRAY(draft->run->arena, struct model_backend,
                                                     plan->backend_count);
    for (size_t i = 0; i < plan->backend_count; i++) {
        backends[i].cluster = cluster_of(draft, &plan->destinations[i]);
        backends[i].weight = plan->destinations[i].weight;
    }
    if (plan->destination_count > plan->backend_count)
        rule.mirror.cluster = cluster_of(draft, &plan->destinations[plan->backend_count]);
    rule.request_timeout_ms = REQUEST_TIMEOUT_MS;
    rule.stream_idle_timeout_ms = STREAM_IDLE_TIMEOUT_MS;
    rule.backends = backends;
    rule.backend_count = plan->backend_count;
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
    const struct compile__plan *plan = draft->plan;
    struct arena *arena = draft->run->arena;
    struct model_rule *rules = ARENA_NEW_ARRAY(arena, struct model_rule, plan->match_count);
    size_t count = 0;
    for (size_t i = 0; i < plan->route->mesh_gateway_route->rule_count; i++) {
        if (plan->rules[i].match_count == 0) /* nothing leads to its back ends */
            continue;
        struct model_rule rule = make_rule(draft, &plan->rules[i]);
        rule.index = (uint32_t)i;
        for (size_t j = 0; j < plan->rules[i].match_count; j++)
            rules[count++] = rule_for(rule, &plan->rules[i].matches[j]);
    }
    return model_route_new(&(struct model_route){
        .name = str_format(arena, "%.*s/%.*s-%.*s", STR_ARG(draft->scope->mesh),
                           STR_ARG(plan->route->key.name), STR_ARG(draft->scope->identity)),
        .route = plan->route->key.name,
        .rules = rules,
        .rule_count = count,
    });
}

static struct compile__variant *find_variant(const struct compile__plan *plan,
                                             const struct compile__scope *scope)
{
    for (size_t i = 0; i < plan->variants.count; i++) {
        if (str_equal(plan->variants.items[i]->identity, scope->identity))
            return plan->variants.items[i];
    }
    return NULL;
}

/* The variant of a plan for the listeners of a scope, made or remembered. */
static struct compile__variant *
variant_of(struct compile__run *run, const struct compile__scope *scope, struct compile__plan *plan)
{
    struct compile__variant *variant = find_variant(plan, scope);
    if (variant != NULL)
        return variant;
    variant = MEM_NEW(struct compile__variant);
    struct draft draft = {run, scope, plan, variant};
    variant->identity = str_dup(plan->arena, scope->identity);
    variant->resource = make_route(&draft);
    VEC_PUSH(&plan->variants, variant);
    return variant;
}

/* The destinations behind the rules that anything leads to. */
static void emit_needs(struct compile__run *run, const struct compile__plan *plan)
{
    for (size_t i = 0; i < plan->route->mesh_gateway_route->rule_count; i++) {
        const struct compile__plan_rule *rule = &plan->rules[i];
        for (size_t j = 0; j < rule->destination_count && rule->match_count > 0; j++) {
            size_t need = compile__need_of(run, plan->route->key.mesh, &rule->destinations[j]);
            run->draft->needs.items[need].has_cluster = true;
        }
    }
}

/* Emits the route for the listeners of a scope once, with all that it needs. Returns its name. */
static struct str emit_route(struct compile__run *run, const struct compile__scope *scope,
                             struct compile__plan *plan)
{
    struct compile__variant *variant = variant_of(run, scope, plan);
    if (variant->age == run->memory->age)
        return variant->resource->name;
    variant->age = run->memory->age;
    run->variant_count++;
    compile__emit(run, variant->resource);
    for (size_t i = 0; i < variant->clusters.count; i++) {
        struct compile__cluster *cluster = variant->clusters.items[i];
        if (cluster->age != run->memory->age)
            compile__emit(run, cluster->resource);
        cluster->age = run->memory->age;
    }
    emit_needs(run, plan);
    return variant->resource->name;
}

static void emit_no_routes(struct compile__run *run)
{
    if (run->has_no_routes)
        return;
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
}

/* ---- Virtual hosts ---- */

static bool is_emitted(const struct compile__run *run, const struct compile__plan *plan,
                       const struct compile__scope *scope)
{
    const struct compile__variant *variant = find_variant(plan, scope);
    return variant != NULL && variant->age == run->memory->age;
}

/* Why the route does not fit on one more host, in `arena`; empty: it does. */
static struct str limit_of(const struct compile__run *run, const struct compile__route *route,
                           const struct compile__scope *scope)
{
    size_t matches = route->plan->match_count;
    if (matches > COMPILE_ROUTE_RULES_MAX - route->rule_count)
        return str_format(run->arena, "a route has at most %zu rules, on all its hosts together",
                          COMPILE_ROUTE_RULES_MAX);
    if (matches > COMPILE_RULES_MAX - run->rule_count)
        return str_format(run->arena, "a snapshot holds at most %zu rules", COMPILE_RULES_MAX);
    if (run->variant_count == COMPILE_ROUTES_MAX && !is_emitted(run, route->plan, scope))
        return str_format(run->arena,
                          "a snapshot holds at most %zu routes, counted once for each set of tags "
                          "of their listeners",
                          COMPILE_ROUTES_MAX);
    return STR_EMPTY;
}

/* Whether there is room for the route on one more host; takes it. */
static bool take_room(struct compile__run *run, struct compile__route *route,
                      const struct compile__scope *scope)
{
    if (route->left_out.size > 0)
        return false; /* it was said, for another host */
    struct str limit = limit_of(run, route, scope);
    if (limit.size > 0) {
        route->left_out = compile__find(
            run, FINDING_ERROR, route->object, route->object->mark, STR("conf.http.rules"),
            "%.*s; what is beyond is left out; split the gateway, or name fewer hosts per route",
            STR_ARG(limit));
        return false;
    }
    route->rule_count += route->plan->match_count;
    run->rule_count += route->plan->match_count;
    return true;
}

struct names {
    VEC(struct str) names;
};

/* The names of the routes that were picked for the host, which are emitted. */
static void emit_routes(struct compile__run *run, const struct compile__host *host,
                        struct names *names)
{
    const struct compile__picked *picked = &run->picked;
    struct compile__claims claims;
    compile__claims_init(&claims, run, host);
    for (size_t i = 0; i < picked->routes.count; i++) {
        struct compile__plan *plan = compile__plan_of(run, picked->routes.items[i]);
        if (!take_room(run, picked->routes.items[i], host->scope))
            continue;
        VEC_PUSH(&names->names, emit_route(run, host->scope, plan));
        compile__claims_add(&claims, plan);
    }
    compile__claims_deinit(&claims);
}

static bool says_the_same(const struct model_virtual_host *known, struct str domain,
                          struct model_names routes)
{
    bool same = str_equal(known->domain, domain) && known->routes.count == routes.count;
    for (size_t i = 0; same && i < routes.count; i++)
        same = str_equal(known->routes.items[i], routes.items[i]);
    return same;
}

/* The virtual host, which is another only when its routes are others by name. */
static const struct model_resource *host_of(struct compile__run *run, struct str name,
                                            struct str domain, struct model_names routes)
{
    struct compile__named *known = map_get(run->memory->hosts, name);
    if (known == NULL) {
        known = MEM_NEW(struct compile__named);
        (void)map_set(run->memory->hosts, name, known); /* there was none */
    }
    known->age = run->memory->age;
    if (known->resource != NULL && says_the_same(known->resource->virtual_host, domain, routes))
        return known->resource;
    known->resource = model_resource_unref(known->resource);
    known->resource = model_virtual_host_new(&(struct model_virtual_host){
        .name = name,
        .domain = domain,
        .routes = routes,
    });
    return known->resource;
}

void compile__emit_virtual_host(struct compile__run *run, struct str name,
                                const struct compile__hosts *hosts,
                                const struct compile__host *host)
{
    struct names names = {0};
    compile__pick_routes(hosts, host, &run->picked);
    bool has_routes = run->picked.routes.count > 0;
    if (has_routes)
        emit_routes(run, host, &names);
    else
        emit_no_routes(run);
    struct model_names routes = {&no_routes_name, 1};
    if (has_routes)
        routes = (struct model_names){names.names.items, names.names.count};
    compile__emit(run, host_of(run, name, host->domain, routes));
    VEC_FREE(&names.names);
}

void compile__look_at_virtual_host(struct compile__run *run, const struct compile__hosts *hosts,
                                   const struct compile__host *host)
{
    struct compile__claims claims;
    compile__claims_init(&claims, run, host);
    compile__pick_routes(hosts, host, &run->picked);
    for (size_t i = 0; i < run->picked.routes.count; i++) {
        const struct compile__plan *plan = compile__plan_of(run, run->picked.routes.items[i]);
        if (plan->match_count > COMPILE_RULES_MAX - run->rule_count)
            continue; /* beyond what is looked at for all of them, it is known what it does */
        run->rule_count += plan->match_count;
        compile__claims_add(&claims, plan);
    }
    compile__claims_deinit(&claims);
}
