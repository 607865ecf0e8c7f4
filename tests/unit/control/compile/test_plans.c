/* Whatever a route says, what is made of it can be served: nothing breaks a message apart, and
 * nothing multiplies beyond its bound. What each field means is shown by tests/golden. */
#include <stdio.h>

#include "core/http/http.h"
#include "core/regex/regex.h"
#include "manifests.h"

#define ROUNDS 4000

static const char gateway[] =
    "{type: MeshGateway, mesh: default, name: g, selectors: [{match: {kuma.io/service: e}}], conf: "
    "{listeners: [{port: 80, protocol: HTTP}]}}\n---\n";

/* Of a gateway and the route whose rules these are. */
static struct compile_result *compile_rules(struct str rules)
{
    struct buf text;
    buf_init(&text, (size_t)1 << 24);
    buf_printf(&text,
               "%s{type: MeshGatewayRoute, mesh: default, name: r, selectors: [{match: "
               "{kuma.io/service: e}}], conf: {http: {rules: [",
               gateway);
    buf_append(&text, rules);
    buf_append(&text, STR("]}}}\n"));
    struct cache *cache = cache_new();
    manifests_put(cache, buf_str(&text));
    buf_deinit(&text);
    const struct compile_input input = {
        .cache = cache, .dataplanes = &manifests_dataplane, .dataplane_count = 1};
    struct compile_result *result = compile_snapshot(&input);
    cache = cache_free(cache);
    return result;
}

static const struct model_route *route_of(const struct compile_result *result)
{
    size_t count;
    const struct model_resource *const *routes = model_snapshot_kind(result->snapshot, MODEL_ROUTE,
                                                                     &count);
    assert_int_equal(count, 1);
    return routes[0]->route;
}

/* ---- Anything ---- */

static uint32_t random_state = 1;

static uint32_t draw(uint32_t below)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (random_state >> 16) % below;
}

static const char *text(void)
{
    static const char *const texts[] = {
        "",       "/",       "/a/",     "a",         "X-Team", "host",   ":authority", ":path",
        "a b",    "/a b",    "a\\nb",   "/a\\r\\nb", "%%",     "%A(b)%", "(?=x)",      "a++",
        "[a-z]*", "/x?y=1",  "/x#y",    "a:80",      "[::1]",  "::1",    "https",      "(",
        "server", "upgrade", "\\u00e4", "%",         "a@b",    "\\t",    "CONNECT",    "a.com:x",
    };
    return texts[draw(ARRAY_SIZE(texts))];
}

/* Mostly what it should be. */
static const char *text_or(const char *good)
{
    return draw(4) == 0 ? text() : good;
}

static void put_headers(struct buf *rule, const char *list)
{
    buf_printf(rule, "%s: [", list);
    for (uint32_t count = draw(3); count > 0; count--)
        buf_printf(rule, "{name: \"%s\", value: \"%s\"},", text(), text());
    buf_append(rule, STR("],"));
}

static void put_filter(struct buf *rule)
{
    static const char *const names[] = {"requestHeader", "responseHeader"};
    static const char *const paths[] = {"replaceFull", "replacePrefixMatch"};
    switch (draw(6)) {
    case 0:
        buf_printf(rule,
                   "{redirect: {scheme: \"%s\", hostname: \"%s\", port: %u, statusCode: %u, path: "
                   "{%s: \"%s\"}}},",
                   text_or("https"), text_or("a.com"), draw(3) * 32000, 300 + draw(10),
                   paths[draw(2)], text_or("/new"));
        return;
    case 1:
        buf_printf(rule, "{rewrite: {%s: \"%s\", hostToBackendHostname: %s}},", paths[draw(2)],
                   text(), draw(2) == 0 ? "true" : "false");
        return;
    case 2:
        buf_printf(rule,
                   "{mirror: {percentage: %u, backend: {destination: {kuma.io/service: m}}}},",
                   draw(3) * 60);
        return;
    default:
        buf_printf(rule, "{%s: {", names[draw(2)]);
        put_headers(rule, "set");
        put_headers(rule, "add");
        buf_printf(rule, "remove: [\"%s\"]}},", text());
        return;
    }
}

