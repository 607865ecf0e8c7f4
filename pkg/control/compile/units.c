/* Stage 6: what becomes one route of the model. A MeshGatewayRoute is one as it is. What
 * MeshHTTPRoutes say for one host name is merged: rules that ask for the same become one, which
 * belongs to the strongest route and takes from weaker ones what it does not say itself. */
#include "control/compile/hostnames.h"
#include "control/compile/spec.h"
#include "control/compile/stages.h"

struct compile__parts compile__parts_of(const struct compile__unit *unit, size_t index)
{
    if (unit->parts != NULL)
        return unit->parts[index];
    const struct compile__plan_rule *rule = &unit->plan->rules[index];
    return (struct compile__parts){rule, rule, rule, index};
}

struct compile__unit compile__unit_of(const struct compile__scope *scope,
                                      struct compile__route *route)
{
    return (struct compile__unit){
        .route = route,
        .plan = route->plan,
        .count = route->plan->rule_count,
        .match_count = route->plan->match_count,
        .identity = scope->identity,
    };
}

/* ---- Merging ---- */

/* One group while it is merged. */
struct merge {
    struct compile__run *run;
    const struct compile__policies *policies;
    struct compile__group *group;
    struct compile__unit *unit; /* of the route at hand */
    struct map *rules;          /* by what they ask for: struct merged */
    struct buf key;
};

/* A rule that others may add to. */
struct merged {
    struct compile__parts *parts;
    const struct compile__plan *plan; /* whose it is */
};

static struct str key_of(struct merge *merge, const struct compile__plan_rule *rule)
{
    buf_clear(&merge->key);
    for (size_t i = 0; i < rule->match_count; i++) {
        buf_append_u64(&merge->key, rule->matches[i].key.size);
        buf_append_char(&merge->key, ' ');
        buf_append(&merge->key, rule->matches[i].key);
    }
    return buf_str(&merge->key);
}

static bool is_refused(const struct compile__plan_rule *rule)
{
    return rule->rule->action == MODEL_RESPOND;
}

static void warn_of_useless(const struct merge *merge, const struct compile__plan *plan,
                            size_t index, const struct merged *stronger)
{
    struct compile__run *run = merge->run;
    const struct compile__spec spec = compile__spec_of(plan->route, index);
    struct finding_subject other = api_subject(stronger->plan->route);
    (void)compile__find(
        run, FINDING_WARNING, plan->route, spec.mark, compile__plan_field(run->arena, plan, index),
        "has no effect for host name \"%.*s\": %.*s of %.*s %.*s asks for the same, "
        "is stronger and leaves nothing open",
        STR_ARG(merge->group->hostname),
        STR_ARG(compile__plan_field(run->arena, stronger->plan, stronger->parts->index)),
        STR_ARG(other.kind), STR_ARG(other.name));
}

/* Lists are taken as a whole. */
static void complement(const struct merge *merge, struct merged *into,
                       const struct compile__plan *plan, size_t index)
{
    const struct compile__plan_rule *rule = &plan->rules[index];
    struct compile__parts *parts = into->parts;
    bool is_open = !is_refused(parts->base) && !is_refused(rule);
    bool gives_filters = is_open && rule->has_filters && !parts->filters->has_filters;
    bool gives_backends = is_open && rule->has_backends && !parts->backends->has_backends;
    if (gives_filters)
        parts->filters = rule;
    if (gives_backends)
        parts->backends = rule;
    if (!gives_filters && !gives_backends && !is_refused(rule))
        warn_of_useless(merge, plan, index, into);
}

static void begin(const struct merge *merge, struct str key, size_t index)
{
    struct compile__unit *unit = merge->unit;
    const struct compile__plan_rule *rule = &unit->plan->rules[index];
    struct merged *merged = ARENA_NEW(merge->run->arena, struct merged);
    merged->parts = &unit->parts[unit->count++];
    *merged->parts = (struct compile__parts){rule, rule, rule, index};
    merged->plan = unit->plan;
    unit->match_count += rule->match_count;
    (void)map_set(merge->rules, key, merged); /* there was none */
}

