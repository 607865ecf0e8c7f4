/* What stands behind a data source: certificate and key, or what is wrong with it. */
#include "control/compile/certificates.h"

#include "core/base/assert.h"

struct str compile__source_field(const struct compile__source *source)
{
    struct arena *arena = source->run->arena;
    struct str list = compile__listener_field(arena, source->listener->index, ".tls.certificates");
    return str_format(arena, "%.*s[%zu]", STR_ARG(list), source->index);
}

static struct str mesh_of(const struct compile__source *source)
{
    return source->port->binding->gateway->key.mesh;
}

static void report(const struct compile__source *source, struct str reason, struct str message)
{
    struct str text = compile__find(source->run, FINDING_ERROR, source->port->binding->gateway,
                                    source->data->mark, compile__source_field(source), "%.*s",
                                    STR_ARG(message));
    compile__deny(&source->listener->report->resolved_refs, reason, text);
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
                          const struct compile__own *own)
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
                  struct str origin, const struct compile__own *own)
{
    struct err_info info = {0};
    struct pki_bundle *bundle = NULL;
    if (pki_bundle_read(bytes, &bundle, &info) != ERR_OK) {
        fail(certificate, what, info.message);
        return;
    }
    certificate->key_type = bundle->key_type;
    certificate->secret = compile__secret_of(name_of(certificate, origin, own), bundle);
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

struct compile__certificate *compile__certificate_of(struct compile__run *run,
                                                     const struct api_object *secret)
{
    bool is_new;
    struct str origin = str_format(run->arena, "secret:%.*s/%.*s", STR_ARG(secret->key.mesh),
                                   STR_ARG(secret->key.name));
    struct compile__certificate *certificate = recall(run, secret, origin, 0, &is_new);
    const struct api_data_source named = {.type = API_SOURCE_SECRET, .reference = secret->key.name};
    struct str what = compile__data_title(run->arena, &named);
    if (is_new)
        parse(certificate, secret->secret->data, what, origin, NULL);
    return certificate;
}

static struct compile__certificate *load_secret(const struct compile__source *source)
{
    struct compile__run *run = source->run;
    struct compile__certificate *certificate = compile__certificate_of(
        run, compile__find_secret(run->cache, mesh_of(source), source->data));
    certificate->loaded_age = run->memory->age;
    return certificate;
}

/* ---- Other sources ---- */

/* Bytes that stand in the manifest, or in a file that it names. They are named after the listener,
 * and counted there, which makes the names unique. */
static struct compile__certificate *load_own(const struct compile__source *source, const char *form)
{
    bool is_new;
    struct str origin = str_format(source->run->arena, "%s:%.*s/%.*s", form,
                                   STR_ARG(source->port->name),
                                   STR_ARG(source->listener->spec->hostname));
    struct compile__certificate *certificate = recall(source->run, source->port->binding->gateway,
                                                      origin, source->index, &is_new);
    if (is_new)
        parse(certificate, source->data->bytes,
              compile__data_title(source->run->arena, source->data), origin, source->own);
    if (certificate->secret != NULL)
        source->own->counts[certificate->key_type]++;
    return certificate;
}

/* NULL: there is nothing, which was reported. */
static struct compile__certificate *load(const struct compile__source *source)
{
    const struct api_data_source *data = source->data;
    struct compile__run *run = source->run;
    const struct compile__data_place place = {
        .cache = run->cache,
        .arena = run->arena,
        .mesh = mesh_of(source),
        .owner = "gateway",
        .content = "certificate and key",
    };
    struct compile__data_fault fault = compile__data_check(&place, data);
    if (fault.message.size > 0) {
        if (data->type != API_SOURCE_SECRET || !run->draft->lacks_secrets)
            report(source, fault.reason, fault.message);
        return NULL;
    }
    switch (data->type) {
    case API_SOURCE_SECRET: return load_secret(source);
    case API_SOURCE_INLINE: return load_own(source, "inline");
    case API_SOURCE_INLINE_STRING: return load_own(source, "inlineString");
    case API_SOURCE_FILE: return load_own(source, "file");
    case API_SOURCE_NONE: break; /* was checked */
    }
    UNREACHABLE();
}

struct compile__certificate *compile__source_load(const struct compile__source *source)
{
    struct compile__certificate *certificate = load(source);
    if (certificate == NULL || certificate->secret != NULL)
        return certificate;
    report(source, STR("InvalidCertificateRef"), certificate->error);
    return NULL;
}

struct str compile__certificate_age(struct compile__run *run, const struct model_secret *secret)
{
    const struct compile__validity validity = {secret->not_before_ms, secret->not_after_ms,
                                               "clients refuse it"};
    return compile__age_text(run->arena, run->wall_ms, &validity);
}
