#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/hash.h"

#include <stdio.h>
#include <stdlib.h>

#define BUCKETS 256

static void test_equal_bytes_hash_equally(void **state)
{
    (void)state;
    assert_true(hash_bytes("abc", 3, 1) == hash_bytes("abc", 3, 1));
    assert_true(hash_bytes("abc", 3, 1) != hash_bytes("abc", 3, 2));
    assert_true(hash_bytes("abc", 3, 1) != hash_bytes("abd", 3, 1));
    assert_true(hash_str(STR("abc")) == hash_bytes("abc", 3, hash_seed()));
    assert_true(hash_seed() == hash_seed());
    (void)hash_bytes(NULL, 0, 1); /* the empty slice may point nowhere */
}

/* Every size is read as a whole, and no further: each block has exactly its size. */
static void test_every_byte_counts(void **state)
{
    (void)state;
    for (size_t size = 1; size < 70; size++) {
        unsigned char *bytes = malloc(size);
        assert_non_null(bytes);
        memset(bytes, 'x', size);
        uint64_t before = hash_bytes(bytes, size, 7);
        for (size_t i = 0; i < size; i++) {
            bytes[i] ^= 1;
            assert_true(hash_bytes(bytes, size, 7) != before);
            bytes[i] ^= 1;
        }
        free(bytes);
    }
}

static void test_zeros_of_each_size_differ(void **state)
{
    (void)state;
    const unsigned char zeros[64] = {0};
    uint64_t seen[65];
    for (size_t size = 0; size <= 64; size++) {
        seen[size] = hash_bytes(zeros, size, 7);
        for (size_t i = 0; i < size; i++)
            assert_true(seen[i] != seen[size]);
    }
}

/* Chi-squared of `counts` against an even spread, with 255 degrees of freedom: above 360 has a
 * probability below 1 in 100,000. The seed is fixed, so that it passes or fails for good. */
static void assert_even(const unsigned counts[BUCKETS], double total)
{
    double expected = total / BUCKETS;
    double sum = 0;
    for (size_t i = 0; i < BUCKETS; i++)
        sum += (counts[i] - expected) * (counts[i] - expected) / expected;
    assert_true(sum < 360);
}

static void test_spread(void **state)
{
    (void)state;
    const char *formats[] = {"%u", "/api/v1/items/%u", "service-%u.backend.mesh.example.com",
                             "%08u-0000-0000-0000-000000000000"};
    for (size_t f = 0; f < ARRAY_SIZE(formats); f++) {
        unsigned low[BUCKETS] = {0};
        unsigned high[BUCKETS] = {0};
        for (unsigned i = 0; i < 20000; i++) {
            char key[64];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* the literals stand above */
            int size = snprintf(key, sizeof(key), formats[f], i);
#pragma GCC diagnostic pop
            uint64_t hash = hash_bytes(key, (size_t)size, 12345);
            low[hash % BUCKETS]++;
            high[hash >> 56]++;
        }
        assert_even(low, 20000);
        assert_even(high, 20000);
    }
}

/* A changed bit changes each bit of the hash about half of the time. */
static void test_avalanche(void **state)
{
    (void)state;
    unsigned flips[64] = {0};
    unsigned rounds = 0;
    for (uint64_t word = 0; word < 64; word++) {
        uint64_t key[2] = {word * 0x9E3779B97F4A7C15ULL, word};
        uint64_t before = hash_bytes(key, sizeof(key), 99);
        for (unsigned bit = 0; bit < 128; bit++, rounds++) {
            key[bit / 64] ^= 1ULL << (bit % 64);
            uint64_t changed = before ^ hash_bytes(key, sizeof(key), 99);
            key[bit / 64] ^= 1ULL << (bit % 64);
            for (unsigned i = 0; i < 64; i++)
                flips[i] += (unsigned)(changed >> i) & 1;
        }
    }
    for (unsigned i = 0; i < 64; i++)
        assert_in_range(flips[i], rounds * 45 / 100, rounds * 55 / 100);
}

/* The constants of the source are known to all. Keys that begin with one of them, which would make
 * a factor zero if it were used as it is, are spread like others. */
static void test_no_key_hides_the_rest(void **state)
{
    (void)state;
    const uint64_t constants[] = {0xA0761D6478BD642FULL, 0xE7037ED1A0B428DBULL, 0};
    for (size_t c = 0; c < ARRAY_SIZE(constants); c++) {
        for (size_t at = 0; at < 2; at++) {
            uint64_t first = 0;
            for (uint64_t i = 1; i < 100; i++) {
                uint64_t key[2] = {i, i};
                key[at] = constants[c];
                uint64_t hash = hash_bytes(key, sizeof(key), 5);
                assert_true(i == 1 || hash != first);
                first = i == 1 ? hash : first;
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal_bytes_hash_equally),
        cmocka_unit_test(test_every_byte_counts),
        cmocka_unit_test(test_zeros_of_each_size_differ),
        cmocka_unit_test(test_spread),
        cmocka_unit_test(test_avalanche),
        cmocka_unit_test(test_no_key_hides_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
