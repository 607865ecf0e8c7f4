/* Stage 6: where a rule sends requests, and copies of them. */
#include "control/compile/plan.h"

static struct compile__plan_backend plan_backend(const struct compile__rule *rule,
                                                 const struct api_backend *spec, size_t index)
{
    return (struct compile__plan_backend){
        .destination = spec->tags,
        .service = *api_tags_find(spec->tags, STR("kuma.io/service")),
        .weight = spec->weight,
        .index = index,
        .set_name = api_tags_key(rule->run->arena, rule->route->key.mesh, spec->tags),
    };
}

/* Adds a back end, or moves its weight to one that is the same: the last weight wins. */
static void add_backend(const struct compile__rule *rule, size_t index)
{
    const struct api_backend *spec = &rule->spec->backends[index];
    struct compile__plan_rule *made = rule->made;
    for (size_t i = 0; i < made->backend_count; i++) {
        if (!api_tags_equal(made->destinations[i].destination, spec->tags))
            continue;
        (void)compile__find(rule->run, FINDING_WARNING, rule->route, spec->mark,
                            compile__rule_field(rule, "backends", index, ""),
                            "this destination is there before; the last weight, %u, counts",
                            (unsigned)spec->weight);
        made->destinations[i].weight = spec->weight;
        return;
    }
    made->destinations[made->backend_count++] = plan_backend(rule, spec, index);
}

/* Decoding has said so, unless it is only so since equal destinations became one. */
static bool has_share(struct compile__rule *rule)
{
    const struct compile__plan_rule *made = rule->made;
    uint64_t sum = 0;
    for (size_t i = 0; i < made->backend_count; i++)
        sum += made->destinations[i].weight;
    if (sum > 0)
        return true;
    compile__rule_refuse(
        rule, STR("every backend of the rule has weight 0"),
        compile__find(rule->run, FINDING_ERROR, rule->route, rule->spec->mark,
                      str_format(rule->run->arena, "conf.http.rules[%zu].backends", rule->index),
                      "every backend has weight 0 (the default), so there is none to choose; the "
                      "rule answers 500; give at least one backend a weight"));
    return false;
}

static void add_mirror(struct compile__rule *rule, size_t filter)
{
    const struct api_mirror *mirror = &rule->spec->filters[filter].mirror;
    struct compile__plan_rule *made = rule->made;
    if (mirror->ppm == 0)
        return; /* off */
    struct compile__plan_backend *last = &made->destinations[made->destination_count++];
    *last = plan_backend(rule, &mirror->destination, filter);
    last->is_mirror = true;
    made->rule.mirror.ppm = mirror->ppm;
}

void compile__plan_destinations(struct compile__rule *rule, size_t mirror)
{
    const struct api_route_rule *spec = rule->spec;
    struct compile__plan_rule *made = rule->made;
    made->destinations = ARENA_NEW_ARRAY(rule->run->arena, struct compile__plan_backend,
                                         spec->backend_count + 1);
    for (size_t i = 0; i < spec->backend_count; i++)
        add_backend(rule, i);
    if (made->backend_count == 1)
        made->destinations[0].weight = 1; /* a single one takes all, whatever its weight */
    if (!has_share(rule))
        return;
    made->destination_count = made->backend_count;
    if (mirror != SIZE_MAX)
        add_mirror(rule, mirror);
}
