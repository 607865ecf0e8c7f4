/* Arenas: memory that is dropped as a whole.
 *
 * Three lifetimes use them: a process's start-up, a snapshot or worker state, and a request. An
 * arena grows by chunks and never moves what it handed out. It belongs to one thread at a time; a
 * frozen one (nothing allocates any more) may be read by many.
 *
 * Out of memory aborts. Callers bound what outsiders can make them allocate; arena_size says what
 * an arena holds so far. */
#pragma once

#include <stddef.h>

#include "core/base/attr.h"

struct arena;

/* `chunk_size` is the size of the first chunk in bytes; later ones double up to nearly 256 KiB.
 * Nothing is allocated before the first use. */
MUST_USE struct arena *arena_new(size_t chunk_size);
struct arena *arena_free(struct arena *arena);

/* Empty, keeping its first chunk for reuse. */
void arena_clear(struct arena *arena);

/* As arena_free, after overwriting every byte: for arenas that held keys. */
struct arena *arena_free_wiped(struct arena *arena);

/* Zeroed, aligned for any type. Never NULL. */
MUST_USE void *arena_alloc(struct arena *arena, size_t count, size_t size);

/* Room for a text of `size` bytes, uninitialised and without any alignment. Never NULL. */
MUST_USE char *arena_text(struct arena *arena, size_t size);

/* A copy of `size` bytes; no alignment beyond 1 is promised. */
MUST_USE void *arena_copy(struct arena *arena, const void *data, size_t size);

/* Bytes handed out since the last clear. */
size_t arena_size(const struct arena *arena);

#define ARENA_NEW(arena, type)              ((type *)arena_alloc((arena), 1, sizeof(type)))
#define ARENA_NEW_ARRAY(arena, type, count) ((type *)arena_alloc((arena), (count), sizeof(type)))

CLEANUP_DEFINE(struct arena, arena_free);
