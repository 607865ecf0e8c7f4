#include "control/api/print.h"

#include "core/base/assert.h"
#include "core/base/base64.h"

/* ---- Members ---- */

static void push(struct api__members *members, struct jv_member member)
{
    if (members->count == members->capacity) {
        size_t capacity = MAX(members->capacity * 2, (size_t)2);
        struct jv_member *items = ARENA_NEW_ARRAY(members->arena, struct jv_member, capacity);
        for (size_t i = 0; i < members->count; i++)
            items[i] = members->items[i];
        members->items = items;
        members->capacity = capacity;
    }
    members->items[members->count++] = member;
}

void api__members_add(struct api__members *members, struct str key, const struct jv *value)
{
    if (value != NULL)
        push(members, (struct jv_member){key, value->mark, value});
}

void api__members_add_text(struct api__members *members, struct str key, struct str text)
{
    api__members_add(members, key, jv_string(members->arena, (struct jv_mark){0}, text));
}

void api__members_add_all(struct api__members *members, const struct jv *object)
{
    size_t count = object != NULL && object->type == JV_OBJECT ? object->count : 0;
    for (size_t i = 0; i < count; i++) {
        if (object->members[i].value->type != JV_NULL)
            push(members, object->members[i]);
    }
}

void api__members_add_from(struct api__members *members, struct str key, const struct jv *object,
                           struct str name)
{
    const struct jv *value = jv_get(object, name);
    if (value != NULL && value->type != JV_NULL)
        api__members_add(members, key, value);
}

bool api__members_have(const struct api__members *members, struct str key)
{
    for (size_t i = 0; i < members->count; i++) {
        if (str_equal(members->items[i].key, key))
            return true;
    }
    return false;
}

const struct jv *api__members_object(const struct api__members *members, struct jv_mark mark)
{
    const struct jv *object = NULL;
    const struct jv_member *twice[2];
    enum err e = jv_object(members->arena, mark, members->items, members->count, &object, twice);
    ASSERT(e == ERR_OK); /* each name once */
    return object;
}

const struct jv *api__print_sorted(struct arena *arena, const struct jv *object)
{
    if (object == NULL || object->type == JV_NULL)
        return NULL;
    if (object->type != JV_OBJECT)
        return object;
    struct api__members members = {.arena = arena};
    for (size_t i = 0; i < object->count; i++) {
        const struct jv_member *member = &object->members[object->sorted[i]];
        api__members_add(&members, member->key, member->value);
    }
    return api__members_object(&members, object->mark);
}

/* ---- Values ---- */

static const struct jv *empty_string(const struct api__printer *p, const struct jv *null)
{
    return jv_string(p->arena, null->mark, STR_EMPTY);
}

/* "8080" in quotes is the number. */
static const struct jv *print_uint32(const struct api__printer *p, const struct jv *value)
{
    uint64_t number = 0;
    bool is_quoted = value->type == JV_STRING && str_parse_u64(value->text, UINT32_MAX, &number);
    return is_quoted ? jv_number(p->arena, value->mark, value->text) : value;
}

/* Every digit stays: Kuma's own rounding is nothing to rely on. */
static const struct jv *print_scalar(const struct api__printer *p, const struct jv *value)
{
    bool is_quoted = value->type == JV_STRING && jv_is_number_text(value->text);
    return is_quoted ? jv_number(p->arena, value->mark, value->text) : value;
}

/* The value that a number or a name means, or NULL. */
static const struct api__enum_value *enum_find(const struct api__enum *values,
                                               const struct jv *value)
{
    uint64_t number = 0;
    bool is_number = jv_u64(value, INT32_MAX, &number);
    for (size_t i = 0; i < values->count; i++) {
        const struct api__enum_value *known = &values->values[i];
        if (is_number ? known->number == (int)number
                      : value->type == JV_STRING && str_equal(known->name, value->text))
            return known;
    }
    return NULL;
}

static const struct jv *print_enum(const struct api__printer *p, const struct jv *value,
                                   const struct api__enum *values)
{
    const struct api__enum_value *known = enum_find(values, value);
    return known == NULL ? value : jv_string(p->arena, value->mark, known->name);
}

static const struct jv *print_duration(const struct api__printer *p, const struct jv *value)
{
    uint64_t ns = 0;
    if (value->type != JV_STRING || api__duration(value->text, &ns) != ERR_OK)
        return value;
    return jv_string(p->arena, value->mark, api__duration_text(p->arena, ns));
}

/* Without line ends. */
static const struct jv *print_bytes(const struct api__printer *p, const struct jv *value)
{
    struct str bytes;
    if (value->type != JV_STRING || base64_decode(p->arena, value->text, &bytes) != ERR_OK)
        return value;
    struct buf text;
    buf_init_secret(&text, value->text.size + 4); /* it may be a key */
    base64_encode(bytes, &text);
    const struct jv *printed = jv_string(p->arena, value->mark, str_dup(p->arena, buf_str(&text)));
    buf_deinit(&text);
    return printed;
}

