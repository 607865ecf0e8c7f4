/* Which listener a route that attaches to none comes nearest to: what its author has to look at. */
#include "control/compile/review.h"
#include "control/compile/spec.h"
#include "control/select/select.h"
#include "core/base/spell.h"

/* Listeners, and names, beyond are not looked at: this is said of every route that attaches to
 * none. */
#define LOOKED_AT_MAX 64

/* Host names that a message has before it says that there are others. */
#define HOSTNAMES_MAX 4

struct view {
    struct arena *arena;
    const struct cache *cache;
    struct compile__bindings bindings; /* of the route's mesh */
    const struct api_object *route;
};

/* A listener, and what of a selector it lacks. */
struct candidate {
    const struct compile__binding *binding; /* NULL: there is none */
    const struct api_listener *listener;
    const struct api_tag *lacks; /* the first such tag, */
    size_t count;                /* and how many there are */
};

static struct compile__bindings bindings_of(struct compile__bindings all, struct str mesh)
{
    size_t low = 0;
    size_t high = all.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (str_compare(all.items[middle].dataplane->mesh, mesh) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    size_t end = low;
    while (end < all.count && str_equal(all.items[end].dataplane->mesh, mesh))
        end++;
    return (struct compile__bindings){all.items + low, end - low};
}

/* What the route asks of the tags of a listener; `area` is for one that has no selectors. */
static struct api_selectors selectors_of(const struct api_object *route, struct api_selector *area)
{
    if (route->key.kind == API_MESH_GATEWAY_ROUTE)
        return route->mesh_gateway_route->selectors;
    *area = (struct api_selector){.match = compile__target_of(route)->tags};
    return (struct api_selectors){area, 1};
}

/* The value that a tag of a listener has, as compile__scope_of overlays them, whatever the
 * dataplane; or NULL. */
static const struct str *own_value_of(const struct api_mesh_gateway *gateway,
                                      const struct api_listener *listener, struct str name)
{
    const struct str *value = api_tags_find(listener->tags, name);
    return value != NULL ? value : api_tags_find(gateway->tags, name);
}

/* The same with the tags of the dataplane. */
static const struct str *value_of(const struct candidate *at, struct str name)
{
    const struct str *value = own_value_of(at->binding->gateway->mesh_gateway, at->listener, name);
    return value != NULL ? value : api_tags_find(at->binding->dataplane->tags, name);
}

static bool takes(const struct api_tag *tag, struct str value)
{
    return str_equal(tag->value, STR("*")) || str_equal(tag->value, value);
}

static void compare(struct api_tags selector, struct candidate *at)
{
    at->count = 0;
    for (size_t i = selector.count; i-- > 0;) {
        const struct str *value = value_of(at, selector.items[i].name);
        if (value != NULL && takes(&selector.items[i], *value))
            continue;
        at->lacks = &selector.items[i];
        at->count++;
    }
}

/* Whether a listener is one that the route is for. */
static bool suits(const struct api_object *route, const struct api_listener *listener)
{
    return compile__is_of_connections(listener->protocol) == compile__is_tcp(route);
}

static void look_at(const struct candidate *at, const struct api_selectors *selectors,
                    struct candidate *nearest)
{
    for (size_t i = 0; i < selectors->count; i++) {
        struct candidate candidate = *at;
        compare(selectors->items[i].match, &candidate);
        if (nearest->binding == NULL || candidate.count < nearest->count)
            *nearest = candidate;
    }
}

/* `name`: of the gateway, where the route says it; or empty. */
static struct candidate find_nearest(const struct view *view, struct str name,
                                     const struct api_selectors *selectors)
{
    struct candidate nearest = {0};
    size_t left = LOOKED_AT_MAX;
    for (size_t i = 0; i < view->bindings.count && left > 0; i++) {
        const struct compile__binding *binding = &view->bindings.items[i];
        const struct api_mesh_gateway *gateway = binding->gateway->mesh_gateway;
        if (name.size > 0 && !str_equal(name, compile__display_name(binding->gateway)))
            continue;
        for (size_t j = 0; j < gateway->listener_count && left > 0; j++) {
            const struct candidate at = {.binding = binding, .listener = &gateway->listeners[j]};
            if (!suits(view->route, at.listener))
                continue;
            look_at(&at, selectors, &nearest);
            left--;
        }
    }
    return nearest;
}

static struct str describe(const struct view *view, const struct candidate *nearest)
{
    struct str name = nearest->lacks->name;
    const struct str *value = value_of(nearest, name);
    struct str is = value == NULL
                        ? str_format(view->arena, "has no tag %.*s", STR_ARG(name))
                        : str_format(view->arena, "has %.*s: %.*s and not %.*s", STR_ARG(name),
                                     STR_ARG(*value), STR_ARG(nearest->lacks->value));
    struct str more = nearest->count == 1
                          ? STR_EMPTY
                          : str_format(view->arena, " (%zu of the selector's tags differ)",
                                       nearest->count);
    return str_format(view->arena, "; the nearest, port %u of MeshGateway %.*s, %.*s%.*s",
                      (unsigned)nearest->listener->port,
                      STR_ARG(nearest->binding->gateway->key.name), STR_ARG(is), STR_ARG(more));
}

/* ---- Where there is no listener to compare with ---- */

static struct str without_gateway(const struct view *view)
{
    struct str mesh = view->route->key.mesh;
    if (cache_count(view->cache, API_MESH_GATEWAY, mesh) == 0)
        return str_format(view->arena,
                          "; mesh %.*s has no MeshGateway, and a route attaches to those of its "
                          "own mesh",
                          STR_ARG(mesh));
    if (view->bindings.count == 0)
        return str_format(view->arena,
                          "; no MeshGateway of mesh %.*s is served: their status says why",
                          STR_ARG(mesh));
    return STR_EMPTY;
}

static struct str not_there(const struct view *view, struct str name, const struct str *names,
                            size_t count)
{
    struct str hint = spell_hint(view->arena, spell_closest(name, names, count));
    return str_format(view->arena, "; mesh %.*s has no MeshGateway %.*s%.*s",
                      STR_ARG(view->route->key.mesh), STR_ARG(name), STR_ARG(hint));
}

/* The gateway that a targetRef names is not served, or is not there, or goes by another name. */
static struct str without_name(const struct view *view, struct str name)
{
    struct str names[LOOKED_AT_MAX];
    size_t count;
    const struct api_object *const *gateways = cache_list(view->cache, API_MESH_GATEWAY,
                                                          view->route->key.mesh, &count);
    count = MIN(count, LOOKED_AT_MAX);
    for (size_t i = 0; i < count; i++) {
        names[i] = compile__display_name(gateways[i]);
        if (str_equal(names[i], name))
            return str_format(
                view->arena,
                "; MeshGateway %.*s has no listener for %s that is served: its status "
                "says more",
                STR_ARG(gateways[i]->key.name),
                compile__is_tcp(view->route) ? "TCP or TLS" : "HTTP or HTTPS");
    }
    for (size_t i = 0; i < count; i++) {
        if (str_equal(gateways[i]->key.name, name))
            return str_format(view->arena,
                              "; MeshGateway %.*s has the kuma.io/display-name %.*s, and that is "
                              "what to name here",
                              STR_ARG(name), STR_ARG(names[i]));
    }
    return not_there(view, name, names, count);
}

/* The gateway that the route names; or empty. */
static struct str named_gateway(const struct api_object *route)
{
    if (route->key.kind == API_MESH_GATEWAY_ROUTE)
        return STR_EMPTY;
    const struct api_target_ref *target = compile__target_of(route);
    return target->kind == API_TARGET_MESH_GATEWAY ? target->name : STR_EMPTY;
}

struct str compile__nearest(struct arena *arena, const struct cache *cache,
                            struct compile__bindings bindings, const struct api_object *route)
{
    struct view view = {arena, cache, bindings_of(bindings, route->key.mesh), route};
    struct str reason = without_gateway(&view);
    if (reason.size > 0)
        return reason;
    struct api_selector area;
    struct api_selectors selectors = selectors_of(route, &area);
    struct str name = named_gateway(route);
    struct candidate nearest = find_nearest(&view, name, &selectors);
    if (nearest.binding == NULL && name.size > 0)
        return without_name(&view, name);
    return nearest.binding == NULL || nearest.count == 0 ? STR_EMPTY : describe(&view, &nearest);
}

/* ---- Host names ---- */

/* Whether a dataplane could have tags that make the selector match the listener. */
static bool could_match(struct api_tags selector, const struct api_mesh_gateway *gateway,
                        const struct api_listener *listener)
{
    for (size_t i = 0; i < selector.count; i++) {
        const struct str *value = own_value_of(gateway, listener, selector.items[i].name);
        if (value != NULL && !takes(&selector.items[i], *value))
            return false;
    }
    return true;
}

static bool could_attach(struct api_selectors selectors, const struct api_mesh_gateway *gateway,
                         const struct api_listener *listener)
{
    size_t i = 0;
    while (i < selectors.count && !could_match(selectors.items[i].match, gateway, listener))
        i++;
    return i < selectors.count;
}

struct str compile__hostnames_near(struct arena *arena, const struct api_object *route,
                                   const struct api_object *gateway)
{
    const struct api_mesh_gateway *spec = gateway->mesh_gateway;
    struct api_selector area;
    struct api_selectors selectors = selectors_of(route, &area);
    struct str names = STR_EMPTY;
    size_t count = 0;
    for (size_t i = 0; i < spec->listener_count; i++) {
        const struct api_listener *listener = &spec->listeners[i];
        if (!could_attach(selectors, spec, listener))
            continue;
        if (count++ == HOSTNAMES_MAX)
            return str_format(arena, "%.*s and others", STR_ARG(names));
        names = str_format(arena, "%.*s%s%.*s", STR_ARG(names), count == 1 ? "" : ", ",
                           STR_ARG(listener->hostname));
    }
    return names;
}
