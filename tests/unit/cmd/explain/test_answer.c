/* Every outcome, and that for random requests the rule that is told is the rule that answers. */
#include "story.h"

#include "core/base/random.h"

static const struct part parts[] = {{"a.test", "a.test"}, {"*.b.test", "*.b.test"}};

static void outcomes(void **state)
{
    (void)state;
    static const struct {
        const char *method;
        const char *url;
        const char *host;
        enum model_protocol protocol;
        enum explain_outcome outcome;
        uint16_t status;
    } cases[] = {
        {"GET", "http://a.test/x", NULL, MODEL_HTTP, EXPLAIN_RESPONDED, 200},
        {"GET", "http://a.test/r", NULL, MODEL_HTTP, EXPLAIN_REDIRECTED, 302},
        {"GET", "http://a.test/x%2Fy", NULL, MODEL_HTTP, EXPLAIN_PLAINER, 307},
        {"GET", "http://a.test:81/x", NULL, MODEL_HTTP, EXPLAIN_NO_LISTENER, 0},
        {"GET", "https://a.test:80/x", NULL, MODEL_HTTP, EXPLAIN_WRONG_PROTOCOL, 0},
        {"GET", "http://a.test/x", NULL, MODEL_HTTPS, EXPLAIN_WRONG_PROTOCOL, 0},
        {"GET", "https://c.test:80/x", NULL, MODEL_HTTPS, EXPLAIN_NO_CHAIN, 0},
        {"GET", "https://a.test:80/x", "x.b.test", MODEL_HTTPS, EXPLAIN_MISDIRECTED, 421},
        {"GET", "https://y.b.test:80/x", "x.b.test", MODEL_HTTPS, EXPLAIN_RESPONDED, 200},
        {"GET", "http://c.test/x", NULL, MODEL_HTTP, EXPLAIN_NO_HOST, 404},
        {"GET", "http://a.test/y", NULL, MODEL_HTTP, EXPLAIN_NO_RULE, 404},
        {"OPTIONS", "http://a.test/*", NULL, MODEL_HTTP, EXPLAIN_NO_RULE, 404},
        {"GET", "http://a.test/x", "b c", MODEL_HTTP, EXPLAIN_REFUSED, 400},
    };
    struct model_rule rules[] = {rule(MODEL_PATH_PREFIX, "/x"), rule(MODEL_PATH_EXACT, "/r")};
    rules[1].action = MODEL_REDIRECT;
    rules[1].redirect = (struct model_redirect){.status = 302};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        /* A plain listener has one chain for all. */
        struct part plain[] = {{"*", "a.test"}, {"*", "*.b.test"}};
        bool is_plain = cases[i].protocol == MODEL_HTTP;
        CLEANUP(arena_free) struct arena *arena = arena_new(1024);
        const struct model_snapshot *snapshot = snapshot_make(
            cases[i].protocol, is_plain ? plain : parts, 2, rules, ARRAY_SIZE(rules));
        struct str field = STR_EMPTY;
        if (cases[i].host != NULL)
            field = str_format(arena, "host: %s", cases[i].host);
        struct explain_request request = question(arena, cases[i].method, cases[i].url, &field,
                                                  cases[i].host != NULL);
        struct explain_answer answer = answer_of(arena, snapshot, &request);
        assert_int_equal(answer.outcome, cases[i].outcome);
        assert_int_equal(answer.status, cases[i].status);
        assert_int_equal(explain_is_taken(&answer), cases[i].outcome <= EXPLAIN_PLAINER);
        bool is_said = cases[i].outcome != EXPLAIN_REDIRECTED;
        assert_int_equal(answer.why.size > 0, is_said);
        (void)model_snapshot_unref(snapshot);
    }
}

static void what_is_near_is_told(void **state)
{
    (void)state;
    CLEANUP(arena_free) struct arena *arena = arena_new(1024);
    struct part hosts[] = {{"*", "a.test"}, {"*", "*.b.test"}};
    const struct model_rule rules[] = {rule(MODEL_PATH_PREFIX, "/x")};
    const struct model_snapshot *snapshot = snapshot_make(MODEL_HTTP, hosts, 2, rules, 1);
    struct explain_request request = question(arena, "GET", "http://c.test/x/y", NULL, 0);
    struct explain_answer answer = answer_of(arena, snapshot, &request);
    assert_int_equal(answer.host_count, 2);
    assert_int_equal(answer.alternative_count, 2);
    assert_true(str_equal(answer.alternatives[0].host, STR("*.b.test")));
    assert_true(str_equal(answer.alternatives[1].host, STR("a.test")));
    request = question(arena, "GET", "http://a.test:81/x/y", NULL, 0);
    answer = answer_of(arena, snapshot, &request);
    assert_int_equal(answer.alternative_count, 1);
    assert_int_equal(answer.alternatives[0].listener->port, 80);
    request = question(arena, "GET", "http://a.test/z", NULL, 0);
    answer = answer_of(arena, snapshot, &request);
    assert_int_equal(answer.alternative_count, 0);
    assert_int_equal(answer.candidate_count, 1);
    assert_int_equal(answer.candidates[0].fate, ROUTE_OTHER_PATH);
    (void)model_snapshot_unref(snapshot);
}

