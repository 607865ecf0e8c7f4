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
    assert_regex("^/a+?b*?c?(?P<d>e)[[:alpha:]_\\d]{2}$", "");
}

static void what_re2_has_not(void **state)
{
    (void)state;
    assert_regex("/(?=a)", "looking ahead, (?=, is not part of it");
    assert_regex("/a++", "a repetition of a repetition (such as ++) is not part of it");
    assert_regex("/\\p{Nothing}", "a name behind \\p is not known to it");
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
