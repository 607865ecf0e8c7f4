/* What rules ask of method, fields and query, one at a time. */
#include "make.h"

#include "core/regex/regex.h"

static struct model_criterion asks(const char *name, enum model_value_match match,
                                   const char *value)
{
    return (struct model_criterion){str_of(name), match, str_of(value)};
}

static struct model_rule with_header(const struct model_criterion *criterion)
{
    struct model_rule made = rule(MODEL_PATH_PREFIX, "/");
    made.headers = criterion;
    made.header_count = 1;
    return made;
}

static struct model_rule with_query(const struct model_criterion *criterion)
{
    struct model_rule made = rule(MODEL_PATH_PREFIX, "/");
    made.queries = criterion;
    made.query_count = 1;
    return made;
}

static bool takes(const struct model_rule *wanted, const char *line, const char *fields)
{
    const struct route_table *table = table_of(wanted, 1);
    bool found = winner(table, line, fields) == 0;
    (void)route_table_unref(table);
    return found;
}

struct request {
    const char *text; /* fields, or the query */
    bool taken;
};

static void assert_header(struct model_criterion criterion, const struct request *requests)
{
    const struct model_rule wanted = with_header(&criterion);
    for (; requests->text != NULL; requests++) {
        if (takes(&wanted, "GET /", requests->text) != requests->taken)
            fail_msg("%.*s: %s", STR_ARG(criterion.value), requests->text);
    }
}

static void assert_query(struct model_criterion criterion, const struct request *requests)
{
    const struct model_rule wanted = with_query(&criterion);
    for (; requests->text != NULL; requests++) {
        if (takes(&wanted, requests->text, "") != requests->taken)
            fail_msg("%.*s: %s", STR_ARG(criterion.value), requests->text);
    }
}

#define HEADER(name, match, value, ...) \
    assert_header(asks(name, match, value), (const struct request[]){__VA_ARGS__, {NULL, false}})
#define QUERY(name, match, value, ...) \
    assert_query(asks(name, match, value), (const struct request[]){__VA_ARGS__, {NULL, false}})

static void test_method(void **state)
{
    (void)state;
    struct model_rule wanted = rule(MODEL_PATH_PREFIX, "/");
    wanted.method = STR("PUT");
    assert_true(takes(&wanted, "PUT /", ""));
    assert_false(takes(&wanted, "GET /", ""));
    assert_false(takes(&wanted, "PURGE /", ""));
}

static void test_header_values(void **state)
{
    (void)state;
    HEADER("x-a", MODEL_VALUE_EXACT, "b", {"x-a: b\r\n", true}, {"X-A:b \r\n", true},
           {"x-a: B\r\n", false}, {"x-a: bb\r\n", false}, {"x-ab: b\r\n", false}, {"", false});
    HEADER("x-a", MODEL_VALUE_EXACT, "", {"x-a:\r\n", true}, {"", false});
    HEADER("x-a", MODEL_VALUE_PREFIX, "ab", {"x-a: ab\r\n", true}, {"x-a: abc\r\n", true},
           {"x-a: a\r\n", false}, {"x-a: cab\r\n", false}, {"", false});
    HEADER("x-a", MODEL_VALUE_REGEX, "a|b+", {"x-a: a\r\n", true}, {"x-a: bb\r\n", true},
           {"x-a: ab\r\n", false}, {"x-a:\r\n", false}, {"", false});
    HEADER("x-a", MODEL_VALUE_REGEX, ".*", {"x-a:\r\n", true}, {"", false});
    HEADER("x-a", MODEL_VALUE_PRESENT, "", {"x-a: a\r\n", true}, {"x-a:\r\n", true}, {"", false});
    HEADER("x-a", MODEL_VALUE_ABSENT, "", {"x-a: a\r\n", false}, {"x-a:\r\n", false}, {"", true});
}

