#include "control/finding/finding.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/arena.h"
#include "core/base/assert.h"
#include "core/base/log.h"
#include "core/base/vec.h"

#define CHUNK_SIZE ((size_t)256) /* most objects have one or two */

/* A message may quote what a manifest says: it is cut here, so that 10,000 findings stay small. */
#define MESSAGE_MAX ((size_t)1024)

/* Every object has one, and most are empty. */
struct finding_list {
    struct arena *arena; /* of texts; NULL: there was none yet */
    VEC(struct finding) findings;
    size_t dropped;     /* those beyond FINDING_LIST_MAX, which the last one counts */
    char *dropped_text; /* in the arena, once there are any */
};

#define DROPPED_TEXT_SIZE ((size_t)64)

struct finding_list *finding_list_new(void)
{
    return MEM_NEW(struct finding_list);
}

struct finding_list *finding_list_free(struct finding_list *list)
{
    if (list == NULL)
        return NULL;
    VEC_FREE(&list->findings);
    arena_free(list->arena);
    return mem_free(list);
}

void finding_list_clear(struct finding_list *list)
{
    VEC_CLEAR(&list->findings);
    if (list->arena != NULL)
        arena_clear(list->arena);
    list->dropped = 0;
}

/* Counts a finding that has no room. The last one makes way for the count. */
static void drop(struct finding_list *list)
{
    if (list->dropped == 0)
        list->dropped_text = arena_text(list->arena, DROPPED_TEXT_SIZE);
    list->dropped += list->dropped == 0 ? 2 : 1;
    int size = snprintf(list->dropped_text, DROPPED_TEXT_SIZE, "%zu more findings are not shown",
                        list->dropped);
    ASSERT(size > 0 && (size_t)size < DROPPED_TEXT_SIZE);
    list->findings.items[FINDING_LIST_MAX - 1] = (struct finding){
        .severity = FINDING_ERROR,
        .message = str_make(list->dropped_text, (size_t)size),
    };
}

static struct arena *texts_of(struct finding_list *list)
{
    if (list->arena == NULL)
        list->arena = arena_new(CHUNK_SIZE);
    return list->arena;
}

/* A text of the list. Much is what the finding before has, too. */
static struct str kept(struct finding_list *list, struct str before, struct str text)
{
    return str_equal(before, text) ? before : str_dup(texts_of(list), text);
}

static struct finding_subject subject_dup(struct finding_list *list,
                                          const struct finding_subject *subject)
{
    const struct finding_subject nothing = {0};
    size_t count = list->findings.count;
    const struct finding_subject *before = count == 0 ? &nothing
                                                      : &list->findings.items[count - 1].subject;
    return (struct finding_subject){
        .kind = kept(list, before->kind, subject->kind),
        .mesh = kept(list, before->mesh, subject->mesh),
        .name = kept(list, before->name, subject->name),
        .file = kept(list, before->file, subject->file),
    };
}

/* Where `text` may be cut without splitting a character. */
static size_t cut_at(const char *text, size_t size)
{
    while (size > 0 && ((unsigned char)text[size] & 0xC0) == 0x80)
        size--;
    return size;
}

void finding_add(struct finding_list *list, enum finding_severity severity,
                 const struct finding_subject *subject, struct finding_mark mark, struct str field,
                 const char *format, ...)
{
    if (list->findings.count == FINDING_LIST_MAX) {
        drop(list);
        return;
    }
    char message[MESSAGE_MAX];
    va_list args;
    va_start(args, format);
    int wanted = vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    ASSERT(wanted >= 0);
    size_t size = (size_t)wanted;
    if (size >= sizeof(message))
        size = cut_at(message, sizeof(message) - 2);
    struct finding finding = {
        .severity = severity,
        .subject = subject_dup(list, subject),
        .mark = mark,
        .field = str_dup(texts_of(list), field),
        .message = str_dup(texts_of(list), str_make(message, size)),
    };
    VEC_PUSH(&list->findings, finding);
}

void finding_add_all(struct finding_list *list, const struct finding_list *from)
{
    for (size_t i = 0; i < from->findings.count; i++) {
        if (list->findings.count == FINDING_LIST_MAX) {
            drop(list);
            continue;
        }
        struct finding copy = from->findings.items[i];
        copy.subject = subject_dup(list, &copy.subject);
        copy.field = str_dup(texts_of(list), copy.field);
        copy.message = str_dup(texts_of(list), copy.message);
        VEC_PUSH(&list->findings, copy);
    }
}

