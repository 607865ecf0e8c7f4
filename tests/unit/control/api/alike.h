/* What was decoded, compared field by field by the tables that decoded it. */
#pragma once

#include <stdio.h>
#include <string.h>

#include "control/api/kinds.h"

/* How lists lie in structs. */
struct alike_list {
    const unsigned char *items;
    size_t count;
};

struct alike {
    bool says_broken; /* what is broken has to be the same, too */
    char path[1024];  /* of the first difference, innermost name first */
};

static inline void alike_note(struct alike *a, struct str name)
{
    size_t size = strlen(a->path);
    (void)snprintf(a->path + size, sizeof(a->path) - size, "%.*s<", STR_ARG(name));
}

static inline bool alike_tables(struct alike *a, const struct api__table *table, const void *left,
                                const void *right, const struct jv *printed);

static inline bool alike_lists(struct alike *a, const struct api__field *field, const void *left,
                               const void *right, const struct jv *printed)
{
    const struct alike_list *l = left;
    const struct alike_list *r = right;
    if (l->count != r->count)
        return false;
    for (size_t i = 0; i < l->count; i++) {
        const struct jv *item = i < jv_item_count(printed) ? printed->items[i] : NULL;
        size_t size = field->type == API__LIST ? field->table->size : sizeof(struct str);
        const void *x = l->items + i * size;
        const void *y = r->items + i * size;
        bool same = field->type == API__LIST
                        ? alike_tables(a, field->table, x, y, item)
                        : str_equal(*(const struct str *)x, *(const struct str *)y);
        if (!same)
            return false;
    }
    return true;
}

static inline bool alike_fields(struct alike *a, const struct api__field *field, const void *left,
                                const void *right, const struct jv *printed)
{
    const struct api_tags *tags = left;
    switch (field->type) {
    case API__IGNORED:
    case API__OPEN: return true;
    case API__BOOL: return *(const bool *)left == *(const bool *)right;
    case API__UINT32:
    case API__ENUM:
    case API__ENUM_SET: return *(const uint32_t *)left == *(const uint32_t *)right;
    case API__DURATION: return *(const uint64_t *)left == *(const uint64_t *)right;
    case API__STRING:
    case API__ENUM_NAME:
    case API__SCALAR:
    case API__BYTES:
    case API__JSON: return str_equal(*(const struct str *)left, *(const struct str *)right);
    case API__QUANTITIES:
    case API__TAGS: return api_tags_equal(*tags, *(const struct api_tags *)right);
    case API__STRINGS:
    case API__LIST: return alike_lists(a, field, left, right, printed);
    case API__OBJECT: return alike_tables(a, field->table, left, right, printed);
    }
    return false;
}

/* Of fields of which there is one, that is compared which was printed. */
static inline bool alike_tables(struct alike *a, const struct api__table *table, const void *left,
                                const void *right, const struct jv *printed)
{
    const unsigned char *l = left;
    const unsigned char *r = right;
    if (a->says_broken && table->broken != 0 && l[table->broken] != r[table->broken]) {
        alike_note(a, STR("broken"));
        return false;
    }
    for (size_t i = 0; i < table->count; i++) {
        const struct api__field *field = &table->fields[i];
        const struct jv *inner = jv_get(printed, field->name);
        if (field->is_dropped || (field->presence == API__ONE_OF && inner == NULL))
            continue;
        bool has_same = field->has == 0 || l[field->has] == r[field->has];
        if (has_same && alike_fields(a, field, l + field->offset, r + field->offset, inner))
            continue;
        alike_note(a, field->name);
        return false;
    }
    return true;
}
