#include "control/compile/spec.h"

#include "core/base/assert.h"

const enum api_kind compile__route_kinds[COMPILE__ROUTE_KINDS] = {
    API_MESH_GATEWAY_ROUTE,
    API_MESH_HTTP_ROUTE,
    API_MESH_TCP_ROUTE,
};
_Static_assert(API_MESH_GATEWAY_ROUTE < API_MESH_HTTP_ROUTE &&
                   API_MESH_HTTP_ROUTE < API_MESH_TCP_ROUTE,
               "routes of all kinds together are in the order of their keys");

static const struct compile__words gateway_words = {
    .attaches = STR_INIT("selectors"),
    .hostnames = STR_INIT("conf.http.hostnames"),
    .rules = STR_INIT("conf.http.rules"),
    .connections = STR_INIT("conf.tcp.rules"),
    .backends = "backends",
    .destination = ".destination",
    .request_header = ".request_header",
    .response_header = ".response_header",
    .redirect = ".redirect",
    .redirect_scheme = ".redirect.scheme",
    .redirect_hostname = ".redirect.hostname",
    .redirect_full = ".redirect.path.replaceFull",
    .redirect_prefix = ".redirect.path.replacePrefixMatch",
    .rewrite = ".rewrite",
    .rewrite_full = ".rewrite.replaceFull",
    .rewrite_prefix = ".rewrite.replacePrefixMatch",
    .rewrite_to_backend = ".rewrite.hostToBackendHostname",
    .mirror = ".mirror",
    .mirror_backend = ".mirror.backend",
    .path = ".value",
    .prefix = "PREFIX",
    .regex = "REGEX",
    .queries = "queryParameters",
    .zero_weight = " (the default)",
};

static const struct compile__words policy_words = {
    .attaches = STR_INIT("spec.targetRef"),
    .hostnames = STR_INIT("spec.to"),
    .rules = STR_INIT("spec.to"),
    .connections = STR_INIT("spec.to"),
    .backends = "backendRefs",
    .destination = "",
    .request_header = ".requestHeaderModifier",
    .response_header = ".responseHeaderModifier",
    .redirect = ".requestRedirect",
    .redirect_scheme = ".requestRedirect.scheme",
    .redirect_hostname = ".requestRedirect.hostname",
    .redirect_full = ".requestRedirect.path.replaceFullPath",
    .redirect_prefix = ".requestRedirect.path.replacePrefixMatch",
    .rewrite = ".urlRewrite",
    .rewrite_full = ".urlRewrite.path.replaceFullPath",
    .rewrite_prefix = ".urlRewrite.path.replacePrefixMatch",
    .rewrite_hostname = ".urlRewrite.hostname",
    .rewrite_to_backend = ".urlRewrite.hostToBackendHostname",
    .mirror = ".requestMirror",
    .mirror_backend = ".requestMirror.backendRef",
    .path = ".path.value",
    .prefix = "PathPrefix",
    .regex = "RegularExpression",
    .queries = "queryParams",
    .zero_weight = "",
};

const struct compile__words *compile__words_of(enum api_kind kind)
{
    return kind == API_MESH_GATEWAY_ROUTE ? &gateway_words : &policy_words;
}

/* ---- MeshHTTPRoutes and MeshTCPRoutes ---- */

const struct api_target_ref *compile__target_of(const struct api_object *route)
{
    return route->key.kind == API_MESH_HTTP_ROUTE ? &route->mesh_http_route->target
                                                  : &route->mesh_tcp_route->target;
}

static size_t item_count(const struct api_object *route)
{
    return route->key.kind == API_MESH_HTTP_ROUTE ? route->mesh_http_route->to_count
                                                  : route->mesh_tcp_route->to_count;
}

static bool is_broken(const struct api_object *route, size_t item)
{
    return route->key.kind == API_MESH_HTTP_ROUTE ? route->mesh_http_route->to[item].broken
                                                  : route->mesh_tcp_route->to[item].broken;
}

static enum api_target_kind target_kind(const struct api_object *route, size_t item)
{
    return route->key.kind == API_MESH_HTTP_ROUTE ? route->mesh_http_route->to[item].target.kind
                                                  : route->mesh_tcp_route->to[item].target.kind;
}

static size_t rule_count(const struct api_object *route, size_t item)
{
    return route->key.kind == API_MESH_HTTP_ROUTE ? route->mesh_http_route->to[item].rule_count
                                                  : route->mesh_tcp_route->to[item].rule_count;
}

bool compile__item_is_served(const struct api_object *route, size_t item)
{
    return !is_broken(route, item) && target_kind(route, item) == API_TARGET_MESH &&
           rule_count(route, item) > 0;
}

