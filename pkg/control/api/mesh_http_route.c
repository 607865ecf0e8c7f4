/* MeshHTTPRoute: which requests go where, as a policy. What its filters say is in http_filter.c. */
#include "control/api/check.h"
#include "control/api/http_filter.h"
#include "control/api/kinds.h"
#include "control/api/target_ref.h"

static const struct api__enum_value path_values[] = {
    {STR_INIT("Exact"), API_PATH_EXACT},
    {STR_INIT("PathPrefix"), API_PATH_PREFIX},
    {STR_INIT("RegularExpression"), API_PATH_REGEX},
};
static const struct api__enum path_types = {path_values, ARRAY_SIZE(path_values)};

/* Query parameters know the first two. */
static const struct api__enum_value value_values[] = {
    {STR_INIT("Exact"), API_VALUE_EXACT},     {STR_INIT("RegularExpression"), API_VALUE_REGEX},
    {STR_INIT("Present"), API_VALUE_PRESENT}, {STR_INIT("Absent"), API_VALUE_ABSENT},
    {STR_INIT("Prefix"), API_VALUE_PREFIX},
};
static const struct api__enum header_types = {value_values, ARRAY_SIZE(value_values)};
static const struct api__enum query_types = {value_values, 2};

static const struct api__enum_value method_values[] = {
    {STR_INIT("CONNECT"), 1}, {STR_INIT("DELETE"), 2},  {STR_INIT("GET"), 3},
    {STR_INIT("HEAD"), 4},    {STR_INIT("OPTIONS"), 5}, {STR_INIT("PATCH"), 6},
    {STR_INIT("POST"), 7},    {STR_INIT("PUT"), 8},     {STR_INIT("TRACE"), 9},
};
static const struct api__enum methods = {method_values, ARRAY_SIZE(method_values)};

/* ---- Matches ---- */

/* Of a rule; and criteria of one kind in a match. */
#define MATCHES_MAX 64

static const struct api__field path_fields[] = {
    API__FIELD("type", ENUM, API__AT(struct api_route_match, path_match), .values = &path_types,
               .required = true),
    API__FIELD("value", STRING, API__AT(struct api_route_match, path), .required = true, .min = 1,
               .max = API__PATTERN_MAX),
};

static void check_path(struct api__decoder *d, const struct api__place *place, void *object)
{
    const struct api_route_match *match = object;
    struct api__place value = api__member(place, STR("value"));
    if (match->path_match == API_PATH_REGEX) {
        api__check_regex(d, &value, match->path);
        return;
    }
    if (match->path_match == API_PATH_PREFIX && match->path.size > 1 &&
        str_ends_with(match->path, STR("/")))
        api__error(d, &value,
                   "does not need a trailing slash because only a `/`-separated prefix or an "
                   "entire path is matched");
    api__check_absolute(d, &value, match->path);
}

static const struct api__table path_table = API__TABLE(path_fields, struct api_route_match,
                                                       .check = check_path);

static const struct api__field query_fields[] = {
    API__FIELD("type", ENUM, API__AT(struct api_value_criterion, match), .values = &query_types,
               .required = true),
    API__FIELD("name", STRING, API__AT(struct api_value_criterion, name), .required = true,
               .min = 1, .max = API__STRING_MAX),
    API__FIELD("value", STRING, API__AT(struct api_value_criterion, value), .required = true,
               .max = API__PATTERN_MAX),
};

static void check_value(struct api__decoder *d, const struct api__place *place, void *object)
{
    const struct api_value_criterion *criterion = object;
    struct api__place value = api__member(place, STR("value"));
    bool is_presence = criterion->match == API_VALUE_PRESENT ||
                       criterion->match == API_VALUE_ABSENT;
    if (criterion->match == API_VALUE_REGEX)
        api__check_regex(d, &value, criterion->value);
    else if (is_presence && criterion->value.size > 0)
        api__error(d, &value, "must not be defined");
}

