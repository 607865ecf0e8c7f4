#include "core/base/mem.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/assert.h"

#define LARGE_SIZE (256 * 1024)

void mem_return_large(void)
{
    (void)mallopt(M_MMAP_THRESHOLD, LARGE_SIZE); /* the allocators of sanitizers have no such */
}

void *mem_alloc(size_t size)
{
    void *pointer = malloc(size > 0 ? size : 1);
    ASSERT(pointer != NULL);
    return pointer;
}

void *mem_zero(size_t count, size_t size)
{
    void *pointer = calloc(count > 0 ? count : 1, size > 0 ? size : 1);
    ASSERT(pointer != NULL);
    return pointer;
}

void *mem_resize(void *pointer, size_t count, size_t size)
{
    size_t total = 0;
    ASSERT(!__builtin_mul_overflow(count, size, &total));
    void *resized = realloc(pointer, total > 0 ? total : 1);
    ASSERT(resized != NULL);
    return resized;
}

void *mem_free(void *pointer)
{
    free(pointer);
    return NULL;
}

void mem_wipe(void *pointer, size_t size)
{
    if (size > 0)
        explicit_bzero(pointer, size);
}

int mem_equal_secret(const void *a, const void *b, size_t size)
{
    const unsigned char *left = a;
    const unsigned char *right = b;
    unsigned char difference = 0;
    for (size_t i = 0; i < size; i++)
        difference = (unsigned char)(difference | (left[i] ^ right[i]));
    return difference == 0;
}
