/* Back ends from MeshServices, MeshExternalServices and MeshMultiZoneServices. */
#include "control/discovery/parts.h"
#include "control/select/select.h"
#include "core/base/spell.h"

/* Names beyond are not looked at for one that was meant. */
#define NAMES_MAX 200

/* "MeshService web in namespace shop". */
static struct str title(struct arena *arena, const struct api_object *object)
{
    struct str name = object->key.name;
    struct str kind = api_kind_name(object->key.kind);
    if (object->namespace.size == 0)
        return str_format(arena, "%.*s %.*s", STR_ARG(kind), STR_ARG(name));
    name.size -= object->namespace.size + 1;
    return str_format(arena, "%.*s %.*s in namespace %.*s", STR_ARG(kind), STR_ARG(name),
                      STR_ARG(object->namespace));
}

static void deny(struct discovery_answer *answer, enum discovery_state state, struct str reason)
{
    answer->state = state;
    answer->reason = reason;
}

/* ---- What is not there ---- */

/* The object of the mesh that is called nearly so. */
static struct str closest(const struct discovery__question *question)
{
    const struct discovery_reference *reference = question->reference;
    struct str names[NAMES_MAX];
    size_t count;
    const struct api_object *const *objects = cache_list(
        question->discovery->cache, discovery__kind_of(reference), question->mesh, &count);
    struct str wanted = reference->name;
    for (size_t i = 0; i < count && i < NAMES_MAX; i++)
        names[i] = objects[i]->key.name;
    if (count > 0 && objects[0]->namespace.size > 0)
        wanted = discovery__key(question->arena, wanted, '.', reference->namespace);
    return spell_closest(wanted, names, MIN(count, NAMES_MAX));
}

/* The object of that name in another namespace, or NULL. */
static const struct api_object *find_elsewhere(const struct discovery__question *question)
{
    struct str begin = str_format(question->arena, "%.*s.", STR_ARG(question->reference->name));
    size_t count;
    const struct api_object *const *objects = cache_list(question->discovery->cache,
                                                         discovery__kind_of(question->reference),
                                                         question->mesh, &count);
    for (size_t i = 0; i < count; i++) {
        struct str name = objects[i]->key.name;
        if (str_starts_with(name, begin) &&
            str_equal(str_from(name, begin.size), objects[i]->namespace))
            return objects[i];
    }
    return NULL;
}

static void explain_unknown(struct discovery__question *question, struct discovery_answer *answer)
{
    const struct discovery_reference *reference = question->reference;
    struct arena *arena = question->arena;
    struct str kind = api_kind_name(discovery__kind_of(reference));
    if (reference->labels.count > 0) {
        deny(answer, DISCOVERY_UNKNOWN,
             str_format(arena, "no %.*s in mesh %.*s has these labels", STR_ARG(kind),
                        STR_ARG(question->mesh)));
        return;
    }
    const struct api_object *elsewhere = find_elsewhere(question);
    struct str place = STR_EMPTY;
    struct str hint = spell_hint(arena, closest(question));
    if (reference->namespace.size > 0)
        place = str_format(arena, " in namespace %.*s", STR_ARG(reference->namespace));
    if (elsewhere != NULL)
        hint = discovery__elsewhere_hint(arena, elsewhere);
    deny(answer, DISCOVERY_UNKNOWN,
         str_format(arena, "there is no %.*s %.*s%.*s of mesh %.*s%.*s", STR_ARG(kind),
                    STR_ARG(reference->name), STR_ARG(place), STR_ARG(question->mesh),
                    STR_ARG(hint)));
}

/* "80, 443 (https)". */
static struct str ports_of(struct arena *arena, const struct api_object *object)
{
    const struct api_mesh_service_port *ports = NULL;
    size_t count = 0;
    if (object->key.kind == API_MESH_EXTERNAL_SERVICE)
        return str_format(arena, "%u", (unsigned)object->mesh_external_service->port);
    if (object->key.kind == API_MESH_SERVICE) {
        ports = object->mesh_service->ports;
        count = object->mesh_service->port_count;
    } else {
        ports = object->mesh_multi_zone_service->ports;
        count = object->mesh_multi_zone_service->port_count;
    }
    struct str text = STR_EMPTY;
    for (size_t i = 0; i < count; i++)
        text = str_format(arena, "%.*s%s%u (%.*s)", STR_ARG(text), i == 0 ? "" : ", ",
                          (unsigned)ports[i].port, STR_ARG(ports[i].name));
    return text.size > 0 ? text : STR("none");
}

