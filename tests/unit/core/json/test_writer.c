#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/json/json.h"

#define NO_MARK ((struct jv_mark){0, 0})

static void assert_content(const struct buf *buf, const char *wanted)
{
    struct str got = buf_str(buf);
    assert_false(buf_overflowed(buf));
    assert_int_equal(got.size, strlen(wanted));
    assert_memory_equal(got.data, wanted, got.size);
}

static void writes_nested_values(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 4096);
    struct jv_writer w;
    jv_writer_init(&w, &buf);
    jv_write_object(&w);
    jv_write_key(&w, STR("a"));
    jv_write_array(&w);
    jv_write_u64(&w, 0);
    jv_write_u64(&w, UINT64_MAX);
    jv_write_object(&w);
    jv_write_end(&w);
    jv_write_array(&w);
    jv_write_end(&w);
    jv_write_end(&w);
    jv_write_key(&w, STR("b"));
    jv_write_null(&w);
    jv_write_key(&w, STR("ba"));
    jv_write_bool(&w, true);
    jv_write_key(&w, STR("c"));
    jv_write_string(&w, STR("x"));
    jv_write_end(&w);
    assert_content(&buf, "{\"a\":[0,18446744073709551615,{},[]],\"b\":null,\"ba\":true,"
                         "\"c\":\"x\"}");
    buf_deinit(&buf);
}

static void members_are_keys_and_values(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 4096);
    struct jv_writer w;
    jv_writer_init(&w, &buf);
    jv_write_object(&w);
    jv_write_member_bool(&w, STR("a"), false);
    jv_write_member_u64(&w, STR("b"), 7);
    jv_write_member_string(&w, STR("c"), STR("x"));
    jv_write_end(&w);
    assert_content(&buf, "{\"a\":false,\"b\":7,\"c\":\"x\"}");
    buf_deinit(&buf);
}

static void takes_whole_trees_and_canonical_texts(void **state)
{
    (void)state;
    struct arena *arena = arena_new(1024);
    const struct jv *items[] = {jv_number(arena, NO_MARK, STR("1")), jv_null(arena, NO_MARK)};
    struct buf buf;
    buf_init(&buf, 4096);
    struct jv_writer w;
    jv_writer_init(&w, &buf);
    jv_write_object(&w);
    jv_write_key(&w, STR("a"));
    jv_write_canonical(&w, STR("{\"b\":2}"));
    jv_write_key(&w, STR("c"));
    jv_write_value(&w, jv_array(arena, NO_MARK, items, 2));
    jv_write_end(&w);
    assert_content(&buf, "{\"a\":{\"b\":2},\"c\":[1,null]}");
    buf_deinit(&buf);
    (void)arena_free(arena); /* always NULL */
}

static void escapes_strings_and_keeps_utf8(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 4096);
    struct jv_writer w;
    jv_writer_init(&w, &buf);
    jv_write_string(&w, STR("\"\\/\n\r\t\x01\0é大"));
    assert_content(&buf, "\"\\\"\\\\/\\n\\r\\t\\u0001\\u0000é大\"");
    buf_deinit(&buf);
}

static void prints_a_tree_with_sorted_keys(void **state)
{
    (void)state;
    struct arena *arena = arena_new(1024);
    const struct jv *items[] = {jv_bool(arena, NO_MARK, false), jv_null(arena, NO_MARK),
                                jv_number(arena, NO_MARK, STR("1.50"))};
    struct jv_member members[] = {
        {.key = STR("z"), .value = jv_array(arena, NO_MARK, items, 3)},
        {.key = STR("a"), .value = jv_string(arena, NO_MARK, STR("v"))},
    };
    const struct jv *object = NULL;
    const struct jv_member *twice[2];
    assert_int_equal(jv_object(arena, NO_MARK, members, 2, &object, twice), ERR_OK);
    struct buf buf;
    buf_init(&buf, 4096);
    jv_print(object, &buf);
    assert_content(&buf, "{\"a\":\"v\",\"z\":[false,null,1.50]}");
    buf_deinit(&buf);
    arena_free(arena);
}

static void overflow_is_the_buffers_to_say(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 4);
    struct jv_writer w;
    jv_writer_init(&w, &buf);
    jv_write_string(&w, STR("longer"));
    assert_true(buf_overflowed(&buf));
    buf_deinit(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_nested_values),
        cmocka_unit_test(members_are_keys_and_values),
        cmocka_unit_test(takes_whole_trees_and_canonical_texts),
        cmocka_unit_test(escapes_strings_and_keeps_utf8),
        cmocka_unit_test(prints_a_tree_with_sorted_keys),
        cmocka_unit_test(overflow_is_the_buffers_to_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
