/* Stage 6: what a rule does with requests besides forwarding them. */
#include "control/compile/plan.h"
#include "core/base/ip.h"
#include "core/http/http.h"

/* A filter, and what of it is looked at. */
struct place {
    struct compile__rule *rule;
    size_t filter;
    const char *member; /* ".redirect.path" */
};

static struct str find(const struct place *place, enum finding_severity severity,
                       const char *message)
{
    const struct compile__rule *rule = place->rule;
    return compile__find(rule->run, severity, rule->route, rule->spec->filters[place->filter].mark,
                         compile__filter_field(rule, place->filter, place->member), "%s", message);
}

static void warn(const struct place *place, const char *message)
{
    (void)find(place, FINDING_WARNING, message);
}

static void refuse(const struct place *place, const char *message)
{
    compile__rule_refuse(place->rule, STR("a filter of the rule cannot be served"),
                         find(place, FINDING_ERROR, message));
}

/* ---- Which filter counts ---- */

/* The last of its type counts, whole; the others are warned of. SIZE_MAX: there is none. */
static size_t last_of(struct compile__rule *rule, enum api_filter_type type, const char *member,
                      const char *message)
{
    size_t last = SIZE_MAX;
    for (size_t i = 0; i < rule->spec->filter_count; i++) {
        if (rule->spec->filters[i].type != type)
            continue;
        if (last != SIZE_MAX)
            warn(&(struct place){rule, last, member}, message);
        last = i;
    }
    return last;
}

/* ---- Paths ---- */

/* Where a match is no prefix there is nothing of the path to keep. */
static void warn_of_whole_paths(const struct place *place)
{
    const struct compile__rule *rule = place->rule;
    for (size_t i = 0; i < rule->made->match_count; i++) {
        const struct compile__plan_match *match = &rule->made->matches[i];
        if (match->match == MODEL_PATH_PREFIX)
            continue;
        (void)compile__find(rule->run, FINDING_WARNING, rule->route,
                            rule->spec->filters[place->filter].mark,
                            compile__filter_field(rule, place->filter, place->member),
                            "takes the place of the whole path where matches[%zu] applies, which "
                            "is no path prefix",
                            match->index);
        return;
    }
}

/* Both kinds of replacement are paths. */
static struct str absolute(const struct place *place, struct str text)
{
    if (str_starts_with(text, STR("/")))
        return text;
    warn(place, text.size == 0 ? "is empty, and taken as \"/\""
                               : "has no \"/\" at its beginning, and is taken as if it had one");
    return str_format(place->rule->run->arena, "/%.*s", STR_ARG(text));
}

static struct str without_query(const struct place *place, struct str text, const char *message)
{
    size_t query = str_find_char(text, '?');
    if (query == STR_NOT_FOUND)
        return text;
    warn(place, message);
    return str_first(text, query);
}

static struct str without_slashes(struct str text)
{
    while (str_ends_with(text, STR("/")))
        text.size--;
    return text;
}

static struct model_path_change full_change(const struct place *place, struct str spec,
                                            bool is_redirect)
{
    struct str text = absolute(place, spec);
    if (is_redirect)
        text = without_query(place, text, "has a query, which is left out: redirects have none");
    else if (str_find_char(text, '?') != STR_NOT_FOUND)
        warn(place, "has a query: that of the request follows it, after &");
    return (struct model_path_change){MODEL_PATH_REPLACED, text};
}

/* "/" and "" stand for nothing: "/a/b" becomes "/b". */
static struct model_path_change prefix_change(const struct place *place, struct str spec)
{
    struct str text = spec.size > 0 ? absolute(place, spec) : spec;
    text = without_query(place, text,
                         "has a query, which is left out: the rest of the path would become a part "
                         "of it");
    warn_of_whole_paths(place);
    return (struct model_path_change){MODEL_PATH_PREFIX_REPLACED, without_slashes(text)};
}

static struct model_path_change path_change(struct place place, const struct api_path_change *spec,
                                            bool is_redirect)
{
    const struct compile__words *words = place.rule->spec->words;
    struct model_path_change change = {0};
    switch (spec->type) {
    case API_PATH_KEPT: return change;
    case API_PATH_REPLACED:
        place.member = is_redirect ? words->redirect_full : words->rewrite_full;
        change = full_change(&place, spec->full_path, is_redirect);
        break;
    case API_PATH_PREFIX_REPLACED:
        place.member = is_redirect ? words->redirect_prefix : words->rewrite_prefix;
        change = prefix_change(&place, spec->prefix);
        break;
    }
    if (change.value.size > 0 && !http_path_is_valid(change.value))
        refuse(&place, "is no path: write space, # and what is not ASCII as %20, %23 and the like; "
                       "the rule answers 500");
    return change;
}

/* ---- Redirects ---- */

