/* Routes are found by the hosts that they name, as looking at each of them would. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "control/compile/stages.h"

#define ROUTES    40
#define NAMES_MAX 3
#define QUESTIONS 200

struct world {
    struct str names[ROUTES][NAMES_MAX];
    struct api_mesh_gateway_route specs[ROUTES];
    struct api_object objects[ROUTES];
    struct compile__route routes[ROUTES];
    struct compile__route *list[ROUTES];
    struct arena *arena;
    struct map *selections;
    struct compile__selection *selection;
    struct compile__picked picked;
    uint32_t random;
};

static const struct str hosts[] = {
    STR_INIT("*"),         STR_INIT("*.com"),     STR_INIT("*.a.com"),  STR_INIT("*.b.a.com"),
    STR_INIT("a.com"),     STR_INIT("b.a.com"),   STR_INIT("xa.com"),   STR_INIT("c.b.a.com"),
    STR_INIT("*.org"),     STR_INIT("b.org"),     STR_INIT("com"),      STR_INIT("*.xa.com"),
    STR_INIT("*.b.a.org"), STR_INIT("c.b.a.org"), STR_INIT("d.xa.com"), STR_INIT(""),
};

static uint32_t draw(struct world *w, uint32_t below)
{
    w->random = w->random * 1664525u + 1013904223u;
    return (w->random >> 16) % below;
}

static void world_init(struct world *w, uint32_t seed)
{
    *w = (struct world){.arena = arena_new(4096), .selections = map_new(), .random = seed};
    for (size_t i = 0; i < ROUTES; i++) {
        size_t count = draw(w, NAMES_MAX + 1);
        for (size_t j = 0; j < count; j++)
            w->names[i][j] = hosts[draw(w, ARRAY_SIZE(hosts))];
        w->specs[i] = (struct api_mesh_gateway_route){
            .hostnames = w->names[i], .hostname_count = count, .has_http = true};
        w->objects[i] = (struct api_object){.mesh_gateway_route = &w->specs[i]};
        w->routes[i] = (struct compile__route){.object = &w->objects[i]};
        w->list[i] = &w->routes[i];
    }
    w->selection = compile__selection_of(w->selections, w->arena,
                                         (struct compile__routes){w->list, ROUTES});
}

static void world_deinit(struct world *w)
{
    compile__picked_deinit(&w->picked);
    compile__selections_free(w->selections);
    w->arena = arena_free(w->arena);
}

/* "*.example.com" is below "*.com", "*" is below nothing. */
static bool is_below(struct str name, struct str wildcard)
{
    return str_starts_with(wildcard, STR("*.")) && !str_equal(name, wildcard) &&
           name.size > wildcard.size - 1 && str_ends_with(name, str_from(wildcard, 1));
}

typedef bool (*relation_fn)(struct str named, struct str asked);

static bool names_itself(struct str named, struct str asked)
{
    return str_equal(named, asked);
}

static bool names_above(struct str named, struct str asked)
{
    return is_below(asked, named);
}

static bool names_below(struct str named, struct str asked)
{
    return is_below(named, asked);
}

static bool holds(const struct api_mesh_gateway_route *spec, struct str asked, relation_fn relation)
{
    for (size_t i = 0; i < spec->hostname_count; i++) {
        if (relation(spec->hostnames[i], asked))
            return true;
    }
    return false;
}

/* Exactly those of which a name is in the relation were picked, sorted. */
static void expect(const struct world *w, struct str asked, relation_fn relation)
{
    size_t at = 0;
    for (size_t i = 0; i < ROUTES; i++) {
        if (!holds(&w->specs[i], asked, relation))
            continue;
        assert_true(at < w->picked.routes.count);
        assert_ptr_equal(w->picked.routes.items[at++], &w->routes[i]);
    }
    assert_int_equal(at, w->picked.routes.count);
}

static void a_host_finds_the_routes_that_concern_it(void **state)
{
    (void)state;
    static struct world w;
    for (uint32_t seed = 1; seed <= 20; seed++) {
        world_init(&w, seed);
        for (size_t i = 0; i < QUESTIONS; i++) {
            struct str asked = hosts[draw(&w, ARRAY_SIZE(hosts))];
            compile__picked_clear(&w.picked);
            compile__pick_named(w.selection, asked, &w.picked);
            expect(&w, asked, names_itself);
            compile__picked_clear(&w.picked);
            compile__pick_above(w.selection, asked, &w.picked);
            expect(&w, asked, names_above);
            compile__picked_clear(&w.picked);
            if (str_starts_with(asked, STR("*."))) {
                compile__pick_below(w.selection, asked, &w.picked);
                expect(&w, asked, names_below);
            }
        }
        world_deinit(&w);
    }
}

/* What is picked twice is there once. */
static void picking_merges(void **state)
{
    (void)state;
    static struct world w;
    world_init(&w, 1);
    for (size_t i = 0; i < ARRAY_SIZE(hosts); i++)
        compile__pick_named(w.selection, hosts[ARRAY_SIZE(hosts) - 1 - i], &w.picked);
    compile__pick_everywhere(w.selection, &w.picked);
    compile__pick_everywhere(w.selection, &w.picked);
    assert_int_equal(w.picked.routes.count, ROUTES);
    for (size_t i = 0; i < ROUTES; i++)
        assert_ptr_equal(w.picked.routes.items[i], &w.routes[i]);
    world_deinit(&w);
}

/* And names are walked once, whatever was asked before. */
static void names_are_those_of_routes(void **state)
{
    (void)state;
    static struct world w;
    world_init(&w, 2);
    compile__pick_below(w.selection, STR("*.com"), &w.picked);
    struct map *seen = map_new();
    struct map_cursor at = {0};
    struct str name;
    while (compile__selection_next(w.selection, &at, &name)) {
        assert_null(map_set(seen, name, &w));
        bool any = false;
        for (size_t i = 0; i < ROUTES; i++)
            any = any || holds(&w.specs[i], name, names_itself);
        assert_true(any);
    }
    for (size_t i = 0; i < ROUTES; i++) {
        for (size_t j = 0; j < w.specs[i].hostname_count; j++)
            assert_non_null(map_get(seen, w.names[i][j]));
    }
    seen = map_free(seen);
    world_deinit(&w);
}

static void whoever_selects_the_same_has_the_same(void **state)
{
    (void)state;
    static struct world w;
    world_init(&w, 3);
    struct compile__routes all = {w.list, ROUTES};
    struct compile__routes most = {w.list, ROUTES - 1};
    assert_ptr_equal(compile__selection_of(w.selections, w.arena, all), w.selection);
    assert_ptr_not_equal(compile__selection_of(w.selections, w.arena, most), w.selection);
    world_deinit(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_host_finds_the_routes_that_concern_it),
        cmocka_unit_test(picking_merges),
        cmocka_unit_test(names_are_those_of_routes),
        cmocka_unit_test(whoever_selects_the_same_has_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
