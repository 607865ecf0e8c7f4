/* Deep copies, by tables. */
#include "model/shape.h"

static void copy_names(struct arena *arena, struct model_names *names)
{
    struct str *items = ARENA_NEW_ARRAY(arena, struct str, names->count);
    for (size_t i = 0; i < names->count; i++)
        items[i] = str_dup(arena, names->items[i]);
    names->items = items;
}

static void copy_list(struct arena *arena, const struct model__member *member, void *at,
                      size_t count)
{
    const char *from;
    memcpy(&from, at, sizeof(from)); /* a pointer, to whatever */
    char *to = arena_alloc(arena, count, member->shape->size);
    for (size_t i = 0; i < count; i++)
        model__copy(arena, member->shape, from + i * member->shape->size,
                    to + i * member->shape->size);
    memcpy(at, &to, sizeof(to)); /* likewise */
}

void model__copy(struct arena *arena, const struct model__shape *shape, const void *from, void *to)
{
    memcpy(to, from, shape->size);
    for (size_t i = 0; i < shape->count; i++) {
        const struct model__member *member = &shape->members[i];
        void *at = (char *)to + member->offset;
        void *count = (char *)to + member->count_offset;
        if (member->type == MODEL__TEXT)
            *(struct str *)at = str_dup(arena, *(struct str *)at);
        else if (member->type == MODEL__NAMES)
            copy_names(arena, at);
        else if (member->type == MODEL__OBJECT)
            model__copy(arena, member->shape, (const char *)from + member->offset, at);
        else if (member->type == MODEL__LIST)
            copy_list(arena, member, at, *(size_t *)count);
    }
}
