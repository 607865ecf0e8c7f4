#include "core/base/map.h"

#include "core/base/assert.h"
#include "core/base/hash.h"
#include "core/base/mem.h"

/* A bucket holds one entry or none: with the ten that uthash lets gather in one, a look-up waits
 * for memory more often. */
#define HASH_BKT_CAPACITY_THRESH 5

/* Our hash instead of uthash's own: seeded, and free of the fall-throughs that Clang refuses. */
#define HASH_FUNCTION(key, size, value) ((value) = (unsigned)hash_bytes((key), (size), hash_seed()))
#define uthash_malloc(size)             mem_alloc(size)
#define uthash_free(pointer, size)      ((void)mem_free(pointer))

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wcast-qual"
#include <uthash.h>

struct map_entry {
    UT_hash_handle hh;
    void *value;
    size_t size;
    char key[];
};

struct map {
    struct map_entry *entries;
};

struct map *map_new(void)
{
    return MEM_NEW(struct map);
}

static struct map_entry *entry_find(const struct map *map, struct str key)
{
    struct map_entry *entry = NULL;
    if (map->entries == NULL) /* no hash of a key that nothing can be under */
        return NULL;
    /* The empty slice may point nowhere, which memcmp does not accept. */
    const char *data = key.size == 0 ? "" : key.data;
    HASH_FIND(hh, map->entries, data, key.size, entry);
    return entry;
}

static void entry_delete(struct map *map, struct map_entry *entry)
{
    HASH_DELETE(hh, map->entries, entry);
    mem_free(entry);
}

static void entry_add(struct map *map, struct str key, void *value)
{
    struct map_entry *entry = mem_zero(1, sizeof(*entry) + key.size);
    entry->value = value;
    entry->size = key.size;
    if (key.size > 0)
        memcpy(entry->key, key.data, key.size);
    HASH_ADD_KEYPTR(hh, map->entries, entry->key, entry->size, entry);
}

struct map *map_free(struct map *map)
{
    if (map == NULL)
        return NULL;
    struct map_entry *entry = NULL;
    struct map_entry *next = NULL;
    HASH_ITER(hh, map->entries, entry, next)
        entry_delete(map, entry);
    return mem_free(map);
}
#pragma GCC diagnostic pop

void *map_set(struct map *map, struct str key, void *value)
{
    ASSERT(value != NULL);
    struct map_entry *entry = entry_find(map, key);
    if (entry == NULL) {
        entry_add(map, key, value);
        return NULL;
    }
    void *old = entry->value;
    entry->value = value;
    return old;
}

void *map_get(const struct map *map, struct str key)
{
    const struct map_entry *entry = entry_find(map, key);
    return entry == NULL ? NULL : entry->value;
}

void *map_remove(struct map *map, struct str key)
{
    struct map_entry *entry = entry_find(map, key);
    if (entry == NULL)
        return NULL;
    void *value = entry->value;
    entry_delete(map, entry);
    return value;
}

size_t map_count(const struct map *map)
{
    return HASH_COUNT(map->entries);
}

void *map_next(const struct map *map, struct map_cursor *cursor)
{
    struct map_entry *entry = cursor->started_ ? cursor->next_ : map->entries;
    cursor->started_ = true;
    if (entry == NULL)
        return NULL;
    cursor->next_ = entry->hh.next;
    cursor->key = (struct str){entry->key, entry->size};
    return entry->value;
}
