/* What rules change: fields, paths and hosts, as back ends and clients see it. */
#include "rig.h"

static struct model_backend back = {.cluster = STR_INIT("back"), .weight = 1};

/* A rule that forwards what begins with `prefix`. */
static struct model_rule rule_of(const char *prefix)
{
    return (struct model_rule){.path_match = MODEL_PATH_PREFIX,
                               .path = str_of(prefix),
                               .action = MODEL_FORWARD,
                               .backends = &back,
                               .backend_count = 1};
}

static void open_with(struct rig *rig, const struct model_rule *rules, size_t count)
{
    rig_open(rig, &(struct rig_spec){.endpoint_count = 1, .rules = rules, .rule_count = count});
}

/* One exchange for `target` on both connections, of which the back end's is opened when below 0.
 * Returns what the back end got. */
static const char *request_of(const struct rig *rig, int client, int *back_end, const char *target)
{
    static char head[RIG_TEXT_MAX];
    char text[512];
    (void)snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: a.test:99\r\nX-Old: 1\r\n\r\n",
                   target);
    rig_send(client, text);
    if (*back_end < 0)
        *back_end = rig_accept(rig, 0);
    strcpy(head, rig_read_head(*back_end)); /* lint: allow unbounded: both have the same size */
    rig_send(*back_end, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
    rig_read_until(client, "\r\n\r\nok");
    return head;
}

static void fields_of_a_request_are_removed_then_set_then_added(void **state)
{
    (void)state;
    struct rig rig;
    const struct model_header set[] = {{STR("x-old"), STR("new")}, {STR("x-set"), STR("a")}};
    const struct model_header add[] = {{STR("x-set"), STR("b")}, {STR("x-gone"), STR("c")}};
    const struct str remove[] = {STR("x-gone"), STR("x-set"), STR("x-forwarded-proto")};
    struct model_rule rule = rule_of("/x");
    rule.request_headers = (struct model_header_change){
        .set = set, .set_count = 2, .add = add, .add_count = 2, .remove = {remove, 3}};
    open_with(&rig, &rule, 1);
    int client = rig_client(&rig);
    int back_end = -1;
    const char *head = request_of(&rig, client, &back_end, "/x");
    rig_contains(head, "\r\nx-old: new\r\nx-set: a\r\nx-set: b\r\nx-gone: c\r\n\r\n");
    rig_lacks(head, "x-old: 1");
    rig_lacks(head, "x-forwarded-proto");
    rig_contains(request_of(&rig, client, &back_end, "/y"), "x-old: 1\r\n"); /* another rule's */
    close(client);
    close(back_end);
    rig_close(&rig);
}

static void fields_of_every_answer_of_the_rule_are_changed(void **state)
{
    (void)state;
    struct rig rig;
    const struct model_header set[] = {{STR("x-set"), STR("a")}, {STR("server"), STR("mine")}};
    const struct str remove[] = {STR("x-gone")};
    struct model_header_change change = {.set = set, .set_count = 2, .remove = {remove, 1}};
    struct model_rule rules[] = {rule_of("/x"), rule_of("/none"), rule_of("/text"), rule_of("/go")};
    struct model_backend missing = {.status = 503, .weight = 1};
    rules[1].backends = &missing;
    rules[2].action = MODEL_RESPOND;
    rules[2].status = 404;
    rules[2].body = STR("text");
    rules[3].action = MODEL_REDIRECT;
    rules[3].redirect.status = 302;
    for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
        rules[i].response_headers = change;
    open_with(&rig, rules, ARRAY_SIZE(rules));
    int client = rig_client(&rig);
    rig_send(client, "GET /x HTTP/1.1\r\nHost: a.test\r\n\r\n");
    int back_end = rig_accept(&rig, 0);
    rig_read_head(back_end);
    rig_send(back_end, "HTTP/1.1 200 OK\r\nX-Gone: 1\r\nX-Set: 1\r\nX-Set: 2\r\n"
                       "content-length: 2\r\n\r\nok");
    const char *answer = rig_read_until(client, "\r\n\r\nok");
    rig_contains(answer, "server: otemon\r\n");
    rig_contains(answer, "\r\nx-set: a\r\n\r\n");
    rig_lacks(answer, "x-gone");
    rig_lacks(answer, "x-set: 1");
    static const char *const others[][2] = {{"/none", "HTTP/1.1 503 Service Unavailable\r\n"},
                                            {"/text", "HTTP/1.1 404 Not Found\r\n"},
                                            {"/go", "HTTP/1.1 302 Found\r\n"}};
    for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
        char text[128];
        (void)snprintf(text, sizeof(text), "HEAD %s HTTP/1.1\r\nHost: a.test\r\n\r\n",
                       others[i][0]);
        rig_send(client, text);
        answer = rig_read_head(client);
        rig_contains(answer, others[i][1]);
        rig_contains(answer, "\r\nx-set: a\r\n\r\n");
        rig_lacks(answer, "mine");
    }
    rig_send(client, "GET /other HTTP/1.1\r\nHost: b.test\r\n\r\n"); /* no rule's */
    rig_lacks(rig_read_head(client), "x-set");
    close(client);
    close(back_end);
    rig_close(&rig);
}

