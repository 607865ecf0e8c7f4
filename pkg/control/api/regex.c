/* What can be told of a regular expression without compiling it: Kuma's proxy takes RE2 alone,
 * which has no part that looks around or back, and refuses what it cannot parse with all else that
 * is on the proxy. */
#include "control/api/check.h"

/* RE2 refuses to repeat more often. */
#define REPEAT_MAX 1000

/* A count, or a name of a class or a character, ends within so many bytes, or is none. */
#define BRACED_MAX ((size_t)64)

struct scan {
    struct str rest;
    size_t depth;                          /* of groups */
    enum { NOTHING, ATOM, REPEAT } before; /* what a repetition would be of */
};

static char next(struct scan *scan)
{
    char c = scan->rest.data[0];
    scan->rest = str_from(scan->rest, 1);
    return c;
}

static bool skip(struct scan *scan, struct str prefix)
{
    if (!str_starts_with(scan->rest, prefix))
        return false;
    scan->rest = str_from(scan->rest, prefix.size);
    return true;
}

static bool is_letter_or_digit(char c)
{
    char lower = (char)(c | 0x20);
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9');
}

/* What stands before the first `end` of what follows, or the empty slice with data NULL. */
static struct str before_end(const struct scan *scan, char end)
{
    struct str window = str_first(scan->rest, BRACED_MAX);
    size_t at = str_find_char(window, end);
    return at == STR_NOT_FOUND ? STR_EMPTY : str_first(window, at);
}

/* All up to "\\E" stands for itself. */
static void skip_quoted(struct scan *scan)
{
    while (scan->rest.size > 0 && !skip(scan, STR("\\E")))
        (void)next(scan);
}

/* Behind a backslash. */
static const char *scan_escape(struct scan *scan)
{
    const struct str known = STR("dDsSwWbBAzCpPQEafnrtvx0");
    if (scan->rest.size == 0)
        return "it ends in a backslash";
    char c = next(scan);
    if (c >= '1' && c <= '9')
        return "a reference back to a group is not part of it";
    if (is_letter_or_digit(c) && str_find_char(known, c) == STR_NOT_FOUND)
        return "a letter behind a backslash has no meaning in it";
    if (c == 'Q')
        skip_quoted(scan);
    bool has_name = c == 'x' || c == 'p' || c == 'P';
    if (has_name && str_starts_with(scan->rest, STR("{")))
        scan->rest = str_from(scan->rest, before_end(scan, '}').size + 1);
    scan->before = ATOM;
    return NULL;
}

/* "[:alpha:]" in a class. */
static bool skip_named_class(struct scan *scan)
{
    struct str name = before_end(scan, ']');
    bool is_named = name.size > 3 && str_starts_with(name, STR("[:")) &&
                    str_ends_with(name, STR(":"));
    if (is_named)
        scan->rest = str_from(scan->rest, name.size + 1);
    return is_named;
}

/* Behind "[". A "]" that comes first stands for itself. */
static const char *scan_class(struct scan *scan)
{
    (void)skip(scan, STR("^")); /* or not */
    for (bool is_first = true; scan->rest.size > 0; is_first = false) {
        if (skip_named_class(scan))
            continue;
        char c = next(scan);
        if (c == ']' && !is_first) {
            scan->before = ATOM;
            return NULL;
        }
        const char *problem = c == '\\' ? scan_escape(scan) : NULL;
        if (problem != NULL)
            return problem;
    }
    return "a [ has no ]";
}

/* Behind "(". */
static const char *scan_group(struct scan *scan)
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
    for (size_t i = 0; i < ARRAY_SIZE(foreign); i++) {
        if (str_starts_with(scan->rest, foreign[i].begin))
            return foreign[i].problem;
    }
    scan->depth++;
    scan->before = NOTHING;
    if (!skip(scan, STR("?")) || skip(scan, STR("P<")) || skip(scan, STR("<")))
        return NULL;
    while (scan->rest.size > 0 && str_find_char(STR("imsU-"), scan->rest.data[0]) != STR_NOT_FOUND)
        (void)next(scan); /* a flag */
    bool is_known = skip(scan, STR(":")) || str_starts_with(scan->rest, STR(")"));
    return is_known ? NULL : "what follows on (? is not part of it";
}

/* Behind "*", "+", "?" or a count. */
static const char *scan_repeat(struct scan *scan)
{
    if (scan->before == NOTHING)
        return "there is nothing before a repetition";
    if (scan->before == REPEAT)
        return "a repetition of a repetition (such as ++) is not part of it";
    (void)skip(scan, STR("?")); /* as few as possible */
    scan->before = REPEAT;
    return NULL;
}

/* Behind "{", which stands for itself when no count follows. */
static const char *scan_count(struct scan *scan)
{
    struct str inner = before_end(scan, '}');
    struct str max = inner;
    struct str min = str_cut(&max, ',');
    uint64_t least = 0;
    uint64_t most = 0;
    bool is_count = str_parse_u64(min, UINT32_MAX, &least) &&
                    (max.size == 0 || str_parse_u64(max, UINT32_MAX, &most));
    if (!is_count) {
        scan->before = ATOM;
        return NULL;
    }
    if (least > REPEAT_MAX || most > REPEAT_MAX)
        return "it repeats more than 1000 times";
    if (max.size > 0 && least > most)
        return "it repeats at least more often than at most";
    scan->rest = str_from(scan->rest, inner.size + 1);
    return scan_repeat(scan);
}

static const char *scan_next(struct scan *scan)
{
    char c = next(scan);
    switch (c) {
    case '\\': return scan_escape(scan);
    case '[': return scan_class(scan);
    case '(': return scan_group(scan);
    case '{': return scan_count(scan);
    case '*':
    case '+':
    case '?': return scan_repeat(scan);
    case ')':
        if (scan->depth == 0)
            return "a ) has no (";
        scan->depth--;
        break;
    case '|': scan->before = NOTHING; return NULL;
    default: break;
    }
    scan->before = ATOM;
    return NULL;
}

void api__check_regex(struct api__decoder *d, const struct api__place *place, struct str text)
{
    struct scan scan = {.rest = text};
    const char *problem = NULL;
    while (problem == NULL && scan.rest.size > 0)
        problem = scan_next(&scan);
    if (problem == NULL && scan.depth > 0)
        problem = "a ( has no )";
    if (problem != NULL)
        api__error(d, place, "is no regular expression of RE2: %s", problem);
}
