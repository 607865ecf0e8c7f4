#include "manifest.h"

static struct manifest m;

static int teardown(void **state)
{
    (void)state;
    manifest_free(&m);
    assert_int_equal(api_objects_alive(), 0);
    return 0;
}

#define ROUTE                                                                                 \
    "{type: MeshGatewayRoute, mesh: m, name: r, selectors: [{match: {kuma.io/service: a}}], " \
    "conf: {http: {"
#define BACKENDS "backends: [{destination: {kuma.io/service: b}}]"
#define RULE     "conf.http.rules[0]"
#define MATCH    ROUTE "rules: [{" BACKENDS ", matches: [{"
#define FILTERS  ROUTE "rules: [{" BACKENDS ", matches: [{method: GET}], filters: ["
#define HEADERS  FILTERS "{requestHeader: {"

static const struct manifest_bound bounds[] = {
    {"{type: MeshGatewayRoute, mesh: m, name: r, conf: {http: {rules: [{" BACKENDS
     ", matches: [{method: GET}]}]}}, selectors: [",
     "{match: {kuma.io/service: a}},", "]}", 1024,
     "error selectors: must have at most 1024 items\n"},
    {ROUTE "rules: [{" BACKENDS ", matches: [{method: GET}]}], hostnames: [a, ", "a", "]}}}", 253,
     "warning conf.http.hostnames[1]: matches no request: it is longer than 253 characters\n"},
    {ROUTE "rules: [", "{" BACKENDS ", matches: [{method: GET}]},", "]}}}", 1024,
     "error conf.http.rules: must have at most 1024 items\n"},
    {ROUTE "rules: [{" BACKENDS ", matches: [", "{method: GET},", "]}]}}}", 64,
     "error " RULE ".matches: must have at most 64 items\n"},
    {ROUTE "rules: [{matches: [{method: GET}], backends: [",
     "{weight: 1, destination: {kuma.io/service: b}},", "]}]}}}", 64,
     "error " RULE ".backends: must have at most 64 items\n"},
    {MATCH "headers: [", "{name: a, value: b},", "]}]}]}}}", 16,
     "error " RULE ".matches[0].headers: must have at most 16 items\n"},
    {MATCH "query_parameters: [", "{name: a, value: b},", "]}]}]}}}", 16,
     "error " RULE ".matches[0].query_parameters: must have at most 16 items\n"},
    {MATCH "headers: [{value: b, name: ", "a", "}]}]}]}}}", 1024,
     "error " RULE ".matches[0].headers[0].name: must have at most 1024 characters\n"},
    {MATCH "headers: [{name: b, value: ", "a", "}]}]}]}}}", 4096,
     "error " RULE ".matches[0].headers[0].value: must have at most 4096 characters\n"},
    {MATCH "path: {match: REGEX, value: ", "a", "}}]}]}}}", 4096,
     "error " RULE ".matches[0].path.value: must have at most 4096 characters\n"},
    {FILTERS, "{requestHeader: {remove: [a]}},", "]}]}}}", 16,
     "error " RULE ".filters: must have at most 16 items\n"},
    {HEADERS "set: [", "{name: a, value: b},", "]}}]}]}}}", 32,
     "error " RULE ".filters[0].requestHeader.set: must have at most 32 items\n"},
    {HEADERS "set: [{name: a, value: ", "b", "}]}}]}]}}}", 8192,
     "error " RULE ".filters[0].requestHeader.set[0].value: must have at most 8192 characters\n"},
    {HEADERS "remove: [", "b", "]}}]}]}}}", 1024,
     "error " RULE ".filters[0].requestHeader.remove[0]: must have at most 1024 characters\n"},
    {FILTERS "{rewrite: {replaceFull: /", "b", "}}]}]}}}", 4095,
     "error " RULE ".filters[0].rewrite.replaceFull: must have at most 4096 characters\n"},
    {ROUTE "rules: [{matches: [{method: GET}], backends: [{destination: {kuma.io/service: ", "b",
     "}}]}]}}}", 512,
     "error " RULE ".backends[0].destination[\"kuma.io/service\"]: must have at most 512 "
     "characters\n"},
};

static void how_much_a_route_may_say(void **state)
{
    (void)state;
    assert_bounds(&m, bounds, ARRAY_SIZE(bounds));
}

/* What has no name cannot be looked for; an item that is null has none either. */
static void what_a_criterion_has(void **state)
{
    (void)state;
    manifest_decode(&m,
                    MATCH "headers: [{value: a}, {name: '', value: a}, null], "
                          "queryParameters: [{name: a}, {value: b}, {name: a, value: ''}]}]}]}}}");
#define HEADER    "error " RULE ".matches[0].headers"
#define PARAMETER "error " RULE ".matches[0].query_parameters"
    assert_faults(&m, HEADER
                  "[0].name: cannot be empty\n" HEADER "[1].name: cannot be empty\n" HEADER
                  "[2].name: cannot be empty\n" HEADER "[2].value: cannot be empty\n" PARAMETER
                  "[0].value: cannot be empty\n" PARAMETER "[1].name: cannot be empty\n" PARAMETER
                  "[2].value: cannot be empty\n");
}

#define TEST(function) cmocka_unit_test_teardown(function, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(how_much_a_route_may_say),
        TEST(what_a_criterion_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
