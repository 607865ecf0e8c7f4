/* Stage 3: data sources become the certificates that an HTTPS listener presents. */
#include "control/compile/stages.h"
#include "core/base/assert.h"
#include "core/pki/pki.h"

/* What one Secret turned out to be: it is parsed once, however many listeners name it. */
struct loaded {
    const struct model_resource *secret; /* NULL: it cannot be used, because */
    struct str error;
    enum pki_key_type key_type;
};

/* One data source of a listener. */
struct place {
    struct compile__run *run;
    const struct compile__port *port;
    const struct compile__listener *listener;
    const struct api_data_source *source;
    size_t index;
};

static struct str field_of(const struct place *place)
{
    return str_format(place->run->arena, "conf.listeners[%zu].tls.certificates[%zu]",
                      place->listener->index, place->index);
}

static void report(const struct place *place, struct str message)
{
    compile__find(place->run, FINDING_ERROR, place->port->binding.gateway, place->source->mark,
                  field_of(place), "%.*s", STR_ARG(message));
}

static struct loaded failed(struct compile__run *run, struct str what, const char *why)
{
    return (struct loaded){
        .error = str_format(run->arena, "%.*s is not a server certificate with its key: %s",
                            STR_ARG(what), why),
    };
}

/* Made whether or not it will be part of the snapshot; the run holds it. */
static const struct model_resource *make_secret(struct compile__run *run, struct str name,
                                                const struct pki_bundle *bundle)
{
    const struct model_resource *secret = model_secret_new(&(struct model_secret){
        .name = name,
        .certificates_pem = bundle->certificates_pem,
        .key_pem = bundle->key_pem,
        .key_type = pki_key_type_name(bundle->key_type),
        .fingerprint = bundle->fingerprint,
        .dns_names = {bundle->dns_names, bundle->dns_name_count},
        .not_before_ms = bundle->not_before_ms,
        .not_after_ms = bundle->not_after_ms,
    });
    VEC_PUSH(&run->loaded, secret);
    return secret;
}

/* `what` names the source for people, `origin` in the secret's name. */
static struct loaded load_bytes(struct compile__run *run, struct str bytes, struct str what,
                                struct str origin)
{
    struct err_info info = {0};
    struct pki_bundle *bundle = NULL;
    if (pki_bundle_read(bytes, &bundle, &info) != ERR_OK)
        return failed(run, what, info.message);
    struct str type = pki_key_type_name(bundle->key_type);
    struct str name = str_format(run->arena, "cert.%.*s:%.*s", STR_ARG(type), STR_ARG(origin));
    struct loaded loaded = {
        .secret = make_secret(run, name, bundle),
        .key_type = bundle->key_type,
    };
    bundle = pki_bundle_free(bundle);
    return loaded;
}

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

static struct loaded missing_secret(struct compile__run *run, struct str mesh, struct str name)
{
    const struct api_object *elsewhere = find_elsewhere(run->input->cache, name);
    struct loaded loaded = {0};
    if (elsewhere != NULL)
        loaded.error = str_format(
            run->arena,
            "secret \"%.*s\" belongs to mesh %.*s; give it the mesh of this gateway (label "
            "kuma.io/mesh: %.*s)",
            STR_ARG(name), STR_ARG(elsewhere->key.mesh), STR_ARG(mesh));
    else
        loaded.error = str_format(
            run->arena,
            "there is no secret \"%.*s\" in mesh %.*s; create a Secret of type "
            "system.kuma.io/secret with that name and the label kuma.io/mesh: %.*s, whose value "
            "holds certificate and key in PEM",
            STR_ARG(name), STR_ARG(mesh), STR_ARG(mesh));
    return loaded;
}

static struct loaded read_secret(struct compile__run *run, struct str mesh, struct str name)
{
    const struct api_object *secret = cache_find(run->input->cache,
                                                 &(struct api_key){API_SECRET, mesh, name});
    if (secret == NULL)
        return missing_secret(run, mesh, name);
    struct str what = str_format(run->arena, "secret \"%.*s\"", STR_ARG(name));
    if (secret->broken)
        return failed(run, what, "the Secret itself has errors");
    struct str origin = str_format(run->arena, "secret:%.*s/%.*s", STR_ARG(mesh), STR_ARG(name));
    return load_bytes(run, secret->secret->data, what, origin);
}

