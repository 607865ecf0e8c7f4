/* What is told of each rule; random rules and requests, compared with a search through all of them
 * that is written from the model's words alone. */
#include "make.h"

#include "core/base/buf.h"
#include "core/base/random.h"

/* ---- A story ---- */

struct told {
    struct buf text;
    size_t max; /* after so many it is enough */
    size_t count;
};

static bool tell(const struct route_candidate *candidate, void *arg)
{
    static const char *const fates[] = {
        [ROUTE_TAKES] = "takes",
        [ROUTE_COMES_LATER] = "comes later",
        [ROUTE_OTHER_PATH] = "other path",
        [ROUTE_LEFT_TO_EXACT] = "left to exact",
        [ROUTE_OTHER_METHOD] = "other method",
        [ROUTE_OTHER_HEADER] = "other header",
        [ROUTE_OTHER_QUERY] = "other query",
        [ROUTE_GIVEN_UP] = "given up",
    };
    struct told *told = arg;
    buf_printf(&told->text, "%zu %s", candidate->rule_index, fates[candidate->fate]);
    if (candidate->criterion != NULL)
        buf_printf(&told->text, " %.*s=%.*s", STR_ARG(candidate->criterion->name),
                   STR_ARG(candidate->has_value ? candidate->value : STR("(none)")));
    buf_append_char(&told->text, '\n');
    return ++told->count < told->max;
}

static void assert_story(const struct model_rule *rules, size_t count, const char *line, size_t max,
                         const char *expected)
{
    const struct route_table *table = table_of(rules, count);
    CLEANUP(arena_free) struct arena *arena = arena_new(256);
    struct asked asked;
    struct told told = {.max = max};
    buf_init(&told.text, 4096);
    (void)route_explain(route_chain_find(table, STR("")),
                        ask(&asked, line, "x-a: 1\r\nx-a: 2\r\n", arena), tell, &told);
    buf_append_char(&told.text, '\0');
    assert_string_equal(told.text.data, expected);
    buf_deinit(&told.text);
    (void)route_table_unref(table);
}

static const struct model_criterion fields[] = {
    {STR_INIT("x-a"), MODEL_VALUE_EXACT, STR_INIT("1")},
    {STR_INIT("x-b"), MODEL_VALUE_PRESENT, STR_INIT("")},
};
static const struct model_criterion parameters[] = {
    {STR_INIT("p"), MODEL_VALUE_REGEX, STR_INIT("[0-9]+")},
};

static void test_every_fate(void **state)
{
    (void)state;
    struct model_rule rules[] = {
        rule(MODEL_PATH_PREFIX, "/b"),   rule(MODEL_PATH_PREFIX, "/a"),
        rule(MODEL_PATH_EXACT, "/a"),    rule(MODEL_PATH_EXACT, "/a"),
        rule(MODEL_PATH_EXACT, "/a"),    rule(MODEL_PATH_PREFIX, "/"),
        rule(MODEL_PATH_REGEX, "/.*"),   rule(MODEL_PATH_REGEX, "/x.*"),
        rule(MODEL_PATH_REGEX, "/a|.*"),
    };
    rules[2].headers = fields;
    rules[2].header_count = 1;
    rules[3].headers = fields + 1;
    rules[3].header_count = 1;
    rules[4].queries = parameters;
    rules[4].query_count = 1;
    rules[8].method = STR("PUT");
    assert_story(rules, ARRAY_SIZE(rules), "GET /a?p=x", SIZE_MAX,
                 "2 other header x-a=1,2\n"
                 "3 other header x-b=(none)\n"
                 "4 other query p=x\n"
                 "5 takes\n"
                 "8 other method\n"
                 "6 comes later\n"
                 "0 other path\n"
                 "1 left to exact\n"
                 "7 other path\n");
    assert_story(rules, ARRAY_SIZE(rules), "GET /a?p=1", 3,
                 "2 other header x-a=1,2\n"
                 "3 other header x-b=(none)\n"
                 "4 takes\n");
    assert_story(rules, 4, "GET /a", 3,
                 "2 other header x-a=1,2\n"
                 "3 other header x-b=(none)\n"
                 "0 other path\n");
    assert_story(rules, 1, "GET /a", SIZE_MAX, "0 other path\n");
    assert_story(rules, 0, "GET /a", SIZE_MAX, "");
}