static void merge_item(struct merge *merge, size_t item)
{
    const struct compile__plan *plan = merge->unit->plan;
    const struct api_mesh_http_route *route = plan->route->mesh_http_route;
    size_t first = 0;
    for (size_t i = 0; i < item; i++)
        first += route->to[i].rule_count;
    for (size_t i = first; i < first + route->to[item].rule_count; i++) {
        struct str key = key_of(merge, &plan->rules[i]);
        struct merged *known = map_get(merge->rules, key);
        if (plan->rules[i].match_count == 0)
            continue; /* nothing leads to it */
        if (known == NULL)
            begin(merge, key, i);
        else
            complement(merge, known, plan, i);
    }
}

/* ---- What is left open ---- */

static bool has_action(const struct compile__parts *parts)
{
    return is_refused(parts->base) || parts->backends->has_backends ||
           parts->filters->rule->redirect.status > 0;
}

static void refuse_empty(const struct merge *merge, const struct compile__unit *unit)
{
    struct compile__run *run = merge->run;
    for (size_t i = 0; i < unit->count; i++) {
        if (has_action(&unit->parts[i]))
            continue;
        const struct compile__spec spec = compile__spec_of(unit->plan->route, unit->parts[i].index);
        struct str text = compile__find(
            run, FINDING_ERROR, unit->plan->route, spec.mark,
            str_format(run->arena, "%.*s.backendRefs",
                       STR_ARG(compile__spec_inner(run->arena, &spec))),
            "is missing, the rule does not redirect, and no other MeshHTTPRoute says where its "
            "requests go: the rule answers 500; name a back end");
        if (unit->route->refusal.size == 0)
            unit->route->refusal = text;
    }
}

/* Tells what the rules were made of: planned ones by their numbers, and which back ends are there.
 */
static struct str inputs_of(struct merge *merge, const struct compile__unit *unit)
{
    struct buf *key = &merge->key;
    buf_clear(key);
    for (size_t i = 0; i < unit->count; i++) {
        const struct compile__parts *parts = &unit->parts[i];
        const uint64_t serials[] = {parts->base->serial, parts->filters->serial,
                                    parts->backends->serial};
        buf_append(key, str_make((const char *)serials, sizeof(serials)));
        for (size_t j = 0; j < parts->backends->destination_count; j++)
            buf_append_char(key, compile__backend_exists(merge->run, unit->plan->route->key.mesh,
                                                         &parts->backends->destinations[j])
                                     ? '+'
                                     : '-');
    }
    return str_dup(merge->run->arena, buf_str(key));
}

/* ---- A group ---- */

static size_t entry_count(const struct compile__group *group)
{
    size_t count = 0;
    for (const struct compile__entry *at = group->first; at != NULL; at = at->next)
        count++;
    return count;
}

static void begin_unit(struct merge *merge, struct compile__route *route)
{
    struct compile__group *group = merge->group;
    struct compile__plan *plan = compile__plan_of(merge->run, route);
    struct compile__unit *unit = &group->units[group->unit_count++];
    *unit = (struct compile__unit){
        .route = route,
        .plan = plan,
        .parts = ARENA_NEW_ARRAY(merge->run->arena, struct compile__parts, plan->rule_count),
        .identity = compile__policy_identity(merge->run->arena, merge->policies, group->hostname),
    };
    merge->unit = unit;
}

void compile__merge_group(struct compile__run *run, const struct compile__policies *policies,
                          struct compile__group *group)
{
    if (group->is_merged)
        return;
    group->is_merged = true;
    group->units = ARENA_NEW_ARRAY(run->arena, struct compile__unit, entry_count(group));
    struct merge merge = {.run = run, .policies = policies, .group = group, .rules = map_new()};
    buf_init(&merge.key, SIZE_MAX);
    for (const struct compile__entry *at = group->first; at != NULL; at = at->next) {
        if (merge.unit == NULL || merge.unit->route != at->route)
            begin_unit(&merge, at->route);
        merge_item(&merge, at->item);
    }
    for (size_t i = 0; i < group->unit_count; i++) {
        refuse_empty(&merge, &group->units[i]);
        group->units[i].inputs = inputs_of(&merge, &group->units[i]);
    }
    buf_deinit(&merge.key);
    merge.rules = map_free(merge.rules);
}
