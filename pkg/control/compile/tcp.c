/* Stage 3 of listeners for TCP and TLS, which are looked at and not served yet: which routes of
 * connections they have.
 *
 * A connection says nothing by which to choose a rule, so that the back ends of all rules of all
 * MeshGatewayRoutes of a chain are one set, which weights divide. Where MeshTCPRoutes select a
 * listener, the strongest serves it alone. For TCP all listeners of a port are one chain, for TLS
 * each is one. */
#include <stdlib.h>

#include "control/compile/spec.h"
#include "control/compile/stages.h"
#include "control/select/select.h"

bool compile__is_of_connections(enum api_protocol protocol)
{
    return protocol == API_PROTOCOL_TCP || protocol == API_PROTOCOL_TLS;
}

/* ---- Which routes ---- */

struct list {
    VEC(struct compile__route *) routes;
};

static bool selects(const struct api_object *route, const struct compile__binding *binding,
                    struct api_tags tags)
{
    if (route->key.kind == API_MESH_TCP_ROUTE)
        return compile__takes_part(route, binding->gateway, tags);
    return !route->broken && compile__is_tcp(route) &&
           select_match_any(route->mesh_gateway_route->selectors, tags);
}

static void select_routes(struct compile__run *run, enum api_kind kind,
                          const struct compile__binding *binding,
                          const struct compile__listener *listener, struct list *list)
{
    size_t count;
    struct compile__route *routes = compile__routes_of(run, kind, listener->scope->mesh, &count);
    for (size_t i = 0; i < count; i++) {
        if (selects(routes[i].object, binding, listener->scope->tags))
            VEC_PUSH(&list->routes, &routes[i]);
    }
}

static int compare_policies(const void *a, const void *b)
{
    const struct api_object *left = (*(struct compile__route *const *)a)->object;
    const struct api_object *right = (*(struct compile__route *const *)b)->object;
    return compile__policy_compare(left, compile__target_of(left), right,
                                   compile__target_of(right));
}

void compile__note_tcp(struct compile__run *run, const struct compile__binding *binding,
                       const struct compile__listener *listener)
{
    struct list list = {0};
    select_routes(run, API_MESH_GATEWAY_ROUTE, binding, listener, &list);
    select_routes(run, API_MESH_TCP_ROUTE, binding, listener, &list);
    for (size_t i = 0; i < list.routes.count; i++)
        (void)compile__parent_of(run, list.routes.items[i], binding); /* made, and left so */
    VEC_FREE(&list.routes);
}

/* ---- Who takes what ---- */

/* Listeners of one port that share what comes to them. */
struct chain {
    struct compile__run *run;
    const struct compile__port *port;
    const struct compile__listener *listeners;
    size_t count;
    bool is_planned;    /* else routes are attached alone */
    struct list takers; /* each once */
};

static void attach(const struct chain *chain, const struct compile__listener *listener,
                   struct compile__route *route)
{
    compile__attach(chain->run, route, chain->port, 1);
    listener->report->attached_routes++;
    if (chain->is_planned)
        (void)compile__plan_of(chain->run, route); /* made, and kept there */
}

static void take(struct chain *chain, const struct compile__listener *listener,
                 struct compile__route *route)
{
    attach(chain, listener, route);
    compile__note_taker(listener, route);
    if (route->attached_to != chain->listeners[0].report)
        VEC_PUSH(&chain->takers.routes, route);
    route->attached_to = chain->listeners[0].report;
}

static void attach_listener(struct chain *chain, const struct compile__listener *listener)
{
    struct list policies = {0};
    struct list others = {0};
    const struct compile__binding *binding = chain->port->binding;
    select_routes(chain->run, API_MESH_TCP_ROUTE, binding, listener, &policies);
    select_routes(chain->run, API_MESH_GATEWAY_ROUTE, binding, listener, &others);
    struct compile__route **routes = policies.routes.items;
    size_t count = policies.routes.count;
    if (count > 1)
        qsort(routes, count, sizeof(*routes), compare_policies);
    if (count > 0)
        take(chain, listener, routes[0]);
    for (size_t i = 1; i < count; i++) {
        attach(chain, listener, routes[i]);
        compile__lose(chain->run, chain->port, listener, routes[i], routes[0]);
    }
    for (size_t i = 0; i < others.routes.count; i++) {
        if (count > 0)
            compile__lose(chain->run, chain->port, listener, others.routes.items[i], routes[0]);
        else
            take(chain, listener, others.routes.items[i]);
    }
    VEC_FREE(&policies.routes);
    VEC_FREE(&others.routes);
}