/* "::1" is written as "[::1]" behind a scheme. */
static struct str redirect_host(const struct place *place, struct str spec)
{
    unsigned char bytes[IP_SIZE_MAX];
    if (spec.size == 0)
        return spec;
    if (ip_parse(spec, bytes) == IP_SIZE_MAX)
        return str_format(place->rule->run->arena, "[%.*s]", STR_ARG(spec));
    struct str host;
    struct str port;
    ip_cut_port(spec, &host, &port);
    bool is_host = http_authority_is_valid(spec);
    if (is_host && port.size == 0)
        return spec;
    refuse(place, is_host ? "has a port, which belongs into port; the rule answers 500"
                          : "is no host name and no address; the rule answers 500");
    return STR_EMPTY;
}

/* Empty is that of the request. */
static struct str redirect_scheme(const struct place *place, struct str spec)
{
    if (spec.size == 0)
        return spec;
    if (str_equal_nocase(spec, STR("https")))
        return STR("https");
    if (str_equal_nocase(spec, STR("http")))
        return STR("http");
    refuse(place, "is neither http nor https; the rule answers 500");
    return STR_EMPTY;
}

/* The listener's port is mostly one that speaks another scheme. */
static void warn_of_port(const struct place *place, const struct model_redirect *redirect)
{
    if (redirect->scheme.size == 0 || redirect->port > 0)
        return;
    warn(place, str_equal(redirect->scheme, STR("https"))
                    ? "leads to the listener's port, since none is written; write port: 443, or "
                      "where https is spoken"
                    : "leads to the listener's port, since none is written; write port: 80, or "
                      "where http is spoken");
}

static void warn_of_loop(const struct place *place, const struct api_redirect *spec)
{
    bool is_elsewhere = spec->scheme.size > 0 || spec->hostname.size > 0 || spec->port > 0 ||
                        spec->path.type != API_PATH_KEPT;
    if (!is_elsewhere)
        warn(place, "leads to where the request came from, again and again; write a scheme, a "
                    "hostname, a port or a path");
}

static void plan_redirect(struct compile__rule *rule, size_t filter)
{
    const struct api_redirect *spec = &rule->spec->filters[filter].redirect;
    const struct compile__words *words = rule->spec->words;
    struct place place = {rule, filter, words->redirect};
    struct place scheme = {rule, filter, words->redirect_scheme};
    struct place host = {rule, filter, words->redirect_hostname};
    rule->does.redirect = (struct model_redirect){
        .status = (uint16_t)spec->status_code,
        .scheme = redirect_scheme(&scheme, spec->scheme),
        .host = redirect_host(&host, spec->hostname),
        .port = (uint16_t)spec->port,
        .path = path_change(place, &spec->path, true),
    };
    warn_of_port(&place, &rule->does.redirect);
    warn_of_loop(&place, spec);
}

/* ---- All filters ---- */

static struct str rewrite_host(struct compile__rule *rule, size_t filter)
{
    struct str host = rule->spec->filters[filter].rewrite.hostname;
    struct place place = {rule, filter, rule->spec->words->rewrite_hostname};
    if (host.size == 0 || http_authority_is_valid(host))
        return host;
    refuse(&place, "is no host name and no address; the rule answers 500");
    return STR_EMPTY;
}

static void plan_rewrite(struct compile__rule *rule, size_t filter)
{
    const struct api_rewrite *spec = &rule->spec->filters[filter].rewrite;
    struct place place = {rule, filter, rule->spec->words->rewrite};
    rule->does.rewrite = (struct model_rewrite){
        .path = path_change(place, &spec->path, false),
        .host = rewrite_host(rule, filter),
        .host_from_backend = spec->host_to_backend_hostname,
    };
}

/* A Host that is set by its name has the last word. */
static void plan_headers(struct compile__rule *rule)
{
    struct model_rule *made = &rule->does;
    struct str host;
    struct str none;
    made->request_headers = compile__plan_headers(rule, true, &host);
    made->response_headers = compile__plan_headers(rule, false, &none);
    if (host.size > 0)
        made->rewrite.host = host;
    if (made->rewrite.host.size > 0)
        made->rewrite.host_from_backend = false;
}

size_t compile__plan_filters(struct compile__rule *rule)
{
    const struct compile__words *words = rule->spec->words;
    size_t rewrite = last_of(rule, API_FILTER_REWRITE, words->rewrite,
                             "is not used: a later filter of the rule rewrites too, and the last "
                             "counts as a whole");
    size_t mirror = last_of(rule, API_FILTER_MIRROR, words->mirror,
                            "is not used: a later filter of the rule mirrors too, and the last "
                            "counts as a whole");
    size_t redirect = last_of(rule, API_FILTER_REDIRECT, words->redirect,
                              "is not used: a later filter of the rule redirects too");
    if (rewrite != SIZE_MAX)
        plan_rewrite(rule, rewrite);
    if (redirect != SIZE_MAX)
        plan_redirect(rule, redirect);
    plan_headers(rule);
    return mirror;
}