static struct loaded load_secret(const struct place *place)
{
    struct compile__run *run = place->run;
    struct str mesh = place->port->binding.gateway->key.mesh;
    struct str name = place->source->reference;
    struct str key = str_format(run->arena, "%.*s/%.*s", STR_ARG(mesh), STR_ARG(name));
    const struct loaded *known = map_get(run->certificates, key);
    if (known != NULL)
        return *known;
    struct loaded *loaded = ARENA_NEW(run->arena, struct loaded);
    *loaded = read_secret(run, mesh, name);
    (void)map_set(run->certificates, key, loaded); /* there was none */
    return *loaded;
}

/* Bytes that stand in the manifest, or in a file that it names. They are named after the listener:
 * one certificate of each type stays, so the name is unique. */
static struct loaded load_own(const struct place *place, const char *form, struct str what)
{
    struct str origin = str_format(place->run->arena, "%s:%.*s/%.*s", form,
                                   STR_ARG(place->port->name),
                                   STR_ARG(place->listener->spec->hostname));
    return load_bytes(place->run, place->source->bytes, what, origin);
}

static struct loaded load(const struct place *place)
{
    const struct api_data_source *source = place->source;
    struct str what = STR_EMPTY;
    switch (source->type) {
    case API_SOURCE_SECRET: return load_secret(place);
    case API_SOURCE_INLINE: return load_own(place, "inline", STR("the inline data"));
    case API_SOURCE_INLINE_STRING: return load_own(place, "inlineString", STR("the text"));
    case API_SOURCE_FILE:
        if (source->load_error.size > 0)
            return (struct loaded){
                .error = str_format(place->run->arena, "cannot read file \"%.*s\": %.*s",
                                    STR_ARG(source->reference), STR_ARG(source->load_error)),
            };
        what = str_format(place->run->arena, "file \"%.*s\"", STR_ARG(source->reference));
        return load_own(place, "file", what);
    case API_SOURCE_NONE:
        return (struct loaded){
            .error = STR("no data source is set; write one of secret, file, inline, inlineString"),
        };
    }
    UNREACHABLE();
}

/* Presents what was loaded, unless a certificate of its type is there before. */
static void present(const struct place *place, const struct loaded *loaded,
                    const struct model_resource **by_type)
{
    if (loaded->secret == NULL) {
        report(place, loaded->error);
        return;
    }
    if (by_type[loaded->key_type] == NULL) {
        by_type[loaded->key_type] = loaded->secret;
        return;
    }
    struct str type = pki_key_type_name(loaded->key_type);
    report(place, str_format(place->run->arena,
                             "a certificate before this one has a key of type %.*s too and is the "
                             "one that is served; a listener takes one RSA and one ECDSA "
                             "certificate",
                             STR_ARG(type)));
}

static struct model_names emit_secrets(struct compile__run *run,
                                       const struct model_resource *const *by_type, size_t types)
{
    struct str *names = ARENA_NEW_ARRAY(run->arena, struct str, types);
    size_t count = 0;
    for (size_t i = 0; i < types; i++) {
        if (by_type[i] == NULL)
            continue;
        names[count++] = by_type[i]->name;
        if (compile__emit_once(run, MODEL_SECRET, by_type[i]->name))
            compile__emit(run, model_resource_ref(by_type[i]));
    }
    return (struct model_names){names, count};
}

static void load_listener(struct compile__run *run, struct compile__port *port,
                          struct compile__listener *listener)
{
    const struct api_tls *tls = &listener->spec->tls;
    const struct model_resource *by_type[PKI_ECDSA + 1] = {NULL};
    for (size_t i = 0; i < tls->certificate_count; i++) {
        struct place place = {run, port, listener, &tls->certificates[i], i};
        struct loaded loaded = load(&place);
        present(&place, &loaded, by_type);
    }
    listener->secrets = emit_secrets(run, by_type, ARRAY_SIZE(by_type));
    if (listener->secrets.count > 0)
        return;
    listener->is_refused = true;
    compile__find(run, FINDING_ERROR, port->binding.gateway, listener->spec->mark,
                  str_format(run->arena, "conf.listeners[%zu]", listener->index),
                  "host name \"%.*s\" is not served on port %u: it has no certificate that can be "
                  "used",
                  STR_ARG(listener->spec->hostname), (unsigned)port->number);
}

void compile__load_certificates(struct compile__run *run, struct compile__port *port)
{
    if (port->protocol != MODEL_HTTPS)
        return;
    size_t kept = 0;
    for (size_t i = 0; i < port->listener_count; i++) {
        load_listener(run, port, &port->listeners[i]);
        if (!port->listeners[i].is_refused)
            port->listeners[kept++] = port->listeners[i];
    }
    port->listener_count = kept;
}
