/* Endpoint sets with names become sets with addresses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "data/resolve/parts.h"

static struct str two[] = {STR_INIT("192.0.2.1"), STR_INIT("192.0.2.2")};
static const struct resolve__record known = {.addresses = two, .address_count = 2};
static const struct resolve__record empty = {0};

static const struct resolve__record *find(const void *arg, struct str name)
{
    (void)arg; /* none */
    return str_equal(name, STR("two.test")) ? &known : &empty;
}

static void assert_made(const struct model_endpoint *endpoints, size_t count, const char *json)
{
    struct model_endpoint_set set = {
        .name = STR("s"), .endpoints = endpoints, .endpoint_count = count};
    const struct model_resource *made = resolve__set_make(&set, find, NULL);
    struct buf text;
    buf_init(&text, 4096);
    model_resource_print(made, false, &text);
    buf_append_char(&text, '\0');
    assert_string_equal(text.data, json);
    buf_deinit(&text);
    assert_null(model_resource_unref(made));
}

static void every_address_of_a_name_is_an_endpoint(void **state)
{
    (void)state; /* none */
    const struct model_endpoint endpoints[] = {
        {.address = STR("198.51.100.1"), .port = 80},
        {.address = STR("none.test"), .port = 443, .hostname = STR("none.test")},
        {.address = STR("two.test"), .port = 443, .hostname = STR("two.test")},
    };
    assert_made(endpoints, 3,
                "{\"endpoints\":["
                "{\"address\":\"192.0.2.1\",\"hostname\":\"two.test\",\"port\":443},"
                "{\"address\":\"192.0.2.2\",\"hostname\":\"two.test\",\"port\":443},"
                "{\"address\":\"198.51.100.1\",\"port\":80}],\"kind\":\"endpointSet\","
                "\"name\":\"s\"}");
    assert_made(endpoints + 1, 1, "{\"endpoints\":[],\"kind\":\"endpointSet\",\"name\":\"s\"}");
}

static void one_place_by_two_names_of_it_is_two_endpoints(void **state)
{
    (void)state; /* none */
    const struct model_endpoint endpoints[] = {
        {.address = STR("two.test"), .port = 443, .hostname = STR("two.test")},
        {.address = STR("192.0.2.1"), .port = 443},
    };
    assert_made(endpoints, 2,
                "{\"endpoints\":[{\"address\":\"192.0.2.1\",\"port\":443},"
                "{\"address\":\"192.0.2.1\",\"hostname\":\"two.test\",\"port\":443},"
                "{\"address\":\"192.0.2.2\",\"hostname\":\"two.test\",\"port\":443}],"
                "\"kind\":\"endpointSet\",\"name\":\"s\"}");
}

static void addresses_are_told_from_names(void **state)
{
    (void)state; /* none */
    struct model_endpoint endpoints[] = {
        {.address = STR("192.0.2.1"), .port = 80},
        {.address = STR("2001:db8::1"), .port = 80},
    };
    struct model_endpoint_set set = {.name = STR("s"), .endpoints = endpoints, .endpoint_count = 2};
    assert_false(resolve__set_has_names(&set));
    endpoints[1].address = STR("192.0.2.1.test");
    assert_true(resolve__set_has_names(&set));
    set.endpoint_count = 0;
    assert_false(resolve__set_has_names(&set));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_address_of_a_name_is_an_endpoint),
        cmocka_unit_test(one_place_by_two_names_of_it_is_two_endpoints),
        cmocka_unit_test(addresses_are_told_from_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
