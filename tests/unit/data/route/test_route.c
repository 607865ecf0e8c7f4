/* The matcher: names, paths, chains, weights; compared with a search through everything. */
#include "make.h"

#include "core/base/random.h"
#include "data/route/host.h"

#define RULES_MAX 16384

static const struct part three_hosts[] = {
    {"*", "foo.example.com"}, {"*", "*.example.com"}, {"*", "*.b.example.com"},
    {"*", "a.test"},          {"*", "[::1]"},
};

static void test_hosts(void **state)
{
    (void)state;
    const struct model_rule rules[] = {rule(MODEL_PATH_PREFIX, "/")};
    const struct route_table *table = build(MODEL_HTTP, three_hosts, ARRAY_SIZE(three_hosts), rules,
                                            1);
    const struct route_chain *chain = route_chain_find(table, STR("anything"));
    assert_int_equal(route_chain_index(chain), 0);
    static const struct {
        const char *host;
        const char *domain; /* NULL: 404 */
    } cases[] = {
        {"foo.example.com", "foo.example.com"},
        {"FOO.Example.COM", "foo.example.com"},
        {"foo.example.com.", NULL},
        {"bar.example.com", "*.example.com"},
        {"x.foo.example.com", "*.example.com"},
        {"a.b.c.d.example.com", "*.example.com"},
        {"b.example.com", "*.example.com"},
        {"x.b.example.com", "*.b.example.com"},
        {"y.x.B.example.com", "*.b.example.com"},
        {"example.com", NULL},
        {".example.com", NULL},
        {"xexample.com", NULL},
        {"a.test", "a.test"},
        {"b.a.test", NULL},
        {"[::1]", "[::1]"},
        {"", NULL},
        {".", NULL},
        {"...", NULL},
        {"com", NULL},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct route_match match = find(chain, str_of(cases[i].host), STR("/"));
        if (cases[i].domain == NULL) {
            assert_int_equal(match.outcome, ROUTE_NO_HOST);
            assert_null(match.host);
        } else {
            assert_int_equal(match.outcome, ROUTE_FOUND);
            assert_true(str_equal(route_host_model(match.host)->domain, str_of(cases[i].domain)));
        }
    }
    (void)route_table_unref(table);
}

/* The longest "*.suffix" by looking at all of them. */
static const char *search_domain(const struct part *parts, size_t count, struct str host)
{
    const char *best = NULL;
    size_t best_size = 0;
    for (size_t i = 0; i < count; i++) {
        struct str domain = str_of(parts[i].domain);
        if (str_equal(domain, host)) {
            return parts[i].domain;
        }
        struct str suffix = str_from(domain, 1);
        if (domain.data[0] == '*' && host.size > suffix.size && str_ends_with(host, suffix) &&
            domain.size > best_size) {
            best = parts[i].domain;
            best_size = domain.size;
        }
    }
    return best;
}

static void test_domains_same_as_search(void **state)
{
    (void)state;
    static const struct part parts[] = {
        {"*", "a"},     {"*", "a.b"},     {"*", "*.a"},   {"*", "*.b"},
        {"*", "*.a.b"}, {"*", "*.b.a.b"}, {"*", "b.a.b"}, {"*", "*.aa.b"},
    };
    const struct model_rule rules[] = {rule(MODEL_PATH_PREFIX, "/")};
    const struct route_table *table = build(MODEL_HTTP, parts, ARRAY_SIZE(parts), rules, 1);
    const struct route_chain *chain = route_chain_find(table, STR(""));
    struct random random = {{9, 10, 11, 12}};
    for (size_t round = 0; round < 20000; round++) {
        char host[12];
        size_t size = (size_t)random_below(&random, sizeof(host));
        for (size_t i = 0; i < size; i++) {
            host[i] = "ab."[random_below(&random, 3)];
        }
        const char *expected = search_domain(parts, ARRAY_SIZE(parts), str_make(host, size));
        struct route_match match = find(chain, str_make(host, size), STR("/"));
        assert_int_equal(match.outcome, expected == NULL ? ROUTE_NO_HOST : ROUTE_FOUND);
        if (expected != NULL) {
            assert_true(str_equal(route_host_model(match.host)->domain, str_of(expected)));
        }
    }
    (void)route_table_unref(table);
}

