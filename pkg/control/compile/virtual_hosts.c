/* Stage 6: the routes of a virtual host, in their order. One whose routes are those of the last run
 * is not looked at again. */
#include "control/compile/hidden.h"
#include "control/compile/spec.h"

/* ---- Room ---- */

static bool is_emitted(const struct compile__run *run, const struct compile__unit *unit)
{
    const struct compile__variant *variant = compile__variant_find(unit);
    return variant != NULL && variant->age == run->memory->age;
}

/* Why the route does not fit on one more host, in `arena`; empty: it does. */
static struct str limit_of(const struct compile__run *run, const struct compile__unit *unit)
{
    size_t matches = unit->match_count;
    if (matches > COMPILE_ROUTE_RULES_MAX - unit->route->rule_count)
        return str_format(run->arena, "a route has at most %zu rules, on all its hosts together",
                          COMPILE_ROUTE_RULES_MAX);
    if (matches > COMPILE_RULES_MAX - run->rule_count)
        return str_format(run->arena, "a snapshot holds at most %zu rules", COMPILE_RULES_MAX);
    if (run->draft->variants.count == COMPILE_ROUTES_MAX && !is_emitted(run, unit))
        return str_format(run->arena,
                          "a snapshot holds at most %zu routes, counted once for each set of tags "
                          "of their listeners",
                          COMPILE_ROUTES_MAX);
    return STR_EMPTY;
}

/* Whether there is room for the route on one more host; takes it. */
static bool take_room(struct compile__run *run, const struct compile__unit *unit)
{
    struct compile__route *route = unit->route;
    if (route->left_out.size > 0)
        return false; /* it was said, for another host */
    struct str limit = limit_of(run, unit);
    if (limit.size > 0) {
        route->left_out = compile__find(
            run, FINDING_ERROR, route->object, route->object->mark,
            compile__words_of(route->object->key.kind)->rules,
            "%.*s; what is beyond is left out; split the gateway, or name fewer hosts per route",
            STR_ARG(limit));
        return false;
    }
    route->rule_count += unit->match_count;
    run->rule_count += unit->match_count;
    return true;
}

/* ---- The walk ---- */

/* A route of the model that a host has. */
struct used {
    struct compile__unit unit;
    const struct compile__variant *variant; /* NULL: nothing is emitted */
    size_t group;                           /* of policies */
};

/* A walk over the routes of the model that a host has, in their order. */
struct walk {
    struct compile__run *run;
    const struct compile__host *host;
    bool emits;
    bool has_routes; /* even if there is no room for them */
    size_t group;
    VEC(struct used) used;
};

/* Beyond what is looked at for all of them, it is known what a route does. */
static bool has_room(struct walk *walk, const struct compile__unit *unit)
{
    struct compile__run *run = walk->run;
    if (walk->emits)
        return take_room(run, unit);
    if (unit->match_count > COMPILE_RULES_MAX - run->rule_count)
        return false;
    run->rule_count += unit->match_count;
    return true;
}

static void use(struct walk *walk, const struct compile__unit *unit)
{
    walk->has_routes = true;
    if (!has_room(walk, unit))
        return;
    struct used used = {.unit = *unit, .group = walk->group};
    if (walk->emits)
        used.variant = compile__emit_route(walk->run, walk->host->scope, unit);
    VEC_PUSH(&walk->used, used);
}

static void walk_routes(struct walk *walk, const struct compile__hosts *hosts)
{
    const struct compile__picked *picked = &walk->run->picked;
    compile__pick_routes(hosts, walk->host, &walk->run->picked);
    for (size_t i = 0; i < picked->routes.count; i++) {
        (void)compile__plan_of(walk->run, picked->routes.items[i]); /* made, and kept there */
        const struct compile__unit unit = compile__unit_of(walk->host->scope,
                                                           picked->routes.items[i]);
        use(walk, &unit);
    }
}

static void walk_policies(struct walk *walk)
{
    const struct compile__policies *policies = walk->host->policies;
    struct compile__group *groups[COMPILE__COVERS_MAX];
    size_t count = compile__policies_at(policies, walk->host->domain, groups);
    for (; walk->group < count; walk->group++) {
        struct compile__group *group = groups[walk->group];
        compile__merge_group(walk->run, policies, group);
        for (size_t j = 0; j < group->unit_count; j++) {
            if (group->units[j].count > 0)
                use(walk, &group->units[j]);
        }
    }
}

