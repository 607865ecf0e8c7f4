/* What routes name instead of tags, and whether it is there. */
#include "control/discovery/parts.h"
#include "control/select/select.h"

/* Kuma's stand-in for what it could not resolve itself: no object has such a name. */
static const struct str unresolved = STR_INIT("kuma.io/unresolved-backend");

bool discovery_reference_is_object(const struct api_backend_ref *spec)
{
    const struct api_target_ref *target = &spec->target;
    if (target->kind == API_TARGET_MESH_EXTERNAL_SERVICE ||
        target->kind == API_TARGET_MESH_MULTI_ZONE_SERVICE)
        return true;
    return target->kind == API_TARGET_MESH_SERVICE &&
           (spec->port > 0 || target->section_name.size > 0 || target->labels.count > 0 ||
            str_equal(target->name, unresolved));
}

struct discovery_reference discovery_reference_of(const struct api_object *route,
                                                  const struct api_backend_ref *spec)
{
    const struct api_target_ref *target = &spec->target;
    return (struct discovery_reference){
        .kind = target->kind,
        .name = target->name,
        .namespace = target->namespace.size > 0 ? target->namespace : route->namespace,
        .labels = target->labels,
        .port = spec->port,
        .section = target->section_name,
    };
}

static const struct {
    enum api_kind kind;
    const char *suffix;
} kinds[] = {
    [API_TARGET_MESH_SERVICE] = {API_MESH_SERVICE, "msvc"},
    [API_TARGET_MESH_EXTERNAL_SERVICE] = {API_MESH_EXTERNAL_SERVICE, "extsvc"},
    [API_TARGET_MESH_MULTI_ZONE_SERVICE] = {API_MESH_MULTI_ZONE_SERVICE, "mzsvc"},
};

enum api_kind discovery__kind_of(const struct discovery_reference *reference)
{
    return kinds[reference->kind].kind;
}

static struct str port_text(struct arena *arena, const struct discovery_reference *reference)
{
    if (reference->port > 0)
        return str_format(arena, "%u", (unsigned)reference->port);
    return reference->section;
}

/* A slash more than tags have: their names end at "=". */
struct str discovery_reference_key(struct arena *arena, struct str mesh,
                                   const struct discovery_reference *reference)
{
    struct str name = reference->labels.count > 0
                          ? api_tags_key(arena, STR("labels"), reference->labels)
                          : reference->name;
    return str_format(arena, "%.*s/%.*s/%.*s/%.*s/%.*s", STR_ARG(mesh),
                      STR_ARG(api_kind_name(discovery__kind_of(reference))),
                      STR_ARG(reference->namespace), STR_ARG(name),
                      STR_ARG(port_text(arena, reference)));
}

struct str discovery_reference_service(struct arena *arena,
                                       const struct discovery_reference *reference)
{
    struct str port = port_text(arena, reference);
    struct str name = reference->name.size > 0 ? reference->name : STR("by-labels");
    return str_format(arena, "%.*s%s%.*s_%s%s%.*s", STR_ARG(name),
                      reference->namespace.size > 0 ? "_" : "", STR_ARG(reference->namespace),
                      kinds[reference->kind].suffix, port.size > 0 ? "_" : "", STR_ARG(port));
}

/* ---- Finding ---- */

/* One that is not valid takes nothing from others, and is found where there is no other. */
static bool is_older(const struct api_object *a, const struct api_object *b)
{
    if (a->broken != b->broken)
        return b->broken;
    return a->creation_time_ms < b->creation_time_ms;
}

/* Of several the oldest, then the first by name. */
static const struct api_object *find_labelled(const struct cache *cache, struct str mesh,
                                              const struct discovery_reference *reference)
{
    const struct api_object *oldest = NULL;
    size_t count;
    const struct api_object *const *objects = cache_list(cache, discovery__kind_of(reference), mesh,
                                                         &count);
    for (size_t i = 0; i < count; i++) {
        if (select_match(reference->labels, objects[i]->labels) &&
            (oldest == NULL || is_older(objects[i], oldest)))
            oldest = objects[i];
    }
    return oldest;
}

/* In a cluster names have a namespace behind them, elsewhere they mostly have none. */
const struct api_object *discovery__find_object(const struct cache *cache, struct str mesh,
                                                const struct discovery_reference *reference)
{
    if (reference->labels.count > 0)
        return find_labelled(cache, mesh, reference);
    CLEANUP(arena_free) struct arena *arena = arena_new(256);
    struct api_key key = {
        .kind = discovery__kind_of(reference),
        .mesh = mesh,
        .name = discovery__key(arena, reference->name, '.', reference->namespace),
    };
    const struct api_object *object = NULL;
    if (reference->namespace.size > 0)
        object = cache_find(cache, &key);
    if (object != NULL)
        return object;
    key.name = reference->name;
    return cache_find(cache, &key);
}

static bool is_meant(const struct discovery_reference *reference, uint32_t port, struct str name)
{
    if (reference->port > 0)
        return reference->port == port;
    return str_equal(reference->section, name);
}

const struct api_mesh_service_port *
discovery__find_port(const struct discovery_reference *reference,
                     const struct api_mesh_service_port *ports, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!ports[i].broken && is_meant(reference, ports[i].port, ports[i].name))
            return &ports[i];
    }
    return NULL;
}

/* Its only port need not be named. */
static bool external_has_port(const struct discovery_reference *reference,
                              const struct api_mesh_external_service *service)
{
    uint64_t port = service->port;
    if (reference->port == 0 && reference->section.size > 0 &&
        !str_parse_u64(reference->section, UINT16_MAX, &port))
        return false;
    return (reference->port == 0 ? port : reference->port) == service->port;
}

bool discovery__object_has_port(const struct api_object *object,
                                const struct discovery_reference *reference)
{
    if (object->key.kind == API_MESH_EXTERNAL_SERVICE)
        return external_has_port(reference, object->mesh_external_service);
    if (object->key.kind == API_MESH_SERVICE)
        return discovery__find_port(reference, object->mesh_service->ports,
                                    object->mesh_service->port_count) != NULL;
    return discovery__find_port(reference, object->mesh_multi_zone_service->ports,
                                object->mesh_multi_zone_service->port_count) != NULL;
}

bool discovery_reference_exists(const struct cache *cache, struct str mesh,
                                const struct discovery_reference *reference)
{
    const struct api_object *object = discovery__find_object(cache, mesh, reference);
    return object != NULL && !object->broken && discovery__object_has_port(object, reference);
}