/* The path, then a parameter. What was given up before is no matter to a rule that asks for what is
 * not there. */
static void test_expressions_that_are_given_up(void **state)
{
    (void)state;
    static char line[2048];
    static const struct model_criterion forever[] = {
        {STR_INIT("p"), MODEL_VALUE_REGEX, STR_INIT("(a+)+[xy]|b")}};
    static const struct model_criterion absent[] = {
        {STR_INIT("x-c"), MODEL_VALUE_REGEX, STR_INIT("(a+)+[xy]|b")}};
    struct model_rule rules[] = {rule(MODEL_PATH_REGEX, "/(a+)+[xy]|/b|/c"),
                                 rule(MODEL_PATH_REGEX, "/[a-z]*|/b/c"),
                                 rule(MODEL_PATH_REGEX, "/a*|/b")};
    rules[1].queries = forever;
    rules[1].query_count = 1;
    rules[2].headers = absent;
    rules[2].header_count = 1;
    size_t size = (size_t)snprintf(line, sizeof(line), "GET /");
    memset(line + size, 'a', 900);
    size += 900;
    size += (size_t)snprintf(line + size, sizeof(line) - size, "?p=");
    memset(line + size, 'a', 900);
    const struct route_table *table = table_of(rules, ARRAY_SIZE(rules));
    CLEANUP(arena_free) struct arena *arena = arena_new(256);
    struct asked asked;
    struct told told = {.max = SIZE_MAX};
    buf_init(&told.text, 4096);
    (void)route_explain(route_chain_find(table, STR("")), ask(&asked, line, "", arena), tell,
                        &told);
    assert_true(str_starts_with(buf_str(&told.text), STR("0 given up\n1 given up p=aaa")));
    assert_true(str_ends_with(buf_str(&told.text), STR("\n2 other header x-c=(none)\n")));
    buf_deinit(&told.text);
    (void)route_table_unref(table);
}

static void test_no_host(void **state)
{
    (void)state;
    const struct part part = {"*", "a.test"};
    const struct model_rule rules[] = {rule(MODEL_PATH_PREFIX, "/")};
    const struct route_table *table = build(MODEL_HTTP, &part, 1, rules, 1);
    struct asked asked;
    struct told told = {.max = 1};
    struct route_match match = route_explain(route_chain_find(table, STR("")),
                                             ask(&asked, "GET /", "", NULL), tell, &told);
    assert_int_equal(match.outcome, ROUTE_NO_HOST);
    assert_int_equal(told.count, 0);
    (void)route_table_unref(table);
}

/* ---- Chance ---- */

#define RULES_MAX 24
#define ASKS_MAX  3

static const char *const names[] = {"x-a", "x-b", "host"};
static const char *const values[] = {"", "1", "2", "12", "1,2", "h"};

/* Expressions, and what they take, written by hand. */
static bool is_any(struct str text)
{
    (void)text;
    return true;
}

static bool is_letters(struct str text)
{
    bool is_fine = text.size > 1 && text.data[0] == '/';
    for (size_t i = 1; i < text.size; i++)
        is_fine = is_fine && (text.data[i] == 'a' || text.data[i] == 'b');
    return is_fine;
}

static bool begins_a(struct str text)
{
    return str_starts_with(text, STR("/a"));
}

static bool has_digit(struct str text)
{
    return str_find_char(text, '1') != STR_NOT_FOUND || str_find_char(text, '2') != STR_NOT_FOUND;
}

static const struct {
    const char *text;
    bool (*takes)(struct str text);
} regexes[] = {
    {".*", is_any},          {"/[ab]+", is_letters}, {"/a.*", begins_a},
    {".*[12].*", has_digit}, {".*()", is_any},       {"/a.{0,}", begins_a},
};

