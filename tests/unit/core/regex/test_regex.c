/* Matching: beginnings, bounds, many threads. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "alone.h"
#include "core/base/buf.h"
#include "core/base/random.h"
#include "core/regex/regex.h"
#include "twice.h"

static struct regex *regex_of(const char *pattern)
{
    struct regex *regex = NULL;
    struct err_info why;
    if (regex_new(str_of(pattern), &regex, &why) != ERR_OK)
        fail_msg("%s: %s", pattern, why.message);
    return regex;
}

static void test_references(void **state)
{
    (void)state;
    struct regex *regex = regex_of("/a.*");
    assert_ptr_equal(regex_ref(regex), regex);
    assert_null(regex_unref(regex));
    assert_true(matches_alone(regex, STR("/ab")));
    assert_null(regex_unref(regex));
    assert_null(regex_unref(NULL));
}

static void test_slices(void **state)
{
    (void)state;
    struct regex *regex = regex_of("a?");
    assert_true(matches_alone(regex, str_make(NULL, 0)));
    assert_true(matches_alone(regex, str_first(STR("ab"), 1)));
    assert_false(matches_alone(regex, str_make("a\0", 2)));
    regex = regex_unref(regex);
}

/* Some of few parts, so that texts are close to matching. */
static struct str some(struct random *random, struct buf *buf, const char *const *parts,
                       size_t count)
{
    buf_clear(buf);
    for (size_t i = (size_t)random_below(random, 7); i > 0; i--)
        buf_append(buf, str_of(parts[random_below(random, count)]));
    return buf_str(buf);
}

/* The same in a group has no beginning that is looked at first. */
static void test_beginning_changes_nothing(void **state)
{
    (void)state;
    static const char *const parts[] = {"a",    "b",    "/", "^",   "\\A", "*",   "?",
                                        "{2}",  "|",    "(", ")",   ".",   "\\Q", "\\E",
                                        "(?i)", "[ab]", "$", "{0}", "{"};
    static const char *const texts[] = {"a", "b", "/", "A", "{"};
    struct random random = {{1, 2, 3, 4}};
    struct buf pattern;
    struct buf grouped;
    struct buf text;
    buf_init(&pattern, 1024);
    buf_init(&grouped, 1024);
    buf_init(&text, 1024);
    size_t matched = 0;
    for (size_t round = 0; round < 20000; round++) {
        struct str plain = some(&random, &pattern, parts, ARRAY_SIZE(parts));
        buf_clear(&grouped);
        buf_printf(&grouped, "(?:%.*s)", STR_ARG(plain));
        struct regex *a = NULL;
        struct regex *b = NULL;
        if (regex_new(plain, &a, NULL) != ERR_OK ||
            regex_new(buf_str(&grouped), &b, NULL) != ERR_OK) {
            a = regex_unref(a); /* an open \Q swallows the end of the group */
            continue;
        }
        for (size_t i = 0; i < 20; i++) {
            struct str wanted = some(&random, &text, texts, ARRAY_SIZE(texts));
            bool matches = matches_alone(a, wanted);
            matched += matches;
            if (matches != matches_alone(b, wanted))
                fail_msg("%.*s: '%.*s'", STR_ARG(plain), STR_ARG(wanted));
        }
        a = regex_unref(a);
        b = regex_unref(b);
    }
    assert_in_range(matched, 5000, SIZE_MAX);
    buf_deinit(&pattern);
    buf_deinit(&grouped);
    buf_deinit(&text);
}

static void test_steps_are_bounded(void **state)
{
    (void)state;
    static const char *const patterns[] = {"(a+)+[xy]", "(?:a|aa)+[xy]", "(.*)*[xy]",
                                           "\\w*\\w*\\w*\\w*[xy]"};
    static char text[60000];
    memset(text, 'a', sizeof(text));
    for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
        struct regex *regex = regex_of(patterns[i]);
        for (size_t size = 60; size <= sizeof(text); size *= 10) {
            uint64_t before = regex_exceeded();
            assert_false(matches_alone(regex, str_make(text, size)));
            assert_int_equal(regex_exceeded(), before + 1);
        }
        regex = regex_unref(regex);
    }
}