static const struct api__table query_table = API__TABLE(
    query_fields, struct api_value_criterion, .mark = offsetof(struct api_value_criterion, mark),
    .check = check_value);

static const struct api__field header_fields[] = {
    API__FIELD("type", ENUM, API__AT(struct api_value_criterion, match), .values = &header_types,
               .preset = API_VALUE_EXACT),
    API__FIELD("name", STRING, API__AT(struct api_value_criterion, name), .required = true,
               .min = 1, .max = API__HEADER_NAME_MAX),
    API__FIELD("value", STRING, API__AT(struct api_value_criterion, value),
               .max = API__PATTERN_MAX),
};

static void check_header(struct api__decoder *d, const struct api__place *place, void *object)
{
    const struct api_value_criterion *header = object;
    if (!api__is_header_name(header->name, false))
        api__error_in(d, place, STR("name"),
                      "must consist of lower case letters, digits and !#$%%&'*+-.^_`|~");
    check_value(d, place, object);
}

static const struct api__table header_table = API__TABLE(
    header_fields, struct api_value_criterion, .mark = offsetof(struct api_value_criterion, mark),
    .check = check_header);

static const struct api__field match_fields[] = {
    API__FIELD("path", OBJECT, .table = &path_table),
    API__FIELD("method", ENUM_NAME, API__AT(struct api_route_match, method), .values = &methods),
    API__FIELD("queryParams", LIST, API__AT(struct api_route_match, query_parameters),
               .table = &query_table, .max = MATCHES_MAX),
    API__FIELD("headers", LIST, API__AT(struct api_route_match, headers), .table = &header_table,
               .max = MATCHES_MAX),
};

static void check_match(struct api__decoder *d, const struct api__place *place, void *object)
{
    struct api_route_match *match = object;
    struct api__place path = api__member(place, STR("path"));
    match->has_path = api__is_present(&path);
    if (match->query_parameter_count < 2)
        return;
    struct api__place list = api__member(place, STR("queryParams"));
    CLEANUP(map_free) struct map *seen = map_new();
    for (size_t i = 0; i < match->query_parameter_count; i++) {
        struct str name = match->query_parameters[i].name;
        struct api__place parameter = api__item(&list, i);
        if (map_set(seen, name, seen) != NULL)
            api__error_in(d, &parameter, STR("name"), "multiple entries for name %.*s",
                          STR_ARG(name));
    }
}

static const struct api__table match_table = API__TABLE(
    match_fields, struct api_route_match, .mark = offsetof(struct api_route_match, mark),
    .check = check_match);

/* ---- Rules ---- */

#define FILTERS_MAX 16

static const struct api__field default_fields[] = {
    API__FIELD("filters", LIST, API__AT(struct api_http_rule, filters),
               .table = &api__http_filter_table, .max = FILTERS_MAX),
    API__FIELD("backendRefs", LIST, API__AT(struct api_http_rule, backends),
               .table = &api__http_backend_table, .max = API__BACKENDS_MAX),
};

/* Kuma does not compare filters. */
static void check_filters(struct api__decoder *d, const struct api__place *list,
                          const struct api_http_rule *rule, bool redirects)
{
    unsigned seen = 0; /* bits of types */
    for (size_t i = 0; i < rule->filter_count; i++) {
        enum api_filter_type type = rule->filters[i].type;
        struct api__place filter = api__item(list, i);
        bool is_single = type == API_FILTER_REDIRECT || type == API_FILTER_REWRITE;
        if (is_single && (seen & (1U << type)) != 0)
            api__warning(d, &filter, "a filter of this type is there before: a rule has one");
        seen |= 1U << type;
        if (redirects && type != API_FILTER_REDIRECT && type != API_FILTER_RESPONSE_HEADER)
            api__warning(d, &filter, "is not done, because the rule redirects every request");
    }
}

