#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "make.h"
#include "model/resource.h"
#include "model/sort.h"

#define COUNT 300

/* Names of few letters, so that some begin others and many begin alike. */
static const struct model_resource *draw(uint32_t *random)
{
    char name[24] = "common/prefix";
    size_t size = *random % 2 == 0 ? 13 : 0;
    *random = *random * 1664525u + 1013904223u;
    for (size_t more = (*random >> 16) % 11; more > 0; more--) {
        *random = *random * 1664525u + 1013904223u;
        name[size++] = "ab\x01\xff"[(*random >> 16) % 4];
    }
    name[size] = '\0';
    return (*random >> 20) % 3 == 0 ? make_set(name, 1) : make_host(name, "r");
}

static void test_by_kind_then_name(void **state)
{
    (void)state;
    uint32_t random = 5;
    for (size_t round = 0; round < 50; round++) {
        const struct model_resource *resources[COUNT];
        size_t count = round * COUNT / 50;
        for (size_t i = 0; i < count; i++)
            resources[i] = draw(&random);
        const struct model_resource *twice = model__sort(resources, count);
        bool has_two = false;
        for (size_t i = 1; i < count; i++) {
            int order = model__resource_compare(resources[i - 1], resources[i]);
            assert_true(order <= 0);
            has_two = has_two || order == 0;
        }
        assert_int_equal(twice != NULL, has_two);
        for (size_t i = 0; i < count; i++)
            resources[i] = model_resource_unref(resources[i]);
    }
    assert_int_equal(model_resources_alive(), 0); /* each was there once */
}

static void test_ends_count_as_less(void **state)
{
    (void)state;
    static const char *const names[] = {"p", "pa", "paaaaaaaa", "paaaaaaaaa", "paaaaaaaab", "pb"};
    const struct model_resource *resources[ARRAY_SIZE(names)];
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        resources[i] = make_set(names[ARRAY_SIZE(names) - 1 - i], 1);
    assert_null(model__sort(resources, ARRAY_SIZE(names)));
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        assert_true(str_equal(resources[i]->name, str_of(names[i])));
        resources[i] = model_resource_unref(resources[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_kind_then_name),
        cmocka_unit_test(test_ends_count_as_less),
    };
    return cmocka_run_group_tests_name("model/sort", tests, NULL, NULL);
}
