#include "control/compile/external_tls.h"

#include "control/compile/data_sources.h"
#include "control/discovery/discovery.h"
#include "core/base/host.h"
#include "core/base/ip.h"

/* ---- Notes ---- */

static bool is_mesh_external(const struct compile__tls *tls)
{
    return tls->object->key.kind == API_MESH_EXTERNAL_SERVICE;
}

/* "networking.tls.caCert" and "spec.tls.verification.caCert". */
static struct str field(const struct compile__tls *tls, const char *name)
{
    return str_format(tls->arena, "%s.%s",
                      is_mesh_external(tls) ? "spec.tls.verification" : "networking.tls", name);
}

static void note(struct compile__tls *tls, const struct compile__tls_note *note)
{
    VEC_PUSH(&tls->notes, *note);
    tls->has_fault = tls->has_fault || note->is_fault;
}

static void fail(struct compile__tls *tls, struct finding_mark mark, struct str where,
                 struct str reason, struct str message)
{
    note(tls, &(struct compile__tls_note){true, mark, where, reason, message});
}

static void warn(struct compile__tls *tls, struct finding_mark mark, struct str where,
                 struct str message)
{
    note(tls, &(struct compile__tls_note){false, mark, where, STR_EMPTY, message});
}

static void warn_of_age(struct compile__tls *tls, const struct api_data_source *source,
                        struct str where, const struct compile__validity *validity)
{
    struct str text = compile__age_text(tls->arena, tls->wall_ms, validity);
    if (text.size > 0)
        warn(tls, source->mark, where, text);
}

/* ---- Sources ---- */

/* The bytes of a source; false: there are none, which was noted. */
static bool load(struct compile__tls *tls, const struct api_data_source *source, const char *name,
                 const char *content, struct str *ret_bytes)
{
    const struct compile__data_place place = {
        .cache = tls->cache,
        .arena = tls->arena,
        .mesh = tls->object->key.mesh,
        .owner = is_mesh_external(tls) ? "MeshExternalService" : "ExternalService",
        .content = content,
    };
    const struct api_object *secret = compile__find_secret(tls->cache, place.mesh, source);
    if (source->type == API_SOURCE_SECRET && secret == NULL && tls->lacks_secrets) {
        tls->has_fault = true; /* it may well be elsewhere */
        return false;
    }
    struct compile__data_fault fault = compile__data_check(&place, source);
    if (fault.message.size > 0) {
        fail(tls, source->mark, field(tls, name), fault.reason, fault.message);
        return false;
    }
    *ret_bytes = secret != NULL ? secret->secret->data : source->bytes;
    return true;
}

static void fail_to_use(struct compile__tls *tls, const struct api_data_source *source,
                        const char *name, const char *what, const char *why)
{
    fail(tls, source->mark, field(tls, name), STR("InvalidCertificateRef"),
         str_format(tls->arena, "%.*s %s: %s", STR_ARG(compile__data_title(tls->arena, source)),
                    what, why));
}

/* ---- Whom it trusts ---- */

static void read_authorities(struct compile__tls *tls)
{
    const struct api_data_source *source = &tls->spec->ca;
    struct str bytes;
    struct err_info info = {0};
    if (!load(tls, source, "caCert", "the certificates of the authorities", &bytes))
        return;
    if (pki_certificates_read(bytes, &tls->authorities, &info) != ERR_OK) {
        fail_to_use(tls, source, "caCert", "is not what a server can be trusted by", info.message);
        return;
    }
    tls->model.trust = MODEL_TRUST_GIVEN;
    tls->model.ca_pem = tls->authorities->pem;
    const struct compile__validity validity = {
        tls->authorities->not_before_ms, tls->authorities->not_after_ms, "the server is refused"};
    warn_of_age(tls, source, field(tls, "caCert"), &validity);
}

