/* Kuma's newer policies: what they are for. What they say is decoded with the work that gives it
 * effect, so the fields that hold it are known, and not looked at. */
#include "control/api/kinds.h"
#include "control/api/target_ref.h"
#include "core/base/assert.h"

/* ---- What each may be for ----
 *
 * Source: Kuma, pkg/plugins/policies/<policy>/api/v1alpha1/validator.go. Where versions differ,
 * what any of them took is taken. */

#define BIT API__TARGET_BIT

enum {
    MESH = BIT(API_TARGET_MESH),
    ROUTE = BIT(API_TARGET_MESH_HTTP_ROUTE),
    OUTSIDE = BIT(API_TARGET_MESH_EXTERNAL_SERVICE),
    SUBSETS = BIT(API_TARGET_MESH_SUBSET) | BIT(API_TARGET_MESH_SERVICE_SUBSET) |
              BIT(API_TARGET_MESH_SERVICE),
    ANYWHERE = MESH | API__TARGET_SERVICES,
    TOPS = API__TARGET_TOPS,
};

/* What Kuma asks for besides. */
enum {
    NEEDS_SOME = 1,       /* something in from, to or rules */
    NEEDS_TO = 2,         /* something in to */
    RULES_ALONE = 4,      /* rules beside nothing else */
    OUTBOUND_GATEWAY = 8, /* what a gateway receives stands in to, which is for gateways alone */
    OUTSIDE_BY_MESH = 16, /* MeshExternalService when it is for the whole mesh only */
    INBOUND_SIDECAR = 32, /* from is not for gateways */
    ANYBODYS = 64,        /* nobody asks who may set it for a gateway */
};

struct policy_rules {
    struct str kind;
    int top;
    int to;
    int to_of_gateway; /* when the top is a gateway or a route; 0: as `to` */
    int from;
    unsigned more;
};

static const struct policy_rules policy_rules[] = {
    {STR_INIT("MeshAccessLog"), TOPS, .to = ANYWHERE | ROUTE, .from = MESH,
     .more = NEEDS_SOME | RULES_ALONE},
    {STR_INIT("MeshCircuitBreaker"), TOPS, .to = ANYWHERE | ROUTE, .from = MESH,
     .more = NEEDS_SOME | RULES_ALONE | OUTSIDE_BY_MESH},
    {STR_INIT("MeshFaultInjection"), TOPS, .to = MESH, .from = MESH | SUBSETS,
     .more = OUTBOUND_GATEWAY},
    {STR_INIT("MeshHealthCheck"), TOPS, .to = ANYWHERE, .more = OUTSIDE_BY_MESH},
    {STR_INIT("MeshLoadBalancingStrategy"), TOPS, .to = (ANYWHERE | ROUTE) & ~OUTSIDE,
     .to_of_gateway = ANYWHERE & ~OUTSIDE, .more = NEEDS_TO | ANYBODYS},
    {STR_INIT("MeshMetric"), TOPS, .to = 0},
    {STR_INIT("MeshProxyPatch"), TOPS | API__TARGET_WHOLE, .to = 0},
    {STR_INIT("MeshRateLimit"), TOPS | ROUTE, .to = MESH, .from = MESH,
     .more = RULES_ALONE | OUTBOUND_GATEWAY},
    {STR_INIT("MeshRetry"), TOPS | ROUTE, .to = ANYWHERE | ROUTE,
     .to_of_gateway = MESH | OUTSIDE | ROUTE, .more = NEEDS_TO},
    {STR_INIT("MeshTimeout"), TOPS | ROUTE, .to = ANYWHERE | ROUTE,
     .to_of_gateway = MESH | OUTSIDE | ROUTE, .from = MESH,
     .more = NEEDS_SOME | RULES_ALONE | INBOUND_SIDECAR},
    {STR_INIT("MeshTLS"), MESH | BIT(API_TARGET_MESH_SUBSET) | BIT(API_TARGET_DATAPLANE),
     .from = MESH, .more = RULES_ALONE},
    {STR_INIT("MeshTrace"), TOPS | API__TARGET_WHOLE, .to = 0},
};

static const struct policy_rules *rules_of(const struct api__decoder *d)
{
    for (size_t i = 0; i < ARRAY_SIZE(policy_rules); i++) {
        if (str_equal(policy_rules[i].kind, d->subject.kind))
            return &policy_rules[i];
    }
    ASSERT(false);
    return NULL;
}

