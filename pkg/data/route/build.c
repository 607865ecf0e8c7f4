/* From the routes of a virtual host to what finds their rules. */
#include "data/route/host.h"

/* Of an expression in a message. */
#define PATTERN_SHOWN ((size_t)100)

static const uint64_t *sums_make(struct arena *arena, const struct model_rule *rule)
{
    uint64_t *sums = ARENA_NEW_ARRAY(arena, uint64_t, rule->backend_count);
    uint64_t sum = 0;
    for (size_t i = 0; i < rule->backend_count; i++) {
        sum += rule->backends[i].weight;
        sums[i] = sum;
    }
    return sums;
}

/* ---- What rules ask for ---- */

struct builder {
    struct route_host *host;
    const struct route_host *previous;
    struct err_info *reterr;
};

/* The expression, compiled once for all rules of the host. Borrowed from it. */
static enum err regex_get(const struct builder *builder, struct str pattern,
                          const struct regex **ret_regex)
{
    struct regex *regex = map_get(builder->host->regexes, pattern);
    if (regex == NULL) {
        const struct route_host *previous = builder->previous;
        struct regex *former = previous == NULL ? NULL : map_get(previous->regexes, pattern);
        enum err code = ERR_OK;
        if (former != NULL)
            regex = regex_ref(former);
        else
            code = regex_new(pattern, &regex, builder->reterr);
        if (code != ERR_OK)
            return err_set(builder->reterr, code, "%.*s is no regular expression of RE2: %s",
                           STR_ARG(str_first(pattern, PATTERN_SHOWN)), builder->reterr->message);
        (void)map_set(builder->host->regexes, pattern, regex); /* it replaces nothing */
    }
    *ret_regex = regex;
    return ERR_OK;
}

static enum err check_make(const struct builder *builder, const struct model_criterion *criterion,
                           bool is_parameter, struct route__check *check)
{
    struct route_host *host = builder->host;
    check->criterion = criterion;
    check->question = route__question_get(&host->questions, host->arena, criterion->name,
                                          is_parameter);
    if (criterion->match != MODEL_VALUE_REGEX)
        return ERR_OK;
    return regex_get(builder, criterion->value, &check->regex);
}

static enum err checks_make(const struct builder *builder, struct route__rule *rule)
{
    const struct model_rule *model = rule->model;
    size_t count = model->header_count + model->query_count;
    struct route__check *checks = ARENA_NEW_ARRAY(builder->host->arena, struct route__check, count);
    rule->checks = checks;
    enum err code = ERR_OK;
    for (size_t i = 0; i < count && code == ERR_OK; i++) {
        bool is_parameter = i >= model->header_count;
        const struct model_criterion *criterion = is_parameter
                                                      ? &model->queries[i - model->header_count]
                                                      : &model->headers[i];
        code = check_make(builder, criterion, is_parameter, &checks[i]);
    }
    return code;
}

static enum err rule_make(const struct builder *builder, const struct model_rule *model,
                          struct route__rule *rule)
{
    rule->model = model;
    rule->sums = sums_make(builder->host->arena, model);
    rule->rank = route__rank(model);
    rule->is_plain = model->path_match != MODEL_PATH_REGEX && model->method.size == 0 &&
                     model->header_count == 0 && model->query_count == 0;
    enum err code = ERR_OK;
    if (model->path_match == MODEL_PATH_REGEX)
        code = regex_get(builder, model->path, &rule->path_regex);
    return code == ERR_OK ? checks_make(builder, rule) : code;
}

static enum err rules_make(const struct builder *builder)
{
    struct route_host *host = builder->host;
    for (size_t i = 0; i < host->route_count; i++)
        host->rule_count += host->routes[i]->route->rule_count;
    host->rules = ARENA_NEW_ARRAY(host->arena, struct route__rule, host->rule_count);
    size_t count = 0;
    for (size_t i = 0; i < host->route_count; i++) {
        const struct model_route *route = host->routes[i]->route;
        for (size_t j = 0; j < route->rule_count; j++) {
            enum err code = rule_make(builder, &route->rules[j], &host->rules[count++]);
            if (code != ERR_OK)
                return err_set(builder->reterr, code, "rule %u of route %.*s: %s",
                               (unsigned)route->rules[j].index, STR_ARG(route->name),
                               builder->reterr->message);
        }
    }
    return ERR_OK;
}

/* ---- Where they are found ---- */

/* Puts the rule before those that are there for its path as a whole. */
static struct route__entry *whole_push(struct route_host *host, struct route__rule *rule)
{
    rule->whole = (struct route__entry){rule,
                                        map_set(host->exact, rule->model->path, &rule->whole)};
    return rule->whole.next;
}

/* "/a" as a whole is the prefix's, too, unless a rule names that exactly. Those were there first.
 */
static void prefix_push(struct route_host *host, struct route__rule *rule)
{
    struct route__entry *former = whole_push(host, rule);
    if (former != NULL && former->rule->model->path_match == MODEL_PATH_EXACT)
        (void)map_set(host->exact, rule->model->path, former); /* it replaces this rule */
}

static struct str with_slash(struct arena *arena, struct str path)
{
    char *text = arena_alloc(arena, path.size + 1, 1);
    memcpy(text, path.data, path.size);
    text[path.size] = '/';
    return str_make(text, path.size + 1);
}

/* "/a" is the bytes "/a/", and "/a" itself. */
static void prefix_add(struct route_host *host, struct route__rule *rule)
{
    struct str prefix = rule->model->path;
    if (!str_equal(prefix, STR("/"))) {
        prefix_push(host, rule);
        prefix = with_slash(host->arena, prefix);
    }
    rule->other.rule = rule;
    route__tree_add(host->prefixes, host->arena, prefix, &rule->other);
}

/* Exact ones before all others: prefixes have to know them. Returns the expressions. */
static struct route__entry *rules_add(struct route_host *host)
{
    for (size_t i = 0; i < host->rule_count; i++) {
        if (host->rules[i].model->path_match == MODEL_PATH_EXACT)
            (void)whole_push(host, &host->rules[i]); /* whatever is there comes behind it */
    }
    struct route__entry *regexes = NULL;
    for (size_t i = 0; i < host->rule_count; i++) {
        struct route__rule *rule = &host->rules[i];
        if (rule->model->path_match == MODEL_PATH_PREFIX)
            prefix_add(host, rule);
        if (rule->model->path_match == MODEL_PATH_REGEX) {
            rule->other = (struct route__entry){rule, regexes};
            regexes = &rule->other;
        }
    }
    return regexes;
}

/* What is tried after the rules of a path as a whole is what would be without them. */
static void wholes_settle(struct route_host *host)
{
    struct map_cursor at = {0};
    for (struct route__entry *entries = map_next(host->exact, &at); entries != NULL;
         entries = map_next(host->exact, &at)) {
        struct route__entry *rest = route__tree_find(host->prefixes, at.key);
        struct route__entry *first = route__entries_settle(entries, rest);
        if (first != entries)
            (void)map_set(host->exact, at.key, first); /* it replaces `entries` */
    }
}

enum err route__host_build(struct route_host *host, const struct route_host *previous,
                           struct err_info *reterr)
{
    struct err_info ignored;
    const struct builder builder = {host, previous, reterr != NULL ? reterr : &ignored};
    enum err code = rules_make(&builder);
    if (code != ERR_OK)
        return code;
    struct route__entry *regexes = rules_add(host);
    route__tree_settle(host->prefixes, route__entries_settle(regexes, NULL));
    wholes_settle(host);
    return ERR_OK;
}
