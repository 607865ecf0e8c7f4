#include "core/yaml/yaml.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <yaml.h>

#include "core/base/assert.h"
#include "core/base/map.h"
#include "core/base/vec.h"
#include "core/yaml/scalar.h"

#define TAG_DIRECTIVES_MAX 1000
#define TAG_PREFIX         "tag:yaml.org,2002:"

/* A composed value, with what it costs to walk it. */
struct node {
    const struct jv *value;
    size_t weight; /* values in it, itself included, aliases expanded */
    unsigned height;
};

struct composer {
    yaml_parser_t parser;
    struct arena *arena;
    struct map *anchors; /* struct node, in the arena; value NULL: not finished */
    size_t weight;
    size_t weight_max;
    struct yaml_error *reterr;
    /* Stacks of what the collections that are open have so far. */
    VEC(struct jv_member) members;
    VEC(const struct jv *) items;
};

/* What lies on a stack from `base` upwards; NULL when that is nothing. */
#define STACK_FROM(stack, base) ((stack)->count > (base) ? (stack)->items + (base) : NULL)

static struct jv_mark mark_of(yaml_mark_t mark)
{
    return (struct jv_mark){(uint32_t)mark.line + 1, (uint32_t)mark.column + 1};
}

MUST_USE static enum err fail(struct composer *c, enum err code, struct jv_mark mark,
                              const char *format, ...) PRINTF_LIKE(4, 5);

static enum err fail(struct composer *c, enum err code, struct jv_mark mark, const char *format,
                     ...)
{
    c->reterr->mark = mark;
    va_list args;
    va_start(args, format);
    /* Cut on purpose. */
    (void)vsnprintf(c->reterr->message, sizeof(c->reterr->message), format, args);
    va_end(args);
    return code;
}

/* The place of a byte of `text`. Columns count characters, as libyaml does. */
static struct jv_mark mark_at(struct str text, size_t offset)
{
    struct jv_mark mark = {1, 1};
    for (size_t i = 0; i < offset && i < text.size; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        if (byte == '\n') {
            mark.line++;
            mark.column = 1;
        } else if ((byte & 0xC0) != 0x80) {
            mark.column++;
        }
    }
    return mark;
}

/* What to write instead, where libyaml's words do not help the author of a manifest. */
static const char *remedy_of(const char *problem, const char *context)
{
    if (strstr(context, "scanning an alias") != NULL)
        return "; write text that begins with * in quotes";
    if (strstr(context, "scanning an anchor") != NULL)
        return "; write text that begins with & in quotes";
    if (strstr(problem, "cannot start any token") != NULL)
        return "; indent by spaces instead of tabs, and write text that begins with @ or ` in "
               "quotes";
    return "";
}

static enum err fail_parser(struct composer *c)
{
    const yaml_parser_t *parser = &c->parser;
    struct jv_mark mark = mark_of(parser->problem_mark);
    if (parser->error == YAML_READER_ERROR) {
        struct str text = str_make((const char *)parser->input.string.start,
                                   (size_t)(parser->input.string.end - parser->input.string.start));
        mark = mark_at(text, parser->problem_offset);
    }
    const char *problem = parser->problem != NULL ? parser->problem : "not well-formed";
    const char *context = parser->context != NULL ? parser->context : "";
    return fail(c, ERR_INVALID, mark, "%s%s%s%s", problem, context[0] == '\0' ? "" : " ", context,
                remedy_of(problem, context));
}

static enum err event_next(struct composer *c, yaml_event_t *ret_event)
{
    return yaml_parser_parse(&c->parser, ret_event) != 0 ? ERR_OK : fail_parser(c);
}

/* Counts `weight` values at `depth` with `height` levels below. */
static enum err charge(struct composer *c, struct jv_mark mark, size_t weight, unsigned levels)
{
    if (levels > JV_DEPTH_MAX)
        return fail(c, ERR_LIMIT, mark, "nested deeper than %d levels", JV_DEPTH_MAX);
    if (weight > c->weight_max - c->weight)
        return fail(c, ERR_LIMIT, mark,
                    "more than %zu values, those behind aliases included: too many for a text of "
                    "this size",
                    c->weight_max);
    c->weight += weight;
    return ERR_OK;
}

static struct str text_of(const yaml_char_t *terminated)
{
    return terminated == NULL ? STR_EMPTY : str_of((const char *)terminated);
}

