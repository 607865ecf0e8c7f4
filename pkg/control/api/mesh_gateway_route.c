/* MeshGatewayRoute: which requests go to which services. What its filters say is in
 * gateway_filter.c. */
#include "control/api/check.h"
#include "control/api/gateway_filter.h"
#include "control/api/http_filter.h"
#include "control/api/kinds.h"

/* More than anybody writes. They multiply with each other in what the rules of the definition may
 * cost, which is bounded. */
#define CHOICES_MAX  64 /* matches of a rule, and its back ends */
#define CRITERIA_MAX 16 /* headers and query parameters of a match */
#define FILTERS_MAX  16

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
    API__FIELD("match", ENUM, API__AT(struct api_route_match, path_match), .values = &path_matches),
    API__FIELD("value", STRING, API__AT(struct api_route_match, path), .max = API__PATTERN_MAX),
};
static const struct api__table path_table = API__TABLE(path_fields, struct api_route_match,
                                                       .check = NULL);

#define CRITERION_FIELDS(enum_values)                                           \
    API__FIELD("match", ENUM, API__AT(struct api_value_criterion, match),       \
               .values = (enum_values)),                                        \
        API__FIELD("name", STRING, API__AT(struct api_value_criterion, name),   \
                   .max = API__STRING_MAX),                                     \
        API__FIELD("value", STRING, API__AT(struct api_value_criterion, value), \
                   .max = API__PATTERN_MAX)

/* Kuma finds out whether it is a regular expression when it is too late. */
static void check_pattern(struct api__decoder *d, const struct api__place *place,
                          const struct api_value_criterion *criterion)
{
    struct api__place value = api__member(place, STR("value"));
    if (criterion->match == API_VALUE_REGEX && criterion->value.size > 0)
        api__check_regex(d, &value, criterion->value);
}

static void check_header(struct api__decoder *d, const struct api__place *place, void *object)
{
    const struct api_value_criterion *header = object;
    bool wants_value = header->match == API_VALUE_EXACT || header->match == API_VALUE_REGEX;
    if (header->name.size == 0)
        api__error_in(d, place, STR("name"), "cannot be empty");
    else if (header->name.data[0] != ':' && !api__is_header_name(header->name, true))
        api__error_in(d, place, STR("name"), API__HEADER_NAME_MESSAGE);
    if (!wants_value && header->value.size > 0)
        api__error_in(d, place, STR("value"), "cannot be set");
    if (wants_value && header->value.size == 0)
        api__error_in(d, place, STR("value"), "cannot be empty");
    check_pattern(d, place, header);
}

static void check_query(struct api__decoder *d, const struct api__place *place,
                        const struct api_value_criterion *parameter)
{
    if (parameter->name.size == 0)
        api__error_in(d, place, STR("name"), "cannot be empty");
    if (parameter->value.size == 0)
        api__error_in(d, place, STR("value"), "cannot be empty");
    check_pattern(d, place, parameter);
}

static const struct api__field header_fields[] = {CRITERION_FIELDS(&header_matches)};
static const struct api__table header_table = API__TABLE(
    header_fields, struct api_value_criterion, .mark = offsetof(struct api_value_criterion, mark),
    .check = check_header);

static const struct api__field query_fields[] = {CRITERION_FIELDS(&query_matches)};
static const struct api__table query_table = API__TABLE(
    query_fields, struct api_value_criterion, .mark = offsetof(struct api_value_criterion, mark),
    .check = NULL);

/* A match without a path has to have something else. */
static void check_criteria(struct api__decoder *d, const struct api__place *place,
                           const struct api_route_match *match)
{
    struct api__place method = api__member(place, STR("method"));
    if (match->method.size + match->header_count + match->query_parameter_count == 0 &&
        !api__has_failed(d, &method))
        api__error(d, place, "cannot be empty");
}