/* ---- Their shares ---- */

/* What back ends get of the connections of a chain. The last weight of one counts. */
struct shares {
    struct map *weights; /* by name */
    uint64_t sum;
};

static void add_shares(const struct chain *chain, const struct compile__plan_rule *rule,
                       struct shares *shares)
{
    for (size_t i = 0; i < rule->destination_count; i++) {
        const struct compile__plan_backend *backend = &rule->destinations[i];
        uint64_t *weight = map_get(shares->weights, backend->set->name);
        if (weight == NULL) {
            weight = ARENA_NEW(chain->run->arena, uint64_t);
            (void)map_set(shares->weights, backend->set->name, weight); /* there was none */
        }
        shares->sum = shares->sum - *weight + backend->weight;
        *weight = backend->weight;
    }
}

static bool has_share(const struct shares *shares, const struct compile__plan_rule *rule)
{
    for (size_t i = 0; i < rule->destination_count; i++) {
        const uint64_t *weight = map_get(shares->weights, rule->destinations[i].set->name);
        if (*weight > 0)
            return true;
    }
    return rule->destination_count == 0; /* what is wrong with it was said */
}

static void say_no_share(const struct chain *chain, const struct compile__plan *plan, size_t rule,
                         const struct shares *shares)
{
    const struct compile__spec spec = compile__spec_of(plan->route, rule);
    struct arena *arena = chain->run->arena;
    struct str field = str_format(arena, "%.*s.%s", STR_ARG(compile__spec_inner(arena, &spec)),
                                  spec.words->backends);
    const char *weights = spec.words->zero_weight;
    if (shares->sum > 0)
        (void)compile__find(chain->run, FINDING_WARNING, plan->route, spec.mark, field,
                            "every backend has weight 0%s, so all connections to port %u go to "
                            "the other back ends there; give one a weight",
                            weights, (unsigned)chain->port->number);
    else
        (void)compile__find(chain->run, FINDING_ERROR, plan->route, spec.mark, field,
                            "every backend of port %u has weight 0%s, so there is none to choose; "
                            "connections are closed; give at least one backend a weight",
                            (unsigned)chain->port->number, weights);
}

static void check_shares(const struct chain *chain)
{
    const struct list *takers = &chain->takers;
    struct shares shares = {.weights = map_new()};
    for (size_t i = 0; i < takers->routes.count; i++) {
        const struct compile__plan *plan = takers->routes.items[i]->plan;
        for (size_t j = 0; j < plan->rule_count; j++)
            add_shares(chain, &plan->rules[j], &shares);
    }
    bool is_divided = map_count(shares.weights) > 1; /* a single one takes all */
    for (size_t i = 0; i < takers->routes.count && is_divided; i++) {
        const struct compile__plan *plan = takers->routes.items[i]->plan;
        for (size_t j = 0; j < plan->rule_count; j++) {
            if (!has_share(&shares, &plan->rules[j]))
                say_no_share(chain, plan, j, &shares);
        }
    }
    shares.weights = map_free(shares.weights);
}

/* ---- A port ---- */

static void walk_chain(struct chain *chain)
{
    for (size_t i = 0; i < chain->count; i++)
        attach_listener(chain, &chain->listeners[i]);
    if (chain->is_planned)
        check_shares(chain);
    VEC_FREE(&chain->takers.routes);
}

static void walk_port(struct compile__run *run, const struct compile__port *port, bool is_planned)
{
    size_t step = port->protocol == API_PROTOCOL_TLS ? 1 : port->listener_count;
    for (size_t i = 0; i < port->listener_count; i += step) {
        struct chain chain = {
            .run = run,
            .port = port,
            .listeners = &port->listeners[i],
            .count = step,
            .is_planned = is_planned,
        };
        walk_chain(&chain);
    }
}

void compile__attach_tcp(struct compile__run *run, const struct compile__port *port)
{
    walk_port(run, port, false);
}

/* Nothing is presented: what the port would present is not in the snapshot. */
void compile__look_at_tcp(struct compile__run *run, const struct compile__port *port)
{
    walk_port(run, port, true);
    for (size_t i = 0; i < port->listener_count; i++) {
        struct compile__listener *listener = &port->listeners[i];
        if (port->protocol == API_PROTOCOL_TLS && listener->spec->tls.mode == API_TLS_TERMINATE)
            compile__load_certificates(run, port, listener);
        listener->report->secrets = (struct model_names){0};
    }
}
