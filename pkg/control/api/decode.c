#include "control/api/decode.h"

#include "core/base/assert.h"
#include "core/base/base64.h"

/* How lists lie in the structs of api.h. */
struct list {
    const void *items;
    size_t count;
};
_Static_assert(offsetof(struct api_mesh_gateway, listener_count) ==
                   offsetof(struct api_mesh_gateway, listeners) + offsetof(struct list, count),
               "a list is a pointer and the count right behind it");

/* Where goes what is read and not kept. */
union nothing {
    bool boolean;
    uint32_t number;
    int value;
    uint64_t ns;
    struct str text;
    struct api_tags tags;
    struct list list;
};

static void *at_offset(void *object, size_t offset)
{
    return (unsigned char *)object + offset;
}

static void wrong_type(struct api__decoder *d, const struct api__place *place, const char *wanted)
{
    const struct jv *value = place->value;
    if (value->type == JV_NUMBER && str_equal(str_of(wanted), STR("a string")))
        api__undecodable(d, place, "must be a string: write \"%.*s\" in quotes",
                         STR_ARG(str_first(value->text, API__QUOTED_MAX)));
    else if (value->type == JV_BOOL && str_equal(str_of(wanted), STR("a string")))
        api__undecodable(d, place, "must be a string, and this word means %s: write it in quotes",
                         value->boolean ? "true" : "false");
    else
        api__undecodable(d, place, "must be %s, not %s%s", wanted, jv_type_name(value->type),
                         str_starts_with(str_of(wanted), STR("a list"))
                             ? "; in YAML each item begins with a hyphen"
                             : "");
}

/* Reports a size that is out of the bounds of its field. What has it is read anyway. */
static void check_size(struct api__decoder *d, const struct api__place *place,
                       const struct api__field *field, size_t size, const char *unit)
{
    if (field->is_judged)
        return;
    if (size < field->min && field->min == 1)
        api__undecodable(d, place, "cannot be empty");
    else if (size < field->min)
        api__undecodable(d, place, "must have at least %u %ss", field->min, unit);
    else if (field->max > 0 && size > field->max)
        api__undecodable(d, place, "must have at most %u %s%s", field->max, unit,
                         field->max == 1 ? "" : "s");
}

/* False: the list or map has too many items, which was reported. */
static bool is_bounded(struct api__decoder *d, const struct api__place *place)
{
    if (place->value->count > API_ITEMS_MAX)
        api__undecodable(d, place, "has %zu items: at most %zu are read, so none is",
                         place->value->count, API_ITEMS_MAX);
    return place->value->count <= API_ITEMS_MAX;
}

static void decode_string(struct api__decoder *d, const struct api__place *place,
                          struct str *ret_text)
{
    if (place->value->type != JV_STRING)
        wrong_type(d, place, "a string");
    else
        *ret_text = str_dup(d->arena, place->value->text);
}

static void decode_bounded_string(struct api__decoder *d, const struct api__place *place,
                                  const struct api__field *field, struct str *ret_text)
{
    decode_string(d, place, ret_text);
    if (place->value->type == JV_STRING)
        check_size(d, place, field, ret_text->size, "character");
}

/* What is a number or a name, as Kubernetes writes ports. */
static void decode_scalar(struct api__decoder *d, const struct api__place *place,
                          struct str *ret_text)
{
    if (place->value->type != JV_STRING && place->value->type != JV_NUMBER)
        wrong_type(d, place, "a number or a string");
    else
        *ret_text = str_dup(d->arena, place->value->text);
}

static void decode_bool(struct api__decoder *d, const struct api__place *place, bool *ret_value)
{
    if (place->value->type != JV_BOOL)
        wrong_type(d, place, "true or false, without quotes");
    else
        *ret_value = place->value->boolean;
}

/* "NONE, TCP, TLS, HTTP, HTTPS". */
static void append_names(const struct api__enum *values, struct buf *buf)
{
    for (size_t i = 0; i < values->count; i++) {
        if (i > 0)
            buf_append(buf, STR(", "));
        buf_append(buf, values->values[i].name);
    }
}

/* A scalar as a message shows it: in quotes where it would be taken for something else, or is not
 * seen. */
static struct str shown(struct api__decoder *d, const struct jv *value)
{
    struct str text = str_first(value->text, API__QUOTED_MAX);
    bool is_odd = text.size == 0 || text.data[0] == ' ' || text.data[text.size - 1] == ' ' ||
                  jv_is_number_text(text);
    return value->type == JV_STRING && is_odd ? str_format(d->arena, "\"%.*s\"", STR_ARG(text))
                                              : text;
}

