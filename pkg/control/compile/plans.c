/* Stage 6, first half: what each rule of a route does, whatever virtual host it is in. It depends
 * on the route object alone, so it is remembered as long as that is there. */
#include "control/compile/stages.h"

/* A rule or two. */
#define PLAN_CHUNK_SIZE ((size_t)512)

struct rule_place {
    struct compile__run *run; /* whose arena and findings are the plan's meanwhile */
    struct compile__plan *plan;
    const struct api_object *route;
    const struct api_route_rule *spec;
    size_t index;
};

static struct str field_of(const struct rule_place *rule, const char *list, size_t index,
                           const char *member)
{
    return str_format(rule->run->arena, "conf.http.rules[%zu].%s[%zu]%s", rule->index, list, index,
                      member);
}

/* The route is not served as it is written. */
static void deny(const struct rule_place *rule, struct str reason, struct str text)
{
    compile__deny(&rule->plan->accepted, reason, text);
}

/* The first criterion of a match that is not served, or NULL. */
static const char *unserved(const struct api_route_match *match)
{
    if (match->has_path && match->path_match == API_PATH_REGEX)
        return ".path.match";
    if (match->method.size > 0)
        return ".method";
    if (match->header_count > 0)
        return ".headers";
    if (match->query_parameter_count > 0)
        return ".queryParameters";
    return NULL;
}

/* Of whole segments: "/foo/" is the same prefix as "/foo". */
static struct str prefix_of(struct str path)
{
    while (path.size > 1 && path.data[path.size - 1] == '/')
        path.size--;
    return path;
}

static struct compile__plan_match plan_match(struct arena *arena,
                                             const struct api_route_match *match, size_t index)
{
    struct compile__plan_match plan = {
        .match = MODEL_PATH_PREFIX,
        .path = STR("/"), /* no path is any path */
        .index = index,
        .mark = match->mark,
    };
    if (match->has_path && match->path_match == API_PATH_EXACT) {
        plan.match = MODEL_PATH_EXACT;
        plan.path = match->path;
    } else if (match->has_path) {
        plan.path = prefix_of(match->path);
    }
    plan.key = str_format(arena, "%c%.*s", plan.match == MODEL_PATH_EXACT ? '=' : '^',
                          STR_ARG(plan.path));
    return plan;
}

/* A match that cannot be expressed is left out: serving more than it says would be worse. */
static void plan_matches(const struct rule_place *rule, struct compile__plan_rule *plan)
{
    const struct api_route_rule *spec = rule->spec;
    struct compile__plan_match *matches = ARENA_NEW_ARRAY(
        rule->run->arena, struct compile__plan_match, spec->match_count);
    for (size_t i = 0; i < spec->match_count; i++) {
        const struct api_route_match *match = &spec->matches[i];
        const char *member = unserved(match);
        bool is_usable = !match->has_path || str_starts_with(match->path, STR("/"));
        if (member != NULL)
            deny(rule, STR("UnsupportedValue"),
                 compile__find(
                     rule->run, FINDING_ERROR, rule->route, match->mark,
                     field_of(rule, "matches", i, member),
                     "only EXACT and PREFIX paths are served yet; this match is left out"));
        else if (is_usable) /* else decoding has said what is wrong */
            matches[plan->match_count++] = plan_match(rule->run->arena, match, i);
    }
    plan->matches = matches;
}

/* Adds a back end, or moves its weight to one that is the same: the last weight wins. */
static void plan_backend(const struct rule_place *rule, size_t index,
                         struct compile__plan_backend *backends, size_t *count)
{
    const struct api_backend *spec = &rule->spec->backends[index];
    for (size_t i = 0; i < *count; i++) {
        if (!api_tags_equal(backends[i].destination, spec->tags))
            continue;
        (void)compile__find(rule->run, FINDING_WARNING, rule->route, spec->mark,
                            field_of(rule, "backends", index, ""),
                            "this destination is there before; the last weight, %u, counts",
                            (unsigned)spec->weight);
        backends[i].weight = spec->weight;
        return;
    }
    backends[(*count)++] = (struct compile__plan_backend){
        .destination = spec->tags,
        .service = *api_tags_find(spec->tags, STR("kuma.io/service")),
        .weight = spec->weight,
        .index = index,
        .set_name = api_tags_key(rule->run->arena, rule->route->key.mesh, spec->tags),
    };
}

