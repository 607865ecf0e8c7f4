/* Trees as YAML, by libyaml's emitter. */
#include <yaml.h>

#include "core/base/assert.h"
#include "core/yaml/scalar.h"
#include "core/yaml/yaml.h"

struct printer {
    yaml_emitter_t emitter;
    struct arena *scratch; /* of the words that are looked up */
};

static int on_write(void *data, unsigned char *bytes, size_t size)
{
    buf_append(data, str_make((const char *)bytes, size));
    return 1; /* whether it fitted is asked at the end */
}

/* Events fail without memory only, or when they are in the wrong order. */
static void emit(struct printer *p, int is_made, yaml_event_t *event)
{
    ASSERT(is_made != 0);
    ASSERT(yaml_emitter_emit(&p->emitter, event) != 0);
}

/* Characters that a reader takes for a line end or refuses, and those that people do not see. They
 * need escapes. */
static bool has_invisible(struct str text)
{
    static const struct str marks[] = {STR_INIT("\xC2\x85"), STR_INIT("\xE2\x80\xA8"),
                                       STR_INIT("\xE2\x80\xA9"), STR_INIT("\xEF\xBB\xBF")};
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if ((c < 0x20 && c != '\n') || c == 0x7F)
            return true;
        for (size_t j = 0; c >= 0x80 && j < ARRAY_SIZE(marks); j++) {
            if (str_starts_with(str_from(text, i), marks[j]))
                return true;
        }
    }
    return false;
}

static bool is_digit(struct str text, size_t at)
{
    return at < text.size && text.data[at] >= '0' && text.data[at] <= '9';
}

/* "12:30" and "2026-01-31", which other readers of YAML 1.1 take for a number and a date, and the
 * words for merging and for a value. */
static bool is_strange(struct str text)
{
    bool is_number_like = is_digit(text, 0) ||
                          (is_digit(text, 1) && (text.data[0] == '-' || text.data[0] == '+'));
    if (is_number_like && str_find_char(text, ':') != STR_NOT_FOUND)
        return true;
    if (text.size > 4 && text.data[4] == '-' && is_digit(text, 0) && is_digit(text, 1) &&
        is_digit(text, 2) && is_digit(text, 3))
        return true;
    return str_equal(text, STR("=")) || str_equal(text, STR("<<"));
}

/* Without quotes it would be read as something else than this string. */
static bool needs_quotes(struct printer *p, struct str text)
{
    enum jv_type type = JV_STRING;
    bool boolean = false;
    struct str literal;
    return is_strange(text) ||
           yaml__resolve(p->scratch, text, &type, &boolean, &literal) != ERR_OK ||
           type != JV_STRING;
}

/* A block keeps the text readable, if a reader gives back the very same bytes: it takes the
 * indentation from the first line, and of several line ends at the end it keeps one. */
static yaml_scalar_style_t style_of_lines(struct str text)
{
    bool begins_blank = text.data[0] == ' ' || text.data[0] == '\n';
    bool ends_twice = str_ends_with(text, STR("\n\n"));
    return begins_blank || ends_twice ? YAML_DOUBLE_QUOTED_SCALAR_STYLE : YAML_LITERAL_SCALAR_STYLE;
}

/* The emitter takes a quoted style by itself where a plain one is not possible. */
static yaml_scalar_style_t style_of(struct printer *p, struct str text)
{
    if (has_invisible(text))
        return YAML_DOUBLE_QUOTED_SCALAR_STYLE;
    if (str_find_char(text, '\n') != STR_NOT_FOUND)
        return style_of_lines(text);
    return needs_quotes(p, text) ? YAML_DOUBLE_QUOTED_SCALAR_STYLE : YAML_PLAIN_SCALAR_STYLE;
}

static void print_scalar(struct printer *p, struct str text, yaml_scalar_style_t style)
{
    yaml_event_t event;
    const char *data = text.size > 0 ? text.data : "";
    ASSERT(text.size <= INT32_MAX);
    int is_plain = style == YAML_PLAIN_SCALAR_STYLE;
    emit(p,
         yaml_scalar_event_initialize(&event, NULL, NULL, (const yaml_char_t *)data, (int)text.size,
                                      is_plain, 1, style),
         &event);
}

static void print_value(struct printer *p, const struct jv *value);

static void print_array(struct printer *p, const struct jv *array)
{
    yaml_event_t event;
    emit(p, yaml_sequence_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_SEQUENCE_STYLE),
         &event);
    for (size_t i = 0; i < array->count; i++)
        print_value(p, array->items[i]);
    emit(p, yaml_sequence_end_event_initialize(&event), &event);
}

static void print_object(struct printer *p, const struct jv *object)
{
    yaml_event_t event;
    emit(p, yaml_mapping_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_MAPPING_STYLE),
         &event);
    for (size_t i = 0; i < object->count; i++) {
        struct str key = object->members[i].key;
        print_scalar(p, key, style_of(p, key));
        print_value(p, object->members[i].value);
    }
    emit(p, yaml_mapping_end_event_initialize(&event), &event);
}

static void print_value(struct printer *p, const struct jv *value)
{
    struct str boolean = value->boolean ? STR("true") : STR("false");
    switch (value->type) {
    case JV_NULL: print_scalar(p, STR("null"), YAML_PLAIN_SCALAR_STYLE); return;
    case JV_BOOL: print_scalar(p, boolean, YAML_PLAIN_SCALAR_STYLE); return;
    case JV_NUMBER: print_scalar(p, value->text, YAML_PLAIN_SCALAR_STYLE); return;
    case JV_STRING: print_scalar(p, value->text, style_of(p, value->text)); return;
    case JV_ARRAY: print_array(p, value); return;
    case JV_OBJECT: print_object(p, value); return;
    }
}

void yaml_print(const struct jv *value, struct buf *buf)
{
    struct printer p = {.scratch = arena_new(1024)};
    yaml_event_t event;
    ASSERT(yaml_emitter_initialize(&p.emitter) != 0); /* fails only without memory */
    yaml_emitter_set_output(&p.emitter, on_write, buf);
    yaml_emitter_set_unicode(&p.emitter, 1);
    yaml_emitter_set_width(&p.emitter, -1); /* no line is folded */
    emit(&p, yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING), &event);
    emit(&p, yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1), &event);
    print_value(&p, value);
    emit(&p, yaml_document_end_event_initialize(&event, 1), &event);
    emit(&p, yaml_stream_end_event_initialize(&event), &event);
    yaml_emitter_delete(&p.emitter);
    arena_free(p.scratch);
}