static void test_any_host(void **state)
{
    (void)state;
    const struct part parts[] = {{"*", "a.test"}, {"*", "*"}};
    const struct model_rule rules[] = {rule(MODEL_PATH_PREFIX, "/")};
    const struct route_table *table = build(MODEL_HTTP, parts, 2, rules, 1);
    const struct route_chain *chain = route_chain_find(table, STR(""));
    char huge[1024];
    memset(huge, 'a', sizeof(huge));
    const struct str hosts[] = {STR(""),
                                STR("b.test"),
                                STR("a.test."),
                                str_make(huge, sizeof(huge)),
                                str_make(huge, 255),
                                str_make(huge, 256)};
    for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
        struct route_match match = find(chain, hosts[i], STR("/"));
        assert_int_equal(match.outcome, ROUTE_FOUND);
        assert_true(str_equal(route_host_model(match.host)->domain, STR("*")));
    }
    (void)route_table_unref(table);
}

static void test_chains(void **state)
{
    (void)state;
    const struct part parts[] = {
        {"foo.example.com", "foo.example.com"},
        {"*.example.com", "*.example.com"},
        {"other.test", "inner.other.test"},
    };
    const struct model_rule rules[] = {rule(MODEL_PATH_PREFIX, "/")};
    const struct route_table *table = build(MODEL_HTTPS, parts, 3, rules, 1);
    const struct route_chain *foo = route_chain_find(table, STR("foo.EXAMPLE.com"));
    const struct route_chain *wild = route_chain_find(table, STR("bar.example.com"));
    const struct route_chain *other = route_chain_find(table, STR("other.test"));
    const struct model_listener *listener = route_table_listener(table);
    assert_true(
        str_equal(listener->chains[route_chain_index(foo)].hostname, STR("foo.example.com")));
    assert_true(
        str_equal(listener->chains[route_chain_index(wild)].hostname, STR("*.example.com")));
    assert_true(str_equal(listener->chains[route_chain_index(other)].hostname, STR("other.test")));
    assert_null(route_chain_find(table, STR("")));
    assert_null(route_chain_find(table, STR("example.com")));
    static const struct {
        const char *host;
        enum route_outcome foo;
        enum route_outcome wild;
        enum route_outcome other;
    } cases[] = {
        {"foo.example.com", ROUTE_FOUND, ROUTE_MISDIRECTED, ROUTE_MISDIRECTED},
        {"bar.example.com", ROUTE_MISDIRECTED, ROUTE_FOUND, ROUTE_MISDIRECTED},
        {"other.test", ROUTE_MISDIRECTED, ROUTE_MISDIRECTED, ROUTE_NO_HOST},
        {"inner.other.test", ROUTE_MISDIRECTED, ROUTE_MISDIRECTED, ROUTE_MISDIRECTED},
        {"", ROUTE_MISDIRECTED, ROUTE_MISDIRECTED, ROUTE_MISDIRECTED},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct str host = str_of(cases[i].host);
        assert_int_equal(find(foo, host, STR("/")).outcome, cases[i].foo);
        assert_int_equal(find(wild, host, STR("/")).outcome, cases[i].wild);
        assert_int_equal(find(other, host, STR("/")).outcome, cases[i].other);
    }
    (void)route_table_unref(table);
}

