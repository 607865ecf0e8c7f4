/* What RE2 takes, read strictly, and written so that PCRE2 takes it for the same. Whether a text
 * matches is all that anybody asks: groups capture nothing, and names of groups are dropped. */
#include "core/regex/re2.h"
#include "core/base/mem.h"

#define HEAD_MAX ((size_t)64)

/* One byte of a pattern becomes at most so many: a set in its class. */
#define GROWTH_MAX ((size_t)64)

static bool is_digit(char c, char last)
{
    return c >= '0' && c <= last;
}

static bool is_word(uint32_t c)
{
    uint32_t lower = c | 0x20;
    return c < 0x80 && ((lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '_');
}

bool regex__skip(struct regex__scan *scan, struct str prefix)
{
    if (!str_starts_with(scan->rest, prefix))
        return false;
    scan->rest = str_from(scan->rest, prefix.size);
    return true;
}

uint32_t regex__next(struct regex__scan *scan)
{
    const unsigned char *bytes = (const unsigned char *)scan->rest.data;
    size_t size = bytes[0] < 0x80 ? 1 : bytes[0] < 0xe0 ? 2 : bytes[0] < 0xf0 ? 3 : 4;
    uint32_t c = size == 1 ? bytes[0] : bytes[0] & (0x7fu >> size);
    for (size_t i = 1; i < size; i++)
        c = c << 6 | (bytes[i] & 0x3f);
    scan->rest = str_from(scan->rest, size);
    return c;
}

void regex__put_char(struct regex__scan *scan, uint32_t c)
{
    if (is_word(c) || c == '/')
        buf_append_char(&scan->out, (char)c);
    else
        buf_printf(&scan->out, "\\x{%x}", c);
}

/* ---- Behind a backslash ---- */

static int hex_value(char c)
{
    char lower = (char)(c | 0x20);
    if (is_digit(c, '9'))
        return c - '0';
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

static bool parse_hex(struct str digits, uint32_t *ret_value)
{
    uint32_t value = 0;
    for (size_t i = 0; i < digits.size; i++) {
        int digit = hex_value(digits.data[i]);
        if (digit < 0 || value > 0x10ffff)
            return false;
        value = value << 4 | (uint32_t)digit;
    }
    *ret_value = value;
    return digits.size > 0 && value <= 0x10ffff && (value < 0xd800 || value > 0xdfff);
}

/* Behind "x": two digits, or any number in braces. */
static const char *read_hex(struct regex__scan *scan, uint32_t *ret_char)
{
    struct str digits = str_first(scan->rest, 2);
    size_t whole = 2;
    if (str_starts_with(scan->rest, STR("{"))) {
        size_t end = str_find_char(scan->rest, '}');
        digits = end == STR_NOT_FOUND ? STR_EMPTY : str_from(str_first(scan->rest, end), 1);
        whole = end + 1;
    }
    if (digits.size == 1 && whole == 2)
        digits = STR_EMPTY;
    if (!parse_hex(digits, ret_char))
        return "behind \\x stands no character's number";
    scan->rest = str_from(scan->rest, whole);
    return NULL;
}

/* Behind `first`, a digit: 0 and up to two more, or a number of two or three digits. */
static const char *read_octal(struct regex__scan *scan, char first, uint32_t *ret_char)
{
    bool has_more = scan->rest.size > 0 && is_digit(scan->rest.data[0], '7');
    if (first > '7' || (first != '0' && !has_more))
        return "a reference back to a group is not part of it";
    uint32_t value = (uint32_t)(first - '0');
    for (size_t i = 0; i < 2 && scan->rest.size > 0 && is_digit(scan->rest.data[0], '7'); i++)
        value = value << 3 | (regex__next(scan) - '0');
    *ret_char = value;
    return NULL;
}

const char *regex__read_escape(struct regex__scan *scan, uint32_t *ret_char)
{
    static const char letters[] = "afnrtv";
    static const char values[] = "\a\f\n\r\t\v";
    if (scan->rest.size == 0)
        return "it ends in a backslash";
    uint32_t c = regex__next(scan);
    if (c == 'x')
        return read_hex(scan, ret_char);
    if (c >= '0' && c <= '9')
        return read_octal(scan, (char)c, ret_char);
    const char *letter = is_word(c) ? strchr(letters, (int)c) : NULL;
    if (c == 'C')
        return "a single byte, \\C, is not supported";
    if (letter == NULL && ((is_word(c) && c != '_') || c >= 0x80))
        return "a letter behind a backslash has no meaning in it";
    *ret_char = letter == NULL ? c : (uint32_t)values[letter - letters];
    return NULL;
}

/* ---- Atoms ---- */

/* An atom was read whose inside repeats at most so often. */
static void atom_end(struct regex__scan *scan, unsigned repeats)
{
    scan->before = ATOM;
    scan->repeats = repeats;
    scan->inside[scan->depth] = MAX(scan->inside[scan->depth], repeats);
}

/* A character that stands for itself. */
static void put_literal(struct regex__scan *scan, uint32_t c)
{
    scan->in_head = scan->in_head && c < 0x80 && scan->head.size < HEAD_MAX;
    if (scan->in_head)
        buf_append_char(&scan->head, (char)c);
    regex__put_char(scan, c);
    atom_end(scan, 1);
}

/* What a place in the text has to be. PCRE2 takes no repetition of that, unless it is a group. */
static void put_place(struct regex__scan *scan, struct str place)
{
    buf_append(&scan->out, STR("(?:"));
    buf_append(&scan->out, place);
    buf_append_char(&scan->out, ')');
    bool is_start = str_equal(place, STR("^")) || str_equal(place, STR("\\A"));
    scan->in_head = scan->in_head && is_start && scan->head.size == 0;
    atom_end(scan, 1);
}

/* Behind "\\Q": all up to "\\E" stands for itself. */
static void read_quoted(struct regex__scan *scan)
{
    while (scan->rest.size > 0 && !regex__skip(scan, STR("\\E")))
        put_literal(scan, regex__next(scan));
}

static const char *read_backslash(struct regex__scan *scan)
{
    static const struct str places[] = {STR_INIT("b"), STR_INIT("B"), STR_INIT("A"), STR_INIT("z")};
    for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
        if (regex__skip(scan, places[i])) {
            const char text[] = {'\\', places[i].data[0]};
            put_place(scan, str_make(text, sizeof(text)));
            return NULL;
        }
    }
    if (regex__skip(scan, STR("Q"))) {
        read_quoted(scan);
        return NULL;
    }
    const char *problem = NULL;
    buf_append_char(&scan->out, '[');
    if (regex__read_set(scan, &problem)) {
        buf_append_char(&scan->out, ']');
        scan->in_head = false;
        atom_end(scan, 1);
        return problem;
    }
    scan->out.size--; /* that was no set */
    uint32_t c = 0;
    problem = regex__read_escape(scan, &c);
    if (problem == NULL)
        put_literal(scan, c);
    return problem;
}

/* ---- Groups ---- */

/* Behind "(" or what belongs to it. */
static const char *group_open(struct regex__scan *scan)
{
    if (scan->depth == REGEX_DEPTH_MAX)
        return "its groups are nested too deep";
    scan->inside[++scan->depth] = 1;
    scan->before = NOTHING;
    return NULL;
}

/* Behind "(?P<" or "(?<". */
static const char *read_name(struct regex__scan *scan)
{
    size_t end = str_find_char(scan->rest, '>');
    struct str name = str_first(scan->rest, end == STR_NOT_FOUND ? 0 : end);
    bool is_name = name.size > 0;
    for (size_t i = 0; i < name.size; i++)
        is_name = is_name && (is_word((unsigned char)name.data[i]) || (name.data[i] & 0x80) != 0);
    if (!is_name)
        return "the name of a group is none";
    scan->rest = str_from(scan->rest, end + 1);
    buf_append(&scan->out, STR("(?:"));
    return group_open(scan);
}

/* Behind "(?": flags for the rest of the group around, or of a group that begins. How greedy a
 * repetition is (U) does not matter to what matches. */
static const char *read_flags(struct regex__scan *scan)
{
    static const char flags[] = "imsU";
    static const char *const problem = "what follows on (? is not part of it";
    struct str all = scan->rest;
    size_t size = 0;
    size_t since_minus = 1;
    bool has_minus = false;
    buf_append(&scan->out, STR("(?"));
    for (; size < all.size && all.data[size] != ':' && all.data[size] != ')'; size++) {
        char flag = all.data[size];
        if (flag == '\0' || (flag == '-' ? has_minus : strchr(flags, flag) == NULL))
            return problem;
        has_minus = has_minus || flag == '-';
        since_minus = flag == '-' ? 0 : since_minus + 1;
        if (flag != 'U')
            buf_append_char(&scan->out, flag);
    }
    if (size == all.size || since_minus == 0)
        return problem;
    scan->rest = str_from(all, size + 1);
    buf_append_char(&scan->out, all.data[size]);
    if (all.data[size] == ':')
        return group_open(scan);
    scan->before = NOTHING;
    return NULL;
}

/* Behind "(". */
static const char *read_group(struct regex__scan *scan)
{
    static const struct {
        struct str begin;
        const char *problem;
    } foreign[] = {
        {STR_INIT("?="), "looking ahead, (?=, is not part of it"},
        {STR_INIT("?!"), "looking ahead, (?!, is not part of it"},
        {STR_INIT("?<="), "looking behind, (?<=, is not part of it"},
        {STR_INIT("?<!"), "looking behind, (?<!, is not part of it"},
        {STR_INIT("?>"), "an atomic group, (?>, is not part of it"},
        {STR_INIT("?("), "a condition, (?(, is not part of it"},
        {STR_INIT("?#"), "a comment, (?#, is not part of it"},
        {STR_INIT("?P="), "a reference back to a group is not part of it"},
    };
    scan->in_head = false;
    for (size_t i = 0; i < ARRAY_SIZE(foreign); i++) {
        if (str_starts_with(scan->rest, foreign[i].begin))
            return foreign[i].problem;
    }
    if (regex__skip(scan, STR("?P<")) || regex__skip(scan, STR("?<")))
        return read_name(scan);
    if (regex__skip(scan, STR("?")))
        return read_flags(scan);
    buf_append(&scan->out, STR("(?:"));
    return group_open(scan);
}

/* Behind ")". */
static const char *group_close(struct regex__scan *scan)
{
    if (scan->depth == 0)
        return "a ) has no (";
    buf_append_char(&scan->out, ')');
    unsigned inside = scan->inside[scan->depth--];
    atom_end(scan, inside);
    return NULL;
}

/* ---- Repetitions ---- */

/* Behind "*", "+", "?" or a count, which is `text`. */
static const char *read_repetition(struct regex__scan *scan, struct str text)
{
    if (scan->before == NOTHING)
        return "there is nothing before a repetition";
    if (scan->before == REPEATED)
        return "a repetition of a repetition (such as ++) is not part of it";
    buf_append(&scan->out, text);
    (void)regex__skip(scan, STR("?")); /* as few as possible, which matches the same */
    /* What may be missing is no beginning that all have. */
    scan->head.size -= scan->in_head && scan->head.size > 0 ? 1 : 0;
    scan->in_head = false;
    scan->before = REPEATED;
    return NULL;
}

/* "2", "2," or "2,3". False: none of these. */
static bool parse_count(struct str text, uint64_t *ret_least, uint64_t *ret_most)
{
    struct str max = text;
    struct str min = str_cut(&max, ',');
    if (!str_parse_u64(min, UINT32_MAX, ret_least))
        return false;
    *ret_most = *ret_least;
    return max.size == 0 || str_parse_u64(max, UINT32_MAX, ret_most);
}

/* Behind "{", which stands for itself when no count follows. */
static const char *read_count(struct regex__scan *scan)
{
    size_t end = str_find_char(scan->rest, '}');
    struct str text = str_first(scan->rest, end == STR_NOT_FOUND ? 0 : end);
    uint64_t least = 0;
    uint64_t most = 0;
    if (!parse_count(text, &least, &most)) {
        put_literal(scan, '{');
        return NULL;
    }
    if (least > REGEX_REPEAT_MAX || most > REGEX_REPEAT_MAX)
        return "it repeats more than 1000 times";
    if (least > most)
        return "it repeats at least more often than at most";
    text = str_make(text.data - 1, text.size + 2); /* with its braces */
    scan->rest = str_from(scan->rest, end + 1);
    const char *problem = read_repetition(scan, text);
    if (problem != NULL)
        return problem;
    scan->repeats *= (unsigned)MAX(most, 1);
    if (scan->repeats > REGEX_REPEAT_MAX)
        return "its counts within counts repeat more than 1000 times";
    scan->inside[scan->depth] = MAX(scan->inside[scan->depth], scan->repeats);
    return NULL;
}

/* ---- All of it ---- */

static void put_any(struct regex__scan *scan)
{
    buf_append_char(&scan->out, '.');
    scan->in_head = false;
    atom_end(scan, 1);
}

static void put_or(struct regex__scan *scan)
{
    buf_append_char(&scan->out, '|');
    scan->in_head = false;
    if (scan->depth == 0)
        buf_clear(&scan->head);
    scan->before = NOTHING;
}

static const char *read_class(struct regex__scan *scan)
{
    const char *problem = regex__read_class(scan);
    scan->in_head = false;
    atom_end(scan, 1);
    return problem;
}

static const char *read_next(struct regex__scan *scan)
{
    uint32_t c = regex__next(scan);
    switch (c) {
    case '\\': return read_backslash(scan);
    case '[': return read_class(scan);
    case '(': return read_group(scan);
    case ')': return group_close(scan);
    case '{': return read_count(scan);
    case '*': return read_repetition(scan, STR("*"));
    case '+': return read_repetition(scan, STR("+"));
    case '?': return read_repetition(scan, STR("?"));
    case '|': put_or(scan); return NULL;
    case '.': put_any(scan); return NULL;
    case '^': put_place(scan, STR("^")); return NULL;
    case '$': put_place(scan, STR("$")); return NULL;
    default: put_literal(scan, c); return NULL;
    }
}

struct regex__scan *regex__scan_new(struct str pattern)
{
    struct regex__scan *scan = MEM_NEW(struct regex__scan);
    scan->rest = pattern;
    scan->in_head = true;
    buf_init(&scan->out, REGEX_PATTERN_MAX * GROWTH_MAX);
    buf_init(&scan->head, HEAD_MAX);
    return scan;
}

struct regex__scan *regex__scan_free(struct regex__scan *scan)
{
    if (scan == NULL)
        return NULL;
    buf_deinit(&scan->out);
    buf_deinit(&scan->head);
    return mem_free(scan);
}

const char *regex__translate(struct regex__scan *scan)
{
    if (scan->rest.size > REGEX_PATTERN_MAX)
        return "it is longer than 8192 bytes";
    if (!str_is_utf8(scan->rest))
        return "it is not UTF-8";
    buf_append(&scan->out, STR("(?:"));
    const char *problem = NULL;
    while (problem == NULL && scan->rest.size > 0)
        problem = read_next(scan);
    buf_append(&scan->out, STR(")\\z"));
    return problem == NULL && scan->depth > 0 ? "a ( has no )" : problem;
}
