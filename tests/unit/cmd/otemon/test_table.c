#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "otemon/table.h"

/* 2036-11-24T00:00:00Z */
#define NOT_AFTER_MS 2111097600000ULL

struct site {
    const char *domain;
    const char *service;
    size_t endpoints;
    bool tls;
    size_t routes;
};

#define ROUTES_MAX 30

static const struct model_endpoint endpoints[] = {
    {.address = STR_INIT("10.0.0.1"), .port = 80},
    {.address = STR_INIT("10.0.0.2"), .port = 80},
};

static const struct model_resource *cluster_make(struct str service)
{
    return model_cluster_new(&(struct model_cluster){
        .name = service,
        .service = service,
        .endpoint_set = service,
    });
}

static const struct model_resource *set_make(struct str service, size_t count)
{
    return model_endpoint_set_new(&(struct model_endpoint_set){
        .name = service,
        .endpoints = endpoints,
        .endpoint_count = count,
    });
}

static const struct model_resource *route_make(const char *name, const char *service)
{
    struct model_backend backend = {.cluster = str_of(service), .weight = 1};
    struct model_rule rule = {.path = STR("/"),
                              .path_match = MODEL_PATH_PREFIX,
                              .backends = &backend,
                              .backend_count = 1};
    return model_route_new(&(struct model_route){
        .name = str_of(name), .route = str_of(name), .rules = &rule, .rule_count = 1});
}

/* With `routes` routes, "r0" and so on; 0: one route, "shop". Returns how many. */
static size_t routes_make(const struct site *site, const struct model_resource **ret_routes,
                          struct str *ret_names)
{
    for (size_t i = 0; i < site->routes; i++) {
        char name[24];
        (void)snprintf(name, sizeof(name), "r%zu", i); /* short enough */
        ret_routes[i] = route_make(name, site->service);
        ret_names[i] = ret_routes[i]->name;
    }
    if (site->routes > 0)
        return site->routes;
    ret_routes[0] = route_make("shop", site->service);
    ret_names[0] = ret_routes[0]->name;
    return 1;
}

static const struct model_resource *secret_make(void)
{
    return model_secret_new(&(struct model_secret){
        .name = STR("certificate"),
        .certificates_pem = STR("c"),
        .key_pem = STR("k"),
        .key_type = STR("ecdsa"),
        .fingerprint = STR("00"),
        .not_after_ms = NOT_AFTER_MS,
    });
}

static const struct model_resource *listener_make(const struct site *site)
{
    struct str host = str_of(site->domain);
    struct str secret = STR("certificate");
    struct model_chain chain = {
        .hostname = site->tls ? host : STR("*"),
        .secrets = {&secret, site->tls ? 1 : 0},
        .virtual_hosts = {&host, 1},
    };
    return model_listener_new(&(struct model_listener){
        .name = STR("edge"),
        .gateway = STR("edge"),
        .address = STR("127.0.0.1"),
        .port = 8080,
        .protocol = site->tls ? MODEL_HTTPS : MODEL_HTTP,
        .chains = &chain,
        .chain_count = 1,
    });
}

static struct table *table_make(struct site site)
{
    const struct model_resource *resources[ROUTES_MAX + 5];
    struct str names[ROUTES_MAX];
    size_t count = routes_make(&site, resources, names);
    resources[count] = model_virtual_host_new(&(struct model_virtual_host){
        .name = str_of(site.domain), .domain = str_of(site.domain), .routes = {names, count}});
    resources[++count] = listener_make(&site);
    resources[++count] = cluster_make(str_of(site.service));
    resources[++count] = set_make(str_of(site.service), site.endpoints);
    if (site.tls)
        resources[++count] = secret_make();
    const struct model_snapshot *snapshot = NULL;
    struct err_info reason;
    if (model_snapshot_new(resources, count + 1, &snapshot, &reason) != ERR_OK)
        fail_msg("%s: %s", reason.path, reason.message);
    struct table *table = table_new(snapshot);
    model_snapshot_unref(snapshot);
    return table;
}

static void expect(struct buf *buf, const char *text)
{
    buf_append_char(buf, '\0');
    assert_string_equal(buf->data, text);
    buf_deinit(buf);
}

static struct buf buf_make(void)
{
    struct buf buf;
    buf_init(&buf, 65536);
    return buf;
}

static void test_a_row_for_each_host(void **state)
{
    (void)state;
    struct table *table = table_make(
        (struct site){.domain = "shop.test", .service = "web", .endpoints = 2});
    assert_int_equal(table_rows(table), 1);
    struct buf buf = buf_make();
    table_print(table, (struct table_style){0}, &buf);
    expect(&buf, "ADDRESS         HOSTNAME   PROTOCOL  CERTIFICATE  ROUTES  BACK ENDS\n"
                 "127.0.0.1:8080  shop.test  HTTP      -            shop    web (2)\n");
    table_free(table);
}