static bool regex_takes(struct str text, struct str value)
{
    for (size_t i = 0; i < ARRAY_SIZE(regexes); i++) {
        if (str_equal(str_of(regexes[i].text), text))
            return regexes[i].takes(value);
    }
    fail();
    return false;
}

struct drawn_rules {
    struct model_rule rules[RULES_MAX];
    struct model_criterion asks[RULES_MAX][2 * ASKS_MAX];
    char paths[RULES_MAX][8];
    size_t count;
};

/* What is asked, as it was drawn and not as it was parsed. */
struct drawn_request {
    const char *method;
    char path[8];
    const char *fields[2][2]; /* of each name up to two values */
    const char *query[2][2];
};

static struct random chance = {{21, 22, 23, 24}};

static size_t draw(size_t count)
{
    return (size_t)random_below(&chance, count);
}

static void draw_path(char area[8], bool as_prefix)
{
    size_t size = 1 + draw(6);
    area[0] = '/';
    for (size_t i = 1; i < size; i++)
        area[i] = area[i - 1] == '/' ? "ab"[draw(2)] : "ab/"[draw(3)];
    while (as_prefix && size > 1 && area[size - 1] == '/')
        size--;
    area[size] = '\0';
}

static size_t draw_asks(struct model_criterion *asks, size_t name_count)
{
    static const enum model_value_match matches[] = {MODEL_VALUE_EXACT, MODEL_VALUE_PREFIX,
                                                     MODEL_VALUE_REGEX, MODEL_VALUE_PRESENT,
                                                     MODEL_VALUE_ABSENT};
    size_t count = draw(2) == 0 ? 0 : draw(ASKS_MAX + 1);
    for (size_t i = 0; i < count; i++) {
        enum model_value_match match = matches[draw(ARRAY_SIZE(matches))];
        bool is_regex = match == MODEL_VALUE_REGEX;
        asks[i] = (struct model_criterion){str_of(names[draw(name_count)]), match,
                                           str_of(is_regex ? regexes[draw(ARRAY_SIZE(regexes))].text
                                                           : values[draw(ARRAY_SIZE(values))])};
    }
    return count;
}

static void draw_rules(struct drawn_rules *drawn)
{
    static const char *const methods[] = {"", "", "GET", "PUT"};
    drawn->count = draw(RULES_MAX + 1);
    for (size_t i = 0; i < drawn->count; i++) {
        struct model_rule *made = &drawn->rules[i];
        enum model_path_match match = (enum model_path_match)draw(3);
        draw_path(drawn->paths[i], match == MODEL_PATH_PREFIX);
        *made = rule(match, match == MODEL_PATH_REGEX ? regexes[draw(ARRAY_SIZE(regexes))].text
                                                      : drawn->paths[i]);
        made->method = str_of(methods[draw(ARRAY_SIZE(methods))]);
        made->headers = drawn->asks[i];
        made->header_count = draw_asks(drawn->asks[i], ARRAY_SIZE(names));
        made->queries = drawn->asks[i] + ASKS_MAX;
        made->query_count = draw_asks(drawn->asks[i] + ASKS_MAX, 2);
    }
}

static void draw_values(const char *area[2][2])
{
    for (size_t i = 0; i < 2; i++) {
        size_t count = draw(3);
        for (size_t j = 0; j < 2; j++)
            area[i][j] = j < count ? values[draw(ARRAY_SIZE(values))] : NULL;
    }
}

static void draw_request(struct drawn_request *drawn)
{
    drawn->method = draw(2) == 0 ? "GET" : "PUT";
    draw_path(drawn->path, false);
    draw_values(drawn->fields);
    draw_values(drawn->query);
}

