#include "control/operator/records.h"

#include "core/base/buf.h"
#include "core/base/hash.h"
#include "core/base/mem.h"

/* A status is some hundred bytes for each listener. */
#define STATUS_SIZE_MAX ((size_t)4 << 20)

/* What we said that the watch may not have told yet: as many as may be under way. */
#define SAID_MAX 8U

struct record {
    uint64_t uid; /* its hash */
    char *text;   /* NULL: nothing is known */
    size_t size;
    uint64_t said[SAID_MAX]; /* hashes of the last ones, in a ring */
    uint64_t said_count;
    bool has_arrived; /* one of them was told by the watch */
    bool is_lost;     /* what stands may not have arrived */
    bool is_noted;    /* what stands was made of: */
    uint64_t input;
};

void operator__records_init(struct operator__records *records)
{
    records->by_path = map_new();
}

static void record_free(struct record *record)
{
    (void)mem_free(record->text); /* always NULL, like the next */
    (void)mem_free(record);
}

void operator__records_deinit(struct operator__records *records)
{
    struct map_cursor at = {0};
    struct record *record;
    while ((record = map_next(records->by_path, &at)) != NULL)
        record_free(record);
    records->by_path = map_free(records->by_path);
}

static struct record *record_make(struct operator__records *records, struct str path)
{
    struct record *record = map_get(records->by_path, path);
    if (record != NULL)
        return record;
    record = MEM_NEW(struct record);
    (void)map_set(records->by_path, path, record); /* it was not there */
    return record;
}

static struct str standing(const struct record *record)
{
    return str_make(record->text, record->size);
}

static void stand(struct record *record, struct str text)
{
    record->text = mem_resize(record->text, text.size, 1);
    if (text.size > 0)
        memcpy(record->text, text.data, text.size);
    record->size = text.size;
}

static bool was_said(const struct record *record, struct str text)
{
    uint64_t hash = hash_str(text);
    uint64_t known = MIN(record->said_count, (uint64_t)SAID_MAX);
    for (uint64_t i = 0; i < known; i++) {
        if (record->said[i] == hash)
            return true;
    }
    return false;
}

static bool see(struct record *record, struct str uid, struct str text)
{
    uint64_t hash = hash_str(uid);
    bool is_first = record->text == NULL;
    bool is_same = !is_first && record->uid == hash;
    if (is_same && (str_equal(text, standing(record)) || was_said(record, text))) {
        record->has_arrived = record->said_count > 0;
        return false;
    }
    /* Before the first of ours has arrived the object may still be told as it was. */
    if (is_same && record->said_count > 0 && !record->has_arrived && text.size == 0)
        return false;
    record->uid = hash;
    record->said_count = 0;
    record->has_arrived = false;
    record->is_noted = false;
    stand(record, text);
    return !is_first;
}

bool operator__records_see(struct operator__records *records, struct str path, struct str uid,
                           const struct jv *status)
{
    struct buf text;
    buf_init(&text, STATUS_SIZE_MAX);
    if (status != NULL)
        jv_print(status, &text);
    bool is_foreign = see(record_make(records, path), uid, buf_str(&text));
    buf_deinit(&text);
    return is_foreign;
}

void operator__records_forget(struct operator__records *records, struct str path)
{
    struct record *record = map_remove(records->by_path, path);
    if (record != NULL)
        record_free(record);
}

struct str operator__records_standing(const struct operator__records *records, struct str path)
{
    const struct record *record = map_get(records->by_path, path);
    return record == NULL ? STR_EMPTY : standing(record);
}

bool operator__records_say(struct operator__records *records, struct str path, struct str status)
{
    struct record *record = record_make(records, path);
    if (!record->is_lost && str_equal(status, standing(record)))
        return false;
    record->is_lost = false;
    stand(record, status);
    record->said[record->said_count++ % SAID_MAX] = hash_str(status);
    return true;
}

void operator__records_note(struct operator__records *records, struct str path, uint64_t input)
{
    struct record *record = record_make(records, path);
    record->is_noted = true;
    record->input = input;
}

bool operator__records_knows(const struct operator__records *records, struct str path,
                             uint64_t input)
{
    const struct record *record = map_get(records->by_path, path);
    return record != NULL && record->is_noted && record->input == input;
}

void operator__records_lose(struct operator__records *records,
                            void (*lost)(void *arg, struct str path), void *arg)
{
    struct map_cursor at = {0};
    struct record *record;
    while ((record = map_next(records->by_path, &at)) != NULL) {
        record->is_lost = record->said_count > 0;
        record->is_noted = false;
        if (record->is_lost)
            lost(arg, at.key);
    }
}
