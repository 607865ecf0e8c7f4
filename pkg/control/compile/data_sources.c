/* Data sources of certificates and keys, whoever names them. */
#include "control/compile/data_sources.h"

#include "core/base/clock.h"

/* Where a Secret of that name is, if it is in another mesh. */
static const struct api_object *find_elsewhere(const struct cache *cache, struct str name)
{
    size_t count;
    const struct api_object *const *secrets = cache_list_all(cache, API_SECRET, &count);
    for (size_t i = 0; i < count; i++) {
        if (str_equal(secrets[i]->key.name, name))
            return secrets[i];
    }
    return NULL;
}

static struct compile__data_fault missing_secret(const struct compile__data_place *place,
                                                 struct str name)
{
    struct arena *arena = place->arena;
    const struct api_object *elsewhere = find_elsewhere(place->cache, name);
    if (elsewhere != NULL)
        return (struct compile__data_fault){
            STR("RefNotPermitted"),
            str_format(arena,
                       "secret \"%.*s\" belongs to mesh %.*s; give it the mesh of this %s "
                       "(label kuma.io/mesh: %.*s)",
                       STR_ARG(name), STR_ARG(elsewhere->key.mesh), place->owner,
                       STR_ARG(place->mesh))};
    return (struct compile__data_fault){
        STR("InvalidCertificateRef"),
        str_format(arena,
                   "there is no secret \"%.*s\" in mesh %.*s; create a Secret of type "
                   "system.kuma.io/secret with that name and the label kuma.io/mesh: %.*s in the "
                   "namespace of the system (kuma-system), whose value holds %s in PEM",
                   STR_ARG(name), STR_ARG(place->mesh), STR_ARG(place->mesh), place->content)};
}

bool compile__lacks_secrets(const struct compile_input *input)
{
    return input->is_partial && cache_count_all(input->cache, API_SECRET) == 0;
}

const struct api_object *compile__find_secret(const struct cache *cache, struct str mesh,
                                              const struct api_data_source *source)
{
    if (source->type != API_SOURCE_SECRET)
        return NULL;
    return cache_find(cache, &(struct api_key){API_SECRET, mesh, source->reference});
}

struct compile__data_fault compile__data_check(const struct compile__data_place *place,
                                               const struct api_data_source *source)
{
    const struct str reason = STR("InvalidCertificateRef");
    const struct api_object *secret = compile__find_secret(place->cache, place->mesh, source);
    switch (source->type) {
    case API_SOURCE_INLINE:
    case API_SOURCE_INLINE_STRING: break;
    case API_SOURCE_SECRET:
        if (secret == NULL)
            return missing_secret(place, source->reference);
        if (secret->broken)
            return (struct compile__data_fault){
                reason,
                str_format(place->arena,
                           "secret \"%.*s\" itself has errors; what is said of it says which",
                           STR_ARG(source->reference))};
        break;
    case API_SOURCE_FILE:
        if (source->load_error.size > 0)
            return (struct compile__data_fault){
                reason, str_format(place->arena, "cannot read file \"%.*s\": %.*s",
                                   STR_ARG(source->reference), STR_ARG(source->load_error))};
        break;
    case API_SOURCE_NONE:
        return (struct compile__data_fault){
            reason, STR("no data source is set; write one of secret, file, inline, inlineString")};
    }
    return (struct compile__data_fault){STR_EMPTY, STR_EMPTY};
}

struct str compile__data_title(struct arena *arena, const struct api_data_source *source)
{
    switch (source->type) {
    case API_SOURCE_SECRET: return str_format(arena, "secret \"%.*s\"", STR_ARG(source->reference));
    case API_SOURCE_FILE: return str_format(arena, "file \"%.*s\"", STR_ARG(source->reference));
    case API_SOURCE_INLINE: return STR("the inline data");
    case API_SOURCE_INLINE_STRING: return STR("the text");
    case API_SOURCE_NONE: break;
    }
    return STR("nothing");
}

struct str compile__age_text(struct arena *arena, uint64_t wall_ms,
                             const struct compile__validity *validity)
{
    char text[CLOCK_TEXT_SIZE];
    bool is_over = wall_ms > validity->not_after_ms;
    if (wall_ms == 0 || (wall_ms >= validity->not_before_ms && !is_over))
        return STR_EMPTY;
    clock_format(is_over ? validity->not_after_ms : validity->not_before_ms, text);
    return str_format(arena,
                      is_over ? "the certificate has expired on %.10s: %s; renew it"
                              : "the certificate is not valid before %.10s: %s",
                      text, validity->consequence);
}

const struct model_resource *compile__secret_of(struct str name, const struct pki_bundle *bundle)
{
    return model_secret_new(&(struct model_secret){
        .name = name,
        .certificates_pem = bundle->certificates_pem,
        .key_pem = bundle->key_pem,
        .key_type = pki_key_type_name(bundle->key_type),
        .fingerprint = bundle->fingerprint,
        .dns_names = {bundle->dns_names, bundle->dns_name_count},
        .not_before_ms = bundle->not_before_ms,
        .not_after_ms = bundle->not_after_ms,
    });
}
