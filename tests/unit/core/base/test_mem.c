#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "abort.h"
#include "core/base/mem.h"

static void test_alloc(void **state)
{
    (void)state;
    void *nothing = mem_alloc(0);
    assert_non_null(nothing);
    assert_null(mem_free(nothing));
    assert_null(mem_free(NULL));
    uint64_t *words = MEM_NEW_ARRAY(uint64_t, 100);
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(words[i], 0);
    words = mem_free(words);
    void *empty = mem_zero(0, 8);
    assert_non_null(empty);
    mem_free(empty);
}

static void test_resize(void **state)
{
    (void)state;
    char *text = mem_resize(NULL, 4, 1);
    memcpy(text, "abc", 4);
    text = mem_resize(text, 1000, 3);
    assert_string_equal(text, "abc");
    text = mem_resize(text, 0, 3);
    assert_non_null(text);
    mem_free(text);
}

static void test_wipe(void **state)
{
    (void)state;
    char secret[] = "secret";
    mem_wipe(secret + 1, 3);
    assert_memory_equal(secret, "s\0\0\0et", 7);
    mem_wipe(NULL, 0);
}

static void test_equal_secret(void **state)
{
    (void)state;
    assert_true(mem_equal_secret("abc", "abc", 3));
    assert_true(mem_equal_secret("abc", "abd", 2));
    assert_true(mem_equal_secret(NULL, NULL, 0));
    for (size_t i = 0; i < 32; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            unsigned char a[32] = {0};
            unsigned char b[32] = {0};
            b[i] = (unsigned char)(1U << bit);
            assert_false(mem_equal_secret(a, b, sizeof(a)));
        }
    }
}

static void zero_overflow(void)
{
    assert_non_null(mem_zero(SIZE_MAX / 2, 3)); /* does not return */
}

static void resize_overflow(void)
{
    assert_non_null(mem_resize(NULL, SIZE_MAX / 2, 3)); /* does not return */
}

static void test_overflows_abort(void **state)
{
    (void)state;
    assert_true(aborts(zero_overflow));
    assert_true(aborts(resize_overflow));
}

/* Those of sanitizers map nothing that the C library would know of. */
static bool is_allocator_of_libc(void)
{
    size_t mapped = mallinfo2().hblkhd;
    void *block = mem_alloc((size_t)64 << 20); /* more than it would ever learn to keep */
    bool is = mallinfo2().hblkhd > mapped;
    block = mem_free(block);
    return is;
}

static void test_large_blocks_go_back(void **state)
{
    (void)state;
    mem_return_large();
    if (!is_allocator_of_libc())
        return;
    void *first = mem_alloc((size_t)4 << 20);
    first = mem_free(first); /* from this the C library would learn */
    size_t mapped = mallinfo2().hblkhd;
    void *second = mem_alloc((size_t)1 << 20);
    assert_true(mallinfo2().hblkhd > mapped);
    second = mem_free(second);
    assert_int_equal(mallinfo2().hblkhd, mapped);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alloc),
        cmocka_unit_test(test_resize),
        cmocka_unit_test(test_wipe),
        cmocka_unit_test(test_equal_secret),
        cmocka_unit_test(test_overflows_abort),
        cmocka_unit_test(test_large_blocks_go_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
