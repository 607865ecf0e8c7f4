/* What people read. */
#include "story.h"

static const struct model_criterion fields[] = {
    {STR_INIT("x-a"), MODEL_VALUE_EXACT, STR_INIT("1")},
    {STR_INIT("x-b"), MODEL_VALUE_PRESENT, STR_INIT("")},
    {STR_INIT("x-a"), MODEL_VALUE_ABSENT, STR_INIT("")},
    {STR_INIT("x-a"), MODEL_VALUE_PREFIX, STR_INIT("b")},
};
static const struct model_criterion parameters[] = {
    {STR_INIT("p"), MODEL_VALUE_REGEX, STR_INIT("[0-9]+")},
};

static void assert_text(const struct model_rule *rules, size_t count, const char *url,
                        const char *expected)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(1024);
    CLEANUP(buf_deinit) struct buf text;
    struct part hosts[] = {{"*", "a.test"}, {"*", "*.b.test"}};
    const struct model_snapshot *snapshot = snapshot_make(MODEL_HTTP, hosts, 2, rules, count);
    const struct str given = STR("x-a: a");
    struct explain_request request = question(arena, "GET", url, &given, 1);
    struct explain_answer answer = answer_of(arena, snapshot, &request);
    buf_init(&text, EXPLAIN_SIZE_MAX);
    explain_text(&answer, &text);
    buf_append_char(&text, '\0');
    assert_string_equal(text.data, expected);
    (void)model_snapshot_unref(snapshot);
}

static void a_request_that_is_forwarded(void **state)
{
    (void)state;
    static const struct model_header set[] = {{STR_INIT("x-s"), STR_INIT("1")}};
    static const struct model_header add[] = {{STR_INIT("x-t"), STR_INIT("2")}};
    static const struct str removed[] = {STR_INIT("x-r")};
    static const struct model_backend backends[] = {{STR_INIT("web"), 3, 0},
                                                    {STR_INIT("api"), 1, 0}};
    struct model_rule made = rule(MODEL_PATH_PREFIX, "/a");
    made.action = MODEL_FORWARD;
    made.request_headers = (struct model_header_change){set, 1, add, 1, {removed, 1}};
    made.response_headers = (struct model_header_change){set, 1, NULL, 0, {NULL, 0}};
    made.rewrite = (struct model_rewrite){.path = {MODEL_PATH_PREFIX_REPLACED, STR("/new")},
                                          .host = STR("up"),
                                          .host_from_backend = true};
    made.backends = backends;
    made.backend_count = ARRAY_SIZE(backends);
    made.mirror = (struct model_mirror){STR("api"), 12500};
    assert_text(&made, 1, "http://a.test/./a/x?q",
                "request      GET http://a.test/./a/x?q\n"
                "answer       forwarded to /new/x?q\n"
                "gateway      MeshGateway g (mesh m), dataplane dp\n"
                "listener     port 80, HTTP\n"
                "host name    a.test\n"
                "path         /a/x, which is the normal form of /./a/x\n"
                "rule         route r, rule 0: PREFIX /a\n"
                "host becomes up\n"
                "host becomes the back end's own name, where it has one\n"
                "to back end  remove x-r\n"
                "to back end  set x-s: 1\n"
                "to back end  add x-t: 2\n"
                "back end     25% to api, 0 endpoints: 503 while there is none\n"
                "back end     75% to web, 0 endpoints: 503 while there is none\n"
                "mirror       1.25% to api, 0 endpoints: 503 while there is none\n"
                "to client    set x-s: 1\n"
                "other hosts  *.b.test\n");
}

static void one_that_is_not_served_yet(void **state)
{
    (void)state;
    const struct model_rule made = rule(MODEL_PATH_PREFIX, "/a");
    assert_text(&made, 1, "http://a.test:5432/x",
                "request      GET http://a.test:5432/x\n"
                "answer       no answer\n"
                "why          port 5432 of MeshGateway g is for TCP, which is not served yet: a "
                "client cannot connect\n"
                "gateway      MeshGateway g (mesh m), dataplane dp\n"
                "listener     port 5432, TCP\n"
                "would go to  MeshTCPRoute one\n"
                "             MeshGatewayRoute two\n"
                "             MeshGatewayRoute three\n"
                "             and others\n");
}

