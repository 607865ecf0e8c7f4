/* The filters of MeshGatewayRoutes. The rules' numbers are those of Kuma's reference. */
#include <stdio.h>

#include "manifest.h"

static struct manifest m;

static int teardown(void **state)
{
    (void)state;
    manifest_free(&m);
    assert_int_equal(api_objects_alive(), 0);
    return 0;
}

#define PREFIX   "{path: {match: PREFIX, value: /}}"
#define EXACT    "{path: {match: EXACT, value: /}}"
#define BACKENDS "[{destination: {kuma.io/service: b}}]"

static const struct api_route_rule *decode(const char *matches, const char *filters,
                                           const char *backends)
{
    struct buf yaml;
    buf_init(&yaml, 1 << 16);
    buf_printf(&yaml,
               "type: MeshGatewayRoute\nmesh: shop\nname: front\n"
               "selectors: [{match: {kuma.io/service: front}}]\n"
               "conf: {http: {rules: [{matches: [%s],\n filters: [%s],\n backends: %s}]}}\n",
               matches, filters, backends);
    buf_append_char(&yaml, '\0');
    manifest_decode(&m, yaml.data);
    buf_deinit(&yaml);
    return &m.object->mesh_gateway_route->rules[0];
}

/* The findings about a rule with these filters, whose fields begin with "conf.http.rules[0].". */
static void assert_filters(const char *filters, const char *wanted)
{
    const struct api_route_rule *rule = decode(PREFIX, filters, BACKENDS);
    assert_faults(&m, wanted);
    assert_false(m.object->broken);
    assert_int_equal(rule->broken, strstr(wanted, "error") != NULL);
}

static void assert_redirect(const char *redirect, const char *wanted)
{
    char filter[1024];
    (void)snprintf(filter, sizeof(filter), "{redirect: %s}", redirect);
    (void)decode(PREFIX, filter, "[]");
    assert_faults(&m, wanted);
}

#define FILTER(n) " conf.http.rules[0].filters[" n "]"

static void everything_is_decoded_in_both_spellings(void **state)
{
    (void)state;
    static const char *const spelt[] = {
        "{requestHeader: {set: [{name: a, value: b}], add: [{name: c, value: d}], remove: [e]}}, "
        "{rewrite: {replacePrefixMatch: /x}}, {responseHeader: {add: [{name: f, value: ''}]}}, "
        "{rewrite: {replaceFull: /y, hostToBackendHostname: true}}",
        "{request_header: {set: [{name: a, value: b}], add: [{name: c, value: d}], remove: [e]}}, "
        "{rewrite: {replace_prefix_match: /x}}, {response_header: {add: [{name: f, value: ''}]}}, "
        "{rewrite: {replace_full: /y, host_to_backend_hostname: true}}",
    };
    for (size_t i = 0; i < ARRAY_SIZE(spelt); i++) {
        const struct api_filter *filters = decode(PREFIX, spelt[i], BACKENDS)->filters;
        assert_faults(&m, "");
        assert_int_equal(filters[0].type, API_FILTER_REQUEST_HEADER);
        assert_int_equal(filters[0].request_headers.set_count, 1);
        assert_str(filters[0].request_headers.set[0].name, "a");
        assert_str(filters[0].request_headers.set[0].value, "b");
        assert_str(filters[0].request_headers.add[0].value, "d");
        assert_str(filters[0].request_headers.remove[0], "e");
        assert_int_equal(filters[1].type, API_FILTER_REWRITE);
        assert_int_equal(filters[1].rewrite.path.type, API_PATH_PREFIX_REPLACED);
        assert_str(filters[1].rewrite.path.prefix, "/x");
        assert_int_equal(filters[2].type, API_FILTER_RESPONSE_HEADER);
        assert_str(filters[2].response_headers.add[0].name, "f");
        assert_int_equal(filters[3].rewrite.path.type, API_PATH_REPLACED);
        assert_str(filters[3].rewrite.path.full_path, "/y");
        assert_true(filters[3].rewrite.host_to_backend_hostname);
    }
}

static void a_redirect_is_decoded(void **state)
{
    (void)state;
    assert_redirect("{scheme: https, hostname: a.test, port: '8443', status_code: 308, path: "
                    "{replaceFull: /x}}",
                    "");
    const struct api_filter *filter = m.object->mesh_gateway_route->rules[0].filters;
    assert_int_equal(filter->type, API_FILTER_REDIRECT);
    assert_str(filter->redirect.scheme, "https");
    assert_str(filter->redirect.hostname, "a.test");
    assert_int_equal(filter->redirect.port, 8443);
    assert_int_equal(filter->redirect.status_code, 308);
    assert_int_equal(filter->redirect.path.type, API_PATH_REPLACED);
    assert_str(filter->redirect.path.full_path, "/x");
}

