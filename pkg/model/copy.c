/* Deep copies, by tables. */
#include <stdint.h>

#include "core/base/assert.h"
#include "model/shape.h"

/* ---- How much it is ---- */

/* Lists stand behind each other, each aligned for any of their members. */
static size_t list_size(size_t count, size_t size)
{
    size_t total = 0;
    ASSERT(!__builtin_mul_overflow(count, size, &total) && total < SIZE_MAX / 2);
    return (total + sizeof(uint64_t) - 1) & ~(sizeof(uint64_t) - 1);
}

static void measure_text(struct model__extent *extent, struct str text)
{
    if (text.size > 0)
        extent->texts += text.size + 1;
}

static void measure_names(struct model__extent *extent, struct model_names names)
{
    extent->structs += list_size(names.count, sizeof(*names.items));
    for (size_t i = 0; i < names.count; i++)
        measure_text(extent, names.items[i]);
}

static void measure(struct model__extent *extent, const struct model__shape *shape,
                    const void *content)
{
    for (size_t i = 0; i < shape->count; i++) {
        const struct model__member *member = &shape->members[i];
        const void *at = model__at(content, member->offset);
        if (member->type == MODEL__TEXT) {
            measure_text(extent, *(const struct str *)at);
        } else if (member->type == MODEL__NAMES) {
            measure_names(extent, *(const struct model_names *)at);
        } else if (member->type == MODEL__OBJECT) {
            measure(extent, member->shape, at);
        } else if (member->type == MODEL__LIST) {
            size_t count;
            const char *items = model__items(member, content, &count);
            extent->structs += list_size(count, member->shape->size);
            for (size_t j = 0; j < count; j++)
                measure(extent, member->shape, items + j * member->shape->size);
        }
    }
}

struct model__extent model__measure(const struct model__shape *shape, const void *content)
{
    struct model__extent extent = {.structs = list_size(1, shape->size)};
    measure(&extent, shape, content);
    return extent;
}

/* ---- The copy ---- */

/* Where the next ones go. */
struct room {
    char *structs;
    char *texts;
};

static void *take_list(struct room *room, size_t count, size_t size)
{
    void *list = room->structs;
    room->structs += list_size(count, size);
    return list;
}

static struct str copy_text(struct room *room, struct str text)
{
    if (text.size == 0)
        return STR_EMPTY;
    char *copy = room->texts;
    memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    room->texts += text.size + 1;
    return str_make(copy, text.size);
}

static void copy_names(struct room *room, struct model_names *names)
{
    struct str *items = take_list(room, names->count, sizeof(*items));
    for (size_t i = 0; i < names->count; i++)
        items[i] = copy_text(room, names->items[i]);
    names->items = items;
}

static void copy_members(struct room *room, const struct model__shape *shape, void *copy);

static void copy_list(struct room *room, const struct model__member *member, void *copy)
{
    size_t count;
    const char *from = model__items(member, copy, &count);
    size_t size = member->shape->size;
    char *to = take_list(room, count, size);
    if (count > 0)
        memcpy(to, from, count * size);
    for (size_t i = 0; i < count; i++)
        copy_members(room, member->shape, to + i * size);
    memcpy((char *)copy + member->offset, &to, sizeof(to)); /* a pointer, to whatever */
}

/* `copy` has the bytes of the original, and gets what it points at of its own. */
static void copy_members(struct room *room, const struct model__shape *shape, void *copy)
{
    for (size_t i = 0; i < shape->count; i++) {
        const struct model__member *member = &shape->members[i];
        void *at = (char *)copy + member->offset;
        if (member->type == MODEL__TEXT)
            *(struct str *)at = copy_text(room, *(struct str *)at);
        else if (member->type == MODEL__NAMES)
            copy_names(room, at);
        else if (member->type == MODEL__OBJECT)
            copy_members(room, member->shape, at);
        else if (member->type == MODEL__LIST)
            copy_list(room, member, copy);
    }
}

void model__copy(const struct model__shape *shape, const void *content,
                 const struct model__extent *extent, void *ret_copy)
{
    struct room room = {.structs = ret_copy, .texts = (char *)ret_copy + extent->structs};
    void *copy = take_list(&room, 1, shape->size);
    memcpy(copy, content, shape->size);
    copy_members(&room, shape, copy);
}
