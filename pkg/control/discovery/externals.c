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

static const char no_tls[] = "TLS to external services is not spoken yet";

static size_t mesh_external_obstacles(const struct api_mesh_external_service *service,
                                      struct discovery_obstacle *ret_obstacles)
{
    size_t count = 0;
    if (service->has_extension)
        ret_obstacles[count++] = (struct discovery_obstacle){
            STR("spec.extension"), "extensions are not known here", "; write endpoints"};
    if (service->tls.enabled)
        ret_obstacles[count++] = (struct discovery_obstacle){STR("spec.tls.enabled"), no_tls, ""};
    return count;
}

size_t
discovery_external_obstacles(const struct api_object *object,
                             struct discovery_obstacle ret_obstacles[DISCOVERY_OBSTACLES_MAX])
{
    if (object->key.kind == API_MESH_EXTERNAL_SERVICE)
        return mesh_external_obstacles(object->mesh_external_service, ret_obstacles);
    const struct api_external_service *service = object->external_service;
    size_t count = 0;
    if (service->tls.enabled)
        ret_obstacles[count++] = (struct discovery_obstacle){STR("networking.tls.enabled"), no_tls,
                                                             ""};
    return count;
}

/* What keeps it from being a back end, to be put into a sentence; NULL: nothing. */
static const char *obstacle_of(const struct api_object *object)
{
    struct discovery_obstacle obstacles[DISCOVERY_OBSTACLES_MAX];
    if (object->broken)
        return "it is not valid";
    return discovery_external_obstacles(object, obstacles) > 0 ? obstacles[0].message : NULL;
}

/* A name is what its requests may have as Host. */
void discovery__take_external(struct discovery__question *question, struct str host, uint32_t port)
{
    struct model_endpoint endpoint = {
        .address = host,
        .port = (uint16_t)port,
        .hostname = host_is_name(host) ? host : STR_EMPTY,
    };
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

static void blame(const struct discovery__question *question, const struct api_object *object,
                  const char *obstacle, struct discovery_answer *answer)
{
    answer->state = DISCOVERY_UNUSABLE;
    answer->reason = str_format(question->arena, "it is ExternalService %.*s in mesh %.*s: %s",
                                STR_ARG(object->key.name), STR_ARG(question->mesh), obstacle);
}

void discovery__blame_broken_external(const struct discovery__question *question,
                                      struct discovery_answer *answer)
{
    const struct discovery__externals *first = find(question);
    if (first != NULL)
        blame(question, first->object, obstacle_of(first->object), answer);
}

void discovery__ask_externals(struct discovery__question *question, struct discovery_answer *answer)
{
    const struct api_object *matching = NULL; /* the first that is none of the endpoints */
    const char *obstacle = NULL;
    for (const struct discovery__externals *at = find(question); at != NULL; at = at->next) {
        const struct api_external_service *service = at->object->external_service;
        if (!select_match(question->destination, service->tags))
            continue;
        const char *problem = obstacle_of(at->object);
        if (problem == NULL) {
            discovery__take_external(question, service->host, service->port);
        } else if (matching == NULL) {
            matching = at->object;
            obstacle = problem;
        }
    }
    if (question->endpoints.count > 0)
        return;
    if (matching != NULL) {
        blame(question, matching, obstacle, answer);
        return;
    }
    answer->state = DISCOVERY_NO_MATCH;
    answer->reason = str_format(question->arena,
                                "no ExternalService of this name in mesh %.*s has the other tags "
                                "of the destination",
                                STR_ARG(question->mesh));
}
