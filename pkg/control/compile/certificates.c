/* Stage 5: data sources become the certificates that an HTTPS listener presents. */
#include "control/compile/stages.h"
#include "core/base/assert.h"
#include "core/base/clock.h"

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

static void report(const struct place *place, struct str reason, struct str message)
{
    struct str text = compile__find(place->run, FINDING_ERROR, place->port->binding->gateway,
                                    place->source->mark, field_of(place), "%.*s", STR_ARG(message));
    compile__deny(&place->listener->report->resolved_refs, reason, text);
}

/* ---- What bytes turn out to be, parsed once as long as they are there ---- */

static void fail(struct compile__certificate *certificate, struct str what, const char *why)
{
    const char *text = "is not a server certificate with its key";
    certificate->fault = str_format(certificate->arena, "%s: %s", text, why);
    certificate->error = str_format(certificate->arena, "%.*s %.*s", STR_ARG(what),
                                    STR_ARG(certificate->fault));
}

/* `what` names the source for people, `origin` in the secret's name. */
static void parse(struct compile__certificate *certificate, struct str bytes, struct str what,
                  struct str origin)
{
    struct err_info info = {0};
    struct pki_bundle *bundle = NULL;
    if (pki_bundle_read(bytes, &bundle, &info) != ERR_OK) {
        fail(certificate, what, info.message);
        return;
    }
    struct str type = pki_key_type_name(bundle->key_type);
    certificate->key_type = bundle->key_type;
    certificate->secret = model_secret_new(&(struct model_secret){
        .name = str_format(certificate->arena, "cert.%.*s:%.*s", STR_ARG(type), STR_ARG(origin)),
        .certificates_pem = bundle->certificates_pem,
        .key_pem = bundle->key_pem,
        .key_type = type,
        .fingerprint = bundle->fingerprint,
        .dns_names = {bundle->dns_names, bundle->dns_name_count},
        .not_before_ms = bundle->not_before_ms,
        .not_after_ms = bundle->not_after_ms,
    });
    bundle = pki_bundle_free(bundle);
}

/* What was remembered of the `index`-th source of an object under that name; or an empty one. */
static struct compile__certificate *recall(struct compile__run *run,
                                           const struct api_object *object, struct str origin,
                                           size_t index, bool *ret_is_new)
{
    struct buf key;
    buf_init(&key, SIZE_MAX / 4);
    buf_append(&key, str_make((const char *)&object, sizeof(struct api_object *)));
    buf_printf(&key, "%zu %.*s", index, STR_ARG(origin));
    struct compile__certificate *certificate = map_get(run->memory->certificates, buf_str(&key));
    *ret_is_new = certificate == NULL;
    if (certificate == NULL) {
        certificate = MEM_NEW(struct compile__certificate);
        certificate->object = api_object_ref(object);
        certificate->arena = arena_new(256);
        (void)map_set(run->memory->certificates, buf_str(&key), certificate); /* there was none */
        run->memory->counts.certificates++;
    }
    certificate->age = run->memory->age;
    buf_deinit(&key);
    return certificate;
}

/* ---- Secrets ---- */

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

/* All of them are elsewhere. */
static bool lacks_secrets(const struct compile__run *run)
{
    return run->is_partial && cache_count_all(run->cache, API_SECRET) == 0;
}

static void report_missing(const struct place *place, struct str mesh, struct str name)
{
    struct compile__run *run = place->run;
    if (lacks_secrets(run))
        return;
    const struct api_object *elsewhere = find_elsewhere(run->cache, name);
    if (elsewhere != NULL)
        report(place, STR("RefNotPermitted"),
               str_format(run->arena,
                          "secret \"%.*s\" belongs to mesh %.*s; give it the mesh of this gateway "
                          "(label kuma.io/mesh: %.*s)",
                          STR_ARG(name), STR_ARG(elsewhere->key.mesh), STR_ARG(mesh)));
    else
        report(place, STR("InvalidCertificateRef"),
               str_format(run->arena,
                          "there is no secret \"%.*s\" in mesh %.*s; create a Secret of type "
                          "system.kuma.io/secret with that name and the label kuma.io/mesh: %.*s, "
                          "whose value holds certificate and key in PEM",
                          STR_ARG(name), STR_ARG(mesh), STR_ARG(mesh)));
}

struct compile__certificate *compile__certificate_of(struct compile__run *run,
                                                     const struct api_object *secret)
{
    bool is_new;
    struct str origin = str_format(run->arena, "secret:%.*s/%.*s", STR_ARG(secret->key.mesh),
                                   STR_ARG(secret->key.name));
    struct compile__certificate *certificate = recall(run, secret, origin, 0, &is_new);
    struct str what = str_format(run->arena, "secret \"%.*s\"", STR_ARG(secret->key.name));
    if (is_new && secret->broken)
        fail(certificate, what, "the Secret itself has errors");
    else if (is_new)
        parse(certificate, secret->secret->data, what, origin);
    return certificate;
}

static struct compile__certificate *load_secret(const struct place *place)
{
    struct compile__run *run = place->run;
    struct str mesh = place->port->binding->gateway->key.mesh;
    struct str name = place->source->reference;
    const struct api_object *secret = cache_find(run->cache,
                                                 &(struct api_key){API_SECRET, mesh, name});
    if (secret == NULL) {
        report_missing(place, mesh, name);
        return NULL;
    }
    struct compile__certificate *certificate = compile__certificate_of(run, secret);
    certificate->loaded_age = run->memory->age;
    return certificate;
}

/* ---- Other sources ---- */

/* Bytes that stand in the manifest, or in a file that it names. They are named after the listener:
 * one certificate of each type stays, so the name is unique. */
