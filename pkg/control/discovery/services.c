/* Back ends from Services, their EndpointSlices and the pods that those name. */
#include "control/discovery/parts.h"
#include "core/base/assert.h"
#include "core/base/hash.h"
#include "core/base/ip.h"
#include "core/base/spell.h"

/* Names beyond are not looked at for one that was meant. */
#define NAMES_MAX 200

/* "<name>_<namespace>_svc_<port>", taken apart. */
struct reference {
    struct str name;
    struct str namespace;
    uint32_t port;
};

static bool cut_last(struct str *rest, struct str *ret_last)
{
    size_t at = str_find_last_char(*rest, '_');
    if (at == STR_NOT_FOUND)
        return false;
    *ret_last = str_from(*rest, at + 1);
    *rest = str_first(*rest, at);
    return true;
}

static bool reference_parse(struct str service, struct reference *ret_reference)
{
    struct str port;
    struct str kind;
    struct str namespace;
    uint64_t number = 0;
    if (!cut_last(&service, &port) || !cut_last(&service, &kind) ||
        !cut_last(&service, &namespace) || !str_equal(kind, STR("svc")) ||
        !str_parse_u64(port, UINT16_MAX, &number) || service.size == 0 || namespace.size == 0)
        return false;
    *ret_reference = (struct reference){service, namespace, (uint32_t)number};
    return true;
}

static struct discovery__service *service_at(struct discovery *discovery, struct str key)
{
    struct discovery__service *service = map_get(discovery->services, key);
    if (service == NULL) {
        service = ARENA_NEW(discovery->arena, struct discovery__service);
        (void)map_set(discovery->services, key, service); /* there was none */
    }
    return service;
}

void discovery__index_services(struct discovery *discovery)
{
    size_t count;
    const struct api_object *const *objects = cache_list_all(discovery->cache, API_SERVICE, &count);
    for (size_t i = 0; i < count; i++)
        service_at(discovery, objects[i]->key.name)->object = objects[i];
    objects = cache_list_all(discovery->cache, API_ENDPOINT_SLICE, &count);
    for (size_t i = 0; i < count; i++) {
        struct str name = objects[i]->endpoint_slice->service;
        if (name.size == 0)
            continue;
        struct discovery__service *service = service_at(
            discovery, discovery__key(discovery->arena, name, '.', objects[i]->namespace));
        struct discovery__slices *entry = ARENA_NEW(discovery->arena, struct discovery__slices);
        *entry = (struct discovery__slices){
            .name = str_dup(discovery->arena, objects[i]->key.name),
            .object = objects[i],
            .next = service->slices,
        };
        service->slices = entry;
    }
}

/* Those of a service but for one. */
static struct discovery__slices *without(struct discovery__slices *slices, struct str name)
{
    struct discovery__slices **at = &slices;
    while (*at != NULL && !str_equal((*at)->name, name))
        at = &(*at)->next;
    if (*at != NULL)
        *at = (*at)->next;
    return slices;
}

static struct discovery__slices *with(struct discovery *discovery, struct discovery__slices *slices,
                                      const struct api_object *object)
{
    struct discovery__slices **at = &slices;
    while (*at != NULL && str_compare((*at)->name, object->key.name) > 0)
        at = &(*at)->next;
    struct discovery__slices *entry = ARENA_NEW(discovery->arena, struct discovery__slices);
    *entry = (struct discovery__slices){str_dup(discovery->arena, object->key.name), object, *at};
    *at = entry;
    return slices;
}

static uint64_t place_of(struct str name, struct str namespace)
{
    return hash_bytes(namespace.data, namespace.size, hash_str(name));
}

uint64_t discovery__touch_slice(struct discovery *discovery, const struct cache_slice *slice)
{
    struct str key = discovery__key(discovery->arena, slice->service, '.', slice->namespace);
    struct api_key own = {API_ENDPOINT_SLICE, STR_EMPTY, slice->name};
    const struct api_object *object = cache_find(discovery->cache, &own);
    struct discovery__service *service = service_at(discovery, key);
    service->slices = without(service->slices, slice->name);
    if (object != NULL && slice->service.size > 0 &&
        str_equal(object->endpoint_slice->service, slice->service))
        service->slices = with(discovery, service->slices, object);
    return place_of(slice->service, slice->namespace);
}