static const struct route_request *ask_drawn(const struct drawn_request *drawn, struct asked *asked,
                                             struct arena *arena)
{
    char line[128];
    char fields_text[128];
    size_t size = (size_t)snprintf(line, sizeof(line), "%s %s?z", drawn->method, drawn->path);
    size_t used = 0;
    fields_text[0] = '\0';
    for (size_t i = 0; i < 4; i++) {
        const char *field = drawn->fields[i / 2][i % 2];
        const char *parameter = drawn->query[i % 2][i / 2];
        if (field != NULL)
            used += (size_t)snprintf(fields_text + used, sizeof(fields_text) - used, "%s: %s\r\n",
                                     names[i / 2], field);
        if (parameter != NULL)
            size += (size_t)snprintf(line + size, sizeof(line) - size, "&%s=%s", names[i % 2],
                                     parameter);
    }
    return ask(asked, line, fields_text, arena);
}

/* What the request has of a name; false: nothing. */
static bool value_of(const struct drawn_request *drawn, struct str name, bool is_parameter,
                     char area[16])
{
    if (str_equal(name, STR("host"))) {
        (void)snprintf(area, 16, "h");
        return true;
    }
    size_t index = str_equal(name, str_of(names[0])) ? 0 : 1;
    const char *const *own = is_parameter ? drawn->query[index] : drawn->fields[index];
    bool is_joined = !is_parameter && own[1] != NULL;
    (void)snprintf(area, 16, "%s%s%s", own[0] == NULL ? "" : own[0], is_joined ? "," : "",
                   is_joined ? own[1] : "");
    return own[0] != NULL;
}

static bool asks_pass(const struct drawn_request *drawn, const struct model_criterion *asks,
                      size_t count, bool is_parameter)
{
    for (size_t i = 0; i < count; i++) {
        char area[16];
        bool is_there = value_of(drawn, asks[i].name, is_parameter, area);
        struct str value = str_of(area);
        bool passes = asks[i].match == MODEL_VALUE_ABSENT ? !is_there : is_there;
        if (asks[i].match == MODEL_VALUE_EXACT)
            passes = passes && str_equal(value, asks[i].value);
        if (asks[i].match == MODEL_VALUE_PREFIX)
            passes = passes && str_starts_with(value, asks[i].value);
        if (asks[i].match == MODEL_VALUE_REGEX)
            passes = passes && regex_takes(asks[i].value, value);
        if (!passes)
            return false;
    }
    return true;
}

/* How well a rule matches, the better the greater; zeros: not at all. */
struct rank {
    size_t parts[5]; /* 3 exact, 2 prefix, 1 regex; size; method; headers; parameters */
};

static size_t path_size(const struct drawn_rules *drawn, const struct model_rule *one,
                        struct str path, size_t *ret_class)
{
    struct str own = one->path;
    bool is_root = str_equal(own, STR("/"));
    bool is_itself = str_equal(own, path);
    bool is_named = false;
    for (size_t i = 0; i < drawn->count; i++)
        is_named = is_named || (drawn->rules[i].path_match == MODEL_PATH_EXACT &&
                                str_equal(drawn->rules[i].path, path));
    *ret_class = 0;
    if (one->path_match == MODEL_PATH_REGEX) {
        *ret_class = regex_takes(own, path) ? 1 : 0;
        return own.size;
    }
    if (one->path_match == MODEL_PATH_EXACT || (is_itself && !is_root)) {
        *ret_class = is_itself && (one->path_match == MODEL_PATH_EXACT || !is_named) ? 3 : 0;
        return own.size;
    }
    bool is_below = str_starts_with(path, own) && (is_root || path.data[own.size] == '/');
    *ret_class = is_below ? 2 : 0;
    return own.size;
}

static struct rank rank_of(const struct drawn_rules *drawn, size_t index,
                           const struct drawn_request *request)
{
    const struct model_rule *one = &drawn->rules[index];
    struct rank rank = {{0}};
    size_t class = 0;
    size_t size = path_size(drawn, one, str_of(request->path), &class);
    bool has_method = one->method.size > 0;
    if (class == 0 || (has_method && !str_equal(one->method, str_of(request->method))) ||
        !asks_pass(request, one->headers, one->header_count, false) ||
        !asks_pass(request, one->queries, one->query_count, true))
        return rank;
    size_t headers = 0;
    for (size_t i = 0; i < one->header_count; i++)
        headers += one->headers[i].match != MODEL_VALUE_PREFIX;
    rank.parts[0] = class;
    rank.parts[1] = size;
    if (class > 1) {
        rank.parts[2] = has_method;
        rank.parts[3] = headers;
        rank.parts[4] = one->query_count;
    }
    return rank;
}

