/* Rules that the data plane can do, and rules that it refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "data/subscribe/parts.h"

/* Checks a route whose second rule is `rule`. */
static enum err check(const struct model_rule *rule, struct err_info *reterr)
{
    const struct model_rule rules[] = {{.action = MODEL_RESPOND, .status = 404}, *rule};
    const struct model_route route = {.rules = rules, .rule_count = 2};
    return subscribe__rules_check(&route, reterr);
}

static void refused(const struct model_rule *rule, enum err code, const char *message)
{
    struct err_info why = {0};
    assert_int_equal(check(rule, &why), code);
    assert_string_equal(why.message, message);
    assert_int_equal(check(rule, NULL), code);
}

static void accepted(const struct model_rule *rule)
{
    struct err_info why = {0};
    if (check(rule, &why) != ERR_OK)
        fail_msg("%s", why.message);
}

static void answers(void **state)
{
    (void)state;
    static char body[SUBSCRIBE_BODY_MAX + 1];
    struct model_rule rule = {
        .action = MODEL_RESPOND, .status = 599, .body = {body, SUBSCRIBE_BODY_MAX}};
    accepted(&rule);
    rule.body.size++;
    refused(&rule, ERR_LIMIT, "rule 1: it answers with 32769 bytes, above 32768");
    rule = (struct model_rule){.action = MODEL_RESPOND, .status = 101};
    refused(&rule, ERR_INVALID, "rule 1: it answers with status 101");
    rule.status = 600;
    refused(&rule, ERR_INVALID, "rule 1: it answers with status 600");
}

static void header_fields(void **state)
{
    (void)state;
    static char value[MODEL_HEADERS_MAX];
    memset(value, 'v', sizeof(value));
    struct model_header fields[] = {{STR("x-a"), STR("\tb")}, {STR("x-b"), {value, 1}}};
    struct model_header_change change = {
        .set = fields, .set_count = 1, .add = fields + 1, .add_count = 1};
    struct model_rule forward = {.action = MODEL_FORWARD, .request_headers = change};
    struct model_rule respond = {
        .action = MODEL_RESPOND, .status = 404, .response_headers = change};
    fields[1].value.size = MODEL_HEADERS_MAX - 2 * strlen("x-a: \r\n") - strlen("\tb");
    accepted(&forward);
    accepted(&respond);
    fields[1].value.size++;
    refused(&forward, ERR_LIMIT, "rule 1: header fields take 16385 bytes, above 16384");
    refused(&respond, ERR_LIMIT, "rule 1: header fields take 16385 bytes, above 16384");
    fields[1].value = STR("a\r\nb: c");
    refused(&forward, ERR_INVALID, "rule 1: \"x-b\" and its value are no header field");
    fields[0].name = STR("X-A");
    refused(&respond, ERR_INVALID, "rule 1: \"X-A\" and its value are no header field");
}

static void paths(void **state)
{
    (void)state;
    static const struct {
        enum model_path_change_type type;
        struct str value;
        bool fits;
    } changes[] = {
        {MODEL_PATH_KEPT, STR_INIT(""), true},
        {MODEL_PATH_REPLACED, STR_INIT("/"), true},
        {MODEL_PATH_REPLACED, STR_INIT("/a/?b=c"), true},
        {MODEL_PATH_REPLACED, STR_INIT(""), false},
        {MODEL_PATH_REPLACED, STR_INIT("a"), false},
        {MODEL_PATH_REPLACED, STR_INIT("/a b"), false},
        {MODEL_PATH_PREFIX_REPLACED, STR_INIT(""), true},
        {MODEL_PATH_PREFIX_REPLACED, STR_INIT("/a/b"), true},
        {MODEL_PATH_PREFIX_REPLACED, STR_INIT("/"), false},
        {MODEL_PATH_PREFIX_REPLACED, STR_INIT("/a/"), false},
        {MODEL_PATH_PREFIX_REPLACED, STR_INIT("/a?b"), false},
        {MODEL_PATH_PREFIX_REPLACED, STR_INIT("a"), false},
    };
    for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
        struct model_path_change change = {changes[i].type, changes[i].value};
        struct model_rule forward = {.action = MODEL_FORWARD, .rewrite = {.path = change}};
        struct model_rule redirect = {.action = MODEL_REDIRECT,
                                      .redirect = {.status = 302, .path = change}};
        if ((check(&forward, NULL) == ERR_OK) != changes[i].fits ||
            (check(&redirect, NULL) == ERR_OK) != changes[i].fits)
            fail_msg("%zu: %.*s", i, STR_ARG(changes[i].value));
    }
}

static void redirects(void **state)
{
    (void)state;
    struct model_rule rule = {.action = MODEL_REDIRECT,
                              .redirect = {.scheme = STR("https"), .host = STR("a.test")}};
    static const uint16_t statuses[] = {301, 302, 303, 307, 308};
    for (size_t i = 0; i < ARRAY_SIZE(statuses); i++) {
        rule.redirect.status = statuses[i];
        accepted(&rule);
    }
    rule.redirect.host = STR("[::1]");
    accepted(&rule);
    rule.redirect.host = STR("[::1]:80");
    refused(&rule, ERR_INVALID, "rule 1: \"[::1]:80\" has a port");
    rule.redirect.host = STR("a.test:80");
    refused(&rule, ERR_INVALID, "rule 1: \"a.test:80\" has a port");
    rule.redirect.host = STR("a/b");
    refused(&rule, ERR_INVALID, "rule 1: \"a/b\" is not a host");
    rule.redirect.scheme = STR("HTTPS");
    refused(&rule, ERR_INVALID, "rule 1: \"HTTPS\" is not a scheme");
    rule.redirect.status = 300;
    refused(&rule, ERR_INVALID, "rule 1: a redirect has status 300");
}

static void back_ends_and_hosts(void **state)
{
    (void)state;
    struct model_backend backends[] = {{.cluster = STR("c")}, {.status = 500}};
    struct model_rule rule = {.action = MODEL_FORWARD,
                              .backends = backends,
                              .backend_count = 2,
                              .rewrite = {.host = STR("a.test:80")}};
    accepted(&rule);
    rule.rewrite.host = STR("a\r\n");
    refused(&rule, ERR_INVALID, "rule 1: \"a\r\n\" is not a host");
    backends[1].status = 0;
    refused(&rule, ERR_INVALID, "rule 1: a back end answers with status 0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers),   cmocka_unit_test(header_fields),       cmocka_unit_test(paths),
        cmocka_unit_test(redirects), cmocka_unit_test(back_ends_and_hosts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
