/* Gateways find who is bound to them, and whom they have lost, as asking all bindings would. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "control/compile/review.h"
#include "control/select/select.h"

#define GATEWAYS  12
#define BINDINGS  30
#define SELECTORS 2
#define TAGS_MAX  3

struct world {
    struct api_tag gateway_tags[GATEWAYS][SELECTORS][TAGS_MAX];
    struct api_selector selectors[GATEWAYS][SELECTORS];
    struct api_mesh_gateway specs[GATEWAYS];
    struct api_object gateways[GATEWAYS];
    struct api_tag dataplane_tags[BINDINGS][TAGS_MAX];
    struct compile_dataplane dataplanes[BINDINGS];
    struct compile__binding bindings[BINDINGS];
    uint32_t random;
};

static const struct str meshes[] = {STR_INIT("a"), STR_INIT("b")};

static uint32_t draw(struct world *w, uint32_t below)
{
    w->random = w->random * 1664525u + 1013904223u;
    return (w->random >> 16) % below;
}

static struct api_tags draw_tags(struct world *w, struct api_tag *items, uint32_t value_count)
{
    static const struct str names[TAGS_MAX] = {STR_INIT("r"), STR_INIT("s"), STR_INIT("t")};
    static const struct str values[] = {STR_INIT("x"), STR_INIT("y"), STR_INIT("*")};
    size_t count = 0;
    for (size_t i = 0; i < TAGS_MAX; i++) {
        if (draw(w, 2) == 0)
            items[count++] = (struct api_tag){names[i], values[draw(w, value_count)]};
    }
    return (struct api_tags){items, count};
}

/* To whom a dataplane is bound does not matter here: to any gateway. */
static void world_init(struct world *w, uint32_t seed)
{
    *w = (struct world){.random = seed};
    for (size_t i = 0; i < GATEWAYS; i++) {
        for (size_t j = 0; j < SELECTORS; j++)
            w->selectors[i][j].match = draw_tags(w, w->gateway_tags[i][j], 3);
        w->specs[i].selectors = (struct api_selectors){w->selectors[i], draw(w, SELECTORS + 1)};
        w->gateways[i] = (struct api_object){
            .key = {API_MESH_GATEWAY, meshes[draw(w, 2)], STR("g")}, .mesh_gateway = &w->specs[i]};
    }
    for (size_t i = 0; i < BINDINGS; i++) {
        w->dataplanes[i] = (struct compile_dataplane){
            .mesh = meshes[draw(w, 2)], .tags = draw_tags(w, w->dataplane_tags[i], 2)};
        w->bindings[i] = (struct compile__binding){.dataplane = &w->dataplanes[i],
                                                   .gateway = &w->gateways[draw(w, GATEWAYS)]};
    }
}

static const struct compile__binding *first_lost(const struct world *w,
                                                 const struct api_object *gateway)
{
    for (size_t i = 0; i < BINDINGS; i++) {
        if (w->bindings[i].gateway != gateway &&
            str_equal(w->dataplanes[i].mesh, gateway->key.mesh) &&
            select_match_any(gateway->mesh_gateway->selectors, w->dataplanes[i].tags))
            return &w->bindings[i];
    }
    return NULL;
}

static bool is_bound(const struct world *w, const struct api_object *gateway)
{
    for (size_t i = 0; i < BINDINGS; i++) {
        if (w->bindings[i].gateway == gateway)
            return true;
    }
    return false;
}

static void answers_are_those_of_all_bindings(void **state)
{
    (void)state;
    static struct world w;
    for (uint32_t seed = 1; seed <= 50; seed++) {
        world_init(&w, seed);
        struct compile__bound *bound = compile__bound_new(
            (struct compile__bindings){w.bindings, BINDINGS});
        for (size_t i = 0; i < GATEWAYS; i++) {
            assert_ptr_equal(compile__bound_lost(bound, &w.gateways[i]),
                             first_lost(&w, &w.gateways[i]));
            assert_int_equal(compile__bound_has(bound, &w.gateways[i]),
                             is_bound(&w, &w.gateways[i]));
        }
        bound = compile__bound_free(bound);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_those_of_all_bindings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