static void put_match(struct buf *rule)
{
    static const char *const paths[] = {"EXACT", "PREFIX", "REGEX"};
    static const char *const values[] = {"EXACT", "REGEX", "PRESENT", "ABSENT"};
    buf_printf(rule, "{path: {match: %s, value: \"%s\"},", paths[draw(3)], text());
    if (draw(3) == 0)
        buf_printf(rule, "headers: [{match: %s, name: \"%s\", value: \"%s\"}],", values[draw(4)],
                   text(), text());
    if (draw(3) == 0)
        buf_printf(rule, "queryParameters: [{match: %s, name: \"%s\", value: \"%s\"}],",
                   values[draw(2)], text(), text());
    buf_append(rule, STR("},"));
}

static void put_rule(struct buf *rule)
{
    buf_append(rule, STR("{matches: [{path: {match: PREFIX, value: /always}},"));
    for (uint32_t count = draw(3); count > 0; count--)
        put_match(rule);
    buf_append(rule, STR("], filters: ["));
    for (uint32_t count = draw(4); count > 0; count--)
        put_filter(rule);
    buf_append(rule, STR("]"));
    if (draw(4) != 0)
        buf_append(rule, STR(", backends: [{weight: 1, destination: {kuma.io/service: w}}]"));
    buf_append(rule, STR("}"));
}

static void assert_headers(const struct model_header *headers, size_t count, bool is_alone)
{
    for (size_t i = 0; i < count; i++) {
        assert_true(headers[i].name.size > 0);
        assert_true(str_find_char(headers[i].name, ':') == STR_NOT_FOUND);
        assert_false(str_equal(headers[i].name, STR("upgrade")));
        assert_true(http_value_is_valid(headers[i].value));
        for (size_t j = 0; j < i && is_alone; j++)
            assert_false(str_equal(headers[i].name, headers[j].name));
    }
}

static void assert_change(const struct model_header_change *change)
{
    assert_headers(change->set, change->set_count, true);
    assert_headers(change->add, change->add_count, false);
}

static void assert_path_change(const struct model_path_change *change, enum model_path_match match)
{
    if (change->type == MODEL_PATH_REPLACED || change->value.size > 0)
        assert_true(http_path_is_valid(change->value));
    if (change->type != MODEL_PATH_PREFIX_REPLACED)
        return;
    assert_int_equal(match, MODEL_PATH_PREFIX);
    assert_false(str_ends_with(change->value, STR("/")));
}

static void assert_criteria(const struct model_criterion *criteria, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_true(criteria[i].name.size > 0);
        if (criteria[i].match == MODEL_VALUE_REGEX)
            assert_int_equal(regex_check(criteria[i].value, NULL), ERR_OK);
    }
}

static void assert_servable(const struct model_rule *rule)
{
    if (rule->path_match == MODEL_PATH_REGEX)
        assert_int_equal(regex_check(rule->path, NULL), ERR_OK);
    else
        assert_true(str_starts_with(rule->path, STR("/")));
    assert_criteria(rule->headers, rule->header_count);
    assert_criteria(rule->queries, rule->query_count);
    assert_change(&rule->request_headers);
    assert_change(&rule->response_headers);
    assert_path_change(&rule->rewrite.path, rule->path_match);
    assert_path_change(&rule->redirect.path, rule->path_match);
    if (rule->rewrite.host.size > 0)
        assert_true(http_authority_is_valid(rule->rewrite.host));
    if (rule->redirect.host.size > 0)
        assert_true(http_authority_is_valid(rule->redirect.host));
    struct str scheme = rule->redirect.scheme;
    assert_true(scheme.size == 0 || str_equal(scheme, STR("https")));
    assert_true(rule->mirror.ppm <= 1000 * 1000);
    assert_int_equal(rule->backend_count > 0, rule->action == MODEL_FORWARD);
    assert_int_equal(rule->status, rule->action == MODEL_RESPOND ? 500 : 0);
}