static void paths_are_replaced(void **state)
{
    (void)state;
    struct rig rig;
    static const struct {
        const char *prefix;
        const char *exact; /* instead */
        enum model_path_change_type type;
        const char *value;
    } changes[] = {
        {"/full", NULL, MODEL_PATH_REPLACED, "/there"},
        {"/has", NULL, MODEL_PATH_REPLACED, "/there?query=1"},
        {"/api", NULL, MODEL_PATH_PREFIX_REPLACED, ""},
        {"/old/api", NULL, MODEL_PATH_PREFIX_REPLACED, "/new"},
        {NULL, "/exact", MODEL_PATH_PREFIX_REPLACED, "/new"},
        {"/", NULL, MODEL_PATH_PREFIX_REPLACED, "/v1"},
    };
    struct model_rule rules[ARRAY_SIZE(changes)];
    for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
        rules[i] = rule_of(changes[i].prefix != NULL ? changes[i].prefix : changes[i].exact);
        if (changes[i].prefix == NULL)
            rules[i].path_match = MODEL_PATH_EXACT;
        rules[i].rewrite.path = (struct model_path_change){changes[i].type,
                                                           str_of(changes[i].value)};
    }
    open_with(&rig, rules, ARRAY_SIZE(rules));
    static const char *const targets[][2] = {
        {"/full", "/there"},
        {"/full/x?a=b", "/there?a=b"},
        {"/has?a=b", "/there?query=1&a=b"},
        {"/has", "/there?query=1"},
        {"/has?", "/there?query=1&"},
        {"/api", "/"},
        {"/api/", "/"},
        {"/api/x", "/x"},
        {"/api?a=b", "/?a=b"},
        {"/old/api", "/new"},
        {"/old/api/", "/new/"},
        {"/old/api/x/?a", "/new/x/?a"},
        {"/old/./x/../api//y%2Ez", "/new/y.z"}, /* what was matched is what is changed */
        {"/exact", "/new"},
        {"/", "/v1"},
        {"/?a=b", "/v1?a=b"},
        {"/x", "/v1/x"},
        {"/apis", "/v1/apis"},
    };
    int client = rig_client(&rig);
    int back_end = -1;
    for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
        char line[128];
        (void)snprintf(line, sizeof(line), "GET %s HTTP/1.1\r\n", targets[i][1]);
        const char *head = request_of(&rig, client, &back_end, targets[i][0]);
        if (strncmp(head, line, strlen(line)) != 0)
            fail_msg("%s became %s", targets[i][0], head);
        char logged[128];
        (void)snprintf(logged, sizeof(logged), " a.test:99%s ", targets[i][0]);
        rig_contains(rig_log(&rig), logged);
    }
    close(client);
    close(back_end);
    rig_close(&rig);
}

