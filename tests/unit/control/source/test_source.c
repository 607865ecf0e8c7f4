#include "control/source/source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/yaml/yaml.h"

static void keeps_a_cache(void **state)
{
    (void)state;
    CLEANUP(cache_free) struct cache *cache = cache_new();
    CLEANUP(arena_free) struct arena *arena = arena_new(1024);
    CLEANUP(finding_list_free) struct finding_list *problems = finding_list_new();
    struct yaml_stream stream;
    struct yaml_error error;
    assert_int_equal(yaml_parse(arena, STR("{type: Mesh, name: m}"), &stream, &error), ERR_OK);
    const struct api_origin origin = {.file = STR("t.yaml")};
    const struct api_object *object = api_decode(stream.documents[0], &origin, problems);
    assert_non_null(object);

    struct source_events events = source_into_cache(cache);
    assert_null(events.report);
    assert_null(events.settled);
    events.apply(events.arg, object);
    assert_ptr_equal(cache_find(cache, &object->key), object);
    events.remove(events.arg, &object->key);
    assert_null(cache_find(cache, &object->key));
    (void)api_object_unref(object); /* the last reference */
    assert_int_equal(api_objects_alive(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_a_cache),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
