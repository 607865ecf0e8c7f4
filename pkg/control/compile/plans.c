/* Stage 6, first half: what each rule of a route does, whatever virtual host it is in. It depends
 * on the route object alone, so it is remembered as long as that is there. */
#include "control/compile/plan.h"

/* A rule with a match and a back end. */
#define PLAN_CHUNK_SIZE ((size_t)368)

/* Each match of a rule carries all that the rule does, so that a long text and many matches in one
 * object of 1.5 MiB could multiply into gigabytes. */
#define ACTIONS_SIZE_MAX ((size_t)8 * 1024 * 1024)

struct str compile__match_field(const struct compile__rule *rule, size_t index, const char *member)
{
    struct arena *arena = rule->run->arena;
    return str_format(arena, "%.*s.matches[%zu]%s", STR_ARG(compile__spec_field(arena, rule->spec)),
                      index, member);
}

struct str compile__filter_field(const struct compile__rule *rule, size_t index, const char *member)
{
    struct arena *arena = rule->run->arena;
    return str_format(arena, "%.*s.filters[%zu]%s", STR_ARG(compile__spec_inner(arena, rule->spec)),
                      index, member);
}

struct str compile__backend_field(const struct compile__rule *rule, size_t index)
{
    struct arena *arena = rule->run->arena;
    return str_format(arena, "%.*s.%s[%zu]", STR_ARG(compile__spec_inner(arena, rule->spec)),
                      rule->spec->words->backends, index);
}

void compile__rule_deny(const struct compile__rule *rule, struct str reason, struct str text)
{
    compile__deny(&rule->plan->accepted, reason, text);
}

void compile__rule_refuse(struct compile__rule *rule, struct str why, struct str text)
{
    compile__rule_deny(rule, STR("UnsupportedValue"), text);
    if (rule->refusal.size == 0)
        rule->refusal = why;
}

struct str compile__plan_field(struct arena *arena, const struct compile__plan *plan, size_t rule)
{
    const struct compile__spec spec = compile__spec_of(plan->route, rule);
    return compile__spec_field(arena, &spec);
}

/* A destination without a service has been reported when it was decoded. */
static bool has_services(const struct compile__spec *spec)
{
    for (size_t i = 0; i < spec->backend_count && spec->backends != NULL; i++) {
        if (api_tags_find(spec->backends[i].tags, STR("kuma.io/service")) == NULL)
            return false;
    }
    return true;
}

/* What a MeshHTTPRoute leaves out, one that is weaker may say. */
static bool lacks_backends(const struct compile__rule *rule)
{
    return !rule->spec->has_item && rule->spec->backend_count == 0 &&
           rule->does.redirect.status == 0;
}

/* Decoding has said what is wrong with the rule. */
static void refuse_broken(struct compile__rule *rule)
{
    struct str field = compile__spec_field(rule->run->arena, rule->spec);
    compile__rule_deny(rule, STR("Invalid"),
                       compile__decoding_error(rule->run->texts, rule->route, field));
    rule->refusal = STR("the rule is not valid");
}

static void plan_action(struct compile__rule *rule)
{
    rule->does.action = MODEL_FORWARD;
    if (rule->spec->broken) {
        refuse_broken(rule);
        return;
    }
    size_t mirror = compile__plan_filters(rule);
    rule->made->has_filters = rule->spec->filter_count > 0;
    rule->made->has_backends = rule->spec->backend_count > 0;
    if (rule->refusal.size > 0)
        return;
    if (lacks_backends(rule) || !has_services(rule->spec))
        rule->refusal = STR("the rule has no backend");
    else
        compile__plan_destinations(rule, mirror);
}

/* ---- How much it is ---- */

static size_t change_size(const struct model_header_change *change)
{
    size_t size = 0;
    for (size_t i = 0; i < change->set_count; i++)
        size += change->set[i].name.size + change->set[i].value.size;
    for (size_t i = 0; i < change->add_count; i++)
        size += change->add[i].name.size + change->add[i].value.size;
    for (size_t i = 0; i < change->remove.count; i++)
        size += change->remove.items[i].size;
    return size;
}

/* The texts of what a rule does. */
static size_t action_size(const struct compile__rule *rule)
{
    const struct model_rule *does = &rule->does;
    size_t size = does->redirect.host.size + does->redirect.scheme.size +
                  does->redirect.path.value.size + does->rewrite.host.size +
                  does->rewrite.path.value.size + change_size(&does->request_headers) +
                  change_size(&does->response_headers);
    for (size_t i = 0; i < rule->made->destination_count; i++)
        size += rule->made->destinations[i].service.size + COMPILE__IDENTITY_SIZE;
    return size;
}

