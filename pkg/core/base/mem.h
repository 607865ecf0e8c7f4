/* The heap. Running out of memory aborts: the process restarts, and half the error branches never
 * exist. A size that an outsider can influence is checked against a named bound before it gets
 * here. Only core/base calls malloc. */
#pragma once

#include <stddef.h>

#include "core/base/attr.h"

/* Uninitialised memory; never NULL, `size` 0 included. */
MUST_USE void *mem_alloc(size_t size);

/* Zeroed memory for `count` items; the product is checked. */
MUST_USE void *mem_zero(size_t count, size_t size);

MUST_USE void *mem_resize(void *pointer, size_t count, size_t size);

/* Takes NULL. Returns NULL, so `p = mem_free(p)` leaves nothing dangling. */
void *mem_free(void *pointer);

/* From now on blocks of 256 KiB and more go back to the system when they are freed; by itself the C
 * library learns to keep them. For programs that now and then need much for a moment. Before the
 * first thread. */
void mem_return_large(void);

/* Overwrites memory that held a secret in a way the compiler keeps. */
void mem_wipe(void *pointer, size_t size);

/* Compares in a time that does not depend on the contents. For secrets. */
MUST_USE int mem_equal_secret(const void *a, const void *b, size_t size);

/* A zeroed object of `type`. */
#define MEM_NEW(type)              ((type *)mem_zero(1, sizeof(type)))
#define MEM_NEW_ARRAY(type, count) ((type *)mem_zero((count), sizeof(type)))
