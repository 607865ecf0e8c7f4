#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "abort.h"
#include "core/base/map.h"
#include "core/base/random.h"

static void test_set_get_remove(void **state)
{
    (void)state;
    struct map *map = map_new();
    int one = 1;
    int two = 2;
    assert_null(map_get(map, STR("a")));
    assert_null(map_remove(map, STR("a")));
    assert_null(map_set(map, STR("a"), &one));
    assert_ptr_equal(map_get(map, STR("a")), &one);
    assert_ptr_equal(map_set(map, STR("a"), &two), &one);
    assert_int_equal(map_count(map), 1);
    assert_ptr_equal(map_remove(map, STR("a")), &two);
    assert_null(map_get(map, STR("a")));
    assert_int_equal(map_count(map), 0);
    assert_null(map_free(map));
    assert_null(map_free(NULL));
}

static void test_keys_are_bytes(void **state)
{
    (void)state;
    struct map *map = map_new();
    int values[4];
    assert_null(map_set(map, STR("a\0b"), &values[0]));
    assert_null(map_set(map, STR("a\0c"), &values[1]));
    assert_null(map_set(map, STR("a"), &values[2]));
    assert_null(map_set(map, (struct str){NULL, 0}, &values[3]));
    assert_ptr_equal(map_get(map, STR("a\0b")), &values[0]);
    assert_ptr_equal(map_get(map, STR("a\0c")), &values[1]);
    assert_ptr_equal(map_get(map, STR("a")), &values[2]);
    assert_ptr_equal(map_get(map, STR_EMPTY), &values[3]);
    assert_ptr_equal(map_get(map, (struct str){NULL, 0}), &values[3]);
    assert_ptr_equal(map_remove(map, (struct str){NULL, 0}), &values[3]);
    map_free(map);
}

static void test_keys_are_copied(void **state)
{
    (void)state;
    struct map *map = map_new();
    char key[] = "key";
    int value = 1;
    assert_null(map_set(map, str_of(key), &value));
    key[0] = 'x';
    assert_ptr_equal(map_get(map, STR("key")), &value);
    assert_null(map_get(map, str_of(key)));
    map_free(map);
}

static void test_order_of_insertion(void **state)
{
    (void)state;
    struct map *map = map_new();
    char names[] = "zyxwvutsrqponmlkjihgfedcba";
    for (size_t i = 0; i < 26; i++)
        assert_null(map_set(map, str_make(&names[i], 1), &names[i]));
    assert_non_null(map_set(map, STR("m"), &names[13])); /* replacing keeps the place */
    struct map_cursor at = {0};
    char *value = NULL;
    size_t i = 0;
    while ((value = map_next(map, &at)) != NULL) {
        assert_ptr_equal(value, &names[i]);
        assert_true(str_equal(at.key, str_make(&names[i], 1)));
        i++;
    }
    assert_int_equal(i, 26);
    map_free(map);
}

static void test_removal_while_walking(void **state)
{
    (void)state;
    struct map *map = map_new();
    char names[100];
    for (size_t i = 0; i < sizeof(names); i++) {
        names[i] = (char)i;
        assert_null(map_set(map, str_make(&names[i], 1), &names[i]));
    }
    struct map_cursor at = {0};
    const char *value = NULL;
    size_t seen = 0;
    while ((value = map_next(map, &at)) != NULL) {
        seen++;
        if (*value % 2 == 0)
            assert_ptr_equal(map_remove(map, str_make(value, 1)), value);
    }
    assert_int_equal(seen, 100);
    assert_int_equal(map_count(map), 50);
    at = (struct map_cursor){0};
    while ((value = map_next(map, &at)) != NULL)
        assert_ptr_equal(map_remove(map, at.key), value);
    assert_int_equal(map_count(map), 0);
    at = (struct map_cursor){0};
    assert_null(map_next(map, &at));
    map_free(map);
}

/* Random calls, beside an array that answers the same. */
static void test_against_an_array(void **state)
{
    (void)state;
    struct map *map = map_new();
    struct random random = {{1, 2, 3, 4}};
    char cells[512] = {0};
    char *held[512] = {0};
    size_t count = 0;
    for (size_t i = 0; i < 50000; i++) {
        uint16_t key = (uint16_t)random_below(&random, 512);
        struct str name = str_make((const char *)&key, sizeof(key));
        char *value = &cells[random_below(&random, 512)];
        switch (random_below(&random, 3)) {
        case 0:
            assert_ptr_equal(map_set(map, name, value), held[key]);
            count += held[key] == NULL;
            held[key] = value;
            break;
        case 1:
            assert_ptr_equal(map_remove(map, name), held[key]);
            count -= held[key] != NULL;
            held[key] = NULL;
            break;
        default: assert_ptr_equal(map_get(map, name), held[key]); break;
        }
        assert_int_equal(map_count(map), count);
    }
    map_free(map);
}

static void set_null(void)
{
    (void)map_set(map_new(), STR("a"), NULL); /* does not return */
}

static void test_bugs_abort(void **state)
{
    (void)state;
    assert_true(aborts(set_null));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set_get_remove),
        cmocka_unit_test(test_keys_are_bytes),
        cmocka_unit_test(test_keys_are_copied),
        cmocka_unit_test(test_order_of_insertion),
        cmocka_unit_test(test_removal_while_walking),
        cmocka_unit_test(test_against_an_array),
        cmocka_unit_test(test_bugs_abort),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