/* Without anybody who vouches for a certificate, the names in it prove nothing. */
static bool skips_all(const struct compile__tls *tls)
{
    return tls->spec->verification == API_VERIFY_SKIP_CA ||
           tls->spec->verification == API_VERIFY_SKIP_ALL;
}

static void set_trust(struct compile__tls *tls)
{
    const struct api_external_tls *spec = tls->spec;
    if (spec->verification == API_VERIFY_SKIP_CA)
        warn(tls, tls->object->mark, field(tls, "mode"),
             STR("with SkipCA nothing is verified, names neither: they prove nothing when nobody "
                 "vouches for them; write Secured, or SkipAll to say so"));
    if (skips_all(tls))
        return;
    if (spec->ca.type != API_SOURCE_NONE)
        read_authorities(tls);
    else if (is_mesh_external(tls))
        tls->model.trust = MODEL_TRUST_SYSTEM;
    else
        warn(tls, tls->object->mark, STR("networking.tls"),
             STR("nothing is verified without caCert: whoever answers at this address is taken "
                 "for the service; write the certificates of its authorities into caCert"));
}

/* ---- What it is called ---- */

static bool is_server_name(struct str name)
{
    bool good = name.size <= HOST_NAME_MAX_SIZE;
    for (size_t i = 0; i < name.size && good; i++)
        good = name.data[i] > ' ' && name.data[i] <= '~';
    return good;
}

/* To DNS a dot at the end says that a name is whole; TLS and certificates have none (RFC 6066
 * section 3). */
static struct str without_final_dot(struct str name)
{
    return str_first(name, name.size - str_ends_with(name, STR(".")));
}

/* Of several endpoints the first. */
static struct str server_of(const struct compile__tls *tls)
{
    if (tls->spec->server_name.size > 0)
        return tls->spec->server_name;
    if (!is_mesh_external(tls))
        return without_final_dot(tls->object->external_service->host);
    const struct api_mesh_external_service *service = tls->object->mesh_external_service;
    return service->endpoint_count > 0 ? without_final_dot(service->endpoints[0].address)
                                       : STR_EMPTY;
}

static struct model_subject subject_of(struct compile__tls *tls, size_t index)
{
    const struct api_subject_name *name = &tls->spec->subject_names[index];
    if (name->value.size == 0)
        fail(tls, tls->object->mark,
             str_format(tls->arena, "spec.tls.verification.subjectAltNames[%zu].value", index),
             STR("UnsupportedValue"),
             STR("is empty, and so is no name; write the name that the server's certificate "
                 "has, or its beginning"));
    return (struct model_subject){name->match == API_SUBJECT_PREFIX ? MODEL_SUBJECT_PREFIX
                                                                    : MODEL_SUBJECT_EXACT,
                                  name->value};
}

/* A certificate for the server will do, as one for another name that is written. */
static void set_subjects(struct compile__tls *tls, struct str server)
{
    const struct api_external_tls *spec = tls->spec;
    size_t count = 0;
    size_t others = is_mesh_external(tls) && spec->server_name.size == 0
                        ? tls->object->mesh_external_service->endpoint_count
                        : 0;
    struct model_subject *subjects = ARENA_NEW_ARRAY(tls->arena, struct model_subject,
                                                     1 + others + spec->subject_name_count);
    subjects[count++] = (struct model_subject){MODEL_SUBJECT_EXACT, server};
    for (size_t i = 1; i < others; i++)
        subjects[count++] = (struct model_subject){
            MODEL_SUBJECT_EXACT,
            without_final_dot(tls->object->mesh_external_service->endpoints[i].address)};
    for (size_t i = 0; i < spec->subject_name_count; i++)
        subjects[count++] = subject_of(tls, i);
    tls->model.subjects = subjects;
    tls->model.subject_count = count;
}

