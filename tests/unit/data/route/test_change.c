/* What rules make of messages. That it is what goes over the wire is data/proxy's to show. */
#include "make.h"

static void assert_str(struct str got, const char *expected)
{
    assert_int_equal(got.size, strlen(expected));
    assert_memory_equal(got.data, expected, got.size);
}

static void edits_are_in_the_order_in_which_they_apply(void **state)
{
    (void)state;
    CLEANUP(arena_free) struct arena *arena = arena_new(256);
    static const struct model_header set[] = {{STR_INIT("x-a"), STR_INIT("1")}};
    static const struct model_header add[] = {{STR_INIT("x-b"), STR_INIT("2")}};
    static const struct str removed[] = {STR_INIT("x-c")};
    const struct model_header_change change = {set, 1, add, 1, {removed, 1}};
    struct http_edits edits = route_edits(arena, &change);
    assert_int_equal(edits.count, 3);
    assert_int_equal(edits.items[0].kind, HTTP_EDIT_REMOVE);
    assert_str(edits.items[0].name, "x-c");
    assert_int_equal(edits.items[1].kind, HTTP_EDIT_SET);
    assert_str(edits.items[1].value, "1");
    assert_int_equal(edits.items[2].kind, HTTP_EDIT_ADD);
    assert_str(edits.items[2].value, "2");
    assert_int_equal(route_edits(arena, &(struct model_header_change){0}).count, 0);
}

static void paths_are_changed_as_the_rule_says(void **state)
{
    (void)state;
    static const struct {
        enum model_path_match match;
        const char *rule;
        enum model_path_change_type type;
        const char *value;
        const char *asked;
        const char *becomes;
        bool has_query;
    } cases[] = {
        {MODEL_PATH_PREFIX, "/a", MODEL_PATH_KEPT, "", "/a/b", "/a/b", false},
        {MODEL_PATH_PREFIX, "/a", MODEL_PATH_REPLACED, "/x?y=z", "/a/b", "/x?y=z", true},
        {MODEL_PATH_PREFIX, "/a", MODEL_PATH_PREFIX_REPLACED, "/x", "/a/b", "/x/b", false},
        {MODEL_PATH_PREFIX, "/a", MODEL_PATH_PREFIX_REPLACED, "", "/a", "/", false},
        {MODEL_PATH_PREFIX, "/", MODEL_PATH_PREFIX_REPLACED, "/x", "/a", "/x/a", false},
        {MODEL_PATH_PREFIX, "/", MODEL_PATH_PREFIX_REPLACED, "/x", "/", "/x", false},
        {MODEL_PATH_EXACT, "/a", MODEL_PATH_PREFIX_REPLACED, "/x", "/a", "/x", false},
    };
    CLEANUP(arena_free) struct arena *arena = arena_new(256);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct model_rule made = rule(cases[i].match, cases[i].rule);
        made.rewrite.path = (struct model_path_change){cases[i].type, str_of(cases[i].value)};
        made.rewrite.host = STR("h");
        struct http_request_plan plan = route_plan(arena, &made, str_of(cases[i].asked));
        assert_str(plan.path, cases[i].becomes);
        assert_int_equal(plan.path_has_query, cases[i].has_query);
        assert_str(plan.authority, "h");
    }
}

static void redirects_name_what_the_rule_leaves_open(void **state)
{
    (void)state;
    static const struct {
        struct model_redirect redirect;
        enum model_protocol protocol;
        const char *host;
        const char *location;
    } cases[] = {
        {{.status = 301}, MODEL_HTTP, "a.test", "http://a.test:8080/p"},
        {{.status = 302}, MODEL_HTTPS, "a.test", "https://a.test:8080/p"},
        {{.status = 303, .scheme = STR_INIT("https"), .host = STR_INIT("b.test"), .port = 443},
         MODEL_HTTP,
         "a.test",
         "https://b.test:443/p"},
        {{.status = 307, .path = {MODEL_PATH_REPLACED, STR_INIT("/n?m")}},
         MODEL_HTTP,
         "a.test",
         "http://a.test:8080/n"},
        {{.status = 308}, MODEL_HTTP, "", "/p"},
    };
    CLEANUP(arena_free) struct arena *arena = arena_new(256);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct model_rule made = rule(MODEL_PATH_PREFIX, "/");
        made.redirect = cases[i].redirect;
        const struct model_listener listener = {.port = 8080, .protocol = cases[i].protocol};
        const struct route_place place = {str_of(cases[i].host), STR("/p")};
        struct http_reply reply = route_redirect(arena, &listener, &made, place);
        assert_int_equal(reply.status, cases[i].redirect.status);
        assert_str(reply.location, cases[i].location);
        assert_false(reply.has_query);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(edits_are_in_the_order_in_which_they_apply),
        cmocka_unit_test(paths_are_changed_as_the_rule_says),
        cmocka_unit_test(redirects_name_what_the_rule_leaves_open),
    };
    return cmocka_run_group_tests(tests, NULL, teardown);
}
