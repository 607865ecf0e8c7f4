/* Building: expressions that are none, and those that are shared. */
#include "make.h"

#include "data/route/host.h"

static const struct model_criterion fields[] = {
    {STR_INIT("x-a"), MODEL_VALUE_REGEX, STR_INIT("/a.*")},
    {STR_INIT("x-b"), MODEL_VALUE_REGEX, STR_INIT("b+")},
};
static const struct model_criterion broken[] = {
    {STR_INIT("x-a"), MODEL_VALUE_REGEX, STR_INIT("(?=a)")},
};

static enum err host_build(const struct model_rule *rules, size_t count,
                           const struct route_host *previous, struct route_host **ret_host,
                           struct err_info *reterr)
{
    const struct part part = {"*", "*"};
    const struct model_snapshot *snapshot = snapshot_make(MODEL_HTTP, &part, 1, rules, count);
    const struct model_resource *resource = model_snapshot_find(snapshot, MODEL_VIRTUAL_HOST,
                                                                STR("*/*"));
    enum err code = route__host_new(resource, snapshot, previous, ret_host, reterr);
    (void)model_snapshot_unref(snapshot);
    return code;
}

static void test_expressions_are_compiled_once(void **state)
{
    (void)state;
    struct model_rule rules[] = {rule(MODEL_PATH_REGEX, "/a.*"), rule(MODEL_PATH_REGEX, "/a.*"),
                                 rule(MODEL_PATH_PREFIX, "/")};
    rules[2].headers = fields;
    rules[2].header_count = ARRAY_SIZE(fields);
    struct route_host *first = NULL;
    assert_int_equal(host_build(rules, 3, NULL, &first, NULL), ERR_OK);
    assert_int_equal(map_count(first->regexes), 2);
    assert_ptr_equal(first->rules[0].path_regex, first->rules[1].path_regex);
    assert_ptr_equal(first->rules[0].path_regex, first->rules[2].checks[0].regex);

    /* A changed host takes over what it still has, and outlives the first. */
    rules[0] = rule(MODEL_PATH_REGEX, "/c");
    struct route_host *second = NULL;
    assert_int_equal(host_build(rules, 3, first, &second, NULL), ERR_OK);
    assert_int_equal(map_count(second->regexes), 3);
    assert_ptr_equal(second->rules[1].path_regex, first->rules[0].path_regex);
    assert_ptr_equal(second->rules[2].checks[1].regex, first->rules[2].checks[1].regex);
    assert_null(route__host_unref(first));
    struct regex_budget budget = {.bytes = REGEX_BUDGET};
    assert_true(regex_matches(second->rules[1].path_regex, STR("/ab"), &budget));
    assert_null(route__host_unref(second));
}

static void test_names_are_asked_for_once(void **state)
{
    (void)state;
    struct model_rule rules[] = {rule(MODEL_PATH_PREFIX, "/"), rule(MODEL_PATH_PREFIX, "/")};
    for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
        rules[i].headers = fields;
        rules[i].header_count = 2;
        rules[i].queries = fields;
        rules[i].query_count = 1;
    }
    struct route_host *host = NULL;
    assert_int_equal(host_build(rules, 2, NULL, &host, NULL), ERR_OK);
    assert_int_equal(host->questions.count, 3);
    assert_ptr_equal(host->rules[0].checks[1].question, host->rules[1].checks[1].question);
    assert_null(route__host_unref(host));
}

static void assert_refused(const struct model_rule *rules, size_t count, const char *message)
{
    struct route_host *host = NULL;
    struct err_info why = {0};
    assert_int_equal(host_build(rules, count, NULL, &host, &why), ERR_INVALID);
    assert_string_equal(why.message, message);
    assert_int_equal(host_build(rules, count, NULL, &host, NULL), ERR_INVALID);
    assert_null(host);
}

static void test_no_expression(void **state)
{
    (void)state;
    struct model_rule rules[] = {rule(MODEL_PATH_REGEX, "/a.*"), rule(MODEL_PATH_REGEX, "/a(")};
    rules[1].index = 7;
    assert_refused(rules, 2,
                   "rule 7 of route r: /a( is no regular expression of RE2: a ( has no )");
    rules[1] = rule(MODEL_PATH_EXACT, "/");
    rules[1].queries = broken;
    rules[1].query_count = 1;
    assert_refused(rules, 2,
                   "rule 0 of route r: (?=a) is no regular expression of RE2: looking ahead, (?=, "
                   "is not part of it");
}

/* What a listener is refused for is said of the listener's table, too. */
static void test_table_is_refused(void **state)
{
    (void)state;
    const struct part part = {"*", "*"};
    const struct model_rule rules[] = {rule(MODEL_PATH_REGEX, "*")};
    const struct model_snapshot *snapshot = snapshot_make(MODEL_HTTP, &part, 1, rules, 1);
    const struct route_table *table = NULL;
    struct err_info why = {0};
    const struct model_resource *listener = model_snapshot_find(snapshot, MODEL_LISTENER, STR("l"));
    assert_int_equal(route_table_new(snapshot, listener, NULL, &table, &why), ERR_INVALID);
    assert_string_equal(why.message, "rule 0 of route r: * is no regular expression of RE2: there "
                                     "is nothing before a repetition");
    assert_null(table);
    (void)model_snapshot_unref(snapshot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_expressions_are_compiled_once, teardown),
        cmocka_unit_test_teardown(test_names_are_asked_for_once, teardown),
        cmocka_unit_test_teardown(test_no_expression, teardown),
        cmocka_unit_test_teardown(test_table_is_refused, teardown),
    };
    return cmocka_run_group_tests_name("data/route build", tests, NULL, NULL);
}
