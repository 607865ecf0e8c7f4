/* What is said of MeshHTTPRoutes and MeshTCPRoutes that no listener takes. */
#include "control/compile/review.h"
#include "control/compile/spec.h"

/* Whether it can only mean gateways. */
static bool aims_at_gateway(struct compile__bindings bindings, const struct api_target_ref *target)
{
    if (target->kind == API_TARGET_MESH_GATEWAY || target->proxy_types == API_PROXY_GATEWAY)
        return true;
    if (target->kind == API_TARGET_MESH)
        return false;
    for (size_t i = 0; i < bindings.count; i++) {
        const struct compile__binding *binding = &bindings.items[i];
        if (compile__target_selects(target, binding->gateway, binding->dataplane->tags))
            return true;
    }
    return false;
}

static struct str broken_item(struct arena *arena, const struct api_object *route)
{
    size_t item = compile__broken_item(route);
    if (item == SIZE_MAX)
        return STR_EMPTY;
    return compile__decoding_error(arena, route, str_format(arena, "spec.to[%zu]", item));
}

/* Adds a finding where its author may wonder. */
static void deny(struct arena *arena, struct finding_list *findings, struct str field,
                 struct str message, struct compile_route_report *report)
{
    const struct api_object *route = report->route;
    struct finding_subject subject = api_subject(route);
    if (findings != NULL)
        finding_add(findings, FINDING_WARNING, &subject, compile__target_of(route)->mark, field,
                    "%.*s", STR_ARG(message));
    compile__deny(&report->accepted, STR("NoMatchingParent"),
                  str_format(arena, "%.*s: %.*s", STR_ARG(field), STR_ARG(message)));
}

static struct str orphan(struct arena *arena, const struct cache *cache,
                         struct compile__bindings bindings, const struct api_object *route)
{
    struct str nearest = compile__nearest(arena, cache, bindings, route);
    return str_format(arena,
                      "attaches to no listener%s: no MeshGateway that is served has this %s%.*s",
                      compile__is_tcp(route) ? " for TCP or TLS" : "",
                      compile__is_tcp(route) ? "name and such listeners with these tags"
                                             : "name and listeners with these tags",
                      STR_ARG(nearest));
}

void compile__review_policy(struct arena *arena, struct finding_list *findings,
                            const struct cache *cache, struct compile__bindings bindings,
                            bool knows_gateways, struct compile_route_report *report)
{
    const struct api_object *route = report->route;
    struct str error = broken_item(arena, route);
    if (route->is_shadow)
        compile__deny(&report->accepted, STR("Shadow"),
                      STR("kuma.io/effect is shadow: it has no effect"));
    else if (error.size > 0)
        compile__deny(&report->accepted, STR("Invalid"), error);
    else if (!compile__has_served_item(route))
        deny(arena, aims_at_gateway(bindings, compile__target_of(route)) ? findings : NULL,
             STR("spec.to"),
             STR("has no rules for gateways, which take those of a targetRef of kind Mesh below a "
                 "targetRef of kind MeshGateway; others are for sidecars"),
             report);
    else if (knows_gateways)
        deny(arena, findings, STR("spec.targetRef"), orphan(arena, cache, bindings, route), report);
}
