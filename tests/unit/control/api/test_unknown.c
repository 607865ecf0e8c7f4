#include "manifest.h"

static struct manifest m;

#define GATEWAY(fields) "{type: MeshGateway, mesh: m, name: g, " fields "}"
#define ROUTE(conf)                                                                                \
    "{type: MeshGatewayRoute, mesh: m, name: r, selectors: [{match: {kuma.io/service: e}}], " conf \
    "}"
#define POLICY(spec) "{type: MeshHTTPRoute, mesh: m, name: r, spec: {" spec "}}"
#define STORED(fields)                                                                             \
    "{apiVersion: kuma.io/v1alpha1, kind: MeshGatewayRoute, mesh: m, metadata: {name: r}, " fields \
    "}"

static const struct {
    const char *manifest;
    const char *field; /* the unknown one */
    const char *said;
} cases[] = {
    /* In an object, in the items of a list, further in; before what is spelled alike. */
    {GATEWAY("listeners: []"), "listeners", "it stands below conf"},
    {GATEWAY("conf: {listeners: [{certificates: []}]}"), "conf.listeners[0].certificates",
     "it stands below tls"},
    {ROUTE("hostnames: []"), "hostnames", "it stands below conf.http"},
    {ROUTE("conf: {rules: []}"), "conf.rules", "it stands below tcp or http"},
    {ROUTE("conf: {http: {rules: [{path: {}}]}}"), "conf.http.rules[0].path",
     "it stands below matches"},
    {ROUTE("conf: {http: {rules: [{matches: [{value: /}]}]}}"),
     "conf.http.rules[0].matches[0].value", "it stands below path"},
    {ROUTE("conf: {http: {rules: [{filters: [{replace_full: /}]}]}}"),
     "conf.http.rules[0].filters[0].replace_full", "it stands below rewrite"},
    /* Around it, by the nearest. */
    {ROUTE("conf: {http: {rules: [{matches: [{backends: []}]}]}}"),
     "conf.http.rules[0].matches[0].backends", "it stands beside matches"},
    {ROUTE("conf: {http: {rules: [{matches: [{path: {method: GET}}]}]}}"),
     "conf.http.rules[0].matches[0].path.method", "it stands beside path"},
    {ROUTE("conf: {http: {rules: [{hostnames: []}]}}"), "conf.http.rules[0].hostnames",
     "it stands beside rules"},
    /* Tags are told by their slash. */
    {GATEWAY("selectors: [{kuma.io/service: e}]"), "selectors[0].kuma.io/service",
     "it stands below match"},
    {GATEWAY("selectors: [{service: e}]"), "selectors[0].service", NULL},
    /* The envelope. */
    {STORED("conf: {}"), "conf", "it stands below spec"},
    {STORED("spec: {mesh: m}"), "mesh", "it stands beside metadata"},
    {POLICY("name: r"), "spec.name", "it stands beside spec"},
    {POLICY("hostnames: []"), "spec.hostnames", "it stands below to"},
    {POLICY("to: [{rules: [{backendRefs: []}]}]"), "spec.to[0].rules[0].backendRefs",
     "it stands below default"},
};

static const struct finding *find(const char *field)
{
    for (size_t i = 0; i < finding_count(m.object->findings); i++) {
        const struct finding *finding = finding_get(m.object->findings, i);
        if (finding->severity == FINDING_WARNING && str_equal(finding->field, str_of(field)))
            return finding;
    }
    return NULL;
}

static void where_a_field_belongs(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        manifest_decode(&m, cases[i].manifest);
        const struct finding *finding = find(cases[i].field);
        if (finding == NULL)
            fail_msg("%s: nothing is said of %s", cases[i].manifest, cases[i].field);
        assert_true(str_starts_with(finding->message, STR("unknown field, ignored")));
        struct str said = str_from(finding->message, STR("unknown field, ignored: ").size);
        bool is_place = cases[i].said != NULL;
        if (is_place != (finding->message.data[STR("unknown field, ignored").size] == ':') ||
            (is_place && !str_equal(said, str_of(cases[i].said))))
            fail_msg("%s: %.*s", cases[i].manifest, STR_ARG(finding->message));
    }
    manifest_free(&m);
}

static void what_a_field_may_be(void **state)
{
    (void)state;
    manifest_decode(&m, ROUTE("conf: {http: {rules: [{matchs: [], hdr: []}]}}"));
    assert_string_equal(find("conf.http.rules[0].matchs")->message.data,
                        "unknown field, ignored; did you mean \"matches\"?");
    assert_string_equal(find("conf.http.rules[0].hdr")->message.data,
                        "unknown field, ignored; known here: matches, filters and backends");
    manifest_decode(&m, GATEWAY("spec: {}"));
    assert_string_equal(find("spec")->message.data,
                        "unknown field, ignored: in the Universal form what stands in it stands "
                        "beside type");
    manifest_free(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(where_a_field_belongs),
        cmocka_unit_test(what_a_field_may_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
