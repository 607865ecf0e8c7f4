#include "control/api/gateway_filter.h"

#include "control/api/check.h"
#include "control/api/http_filter.h"

#define PERCENT_IN_PPM 10000U

/* Headers that one filter sets, adds or removes. */
#define CHANGES_MAX 32

/* A policy of what may be loaded, the longest that people send, has some kilobytes. */
#define VALUE_MAX 8192

/* ---- Destinations ---- */

static const struct api__field destination_fields[] = {
    API__FIELD("weight", UINT32, API__AT(struct api_backend, weight)),
    API__FIELD("destination", TAGS, API__AT(struct api_backend, tags), API__TAGS_BOUNDS),
};

/* Kuma names the tags without `.destination`. */
static void check_destination(struct api__decoder *d, const struct api__place *place, void *object)
{
    const struct api_backend *backend = object;
    struct api__place destination = api__member(place, STR("destination"));
    struct api__place tags = *place;
    tags.value = destination.value;
    api__check_tags(d, &tags, backend->tags,
                    API__TAGS_SELECTOR | API__TAGS_SOME | API__TAGS_SERVICE);
}

const struct api__table api__destination_table = API__TABLE(
    destination_fields, struct api_backend, .mark = offsetof(struct api_backend, mark),
    .check = check_destination);

/* That of a mirror, which is checked with its filter. */
static const struct api__table mirrored_table = API__TABLE(
    destination_fields, struct api_backend, .mark = offsetof(struct api_backend, mark),
    .check = NULL);

/* ---- The tables ---- */

static const struct api__field header_fields[] = {
    API__FIELD("name", STRING, API__AT(struct api_header, name), .max = API__STRING_MAX),
    API__FIELD("value", STRING, API__AT(struct api_header, value), .max = VALUE_MAX),
};
static const struct api__table header_table = API__TABLE(header_fields, struct api_header,
                                                         .check = NULL);

static const struct api__field change_fields[] = {
    API__FIELD("set", LIST, API__AT(struct api_header_change, set), .table = &header_table,
               .max = CHANGES_MAX),
    API__FIELD("add", LIST, API__AT(struct api_header_change, add), .table = &header_table,
               .max = CHANGES_MAX),
    API__FIELD("remove", STRINGS, API__AT(struct api_header_change, remove), .max = CHANGES_MAX,
               .item_max = API__STRING_MAX),
};
static const struct api__table change_table = API__TABLE(change_fields, struct api_header_change,
                                                         .check = NULL);

static const struct api__field mirror_fields[] = {
    API__FIELD("backend", OBJECT, API__AT(struct api_mirror, destination),
               .table = &mirrored_table),
    API__FIELD("percentage", SCALAR, API__AT(struct api_mirror, percentage), .required = true,
               .is_judged = true, .max = 100, .presence = API__OF_FIELD),
};

/* Of a redirect only the path counts. */
#define PATH_FIELDS(type, member)                                                               \
    API__FIELD("replaceFull", STRING, API__AT(type, member.full_path), .max = API__PATTERN_MAX, \
               .proto = STR_INIT("replace_full"), .presence = API__ONE_OF),                     \
        API__FIELD("replacePrefixMatch", STRING, API__AT(type, member.prefix),                  \
                   .max = API__PATTERN_MAX, .proto = STR_INIT("replace_prefix_match"),          \
                   .presence = API__ONE_OF)
#define HOST_FIELD(...)                                                                      \
    API__FIELD("hostToBackendHostname", BOOL, .proto = STR_INIT("host_to_backend_hostname"), \
               __VA_ARGS__)

static const struct api__field path_fields[] = {
    PATH_FIELDS(struct api_redirect, path),
    HOST_FIELD(.is_dropped = true),
};

static const struct api__field rewrite_fields[] = {
    PATH_FIELDS(struct api_rewrite, path),
    HOST_FIELD(API__AT(struct api_rewrite, host_to_backend_hostname)),
};

