/* Back ends from the inbounds of Dataplanes. */
#include "control/discovery/parts.h"
#include "control/select/select.h"
#include "core/base/spell.h"

/* Names beyond are not looked at for one that was meant. */
#define NAMES_MAX 200

static void index_dataplane(struct discovery *discovery, const struct api_object *object)
{
    const struct api_dataplane *dataplane = object->dataplane;
    for (size_t i = 0; i < dataplane->inbound_count; i++) {
        const struct api_inbound *inbound = &dataplane->inbounds[i];
        const struct str *name = api_tags_find(inbound->tags, STR("kuma.io/service"));
        if (name == NULL)
            continue;
        struct discovery__inbounds *entry = ARENA_NEW(discovery->arena, struct discovery__inbounds);
        struct str key = discovery__key(discovery->arena, object->key.mesh, '/', *name);
        *entry = (struct discovery__inbounds){object, inbound, map_get(discovery->inbounds, key)};
        (void)map_set(discovery->inbounds, key, entry); /* what it replaces is its next */
    }
}

void discovery__index_inbounds(struct discovery *discovery)
{
    size_t count;
    const struct api_object *const *objects = cache_list_all(discovery->cache, API_DATAPLANE,
                                                             &count);
    for (size_t i = 0; i < count; i++) {
        if (!objects[i]->broken && !objects[i]->dataplane->is_builtin_gateway)
            index_dataplane(discovery, objects[i]);
    }
}

static struct str address_of(const struct discovery__inbounds *entry)
{
    return entry->inbound->address.size > 0 ? entry->inbound->address
                                            : entry->dataplane->dataplane->address;
}

static bool is_usable(const struct api_inbound *inbound)
{
    return inbound->ready && inbound->port > 0 && inbound->port <= UINT16_MAX;
}

/* Its address may be a name: a Dataplane's stands for an address, and is no host name to ask for.
 */
void discovery__take_inbound(struct discovery__question *question,
                             const struct discovery__inbounds *entry)
{
    if (!is_usable(entry->inbound))
        return;
    struct model_endpoint endpoint = {
        .address = address_of(entry),
        .port = (uint16_t)entry->inbound->port,
    };
    VEC_PUSH(&question->endpoints, endpoint);
}

/* Adds the services of this mesh. */
static size_t collect(const struct discovery__question *question, const struct map *services,
                      struct str names[NAMES_MAX], size_t count)
{
    struct map_cursor at = {0};
    while (count < NAMES_MAX && map_next(services, &at) != NULL) {
        struct str name = at.key;
        if (str_equal(str_cut(&name, '/'), question->mesh))
            names[count++] = name;
    }
    return count;
}

/* The service of this mesh that is called nearly so. */
static struct str closest(const struct discovery__question *question)
{
    struct str names[NAMES_MAX];
    size_t count = collect(question, question->discovery->inbounds, names, 0);
    count = collect(question, question->discovery->externals, names, count);
    return spell_closest(question->service, names, count);
}

bool discovery__has_inbounds(const struct discovery__question *question)
{
    struct str key = discovery__key(question->arena, question->mesh, '/', question->service);
    return map_get(question->discovery->inbounds, key) != NULL;
}

static void explain_unknown(struct discovery__question *question, struct discovery_answer *answer)
{
    struct str name = discovery__service_meant(question);
    if (name.size == 0)
        name = closest(question);
    answer->state = DISCOVERY_UNKNOWN;
    answer->reason = str_format(
        question->arena, "no Dataplane has an inbound with this service in mesh %.*s%.*s",
        STR_ARG(question->mesh), STR_ARG(spell_hint(question->arena, name)));
}

void discovery__ask_inbounds(struct discovery__question *question, struct discovery_answer *answer)
{
    struct str key = discovery__key(question->arena, question->mesh, '/', question->service);
    const struct discovery__inbounds *entry = map_get(question->discovery->inbounds, key);
    if (entry == NULL) {
        explain_unknown(question, answer);
        return;
    }
    bool any = false;
    for (; entry != NULL; entry = entry->next) {
        if (!select_match(question->destination, entry->inbound->tags))
            continue;
        any = true;
        discovery__take_inbound(question, entry);
    }
    if (question->endpoints.count > 0)
        return;
    answer->state = any ? DISCOVERY_UNREADY : DISCOVERY_NO_MATCH;
    const char *why = any ? "no inbound of this service is ready in mesh"
                          : "no inbound of this service has the other tags of the destination in "
                            "mesh";
    answer->reason = str_format(question->arena, "%s %.*s", why, STR_ARG(question->mesh));
}
