/* Stage 6: the routes of a virtual host, and their rules.
 *
 * What a route does depends on the listener's tags alone, so hosts of equal tags share it. */
#include "control/compile/stages.h"

#define REQUEST_TIMEOUT_MS     15000
#define STREAM_IDLE_TIMEOUT_MS 300000

/* No route object has this name: a mesh stands before theirs. */
static const struct str no_routes_name = STR_INIT("no-routes");
static const struct str no_routes_text = STR_INIT(
    "This is a Kuma MeshGateway. No routes match this MeshGateway!\n");

/* ---- Routes ---- */

struct place {
    struct str mesh;
    struct api_tags tags; /* of the listener */
};

static struct model_rule make_rule(struct compile__run *run, const struct place *place,
                                   const struct compile__plan_rule *plan)
{
    struct model_rule rule = {0};
    if (plan->refusal.size > 0) {
        rule.action = MODEL_RESPOND;
        rule.status = 500;
        rule.reason = plan->refusal;
        return rule;
    }
    struct model_backend *backends = ARENA_NEW_ARRAY(run->arena, struct model_backend,
                                                     plan->backend_count);
    for (size_t i = 0; i < plan->backend_count; i++) {
        backends[i].cluster = compile__cluster(run, place->mesh, &plan->backends[i], place->tags);
        backends[i].weight = plan->backends[i].weight;
    }
    rule.action = MODEL_FORWARD;
    rule.request_timeout_ms = REQUEST_TIMEOUT_MS;
    rule.stream_idle_timeout_ms = STREAM_IDLE_TIMEOUT_MS;
    rule.backends = backends;
    rule.backend_count = plan->backend_count;
    return rule;
}

static size_t count_matches(const struct compile__plan *plan)
{
    size_t count = 0;
    for (size_t i = 0; i < plan->route->mesh_gateway_route->rule_count; i++)
        count += plan->rules[i].match_count;
    return count;
}

static void emit_route(struct compile__run *run, const struct place *place, struct str name,
                       const struct compile__plan *plan)
{
    struct model_rule *rules = ARENA_NEW_ARRAY(run->arena, struct model_rule, count_matches(plan));
    size_t count = 0;
    for (size_t i = 0; i < plan->route->mesh_gateway_route->rule_count; i++) {
        if (plan->rules[i].match_count == 0) /* nothing leads to its back ends */
            continue;
        struct model_rule rule = make_rule(run, place, &plan->rules[i]);
        rule.index = (uint32_t)i;
        for (size_t j = 0; j < plan->rules[i].match_count; j++) {
            rule.path_match = plan->rules[i].matches[j].match;
            rule.path = plan->rules[i].matches[j].path;
            rules[count++] = rule;
        }
    }
    compile__emit(run, model_route_new(&(struct model_route){
                           .name = name,
                           .route = plan->route->key.name,
                           .rules = rules,
                           .rule_count = count,
                       }));
}

static void emit_no_routes(struct compile__run *run)
{
    if (!compile__emit_once(run, MODEL_ROUTE, no_routes_name))
        return;
    const struct model_rule rule = {
        .path_match = MODEL_PATH_PREFIX,
        .path = STR("/"),
        .action = MODEL_RESPOND,
        .status = 404,
        .body = no_routes_text,
        .reason = STR("no route is attached"),
    };
    compile__emit(
        run, model_route_new(&(struct model_route){
                 .name = no_routes_name, .route = STR_EMPTY, .rules = &rule, .rule_count = 1}));
}

/* ---- Matches that another one hides ---- */

struct winner {
    const struct compile__plan *plan;
    size_t rule;
};

/* One that comes after its equal never matches. Inside one rule that is nothing to talk about. */
static void report_hidden(struct compile__run *run, const struct compile__host *host,
                          const struct winner *winner, const struct winner *hidden,
                          const struct compile__plan_match *match)
{
    if (winner->plan == hidden->plan && winner->rule == hidden->rule)
        return;
    compile__find(
        run, FINDING_WARNING, hidden->plan->route, match->mark,
        str_format(run->arena, "conf.http.rules[%zu].matches[%zu]", hidden->rule, match->index),
        "never matches on host \"%.*s\": conf.http.rules[%zu] of MeshGatewayRoute %.*s "
        "has the same path and comes first",
        STR_ARG(host->domain), winner->rule, STR_ARG(winner->plan->route->key.name));
}

/* Notes the matches of a route, of which the first of every path wins. */
static void claim_paths(struct compile__run *run, const struct compile__host *host,
                        struct map *winners, const struct compile__plan *plan)
{
    for (size_t i = 0; i < plan->route->mesh_gateway_route->rule_count; i++) {
        for (size_t j = 0; j < plan->rules[i].match_count; j++) {
            const struct compile__plan_match *match = &plan->rules[i].matches[j];
            struct str key = str_format(run->arena, "%c%.*s",
                                        match->match == MODEL_PATH_EXACT ? '=' : '^',
                                        STR_ARG(match->path));
            struct winner *claim = ARENA_NEW(run->arena, struct winner);
            *claim = (struct winner){plan, i};
            struct winner *winner = map_get(winners, key);
            if (winner != NULL)
                report_hidden(run, host, winner, claim, match);
            else
                (void)map_set(winners, key, claim); /* it was not there */
        }
    }
}

/* ---- Virtual hosts ---- */

static bool is_within_limit(struct compile__run *run, const struct compile__plan *plan)
{
    size_t count = count_matches(plan);
    if (count <= COMPILE_RULES_MAX - run->rule_count) {
        run->rule_count += count;
        return true;
    }
    compile__find(run, FINDING_ERROR, plan->route, plan->route->mark, STR("conf.http.rules"),
                  "a snapshot holds at most %zu rules; what is beyond is left out; split the "
                  "gateway, or name fewer hosts per route",
                  COMPILE_RULES_MAX);
    return false;
}

/* The names of the routes that the host has, which are emitted. */
static struct model_names emit_routes(struct compile__run *run, struct str mesh,
                                      const struct compile__host *host)
{
    struct place place = {mesh, host->tags};
    struct str identity = compile__identity(run, mesh, host->tags);
    struct str *names = ARENA_NEW_ARRAY(run->arena, struct str, host->routes.count);
    struct map *winners = map_new();
    size_t count = 0;
    for (size_t i = 0; i < host->routes.count; i++) {
        const struct compile__plan *plan = compile__plan_of(run, host->routes.items[i]);
        if (!is_within_limit(run, plan))
            continue;
        struct str name = str_format(run->arena, "%.*s/%.*s-%.*s", STR_ARG(mesh),
                                     STR_ARG(plan->route->key.name), STR_ARG(identity));
        if (compile__emit_once(run, MODEL_ROUTE, name))
            emit_route(run, &place, name, plan);
        claim_paths(run, host, winners, plan);
        names[count++] = name;
    }
    winners = map_free(winners);
    return (struct model_names){names, count};
}

void compile__emit_virtual_host(struct compile__run *run, struct str mesh, struct str name,
                                const struct compile__host *host)
{
    struct model_names routes = {&no_routes_name, 1};
    if (host->routes.count == 0)
        emit_no_routes(run);
    else
        routes = emit_routes(run, mesh, host);
    compile__emit(run, model_virtual_host_new(&(struct model_virtual_host){
                           .name = name,
                           .domain = host->domain,
                           .routes = routes,
                       }));
}
