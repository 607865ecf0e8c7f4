#include "control/api/mesh_backends.h"

#include "control/api/check.h"
#include "core/base/ip.h"

#define ALL_PPM 1000000U

/* ---- Members of a conf ---- */

enum form {
    TEXT,
    NUMBER, /* an integer, or one in quotes */
    FLAG,
    OBJECT,
    LIST,
};

struct member {
    struct str name;
    enum form form;
};

static const char *form_name(enum form form)
{
    switch (form) {
    case TEXT: return "a string";
    case NUMBER: return "a number from 0 to 4294967295";
    case FLAG: return "true or false";
    case OBJECT: return "an object";
    case LIST: return "a list";
    }
    return "";
}

static bool read_number(const struct jv *value, uint64_t *ret_number)
{
    if (value->type == JV_STRING)
        return str_parse_u64(value->text, UINT32_MAX, ret_number);
    return jv_u64(value, UINT32_MAX, ret_number);
}

static bool has_form(const struct jv *value, enum form form)
{
    uint64_t number;
    switch (form) {
    case TEXT: return value->type == JV_STRING;
    case NUMBER: return read_number(value, &number);
    case FLAG: return value->type == JV_BOOL;
    case OBJECT: return value->type == JV_OBJECT;
    case LIST: return value->type == JV_ARRAY;
    }
    return false;
}

/* Reports at `place`, as Kuma does, what its decoder would stumble over: `problem`, and what. */
static bool has_members(struct api__decoder *d, const struct api__place *place,
                        const struct member *members, size_t count, const char *problem)
{
    if (api__is_present(place) && place->value->type != JV_OBJECT) {
        api__error(d, place, "%s: must be an object, not %s", problem,
                   jv_type_name(place->value->type));
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        struct api__place member = api__member(place, members[i].name);
        if (!api__is_present(&member) || has_form(member.value, members[i].form))
            continue;
        api__error(d, place, "%s: %.*s must be %s", problem, STR_ARG(members[i].name),
                   form_name(members[i].form));
        return false;
    }
    return true;
}

#define HAS_MEMBERS(d, place, members, problem) \
    has_members(d, place, members, ARRAY_SIZE(members), problem)

static struct str text_in(const struct api__place *place, struct str name)
{
    return jv_text(api__member(place, name).value);
}

/* ---- Lists of backends ---- */

static const char unparsed[] = "could not parse config";

/* Kuma writes "config" where a manifest has "conf". */
static struct api__place config_of(const struct api__place *backend)
{
    struct api__place conf = api__member(backend, STR("conf"));
    conf.name = STR("config");
    return conf;
}

typedef void (*check_backend_fn)(struct api__decoder *d, const struct api__place *backend);

static void check_name(struct api__decoder *d, const struct api__place *backend, struct map *names)
{
    struct api__place place = api__member(backend, STR("name"));
    struct str name = jv_text(place.value);
    if (api__is_present(&place) && place.value->type != JV_STRING)
        api__error(d, &place, "must be a string, not %s", jv_type_name(place.value->type));
    if (map_set(names, name, names) != NULL)
        api__error(d, &place, "\"%.*s\" name is already used for another backend", STR_ARG(name));
}

/* `chosen` names the member that names a backend; `unknown` is what is wrong with one of none. */
static void check_backends(struct api__decoder *d, const struct api__place *place,
                           struct str chosen, const char *unknown, check_backend_fn check)
{
    struct map *names = map_new();
    struct api__place list = api__member(place, STR("backends"));
    size_t count = api__is_present(&list) ? jv_item_count(list.value) : 0;
    if (api__is_present(&list) && list.value->type != JV_ARRAY)
        api__error(d, &list, "must be a list, not %s", jv_type_name(list.value->type));
    for (size_t i = 0; i < count && !api__is_full(d); i++) {
        struct api__place backend = api__item(&list, i);
        check(d, &backend);
        check_name(d, &backend, names);
    }
    struct str name = text_in(place, chosen);
    if (name.size > 0 && map_get(names, name) == NULL && !api__is_full(d))
        api__error_in(d, place, chosen, "%s", unknown);
    names = map_free(names);
}

static void check_has_name(struct api__decoder *d, const struct api__place *backend)
{
    if (text_in(backend, STR("name")).size == 0)
        api__error_in(d, backend, STR("name"), "cannot be empty");
}

/* ---- Logging ---- */

/* As Go cuts an address: a host and a port, and brackets around colons. */
static bool is_host_and_port(struct str address)
{
    struct str host;
    struct str port;
    ip_cut_port(address, &host, &port);
    bool has_brackets = str_starts_with(address, STR("["));
    return host.size > 0 && port.size > 0 &&
           (has_brackets || str_find_char(host, ':') == STR_NOT_FOUND);
}

