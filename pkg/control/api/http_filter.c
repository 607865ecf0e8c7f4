#include "control/api/http_filter.h"

#include "control/api/check.h"
#include "control/api/target_ref.h"
#include "core/base/ip.h"

#define HOSTNAME_MAX     253
#define HEADERS_MAX      16
#define HEADER_VALUE_MAX 8192
#define PERCENT_IN_PPM   10000U

bool api__is_header_name(struct str name, bool may_be_upper)
{
    for (size_t i = 0; i < name.size; i++) {
        char c = name.data[i];
        bool is_upper = c >= 'A' && c <= 'Z';
        bool is_other = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                        str_find_char(STR("!#$%&'*+-.^_`|~"), c) != STR_NOT_FOUND;
        if (!is_other && !(is_upper && may_be_upper))
            return false;
    }
    return true;
}

/* ---- Header fields ---- */

static const struct api__field header_fields[] = {
    API__FIELD("name", STRING, API__AT(struct api_header, name), .required = true, .min = 1,
               .max = API__HEADER_NAME_MAX),
    API__FIELD("value", STRING, API__AT(struct api_header, value), .required = true,
               .max = HEADER_VALUE_MAX),
};

static void check_header(struct api__decoder *d, const struct api__place *place, void *object)
{
    const struct api_header *header = object;
    if (!api__is_header_name(header->name, false))
        api__error_in(d, place, STR("name"),
                      "must consist of lower case letters, digits and !#$%%&'*+-.^_`|~");
}

static const struct api__table header_table = API__TABLE(header_fields, struct api_header,
                                                         .check = check_header);

static const struct api__field change_fields[] = {
    API__FIELD("set", LIST, API__AT(struct api_header_change, set), .table = &header_table,
               .max = HEADERS_MAX),
    API__FIELD("add", LIST, API__AT(struct api_header_change, add), .table = &header_table,
               .max = HEADERS_MAX),
    API__FIELD("remove", STRINGS, API__AT(struct api_header_change, remove), .max = HEADERS_MAX,
               .item_max = API__STRING_MAX),
};

/* Kuma does not look at the names of what is removed. */
static void check_name(struct api__decoder *d, const struct api__place *place, struct str name)
{
    if (name.size == 0)
        api__error(d, place, "cannot be empty");
    else if (!api__is_header_name(name, true))
        api__error(d, place, API__HEADER_NAME_MESSAGE);
}

/* Of one name in `list`. */
static void check_once(struct api__decoder *d, const struct api__place *list, size_t index,
                       struct str name, struct map *seen)
{
    struct api__place item = api__item(list, index);
    if (name.size > 0 && map_set(seen, name, seen) != NULL)
        api__error_in(d, &item, STR("name"), "duplicate header name");
}

static void check_change(struct api__decoder *d, const struct api__place *place, void *object)
{
    const struct api_header_change *change = object;
    struct api__place set = api__member(place, STR("set"));
    struct api__place add = api__member(place, STR("add"));
    struct api__place remove = api__member(place, STR("remove"));
    if (!api__is_present(&set) && !api__is_present(&add) && !api__is_present(&remove))
        api__error(d, place, "must have at least one defined: set, add, remove");
    CLEANUP(map_free) struct map *seen = map_new();
    for (size_t i = 0; i < change->set_count; i++)
        check_once(d, &set, i, change->set[i].name, seen);
    for (size_t i = 0; i < change->add_count; i++)
        check_once(d, &add, i, change->add[i].name, seen);
    for (size_t i = 0; i < change->remove_count; i++) {
        struct api__place item = api__item(&remove, i);
        check_name(d, &item, change->remove[i]);
        check_once(d, &remove, i, change->remove[i], seen);
    }
}

static const struct api__table change_table = API__TABLE(change_fields, struct api_header_change,
                                                         .check = check_change);

/* ---- Path and host ---- */

static const struct api__enum_value path_values[] = {
    {STR_INIT("ReplaceFullPath"), API_PATH_REPLACED},
    {STR_INIT("ReplacePrefixMatch"), API_PATH_PREFIX_REPLACED},
};
static const struct api__enum path_types = {path_values, ARRAY_SIZE(path_values)};

static const struct api__field path_fields[] = {
    API__FIELD("type", ENUM, API__AT(struct api_path_change, type), .values = &path_types,
               .required = true),
    API__FIELD("replaceFullPath", STRING, API__AT(struct api_path_change, full_path),
               .max = API__PATTERN_MAX),
    API__FIELD("replacePrefixMatch", STRING, API__AT(struct api_path_change, prefix),
               .max = API__PATTERN_MAX),
};

