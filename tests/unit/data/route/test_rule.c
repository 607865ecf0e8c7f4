/* Which of several rules answers: each line of the model's order, and the fall through it. */
#include "make.h"

static const struct model_criterion fields[] = {
    {STR_INIT("x-a"), MODEL_VALUE_PRESENT, STR_INIT("")},
    {STR_INIT("x-b"), MODEL_VALUE_EXACT, STR_INIT("1")},
    {STR_INIT("x-c"), MODEL_VALUE_REGEX, STR_INIT("[0-9]")},
    {STR_INIT("x-d"), MODEL_VALUE_ABSENT, STR_INIT("")},
};
static const struct model_criterion beginnings[] = {
    {STR_INIT("x-a"), MODEL_VALUE_PREFIX, STR_INIT("")},
    {STR_INIT("x-b"), MODEL_VALUE_PREFIX, STR_INIT("1")},
};
static const struct model_criterion parameters[] = {
    {STR_INIT("p"), MODEL_VALUE_PRESENT, STR_INIT("")},
    {STR_INIT("q"), MODEL_VALUE_EXACT, STR_INIT("1")},
};

static struct model_rule with(enum model_path_match match, const char *path, const char *method,
                              size_t header_count, size_t query_count)
{
    struct model_rule made = rule(match, path);
    made.method = str_of(method);
    made.headers = fields;
    made.header_count = header_count;
    made.queries = parameters;
    made.query_count = query_count;
    return made;
}

#define ALL "x-a: 1\r\nx-b: 1\r\nx-c: 1\r\n"

static void assert_winner(const struct model_rule *rules, size_t count, const char *line,
                          size_t expected)
{
    const struct route_table *table = table_of(rules, count);
    size_t found = winner(table, line, ALL);
    if (found != expected)
        fail_msg("%s: %zu", line, found);
    (void)route_table_unref(table);
}

#define WINNER(rules, line, expected) assert_winner(rules, ARRAY_SIZE(rules), line, expected)

static void test_exact_before_prefix_before_regex(void **state)
{
    (void)state;
    const struct model_rule rules[] = {
        with(MODEL_PATH_REGEX, "/a/b|much longer", "GET", 4, 2),
        with(MODEL_PATH_PREFIX, "/a", "GET", 4, 2),
        with(MODEL_PATH_EXACT, "/a/b", "", 0, 0),
    };
    WINNER(rules, "GET /a/b?p&q=1", 2);
    WINNER(rules, "GET /a/c?p&q=1", 1);
    const struct model_rule fewer[] = {rules[0], rules[1]};
    WINNER(fewer, "GET /a/b?p&q=1", 1);
}

static void test_longer_path(void **state)
{
    (void)state;
    const struct model_rule rules[] = {
        with(MODEL_PATH_PREFIX, "/", "GET", 4, 2),    with(MODEL_PATH_PREFIX, "/a", "GET", 4, 2),
        with(MODEL_PATH_PREFIX, "/a/b", "", 0, 0),    with(MODEL_PATH_REGEX, "/c/.", "GET", 4, 2),
        with(MODEL_PATH_REGEX, "/c/[a-z]", "", 0, 0),
    };
    WINNER(rules, "GET /a/b/c?p&q=1", 2);
    WINNER(rules, "GET /a/c?p&q=1", 1);
    WINNER(rules, "GET /d?p&q=1", 0);
    WINNER(rules, "POST /c/d?p&q=1", 4);
    WINNER(rules, "POST /c/1?p&q=1", SIZE_MAX);
}

static void test_method_before_headers(void **state)
{
    (void)state;
    const struct model_rule rules[] = {with(MODEL_PATH_PREFIX, "/a", "", 4, 2),
                                       with(MODEL_PATH_PREFIX, "/a", "GET", 0, 0)};
    WINNER(rules, "GET /a/b?p&q=1", 1);
    WINNER(rules, "GET /a?p&q=1", 1);
    WINNER(rules, "POST /a/b?p&q=1", 0);
}

static void test_more_headers(void **state)
{
    (void)state;
    const struct model_rule rules[] = {
        with(MODEL_PATH_EXACT, "/a", "", 1, 2), with(MODEL_PATH_EXACT, "/a", "", 3, 0),
        with(MODEL_PATH_EXACT, "/a", "", 2, 2), with(MODEL_PATH_EXACT, "/a", "", 4, 0)};
    WINNER(rules, "GET /a?p&q=1", 3);
    const struct model_rule fewer[] = {rules[0], rules[1], rules[2]};
    WINNER(fewer, "GET /a?p&q=1", 1);
}

static void test_beginnings_of_headers_do_not_count(void **state)
{
    (void)state;
    struct model_rule rules[] = {with(MODEL_PATH_EXACT, "/a", "", 0, 0),
                                 with(MODEL_PATH_EXACT, "/a", "", 0, 1)};
    rules[0].headers = beginnings;
    rules[0].header_count = ARRAY_SIZE(beginnings);
    WINNER(rules, "GET /a?p&q=1", 1);
    WINNER(rules, "GET /a", 0);
}

static void test_more_parameters(void **state)
{
    (void)state;
    const struct model_rule rules[] = {with(MODEL_PATH_PREFIX, "/a", "", 1, 1),
                                       with(MODEL_PATH_PREFIX, "/a", "", 1, 2)};
    WINNER(rules, "GET /a/?p&q=1", 1);
    WINNER(rules, "GET /a/?p&q=2", 0);
}

