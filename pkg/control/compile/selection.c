#include "control/compile/selection.h"

#include "control/compile/hostnames.h"
#include "control/compile/stages.h"

/* ---- Lists ---- */

/* Routes in their order, each once. */
struct list {
    VEC(struct compile__route *) routes;
};

/* Routes come in their order, so that one which is there is the last. */
static void list_add(struct list *list, struct compile__route *route)
{
    if (list->routes.count == 0 || list->routes.items[list->routes.count - 1] != route)
        VEC_PUSH(&list->routes, route);
}

void compile__picked_clear(struct compile__picked *picked)
{
    VEC_CLEAR(&picked->routes);
}

void compile__picked_deinit(struct compile__picked *picked)
{
    VEC_FREE(&picked->routes);
    VEC_FREE(&picked->merged);
}

static void pick(struct compile__picked *picked, struct compile__routes more)
{
    size_t i = 0;
    size_t j = 0;
    if (more.count == 0)
        return;
    VEC_CLEAR(&picked->merged);
    while (i < picked->routes.count && j < more.count) {
        struct compile__route *left = picked->routes.items[i];
        struct compile__route *right = more.items[j];
        VEC_PUSH(&picked->merged, left <= right ? left : right);
        i += left <= right;
        j += right <= left;
    }
    for (; i < picked->routes.count; i++)
        VEC_PUSH(&picked->merged, picked->routes.items[i]);
    for (; j < more.count; j++)
        VEC_PUSH(&picked->merged, more.items[j]);
    __typeof__(picked->routes) routes = {picked->merged.items, picked->merged.count,
                                         picked->merged.capacity};
    picked->merged.items = picked->routes.items;
    picked->merged.capacity = picked->routes.capacity;
    picked->routes = routes;
}

/* ---- Selections ---- */

struct named {
    struct list itself;
    struct list below;
};

static struct named *named_of(const struct compile__selection *selection, struct str name)
{
    struct named *named = map_get(selection->names, name);
    if (named != NULL)
        return named;
    named = MEM_NEW(struct named);
    (void)map_set(selection->names, name, named); /* there was none */
    return named;
}

static void add_names(const struct compile__selection *selection, struct compile__route *route)
{
    const struct api_mesh_gateway_route *spec = route->object->mesh_gateway_route;
    for (size_t i = 0; i < spec->hostname_count; i++)
        list_add(&named_of(selection, spec->hostnames[i])->itself, route);
}

static struct compile__selection *make(struct arena *arena, struct compile__routes routes)
{
    struct compile__selection *selection = ARENA_NEW(arena, struct compile__selection);
    struct compile__route **all = ARENA_NEW_ARRAY(arena, struct compile__route *, routes.count);
    struct compile__route **everywhere = ARENA_NEW_ARRAY(arena, struct compile__route *,
                                                         routes.count);
    selection->names = map_new();
    for (size_t i = 0; i < routes.count; i++) {
        struct compile__route *route = routes.items[i];
        all[i] = route;
        if (route->object->mesh_gateway_route->hostname_count == 0)
            everywhere[selection->everywhere.count++] = route;
        else
            add_names(selection, route);
    }
    selection->all = (struct compile__routes){all, routes.count};
    selection->everywhere.items = everywhere;
    return selection;
}

struct compile__selection *compile__selection_of(struct map *selections, struct arena *arena,
                                                 struct compile__routes routes)
{
    struct str key = str_make((const char *)routes.items, routes.count * sizeof(*routes.items));
    struct compile__selection *selection = map_get(selections, key);
    if (selection != NULL)
        return selection;
    selection = make(arena, routes);
    (void)map_set(selections, key, selection); /* there was none */
    return selection;
}

static void names_free(struct map *names)
{
    struct map_cursor at = {0};
    struct named *named;
    while ((named = map_next(names, &at)) != NULL) {
        VEC_FREE(&named->itself.routes);
        VEC_FREE(&named->below.routes);
        mem_free(named);
    }
    (void)map_free(names); /* always NULL */
}

void compile__selections_free(struct map *selections)
{
    struct map_cursor at = {0};
    struct compile__selection *selection;
    while ((selection = map_next(selections, &at)) != NULL)
        names_free(selection->names);
    (void)map_free(selections); /* always NULL */
}

bool compile__selection_next(const struct compile__selection *selection, struct map_cursor *at,
                             struct str *ret_name)
{
    const struct named *named;
    while ((named = map_next(selection->names, at)) != NULL) {
        *ret_name = at->key;
        if (named->itself.routes.count > 0) /* else others are below it */
            return true;
    }
    return false;
}

/* ---- Picking ---- */

void compile__pick_everywhere(const struct compile__selection *selection,
                              struct compile__picked *picked)
{
    pick(picked, selection->everywhere);
}

static struct compile__routes routes_of(const struct list *list)
{
    return (struct compile__routes){list->routes.items, list->routes.count};
}

void compile__pick_named(const struct compile__selection *selection, struct str name,
                         struct compile__picked *picked)
{
    const struct named *named = map_get(selection->names, name);
    if (named != NULL)
        pick(picked, routes_of(&named->itself));
}

/* A visit of wildcards that a name is below. */
struct visit {
    const struct compile__selection *selection;
    struct compile__picked *picked; /* either into this, */
    struct compile__route *route;   /* or for this one */
};

static void pick_wildcard(void *arg, struct str wildcard)
{
    const struct visit *visit = arg;
    compile__pick_named(visit->selection, wildcard, visit->picked);
}

void compile__pick_above(const struct compile__selection *selection, struct str name,
                         struct compile__picked *picked)
{
    struct visit visit = {.selection = selection, .picked = picked};
    compile__visit_wildcards(name, pick_wildcard, &visit);
}

static void add_below(void *arg, struct str wildcard)
{
    const struct visit *visit = arg;
    list_add(&named_of(visit->selection, wildcard)->below, visit->route);
}

/* In the order of the routes, which the lists keep. */
static void find_below(struct compile__selection *selection)
{
    selection->knows_below = true;
    for (size_t i = 0; i < selection->all.count; i++) {
        struct visit visit = {.selection = selection, .route = selection->all.items[i]};
        const struct api_mesh_gateway_route *spec = visit.route->object->mesh_gateway_route;
        for (size_t j = 0; j < spec->hostname_count; j++)
            compile__visit_wildcards(spec->hostnames[j], add_below, &visit);
    }
}

void compile__pick_below(struct compile__selection *selection, struct str name,
                         struct compile__picked *picked)
{
    if (!selection->knows_below)
        find_below(selection);
    const struct named *named = map_get(selection->names, name);
    if (named != NULL)
        pick(picked, routes_of(&named->below));
}
