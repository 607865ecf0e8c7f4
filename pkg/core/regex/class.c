/* Sets of characters: [a-z], [[:alpha:]], \d, \p{Greek}. */
#include "core/regex/re2.h"

/* White space is what RE2 takes for it, without the vertical tab. */
#define SPACES     "\\t\\n\\f\\r\\x20"
#define NOT_SPACES "\\x00-\\x08\\x0b\\x0e-\\x1f\\x21-\\x{10ffff}"

/* Code points that nobody has assigned are no "other" (C) for RE2. */
#define OTHERS     "\\p{Cc}\\p{Cf}\\p{Co}\\p{Cs}"
#define NOT_OTHERS "\\p{L}\\p{M}\\p{N}\\p{P}\\p{S}\\p{Z}\\p{Cn}"

static const struct str categories[] = {
    STR_INIT("Any"), STR_INIT("Cc"), STR_INIT("Cf"), STR_INIT("Co"), STR_INIT("Cs"), STR_INIT("L"),
    STR_INIT("Ll"),  STR_INIT("Lm"), STR_INIT("Lo"), STR_INIT("Lt"), STR_INIT("Lu"), STR_INIT("M"),
    STR_INIT("Mc"),  STR_INIT("Me"), STR_INIT("Mn"), STR_INIT("N"),  STR_INIT("Nd"), STR_INIT("Nl"),
    STR_INIT("No"),  STR_INIT("P"),  STR_INIT("Pc"), STR_INIT("Pd"), STR_INIT("Pe"), STR_INIT("Pf"),
    STR_INIT("Pi"),  STR_INIT("Po"), STR_INIT("Ps"), STR_INIT("S"),  STR_INIT("Sc"), STR_INIT("Sk"),
    STR_INIT("Sm"),  STR_INIT("So"), STR_INIT("Z"),  STR_INIT("Zl"), STR_INIT("Zp"), STR_INIT("Zs"),
};

static const struct str classes[] = {
    STR_INIT("alnum"), STR_INIT("alpha"), STR_INIT("ascii"), STR_INIT("blank"),  STR_INIT("cntrl"),
    STR_INIT("digit"), STR_INIT("graph"), STR_INIT("lower"), STR_INIT("print"),  STR_INIT("punct"),
    STR_INIT("space"), STR_INIT("upper"), STR_INIT("word"),  STR_INIT("xdigit"),
};

static bool is_among(struct str name, const struct str *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (str_equal(name, names[i]))
            return true;
    }
    return false;
}

/* "Greek", "Old_Italic". Which of these there are is PCRE2's to say. */
static bool is_script(struct str name)
{
    if (name.size < 3 || name.data[0] < 'A' || name.data[0] > 'Z')
        return false;
    for (size_t i = 1; i < name.size; i++) {
        char lower = str_lower(name.data[i]);
        if ((lower < 'a' || lower > 'z') && lower != '_')
            return false;
    }
    return true;
}

static bool put_property(struct regex__scan *scan, struct str name, bool is_negated)
{
    const char *kind = is_negated ? "\\P" : "\\p";
    if (str_equal(name, STR("C")))
        buf_append(&scan->out, is_negated ? STR(NOT_OTHERS) : STR(OTHERS));
    else if (is_among(name, categories, ARRAY_SIZE(categories)))
        buf_printf(&scan->out, "%s{%.*s}", kind, STR_ARG(name));
    else if (is_script(name))
        buf_printf(&scan->out, "%s{sc:%.*s}", kind, STR_ARG(name));
    else
        return false;
    return true;
}

