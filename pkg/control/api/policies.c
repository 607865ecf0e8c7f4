/* Kuma's policies: what they are for. What they say is decoded with the work that gives it effect,
 * so the fields that hold it are known, and not looked at. */
#include "control/api/check.h"
#include "control/api/kinds.h"
#include "control/api/target_ref.h"

/* ---- With a target: MeshTimeout, MeshRetry, ... ---- */

static const struct api__field item_fields[] = {
    API__FIELD("targetRef", OBJECT, API__AT(struct api_policy_item, target),
               .table = &api__any_target_table),
    API__FIELD("default", IGNORED, .table = NULL),
};
static const struct api__table item_table = API__TABLE(
    item_fields, struct api_policy_item, .mark = offsetof(struct api_policy_item, mark),
    .broken = offsetof(struct api_policy_item, broken));

#define POLICY_FIELDS(target_table)                                                                \
    API__FIELD("targetRef", OBJECT, API__AT(struct api_policy, target), .table = &(target_table)), \
        API__FIELD("to", LIST, API__AT(struct api_policy, to), .table = &item_table),              \
        API__FIELD("from", LIST, API__AT(struct api_policy, from), .table = &item_table),          \
        API__FIELD("rules", IGNORED, .table = NULL)

static const struct api__field policy_fields[] = {POLICY_FIELDS(api__policy_target_table)};
/* MeshLoadBalancingStrategy, of which Kuma does not ask whose it is. */
static const struct api__field balancing_fields[] = {POLICY_FIELDS(api__any_target_table)};

static void check_policy(struct api__decoder *d, const struct api__place *place, void *object)
{
    (void)d; /* nothing is wrong with it */
    struct api_policy *policy = object;
    api__preset_target(place, &policy->target);
}

const struct api__table api__policy_table = API__TABLE(policy_fields, struct api_policy,
                                                       .check = check_policy);

const struct api__table api__balancing_policy_table = API__TABLE(
    balancing_fields, struct api_policy, .check = check_policy);

/* MeshMetric */
static const struct api__field metric_fields[] = {
    API__FIELD("targetRef", OBJECT, API__AT(struct api_policy, target),
               .table = &api__policy_target_table),
    API__FIELD("default", IGNORED, .table = NULL),
};
const struct api__table api__metric_policy_table = API__TABLE(metric_fields, struct api_policy,
                                                              .check = check_policy);

/* MeshTrace and MeshProxyPatch, which are for whole proxies */
static const struct api__field trace_fields[] = {
    API__FIELD("targetRef", OBJECT, API__AT(struct api_policy, target),
               .table = &api__proxy_target_table),
    API__FIELD("default", IGNORED, .table = NULL),
};
const struct api__table api__trace_policy_table = API__TABLE(trace_fields, struct api_policy,
                                                             .check = check_policy);

/* ---- With tags: Timeout, Retry, ... ---- */

/* Of the rules for selectors, those that hold for every kind. */
static void check_selectors(struct api__decoder *d, const struct api__place *list,
                            struct api_selectors selectors)
{
    for (size_t i = 0; i < selectors.count; i++) {
        struct api__place selector = api__item(list, i);
        struct api__place match = api__member(&selector, STR("match"));
        api__check_tags(d, &match, selectors.items[i].match, API__TAGS_SELECTOR);
    }
}

static const struct api__field connection_fields[] = {
    API__FIELD("sources", LIST, API__AT(struct api_tag_policy, sources),
               .table = &api__selector_table),
    API__FIELD("destinations", LIST, API__AT(struct api_tag_policy, destinations),
               .table = &api__selector_table),
    API__FIELD("conf", IGNORED, .table = NULL),
};

static void check_connection(struct api__decoder *d, const struct api__place *place, void *object)
{
    const struct api_tag_policy *policy = object;
    struct api__place sources = api__member(place, STR("sources"));
    struct api__place destinations = api__member(place, STR("destinations"));
    check_selectors(d, &sources, policy->sources);
    check_selectors(d, &destinations, policy->destinations);
}

const struct api__table api__connection_policy_table = API__TABLE(
    connection_fields, struct api_tag_policy, .check = check_connection);

static const struct api__field selector_fields[] = {
    API__FIELD("selectors", LIST, API__AT(struct api_tag_policy, sources),
               .table = &api__selector_table),
    API__FIELD("conf", IGNORED, .table = NULL),
};

static void check_selected(struct api__decoder *d, const struct api__place *place, void *object)
{
    const struct api_tag_policy *policy = object;
    struct api__place selectors = api__member(place, STR("selectors"));
    check_selectors(d, &selectors, policy->sources);
}

const struct api__table api__selector_policy_table = API__TABLE(
    selector_fields, struct api_tag_policy, .check = check_selected);
