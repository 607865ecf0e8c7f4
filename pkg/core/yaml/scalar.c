#include "core/yaml/scalar.h"

#include "core/base/err.h"

struct word {
    struct str text;
    enum jv_type type;
    bool boolean;
};

/* clang-format off */
static const struct word words[] = {
    {STR_INIT(""), JV_NULL, false}, {STR_INIT("~"), JV_NULL, false},
    {STR_INIT("null"), JV_NULL, false}, {STR_INIT("Null"), JV_NULL, false},
    {STR_INIT("NULL"), JV_NULL, false},
    {STR_INIT("true"), JV_BOOL, true}, {STR_INIT("True"), JV_BOOL, true},
    {STR_INIT("TRUE"), JV_BOOL, true}, {STR_INIT("yes"), JV_BOOL, true},
    {STR_INIT("Yes"), JV_BOOL, true}, {STR_INIT("YES"), JV_BOOL, true},
    {STR_INIT("on"), JV_BOOL, true}, {STR_INIT("On"), JV_BOOL, true},
    {STR_INIT("ON"), JV_BOOL, true}, {STR_INIT("y"), JV_BOOL, true},
    {STR_INIT("Y"), JV_BOOL, true},
    {STR_INIT("false"), JV_BOOL, false}, {STR_INIT("False"), JV_BOOL, false},
    {STR_INIT("FALSE"), JV_BOOL, false}, {STR_INIT("no"), JV_BOOL, false},
    {STR_INIT("No"), JV_BOOL, false}, {STR_INIT("NO"), JV_BOOL, false},
    {STR_INIT("off"), JV_BOOL, false}, {STR_INIT("Off"), JV_BOOL, false},
    {STR_INIT("OFF"), JV_BOOL, false}, {STR_INIT("n"), JV_BOOL, false},
    {STR_INIT("N"), JV_BOOL, false},
};
/* clang-format on */

static const struct word *word_find(struct str plain)
{
    if (plain.size > 5)
        return NULL;
    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        if (str_equal(words[i].text, plain))
            return &words[i];
    }
    return NULL;
}

/* ".inf", "-.Inf", ".nan" and so on: numbers to YAML, nothing to JSON. */
static bool is_beyond_json(struct str plain)
{
    bool is_signed = plain.size > 0 && (plain.data[0] == '+' || plain.data[0] == '-');
    struct str rest = str_from(plain, is_signed ? 1 : 0);
    if (str_equal(rest, STR(".inf")) || str_equal(rest, STR(".Inf")) ||
        str_equal(rest, STR(".INF")))
        return true;
    return !is_signed && (str_equal(rest, STR(".nan")) || str_equal(rest, STR(".NaN")) ||
                          str_equal(rest, STR(".NAN")));
}

static unsigned digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    if (c >= 'a' && c <= 'f')
        return (unsigned)(c - 'a') + 10;
    if (c >= 'A' && c <= 'F')
        return (unsigned)(c - 'A') + 10;
    return 16;
}

/* Digits of `base`, at least one. ERR_NOT_FOUND: other characters; ERR_LIMIT: above 64 bits. */
static enum err digits_parse(struct str digits, unsigned base, uint64_t *ret_value)
{
    if (digits.size == 0)
        return ERR_NOT_FOUND;
    uint64_t value = 0;
    bool overflowed = false;
    for (size_t i = 0; i < digits.size; i++) {
        unsigned digit = digit_value(digits.data[i]);
        if (digit >= base)
            return ERR_NOT_FOUND;
        overflowed |= __builtin_mul_overflow(value, base, &value);
        overflowed |= __builtin_add_overflow(value, digit, &value);
    }
    if (overflowed)
        return ERR_LIMIT;
    *ret_value = value;
    return ERR_OK;
}

/* The base that the prefix of an unsigned integer announces, and what follows the prefix. */
static unsigned base_cut(struct str *digits)
{
    if (digits->size < 2 || digits->data[0] != '0')
        return 10;
    char mark = digits->data[1];
    unsigned base = 8;
    size_t prefix = 2;
    if (mark == 'x' || mark == 'X')
        base = 16;
    else if (mark == 'b' || mark == 'B')
        base = 2;
    else if (mark != 'o' && mark != 'O')
        prefix = 1;
    *digits = str_from(*digits, prefix);
    return base;
}

