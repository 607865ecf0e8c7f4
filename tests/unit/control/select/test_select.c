#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "control/select/select.h"

#define TAG(n, v)                \
    {                            \
        STR_INIT(n), STR_INIT(v) \
    }
#define TAGS(...)                                             \
    ((struct api_tags){(const struct api_tag[]){__VA_ARGS__}, \
                       ARRAY_SIZE(((const struct api_tag[]){__VA_ARGS__}))})

static const struct api_tags none = {0};

static void test_every_tag_has_to_be_there(void **state)
{
    (void)state;
    struct api_tags tags = TAGS(TAG("a", "1"), TAG("b", "2"), TAG("c", "3"));
    assert_true(select_match(TAGS(TAG("a", "1")), tags));
    assert_true(select_match(TAGS(TAG("a", "1"), TAG("c", "3")), tags));
    assert_true(select_match(TAGS(TAG("c", "3")), tags));
    assert_false(select_match(TAGS(TAG("a", "2")), tags));
    assert_false(select_match(TAGS(TAG("a", "1"), TAG("d", "4")), tags));
    assert_false(select_match(TAGS(TAG("aa", "1")), tags));
    assert_false(select_match(TAGS(TAG("a", "1")), none));
}

static void test_an_empty_selector_matches_everything(void **state)
{
    (void)state;
    assert_true(select_match(none, TAGS(TAG("a", "1"))));
    assert_true(select_match(none, none));
}

static void test_any_value_needs_the_tag(void **state)
{
    (void)state;
    assert_true(select_match(TAGS(TAG("a", "*")), TAGS(TAG("a", "1"))));
    assert_false(select_match(TAGS(TAG("a", "*")), TAGS(TAG("b", "1"))));
    assert_false(select_match(TAGS(TAG("a", "1")), TAGS(TAG("a", "*"))));
}

static void test_one_of_several_selectors_is_enough(void **state)
{
    (void)state;
    const struct api_selector items[] = {{.match = TAGS(TAG("a", "1"))},
                                         {.match = TAGS(TAG("b", "2"))}};
    const struct api_selectors selectors = {items, 2};
    assert_true(select_match_any(selectors, TAGS(TAG("b", "2"))));
    assert_false(select_match_any(selectors, TAGS(TAG("b", "3"))));
    assert_false(select_match_any((struct api_selectors){0}, TAGS(TAG("b", "2"))));
}

static void test_more_tags_rank_higher_then_more_exact_ones(void **state)
{
    (void)state;
    struct select_rank one = select_rank_of(TAGS(TAG("a", "1")));
    struct select_rank any_two = select_rank_of(TAGS(TAG("a", "*"), TAG("b", "*")));
    struct select_rank mixed = select_rank_of(TAGS(TAG("a", "1"), TAG("b", "*")));
    assert_int_equal(one.exact, 1);
    assert_int_equal(any_two.any, 2);
    assert_true(select_rank_compare(any_two, one) > 0);
    assert_true(select_rank_compare(mixed, any_two) > 0);
    assert_true(select_rank_compare(any_two, mixed) < 0);
    assert_int_equal(select_rank_compare(one, one), 0);
}

/* A gateway with one selector. */
struct gateway {
    struct api_selector selector;
    struct api_mesh_gateway spec;
    struct api_object object;
};

static const struct api_object *make(struct gateway *gateway, struct api_tags match,
                                     uint64_t creation_time_ms)
{
    gateway->selector = (struct api_selector){.match = match};
    gateway->spec = (struct api_mesh_gateway){.selectors = {&gateway->selector, 1}};
    gateway->object = (struct api_object){
        .creation_time_ms = creation_time_ms,
        .mesh_gateway = &gateway->spec,
    };
    return &gateway->object;
}