/* Kuma does not compare what stands there with the type. */
static void check_path(struct api__decoder *d, const struct api__place *place, void *object)
{
    const struct api_path_change *change = object;
    bool is_full = change->type == API_PATH_REPLACED;
    if (change->type == API_PATH_KEPT)
        return; /* decoding has said so */
    struct api__place full = api__member(place, STR("replaceFullPath"));
    struct api__place prefix = api__member(place, STR("replacePrefixMatch"));
    const struct api__place *wanted = is_full ? &full : &prefix;
    const struct api__place *other = is_full ? &prefix : &full;
    const char *type = is_full ? "ReplaceFullPath" : "ReplacePrefixMatch";
    if (!api__is_present(wanted))
        api__error(d, wanted, "must be set with type %s", type);
    if (api__is_present(other))
        api__warning(d, other, "is ignored, because the type is %s", type);
}

static const struct api__table path_table = API__TABLE(path_fields, struct api_path_change,
                                                       .check = check_path);

/* Four numbers with dots between them, as the C library of old reads them. */
static bool is_ipv4_with_zeros(struct str text)
{
    size_t count = 0;
    for (struct str rest = text; rest.data != NULL; count++) {
        struct str part = str_cut(&rest, '.');
        uint64_t number = 0;
        while (part.size > 1 && part.data[0] == '0')
            part = str_from(part, 1);
        if (!str_parse_u64(part, UINT8_MAX, &number))
            return false;
    }
    return count == 4;
}

static void check_hostname(struct api__decoder *d, const struct api__place *place, struct str name)
{
    if (!api__is_present(place))
        return;
    if (name.size == 0) {
        api__error(d, place, "cannot be empty");
        return;
    }
    if (ip_is_address(name) || is_ipv4_with_zeros(name)) {
        api__error(d, place, "cannot be an IP address");
        return;
    }
    if (name.size > HOSTNAME_MAX)
        api__error(d, place, "must be no more than 253 characters");
    if (!api__is_domain(name))
        api__error(d, place, API__DOMAIN_RULE);
}

static const struct api__enum_value scheme_values[] = {
    {STR_INIT("http"), 1},
    {STR_INIT("https"), 2},
};
static const struct api__enum schemes = {scheme_values, ARRAY_SIZE(scheme_values)};

static const struct api__enum_value status_values[] = {
    {STR_INIT("301"), 301}, {STR_INIT("302"), 302}, {STR_INIT("303"), 303},
    {STR_INIT("307"), 307}, {STR_INIT("308"), 308},
};
static const struct api__enum statuses = {status_values, ARRAY_SIZE(status_values)};

#define HOSTNAME(place) \
    API__FIELD("hostname", STRING, place, .min = 1, .max = HOSTNAME_MAX, .is_judged = true)

static const struct api__field redirect_fields[] = {
    API__FIELD("scheme", ENUM_NAME, API__AT(struct api_redirect, scheme), .values = &schemes),
    HOSTNAME(API__AT(struct api_redirect, hostname)),
    API__FIELD("port", UINT32, API__AT(struct api_redirect, port), .min = 1, .max = UINT16_MAX),
    API__FIELD("statusCode", UINT32, API__AT(struct api_redirect, status_code), .values = &statuses,
               .preset = 302),
    API__FIELD("path", OBJECT, API__AT(struct api_redirect, path), .table = &path_table),
};

static void check_redirect(struct api__decoder *d, const struct api__place *place, void *object)
{
    const struct api_redirect *redirect = object;
    struct api__place hostname = api__member(place, STR("hostname"));
    check_hostname(d, &hostname, redirect->hostname);
}

static const struct api__table redirect_table = API__TABLE(redirect_fields, struct api_redirect,
                                                           .check = check_redirect);

static const struct api__field rewrite_fields[] = {
    HOSTNAME(API__AT(struct api_rewrite, hostname)),
    API__FIELD("path", OBJECT, API__AT(struct api_rewrite, path), .table = &path_table),
    API__FIELD("hostToBackendHostname", BOOL,
               API__AT(struct api_rewrite, host_to_backend_hostname)),
};

static void check_rewrite(struct api__decoder *d, const struct api__place *place, void *object)
{
    const struct api_rewrite *rewrite = object;
    struct api__place hostname = api__member(place, STR("hostname"));
    struct api__place flag = api__member(place, STR("hostToBackendHostname"));
    check_hostname(d, &hostname, rewrite->hostname);
    if (!rewrite->host_to_backend_hostname)
        return;
    if (!api__top_may_be_gateway(place))
        api__error(d, &flag, "can only be set with MeshGateway");
    if (api__is_present(&hostname))
        api__error(d, &flag, "cannot be set together with hostname");
}

static const struct api__table rewrite_table = API__TABLE(rewrite_fields, struct api_rewrite,
                                                          .check = check_rewrite);

/* ---- Mirrors ---- */

static const struct api__field mirror_fields[] = {
    API__FIELD("percentage", SCALAR, API__AT(struct api_mirror, percentage)),
    API__FIELD("backendRef", OBJECT, API__AT(struct api_mirror, backend),
               .table = &api__mirror_backend_table, .required = true),
};

