#include "control/source/files/settle.h"

#include "core/base/map.h"
#include "core/base/mem.h"

struct entry {
    uint64_t due_ms;
    uint64_t noted; /* which note was the last */
    bool closed;
    bool quiet;
};

struct files__settle {
    struct map *entries; /* by path */
    uint64_t quiet_ms;
    uint64_t moment; /* counts notes */
    char *taken;     /* the path that was handed out last */
};

struct files__settle *files__settle_new(uint64_t quiet_ms)
{
    struct files__settle *settle = MEM_NEW(struct files__settle);
    settle->entries = map_new();
    settle->quiet_ms = quiet_ms;
    return settle;
}

struct files__settle *files__settle_free(struct files__settle *settle)
{
    if (settle == NULL)
        return NULL;
    struct map_cursor at = {0};
    for (struct entry *entry = NULL; (entry = map_next(settle->entries, &at)) != NULL;)
        mem_free(entry);
    map_free(settle->entries);
    mem_free(settle->taken);
    return mem_free(settle);
}

static struct entry *entry_of(struct files__settle *settle, struct str path)
{
    struct entry *entry = map_get(settle->entries, path);
    if (entry == NULL) {
        entry = MEM_NEW(struct entry);
        (void)map_set(settle->entries, path, entry); /* there was none */
    }
    return entry;
}

void files__settle_note(struct files__settle *settle, struct str path, bool closed, uint64_t now_ms)
{
    *entry_of(settle, path) = (struct entry){
        .due_ms = closed ? now_ms : now_ms + settle->quiet_ms,
        .noted = ++settle->moment,
        .closed = closed,
        .quiet = !closed,
    };
}

void files__settle_defer(struct files__settle *settle, struct str path, bool closed,
                         uint64_t now_ms)
{
    struct entry *entry = entry_of(settle, path);
    closed |= entry->closed;
    files__settle_note(settle, path, false, now_ms);
    entry->closed = closed;
}

bool files__settle_waits(const struct files__settle *settle, struct str path)
{
    return map_get(settle->entries, path) != NULL;
}

uint64_t files__settle_moment(const struct files__settle *settle)
{
    return settle->moment;
}

bool files__settle_is_written(const struct files__settle *settle, struct str path, uint64_t moment)
{
    const struct entry *entry = map_get(settle->entries, path);
    return entry != NULL && (!entry->closed || entry->noted > moment);
}

uint64_t files__settle_due(const struct files__settle *settle)
{
    uint64_t due_ms = FILES__NEVER;
    struct map_cursor at = {0};
    for (const struct entry *entry = NULL; (entry = map_next(settle->entries, &at)) != NULL;)
        due_ms = MIN(due_ms, entry->due_ms);
    return due_ms;
}

bool files__settle_take(struct files__settle *settle, uint64_t now_ms, struct files__due *ret_due)
{
    struct map_cursor at = {0};
    struct entry *entry = NULL;
    do {
        entry = map_next(settle->entries, &at);
    } while (entry != NULL && entry->due_ms > now_ms);
    if (entry == NULL)
        return false;
    settle->taken = mem_resize(settle->taken, at.key.size + 1, 1);
    memcpy(settle->taken, at.key.data, at.key.size);
    *ret_due = (struct files__due){
        .path = str_make(settle->taken, at.key.size),
        .closed = entry->closed,
        .quiet = entry->quiet,
    };
    (void)map_remove(settle->entries, ret_due->path); /* freed here */
    mem_free(entry);
    return true;
}
