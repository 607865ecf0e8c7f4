#include "control/placement/placement.h"

#include <stdlib.h>

#include "control/placement/derive.h"
#include "control/select/select.h"
#include "core/base/map.h"
#include "core/base/mem.h"
#include "core/base/spell.h"
#include "core/base/vec.h"

#define LOOPBACK STR("127.0.0.1")

struct box {
    struct placement placement;
    struct arena *arena;
    VEC(struct placement_entry) entries;
    VEC(struct compile_dataplane) known;
    VEC(struct compile_dataplane) elsewhere;
    VEC(const struct api_object *) objects; /* one reference each */
    struct compile_dataplane *dataplanes;
};

/* What every step needs. */
struct search {
    const struct cache *cache;
    const struct placement_options *options;
    struct finding_list *findings;
    struct box *box;
    struct select_gateways *gateways;
};

static bool is_wanted(const struct search *search, struct str name)
{
    const struct placement_options *options = search->options;
    for (size_t i = 0; i < options->name_count; i++) {
        if (str_equal(options->names[i], name))
            return true;
    }
    return options->name_count == 0;
}

static bool is_local(const struct search *search, struct str address)
{
    return search->options->is_local(search->options->is_local_arg, address);
}

static void report(const struct search *search, const struct api_object *object, const char *field,
                   struct str message)
{
    struct finding_subject subject = api_subject(object);
    struct finding_mark mark = object->mark;
    if (object->key.kind == API_DATAPLANE && object->dataplane->address_mark.line > 0)
        mark = object->dataplane->address_mark;
    finding_add(search->findings, FINDING_WARNING, &subject, mark, str_of(field), "%.*s",
                STR_ARG(message));
}

/* Whether the dataplane can listen where it says; reports if not. */
static bool is_here(const struct search *search, const struct compile_dataplane *dataplane)
{
    if (search->options->address.size > 0 || is_local(search, dataplane->address))
        return true;
    report(search, dataplane->object, "networking.address",
           str_format(search->box->arena,
                      "%.*s is not an address of this machine, so this gateway is not served "
                      "here; to serve it anyway choose one with --address, such as --address "
                      "127.0.0.1",
                      STR_ARG(dataplane->address)));
    return false;
}

/* Keeps what a dataplane points into. */
static void hold(const struct search *search, const struct api_object *object)
{
    VEC_PUSH(&search->box->objects, api_object_ref(object));
}

/* Notes the dataplane; serves it if it is wanted and can be. `instance`: what it was derived from,
 * or NULL. */
static void place(const struct search *search, const struct compile_dataplane *dataplane,
                  const struct api_object *instance)
{
    struct box *box = search->box;
    VEC_PUSH(&box->known, *dataplane);
    bool is_derived = dataplane->object == NULL;
    if (!is_wanted(search, dataplane->name) || (!is_derived && !is_here(search, dataplane))) {
        VEC_PUSH(&box->elsewhere, *dataplane);
        return;
    }
    struct placement_entry entry = {
        .dataplane = *dataplane,
        .is_derived = is_derived,
        .has_instance = instance != NULL,
    };
    VEC_PUSH(&box->entries, entry);
}

static struct str address_or(const struct search *search, struct str address)
{
    struct str chosen = search->options->address;
    return str_dup(search->box->arena, chosen.size > 0 ? chosen : address);
}

/* A gateway Dataplane that no MeshGateway selects. */
static void report_idle(const struct search *search, const struct api_object *dataplane)
{
    size_t count = cache_count_all(search->cache, API_MESH_GATEWAY);
    if (count > 0 || !search->options->is_partial)
        report(search, dataplane, "networking.gateway.tags",
               STR("no MeshGateway of this mesh has a selector that matches these tags, so this "
                   "gateway serves nothing"));
}

/* Whether a MeshGateway selects any Dataplane at all, wanted or not, here or elsewhere. */
static bool place_objects(const struct search *search)
{
    bool any = false;
    size_t count;
    const struct api_object *const *objects = cache_list_all(search->cache, API_DATAPLANE, &count);
    for (size_t i = 0; i < count; i++) {
        const struct api_object *object = objects[i];
        if (object->broken || !object->dataplane->is_builtin_gateway)
            continue;
        if (select_gateways_find(search->gateways, object->key.mesh,
                                 object->dataplane->gateway_tags) == NULL) {
            report_idle(search, object);
            continue;
        }
        any = true;
        const struct compile_dataplane dataplane = {
            .mesh = object->key.mesh,
            .name = object->key.name,
            .address = address_or(search, object->dataplane->address),
            .tags = object->dataplane->gateway_tags,
            .object = object,
        };
        hold(search, object);
        place(search, &dataplane, NULL);
    }
    return any;
}

