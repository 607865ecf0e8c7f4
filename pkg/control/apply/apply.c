#include "control/apply/apply.h"

#include "control/queue/queue.h"
#include "core/base/assert.h"
#include "core/base/hash.h"
#include "core/base/map.h"
#include "core/base/mem.h"
#include "core/loop/loop.h"

struct text {
    char *data;
    size_t size;
};

/* A document's text is kept until the server has it; its hash stays, to know an equal one. */
struct entry {
    struct text path;
    struct str manager;
    struct text wanted;
    uint64_t wanted_hash;
    uint64_t sent_hash; /* of what is under way, or was last */
    bool in_flight;
    bool applied; /* the server has what was sent */
    bool dropped; /* in flight: to be forgotten when it ends */
};

struct apply {
    struct loop *loop;
    apply_send_fn send;
    void *arg;
    struct random random;
    struct queue *queue;
    struct map *entries;
    struct loop_alarm *alarm;
    unsigned in_flight;
};

static struct str text_str(const struct text *text)
{
    return str_make(text->data, text->size);
}

static void text_set(struct text *text, struct str content)
{
    text->data = mem_resize(text->data, content.size, 1);
    memcpy(text->data, content.data, content.size);
    text->size = content.size;
}

static void entry_free(struct entry *entry)
{
    (void)mem_free(entry->path.data); /* always NULL, like those below */
    (void)mem_free(entry->wanted.data);
    (void)mem_free(entry);
}

static void on_alarm(void *arg);

struct apply *apply_new(struct loop *loop, apply_send_fn send, void *arg)
{
    struct apply *apply = MEM_NEW(struct apply);
    apply->loop = loop;
    apply->send = send;
    apply->arg = arg;
    random_init(&apply->random);
    apply->queue = queue_new(&apply->random);
    apply->entries = map_new();
    apply->alarm = loop_alarm_open(loop, on_alarm, apply);
    return apply;
}

struct apply *apply_free(struct apply *apply)
{
    if (apply == NULL)
        return NULL;
    struct map_cursor at = {0};
    struct entry *entry;
    while ((entry = map_next(apply->entries, &at)) != NULL)
        entry_free(entry);
    apply->entries = map_free(apply->entries);
    apply->queue = queue_free(apply->queue);
    apply->alarm = loop_alarm_close(apply->alarm);
    return mem_free(apply);
}

/* The next look at the queue; with all places taken, an answer looks. */
static void alarm_update(struct apply *apply)
{
    uint64_t next_ms = queue_next_ms(apply->queue);
    if (next_ms == QUEUE_NEVER || apply->in_flight == APPLY_IN_FLIGHT_MAX) {
        loop_alarm_cancel(apply->alarm);
        return;
    }
    uint64_t now_ms = loop_now_ms(apply->loop);
    loop_alarm_set(apply->alarm, next_ms > now_ms ? next_ms - now_ms : 0);
}

static void ask_now(struct apply *apply, struct entry *entry)
{
    queue_ask(apply->queue, text_str(&entry->path), loop_now_ms(apply->loop));
    alarm_update(apply);
}

static bool is_settled(const struct entry *entry)
{
    return entry->applied && entry->sent_hash == entry->wanted_hash;
}

static void entry_send(struct apply *apply, struct entry *entry)
{
    entry->sent_hash = entry->wanted_hash;
    entry->in_flight = true;
    entry->applied = false;
    apply->in_flight++;
    struct apply_document document = {
        .path = text_str(&entry->path),
        .manager = entry->manager,
        .body = text_str(&entry->wanted),
    };
    apply->send(apply->arg, &document);
}

/* One whose content went back to what is applied has nothing to send. */
static void entry_work(struct apply *apply, struct entry *entry)
{
    if (!is_settled(entry))
        entry_send(apply, entry);
    else
        queue_done(apply->queue, text_str(&entry->path), QUEUE_DONE, loop_now_ms(apply->loop), 0);
}

static void on_alarm(void *arg)
{
    struct apply *apply = arg;
    struct str path;
    while (apply->in_flight < APPLY_IN_FLIGHT_MAX &&
           queue_take(apply->queue, loop_now_ms(apply->loop), &path))
        entry_work(apply, map_get(apply->entries, path));
    alarm_update(apply);
}

static struct entry *entry_make(struct apply *apply, struct str path)
{
    struct entry *entry = map_get(apply->entries, path);
    if (entry != NULL)
        return entry;
    entry = MEM_NEW(struct entry);
    text_set(&entry->path, path);
    (void)map_set(apply->entries, path, entry); /* it was not there */
    return entry;
}

static void entry_drop(struct apply *apply, struct entry *entry)
{
    queue_forget(apply->queue, text_str(&entry->path));
    (void)map_remove(apply->entries, text_str(&entry->path)); /* the same */
    entry_free(entry);
    alarm_update(apply);
}

void apply_set(struct apply *apply, const struct apply_document *document)
{
    struct entry *entry = entry_make(apply, document->path);
    uint64_t hash = hash_str(document->body);
    bool is_known = entry->manager.size > 0 && !entry->dropped;
    if (is_known && entry->wanted_hash == hash)
        return;
    if (entry->dropped)
        entry->sent_hash = ~hash; /* whatever is under way: it is sent anew */
    entry->dropped = false;
    entry->manager = document->manager;
    entry->wanted_hash = hash;
    if (is_settled(entry))
        return;
    text_set(&entry->wanted, document->body);
    ask_now(apply, entry);
}

void apply_forget(struct apply *apply, struct str path)
{
    struct entry *entry = map_get(apply->entries, path);
    if (entry == NULL)
        return;
    if (entry->in_flight)
        entry->dropped = true;
    else
        entry_drop(apply, entry);
}

void apply_answer(struct apply *apply, struct str path, enum err outcome, uint64_t wait_ms)
{
    struct entry *entry = map_get(apply->entries, path);
    ASSERT(entry != NULL && entry->in_flight);
    entry->in_flight = false;
    apply->in_flight--;
    entry->applied = outcome == ERR_OK;
    bool failed = outcome != ERR_OK && outcome != ERR_NOT_FOUND;
    queue_done(apply->queue, text_str(&entry->path), failed ? QUEUE_FAILED : QUEUE_DONE,
               loop_now_ms(apply->loop), wait_ms);
    bool is_gone = outcome == ERR_NOT_FOUND && entry->sent_hash == entry->wanted_hash;
    if (entry->dropped || is_gone) {
        entry_drop(apply, entry);
        return;
    }
    if (is_settled(entry))
        entry->wanted.data = mem_free(entry->wanted.data);
    alarm_update(apply);
}

bool apply_is_sent(const struct apply *apply, struct str path)
{
    const struct entry *entry = map_get(apply->entries, path);
    return entry != NULL && entry->in_flight;
}

size_t apply_pending(const struct apply *apply)
{
    return queue_count(apply->queue);
}