static bool is_gateways(enum api_target_kind kind)
{
    return kind == API_TARGET_MESH_GATEWAY || kind == API_TARGET_MESH_HTTP_ROUTE;
}

/* ---- Items ---- */

/* Of the newer policies' lists. */
#define POLICY_ITEMS_MAX 256

static bool has_load_balancer(const struct api__place *item)
{
    const struct jv *member = jv_get(jv_get(item->value, STR("default")), STR("loadBalancer"));
    return member != NULL && member->type != JV_NULL;
}

static void check_to(struct api__decoder *d, const struct api__place *place, void *object)
{
    struct api_policy_item *item = object;
    const struct policy_rules *rules = rules_of(d);
    enum api_target_kind top = api__top_kind(place);
    struct api__place target = api__member(place, STR("targetRef"));
    struct api__place kind = api__member(&target, STR("kind"));
    bool is_of_gateway = is_gateways(top) && rules->to_of_gateway != 0;
    if (!api__is_present(&target) || top == API_TARGET_NONE)
        return;
    api__check_target(d, &target, &item->target, is_of_gateway ? rules->to_of_gateway : rules->to);
    if (item->target.kind == API_TARGET_MESH_EXTERNAL_SERVICE && top != API_TARGET_MESH &&
        (rules->more & OUTSIDE_BY_MESH) != 0)
        api__error(d, &kind,
                   "kind MeshExternalService is only allowed with targetRef.kind: Mesh as it is "
                   "configured on the Zone Egress and shared by all clients in the mesh");
    if (top == API_TARGET_MESH_GATEWAY && has_load_balancer(place) &&
        (BIT(item->target.kind) & rules->to_of_gateway & ~MESH) != 0)
        api__error(d, &kind, "value is not supported, only Mesh is allowed if loadBalancer is set");
}

static void check_from(struct api__decoder *d, const struct api__place *place, void *object)
{
    struct api_policy_item *item = object;
    struct api__place target = api__member(place, STR("targetRef"));
    if (api__is_present(&target))
        api__check_target(d, &target, &item->target, rules_of(d)->from);
}

static const struct api__field item_fields[] = {
    API__FIELD("targetRef", OBJECT, API__AT(struct api_policy_item, target),
               .table = &api__policy_target_table, .required = true),
    API__FIELD("default", OPEN),
};

#define ITEM_TABLE(check_function)                             \
    API__TABLE(item_fields, struct api_policy_item,            \
               .mark = offsetof(struct api_policy_item, mark), \
               .broken = offsetof(struct api_policy_item, broken), .check = (check_function))

static const struct api__table to_table = ITEM_TABLE(check_to);
static const struct api__table from_table = ITEM_TABLE(check_from);

static const struct api__field rule_fields[] = {API__FIELD("default", OPEN)};
static const struct api__table rule_table = API__SHAPE(rule_fields);

/* ---- The policy ---- */

static bool has_items(const struct api__place *place, struct str list)
{
    struct api__place member = api__member(place, list);
    return api__is_present(&member) && jv_item_count(member.value) > 0;
}

static bool is_unreadable(const struct api__decoder *d, const struct api__place *place,
                          struct str list)
{
    struct api__place member = api__member(place, list);
    return api__has_failed(d, &member);
}

/* Some of the proxies that the policy is for may be gateways. */
static bool includes_gateways(const struct api_target_ref *target)
{
    bool is_of_mesh = target->kind == API_TARGET_MESH || target->kind == API_TARGET_MESH_SUBSET;
    bool has_type = target->proxy_types == 0 || (target->proxy_types & API_PROXY_GATEWAY) != 0;
    return is_gateways(target->kind) || (is_of_mesh && has_type);
}

/* Which lists there may be. */
static void check_lists(struct api__decoder *d, const struct api__place *place, unsigned more)
{
    bool to = has_items(place, STR("to"));
    bool from = has_items(place, STR("from"));
    bool rules = has_items(place, STR("rules"));
    if (is_unreadable(d, place, STR("to")) || is_unreadable(d, place, STR("from")) ||
        is_unreadable(d, place, STR("rules")))
        return;
    if ((more & NEEDS_SOME) != 0 && !to && !from && !rules)
        api__error(d, place, "at least one of 'from', 'to' or 'rules' has to be defined");
    if ((more & NEEDS_TO) != 0 && !to)
        api__error_in(d, place, STR("to"), "needs at least one item");
    if ((more & RULES_ALONE) == 0 || !rules || (!to && !from))
        return;
    if ((rules_of(d)->to) == 0)
        api__error(d, place, "field 'from' must be empty when 'rules' is defined");
    else
        api__error(d, place, "fields 'to' and 'from' must be empty when 'rules' is defined");
}

