/* MeshGatewayRoute: which requests go to which services. The rules' numbers are those of Kuma's
 * reference. What filters say is decoded with the work that executes them. */
#include "control/api/check.h"
#include "control/api/kinds.h"

static const struct api__enum_value path_values[] = {
    {STR_INIT("EXACT"), API_PATH_EXACT},
    {STR_INIT("PREFIX"), API_PATH_PREFIX},
    {STR_INIT("REGEX"), API_PATH_REGEX},
};
static const struct api__enum path_matches = {path_values, ARRAY_SIZE(path_values)};

static const struct api__enum_value value_values[] = {
    {STR_INIT("EXACT"), API_VALUE_EXACT},
    {STR_INIT("REGEX"), API_VALUE_REGEX},
    {STR_INIT("ABSENT"), API_VALUE_ABSENT},
    {STR_INIT("PRESENT"), API_VALUE_PRESENT},
};
static const struct api__enum header_matches = {value_values, ARRAY_SIZE(value_values)};
/* Query parameters know the first two. */
static const struct api__enum query_matches = {value_values, 2};

/* The numbers are Kuma's; 0 is any method. */
static const struct api__enum_value method_values[] = {
    {STR_INIT("NONE"), 0}, {STR_INIT("CONNECT"), 1}, {STR_INIT("DELETE"), 2}, {STR_INIT("GET"), 3},
    {STR_INIT("HEAD"), 4}, {STR_INIT("OPTIONS"), 5}, {STR_INIT("PATCH"), 6},  {STR_INIT("POST"), 7},
    {STR_INIT("PUT"), 8},  {STR_INIT("TRACE"), 9},
};
static const struct api__enum methods = {method_values, ARRAY_SIZE(method_values)};

static const struct api__field path_fields[] = {
    {.name = STR_INIT("match"),
     .type = API__ENUM,
     .offset = offsetof(struct api_route_match, path_match),
     .values = &path_matches},
    {.name = STR_INIT("value"),
     .type = API__STRING,
     .offset = offsetof(struct api_route_match, path)},
};
static const struct api__table path_table = API__TABLE(path_fields, struct api_route_match,
                                                       .check = NULL);

#define CRITERION_FIELDS(enum_values)                           \
    {.name = STR_INIT("match"),                                 \
     .type = API__ENUM,                                         \
     .offset = offsetof(struct api_value_criterion, match),     \
     .values = (enum_values)},                                  \
        {.name = STR_INIT("name"),                              \
         .type = API__STRING,                                   \
         .offset = offsetof(struct api_value_criterion, name)}, \
    {                                                           \
        .name = STR_INIT("value"), .type = API__STRING,         \
        .offset = offsetof(struct api_value_criterion, value)   \
    }

/* R9 to R11 */
static void check_header(struct api__decoder *d, const struct api__place *place, void *object)
{
    const struct api_value_criterion *header = object;
    bool wants_value = header->match == API_VALUE_EXACT || header->match == API_VALUE_REGEX;
    if (header->name.size == 0)
        api__error_in(d, place, STR("name"), "cannot be empty");
    if (!wants_value && header->value.size > 0)
        api__error_in(d, place, STR("value"), "cannot be set");
    if (wants_value && header->value.size == 0)
        api__error_in(d, place, STR("value"), "cannot be empty");
}

/* R12 */
static void check_query(struct api__decoder *d, const struct api__place *place, void *object)
{
    const struct api_value_criterion *parameter = object;
    if (parameter->name.size == 0)
        api__error_in(d, place, STR("name"), "cannot be empty");
    if (parameter->value.size == 0)
        api__error_in(d, place, STR("value"), "cannot be empty");
}

static const struct api__field header_fields[] = {CRITERION_FIELDS(&header_matches)};
static const struct api__table header_table = API__TABLE(
    header_fields, struct api_value_criterion, .mark = offsetof(struct api_value_criterion, mark),
    .check = check_header);

static const struct api__field query_fields[] = {CRITERION_FIELDS(&query_matches)};
static const struct api__table query_table = API__TABLE(
    query_fields, struct api_value_criterion, .mark = offsetof(struct api_value_criterion, mark),
    .check = check_query);

