#include "world.h"

/* What a discovery was asked is remembered by its number. */
static void discoveries_are_told_apart(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    struct discovery *one = discovery_new(w.cache);
    struct discovery *two = discovery_new(w.cache);
    assert_true(discovery_serial(one) != 0);
    assert_true(discovery_serial(one) != discovery_serial(two));
    one = discovery_free(one);
    two = discovery_free(two);
    assert_null(discovery_free(NULL));
    world_deinit(&w);
}

static void an_empty_cache_has_nobody(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    world_ask(&w, "m", "web_shop_svc_80", NULL);
    assert_nothing(&w, DISCOVERY_UNKNOWN,
                   "no Dataplane has an inbound with this service in mesh m");
    world_deinit(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(discoveries_are_told_apart),
        cmocka_unit_test(an_empty_cache_has_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