static void test_repeated_header(void **state)
{
    (void)state;
    HEADER("x-a", MODEL_VALUE_EXACT, "a,b", {"x-a: a\r\nx-b: c\r\nX-A: b\r\n", true},
           {"x-a: a,b\r\n", true}, {"x-a: b\r\nx-a: a\r\n", false}, {"x-a: a, b\r\n", false});
    HEADER("x-a", MODEL_VALUE_EXACT, "a", {"x-a: a\r\nx-a: a\r\n", false},
           {"x-a: a\r\nx-a:\r\n", false});
    HEADER("x-a", MODEL_VALUE_EXACT, ",,", {"x-a:\r\nx-a:\r\nx-a:\r\n", true});
    HEADER("x-a", MODEL_VALUE_PREFIX, "a,", {"x-a: a\r\nx-a: b\r\n", true}, {"x-a: a\r\n", false});
    HEADER("x-a", MODEL_VALUE_REGEX, "(\\w,?){3}", {"x-a: a\r\nx-a: b\r\nx-a: c\r\n", true},
           {"x-a: a\r\nx-a: b\r\n", false});
    HEADER("x-a", MODEL_VALUE_PRESENT, "", {"x-a:\r\nx-a:\r\n", true});
}

/* Names that core/http knows are told apart by their id. */
static void test_known_headers(void **state)
{
    (void)state;
    HEADER("user-agent", MODEL_VALUE_PREFIX, "curl/", {"User-Agent: curl/8\r\n", true},
           {"user-agent: wget\r\n", false}, {"", false});
    HEADER("content-type", MODEL_VALUE_ABSENT, "", {"content-type: a\r\n", false}, {"", true});
}

/* What a client says in them never counts. */
static void test_headers_of_the_gateway(void **state)
{
    (void)state;
    HEADER("x-envoy-internal", MODEL_VALUE_PRESENT, "", {"x-envoy-internal: true\r\n", false});
    HEADER("x-forwarded-client-cert", MODEL_VALUE_ABSENT, "",
           {"x-forwarded-client-cert: a\r\n", true});
    HEADER("x-forwarded-proto", MODEL_VALUE_EXACT, "http", {"x-forwarded-proto: https\r\n", true},
           {"", true});
    HEADER("x-forwarded-proto", MODEL_VALUE_EXACT, "https",
           {"x-forwarded-proto: https\r\n", false});
    const struct model_criterion criterion = asks("x-forwarded-proto", MODEL_VALUE_EXACT, "https");
    const struct model_rule wanted = with_header(&criterion);
    const struct part part = {"h", "h"};
    const struct route_table *table = build(MODEL_HTTPS, &part, 1, &wanted, 1);
    CLEANUP(arena_free) struct arena *arena = arena_new(256);
    struct asked asked;
    const struct route_request *request = ask(&asked, "GET /", "x-forwarded-proto: http\r\n",
                                              arena);
    assert_int_equal(route_find(route_chain_find(table, STR("h")), request).outcome, ROUTE_FOUND);
    (void)route_table_unref(table);
}

static void test_host(void **state)
{
    (void)state;
    HEADER("host", MODEL_VALUE_EXACT, "a.test:8080", {"Host: a.test:8080\r\n", true},
           {"Host: a.test\r\n", false}, {"Host: A.test:8080\r\n", false});
    HEADER("host", MODEL_VALUE_EXACT, "a.test", {"Host: a.test\r\n", true},
           {"Host: a.test:80\r\n", false});
    HEADER("host", MODEL_VALUE_PRESENT, "", {"Host:\r\n", true});
    const struct model_criterion other = asks("host", MODEL_VALUE_EXACT, "b.test:81");
    const struct model_rule wanted = with_header(&other);
    assert_true(takes(&wanted, "GET http://b.test:81/", "Host: a.test\r\n"));
}