static void every_fate_has_its_sentence(void **state)
{
    (void)state;
    struct model_rule rules[] = {
        rule(MODEL_PATH_PREFIX, "/a"), rule(MODEL_PATH_EXACT, "/a"), rule(MODEL_PATH_EXACT, "/a"),
        rule(MODEL_PATH_EXACT, "/a"),  rule(MODEL_PATH_EXACT, "/a"), rule(MODEL_PATH_EXACT, "/a"),
        rule(MODEL_PATH_EXACT, "/a"),  rule(MODEL_PATH_REGEX, "/b"),
    };
    for (size_t i = 1; i <= 4; i++) {
        rules[i].headers = &fields[i - 1];
        rules[i].header_count = 1;
    }
    rules[5].queries = parameters;
    rules[5].query_count = 1;
    rules[6].method = STR("PUT");
    for (uint32_t i = 0; i < ARRAY_SIZE(rules); i++)
        rules[i].index = i;
    assert_text(rules, ARRAY_SIZE(rules), "http://a.test/a?p=x",
                "request      GET http://a.test/a?p=x\n"
                "answer       404 Not Found\n"
                "why          no rule of the host name a.test takes it\n"
                "remedy       what each of the nearest asks for stands with it\n"
                "gateway      MeshGateway g (mesh m), dataplane dp\n"
                "listener     port 80, HTTP\n"
                "host name    a.test\n"
                "not taken by route r, rule 6: EXACT /a, method PUT\n"
                "               the method is not PUT\n"
                "             route r, rule 1: EXACT /a, header x-a = \"1\"\n"
                "               header x-a is \"a\", which is not \"1\"\n"
                "             route r, rule 2: EXACT /a, header x-b present\n"
                "               the request has no header x-b\n"
                "             route r, rule 3: EXACT /a, header x-a absent\n"
                "               the request has a header x-a, \"a\"\n"
                "             route r, rule 5: EXACT /a, query p ~ \"[0-9]+\"\n"
                "               query parameter p is \"x\", which is not matched as a whole by "
                "\"[0-9]+\"\n"
                "             route r, rule 4: EXACT /a, header x-a = \"b\"...\n"
                "               header x-a is \"a\", which does not begin with \"b\"\n"
                "             route r, rule 0: PREFIX /a\n"
                "               another rule names /a exactly, and so this prefix leaves it "
                "alone, whatever else that asks for\n"
                "             and 1 rule for other paths\n"
                "other hosts  *.b.test\n");
}

static void an_expression_that_is_given_up(void **state)
{
    (void)state;
    static char url[1024];
    char expected[4096];
    const struct model_rule made = rule(MODEL_PATH_REGEX, "/(a+)+[xy]|/b");
    size_t size = (size_t)snprintf(url, sizeof(url), "http://a.test/");
    memset(url + size, 'a', 900);
    (void)snprintf(expected, sizeof(expected),
                   "request      GET %s\n"
                   "answer       404 Not Found\n"
                   "why          no rule of the host name a.test takes it\n"
                   "remedy       what each of the nearest asks for stands with it\n"
                   "gateway      MeshGateway g (mesh m), dataplane dp\n"
                   "listener     port 80, HTTP\n"
                   "host name    a.test\n"
                   "not taken by route r, rule 0: REGEX /(a+)+[xy]|/b\n"
                   "               the expression \"/(a+)+[xy]|/b\" was given up: it, or all of "
                   "them together, take too many steps for one request\n"
                   "other hosts  *.b.test\n",
                   url);
    assert_text(&made, 1, url, expected);
}

