#include "manifest.h"

static struct manifest m;

static int teardown(void **state)
{
    (void)state;
    manifest_free(&m);
    assert_int_equal(api_objects_alive(), 0);
    return 0;
}

/* Decodes a route with the regular expression; `problem` is what is said of it, or empty. */
static void assert_regex(const char *regex, const char *problem)
{
    struct buf text;
    buf_init(&text, (size_t)1 << 16);
    buf_printf(&text,
               "{type: MeshHTTPRoute, name: r, spec: {to: [{targetRef: {kind: MeshService, name: "
               "a}, rules: [{matches: [{path: {type: RegularExpression, value: '%s'}}], default: "
               "{}}]}]}}",
               regex);
    manifest_decode(&m, text.data);
    buf_clear(&text);
    if (problem[0] != '\0')
        buf_printf(&text,
                   "error spec.to[0].rules[0].matches[0].path.value: is no regular expression of "
                   "RE2: %s\n",
                   problem);
    buf_append_char(&text, '\0');
    assert_faults(&m, text.data);
    buf_deinit(&text);
}

static void what_re2_has(void **state)
{
    (void)state;
    static const char *const regexes[] = {
        "/",
        "/a.*",
        "^/a+?b*?c??$",
        "/(a|b)(?:c)(?P<d>e)(?<f>g)(?i:h)(?i)(?s-m:i)",
        "/[a-z]+[^/]*[]a][^]a][a:][[:alpha:]_][\\]\\d]",
        "/\\d\\D\\w\\W\\s\\S\\b\\B\\A\\z\\.\\/\\(",
        "/\\pN\\p{Greek}*\\x41\\x{10FFFF}+\\07",
        "/\\Q(*[\\E/",
        "/\\Q(",
        "/a{2}b{2,}c{2,3}?d{,3}e{f{1000}",
        "/a}{",
        "/()|a",
        "/[[:x]",
    };
    for (size_t i = 0; i < ARRAY_SIZE(regexes); i++)
        assert_regex(regexes[i], "");
}

static void what_re2_has_not(void **state)
{
    (void)state;
    static const struct {
        const char *regex;
        const char *problem;
    } cases[] = {
        {"/(?=a)", "looking ahead, (?=, is not part of it"},
        {"/(?!a)", "looking ahead, (?!, is not part of it"},
        {"/(?<=a)", "looking behind, (?<=, is not part of it"},
        {"/(?<!a)", "looking behind, (?<!, is not part of it"},
        {"/(?>a)", "an atomic group, (?>, is not part of it"},
        {"/(?(1)a)", "a condition, (?(, is not part of it"},
        {"/(?#a)", "a comment, (?#, is not part of it"},
        {"/(a)\\1", "a reference back to a group is not part of it"},
        {"/(?P<a>b)(?P=a)", "a reference back to a group is not part of it"},
        {"/(?R)", "what follows on (? is not part of it"},
        {"/\\k<a>", "a letter behind a backslash has no meaning in it"},
        {"/[\\y]", "a letter behind a backslash has no meaning in it"},
        {"/a++", "a repetition of a repetition (such as ++) is not part of it"},
        {"/a{2}{3}", "a repetition of a repetition (such as ++) is not part of it"},
        {"*", "there is nothing before a repetition"},
        {"/a|*", "there is nothing before a repetition"},
        {"/(?:+)", "there is nothing before a repetition"},
        {"/a{1001}", "it repeats more than 1000 times"},
        {"/a{1,1001}", "it repeats more than 1000 times"},
        {"/a{3,2}", "it repeats at least more often than at most"},
        {"/(a", "a ( has no )"},
        {"/a)", "a ) has no ("},
        {"/[a", "a [ has no ]"},
        {"/[]", "a [ has no ]"},
        {"/a\\", "it ends in a backslash"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_regex(cases[i].regex, cases[i].problem);
}

#define TEST(function) cmocka_unit_test_teardown(function, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_re2_has),
        TEST(what_re2_has_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