static void test_query_values(void **state)
{
    (void)state;
    QUERY("a", MODEL_VALUE_EXACT, "b", {"GET /?a=b", true}, {"GET /?c&a=b&d=e", true},
          {"GET /?a=bb", false}, {"GET /?A=b", false}, {"GET /?aa=b", false}, {"GET /?a", false},
          {"GET /?a=%62", false}, {"GET /?%61=b", false}, {"GET /?", false}, {"GET /", false},
          {"GET /?a=b;c", false}, {"GET /?&&a=b&", true});
    QUERY("a", MODEL_VALUE_EXACT, "", {"GET /?a", true}, {"GET /?a=", true}, {"GET /?b", false});
    QUERY("a", MODEL_VALUE_EXACT, "b=c", {"GET /?a=b=c", true}, {"GET /?a=b", false});
    QUERY("a", MODEL_VALUE_PREFIX, "b", {"GET /?a=bc", true}, {"GET /?a=cb", false});
    QUERY("a", MODEL_VALUE_REGEX, "[0-9]+", {"GET /?a=12", true}, {"GET /?a=1x", false},
          {"GET /?b=12", false}, {"GET /?a", false});
    QUERY("a", MODEL_VALUE_PRESENT, "", {"GET /?a", true}, {"GET /?b&a=c", true},
          {"GET /?b=a", false});
    QUERY("a", MODEL_VALUE_ABSENT, "", {"GET /?a", false}, {"GET /?b", true}, {"GET /", true});
}

static void test_first_parameter_counts(void **state)
{
    (void)state;
    QUERY("a", MODEL_VALUE_EXACT, "b", {"GET /?a=b&a=c", true}, {"GET /?a=c&a=b", false},
          {"GET /?a&a=b", false});
}

/* All are asked for, also two of one name and both kinds of one name. */
static void test_all_of_them(void **state)
{
    (void)state;
    const struct model_criterion headers[] = {asks("x-a", MODEL_VALUE_PREFIX, "a"),
                                              asks("x-a", MODEL_VALUE_REGEX, ".*z"),
                                              asks("x-b", MODEL_VALUE_ABSENT, "")};
    const struct model_criterion queries[] = {asks("x-a", MODEL_VALUE_REGEX, "1.*"),
                                              asks("x-a", MODEL_VALUE_REGEX, ".*2")};
    struct model_rule wanted = rule(MODEL_PATH_REGEX, "/[ab]+");
    wanted.method = STR("POST");
    wanted.headers = headers;
    wanted.header_count = ARRAY_SIZE(headers);
    wanted.queries = queries;
    wanted.query_count = ARRAY_SIZE(queries);
    assert_true(takes(&wanted, "POST /ab?x-a=102", "x-a: abz\r\n"));
    assert_false(takes(&wanted, "POST /abc?x-a=102", "x-a: abz\r\n"));
    assert_false(takes(&wanted, "GET /ab?x-a=102", "x-a: abz\r\n"));
    assert_false(takes(&wanted, "POST /ab?x-a=102", "x-a: ab\r\n"));
    assert_false(takes(&wanted, "POST /ab?x-a=102", "x-a: z\r\n"));
    assert_false(takes(&wanted, "POST /ab?x-a=102", "x-a: abz\r\nx-b:\r\n"));
    assert_false(takes(&wanted, "POST /ab?x-a=10", "x-a: abz\r\n"));
    assert_false(takes(&wanted, "POST /ab?x-a=02", "x-a: abz\r\n"));
}

/* However many parameters there are, the last is found. */
static void test_many_parameters(void **state)
{
    (void)state;
    char line[6000];
    size_t size = (size_t)snprintf(line, sizeof(line), "GET /?");
    for (size_t i = 0; i < 1000; i++)
        size += (size_t)snprintf(line + size, sizeof(line) - size, "%zu&", i); /* short enough */
    (void)snprintf(line + size, sizeof(line) - size, "a=b");
    const struct model_criterion criterion = asks("a", MODEL_VALUE_EXACT, "b");
    const struct model_rule wanted = with_query(&criterion);
    assert_true(takes(&wanted, line, ""));
}