/* The last one counts when both are there, even when it is empty. */
static void choose_path(struct api__decoder *d, const struct api__place *place,
                        struct api_path_change *change)
{
    struct api__place full = api__member(place, STR("replaceFull"));
    struct api__place prefix = api__member(place, STR("replacePrefixMatch"));
    if (api__is_present(&full) && api__is_present(&prefix))
        api__warning(d, &full, "is ignored, because replacePrefixMatch is there too");
    if (api__is_present(&prefix))
        change->type = API_PATH_PREFIX_REPLACED;
    else if (api__is_present(&full))
        change->type = API_PATH_REPLACED;
}

static void check_path(struct api__decoder *d, const struct api__place *place, void *object)
{
    struct api_redirect *redirect = object;
    struct api__place host = api__member(place, STR("hostToBackendHostname"));
    choose_path(d, place, &redirect->path);
    if (api__is_present(&host))
        api__warning(d, &host, "is ignored: a redirect leads to no backend");
}

static const struct api__table path_table = API__TABLE(path_fields, struct api_redirect,
                                                       .check = check_path);

static void check_rewrite(struct api__decoder *d, const struct api__place *place, void *object)
{
    struct api_rewrite *rewrite = object;
    choose_path(d, place, &rewrite->path);
    if (rewrite->path.type == API_PATH_KEPT && !rewrite->host_to_backend_hostname)
        api__warning(d, place, "changes nothing");
}

static const struct api__table rewrite_table = API__TABLE(rewrite_fields, struct api_rewrite,
                                                          .check = check_rewrite);

static const struct api__field redirect_fields[] = {
    API__FIELD("scheme", STRING, API__AT(struct api_redirect, scheme), .max = API__STRING_MAX),
    API__FIELD("hostname", STRING, API__AT(struct api_redirect, hostname), .max = API__STRING_MAX),
    API__FIELD("port", UINT32, API__AT(struct api_redirect, port)),
    API__FIELD("statusCode", UINT32, API__AT(struct api_redirect, status_code),
               .proto = STR_INIT("status_code")),
    API__FIELD("path", OBJECT, .table = &path_table),
};
static const struct api__table redirect_table = API__TABLE(redirect_fields, struct api_redirect,
                                                           .check = NULL);

static void check_mirror(struct api__decoder *d, const struct api__place *place, void *object)
{
    struct api_mirror *mirror = object;
    struct api__place percentage = api__member(place, STR("percentage"));
    struct api__place backend = api__member(place, STR("backend"));
    struct api__place weight = api__member(&backend, STR("weight"));
    bool is_negative = false;
    uint64_t ppm = 0;
    if (api__is_present(&weight))
        api__warning(d, &weight, "means nothing here: percentage says how much is mirrored");
    if (!api__is_present(&percentage))
        return;
    if (!api__percentage(mirror->percentage, &is_negative, &ppm))
        api__undecodable(d, &percentage, "must be a number from 0 to 100");
    mirror->ppm = is_negative ? UINT32_MAX : (uint32_t)MIN(ppm, UINT32_MAX);
}

static const struct api__table mirror_table = API__TABLE(mirror_fields, struct api_mirror,
                                                         .check = check_mirror);

/* In the order of Kuma's message: when several are there, the last one counts. */
static const struct api__field filter_fields[] = {
    API__FIELD("requestHeader", OBJECT, API__AT(struct api_filter, request_headers),
               .proto = STR_INIT("request_header"), .table = &change_table,
               .presence = API__ONE_OF),
    API__FIELD("mirror", OBJECT, API__AT(struct api_filter, mirror), .table = &mirror_table,
               .presence = API__ONE_OF),
    API__FIELD("redirect", OBJECT, API__AT(struct api_filter, redirect), .table = &redirect_table,
               .presence = API__ONE_OF),
    API__FIELD("rewrite", OBJECT, API__AT(struct api_filter, rewrite), .table = &rewrite_table,
               .presence = API__ONE_OF),
    API__FIELD("responseHeader", OBJECT, API__AT(struct api_filter, response_headers),
               .proto = STR_INIT("response_header"), .table = &change_table,
               .presence = API__ONE_OF),
};
static const enum api_filter_type filter_types[] = {
    API_FILTER_REQUEST_HEADER, API_FILTER_MIRROR,          API_FILTER_REDIRECT,
    API_FILTER_REWRITE,        API_FILTER_RESPONSE_HEADER,
};

