/* What RE2 takes and what it makes of it; each line was asked of RE2 itself, but for those that say
 * how we differ. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "alone.h"
#include "core/base/buf.h"
#include "core/regex/regex.h"
#include "twice.h"

struct fact {
    const char *pattern;
    const char *text;
    bool matches;
};

static void assert_facts(const struct fact *facts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct err_info why = {0};
        struct regex *regex = NULL;
        if (regex_new(str_of(facts[i].pattern), &regex, &why) != ERR_OK)
            fail_msg("%s: %s", facts[i].pattern, why.message);
        if (matches_alone(regex, str_of(facts[i].text)) != facts[i].matches)
            fail_msg("%s: '%s'", facts[i].pattern, facts[i].text);
        regex = regex_unref(regex);
    }
}

static void assert_refused(const char *const *patterns, size_t count, const char *problem)
{
    for (size_t i = 0; i < count; i++) {
        struct err_info why = {0};
        struct regex *regex = NULL;
        if (regex_check(str_of(patterns[i]), &why) != ERR_INVALID)
            fail_msg("%s is taken", patterns[i]);
        assert_string_equal(why.message, problem);
        assert_int_equal(regex_new(str_of(patterns[i]), &regex, NULL), ERR_INVALID);
        assert_null(regex);
    }
}

#define FACTS(facts)               assert_facts(facts, ARRAY_SIZE(facts))
#define REFUSED(patterns, problem) assert_refused(patterns, ARRAY_SIZE(patterns), problem)

static void test_ends_of_the_text(void **state)
{
    (void)state;
    static const struct fact facts[] = {
        {"", "", true},
        {"", "a", false},
        {"a", "a\n", false},
        {"a$", "a\n", false},
        {"a$\n", "a\n", false},
        {"$", "\n", false},
        {"a", "ba", false},
        {"^a$", "a", true},
        {"a\\z", "a", true},
        {"\\Aab\\z", "ab", true},
        {"a|ab", "ab", true},
        {"(?m)a$\n", "a\n", true},
        {"(?m)a\n^", "a\n", true},
        {"(?m)(?:^a\n?)*", "a\naa", false},
        {"(a|b)*$", "abab", true},
        {"^*", "", true},
        {"^+a", "a", true},
        {"\\b+a", "a", true},
        {"x\\b", "x", true},
        {"\\By", "y", false},
    };
    FACTS(facts);
}

static void test_characters(void **state)
{
    (void)state;
    static const struct fact facts[] = {
        {".", "\n", false},
        {"(?s).", "\n", true},
        {"(?s-s:.)", "\n", false},
        {"[^a]", "\n", true},
        {".", "\xc3\xa9", true},
        {"..", "\xc3\xa9", false},
        {".", "\xff", false},
        {".*", "a\xff", false},
        {"\\S", "\xffs", false},
        {"[^a]", "\xff", false},
        {"\xc3\xa9+", "\xc3\xa9\xc3\xa9", true},
        {"[\xc3\xa9]", "\xc3\xa9", true},
        {"[a-\\x{e9}]", "\xc3\xa9", true},
        {"\\xe9", "\xc3\xa9", true},
        {"\\x41", "A", true},
        {"\\x{00000000000041}", "A", true},
        {"\\x{10FFFF}?", "", true},
        {"\\a\\f\\n\\r\\t\\v", "\a\f\n\r\t\v", true},
        {"\\12", "\n", true},
        {"\\77", "?", true},
        {"\\00101",
         "\x01"
         "01",
         true},
        {"\\-\\_\\ \\/\\.", "-_ /.", true},
        {"#x y", "#x y", true},
    };
    FACTS(facts);
}

static void test_letter_case(void **state)
{
    (void)state;
    static const struct fact facts[] = {
        {"a", "A", false},
        {"(?i)a", "A", true},
        {"(?i:a|b)", "B", true},
        {"(?i:a)b", "AB", false},
        {"((?i)a)b", "Ab", true},
        {"a(?i)b|c", "C", true},
        {"(?i-i)a", "A", false},
        {"(?i-s:a)", "A", true},
        {"(?ii)a", "A", true},
        {"(?i)[^a]", "A", false},
        {"(?i)k", "\xe2\x84\xaa", true},
        {"(?i)\\Qa.B\\E", "A.b", true},
    };
    FACTS(facts);
}

static void test_sets(void **state)
{
    (void)state;
    static const struct fact facts[] = {
        {"\\s", " ", true},
        {"\\s", "\v", false},
        {"\\S", "\v", true},
        {"[\\s]", "\v", false},
        {"[\\S]", "\v", true},
        {"[^\\S]", "\v", false},
        {"[[:space:]]", "\v", true},
        {"\\w", "\xc3\xa9", false},
        {"\\D", "\xc3\xa9", true},
        {"\\d", "\xd9\xa1", false},
        {"\\pN", "\xd9\xa1", true},
        {"\\pL", "\xc3\xa9", true},
        {"\\p{^L}", "1", true},
        {"\\P{^L}", "a", true},
        {"\\p{Greek}", "\xce\xb1", true},
        {"\\p{Greek}", "a", false},
        {"\\p{^Greek}", "a", true},
        {"[^\\PL]", "a", true},
        {"\\p{Any}", "a", true},
        {"\\pC", "\xcd\xb8", false}, /* U+0378 is assigned to nothing */
        {"[^\\PC]", "\x01", true},
        {"[[:alpha:]]", "\xc3\xa9", false},
        {"[[:^alpha:]]", "1", true},
        {"[[:word:]-]", "-", true},
        {"[^[:^alpha:]]", "a", true},
        {"[]a]", "]", true},
        {"[^]a]", "b", true},
        {"[a\\]]", "]", true},
        {"[[]", "[", true},
        {"[[:]", ":", true},
        {"[[.x.]", "x", true},
        {"[[.x.]]", "x", false},
        {"[a-]", "-", true},
        {"[-a]", "-", true},
        {"[a-b-c]", "-", true},
        {"[--/]", ".", true},
        {"[\\d-z]", "-", true},
        {"[\\d-z]", "x", false},
        {"[a&&b]", "&", true},
        {"[\\^a]", "^", true},
        {"[\\n-a]", "A", true},
        {"[\\v\\12]", "\n", true},
        {"[^\\x00-\\x{10FFFF}]", "a", false},
    };
    FACTS(facts);
}