size_t finding_count(const struct finding_list *list)
{
    return list->findings.count;
}

const struct finding *finding_get(const struct finding_list *list, size_t index)
{
    ASSERT(index < list->findings.count);
    return &list->findings.items[index];
}

static int compare_u32(uint32_t a, uint32_t b)
{
    return (a > b) - (a < b);
}

static int compare_subjects(const struct finding_subject *a, const struct finding_subject *b)
{
    int order = str_compare(a->kind, b->kind);
    if (order == 0)
        order = str_compare(a->mesh, b->mesh);
    return order != 0 ? order : str_compare(a->name, b->name);
}

int finding_compare(const struct finding *a, const struct finding *b)
{
    int order = str_compare(a->subject.file, b->subject.file);
    if (order == 0)
        order = compare_u32(a->mark.line, b->mark.line);
    if (order == 0)
        order = compare_u32(a->mark.column, b->mark.column);
    if (order == 0)
        order = compare_subjects(&a->subject, &b->subject);
    if (order == 0)
        order = str_compare(a->field, b->field);
    if (order == 0)
        order = str_compare(a->message, b->message);
    return order != 0 ? order : (a->severity > b->severity) - (a->severity < b->severity);
}

static int compare_items(const void *a, const void *b)
{
    return finding_compare(a, b);
}

void finding_sort(struct finding_list *list)
{
    /* The count of those dropped stays last. */
    size_t count = list->findings.count - (list->dropped > 0 ? 1 : 0);
    struct finding *items = list->findings.items;
    if (count < 2)
        return;
    qsort(items, count, sizeof(*items), compare_items);
    size_t kept = 1;
    for (size_t i = 1; i < count; i++) {
        if (finding_compare(&items[kept - 1], &items[i]) != 0)
            items[kept++] = items[i];
    }
    if (list->dropped > 0)
        items[kept++] = items[count];
    list->findings.count = kept;
}

static void append_place(const struct finding *finding, struct buf *buf)
{
    if (finding->subject.file.size == 0)
        return;
    log_append_visible(buf, finding->subject.file);
    buf_append_char(buf, ':');
    if (finding->mark.line > 0) {
        buf_append_u64(buf, finding->mark.line);
        buf_append_char(buf, ':');
        buf_append_u64(buf, finding->mark.column);
        buf_append_char(buf, ':');
    }
    buf_append_char(buf, ' ');
}

static void append_subject(const struct finding_subject *subject, struct buf *buf)
{
    if (subject->kind.size == 0 && subject->name.size == 0)
        return;
    log_append_visible(buf, subject->kind);
    if (subject->kind.size > 0 && subject->name.size > 0)
        buf_append_char(buf, ' ');
    log_append_visible(buf, subject->name);
    if (subject->mesh.size > 0) {
        buf_append(buf, STR(" (mesh "));
        log_append_visible(buf, subject->mesh);
        buf_append_char(buf, ')');
    }
    buf_append(buf, STR(": "));
}

void finding_print(const struct finding *finding, struct buf *buf)
{
    append_place(finding, buf);
    buf_append(buf, finding->severity == FINDING_ERROR ? STR("error: ") : STR("warning: "));
    append_subject(&finding->subject, buf);
    if (finding->field.size > 0) {
        log_append_visible(buf, finding->field);
        buf_append(buf, STR(": "));
    }
    log_append_visible(buf, finding->message);
}

struct str finding_summarise(struct arena *arena, const struct finding_list *list,
                             enum finding_severity severity)
{
    const struct finding *first = NULL;
    size_t more = 0;
    for (size_t i = 0; i < finding_count(list); i++) {
        const struct finding *finding = finding_get(list, i);
        if (finding->severity != severity)
            continue;
        if (first == NULL)
            first = finding;
        else
            more++;
    }
    if (first == NULL)
        return STR_EMPTY;
    struct str text = str_format(arena, "%.*s: %.*s", STR_ARG(first->field),
                                 STR_ARG(first->message));
    return more == 0 ? text : str_format(arena, "%.*s (and %zu more)", STR_ARG(text), more);
}