/* What Kuma does not look at. */
static void check_default(struct api__decoder *d, const struct api__place *place, void *object)
{
    const struct api_http_rule *rule = object;
    struct api__place backends = api__member(place, STR("backendRefs"));
    struct api__place filters = api__member(place, STR("filters"));
    bool has_redirect = api__filters_redirect(rule->filters, rule->filter_count);
    bool redirects = has_redirect && rule->backend_count == 0;
    if (api__top_kind(place) == API_TARGET_MESH_GATEWAY && rule->backend_count == 0 && !redirects)
        api__error(d, &backends, "must not be empty");
    check_filters(d, &filters, rule, redirects);
    if (has_redirect && !redirects)
        api__warning(d, &backends, "comes before the redirect of the rule, which is not done");
    api__check_weights(d, &backends, rule->backends, rule->backend_count);
}

static const struct api__table default_table = API__TABLE(default_fields, struct api_http_rule,
                                                          .check = check_default);

static const struct api__field rule_fields[] = {
    API__FIELD("matches", LIST, API__AT(struct api_http_rule, matches), .table = &match_table,
               .required = true, .min = 1, .max = MATCHES_MAX),
    API__FIELD("default", OBJECT, .table = &default_table, .required = true),
};

/* A prefix can be replaced where there is one. */
static void check_rule(struct api__decoder *d, const struct api__place *place, void *object)
{
    const struct api_http_rule *rule = object;
    for (size_t i = 0; i < rule->match_count; i++) {
        const struct api_route_match *match = &rule->matches[i];
        if (match->has_path && match->path_match == API_PATH_PREFIX)
            continue;
        struct api__place inner = api__member(place, STR("default"));
        struct api__place filters = api__member(&inner, STR("filters"));
        api__refuse_prefixes(d, &filters, rule->filter_count);
        return;
    }
}

static const struct api__table rule_table = API__TABLE(
    rule_fields, struct api_http_rule, .mark = offsetof(struct api_http_rule, mark),
    .broken = offsetof(struct api_http_rule, broken), .check = check_rule);

/* ---- The route ---- */

static const struct api__field to_fields[] = {
    API__FIELD("targetRef", OBJECT, API__AT(struct api_http_to, target),
               .table = &api__route_to_table, .required = true),
    API__FIELD("hostnames", STRINGS, API__AT(struct api_http_to, hostnames), API__NAMES_BOUNDS),
    API__FIELD("rules", LIST, API__AT(struct api_http_to, rules), .table = &rule_table,
               .required = true, .max = API__LIST_MAX),
};

static void check_to(struct api__decoder *d, const struct api__place *place, void *object)
{
    struct api_http_to *to = object;
    struct api__place hostnames = api__member(place, STR("hostnames"));
    if (to->hostname_count > 0 && !api__top_may_be_gateway(place))
        api__error(d, &hostnames,
                   "must not be defined; host names belong to a spec.targetRef of kind "
                   "MeshGateway");
    to->hostnames = api__read_hostnames(d, &hostnames, to->hostnames, to->hostname_count);
}

static const struct api__table to_table = API__TABLE(
    to_fields, struct api_http_to, .mark = offsetof(struct api_http_to, mark),
    .broken = offsetof(struct api_http_to, broken), .check = check_to);

static const struct api__field fields[] = {
    API__FIELD("targetRef", OBJECT, API__AT(struct api_mesh_http_route, target),
               .table = &api__route_target_table),
    API__FIELD("to", LIST, API__AT(struct api_mesh_http_route, to), .table = &to_table,
               .max = API__TO_MAX),
};

static void check(struct api__decoder *d, const struct api__place *place, void *object)
{
    struct api_mesh_http_route *route = object;
    api__check_route(d, place, &route->target);
}

const struct api__table api__mesh_http_route_table = API__TABLE(fields, struct api_mesh_http_route,
                                                                .check = check);