static const struct jv *print_tags(const struct api__printer *p, const struct jv *value)
{
    if (value->type != JV_OBJECT)
        return value;
    struct api__members members = {.arena = p->arena};
    for (size_t i = 0; i < value->count; i++) {
        const struct jv_member *tag = &value->members[value->sorted[i]];
        bool is_empty = p->is_proto && tag->value->type == JV_NULL;
        api__members_add(&members, tag->key, is_empty ? empty_string(p, tag->value) : tag->value);
    }
    return api__members_object(&members, value->mark);
}

/* A list of objects, or without a table one of strings. */
static const struct jv *print_list(const struct api__printer *p, const struct jv *value,
                                   const struct api__table *table)
{
    if (value->type != JV_ARRAY)
        return value;
    const struct api__members nothing = {.arena = p->arena};
    const struct jv **items = ARENA_NEW_ARRAY(p->arena, const struct jv *, value->count);
    for (size_t i = 0; i < value->count; i++) {
        const struct jv *item = value->items[i];
        bool is_empty = p->is_proto && item->type == JV_NULL;
        if (table != NULL)
            items[i] = is_empty ? api__members_object(&nothing, item->mark)
                                : api__print(p, item, table);
        else
            items[i] = is_empty ? empty_string(p, item) : item;
    }
    return jv_array(p->arena, value->mark, items, value->count);
}

/* ---- Fields ---- */

static const struct jv *print_field(const struct api__printer *p, const struct jv *value,
                                    const struct api__field *field)
{
    switch (field->type) {
    case API__OBJECT: return api__print(p, value, field->table);
    case API__LIST: return print_list(p, value, field->table);
    case API__STRINGS: return print_list(p, value, NULL);
    case API__TAGS: return print_tags(p, value);
    case API__UINT32: return p->is_proto ? print_uint32(p, value) : value;
    case API__SCALAR: return p->is_proto ? print_scalar(p, value) : value;
    case API__ENUM:
    case API__ENUM_NAME: return p->is_proto ? print_enum(p, value, field->values) : value;
    case API__DURATION: return p->is_proto ? print_duration(p, value) : value;
    case API__BYTES: return p->is_proto ? print_bytes(p, value) : value;
    case API__QUANTITIES: return api__print_sorted(p->arena, value);
    case API__IGNORED:
    case API__OPEN:
    case API__STRING:
    case API__BOOL:
    case API__ENUM_SET:
    case API__JSON: return value;
    }
    return value;
}

/* Says no more than if it were not there. */
static bool is_zero(const struct api__field *field, const struct jv *value)
{
    const struct api__enum_value *known = NULL;
    switch (field->type) {
    case API__STRING:
    case API__BYTES: return value->type == JV_STRING && value->text.size == 0;
    case API__BOOL: return value->type == JV_BOOL && !value->boolean;
    case API__UINT32: return value->type == JV_NUMBER && str_equal(value->text, STR("0"));
    case API__ENUM:
    case API__ENUM_NAME:
        known = enum_find(field->values, value);
        return known != NULL && known->number == 0;
    case API__TAGS:
    case API__QUANTITIES: return value->type == JV_OBJECT && value->count == 0;
    case API__STRINGS:
    case API__LIST: return value->type == JV_ARRAY && value->count == 0;
    case API__IGNORED:
    case API__OPEN:
    case API__ENUM_SET:
    case API__SCALAR:
    case API__DURATION:
    case API__JSON:
    case API__OBJECT: return false;
    }
    return false;
}

/* What the decoder takes for the value of the field; NULL: nothing. */
static const struct jv *value_of(const struct jv *object, const struct api__field *field)
{
    const struct jv_member *member = jv_find(object, field->name);
    if (member == NULL && field->proto.size > 0)
        member = jv_find(object, field->proto);
    return member == NULL || member->value->type == JV_NULL ? NULL : member->value;
}

/* Of fields of which an object has one, the last one counts. */
static bool is_overridden(const struct jv *object, const struct api__table *table, size_t index)
{
    if (table->fields[index].presence != API__ONE_OF)
        return false;
    for (size_t i = index + 1; i < table->count; i++) {
        if (table->fields[i].presence == API__ONE_OF && value_of(object, &table->fields[i]) != NULL)
            return true;
    }
    return false;
}

const struct jv *api__print(const struct api__printer *p, const struct jv *value,
                            const struct api__table *table)
{
    if (value->type != JV_OBJECT)
        return value;
    struct api__members members = {.arena = p->arena};
    for (size_t i = 0; i < table->count; i++) {
        const struct api__field *field = &table->fields[i];
        const struct jv *inner = value_of(value, field);
        if (inner == NULL || (p->is_proto && is_overridden(value, table, i)))
            continue;
        inner = print_field(p, inner, field);
        if (!p->is_proto || field->presence != API__OF_VALUE || !is_zero(field, inner))
            api__members_add(&members, field->name, inner);
    }
    return api__members_object(&members, value->mark);
}
