#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "abort.h"
#include "core/base/arena.h"

#include <stdalign.h>
#include <stdbool.h>

static bool all_are(const unsigned char *bytes, size_t size, unsigned char value)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != value)
            return false;
    }
    return true;
}

static void test_alloc_is_zeroed_and_aligned(void **state)
{
    (void)state;
    struct arena *arena = arena_new(100);
    for (size_t size = 0; size < 300; size++) {
        unsigned char *bytes = arena_alloc(arena, 1, size);
        assert_int_equal((uintptr_t)bytes % alignof(max_align_t), 0);
        assert_true(all_are(bytes, size, 0));
        if (size > 0)
            memset(bytes, 0xFF, size);
    }
    arena_free(arena);
}

static void test_nothing_moves_or_overlaps(void **state)
{
    (void)state;
    struct arena *arena = arena_new(16);
    unsigned char *blocks[200];
    for (size_t i = 0; i < ARRAY_SIZE(blocks); i++) {
        blocks[i] = arena_alloc(arena, i, 3);
        if (i > 0)
            memset(blocks[i], (int)i, i * 3);
    }
    for (size_t i = 0; i < ARRAY_SIZE(blocks); i++)
        assert_true(all_are(blocks[i], i * 3, (unsigned char)i));
    arena_free(arena);
}

static void test_larger_than_a_chunk(void **state)
{
    (void)state;
    struct arena *arena = arena_new(32);
    char *small = arena_copy(arena, "small", 6);
    unsigned char *large = arena_alloc(arena, 1, (size_t)1 << 20);
    assert_true(all_are(large, (size_t)1 << 20, 0));
    char *after = arena_copy(arena, "after", 6);
    assert_string_equal(small, "small");
    assert_string_equal(after, "after");
    arena_free(arena);
}

static void test_a_chunk_is_filled_to_its_last_byte(void **state)
{
    (void)state;
    struct arena *arena = arena_new(64);
    const char *first = arena_copy(arena, "0123456789", 10);
    assert_ptr_equal(arena_alloc(arena, 1, 32), first + 16);
    assert_ptr_equal(arena_copy(arena, "0123456789abcdef", 16), first + 48);
    assert_ptr_not_equal(arena_copy(arena, "x", 1), first + 64);
    arena_free(arena);
}

static void test_texts_are_packed(void **state)
{
    (void)state;
    struct arena *arena = arena_new(64);
    char *first = arena_text(arena, 3);
    assert_ptr_equal(arena_text(arena, 0), first + 3);
    assert_ptr_equal(arena_text(arena, 5), first + 3);
    assert_ptr_equal(arena_alloc(arena, 1, 1), first + 16);
    assert_int_equal(arena_size(arena), 9);
    arena_free(arena);
}

static void test_copy(void **state)
{
    (void)state;
    struct arena *arena = arena_new(32);
    assert_non_null(arena_copy(arena, NULL, 0));
    assert_string_equal(arena_copy(arena, "abc", 4), "abc");
    /* An aligned block after an odd one. */
    assert_int_equal((uintptr_t)arena_alloc(arena, 1, 8) % alignof(max_align_t), 0);
    arena_free(arena);
}

static void test_clear_keeps_the_first_chunk(void **state)
{
    (void)state;
    struct arena *arena = arena_new(64);
    void *first = arena_alloc(arena, 1, 16);
    assert_non_null(arena_alloc(arena, 1, 1000)); /* a second chunk */
    assert_int_equal(arena_size(arena), 1016);
    arena_clear(arena);
    assert_int_equal(arena_size(arena), 0);
    unsigned char *again = arena_alloc(arena, 1, 16);
    assert_ptr_equal(again, first);
    assert_true(all_are(again, 16, 0));
    memset(again, 0xFF, 16);
    arena_clear(arena);
    assert_true(all_are(arena_alloc(arena, 1, 16), 16, 0));
    arena_free(arena);
}

static void test_clear_of_an_unused_arena(void **state)
{
    (void)state;
    struct arena *arena = arena_new(64);
    arena_clear(arena);
    assert_int_equal(arena_size(arena), 0);
    assert_null(arena_free(arena));
}

static void test_freeing(void **state)
{
    (void)state;
    assert_null(arena_free(NULL));
    assert_null(arena_free_wiped(NULL));
    struct arena *arena = arena_new(64);
    assert_non_null(arena_copy(arena, "key", 4)); /* wiped below */
    assert_non_null(arena_alloc(arena, 10, 100));
    assert_null(arena_free_wiped(arena));
    CLEANUP(arena_free) struct arena *scoped = arena_new(8);
    assert_non_null(scoped);
}

static void overflow(void)
{
    assert_non_null(arena_alloc(arena_new(8), SIZE_MAX / 2, 3)); /* does not return */
}

static void no_chunk(void)
{
    assert_non_null(arena_new(0)); /* does not return */
}

static void test_bugs_abort(void **state)
{
    (void)state;
    assert_true(aborts(overflow));
    assert_true(aborts(no_chunk));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alloc_is_zeroed_and_aligned),
        cmocka_unit_test(test_nothing_moves_or_overlaps),
        cmocka_unit_test(test_larger_than_a_chunk),
        cmocka_unit_test(test_a_chunk_is_filled_to_its_last_byte),
        cmocka_unit_test(test_texts_are_packed),
        cmocka_unit_test(test_copy),
        cmocka_unit_test(test_clear_keeps_the_first_chunk),
        cmocka_unit_test(test_clear_of_an_unused_arena),
        cmocka_unit_test(test_freeing),
        cmocka_unit_test(test_bugs_abort),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