/* The type that a tag demands of a scalar. JV_OBJECT: no tag. */
static enum err scalar_tag(struct composer *c, const yaml_event_t *event, enum jv_type *ret_type)
{
    struct str tag = text_of(event->data.scalar.tag);
    static const struct {
        struct str tag;
        enum jv_type type;
    } known[] = {
        {STR_INIT(""), JV_OBJECT},
        {STR_INIT("!"), JV_STRING},
        {STR_INIT(TAG_PREFIX "str"), JV_STRING},
        {STR_INIT(TAG_PREFIX "int"), JV_NUMBER},
        {STR_INIT(TAG_PREFIX "float"), JV_NUMBER},
        {STR_INIT(TAG_PREFIX "bool"), JV_BOOL},
        {STR_INIT(TAG_PREFIX "null"), JV_NULL},
    };
    for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
        if (str_equal(known[i].tag, tag)) {
            *ret_type = known[i].type;
            return ERR_OK;
        }
    }
    return fail(c, ERR_INVALID, mark_of(event->start_mark), "unknown tag %.*s", STR_ARG(tag));
}

static const struct jv *scalar_new(struct composer *c, struct jv_mark mark, enum jv_type type,
                                   bool boolean, struct str text)
{
    if (type == JV_NULL)
        return jv_null(c->arena, mark);
    if (type == JV_BOOL)
        return jv_bool(c->arena, mark, boolean);
    text = str_dup(c->arena, text);
    return type == JV_NUMBER ? jv_number(c->arena, mark, text) : jv_string(c->arena, mark, text);
}

static enum err compose_scalar(struct composer *c, const yaml_event_t *event,
                               const struct jv **ret_value)
{
    struct jv_mark mark = mark_of(event->start_mark);
    struct str text = str_make((const char *)event->data.scalar.value, event->data.scalar.length);
    enum jv_type wanted = JV_OBJECT;
    enum err e = scalar_tag(c, event, &wanted);
    if (e != ERR_OK)
        return e;
    bool is_plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    enum jv_type type = JV_STRING;
    bool boolean = false;
    struct str literal = text;
    if (wanted != JV_STRING && (is_plain || wanted != JV_OBJECT)) {
        if (yaml__resolve(c->arena, text, &type, &boolean, &literal) != ERR_OK)
            return fail(c, ERR_INVALID, mark, "%.*s is a number that JSON cannot express",
                        STR_ARG(str_first(text, 40)));
        if (wanted != JV_OBJECT && wanted != type)
            return fail(c, ERR_INVALID, mark, "the tag says %s, but this is %s",
                        jv_type_name(wanted), jv_type_name(type));
    }
    *ret_value = scalar_new(c, mark, type, boolean, literal);
    return ERR_OK;
}

static enum err compose(struct composer *c, const yaml_event_t *event, unsigned depth,
                        struct node *ret_node);

static enum err collection_tag(struct composer *c, const yaml_event_t *event,
                               const yaml_char_t *tag, struct str allowed)
{
    struct str text = text_of(tag);
    if (text.size == 0 || str_equal(text, STR("!")) || str_equal(text, allowed))
        return ERR_OK;
    return fail(c, ERR_INVALID, mark_of(event->start_mark), "unknown tag %.*s", STR_ARG(text));
}

/* A node inside a collection counts towards it. */
static void node_add(struct node *collection, const struct node *inner)
{
    collection->weight += inner->weight;
    collection->height = MAX(collection->height, inner->height + 1);
}

static enum err compose_sequence(struct composer *c, const yaml_event_t *start, unsigned depth,
                                 struct node *ret_node)
{
    size_t base = c->items.count;
    for (;;) {
        yaml_event_t event;
        enum err e = event_next(c, &event);
        if (e != ERR_OK)
            return e;
        if (event.type == YAML_SEQUENCE_END_EVENT)
            break;
        struct node item;
        e = compose(c, &event, depth + 1, &item);
        yaml_event_delete(&event);
        if (e != ERR_OK)
            return e;
        node_add(ret_node, &item);
        VEC_PUSH(&c->items, item.value);
    }
    ret_node->value = jv_array(c->arena, mark_of(start->start_mark), STACK_FROM(&c->items, base),
                               c->items.count - base);
    c->items.count = base;
    return ERR_OK;
}

