/* Contents made by the tables alone, for tests that are of every kind. */
#pragma once

#include "model/shape.h"

static inline void *content_at(void *content, size_t offset)
{
    return (char *)content + offset;
}

/* Zeroed, but that every list has an item. */
static inline void content_fill(struct arena *arena, const struct model__shape *shape,
                                void *content)
{
    for (size_t i = 0; i < shape->count; i++) {
        const struct model__member *member = &shape->members[i];
        void *at = content_at(content, member->offset);
        if (member->type == MODEL__OBJECT) {
            content_fill(arena, member->shape, at);
        } else if (member->type == MODEL__LIST) {
            void *item = arena_alloc(arena, 1, member->shape->size);
            content_fill(arena, member->shape, item);
            memcpy(at, &item, sizeof(item));
            *(size_t *)content_at(content, member->count_offset) = 1;
        } else if (member->type == MODEL__NAMES) {
            struct str *item = ARENA_NEW(arena, struct str);
            *item = STR("n");
            *(struct model_names *)at = (struct model_names){item, 1};
        } else if (member->type == MODEL__TEXT) {
            *(struct str *)at = STR("t");
        }
    }
}
