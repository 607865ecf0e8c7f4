#include <stdarg.h>
#include <stdio.h>

#include "control/api/decode.h"

/* Longer paths are cut. */
#define PATH_MAX_SIZE ((size_t)2048)

static struct finding_mark finding_mark_of(struct jv_mark mark)
{
    return (struct finding_mark){mark.line, mark.column};
}

/* The next character in lowerCamelCase: where the other spelling has "_x" it is "X". */
static char cut_camel(struct str *rest)
{
    bool is_snake = rest->size > 1 && rest->data[0] == '_';
    char c = rest->data[is_snake ? 1 : 0];
    *rest = str_from(*rest, is_snake ? 2 : 1);
    return is_snake && c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

static bool is_spelling_of(struct str a, struct str b)
{
    while (a.size > 0 && b.size > 0) {
        if (cut_camel(&a) != cut_camel(&b))
            return false;
    }
    return a.size == b.size;
}

static const struct jv_member *find_spelling(const struct jv *object, struct str name)
{
    const struct jv_member *exact = jv_find(object, name);
    if (exact != NULL || object == NULL || object->type != JV_OBJECT)
        return exact;
    for (size_t i = 0; i < object->count; i++) {
        if (is_spelling_of(object->members[i].key, name))
            return &object->members[i];
    }
    return NULL;
}

struct api__place api__member(const struct api__place *parent, struct str name)
{
    const struct jv_member *member = find_spelling(parent->value, name);
    return (struct api__place){
        .parent = parent,
        .step = API__MEMBER,
        .name = name,
        .value = member == NULL ? NULL : member->value,
        .mark = member == NULL ? (struct jv_mark){0} : member->mark,
    };
}

struct api__place api__item(const struct api__place *parent, size_t index)
{
    const struct jv *list = parent->value;
    const struct jv *item = NULL;
    if (index < jv_item_count(list))
        item = list->items[index];
    return (struct api__place){
        .parent = parent,
        .step = API__ITEM,
        .index = index,
        .value = item,
        .mark = item == NULL ? (struct jv_mark){0} : item->mark,
    };
}

struct api__place api__key(const struct api__place *parent, struct str name)
{
    const struct jv_member *member = jv_find(parent->value, name);
    return (struct api__place){
        .parent = parent,
        .step = API__KEY,
        .name = name,
        .value = member == NULL ? NULL : member->value,
        .mark = member == NULL ? (struct jv_mark){0} : member->mark,
    };
}

const struct api__place *api__spec_of(const struct api__place *place)
{
    while (place->parent != NULL && place->parent->parent != NULL)
        place = place->parent;
    return place;
}

bool api__is_present(const struct api__place *place)
{
    return place->value != NULL && place->value->type != JV_NULL;
}

struct finding_mark api__mark(const struct api__place *place)
{
    while (place->mark.line == 0 && place->parent != NULL)
        place = place->parent;
    return finding_mark_of(place->mark);
}

static void path_append(const struct api__place *place, struct buf *buf)
{
    if (place->parent == NULL)
        return;
    path_append(place->parent, buf);
    switch (place->step) {
    case API__MEMBER:
        if (buf->size > 0)
            buf_append_char(buf, '.');
        buf_append(buf, place->name);
        return;
    case API__ITEM: buf_printf(buf, "[%zu]", place->index); return;
    case API__KEY: buf_printf(buf, "[\"%.*s\"]", STR_ARG(place->name)); return;
    }
}

static void break_around(const struct api__place *place)
{
    while (place->broken == NULL && place->parent != NULL)
        place = place->parent;
    if (place->broken != NULL)
        *place->broken = true;
}

bool api__is_full(const struct api__decoder *d)
{
    return finding_count(d->findings) > API_FINDINGS_MAX;
}

/* What did not decode is known by its value, which may be named by either spelling; what is missing
 * has none, and is known by its path. */
static struct str failed_key(const struct api__place *place, const struct buf *path)
{
    if (place->value == NULL)
        return buf_str(path);
    return str_make((const char *)&place->value, sizeof(place->value));
}

/* What is around it is of another type: a list where an object was to be, or a string. */
static bool is_in_wrong_type(const struct api__place *place)
{
    for (; place->parent != NULL; place = place->parent) {
        enum jv_type wanted = place->step == API__ITEM ? JV_ARRAY : JV_OBJECT;
        if (api__is_present(place->parent) && place->parent->value->type != wanted)
            return true;
    }
    return false;
}

static bool has_failed(const struct api__decoder *d, const struct api__place *place,
                       const struct buf *path)
{
    return d->failed != NULL &&
           (map_get(d->failed, failed_key(place, path)) != NULL || is_in_wrong_type(place));
}

bool api__has_failed(const struct api__decoder *d, const struct api__place *place)
{
    struct buf path;
    buf_init(&path, PATH_MAX_SIZE);
    path_append(place, &path);
    bool failed = has_failed(d, place, &path);
    buf_deinit(&path);
    return failed;
}

enum about {
    UNDECODABLE,
    RULE,
    ADVICE,
};

static void add(struct api__decoder *d, const struct api__place *place, enum about about,
                const char *message)
{
    if (about != ADVICE)
        break_around(place);
    if (api__is_full(d))
        return;
    struct buf path;
    buf_init(&path, PATH_MAX_SIZE);
    path_append(place, &path);
    if (about == UNDECODABLE && d->failed == NULL)
        d->failed = map_new();
    if (about == UNDECODABLE)
        (void)map_set(d->failed, failed_key(place, &path), d); /* any value: the key counts */
    if (about != RULE || !has_failed(d, place, &path))
        finding_add(d->findings, about == ADVICE ? FINDING_WARNING : FINDING_ERROR, &d->subject,
                    api__mark(place), buf_str(&path), "%s", message);
    buf_deinit(&path);
    if (finding_count(d->findings) == API_FINDINGS_MAX)
        finding_add(d->findings, FINDING_ERROR, &d->subject, (struct finding_mark){0}, STR_EMPTY,
                    "there is more to say about this object than the first %zu findings",
                    API_FINDINGS_MAX);
}

/* A message, cut at its bound. */
#define FORMAT(message)                                             \
    do {                                                            \
        va_list args_;                                              \
        va_start(args_, format);                                    \
        (void)vsnprintf((message), sizeof(message), format, args_); \
        va_end(args_);                                              \
    } while (0)

void api__undecodable(struct api__decoder *d, const struct api__place *place, const char *format,
                      ...)
{
    char message[ERR_MESSAGE_MAX];
    FORMAT(message);
    add(d, place, UNDECODABLE, message);
}

void api__error(struct api__decoder *d, const struct api__place *place, const char *format, ...)
{
    char message[ERR_MESSAGE_MAX];
    FORMAT(message);
    add(d, place, RULE, message);
}

void api__error_in(struct api__decoder *d, const struct api__place *place, struct str member,
                   const char *format, ...)
{
    char message[ERR_MESSAGE_MAX];
    FORMAT(message);
    struct api__place inner = api__member(place, member);
    add(d, &inner, RULE, message);
}

void api__warning(struct api__decoder *d, const struct api__place *place, const char *format, ...)
{
    char message[ERR_MESSAGE_MAX];
    FORMAT(message);
    add(d, place, ADVICE, message);
}
