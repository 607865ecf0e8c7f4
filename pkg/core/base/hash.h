/* A fast, seeded, non-cryptographic hash of bytes, for tables in memory. Its values are never
 * stored or sent: they change from process to process, so that no outsider can aim at one bucket.
 * Digests are another matter: core/pki. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/str.h"

/* The seed of this process, drawn once. Any thread. */
uint64_t hash_seed(void);

uint64_t hash_bytes(const void *data, size_t size, uint64_t seed);

static inline uint64_t hash_str(struct str s)
{
    return hash_bytes(s.data, s.size, hash_seed());
}