static void test_rules(void **state)
{
    (void)state;
    const struct part part = {"*", "*"};
    const struct model_rule rules[] = {
        rule(MODEL_PATH_PREFIX, "/a"),      rule(MODEL_PATH_EXACT, "/a"),
        rule(MODEL_PATH_EXACT, "/a"),       rule(MODEL_PATH_PREFIX, "/a/b"),
        rule(MODEL_PATH_PREFIX, "/a/b"),    rule(MODEL_PATH_PREFIX, "/a/b/c"),
        rule(MODEL_PATH_EXACT, "/a/b/c/"),  rule(MODEL_PATH_PREFIX, "/ax"),
        rule(MODEL_PATH_PREFIX, "/a/b/cd"),
    };
    const struct route_table *table = build(MODEL_HTTP, &part, 1, rules, ARRAY_SIZE(rules));
    const struct route_chain *chain = route_chain_find(table, STR(""));
    static const struct {
        const char *path;
        size_t rule; /* SIZE_MAX: none */
    } cases[] = {
        {"/a", 1},       {"/a/", 0},       {"/a/b", 3},        {"/a/b/", 3},    {"/a/b/cx", 3},
        {"/a/b/c", 5},   {"/a/b/c/", 6},   {"/a/b/c/d", 5},    {"/a/b/cd", 8},  {"/a/b/cd/e", 8},
        {"/ax", 7},      {"/ax/", 7},      {"/axy", SIZE_MAX}, {"/", SIZE_MAX}, {"", SIZE_MAX},
        {"*", SIZE_MAX}, {"/A", SIZE_MAX},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct route_match match = find(chain, STR("h"), str_of(cases[i].path));
        if (cases[i].rule == SIZE_MAX) {
            assert_int_equal(match.outcome, ROUTE_NO_RULE);
            assert_non_null(match.host);
            assert_null(match.rule);
        } else {
            assert_int_equal(match.outcome, ROUTE_FOUND);
            assert_int_equal(match.rule_index, cases[i].rule);
            assert_true(str_equal(match.rule->path, rules[cases[i].rule].path));
        }
    }
    (void)route_table_unref(table);
}

/* What the model says, by looking at every rule: its rank is 0 when it does not match. */
static size_t rank_of(const struct model_rule *rules, size_t count, size_t index, struct str path)
{
    struct str own = rules[index].path;
    bool is_itself = str_equal(own, path);
    if (rules[index].path_match == MODEL_PATH_EXACT)
        return is_itself ? SIZE_MAX : 0;
    if (str_equal(own, STR("/")))
        return str_starts_with(path, own) ? 1 : 0;
    for (size_t i = 0; is_itself && i < count; i++) {
        if (rules[i].path_match == MODEL_PATH_EXACT && str_equal(rules[i].path, path))
            return 0;
    }
    bool is_below = str_starts_with(path, own) && path.size > own.size &&
                    path.data[own.size] == '/';
    return is_itself || is_below ? own.size : 0;
}

static size_t search_all(const struct model_rule *rules, size_t count, struct str path)
{
    size_t best = SIZE_MAX;
    size_t best_rank = 0;
    for (size_t i = 0; i < count; i++) {
        size_t rank = rank_of(rules, count, i, path);
        if (rank > best_rank) {
            best = i;
            best_rank = rank;
        }
    }
    return best;
}

/* Few letters, so that paths share beginnings and repeat. */
static struct str random_path(struct random *random, char area[16], bool as_prefix)
{
    size_t size = 1;
    area[0] = '/';
    size_t wanted = 1 + (size_t)random_below(random, 14);
    while (size < wanted)
        area[size++] = "ab/"[random_below(random, 3)];
    while (as_prefix && size > 1 && area[size - 1] == '/')
        size--;
    return str_make(area, size);
}

static void test_same_as_search(void **state)
{
    (void)state;
    const struct part part = {"*", "*"};
    struct random random = {{5, 6, 7, 8}};
    for (size_t round = 0; round < 60; round++) {
        struct model_rule rules[200];
        static char paths[200][16];
        size_t count = (size_t)random_below(&random, ARRAY_SIZE(rules));
        for (size_t i = 0; i < count; i++) {
            bool is_prefix = random_below(&random, 2) == 0;
            rules[i] = rule(is_prefix ? MODEL_PATH_PREFIX : MODEL_PATH_EXACT, "");
            rules[i].path = random_path(&random, paths[i], is_prefix);
        }
        const struct route_table *table = build(MODEL_HTTP, &part, 1, rules, count);
        const struct route_chain *chain = route_chain_find(table, STR(""));
        for (size_t i = 0; i < 500; i++) {
            char area[16];
            struct str path = random_path(&random, area, false);
            struct route_match match = find(chain, STR("h"), path);
            size_t expected = search_all(rules, count, path);
            assert_int_equal(match.outcome == ROUTE_FOUND ? match.rule_index : SIZE_MAX, expected);
        }
        (void)route_table_unref(table);
    }
}