/* Who comes first, and in what. */
static void every_precedence_has_its_reason(void **state)
{
    (void)state;
    static const struct {
        enum model_path_match match;
        const char *path;
        bool has_method;
        bool has_header;
        bool has_query;
        const char *reason;
    } losers[] = {
        {MODEL_PATH_PREFIX, "/", true, true, true, "names the path exactly"},
        {MODEL_PATH_REGEX, "/a/b+", true, true, true, "names the path exactly"},
        {MODEL_PATH_EXACT, "/a/b", false, true, true, "asks for a method"},
        {MODEL_PATH_EXACT, "/a/b", true, false, true, "asks for more headers"},
        {MODEL_PATH_EXACT, "/a/b", true, true, false, "asks for more query parameters"},
        {MODEL_PATH_EXACT, "/a/b", true, true, true, "asks for as much and stands before it"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(losers); i++) {
        struct model_rule rules[] = {rule(MODEL_PATH_EXACT, "/a/b"),
                                     rule(losers[i].match, losers[i].path)};
        static const struct model_criterion asked[] = {
            {STR_INIT("x-a"), MODEL_VALUE_PRESENT, STR_INIT("")}};
        static const struct model_criterion query[] = {
            {STR_INIT("p"), MODEL_VALUE_PRESENT, STR_INIT("")}};
        for (size_t j = 0; j < 2; j++) {
            rules[j].method = j == 0 || losers[i].has_method ? STR("GET") : STR_EMPTY;
            rules[j].headers = asked;
            rules[j].header_count = j == 0 || losers[i].has_header;
            rules[j].queries = query;
            rules[j].query_count = j == 0 || losers[i].has_query;
        }
        CLEANUP(arena_free) struct arena *arena = arena_new(1024);
        struct part host = {"*", "*"};
        const struct str field = STR("x-a: 1");
        const struct model_snapshot *snapshot = snapshot_make(MODEL_HTTP, &host, 1, rules, 2);
        struct explain_request request = question(arena, "GET", "http://h/a/b?p=1", &field, 1);
        struct explain_answer answer = answer_of(arena, snapshot, &request);
        assert_int_equal(answer.candidate_count, 1);
        assert_int_equal(answer.candidates[0].fate, ROUTE_COMES_LATER);
        struct str begin = str_format(arena, "would take it, but route r, rule 0 %s",
                                      losers[i].reason);
        if (!str_starts_with(answer.candidates[0].why, begin))
            fail_msg("%.*s", STR_ARG(answer.candidates[0].why));
        (void)model_snapshot_unref(snapshot);
    }
}

static void paths_that_are_nearly_right(void **state)
{
    (void)state;
    static const struct {
        enum model_path_match match;
        const char *path;
        const char *why;
    } cases[] = {
        {MODEL_PATH_PREFIX, "/ap", "/api/x is not below /ap: a prefix takes whole segments"},
        {MODEL_PATH_EXACT, "/api", "/api/x is more than /api: an exact path takes nothing else"},
        {MODEL_PATH_EXACT, "/z", "the path is /api/x"},
        {MODEL_PATH_REGEX, "/api", "the expression does not take the whole of /api/x"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(arena_free) struct arena *arena = arena_new(1024);
        struct part host = {"*", "*"};
        struct model_rule made = rule(cases[i].match, cases[i].path);
        const struct model_snapshot *snapshot = snapshot_make(MODEL_HTTP, &host, 1, &made, 1);
        struct explain_request request = question(arena, "GET", "http://h/api/x", NULL, 0);
        struct explain_answer answer = answer_of(arena, snapshot, &request);
        assert_int_equal(answer.candidate_count, 1);
        assert_string_equal(answer.candidates[0].why.data, cases[i].why);
        (void)model_snapshot_unref(snapshot);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_that_is_forwarded),
        cmocka_unit_test(one_that_is_not_served_yet),
        cmocka_unit_test(every_fate_has_its_sentence),
        cmocka_unit_test(an_expression_that_is_given_up),
        cmocka_unit_test(every_precedence_has_its_reason),
        cmocka_unit_test(paths_that_are_nearly_right),
    };
    return cmocka_run_group_tests(tests, NULL, teardown);
}
