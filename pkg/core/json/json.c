#include "core/json/json.h"

#include <stdlib.h>

#include "core/base/assert.h"

const char *jv_type_name(enum jv_type type)
{
    switch (type) {
    case JV_NULL: return "null";
    case JV_BOOL: return "a boolean";
    case JV_NUMBER: return "a number";
    case JV_STRING: return "a string";
    case JV_ARRAY: return "a list";
    case JV_OBJECT: return "an object";
    }
    return "unknown";
}

static struct jv *value_new(struct arena *arena, enum jv_type type, struct jv_mark mark)
{
    struct jv *value = ARENA_NEW(arena, struct jv);
    value->type = type;
    value->mark = mark;
    return value;
}

const struct jv *jv_null(struct arena *arena, struct jv_mark mark)
{
    return value_new(arena, JV_NULL, mark);
}

const struct jv *jv_bool(struct arena *arena, struct jv_mark mark, bool value)
{
    struct jv *jv = value_new(arena, JV_BOOL, mark);
    jv->boolean = value;
    return jv;
}

const struct jv *jv_number(struct arena *arena, struct jv_mark mark, struct str literal)
{
    ASSERT_SLOW(jv_is_number_text(literal));
    struct jv *jv = value_new(arena, JV_NUMBER, mark);
    jv->text = literal;
    return jv;
}

const struct jv *jv_string(struct arena *arena, struct jv_mark mark, struct str text)
{
    struct jv *jv = value_new(arena, JV_STRING, mark);
    jv->text = text;
    return jv;
}

const struct jv *jv_array(struct arena *arena, struct jv_mark mark, const struct jv *const *items,
                          size_t count)
{
    struct jv *jv = value_new(arena, JV_ARRAY, mark);
    const struct jv **copy = ARENA_NEW_ARRAY(arena, const struct jv *, count);
    for (size_t i = 0; i < count; i++)
        copy[i] = items[i];
    jv->items = copy;
    jv->count = count;
    return jv;
}

/* By key, and equal keys in the order of the source. */
static int compare_indexes(const void *a, const void *b, void *arg)
{
    const struct jv_member *members = arg;
    uint32_t left = *(const uint32_t *)a;
    uint32_t right = *(const uint32_t *)b;
    int order = str_compare(members[left].key, members[right].key);
    return order != 0 ? order : (left > right) - (left < right);
}

enum err jv_object(struct arena *arena, struct jv_mark mark, const struct jv_member *members,
                   size_t count, const struct jv **ret_object, const struct jv_member *ret_twice[2])
{
    ASSERT(count <= UINT32_MAX);
    struct jv_member *copy = ARENA_NEW_ARRAY(arena, struct jv_member, count);
    uint32_t *sorted = ARENA_NEW_ARRAY(arena, uint32_t, count);
    for (size_t i = 0; i < count; i++) {
        copy[i] = members[i];
        sorted[i] = (uint32_t)i;
    }
    qsort_r(sorted, count, sizeof(*sorted), compare_indexes, copy);
    for (size_t i = 1; i < count; i++) {
        if (!str_equal(copy[sorted[i - 1]].key, copy[sorted[i]].key))
            continue;
        ret_twice[0] = &copy[sorted[i - 1]];
        ret_twice[1] = &copy[sorted[i]];
        return ERR_CONFLICT;
    }
    struct jv *jv = value_new(arena, JV_OBJECT, mark);
    jv->members = copy;
    jv->sorted = sorted;
    jv->count = count;
    *ret_object = jv;
    return ERR_OK;
}

const struct jv_member *jv_find(const struct jv *object, struct str key)
{
    if (object == NULL || object->type != JV_OBJECT)
        return NULL;
    size_t low = 0;
    size_t high = object->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct jv_member *member = &object->members[object->sorted[middle]];
        int order = str_compare(key, member->key);
        if (order == 0)
            return member;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

const struct jv *jv_get(const struct jv *object, struct str key)
{
    const struct jv_member *member = jv_find(object, key);
    return member == NULL ? NULL : member->value;
}

size_t jv_item_count(const struct jv *value)
{
    return value != NULL && value->type == JV_ARRAY ? value->count : 0;
}

struct str jv_text(const struct jv *value)
{
    return value != NULL && value->type == JV_STRING ? value->text : STR_EMPTY;
}

bool jv_u64(const struct jv *value, uint64_t max, uint64_t *ret_number)
{
    return value != NULL && value->type == JV_NUMBER && str_parse_u64(value->text, max, ret_number);
}

static size_t skip_digits(struct str text, size_t at)
{
    while (at < text.size && text.data[at] >= '0' && text.data[at] <= '9')
        at++;
    return at;
}

bool jv_is_number_text(struct str text)
{
    size_t start = text.size > 0 && text.data[0] == '-' ? 1 : 0;
    size_t at = skip_digits(text, start);
    if (at == start || (text.data[start] == '0' && at > start + 1))
        return false;
    if (at < text.size && text.data[at] == '.') {
        size_t fraction = at + 1;
        at = skip_digits(text, fraction);
        if (at == fraction)
            return false;
    }
    if (at < text.size && (text.data[at] == 'e' || text.data[at] == 'E')) {
        at++;
        if (at < text.size && (text.data[at] == '+' || text.data[at] == '-'))
            at++;
        size_t exponent = at;
        at = skip_digits(text, exponent);
        if (at == exponent)
            return false;
    }
    return at == text.size;
}
