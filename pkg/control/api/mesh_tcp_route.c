/* MeshTCPRoute: where connections go, as a policy. */
#include "control/api/kinds.h"
#include "control/api/target_ref.h"

static const struct api__field default_fields[] = {
    API__FIELD("backendRefs", LIST, API__AT(struct api_tcp_rule, backends),
               .table = &api__tcp_backend_table, .max = API__BACKENDS_MAX),
};

static void check_default(struct api__decoder *d, const struct api__place *place, void *object)
{
    const struct api_tcp_rule *rule = object;
    struct api__place backends = api__member(place, STR("backendRefs"));
    if (rule->backend_count == 0)
        api__error(d, &backends, "must be defined");
    api__check_weights(d, &backends, rule->backends, rule->backend_count);
}

static const struct api__table default_table = API__TABLE(default_fields, struct api_tcp_rule,
                                                          .check = check_default);

static const struct api__field rule_fields[] = {
    API__FIELD("default", OBJECT, .table = &default_table, .required = true),
};
static const struct api__table rule_table = API__TABLE(
    rule_fields, struct api_tcp_rule, .mark = offsetof(struct api_tcp_rule, mark),
    .broken = offsetof(struct api_tcp_rule, broken));

static const struct api__field to_fields[] = {
    API__FIELD("targetRef", OBJECT, API__AT(struct api_tcp_to, target),
               .table = &api__route_to_table, .required = true),
    API__FIELD("rules", LIST, API__AT(struct api_tcp_to, rules), .table = &rule_table,
               .required = true, .max = 1),
};
static const struct api__table to_table = API__TABLE(to_fields, struct api_tcp_to,
                                                     .mark = offsetof(struct api_tcp_to, mark),
                                                     .broken = offsetof(struct api_tcp_to, broken));

static const struct api__field fields[] = {
    API__FIELD("targetRef", OBJECT, API__AT(struct api_mesh_tcp_route, target),
               .table = &api__route_target_table),
    API__FIELD("to", LIST, API__AT(struct api_mesh_tcp_route, to), .table = &to_table, .min = 1,
               .max = API__TO_MAX),
};

static void check(struct api__decoder *d, const struct api__place *place, void *object)
{
    struct api_mesh_tcp_route *route = object;
    api__check_route(d, place, &route->target);
}

const struct api__table api__mesh_tcp_route_table = API__TABLE(fields, struct api_mesh_tcp_route,
                                                               .check = check);