static void walk_host(struct walk *walk, const struct compile__hosts *hosts)
{
    if (walk->host->policies != NULL)
        walk_policies(walk);
    else
        walk_routes(walk, hosts);
}

/* What is said for a name, and for those above it, are groups: that the first comes before the
 * others is what their authors want. Whether anything was said of what hides what. */
static bool find_hidden(const struct walk *walk)
{
    bool has_said = false;
    for (size_t i = 0; i < walk->used.count;) {
        struct compile__claims claims;
        compile__claims_init(&claims, walk->run, walk->host);
        size_t group = walk->used.items[i].group;
        for (; i < walk->used.count && walk->used.items[i].group == group; i++)
            compile__claims_add(&claims, &walk->used.items[i].unit);
        has_said = compile__claims_deinit(&claims) || has_said;
    }
    return has_said;
}

/* ---- What is remembered ---- */

static struct compile__named *recall(struct compile__run *run, struct str name)
{
    struct compile__named *known = map_get(run->memory->hosts, name);
    if (known == NULL) {
        known = MEM_NEW(struct compile__named);
        (void)map_set(run->memory->hosts, name, known); /* there was none */
    }
    known->age = run->memory->age;
    return known;
}

static bool begins_group(const struct walk *walk, size_t index)
{
    return index > 0 && walk->used.items[index].group != walk->used.items[index - 1].group;
}

static void remember_inputs(const struct walk *walk, struct compile__named *known)
{
    VEC_CLEAR(&known->inputs);
    for (size_t i = 0; i < walk->used.count; i++) {
        if (begins_group(walk, i))
            VEC_PUSH(&known->inputs, 0);
        VEC_PUSH(&known->inputs, walk->used.items[i].variant->serial);
    }
}

static bool has_inputs(const struct walk *walk, const struct compile__named *known)
{
    size_t at = 0;
    for (size_t i = 0; i < walk->used.count; i++) {
        if (begins_group(walk, i) && (at == known->inputs.count || known->inputs.items[at++] != 0))
            return false;
        if (at == known->inputs.count ||
            known->inputs.items[at++] != walk->used.items[i].variant->serial)
            return false;
    }
    return at == known->inputs.count && at > 0;
}

/* ---- Virtual hosts ---- */

static bool says_the_same(const struct model_virtual_host *known, struct str domain,
                          struct model_names routes)
{
    bool same = str_equal(known->domain, domain) && known->routes.count == routes.count;
    for (size_t i = 0; same && i < routes.count; i++)
        same = str_equal(known->routes.items[i], routes.items[i]);
    return same;
}

static struct model_names names_of(const struct walk *walk)
{
    struct str *names = ARENA_NEW_ARRAY(walk->run->arena, struct str, walk->used.count + 1);
    for (size_t i = 0; i < walk->used.count; i++)
        names[i] = walk->used.items[i].variant->resource->name;
    if (walk->has_routes)
        return (struct model_names){names, walk->used.count};
    names[0] = compile__emit_no_routes(walk->run);
    return (struct model_names){names, 1};
}

/* It is another only when its routes are others by name. */
static void set_resource(const struct walk *walk, struct compile__named *known, struct str name)
{
    struct model_names routes = names_of(walk);
    struct str domain = walk->host->domain;
    if (known->resource != NULL && says_the_same(known->resource->virtual_host, domain, routes))
        return;
    known->resource = model_resource_unref(known->resource);
    known->resource = model_virtual_host_new(&(struct model_virtual_host){
        .name = name,
        .domain = domain,
        .routes = routes,
    });
}

void compile__emit_virtual_host(struct compile__run *run, struct str name,
                                const struct compile__hosts *hosts,
                                const struct compile__host *host)
{
    struct compile__named *known = recall(run, name);
    struct walk walk = {.run = run, .host = host, .emits = true};
    walk_host(&walk, hosts);
    if (!has_inputs(&walk, known) || !known->is_quiet) {
        known->is_quiet = !find_hidden(&walk);
        remember_inputs(&walk, known);
        set_resource(&walk, known, name);
    }
    compile__emit(run, known->resource);
    VEC_FREE(&walk.used);
}

void compile__look_at_virtual_host(struct compile__run *run, const struct compile__hosts *hosts,
                                   const struct compile__host *host)
{
    struct walk walk = {.run = run, .host = host};
    walk_host(&walk, hosts);
    (void)find_hidden(&walk); /* it was said */
    VEC_FREE(&walk.used);
}
