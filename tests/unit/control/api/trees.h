/* Random manifests of every kind, made by the tables that decode them. */
#pragma once

#include "control/api/kinds.h"
#include "core/base/random.h"

struct trees {
    struct arena *arena;
    struct random random;
    bool is_proto;   /* the kind has two spellings and lenient numbers */
    bool is_hostile; /* values of wrong types, nulls and unknown fields, too */
    bool is_double;  /* more than one of what there is one of */
};

static inline bool trees_one_in(struct trees *t, uint64_t n)
{
    return random_below(&t->random, n) == 0;
}

static inline const struct jv *trees_text(struct trees *t, struct str text)
{
    return jv_string(t->arena, (struct jv_mark){0}, text);
}

static inline const struct jv *trees_literal(struct trees *t, struct str text)
{
    return jv_number(t->arena, (struct jv_mark){0}, text);
}

static inline const struct jv *trees_object(struct trees *t, const struct jv_member *members,
                                            size_t count)
{
    const struct jv *object = NULL;
    const struct jv_member *twice[2];
    assert_int_equal(jv_object(t->arena, (struct jv_mark){0}, members, count, &object, twice),
                     ERR_OK);
    return object;
}

/* Texts that a printer may get wrong, and those that the rules ask for. */
static inline struct str trees_word(struct trees *t)
{
    static const struct str words[] = {
        STR_INIT(""),
        STR_INIT("edge"),
        STR_INIT("*"),
        STR_INIT("*.example.com"),
        STR_INIT("true"),
        STR_INIT("8080"),
        STR_INIT("-0"),
        STR_INIT("1e3"),
        STR_INIT("no"),
        STR_INIT("10.0.0.1"),
        STR_INIT("a: b"),
        STR_INIT(" x "),
        STR_INIT("# x"),
        STR_INIT("-----BEGIN X-----\nAA==\n-----END X-----\n"),
        STR_INIT("null"),
        STR_INIT("\xE5\xA4\xA7"),
        STR_INIT("'\""),
        STR_INIT("/path"),
        STR_INIT("MeshGateway"),
        STR_INIT("Mesh"),
        STR_INIT("MeshService"),
        STR_INIT("Dataplane"),
        STR_INIT("cart"),
        STR_INIT("http"),
        STR_INIT("a\tb\r\n"),
    };
    return words[random_below(&t->random, ARRAY_SIZE(words))];
}

static inline const struct jv *trees_any(struct trees *t, unsigned depth)
{
    static const struct str numbers[] = {
        STR_INIT("0"),
        STR_INIT("-0"),
        STR_INIT("7"),
        STR_INIT("4294967296"),
        STR_INIT("1.0"),
        STR_INIT("1e9"),
        STR_INIT("123456789012345678901234567890.123456789"),
    };
    const struct jv *items[3];
    struct jv_member members[3];
    size_t count = random_below(&t->random, 4);
    uint64_t type = random_below(&t->random, depth > 0 ? 6 : 4);
    if (type == 0)
        return jv_null(t->arena, (struct jv_mark){0});
    if (type == 1)
        return jv_bool(t->arena, (struct jv_mark){0}, trees_one_in(t, 2));
    if (type == 2)
        return trees_literal(t, numbers[random_below(&t->random, ARRAY_SIZE(numbers))]);
    if (type == 3)
        return trees_text(t, trees_word(t));
    for (size_t i = 0; i < count; i++) {
        items[i] = trees_any(t, depth - 1);
        members[i] = (struct jv_member){str_format(t->arena, "z%zu", count - i), {0}, items[i]};
    }
    if (type == 4)
        return jv_array(t->arena, (struct jv_mark){0}, items, count);
    return trees_object(t, members, count);
}

static inline const struct jv *trees_number(struct trees *t, const struct api__field *field)
{
    uint32_t max = field->max > 0 ? field->max : 70000;
    uint32_t number = field->min +
                      (uint32_t)random_below(&t->random, (uint64_t)max - field->min + 1);
    if (trees_one_in(t, 4))
        number = field->min;
    struct str text = str_format(t->arena, "%u", number);
    return t->is_proto && trees_one_in(t, 4) ? trees_text(t, text) : trees_literal(t, text);
}

static inline const struct jv *trees_enum(struct trees *t, const struct api__enum *values)
{
    const struct api__enum_value *value = &values->values[random_below(&t->random, values->count)];
    if (t->is_proto && trees_one_in(t, 4))
        return trees_literal(t, str_format(t->arena, "%d", value->number));
    return trees_text(t, value->name);
}

static inline const struct jv *trees_duration(struct trees *t)
{
    static const struct str durations[] = {
        STR_INIT("10s"), STR_INIT("1m30s"), STR_INIT("250ms"),       STR_INIT("1.5h"),
        STR_INIT("0"),   STR_INIT("1ns"),   STR_INIT("+0.0000001h"), STR_INIT("2562047h47m"),
    };
    return trees_text(t, durations[random_below(&t->random, ARRAY_SIZE(durations))]);
}

static inline const struct jv *trees_bytes(struct trees *t)
{
    static const struct str encoded[] = {STR_INIT(""), STR_INIT("AA=="), STR_INIT("LS0t\nLS0t\r\n"),
                                         STR_INIT("eHh4")};
    return trees_text(t, encoded[random_below(&t->random, ARRAY_SIZE(encoded))]);
}

