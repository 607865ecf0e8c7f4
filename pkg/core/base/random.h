/* Random numbers from the kernel, and a fast generator seeded from them. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Fit for keys and tokens. Blocks only before the kernel's pool is ready, once per boot. */
void random_bytes(void *ret_bytes, size_t size);

/* xoshiro256**: for jitter, weights and request ids; never for secrets. One owner. */
struct random {
    uint64_t state[4]; /* private */
};

void random_init(struct random *random);
uint64_t random_next(struct random *random);

/* Evenly from 0 to `bound` - 1; `bound` above 0. */
uint64_t random_below(struct random *random, uint64_t bound);
