#include "core/base/random.h"

#include <errno.h>
#include <sys/random.h>

#include "core/base/assert.h"

void random_bytes(void *ret_bytes, size_t size)
{
    unsigned char *bytes = ret_bytes;
    size_t filled = 0;
    while (filled < size) {
        ssize_t got = getrandom(bytes + filled, size - filled, 0);
        ASSERT(got > 0 || errno == EINTR);
        if (got > 0)
            filled += (size_t)got;
    }
}

void random_init(struct random *random)
{
    random_bytes(random->state, sizeof(random->state));
    random->state[0] |= 1; /* all zeros is the one state it never leaves */
}

static uint64_t rotate(uint64_t x, unsigned bits)
{
    return (x << bits) | (x >> (64 - bits));
}

uint64_t random_next(struct random *random)
{
    uint64_t *s = random->state;
    uint64_t result = rotate(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

uint64_t random_below(struct random *random, uint64_t bound)
{
    ASSERT(bound > 0);
    __extension__ typedef unsigned __int128 u128;
    return (uint64_t)(((u128)random_next(random) * bound) >> 64);
}
