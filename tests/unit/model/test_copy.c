#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/mem.h"
#include "model/resource.h"
#include "shapes.h"

#define GUARD_SIZE 64

static bool is_inside(const void *at, const unsigned char *memory, size_t size)
{
    return (uintptr_t)at >= (uintptr_t)memory && (uintptr_t)at < (uintptr_t)memory + size;
}

/* Whatever it points at is its own, and texts are terminated. */
static void assert_own(const struct model__shape *shape, const void *copy,
                       const unsigned char *memory, size_t size)
{
    for (size_t i = 0; i < shape->count; i++) {
        const struct model__member *member = &shape->members[i];
        const void *at = model__at(copy, member->offset);
        if (member->type == MODEL__TEXT) {
            const struct str *text = at;
            assert_true(is_inside(text->data, memory, size));
            assert_int_equal(text->data[text->size], '\0');
        } else if (member->type == MODEL__NAMES) {
            const struct model_names *names = at;
            assert_true(is_inside(names->items, memory, size));
            assert_true(is_inside(names->items[0].data, memory, size));
        } else if (member->type == MODEL__OBJECT) {
            assert_own(member->shape, at, memory, size);
        } else if (member->type == MODEL__LIST) {
            size_t count;
            const char *items = model__items(member, copy, &count);
            assert_int_equal(count, 1);
            assert_true(is_inside(items, memory, size));
            assert_int_equal((uintptr_t)items % sizeof(void *), 0);
            assert_own(member->shape, items, memory, size);
        }
    }
}

static void test_a_copy_is_its_own_and_as_large_as_measured(void **state)
{
    (void)state;
    for (enum model_kind kind = 0; kind < MODEL_KINDS; kind++) {
        const struct model__shape *shape = &model__shapes[kind];
        struct arena *arena = arena_new(1024);
        void *content = arena_alloc(arena, 1, shape->size);
        content_fill(arena, shape, content);
        struct model__extent extent = model__measure(shape, content);
        size_t size = extent.structs + extent.texts;
        unsigned char *memory = mem_alloc(size + GUARD_SIZE);
        memset(memory, 0xAA, size + GUARD_SIZE);
        model__copy(shape, content, &extent, memory);
        assert_int_equal(memory[size - 1], '\0'); /* of the last text */
        for (size_t i = 0; i < GUARD_SIZE; i++)
            assert_int_equal(memory[size + i], 0xAA);
        struct model_digest before = model__digest(kind, content);
        arena = arena_free(arena);
        assert_own(shape, memory, memory, size);
        struct model_digest after = model__digest(kind, memory);
        assert_true(model_digest_equal(&before, &after));
        memory = mem_free(memory);
    }
}

static void test_what_is_empty_takes_no_room(void **state)
{
    (void)state;
    const struct model_endpoint_set set = {.name = {NULL, 0}};
    struct model__extent extent = model__measure(&model__shapes[MODEL_ENDPOINT_SET], &set);
    assert_int_equal(extent.structs, sizeof(set));
    assert_int_equal(extent.texts, 0);
    struct model_endpoint_set copy;
    model__copy(&model__shapes[MODEL_ENDPOINT_SET], &set, &extent, &copy);
    assert_string_equal(copy.name.data, "");
    assert_int_equal(copy.endpoint_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_copy_is_its_own_and_as_large_as_measured),
        cmocka_unit_test(test_what_is_empty_takes_no_room),
    };
    return cmocka_run_group_tests_name("model/copy", tests, NULL, NULL);
}