/* Kuma names the path's value without `.path`, and query parameters by their other spelling. */
static void check_match(struct api__decoder *d, const struct api__place *place, void *object)
{
    struct api_route_match *match = object;
    struct api__place path = api__member(place, STR("path"));
    struct api__place parameters = api__member(place, STR("query_parameters"));
    for (size_t i = 0; i < match->query_parameter_count; i++) {
        struct api__place parameter = api__item(&parameters, i);
        check_query(d, &parameter, &match->query_parameters[i]);
    }
    match->has_path = api__is_present(&path);
    if (!match->has_path) {
        check_criteria(d, place, match);
        return;
    }
    struct api__place value = api__member(&path, STR("value"));
    if (match->path_match == API_PATH_REGEX) {
        if (match->path.size == 0)
            api__error_in(d, place, STR("value"), "cannot be empty");
        else
            api__check_regex(d, &value, match->path);
    } else {
        struct api__place misnamed = api__member(place, STR("value"));
        api__check_absolute(d, &misnamed, match->path);
    }
}

static const struct api__field match_fields[] = {
    API__FIELD("path", OBJECT, .table = &path_table),
    API__FIELD("method", ENUM_NAME, API__AT(struct api_route_match, method), .values = &methods),
    API__FIELD("headers", LIST, API__AT(struct api_route_match, headers), .table = &header_table,
               .max = CRITERIA_MAX),
    API__FIELD("queryParameters", LIST, .proto = STR_INIT("query_parameters"),
               API__AT(struct api_route_match, query_parameters), .table = &query_table,
               .max = CRITERIA_MAX),
};
static const struct api__table match_table = API__TABLE(
    match_fields, struct api_route_match, .mark = offsetof(struct api_route_match, mark),
    .check = check_match);

static uint64_t sum_of(const struct api_backend *backends, size_t count)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += backends[i].weight;
    return sum;
}

/* Whoever writes 0 means it, and whoever writes nothing hardly does. `what`: the back end does not
 * get. */
static void warn_of_weights(struct api__decoder *d, const struct api__place *place, size_t count,
                            const char *what)
{
    struct api__place backends = api__member(place, STR("backends"));
    for (size_t i = 0; i < count && count > 1; i++) {
        struct api__place backend = api__item(&backends, i);
        struct api__place weight = api__member(&backend, STR("weight"));
        if (!api__is_present(&weight))
            api__warning(d, &weight,
                         "is missing, which is 0: this back end gets no %s beside the others; "
                         "write one, be it 0",
                         what);
    }
}

/* Kuma's default of a weight is 0, and where all have it nothing is left to choose from. */
static void check_weights(struct api__decoder *d, const struct api__place *place,
                          const struct api_route_rule *rule)
{
    uint64_t sum = sum_of(rule->backends, rule->backend_count);
    if (rule->backend_count > 1 && sum == 0)
        api__error_in(d, place, STR("backends"),
                      "every backend has weight 0 (the default), so there is none to choose; the "
                      "rule answers 500; give at least one backend a weight");
    else if (sum > 0)
        warn_of_weights(d, place, rule->backend_count, "request");
}

/* A rule that redirects has nothing else to do. */
static void check_rule(struct api__decoder *d, const struct api__place *place, void *object)
{
    const struct api_route_rule *rule = object;
    if (rule->match_count == 0) {
        api__error_in(d, place, STR("matches"),
                      "cannot be empty; path: {match: PREFIX, value: /} "
                      "takes every request");
        return;
    }
    struct api__place filters = api__member(place, STR("filters"));
    api__check_gateway_filters(d, &filters, rule);
    bool redirects = api__filters_redirect(rule->filters, rule->filter_count);
    if (redirects && rule->filter_count != 1)
        api__error_in(d, place, STR("filters"), "redirects cannot be used with other filters");
    else if (redirects && rule->backend_count > 0)
        api__error_in(d, place, STR("backends"), "must be empty when using redirect filters");
    else if (!redirects && rule->backend_count == 0)
        api__error_in(d, place, STR("backends"),
                      "cannot be empty; write a backend, or a filter "
                      "that redirects");
    check_weights(d, place, rule);
}

