/* JSON texts become trees, by json-c. */
#include <json-c/json.h>
#include <limits.h>

#include "core/base/assert.h"
#include "core/base/mem.h"
#include "core/base/vec.h"
#include "core/json/json.h"

#define NO_MARK ((struct jv_mark){0, 0})

/* ---- What a text holds, before json-c sees it ---- */

struct census {
    size_t values; /* no text of this shape has more */
    size_t depth;
};

/* The index behind the string that begins at `at`, or the end. */
static size_t skip_string(struct str text, size_t at)
{
    for (at++; at < text.size && text.data[at] != '"'; at++) {
        if (text.data[at] == '\\')
            at++;
    }
    return at;
}

/* A container has one value more than commas, if it has any. */
static struct census take_census(struct str text)
{
    struct census census = {.values = 1};
    size_t depth = 0;
    for (size_t at = 0; at < text.size; at++) {
        switch (text.data[at]) {
        case '"': at = skip_string(text, at); break;
        case ',': census.values++; break;
        case '[':
        case '{':
            census.values++;
            depth++;
            census.depth = MAX(census.depth, depth);
            break;
        case ']':
        case '}': depth -= depth > 0; break;
        default: break;
        }
    }
    return census;
}

static enum err check_census(struct str text, size_t values_max, struct err_info *reterr)
{
    struct census census = take_census(text);
    if (census.depth > JV_DEPTH_MAX)
        return err_set(reterr, ERR_LIMIT, "the JSON text nests deeper than %d levels",
                       JV_DEPTH_MAX);
    if (census.values > values_max)
        return err_set(reterr, ERR_LIMIT, "the JSON text holds more than %zu values", values_max);
    if (text.size > INT_MAX)
        return err_set(reterr, ERR_LIMIT, "the JSON text is longer than %d bytes", INT_MAX);
    return ERR_OK;
}

/* ---- From json-c's tree to ours ---- */

static struct str copy(struct arena *arena, const char *data, size_t size)
{
    return str_make(arena_copy(arena, data, size), size);
}

struct conversion {
    struct arena *arena;
    bool broken; /* a number that RFC 8259 does not know, as "1." */
};

static const struct jv *convert(struct conversion *to, struct json_object *from);

static const struct jv *convert_array(struct conversion *to, struct json_object *from)
{
    size_t count = json_object_array_length(from);
    const struct jv **items = ARENA_NEW_ARRAY(to->arena, const struct jv *, count);
    for (size_t i = 0; i < count; i++)
        items[i] = convert(to, json_object_array_get_idx(from, i));
    return jv_array(to->arena, NO_MARK, items, count);
}

static const struct jv *convert_object(struct conversion *to, struct json_object *from)
{
    size_t count = 0;
    size_t capacity = (size_t)json_object_object_length(from);
    struct jv_member *members = ARENA_NEW_ARRAY(to->arena, struct jv_member, capacity);
    struct json_object_iterator at = json_object_iter_begin(from);
    struct json_object_iterator end = json_object_iter_end(from);
    for (; !json_object_iter_equal(&at, &end); json_object_iter_next(&at)) {
        struct str name = str_of(json_object_iter_peek_name(&at));
        members[count++] = (struct jv_member){
            .key = copy(to->arena, name.data, name.size),
            .value = convert(to, json_object_iter_peek_value(&at)),
        };
    }
    const struct jv *object = NULL;
    const struct jv_member *twice[2];
    enum err err = jv_object(to->arena, NO_MARK, members, count, &object, twice);
    ASSERT(err == ERR_OK); /* json-c has kept one of equal keys */
    return object;
}

/* A double keeps the literal that it was read from. */
static const struct jv *convert_number(struct conversion *to, struct json_object *from)
{
    struct str literal = str_of(json_object_to_json_string_ext(from, JSON_C_TO_STRING_PLAIN));
    if (!jv_is_number_text(literal)) {
        to->broken = true;
        return jv_null(to->arena, NO_MARK);
    }
    return jv_number(to->arena, NO_MARK, copy(to->arena, literal.data, literal.size));
}