static void test_the_most_specific_gateway_wins(void **state)
{
    (void)state;
    struct gateway a;
    struct gateway b;
    const struct api_object *gateways[] = {
        make(&a, TAGS(TAG("s", "edge")), 9),
        make(&b, TAGS(TAG("s", "edge"), TAG("t", "x")), 1),
    };
    struct api_tags both = TAGS(TAG("s", "edge"), TAG("t", "x"));
    assert_ptr_equal(select_gateway(gateways, 2, both), &b.object);
    assert_ptr_equal(select_gateway(gateways, 2, TAGS(TAG("s", "edge"))), &a.object);
    assert_null(select_gateway(gateways, 2, TAGS(TAG("s", "other"))));
    assert_null(select_gateway(gateways, 0, both));
}

static void test_a_tie_goes_to_the_newer_then_to_the_first(void **state)
{
    (void)state;
    struct gateway a;
    struct gateway b;
    const struct api_object *gateways[] = {make(&a, TAGS(TAG("s", "edge")), 1),
                                           make(&b, TAGS(TAG("s", "edge")), 2)};
    assert_ptr_equal(select_gateway(gateways, 2, TAGS(TAG("s", "edge"))), &b.object);
    a.object.creation_time_ms = 2;
    assert_ptr_equal(select_gateway(gateways, 2, TAGS(TAG("s", "edge"))), &a.object);
}

static void test_a_broken_gateway_takes_no_part(void **state)
{
    (void)state;
    struct gateway a;
    const struct api_object *gateways[] = {make(&a, TAGS(TAG("s", "edge")), 1)};
    a.object.broken = true;
    assert_null(select_gateway(gateways, 1, TAGS(TAG("s", "edge"))));
}

static void test_the_best_of_several_selectors_counts(void **state)
{
    (void)state;
    const struct api_selector items[] = {{.match = TAGS(TAG("a", "*"))},
                                         {.match = TAGS(TAG("a", "1"))},
                                         {.match = TAGS(TAG("a", "1"), TAG("b", "2"))}};
    const struct api_selectors selectors = {items, 3};
    struct select_rank rank = {0};
    assert_true(select_best(selectors, TAGS(TAG("a", "1")), &rank));
    assert_int_equal(rank.exact, 1);
    assert_int_equal(rank.any, 0);
    assert_false(select_best(selectors, none, &rank));
}

static void assert_tag(struct api_tags tags, size_t index, const char *name, const char *value)
{
    assert_true(str_equal(tags.items[index].name, str_of(name)));
    assert_true(str_equal(tags.items[index].value, str_of(value)));
}

static void test_overlay_merges_in_order(void **state)
{
    (void)state;
    struct arena *arena = arena_new(256);
    struct api_tags tags = select_overlay(arena, TAGS(TAG("a", "1"), TAG("c", "1"), TAG("d", "1")),
                                          TAGS(TAG("b", "2"), TAG("c", "2"), TAG("e", "2")));
    assert_int_equal(tags.count, 5);
    assert_tag(tags, 0, "a", "1");
    assert_tag(tags, 1, "b", "2");
    assert_tag(tags, 2, "c", "2");
    assert_tag(tags, 3, "d", "1");
    assert_tag(tags, 4, "e", "2");
    assert_int_equal(select_overlay(arena, none, none).count, 0);
    assert_int_equal(select_overlay(arena, none, tags).count, 5);
    arena = arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_tag_has_to_be_there),
        cmocka_unit_test(test_an_empty_selector_matches_everything),
        cmocka_unit_test(test_any_value_needs_the_tag),
        cmocka_unit_test(test_one_of_several_selectors_is_enough),
        cmocka_unit_test(test_more_tags_rank_higher_then_more_exact_ones),
        cmocka_unit_test(test_the_most_specific_gateway_wins),
        cmocka_unit_test(test_a_tie_goes_to_the_newer_then_to_the_first),
        cmocka_unit_test(test_a_broken_gateway_takes_no_part),
        cmocka_unit_test(test_the_best_of_several_selectors_counts),
        cmocka_unit_test(test_overlay_merges_in_order),
    };
    return cmocka_run_group_tests_name("control/select", tests, NULL, NULL);
}
