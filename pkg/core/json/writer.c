#include "core/base/assert.h"
#include "core/base/log.h"
#include "core/json/json.h"

void jv_writer_init(struct jv_writer *writer, struct buf *buf)
{
    /* Levels are set as they are entered: clearing them all would cost more than most documents. */
    writer->buf = buf;
    writer->depth = 0;
    writer->levels[0].is_object = false;
    writer->levels[0].has_any = false;
}

/* What every value needs before it: a comma in arrays, a key in objects. */
static void value_begin(struct jv_writer *writer)
{
    if (writer->depth == 0) {
        ASSERT(!writer->levels[0].has_any);
        writer->levels[0].has_any = true;
        return;
    }
    if (writer->levels[writer->depth].is_object) {
        ASSERT(writer->levels[writer->depth].has_key);
        writer->levels[writer->depth].has_key = false;
        return;
    }
    if (writer->levels[writer->depth].has_any)
        buf_append_char(writer->buf, ',');
    writer->levels[writer->depth].has_any = true;
}

static void level_begin(struct jv_writer *writer, bool is_object)
{
    value_begin(writer);
    ASSERT(writer->depth < JV_DEPTH_MAX);
    writer->depth++;
    writer->levels[writer->depth].is_object = is_object;
    writer->levels[writer->depth].has_any = false;
    writer->levels[writer->depth].has_key = false;
    buf_append_char(writer->buf, is_object ? '{' : '[');
}

void jv_write_object(struct jv_writer *writer)
{
    level_begin(writer, true);
}

void jv_write_array(struct jv_writer *writer)
{
    level_begin(writer, false);
}

void jv_write_end(struct jv_writer *writer)
{
    ASSERT(writer->depth > 0);
    ASSERT(!writer->levels[writer->depth].has_key);
    buf_append_char(writer->buf, writer->levels[writer->depth].is_object ? '}' : ']');
    writer->depth--;
}

void jv_write_key(struct jv_writer *writer, struct str key)
{
    ASSERT(writer->depth > 0);
    __typeof__(&writer->levels[0]) level = &writer->levels[writer->depth];
    ASSERT(level->is_object && !level->has_key);
    ASSERT(!level->has_any || str_compare(level->last_key, key) < 0);
    if (level->has_any)
        buf_append_char(writer->buf, ',');
    level->has_any = true;
    level->has_key = true;
    level->last_key = key;
    log_append_json(writer->buf, key);
    buf_append_char(writer->buf, ':');
}

void jv_write_null(struct jv_writer *writer)
{
    value_begin(writer);
    buf_append(writer->buf, STR("null"));
}

void jv_write_bool(struct jv_writer *writer, bool value)
{
    value_begin(writer);
    buf_append(writer->buf, value ? STR("true") : STR("false"));
}

void jv_write_u64(struct jv_writer *writer, uint64_t value)
{
    value_begin(writer);
    buf_append_u64(writer->buf, value);
}

void jv_write_string(struct jv_writer *writer, struct str text)
{
    value_begin(writer);
    log_append_json(writer->buf, text);
}

void jv_write_member_bool(struct jv_writer *writer, struct str key, bool value)
{
    jv_write_key(writer, key);
    jv_write_bool(writer, value);
}

void jv_write_member_u64(struct jv_writer *writer, struct str key, uint64_t value)
{
    jv_write_key(writer, key);
    jv_write_u64(writer, value);
}

void jv_write_member_string(struct jv_writer *writer, struct str key, struct str text)
{
    jv_write_key(writer, key);
    jv_write_string(writer, text);
}

void jv_write_value(struct jv_writer *writer, const struct jv *value)
{
    switch (value->type) {
    case JV_NULL: jv_write_null(writer); return;
    case JV_BOOL: jv_write_bool(writer, value->boolean); return;
    case JV_STRING: jv_write_string(writer, value->text); return;
    case JV_NUMBER:
        value_begin(writer);
        buf_append(writer->buf, value->text);
        return;
    case JV_ARRAY:
        jv_write_array(writer);
        for (size_t i = 0; i < value->count; i++)
            jv_write_value(writer, value->items[i]);
        jv_write_end(writer);
        return;
    case JV_OBJECT:
        jv_write_object(writer);
        for (size_t i = 0; i < value->count; i++) {
            const struct jv_member *member = &value->members[value->sorted[i]];
            jv_write_key(writer, member->key);
            jv_write_value(writer, member->value);
        }
        jv_write_end(writer);
        return;
    }
}

void jv_write_canonical(struct jv_writer *writer, struct str json)
{
    value_begin(writer);
    buf_append(writer->buf, json);
}

void jv_print(const struct jv *value, struct buf *buf)
{
    struct jv_writer writer;
    jv_writer_init(&writer, buf);
    jv_write_value(&writer, value);
}
