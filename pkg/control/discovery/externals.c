/* Back ends outside of the mesh, from ExternalServices. */
#include "control/discovery/parts.h"
#include "control/select/select.h"
#include "core/base/host.h"

void discovery__index_externals(struct discovery *discovery)
{
    size_t count;
    const struct api_object *const *objects = cache_list_all(discovery->cache, API_EXTERNAL_SERVICE,
                                                             &count);
    for (size_t i = count; i-- > 0;) { /* the first by name is the last that is put before all */
        const struct api_object *object = objects[i];
        const struct str *name = api_tags_find(object->external_service->tags,
                                               STR("kuma.io/service"));
        if (name == NULL)
            continue;
        struct discovery__externals *entry = ARENA_NEW(discovery->arena,
                                                       struct discovery__externals);
        struct str key = discovery__key(discovery->arena, object->key.mesh, '/', *name);
        *entry = (struct discovery__externals){object, map_get(discovery->externals, key)};
        (void)map_set(discovery->externals, key, entry); /* what it replaces is its next */
    }
}

const struct api_external_tls *discovery_external_tls(const struct api_object *object)
{
    return object->key.kind == API_MESH_EXTERNAL_SERVICE ? &object->mesh_external_service->tls
                                                         : &object->external_service->tls;
}

static struct str tls_name(struct arena *arena, const struct api_object *object)
{
    return str_format(arena, "%.*s/%.*s/%.*s", STR_ARG(object->key.mesh),
                      STR_ARG(api_kind_name(object->key.kind)), STR_ARG(object->key.name));
}

static struct str take_tls(struct discovery__question *question,
                           const struct discovery_external *external)
{
    for (size_t i = 0; i < question->externals.count; i++) {
        if (str_equal(question->externals.items[i].name, external->name))
            return external->name;
    }
    VEC_PUSH(&question->externals, *external);
    return external->name;
}

/* A name is what its requests may have as Host. */
void discovery__take_external(struct discovery__question *question, const struct api_object *object,
                              struct str title, struct str host, uint32_t port)
{
    struct model_endpoint endpoint = {
        .address = host,
        .port = (uint16_t)port,
        .hostname = host_is_name(host) ? host : STR_EMPTY,
    };
    if (discovery_external_tls(object)->enabled) {
        const struct discovery_external external = {
            .object = object,
            .name = tls_name(question->arena, object),
            .title = title,
        };
        endpoint.tls = take_tls(question, &external);
    }
    VEC_PUSH(&question->endpoints, endpoint);
}

static const struct discovery__externals *find(const struct discovery__question *question)
{
    struct str key = discovery__key(question->arena, question->mesh, '/', question->service);
    return map_get(question->discovery->externals, key);
}

bool discovery__has_externals(const struct discovery__question *question)
{
    const struct discovery__externals *at = find(question);
    while (at != NULL && at->object->broken)
        at = at->next;
    return at != NULL;
}

static struct str title(const struct discovery__question *question, const struct api_object *object)
{
    return str_format(question->arena, "it is ExternalService %.*s in mesh %.*s",
                      STR_ARG(object->key.name), STR_ARG(question->mesh));
}

static void blame(const struct discovery__question *question, const struct api_object *broken,
                  struct discovery_answer *answer)
{
    answer->state = DISCOVERY_UNUSABLE;
    answer->reason = str_format(question->arena, "%.*s: it is not valid",
                                STR_ARG(title(question, broken)));
}

void discovery__blame_broken_external(const struct discovery__question *question,
                                      struct discovery_answer *answer)
{
    const struct discovery__externals *first = find(question);
    if (first != NULL)
        blame(question, first->object, answer);
}

void discovery__ask_externals(struct discovery__question *question, struct discovery_answer *answer)
{
    const struct api_object *broken = NULL; /* the first */
    for (const struct discovery__externals *at = find(question); at != NULL; at = at->next) {
        const struct api_external_service *service = at->object->external_service;
        if (!select_match(question->destination, service->tags))
            continue;
        if (!at->object->broken)
            discovery__take_external(question, at->object, title(question, at->object),
                                     service->host, service->port);
        else if (broken == NULL)
            broken = at->object;
    }
    if (question->endpoints.count > 0)
        return;
    if (broken != NULL) {
        blame(question, broken, answer);
        return;
    }
    answer->state = DISCOVERY_NO_MATCH;
    answer->reason = str_format(question->arena,
                                "no ExternalService of this name in mesh %.*s has the other tags "
                                "of the destination",
                                STR_ARG(question->mesh));
}
