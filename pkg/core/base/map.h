/* A map from byte strings to pointers, walked in the order of insertion.
 *
 * The map copies its keys and never owns its values. Not thread-safe; a map that nobody changes may
 * be read by many. */
#pragma once

#include <stddef.h>

#include "core/base/str.h"

struct map;

MUST_USE struct map *map_new(void);
struct map *map_free(struct map *map);

/* Puts `value`, which is not NULL, under `key`. Returns what it replaced, or NULL. */
void *map_set(struct map *map, struct str key, void *value);

/* The value, or NULL. */
void *map_get(const struct map *map, struct str key);

/* Removes `key` and returns its value, or NULL. */
void *map_remove(struct map *map, struct str key);

size_t map_count(const struct map *map);

/* Walks the map:
 *
 *     struct map_cursor at = {0};
 *     while ((value = map_next(map, &at)) != NULL) use(at.key, value);
 *
 * The entry just returned may be removed, or get another value; nothing else may change
 * meanwhile. */
struct map_cursor {
    struct str key;
    void *next_; /* private, like what follows */
    bool started_;
};

void *map_next(const struct map *map, struct map_cursor *cursor);

CLEANUP_DEFINE(struct map, map_free);