static void an_escaped_slash_is_redirected_before_any_rule(void **state)
{
    (void)state;
    struct rig rig;
    struct model_rule rule = rule_of("/api");
    rule.rewrite.path = (struct model_path_change){MODEL_PATH_PREFIX_REPLACED, STR("/new")};
    open_with(&rig, &rule, 1);
    int client = rig_client(&rig);
    rig_send(client, "GET /api%2fx?a=%2F HTTP/1.1\r\nHost: a.test\r\n\r\n");
    const char *answer = rig_read_head(client);
    rig_contains(answer, "HTTP/1.1 307 Temporary Redirect\r\n");
    rig_contains(answer, "location: /api/x?a=%2F\r\n");
    close(client);
    rig_close(&rig);
}

static void hosts_are_replaced(void **state)
{
    (void)state;
    struct rig rig;
    struct model_rule rules[] = {rule_of("/literal"), rule_of("/back")};
    rules[0].rewrite.host = STR("b.test:81");
    rules[1].rewrite.host_from_backend = true;
    rig_open(&rig,
             &(struct rig_spec){
                 .endpoint_count = 1, .rules = rules, .rule_count = 2, .hostnames = {"back.test"}});
    int client = rig_client(&rig);
    int back_end = -1;
    const char *head = request_of(&rig, client, &back_end, "/literal");
    rig_contains(head, "\r\nhost: b.test:81\r\n");
    rig_lacks(head, "a.test");
    head = request_of(&rig, client, &back_end, "/back?host:x");
    rig_contains(head, "GET /back?host:x HTTP/1.1\r\nhost: back.test\r\nx-old: 1\r\n");
    rig_contains(rig_log(&rig), " a.test:99/literal ");
    close(client);
    close(back_end);
    /* One without a host name leaves the request its own. */
    rig_serve(&rig, &(struct rig_spec){.endpoint_count = 1, .rules = rules, .rule_count = 2});
    client = rig_client(&rig);
    back_end = -1;
    rig_contains(request_of(&rig, client, &back_end, "/back"), "\r\nhost: a.test:99\r\n");
    close(client);
    close(back_end);
    rig_close(&rig);
}

/* Whichever of the two is first: nobody is there, so that the other gets it, by its own name. */
static void a_second_try_has_the_host_name_of_the_second(void **state)
{
    (void)state;
    struct rig rig;
    struct model_rule rule = rule_of("/back");
    rule.rewrite.host_from_backend = true;
    rule.rewrite.host = STR("else.test");
    rig_open_with(&rig, 1, LOG_TEXT);
    uint16_t nobody;
    close(rig_bind(&nobody));
    static const char *const names[] = {"second.test", NULL};
    static const char *const lines[] = {"\r\nhost: second.test\r\n", "\r\nhost: else.test\r\n"};
    for (size_t i = 0; i < 2; i++) {
        rig_serve(&rig, &(struct rig_spec){.endpoint_count = 2,
                                           .endpoint_port = nobody,
                                           .rules = &rule,
                                           .rule_count = 1,
                                           .hostnames = {"first.test", names[i]}});
        for (size_t j = 0; j < 2; j++) { /* turn by turn: one of them meets nobody first */
            int client = rig_client(&rig);
            rig_send(client, "PUT /back HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2\r\n\r\nab");
            int back_end = rig_accept(&rig, 1);
            rig_contains(rig_read_until(back_end, "\r\n\r\nab"), lines[i]);
            rig_send(back_end, "HTTP/1.1 200 OK\r\nconnection: close\r\n"
                               "content-length: 2\r\n\r\nok");
            rig_read_until(client, "\r\n\r\nok");
            close(client);
            close(back_end);
        }
    }
    rig_close(&rig);
}

/* A field of `size` bytes with its name and line. */
static struct model_header large(size_t size)
{
    static char value[MODEL_HEADERS_MAX];
    memset(value, 'v', sizeof(value));
    return (struct model_header){STR("x-large"),
                                 str_make(value, size - sizeof("x-large: \r\n") + 1)};
}

static const char *with_field(const char *before, size_t size, const char *after)
{
    static char text[RIG_TEXT_MAX];
    size_t at = (size_t)snprintf(text, sizeof(text), "%sX-F: ", before);
    memset(text + at, 'f', size);
    (void)snprintf(text + at + size, sizeof(text) - at - size, "%s", after);
    return text;
}

