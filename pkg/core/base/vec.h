/* Typed growing arrays.
 *
 *     VEC(struct rule) rules = {0};
 *     VEC_PUSH(&rules, rule);
 *     for (size_t i = 0; i < rules.count; i++) use(&rules.items[i]);
 *     VEC_FREE(&rules);
 *
 * `items` moves when the array grows: keep indexes, not pointers, while pushing. */
#pragma once

#include <stddef.h>

#include "core/base/mem.h"

/* An anonymous struct type; name it with a typedef-free wrapper struct to pass it around. */
#define VEC(type)        \
    struct {             \
        type *items;     \
        size_t count;    \
        size_t capacity; \
    }

#define VEC_PUSH(vec, item)                                                                  \
    do {                                                                                     \
        if ((vec)->count == (vec)->capacity) {                                               \
            (vec)->capacity = (vec)->capacity == 0 ? 4 : (vec)->capacity * 2;                \
            (vec)->items = mem_resize((vec)->items, (vec)->capacity, sizeof(*(vec)->items)); \
        }                                                                                    \
        (vec)->items[(vec)->count++] = (item);                                               \
    } while (0)

#define VEC_CLEAR(vec) ((void)((vec)->count = 0))

#define VEC_FREE(vec)                          \
    do {                                       \
        (vec)->items = mem_free((vec)->items); \
        (vec)->count = 0;                      \
        (vec)->capacity = 0;                   \
    } while (0)

/* Removes the item at `index` by moving the last one into its place. */
#define VEC_REMOVE_UNORDERED(vec, index) \
    ((void)((vec)->items[index] = (vec)->items[--(vec)->count]))