/* R6 to R8. Kuma names the path's value without `.path`. */
static void check_match(struct api__decoder *d, const struct api__place *place, void *object)
{
    struct api_route_match *match = object;
    struct api__place path = api__member(place, STR("path"));
    match->has_path = api__is_present(&path);
    if (!match->has_path) {
        if (match->method.size + match->header_count + match->query_parameter_count == 0)
            api__error(d, place, "cannot be empty");
        return;
    }
    if (match->path_match == API_PATH_REGEX) {
        if (match->path.size == 0)
            api__error_in(d, place, STR("value"), "cannot be empty");
    } else if (!str_starts_with(match->path, STR("/"))) {
        api__error_in(d, place, STR("value"), "must be an absolute path");
    }
}

static const struct api__field match_fields[] = {
    {.name = STR_INIT("path"), .type = API__OBJECT, .table = &path_table},
    {.name = STR_INIT("method"),
     .type = API__ENUM_NAME,
     .offset = offsetof(struct api_route_match, method),
     .values = &methods},
    {.name = STR_INIT("headers"),
     .type = API__LIST,
     .offset = offsetof(struct api_route_match, headers),
     .table = &header_table},
    {.name = STR_INIT("queryParameters"),
     .proto = STR_INIT("query_parameters"),
     .type = API__LIST,
     .offset = offsetof(struct api_route_match, query_parameters),
     .table = &query_table},
};
static const struct api__table match_table = API__TABLE(
    match_fields, struct api_route_match, .mark = offsetof(struct api_route_match, mark),
    .check = check_match);

/* In the order of Kuma's message: when several are there, the last one counts. */
static const struct api__field filter_fields[] = {
    {.name = STR_INIT("requestHeader"), .proto = STR_INIT("request_header"), .type = API__IGNORED},
    {.name = STR_INIT("mirror"), .type = API__IGNORED},
    {.name = STR_INIT("redirect"), .type = API__IGNORED},
    {.name = STR_INIT("rewrite"), .type = API__IGNORED},
    {.name = STR_INIT("responseHeader"),
     .proto = STR_INIT("response_header"),
     .type = API__IGNORED},
};
static const enum api_filter_type filter_types[] = {
    API_FILTER_REQUEST_HEADER, API_FILTER_MIRROR,          API_FILTER_REDIRECT,
    API_FILTER_REWRITE,        API_FILTER_RESPONSE_HEADER,
};

static void check_filter(struct api__decoder *d, const struct api__place *place, void *object)
{
    (void)d;
    struct api_filter *filter = object;
    for (size_t i = 0; i < ARRAY_SIZE(filter_fields); i++) {
        struct api__place member = api__member(place, filter_fields[i].name);
        if (api__is_present(&member))
            filter->type = filter_types[i];
    }
}

static const struct api__table filter_table = API__TABLE(filter_fields, struct api_filter,
                                                         .mark = offsetof(struct api_filter, mark),
                                                         .check = check_filter);

/* R28. Kuma names the tags without `.destination`. */
static void check_backend(struct api__decoder *d, const struct api__place *place, void *object)
{
    const struct api_backend *backend = object;
    api__check_tags(d, place, backend->tags,
                    API__TAGS_SELECTOR | API__TAGS_SOME | API__TAGS_SERVICE);
}

static const struct api__field backend_fields[] = {
    {.name = STR_INIT("weight"),
     .type = API__UINT32,
     .offset = offsetof(struct api_backend, weight)},
    {.name = STR_INIT("destination"),
     .type = API__TAGS,
     .offset = offsetof(struct api_backend, tags)},
};
static const struct api__table backend_table = API__TABLE(
    backend_fields, struct api_backend, .mark = offsetof(struct api_backend, mark),
    .check = check_backend);