static void check_tcp(struct api__decoder *d, const struct api__place *config)
{
    static const struct member members[] = {{STR_INIT("address"), TEXT}};
    if (!HAS_MEMBERS(d, config, members, unparsed))
        return;
    struct str address = text_in(config, STR("address"));
    if (address.size == 0)
        api__error_in(d, config, STR("address"), "cannot be empty");
    else if (!is_host_and_port(address))
        api__error_in(d, config, STR("address"), "has to be in format of HOST:PORT");
}

static void check_file(struct api__decoder *d, const struct api__place *config)
{
    static const struct member members[] = {{STR_INIT("path"), TEXT}};
    if (HAS_MEMBERS(d, config, members, unparsed) && text_in(config, STR("path")).size == 0)
        api__error_in(d, config, STR("path"), "cannot be empty");
}

static void check_logging(struct api__decoder *d, const struct api__place *backend)
{
    struct api__place config = config_of(backend);
    struct str type = text_in(backend, STR("type"));
    check_has_name(d, backend);
    if (str_equal(type, STR("file")))
        check_file(d, &config);
    else if (str_equal(type, STR("tcp")))
        check_tcp(d, &config);
    else
        api__error_in(d, backend, STR("type"),
                      "unknown backend type. Available backends: \"tcp\", \"file\"");
}

/* ---- Tracing ---- */

static void check_api_version(struct api__decoder *d, const struct api__place *config)
{
    struct str version = text_in(config, STR("apiVersion"));
    if (version.size > 0 && !str_equal(version, STR("httpJsonV1")) &&
        !str_equal(version, STR("httpJson")) && !str_equal(version, STR("httpProto")))
        api__error_in(d, config, STR("apiVersion"),
                      "has invalid value. Allowed values: httpJsonV1, httpJson, httpProto");
}

/* Whether what is between "//" and the path ends with a port. */
static bool has_port(struct str url)
{
    size_t colon = str_find_char(url, ':');
    struct str rest = colon == STR_NOT_FOUND ? STR_EMPTY : str_from(url, colon + 1);
    if (!str_starts_with(rest, STR("//")))
        return false;
    rest = str_from(rest, 2);
    struct str authority = str_cut(&rest, '/');
    size_t last = str_find_last_char(authority, ':');
    uint64_t port;
    return last != STR_NOT_FOUND && str_parse_u64(str_from(authority, last + 1), UINT16_MAX, &port);
}

/* A URL with a scheme, or a path. */
static bool is_url(struct str url)
{
    for (size_t i = 0; i < url.size; i++) {
        if ((unsigned char)url.data[i] <= ' ' || url.data[i] == 0x7F)
            return false;
    }
    size_t colon = str_find_char(url, ':');
    return str_starts_with(url, STR("/")) || (colon != STR_NOT_FOUND && colon > 0);
}

static void check_zipkin(struct api__decoder *d, const struct api__place *config)
{
    static const struct member members[] = {
        {STR_INIT("url"), TEXT},
        {STR_INIT("traceId128bit"), FLAG},
        {STR_INIT("apiVersion"), TEXT},
        {STR_INIT("sharedSpanContext"), FLAG},
    };
    if (!HAS_MEMBERS(d, config, members, unparsed))
        return;
    check_api_version(d, config);
    struct str url = text_in(config, STR("url"));
    if (url.size == 0)
        api__error_in(d, config, STR("url"), "cannot be empty");
    else if (!is_url(url))
        api__error_in(d, config, STR("url"), "invalid URL");
    else if (!has_port(url))
        api__error_in(d, config, STR("url"), "port has to be explicitly specified");
}

static void check_datadog(struct api__decoder *d, const struct api__place *config)
{
    static const struct member members[] = {
        {STR_INIT("address"), TEXT},
        {STR_INIT("port"), NUMBER},
        {STR_INIT("splitService"), FLAG},
    };
    if (!HAS_MEMBERS(d, config, members, unparsed))
        return;
    if (text_in(config, STR("address")).size == 0)
        api__error_in(d, config, STR("address"), "cannot be empty");
    uint64_t port = 0;
    struct api__place place = api__member(config, STR("port"));
    if (api__is_present(&place))
        (void)read_number(place.value, &port); /* it has the form */
    api__check_port(d, config, STR("port"), (uint32_t)port);
}

static bool is_percentage(const struct jv *value)
{
    bool is_number = value->type == JV_NUMBER || value->type == JV_STRING; /* or one in quotes */
    bool is_negative;
    uint64_t ppm;
    return is_number && api__percentage(value->text, &is_negative, &ppm) && !is_negative &&
           ppm <= ALL_PPM;
}