static bool is_merge_key(const yaml_event_t *event)
{
    return event->type == YAML_SCALAR_EVENT && event->data.scalar.plain_implicit != 0 &&
           str_equal(text_of(event->data.scalar.value), STR("<<"));
}

/* Notes what a merge key names: an object, or a list of objects. */
static enum err merge_note(struct composer *c, struct jv_mark mark, const struct jv *value)
{
    if (value->type == JV_OBJECT) {
        VEC_PUSH(&c->items, value);
        return ERR_OK;
    }
    if (value->type != JV_ARRAY)
        return fail(c, ERR_INVALID, mark, "a merge key (<<) takes an object or a list of objects");
    for (size_t i = 0; i < value->count; i++) {
        if (value->items[i]->type != JV_OBJECT)
            return fail(c, ERR_INVALID, mark, "a merge key (<<) takes a list of objects only");
        VEC_PUSH(&c->items, value->items[i]);
    }
    return ERR_OK;
}

static enum err key_text(struct composer *c, const yaml_event_t *event, struct str *ret_text)
{
    struct jv_mark mark = mark_of(event->start_mark);
    if (event->type != YAML_SCALAR_EVENT)
        return fail(c, ERR_INVALID, mark, "a key has to be a string");
    const struct jv *key = NULL;
    enum err e = compose_scalar(c, event, &key);
    if (e != ERR_OK)
        return e;
    struct str text = str_make((const char *)event->data.scalar.value, event->data.scalar.length);
    text = str_first(text, 60);
    if (key->type != JV_STRING)
        return fail(c, ERR_INVALID, mark,
                    "a key has to be a string, and %.*s is %s: write \"%.*s\"", STR_ARG(text),
                    jv_type_name(key->type), STR_ARG(text));
    *ret_text = key->text;
    return ERR_OK;
}

/* One key with its value. */
static enum err compose_member(struct composer *c, const yaml_event_t *key, unsigned depth,
                               struct node *collection)
{
    struct jv_member member = {.mark = mark_of(key->start_mark)};
    bool is_merge = is_merge_key(key);
    enum err e = is_merge ? ERR_OK : key_text(c, key, &member.key);
    if (e != ERR_OK)
        return e;
    yaml_event_t event;
    e = event_next(c, &event);
    if (e != ERR_OK)
        return e;
    struct node value;
    e = compose(c, &event, depth + 1, &value);
    yaml_event_delete(&event);
    if (e != ERR_OK)
        return e;
    node_add(collection, &value);
    if (is_merge)
        return merge_note(c, member.mark, value.value);
    member.value = value.value;
    VEC_PUSH(&c->members, member);
    return ERR_OK;
}

/* Whether an object before `index` in the stack of merged ones has `key`. */
static bool merged_before(const struct composer *c, size_t base, size_t index, struct str key)
{
    for (size_t i = base; i < index; i++) {
        if (jv_find(c->items.items[i], key) != NULL)
            return true;
    }
    return false;
}

/* Puts the members of merged objects behind those of `object`. Every look costs, so that merging
 * is bounded as aliases are. */
static enum err merge(struct composer *c, const struct jv *object, size_t item_base)
{
    for (size_t i = item_base; i < c->items.count; i++) {
        const struct jv *from = c->items.items[i];
        enum err e = charge(c, object->mark, from->count * (i - item_base + 1), 0);
        if (e != ERR_OK)
            return e;
        for (size_t j = 0; j < from->count; j++) {
            struct str key = from->members[j].key;
            if (jv_find(object, key) == NULL && !merged_before(c, item_base, i, key))
                VEC_PUSH(&c->members, from->members[j]);
        }
    }
    c->items.count = item_base;
    return ERR_OK;
}

static enum err object_new(struct composer *c, struct jv_mark mark, size_t base,
                           const struct jv **ret_object)
{
    const struct jv_member *twice[2] = {NULL, NULL};
    enum err e = jv_object(c->arena, mark, STACK_FROM(&c->members, base), c->members.count - base,
                           ret_object, twice);
    if (e != ERR_OK)
        return fail(
            c, ERR_INVALID, twice[1]->mark, "the key %.*s stands at line %u, column %u already%s",
            STR_ARG(str_first(twice[0]->key, 60)), twice[0]->mark.line, twice[0]->mark.column,
            twice[0]->mark.column == 1 ? "; where another document begins, a line --- is missing"
                                       : "");
    return ERR_OK;
}