/* R5 and R25 to R27. A rule that redirects has nothing else to do. */
static void check_rule(struct api__decoder *d, const struct api__place *place, void *object)
{
    const struct api_route_rule *rule = object;
    if (rule->match_count == 0) {
        api__error_in(d, place, STR("matches"), "cannot be empty");
        return;
    }
    bool redirects = false;
    for (size_t i = 0; i < rule->filter_count; i++)
        redirects |= rule->filters[i].type == API_FILTER_REDIRECT;
    if (redirects && rule->filter_count != 1)
        api__error_in(d, place, STR("filters"), "redirects cannot be used with other filters");
    else if (redirects && rule->backend_count > 0)
        api__error_in(d, place, STR("backends"), "must be empty when using redirect filters");
    else if (!redirects && rule->backend_count == 0)
        api__error_in(d, place, STR("backends"), "cannot be empty");
}

static const struct api__field rule_fields[] = {
    {.name = STR_INIT("matches"),
     .type = API__LIST,
     .offset = offsetof(struct api_route_rule, matches),
     .table = &match_table},
    {.name = STR_INIT("filters"),
     .type = API__LIST,
     .offset = offsetof(struct api_route_rule, filters),
     .table = &filter_table},
    {.name = STR_INIT("backends"),
     .type = API__LIST,
     .offset = offsetof(struct api_route_rule, backends),
     .table = &backend_table},
};
static const struct api__table rule_table = API__TABLE(
    rule_fields, struct api_route_rule, .mark = offsetof(struct api_route_rule, mark),
    .broken = offsetof(struct api_route_rule, broken), .check = check_rule);

static struct str lower_case(struct arena *arena, struct str s)
{
    char *copy = arena_alloc(arena, s.size, 1);
    for (size_t i = 0; i < s.size; i++) {
        char c = s.data[i];
        copy[i] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
    }
    return str_make(copy, s.size);
}

static void check_http(struct api__decoder *d, const struct api__place *place, void *object)
{
    struct api_mesh_gateway_route *route = object;
    struct str *names = ARENA_NEW_ARRAY(d->arena, struct str, route->hostname_count);
    for (size_t i = 0; i < route->hostname_count; i++)
        names[i] = lower_case(d->arena, route->hostnames[i]);
    route->hostnames = names;
    if (route->rule_count == 0)
        api__error_in(d, place, STR("rules"), "cannot be empty");
}

static const struct api__field http_fields[] = {
    {.name = STR_INIT("hostnames"),
     .type = API__STRINGS,
     .offset = offsetof(struct api_mesh_gateway_route, hostnames)},
    {.name = STR_INIT("rules"),
     .type = API__LIST,
     .offset = offsetof(struct api_mesh_gateway_route, rules),
     .table = &rule_table},
};
static const struct api__table http_table = API__TABLE(http_fields, struct api_mesh_gateway_route,
                                                       .check = check_http);

static const struct api__field conf_fields[] = {
    {.name = STR_INIT("tcp"), .type = API__IGNORED},
    {.name = STR_INIT("http"),
     .type = API__OBJECT,
     .has = offsetof(struct api_mesh_gateway_route, has_http),
     .table = &http_table},
};
static const struct api__table conf_table = API__TABLE(conf_fields, struct api_mesh_gateway_route,
                                                       .check = NULL);

static const struct api__field fields[] = {
    {.name = STR_INIT("selectors"),
     .type = API__LIST,
     .offset = offsetof(struct api_mesh_gateway_route, selectors),
     .table = &api__selector_table},
    {.name = STR_INIT("conf"), .type = API__OBJECT, .table = &conf_table},
};

static void check(struct api__decoder *d, const struct api__place *place, void *object)
{
    const struct api_mesh_gateway_route *route = object;
    struct api__place selectors = api__member(place, STR("selectors"));
    api__check_selectors(d, &selectors, route->selectors);
    struct api__place conf = api__member(place, STR("conf"));
    struct api__place tcp = api__member(&conf, STR("tcp"));
    if (!route->has_http && !api__is_present(&tcp))
        api__error(d, &conf, "cannot be empty");
    if (route->has_http && api__is_present(&tcp))
        api__warning(d, &tcp, "is ignored, because http is there too");
}

const struct api__table api__mesh_gateway_route_table = API__TABLE(
    fields, struct api_mesh_gateway_route, .check = check);
