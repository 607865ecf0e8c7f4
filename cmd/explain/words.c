/* Rules, fates and outcomes in words. */
#include "core/base/assert.h"
#include "explain/parts.h"

#define TEXT_SIZE_MAX ((size_t)64 * 1024)

static const char *const path_matches[] = {
    [MODEL_PATH_EXACT] = "EXACT",
    [MODEL_PATH_PREFIX] = "PREFIX",
    [MODEL_PATH_REGEX] = "REGEX",
};

struct str explain__outcome_name(enum explain_outcome outcome)
{
    static const struct str names[] = {
        [EXPLAIN_FORWARDED] = STR_INIT("forwarded"),
        [EXPLAIN_REDIRECTED] = STR_INIT("redirected"),
        [EXPLAIN_RESPONDED] = STR_INIT("responded"),
        [EXPLAIN_PLAINER] = STR_INIT("plainerPath"),
        [EXPLAIN_NO_LISTENER] = STR_INIT("noListener"),
        [EXPLAIN_NOT_SERVED] = STR_INIT("notServed"),
        [EXPLAIN_WRONG_PROTOCOL] = STR_INIT("wrongProtocol"),
        [EXPLAIN_NO_CHAIN] = STR_INIT("noServerName"),
        [EXPLAIN_REFUSED] = STR_INIT("refused"),
        [EXPLAIN_MISDIRECTED] = STR_INIT("misdirected"),
        [EXPLAIN_NO_HOST] = STR_INIT("noHost"),
        [EXPLAIN_NO_ROUTE] = STR_INIT("noRoute"),
        [EXPLAIN_NO_RULE] = STR_INIT("noRule"),
        [EXPLAIN_AMBIGUOUS] = STR_INIT("ambiguous"),
    };
    return names[outcome];
}

struct str explain__fate_name(enum route_fate fate)
{
    static const struct str names[] = {
        [ROUTE_TAKES] = STR_INIT("takes"),
        [ROUTE_COMES_LATER] = STR_INIT("comesLater"),
        [ROUTE_OTHER_PATH] = STR_INIT("otherPath"),
        [ROUTE_LEFT_TO_EXACT] = STR_INIT("leftToExact"),
        [ROUTE_OTHER_METHOD] = STR_INIT("otherMethod"),
        [ROUTE_OTHER_HEADER] = STR_INIT("otherHeader"),
        [ROUTE_OTHER_QUERY] = STR_INIT("otherQuery"),
        [ROUTE_GIVEN_UP] = STR_INIT("givenUp"),
    };
    return names[fate];
}

/* ---- Rules ---- */

static void put_criterion(struct buf *buf, const char *what, const struct model_criterion *asked)
{
    buf_printf(buf, ", %s %.*s", what, STR_ARG(asked->name));
    switch (asked->match) {
    case MODEL_VALUE_EXACT: buf_printf(buf, " = \"%.*s\"", STR_ARG(asked->value)); return;
    case MODEL_VALUE_PREFIX: buf_printf(buf, " = \"%.*s\"...", STR_ARG(asked->value)); return;
    case MODEL_VALUE_REGEX: buf_printf(buf, " ~ \"%.*s\"", STR_ARG(asked->value)); return;
    case MODEL_VALUE_PRESENT: buf_append(buf, STR(" present")); return;
    case MODEL_VALUE_ABSENT: buf_append(buf, STR(" absent")); return;
    }
    UNREACHABLE();
}

struct str explain_rule_text(struct arena *arena, const struct model_rule *rule)
{
    CLEANUP(buf_deinit) struct buf buf;
    buf_init(&buf, TEXT_SIZE_MAX);
    buf_printf(&buf, "%s %.*s", path_matches[rule->path_match], STR_ARG(rule->path));
    if (rule->method.size > 0)
        buf_printf(&buf, ", method %.*s", STR_ARG(rule->method));
    for (size_t i = 0; i < rule->header_count; i++)
        put_criterion(&buf, "header", &rule->headers[i]);
    for (size_t i = 0; i < rule->query_count; i++)
        put_criterion(&buf, "query", &rule->queries[i]);
    return str_dup(arena, buf_str(&buf));
}

struct str explain__rule_name(struct arena *arena, const struct model_rule *rule)
{
    if (rule->route.size == 0)
        return STR("the gateway itself");
    return str_format(arena, "route %.*s, rule %u", STR_ARG(rule->route), (unsigned)rule->index);
}

/* ---- Fates ---- */