static void unknown_value(struct api__decoder *d, const struct api__place *place,
                          const struct api__enum *values)
{
    struct buf names;
    buf_init(&names, ERR_MESSAGE_MAX);
    append_names(values, &names);
    api__undecodable(d, place, "unknown value %.*s: must be one of %.*s",
                     STR_ARG(shown(d, place->value)), STR_ARG(buf_str(&names)));
    buf_deinit(&names);
}

/* Whether `values`, if any, know a number. */
static bool is_known_number(const struct api__enum *values, uint64_t number)
{
    for (size_t i = 0; values != NULL && i < values->count; i++) {
        if ((uint64_t)values->values[i].number == number)
            return true;
    }
    return values == NULL;
}

static void decode_uint32(struct api__decoder *d, const struct api__place *place,
                          const struct api__field *field, uint32_t *ret_number)
{
    const struct jv *value = place->value;
    uint32_t min = field->is_judged ? 0 : field->min;
    uint32_t max = field->max > 0 && !field->is_judged ? field->max : UINT32_MAX;
    uint64_t number = 0;
    bool is_text = value->type == JV_NUMBER || (value->type == JV_STRING && !d->is_strict);
    bool is_number = is_text && str_parse_u64(value->text, max, &number) && number >= min;
    if (is_number && is_known_number(field->values, number))
        *ret_number = (uint32_t)number;
    else if (is_number)
        unknown_value(d, place, field->values);
    else if (is_text)
        api__undecodable(d, place, "must be a whole number from %u to %u, not %.*s", min, max,
                         STR_ARG(shown(d, value)));
    else
        wrong_type(d, place, "a whole number");
}

/* The value of the enum that stands at `place`, or NULL after a finding. */
static const struct api__enum_value *
decode_enum(struct api__decoder *d, const struct api__place *place, const struct api__enum *values)
{
    const struct jv *value = place->value;
    if (value->type != JV_STRING && (value->type != JV_NUMBER || d->is_strict)) {
        wrong_type(d, place, "a string");
        return NULL;
    }
    uint64_t number = 0;
    bool is_number = jv_u64(value, INT32_MAX, &number);
    for (size_t i = 0; i < values->count; i++) {
        const struct api__enum_value *known = &values->values[i];
        if (is_number ? known->number == (int)number : str_equal(known->name, jv_text(value)))
            return known;
    }
    unknown_value(d, place, values);
    return NULL;
}

static void decode_enum_number(struct api__decoder *d, const struct api__place *place,
                               const struct api__enum *values, int *ret_number)
{
    const struct api__enum_value *found = decode_enum(d, place, values);
    if (found != NULL)
        *ret_number = found->number;
}

static void decode_enum_name(struct api__decoder *d, const struct api__place *place,
                             const struct api__enum *values, struct str *ret_name)
{
    const struct api__enum_value *found = decode_enum(d, place, values);
    if (found != NULL && found->number != 0)
        *ret_name = found->name;
}

static void decode_enum_set(struct api__decoder *d, const struct api__place *place,
                            const struct api__field *field, uint32_t *ret_set)
{
    if (place->value->type != JV_ARRAY) {
        wrong_type(d, place, "a list of strings");
        return;
    }
    check_size(d, place, field, place->value->count, "item");
    for (size_t i = 0; i < place->value->count; i++) {
        struct api__place item = api__item(place, i);
        const struct api__enum_value *found = decode_enum(d, &item, field->values);
        if (found != NULL)
            *ret_set |= (uint32_t)found->number;
    }
}

static void decode_duration(struct api__decoder *d, const struct api__place *place,
                            uint64_t *ret_ns)
{
    if (place->value->type != JV_STRING)
        wrong_type(d, place, "a string such as 10s or 1m30s");
    else if (api__duration(place->value->text, ret_ns) != ERR_OK)
        api__undecodable(d, place, "bad Duration: \"%.*s\": write it like 10s, 1m30s or 250ms",
                         STR_ARG(str_first(place->value->text, API__QUOTED_MAX)));
}

static void decode_bytes(struct api__decoder *d, const struct api__place *place,
                         const struct api__field *field, struct str *ret_bytes)
{
    if (place->value->type != JV_STRING) {
        wrong_type(d, place, "a string in base64");
        return;
    }
    check_size(d, place, field, place->value->text.size, "character");
    if (base64_decode(d->arena, place->value->text, ret_bytes) != ERR_OK)
        api__undecodable(d, place, "is not base64 (with + and /, padded with =)");
}

/* One of several strings is too long. */
static void check_item_size(struct api__decoder *d, const struct api__place *item,
                            const struct api__field *field, struct str text)
{
    if (field->item_max > 0 && text.size > field->item_max)
        api__undecodable(d, item, "must have at most %u characters", field->item_max);
}

