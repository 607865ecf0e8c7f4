#include "core/base/arena.h"

#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "core/base/assert.h"
#include "core/base/mem.h"

/* With what stands before it, less than what the allocator maps by itself and gives back at once
 * (mem_return_large): a page that comes again costs more than what is written into it. */
#define ARENA_CHUNK_MAX ((size_t)256 * 1024 - 256)

struct arena_chunk {
    struct arena_chunk *next; /* older; the first one is the oldest */
    size_t size;
    size_t used;
    alignas(max_align_t) unsigned char bytes[];
};

struct arena {
    struct arena_chunk *newest;
    size_t chunk_size;
    size_t total;
};

struct arena *arena_new(size_t chunk_size)
{
    ASSERT(chunk_size > 0);
    struct arena *arena = MEM_NEW(struct arena);
    arena->chunk_size = chunk_size;
    return arena;
}

static void chunks_free(struct arena_chunk *chunk, bool wipe)
{
    while (chunk != NULL) {
        struct arena_chunk *next = chunk->next;
        if (wipe)
            mem_wipe(chunk->bytes, chunk->size);
        mem_free(chunk);
        chunk = next;
    }
}

struct arena *arena_free(struct arena *arena)
{
    if (arena == NULL)
        return NULL;
    chunks_free(arena->newest, false);
    return mem_free(arena);
}

struct arena *arena_free_wiped(struct arena *arena)
{
    if (arena == NULL)
        return NULL;
    chunks_free(arena->newest, true);
    return mem_free(arena);
}

void arena_clear(struct arena *arena)
{
    struct arena_chunk *oldest = arena->newest;
    while (oldest != NULL && oldest->next != NULL) {
        struct arena_chunk *next = oldest->next;
        mem_free(oldest);
        oldest = next;
    }
    if (oldest != NULL)
        oldest->used = 0;
    arena->newest = oldest;
    arena->total = 0;
}

/* A chunk with room for `size` bytes becomes the newest. */
static struct arena_chunk *chunk_add(struct arena *arena, size_t size)
{
    size_t wanted = arena->chunk_size;
    if (arena->newest != NULL)
        wanted = MIN(MAX(arena->newest->size, arena->chunk_size) * 2, ARENA_CHUNK_MAX);
    wanted = MAX(wanted, size);
    ASSERT(wanted < SIZE_MAX - sizeof(struct arena_chunk));
    struct arena_chunk *chunk = mem_alloc(sizeof(struct arena_chunk) + wanted);
    chunk->next = arena->newest;
    chunk->size = wanted;
    chunk->used = 0;
    arena->newest = chunk;
    return chunk;
}

static void *chunk_take(struct arena *arena, size_t size, size_t alignment)
{
    struct arena_chunk *chunk = arena->newest;
    size_t start = chunk == NULL ? 0 : (chunk->used + alignment - 1) & ~(alignment - 1);
    if (chunk == NULL || start > chunk->size || chunk->size - start < size) {
        chunk = chunk_add(arena, size);
        start = 0;
    }
    chunk->used = start + size;
    arena->total += size;
    return chunk->bytes + start;
}

void *arena_alloc(struct arena *arena, size_t count, size_t size)
{
    size_t total = 0;
    ASSERT(!__builtin_mul_overflow(count, size, &total));
    void *pointer = chunk_take(arena, total, alignof(max_align_t));
    if (total > 0)
        memset(pointer, 0, total);
    return pointer;
}

char *arena_text(struct arena *arena, size_t size)
{
    return chunk_take(arena, size, 1);
}

void *arena_copy(struct arena *arena, const void *data, size_t size)
{
    void *pointer = chunk_take(arena, size, 1);
    if (size > 0)
        memcpy(pointer, data, size);
    return pointer;
}

size_t arena_size(const struct arena *arena)
{
    return arena->total;
}