static void test_groups(void **state)
{
    (void)state;
    static const struct fact facts[] = {
        {"()", "", true},
        {"(|a)", "a", true},
        {"a||b", "", true},
        {"|", "", true},
        {"(?:)", "", true},
        {"(?)", "", true},
        {"(?U)a*", "aaa", true},
        {"(?-U:a)", "a", true},
        {"(?P<n>a)(?P<n>b)", "ab", true},
        {"(?P<1>a)", "a", true},
        {"(?P<a_name_of_more_than_thirty_two_letters>a)", "a", true},
        {"(?P<\xc3\xa9>a)", "a", true},
        {"(?<n>a)", "a", true}, /* of RE2 since 2023 */
        {"\\Qa.b", "a.b", true},
        {"\\Qa\\Eb", "ab", true},
        {"\\Q\\E", "", true},
        {"\\Q(*[\\E/", "(*[/", true},
        {"\\Q\\", "\\", true},
    };
    FACTS(facts);
}

static void test_repetitions(void **state)
{
    (void)state;
    static const struct fact facts[] = {
        {"a*?b+?c??", "b", true},
        {"a{2}?", "aa", true},
        {"a{2,}", "aaa", true},
        {"a{0}", "", true},
        {"(?:x{2}){3}", "xxxxxx", true},
        {"(a{10}){100}", "a", false},
        {"(?:a*){1000}", "", true},
        {"(x{2,}){500}", "x", false},
        {"(?:(?:x{2}){2}y{500}){2}", "x", false},
        {"a{,5}", "a{,5}", true},
        {"a{01}", "a{01}", true},
        {"a{1,2", "a{1,2", true},
        {"a{}", "a{}", true},
        {"x{2}{", "xx{", true},
        {"{", "{", true},
        {"}", "}", true},
        {"]", "]", true},
        {"\\Qab\\E*", "abb", true},
        {"\\Qab\\E+", "aab", false},
        {"a\\Q\\E*", "", true},
        {"ab*", "a", true},
        {"ab?/", "a/", true},
    };
    FACTS(facts);
}