static void test_first_of_equals(void **state)
{
    (void)state;
    const struct model_rule rules[] = {
        with(MODEL_PATH_EXACT, "/a", "GET", 0, 1), with(MODEL_PATH_EXACT, "/a", "GET", 0, 1),
        with(MODEL_PATH_REGEX, "/[b]", "", 0, 0),  with(MODEL_PATH_REGEX, "/b+?", "GET", 4, 2),
        with(MODEL_PATH_REGEX, "/[^c]", "", 0, 0),
    };
    WINNER(rules, "GET /a?p", 0);
    /* Expressions of one length are equal, whatever else they ask for; a longer one is not. */
    const struct model_rule regexes[] = {rules[2], rules[3]};
    WINNER(regexes, "GET /b?p&q=1", 0);
    WINNER(rules, "GET /b?p&q=1", 4);
}

static void test_prefix_itself_is_exact(void **state)
{
    (void)state;
    /* Of two rules for "/a" the one that asks for more, though one is a prefix. */
    const struct model_rule rules[] = {
        with(MODEL_PATH_PREFIX, "/a", "", 0, 0),
        with(MODEL_PATH_PREFIX, "/a", "POST", 0, 0),
        with(MODEL_PATH_PREFIX, "/", "GET", 4, 2),
    };
    WINNER(rules, "GET /a?p&q=1", 0);
    WINNER(rules, "POST /a?p&q=1", 1);
    WINNER(rules, "GET /a/?p&q=1", 0);
    WINNER(rules, "GET /ab?p&q=1", 2);
}

static void test_prefix_itself_is_left_to_exact(void **state)
{
    (void)state;
    const struct model_rule rules[] = {
        with(MODEL_PATH_PREFIX, "/a/b", "", 0, 0),
        with(MODEL_PATH_EXACT, "/a/b", "POST", 0, 0),
        with(MODEL_PATH_PREFIX, "/a", "", 0, 0),
    };
    WINNER(rules, "POST /a/b", 1);
    WINNER(rules, "GET /a/b", 2);
    WINNER(rules, "GET /a/b/", 0);
    const struct model_rule alone[] = {rules[0], rules[1]};
    WINNER(alone, "GET /a/b", SIZE_MAX);
    /* "/" has no shorter one to leave it to. */
    const struct model_rule root[] = {with(MODEL_PATH_PREFIX, "/", "", 0, 0),
                                      with(MODEL_PATH_EXACT, "/", "POST", 0, 0)};
    WINNER(root, "POST /", 1);
    WINNER(root, "GET /", 0);
}

static void test_falls_through_to_all_that_match(void **state)
{
    (void)state;
    const struct model_rule rules[] = {
        with(MODEL_PATH_EXACT, "/a/b/c", "PUT", 0, 0),
        with(MODEL_PATH_PREFIX, "/a/b/c", "POST", 0, 0),
        with(MODEL_PATH_PREFIX, "/a/b", "DELETE", 0, 0),
        with(MODEL_PATH_PREFIX, "/a", "PATCH", 0, 0),
        with(MODEL_PATH_PREFIX, "/", "GET", 0, 0),
        with(MODEL_PATH_REGEX, "/a.*c", "HEAD", 0, 0),
        with(MODEL_PATH_REGEX, "/.*", "", 0, 0),
    };
    static const struct {
        const char *line;
        size_t expected;
    } cases[] = {
        {"PUT /a/b/c", 0},     {"POST /a/b/c", 6},  {"POST /a/b/c/", 1}, {"DELETE /a/b/c", 2},
        {"PATCH /a/b/c", 3},   {"GET /a/b/c", 4},   {"HEAD /a/b/c", 5},  {"OPTIONS /a/b/c", 6},
        {"DELETE /a/b/c/", 2}, {"HEAD /a/b/cd", 6},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        WINNER(rules, cases[i].line, cases[i].expected);
}

/* Thousands on one path are put into order, and the last is reached. */
static void test_many_of_one_path(void **state)
{
    (void)state;
    enum { COUNT = 10000 };
    struct model_rule *rules = MEM_NEW_ARRAY(struct model_rule, COUNT);
    for (size_t i = 0; i < COUNT; i++)
        rules[i] = with(i % 3 == 0 ? MODEL_PATH_REGEX : MODEL_PATH_PREFIX, "/a",
                        i == COUNT / 2 ? "GET" : "PUT", i % 4, i % 2);
    const struct route_table *table = table_of(rules, COUNT);
    assert_int_equal(winner(table, "GET /a?p", ALL), COUNT / 2);
    assert_int_equal(winner(table, "PUT /a?p", ALL), 7);
    assert_int_equal(winner(table, "PUT /a", ALL), 2);
    assert_int_equal(winner(table, "POST /a", ALL), SIZE_MAX);
    (void)route_table_unref(table);
    mem_free(rules);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_exact_before_prefix_before_regex, teardown),
        cmocka_unit_test_teardown(test_longer_path, teardown),
        cmocka_unit_test_teardown(test_method_before_headers, teardown),
        cmocka_unit_test_teardown(test_more_headers, teardown),
        cmocka_unit_test_teardown(test_beginnings_of_headers_do_not_count, teardown),
        cmocka_unit_test_teardown(test_more_parameters, teardown),
        cmocka_unit_test_teardown(test_first_of_equals, teardown),
        cmocka_unit_test_teardown(test_prefix_itself_is_exact, teardown),
        cmocka_unit_test_teardown(test_prefix_itself_is_left_to_exact, teardown),
        cmocka_unit_test_teardown(test_falls_through_to_all_that_match, teardown),
        cmocka_unit_test_teardown(test_many_of_one_path, teardown),
    };
    return cmocka_run_group_tests_name("data/route rule", tests, NULL, NULL);
}