/* As many rules as a large mesh has, each found, and prefixes nested as deep as they come. */
static void test_many_rules(void **state)
{
    (void)state;
    const struct part part = {"*", "*"};
    struct model_rule *rules = MEM_NEW_ARRAY(struct model_rule, RULES_MAX);
    char(*paths)[24] = mem_zero(RULES_MAX, sizeof(*paths));
    char deep[4096];
    size_t deep_count = 1000;
    for (size_t i = 0; i < sizeof(deep); i++)
        deep[i] = "/d"[i % 2];
    for (size_t i = 0; i < RULES_MAX; i++) {
        (void)snprintf(paths[i], sizeof(paths[i]), "/r%zu", i); /* short enough */
        rules[i] = rule(i % 2 == 0 ? MODEL_PATH_PREFIX : MODEL_PATH_EXACT, paths[i]);
        if (i < deep_count) { /* "/d", "/d/d", ... */
            rules[i] = rule(MODEL_PATH_PREFIX, "");
            rules[i].path = str_make(deep, 2 * (i + 1));
        }
    }
    const struct route_table *table = build(MODEL_HTTP, &part, 1, rules, RULES_MAX);
    const struct route_chain *chain = route_chain_find(table, STR(""));
    assert_int_equal(find(chain, STR("h"), str_make(deep, 1000)).rule_index, 499);
    assert_int_equal(find(chain, STR("h"), str_make(deep, 1001)).rule_index, 499);
    assert_int_equal(find(chain, STR("h"), str_make(deep, 4000)).rule_index, deep_count - 1);
    for (size_t i = deep_count; i < RULES_MAX; i++) {
        struct route_match match = find(chain, STR("h"), str_of(paths[i]));
        assert_int_equal(match.outcome, ROUTE_FOUND);
        assert_int_equal(match.rule_index, i);
    }
    (void)route_table_unref(table);
    mem_free(paths);
    mem_free(rules);
}

static void test_reuse(void **state)
{
    (void)state;
    const struct part parts[] = {{"*", "a.test"}, {"*", "b.test"}};
    const struct part changed[] = {{"*", "a.test"}, {"*", "c.test"}};
    const struct model_rule rules[] = {rule(MODEL_PATH_PREFIX, "/")};
    const struct route_table *first = build(MODEL_HTTP, parts, 2, rules, 1);
    assert_int_equal(route_table_reused(first), 0);

    const struct model_snapshot *next = snapshot_make(MODEL_HTTP, changed, 2, rules, 1);
    const struct route_table *second = table_make(next, first);
    (void)model_snapshot_unref(next);
    assert_int_equal(route_table_reused(second), 1);
    const struct route_host *a =
        find(route_chain_find(first, STR("")), STR("a.test"), STR("/")).host;
    (void)route_table_unref(first);
    assert_ptr_equal(find(route_chain_find(second, STR("")), STR("a.test"), STR("/")).host, a);

    /* The same name with other rules is another matcher. */
    const struct model_rule other[] = {rule(MODEL_PATH_PREFIX, "/x")};
    next = snapshot_make(MODEL_HTTP, changed, 2, other, 1);
    const struct route_table *third = table_make(next, second);
    (void)model_snapshot_unref(next);
    assert_int_equal(route_table_reused(third), 0);
    assert_int_equal(find(route_chain_find(third, STR("")), STR("a.test"), STR("/")).outcome,
                     ROUTE_NO_RULE);
    const struct route_table *held = route_table_ref(third);
    (void)route_table_unref(third);
    assert_int_equal(route_table_listener(held)->port, 80);
    (void)route_table_unref(held);
    (void)route_table_unref(second);
}