void api__decode_tags(struct api__decoder *d, const struct api__place *place,
                      struct api_tags *ret_tags)
{
    const struct jv *object = place->value;
    if (object->type != JV_OBJECT) {
        wrong_type(d, place, "an object of strings");
        return;
    }
    if (!is_bounded(d, place))
        return;
    struct api_tag *tags = ARENA_NEW_ARRAY(d->arena, struct api_tag, object->count);
    for (size_t i = 0; i < object->count; i++) {
        const struct jv_member *member = &object->members[object->sorted[i]];
        tags[i] = (struct api_tag){str_dup(d->arena, member->key), STR_EMPTY};
        struct api__place tag = api__key(place, member->key);
        if (d->is_strict || member->value->type != JV_NULL)
            decode_string(d, &tag, &tags[i].value);
    }
    *ret_tags = (struct api_tags){tags, object->count};
}

static void decode_bounded_tags(struct api__decoder *d, const struct api__place *place,
                                const struct api__field *field, struct api_tags *ret_tags)
{
    struct api_tags tags = {0};
    api__decode_tags(d, place, &tags);
    check_size(d, place, field, tags.count, "item");
    for (size_t i = 0; i < tags.count; i++) {
        struct api__place tag = api__key(place, tags.items[i].name);
        struct str longer = tags.items[i].name.size > tags.items[i].value.size
                                ? tags.items[i].name
                                : tags.items[i].value;
        check_item_size(d, &tag, field, longer);
    }
    *ret_tags = tags;
}

/* A whole number, or what is written in quotes. */
static void decode_quantity(struct api__decoder *d, const struct api__place *place,
                            struct str *ret_text)
{
    decode_scalar(d, place, ret_text);
    bool is_text = place->value->type == JV_STRING || place->value->type == JV_NUMBER;
    bool is_whole = place->value->type == JV_STRING ||
                    str_find_char(place->value->text, '.') == STR_NOT_FOUND;
    if (is_text && (!is_whole || !api__is_quantity(place->value->text)))
        api__undecodable(d, place,
                         "is no quantity: write a whole number, or like \"500m\" or \"64Mi\"");
}

static void decode_quantities(struct api__decoder *d, const struct api__place *place,
                              const struct api__field *field, struct api_tags *ret_tags)
{
    const struct jv *object = place->value;
    if (object->type != JV_OBJECT) {
        wrong_type(d, place, "an object of quantities");
        return;
    }
    if (!is_bounded(d, place))
        return;
    check_size(d, place, field, object->count, "item");
    struct api_tag *tags = ARENA_NEW_ARRAY(d->arena, struct api_tag, object->count);
    for (size_t i = 0; i < object->count; i++) {
        const struct jv_member *member = &object->members[object->sorted[i]];
        struct api__place amount = api__key(place, member->key);
        tags[i] = (struct api_tag){str_dup(d->arena, member->key), STR_EMPTY};
        decode_quantity(d, &amount, &tags[i].value);
    }
    *ret_tags = (struct api_tags){tags, object->count};
}

static void decode_strings(struct api__decoder *d, const struct api__place *place,
                           const struct api__field *field, struct list *ret_list)
{
    if (place->value->type != JV_ARRAY) {
        wrong_type(d, place, "a list of strings");
        return;
    }
    if (!is_bounded(d, place))
        return;
    size_t count = place->value->count;
    check_size(d, place, field, count, "item");
    struct str *strings = ARENA_NEW_ARRAY(d->arena, struct str, count);
    for (size_t i = 0; i < count; i++) {
        struct api__place item = api__item(place, i);
        if (d->is_strict || api__is_present(&item))
            decode_string(d, &item, &strings[i]);
        check_item_size(d, &item, field, strings[i]);
    }
    *ret_list = (struct list){strings, count};
}

static void decode_json(struct api__decoder *d, const struct api__place *place,
                        const struct api__table *shape, struct str *ret_json)
{
    api__decode(d, place, shape, NULL);
    if (place->value->type != JV_OBJECT)
        return;
    struct buf buf;
    buf_init(&buf, API_JSON_SIZE_MAX);
    jv_print(place->value, &buf);
    if (buf_overflowed(&buf))
        api__undecodable(d, place, "is larger than %zu bytes", API_JSON_SIZE_MAX);
    else
        *ret_json = str_dup(d->arena, buf_str(&buf));
    buf_deinit(&buf);
}

/* Where objects of a table go; a shape needs none. */
static unsigned char *room_for(struct api__decoder *d, const struct api__table *table, size_t count)
{
    return table->size == 0 ? NULL : arena_alloc(d->arena, count, table->size);
}

static void decode_list(struct api__decoder *d, const struct api__place *place,
                        const struct api__field *field, struct list *ret_list)
{
    const struct api__table *table = field->table;
    if (place->value->type != JV_ARRAY) {
        wrong_type(d, place, "a list");
        return;
    }
    if (!is_bounded(d, place))
        return;
    size_t count = place->value->count;
    check_size(d, place, field, count, "item");
    unsigned char *items = room_for(d, table, count);
    for (size_t i = 0; i < count; i++) {
        struct api__place item = api__item(place, i);
        api__decode(d, &item, table, items == NULL ? NULL : items + i * table->size);
    }
    *ret_list = (struct list){items, count};
}