/* Where no gateway Dataplane was found: those that are somebody else's proxies by their type, which
 * may have been left out. */
static void report_delegated(const struct search *search)
{
    size_t count;
    const struct api_object *const *objects = cache_list_all(search->cache, API_DATAPLANE, &count);
    for (size_t i = 0; i < count; i++) {
        const struct api_dataplane *dataplane = objects[i]->dataplane;
        if (objects[i]->broken || dataplane->is_builtin_gateway ||
            dataplane->gateway_tags.count == 0)
            continue;
        const struct api_object *gateway = select_gateways_find(
            search->gateways, objects[i]->key.mesh, dataplane->gateway_tags);
        if (gateway != NULL)
            report(search, objects[i], "networking.gateway.type",
                   str_format(search->box->arena,
                              "is not BUILTIN, which it has to be to serve MeshGateway %.*s, whose "
                              "selector matches the tags",
                              STR_ARG(gateway->key.name)));
    }
}

/* What its selectors are is not known. */
static bool has_broken_gateway(const struct search *search, struct str mesh)
{
    size_t count;
    const struct api_object *const *gateways = cache_list(search->cache, API_MESH_GATEWAY, mesh,
                                                          &count);
    for (size_t i = 0; i < count; i++) {
        if (gateways[i]->broken)
            return true;
    }
    return false;
}

/* A MeshGatewayInstance whose pods no MeshGateway selects: mostly its selector has the name of the
 * gateway where it has to have that of the instance's service. */
static void report_lost(const struct search *search, const struct api_object *instance)
{
    const struct str *service = api_tags_find(instance->mesh_gateway_instance->tags,
                                              STR("kuma.io/service"));
    if (service == NULL || has_broken_gateway(search, instance->key.mesh) ||
        (search->options->is_partial && cache_count_all(search->cache, API_MESH_GATEWAY) == 0))
        return;
    report(search, instance, "tags",
           str_format(search->box->arena,
                      "no MeshGateway of mesh %.*s has a selector that matches the tags of its "
                      "pods, so they serve nothing; write kuma.io/service: %.*s into the selectors "
                      "of the MeshGateway",
                      STR_ARG(instance->key.mesh), STR_ARG(*service)));
}

/* The MeshGatewayInstances whose pods would serve a gateway, by its address: the first of each. */
static struct map *find_instances(const struct search *search)
{
    struct map *by_gateway = map_new();
    size_t count;
    const struct api_object *const *instances = cache_list_all(search->cache,
                                                               API_MESH_GATEWAY_INSTANCE, &count);
    for (size_t i = 0; i < count; i++) {
        if (instances[i]->broken)
            continue;
        const struct api_object *gateway = select_gateways_find(
            search->gateways, instances[i]->key.mesh, instances[i]->mesh_gateway_instance->tags);
        if (gateway == NULL)
            report_lost(search, instances[i]);
        if (gateway == NULL || map_get(by_gateway, api_object_address(&gateway)) != NULL)
            continue;
        const struct api_object **first = ARENA_NEW(search->box->arena, const struct api_object *);
        *first = instances[i];
        (void)map_set(by_gateway, api_object_address(&gateway), first); /* there was none */
    }
    return by_gateway;
}

/* A dataplane for each MeshGateway, unless another would win it. */
static void derive(const struct search *search)
{
    size_t count;
    const struct api_object *const *gateways = cache_list_all(search->cache, API_MESH_GATEWAY,
                                                              &count);
    struct map *instances = find_instances(search);
    for (size_t i = 0; i < count; i++) {
        const struct api_object *gateway = gateways[i];
        if (gateway->broken)
            continue;
        const struct api_object *const *first = map_get(instances, api_object_address(&gateway));
        const struct api_object *instance = first == NULL ? NULL : *first;
        struct api_tags tags = instance != NULL
                                   ? instance->mesh_gateway_instance->tags
                                   : placement__derive_tags(search->box->arena, gateway);
        if (select_gateways_find(search->gateways, gateway->key.mesh, tags) != gateway)
            continue; /* the review of the compiler says who has won */
        const struct compile_dataplane dataplane = {
            .mesh = gateway->key.mesh,
            .name = gateway->key.name,
            .address = address_or(search, LOOPBACK),
            .tags = tags,
        };
        hold(search, gateway);
        if (instance != NULL)
            hold(search, instance);
        place(search, &dataplane, instance);
    }
    instances = map_free(instances);
}

static bool exists(const struct cache *cache, enum api_kind kind, struct str name)
{
    size_t count;
    const struct api_object *const *objects = cache_list_all(cache, kind, &count);
    for (size_t i = 0; i < count; i++) {
        bool is_gateway = kind != API_DATAPLANE || objects[i]->broken ||
                          objects[i]->dataplane->is_builtin_gateway;
        if (is_gateway && str_equal(objects[i]->key.name, name))
            return true; /* what is wrong with it is said elsewhere */
    }
    return false;
}