/* The first in which the winner is ahead, in the order of model_virtual_host. */
static const char *precedence(const struct model_rule *winner, const struct model_rule *loser)
{
    if ((winner->path_match == MODEL_PATH_EXACT) != (loser->path_match == MODEL_PATH_EXACT))
        return "names the path exactly, which comes first";
    if ((winner->path_match == MODEL_PATH_REGEX) != (loser->path_match == MODEL_PATH_REGEX))
        return "has a path without regular expression, which comes first";
    if (winner->path.size != loser->path.size)
        return "has the longer path, which comes first";
    if (winner->path_match != MODEL_PATH_REGEX) {
        if ((winner->method.size > 0) != (loser->method.size > 0))
            return "asks for a method, which comes first";
        if (winner->header_count != loser->header_count)
            return "asks for more headers, which comes first";
        if (winner->query_count != loser->query_count)
            return "asks for more query parameters, which comes first";
    }
    return "asks for as much and stands before it: of equals the first route by name answers, and "
           "its first rule";
}

static struct str later_text(struct arena *arena, const struct model_rule *winner,
                             const struct model_rule *loser)
{
    struct str name = explain__rule_name(arena, winner);
    return str_format(arena, "would take it, but %.*s %s", STR_ARG(name),
                      precedence(winner, loser));
}

static struct str other_path_text(struct arena *arena, const struct model_rule *rule,
                                  struct str path)
{
    if (rule->path_match == MODEL_PATH_REGEX)
        return str_format(arena, "the expression does not take the whole of %.*s", STR_ARG(path));
    if (rule->path_match == MODEL_PATH_PREFIX && str_starts_with(path, rule->path))
        return str_format(arena, "%.*s is not below %.*s: a prefix takes whole segments",
                          STR_ARG(path), STR_ARG(rule->path));
    if (rule->path_match == MODEL_PATH_EXACT && str_starts_with(path, rule->path))
        return str_format(arena, "%.*s is more than %.*s: an exact path takes nothing else",
                          STR_ARG(path), STR_ARG(rule->path));
    return str_format(arena, "the path is %.*s", STR_ARG(path));
}

/* What a criterion asks for, and what there is. */
static struct str criterion_text(struct arena *arena, const char *what,
                                 const struct route_candidate *candidate)
{
    const struct model_criterion *asked = candidate->criterion;
    static const char *const verbs[] = {
        [MODEL_VALUE_EXACT] = "is not",
        [MODEL_VALUE_PREFIX] = "does not begin with",
        [MODEL_VALUE_REGEX] = "is not matched as a whole by",
        [MODEL_VALUE_PRESENT] = "",
        [MODEL_VALUE_ABSENT] = "",
    };
    if (!candidate->has_value)
        return str_format(arena, "the request has no %s %.*s", what, STR_ARG(asked->name));
    if (asked->match == MODEL_VALUE_ABSENT)
        return str_format(arena, "the request has a %s %.*s, \"%.*s\"", what, STR_ARG(asked->name),
                          STR_ARG(candidate->value));
    return str_format(arena, "%s %.*s is \"%.*s\", which %s \"%.*s\"", what, STR_ARG(asked->name),
                      STR_ARG(candidate->value), verbs[asked->match], STR_ARG(asked->value));
}

static struct str given_up_text(struct arena *arena, const struct route_candidate *candidate)
{
    if (candidate->criterion == NULL && candidate->rule->path_match != MODEL_PATH_REGEX)
        return STR("the expressions of the rules before it take too many steps for one request, "
                   "and so it is not known whether one of them would take it");
    struct str pattern = candidate->criterion != NULL ? candidate->criterion->value
                                                      : candidate->rule->path;
    return str_format(arena,
                      "the expression \"%.*s\" was given up: it, or all of them together, take too "
                      "many steps for one request",
                      STR_ARG(pattern));
}

struct str explain__fate_text(struct arena *arena, const struct route_candidate *candidate,
                              struct str path, const struct model_rule *winner)
{
    const struct model_rule *rule = candidate->rule;
    switch (candidate->fate) {
    case ROUTE_TAKES: return STR("answers");
    case ROUTE_COMES_LATER: return later_text(arena, winner, rule);
    case ROUTE_OTHER_PATH: return other_path_text(arena, rule, path);
    case ROUTE_LEFT_TO_EXACT:
        return str_format(arena,
                          "another rule names %.*s exactly, and so this prefix leaves it alone, "
                          "whatever else that asks for",
                          STR_ARG(path));
    case ROUTE_OTHER_METHOD:
        return str_format(arena, "the method is not %.*s", STR_ARG(rule->method));
    case ROUTE_OTHER_HEADER: return criterion_text(arena, "header", candidate);
    case ROUTE_OTHER_QUERY: return criterion_text(arena, "query parameter", candidate);
    case ROUTE_GIVEN_UP: return given_up_text(arena, candidate);
    }
    UNREACHABLE();
}
