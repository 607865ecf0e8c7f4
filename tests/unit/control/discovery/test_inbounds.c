#include "world.h"

static struct world w;

static int setup(void **state)
{
    (void)state;
    world_init(&w);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    world_deinit(&w);
    return 0;
}

#define DATAPLANE(name, address, inbound)                                                   \
    "---\ntype: Dataplane\nmesh: default\nname: " name "\nnetworking:\n  address: " address \
    "\n  inbound:\n  - " inbound "\n"

static void inbounds_by_service_and_tags(void **state)
{
    (void)state;
    world_put(&w, DATAPLANE("a", "10.0.0.1", "{port: 80, tags: {kuma.io/service: web, v: '1'}}")
                      DATAPLANE("b", "10.0.0.2", "{port: 80, tags: {kuma.io/service: web, v: '2'}}")
                          DATAPLANE("c", "10.0.0.3", "{port: 81, tags: {kuma.io/service: api}}"));
    world_ask(&w, "default", "api", NULL);
    assert_endpoints(&w, "10.0.0.3:81");
    world_ask(&w, "default", "web", "v=2");
    assert_endpoints(&w, "10.0.0.2:80");
    world_ask(&w, "default", "web", "v=3");
    assert_nothing(&w, DISCOVERY_NO_MATCH,
                   "no inbound of this service has the other tags of the destination in mesh "
                   "default");
}

static void what_is_not_there_names_what_is(void **state)
{
    (void)state;
    world_put(&w, DATAPLANE("a", "10.0.0.1", "{port: 80, tags: {kuma.io/service: backend}}"));
    world_ask(&w, "default", "bakcend", NULL);
    assert_nothing(&w, DISCOVERY_UNKNOWN,
                   "no Dataplane has an inbound with this service in mesh default (did you mean "
                   "backend?)");
    world_ask(&w, "other", "bakcend", NULL);
    assert_nothing(&w, DISCOVERY_UNKNOWN,
                   "no Dataplane has an inbound with this service in mesh other");
}

static void inbounds_that_are_no_endpoints(void **state)
{
    (void)state;
    world_put(&w, DATAPLANE("a", "10.0.0.1",
                            "{port: 80, state: NotReady, tags: {kuma.io/service: web}}"));
    world_ask(&w, "default", "web", NULL);
    assert_nothing(&w, DISCOVERY_UNREADY, "no inbound of this service is ready in mesh default");
}

/* Which is not what requests ask for. */
static void an_inbound_may_be_at_a_name(void **state)
{
    (void)state;
    world_put(&w, DATAPLANE("b", "b.example.com", "{port: 80, tags: {kuma.io/service: web}}"));
    world_ask(&w, "default", "web", NULL);
    assert_endpoints(&w, "b.example.com:80");
    assert_int_equal(w.answer.endpoints[0].hostname.size, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(inbounds_by_service_and_tags, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_not_there_names_what_is, setup, teardown),
        cmocka_unit_test_setup_teardown(inbounds_that_are_no_endpoints, setup, teardown),
        cmocka_unit_test_setup_teardown(an_inbound_may_be_at_a_name, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
