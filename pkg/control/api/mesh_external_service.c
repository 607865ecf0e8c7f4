/* MeshExternalService: a back end outside of the mesh, by its name. Its status is Kuma's. */
#include "control/api/check.h"
#include "control/api/kinds.h"
#include "core/base/host.h"
#include "core/base/ip.h"

/* What decoding needs besides the struct that stays. */
struct staged {
    struct api_mesh_external_service service; /* first: what is left of it */
    struct str match_type;
    struct str extension_type;
};

static void check_port(struct api__decoder *d, const struct api__place *place, uint32_t port)
{
    if (port == 0 || port > UINT16_MAX)
        api__error_in(d, place, STR("port"), "port must be a valid (1-65535)");
}

/* Somebody else then says where it is. */
static bool has_extension(const struct api__place *place)
{
    struct api__place extension = api__member(api__spec_of(place), STR("extension"));
    return api__is_present(&extension);
}

/* ---- Match ---- */

#define PORT(place)                                                                  \
    API__FIELD("port", UINT32, place, .required = true, .min = 1, .max = UINT16_MAX, \
               .is_judged = true)

static const struct api__enum_value match_values[] = {{STR_INIT("HostnameGenerator"), 0}};
static const struct api__enum match_types = {match_values, ARRAY_SIZE(match_values)};

static const struct api__enum_value protocol_values[] = {
    {STR_INIT("tcp"), 0},
    {STR_INIT("grpc"), 1},
    {STR_INIT("http"), 2},
    {STR_INIT("http2"), 3},
};
static const struct api__enum protocols = {protocol_values, ARRAY_SIZE(protocol_values)};

static const struct api__field match_fields[] = {
    API__FIELD("type", STRING, API__AT(struct staged, match_type), .values = &match_types,
               .preset_text = STR_INIT("HostnameGenerator"), .is_judged = true),
    PORT(API__AT(struct staged, service.port)),
    API__FIELD("protocol", STRING, API__AT(struct staged, service.protocol), .values = &protocols,
               .preset_text = STR_INIT("tcp"), .is_judged = true),
};

static void check_match(struct api__decoder *d, const struct api__place *place, void *object)
{
    const struct staged *staged = object;
    struct api__place type = api__member(place, STR("type"));
    struct api__place protocol = api__member(place, STR("protocol"));
    if (!str_equal(staged->match_type, match_values[0].name))
        api__error(d, &type, "unrecognized type '%.*s' - only 'HostnameGenerator' is supported",
                   STR_ARG(staged->match_type));
    check_port(d, place, staged->service.port);
    for (size_t i = 0; i < protocols.count; i++) {
        if (str_equal(protocol_values[i].name, staged->service.protocol))
            return;
    }
    api__error(d, &protocol,
               "\"protocol\" must be one of [\"tcp\", \"grpc\", \"http\", \"http2\"]");
}

static const struct api__table match_table = API__TABLE(match_fields, struct staged,
                                                        .check = check_match);

/* ---- Endpoints ---- */

/* A host name has 255 characters and the dots between them. */
#define ADDRESS_MAX   512
#define ENDPOINTS_MAX 128

static const struct api__field endpoint_fields[] = {
    API__FIELD("address", STRING, API__AT(struct api_external_endpoint, address), .required = true,
               .min = 1, .max = ADDRESS_MAX, .is_judged = true),
    PORT(API__AT(struct api_external_endpoint, port)),
};

static void check_endpoint(struct api__decoder *d, const struct api__place *place, void *object)
{
    const struct api_external_endpoint *endpoint = object;
    bool is_address = ip_is_address(endpoint->address) || host_is_name(endpoint->address);
    bool may_be_any = has_extension(place) && endpoint->address.size > 0;
    if (!is_address && !may_be_any)
        api__error_in(d, place, STR("address"), "address has to be a valid IP or hostname");
    check_port(d, place, endpoint->port);
}

static const struct api__table endpoint_table = API__TABLE(
    endpoint_fields, struct api_external_endpoint,
    .mark = offsetof(struct api_external_endpoint, mark),
    .broken = offsetof(struct api_external_endpoint, broken), .check = check_endpoint);

/* ---- TLS ---- */

static const struct api__enum_value version_values[] = {
    {STR_INIT("TLSAuto"), API_TLS_AUTO}, {STR_INIT("TLS10"), API_TLS_1_0},
    {STR_INIT("TLS11"), API_TLS_1_1},    {STR_INIT("TLS12"), API_TLS_1_2},
    {STR_INIT("TLS13"), API_TLS_1_3},
};
static const struct api__enum versions = {version_values, ARRAY_SIZE(version_values)};

static const struct api__field version_fields[] = {
    API__FIELD("min", ENUM, API__AT(struct api_external_tls, min_version), .values = &versions,
               .preset = API_TLS_AUTO),
    API__FIELD("max", ENUM, API__AT(struct api_external_tls, max_version), .values = &versions,
               .preset = API_TLS_AUTO),
};

static void check_version(struct api__decoder *d, const struct api__place *place, void *object)
{
    const struct api_external_tls *tls = object;
    if (!has_extension(place) && tls->max_version != API_TLS_AUTO &&
        tls->min_version > tls->max_version)
        api__error_in(d, place, STR("min"), "min version must be lower than max");
}