/* Names are checked where somebody vouches for them. */
static void set_names(struct compile__tls *tls)
{
    struct str server = server_of(tls);
    if (!is_server_name(server))
        fail(tls, tls->object->mark, field(tls, "serverName"), STR("UnsupportedValue"),
             STR("is not a DNS name; write one, such as pay.example.com"));
    else if (!ip_is_address(server))
        tls->model.server_name = server;
    bool is_vouched_for = is_mesh_external(tls) || tls->spec->ca.type != API_SOURCE_NONE;
    if (is_vouched_for && !skips_all(tls) && tls->spec->verification != API_VERIFY_SKIP_SAN)
        set_subjects(tls, server);
}

/* ---- What it presents ---- */

static void read_presented(struct compile__tls *tls)
{
    const struct api_external_tls *spec = tls->spec;
    struct str certificate;
    struct str key;
    struct err_info info = {0};
    if (spec->client_certificate.type == API_SOURCE_NONE ||
        spec->client_key.type == API_SOURCE_NONE) /* decoding has warned of one without the other */
        return;
    bool is_loaded = load(tls, &spec->client_certificate, "clientCert",
                          "the certificate of the gateway", &certificate);
    if (!load(tls, &spec->client_key, "clientKey", "the key of that certificate", &key) ||
        !is_loaded)
        return;
    CLEANUP(buf_deinit) struct buf both;
    buf_init_secret(&both, 2 * PKI_BUNDLE_SIZE_MAX + 1);
    buf_append(&both, certificate);
    buf_append_char(&both, '\n');
    buf_append(&both, key);
    if (buf_overflowed(&both) ||
        pki_bundle_read(buf_str(&both), &tls->presented, &info) != ERR_OK) {
        fail_to_use(tls, &spec->client_certificate, "clientCert",
                    "and clientKey are not a certificate and its key", info.message);
        return;
    }
    const struct compile__validity validity = {tls->presented->not_before_ms,
                                               tls->presented->not_after_ms, "servers refuse it"};
    warn_of_age(tls, &spec->client_certificate, field(tls, "clientCert"), &validity);
}

/* ---- Versions ---- */

static bool is_old(enum api_tls_version version)
{
    return version == API_TLS_1_0 || version == API_TLS_1_1;
}

static void set_versions(struct compile__tls *tls)
{
    const struct api_external_tls *spec = tls->spec;
    tls->model.min_version = spec->min_version == API_TLS_1_3 ? MODEL_TLS_1_3 : MODEL_TLS_1_2;
    tls->model.max_version = spec->max_version == API_TLS_1_2 ? MODEL_TLS_1_2 : MODEL_TLS_1_3;
    if (is_old(spec->max_version))
        fail(tls, tls->object->mark, STR("spec.tls.version.max"), STR("UnsupportedValue"),
             STR("TLS 1.0 and TLS 1.1 are not spoken; write TLS12 or TLS13"));
    else if (is_old(spec->min_version))
        warn(tls, tls->object->mark, STR("spec.tls.version.min"),
             STR("TLS 1.0 and TLS 1.1 are not spoken: the lowest version is TLS 1.2"));
}

static void look_at_renegotiation(struct compile__tls *tls)
{
    if (tls->spec->allow_renegotiation)
        warn(tls, tls->object->mark,
             is_mesh_external(tls) ? STR("spec.tls.allowRenegotiation")
                                   : STR("networking.tls.allowRenegotiation"),
             STR("has no effect: TLS 1.3 has no renegotiation, and one that a server of TLS 1.2 "
                 "asks for is refused"));
}

void compile__tls_read(struct compile__tls *tls)
{
    tls->spec = discovery_external_tls(tls->object);
    set_versions(tls);
    set_trust(tls);
    set_names(tls);
    read_presented(tls);
    look_at_renegotiation(tls);
}

void compile__tls_deinit(struct compile__tls *tls)
{
    tls->authorities = pki_certificates_free(tls->authorities);
    tls->presented = pki_bundle_free(tls->presented);
    VEC_FREE(&tls->notes);
}
