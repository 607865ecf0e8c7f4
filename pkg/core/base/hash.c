#include "core/base/hash.h"

#include <pthread.h>
#include <string.h>

#include "core/base/random.h"

/* Odd constants with as many ones as zeros, as in the wyhash family. */
#define HASH_PRIME_A 0xA0761D6478BD642FULL
#define HASH_PRIME_B 0xE7037ED1A0B428DBULL

static pthread_once_t seed_once = PTHREAD_ONCE_INIT;
static uint64_t seed_value;

static void seed_draw(void)
{
    random_bytes(&seed_value, sizeof(seed_value));
}

uint64_t hash_seed(void)
{
    (void)pthread_once(&seed_once, seed_draw); /* fails only for a bad control object */
    return seed_value;
}

static uint64_t mix(uint64_t a, uint64_t b)
{
    __extension__ typedef unsigned __int128 u128;
    u128 product = (u128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t load(const unsigned char *bytes, size_t size)
{
    uint64_t word = 0;
    memcpy(&word, bytes, size);
    return word;
}

uint64_t hash_bytes(const void *data, size_t size, uint64_t seed)
{
    const unsigned char *bytes = data;
    /* Both factors of every product carry a secret: input that makes one of them zero would hide
     * the other, and whoever could write such input could aim. */
    uint64_t state = seed ^ HASH_PRIME_A;
    uint64_t secret = mix(state, HASH_PRIME_B) ^ HASH_PRIME_B;
    size_t left = size;
    for (; left > 16; left -= 16, bytes += 16)
        state = mix(load(bytes, 8) ^ secret, load(bytes + 8, 8) ^ state);
    uint64_t a = left == 0 ? 0 : load(bytes, left < 8 ? left : 8);
    uint64_t b = left <= 8 ? 0 : load(bytes + 8, left - 8);
    return mix(HASH_PRIME_A ^ size, mix(a ^ secret, b ^ state));
}
