/* Stage 6: what a rule asks of a request. */
#include <stdlib.h>

#include "control/compile/plan.h"
#include "core/base/assert.h"
#include "core/regex/regex.h"

/* ---- Criteria ---- */

static enum model_value_match match_of(enum api_value_match match)
{
    switch (match) {
    case API_VALUE_EXACT: return MODEL_VALUE_EXACT;
    case API_VALUE_REGEX: return MODEL_VALUE_REGEX;
    case API_VALUE_ABSENT: return MODEL_VALUE_ABSENT;
    case API_VALUE_PRESENT: return MODEL_VALUE_PRESENT;
    case API_VALUE_PREFIX: return MODEL_VALUE_PREFIX;
    }
    UNREACHABLE();
}

static struct str header_name(struct arena *arena, struct str name)
{
    if (str_equal(name, STR(":authority")))
        return STR("host");
    return str_copy_lower(name, arena_text(arena, name.size));
}

/* Sorted: their order says nothing, and matches that ask for the same are to look the same. */
static const struct model_criterion *criteria_of(struct arena *arena,
                                                 const struct api_value_criterion *specs,
                                                 size_t count, bool are_headers)
{
    struct model_criterion *criteria = ARENA_NEW_ARRAY(arena, struct model_criterion, count);
    for (size_t i = 0; i < count; i++) {
        criteria[i].match = match_of(specs[i].match);
        criteria[i].name = are_headers ? header_name(arena, specs[i].name) : specs[i].name;
        criteria[i].value = specs[i].value;
    }
    if (count > 1)
        qsort(criteria, count, sizeof(*criteria), model_criterion_compare);
    return criteria;
}

/* ---- Paths ---- */

/* Of whole segments: "/foo/" is the same prefix as "/foo". */
static struct str prefix_of(struct str path)
{
    while (path.size > 1 && path.data[path.size - 1] == '/')
        path.size--;
    return path;
}

static void plan_path(const struct api_route_match *match, struct compile__plan_match *plan)
{
    plan->match = MODEL_PATH_PREFIX;
    plan->path = STR("/"); /* no path is any path */
    if (!match->has_path)
        return;
    switch (match->path_match) {
    case API_PATH_EXACT:
        plan->match = MODEL_PATH_EXACT;
        plan->path = match->path;
        return;
    case API_PATH_PREFIX: plan->path = prefix_of(match->path); return;
    case API_PATH_REGEX:
        plan->match = MODEL_PATH_REGEX;
        plan->path = match->path;
        return;
    }
}

/* ---- Keys ---- */

/* No text of a manifest is cut by its size and the space behind it. */
static void add_text(struct buf *key, struct str text)
{
    buf_append_u64(key, text.size);
    buf_append_char(key, ' ');
    buf_append(key, text);
}

static void add_criteria(struct buf *key, const struct model_criterion *criteria, size_t count)
{
    buf_append_u64(key, count);
    for (size_t i = 0; i < count; i++) {
        buf_append_char(key, "=^~+-"[criteria[i].match]);
        add_text(key, criteria[i].name);
        add_text(key, criteria[i].value);
    }
}

struct str compile__match_key(struct arena *arena, const struct compile__plan_match *plan)
{
    struct buf key;
    buf_init(&key, SIZE_MAX);
    buf_append_char(&key, "=^~"[plan->match]);
    add_text(&key, plan->path);
    add_text(&key, plan->method);
    add_criteria(&key, plan->headers, plan->header_count);
    add_criteria(&key, plan->queries, plan->query_count);
    struct str text = str_dup(arena, buf_str(&key));
    buf_deinit(&key);
    return text;
}

/* ---- What is left out, and what never matches ---- */

static bool is_criterion_usable(const struct api_value_criterion *criterion)
{
    if (criterion->name.size == 0)
        return false;
    if (criterion->match == API_VALUE_ABSENT || criterion->match == API_VALUE_PRESENT)
        return true;
    return criterion->value.size > 0 &&
           (criterion->match != API_VALUE_REGEX || regex_check(criterion->value, NULL) == ERR_OK);
}

/* Nothing is left of what it says: it would take every request. */
static bool is_emptied(const struct compile__rule *rule, size_t index)
{
    const struct api_route_match *match = &rule->spec->matches[index];
    size_t count = match->method.size + match->header_count + match->query_parameter_count;
    struct str field = compile__match_field(rule, index, "");
    return !match->has_path && count == 0 &&
           compile__decoding_error(rule->run->arena, rule->route, field).size > 0;
}

/* Of a rule that decoding found broken: whether this match can be expressed all the same. What is
 * wrong with it has been said. */
static bool is_usable(const struct compile__rule *rule, size_t index)
{
    const struct api_route_match *match = &rule->spec->matches[index];
    bool usable = !is_emptied(rule, index);
    if (match->has_path && match->path_match == API_PATH_REGEX)
        usable = match->path.size > 0 && regex_check(match->path, NULL) == ERR_OK;
    else if (match->has_path)
        usable = str_starts_with(match->path, STR("/"));
    for (size_t i = 0; usable && i < match->header_count; i++)
        usable = is_criterion_usable(&match->headers[i]);
    for (size_t i = 0; usable && i < match->query_parameter_count; i++)
        usable = is_criterion_usable(&match->query_parameters[i]);
    return usable;
}