/* Many bad expressions together take little more than a few of them, and the good ones behind them
 * do not match any more. */
static void test_a_budget_is_shared(void **state)
{
    (void)state;
    static char text[8000];
    memset(text, 'a', sizeof(text));
    struct regex *bad = regex_of("(a+)+[xy]");
    struct regex *good = regex_of("a*");
    struct regex *other = regex_of("b.*");
    struct regex_budget budget = {.bytes = REGEX_BUDGET};
    uint64_t before = regex_exceeded();
    size_t last = budget.bytes;
    size_t paid = 0;
    for (size_t i = 0; i < 1000; i++) {
        assert_false(regex_matches(bad, str_make(text, sizeof(text)), &budget));
        assert_true(budget.has_failed);
        paid += budget.bytes < last;
        last = budget.bytes;
    }
    assert_in_range(paid, 2, 10);
    assert_int_equal(regex_exceeded(), before + 1000);
    assert_false(regex_matches(good, str_make(text, sizeof(text)), &budget));
    assert_true(budget.has_failed);
    assert_false(regex_matches(other, str_make(text, sizeof(text)), &budget));
    assert_false(budget.has_failed); /* it cannot match, which costs nothing */
    bad = regex_unref(bad);
    good = regex_unref(good);
    other = regex_unref(other);
}

static void test_ordinary_expressions_fit_in_a_budget(void **state)
{
    (void)state;
    static const char *const patterns[] = {"/api/v[0-9]+/users/[^/]+/orders", "(/[a-z0-9]+)*",
                                           "/api/.*\\.(png|jpg)", "/(?:[^/]+/)*orders|/other"};
    struct regex_budget budget = {.bytes = REGEX_BUDGET};
    for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
        struct regex *regex = regex_of(patterns[i]);
        for (size_t j = 0; j < 5000; j++) {
            (void)regex_matches(regex, STR("/api/v12/users/7/orders"),
                                &budget); /* whether or not */
            assert_false(budget.has_failed);
        }
        regex = regex_unref(regex);
    }
}

/* What is written in earnest does not come near the bounds. */
static void test_long_texts(void **state)
{
    (void)state;
    static const char *const patterns[] = {"(/[a-z]+)*", "(?:/a+)*/?",      "/(?:[^/]+/)*a",
                                           "/.*/a",      "(/(a|b|[c-z]))*", "/[a-z/]*"};
    static char text[2048];
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = i % 2 == 0 ? '/' : 'a';
    uint64_t before = regex_exceeded();
    for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
        struct regex *regex = regex_of(patterns[i]);
        assert_true(matches_alone(regex, str_make(text, sizeof(text))));
        regex = regex_unref(regex);
    }
    assert_int_equal(regex_exceeded(), before);
}

static void *match_often(void *arg)
{
    const struct regex *regex = arg;
    size_t wrong = 0;
    for (size_t i = 0; i < 2000; i++) {
        wrong += !matches_alone(regex, STR("/api/v12/users/7/orders"));
        wrong += matches_alone(regex, STR("/api/v12/users/x/orders"));
    }
    return wrong == 0 ? NULL : arg;
}

static void test_threads(void **state)
{
    (void)state;
    struct regex *regex = regex_of("/api/v[0-9]+/users/(?P<id>\\d+)(/.*)?");
    pthread_t threads[4];
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, match_often, regex), 0);
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
        void *result = regex;
        assert_int_equal(pthread_join(threads[i], &result), 0);
        assert_null(result);
    }
    regex = regex_unref(regex);
}

static int run(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_references),
        cmocka_unit_test(test_slices),
        cmocka_unit_test(test_beginning_changes_nothing),
        cmocka_unit_test(test_steps_are_bounded),
        cmocka_unit_test(test_a_budget_is_shared),
        cmocka_unit_test(test_ordinary_expressions_fit_in_a_budget),
        cmocka_unit_test(test_long_texts),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests_name("core/regex", tests, NULL, NULL);
}

int main(void)
{
    return run_twice(run);
}