/* 017, 0x1F, 0b11 and their like. */
static enum err based_integer(struct arena *arena, struct str sign, struct str digits,
                              struct str *ret_literal)
{
    unsigned base = base_cut(&digits);
    if (base == 10)
        return ERR_NOT_FOUND;
    uint64_t value = 0;
    enum err e = digits_parse(digits, base, &value);
    if (e != ERR_OK)
        return e;
    const char *minus = str_equal(sign, STR("-")) && value > 0 ? "-" : "";
    *ret_literal = str_format(arena, "%s%llu", minus, (unsigned long long)value);
    return ERR_OK;
}

static size_t count_digits(struct str s)
{
    size_t count = 0;
    while (count < s.size && s.data[count] >= '0' && s.data[count] <= '9')
        count++;
    return count;
}

/* A decimal number as YAML writes it: JSON's grammar, but with "+", ".5", "5." and leading zeros.
 * Empty: it is none. */
static struct str decimal(struct arena *arena, struct str sign, struct str rest)
{
    struct str whole = str_first(rest, count_digits(rest));
    struct str fraction = STR_EMPTY;
    rest = str_from(rest, whole.size);
    if (rest.size > 0 && rest.data[0] == '.') {
        fraction = str_first(str_from(rest, 1), count_digits(str_from(rest, 1)));
        rest = str_from(rest, 1 + fraction.size);
    }
    if (whole.size + fraction.size == 0)
        return STR_EMPTY;
    while (whole.size > 1 && whole.data[0] == '0')
        whole = str_from(whole, 1);
    struct str text = str_format(arena, "%s%.*s%s%.*s%.*s", str_equal(sign, STR("-")) ? "-" : "",
                                 STR_ARG(whole.size > 0 ? whole : STR("0")),
                                 fraction.size > 0 ? "." : "", STR_ARG(fraction), STR_ARG(rest));
    return jv_is_number_text(text) ? text : STR_EMPTY;
}

static struct str without_underscores(struct arena *arena, struct str s)
{
    if (str_find_char(s, '_') == STR_NOT_FOUND)
        return s;
    char *copy = arena_alloc(arena, s.size, 1);
    size_t size = 0;
    for (size_t i = 0; i < s.size; i++) {
        if (s.data[i] != '_')
            copy[size++] = s.data[i];
    }
    return str_make(copy, size);
}

/* ERR_NOT_FOUND: it is no number. */
static enum err number(struct arena *arena, struct str plain, struct str *ret_literal)
{
    char first = plain.data[0];
    if (!((first >= '0' && first <= '9') || first == '+' || first == '-' || first == '.'))
        return ERR_NOT_FOUND;
    if (jv_is_number_text(plain)) {
        *ret_literal = plain;
        return ERR_OK;
    }
    /* Go takes "_" out of what begins with a digit or a sign, not of what begins with ".". */
    struct str rest = first == '.' ? plain : without_underscores(arena, plain);
    size_t sign_size = rest.size > 0 && (rest.data[0] == '+' || rest.data[0] == '-') ? 1 : 0;
    struct str sign = str_first(rest, sign_size);
    rest = str_from(rest, sign_size);
    enum err e = based_integer(arena, sign, rest, ret_literal);
    if (e != ERR_NOT_FOUND)
        return e;
    struct str literal = decimal(arena, sign, rest);
    if (literal.size == 0)
        return ERR_NOT_FOUND;
    *ret_literal = literal;
    return ERR_OK;
}

enum err yaml__resolve(struct arena *arena, struct str plain, enum jv_type *ret_type,
                       bool *ret_boolean, struct str *ret_literal)
{
    const struct word *word = word_find(plain);
    if (word != NULL) {
        *ret_type = word->type;
        *ret_boolean = word->boolean;
        return ERR_OK;
    }
    if (is_beyond_json(plain))
        return ERR_INVALID;
    enum err e = number(arena, plain, ret_literal);
    if (e == ERR_LIMIT)
        return ERR_INVALID;
    *ret_type = e == ERR_OK ? JV_NUMBER : JV_STRING;
    return ERR_OK;
}