static void a_mirror_is_decoded(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint32_t ppm;
    } cases[] = {
        {"0", 0},
        {"100", 1000000},
        {"12.5", 125000},
        {"'0.01'", 100},
        {"1e2", 1000000},
        {"1.5e-1", 1500},
        {"5E+1", 500000},
        {"1e-999999999", 0},
        {"-0", 0},
        {"0e9999999", 0},
        {"0.00000000001", 0},
        {"99.9999", 999999},
        {"1e00002", 1000000},
    };
    char filter[256];
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        (void)snprintf(filter, sizeof(filter),
                       "{mirror: {percentage: %s, backend: {destination: {kuma.io/service: m}}}}",
                       cases[i].text);
        const struct api_mirror *mirror = &decode(PREFIX, filter, BACKENDS)->filters[0].mirror;
        assert_faults(&m, "");
        assert_int_equal(mirror->ppm, cases[i].ppm);
        assert_str(*api_tags_find(mirror->destination.tags, STR("kuma.io/service")), "m");
    }
}

static void header_fields(void **state)
{
    (void)state;
    assert_filters("{requestHeader: {}}", "error" FILTER("0") ".request_header: cannot be empty\n");
    assert_filters(
        "{requestHeader: {set: [{name: a}], add: [{value: b}], remove: ['']}}",
        "error" FILTER("0") ".request_header.set[0].value: cannot be empty\n"
                            "error" FILTER(
                                "0") ".request_header.add[0].name: cannot be empty\n"
                                     "error" FILTER(
                                         "0") ".request_header.remove[0]: cannot be empty\n");
    assert_filters(
        "{requestHeader: {set: [{name: Host, value: a}, {name: ':authority', value: b}]}}", "");
    assert_filters("{requestHeader: {set: [{name: a b, value: a}]}}",
                   "error" FILTER("0") ".request_header.set[0].name: must consist of letters, "
                                       "digits and !#$%&'*+-.^_`|~\n");
    static const char *const hosts[] = {"Host", "host", ":authority"};
    char filters[256];
    char wanted[512];
    for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
        (void)snprintf(filters, sizeof(filters),
                       "{requestHeader: {add: [{name: '%s', value: a}], remove: ['%s']}}, "
                       "{rewrite: {host_to_backend_hostname: true}}",
                       hosts[i], hosts[i]);
        (void)snprintf(
            wanted, sizeof(wanted),
            "error" FILTER("0") ".request_header.add[0]: cannot modify '%s' header, "
                                "when route has set 'rewrite.host_to_backend_hostname' option\n",
            hosts[i]);
        assert_filters(filters, wanted);
    }
}

/* Kuma does not look at them. */
static void header_fields_of_responses(void **state)
{
    (void)state;
    assert_filters("{responseHeader: {}}",
                   "warning" FILTER("0") ".response_header: changes nothing\n");
    assert_filters(
        "{responseHeader: {set: [{name: '', value: ''}], remove: ['a:']}}",
        "error" FILTER("0") ".response_header.set[0].name: cannot be empty\n"
                            "error" FILTER(
                                "0") ".response_header.remove[0]: must consist of letters, "
                                     "digits and !#$%&'*+-.^_`|~\n");
    assert_filters("{responseHeader: {set: [{name: Host, value: ''}]}}, {rewrite: "
                   "{hostToBackendHostname: true}}",
                   "");
}

static void redirects(void **state)
{
    (void)state;
    static const char range[] = "error" FILTER("0") ".redirect.status_code: must be in the range "
                                                    "[300, 308]\n";
    assert_redirect("{}", range);
    assert_redirect("{status_code: 299}", range);
    assert_redirect("{status_code: 309}", range);
    assert_redirect("{status_code: 301, port: 0}", "");
    assert_redirect("{status_code: 301, port: 65536}",
                    "error" FILTER("0") ".redirect.port: port must be in the range [1, 65535]\n");
    static const char *const codes[] = {"300", "304", "305", "306"};
    for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
        char redirect[64];
        char wanted[256];
        (void)snprintf(redirect, sizeof(redirect), "{status_code: %s}", codes[i]);
        (void)snprintf(wanted, sizeof(wanted),
                       "error" FILTER("0") ".redirect.status_code: %s is no redirect that can be "
                                           "served: write 301, 302, 303, 307 or 308\n",
                       codes[i]);
        assert_redirect(redirect, wanted);
    }
    assert_redirect("{status_code: 301, path: {hostToBackendHostname: true, replaceFull: /}}",
                    "warning" FILTER("0") ".redirect.path.hostToBackendHostname: is ignored: a "
                                          "redirect leads to no backend\n");
    (void)decode(EXACT, "{redirect: {status_code: 301, path: {replacePrefixMatch: /x}}}", "[]");
    assert_faults(&m, "");
    /* One that rewrites the host counts. */
    (void)decode(PREFIX, "{redirect: {status_code: 301}}, {rewrite: {hostToBackendHostname: true}}",
                 "[]");
    assert_faults(&m, "error conf.http.rules[0].filters: redirects cannot be used with other "
                      "filters\n");
}