static void check_tracing(struct api__decoder *d, const struct api__place *backend)
{
    struct api__place config = config_of(backend);
    struct str type = text_in(backend, STR("type"));
    struct api__place sampling = api__member(backend, STR("sampling"));
    check_has_name(d, backend);
    if (api__is_present(&sampling) && !is_percentage(sampling.value))
        api__error(d, &sampling, "has to be in [0.0 - 100.0] range");
    if (str_equal(type, STR("zipkin")))
        check_zipkin(d, &config);
    else if (str_equal(type, STR("datadog")))
        check_datadog(d, &config);
    else
        api__error_in(d, backend, STR("type"),
                      "unknown backend type. Available backends: \"zipkin\", \"datadog\"");
}

/* ---- Metrics ---- */

static void check_aggregates(struct api__decoder *d, const struct api__place *conf)
{
    struct api__place list = api__member(conf, STR("aggregate"));
    struct map *names = map_new();
    for (size_t i = 0; api__is_present(&list) && i < list.value->count && !api__is_full(d); i++) {
        struct api__place item = api__item(&list, i);
        struct str name = text_in(&item, STR("name"));
        if (map_set(names, name, names) != NULL)
            api__error_in(d, &item, STR("name"), "duplicate entry: %.*s, values have to be unique",
                          STR_ARG(name));
    }
    names = map_free(names);
}

static void check_metrics(struct api__decoder *d, const struct api__place *backend)
{
    static const struct member members[] = {
        {STR_INIT("port"), NUMBER},    {STR_INIT("path"), TEXT},  {STR_INIT("tags"), OBJECT},
        {STR_INIT("skipMTLS"), FLAG},  {STR_INIT("tls"), OBJECT}, {STR_INIT("envoy"), OBJECT},
        {STR_INIT("aggregate"), LIST},
    };
    struct api__place conf = api__member(backend, STR("conf"));
    if (!str_equal(text_in(backend, STR("type")), STR("prometheus")))
        api__error_in(d, backend, STR("type"),
                      "unknown backend type. Available backends: \"prometheus\"");
    else if (HAS_MEMBERS(d, &conf, members, unparsed))
        check_aggregates(d, &conf);
}

/* ---- All of them ---- */

void api__check_mesh_backends(struct api__decoder *d, const struct api__place *mesh)
{
    static const struct {
        struct str name;
        struct str chosen;
        const char *unknown;
        check_backend_fn check;
    } parts[] = {
        {STR_INIT("logging"), STR_INIT("defaultBackend"),
         "has to be set to one of the logging backend in mesh", check_logging},
        {STR_INIT("tracing"), STR_INIT("defaultBackend"),
         "has to be set to one of the tracing backend in mesh", check_tracing},
        {STR_INIT("metrics"), STR_INIT("enabledBackend"),
         "has to be set to one of the backends in the mesh", check_metrics},
    };
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
        struct api__place place = api__member(mesh, parts[i].name);
        if (api__is_present(&place) && place.value->type == JV_OBJECT)
            check_backends(d, &place, parts[i].chosen, parts[i].unknown, parts[i].check);
    }
}

/* ---- The builtin CA ---- */

bool api__is_expiration(struct str text)
{
    static const struct str units[] = {STR_INIT("y"), STR_INIT("w"), STR_INIT("d"), STR_INIT("h"),
                                       STR_INIT("m"), STR_INIT("s"), STR_INIT("ms")};
    size_t digits = 0;
    while (digits < text.size && text.data[digits] >= '0' && text.data[digits] <= '9')
        digits++;
    struct str unit = str_from(text, digits);
    for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
        if (digits > 0 && str_equal(unit, units[i]))
            return true;
    }
    return str_equal(text, STR("0"));
}

void api__check_builtin_ca(struct api__decoder *d, const struct api__place *conf)
{
    static const char problem[] = "could not convert backend config";
    static const struct member members[] = {{STR_INIT("caCert"), OBJECT}};
    static const struct member certificate_members[] = {{STR_INIT("RSAbits"), NUMBER},
                                                        {STR_INIT("expiration"), TEXT}};
    if (!HAS_MEMBERS(d, conf, members, problem))
        return;
    struct api__place certificate = api__member(conf, STR("caCert"));
    if (!HAS_MEMBERS(d, &certificate, certificate_members, problem))
        return;
    struct str expiration = text_in(&certificate, STR("expiration"));
    struct api__place place = api__member(&certificate, STR("expiration"));
    if (expiration.size > 0 && !api__is_expiration(expiration))
        api__warning(d, &place,
                     "has to be a number and one of the units y, w, d, h, m, s, ms: Kuma cannot "
                     "make the CA");
}
