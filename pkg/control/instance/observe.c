#include "control/instance/observe.h"

#include "core/base/assert.h"

bool instance__owns(const struct api_object *instance, const struct jv *object)
{
    const struct jv *owners = jv_get(jv_get(object, STR("metadata")), STR("ownerReferences"));
    for (size_t i = 0; i < jv_item_count(owners); i++) {
        const struct jv *controller = jv_get(owners->items[i], STR("controller"));
        if (controller != NULL && controller->type == JV_BOOL && controller->boolean)
            return str_equal(jv_text(jv_get(owners->items[i], STR("uid"))), instance->uid);
    }
    return false;
}

const struct jv *instance__condition(const struct jv *object, struct str type)
{
    const struct jv *conditions = jv_get(jv_get(object, STR("status")), STR("conditions"));
    for (size_t i = 0; i < jv_item_count(conditions); i++) {
        if (str_equal(jv_text(jv_get(conditions->items[i], STR("type"))), type))
            return conditions->items[i];
    }
    return NULL;
}

/* An object of at most one member for each of these; they are sorted. */
#define MEMBERS_MAX 4

struct members {
    struct jv_member items[MEMBERS_MAX];
    size_t count;
};

static void member_add(struct members *members, struct str key, const struct jv *value)
{
    ASSERT(members->count < MEMBERS_MAX);
    if (value != NULL)
        members->items[members->count++] = (struct jv_member){.key = key, .value = value};
}

static const struct jv *object_of(struct arena *arena, const struct members *members)
{
    const struct jv *object = NULL;
    const struct jv_member *twice[2];
    enum err err = jv_object(arena, (struct jv_mark){0}, members->items, members->count, &object,
                             twice);
    ASSERT(err == ERR_OK); /* the keys are constants */
    return object;
}

typedef const struct jv *(*item_fn)(struct arena *arena, const struct jv *item);

/* The list `name` of `object` with every item made anew; NULL: it is empty. */
static const struct jv *copy_list(struct arena *arena, const struct jv *object, struct str name,
                                  item_fn copy)
{
    const struct jv *list = jv_get(object, name);
    size_t count = jv_item_count(list);
    if (count == 0)
        return NULL;
    const struct jv **items = ARENA_NEW_ARRAY(arena, const struct jv *, count);
    for (size_t i = 0; i < count; i++)
        items[i] = copy(arena, list->items[i]);
    return jv_array(arena, (struct jv_mark){0}, items, count);
}

static const struct jv *copy_port(struct arena *arena, const struct jv *port)
{
    struct members members = {0};
    member_add(&members, STR("error"), jv_get(port, STR("error")));
    member_add(&members, STR("port"), jv_get(port, STR("port")));
    member_add(&members, STR("protocol"), jv_get(port, STR("protocol")));
    return object_of(arena, &members);
}

static const struct jv *copy_ingress(struct arena *arena, const struct jv *ingress)
{
    struct members members = {0};
    member_add(&members, STR("hostname"), jv_get(ingress, STR("hostname")));
    member_add(&members, STR("ip"), jv_get(ingress, STR("ip")));
    member_add(&members, STR("ipMode"), jv_get(ingress, STR("ipMode")));
    member_add(&members, STR("ports"), copy_list(arena, ingress, STR("ports"), copy_port));
    return object_of(arena, &members);
}

const struct jv *instance__load_balancer(struct arena *arena, const struct jv *service)
{
    const struct jv *given = jv_get(jv_get(service, STR("status")), STR("loadBalancer"));
    struct members members = {0};
    member_add(&members, STR("ingress"), copy_list(arena, given, STR("ingress"), copy_ingress));
    return members.count == 0 ? NULL : object_of(arena, &members);
}

const struct str *instance__ingress_addresses(struct arena *arena, const struct jv *load_balancer,
                                              size_t *ret_count)
{
    const struct jv *list = jv_get(load_balancer, STR("ingress"));
    size_t listed = jv_item_count(list);
    struct str *addresses = ARENA_NEW_ARRAY(arena, struct str, listed);
    size_t count = 0;
    for (size_t i = 0; i < listed; i++) {
        struct str address = jv_text(jv_get(list->items[i], STR("ip")));
        if (address.size == 0)
            address = jv_text(jv_get(list->items[i], STR("hostname")));
        if (address.size > 0)
            addresses[count++] = address;
    }
    *ret_count = count;
    return addresses;
}

const struct str *instance__cluster_addresses(struct arena *arena, const struct jv *service,
                                              size_t *ret_count)
{
    const struct jv *spec = jv_get(service, STR("spec"));
    const struct jv *list = jv_get(spec, STR("clusterIPs"));
    size_t listed = jv_item_count(list);
    struct str *addresses = ARENA_NEW_ARRAY(arena, struct str, listed + 1);
    size_t count = 0;
    for (size_t i = 0; i < listed; i++)
        addresses[count++] = jv_text(list->items[i]);
    if (count == 0)
        addresses[count++] = jv_text(jv_get(spec, STR("clusterIP")));
    bool is_none = addresses[0].size == 0 || str_equal(addresses[0], STR("None"));
    *ret_count = is_none ? 0 : count;
    return addresses;
}
