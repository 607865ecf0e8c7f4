/* Prints the tables that decode manifests, for the lint test that compares the definitions of the
 * resources with them: a list with an object for each kind of Kuma. */
#include <stdio.h>

#include "control/api/kinds.h"
#include "core/base/assert.h"
#include "core/json/json.h"

#define OUTPUT_MAX ((size_t)64 << 20)

static struct str type_name(enum api__type type)
{
    switch (type) {
    case API__IGNORED: return STR("ignored");
    case API__STRING: return STR("string");
    case API__BOOL: return STR("bool");
    case API__UINT32: return STR("uint32");
    case API__ENUM:
    case API__ENUM_NAME: return STR("enum");
    case API__ENUM_SET: return STR("enum set");
    case API__SCALAR: return STR("scalar");
    case API__DURATION: return STR("duration");
    case API__BYTES: return STR("bytes");
    case API__TAGS: return STR("tags");
    case API__STRINGS: return STR("strings");
    case API__QUANTITIES: return STR("quantities");
    case API__OPEN: return STR("open");
    case API__JSON:
    case API__OBJECT: return STR("object");
    case API__LIST: return STR("list");
    }
    ASSERT(false);
}

/* From the name of a value to its number. */
static void print_values(struct jv_writer *writer, const struct api__enum *values)
{
    jv_write_key(writer, STR("values"));
    jv_write_array(writer);
    for (size_t i = 0; i < values->count; i++) {
        jv_write_object(writer);
        jv_write_member_string(writer, STR("name"), values->values[i].name);
        jv_write_member_u64(writer, STR("number"), (uint64_t)values->values[i].number);
        jv_write_end(writer);
    }
    jv_write_end(writer);
}

static void print_fields(struct jv_writer *writer, const struct api__table *table);

static void print_field(struct jv_writer *writer, const struct api__field *field)
{
    jv_write_object(writer);
    if (field->table != NULL)
        print_fields(writer, field->table);
    jv_write_member_u64(writer, STR("item_max"), field->item_max);
    jv_write_member_u64(writer, STR("max"), field->max);
    jv_write_member_u64(writer, STR("min"), field->min);
    jv_write_member_string(writer, STR("name"), field->name);
    jv_write_member_u64(writer, STR("preset"), field->preset);
    jv_write_member_string(writer, STR("preset_text"), field->preset_text);
    jv_write_member_string(writer, STR("proto"), field->proto);
    jv_write_member_bool(writer, STR("required"), field->required);
    jv_write_member_string(writer, STR("type"), type_name(field->type));
    if (field->values != NULL)
        print_values(writer, field->values);
    jv_write_end(writer);
}

static void print_fields(struct jv_writer *writer, const struct api__table *table)
{
    jv_write_key(writer, STR("fields"));
    jv_write_array(writer);
    for (size_t i = 0; i < table->count; i++)
        print_field(writer, &table->fields[i]);
    jv_write_end(writer);
}

static void print_kind(struct jv_writer *writer, const struct api__kind *kind)
{
    jv_write_object(writer);
    print_fields(writer, kind->table);
    jv_write_member_bool(writer, STR("has_mesh"), kind->mesh == API__MESH_FIELD);
    jv_write_member_bool(writer, STR("has_schema"), kind->has_schema);
    jv_write_member_bool(writer, STR("is_namespaced"), kind->is_namespaced);
    jv_write_member_string(writer, STR("name"), kind->name);
    jv_write_end(writer);
}

int main(void)
{
    struct buf text;
    struct jv_writer writer;
    buf_init(&text, OUTPUT_MAX);
    jv_writer_init(&writer, &text);
    jv_write_array(&writer);
    for (size_t i = 0; i < API_KINDS; i++) {
        const struct api__kind *kind = api__kind_of((enum api_kind)i);
        if (kind->table != NULL)
            print_kind(&writer, kind);
    }
    jv_write_end(&writer);
    ASSERT(!buf_overflowed(&text));
    bool is_written = fwrite(text.data, 1, text.size, stdout) == text.size;
    buf_deinit(&text);
    return is_written && fflush(stdout) == 0 ? 0 : 1;
}
