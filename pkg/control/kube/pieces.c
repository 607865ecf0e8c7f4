#include "control/kube/pieces.h"

#include <stddef.h>

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static struct str after_space(struct str text)
{
    size_t i = 0;
    while (i < text.size && is_space(text.data[i]))
        i++;
    return str_from(text, i);
}

/* The size of the string that `text` begins with, its quotes included; 0: it does not end. */
static size_t string_size(struct str text)
{
    for (size_t i = 1; i < text.size; i++) {
        if (text.data[i] == '\\')
            i++;
        else if (text.data[i] == '"')
            return i + 1;
    }
    return 0;
}

/* The size of the object or list that `text` begins with; 0: it does not end. */
static size_t nest_size(struct str text)
{
    size_t depth = 0;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        if (c == '"') {
            size_t size = string_size(str_from(text, i));
            if (size == 0)
                return 0;
            i += size - 1;
        } else if (c == '{' || c == '[') {
            depth++;
        } else if (c == '}' || c == ']') {
            if (--depth == 0)
                return i + 1;
        }
    }
    return 0;
}

/* The size of a number or a word. */
static size_t word_size(struct str text)
{
    size_t i = 0;
    while (i < text.size && !is_space(text.data[i]) && text.data[i] != ',' && text.data[i] != '}' &&
           text.data[i] != ']' && text.data[i] != ':' && text.data[i] != '"')
        i++;
    return i;
}

/* Takes the value that `*rest` begins with. */
static enum err value_take(struct str *rest, struct str *ret_value)
{
    size_t size = 0;
    if (rest->size == 0)
        return ERR_INVALID;
    if (rest->data[0] == '"')
        size = string_size(*rest);
    else if (rest->data[0] == '{' || rest->data[0] == '[')
        size = nest_size(*rest);
    else
        size = word_size(*rest);
    if (size == 0)
        return ERR_INVALID;
    *ret_value = str_first(*rest, size);
    *rest = after_space(str_from(*rest, size));
    return ERR_OK;
}

enum err kube__pieces_open(struct str text, struct kube__pieces *ret_pieces)
{
    struct str rest = after_space(text);
    if (rest.size == 0 || (rest.data[0] != '{' && rest.data[0] != '['))
        return ERR_INVALID;
    *ret_pieces = (struct kube__pieces){
        .rest = after_space(str_from(rest, 1)),
        .is_object = rest.data[0] == '{',
        .is_first = true,
    };
    return ERR_OK;
}

/* A closing bracket, with nothing but spaces after it. */
static enum err end(const struct kube__pieces *pieces)
{
    return after_space(str_from(pieces->rest, 1)).size == 0 ? ERR_NOT_FOUND : ERR_INVALID;
}

enum err kube__pieces_next(struct kube__pieces *pieces, struct str *ret_key, struct str *ret_value)
{
    struct str *rest = &pieces->rest;
    if (rest->size == 0)
        return ERR_INVALID;
    if (rest->data[0] == (pieces->is_object ? '}' : ']'))
        return end(pieces);
    if (!pieces->is_first) {
        if (rest->data[0] != ',')
            return ERR_INVALID;
        *rest = after_space(str_from(*rest, 1));
    }
    pieces->is_first = false;
    struct str key = STR_EMPTY;
    if (pieces->is_object) {
        if (rest->size == 0 || rest->data[0] != '"' || value_take(rest, &key) != ERR_OK ||
            rest->size == 0 || rest->data[0] != ':')
            return ERR_INVALID;
        *rest = after_space(str_from(*rest, 1));
        key = str_make(key.data + 1, key.size - 2);
    }
    enum err e = value_take(rest, ret_value);
    if (e == ERR_OK)
        *ret_key = key;
    return e;
}

enum err kube__piece_find(struct str text, struct str key, struct str *ret_value)
{
    struct kube__pieces pieces;
    struct str found_key;
    struct str value;
    enum err e = kube__pieces_open(text, &pieces);
    if (e != ERR_OK || !pieces.is_object)
        return ERR_INVALID;
    while ((e = kube__pieces_next(&pieces, &found_key, &value)) == ERR_OK) {
        if (str_equal(found_key, key)) {
            *ret_value = value;
            return ERR_OK;
        }
    }
    return e;
}
