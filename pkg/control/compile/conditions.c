/* Conditions of the report, and where their texts come from. */
#include "control/compile/spec.h"
#include "control/compile/stages.h"

struct compile_condition compile__accepted(void)
{
    return (struct compile_condition){true, STR("Accepted"), STR_EMPTY};
}

struct compile_condition compile__resolved(void)
{
    return (struct compile_condition){true, STR("ResolvedRefs"), STR_EMPTY};
}

struct compile_condition compile__unconflicted(void)
{
    return (struct compile_condition){true, STR("NoConflicts"), STR_EMPTY};
}

void compile__deny(struct compile_condition *condition, struct str reason, struct str message)
{
    if (condition->ok)
        *condition = (struct compile_condition){false, reason, message};
}

struct str compile__no_usable_listener(struct arena *arena, const struct api_object *route)
{
    return str_format(
        arena,
        "%.*s: attaches only to listeners that are not served; their MeshGateway says "
        "why",
        STR_ARG(compile__words_of(route->key.kind)->attaches));
}

struct str compile__no_hostname(struct arena *arena, const struct api_object *route,
                                const struct api_object *gateway)
{
    struct str names = compile__hostnames_near(arena, route, gateway);
    return str_format(arena,
                      "%.*s: no listener that the route attaches to serves one of its host names; "
                      "its listeners of MeshGateway %.*s are for %.*s",
                      STR_ARG(compile__words_of(route->key.kind)->hostnames),
                      STR_ARG(gateway->key.name), STR_ARG(names));
}

void compile__add_summary(struct compile_route_report *route,
                          const struct compile_parent_report *parent)
{
    if (route->accepted.reason.size == 0 || (parent->accepted.ok && !route->accepted.ok))
        route->accepted = parent->accepted;
    if (!parent->resolved_refs.ok)
        compile__deny(&route->resolved_refs, parent->resolved_refs.reason,
                      parent->resolved_refs.message);
    route->is_attached = route->is_attached || parent->attached_listeners > 0;
}

static void merge_parent(struct compile_parent_report *into,
                         const struct compile_parent_report *parent)
{
    into->attached_listeners = MAX(into->attached_listeners, parent->attached_listeners);
    if (parent->accepted.ok)
        into->accepted = parent->accepted;
    if (!parent->resolved_refs.ok)
        compile__deny(&into->resolved_refs, parent->resolved_refs.reason,
                      parent->resolved_refs.message);
}

void compile__add_parent(struct compile_route_report *route, struct compile_parent_report *parents,
                         const struct compile_parent_report *parent)
{
    compile__add_summary(route, parent);
    size_t i = 0;
    while (i < route->parent_count && parents[i].gateway != parent->gateway)
        i++;
    if (i < route->parent_count)
        merge_parent(&parents[i], parent);
    else if (i < COMPILE_PARENTS_MAX)
        parents[route->parent_count++] = *parent;
    else
        route->has_more_parents = true;
}

/* "conf.listeners[1].port" is below "conf.listeners[1]", "conf.listeners[10]" is not. */
static bool is_below(struct str field, struct str outer)
{
    if (!str_starts_with(field, outer))
        return false;
    return outer.size == 0 || field.size == outer.size || field.data[outer.size] == '.' ||
           field.data[outer.size] == '[';
}

struct str compile__decoding_error(struct arena *arena, const struct api_object *object,
                                   struct str field)
{
    for (size_t i = 0; i < finding_count(object->findings); i++) {
        const struct finding *finding = finding_get(object->findings, i);
        if (finding->severity != FINDING_ERROR || !is_below(finding->field, field))
            continue;
        return finding->field.size == 0 ? str_dup(arena, finding->message)
                                        : str_format(arena, "%.*s: %.*s", STR_ARG(finding->field),
                                                     STR_ARG(finding->message));
    }
    return STR_EMPTY;
}
