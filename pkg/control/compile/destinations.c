/* Stage 6: where a rule sends requests, and copies of them. */
#include "control/compile/plan.h"
#include "control/select/select.h"

/* ---- One destination ---- */

static struct compile__plan_backend of_tags(const struct compile__rule *rule, struct api_tags tags)
{
    return (struct compile__plan_backend){
        .destination = tags,
        .service = *api_tags_find(tags, STR("kuma.io/service")),
        .set = compile__plan_set(rule->run->memory, rule->plan,
                                 api_tags_key(rule->run->arena, rule->route->key.mesh, tags)),
    };
}

/* A name of old is that of a service. */
static struct compile__plan_backend of_service(const struct compile__rule *rule,
                                               const struct api_target_ref *target)
{
    struct arena *arena = rule->run->arena;
    struct api_tag *service = ARENA_NEW(arena, struct api_tag);
    *service = (struct api_tag){STR("kuma.io/service"), target->name};
    return of_tags(rule, select_overlay(arena, target->tags, (struct api_tags){service, 1}));
}

static struct compile__plan_backend of_object(const struct compile__rule *rule,
                                              const struct api_backend_ref *spec)
{
    struct arena *arena = rule->run->arena;
    struct discovery_reference *reference = ARENA_NEW(arena, struct discovery_reference);
    *reference = discovery_reference_of(rule->route, spec);
    return (struct compile__plan_backend){
        .reference = reference,
        .service = discovery_reference_service(arena, reference),
        .set = compile__plan_set(rule->run->memory, rule->plan,
                                 discovery_reference_key(arena, rule->route->key.mesh, reference)),
    };
}

static struct compile__plan_backend of_reference(const struct compile__rule *rule,
                                                 const struct api_backend_ref *spec)
{
    return discovery_reference_is_object(spec) ? of_object(rule, spec)
                                               : of_service(rule, &spec->target);
}

/* ---- Back ends ---- */

static struct compile__plan_backend plan_backend(const struct compile__rule *rule, size_t index)
{
    const struct compile__spec *spec = rule->spec;
    struct compile__plan_backend backend = spec->backends != NULL
                                               ? of_tags(rule, spec->backends[index].tags)
                                               : of_reference(rule, &spec->references[index]);
    backend.weight = spec->backends != NULL ? spec->backends[index].weight
                                            : spec->references[index].weight;
    backend.index = index;
    return backend;
}

/* Without a port it names no object, which has no namespace either. */
static void warn_of_namespace(const struct compile__rule *rule, size_t index)
{
    const struct compile__spec *spec = rule->spec;
    if (spec->references == NULL || spec->references[index].target.namespace.size == 0 ||
        discovery_reference_is_object(&spec->references[index]))
        return;
    struct str name = spec->references[index].target.name;
    (void)compile__find(rule->run, FINDING_WARNING, rule->route, compile__spec_mark(spec, index),
                        str_format(rule->run->arena, "%.*s.namespace",
                                   STR_ARG(compile__backend_field(rule, index))),
                        "has no effect: without port, \"%.*s\" is the service of a tag "
                        "kuma.io/service; write the port of the MeshService",
                        STR_ARG(name));
}

/* Adds a back end, or moves its weight to one that is the same: the last weight wins. */
static void add_backend(const struct compile__rule *rule, size_t index)
{
    struct compile__plan_rule *made = rule->made;
    struct compile__plan_backend backend = plan_backend(rule, index);
    warn_of_namespace(rule, index);
    for (size_t i = 0; i < made->backend_count; i++) {
        if (made->destinations[i].set != backend.set)
            continue;
        (void)compile__find(rule->run, FINDING_WARNING, rule->route,
                            compile__spec_mark(rule->spec, index),
                            compile__backend_field(rule, index),
                            "this destination is there before; the last weight, %u, counts",
                            (unsigned)backend.weight);
        made->destinations[i].weight = backend.weight;
        return;
    }
    made->destinations[made->backend_count++] = backend;
}

/* Decoding has said so, unless it is only so since equal destinations became one. */
static bool has_share(struct compile__rule *rule)
{
    const struct compile__plan_rule *made = rule->made;
    const struct compile__words *words = rule->spec->words;
    uint64_t sum = 0;
    for (size_t i = 0; i < made->backend_count; i++)
        sum += made->destinations[i].weight;
    if (sum > 0 || made->backend_count == 0 || rule->spec->is_tcp)
        return true; /* of connections the back ends of all rules are one set: tcp.c */
    compile__rule_refuse(
        rule, STR("every backend of the rule has weight 0"),
        compile__find(rule->run, FINDING_ERROR, rule->route, rule->spec->mark,
                      str_format(rule->run->arena, "%.*s.%s",
                                 STR_ARG(compile__spec_inner(rule->run->arena, rule->spec)),
                                 words->backends),
                      "every backend has weight 0%s, so there is none to choose; the rule answers "
                      "500; give at least one backend a weight",
                      words->zero_weight));
    return false;
}

static void add_mirror(struct compile__rule *rule, size_t filter)
{
    const struct api_mirror *mirror = &rule->spec->filters[filter].mirror;
    struct compile__plan_rule *made = rule->made;
    if (mirror->ppm == 0)
        return; /* off */
    struct compile__plan_backend *last = &made->destinations[made->destination_count++];
    *last = rule->spec->has_item ? of_reference(rule, &mirror->backend)
                                 : of_tags(rule, mirror->destination.tags);
    last->index = filter;
    last->is_mirror = true;
    rule->does.mirror.ppm = mirror->ppm;
}

void compile__plan_destinations(struct compile__rule *rule, size_t mirror)
{
    const struct compile__spec *spec = rule->spec;
    struct compile__plan_rule *made = rule->made;
    made->destinations = ARENA_NEW_ARRAY(rule->run->arena, struct compile__plan_backend,
                                         spec->backend_count + (mirror != SIZE_MAX ? 1 : 0));
    for (size_t i = 0; i < spec->backend_count; i++)
        add_backend(rule, i);
    if (made->backend_count == 1 && !spec->is_tcp)
        made->destinations[0].weight = 1; /* a single one takes all, whatever its weight */
    if (!has_share(rule))
        return;
    made->destination_count = made->backend_count;
    if (mirror != SIZE_MAX)
        add_mirror(rule, mirror);
}