/* "12", "12.5": in millionths of all, where more digits do not count. */
static bool read_percentage(struct str text, uint64_t *ret_ppm)
{
    struct str fraction = text;
    struct str whole = str_cut(&fraction, '.');
    uint64_t percent = 0;
    if (!str_parse_u64(whole, UINT32_MAX, &percent) || str_ends_with(text, STR(".")))
        return false;
    uint64_t ppm = percent * PERCENT_IN_PPM;
    uint64_t unit = PERCENT_IN_PPM / 10;
    for (size_t i = 0; i < fraction.size; i++) {
        if (fraction.data[i] < '0' || fraction.data[i] > '9')
            return false;
        ppm += (uint64_t)(fraction.data[i] - '0') * unit;
        unit /= 10;
    }
    *ret_ppm = ppm;
    return true;
}

/* Kuma does not look at the percentage. */
static void check_mirror(struct api__decoder *d, const struct api__place *place, void *object)
{
    struct api_mirror *mirror = object;
    struct api__place percentage = api__member(place, STR("percentage"));
    uint64_t ppm = 100 * PERCENT_IN_PPM;
    if (api__is_present(&percentage) && !read_percentage(mirror->percentage, &ppm))
        api__error(d, &percentage, "must be a number from 0 to 100");
    else if (ppm > 100 * PERCENT_IN_PPM)
        api__error(d, &percentage, "has to be in [0.0 - 100.0] range");
    else
        mirror->ppm = (uint32_t)ppm;
}

static const struct api__table mirror_table = API__TABLE(mirror_fields, struct api_mirror,
                                                         .check = check_mirror);

/* ---- Filters ---- */

/* In the order in which Kuma looks for what a filter does; its type is for validation only. */
static const struct {
    struct str name;
    enum api_filter_type type;
} members[] = {
    {STR_INIT("requestRedirect"), API_FILTER_REDIRECT},
    {STR_INIT("requestMirror"), API_FILTER_MIRROR},
    {STR_INIT("requestHeaderModifier"), API_FILTER_REQUEST_HEADER},
    {STR_INIT("responseHeaderModifier"), API_FILTER_RESPONSE_HEADER},
    {STR_INIT("urlRewrite"), API_FILTER_REWRITE},
};

static const struct api__enum_value type_values[] = {
    {STR_INIT("RequestHeaderModifier"), API_FILTER_REQUEST_HEADER},
    {STR_INIT("ResponseHeaderModifier"), API_FILTER_RESPONSE_HEADER},
    {STR_INIT("RequestRedirect"), API_FILTER_REDIRECT},
    {STR_INIT("URLRewrite"), API_FILTER_REWRITE},
    {STR_INIT("RequestMirror"), API_FILTER_MIRROR},
};
static const struct api__enum types = {type_values, ARRAY_SIZE(type_values)};

static const struct api__field filter_fields[] = {
    API__FIELD("type", ENUM, API__AT(struct api_filter, type), .values = &types, .required = true),
    API__FIELD("requestHeaderModifier", OBJECT, API__AT(struct api_filter, request_headers),
               .table = &change_table),
    API__FIELD("responseHeaderModifier", OBJECT, API__AT(struct api_filter, response_headers),
               .table = &change_table),
    API__FIELD("requestRedirect", OBJECT, API__AT(struct api_filter, redirect),
               .table = &redirect_table),
    API__FIELD("urlRewrite", OBJECT, API__AT(struct api_filter, rewrite), .table = &rewrite_table),
    API__FIELD("requestMirror", OBJECT, API__AT(struct api_filter, mirror), .table = &mirror_table),
};

/* What stands there besides what is done. */
static void check_filter(struct api__decoder *d, const struct api__place *place, void *object)
{
    struct api_filter *filter = object;
    enum api_filter_type named = filter->type;
    struct str done = STR_EMPTY;
    for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
        struct api__place member = api__member(place, members[i].name);
        if (!api__is_present(&member)) {
            if (members[i].type == named)
                api__error(d, &member, "must be defined");
        } else if (done.size > 0) {
            api__warning(d, &member, "is ignored, because %.*s is there too", STR_ARG(done));
        } else {
            done = members[i].name;
            filter->type = members[i].type;
        }
    }
}

const struct api__table api__http_filter_table = API__TABLE(
    filter_fields, struct api_filter, .mark = offsetof(struct api_filter, mark),
    .check = check_filter);

bool api__filters_redirect(const struct api_filter *filters, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (filters[i].type == API_FILTER_REDIRECT)
            return true;
    }
    return false;
}

void api__refuse_prefixes(struct api__decoder *d, const struct api__place *list, size_t count)
{
    static const struct str with_path[] = {STR_INIT("requestRedirect"), STR_INIT("urlRewrite")};
    for (size_t i = 0; i < count; i++) {
        struct api__place filter = api__item(list, i);
        for (size_t j = 0; j < ARRAY_SIZE(with_path); j++) {
            struct api__place member = api__member(&filter, with_path[j]);
            struct api__place path = api__member(&member, STR("path"));
            struct api__place prefix = api__member(&path, STR("replacePrefixMatch"));
            if (api__is_present(&prefix))
                api__error(d, &prefix, "can only appear if all matches match a path prefix");
        }
    }
}
