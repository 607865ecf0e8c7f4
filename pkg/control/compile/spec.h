/* What the rules of routes say, of whichever kind the route is. Private to control/compile.
 *
 * A MeshGatewayRoute has one list of rules, of requests or of connections; a MeshHTTPRoute and a
 * MeshTCPRoute have one in each item of `to`. Here they are counted through. */
#pragma once

#include "control/api/api.h"
#include "core/base/arena.h"
#include "core/base/str.h"

/* The kinds of routes, in their order. */
#define COMPILE__ROUTE_KINDS 3
extern const enum api_kind compile__route_kinds[COMPILE__ROUTE_KINDS];

/* What things are called in manifests of a kind. */
struct compile__words {
    struct str attaches; /* the field that says to whom a route belongs */
    struct str hostnames;
    struct str rules;
    struct str connections; /* its rules, where it is a route of those */
    const char *backends;
    const char *destination; /* of a backend */
    const char *request_header;
    const char *response_header;
    const char *redirect;
    const char *redirect_scheme;
    const char *redirect_hostname;
    const char *redirect_full;
    const char *redirect_prefix;
    const char *rewrite;
    const char *rewrite_full;
    const char *rewrite_prefix;
    const char *rewrite_hostname;
    const char *rewrite_to_backend;
    const char *mirror;
    const char *mirror_backend;
    const char *path;   /* of a match */
    const char *prefix; /* kinds of it */
    const char *regex;
    const char *queries;
    const char *zero_weight; /* what is to be said of it */
};

const struct compile__words *compile__words_of(enum api_kind kind);

/* A rule as its author wrote it; the arrays are those of the route. */
struct compile__spec {
    const struct compile__words *words;
    bool is_tcp; /* of connections: without matches and filters */
    bool has_item;
    size_t item;  /* MeshHTTPRoute, MeshTCPRoute: of `to` */
    size_t index; /* in its list of rules */
    const struct api_route_match *matches;
    size_t match_count;
    const struct api_filter *filters;
    size_t filter_count;
    const struct api_backend *backends;       /* either these */
    const struct api_backend_ref *references; /* or those */
    size_t backend_count;
    bool is_for_sidecars; /* gateways leave it alone */
    bool broken;
    struct finding_mark mark;
};

/* How many rules a route has. */
size_t compile__spec_count(const struct api_object *route);

struct compile__spec compile__spec_of(const struct api_object *route, size_t index);

/* Of a back end. */
struct finding_mark compile__spec_mark(const struct compile__spec *spec, size_t backend);

/* "conf.http.rules[1]", and where its filters and back ends stand. */
struct str compile__spec_field(struct arena *arena, const struct compile__spec *spec);
struct str compile__spec_inner(struct arena *arena, const struct compile__spec *spec);

/* Of an item of a MeshHTTPRoute or MeshTCPRoute: whether gateways take part in it. */
bool compile__item_is_served(const struct api_object *route, size_t item);

/* Where it says to whom the route belongs. */
struct finding_mark compile__attaching_mark(const struct api_object *route);

/* Of a MeshHTTPRoute or MeshTCPRoute: its target; whether gateways take part in any of its items;
 * the first of those that are broken, SIZE_MAX: none is. */
const struct api_target_ref *compile__target_of(const struct api_object *route);
bool compile__has_served_item(const struct api_object *route);
size_t compile__broken_item(const struct api_object *route);

/* Whether it is a route of connections, not of requests. */
bool compile__is_tcp(const struct api_object *route);
