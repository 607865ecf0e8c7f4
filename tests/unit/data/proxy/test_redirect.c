/* Where redirects lead. */
#include "rig.h"

/* "%u" is the port of the listener, if at all. */
struct lead {
    struct model_redirect redirect;
    const char *request;
    const char *line;
    const char *location;
};

static void check(struct rig *rig, const struct lead *lead, const char *prefix)
{
    struct model_rule rule = {.path_match = MODEL_PATH_PREFIX,
                              .path = str_of(prefix),
                              .action = MODEL_REDIRECT,
                              .redirect = lead->redirect};
    rig_serve(rig, &(struct rig_spec){.rules = &rule, .rule_count = 1});
    int client = rig_client(rig);
    rig_send(client, lead->request);
    const char *answer = rig_read_head(client);
    char location[256];
    size_t mark = strcspn(lead->location, "%");
    (void)snprintf(location, sizeof(location), "\r\nlocation: %.*s", (int)mark, lead->location);
    if (lead->location[mark] == '%')
        (void)snprintf(location + strlen(location), sizeof(location) - strlen(location), "%u%s",
                       rig->port, lead->location + mark + strlen("%u"));
    (void)snprintf(location + strlen(location), sizeof(location) - strlen(location), "\r\n");
    rig_contains(answer, lead->line);
    rig_contains(answer, location);
    rig_contains(answer, "\r\ncontent-length: 0\r\n");
    rig_lacks(answer, "content-type");
    const char *line = rig_log(rig);
    rig_contains(line, " route=extra rule=0 ");
    rig_contains(line, " reason=redirect\n");
    close(client);
}

#define GET(target) "GET " target " HTTP/1.1\r\nHost: A.test:99\r\n\r\n"

static void a_location_is_whole_and_without_the_query(void **state)
{
    (void)state;
    static const struct lead leads[] = {
        {{.status = 301}, GET("/p?q=1"), "301 Moved Permanently", "http://A.test:%u/p"},
        {{.status = 302, .scheme = STR_INIT("https")}, GET("/"), "302 Found", "https://A.test:%u/"},
        {{.status = 303, .scheme = STR_INIT("https"), .port = 443},
         GET("/p/"),
         "303 See Other",
         "https://A.test:443/p/"},
        {{.status = 307, .host = STR_INIT("b.test"), .port = 80},
         GET("/a/../b"),
         "307 Temporary Redirect",
         "http://b.test:80/b"},
        {{.status = 308, .path = {MODEL_PATH_REPLACED, STR_INIT("/new?x=y")}},
         GET("/p?q=1"),
         "308 Permanent Redirect",
         "http://A.test:%u/new"},
        {{.status = 302, .path = {MODEL_PATH_PREFIX_REPLACED, STR_INIT("/v1")}},
         GET("/p?q=1"),
         "302 Found",
         "http://A.test:%u/v1/p"},
        {{.status = 302, .path = {MODEL_PATH_PREFIX_REPLACED, STR_INIT("/v1")}},
         GET("/"),
         "302 Found",
         "http://A.test:%u/v1"},
        {{.status = 302},
         "GET http://a.test/p HTTP/1.1\r\nHost: b.test\r\n\r\n",
         "302 Found",
         "http://a.test:%u/p"},
    };
    struct rig rig;
    rig_open_with(&rig, 1, LOG_TEXT);
    for (size_t i = 0; i < ARRAY_SIZE(leads); i++)
        check(&rig, &leads[i], "/");
    rig_close(&rig);
}

static void a_prefix_is_replaced(void **state)
{
    (void)state;
    static const struct lead leads[] = {
        {{.status = 302, .path = {MODEL_PATH_PREFIX_REPLACED, STR_INIT("/new")}},
         GET("/old/x"),
         "302 Found",
         "http://A.test:%u/new/x"},
        {{.status = 302, .path = {MODEL_PATH_PREFIX_REPLACED, STR_INIT("")}},
         GET("/old"),
         "302 Found",
         "http://A.test:%u/"},
        {{.status = 302, .path = {MODEL_PATH_PREFIX_REPLACED, STR_INIT("")}},
         GET("/old/"),
         "302 Found",
         "http://A.test:%u/"},
    };
    struct rig rig;
    rig_open_with(&rig, 1, LOG_TEXT);
    for (size_t i = 0; i < ARRAY_SIZE(leads); i++)
        check(&rig, &leads[i], "/old");
    rig_close(&rig);
}

static void a_redirect_keeps_the_connection_when_the_body_is_here(void **state)
{
    (void)state;
    struct model_rule rule = {.path_match = MODEL_PATH_PREFIX,
                              .path = STR("/old"),
                              .action = MODEL_REDIRECT,
                              .redirect = {.status = 302}};
    struct rig rig;
    rig_open(&rig, &(struct rig_spec){.endpoint_count = 1, .rules = &rule, .rule_count = 1});
    int client = rig_client(&rig);
    for (int i = 0; i < 3; i++) {
        rig_send(client, "POST /old HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2\r\n\r\nab");
        rig_contains(rig_read_head(client), "302 Found");
    }
    rig_send(client, "GET /older HTTP/1.1\r\nHost: a.test\r\n\r\n");
    int back_end = rig_accept(&rig, 0);
    rig_contains(rig_read_head(back_end), "GET /older ");
    close(client);
    close(back_end);
    rig_close(&rig);
}

/* A query lies where the head was read, with the body behind it. */
static void a_location_outlives_the_body_that_came_with_its_query(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &(struct rig_spec){.endpoint_count = 1});
    int client = rig_client(&rig);
    rig_send(client, "POST /a%2Fb?query HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2\r\n");
    int other = rig_client(&rig); /* accepted behind it */
    rig_settle(other);
    rig_send(client, "\r\nab");
    rig_contains(rig_read_head(client), "\r\nlocation: /a/b?query\r\n");
    close(client);
    close(other);
    rig_close(&rig);
}

static void a_location_that_is_too_long_is_414(void **state)
{
    (void)state;
    static char text[64 * 1024];
    static char value[MODEL_HEADERS_MAX - 11];
    memset(value, 'v', sizeof(value));
    struct model_header field = {STR("x-large"), {value, sizeof(value)}};
    struct model_rule rule = {.path_match = MODEL_PATH_PREFIX,
                              .path = STR("/"),
                              .action = MODEL_REDIRECT,
                              .redirect = {.status = 302},
                              .response_headers = {.set = &field, .set_count = 1}};
    struct rig rig;
    rig_open(&rig, &(struct rig_spec){.rules = &rule, .rule_count = 1});
    static const size_t marks[] = {17000, 18000}; /* each takes three bytes in the Location */
    static const char *const lines[] = {"302 Found", "414 URI Too Long"};
    for (size_t i = 0; i < 2; i++) {
        size_t at = (size_t)snprintf(text, sizeof(text), "GET /");
        memset(text + at, '"', marks[i]);
        (void)snprintf(text + at + marks[i], sizeof(text) - at - marks[i],
                       " HTTP/1.1\r\nHost: a.test\r\n\r\n");
        int client = rig_client(&rig);
        rig_send(client, text);
        assert_int_equal(shutdown(client, SHUT_WR), 0);
        rig_contains(rig_read_all(client), lines[i]);
        close(client);
    }
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_location_is_whole_and_without_the_query),
        cmocka_unit_test(a_prefix_is_replaced),
        cmocka_unit_test(a_redirect_keeps_the_connection_when_the_body_is_here),
        cmocka_unit_test(a_location_outlives_the_body_that_came_with_its_query),
        cmocka_unit_test(a_location_that_is_too_long_is_414),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