static void decode_field(struct api__decoder *d, const struct api__place *place,
                         const struct api__field *field, void *object)
{
    union nothing nothing = {0};
    bool is_kept = object != NULL && !field->is_dropped;
    void *into = is_kept ? at_offset(object, field->offset) : &nothing;
    switch (field->type) {
    case API__IGNORED: return;
    case API__OPEN:
        if (place->value->type != JV_OBJECT)
            wrong_type(d, place, "an object");
        return;
    case API__STRING: decode_bounded_string(d, place, field, into); return;
    case API__BOOL: decode_bool(d, place, into); return;
    case API__UINT32: decode_uint32(d, place, field, into); return;
    case API__ENUM: decode_enum_number(d, place, field->values, into); return;
    case API__ENUM_NAME: decode_enum_name(d, place, field->values, into); return;
    case API__ENUM_SET: decode_enum_set(d, place, field, into); return;
    case API__SCALAR: decode_scalar(d, place, into); return;
    case API__DURATION: decode_duration(d, place, into); return;
    case API__BYTES: decode_bytes(d, place, field, into); return;
    case API__TAGS: decode_bounded_tags(d, place, field, into); return;
    case API__QUANTITIES: decode_quantities(d, place, field, into); return;
    case API__STRINGS: decode_strings(d, place, field, into); return;
    case API__JSON: decode_json(d, place, field->table, into); return;
    case API__OBJECT:
        api__decode(d, place, field->table, is_kept ? into : room_for(d, field->table, 1));
        return;
    case API__LIST: decode_list(d, place, field, into); return;
    }
}

/* What a field is that is not there. */
static void preset_field(const struct api__field *field, void *object)
{
    if (object == NULL)
        return;
    if (field->preset_text.size > 0)
        *(struct str *)at_offset(object, field->offset) = field->preset_text;
    else if (field->preset != 0 && field->type == API__UINT32)
        *(uint32_t *)at_offset(object, field->offset) = field->preset;
    else if (field->preset != 0)
        *(int *)at_offset(object, field->offset) = (int)field->preset;
}

/* The place of a field in whichever spelling it has. */
static struct api__place field_find(struct api__decoder *d, const struct api__place *place,
                                    const struct api__field *field)
{
    const struct jv_member *camel = jv_find(place->value, field->name);
    const struct jv_member *proto = field->proto.size == 0 ? NULL
                                                           : jv_find(place->value, field->proto);
    const struct jv_member *member = camel != NULL ? camel : proto;
    if (camel != NULL && proto != NULL) {
        struct api__place second = api__key(place, field->proto);
        second.step = API__MEMBER;
        api__warning(d, &second, "is ignored, because %.*s is there too", STR_ARG(field->name));
    }
    return (struct api__place){
        .parent = place,
        .step = API__MEMBER,
        .name = member == NULL ? field->name : member->key,
        .value = member == NULL ? NULL : member->value,
        .mark = member == NULL ? (struct jv_mark){0} : member->mark,
    };
}

const struct api__table api__empty_table = {.fields = NULL};

void api__decode(struct api__decoder *d, const struct api__place *place,
                 const struct api__table *table, void *object)
{
    struct api__place self = *place;
    if (table->broken != 0)
        self.broken = at_offset(object, table->broken);
    if (table->mark != 0)
        *(struct finding_mark *)at_offset(object, table->mark) = api__mark(&self);
    bool is_null_item = d->is_strict && self.step == API__ITEM && !api__is_present(&self);
    if (is_null_item || (api__is_present(&self) && self.value->type != JV_OBJECT)) {
        struct str fields = api__fields_text(d, table);
        api__undecodable(d, &self, "must be an object, not %s%s%.*s",
                         jv_type_name(self.value->type), fields.size > 0 ? "; known in it: " : "",
                         STR_ARG(fields));
        return;
    }
    bool is_there = api__is_present(&self);
    self.table = table;
    if (is_there)
        api__warn_of_unknown(d, &self);
    for (size_t i = 0; i < table->count; i++) {
        const struct api__field *field = &table->fields[i];
        struct api__place inner = field_find(d, &self, field);
        if (!api__is_present(&inner)) {
            if (field->required && is_there && !field->is_judged)
                api__undecodable(d, &inner, "is required");
            preset_field(field, object);
            continue;
        }
        if (field->has != 0 && object != NULL)
            *(bool *)at_offset(object, field->has) = true;
        decode_field(d, &inner, field, object);
    }
    if (table->check != NULL)
        table->check(d, &self, object);
}
