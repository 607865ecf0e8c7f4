/* Canonical JSON, by tables. */
#include "core/base/assert.h"
#include "model/shape.h"

struct writer {
    struct jv_writer *json;
    enum model_kind kind;
    bool redacted;
};

static bool is_empty(const struct model__member *member, const void *content)
{
    static const size_t sizes[] = {
        [MODEL__BOOL] = sizeof(bool),       [MODEL__U16] = sizeof(uint16_t),
        [MODEL__U32] = sizeof(uint32_t),    [MODEL__U64] = sizeof(uint64_t),
        [MODEL__CHOICE] = sizeof(unsigned), /* enums are as large */
    };
    static const unsigned char zeros[sizeof(uint64_t)];
    const void *at = model__at(content, member->offset);
    size_t count = 0;
    switch (member->type) {
    case MODEL__TEXT: return ((const struct str *)at)->size == 0;
    case MODEL__BOOL:
    case MODEL__U16:
    case MODEL__U32:
    case MODEL__U64:
    case MODEL__CHOICE: return memcmp(at, zeros, sizes[member->type]) == 0;
    case MODEL__NAMES: return ((const struct model_names *)at)->count == 0;
    case MODEL__LIST: (void)model__items(member, content, &count); return count == 0;
    case MODEL__OBJECT:
        for (size_t i = 0; i < member->shape->count; i++) {
            if (!is_empty(&member->shape->members[i], at))
                return false;
        }
        return true;
    case MODEL__KIND:
    case MODEL__OTHER: return false;
    }
    UNREACHABLE();
}

static void write_object(const struct writer *writer, const struct model__shape *shape,
                         const void *content);

static void write_list(const struct writer *writer, const struct model__member *member,
                       const void *content)
{
    size_t count;
    const char *items = model__items(member, content, &count);
    jv_write_array(writer->json);
    for (size_t i = 0; i < count; i++)
        write_object(writer, member->shape, items + i * member->shape->size);
    jv_write_end(writer->json);
}

static void write_names(const struct writer *writer, struct model_names names)
{
    jv_write_array(writer->json);
    for (size_t i = 0; i < names.count; i++)
        jv_write_string(writer->json, names.items[i]);
    jv_write_end(writer->json);
}

static void write_value(const struct writer *writer, const struct model__member *member,
                        const void *content)
{
    const void *at = model__at(content, member->offset);
    struct jv_writer *json = writer->json;
    bool is_hidden = member->secret && writer->redacted;
    switch (member->type) {
    case MODEL__TEXT:
        jv_write_string(json, is_hidden ? STR("(redacted)") : *(const struct str *)at);
        return;
    case MODEL__BOOL: jv_write_bool(json, *(const bool *)at); return;
    case MODEL__U16: jv_write_u64(json, *(const uint16_t *)at); return;
    case MODEL__U32: jv_write_u64(json, *(const uint32_t *)at); return;
    case MODEL__U64: jv_write_u64(json, *(const uint64_t *)at); return;
    case MODEL__NAMES: write_names(writer, *(const struct model_names *)at); return;
    case MODEL__CHOICE:
        jv_write_string(json, str_of(member->choices[model__choice(member, content)]));
        return;
    case MODEL__OBJECT: write_object(writer, member->shape, at); return;
    case MODEL__LIST: write_list(writer, member, content); return;
    case MODEL__KIND: jv_write_string(json, str_of(model_kind_name(writer->kind))); return;
    case MODEL__OTHER: break;
    }
    UNREACHABLE();
}

static void write_object(const struct writer *writer, const struct model__shape *shape,
                         const void *content)
{
    jv_write_object(writer->json);
    for (size_t i = 0; i < shape->count; i++) {
        const struct model__member *member = &shape->members[i];
        if (member->optional && is_empty(member, content))
            continue;
        jv_write_key(writer->json, str_of(member->name));
        write_value(writer, member, content);
    }
    jv_write_end(writer->json);
}

void model__write(struct jv_writer *json, const struct model__shape *shape, const void *content,
                  enum model_kind kind, bool redacted)
{
    const struct writer writer = {json, kind, redacted};
    write_object(&writer, shape, content);
}
