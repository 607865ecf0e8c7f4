#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/random.h"
#include "core/json/json.h"
#include "make.h"

static const struct model_snapshot *snapshot_of(const struct model_resource **resources,
                                                size_t count)
{
    const struct model_snapshot *snapshot = NULL;
    assert_int_equal(model_snapshot_new(resources, count, &snapshot, NULL), ERR_OK);
    return snapshot;
}

/* Every kind, with everything in it. */
static const struct model_snapshot *full(const char *key, uint16_t port)
{
    const struct model_backend backends[] = {{.cluster = STR("c"), .weight = 3},
                                             {.status = 503, .weight = 2}};
    const struct model_criterion criteria[] = {
        {.name = STR("a"), .match = MODEL_VALUE_REGEX, .value = STR("x+")},
        {.name = STR("b"), .match = MODEL_VALUE_ABSENT},
    };
    const struct model_header headers[] = {{STR("x-a"), STR("1")}, {STR("x-b"), STR("")}};
    const struct str names[] = {STR("gone")};
    const struct model_header_change change = {
        .set = headers, .set_count = 2, .add = headers, .add_count = 1, .remove = {names, 1}};
    const struct model_path_change path = {MODEL_PATH_PREFIX_REPLACED, STR("/v1")};
    const struct model_rule rules[] = {
        {.index = 2,
         .path_match = MODEL_PATH_EXACT,
         .path = STR("/é\"\n"),
         .action = MODEL_FORWARD,
         .request_timeout_ms = 15000,
         .stream_idle_timeout_ms = UINT32_MAX,
         .method = STR("GET"),
         .headers = criteria,
         .header_count = 2,
         .queries = criteria,
         .query_count = 1,
         .request_headers = change,
         .response_headers = change,
         .rewrite = {.path = path, .host = STR("b.test"), .host_from_backend = true},
         .mirror = {.cluster = STR("c"), .ppm = 500000},
         .backends = backends,
         .backend_count = 2},
        {.path_match = MODEL_PATH_PREFIX,
         .path = STR("/"),
         .action = MODEL_RESPOND,
         .status = 404,
         .body = STR("none"),
         .reason = STR("why"),
         .response_headers = {.set = headers, .set_count = 1}},
        {.path_match = MODEL_PATH_REGEX,
         .path = STR("/[a-z]*"),
         .action = MODEL_REDIRECT,
         .redirect = {.status = 308,
                      .scheme = STR("https"),
                      .host = STR("c.test"),
                      .port = 443,
                      .path = path}},
    };
    const struct model_resource *resources[] = {
        make_listener("l", "x", "h"),
        make_host("h", "r"),
        model_route_new(&(struct model_route){
            .name = STR("r"), .route = STR("route"), .rules = rules, .rule_count = 3}),
        make_cluster("c", "s"),
        make_set("s", port),
        make_secret("x", key),
    };
    return snapshot_of(resources, ARRAY_SIZE(resources));
}

static struct buf print(const struct model_transaction *transaction)
{
    struct buf buf;
    buf_init(&buf, (size_t)1 << 20);
    model_transaction_print(transaction, &buf);
    assert_false(buf_overflowed(&buf));
    return buf;
}

static enum err parse(struct str text, struct model_transaction **ret_transaction,
                      struct err_info *reterr)
{
    struct arena *arena = arena_new(1024);
    const struct jv *value = NULL;
    assert_int_equal(jv_parse(arena, text, JV_VALUES_MAX, &value, reterr), ERR_OK);
    enum err err = model_transaction_parse(value, ret_transaction, reterr);
    arena_free(arena); /* nothing of it is needed any more */
    return err;
}

/* What leads from `base` to `next`, over the wire. */
static void travel(const struct model_snapshot *base, const struct model_snapshot *next)
{
    struct model_transaction *sent = model_transaction_new(base, next);
    struct buf text = print(sent);
    struct model_transaction *received = NULL;
    struct err_info why = {0};
    if (parse(buf_str(&text), &received, &why) != ERR_OK)
        fail_msg("%s: %s", why.path, why.message);
    const struct model_snapshot *result = NULL;
    assert_int_equal(model_transaction_apply(received, base, &result, &why), ERR_OK);
    assert_true(model_digest_equal(&result->digest, &next->digest));
    struct buf again = print(received);
    assert_true(str_equal(buf_str(&text), buf_str(&again)));
    result = model_snapshot_unref(result);
    received = model_transaction_free(received);
    sent = model_transaction_free(sent);
    buf_deinit(&text);
    buf_deinit(&again);
}

static void test_everything_survives_the_way(void **state)
{
    (void)state;
    const struct model_snapshot *first = full("K1", 80);
    const struct model_snapshot *second = full("K2", 81);
    const struct model_snapshot *nothing = snapshot_of(NULL, 0);
    travel(NULL, first);
    travel(first, second);
    travel(second, nothing);
    travel(nothing, first);
    nothing = model_snapshot_unref(nothing);
    first = model_snapshot_unref(first);
    second = model_snapshot_unref(second);
}

