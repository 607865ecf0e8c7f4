/* Stage 6: the routes of a virtual host, and their rules.
 *
 * What a route does depends on the listener's tags alone, so hosts of equal tags share it. */
#include "control/compile/hidden.h"
#include "control/compile/spec.h"

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
    if (parts->base->rule.action == MODEL_RESPOND)
        return parts->base->rule;
    struct model_rule rule = parts->filters->rule;
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
    return model_route_new(&(struct model_route){
        .name = str_format(arena, "%.*s/%.*s-%.*s", STR_ARG(draft->scope->mesh),
                           STR_ARG(route->key.name), STR_ARG(unit->identity)),
        .route = route->key.name,
        .rules = rules,
        .rule_count = count,
    });
}

static struct compile__variant *find_variant(const struct compile__unit *unit)
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
    struct compile__variant *variant = find_variant(unit);
    if (variant != NULL)
        return variant;
    variant = compile__variant_new(unit->identity, unit->inputs, most_leads(unit));
    struct draft draft = {run, scope, unit, variant};
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

/* Emits the route for the listeners of a scope once, with all that it needs. Returns its name. */
static struct str emit_route(struct compile__run *run, const struct compile__scope *scope,
                             const struct compile__unit *unit)
{
    struct compile__variant *variant = variant_of(run, scope, unit);
    if (variant->age == run->memory->age)
        return variant->resource->name;
    variant->age = run->memory->age;
    run->variant_count++;
    compile__emit(run, variant->resource);
    for (size_t i = 0; i < variant->lead_count; i++) {
        struct compile__cluster *cluster = variant->leads[i].cluster;
        if (cluster->age != run->memory->age)
            compile__emit(run, cluster->resource);
        cluster->age = run->memory->age;
    }
    emit_needs(run, unit->plan, variant);
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

static bool is_emitted(const struct compile__run *run, const struct compile__unit *unit)
{
    const struct compile__variant *variant = find_variant(unit);
    return variant != NULL && variant->age == run->memory->age;
}

/* Why the route does not fit on one more host, in `arena`; empty: it does. */
static struct str limit_of(const struct compile__run *run, const struct compile__unit *unit)
{
    size_t matches = unit->match_count;
    if (matches > COMPILE_ROUTE_RULES_MAX - unit->route->rule_count)
        return str_format(run->arena, "a route has at most %zu rules, on all its hosts together",
                          COMPILE_ROUTE_RULES_MAX);
    if (matches > COMPILE_RULES_MAX - run->rule_count)
        return str_format(run->arena, "a snapshot holds at most %zu rules", COMPILE_RULES_MAX);
    if (run->variant_count == COMPILE_ROUTES_MAX && !is_emitted(run, unit))
        return str_format(run->arena,
                          "a snapshot holds at most %zu routes, counted once for each set of tags "
                          "of their listeners",
                          COMPILE_ROUTES_MAX);
    return STR_EMPTY;
}

/* Whether there is room for the route on one more host; takes it. */
static bool take_room(struct compile__run *run, const struct compile__unit *unit)
{
    struct compile__route *route = unit->route;
    if (route->left_out.size > 0)
        return false; /* it was said, for another host */
    struct str limit = limit_of(run, unit);
    if (limit.size > 0) {
        route->left_out = compile__find(
            run, FINDING_ERROR, route->object, route->object->mark,
            compile__words_of(route->object->key.kind)->rules,
            "%.*s; what is beyond is left out; split the gateway, or name fewer hosts per route",
            STR_ARG(limit));
        return false;
    }
    route->rule_count += unit->match_count;
    run->rule_count += unit->match_count;
    return true;
}

struct names {
    VEC(struct str) names;
};

/* A walk over the routes of the model that a host has, in their order. */
struct walk {
    struct compile__run *run;
    const struct compile__host *host;
    struct compile__claims claims;
    struct names *names; /* of what is emitted; NULL: nothing is */
    bool has_routes;
};

/* Beyond what is looked at for all of them, it is known what a route does. */
static bool has_room(struct walk *walk, const struct compile__unit *unit)
{
    struct compile__run *run = walk->run;
    if (walk->names != NULL)
        return take_room(run, unit);
    if (unit->match_count > COMPILE_RULES_MAX - run->rule_count)
        return false;
    run->rule_count += unit->match_count;
    return true;
}

static void use(struct walk *walk, const struct compile__unit *unit)
{
    walk->has_routes = true;
    if (!has_room(walk, unit))
        return;
    if (walk->names != NULL)
        VEC_PUSH(&walk->names->names, emit_route(walk->run, walk->host->scope, unit));
    compile__claims_add(&walk->claims, unit);
}

static void walk_routes(struct walk *walk, const struct compile__hosts *hosts)
{
    const struct compile__picked *picked = &walk->run->picked;
    compile__pick_routes(hosts, walk->host, &walk->run->picked);
    compile__claims_init(&walk->claims, walk->run, walk->host);
    for (size_t i = 0; i < picked->routes.count; i++) {
        (void)compile__plan_of(walk->run, picked->routes.items[i]); /* made, and kept there */
        const struct compile__unit unit = compile__unit_of(walk->host->scope,
                                                           picked->routes.items[i]);
        use(walk, &unit);
    }
    compile__claims_deinit(&walk->claims);
}

/* What is said for a name, and for those above it: that the first comes before the others is what
 * their authors want. */
static void walk_policies(struct walk *walk)
{
    const struct compile__policies *policies = walk->host->policies;
    struct compile__group *groups[COMPILE__COVERS_MAX];
    size_t count = compile__policies_at(policies, walk->host->domain, groups);
    for (size_t i = 0; i < count; i++) {
        compile__merge_group(walk->run, policies, groups[i]);
        compile__claims_init(&walk->claims, walk->run, walk->host);
        for (size_t j = 0; j < groups[i]->unit_count; j++) {
            if (groups[i]->units[j].count > 0)
                use(walk, &groups[i]->units[j]);
        }
        compile__claims_deinit(&walk->claims);
    }
}

static void walk_host(struct walk *walk, const struct compile__hosts *hosts)
{
    if (walk->host->policies != NULL)
        walk_policies(walk);
    else
        walk_routes(walk, hosts);
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
    struct walk walk = {.run = run, .host = host, .names = &names};
    walk_host(&walk, hosts);
    if (!walk.has_routes)
        emit_no_routes(run);
    struct model_names routes = {&no_routes_name, 1};
    if (walk.has_routes)
        routes = (struct model_names){names.names.items, names.names.count};
    compile__emit(run, host_of(run, name, host->domain, routes));
    VEC_FREE(&names.names);
}

void compile__look_at_virtual_host(struct compile__run *run, const struct compile__hosts *hosts,
                                   const struct compile__host *host)
{
    struct walk walk = {.run = run, .host = host};
    walk_host(&walk, hosts);
}