static void test_not_of_re2(void **state)
{
    (void)state;
    static const struct {
        const char *pattern;
        const char *problem;
    } cases[] = {
        {"/(?=a)", "looking ahead, (?=, is not part of it"},
        {"/(?!a)", "looking ahead, (?!, is not part of it"},
        {"/(?<=a)", "looking behind, (?<=, is not part of it"},
        {"/(?<!a)", "looking behind, (?<!, is not part of it"},
        {"/(?>a)", "an atomic group, (?>, is not part of it"},
        {"/(?(1)a)", "a condition, (?(, is not part of it"},
        {"/(?#a)", "a comment, (?#, is not part of it"},
        {"/(?P<a>b)(?P=a)", "a reference back to a group is not part of it"},
        {"/(?P<>a)", "the name of a group is none"},
        {"/(?P<n-m>a)", "the name of a group is none"},
        {"/(?P<n", "the name of a group is none"},
        {"/(a", "a ( has no )"},
        {"(?P<n>", "a ( has no )"},
        {"/a)", "a ) has no ("},
        {"/a{3,2}", "it repeats at least more often than at most"},
        {"\xff", "it is not UTF-8"},
        {"\\C", "a single byte, \\C, is not supported"}, /* RE2 has it */
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_refused(&cases[i].pattern, 1, cases[i].problem);
    static const char *const flags[] = {
        "(?",      "(?s",        "(?P", "(?R)", "(?'n'a)",  "(?-)",    "(?i-)",
        "(?i-:a)", "(?i-s-m:a)", "(?|", "(?x)", "(?--i:a)", "(?^i:a)", "(?C)",
    };
    REFUSED(flags, "what follows on (? is not part of it");
}

static void test_escapes_not_of_re2(void **state)
{
    (void)state;
    static const char *const letters[] = {
        "\\Z",   "\\G",   "\\h",   "\\R",   "\\K",        "\\X",          "\\N",     "\\cA",
        "\\e",   "\\u",   "\\E",   "a\\Eb", "\\k<a>",     "[\\y]",        "[\\b]",   "[\\B]",
        "[\\A]", "[\\z]", "[a\\E", "[\\Q]", "\\\xc3\xa9", "[\\\xc3\xa9]", "[a-\\d]", "\\g1",
    };
    REFUSED(letters, "a letter behind a backslash has no meaning in it");
    static const char *const references[] = {"(a)\\1", "\\8", "\\19", "[\\1]", "\\9a"};
    REFUSED(references, "a reference back to a group is not part of it");
    static const char *const numbers[] = {
        "\\x", "\\x4", "\\x4g", "\\x{}", "\\x{110000}", "\\x{ 41}", "\\x{41", "\\x{99999999999}",
    };
    REFUSED(numbers, "behind \\x stands no character's number");
    static const char *const names[] = {"\\p",          "\\pl",          "\\p{}",   "\\p{greek}",
                                        "\\p{Xan}",     "\\p{L&}",       "\\p{Cn}", "\\p^L",
                                        "\\p{Nothing}", "\\p{sc:Greek}", "\\pE"};
    REFUSED(names, "a name behind \\p is not known to it");
    static const char *const ends[] = {"a\\", "[a\\"};
    REFUSED(ends, "it ends in a backslash");
}

static void test_sets_not_of_re2(void **state)
{
    (void)state;
    static const char *const open[] = {"[]", "[a", "[^]", "[a\\]", "[[:alpha:]", "["};
    REFUSED(open, "a [ has no ]");
    static const char *const backwards[] = {"[z-a]", "[a-\\n]", "[\xc3\xa9-a]"};
    REFUSED(backwards, "a range in [ ] runs backwards");
    static const char *const names[] = {"[[:foo:]]", "[[::]]", "[[:a]b:]"};
    REFUSED(names, "a name in [: :] is not known to it");
}

static void test_repetitions_not_of_re2(void **state)
{
    (void)state;
    static const char *const doubled[] = {
        "a**", "a*??", "a*+", "a++", "a?+", "a{2}{3}", "a{2}*", "a{2}??", "x**{",
    };
    REFUSED(doubled, "a repetition of a repetition (such as ++) is not part of it");
    static const char *const nothing[] = {
        "*", "(*a)", "(?i)*", "a|*", "(?:+)", "\\Q\\E*", "a(?i)*", /* RE2 has the last */
    };
    REFUSED(nothing, "there is nothing before a repetition");
    static const char *const often[] = {"a{1001}", "a{0,1001}", "a{1001,}", "(x{0}){1001}"};
    REFUSED(often, "it repeats more than 1000 times");
    static const char *const nested[] = {"(a{10}){101}", "((x{2,}){501})",
                                         "(?:(?:x{2}){2}y{501}){2}", "(?P<n>(b|a{1000})c){2}"};
    REFUSED(nested, "its counts within counts repeat more than 1000 times");
}

static void repeat(struct buf *buf, const char *text, size_t count)
{
    for (size_t i = 0; i < count; i++)
        buf_append(buf, str_of(text));
}

static void test_bounds(void **state)
{
    (void)state;
    struct err_info why;
    struct buf text;
    buf_init(&text, (size_t)1 << 20);
    repeat(&text, "(", REGEX_DEPTH_MAX);
    repeat(&text, ")", REGEX_DEPTH_MAX);
    assert_int_equal(regex_check(buf_str(&text), &why), ERR_OK);
    buf_clear(&text);
    repeat(&text, "(", REGEX_DEPTH_MAX + 1);
    assert_int_equal(regex_check(buf_str(&text), &why), ERR_INVALID);
    assert_string_equal(why.message, "its groups are nested too deep");
    buf_clear(&text);
    repeat(&text, ".", REGEX_PATTERN_MAX);
    assert_int_equal(regex_check(buf_str(&text), &why), ERR_OK);
    repeat(&text, ".", 1);
    assert_int_equal(regex_check(buf_str(&text), &why), ERR_INVALID);
    assert_string_equal(why.message, "it is longer than 8192 bytes");
    buf_clear(&text);
    /* What grows most in translation. */
    repeat(&text, "[", 1);
    repeat(&text, "\\PC", (REGEX_PATTERN_MAX - 2) / 3);
    repeat(&text, "]", 1);
    assert_int_equal(regex_check(buf_str(&text), &why), ERR_OK);
    assert_int_equal(regex_check(STR("(?:[a-c][\\s-]){1000}"), &why), ERR_INVALID);
    assert_string_equal(why.message, "it is too large");
    buf_deinit(&text);
}

static int run(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ends_of_the_text), cmocka_unit_test(test_characters),
        cmocka_unit_test(test_letter_case),      cmocka_unit_test(test_sets),
        cmocka_unit_test(test_groups),           cmocka_unit_test(test_repetitions),
        cmocka_unit_test(test_not_of_re2),       cmocka_unit_test(test_escapes_not_of_re2),
        cmocka_unit_test(test_sets_not_of_re2),  cmocka_unit_test(test_repetitions_not_of_re2),
        cmocka_unit_test(test_bounds),
    };
    return cmocka_run_group_tests_name("core/regex/re2", tests, NULL, NULL);
}

int main(void)
{
    return run_twice(run);
}
