/* What programs read: every member is there, whatever the outcome. */
#include "story.h"

#include "core/json/json.h"

static void assert_json(const char *url, const char *expected)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(1024);
    CLEANUP(buf_deinit) struct buf text;
    struct part hosts[] = {{"*", "a.test"}};
    static const struct model_backend backends[] = {{STR_INIT("web"), 3, 0}};
    static const struct model_header set[] = {{STR_INIT("x-s"), STR_INIT("1")}};
    struct model_rule rules[] = {rule(MODEL_PATH_PREFIX, "/a"), rule(MODEL_PATH_EXACT, "/")};
    rules[0].action = MODEL_FORWARD;
    rules[0].backends = backends;
    rules[0].backend_count = 1;
    rules[0].request_headers = (struct model_header_change){.set = set, .set_count = 1};
    const struct model_snapshot *snapshot = snapshot_make(MODEL_HTTP, hosts, 1, rules, 2);
    struct explain_request request = question(arena, "GET", url, NULL, 0);
    struct explain_answer answer = answer_of(arena, snapshot, &request);
    buf_init(&text, EXPLAIN_SIZE_MAX);
    explain_json(&answer, STR("[]"), &text);
    buf_append_char(&text, '\0');
    assert_string_equal(text.data, expected);
    (void)model_snapshot_unref(snapshot);
}

static void a_request_that_is_forwarded(void **state)
{
    (void)state;
    assert_json(
        "http://a.test/a?q",
        "{\"alternatives\":[],\"backends\":[{\"cluster\":\"web\",\"endpoints\":0,\"names\":[],"
        "\"ppm\":1000000,\"service\":\"web\",\"status\":503,\"tls\":false}],\"body\":\"\","
        "\"candidates\":[],"
        "\"certificate\":\"\",\"certificates\":[],\"findings\":[],"
        "\"gateway\":{\"dataplane\":\"dp\",\"mesh\":\"m\",\"name\":\"g\",\"note\":\"\","
        "\"port\":80,\"protocol\":\"HTTP\"},\"host\":\"a.test\",\"hostFromBackend\":false,"
        "\"location\":\"\",\"method\":\"GET\",\"mirror\":null,\"otherHosts\":[],"
        "\"outcome\":\"forwarded\",\"path\":\"/a\",\"remedy\":\"\","
        "\"requestHeaders\":[{\"change\":\"set\",\"name\":\"x-s\",\"value\":\"1\"}],"
        "\"responseHeaders\":[],\"rule\":{\"matches\":\"PREFIX /a\",\"route\":\"r\",\"rule\":0},"
        "\"sentHost\":\"a.test\",\"sentTarget\":\"/a?q\",\"serverName\":\"\",\"status\":0,"
        "\"takers\":[],\"url\":\"http://a.test/a?q\",\"why\":\"\"}");
}

static void one_that_nobody_takes(void **state)
{
    (void)state;
    assert_json(
        "http://a.test:81/a",
        "{\"alternatives\":[{\"gateway\":\"g\",\"host\":\"a.test\",\"mesh\":\"m\",\"port\":80,"
        "\"protocol\":\"HTTP\",\"route\":\"r\",\"rule\":0}],\"backends\":[],\"body\":\"\","
        "\"candidates\":[],\"certificate\":\"\",\"certificates\":[],\"findings\":[],"
        "\"gateway\":null,\"host\":\"\",\"hostFromBackend\":false,\"location\":\"\","
        "\"method\":\"GET\",\"mirror\":null,\"otherHosts\":[],\"outcome\":\"noListener\","
        "\"path\":\"/a\",\"remedy\":\"served are: 80 (HTTP, MeshGateway g); for another port add "
        "one to conf.listeners of the MeshGateway\",\"requestHeaders\":[],\"responseHeaders\":[],"
        "\"rule\":null,\"sentHost\":\"\",\"sentTarget\":\"\",\"serverName\":\"\",\"status\":0,"
        "\"takers\":[],\"url\":\"http://a.test:81/a\",\"why\":\"no listener has port 81: a "
        "client cannot connect\"}");
}

static void one_that_is_not_served_yet(void **state)
{
    (void)state;
    assert_json(
        "http://a.test:5432/a",
        "{\"alternatives\":[{\"gateway\":\"g\",\"host\":\"a.test\",\"mesh\":\"m\",\"port\":80,"
        "\"protocol\":\"HTTP\",\"route\":\"r\",\"rule\":0}],\"backends\":[],\"body\":\"\","
        "\"candidates\":[],\"certificate\":\"\",\"certificates\":[],\"findings\":[],"
        "\"gateway\":{\"dataplane\":\"dp\",\"mesh\":\"m\",\"name\":\"g\",\"note\":\"\","
        "\"port\":5432,\"protocol\":\"TCP\"},\"host\":\"\",\"hostFromBackend\":false,"
        "\"location\":\"\",\"method\":\"GET\",\"mirror\":null,\"otherHosts\":[],"
        "\"outcome\":\"notServed\",\"path\":\"/a\",\"remedy\":\"\",\"requestHeaders\":[],"
        "\"responseHeaders\":[],\"rule\":null,\"sentHost\":\"\",\"sentTarget\":\"\","
        "\"serverName\":\"\",\"status\":0,\"takers\":[\"MeshTCPRoute one\",\"MeshGatewayRoute "
        "two\",\"MeshGatewayRoute three\"],\"url\":\"http://a.test:5432/a\",\"why\":\"port 5432 "
        "of MeshGateway g is for TCP, which is not served yet: a client cannot connect\"}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_that_is_forwarded),
        cmocka_unit_test(one_that_nobody_takes),
        cmocka_unit_test(one_that_is_not_served_yet),
    };
    return cmocka_run_group_tests(tests, NULL, teardown);
}
