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
    .connections = STR_INIT("conf.tcp"),
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

bool compile__item_is_served(const struct api_http_to *item)
{
    return !item->broken && item->target.kind == API_TARGET_MESH && item->rule_count > 0;
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

static bool is_served(const struct api_object *route, size_t item)
{
    if (route->key.kind == API_MESH_HTTP_ROUTE)
        return compile__item_is_served(&route->mesh_http_route->to[item]);
    const struct api_tcp_to *to = &route->mesh_tcp_route->to[item];
    return !to->broken && to->target.kind == API_TARGET_MESH && to->rule_count > 0;
}

bool compile__has_served_item(const struct api_object *route)
{
    for (size_t i = 0; i < item_count(route); i++) {
        if (is_served(route, i))
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

/* ---- Rules ---- */

size_t compile__spec_count(const struct api_object *route)
{
    size_t count = 0;
    if (route->key.kind == API_MESH_GATEWAY_ROUTE)
        return route->mesh_gateway_route->rule_count;
    if (route->key.kind == API_MESH_HTTP_ROUTE) {
        for (size_t i = 0; i < route->mesh_http_route->to_count; i++)
            count += route->mesh_http_route->to[i].rule_count;
    }
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

static struct compile__spec policy_spec(const struct api_mesh_http_route *route, size_t index)
{
    size_t item = 0;
    while (index >= route->to[item].rule_count)
        index -= route->to[item++].rule_count;
    const struct api_http_rule *rule = &route->to[item].rules[index];
    return (struct compile__spec){
        .words = &policy_words,
        .has_item = true,
        .item = item,
        .index = index,
        .matches = rule->matches,
        .match_count = rule->match_count,
        .filters = rule->filters,
        .filter_count = rule->filter_count,
        .references = rule->backends,
        .backend_count = rule->backend_count,
        .is_for_sidecars = !compile__item_is_served(&route->to[item]),
        .broken = rule->broken,
        .mark = rule->mark,
    };
}

struct compile__spec compile__spec_of(const struct api_object *route, size_t index)
{
    ASSERT(index < compile__spec_count(route));
    return route->key.kind == API_MESH_GATEWAY_ROUTE
               ? gateway_spec(&route->mesh_gateway_route->rules[index], index)
               : policy_spec(route->mesh_http_route, index);
}

struct finding_mark compile__spec_mark(const struct compile__spec *spec, size_t backend)
{
    return spec->backends != NULL ? spec->backends[backend].mark
                                  : spec->references[backend].target.mark;
}

struct str compile__spec_field(struct arena *arena, const struct compile__spec *spec)
{
    if (!spec->has_item)
        return str_format(arena, "%.*s[%zu]", STR_ARG(spec->words->rules), spec->index);
    return str_format(arena, "%.*s[%zu].rules[%zu]", STR_ARG(spec->words->rules), spec->item,
                      spec->index);
}

struct str compile__spec_inner(struct arena *arena, const struct compile__spec *spec)
{
    struct str field = compile__spec_field(arena, spec);
    return spec->has_item ? str_format(arena, "%.*s.default", STR_ARG(field)) : field;
}