static const struct api__table version_table = API__TABLE(version_fields, struct api_external_tls,
                                                          .check = check_version);

static const struct api__enum_value mode_values[] = {
    {STR_INIT("SkipSAN"), API_VERIFY_SKIP_SAN},
    {STR_INIT("SkipCA"), API_VERIFY_SKIP_CA},
    {STR_INIT("Secured"), API_VERIFY_ALL},
    {STR_INIT("SkipAll"), API_VERIFY_SKIP_ALL},
};
static const struct api__enum modes = {mode_values, ARRAY_SIZE(mode_values)};

static const struct api__enum_value name_values[] = {
    {STR_INIT("Exact"), API_SUBJECT_EXACT},
    {STR_INIT("Prefix"), API_SUBJECT_PREFIX},
};
static const struct api__enum name_matches = {name_values, ARRAY_SIZE(name_values)};

#define NAMES_MAX 64

static const struct api__field name_fields[] = {
    API__FIELD("type", ENUM, API__AT(struct api_subject_name, match), .values = &name_matches,
               .preset = API_SUBJECT_EXACT),
    API__FIELD("value", STRING, API__AT(struct api_subject_name, value), .required = true,
               .max = API__PATTERN_MAX),
};
static const struct api__table name_table = API__TABLE(name_fields, struct api_subject_name,
                                                       .check = NULL);

static const struct api__field verification_fields[] = {
    API__FIELD("mode", ENUM, API__AT(struct api_external_tls, verification), .values = &modes,
               .preset = API_VERIFY_ALL),
    API__FIELD("serverName", STRING, API__AT(struct api_external_tls, server_name),
               .max = API__STRING_MAX),
    API__FIELD("subjectAltNames", LIST, API__AT(struct api_external_tls, subject_names),
               .table = &name_table, .max = NAMES_MAX),
    API__FIELD("caCert", OBJECT, API__AT(struct api_external_tls, ca),
               .table = &api__schema_data_source_table),
    API__FIELD("clientCert", OBJECT, API__AT(struct api_external_tls, client_certificate),
               .table = &api__schema_data_source_table),
    API__FIELD("clientKey", OBJECT, API__AT(struct api_external_tls, client_key),
               .table = &api__schema_data_source_table),
};

static void check_verification(struct api__decoder *d, const struct api__place *place, void *object)
{
    const struct api_external_tls *tls = object;
    if (has_extension(place))
        return;
    struct api__place name = api__member(place, STR("serverName"));
    struct api__place ca = api__member(place, STR("caCert"));
    struct api__place certificate = api__member(place, STR("clientCert"));
    struct api__place key = api__member(place, STR("clientKey"));
    if (api__is_present(&name) && !host_is_name(tls->server_name))
        api__error(d, &name, "must be a valid DNS name");
    if (api__is_present(&certificate) && !api__is_present(&key))
        api__error(d, &key, "must be defined when clientCert is defined");
    if (api__is_present(&key) && !api__is_present(&certificate))
        api__error(d, &certificate, "must be defined when clientKey is defined");
    api__check_source(d, &ca, &tls->ca);
    api__check_source(d, &certificate, &tls->client_certificate);
    api__check_source(d, &key, &tls->client_key);
}

static const struct api__table verification_table = API__TABLE(
    verification_fields, struct api_external_tls, .check = check_verification);

static const struct api__field tls_fields[] = {
    API__FIELD("enabled", BOOL, API__AT(struct api_external_tls, enabled)),
    API__FIELD("allowRenegotiation", BOOL, API__AT(struct api_external_tls, allow_renegotiation)),
    API__FIELD("version", OBJECT, .table = &version_table),
    API__FIELD("verification", OBJECT, .table = &verification_table),
};
static const struct api__table tls_table = API__TABLE(tls_fields, struct api_external_tls,
                                                      .check = NULL);

/* ---- The service ---- */

static const struct api__field extension_fields[] = {
    API__FIELD("type", STRING, API__AT(struct staged, extension_type), .required = true,
               .max = API__STRING_MAX, .is_judged = true),
    API__FIELD("config", IGNORED),
};

static void check_extension(struct api__decoder *d, const struct api__place *place, void *object)
{
    const struct staged *staged = object;
    if (staged->extension_type.size == 0)
        api__error_in(d, place, STR("type"), "must not be empty");
}

static const struct api__table extension_table = API__TABLE(extension_fields, struct staged,
                                                            .check = check_extension);

static const struct api__field fields[] = {
    API__FIELD("match", OBJECT, .table = &match_table, .required = true),
    API__FIELD("endpoints", LIST, API__AT(struct staged, service.endpoints),
               .table = &endpoint_table, .max = ENDPOINTS_MAX),
    API__FIELD("extension", OBJECT, .has = offsetof(struct staged, service.has_extension),
               .table = &extension_table),
    API__FIELD("tls", OBJECT, API__AT(struct staged, service.tls), .table = &tls_table),
};

static void check(struct api__decoder *d, const struct api__place *place, void *object)
{
    const struct staged *staged = object;
    struct api__place endpoints = api__member(place, STR("endpoints"));
    if (staged->service.endpoint_count == 0 && !staged->service.has_extension)
        api__warning(d, &endpoints, "is empty, so there is nowhere to send a request");
}

const struct api__table api__mesh_external_service_table = API__TABLE(fields, struct staged,
                                                                      .check = check);
