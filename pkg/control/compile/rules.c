/* Stage 6: the routes of a virtual host become its rules. */
#include "control/compile/stages.h"

#define REQUEST_TIMEOUT_MS     15000
#define STREAM_IDLE_TIMEOUT_MS 300000

static const struct str no_routes_text = STR_INIT(
    "This is a Kuma MeshGateway. No routes match this MeshGateway!\n");

static void report_limit(struct compile__run *run, const struct api_object *route)
{
    compile__find(run, FINDING_ERROR, route, route->mark, STR("conf.http.rules"),
                  "a snapshot holds at most %zu rules; what is beyond is left out; split the "
                  "gateway, or name fewer hosts per route",
                  COMPILE_RULES_MAX);
}

static void add_entries(struct compile__run *run, struct compile__entries *entries,
                        const struct compile__plan *plan, size_t route_order)
{
    size_t rule_count = plan->route->mesh_gateway_route->rule_count;
    for (size_t i = 0; i < rule_count; i++) {
        const struct compile__plan_rule *rule = &plan->rules[i];
        for (size_t j = 0; j < rule->match_count; j++) {
            if (run->rule_count == COMPILE_RULES_MAX) {
                report_limit(run, plan->route);
                return;
            }
            run->rule_count++;
            struct compile__entry entry = {
                .match = rule->matches[j].match,
                .path = rule->matches[j].path,
                .plan = plan,
                .route_order = route_order,
                .rule = i,
                .match_order = j,
                .source = &rule->matches[j],
            };
            VEC_PUSH(entries, entry);
        }
    }
}

static struct model_rule make_rule(struct compile__run *run, struct str mesh,
                                   const struct compile__host *host,
                                   const struct compile__entry *entry)
{
    const struct compile__plan_rule *plan = &entry->plan->rules[entry->rule];
    struct model_rule rule = {
        .route = entry->plan->route->key.name,
        .route_rule = (uint32_t)entry->rule,
        .path_match = entry->match,
        .path = entry->path,
    };
    if (plan->refusal.size > 0) {
        rule.action = MODEL_RESPOND;
        rule.status = 500;
        rule.reason = plan->refusal;
        return rule;
    }
    struct model_backend *backends = ARENA_NEW_ARRAY(run->arena, struct model_backend,
                                                     plan->backend_count);
    for (size_t i = 0; i < plan->backend_count; i++) {
        backends[i].cluster = compile__cluster(run, mesh, &plan->backends[i], host->tags);
        backends[i].weight = plan->backends[i].weight;
    }
    rule.action = MODEL_FORWARD;
    rule.request_timeout_ms = REQUEST_TIMEOUT_MS;
    rule.stream_idle_timeout_ms = STREAM_IDLE_TIMEOUT_MS;
    rule.backends = backends;
    rule.backend_count = plan->backend_count;
    return rule;
}

/* An entry after its equal never matches. Inside one rule that is nothing to talk about. */
static void report_shadowed(struct compile__run *run, const struct compile__host *host,
                            const struct compile__entry *winner, const struct compile__entry *entry)
{
    bool same_rule = winner->plan == entry->plan && winner->rule == entry->rule;
    if (entry->is_copy || same_rule)
        return;
    const struct api_object *other = winner->plan->route;
    compile__find(run, FINDING_WARNING, entry->plan->route, entry->source->mark,
                  str_format(run->arena, "conf.http.rules[%zu].matches[%zu]", entry->rule,
                             entry->source->index),
                  "never matches on host \"%.*s\": conf.http.rules[%zu] of MeshGatewayRoute %.*s "
                  "has the same path and comes first",
                  STR_ARG(host->domain), winner->rule, STR_ARG(other->key.name));
}

static size_t make_rules(struct compile__run *run, struct str mesh,
                         const struct compile__host *host, const struct compile__entries *entries,
                         struct model_rule *ret_rules)
{
    size_t count = 0;
    const struct compile__entry *winner = NULL;
    for (size_t i = 0; i < entries->count; i++) {
        const struct compile__entry *entry = &entries->items[i];
        if (winner != NULL && winner->match == entry->match &&
            str_equal(winner->path, entry->path)) {
            report_shadowed(run, host, winner, entry);
            continue;
        }
        winner = entry;
        ret_rules[count++] = make_rule(run, mesh, host, entry);
    }
    return count;
}

static void emit(struct compile__run *run, struct str name, const struct compile__host *host,
                 const struct model_rule *rules, size_t count)
{
    compile__emit(run, model_virtual_host_new(&(struct model_virtual_host){
                           .name = name,
                           .domain = host->domain,
                           .rules = rules,
                           .rule_count = count,
                       }));
}

void compile__emit_virtual_host(struct compile__run *run, struct str mesh, struct str name,
                                const struct compile__host *host)
{
    if (host->routes.count == 0) {
        const struct model_rule rule = {
            .path_match = MODEL_PATH_PREFIX,
            .path = STR("/"),
            .action = MODEL_RESPOND,
            .status = 404,
            .body = no_routes_text,
            .reason = STR("no route is attached"),
        };
        emit(run, name, host, &rule, 1);
        return;
    }
    struct compile__entries entries = {0};
    for (size_t i = 0; i < host->routes.count; i++)
        add_entries(run, &entries, compile__plan_of(run, host->routes.items[i]), i);
    compile__expand(run, &entries);
    struct model_rule *rules = ARENA_NEW_ARRAY(run->arena, struct model_rule, entries.count);
    size_t count = make_rules(run, mesh, host, &entries, rules);
    VEC_FREE(&entries);
    emit(run, name, host, rules, count);
}
