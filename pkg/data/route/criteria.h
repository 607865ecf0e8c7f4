/* Private to data/route: what rules ask of fields and of parameters in the query.
 *
 * Each name that some rule of a virtual host asks for is looked up in a request once, and only when
 * a rule is reached that asks for it. */
#pragma once

#include "core/base/map.h"
#include "core/http/http.h"
#include "data/route/rule.h"

/* Where the answer is. Fields in which the gateway has the last word say what it will say. */
enum route__source {
    ROUTE__PARAMETER, /* in the query */
    ROUTE__FIELD,
    ROUTE__HOST,    /* what the request names, with its port */
    ROUTE__SCHEME,  /* x-forwarded-proto: how the client came */
    ROUTE__NOTHING, /* what clients say there is taken away */
};

/* A name that is asked for. */
struct route__question {
    struct str name;
    size_t index;
    enum route__source source;
    enum http_name id; /* of a field; all but HTTP_NAME_OTHER stand for one name here */
};

struct route__check {
    const struct model_criterion *criterion;
    const struct route__question *question;
    const struct regex *regex; /* MODEL_VALUE_REGEX */
};

/* All names of a virtual host. */
struct route__questions {
    struct map *fields;     /* struct route__question by name */
    struct map *parameters; /* the same */
    size_t count;
};

void route__questions_init(struct route__questions *questions);
void route__questions_deinit(struct route__questions *questions);

/* The question for the name, which lives in `arena` with it. */
const struct route__question *route__question_get(struct route__questions *questions,
                                                  struct arena *arena, struct str name,
                                                  bool is_parameter);

struct route__answer;

/* A request in the eyes of the rules of a virtual host. Zeroed but for the first four. */
struct route__view {
    const struct route_request *request;
    const struct route__questions *questions;
    enum model_protocol protocol;  /* of the listener */
    struct regex_budget budget;    /* of all expressions that the request meets */
    struct route__answer *answers; /* by the index of the question; in the request's arena */
    bool query_is_read;
};

/* What the request has of it: false is nothing. */
bool route__view_get(struct route__view *view, const struct route__question *question,
                     struct str *ret_value);

/* Whether the rule, whose path is among those of the request if it is no regular expression, takes
 * it: ROUTE_TAKES, or what differs; then `*ret_check` is the check that does, if it was one. */
enum route_fate route__judge(const struct route__rule *rule, struct route__view *view,
                             const struct route__check **ret_check);