/* Not even a member that nobody knows, of which there is a finding already. */
static bool says_nothing(const struct api__place *place)
{
    size_t count = place->value == NULL || place->value->type != JV_OBJECT ? 0
                                                                           : place->value->count;
    for (size_t i = 0; i < count; i++) {
        if (place->value->members[i].value->type != JV_NULL)
            return false;
    }
    return true;
}

static void check_filter(struct api__decoder *d, const struct api__place *place, void *object)
{
    struct api_filter *filter = object;
    struct str chosen = STR_EMPTY;
    for (size_t i = ARRAY_SIZE(filter_fields); i-- > 0;) {
        struct api__place member = api__member(place, filter_fields[i].name);
        if (!api__is_present(&member))
            continue;
        if (chosen.size > 0) {
            api__warning(d, &member, "is ignored, because %.*s is there too", STR_ARG(chosen));
            continue;
        }
        chosen = filter_fields[i].name;
        filter->type = filter_types[i];
    }
    if (chosen.size == 0 && says_nothing(place))
        api__warning(d, place, "does nothing");
}

const struct api__table api__gateway_filter_table = API__TABLE(
    filter_fields, struct api_filter, .mark = offsetof(struct api_filter, mark),
    .check = check_filter);

/* ---- The rules ---- */

/* What the filters of a rule have to know of it. */
struct context {
    struct api__decoder *d;
    bool has_prefix;    /* a match is of a prefix */
    bool rewrites_host; /* a filter sets the host to that of the backend */
};

static bool is_host(struct str name)
{
    return str_equal(name, STR(":authority")) || str_equal(name, STR("Host")) ||
           str_equal(name, STR("host"));
}

static void check_name(struct api__decoder *d, const struct api__place *place, struct str name)
{
    if (name.size == 0)
        api__error(d, place, "cannot be empty");
    else if (!is_host(name) && !api__is_header_name(name, true))
        api__error(d, place, API__HEADER_NAME_MESSAGE);
}

/* Of a request; Kuma does not look at what is done to a response. */
static void check_headers(const struct context *c, const struct api__place *list,
                          const struct api_header *headers, size_t count, bool is_request)
{
    for (size_t i = 0; i < count; i++) {
        struct api__place item = api__item(list, i);
        struct api__place name = api__member(&item, STR("name"));
        if (is_request && c->rewrites_host && is_host(headers[i].name))
            api__error(c->d, &item,
                       "cannot modify '%.*s' header, when route has set "
                       "'rewrite.host_to_backend_hostname' option",
                       STR_ARG(headers[i].name));
        check_name(c->d, &name, headers[i].name);
        if (is_request && headers[i].value.size == 0)
            api__error_in(c->d, &item, STR("value"), "cannot be empty");
    }
}

static void check_change(const struct context *c, const struct api__place *place,
                         const struct api_header_change *change, bool is_request)
{
    struct api__place set = api__member(place, STR("set"));
    struct api__place add = api__member(place, STR("add"));
    struct api__place remove = api__member(place, STR("remove"));
    bool is_known = !api__has_failed(c->d, &set) && !api__has_failed(c->d, &add) &&
                    !api__has_failed(c->d, &remove);
    bool is_empty = is_known && change->set_count + change->add_count + change->remove_count == 0;
    if (is_empty && is_request)
        api__error(c->d, place, "cannot be empty");
    else if (is_empty)
        api__warning(c->d, place, "changes nothing");
    check_headers(c, &set, change->set, change->set_count, is_request);
    check_headers(c, &add, change->add, change->add_count, is_request);
    for (size_t i = 0; i < change->remove_count; i++) {
        struct api__place name = api__item(&remove, i);
        check_name(c->d, &name, change->remove[i]);
    }
}

