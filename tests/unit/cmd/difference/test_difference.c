/* Two sides, and what is told of them. */
#include "../explain/story.h"

#include "difference/difference.h"

#define RULES 3

struct side {
    enum model_protocol protocol;
    struct part parts[2];
    size_t part_count;
    struct model_rule rules[RULES];
    size_t rule_count;
};

static const struct model_backend web[] = {{STR_INIT("web"), 1, 0}};
static const struct model_backend both[] = {{STR_INIT("web"), 3, 0}, {STR_INIT("api"), 1, 0}};
static const struct model_header header[] = {{STR_INIT("x-a"), STR_INIT("1")}};
static const struct str removed[] = {STR_INIT("x-b")};

static struct model_rule forward(const struct model_backend *backends, size_t count)
{
    struct model_rule made = rule(MODEL_PATH_PREFIX, "/a");
    made.action = MODEL_FORWARD;
    made.backends = backends;
    made.backend_count = count;
    return made;
}

static struct side side_make(void)
{
    struct side side = {
        .protocol = MODEL_HTTP,
        .parts = {{"*", "a.test"}, {"*", "b.test"}},
        .part_count = 1,
        .rule_count = 2,
    };
    side.rules[0] = forward(web, 1);
    side.rules[1] = rule(MODEL_PATH_EXACT, "/x");
    side.rules[2] = rule(MODEL_PATH_EXACT, "/y");
    return side;
}

static const struct model_snapshot *snapshot_of(const struct side *side)
{
    return snapshot_make(side->protocol, side->parts, side->part_count, side->rules,
                         side->rule_count);
}

/* "changed rule NAME\n BEFORE\n AFTER\n" for each. */
static void assert_told(const struct side *before, const struct side *after, const char *expected)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(1024);
    CLEANUP(buf_deinit) struct buf text;
    const struct explain_place old = {STR("m"), STR("g"), STR_EMPTY, snapshot_of(before), NULL, 0};
    const struct explain_place new = {STR("m"), STR("g"), STR_EMPTY, snapshot_of(after), NULL, 0};
    struct differences told = difference_find(arena, (struct difference_side){&old, 1},
                                              (struct difference_side){&new, 1});
    buf_init(&text, 64 * 1024);
    for (size_t i = 0; i < told.count; i++) {
        const struct difference *one = &told.items[i];
        struct str change = difference_change_name(one->change);
        struct str kind = difference_kind_name(one->kind);
        buf_printf(&text, "%.*s %.*s %.*s\n %.*s\n %.*s\n", STR_ARG(change), STR_ARG(kind),
                   STR_ARG(one->name), STR_ARG(one->before), STR_ARG(one->after));
    }
    buf_append_char(&text, '\0');
    assert_string_equal(text.data, expected);
    (void)model_snapshot_unref(old.snapshot);
    (void)model_snapshot_unref(new.snapshot);
}

static void equal_sides_have_no_difference(void **state)
{
    (void)state;
    const struct side side = side_make();
    assert_told(&side, &side, "");
    struct side other = side_make();
    other.rules[0].index = 7; /* only the number is another */
    assert_told(&side, &other, "");
}

static void hosts_come_and_go(void **state)
{
    (void)state;
    const struct side before = side_make();
    struct side after = side_make();
    after.parts[0].domain = "b.test";
    assert_told(&before, &after,
                "removed host a.test on port 80 of MeshGateway g (mesh m)\n routes r\n \n"
                "added host b.test on port 80 of MeshGateway g (mesh m)\n \n routes r\n");
}

static void a_listener_changes(void **state)
{
    (void)state;
    const struct side before = side_make();
    struct side after = side_make();
    after.protocol = MODEL_HTTPS;
    assert_told(&before, &after,
                "changed listener port 80 of MeshGateway g (mesh m)\n HTTP on 127.0.0.1\n HTTPS on "
                "127.0.0.1\n");
}

static void rules_come_go_and_change(void **state)
{
    (void)state;
    const struct side before = side_make();
    struct side after = side_make();
    after.rules[1] = after.rules[2];
    after.rules[0] = forward(both, 2);
    assert_told(&before, &after,
                "removed rule EXACT /x of route r (mesh m)\n answers 200 () \"\"\n \n"
                "added rule EXACT /y of route r (mesh m)\n \n answers 200 () \"\"\n"
                "changed rule PREFIX /a of route r (mesh m)\n to web with weight 1\n to api with "
                "weight 1, web with weight 3\n");
}

static void their_order_is_told_where_it_is_all(void **state)
{
    (void)state;
    struct side before = side_make();
    before.rule_count = 3;
    struct side after = before;
    after.rules[1] = before.rules[2];
    after.rules[2] = before.rules[1];
    assert_told(&before, &after,
                "changed order rules of route r (mesh m)\n 3 rules\n 3 rules, in another order\n");
    after.rules[2] = before.rules[2];
    assert_told(&before, &after,
                "removed rule EXACT /x of route r (mesh m)\n answers 200 () \"\"\n \n"
                "added rule EXACT /y of route r (mesh m)\n \n answers 200 () \"\"\n");
}

