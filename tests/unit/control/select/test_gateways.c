/* An index of gateways answers as asking each of them does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "control/select/select.h"

#define GATEWAYS  60
#define SELECTORS 3
#define TAGS_MAX  3
#define QUESTIONS 300

struct gateway {
    struct api_tag tags[SELECTORS][TAGS_MAX];
    struct api_selector selectors[SELECTORS];
    struct api_mesh_gateway spec;
    struct api_object object;
    char name[8];
};

struct world {
    struct gateway gateways[GATEWAYS];
    const struct api_object *objects[GATEWAYS];
    size_t of_first_mesh;
    uint32_t random;
};

static const struct str meshes[] = {STR_INIT("a"), STR_INIT("b")};

static uint32_t draw(struct world *w, uint32_t below)
{
    w->random = w->random * 1664525u + 1013904223u;
    return (w->random >> 16) % below;
}

/* Some of the names, in their order, each with one of few values. */
static struct api_tags draw_tags(struct world *w, struct api_tag *items, bool with_any)
{
    static const struct str names[TAGS_MAX] = {STR_INIT("kuma.io/service"), STR_INIT("s"),
                                               STR_INIT("t")};
    static const struct str values[] = {STR_INIT("x"), STR_INIT("y"), STR_INIT("*")};
    size_t count = 0;
    for (size_t i = 0; i < TAGS_MAX; i++) {
        if (draw(w, 2) == 0)
            items[count++] = (struct api_tag){names[i], values[draw(w, with_any ? 3 : 2)]};
    }
    return (struct api_tags){items, count};
}

static void make_gateway(struct world *w, size_t index)
{
    struct gateway *gateway = &w->gateways[index];
    for (size_t i = 0; i < SELECTORS; i++)
        gateway->selectors[i].match = draw_tags(w, gateway->tags[i], true);
    gateway->spec.selectors = (struct api_selectors){gateway->selectors, draw(w, SELECTORS + 1)};
    gateway->name[0] = (char)('0' + index / 10);
    gateway->name[1] = (char)('0' + index % 10);
    gateway->object = (struct api_object){
        .key = {API_MESH_GATEWAY, meshes[index >= w->of_first_mesh], str_of(gateway->name)},
        .creation_time_ms = draw(w, 3),
        .broken = draw(w, 10) == 0,
        .mesh_gateway = &gateway->spec,
    };
    w->objects[index] = &gateway->object;
}

static void ask(struct world *w, struct select_gateways *index)
{
    struct api_tag items[TAGS_MAX];
    struct api_tags tags = draw_tags(w, items, false);
    size_t first = draw(w, 2) == 0 ? 0 : w->of_first_mesh;
    size_t end = first == 0 ? w->of_first_mesh : GATEWAYS;
    assert_ptr_equal(select_gateways_find(index, meshes[first != 0], tags),
                     select_gateway(w->objects + first, end - first, tags));
}

static void an_index_answers_as_all_gateways_do(void **state)
{
    (void)state;
    static struct world w;
    for (uint32_t seed = 1; seed <= 20; seed++) {
        w = (struct world){.random = seed, .of_first_mesh = GATEWAYS / 3};
        for (size_t i = 0; i < GATEWAYS; i++)
            make_gateway(&w, i);
        struct select_gateways *index = select_gateways_new(w.objects, GATEWAYS);
        for (size_t i = 0; i < QUESTIONS; i++)
            ask(&w, index);
        index = select_gateways_free(index);
    }
}

static void nobody_is_found_among_none(void **state)
{
    (void)state;
    struct select_gateways *index = select_gateways_new(NULL, 0);
    for (size_t i = 0; i < 10; i++)
        assert_null(select_gateways_find(index, meshes[0], (struct api_tags){0}));
    index = select_gateways_free(index);
    assert_null(select_gateways_free(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_index_answers_as_all_gateways_do),
        cmocka_unit_test(nobody_is_found_among_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