static void explain_port(struct discovery__question *question, const struct api_object *object,
                         struct discovery_answer *answer)
{
    const struct discovery_reference *reference = question->reference;
    struct arena *arena = question->arena;
    struct str port = reference->section;
    if (reference->port > 0)
        port = str_format(arena, "%u", (unsigned)reference->port);
    deny(answer, DISCOVERY_UNKNOWN,
         port.size > 0
             ? str_format(arena, "%.*s has no port %.*s; its ports: %.*s",
                          STR_ARG(title(arena, object)), STR_ARG(port),
                          STR_ARG(ports_of(arena, object)))
             : str_format(arena, "no port of %.*s is named; its ports: %.*s",
                          STR_ARG(title(arena, object)), STR_ARG(ports_of(arena, object))));
}

/* ---- MeshServices ---- */

static bool selects(const struct api_mesh_service *service, const struct api_object *dataplane,
                    const struct api_inbound *inbound)
{
    if (service->dataplane_name.size > 0)
        return str_equal(dataplane->key.name, service->dataplane_name);
    return service->dataplane_tags.count > 0 &&
           select_match(service->dataplane_tags, inbound->tags);
}

/* By its number, or by the name of an inbound. */
static bool is_target(const struct api_mesh_service_port *port, const struct api_inbound *inbound)
{
    uint64_t number = port->port;
    if (port->target_port.size > 0 && !str_parse_u64(port->target_port, UINT16_MAX, &number))
        return str_equal(inbound->name, port->target_port);
    return inbound->port == number;
}

/* What was seen of the inbounds of a MeshService. */
struct tally {
    bool has_selected;
    bool has_port;
};

static void take_dataplane(struct discovery__question *question, const struct api_object *object,
                           const struct api_mesh_service *service,
                           const struct api_mesh_service_port *port, struct tally *tally)
{
    for (size_t i = 0; i < object->dataplane->inbound_count; i++) {
        const struct api_inbound *inbound = &object->dataplane->inbounds[i];
        const struct discovery__inbounds entry = {object, inbound, NULL};
        if (!selects(service, object, inbound))
            continue;
        tally->has_selected = true;
        if (!is_target(port, inbound))
            continue;
        tally->has_port = true;
        discovery__take_inbound(question, &entry);
    }
}

static struct tally take_inbounds(struct discovery__question *question,
                                  const struct api_mesh_service *service,
                                  const struct api_mesh_service_port *port)
{
    struct tally tally = {0};
    size_t count;
    const struct api_object *const *objects = cache_list(question->discovery->cache, API_DATAPLANE,
                                                         question->mesh, &count);
    for (size_t i = 0; i < count; i++) {
        if (!objects[i]->broken && !objects[i]->dataplane->is_builtin_gateway)
            take_dataplane(question, objects[i], service, port, &tally);
    }
    return tally;
}

static void ask_inbounds(struct discovery__question *question, const struct api_object *object,
                         const struct api_mesh_service_port *port, struct discovery_answer *answer)
{
    const struct api_mesh_service *service = object->mesh_service;
    struct str who = title(question->arena, object);
    size_t before = question->endpoints.count;
    struct tally tally = take_inbounds(question, service, port);
    if (question->endpoints.count > before)
        return;
    if (tally.has_port)
        deny(answer, DISCOVERY_UNREADY,
             str_format(question->arena, "no inbound that %.*s selects is ready", STR_ARG(who)));
    else if (tally.has_selected)
        deny(answer, DISCOVERY_NO_MATCH,
             str_format(question->arena,
                        "no Dataplane that %.*s selects has an inbound of its targetPort %.*s",
                        STR_ARG(who),
                        STR_ARG(port->target_port.size > 0 ? port->target_port : port->name)));
    else
        deny(answer, DISCOVERY_NO_MATCH,
             str_format(question->arena, "spec.selector of %.*s selects no Dataplane",
                        STR_ARG(who)));
}

/* The Service that Kuma made the object from, by its labels; "web_shop_svc_80". Empty: it did not,
 * or there is none. */
static struct str service_of(const struct discovery__question *question,
                             const struct api_object *object, uint32_t port)
{
    const struct str *name = api_tags_find(object->labels, STR("k8s.kuma.io/service-name"));
    if (name == NULL)
        name = api_tags_find(object->labels, STR("kuma.io/display-name"));
    if (api_tags_find(object->labels, STR("kuma.io/managed-by")) == NULL || name == NULL ||
        object->namespace.size == 0)
        return STR_EMPTY;
    struct api_key key = {
        .kind = API_SERVICE,
        .mesh = STR_EMPTY,
        .name = discovery__key(question->arena, *name, '.', object->namespace),
    };
    if (cache_find(question->discovery->cache, &key) == NULL)
        return STR_EMPTY;
    return str_format(question->arena, "%.*s_%.*s_svc_%u", STR_ARG(*name),
                      STR_ARG(object->namespace), (unsigned)port);
}