/* Of rules for other paths the nearest are told, in their order. */
static void the_nearest_of_many_rules(void **state)
{
    (void)state;
    CLEANUP(arena_free) struct arena *arena = arena_new(1024);
    struct part host = {"*", "*"};
    const char *const paths[] = {"/c", "/a", "/abd", "/abc", "/b", "/ab", "/d", "/abcd"};
    struct model_rule rules[ARRAY_SIZE(paths)];
    for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
        rules[i] = rule(MODEL_PATH_EXACT, paths[i]);
    const struct model_snapshot *snapshot = snapshot_make(MODEL_HTTP, &host, 1, rules,
                                                          ARRAY_SIZE(rules));
    struct explain_request request = question(arena, "GET", "http://a.test/abce", NULL, 0);
    struct explain_answer answer = answer_of(arena, snapshot, &request);
    const char *const nearest[] = {"/abc", "/abcd", "/abd", "/ab", "/a"};
    assert_int_equal(answer.candidate_count, ARRAY_SIZE(nearest));
    for (size_t i = 0; i < ARRAY_SIZE(nearest); i++)
        assert_true(str_equal(answer.candidates[i].rule->path, str_of(nearest[i])));
    assert_int_equal(answer.omitted_count, ARRAY_SIZE(paths) - ARRAY_SIZE(nearest));
    (void)model_snapshot_unref(snapshot);
}

static void several_gateways_have_the_port(void **state)
{
    (void)state;
    CLEANUP(arena_free) struct arena *arena = arena_new(1024);
    struct part host = {"*", "*"};
    const struct model_rule rules[] = {rule(MODEL_PATH_PREFIX, "/")};
    const struct model_snapshot *snapshot = snapshot_make(MODEL_HTTP, &host, 1, rules, 1);
    const struct explain_place places[] = {{STR("m"), STR("one"), STR_EMPTY, snapshot, NULL, 0},
                                           {STR("n"), STR("two"), STR_EMPTY, snapshot, NULL, 0},
                                           {STR("n"), STR("three"), STR_EMPTY, snapshot, NULL, 0}};
    struct explain_scope scope = {.places = places, .count = 3};
    struct explain_request request = question(arena, "GET", "http://a.test/", NULL, 0);
    struct explain_answer answer;
    assert_int_equal(explain_answer(arena, &request, &scope, &answer, NULL), ERR_OK);
    assert_int_equal(answer.outcome, EXPLAIN_AMBIGUOUS);
    assert_true(str_equal(answer.remedy, STR("choose one with --gateway: m/g, n/g")));
    scope.gateway = STR("g");
    assert_int_equal(explain_answer(arena, &request, &scope, &answer, NULL), ERR_OK);
    assert_int_equal(answer.outcome, EXPLAIN_AMBIGUOUS);
    scope.gateway = STR("n/g");
    assert_int_equal(explain_answer(arena, &request, &scope, &answer, NULL), ERR_OK);
    assert_int_equal(answer.outcome, EXPLAIN_RESPONDED);
    assert_true(str_equal(answer.place->dataplane, STR("two")));
    assert_int_equal(answer.same_count, 2);
    scope.gateway = STR("x");
    assert_int_equal(explain_answer(arena, &request, &scope, &answer, NULL), ERR_OK);
    assert_int_equal(answer.outcome, EXPLAIN_NO_LISTENER);
    assert_true(str_equal(answer.why, STR("no MeshGateway x has a listener that is served")));
    (void)model_snapshot_unref(snapshot);
}