/* Behind "p" or "P". */
static const char *read_property(struct regex__scan *scan, bool is_negated)
{
    struct str name = str_first(scan->rest, 1);
    size_t whole = name.size;
    if (str_starts_with(scan->rest, STR("{"))) {
        size_t end = str_find_char(scan->rest, '}');
        if (end == STR_NOT_FOUND)
            return "a { behind \\p has no }";
        name = str_from(str_first(scan->rest, end), 1);
        whole = end + 1;
        if (str_starts_with(name, STR("^"))) {
            name = str_from(name, 1);
            is_negated = !is_negated;
        }
    }
    if (!put_property(scan, name, is_negated))
        return "a name behind \\p is not known to it";
    scan->rest = str_from(scan->rest, whole);
    return NULL;
}

bool regex__read_set(struct regex__scan *scan, const char **ret_problem)
{
    char kind = scan->rest.size == 0 ? '\0' : scan->rest.data[0];
    struct str text = STR_EMPTY;
    switch (kind) {
    case 'd': text = STR("\\d"); break;
    case 'D': text = STR("\\D"); break;
    case 'w': text = STR("\\w"); break;
    case 'W': text = STR("\\W"); break;
    case 's': text = STR(SPACES); break;
    case 'S': text = STR(NOT_SPACES); break;
    case 'p':
    case 'P': break;
    default: return false;
    }
    scan->rest = str_from(scan->rest, 1);
    buf_append(&scan->out, text);
    *ret_problem = text.size > 0 ? NULL : read_property(scan, kind == 'P');
    return true;
}

/* "[:alpha:]". Without a ":]" anywhere, "[" stands for itself. */
static bool read_named_class(struct regex__scan *scan, const char **ret_problem)
{
    if (!str_starts_with(scan->rest, STR("[:")))
        return false;
    struct str after = str_from(scan->rest, 2);
    const char *end = memmem(after.data, after.size, ":]", 2);
    if (end == NULL)
        return false;
    struct str name = str_make(after.data, (size_t)(end - after.data));
    struct str whole = str_first(scan->rest, name.size + 4);
    struct str plain = str_starts_with(name, STR("^")) ? str_from(name, 1) : name;
    bool is_known = is_among(plain, classes, ARRAY_SIZE(classes));
    *ret_problem = is_known ? NULL : "a name in [: :] is not known to it";
    buf_append(&scan->out, whole);
    scan->rest = str_from(scan->rest, whole.size);
    return true;
}

static const char *read_char(struct regex__scan *scan, uint32_t *ret_char)
{
    if (scan->rest.size == 0)
        return "a [ has no ]";
    if (regex__skip(scan, STR("\\")))
        return regex__read_escape(scan, ret_char);
    *ret_char = regex__next(scan);
    return NULL;
}

/* A character, or a range of them. */
static const char *read_range(struct regex__scan *scan)
{
    uint32_t low = 0;
    const char *problem = read_char(scan, &low);
    if (problem != NULL)
        return problem;
    regex__put_char(scan, low);
    bool is_range = scan->rest.size > 1 && scan->rest.data[0] == '-' && scan->rest.data[1] != ']';
    if (!is_range)
        return NULL;
    scan->rest = str_from(scan->rest, 1);
    uint32_t high = 0;
    problem = read_char(scan, &high);
    if (problem != NULL)
        return problem;
    if (high < low)
        return "a range in [ ] runs backwards";
    buf_append_char(&scan->out, '-');
    regex__put_char(scan, high);
    return NULL;
}

static const char *read_item(struct regex__scan *scan)
{
    const char *problem = NULL;
    if (read_named_class(scan, &problem))
        return problem;
    struct str before = scan->rest;
    if (regex__skip(scan, STR("\\")) && regex__read_set(scan, &problem))
        return problem;
    scan->rest = before;
    return read_range(scan);
}

const char *regex__read_class(struct regex__scan *scan)
{
    buf_append(&scan->out, regex__skip(scan, STR("^")) ? STR("[^") : STR("["));
    /* A "]" that comes first stands for itself. */
    const char *problem = read_item(scan);
    while (problem == NULL && !regex__skip(scan, STR("]")))
        problem = read_item(scan);
    buf_append_char(&scan->out, ']');
    return problem;
}