static void mirrors(void **state)
{
    (void)state;
#define TO_M "backend: {destination: {kuma.io/service: m}}"
    static const char range[] = "error" FILTER("0") ".mirror.percentage: has to be in [0.0 - "
                                                    "100.0] range\n";
    assert_filters("{mirror: {}}",
                   "error" FILTER("0") ".mirror.backend: cannot be empty\n"
                                       "error" FILTER("0") ".mirror.percentage: cannot be empty\n");
    assert_filters("{mirror: {percentage: -0.1, " TO_M "}}", range);
    assert_filters("{mirror: {percentage: 100.0001, " TO_M "}}", range);
    assert_filters("{mirror: {percentage: 1e999999999999999999999, " TO_M "}}", range);
    assert_filters("{mirror: {percentage: -1e99, " TO_M "}}", range);
    assert_filters("{mirror: {percentage: half, " TO_M "}}",
                   "error" FILTER("0") ".mirror.percentage: must be a number from 0 to 100\n");
    assert_filters(
        "{mirror: {percentage: 1, backend: {weight: 3}}}",
        "error" FILTER(
            "0") ".mirror.backend: mandatory tag \"kuma.io/service\" is "
                 "missing\n"
                 "error" FILTER(
                     "0") ".mirror.backend: must have at least one tag\n"
                          "warning" FILTER(
                              "0") ".mirror.backend.weight: means nothing here: percentage "
                                   "says how much is mirrored\n");
    assert_filters("{mirror: {percentage: 1, backend: {destination: {kuma.io/service: 'a b'}}}}",
                   "error" FILTER("0") ".mirror.backend[\"kuma.io/service\"]: tag value must "
                                       "consist of alphanumeric characters, dots, dashes, slashes "
                                       "and underscores or be \"*\"\n");
}

static void rewrites(void **state)
{
    (void)state;
    static const char prefix[] = "error" FILTER("0") ".rewrite.replacePrefixMatch: cannot be used "
                                                     "without a match on path prefix\n";
    (void)decode(EXACT, "{rewrite: {replacePrefixMatch: /}}", BACKENDS);
    assert_faults(&m, prefix);
    (void)decode(EXACT, "{rewrite: {replace_prefix_match: ''}}", BACKENDS);
    assert_faults(&m, prefix);
    (void)decode("{method: GET}", "{rewrite: {replacePrefixMatch: /}}", BACKENDS);
    assert_faults(&m, prefix);
    (void)decode(EXACT ", " PREFIX, "{rewrite: {replacePrefixMatch: /}}", BACKENDS);
    assert_faults(&m, ""); /* one is enough */
    (void)decode(EXACT, "{rewrite: {replaceFull: /}}", BACKENDS);
    assert_faults(&m, "");
    assert_filters("{rewrite: {}}", "warning" FILTER("0") ".rewrite: changes nothing\n");
}

static void of_several_members_the_last_declared_counts(void **state)
{
    (void)state;
    const struct api_route_rule *rule = decode(
        PREFIX, "{rewrite: {replacePrefixMatch: /a, replaceFull: /b}, requestHeader: {}}, {}",
        BACKENDS);
    assert_faults(
        &m, "warning" FILTER("0") ".rewrite.replaceFull: is ignored, because "
                                  "replacePrefixMatch is there too\n"
                                  "warning" FILTER(
                                      "0") ".requestHeader: is ignored, because rewrite is there "
                                           "too\n"
                                           "warning" FILTER("1") ": does nothing\n");
    assert_int_equal(rule->filters[0].type, API_FILTER_REWRITE);
    assert_int_equal(rule->filters[0].rewrite.path.type, API_PATH_PREFIX_REPLACED);
    assert_int_equal(rule->filters[1].type, API_FILTER_NONE);
    (void)decode(PREFIX, "{requestHeaders: {}}, {mirror: null}", BACKENDS);
    assert_faults(&m, "warning" FILTER("0") ".requestHeaders: unknown field, ignored; did you mean "
                                            "\"requestHeader\"?\n"
                                            "warning" FILTER("1") ": does nothing\n");
}

/* Without those that rewrite the host, as Kuma does. */
static void filters_are_numbered_anew(void **state)
{
    (void)state;
    assert_filters("{rewrite: {hostToBackendHostname: true}}, {requestHeader: {}}",
                   "error" FILTER("0") ".request_header: cannot be empty\n");
}

#define TEST(function) cmocka_unit_test_teardown(function, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(everything_is_decoded_in_both_spellings),
        TEST(a_redirect_is_decoded),
        TEST(a_mirror_is_decoded),
        TEST(header_fields),
        TEST(header_fields_of_responses),
        TEST(redirects),
        TEST(mirrors),
        TEST(rewrites),
        TEST(of_several_members_the_last_declared_counts),
        TEST(filters_are_numbered_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