/* TCP is the port's; of TLS the most exact host name chooses. */
static void what_is_not_served_says_who_would_take_it(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        size_t takers;
        const char *first;
        bool has_more;
    } cases[] = {
        {"http://a.test:5432/", 3, "MeshTCPRoute one", true},
        {"https://a.test:8443/", 1, "MeshGatewayRoute two", false},
        {"https://y.b.test:8443/", 1, "MeshTCPRoute one", false},
        {"https://x.B.test:8443/", 0, NULL, false},
    };
    struct part host = {"*", "*"};
    const struct model_rule rules[] = {rule(MODEL_PATH_PREFIX, "/")};
    const struct model_snapshot *snapshot = snapshot_make(MODEL_HTTP, &host, 1, rules, 1);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(arena_free) struct arena *arena = arena_new(1024);
        struct explain_request request = question(arena, "GET", cases[i].url, NULL, 0);
        struct explain_answer answer = answer_of(arena, snapshot, &request);
        assert_int_equal(answer.outcome, EXPLAIN_NOT_SERVED);
        assert_false(explain_is_taken(&answer));
        assert_int_equal(answer.taker_count, cases[i].takers);
        assert_true(answer.has_more_takers == cases[i].has_more);
        assert_true((answer.remedy.size > 0) == (cases[i].takers == 0));
        if (cases[i].first != NULL)
            assert_true(str_equal(answer.takers[0], str_of(cases[i].first)));
    }
    (void)model_snapshot_unref(snapshot);
}

/* ---- Chance ---- */

#define RULES_MAX 16

static struct random chance = {{11, 12, 13, 14}};

static const char *const methods[] = {"", "", "GET", "PUT"};
static const char *const paths[] = {"/", "/a", "/a/b", "/ab", "/a/b/c", "/b"};
static const struct model_criterion asks[] = {
    {STR_INIT("x-a"), MODEL_VALUE_EXACT, STR_INIT("1")},
    {STR_INIT("x-a"), MODEL_VALUE_PRESENT, STR_INIT("")},
    {STR_INIT("x-a"), MODEL_VALUE_ABSENT, STR_INIT("")},
    {STR_INIT("x-a"), MODEL_VALUE_REGEX, STR_INIT("[12]")},
};

static size_t draw(size_t count)
{
    return (size_t)random_below(&chance, count);
}

static size_t draw_rules(struct model_rule rules[RULES_MAX])
{
    size_t count = draw(RULES_MAX + 1);
    for (size_t i = 0; i < count; i++) {
        const char *path = paths[draw(ARRAY_SIZE(paths))];
        rules[i] = rule(draw(2) == 0 ? MODEL_PATH_EXACT : MODEL_PATH_PREFIX, path);
        if (draw(8) == 0)
            rules[i] = rule(MODEL_PATH_REGEX, "/a.*");
        rules[i].method = str_of(methods[draw(ARRAY_SIZE(methods))]);
        rules[i].headers = &asks[draw(ARRAY_SIZE(asks))];
        rules[i].header_count = draw(2);
    }
    return count;
}

/* The answer's rule is that of route_find, and every other rule is told or counted. */
static void it_agrees_with_the_matcher(void **state)
{
    (void)state;
    struct part hosts[] = {{"*", "a.test"}, {"*", "*.test"}, {"*", "*"}};
    size_t found = 0;
    for (size_t round = 0; round < 2000; round++) {
        CLEANUP(arena_free) struct arena *arena = arena_new(1024);
        struct model_rule rules[RULES_MAX];
        size_t count = draw_rules(rules);
        const struct model_snapshot *snapshot = snapshot_make(MODEL_HTTP, hosts, 1 + draw(3), rules,
                                                              count);
        const struct route_table *table = table_make(snapshot, NULL);
        struct str field = draw(2) == 0 ? STR("x-a: 1") : STR("x-a: 3");
        struct explain_request request = question(arena, methods[2 + draw(2)],
                                                  str_format(arena, "http://%s.test%s",
                                                             draw(2) == 0 ? "a" : "b",
                                                             paths[draw(ARRAY_SIZE(paths))])
                                                      .data,
                                                  &field, draw(2));
        struct explain_answer answer = answer_of(arena, snapshot, &request);
        const struct route_request asked = {&request.head, request.head.path, arena};
        struct route_match match = route_find(route_chain_find(table, STR_EMPTY), &asked);
        bool is_found = match.outcome == ROUTE_FOUND;
        assert_int_equal(answer.outcome == EXPLAIN_RESPONDED, is_found);
        assert_ptr_equal(answer.rule, match.rule);
        if (answer.host != NULL)
            assert_int_equal(answer.candidate_count + answer.omitted_count + is_found, count);
        found += is_found;
        (void)route_table_unref(table);
        (void)model_snapshot_unref(snapshot);
    }
    assert_in_range(found, 500, 1500); /* both happen */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(outcomes),
        cmocka_unit_test(what_is_near_is_told),
        cmocka_unit_test(the_nearest_of_many_rules),
        cmocka_unit_test(several_gateways_have_the_port),
        cmocka_unit_test(what_is_not_served_says_who_would_take_it),
        cmocka_unit_test(it_agrees_with_the_matcher),
    };
    return cmocka_run_group_tests(tests, NULL, teardown);
}
