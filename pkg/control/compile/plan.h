/* A rule of a route on its way into the route's plan. Private to control/compile: plans.c begins
 * and ends, matches.c, filters.c, headers.c and destinations.c each add what they are named for. */
#pragma once

#include "control/compile/spec.h"
#include "control/compile/stages.h"

struct compile__rule {
    struct compile__run *run; /* whose arena and findings are the plan's meanwhile */
    struct compile__plan *plan;
    const struct api_object *route;
    const struct compile__spec *spec;
    struct compile__plan_rule *made; /* what it becomes, */
    struct model_rule does;          /* and what that does */
    struct str refusal;              /* why it answers 500; empty: it does what it says */
};

/* "conf.http.rules[1].matches[2]<member>", and the same of filters and back ends. */
struct str compile__match_field(const struct compile__rule *rule, size_t index, const char *member);
struct str compile__filter_field(const struct compile__rule *rule, size_t index,
                                 const char *member);
struct str compile__backend_field(const struct compile__rule *rule, size_t index);

/* The route is not accepted as it is written. */
void compile__rule_deny(const struct compile__rule *rule, struct str reason, struct str text);

/* The rule answers 500: `why` is for the log of requests, `text` (of the finding) for its author.
 */
void compile__rule_refuse(struct compile__rule *rule, struct str why, struct str text);

/* ---- matches.c ---- */

/* Those that are served. One that cannot be expressed is left out: to take more requests than it
 * says would be worse. */
void compile__plan_matches(const struct compile__rule *rule);

/* ---- filters.c, headers.c ---- */

/* All that filters do but mirroring, whose place in the list is returned; SIZE_MAX: nowhere. */
size_t compile__plan_filters(struct compile__rule *rule);

/* What the filters do with the fields of requests, or of responses. A request's Host, which is no
 * field like others, is returned apart; or empty. */
struct model_header_change compile__plan_headers(struct compile__rule *rule, bool is_request,
                                                 struct str *ret_host);

/* ---- destinations.c ---- */

/* Where the rule forwards to, and where it mirrors to: `mirror` as compile__plan_filters says. */
void compile__plan_destinations(struct compile__rule *rule, size_t mirror);