/* A MeshService of one pod of a headless Service is that pod. */
static struct api_tags destination_of(const struct discovery__question *question,
                                      const struct api_object *object, struct str service)
{
    struct str pod = object->mesh_service->dataplane_name;
    struct api_tag *tags = ARENA_NEW_ARRAY(question->arena, struct api_tag, 2);
    size_t count = 0;
    if (pod.size > 0)
        tags[count++] = (struct api_tag){STR("kuma.io/instance"), pod};
    tags[count++] = (struct api_tag){STR("kuma.io/service"), service};
    return (struct api_tags){tags, count};
}

static void ask_service(struct discovery__question *question, const struct api_object *object,
                        const struct api_mesh_service_port *port, struct discovery_answer *answer)
{
    struct str service = service_of(question, object, port->port);
    if (service.size == 0) {
        ask_inbounds(question, object, port, answer);
        return;
    }
    question->service = service;
    question->destination = destination_of(question, object, service);
    discovery__ask_services(question, answer);
}

/* ---- The others ---- */

static void ask_external(struct discovery__question *question, const struct api_object *object,
                         struct discovery_answer *answer)
{
    const struct api_mesh_external_service *service = object->mesh_external_service;
    struct str who = title(question->arena, object);
    for (size_t i = 0; i < service->endpoint_count && !service->has_extension; i++) {
        const struct api_external_endpoint *from = &service->endpoints[i];
        if (!from->broken)
            discovery__take_external(question, object, who, from->address, from->port);
    }
    if (question->endpoints.count > 0)
        return;
    deny(answer, DISCOVERY_UNUSABLE,
         str_format(question->arena, "%.*s: %s", STR_ARG(who),
                    service->has_extension ? "extensions are not known here"
                                           : "it has no endpoints"));
}

/* The union of what its MeshServices lead to, by the same port. */
static void ask_multi_zone(struct discovery__question *question, const struct api_object *object,
                           struct discovery_answer *answer)
{
    const struct discovery_reference *reference = question->reference;
    struct api_tags labels = object->mesh_multi_zone_service->labels;
    struct str who = title(question->arena, object);
    size_t count;
    const struct api_object *const *objects = cache_list(question->discovery->cache,
                                                         API_MESH_SERVICE, question->mesh, &count);
    bool any = false;
    for (size_t i = 0; i < count; i++) {
        if (objects[i]->broken || !select_match(labels, objects[i]->labels))
            continue;
        const struct api_mesh_service *service = objects[i]->mesh_service;
        const struct api_mesh_service_port *port = discovery__find_port(reference, service->ports,
                                                                        service->port_count);
        any = any || port != NULL;
        if (port != NULL)
            ask_service(question, objects[i], port, answer);
    }
    if (question->endpoints.count > 0)
        *answer = (struct discovery_answer){.reason = STR_EMPTY}; /* of some of them */
    else if (!any)
        deny(answer, DISCOVERY_NO_MATCH,
             str_format(question->arena,
                        "no MeshService with this port has the labels that %.*s selects",
                        STR_ARG(who)));
}

static const struct api_mesh_service_port *port_of(const struct api_object *object,
                                                   const struct discovery_reference *reference)
{
    if (object->key.kind == API_MESH_SERVICE)
        return discovery__find_port(reference, object->mesh_service->ports,
                                    object->mesh_service->port_count);
    return discovery__find_port(reference, object->mesh_multi_zone_service->ports,
                                object->mesh_multi_zone_service->port_count);
}

void discovery__ask_reference(struct discovery__question *question, struct discovery_answer *answer)
{
    const struct discovery_reference *reference = question->reference;
    const struct api_object *object = discovery__find_object(question->discovery->cache,
                                                             question->mesh, reference);
    if (object == NULL) {
        explain_unknown(question, answer);
        return;
    }
    if (object->broken) {
        deny(answer, DISCOVERY_UNKNOWN,
             str_format(question->arena, "%.*s is not valid",
                        STR_ARG(title(question->arena, object))));
        return;
    }
    if (!discovery__object_has_port(object, reference)) {
        explain_port(question, object, answer);
        return;
    }
    if (object->key.kind == API_MESH_SERVICE)
        ask_service(question, object, port_of(object, reference), answer);
    else if (object->key.kind == API_MESH_EXTERNAL_SERVICE)
        ask_external(question, object, answer);
    else
        ask_multi_zone(question, object, answer);
    if (object->key.kind != API_MESH_EXTERNAL_SERVICE)
        answer->protocol = port_of(object, reference)->protocol;
}