/* Rules whose expressions go back and forth forever, and one that would take the request. */
#define BAD_RULES 300

static size_t winner_of_bad(size_t bad)
{
    static char line[4096];
    struct model_rule rules[BAD_RULES + 1];
    for (size_t i = 0; i < bad; i++)
        rules[i] = rule(MODEL_PATH_REGEX, "/(a+)+[xy]|/b");
    rules[bad] = rule(MODEL_PATH_REGEX, "/[a-z]*");
    size_t size = (size_t)snprintf(line, sizeof(line), "GET /");
    memset(line + size, 'a', sizeof(line) - size - 1);
    const struct route_table *table = table_of(rules, bad + 1);
    size_t found = winner(table, line, "");
    (void)route_table_unref(table);
    return found;
}

/* One is given up by itself; so many use up what a request has. */
static void test_all_expressions_share_a_budget(void **state)
{
    (void)state;
    uint64_t before = regex_exceeded();
    assert_int_equal(winner_of_bad(1), 1);
    assert_int_equal(regex_exceeded(), before + 1);
    assert_int_equal(winner_of_bad(BAD_RULES), SIZE_MAX);
    assert_int_equal(regex_exceeded(), before + 1 + BAD_RULES + 1);
    assert_int_equal(winner_of_bad(1), 1); /* the next request has its own */
}

/* Long texts do not lead past a rule: a request that is too much for those before it, each of which
 * costs little, is not taken by what comes behind. */
#define ORDINARY_RULES 120

static void test_no_text_leads_past_a_rule(void **state)
{
    (void)state;
    static char fields[56 * 1024];
    static const struct model_criterion others[] = {
        {STR_INIT("x-a"), MODEL_VALUE_REGEX, STR_INIT("b+")}};
    static const struct model_criterion guard[] = {
        {STR_INIT("x-a"), MODEL_VALUE_REGEX, STR_INIT("a+")}};
    struct model_rule rules[ORDINARY_RULES + 2];
    for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
        rules[i] = rule(MODEL_PATH_PREFIX, "/");
        rules[i].headers = i < ORDINARY_RULES ? others : guard;
        rules[i].header_count = i <= ORDINARY_RULES;
    }
    const struct route_table *table = table_of(rules, ARRAY_SIZE(rules));
    assert_int_equal(winner(table, "GET /", "X-A: aa\r\n"), ORDINARY_RULES);
    assert_int_equal(winner(table, "GET /", "X-A: ac\r\n"), ORDINARY_RULES + 1);
    size_t size = (size_t)snprintf(fields, sizeof(fields), "X-A: ");
    memset(fields + size, 'a', sizeof(fields) - size - 3);
    memcpy(fields + sizeof(fields) - 3, "\r\n", 3);
    assert_int_equal(winner(table, "GET /", fields), SIZE_MAX);
    (void)route_table_unref(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_method, teardown),
        cmocka_unit_test_teardown(test_header_values, teardown),
        cmocka_unit_test_teardown(test_repeated_header, teardown),
        cmocka_unit_test_teardown(test_known_headers, teardown),
        cmocka_unit_test_teardown(test_headers_of_the_gateway, teardown),
        cmocka_unit_test_teardown(test_host, teardown),
        cmocka_unit_test_teardown(test_query_values, teardown),
        cmocka_unit_test_teardown(test_first_parameter_counts, teardown),
        cmocka_unit_test_teardown(test_all_of_them, teardown),
        cmocka_unit_test_teardown(test_many_parameters, teardown),
        cmocka_unit_test_teardown(test_all_expressions_share_a_budget, teardown),
        cmocka_unit_test_teardown(test_no_text_leads_past_a_rule, teardown),
    };
    return cmocka_run_group_tests_name("data/route criteria", tests, NULL, NULL);
}