/* Where what a gateway receives stands. */
static void check_direction(struct api__decoder *d, const struct api__place *place,
                            const struct api_policy *policy, unsigned more)
{
    bool is_split = (more & OUTBOUND_GATEWAY) != 0;
    bool from = has_items(place, STR("from"));
    bool includes = includes_gateways(&policy->target);
    if (policy->target.kind == API_TARGET_NONE)
        return; /* which was said */
    if (is_split && includes && has_items(place, STR("rules")))
        api__error_in(d, place, STR("rules"), "must not be defined");
    if (is_split && includes && from)
        api__error_in(
            d, place, STR("from"),
            "must not be defined when the scope includes a Gateway, select only proxyType "
            "Sidecar or select only gateways and use spec.to");
    if (is_split && !includes && has_items(place, STR("to")))
        api__error_in(d, place, STR("to"), "must not be defined");
    if ((more & INBOUND_SIDECAR) != 0 && is_gateways(policy->target.kind) && from)
        api__error_in(d, place, STR("from"), "must not be defined");
}

static void check_policy(struct api__decoder *d, const struct api__place *place, void *object)
{
    struct api_policy *policy = object;
    const struct policy_rules *rules = rules_of(d);
    struct api__place target = api__member(place, STR("targetRef"));
    bool is_inbound = has_items(place, STR("from")) || has_items(place, STR("rules"));
    int top = rules->top | (is_inbound ? API__TARGET_INBOUND : 0);
    api__preset_target(place, &policy->target);
    if (api__is_present(&target) && (rules->more & ANYBODYS) != 0)
        api__check_target(d, &target, &policy->target, top);
    else if (api__is_present(&target))
        api__check_top(d, &target, &policy->target, top);
    check_lists(d, place, rules->more);
    check_direction(d, place, policy, rules->more);
}

#define TARGET                                                          \
    API__FIELD("targetRef", OBJECT, API__AT(struct api_policy, target), \
               .table = &api__policy_target_table)
#define TO                                                                     \
    API__FIELD("to", LIST, API__AT(struct api_policy, to), .table = &to_table, \
               .max = POLICY_ITEMS_MAX)
#define FROM(most) \
    API__FIELD("from", LIST, API__AT(struct api_policy, from), .table = &from_table, .max = (most))
#define RULES \
    API__FIELD("rules", LIST, .is_dropped = true, .table = &rule_table, .max = POLICY_ITEMS_MAX)
#define POLICY_TABLE(field_array) API__TABLE(field_array, struct api_policy, .check = check_policy)

/* MeshAccessLog, MeshCircuitBreaker, MeshRateLimit, MeshTimeout */
static const struct api__field traffic_fields[] = {TARGET, TO, FROM(POLICY_ITEMS_MAX), RULES};
const struct api__table api__traffic_policy_table = POLICY_TABLE(traffic_fields);

/* MeshFaultInjection, whose sources have tags to be checked */
#define SOURCES_MAX 64
static const struct api__field fault_fields[] = {TARGET, TO, FROM(SOURCES_MAX)};
const struct api__table api__fault_policy_table = POLICY_TABLE(fault_fields);

/* MeshHealthCheck, MeshLoadBalancingStrategy, MeshRetry */
static const struct api__field outbound_fields[] = {TARGET, TO};
const struct api__table api__outbound_policy_table = POLICY_TABLE(outbound_fields);

/* MeshTLS */
static const struct api__field inbound_fields[] = {TARGET, FROM(POLICY_ITEMS_MAX), RULES};
const struct api__table api__inbound_policy_table = POLICY_TABLE(inbound_fields);

/* MeshMetric, MeshProxyPatch, MeshTrace */
static const struct api__field proxy_fields[] = {TARGET, API__FIELD("default", OPEN)};
const struct api__table api__proxy_policy_table = POLICY_TABLE(proxy_fields);