static void timeouts_are_told_where_they_differ(void **state)
{
    (void)state;
    const struct side before = side_make();
    struct side after = side_make();
    after.rules[0].request_timeout_ms = 5;
    assert_told(&before, &after,
                "changed rule PREFIX /a of route r (mesh m)\n"
                " to web with weight 1; answered within 0 ms, idle at most 0 ms\n"
                " to web with weight 1; answered within 5 ms, idle at most 0 ms\n");
}

static struct model_rule *first_of(struct side *side)
{
    return &side->rules[0];
}

/* Every member of a rule that forwards: none may change unseen. */
static void nothing_of_a_rule_changes_unseen(void **state)
{
    (void)state;
    for (size_t i = 0; i <= 11; i++) {
        CLEANUP(arena_free) struct arena *arena = arena_new(1024);
        struct side sides[2] = {side_make(), side_make()};
        struct model_rule *changed = first_of(&sides[1]);
        switch (i) {
        case 0:
            changed->rewrite.path = (struct model_path_change){MODEL_PATH_REPLACED, STR("/n")};
            break;
        case 1: changed->rewrite.path.type = MODEL_PATH_PREFIX_REPLACED; break;
        case 2: changed->rewrite.host = STR("h"); break;
        case 3: changed->rewrite.host_from_backend = true; break;
        case 4: changed->mirror = (struct model_mirror){STR("web"), 1}; break;
        case 5:
            changed->request_headers = (struct model_header_change){.set = header, .set_count = 1};
            break;
        case 6:
            changed->request_headers = (struct model_header_change){.add = header, .add_count = 1};
            break;
        case 7: changed->request_headers.remove = (struct model_names){removed, 1}; break;
        case 8: changed->response_headers.remove = (struct model_names){removed, 1}; break;
        case 9: changed->stream_idle_timeout_ms = 1; break;
        case 10: *changed = rule(MODEL_PATH_PREFIX, "/a"); break;
        case 11: changed->method = STR("GET"); break;
        }
        const struct explain_place old = {STR("m"), STR("g"), STR_EMPTY, snapshot_of(&sides[0]),
                                          NULL,     0};
        const struct explain_place new = {STR("m"), STR("g"), STR_EMPTY, snapshot_of(&sides[1]),
                                          NULL,     0};
        struct differences told = difference_find(arena, (struct difference_side){&old, 1},
                                                  (struct difference_side){&new, 1});
        if (told.count == 0)
            fail_msg("change %zu is not seen", i);
        (void)model_snapshot_unref(old.snapshot);
        (void)model_snapshot_unref(new.snapshot);
    }
}

static void nothing_of_a_redirect_changes_unseen(void **state)
{
    (void)state;
    for (size_t i = 0; i <= 4; i++) {
        struct side sides[2] = {side_make(), side_make()};
        static const char *const after[] = {"308", "302; scheme https", "302; host h",
                                            "302; port 1", "302; path becomes /n"};
        for (size_t j = 0; j < 2; j++) {
            sides[j].rules[0].action = MODEL_REDIRECT;
            sides[j].rules[0].redirect = (struct model_redirect){.status = 302};
        }
        struct model_redirect *changed = &sides[1].rules[0].redirect;
        switch (i) {
        case 0: changed->status = 308; break;
        case 1: changed->scheme = STR("https"); break;
        case 2: changed->host = STR("h"); break;
        case 3: changed->port = 1; break;
        case 4: changed->path = (struct model_path_change){MODEL_PATH_REPLACED, STR("/n")}; break;
        }
        char expected[256];
        (void)snprintf(expected, sizeof(expected),
                       "changed rule PREFIX /a of route r (mesh m)\n redirect 302\n redirect %s\n",
                       after[i]);
        assert_told(&sides[0], &sides[1], expected);
    }
}

static void a_place_comes(void **state)
{
    (void)state;
    CLEANUP(arena_free) struct arena *arena = arena_new(1024);
    const struct side side = side_make();
    const struct explain_place place = {STR("m"),           STR("dp"), STR_EMPTY,
                                        snapshot_of(&side), NULL,      0};
    struct differences told = difference_find(arena, (struct difference_side){NULL, 0},
                                              (struct difference_side){&place, 1});
    assert_int_equal(told.count, 5); /* listener, host, two rules, back end */
    assert_string_equal(told.items[0].name.data, "port 80 of MeshGateway g (mesh m, dataplane dp)");
    for (size_t i = 0; i < told.count; i++)
        assert_int_equal(told.items[i].change, DIFFERENCE_ADDED);
    (void)model_snapshot_unref(place.snapshot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_sides_have_no_difference),
        cmocka_unit_test(hosts_come_and_go),
        cmocka_unit_test(a_listener_changes),
        cmocka_unit_test(rules_come_go_and_change),
        cmocka_unit_test(their_order_is_told_where_it_is_all),
        cmocka_unit_test(timeouts_are_told_where_they_differ),
        cmocka_unit_test(nothing_of_a_rule_changes_unseen),
        cmocka_unit_test(nothing_of_a_redirect_changes_unseen),
        cmocka_unit_test(a_place_comes),
    };
    return cmocka_run_group_tests(tests, NULL, teardown);
}