static void a_head_that_filters_make_too_large_for_a_back_end_is_431(void **state)
{
    (void)state;
    struct rig rig;
    struct model_header field = large(MODEL_HEADERS_MAX);
    struct model_rule rule = rule_of("/");
    rule.request_headers = (struct model_header_change){.set = &field, .set_count = 1};
    open_with(&rig, &rule, 1);
    const char *start = "GET / HTTP/1.1\r\nHost: a.test\r\n";
    int client = rig_client(&rig);
    rig_send(client, with_field(start, 56000, "\r\n\r\n"));
    rig_contains(rig_read_all(client), "HTTP/1.1 431 Request Header Fields Too Large\r\n");
    rig_contains(rig_log(&rig), "reason=\"head too large\"");
    close(client);
    client = rig_client(&rig);
    rig_send(client, with_field(start, 52000, "\r\n\r\n"));
    int back_end = rig_accept(&rig, 0);
    rig_contains(rig_read_head(back_end), "vvv\r\n\r\n");
    close(client);
    close(back_end);
    rig_close(&rig);
}

static void a_head_that_filters_make_too_large_for_the_client_is_502(void **state)
{
    (void)state;
    struct rig rig;
    struct model_header field = large(MODEL_HEADERS_MAX);
    struct model_rule rule = rule_of("/");
    rule.response_headers = (struct model_header_change){.add = &field, .add_count = 1};
    open_with(&rig, &rule, 1);
    const char *start = "HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n";
    const size_t sizes[] = {56000, 45000};
    const char *const lines[] = {"HTTP/1.1 502 Bad Gateway\r\n", "HTTP/1.1 200 OK\r\n"};
    for (size_t i = 0; i < 2; i++) {
        int client = rig_client(&rig);
        rig_send(client, "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
        int back_end = rig_accept(&rig, 0);
        rig_read_head(back_end);
        rig_send(back_end, with_field(start, sizes[i], "\r\n\r\n"));
        const char *answer = rig_read_head(client);
        rig_contains(answer, lines[i]);
        rig_contains(answer, "vvv\r\n\r\n"); /* the answer of our own has the field, too */
        if (i == 0)
            rig_contains(rig_log(&rig), "reason=upstream_head_size");
        close(client);
        close(back_end);
    }
    rig_close(&rig);
}

static void a_large_answer_arrives_whole_behind_a_large_field(void **state)
{
    (void)state;
    struct rig rig;
    struct model_header field = large(MODEL_HEADERS_MAX);
    struct model_rule rule = rule_of("/");
    rule.response_headers = (struct model_header_change){.add = &field, .add_count = 1};
    open_with(&rig, &rule, 1);
    int client = rig_client(&rig);
    int back_end = -1;
    for (size_t i = 0; i < 5; i++) {
        rig_send(client, "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
        if (back_end < 0)
            back_end = rig_accept(&rig, 0);
        rig_read_head(back_end);
        rig_send(back_end,
                 with_field("HTTP/1.1 200 OK\r\ncontent-length: 200005\r\n\r\n", 200000, ""));
        rig_contains(rig_read_head(client), "vvv\r\n\r\n");
        assert_memory_equal(rig_read_until(client, "X-F: "), "X-F: ", 5);
        size_t left = 200000;
        while (left > 0) {
            ssize_t got = read(client, rig_text, MIN(left, sizeof(rig_text)));
            assert_true(got > 0);
            left -= (size_t)got;
        }
    }
    close(client);
    close(back_end);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_of_a_request_are_removed_then_set_then_added),
        cmocka_unit_test(fields_of_every_answer_of_the_rule_are_changed),
        cmocka_unit_test(paths_are_replaced),
        cmocka_unit_test(an_escaped_slash_is_redirected_before_any_rule),
        cmocka_unit_test(hosts_are_replaced),
        cmocka_unit_test(a_second_try_has_the_host_name_of_the_second),
        cmocka_unit_test(a_head_that_filters_make_too_large_for_a_back_end_is_431),
        cmocka_unit_test(a_head_that_filters_make_too_large_for_the_client_is_502),
        cmocka_unit_test(a_large_answer_arrives_whole_behind_a_large_field),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
