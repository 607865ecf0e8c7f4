/* Stage 7: destinations become endpoint sets, from the inbounds of Dataplanes.
 *
 * A set is named by its mesh and the tags of the destination alone, so that clusters share it and a
 * change of back ends touches nothing else. */
#include "control/compile/stages.h"
#include "control/select/select.h"
#include "core/base/ip.h"

struct candidate {
    const struct api_object *dataplane;
    const struct api_inbound *inbound;
};

/* The inbounds of one service, as a list in the arena. */
struct service {
    struct candidate candidate;
    struct service *next;
};

static struct str service_key(struct arena *arena, struct str mesh, struct str service)
{
    return str_format(arena, "%.*s/%.*s", STR_ARG(mesh), STR_ARG(service));
}

static void index_dataplane(struct compile__run *run, const struct api_object *object)
{
    const struct api_dataplane *dataplane = object->dataplane;
    for (size_t i = 0; i < dataplane->inbound_count; i++) {
        const struct api_inbound *inbound = &dataplane->inbounds[i];
        const struct str *name = api_tags_find(inbound->tags, STR("kuma.io/service"));
        if (name == NULL)
            continue;
        struct service *entry = ARENA_NEW(run->arena, struct service);
        entry->candidate = (struct candidate){object, inbound};
        entry->next = map_set(run->services, service_key(run->arena, object->key.mesh, *name),
                              entry);
    }
}

static void index_services(struct compile__run *run)
{
    run->services = map_new();
    size_t count;
    const struct api_object *const *objects = cache_list_all(run->input->cache, API_DATAPLANE,
                                                             &count);
    for (size_t i = 0; i < count; i++) {
        if (!objects[i]->broken && !objects[i]->dataplane->is_builtin_gateway)
            index_dataplane(run, objects[i]);
    }
}

static bool is_ip_address(struct str text)
{
    unsigned char bytes[IP_SIZE_MAX];
    return ip_parse(text, bytes) > 0;
}

static struct str address_of(const struct candidate *candidate)
{
    return candidate->inbound->address.size > 0 ? candidate->inbound->address
                                                : candidate->dataplane->dataplane->address;
}

/* Whether the candidate can take requests; says why not, where nobody else does. */
static bool is_usable(struct compile__run *run, const struct candidate *candidate)
{
    const struct api_inbound *inbound = candidate->inbound;
    if (!inbound->ready || inbound->port == 0 || inbound->port > UINT16_MAX)
        return false;
    struct str address = address_of(candidate);
    if (is_ip_address(address))
        return true;
    compile__find(run, FINDING_WARNING, candidate->dataplane,
                  candidate->dataplane->dataplane->address_mark, STR("networking.address"),
                  "\"%.*s\" is not an IP address, and names are not resolved yet: its inbounds "
                  "are no endpoints; write the IP address",
                  STR_ARG(address));
    return false;
}

static struct str set_name(struct arena *arena, struct str mesh, struct api_tags destination)
{
    struct str name = str_format(arena, "%.*s/", STR_ARG(mesh));
    for (size_t i = 0; i < destination.count; i++)
        name = str_format(arena, "%.*s%s%.*s=%.*s", STR_ARG(name), i == 0 ? "" : ",",
                          STR_ARG(destination.items[i].name), STR_ARG(destination.items[i].value));
    return name;
}

static struct service *find_service(struct compile__run *run, struct str mesh,
                                    struct api_tags destination)
{
    if (run->services == NULL)
        index_services(run);
    const struct str *service = api_tags_find(destination, STR("kuma.io/service"));
    return map_get(run->services, service_key(run->arena, mesh, *service));
}

struct endpoints {
    VEC(struct model_endpoint) items;
    enum compile__endpoints state;
};

static struct endpoints collect(struct compile__run *run, struct str mesh,
                                struct api_tags destination)
{
    struct service *service = find_service(run, mesh, destination);
    struct endpoints endpoints = {
        .state = service == NULL ? COMPILE__ENDPOINTS_NO_SERVICE : COMPILE__ENDPOINTS_NO_MATCH,
    };
    for (; service != NULL; service = service->next) {
        const struct candidate *candidate = &service->candidate;
        if (!select_match(destination, candidate->inbound->tags))
            continue;
        endpoints.state = COMPILE__ENDPOINTS_NOT_READY;
        if (!is_usable(run, candidate))
            continue;
        struct model_endpoint endpoint = {address_of(candidate),
                                          (uint16_t)candidate->inbound->port};
        VEC_PUSH(&endpoints.items, endpoint);
    }
    if (endpoints.items.count > 0)
        endpoints.state = COMPILE__ENDPOINTS_SOME;
    return endpoints;
}

enum compile__endpoints compile__endpoints_state(struct compile__run *run, struct str mesh,
                                                 struct api_tags destination)
{
    struct endpoints endpoints = collect(run, mesh, destination);
    VEC_FREE(&endpoints.items);
    return endpoints.state;
}

struct str compile__endpoint_set(struct compile__run *run, struct str mesh,
                                 struct api_tags destination)
{
    struct str name = set_name(run->arena, mesh, destination);
    if (!compile__emit_once(run, MODEL_ENDPOINT_SET, name))
        return name;
    struct endpoints endpoints = collect(run, mesh, destination);
    compile__emit(run, model_endpoint_set_new(&(struct model_endpoint_set){
                           .name = name,
                           .endpoints = endpoints.items.items,
                           .endpoint_count = endpoints.items.count,
                       }));
    VEC_FREE(&endpoints.items);
    return name;
}