static bool is_better(const struct rank *a, const struct rank *b)
{
    for (size_t i = 0; i < ARRAY_SIZE(a->parts); i++) {
        if (a->parts[i] != b->parts[i])
            return a->parts[i] > b->parts[i];
    }
    return false;
}

static size_t search(const struct drawn_rules *drawn, const struct drawn_request *request)
{
    size_t best = SIZE_MAX;
    struct rank best_rank = {{0}};
    for (size_t i = 0; i < drawn->count; i++) {
        struct rank rank = rank_of(drawn, i, request);
        if (is_better(&rank, &best_rank)) {
            best = i;
            best_rank = rank;
        }
    }
    return best;
}

struct heard {
    enum route_fate fates[RULES_MAX];
    size_t counts[RULES_MAX];
};

static bool hear(const struct route_candidate *candidate, void *arg)
{
    struct heard *heard = arg;
    heard->fates[candidate->rule_index] = candidate->fate;
    heard->counts[candidate->rule_index]++;
    return true;
}

/* Every rule is told of once, and as the search judges it. */
static void assert_heard(const struct heard *heard, const struct drawn_rules *drawn,
                         const struct drawn_request *request, size_t expected)
{
    for (size_t i = 0; i < drawn->count; i++) {
        struct rank rank = rank_of(drawn, i, request);
        bool is_taken = heard->fates[i] == ROUTE_TAKES || heard->fates[i] == ROUTE_COMES_LATER;
        size_t class = 0;
        (void)path_size(drawn, &drawn->rules[i], str_of(request->path), &class);
        bool is_here = heard->fates[i] != ROUTE_OTHER_PATH &&
                       heard->fates[i] != ROUTE_LEFT_TO_EXACT;
        assert_int_equal(heard->counts[i], 1);
        assert_int_equal(is_taken, rank.parts[0] > 0);
        assert_int_equal(is_here, class > 0);
        assert_int_equal(heard->fates[i] == ROUTE_TAKES, i == expected);
    }
}

static void test_same_as_search(void **state)
{
    (void)state;
    static struct drawn_rules drawn;
    CLEANUP(arena_free) struct arena *arena = arena_new(4096);
    size_t found = 0;
    for (size_t round = 0; round < 1500; round++) {
        draw_rules(&drawn);
        const struct route_table *table = table_of(drawn.rules, drawn.count);
        const struct route_chain *chain = route_chain_find(table, STR(""));
        for (size_t i = 0; i < 40; i++) {
            struct drawn_request request;
            struct asked asked;
            struct heard heard = {0};
            draw_request(&request);
            arena_clear(arena);
            size_t expected = search(&drawn, &request);
            struct route_match match = route_explain(chain, ask_drawn(&request, &asked, arena),
                                                     hear, &heard);
            struct route_match again = route_find(chain, &asked.request);
            assert_int_equal(match.outcome, expected == SIZE_MAX ? ROUTE_NO_RULE : ROUTE_FOUND);
            assert_int_equal(again.outcome, match.outcome);
            if (expected != SIZE_MAX) {
                assert_int_equal(match.rule_index, expected);
                assert_int_equal(again.rule_index, expected);
                found++;
            }
            assert_heard(&heard, &drawn, &request, expected);
        }
        (void)route_table_unref(table);
    }
    assert_in_range(found, 10000, 50000); /* neither all nor none */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_every_fate, teardown),
        cmocka_unit_test_teardown(test_expressions_that_are_given_up, teardown),
        cmocka_unit_test_teardown(test_no_host, teardown),
        cmocka_unit_test_teardown(test_same_as_search, teardown),
    };
    return cmocka_run_group_tests_name("data/route explain", tests, NULL, NULL);
}