static void check_refused(const struct part *parts, size_t count, const char *message)
{
    const struct model_rule rules[] = {rule(MODEL_PATH_PREFIX, "/")};
    const struct model_snapshot *snapshot = snapshot_make(MODEL_HTTPS, parts, count, rules, 1);
    const struct route_table *table = NULL;
    struct err_info why = {0};
    const struct model_resource *listener = model_snapshot_find(snapshot, MODEL_LISTENER, STR("l"));
    assert_int_equal(route_table_new(snapshot, listener, NULL, &table, &why), ERR_INVALID);
    assert_string_equal(why.message, message);
    assert_null(table);
    (void)model_snapshot_unref(snapshot);
}

static void test_refused(void **state)
{
    (void)state;
    const struct part chains[] = {{"a.test", "x.test"}, {"b.test", "x.test"}, {"a.test", "y.test"}};
    check_refused(chains, 3, "listener l has two chains for a.test");
}

/* Shares are exact over the whole range of the random number; weight 0 gets nothing. */
static void test_weights(void **state)
{
    (void)state;
    const struct model_backend backends[] = {
        {.cluster = STR("zero"), .weight = 0}, {.cluster = STR("one"), .weight = 1},
        {.cluster = STR("none"), .weight = 0}, {.cluster = STR("three"), .weight = 3},
        {.cluster = STR("last"), .weight = 0},
    };
    struct model_rule rules[] = {rule(MODEL_PATH_PREFIX, "/"), rule(MODEL_PATH_PREFIX, "/"),
                                 rule(MODEL_PATH_PREFIX, "/")};
    for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
        rules[i].action = MODEL_FORWARD;
        rules[i].backends = backends;
    }
    rules[0].backend_count = ARRAY_SIZE(backends);
    rules[1].backend_count = 1;
    const struct part part = {"*", "*"};
    const struct model_snapshot *snapshot = snapshot_make(MODEL_HTTP, &part, 1, rules,
                                                          ARRAY_SIZE(rules));
    struct route_host *host = NULL;
    assert_int_equal(route__host_new(model_snapshot_find(snapshot, MODEL_VIRTUAL_HOST, STR("*/*")),
                                     snapshot, NULL, &host, NULL),
                     ERR_OK);
    (void)model_snapshot_unref(snapshot);
    size_t counts[2] = {0};
    const size_t draws = 4000;
    for (size_t i = 0; i < draws; i++) {
        const struct model_backend *picked = route_backend_pick(host, 0,
                                                                (uint64_t)i * (UINT64_MAX / draws));
        assert_true(picked->weight > 0);
        counts[picked->weight == 3]++;
    }
    /* The two shares are exact but for the draw on their border. */
    assert_in_range(counts[0], draws / 4 - 1, draws / 4 + 1);
    assert_in_range(counts[1], draws * 3 / 4 - 1, draws * 3 / 4 + 1);
    assert_non_null(route_backend_pick(host, 0, UINT64_MAX));
    assert_null(route_backend_pick(host, 1, 7));
    assert_null(route_backend_pick(host, 2, 7));
    (void)route__host_unref(host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_hosts, teardown),
        cmocka_unit_test_teardown(test_domains_same_as_search, teardown),
        cmocka_unit_test_teardown(test_any_host, teardown),
        cmocka_unit_test_teardown(test_chains, teardown),
        cmocka_unit_test_teardown(test_rules, teardown),
        cmocka_unit_test_teardown(test_same_as_search, teardown),
        cmocka_unit_test_teardown(test_many_rules, teardown),
        cmocka_unit_test_teardown(test_reuse, teardown),
        cmocka_unit_test_teardown(test_refused, teardown),
        cmocka_unit_test_teardown(test_weights, teardown),
    };
    return cmocka_run_group_tests_name("data/route", tests, NULL, NULL);
}
