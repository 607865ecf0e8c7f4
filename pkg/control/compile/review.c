/* What only shows when all dataplanes are seen together. */
#include "control/compile/stages.h"
#include "control/select/select.h"

/* A dataplane that would have suited a gateway but is bound to another. */
static const struct compile__binding *find_lost(const struct compile__bindings *bindings,
                                                const struct api_object *gateway)
{
    for (size_t i = 0; i < bindings->count; i++) {
        const struct compile__binding *binding = &bindings->items[i];
        if (binding->gateway != gateway && str_equal(binding->dataplane->mesh, gateway->key.mesh) &&
            select_match_any(gateway->mesh_gateway->selectors, binding->dataplane->tags))
            return binding;
    }
    return NULL;
}

static bool is_bound(const struct compile__bindings *bindings, const struct api_object *gateway)
{
    for (size_t i = 0; i < bindings->count; i++) {
        if (bindings->items[i].gateway == gateway)
            return true;
    }
    return false;
}

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

static struct finding_mark selectors_mark(const struct api_object *object,
                                          struct api_selectors selectors)
{
    return selectors.count > 0 ? selectors.items[0].mark : object->mark;
}

static void review_gateway(struct compile__run *run, const struct compile__bindings *bindings,
                           const struct api_object *gateway)
{
    bool bound = is_bound(bindings, gateway);
    const struct compile__binding *lost = find_lost(bindings, gateway);
    struct finding_mark mark = selectors_mark(gateway, gateway->mesh_gateway->selectors);
    if (lost != NULL)
        compile__find(run, FINDING_WARNING, gateway, mark, STR("selectors"),
                      "dataplane %.*s is bound to MeshGateway %.*s, which %s%s; a dataplane "
                      "serves one MeshGateway",
                      STR_ARG(lost->dataplane->name), STR_ARG(lost->gateway->key.name),
                      reason(lost, gateway),
                      bound ? "" : ", and no other is left to this one: it is not served");
    else if (!bound)
        compile__find(run, FINDING_WARNING, gateway, mark, STR("selectors"),
                      "no gateway dataplane has the tags of a selector, so this gateway is not "
                      "served; add a Dataplane with networking.gateway of type BUILTIN and these "
                      "tags");
}

/* Sets of routes, by compile__object_key. */
struct reached {
    struct map *attached; /* to a listener, by their tags */
    struct map *served;   /* in a virtual host */
};

static void mark(struct compile__run *run, struct map *set, struct compile__routes routes)
{
    for (size_t i = 0; i < routes.count; i++)
        (void)map_set(set, compile__object_key(run, routes.items[i]), run); /* the key counts */
}

static void mark_attached(struct compile__run *run, const struct compile__binding *binding,
                          struct map *attached)
{
    const struct api_mesh_gateway *gateway = binding->gateway->mesh_gateway;
    for (size_t i = 0; i < gateway->listener_count; i++) {
        struct api_tags tags = compile__listener_tags(run, binding, &gateway->listeners[i]);
        mark(run, attached, compile__attach(run, binding->dataplane->mesh, tags));
    }
}

static void mark_served(struct compile__run *run, const struct compile__port *port,
                        struct map *served)
{
    struct str mesh = port->binding.dataplane->mesh;
    size_t step = port->protocol == MODEL_HTTPS ? 1 : port->listener_count; /* of one chain */
    for (size_t i = 0; i < port->listener_count; i += step) {
        struct compile__hosts hosts = compile__make_hosts(run, mesh, &port->listeners[i], step);
        for (size_t j = 0; j < hosts.count; j++)
            mark(run, served, hosts.items[j].routes);
    }
}

static void review_route(struct compile__run *run, const struct reached *reached,
                         const struct api_object *route)
{
    struct str key = compile__object_key(run, route);
    struct finding_mark mark = selectors_mark(route, route->mesh_gateway_route->selectors);
    if (!route->mesh_gateway_route->has_http)
        compile__find(run, FINDING_WARNING, route, route->mark, STR("conf.tcp"),
                      "TCP routes are not served yet; this route has no effect");
    else if (map_get(reached->attached, key) == NULL)
        compile__find(run, FINDING_WARNING, route, mark, STR("selectors"),
                      "attaches to no listener: no selector matches the tags that a listener gets "
                      "from its dataplane, its gateway and itself");
    else if (map_get(reached->served, key) == NULL &&
             route->mesh_gateway_route->hostname_count == 0)
        compile__find(run, FINDING_WARNING, route, mark, STR("selectors"),
                      "attaches only to listeners that are not served, as their findings say");
    else if (map_get(reached->served, key) == NULL)
        compile__find(run, FINDING_WARNING, route, route->mark, STR("conf.http.hostnames"),
                      "no listener that the route attaches to serves one of its host names");
}

static void review_routes(struct compile__run *run, const struct compile__bindings *bindings)
{
    struct reached reached = {.attached = map_new(), .served = map_new()};
    for (size_t i = 0; i < bindings->count; i++)
        mark_attached(run, &bindings->items[i], reached.attached);
    struct finding_list *own = run->findings;
    run->findings = finding_list_new(); /* what merging reports is known from compiling */
    struct compile__ports ports = compile__merge_ports(run, *bindings);
    run->findings = finding_list_free(run->findings);
    run->findings = own;
    for (size_t i = 0; i < ports.count; i++)
        mark_served(run, &ports.items[i], reached.served);

    size_t count;
    const struct api_object *const *routes = cache_list_all(run->input->cache,
                                                            API_MESH_GATEWAY_ROUTE, &count);
    for (size_t i = 0; i < count; i++) {
        if (!routes[i]->broken)
            review_route(run, &reached, routes[i]);
    }
    reached.attached = map_free(reached.attached);
    reached.served = map_free(reached.served);
}

void compile_review(const struct compile_input *input, struct finding_list *findings)
{
    struct compile__run run;
    compile__run_init(&run, input, findings);
    struct compile__bindings bindings = compile__bind(&run);
    size_t count;
    const struct api_object *const *gateways = cache_list_all(input->cache, API_MESH_GATEWAY,
                                                              &count);
    for (size_t i = 0; i < count; i++) {
        if (!gateways[i]->broken)
            review_gateway(&run, &bindings, gateways[i]);
    }
    review_routes(&run, &bindings);
    compile__run_deinit(&run);
}