static inline const struct jv *trees_tags(struct trees *t)
{
    static const struct str names[] = {STR_INIT("kuma.io/service"), STR_INIT("zone"),
                                       STR_INIT("app"), STR_INIT("1.0"), STR_INIT("yes")};
    struct jv_member members[ARRAY_SIZE(names)];
    size_t count = 0;
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        const struct jv *value = trees_text(t, trees_word(t));
        if (t->is_proto && trees_one_in(t, 10))
            value = jv_null(t->arena, (struct jv_mark){0});
        if (!trees_one_in(t, 3))
            members[count++] = (struct jv_member){names[i], {0}, value};
    }
    return trees_object(t, members, count);
}

static inline const struct jv *trees_of(struct trees *t, const struct api__table *table,
                                        unsigned depth);
static inline const struct jv *trees_field(struct trees *t, const struct api__field *field,
                                           unsigned depth);

static inline const struct jv *trees_item(struct trees *t, const struct api__field *field,
                                          unsigned depth)
{
    if (t->is_proto && field->type != API__ENUM_SET && trees_one_in(t, 12))
        return jv_null(t->arena, (struct jv_mark){0});
    if (field->type == API__LIST)
        return trees_of(t, field->table, depth);
    if (field->type == API__ENUM_SET)
        return trees_enum(t, field->values);
    return trees_text(t, trees_word(t));
}

static inline const struct jv *trees_list(struct trees *t, const struct api__field *field,
                                          unsigned depth)
{
    const struct jv *items[3];
    size_t count = random_below(&t->random, 4);
    count = MAX(count, (size_t)field->min);
    if (field->max > 0)
        count = MIN(count, (size_t)field->max);
    for (size_t i = 0; i < count; i++)
        items[i] = trees_item(t, field, depth);
    return jv_array(t->arena, (struct jv_mark){0}, items, count);
}

static inline const struct jv *trees_field(struct trees *t, const struct api__field *field,
                                           unsigned depth)
{
    const struct jv_member amount = {STR("cpu"), {0}, trees_text(t, STR("500m"))};
    const struct jv_member thing = {STR("thing"), {0}, trees_any(t, 1)};
    if (t->is_hostile && trees_one_in(t, 12))
        return trees_any(t, 2);
    switch (field->type) {
    case API__IGNORED: return trees_any(t, 3);
    case API__STRING: return trees_text(t, field->min > 0 ? STR("/text") : trees_word(t));
    case API__BOOL: return jv_bool(t->arena, (struct jv_mark){0}, trees_one_in(t, 2));
    case API__UINT32: return trees_number(t, field);
    case API__ENUM:
    case API__ENUM_NAME: return trees_enum(t, field->values);
    case API__SCALAR: return trees_number(t, field);
    case API__DURATION: return trees_duration(t);
    case API__BYTES: return trees_bytes(t);
    case API__TAGS: return trees_tags(t);
    case API__QUANTITIES: return trees_object(t, &amount, 1);
    case API__OPEN: return trees_object(t, &thing, 1);
    case API__JSON: return trees_of(t, field->table, depth);
    case API__OBJECT: return trees_of(t, field->table, depth);
    case API__ENUM_SET:
    case API__STRINGS:
    case API__LIST: return trees_list(t, field, depth);
    }
    return NULL;
}

/* Whether there shall be a field. What is deep is empty, so that trees end. */
static inline bool trees_wants(struct trees *t, const struct api__field *field, bool has_one,
                               unsigned depth)
{
    if (field->required && !t->is_hostile)
        return true;
    if (field->presence == API__ONE_OF && has_one && !t->is_double)
        return false;
    return depth > 0 && !trees_one_in(t, 3);
}

#define TREES_MEMBERS_MAX 64

static inline size_t trees_members(struct trees *t, const struct api__table *table, unsigned depth,
                                   struct jv_member *members)
{
    size_t count = 0;
    bool has_one = false;
    size_t first = table->count == 0 ? 0 : random_below(&t->random, table->count);
    for (size_t i = 0; i < table->count; i++) {
        const struct api__field *field = &table->fields[(first + i) % table->count];
        if (!trees_wants(t, field, has_one, depth))
            continue;
        has_one |= field->presence == API__ONE_OF;
        bool is_snake = t->is_proto && field->proto.size > 0 && trees_one_in(t, 2);
        struct str name = is_snake ? field->proto : field->name;
        members[count++] = (struct jv_member){name, {0}, trees_field(t, field, depth - 1)};
        if (is_snake && t->is_hostile && trees_one_in(t, 4))
            members[count++] = (struct jv_member){
                field->name, {0}, trees_field(t, field, depth - 1)};
    }
    if (t->is_hostile && trees_one_in(t, 8))
        members[count++] = (struct jv_member){STR("unknown thing"), {0}, trees_any(t, 2)};
    assert_true(count <= TREES_MEMBERS_MAX);
    return count;
}

/* An object of `table`, at most so many levels deep. */
static inline const struct jv *trees_of(struct trees *t, const struct api__table *table,
                                        unsigned depth)
{
    struct jv_member members[TREES_MEMBERS_MAX];
    return trees_object(t, members, trees_members(t, table, depth, members));
}