static void limit_size(struct compile__rule *rule)
{
    size_t size = action_size(rule) * rule->made->match_count;
    rule->plan->actions_size += size;
    if (rule->plan->actions_size <= ACTIONS_SIZE_MAX)
        return;
    rule->plan->actions_size -= size;
    compile__rule_refuse(
        rule, STR("the rule is too large"),
        compile__find(rule->run, FINDING_ERROR, rule->route, rule->spec->mark,
                      compile__spec_field(rule->run->arena, rule->spec),
                      "what the rules of a route do is at most %zu bytes, counted once for each "
                      "match; the rule answers 500; give it fewer matches or shorter texts",
                      ACTIONS_SIZE_MAX));
}

/* ---- The plan ---- */

/* What is not what its author wrote answers, and reaches no back end. */
static void answer_refusal(struct compile__rule *rule)
{
    rule->does = (struct model_rule){
        .action = MODEL_RESPOND,
        .status = 500,
        .reason = rule->refusal,
    };
    rule->made->destination_count = 0;
    rule->made->backend_count = 0;
}

/* An item of a MeshHTTPRoute or MeshTCPRoute that decoding has refused. */
static void deny_broken_item(struct compile__run *run, struct compile__plan *plan)
{
    const struct api_object *route = plan->route;
    size_t item = SIZE_MAX;
    if (route->key.kind != API_MESH_GATEWAY_ROUTE)
        item = compile__broken_item(route);
    if (item != SIZE_MAX)
        compile__deny(&plan->accepted, STR("Invalid"),
                      compile__decoding_error(run->texts, route,
                                              str_format(run->arena, "spec.to[%zu]", item)));
}

/* Of a MeshTCPRoute one item says where connections go: the first that is for gateways. */
static bool comes_first(const struct compile__rule *rule, size_t index, size_t *first)
{
    if (*first == SIZE_MAX)
        *first = index;
    else
        (void)compile__find(rule->run, FINDING_WARNING, rule->route, rule->spec->mark,
                            compile__spec_field(rule->run->arena, rule->spec),
                            "has no effect: a connection says nothing by which to choose, and "
                            "%.*s comes first",
                            STR_ARG(compile__plan_field(rule->run->arena, rule->plan, *first)));
    return *first == index;
}

/* What most rules do: nothing but to forward. */
static const struct model_rule forwards = {.action = MODEL_FORWARD};

static const struct model_rule *keep(struct arena *arena, const struct compile__rule *rule)
{
    if (rule->does.action == MODEL_FORWARD && !rule->made->has_filters)
        return &forwards;
    struct model_rule *copy = ARENA_NEW(arena, struct model_rule);
    *copy = rule->does;
    return copy;
}

static void fill(struct compile__run *run, struct compile__plan *plan)
{
    plan->rule_count = compile__spec_count(plan->route);
    plan->rules = ARENA_NEW_ARRAY(run->arena, struct compile__plan_rule, plan->rule_count);
    deny_broken_item(run, plan);
    size_t first_tcp = SIZE_MAX;
    for (size_t i = 0; i < plan->rule_count; i++) {
        const struct compile__spec spec = compile__spec_of(plan->route, i);
        struct compile__rule rule = {
            .run = run,
            .plan = plan,
            .route = plan->route,
            .spec = &spec,
            .made = &plan->rules[i],
        };
        rule.made->serial = ++run->memory->rule_serial;
        rule.made->rule = &forwards;
        if (spec.is_for_sidecars)
            continue;
        if (spec.is_tcp && spec.has_item && !comes_first(&rule, i, &first_tcp))
            continue;
        if (!spec.is_tcp)
            compile__plan_matches(&rule);
        plan_action(&rule);
        limit_size(&rule);
        if (rule.refusal.size > 0)
            answer_refusal(&rule);
        rule.made->rule = keep(run->arena, &rule);
        plan->match_count += rule.made->match_count;
    }
}

/* As a run of its own, whose findings and memory are the plan's. */
static struct compile__plan *make_plan(struct compile__run *run, const struct api_object *route)
{
    struct compile__plan *plan = MEM_NEW(struct compile__plan);
    plan->references = 1;
    plan->route = api_object_ref(route);
    plan->arena = arena_new(PLAN_CHUNK_SIZE);
    plan->findings = finding_list_new();
    plan->accepted = compile__accepted();
    struct compile__run inner = *run;
    inner.arena = plan->arena;
    inner.texts = plan->arena;
    inner.findings = plan->findings;
    fill(&inner, plan);
    if (finding_count(plan->findings) == 0)
        plan->findings = finding_list_free(plan->findings);
    run->memory->counts.routes++;
    return plan;
}

struct compile__plan *compile__plan_of(struct compile__run *run, struct compile__route *route)
{
    if (route->plan != NULL)
        return route->plan;
    struct compile__plan *plan = route->known != NULL ? compile__plan_ref(route->known)
                                                      : make_plan(run, route->object);
    route->plan = plan;
    VEC_PUSH(&run->draft->plans, plan);
    if (plan->findings != NULL)
        finding_add_all(run->findings, plan->findings);
    return plan;
}