static void what_is_made_can_be_served(void **state)
{
    (void)state;
    size_t forwards = 0;
    size_t redirects = 0;
    for (size_t i = 0; i < ROUNDS; i++) {
        struct buf rule;
        buf_init(&rule, (size_t)1 << 16);
        put_rule(&rule);
        struct compile_result *result = compile_rules(buf_str(&rule));
        const struct model_route *route = route_of(result);
        assert_true(route->rule_count > 0); /* that of /always */
        for (size_t j = 0; j < route->rule_count; j++)
            assert_servable(&route->rules[j]);
        forwards += route->rules[0].action == MODEL_FORWARD;
        redirects += route->rules[0].action == MODEL_REDIRECT;
        result = compile_result_free(result);
        buf_deinit(&rule);
    }
    assert_true(forwards > 100 && redirects > 0);
}

/* ---- Bounds ---- */

static void put_field(struct buf *rules, char name, size_t size)
{
    buf_printf(rules, "{name: %c, value: ", name);
    for (size_t i = 0; i < size; i++)
        buf_append_char(rules, 'v');
    buf_append(rules, STR("},"));
}

/* A rule of `matches` matches that sends two fields with values of these sizes. */
static void put_large(struct buf *rules, size_t matches, size_t first, size_t second)
{
    buf_append(rules, STR("{backends: [{destination: {kuma.io/service: w}}], filters: "
                          "[{requestHeader: {set: ["));
    put_field(rules, 'a', first);
    put_field(rules, 'b', second);
    buf_append(rules, STR("]}}], matches: ["));
    for (size_t i = 0; i < matches; i++)
        buf_printf(rules, "{path: {match: EXACT, value: /%zu/%zu}},", rules->size, i);
    buf_append(rules, STR("]},"));
}

#define LARGE_RULES 10

static void rules_that_multiply_are_left_out(void **state)
{
    (void)state;
    struct buf rules;
    buf_init(&rules, (size_t)1 << 24);
    for (size_t i = 0; i < LARGE_RULES; i++)
        put_large(&rules, 64, 8000, 8000); /* a MiB each */
    put_large(&rules, 64, 1, 1);
    struct compile_result *result = compile_rules(buf_str(&rules));
    buf_deinit(&rules);
    const struct model_route *route = route_of(result);
    assert_int_equal(route->rule_count, 64 * (LARGE_RULES + 1));
    assert_int_equal(route->rules[0].action, MODEL_FORWARD);
    assert_int_equal(route->rules[64 * (LARGE_RULES - 1)].action, MODEL_RESPOND);
    assert_int_equal(route->rules[64 * LARGE_RULES].action, MODEL_FORWARD);
    assert_true(str_equal(finding_get(result->findings, 0)->field, STR("conf.http.rules[8]")));
    assert_true(str_equal(result->report.routes[0].accepted.reason, STR("UnsupportedValue")));
    result = compile_result_free(result);
}

/* Fields of a head that is never too large. */
static void fields_have_a_size(void **state)
{
    (void)state;
    const size_t half = 8 * 1024 - 5;
    struct buf rules;
    buf_init(&rules, (size_t)1 << 20);
    put_large(&rules, 1, half, half);
    put_large(&rules, 1, half, half + 1);
    struct compile_result *result = compile_rules(buf_str(&rules));
    buf_deinit(&rules);
    const struct model_route *route = route_of(result);
    assert_int_equal(route->rules[0].action, MODEL_FORWARD);
    assert_int_equal(route->rules[1].action, MODEL_RESPOND);
    assert_true(
        str_equal(finding_get(result->findings, 0)->field, STR("conf.http.rules[1].filters")));
    result = compile_result_free(result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_made_can_be_served),
        cmocka_unit_test(rules_that_multiply_are_left_out),
        cmocka_unit_test(fields_have_a_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
