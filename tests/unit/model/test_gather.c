#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/gather.h"

static unsigned char bytes[3 * sizeof(((struct model__gatherer *)NULL)->bytes)];

static void fill(void)
{
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (unsigned char)(i * 7 + i / 251);
}

static void assert_is_hash(struct model_digest digest, const void *data, size_t size)
{
    struct model_digest expected;
    pki_sha256(data, size, expected.bytes);
    assert_true(model_digest_equal(&digest, &expected));
}

static void test_pieces_are_as_the_whole(void **state)
{
    (void)state;
    static const size_t pieces[] = {1, 7, 64, 2047, 2048, 2049, sizeof(bytes)};
    struct model__gatherer gatherer;
    fill();
    model__gather_init(&gatherer);
    for (size_t i = 0; i < sizeof(pieces) / sizeof(*pieces); i++) {
        for (size_t at = 0; at < sizeof(bytes); at += pieces[i])
            model__gather(&gatherer, bytes + at, MIN(pieces[i], sizeof(bytes) - at));
        assert_is_hash(model__gathered(&gatherer), bytes, sizeof(bytes)); /* and begins anew */
    }
    assert_is_hash(model__gathered(&gatherer), "", 0);
    model__gather_deinit(&gatherer);
}

static void test_numbers_and_texts(void **state)
{
    (void)state;
    struct model__gatherer gatherer;
    model__gather_init(&gatherer);
    model__gather_number(&gatherer, 0);
    model__gather_number(&gatherer, 127);
    model__gather_number(&gatherer, 128);
    model__gather_number(&gatherer, UINT64_MAX);
    model__gather_text(&gatherer, STR("ab"));
    model__gather_text(&gatherer, STR_EMPTY);
    static const char expected[] = "\x00\x7f\x80\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x02"
                                   "ab\x00";
    assert_is_hash(model__gathered(&gatherer), expected, sizeof(expected) - 1);
    model__gather_deinit(&gatherer);
}

static void test_numbers_find_room(void **state)
{
    (void)state;
    struct model__gatherer gatherer;
    model__gather_init(&gatherer);
    memset(bytes, 0x7f, sizeof(bytes));
    for (size_t i = 0; i < sizeof(bytes); i++)
        model__gather_number(&gatherer, 0x7f);
    assert_is_hash(model__gathered(&gatherer), bytes, sizeof(bytes));
    model__gather_deinit(&gatherer);
}

static void test_nothing_stays(void **state)
{
    (void)state;
    static const unsigned char zeros[sizeof(((struct model__gatherer *)NULL)->bytes)];
    struct model__gatherer gatherer = {.hash = NULL};
    for (size_t i = 0; i < 2; i++) { /* what is small, and what is not */
        model__gather_text(&gatherer, STR("a key"));
        model__gather(&gatherer, bytes, i * 2044);
        (void)model__gathered(&gatherer);
        assert_memory_equal(gatherer.bytes, zeros, sizeof(zeros));
    }
    model__gather_deinit(&gatherer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces_are_as_the_whole),
        cmocka_unit_test(test_numbers_and_texts),
        cmocka_unit_test(test_numbers_find_room),
        cmocka_unit_test(test_nothing_stays),
    };
    return cmocka_run_group_tests_name("model/gather", tests, NULL, NULL);
}