/* What no client understands as a redirect. */
static void check_redirect(const struct context *c, const struct api__place *place,
                           const struct api_redirect *redirect)
{
    uint32_t code = redirect->status_code;
    struct api__place status = api__member(place, STR("status_code"));
    if (redirect->port > UINT16_MAX)
        api__check_port(c->d, place, STR("port"), redirect->port);
    if (code < 300 || code > 308)
        api__error(c->d, &status,
                   "must be in the range [300, 308]; write 301, 302, 303, 307 or 308");
    else if (code == 300 || (code >= 304 && code <= 306))
        api__error(c->d, &status,
                   "%u is no redirect that can be served: write 301, 302, 303, 307 or 308", code);
}

static void check_mirrored(const struct context *c, const struct api__place *place,
                           const struct api_mirror *mirror)
{
    struct api__place percentage = api__member(place, STR("percentage"));
    struct api__place backend = api__member(place, STR("backend"));
    if (!api__is_present(&percentage))
        api__error(c->d, &percentage, "cannot be empty; write a number from 0 to 100");
    else if (mirror->ppm > 100 * PERCENT_IN_PPM)
        api__error(c->d, &percentage, "has to be in [0.0 - 100.0] range");
    if (!api__is_present(&backend))
        api__error(c->d, &backend, "cannot be empty");
    else
        api__check_tags(c->d, &backend, mirror->destination.tags,
                        API__TAGS_SELECTOR | API__TAGS_SOME | API__TAGS_SERVICE);
}

static void check_one(const struct context *c, const struct api__place *place,
                      const struct api_filter *filter)
{
    struct api__place request = api__member(place, STR("request_header"));
    struct api__place response = api__member(place, STR("response_header"));
    struct api__place mirror = api__member(place, STR("mirror"));
    struct api__place redirect = api__member(place, STR("redirect"));
    struct api__place rewrite = api__member(place, STR("rewrite"));
    switch (filter->type) {
    case API_FILTER_NONE: return;
    case API_FILTER_REQUEST_HEADER:
        check_change(c, &request, &filter->request_headers, true);
        return;
    case API_FILTER_RESPONSE_HEADER:
        check_change(c, &response, &filter->response_headers, false);
        return;
    case API_FILTER_MIRROR: check_mirrored(c, &mirror, &filter->mirror); return;
    case API_FILTER_REDIRECT: check_redirect(c, &redirect, &filter->redirect); return;
    case API_FILTER_REWRITE:
        if (filter->rewrite.path.type == API_PATH_PREFIX_REPLACED && !c->has_prefix)
            api__error_in(c->d, &rewrite, STR("replacePrefixMatch"),
                          "cannot be used without a match on path prefix");
        return;
    }
}

static bool rewrites_host(const struct api_filter *filter)
{
    return filter->type == API_FILTER_REWRITE && filter->rewrite.host_to_backend_hostname;
}

/* Kuma takes filters that rewrite the host out of the list before it looks at the others, whose
 * numbers are those of what is left. */
void api__check_gateway_filters(struct api__decoder *d, const struct api__place *list,
                                const struct api_route_rule *rule)
{
    struct context c = {.d = d};
    size_t number = 0;
    for (size_t i = 0; i < rule->match_count; i++)
        c.has_prefix |= rule->matches[i].has_path && rule->matches[i].path_match == API_PATH_PREFIX;
    for (size_t i = 0; i < rule->filter_count; i++)
        c.rewrites_host |= rewrites_host(&rule->filters[i]);
    for (size_t i = 0; i < rule->filter_count; i++) {
        if (rewrites_host(&rule->filters[i]))
            continue;
        struct api__place place = api__item(list, i);
        place.index = number++;
        check_one(&c, &place, &rule->filters[i]);
    }
}