uint64_t discovery_place(struct api_tags destination)
{
    const struct str *service = api_tags_find(destination, STR("kuma.io/service"));
    struct reference reference;
    if (service == NULL || !reference_parse(*service, &reference))
        return 0; /* no slices answer for it */
    return place_of(reference.name, reference.namespace);
}

/* The Service that is meant, if there is one; looked up once. */
static const struct discovery__service *service_of(struct discovery__question *question,
                                                   const struct reference *reference)
{
    if (question->kubernetes == NULL)
        question->kubernetes = map_get(
            question->discovery->services,
            discovery__key(question->arena, reference->name, '.', reference->namespace));
    return question->kubernetes;
}

bool discovery__is_kubernetes(struct discovery__question *question)
{
    struct reference reference;
    if (!reference_parse(question->service, &reference))
        return false;
    const struct discovery__service *service = service_of(question, &reference);
    if (service != NULL && service->object != NULL)
        return true;
    size_t count;
    (void)cache_list_all(question->discovery->cache, API_SERVICE, &count); /* is there any? */
    return count > 0 && !discovery__has_inbounds(question);
}

/* ---- What is not there ---- */

/* The first Service of this name, whatever its namespace, or NULL. */
static const struct api_object *find_anywhere(const struct discovery__question *question,
                                              struct str name)
{
    size_t count;
    const struct api_object *const *objects = cache_list_all(question->discovery->cache,
                                                             API_SERVICE, &count);
    /* Sorted by "<name>.<namespace>": those of one name stand together. */
    struct str begin = str_format(question->arena, "%.*s.", STR_ARG(name));
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (str_compare(objects[middle]->key.name, begin) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && str_starts_with(objects[low]->key.name, begin) ? objects[low] : NULL;
}

static uint32_t first_port(const struct api_service *service)
{
    for (size_t i = 0; i < service->port_count; i++) {
        if (service->ports[i].is_tcp)
            return service->ports[i].port;
    }
    return 0;
}

/* "shop", "shop_default", "shop.default.svc.cluster.local" mean a Service. */
struct str discovery__service_meant(const struct discovery__question *question)
{
    struct str rest = question->service;
    struct str first = str_cut(&rest, '_');
    struct str name = str_cut(&first, '.');
    const struct api_object *object = name.size == 0 ? NULL : find_anywhere(question, name);
    uint32_t port = object == NULL ? 0 : first_port(object->service);
    return port == 0 ? STR_EMPTY
                     : str_format(question->arena, "%.*s_%.*s_svc_%u", STR_ARG(name),
                                  STR_ARG(object->namespace), (unsigned)port);
}

/* The Service of the same namespace that is called nearly so. */
static struct str closest(const struct discovery__question *question,
                          const struct reference *reference)
{
    struct str names[NAMES_MAX];
    size_t found = 0;
    size_t count;
    const struct api_object *const *objects = cache_list_all(question->discovery->cache,
                                                             API_SERVICE, &count);
    for (size_t i = 0; i < count && found < NAMES_MAX; i++) {
        if (str_equal(objects[i]->namespace, reference->namespace))
            names[found++] = str_first(objects[i]->key.name,
                                       objects[i]->key.name.size - reference->namespace.size - 1);
    }
    return spell_closest(reference->name, names, found);
}

static void explain_unknown(struct discovery__question *question, const struct reference *reference,
                            struct discovery_answer *answer)
{
    struct arena *arena = question->arena;
    const struct api_object *elsewhere = find_anywhere(question, reference->name);
    struct str hint = spell_hint(arena, closest(question, reference));
    if (elsewhere != NULL)
        hint = discovery__elsewhere_hint(arena, elsewhere);
    answer->state = DISCOVERY_UNKNOWN;
    answer->reason = str_format(arena, "there is no Service %.*s in namespace %.*s%.*s",
                                STR_ARG(reference->name), STR_ARG(reference->namespace),
                                STR_ARG(hint));
}

/* "80 (http), 443". */
static struct str ports_of(struct arena *arena, const struct api_service *service)
{
    struct str text = STR_EMPTY;
    for (size_t i = 0; i < service->port_count; i++) {
        const struct api_service_port *port = &service->ports[i];
        text = str_format(arena, "%.*s%s%u", STR_ARG(text), i == 0 ? "" : ", ",
                          (unsigned)port->port);
        if (port->name.size > 0)
            text = str_format(arena, "%.*s (%.*s)", STR_ARG(text), STR_ARG(port->name));
    }
    return text.size > 0 ? text : STR("none");
}

/* The port that is meant; without one the answer says why. */
static const struct api_service_port *find_port(struct discovery__question *question,
                                                const struct reference *reference,
                                                const struct api_service *service,
                                                struct discovery_answer *answer)
{
    const struct api_service_port *found = NULL;
    for (size_t i = 0; i < service->port_count; i++) {
        const struct api_service_port *port = &service->ports[i];
        if (port->port == reference->port && (found == NULL || port->is_tcp))
            found = port;
    }
    if (found != NULL && found->is_tcp)
        return found;
    answer->state = found == NULL ? DISCOVERY_UNKNOWN : DISCOVERY_UNUSABLE;
    if (found == NULL)
        answer->reason = str_format(question->arena,
                                    "Service %.*s in namespace %.*s has no port %u; its ports: "
                                    "%.*s",
                                    STR_ARG(reference->name), STR_ARG(reference->namespace),
                                    (unsigned)reference->port,
                                    STR_ARG(ports_of(question->arena, service)));
    else
        answer->reason = str_format(
            question->arena, "port %u of Service %.*s in namespace %.*s is not TCP",
            (unsigned)reference->port, STR_ARG(reference->name), STR_ARG(reference->namespace));
    return NULL;
}

/* ---- Back ends ---- */

/* The port of a Service, and what its back ends have in common. */
struct target {
    struct discovery__question *question;
    const struct reference *reference;
    const struct api_service *service;
    const struct api_service_port *port;
};

/* Pods are sorted by mesh, then name: one look for each mesh that has any. */
static const struct api_object *find_pod(const struct cache *cache, struct str name)
{
    size_t count;
    const struct api_object *const *pods = cache_list_all(cache, API_POD, &count);
    for (size_t i = 0; i < count;) {
        struct api_key key = {API_POD, pods[i]->key.mesh, name};
        const struct api_object *pod = cache_find(cache, &key);
        if (pod != NULL)
            return pod;
        size_t of_mesh;
        (void)cache_list(cache, API_POD, key.mesh, &of_mesh); /* how many to step over */
        i += of_mesh;
    }
    return NULL;
}

static bool is_value(struct str wanted, struct str value)
{
    return value.size > 0 && (str_equal(wanted, STR("*")) || str_equal(wanted, value));
}

/* Whether a back end has a tag: one of those that come from its Service, or a label of its pod. */
static bool has_tag(const struct target *target, const struct api_endpoint *endpoint,
                    const struct api_object *pod, const struct api_tag *wanted)
{
    const struct reference *reference = target->reference;
    if (str_equal(wanted->name, STR("kuma.io/service")))
        return true; /* that is how it was found */
    if (str_equal(wanted->name, STR("kuma.io/protocol")))
        return is_value(wanted->value, target->port->protocol);
    if (str_equal(wanted->name, STR("k8s.kuma.io/namespace")))
        return is_value(wanted->value, reference->namespace);
    if (str_equal(wanted->name, STR("k8s.kuma.io/service-name")))
        return is_value(wanted->value, reference->name);
    if (str_equal(wanted->name, STR("k8s.kuma.io/service-port")))
        return is_value(wanted->value,
                        str_format(target->question->arena, "%u", (unsigned)reference->port));
    if (str_equal(wanted->name, STR("kuma.io/instance")))
        return target->service->is_headless && is_value(wanted->value, endpoint->pod);
    const struct str *label = pod == NULL ? NULL : api_tags_find(pod->pod->tags, wanted->name);
    return label != NULL && is_value(wanted->value, *label);
}

/* Whether a back end belongs to the destination: not to another mesh, and with all tags. */
static bool matches(const struct target *target, const struct api_endpoint *endpoint,
                    struct str namespace)
{
    const struct discovery__question *question = target->question;
    struct api_tags wanted = question->destination;
    const struct api_object *pod = NULL;
    if (endpoint->pod.size > 0)
        pod = find_pod(question->discovery->cache,
                       discovery__key(question->arena, endpoint->pod, '.', namespace));
    if (pod != NULL && pod->pod->has_mesh && !str_equal(pod->key.mesh, question->mesh))
        return false;
    for (size_t i = 0; i < wanted.count; i++) {
        if (!has_tag(target, endpoint, pod, &wanted.items[i]))
            return false;
    }
    return true;
}

/* The number of the Service's port at the back ends of a slice; 0: they do not have it. */
static uint16_t port_in(const struct api_endpoint_slice *slice, const struct api_service_port *port)
{
    for (size_t i = 0; i < slice->port_count; i++) {
        const struct api_slice_port *own = &slice->ports[i];
        if (own->is_tcp && str_equal(own->name, port->name))
            return (uint16_t)(own->port != 0 ? own->port : port->port);
    }
    return 0;
}

/* What was seen of the back ends of a Service. */
struct tally {
    bool has_any;
    bool has_matching;
    const struct api_object *names; /* a slice of names instead of addresses */
};

/* Takes the ready back ends of a slice, or those that still serve while they end. */
static void take(const struct target *target, const struct api_object *object, bool is_last_resort,
                 struct tally *tally)
{
    const struct api_endpoint_slice *slice = object->endpoint_slice;
    uint16_t port = port_in(slice, target->port);
    if (slice->is_fqdn)
        tally->names = object;
    for (size_t i = 0; i < slice->endpoint_count && port != 0 && !slice->is_fqdn; i++) {
        const struct api_endpoint *endpoint = &slice->endpoints[i];
        bool is_fit = is_last_resort ? endpoint->is_serving && endpoint->is_terminating
                                     : endpoint->is_ready;
        tally->has_any = true;
        if (!matches(target, endpoint, object->namespace))
            continue;
        tally->has_matching = true;
        if (!is_fit || !ip_is_address(endpoint->address))
            continue;
        struct model_endpoint found = {.address = endpoint->address, .port = port};
        VEC_PUSH(&target->question->endpoints, found);
    }
}

static void explain_empty(const struct target *target, const struct tally *tally,
                          struct discovery_answer *answer)
{
    const struct reference *reference = target->reference;
    struct arena *arena = target->question->arena;
    if (tally->has_matching || (!tally->has_any && tally->names == NULL)) {
        answer->state = DISCOVERY_UNREADY;
        answer->reason = str_format(arena, "no endpoint of Service %.*s in namespace %.*s is ready",
                                    STR_ARG(reference->name), STR_ARG(reference->namespace));
    } else if (tally->has_any) {
        answer->state = DISCOVERY_NO_MATCH;
        answer->reason = str_format(arena,
                                    "no pod of Service %.*s in namespace %.*s has the other tags "
                                    "of the destination as labels, or all of them belong to "
                                    "another mesh than %.*s",
                                    STR_ARG(reference->name), STR_ARG(reference->namespace),
                                    STR_ARG(target->question->mesh));
    } else {
        answer->state = DISCOVERY_UNUSABLE;
        answer->reason = str_format(arena,
                                    "EndpointSlice %.*s holds names, which Kubernetes does not "
                                    "follow either; write addresses",
                                    STR_ARG(tally->names->key.name));
    }
}

static void ask_slices(const struct target *target, struct discovery_answer *answer)
{
    struct discovery__question *question = target->question;
    const struct discovery__slices *slices = question->kubernetes->slices;
    struct tally tally = {0};
    for (const struct discovery__slices *at = slices; at != NULL; at = at->next)
        take(target, at->object, false, &tally);
    if (question->endpoints.count == 0) {
        for (const struct discovery__slices *at = slices; at != NULL; at = at->next)
            take(target, at->object, true, &tally);
    }
    if (question->endpoints.count == 0)
        explain_empty(target, &tally, answer);
}

void discovery__ask_services(struct discovery__question *question, struct discovery_answer *answer)
{
    struct reference reference;
    bool is_reference = reference_parse(question->service, &reference);
    ASSERT(is_reference); /* that is why it was asked here */
    const struct discovery__service *known = service_of(question, &reference);
    const struct api_object *object = known == NULL ? NULL : known->object;
    if (object == NULL) {
        explain_unknown(question, &reference, answer);
        return;
    }
    const struct api_service *service = object->service;
    if (service->is_external_name || service->is_ignored) {
        answer->state = DISCOVERY_UNUSABLE;
        answer->reason = str_format(
            question->arena, "Service %.*s in namespace %.*s %s", STR_ARG(reference.name),
            STR_ARG(reference.namespace),
            service->is_external_name
                ? "is of type ExternalName, which has no endpoints; name the Service it stands for"
                : "has the annotation kuma.io/ignore; remove it");
        return;
    }
    const struct api_service_port *port = find_port(question, &reference, service, answer);
    if (port == NULL)
        return;
    struct target target = {question, &reference, service, port};
    ask_slices(&target, answer);
}