static struct compile__certificate *load_own(const struct place *place, const char *form,
                                             struct str what)
{
    bool is_new;
    struct str origin = str_format(place->run->arena, "%s:%.*s/%.*s", form,
                                   STR_ARG(place->port->name),
                                   STR_ARG(place->listener->spec->hostname));
    struct compile__certificate *certificate = recall(place->run, place->port->binding->gateway,
                                                      origin, place->index, &is_new);
    if (is_new)
        parse(certificate, place->source->bytes, what, origin);
    return certificate;
}

/* NULL: there is nothing, which was reported. */
static struct compile__certificate *load(const struct place *place)
{
    const struct api_data_source *source = place->source;
    struct str what = STR_EMPTY;
    switch (source->type) {
    case API_SOURCE_SECRET: return load_secret(place);
    case API_SOURCE_INLINE: return load_own(place, "inline", STR("the inline data"));
    case API_SOURCE_INLINE_STRING: return load_own(place, "inlineString", STR("the text"));
    case API_SOURCE_FILE:
        if (source->load_error.size > 0) {
            report(place, STR("InvalidCertificateRef"),
                   str_format(place->run->arena, "cannot read file \"%.*s\": %.*s",
                              STR_ARG(source->reference), STR_ARG(source->load_error)));
            return NULL;
        }
        what = str_format(place->run->arena, "file \"%.*s\"", STR_ARG(source->reference));
        return load_own(place, "file", what);
    case API_SOURCE_NONE:
        report(place, STR("InvalidCertificateRef"),
               STR("no data source is set; write one of secret, file, inline, inlineString"));
        return NULL;
    }
    UNREACHABLE();
}

struct str compile__certificate_age(struct compile__run *run, const struct model_secret *secret)
{
    char text[CLOCK_TEXT_SIZE];
    uint64_t now_ms = run->wall_ms;
    bool is_over = now_ms > secret->not_after_ms;
    if (now_ms == 0 || (now_ms >= secret->not_before_ms && !is_over))
        return STR_EMPTY;
    clock_format(is_over ? secret->not_after_ms : secret->not_before_ms, text);
    return str_format(run->arena,
                      is_over ? "the certificate has expired on %.10s: clients refuse it; renew it"
                              : "the certificate is not valid before %.10s: clients refuse it",
                      text);
}

/* It is served all the same: clients may be told to take it. */
static void report_age(const struct place *place, const struct model_secret *secret)
{
    struct str text = compile__certificate_age(place->run, secret);
    if (text.size > 0)
        (void)compile__find(place->run, FINDING_WARNING, place->port->binding->gateway,
                            place->source->mark, field_of(place), "%.*s", STR_ARG(text));
}

/* Presents what was loaded, unless a certificate of its type is there before. */
static void present(const struct place *place, struct compile__certificate *certificate,
                    struct compile__certificate **by_type)
{
    if (certificate == NULL)
        return;
    if (certificate->secret == NULL) {
        report(place, STR("InvalidCertificateRef"), certificate->error);
        return;
    }
    if (by_type[certificate->key_type] == NULL) {
        by_type[certificate->key_type] = certificate;
        report_age(place, certificate->secret->secret);
        return;
    }
    struct str type = pki_key_type_name(certificate->key_type);
    report(place, STR("InvalidCertificateRef"),
           str_format(place->run->arena,
                      "a certificate before this one has a key of type %.*s too and is the one "
                      "that is served; a listener takes one RSA and one ECDSA certificate",
                      STR_ARG(type)));
}

/* The names live as long as the draft: its report has them too. */
static struct model_names emit_secrets(struct compile__run *run,
                                       struct compile__certificate *const *by_type, size_t types)
{
    struct str *names = ARENA_NEW_ARRAY(run->draft->arena, struct str, types);
    size_t count = 0;
    for (size_t i = 0; i < types; i++) {
        if (by_type[i] == NULL)
            continue;
        names[count++] = by_type[i]->secret->name;
        if (by_type[i]->emitted_age != run->memory->age)
            compile__emit(run, by_type[i]->secret);
        by_type[i]->emitted_age = run->memory->age;
    }
    return (struct model_names){names, count};
}

static bool names_secret(const struct api_tls *tls)
{
    for (size_t i = 0; i < tls->certificate_count; i++) {
        if (tls->certificates[i].type == API_SOURCE_SECRET)
            return true;
    }
    return false;
}

void compile__load_certificates(struct compile__run *run, const struct compile__port *port,
                                struct compile__listener *listener)
{
    const struct api_tls *tls = &listener->spec->tls;
    struct compile__certificate *by_type[PKI_ECDSA + 1] = {NULL};
    for (size_t i = 0; i < tls->certificate_count; i++) {
        struct place place = {run, port, listener, &tls->certificates[i], i};
        present(&place, load(&place), by_type);
    }
    listener->secrets = emit_secrets(run, by_type, ARRAY_SIZE(by_type));
    listener->report->secrets = listener->secrets;
    if (listener->secrets.count > 0)
        return;
    listener->is_refused = true;
    if (names_secret(tls) && lacks_secrets(run))
        return; /* it may well have one */
    struct str text = compile__find(
        run, FINDING_ERROR, port->binding->gateway, listener->spec->mark,
        str_format(run->arena, "conf.listeners[%zu]", listener->index),
        "host name \"%.*s\" is not served on port %u: it has no certificate that can be used",
        STR_ARG(listener->spec->hostname), (unsigned)port->number);
    compile__deny(&listener->report->resolved_refs, STR("InvalidCertificateRef"), text);
}