static enum err compose_mapping(struct composer *c, const yaml_event_t *start, unsigned depth,
                                struct node *ret_node)
{
    size_t member_base = c->members.count;
    size_t item_base = c->items.count;
    for (;;) {
        yaml_event_t event;
        enum err e = event_next(c, &event);
        if (e != ERR_OK)
            return e;
        if (event.type == YAML_MAPPING_END_EVENT)
            break;
        if (c->members.count - member_base == YAML_MEMBERS_MAX)
            e = fail(c, ERR_LIMIT, mark_of(event.start_mark), "an object of more than %zu members",
                     YAML_MEMBERS_MAX);
        else
            e = compose_member(c, &event, depth, ret_node);
        yaml_event_delete(&event);
        if (e != ERR_OK)
            return e;
    }
    struct jv_mark mark = mark_of(start->start_mark);
    enum err e = object_new(c, mark, member_base, &ret_node->value);
    if (e == ERR_OK && c->items.count > item_base) {
        e = merge(c, ret_node->value, item_base);
        if (e == ERR_OK)
            e = object_new(c, mark, member_base, &ret_node->value);
    }
    c->members.count = member_base;
    return e;
}

static enum err compose_alias(struct composer *c, const yaml_event_t *event, unsigned depth,
                              struct node *ret_node)
{
    struct jv_mark mark = mark_of(event->start_mark);
    struct str name = text_of(event->data.alias.anchor);
    const struct node *target = map_get(c->anchors, name);
    if (target == NULL)
        return fail(c, ERR_INVALID, mark, "there is no anchor &%.*s before this alias",
                    STR_ARG(name));
    if (target->value == NULL)
        return fail(c, ERR_INVALID, mark, "the alias *%.*s stands inside its own anchor",
                    STR_ARG(name));
    *ret_node = *target;
    return charge(c, mark, target->weight, depth + target->height);
}

/* NULL in `ret_node`: there is no anchor. */
static enum err anchor_open(struct composer *c, struct jv_mark mark, const yaml_char_t *anchor,
                            struct node **ret_node)
{
    *ret_node = NULL;
    if (anchor == NULL)
        return ERR_OK;
    if (map_count(c->anchors) == YAML_ANCHORS_MAX)
        return fail(c, ERR_LIMIT, mark, "more than %zu anchors", YAML_ANCHORS_MAX);
    *ret_node = ARENA_NEW(c->arena, struct node);
    (void)map_set(c->anchors, text_of(anchor), *ret_node); /* the later of two counts */
    return ERR_OK;
}

static enum err compose_content(struct composer *c, const yaml_event_t *event, unsigned depth,
                                struct node *ret_node)
{
    const yaml_char_t *tag = NULL;
    enum err e = ERR_OK;
    if (event->type == YAML_SCALAR_EVENT)
        return compose_scalar(c, event, &ret_node->value);
    if (event->type == YAML_SEQUENCE_START_EVENT) {
        tag = event->data.sequence_start.tag;
        e = collection_tag(c, event, tag, STR(TAG_PREFIX "seq"));
        return e != ERR_OK ? e : compose_sequence(c, event, depth, ret_node);
    }
    ASSERT(event->type == YAML_MAPPING_START_EVENT);
    tag = event->data.mapping_start.tag;
    e = collection_tag(c, event, tag, STR(TAG_PREFIX "map"));
    return e != ERR_OK ? e : compose_mapping(c, event, depth, ret_node);
}

static const yaml_char_t *anchor_of(const yaml_event_t *event)
{
    if (event->type == YAML_SCALAR_EVENT)
        return event->data.scalar.anchor;
    if (event->type == YAML_SEQUENCE_START_EVENT)
        return event->data.sequence_start.anchor;
    return event->data.mapping_start.anchor;
}

static enum err compose(struct composer *c, const yaml_event_t *event, unsigned depth,
                        struct node *ret_node)
{
    if (event->type == YAML_ALIAS_EVENT)
        return compose_alias(c, event, depth, ret_node);
    *ret_node = (struct node){.weight = 1, .height = 1};
    struct jv_mark mark = mark_of(event->start_mark);
    struct node *anchor = NULL;
    enum err e = charge(c, mark, 1, depth + 1);
    if (e == ERR_OK)
        e = anchor_open(c, mark, anchor_of(event), &anchor);
    if (e != ERR_OK)
        return e;
    e = compose_content(c, event, depth, ret_node);
    if (e == ERR_OK && anchor != NULL)
        *anchor = *ret_node;
    return e;
}