/* The name that somebody may have meant, or the empty slice. */
static struct str closest(const struct search *search, struct str name)
{
    struct str *names = MEM_NEW_ARRAY(struct str, search->box->known.count);
    for (size_t i = 0; i < search->box->known.count; i++)
        names[i] = search->box->known.items[i].name;
    struct str near = spell_closest(name, names, search->box->known.count);
    mem_free(names);
    return near;
}

static void check_names(const struct search *search, bool has_objects)
{
    enum api_kind kind = has_objects ? API_DATAPLANE : API_MESH_GATEWAY;
    for (size_t i = 0; i < search->options->name_count; i++) {
        struct str name = search->options->names[i];
        if (exists(search->cache, kind, name))
            continue;
        struct str near = closest(search, name);
        const struct finding_subject subject = {.kind = STR("Dataplane"), .name = name};
        finding_add(
            search->findings, FINDING_ERROR, &subject, (struct finding_mark){0}, STR_EMPTY,
            "%s%s%.*s%s",
            has_objects ? "--dataplane names no gateway Dataplane of these manifests"
                        : "--dataplane names no MeshGateway to derive a dataplane from, and there "
                          "is no gateway Dataplane",
            near.size > 0 ? "; did you mean " : "", STR_ARG(near), near.size > 0 ? "?" : "");
    }
}

static void check_address(const struct search *search)
{
    struct str address = search->options->address;
    if (address.size == 0 || is_local(search, address))
        return;
    const struct finding_subject subject = {0};
    finding_add(search->findings, FINDING_ERROR, &subject, (struct finding_mark){0}, STR_EMPTY,
                "--address %.*s is not an address of this machine; choose one that is, such as "
                "127.0.0.1",
                STR_ARG(address));
}

static int compare_entries(const void *a, const void *b)
{
    const struct compile_dataplane *left = &((const struct placement_entry *)a)->dataplane;
    const struct compile_dataplane *right = &((const struct placement_entry *)b)->dataplane;
    int order = str_compare(left->mesh, right->mesh);
    return order != 0 ? order : str_compare(left->name, right->name);
}

static struct placement *finish(struct box *box)
{
    if (box->entries.count > 0)
        qsort(box->entries.items, box->entries.count, sizeof(*box->entries.items), compare_entries);
    box->dataplanes = MEM_NEW_ARRAY(struct compile_dataplane, box->entries.count);
    for (size_t i = 0; i < box->entries.count; i++)
        box->dataplanes[i] = box->entries.items[i].dataplane;
    box->placement = (struct placement){
        .entries = box->entries.items,
        .count = box->entries.count,
        .dataplanes = box->dataplanes,
        .elsewhere = box->elsewhere.items,
        .elsewhere_count = box->elsewhere.count,
        .known = box->known.items,
        .known_count = box->known.count,
    };
    return &box->placement;
}

const struct api_object *placement_gateway_of(const struct cache *cache, struct str mesh,
                                              struct api_tags tags)
{
    size_t count;
    const struct api_object *const *gateways = cache_list(cache, API_MESH_GATEWAY, mesh, &count);
    return select_gateway(gateways, count, tags);
}

struct placement *placement_new(const struct cache *cache, const struct placement_options *options,
                                struct finding_list *findings)
{
    struct box *box = MEM_NEW(struct box);
    box->arena = arena_new(1024);
    size_t gateway_count;
    const struct api_object *const *gateways = cache_list_all(cache, API_MESH_GATEWAY,
                                                              &gateway_count);
    struct search search = {cache, options, findings, box,
                            select_gateways_new(gateways, gateway_count)};
    check_address(&search);
    bool has_objects = place_objects(&search);
    if (!has_objects) {
        report_delegated(&search);
        derive(&search);
    }
    check_names(&search, has_objects);
    search.gateways = select_gateways_free(search.gateways);
    return finish(box);
}

struct placement *placement_free(struct placement *placement)
{
    if (placement == NULL)
        return NULL;
    struct box *box = CONTAINER_OF(placement, struct box, placement);
    for (size_t i = 0; i < box->objects.count; i++)
        (void)api_object_unref(box->objects.items[i]); /* always NULL */
    VEC_FREE(&box->objects);
    VEC_FREE(&box->known);
    VEC_FREE(&box->elsewhere);
    VEC_FREE(&box->entries);
    box->dataplanes = mem_free(box->dataplanes);
    box->arena = arena_free(box->arena);
    return mem_free(box);
}
