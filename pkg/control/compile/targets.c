/* Whom a targetRef of Kuma's newer kinds means. */
#include "control/compile/stages.h"
#include "control/select/select.h"

static bool takes_gateways(const struct api_target_ref *target)
{
    return target->proxy_types == 0 || (target->proxy_types & API_PROXY_GATEWAY) != 0;
}

static bool is_service(const struct api_target_ref *target, struct api_tags tags)
{
    const struct str *service = api_tags_find(tags, STR("kuma.io/service"));
    return service != NULL && str_equal(*service, target->name);
}

struct str compile__display_name(const struct api_object *object)
{
    const struct str *name = api_tags_find(object->labels, STR("kuma.io/display-name"));
    return name != NULL ? *name : object->key.name;
}

bool compile__target_selects(const struct api_target_ref *target, const struct api_object *gateway,
                             struct api_tags tags)
{
    switch (target->kind) {
    case API_TARGET_MESH: return takes_gateways(target);
    case API_TARGET_MESH_SUBSET: return takes_gateways(target) && select_match(target->tags, tags);
    case API_TARGET_MESH_GATEWAY:
        return str_equal(target->name, compile__display_name(gateway)) &&
               select_match(target->tags, tags);
    case API_TARGET_MESH_SERVICE: return is_service(target, tags);
    case API_TARGET_MESH_SERVICE_SUBSET:
        return is_service(target, tags) && select_match(target->tags, tags);
    case API_TARGET_NONE:
    case API_TARGET_MESH_EXTERNAL_SERVICE:
    case API_TARGET_MESH_MULTI_ZONE_SERVICE:
    case API_TARGET_MESH_HTTP_ROUTE:
    case API_TARGET_DATAPLANE: return false; /* of others than builtin gateways */
    }
    return false;
}

/* ---- Order ---- */

static int rank_of(enum api_target_kind kind)
{
    static const enum api_target_kind ranks[] = {
        API_TARGET_MESH,
        API_TARGET_DATAPLANE,
        API_TARGET_MESH_SUBSET,
        API_TARGET_MESH_GATEWAY,
        API_TARGET_MESH_SERVICE,
        API_TARGET_MESH_EXTERNAL_SERVICE,
        API_TARGET_MESH_MULTI_ZONE_SERVICE,
        API_TARGET_MESH_SERVICE_SUBSET,
        API_TARGET_MESH_HTTP_ROUTE,
    };
    size_t rank = 0;
    while (rank < ARRAY_SIZE(ranks) && ranks[rank] != kind)
        rank++;
    return (int)rank;
}

static int origin_of(const struct api_object *object)
{
    const struct str *origin = api_tags_find(object->labels, STR("kuma.io/origin"));
    if (origin == NULL)
        return 1;
    return str_equal(*origin, STR("zone")) ? 2 : 0;
}

int compile__policy_compare(const struct api_object *a, const struct api_target_ref *target_a,
                            const struct api_object *b, const struct api_target_ref *target_b)
{
    int order = rank_of(target_b->kind) - rank_of(target_a->kind);
    if (order == 0)
        order = origin_of(b) - origin_of(a);
    if (order == 0 && target_a->tags.count != target_b->tags.count)
        order = target_a->tags.count > target_b->tags.count ? -1 : 1;
    if (order == 0)
        order = str_compare(compile__display_name(a), compile__display_name(b));
    return order != 0 ? order : api_key_compare(&a->key, &b->key);
}
