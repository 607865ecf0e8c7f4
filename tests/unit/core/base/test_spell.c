#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/attr.h"
#include "core/base/spell.h"

static const struct str names[] = {
    STR_INIT("hostname"),
    STR_INIT("port"),
    STR_INIT("protocol"),
    STR_INIT("crossMesh"),
};

static void expect(struct str name, struct str closest)
{
    assert_true(str_equal(spell_closest(name, names, ARRAY_SIZE(names)), closest));
}

static void test_near_names_are_found(void **state)
{
    (void)state;
    expect(STR("hostnam"), STR("hostname"));
    expect(STR("hostNames"), STR("hostname"));
    expect(STR("prot"), STR("port"));
    expect(STR("cross_mesh"), STR("crossMesh"));
    expect(STR("PROTOCOL"), STR("protocol"));
}

static void test_far_names_are_not(void **state)
{
    (void)state;
    expect(STR("certificates"), STR_EMPTY);
    expect(STR("pxyz"), STR_EMPTY); /* three of the four letters of "port" are wrong */
    expect(STR("x"), STR_EMPTY);
    expect(STR_EMPTY, STR_EMPTY);
}

static void test_long_names_are_not_compared(void **state)
{
    (void)state;
    char text[SPELL_NAME_MAX + 1];
    memset(text, 'p', sizeof(text));
    expect(str_make(text, sizeof(text)), STR_EMPTY);
    struct str list[] = {str_make(text, sizeof(text))};
    assert_int_equal(spell_closest(STR("pppp"), list, 1).size, 0);
}

static void test_a_hint_is_there_for_a_name(void **state)
{
    (void)state;
    CLEANUP(arena_free) struct arena *arena = arena_new(64);
    assert_string_equal(spell_hint(arena, STR("port")).data, " (did you mean port?)");
    assert_int_equal(spell_hint(arena, STR_EMPTY).size, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_near_names_are_found),
        cmocka_unit_test(test_far_names_are_not),
        cmocka_unit_test(test_long_names_are_not_compared),
        cmocka_unit_test(test_a_hint_is_there_for_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