/* From the start of a document to its end. */
static enum err compose_document(struct composer *c, struct node *ret_root)
{
    c->anchors = map_free(c->anchors);
    c->anchors = map_new();
    yaml_event_t event;
    enum err e = event_next(c, &event);
    if (e != ERR_OK)
        return e;
    e = compose(c, &event, 0, ret_root);
    yaml_event_delete(&event);
    if (e != ERR_OK)
        return e;
    e = event_next(c, &event);
    if (e != ERR_OK)
        return e;
    ASSERT(event.type == YAML_DOCUMENT_END_EVENT);
    yaml_event_delete(&event);
    return ERR_OK;
}

static enum err compose_stream(struct composer *c, struct yaml_stream *ret_stream)
{
    VEC(const struct jv *) documents = {0};
    size_t count = 0;
    enum err e = ERR_OK;
    yaml_event_type_t type = YAML_NO_EVENT;
    while (e == ERR_OK && type != YAML_STREAM_END_EVENT) {
        yaml_event_t event;
        e = event_next(c, &event);
        if (e != ERR_OK)
            break;
        type = event.type;
        struct jv_mark mark = mark_of(event.start_mark);
        yaml_event_delete(&event);
        if (type != YAML_DOCUMENT_START_EVENT)
            continue;
        if (++count > YAML_DOCUMENTS_MAX) {
            e = fail(c, ERR_LIMIT, mark, "more than %zu documents", YAML_DOCUMENTS_MAX);
            break;
        }
        struct node root;
        e = compose_document(c, &root);
        if (e == ERR_OK && root.value->type != JV_NULL)
            VEC_PUSH(&documents, root.value);
    }
    if (e == ERR_OK) {
        const struct jv **copy = ARENA_NEW_ARRAY(c->arena, const struct jv *, documents.count);
        for (size_t i = 0; i < documents.count; i++)
            copy[i] = documents.items[i];
        *ret_stream = (struct yaml_stream){copy, documents.count};
    }
    VEC_FREE(&documents);
    return e;
}

/* The offset of the first character that is not well-formed UTF-8. */
static size_t utf8_end(struct str text)
{
    size_t at = 0;
    while (at < text.size) {
        size_t size = 1;
        while (size <= 4 && !str_is_utf8(str_first(str_from(text, at), size)))
            size++;
        if (size > 4)
            return at;
        at += size;
    }
    return at;
}

/* libyaml compares each %TAG directive with all before it: their number is bounded beforehand. */
static bool has_many_tags(struct str text)
{
    size_t count = 0;
    while (text.data != NULL && count <= TAG_DIRECTIVES_MAX)
        count += str_starts_with(str_cut(&text, '\n'), STR("%TAG")) ? 1 : 0;
    return count > TAG_DIRECTIVES_MAX;
}

enum err yaml_parse(struct arena *arena, struct str text, struct yaml_stream *ret_stream,
                    struct yaml_error *reterr)
{
    struct composer c = {
        .arena = arena,
        .reterr = reterr,
        .weight_max = YAML_NODES_MAX + text.size / YAML_NODE_SIZE,
    };
    if (text.size == 0) /* libyaml takes no NULL, which the empty slice may have */
        text = STR_EMPTY;
    if (text.size > YAML_SIZE_MAX)
        return fail(&c, ERR_LIMIT, (struct jv_mark){1, 1}, "larger than %zu bytes", YAML_SIZE_MAX);
    if (!str_is_utf8(text))
        return fail(&c, ERR_INVALID, mark_at(text, utf8_end(text)), "not UTF-8 text");
    if (has_many_tags(text))
        return fail(&c, ERR_LIMIT, (struct jv_mark){1, 1}, "more than %d %%TAG directives",
                    TAG_DIRECTIVES_MAX);
    if (str_starts_with(text, STR("\xEF\xBB\xBF")))
        text = str_from(text, 3);
    ASSERT(yaml_parser_initialize(&c.parser) != 0); /* fails only without memory */
    yaml_parser_set_encoding(&c.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&c.parser, (const yaml_char_t *)text.data, text.size);
    enum err e = compose_stream(&c, ret_stream);
    VEC_FREE(&c.members);
    VEC_FREE(&c.items);
    map_free(c.anchors);
    yaml_parser_delete(&c.parser);
    return e;
}
