/* How TLS is spoken to ExternalServices and MeshExternalServices.
 *
 * It is asked for in the second half of the compiler, since these come and go as other back ends
 * do, and remembered as long as the object and the Secrets that it names are the same. */
#include "control/compile/data_sources.h"
#include "control/compile/external_tls.h"
#include "control/compile/stages.h"

static void sources_of(const struct api_object *object,
                       const struct api_data_source *ret_sources[COMPILE__TLS_SOURCES])
{
    const struct api_external_tls *spec = discovery_external_tls(object);
    ret_sources[0] = &spec->ca;
    ret_sources[1] = &spec->client_certificate;
    ret_sources[2] = &spec->client_key;
}

static bool is_the_same(const struct compile__upstream_tls *known, const struct cache *cache,
                        const struct discovery_external *external, bool lacks_secrets)
{
    const struct api_data_source *sources[COMPILE__TLS_SOURCES];
    bool same = known->object == external->object && known->lacks_secrets == lacks_secrets;
    if (same)
        sources_of(external->object, sources);
    for (size_t i = 0; i < COMPILE__TLS_SOURCES && same; i++)
        same = known->secrets[i] ==
               compile__find_secret(cache, external->object->key.mesh, sources[i]);
    return same;
}

static void hold(struct compile__upstream_tls *made, const struct cache *cache,
                 const struct api_object *object)
{
    const struct api_data_source *sources[COMPILE__TLS_SOURCES];
    sources_of(object, sources);
    made->object = api_object_ref(object);
    for (size_t i = 0; i < COMPILE__TLS_SOURCES; i++) {
        made->secrets[i] = compile__find_secret(cache, object->key.mesh, sources[i]);
        if (made->secrets[i] != NULL)
            (void)api_object_ref(made->secrets[i]); /* is it */
    }
}

static void present(struct compile__upstream_tls *made, struct compile__tls *tls)
{
    const struct pki_bundle *bundle = tls->presented;
    struct str type = pki_key_type_name(bundle->key_type);
    struct str name = str_format(tls->arena, "client.%.*s:%.*s", STR_ARG(type),
                                 STR_ARG(tls->model.name));
    tls->model.secret = name;
    made->presented = compile__secret_of(name, bundle);
}

/* The first fault; there may be none for people. */
static void blame(struct compile__upstream_tls *made, const struct compile__tls *tls)
{
    for (size_t i = 0; i < tls->notes.count && made->fault.size == 0; i++) {
        const struct compile__tls_note *found = &tls->notes.items[i];
        if (!found->is_fault)
            continue;
        made->reason = str_dup(made->arena, found->reason);
        made->fault = str_format(made->arena, "%.*s: %.*s", STR_ARG(found->field),
                                 STR_ARG(found->message));
    }
}

static struct compile__upstream_tls *
make(const struct cache *cache, const struct discovery_external *external, bool lacks_secrets)
{
    CLEANUP(arena_free) struct arena *scratch = arena_new(1024);
    struct compile__upstream_tls *made = MEM_NEW(struct compile__upstream_tls);
    made->arena = arena_new(128);
    made->lacks_secrets = lacks_secrets;
    hold(made, cache, external->object);
    struct compile__tls tls = {
        .cache = cache,
        .arena = scratch,
        .object = external->object,
        .lacks_secrets = lacks_secrets,
        .model = {.name = external->name},
    };
    compile__tls_read(&tls);
    if (tls.has_fault) {
        blame(made, &tls);
    } else {
        if (tls.presented != NULL)
            present(made, &tls);
        made->resource = model_upstream_tls_new(&tls.model);
    }
    compile__tls_deinit(&tls);
    return made;
}

struct compile__upstream_tls *compile__upstream_tls_of(struct compile_memory *memory,
                                                       const struct cache *cache,
                                                       const struct discovery_external *external,
                                                       bool lacks_secrets)
{
    struct compile__upstream_tls *known = map_get(memory->upstream_tls, external->name);
    if (known == NULL || !is_the_same(known, cache, external, lacks_secrets)) {
        (void)compile__upstream_tls_free(known); /* always NULL */
        known = make(cache, external, lacks_secrets);
        (void)map_set(memory->upstream_tls, external->name, known); /* what was there is freed */
        memory->counts.certificates++;
    }
    known->run = memory->counts.results;
    return known;
}