static const struct model_snapshot *random_snapshot(struct random *random)
{
    const struct model_resource *resources[16];
    size_t count = (size_t)random_below(random, ARRAY_SIZE(resources));
    for (size_t i = 0; i < count; i++) {
        char name[2] = {(char)('a' + i), '\0'};
        resources[i] = make_set(name, (uint16_t)random_below(random, 4));
    }
    return snapshot_of(resources, count);
}

static void test_random_snapshots_survive_the_way(void **state)
{
    (void)state;
    struct random random = {{1, 2, 3, 4}};
    const struct model_snapshot *base = random_snapshot(&random);
    for (size_t i = 0; i < 200; i++) {
        const struct model_snapshot *next = random_snapshot(&random);
        travel(base, next);
        base = model_snapshot_unref(base);
        base = next;
    }
    base = model_snapshot_unref(base);
}

static void test_one_that_starts_from_nothing_replaces_everything(void **state)
{
    (void)state;
    const struct model_snapshot *old = full("K1", 80);
    const struct model_snapshot *next = full("K2", 81);
    struct model_transaction *transaction = model_transaction_new(NULL, next);
    const struct model_snapshot *result = NULL;
    assert_int_equal(model_transaction_apply(transaction, old, &result, NULL), ERR_OK);
    assert_true(model_digest_equal(&result->digest, &next->digest));
    result = model_snapshot_unref(result);
    transaction = model_transaction_free(transaction);
    old = model_snapshot_unref(old);
    next = model_snapshot_unref(next);
}

#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"
#define FRAME(puts, removals)                                                                     \
    "{\"base\":\"" ZEROS "\",\"puts\":[" puts "],\"removals\":[" removals "],\"result\":\"" ZEROS \
    "\"}"

static void test_what_is_no_transaction_is_refused_with_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *path;
        const char *message;
    } cases[] = {
        {"[]", "", "a list where an object belongs"},
        {"{}", "base", "it is missing"},
        {"{\"base\":\"00\",\"puts\":[],\"removals\":[],\"result\":\"" ZEROS "\"}", "base",
         "it is no digest"},
        {"{\"base\":\"" ZEROS "\",\"puts\":{},\"removals\":[],\"result\":\"" ZEROS "\"}", "",
         "\"puts\" is no list"},
        {"{\"base\":\"" ZEROS "\",\"puts\":[],\"removals\":[],\"result\":\"" ZEROS "\",\"x\":1}",
         "x", "a member that is not known"},
        {FRAME("{\"kind\":\"frob\",\"name\":\"a\"}", ""), "frob a", "its kind is not known"},
        {FRAME("{\"kind\":\"endpointSet\",\"name\":\"s\"}", ""), "endpointSet s.endpoints",
         "it is missing"},
        {FRAME("{\"endpoints\":[{\"address\":\"a\",\"port\":65536}],\"kind\":\"endpointSet\","
               "\"name\":\"s\"}",
               ""),
         "endpointSet s.endpoints[0].port", "a number where a whole number of its range belongs"},
        {FRAME("{\"endpoints\":[1],\"kind\":\"endpointSet\",\"name\":\"s\"}", ""),
         "endpointSet s.endpoints[0]", "a number where an object belongs"},
        {FRAME("{\"domain\":\"*\",\"kind\":\"virtualHost\",\"name\":\"h\",\"routes\":[1]}", ""),
         "virtualHost h.routes", "a number where a text belongs"},
        {FRAME("{\"kind\":\"route\",\"name\":\"r\",\"route\":\"\",\"rules\":[{\"action\":\"fly\","
               "\"index\":0,\"path\":\"/\",\"pathMatch\":\"exact\"}]}",
               ""),
         "route r.rules[0].action", "a string where one of the known names belongs"},
        {FRAME("", "{\"kind\":\"route\"}"), "removals[0].name", "it is missing"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct model_transaction *transaction = NULL;
        struct err_info why = {0};
        assert_int_equal(parse(str_of(cases[i].text), &transaction, &why), ERR_INVALID);
        assert_null(transaction);
        assert_string_equal(why.path, cases[i].path);
        assert_string_equal(why.message, cases[i].message);
    }
    assert_int_equal(model_resources_alive(), 0);
}

static void test_digests_as_text(void **state)
{
    (void)state;
    const struct model_resource *set = make_set("s", 80);
    struct buf text;
    buf_init(&text, 100);
    model_digest_print(&set->digest, &text);
    assert_int_equal(text.size, MODEL_DIGEST_TEXT_SIZE);
    struct model_digest digest;
    assert_true(model_digest_parse(buf_str(&text), &digest));
    assert_true(model_digest_equal(&digest, &set->digest));
    assert_false(model_digest_parse(str_from(buf_str(&text), 1), &digest));
    text.data[3] = 'G';
    assert_false(model_digest_parse(buf_str(&text), &digest));
    buf_deinit(&text);
    set = model_resource_unref(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_everything_survives_the_way),
        cmocka_unit_test(test_random_snapshots_survive_the_way),
        cmocka_unit_test(test_one_that_starts_from_nothing_replaces_everything),
        cmocka_unit_test(test_what_is_no_transaction_is_refused_with_its_place),
        cmocka_unit_test(test_digests_as_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
