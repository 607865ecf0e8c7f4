/* Kuma's older policies, which choose by tags. Of them, too, it is looked at what they are for. */
#include "control/api/check.h"
#include "control/api/kinds.h"

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

/* With more of them the API server could not afford to look at their tags. */
#define SELECTORS_MAX 64
#define SELECTORS(field_name, member)                                    \
    API__FIELD(field_name, LIST, API__AT(struct api_tag_policy, member), \
               .table = &api__selector_table, .max = SELECTORS_MAX)
#define ENDS SELECTORS("sources", sources), SELECTORS("destinations", destinations)

static const struct api__field connection_fields[] = {ENDS, API__FIELD("conf", OPEN)};
static const struct api__field permission_fields[] = {ENDS};

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

/* TrafficPermission, which has nothing to say but who may. */
const struct api__table api__permission_policy_table = API__TABLE(
    permission_fields, struct api_tag_policy, .check = check_connection);

static const struct api__field selector_fields[] = {
    SELECTORS("selectors", sources),
    API__FIELD("conf", OPEN),
};

static void check_selected(struct api__decoder *d, const struct api__place *place, void *object)
{
    const struct api_tag_policy *policy = object;
    struct api__place selectors = api__member(place, STR("selectors"));
    check_selectors(d, &selectors, policy->sources);
}

const struct api__table api__selector_policy_table = API__TABLE(
    selector_fields, struct api_tag_policy, .check = check_selected);