/* Names with a colon are of HTTP/2, where they say what other members of a match ask for. */
static bool has_pseudo_header(const struct compile__rule *rule, size_t index)
{
    const struct api_route_match *match = &rule->spec->matches[index];
    for (size_t i = 0; i < match->header_count; i++) {
        struct str name = match->headers[i].name;
        if (!str_starts_with(name, STR(":")) || str_equal(name, STR(":authority")))
            continue;
        compile__rule_deny(
            rule, STR("UnsupportedValue"),
            compile__find(rule->run, FINDING_ERROR, rule->route, match->headers[i].mark,
                          compile__match_field(rule, index, ".headers"),
                          "no field is called \"%.*s\": write a match of the path or the method, "
                          "or the name of a field; this match is left out",
                          STR_ARG(name)));
        return true;
    }
    return false;
}

/* What takes patterns elsewhere, and is text here. */
static bool has_pattern(struct str path)
{
    for (size_t i = 0; i < path.size; i++) {
        if (memchr("*[{^|", path.data[i], 5) != NULL)
            return true;
    }
    return false;
}

static void warn_of_pattern(const struct compile__rule *rule, size_t index)
{
    const struct api_route_match *match = &rule->spec->matches[index];
    const struct compile__words *words = rule->spec->words;
    struct arena *arena = rule->run->arena;
    struct str path = match->path;
    if (!has_pattern(path))
        return;
    struct str remedy = str_format(arena, "for a pattern write %s, in which [^/]+ is any segment",
                                   words->regex);
    struct str above = str_first(path, path.size - 1);
    if (str_ends_with(path, STR("/*")) && !has_pattern(above))
        remedy = str_format(arena, "write %s with %.*s, which takes everything below it, too",
                            words->prefix, STR_ARG(prefix_of(above)));
    (void)compile__find(rule->run, FINDING_WARNING, rule->route, match->mark,
                        compile__match_field(rule, index, words->path),
                        "takes %.*s as it is written, letter by letter; %.*s", STR_ARG(path),
                        STR_ARG(remedy));
}

static void warn_of_path(const struct compile__rule *rule, size_t index)
{
    const struct api_route_match *match = &rule->spec->matches[index];
    bool is_regex = match->path_match == API_PATH_REGEX;
    if (!match->has_path || is_regex)
        return;
    const char *problem = NULL;
    const char *remedy = "";
    if (str_find_char(match->path, '?') != STR_NOT_FOUND) {
        problem = "matches no request: a path has no query; ask for it with ";
        remedy = rule->spec->words->queries;
    } else if (str_find_char(match->path, '#') != STR_NOT_FOUND) {
        problem = "matches no request: clients send nothing from the # on";
    }
    if (problem != NULL)
        (void)compile__find(rule->run, FINDING_WARNING, rule->route, match->mark,
                            compile__match_field(rule, index, rule->spec->words->path), "%s%s",
                            problem, remedy);
    else
        warn_of_pattern(rule, index);
}

static void warn_of_method(const struct compile__rule *rule, size_t index)
{
    const struct api_route_match *match = &rule->spec->matches[index];
    if (str_equal(match->method, STR("CONNECT")))
        (void)compile__find(rule->run, FINDING_WARNING, rule->route, match->mark,
                            compile__match_field(rule, index, ".method"),
                            "matches no request: CONNECT asks for a proxy, which a gateway is "
                            "not, and gets 404");
}

/* ---- The matches of a rule ---- */

static struct compile__plan_match plan_match(struct arena *arena,
                                             const struct api_route_match *match, size_t index)
{
    struct compile__plan_match plan = {
        .method = match->method,
        .headers = criteria_of(arena, match->headers, match->header_count, true),
        .header_count = match->header_count,
        .queries = criteria_of(arena, match->query_parameters, match->query_parameter_count, false),
        .query_count = match->query_parameter_count,
        .index = index,
        .mark = match->mark,
    };
    plan_path(match, &plan);
    plan.key = compile__match_key(arena, &plan);
    return plan;
}

void compile__plan_matches(const struct compile__rule *rule)
{
    const struct compile__spec *spec = rule->spec;
    struct compile__plan_match *matches = ARENA_NEW_ARRAY(
        rule->run->arena, struct compile__plan_match, spec->match_count);
    size_t count = 0;
    for (size_t i = 0; i < spec->match_count; i++) {
        bool is_left_out = (spec->broken && !is_usable(rule, i)) || has_pseudo_header(rule, i);
        if (is_left_out)
            continue;
        warn_of_path(rule, i);
        warn_of_method(rule, i);
        matches[count++] = plan_match(rule->run->arena, &spec->matches[i], i);
    }
    rule->made->matches = matches;
    rule->made->match_count = count;
}