/* Recurses as deep as take_census has allowed. */
static const struct jv *convert(struct conversion *to, struct json_object *from)
{
    switch (json_object_get_type(from)) {
    case json_type_null: return jv_null(to->arena, NO_MARK);
    case json_type_boolean: return jv_bool(to->arena, NO_MARK, json_object_get_boolean(from) != 0);
    case json_type_int:
    case json_type_double: return convert_number(to, from);
    case json_type_string: {
        size_t size = (size_t)json_object_get_string_len(from);
        return jv_string(to->arena, NO_MARK, copy(to->arena, json_object_get_string(from), size));
    }
    case json_type_array: return convert_array(to, from);
    case json_type_object: return convert_object(to, from);
    }
    UNREACHABLE();
}

/* ---- The text ---- */

/* The line of a position, for people. */
static size_t line_of(struct str text, size_t at)
{
    size_t line = 1;
    for (size_t i = 0; i < at && i < text.size; i++)
        line += text.data[i] == '\n';
    return line;
}

static bool is_blank(struct str text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (strchr(" \t\r\n", text.data[i]) == NULL || text.data[i] == '\0')
            return false;
    }
    return true;
}

static enum err refuse(struct str text, size_t at, const char *why, struct err_info *reterr)
{
    return err_set(reterr, ERR_INVALID, "not JSON: %s at byte %zu, line %zu", why, at + 1,
                   line_of(text, at));
}

/* Parses with a tokener that the caller frees. */
static enum err tokenise(struct json_tokener *tokener, struct str text,
                         struct json_object **ret_object, struct err_info *reterr)
{
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_ALLOW_TRAILING_CHARS);
    struct json_object *object = json_tokener_parse_ex(tokener, text.data, (int)text.size);
    enum json_tokener_error error = json_tokener_get_error(tokener);
    if (error == json_tokener_continue) { /* a number at the end could go on */
        object = json_tokener_parse_ex(tokener, "\n", 1);
        error = json_tokener_get_error(tokener);
        if (error == json_tokener_continue)
            return refuse(text, text.size, "unexpected end", reterr);
        *ret_object = object;
        return error == json_tokener_success
                   ? ERR_OK
                   : refuse(text, text.size, json_tokener_error_desc(error), reterr);
    }
    size_t end = json_tokener_get_parse_end(tokener);
    if (error != json_tokener_success)
        return refuse(text, end, json_tokener_error_desc(error), reterr);
    if (!is_blank(str_from(text, end))) {
        json_object_put(object);
        return refuse(text, end, "more than one value", reterr);
    }
    *ret_object = object;
    return ERR_OK;
}

enum err jv_parse(struct arena *arena, struct str text, size_t values_max,
                  const struct jv **ret_value, struct err_info *reterr)
{
    enum err err = check_census(text, values_max, reterr);
    if (err != ERR_OK)
        return err;
    if (!str_is_utf8(text)) /* json-c looks at values only, not at keys */
        return err_set(reterr, ERR_INVALID, "not JSON: it is not UTF-8");
    if (is_blank(text))
        return refuse(text, 0, "no value", reterr);
    struct json_tokener *tokener = json_tokener_new_ex(JV_DEPTH_MAX + 1);
    ASSERT(tokener != NULL); /* out of memory */
    struct json_object *object = NULL;
    err = tokenise(tokener, text, &object, reterr);
    json_tokener_free(tokener);
    if (err != ERR_OK)
        return err;
    struct conversion to = {.arena = arena};
    const struct jv *value = convert(&to, object);
    json_object_put(object);
    if (to.broken)
        return err_set(reterr, ERR_INVALID, "not JSON: a number that is none");
    *ret_value = value;
    return ERR_OK;
}
