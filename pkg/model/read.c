#include "model/shape.h"

#include "core/base/buf.h"

struct reader {
    struct arena *arena;
    const struct model__member *member;
    void *at; /* where the member goes */
    struct err_info *reterr;
};

/* Puts the name of the member, and an index in it, before the path of an error. */
static enum err blame(const struct reader *reader, size_t index, enum err err)
{
    struct buf path;
    buf_init(&path, ERR_PATH_MAX);
    buf_append(&path, str_of(reader->member->name));
    if (index != SIZE_MAX)
        buf_printf(&path, "[%zu]", index);
    err_prefix(reader->reterr, buf_str(&path));
    buf_deinit(&path);
    return err;
}

static enum err refuse(const struct reader *reader, const struct jv *value, const char *wanted)
{
    enum err err = err_set(reader->reterr, ERR_INVALID, "%s where %s belongs",
                           jv_type_name(value->type), wanted);
    return blame(reader, SIZE_MAX, err);
}

static enum err read_text(const struct reader *reader, const struct jv *value)
{
    if (value->type != JV_STRING)
        return refuse(reader, value, "a text");
    *(struct str *)reader->at = value->text;
    return ERR_OK;
}

static enum err read_number(const struct reader *reader, const struct jv *value)
{
    static const uint64_t most[] = {
        [MODEL__U16] = UINT16_MAX,
        [MODEL__U32] = UINT32_MAX,
        [MODEL__U64] = UINT64_MAX,
    };
    uint64_t number = 0;
    if (!jv_u64(value, most[reader->member->type], &number))
        return refuse(reader, value, "a whole number of its range");
    if (reader->member->type == MODEL__U16)
        *(uint16_t *)reader->at = (uint16_t)number;
    else if (reader->member->type == MODEL__U32)
        *(uint32_t *)reader->at = (uint32_t)number;
    else
        *(uint64_t *)reader->at = number;
    return ERR_OK;
}

static enum err read_names(const struct reader *reader, const struct jv *value)
{
    if (value->type != JV_ARRAY)
        return refuse(reader, value, "a list");
    struct str *names = ARENA_NEW_ARRAY(reader->arena, struct str, value->count);
    for (size_t i = 0; i < value->count; i++) {
        if (value->items[i]->type != JV_STRING)
            return refuse(reader, value->items[i], "a text");
        names[i] = value->items[i]->text;
    }
    *(struct model_names *)reader->at = (struct model_names){names, value->count};
    return ERR_OK;
}

static enum err read_choice(const struct reader *reader, const struct jv *value)
{
    for (unsigned i = 0; reader->member->choices[i] != NULL; i++) {
        if (value->type == JV_STRING &&
            str_equal(value->text, str_of(reader->member->choices[i]))) {
            memcpy(reader->at, &i, sizeof(i)); /* enums are as large as unsigned */
            return ERR_OK;
        }
    }
    return refuse(reader, value, "one of the known names");
}

static enum err read_bool(const struct reader *reader, const struct jv *value)
{
    if (value->type != JV_BOOL)
        return refuse(reader, value, "true or false");
    *(bool *)reader->at = value->boolean;
    return ERR_OK;
}

static enum err read_object(const struct reader *reader, const struct jv *value)
{
    enum err err = model__read(reader->arena, value, reader->member->shape, reader->at,
                               reader->reterr);
    return err == ERR_OK ? ERR_OK : blame(reader, SIZE_MAX, err);
}

static enum err read_list(const struct reader *reader, const struct jv *value, void *content)
{
    if (value->type != JV_ARRAY)
        return refuse(reader, value, "a list");
    const struct model__shape *shape = reader->member->shape;
    char *items = arena_alloc(reader->arena, value->count, shape->size);
    for (size_t i = 0; i < value->count; i++) {
        enum err err = model__read(reader->arena, value->items[i], shape, items + i * shape->size,
                                   reader->reterr);
        if (err != ERR_OK)
            return blame(reader, i, err);
    }
    memcpy(reader->at, &items, sizeof(items)); /* a pointer, to whatever */
    *(size_t *)((void *)((char *)content + reader->member->count_offset)) = value->count;
    return ERR_OK;
}

static enum err read_member(const struct reader *reader, const struct jv *value, void *content)
{
    switch (reader->member->type) {
    case MODEL__TEXT: return read_text(reader, value);
    case MODEL__BOOL: return read_bool(reader, value);
    case MODEL__U16:
    case MODEL__U32:
    case MODEL__U64: return read_number(reader, value);
    case MODEL__NAMES: return read_names(reader, value);
    case MODEL__CHOICE: return read_choice(reader, value);
    case MODEL__OBJECT: return read_object(reader, value);
    case MODEL__LIST: return read_list(reader, value, content);
    case MODEL__KIND:
    case MODEL__OTHER: return ERR_OK; /* was looked at */
    }
    return ERR_INVALID;
}

/* All that is there was named: else something is there that was not. */
static enum err refuse_unknown(const struct jv *object, const struct model__shape *shape,
                               struct err_info *reterr)
{
    for (size_t i = 0; i < object->count; i++) {
        struct str key = object->members[i].key;
        size_t j = 0;
        while (j < shape->count && !str_equal(key, str_of(shape->members[j].name)))
            j++;
        if (j < shape->count)
            continue;
        enum err err = err_set(reterr, ERR_INVALID, "a member that is not known");
        err_prefix(reterr, key);
        return err;
    }
    return ERR_OK;
}

enum err model__read(struct arena *arena, const struct jv *object, const struct model__shape *shape,
                     void *content, struct err_info *reterr)
{
    if (object->type != JV_OBJECT)
        return err_set(reterr, ERR_INVALID, "%s where an object belongs",
                       jv_type_name(object->type));
    size_t found = 0;
    for (size_t i = 0; i < shape->count; i++) {
        const struct model__member *member = &shape->members[i];
        struct reader reader = {arena, member, (char *)content + member->offset, reterr};
        const struct jv *value = jv_get(object, str_of(member->name));
        if (value == NULL && member->optional)
            continue;
        if (value == NULL)
            return blame(&reader, SIZE_MAX, err_set(reterr, ERR_INVALID, "it is missing"));
        enum err err = read_member(&reader, value, content);
        if (err != ERR_OK)
            return err;
        found++;
    }
    return found == object->count ? ERR_OK : refuse_unknown(object, shape, reterr);
}