static const struct api__field rule_fields[] = {
    API__FIELD("matches", LIST, API__AT(struct api_route_rule, matches), .table = &match_table,
               .max = CHOICES_MAX),
    API__FIELD("filters", LIST, API__AT(struct api_route_rule, filters),
               .table = &api__gateway_filter_table, .max = FILTERS_MAX),
    API__FIELD("backends", LIST, API__AT(struct api_route_rule, backends),
               .table = &api__destination_table, .max = CHOICES_MAX),
};
static const struct api__table rule_table = API__TABLE(
    rule_fields, struct api_route_rule, .mark = offsetof(struct api_route_rule, mark),
    .broken = offsetof(struct api_route_rule, broken), .check = check_rule);

static void check_http(struct api__decoder *d, const struct api__place *place, void *object)
{
    struct api_mesh_gateway_route *route = object;
    struct api__place hostnames = api__member(place, STR("hostnames"));
    route->hostnames = api__read_hostnames(d, &hostnames, route->hostnames, route->hostname_count);
    if (route->rule_count == 0)
        api__error_in(d, place, STR("rules"), "cannot be empty");
}

static const struct api__field http_fields[] = {
    API__FIELD("hostnames", STRINGS, API__AT(struct api_mesh_gateway_route, hostnames),
               .max = API_ITEMS_MAX, .item_max = API__STRING_MAX),
    API__FIELD("rules", LIST, API__AT(struct api_mesh_gateway_route, rules), .table = &rule_table,
               .max = API__LIST_MAX),
};
static const struct api__table http_table = API__TABLE(http_fields, struct api_mesh_gateway_route,
                                                       .check = check_http);

/* Kuma looks at nothing of a TCP route. */
static void check_forward(struct api__decoder *d, const struct api__place *place, void *object)
{
    const struct api_forward_rule *rule = object;
    if (rule->backend_count == 0)
        api__error_in(d, place, STR("backends"), "cannot be empty");
    else if (sum_of(rule->backends, rule->backend_count) > 0)
        warn_of_weights(d, place, rule->backend_count, "connection");
}

static const struct api__field forward_fields[] = {
    API__FIELD("backends", LIST, API__AT(struct api_forward_rule, backends),
               .table = &api__destination_table, .max = CHOICES_MAX),
};
static const struct api__table forward_table = API__TABLE(
    forward_fields, struct api_forward_rule, .mark = offsetof(struct api_forward_rule, mark),
    .broken = offsetof(struct api_forward_rule, broken), .check = check_forward);

static const struct api__field tcp_fields[] = {
    API__FIELD("rules", LIST, API__AT(struct api_mesh_gateway_route, tcp_rules),
               .table = &forward_table, .max = API__LIST_MAX),
};

static void check_tcp(struct api__decoder *d, const struct api__place *place, void *object)
{
    const struct api_mesh_gateway_route *route = object;
    struct api__place rules = api__member(place, STR("rules"));
    struct api__place http = api__member(place->parent, STR("http"));
    if (api__is_present(&http))
        return; /* which is what counts, and is said */
    if (route->tcp_rule_count == 0)
        api__warning(d, &rules, "is empty, so the route leads nowhere");
}

static const struct api__table tcp_table = API__TABLE(tcp_fields, struct api_mesh_gateway_route,
                                                      .check = check_tcp);

/* In the order of Kuma's message: when both are there, the last one counts. */
static const struct api__field conf_fields[] = {
    API__FIELD("tcp", OBJECT, .table = &tcp_table, .presence = API__ONE_OF),
    API__FIELD("http", OBJECT, .has = offsetof(struct api_mesh_gateway_route, has_http),
               .table = &http_table, .presence = API__ONE_OF),
};
static const struct api__table conf_table = API__TABLE(conf_fields, struct api_mesh_gateway_route,
                                                       .check = NULL);

static const struct api__field fields[] = {
    API__FIELD("selectors", LIST, API__AT(struct api_mesh_gateway_route, selectors),
               .table = &api__selector_table, .max = API__LIST_MAX),
    API__FIELD("conf", OBJECT, .table = &conf_table),
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
