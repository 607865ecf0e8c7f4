#include "control/queue/queue.h"

#include "core/base/assert.h"
#include "core/base/backoff.h"
#include "core/base/map.h"
#include "core/base/mem.h"
#include "core/base/vec.h"

#define NOT_WAITING SIZE_MAX

struct entry {
    char *name; /* owns what `key` points at */
    struct str key;
    uint64_t at_ms;
    uint64_t again_ms; /* running: asked for at that time; QUEUE_NEVER: it was not */
    size_t index;      /* in the heap; NOT_WAITING */
    uint32_t failures;
    bool running;
    bool forgotten; /* running: it goes when the work ends, unless asked for again */
};

struct queue {
    struct random *random;
    struct map *entries;
    VEC(struct entry *) heap; /* of those that wait, by time */
};

struct queue *queue_new(struct random *random)
{
    struct queue *queue = MEM_NEW(struct queue);
    queue->random = random;
    queue->entries = map_new();
    return queue;
}

static void entry_free(struct entry *entry)
{
    entry->name = mem_free(entry->name);
    (void)mem_free(entry); /* always NULL */
}

struct queue *queue_free(struct queue *queue)
{
    if (queue == NULL)
        return NULL;
    struct map_cursor at = {0};
    struct entry *entry;
    while ((entry = map_next(queue->entries, &at)) != NULL)
        entry_free(entry);
    queue->entries = map_free(queue->entries);
    VEC_FREE(&queue->heap);
    return mem_free(queue);
}

/* ---- The heap: the children of item i are 2i + 1 and 2i + 2 ---- */

static void place(struct queue *queue, size_t index, struct entry *entry)
{
    queue->heap.items[index] = entry;
    entry->index = index;
}

static size_t sift_up(struct queue *queue, size_t index)
{
    struct entry *entry = queue->heap.items[index];
    while (index > 0) {
        size_t parent = (index - 1) / 2;
        if (queue->heap.items[parent]->at_ms <= entry->at_ms)
            break;
        place(queue, index, queue->heap.items[parent]);
        index = parent;
    }
    place(queue, index, entry);
    return index;
}

static void sift_down(struct queue *queue, size_t index)
{
    struct entry *entry = queue->heap.items[index];
    for (;;) {
        size_t child = 2 * index + 1;
        if (child >= queue->heap.count)
            break;
        if (child + 1 < queue->heap.count &&
            queue->heap.items[child + 1]->at_ms < queue->heap.items[child]->at_ms)
            child++;
        if (entry->at_ms <= queue->heap.items[child]->at_ms)
            break;
        place(queue, index, queue->heap.items[child]);
        index = child;
    }
    place(queue, index, entry);
}

static void wait_begin(struct queue *queue, struct entry *entry, uint64_t at_ms)
{
    entry->at_ms = at_ms;
    VEC_PUSH(&queue->heap, entry);
    (void)sift_up(queue, queue->heap.count - 1); /* where it stands is in the entry */
}

static void wait_end(struct queue *queue, struct entry *entry)
{
    size_t index = entry->index;
    VEC_REMOVE_UNORDERED(&queue->heap, index);
    entry->index = NOT_WAITING;
    if (index < queue->heap.count)
        sift_down(queue, sift_up(queue, index));
}

/* ---- Keys ---- */

static struct entry *entry_new(struct queue *queue, struct str key)
{
    struct entry *entry = MEM_NEW(struct entry);
    entry->name = mem_alloc(key.size);
    memcpy(entry->name, key.data, key.size);
    entry->key = str_make(entry->name, key.size);
    entry->again_ms = QUEUE_NEVER;
    entry->index = NOT_WAITING;
    (void)map_set(queue->entries, key, entry); /* it was not there */
    return entry;
}

static void entry_drop(struct queue *queue, struct entry *entry)
{
    (void)map_remove(queue->entries, entry->key); /* the same */
    entry_free(entry);
}

void queue_ask(struct queue *queue, struct str key, uint64_t at_ms)
{
    struct entry *entry = map_get(queue->entries, key);
    if (entry == NULL)
        entry = entry_new(queue, key);
    if (entry->running) {
        entry->forgotten = false;
        if (at_ms < entry->again_ms)
            entry->again_ms = at_ms;
    } else if (entry->index == NOT_WAITING) {
        wait_begin(queue, entry, at_ms);
    } else if (at_ms < entry->at_ms) {
        entry->at_ms = at_ms;
        (void)sift_up(queue, entry->index); /* where it stands is in the entry */
    }
}

bool queue_take(struct queue *queue, uint64_t now_ms, struct str *ret_key)
{
    if (queue_next_ms(queue) > now_ms)
        return false;
    struct entry *entry = queue->heap.items[0];
    wait_end(queue, entry);
    entry->running = true;
    *ret_key = entry->key;
    return true;
}

/* From half of the doubled pause to all of it. */
static uint64_t retry_ms(struct queue *queue, struct entry *entry, uint64_t now_ms,
                         uint64_t wait_ms)
{
    entry->failures++;
    uint64_t pause = backoff_ms(entry->failures, QUEUE_PAUSE_MS, QUEUE_PAUSE_MAX_MS, queue->random);
    return now_ms + (pause > wait_ms ? pause : wait_ms);
}

void queue_done(struct queue *queue, struct str key, enum queue_outcome outcome, uint64_t now_ms,
                uint64_t wait_ms)
{
    struct entry *entry = map_get(queue->entries, key);
    ASSERT(entry != NULL && entry->running);
    entry->running = false;
    if (entry->forgotten) {
        entry_drop(queue, entry);
        return;
    }
    uint64_t next_ms = entry->again_ms;
    entry->again_ms = QUEUE_NEVER;
    if (outcome == QUEUE_FAILED) /* being asked again does not cut the pause short */
        next_ms = retry_ms(queue, entry, now_ms, wait_ms);
    else
        entry->failures = 0;
    if (next_ms == QUEUE_NEVER)
        entry_drop(queue, entry);
    else
        wait_begin(queue, entry, next_ms);
}

void queue_forget(struct queue *queue, struct str key)
{
    struct entry *entry = map_get(queue->entries, key);
    if (entry == NULL)
        return;
    if (entry->running) {
        entry->forgotten = true;
        entry->again_ms = QUEUE_NEVER;
        entry->failures = 0;
        return;
    }
    wait_end(queue, entry);
    entry_drop(queue, entry);
}

uint64_t queue_next_ms(const struct queue *queue)
{
    return queue->heap.count == 0 ? QUEUE_NEVER : queue->heap.items[0]->at_ms;
}

size_t queue_count(const struct queue *queue)
{
    return map_count(queue->entries);
}