static void plan_backends(const struct rule_place *rule, struct compile__plan_rule *plan)
{
    const struct api_route_rule *spec = rule->spec;
    struct compile__plan_backend *backends = ARENA_NEW_ARRAY(
        rule->run->arena, struct compile__plan_backend, spec->backend_count);
    size_t count = 0;
    for (size_t i = 0; i < spec->backend_count; i++)
        plan_backend(rule, i, backends, &count);

    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += backends[i].weight;
    if (count == 1)
        backends[0].weight = 1; /* a single one takes all, whatever its weight */
    if (count > 1 && sum == 0) {
        plan->refusal = STR("every backend of the rule has weight 0");
        deny(rule, STR("UnsupportedValue"),
             compile__find(
                 rule->run, FINDING_ERROR, rule->route, spec->mark,
                 str_format(rule->run->arena, "conf.http.rules[%zu].backends", rule->index),
                 "every backend has weight 0 (the default), so there is none to choose; the "
                 "rule answers 500; give at least one backend a weight"));
        return;
    }
    plan->backends = backends;
    plan->backend_count = count;
}

/* A destination without a service has been reported when it was decoded. */
static bool has_services(const struct api_route_rule *spec)
{
    for (size_t i = 0; i < spec->backend_count; i++) {
        if (api_tags_find(spec->backends[i].tags, STR("kuma.io/service")) == NULL)
            return false;
    }
    return spec->backend_count > 0;
}

/* Decoding has said what is wrong with the rule. */
static void deny_broken(const struct rule_place *rule)
{
    struct str field = str_format(rule->run->arena, "conf.http.rules[%zu]", rule->index);
    deny(rule, STR("Invalid"), compile__decoding_error(rule->run->texts, rule->route, field));
}

static void plan_action(const struct rule_place *rule, struct compile__plan_rule *plan)
{
    const struct api_route_rule *spec = rule->spec;
    for (size_t i = 0; i < spec->filter_count; i++)
        deny(rule, STR("UnsupportedValue"),
             compile__find(rule->run, FINDING_ERROR, rule->route, spec->filters[i].mark,
                           field_of(rule, "filters", i, ""),
                           "filters are not served yet; the rule answers 500"));
    if (spec->broken) {
        deny_broken(rule);
        plan->refusal = STR("the rule is not valid");
    } else if (spec->filter_count > 0) {
        plan->refusal = STR("the rule uses filters, which are not served yet");
    } else if (!has_services(spec)) {
        plan->refusal = STR("the rule has no backend");
    } else {
        plan_backends(rule, plan);
    }
}

static void fill(struct compile__run *run, struct compile__plan *plan)
{
    const struct api_mesh_gateway_route *spec = plan->route->mesh_gateway_route;
    plan->rules = ARENA_NEW_ARRAY(run->arena, struct compile__plan_rule, spec->rule_count);
    for (size_t i = 0; i < spec->rule_count; i++) {
        struct rule_place rule = {run, plan, plan->route, &spec->rules[i], i};
        plan_matches(&rule, &plan->rules[i]);
        plan_action(&rule, &plan->rules[i]);
        plan->match_count += plan->rules[i].match_count;
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
    run->memory->counts.routes++;
    return plan;
}

struct compile__plan *compile__plan_of(struct compile__run *run, struct compile__route *route)
{
    if (route->plan != NULL)
        return route->plan;
    struct compile__plan *plan = compile__plan_recall(run->memory, route->object);
    if (plan == NULL) {
        plan = make_plan(run, route->object);
        compile__plan_remember(run->memory, plan);
    }
    plan->age = run->memory->age;
    route->plan = plan;
    VEC_PUSH(&run->draft->plans, compile__plan_ref(plan));
    finding_add_all(run->findings, plan->findings);
    return plan;
}