bool compile__has_served_item(const struct api_object *route)
{
    for (size_t i = 0; i < item_count(route); i++) {
        if (compile__item_is_served(route, i))
            return true;
    }
    return false;
}

size_t compile__broken_item(const struct api_object *route)
{
    for (size_t i = 0; i < item_count(route); i++) {
        if (is_broken(route, i))
            return i;
    }
    return SIZE_MAX;
}

bool compile__is_tcp(const struct api_object *route)
{
    return route->key.kind == API_MESH_TCP_ROUTE ||
           (route->key.kind == API_MESH_GATEWAY_ROUTE && !route->mesh_gateway_route->has_http);
}

struct finding_mark compile__attaching_mark(const struct api_object *route)
{
    if (route->key.kind != API_MESH_GATEWAY_ROUTE)
        return compile__target_of(route)->mark;
    struct api_selectors selectors = route->mesh_gateway_route->selectors;
    return selectors.count > 0 ? selectors.items[0].mark : route->mark;
}

/* ---- Rules ---- */

size_t compile__spec_count(const struct api_object *route)
{
    const struct api_mesh_gateway_route *spec = route->mesh_gateway_route;
    size_t count = 0;
    if (route->key.kind == API_MESH_GATEWAY_ROUTE)
        return spec->has_http ? spec->rule_count : spec->tcp_rule_count;
    for (size_t i = 0; i < item_count(route); i++)
        count += rule_count(route, i);
    return count;
}

static struct compile__spec gateway_spec(const struct api_route_rule *rule, size_t index)
{
    return (struct compile__spec){
        .words = &gateway_words,
        .index = index,
        .matches = rule->matches,
        .match_count = rule->match_count,
        .filters = rule->filters,
        .filter_count = rule->filter_count,
        .backends = rule->backends,
        .backend_count = rule->backend_count,
        .broken = rule->broken,
        .mark = rule->mark,
    };
}

static struct compile__spec forward_spec(const struct api_forward_rule *rule, size_t index)
{
    return (struct compile__spec){
        .words = &gateway_words,
        .is_tcp = true,
        .index = index,
        .backends = rule->backends,
        .backend_count = rule->backend_count,
        .broken = rule->broken,
        .mark = rule->mark,
    };
}

static struct compile__spec http_spec(const struct api_http_rule *rule)
{
    return (struct compile__spec){
        .words = &policy_words,
        .matches = rule->matches,
        .match_count = rule->match_count,
        .filters = rule->filters,
        .filter_count = rule->filter_count,
        .references = rule->backends,
        .backend_count = rule->backend_count,
        .broken = rule->broken,
        .mark = rule->mark,
    };
}

static struct compile__spec tcp_spec(const struct api_tcp_rule *rule)
{
    return (struct compile__spec){
        .words = &policy_words,
        .is_tcp = true,
        .references = rule->backends,
        .backend_count = rule->backend_count,
        .broken = rule->broken,
        .mark = rule->mark,
    };
}

static struct compile__spec policy_spec(const struct api_object *route, size_t index)
{
    size_t item = 0;
    while (index >= rule_count(route, item))
        index -= rule_count(route, item++);
    struct compile__spec spec = route->key.kind == API_MESH_HTTP_ROUTE
                                    ? http_spec(&route->mesh_http_route->to[item].rules[index])
                                    : tcp_spec(&route->mesh_tcp_route->to[item].rules[index]);
    spec.has_item = true;
    spec.item = item;
    spec.index = index;
    spec.is_for_sidecars = !compile__item_is_served(route, item);
    return spec;
}

struct compile__spec compile__spec_of(const struct api_object *route, size_t index)
{
    ASSERT(index < compile__spec_count(route));
    if (route->key.kind != API_MESH_GATEWAY_ROUTE)
        return policy_spec(route, index);
    return compile__is_tcp(route)
               ? forward_spec(&route->mesh_gateway_route->tcp_rules[index], index)
               : gateway_spec(&route->mesh_gateway_route->rules[index], index);
}

struct finding_mark compile__spec_mark(const struct compile__spec *spec, size_t backend)
{
    return spec->backends != NULL ? spec->backends[backend].mark
                                  : spec->references[backend].target.mark;
}

struct str compile__spec_field(struct arena *arena, const struct compile__spec *spec)
{
    struct str rules = spec->is_tcp ? spec->words->connections : spec->words->rules;
    if (!spec->has_item)
        return str_format(arena, "%.*s[%zu]", STR_ARG(rules), spec->index);
    return str_format(arena, "%.*s[%zu].rules[%zu]", STR_ARG(rules), spec->item, spec->index);
}

struct str compile__spec_inner(struct arena *arena, const struct compile__spec *spec)
{
    struct str field = compile__spec_field(arena, spec);
    return spec->has_item ? str_format(arena, "%.*s.default", STR_ARG(field)) : field;
}