static void test_certificates_say_type_and_end(void **state)
{
    (void)state;
    struct table *table = table_make(
        (struct site){.domain = "shop.test", .service = "web", .endpoints = 1, .tls = true});
    struct buf buf = buf_make();
    table_print(table, (struct table_style){0}, &buf);
    buf_append_char(&buf, '\0');
    assert_non_null(strstr(buf.data, "HTTPS     ecdsa until 2036-11-24  shop"));
    buf_deinit(&buf);
    table_free(table);
}

static void test_a_service_without_endpoints_says_so(void **state)
{
    (void)state;
    struct table *table = table_make((struct site){.domain = "a.test", .service = "web"});
    struct buf buf = buf_make();
    table_print(table, (struct table_style){0}, &buf);
    buf_append_char(&buf, '\0');
    assert_non_null(strstr(buf.data, "web (no endpoint)\n"));
    buf_deinit(&buf);
    table_free(table);
}

static void expect_routes(size_t routes, const char *end)
{
    struct table *table = table_make(
        (struct site){.domain = "a.test", .service = "web", .endpoints = 1, .routes = routes});
    struct buf buf = buf_make();
    table_print(table, (struct table_style){0}, &buf);
    buf_append_char(&buf, '\0');
    assert_non_null(strstr(buf.data, "  r0, r1, r2, "));
    assert_non_null(strstr(buf.data, end));
    buf_deinit(&buf);
    table_free(table);
}

static void test_long_lists_end_with_a_number(void **state)
{
    (void)state;
    expect_routes(20, ", r18, r19  web (1)\n");
    expect_routes(23, ", r18, r19 and 3 more  web (1)\n");
}

static void test_a_narrow_terminal_cuts_the_last_columns(void **state)
{
    (void)state;
    struct table *table = table_make(
        (struct site){"shop.test", "a-service-with-quite-a-long-name", 2, false, 0});
    struct buf buf = buf_make();
    table_print(table, (struct table_style){.width = 80}, &buf);
    struct str rest = buf_str(&buf);
    (void)str_cut(&rest, '\n');
    struct str row = str_cut(&rest, '\n');
    assert_true(str_ends_with(row, STR("…")));
    assert_true(row.size <= 80 + 2); /* the ellipsis has three bytes and one column */
    buf_deinit(&buf);
    table_free(table);
}

static void test_colour_only_where_asked(void **state)
{
    (void)state;
    struct table *table = table_make((struct site){.domain = "a.test", .service = "web"});
    struct buf buf = buf_make();
    table_print(table, (struct table_style){.colour = true}, &buf);
    buf_append_char(&buf, '\0');
    assert_non_null(strstr(buf.data, "\x1b[1m"));
    buf_deinit(&buf);
    table_free(table);
}

static void test_changes_come_go_and_change(void **state)
{
    (void)state;
    struct table *a = table_make((struct site){"a.test", "web", 1, false, 0});
    struct table *a2 = table_make((struct site){"a.test", "web", 2, false, 0});
    struct table *b = table_make((struct site){"b.test", "web", 1, false, 0});

    struct buf buf = buf_make();
    assert_int_equal(table_print_changes(a, a, (struct table_style){0}, &buf), 0);
    assert_int_equal(buf.size, 0);
    assert_int_equal(table_print_changes(a, a2, (struct table_style){0}, &buf), 1);
    expect(&buf, "~ 127.0.0.1:8080  a.test    HTTP      -            shop    web (2)\n");

    buf = buf_make();
    assert_int_equal(table_print_changes(a, b, (struct table_style){0}, &buf), 2);
    expect(&buf, "- 127.0.0.1:8080  a.test    HTTP      -            shop    web (1)\n"
                 "+ 127.0.0.1:8080  b.test    HTTP      -            shop    web (1)\n");
    table_free(a);
    table_free(a2);
    table_free(b);
}

static void test_no_snapshot_has_no_rows(void **state)
{
    (void)state;
    struct table *table = table_new(NULL);
    assert_int_equal(table_rows(table), 0);
    table_free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_row_for_each_host),
        cmocka_unit_test(test_certificates_say_type_and_end),
        cmocka_unit_test(test_a_service_without_endpoints_says_so),
        cmocka_unit_test(test_long_lists_end_with_a_number),
        cmocka_unit_test(test_a_narrow_terminal_cuts_the_last_columns),
        cmocka_unit_test(test_colour_only_where_asked),
        cmocka_unit_test(test_changes_come_go_and_change),
        cmocka_unit_test(test_no_snapshot_has_no_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
