/* Stage 5: data sources become the certificates that an HTTPS listener presents. */
#include "control/compile/stages.h"
#include "core/base/assert.h"
#include "core/base/clock.h"

/* Keys by type, the preferred first: ECDSA costs the server less. */
static const enum pki_key_type preference[] = {PKI_ECDSA, PKI_RSA};

/* Certificates that stand in the manifest, or in files that it names, so far, by type of key. */
struct own {
    size_t counts[ARRAY_SIZE(preference)];
};

/* One data source of a listener. */
struct place {
    struct compile__run *run;
    const struct compile__port *port;
    const struct compile__listener *listener;
    const struct api_data_source *source;
    size_t index;
    struct own *own; /* of that listener */
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

/* "cert.rsa:secret:default/foo"; behind it "#2" if it is the second of its type there. */
static struct str name_of(struct compile__certificate *certificate, struct str origin,
                          const struct own *own)
{
    struct str type = pki_key_type_name(certificate->key_type);
    struct str name = str_format(certificate->arena, "cert.%.*s:%.*s", STR_ARG(type),
                                 STR_ARG(origin));
    size_t before = own == NULL ? 0 : own->counts[certificate->key_type];
    return before == 0 ? name
                       : str_format(certificate->arena, "%.*s#%zu", STR_ARG(name), before + 1);
}

/* `what` names the source for people, `origin` in the secret's name, with `own` (or NULL). */
static void parse(struct compile__certificate *certificate, struct str bytes, struct str what,
                  struct str origin, const struct own *own)
{
    struct err_info info = {0};
    struct pki_bundle *bundle = NULL;
    if (pki_bundle_read(bytes, &bundle, &info) != ERR_OK) {
        fail(certificate, what, info.message);
        return;
    }
    certificate->key_type = bundle->key_type;
    certificate->secret = model_secret_new(&(struct model_secret){
        .name = name_of(certificate, origin, own),
        .certificates_pem = bundle->certificates_pem,
        .key_pem = bundle->key_pem,
        .key_type = pki_key_type_name(bundle->key_type),
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
        parse(certificate, secret->secret->data, what, origin, NULL);
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

/* Bytes that stand in the manifest, or in a file that it names. They are named after the listener,
 * and counted there, which makes the names unique. */
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
        parse(certificate, place->source->bytes, what, origin, place->own);
    if (certificate->secret != NULL)
        place->own->counts[certificate->key_type]++;
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

/* ---- What a listener presents ---- */

/* A certificate that can be served, and whence. */
struct usable {
    struct compile__certificate *certificate;
    struct place place;
    bool is_chosen; /* by some server name */
};

/* Those of a listener, the preferred first. */
struct usables {
    struct usable *items;
    size_t count;
};

static struct usables load_all(const struct place *listener)
{
    const struct api_tls *tls = &listener->listener->spec->tls;
    struct arena *arena = listener->run->arena;
    struct usable *loaded = ARENA_NEW_ARRAY(arena, struct usable, tls->certificate_count);
    struct usables usables = {ARENA_NEW_ARRAY(arena, struct usable, tls->certificate_count), 0};
    for (size_t i = 0; i < tls->certificate_count; i++) {
        loaded[i].place = *listener;
        loaded[i].place.source = &tls->certificates[i];
        loaded[i].place.index = i;
        loaded[i].certificate = load(&loaded[i].place);
        if (loaded[i].certificate != NULL && loaded[i].certificate->secret == NULL)
            report(&loaded[i].place, STR("InvalidCertificateRef"), loaded[i].certificate->error);
    }
    for (size_t t = 0; t < ARRAY_SIZE(preference); t++) {
        for (size_t i = 0; i < tls->certificate_count; i++) {
            const struct compile__certificate *certificate = loaded[i].certificate;
            if (certificate != NULL && certificate->secret != NULL &&
                certificate->key_type == preference[t])
                usables.items[usables.count++] = loaded[i];
        }
    }
    return usables;
}

/* Marks those that some server name of the listener leads to. */
static void choose(struct usables usables, struct str hostname)
{
    const struct model_secret *secrets[MODEL_CHAIN_SECRETS_MAX];
    for (size_t i = 0; i < usables.count; i++)
        secrets[i] = usables.items[i].certificate->secret->secret;
    size_t count;
    CLEANUP(model_chooser_free)
    struct model_chooser *chooser = model_chooser_new(hostname, secrets, usables.count);
    const struct model_choice *choices = model_chooser_list(chooser, &count);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < choices[i].count; j++)
            usables.items[choices[i].secrets[j]].is_chosen = true;
    }
}

/* Of its type of key there is always one that is chosen. */
static const struct usable *chosen_instead(struct usables usables, const struct usable *other)
{
    size_t i = 0;
    while (!usables.items[i].is_chosen ||
           usables.items[i].certificate->key_type != other->certificate->key_type)
        i++;
    return &usables.items[i];
}

static void report_unchosen(struct usables usables, const struct usable *usable)
{
    const struct place *place = &usable->place;
    struct str type = pki_key_type_name(usable->certificate->key_type);
    (void)compile__find(place->run, FINDING_WARNING, place->port->binding->gateway,
                        place->source->mark, field_of(place),
                        "is shown to no client: for every server name that comes to this listener "
                        "certificates[%zu] is chosen, whose key is of type %.*s too; leave this "
                        "one out, or have it issued for a name that the other one lacks, or with "
                        "a key of the other type",
                        chosen_instead(usables, usable)->place.index, STR_ARG(type));
}

/* Emits what is presented. The names live as long as the draft: its report has them too. */
static struct model_names present(struct compile__run *run, struct usables usables)
{
    struct str *names = ARENA_NEW_ARRAY(run->draft->arena, struct str, usables.count);
    size_t count = 0;
    for (size_t i = 0; i < usables.count; i++) {
        struct compile__certificate *certificate = usables.items[i].certificate;
        if (!usables.items[i].is_chosen) {
            report_unchosen(usables, &usables.items[i]);
            continue;
        }
        report_age(&usables.items[i].place, certificate->secret->secret);
        names[count++] = certificate->secret->name;
        if (certificate->emitted_age != run->memory->age)
            compile__emit(run, certificate->secret);
        certificate->emitted_age = run->memory->age;
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
    struct own own = {{0}};
    struct usables usables = load_all(
        &(struct place){.run = run, .port = port, .listener = listener, .own = &own});
    if (usables.count > 0)
        choose(usables, listener->spec->hostname);
    listener->secrets = present(run, usables);
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
