#include "manifest.h"

static struct manifest m;

static int teardown(void **state)
{
    (void)state;
    manifest_free(&m);
    assert_int_equal(api_objects_alive(), 0);
    return 0;
}

#define ROUTE                        \
    "apiVersion: kuma.io/v1alpha1\n" \
    "kind: MeshGatewayRoute\n"       \
    "mesh: shop\n"                   \
    "metadata: {name: front}\n"      \
    "spec:\n"                        \
    " selectors: [{match: {kuma.io/service: front, site: '*'}}]\n"

static const struct api_mesh_gateway_route *route(void)
{
    return m.object->mesh_gateway_route;
}

static void a_route_with_everything(void **state)
{
    (void)state;
    manifest_decode(&m, ROUTE
                    " conf:\n"
                    "  http:\n"
                    "   hostnames: [Shop.Test, '*.b']\n"
                    "   rules:\n"
                    "   - matches:\n"
                    "     - path: {match: PREFIX, value: /cart}\n"
                    "       method: GET\n"
                    "       headers: [{match: PRESENT, name: x}, {name: q, value: z}]\n"
                    "       queryParameters: [{name: v, value: '2', match: REGEX}]\n"
                    "     - method: 7\n"
                    "     filters:\n"
                    "     - rewrite: {replacePrefixMatch: /}\n"
                    "     - request_header: {set: [{name: a, value: b}]}\n"
                    "     - responseHeader: {remove: [x]}\n"
                    "     - mirror: {percentage: 12.5, backend: {destination: "
                    "{kuma.io/service: m}}}\n"
                    "     backends:\n"
                    "     - {weight: 9, destination: {kuma.io/service: cart}}\n"
                    "     - {weight: 0, destination: {kuma.io/service: cart, version: next}}\n"
                    "   - matches: [{path: {value: /old}}]\n"
                    "     filters: [{redirect: {status_code: 301}}]\n");
    assert_findings(&m, "");
    assert_str(m.object->key.mesh, "shop");
    assert_str(m.object->key.name, "front");
    assert_true(route()->has_http);
    assert_int_equal(route()->hostname_count, 2);
    assert_str(route()->hostnames[0], "shop.test");
    assert_int_equal(route()->rule_count, 2);
    const struct api_route_rule *rule = &route()->rules[0];
    assert_int_equal(rule->match_count, 2);
    assert_true(rule->matches[0].has_path);
    assert_int_equal(rule->matches[0].path_match, API_PATH_PREFIX);
    assert_str(rule->matches[0].path, "/cart");
    assert_str(rule->matches[0].method, "GET");
    assert_int_equal(rule->matches[0].header_count, 2);
    assert_int_equal(rule->matches[0].headers[0].match, API_VALUE_PRESENT);
    assert_str(rule->matches[0].headers[1].value, "z");
    assert_int_equal(rule->matches[0].query_parameter_count, 1);
    assert_int_equal(rule->matches[0].query_parameters[0].match, API_VALUE_REGEX);
    assert_false(rule->matches[1].has_path);
    assert_str(rule->matches[1].method, "POST");
    assert_int_equal(rule->filter_count, 4);
    assert_int_equal(rule->filters[0].type, API_FILTER_REWRITE);
    assert_int_equal(rule->filters[1].type, API_FILTER_REQUEST_HEADER);
    assert_int_equal(rule->filters[2].type, API_FILTER_RESPONSE_HEADER);
    assert_int_equal(rule->filters[3].type, API_FILTER_MIRROR);
    assert_int_equal(rule->backend_count, 2);
    assert_int_equal(rule->backends[0].weight, 9);
    assert_int_equal(rule->backends[1].weight, 0);
    assert_int_equal(rule->backends[1].tags.count, 2);
    assert_int_equal(rule->mark.line, 11);
    assert_int_equal(route()->rules[1].filters[0].type, API_FILTER_REDIRECT);
    assert_false(route()->rules[1].broken);
}

#define BACK "backends: [{destination: {kuma.io/service: b}}]"
#define ROOT "matches: [{path: {match: PREFIX, value: /}}]"

/* A rule on line 8 with a fault of its own costs only itself. */
static void assert_rule(const char *rule, const char *findings)
{
    struct buf yaml;
    buf_init(&yaml, 4096);
    buf_printf(&yaml, ROUTE " conf: {http: {rules: [\n  {%s},\n  {" ROOT ", " BACK "}]}}\n", rule);
    manifest_decode(&m, yaml.data);
    buf_deinit(&yaml);
    assert_findings(&m, findings);
    assert_false(m.object->broken);
    assert_int_equal(route()->rules[0].broken, findings[0] != '\0');
    assert_false(route()->rules[1].broken);
}

static void what_is_wrong_with_a_rule_costs_that_rule(void **state)
{
    (void)state;
#define RULE "conf.http.rules[0]"
    assert_rule(BACK, "8:3 error " RULE ".matches: cannot be empty\n");
    assert_rule("matches: [{}], " BACK, "8:14 error " RULE ".matches[0]: cannot be empty\n");
    assert_rule("matches: [{path: {}}], " BACK,
                "8:14 error " RULE ".matches[0].value: must be an absolute path\n");
    assert_rule("matches: [{path: {match: PREFIX, value: a/}}], " BACK,
                "8:14 error " RULE ".matches[0].value: must be an absolute path\n");
    assert_rule("matches: [{path: {match: REGEX}}], " BACK,
                "8:14 error " RULE ".matches[0].value: cannot be empty\n");
    assert_rule("matches: [{path: {match: prefix, value: /}}], " BACK,
                "8:22 error " RULE ".matches[0].path.match: unknown value prefix: must be one of "
                "EXACT, PREFIX, REGEX\n");
    assert_rule("matches: [{headers: [{match: ABSENT, value: x}, {name: a}]}], " BACK,
                "8:25 error " RULE ".matches[0].headers[0].name: cannot be empty\n"
                "8:41 error " RULE ".matches[0].headers[0].value: cannot be set\n"
                "8:52 error " RULE ".matches[0].headers[1].value: cannot be empty\n");
    assert_rule("matches: [{method: 42}, {queryParameters: [{name: a, value: 1}, {}]}], " BACK,
                "8:15 error " RULE ".matches[0].method: unknown value 42: must be one of NONE, "
                "CONNECT, DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT, TRACE\n"
                "8:57 error " RULE ".matches[1].queryParameters[0].value: must be a string: write "
                "\"1\" in quotes\n"
                "8:68 error " RULE ".matches[1].query_parameters[1].name: cannot be empty\n"
                "8:68 error " RULE ".matches[1].query_parameters[1].value: cannot be empty\n");
    assert_rule(ROOT ", backends: [{destination: a}], filters: [{requestHeader: {remove: a}}]",
                "8:62 error " RULE ".backends[0].destination: must be an object of strings, not a "
                "string\n"
                "8:107 error " RULE ".filters[0].requestHeader.remove: must be a list of strings, "
                "not a string\n");
    assert_rule("matches: [{query_parameters: [{match: PRESENT}]}], " BACK,
                "8:34 error " RULE ".matches[0].query_parameters[0].name: cannot be empty\n"
                "8:34 error " RULE ".matches[0].query_parameters[0].value: cannot be empty\n"
                "8:35 error " RULE ".matches[0].query_parameters[0].match: unknown value PRESENT: "
                "must be one of EXACT, REGEX\n");
    assert_rule(ROOT, "8:3 error " RULE ".backends: cannot be empty\n");
    assert_rule(ROOT ", filters: [{redirect: {status_code: 301}}], " BACK,
                "8:93 error " RULE ".backends: must be empty when using redirect filters\n");
    assert_rule(ROOT ", filters: [{redirect: {statusCode: 301}}, {rewrite: {replaceFull: /}}]",
                "8:50 error " RULE ".filters: redirects cannot be used with other filters\n");
    assert_rule(ROOT ", backends: [{destination: {kuma.io/service: a}}, {weight: 0, destination: "
                     "{kuma.io/service: b}}]",
                "8:50 error " RULE
                ".backends: every backend has weight 0 (the default), so there is none to choose; "
                "the rule answers 500; give at least one backend a weight\n");
    assert_rule("matches: [{path: {match: REGEX, value: '('}, headers: [{match: REGEX, name: a, "
                "value: '*'}], queryParameters: [{match: REGEX, name: a, value: '(?=a)'}]}], " BACK,
                "8:36 error " RULE ".matches[0].path.value: is no regular expression of RE2: a ( "
                "has no )\n"
                "8:83 error " RULE ".matches[0].headers[0].value: is no regular expression of RE2: "
                "there is nothing before a repetition\n"
                "8:139 error " RULE ".matches[0].query_parameters[0].value: is no regular "
                "expression of RE2: looking ahead, (?=, is not part of it\n");
    assert_rule(ROOT ", backends: [{weight: 1}]",
                "8:61 error " RULE ".backends[0]: mandatory tag \"kuma.io/service\" is missing\n"
                "8:61 error " RULE ".backends[0]: must have at least one tag\n");
    assert_rule(ROOT ", backends: [{weight: -1, destination: {kuma.io/service: x y}}]",
                "8:62 error " RULE ".backends[0].weight: must be a whole number from 0 to "
                "4294967295, not -1\n"
                "8:88 error " RULE ".backends[0][\"kuma.io/service\"]: tag value must consist of "
                "alphanumeric characters, dots, dashes, slashes and underscores or be \"*\"\n");
}

static void a_weight_that_is_missing(void **state)
{
    (void)state;
    manifest_decode(&m, ROUTE " conf: {http: {rules: [{matches: [{method: GET}], backends: [\n"
                              "{weight: 1, destination: {kuma.io/service: a}},\n"
                              "{destination: {kuma.io/service: b}}]}]}}\n");
    assert_findings(&m, "9:1 warning " RULE ".backends[1].weight: is missing, which is 0: this "
                        "back end gets no request beside the others; write one, be it 0\n");
}

static void routes_without_rules(void **state)
{
    (void)state;
    manifest_decode(&m, ROUTE);
    assert_findings(&m, "5:1 error conf: cannot be empty\n");
    assert_true(m.object->broken);
    manifest_decode(&m, ROUTE " conf: {http: {}}\n");
    assert_findings(&m, "7:9 error conf.http.rules: cannot be empty\n");
    assert_true(m.object->broken);
    manifest_decode(&m, ROUTE " conf: {http: {hostnames: [A.b, '*.c', a_b], rules: [{" ROOT
                              ", " BACK "}]}}\n");
    assert_findings(&m, "7:40 warning conf.http.hostnames[2]: matches no request: invalid "
                        "hostname\n");
    assert_str(route()->hostnames[0], "a.b");
}

/* Kuma looks at nothing of it. */
static void tcp_routes(void **state)
{
    (void)state;
    manifest_decode(&m, ROUTE " conf: {tcp: {rules: []}}\n");
    assert_findings(&m, "7:15 warning conf.tcp.rules: is empty, so the route leads nowhere\n");
    assert_false(m.object->broken);
    assert_false(route()->has_http);
    manifest_decode(&m,
                    ROUTE " conf:\n  tcp:\n   rules:\n"
                          "   - backends:\n"
                          "     - {weight: 2, destination: {kuma.io/service: a, version: '1'}}\n"
                          "     - destination: {kuma.io/service: b}\n");
    assert_findings(&m, "12:8 warning conf.tcp.rules[0].backends[1].weight: is missing, which is "
                        "0: this back end gets no connection beside the others; write one, be it "
                        "0\n");
    assert_int_equal(route()->tcp_rule_count, 1);
    const struct api_forward_rule *rule = &route()->tcp_rules[0];
    assert_false(rule->broken);
    assert_int_equal(rule->backend_count, 2);
    assert_int_equal(rule->backends[0].weight, 2);
    assert_str(*api_tags_find(rule->backends[0].tags, STR("version")), "1");
    manifest_decode(&m, ROUTE " conf: {tcp: {rules: [{}, {backends: [{destination: {a: b}}]}]}}\n");
    assert_findings(&m, "7:23 error conf.tcp.rules[0].backends: cannot be empty\n"
                        "7:39 error conf.tcp.rules[1].backends[0]: mandatory tag "
                        "\"kuma.io/service\" is missing\n");
    assert_true(route()->tcp_rules[0].broken);
    assert_false(m.object->broken);
    manifest_decode(&m, ROUTE " conf: {tcp: {}, http: {rules: [{" ROOT ", " BACK "}]}}\n");
    assert_findings(&m, "7:9 warning conf.tcp: is ignored, because http is there too\n");
}

static void dataplanes(void **state)
{
    (void)state;
    manifest_decode(&m, "type: Dataplane\nmesh: m\nname: dp\nnetworking:\n"
                        "  address: 10.0.0.1\n"
                        "  inbound:\n"
                        "  - {port: 80, tags: {kuma.io/service: a, kuma.io/protocol: http}}\n"
                        "  - {port: 81, servicePort: 8081, address: '::1', tags: "
                        "{kuma.io/service: a}, health: {ready: false}}\n"
                        "  - {port: 82, tags: {kuma.io/service: a}, state: NotReady}\n"
                        "  - {port: 83, tags: {kuma.io/service: a}, health: {ready: true}}\n"
                        "  - {port: 0, address: x, tags: {kuma.io/protocol: h}}\n");
    assert_findings(
        &m, "11:6 error networking.inbound[4].port: port must be in the range [1, 65535]\n"
            "11:15 error networking.inbound[4].address: address has to be valid IP address\n"
            "11:27 error networking.inbound[4].tags[\"kuma.io/service\"]: tag has to exist\n"
            "11:34 error networking.inbound[4].tags[\"kuma.io/protocol\"]: tag "
            "\"kuma.io/protocol\" has an invalid value \"h\". Allowed values: grpc, http, "
            "http2, kafka, tcp\n");
    assert_false(m.object->broken);
    const struct api_dataplane *dp = m.object->dataplane;
    assert_false(dp->is_builtin_gateway);
    assert_int_equal(dp->inbound_count, 5);
    static const bool ready[] = {true, false, false, true, false};
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(dp->inbounds[i].ready, ready[i]);
    assert_int_equal(dp->inbounds[1].service_port, 8081);
    assert_str(dp->inbounds[1].address, "::1");
    assert_int_equal(dp->address_mark.line, 5);
}

static void gateway_dataplanes(void **state)
{
    (void)state;
    manifest_decode(&m, "apiVersion: kuma.io/v1alpha1\nkind: Dataplane\nmesh: m\n"
                        "metadata: {name: gw, namespace: ns}\nspec:\n networking:\n"
                        "  address: 127.0.0.1\n"
                        "  gateway: {type: BUILTIN, tags: {kuma.io/service: edge}}\n");
    assert_findings(&m, "");
    assert_str(m.object->key.name, "gw.ns");
    assert_true(m.object->dataplane->is_builtin_gateway);
    assert_str(m.object->dataplane->address, "127.0.0.1");
    assert_str(*api_tags_find(m.object->dataplane->gateway_tags, STR("kuma.io/service")), "edge");
    static const struct {
        const char *networking;
        const char *findings;
    } bad[] = {
        {"", "1:1 error networking: must be defined\n"},
        {"networking: {}", "4:1 error networking: has to contain at least one inbound interface or "
                           "gateway\n4:1 error networking.address: address can't be empty\n"},
        {"networking: {address: '::', gateway: {type: BUILTIN, tags: {kuma.io/service: a/b, "
         "kuma.io/protocol: http}}, inbound: [{port: 1, tags: {kuma.io/service: a}}], outbound: "
         "[{}]}\nprobes: {}",
         "4:1 error networking.probes: probes cannot be defined for builtin gateways\n"
         "4:14 error networking.address: must not be 0.0.0.0 or ::\n"
         "4:61 error networking.gateway.tags[\"kuma.io/service\"]: tag value must consist of "
         "alphanumeric characters, dots, dashes and underscores\n"
         "4:83 error networking.gateway.tags[\"kuma.io/protocol\"]: other values than tcp are not "
         "allowed, provided value \"http\"\n"
         "4:109 error networking.inbound: inbound cannot be defined for builtin gateways\n"
         "4:159 error networking.outbound: outbound cannot be defined for builtin gateways\n"},
        {"networking: {address: 'a b', gateway: {}}",
         "4:14 error networking.address: address has to be valid IP address or domain name\n"
         "4:30 error networking.gateway.tags: mandatory tag \"kuma.io/service\" is missing\n"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct buf yaml;
        buf_init(&yaml, 4096);
        buf_printf(&yaml, "type: Dataplane\nmesh: m\nname: dp\n%s\n", bad[i].networking);
        manifest_decode(&m, yaml.data);
        buf_deinit(&yaml);
        assert_findings(&m, bad[i].findings);
        assert_true(m.object->broken);
    }
}

static void secrets(void **state)
{
    (void)state;
    manifest_decode(&m, "{type: Secret, mesh: m, name: s, data: 'aGVs\n bG8='}");
    assert_findings(&m, "1:34 error data: is not base64 (with + and /, padded with =)\n");
    manifest_decode(&m, "type: Secret\nmesh: m\nname: s\ndata: |\n aGVs\n bG8=\n");
    assert_findings(&m, "");
    assert_str(m.object->secret->data, "hello");
    manifest_decode(&m, "apiVersion: v1\nkind: Secret\ntype: system.kuma.io/secret\n"
                        "metadata: {name: s, namespace: kuma-system, labels: {kuma.io/mesh: m}}\n"
                        "data: {value: aGVsbG8=}\n");
    assert_findings(&m, "");
    assert_str(m.object->key.mesh, "m");
    assert_str(m.object->key.name, "s");
    assert_str(m.object->secret->data, "hello");
    manifest_decode(&m, "apiVersion: v1\nkind: Secret\ntype: system.kuma.io/secret\n"
                        "metadata: {name: s}\nstringData: {value: hi}\n");
    assert_findings(&m, "");
    assert_str(m.object->key.mesh, "default");
    assert_str(m.object->secret->data, "hi");
    manifest_decode(&m, "apiVersion: v1\nkind: Secret\ntype: kubernetes.io/tls\n"
                        "metadata: {name: s}\ndata: {tls.key: aw==, tls.crt: Yw==}\n");
    assert_findings(&m, "");
    assert_str(m.object->secret->data, "k\nc");
    manifest_decode(&m, "apiVersion: v1\nkind: Secret\ntype: system.kuma.io/secret\n"
                        "metadata: {name: s}\ndata: {valve: eA==}\n");
    assert_findings(&m, "5:1 error data.value: cannot be empty. Of a Secret of this type no other "
                        "key is read\n");
    assert_true(m.object->broken);
}

#define KUBERNETES_SECRET "apiVersion: v1\nkind: Secret\ntype: system.kuma.io/secret\n"
#define PEM               "-----BEGIN X-----"
#define PEM_ONCE          "LS0tLS1CRUdJTiBYLS0tLS0="
#define PEM_TWICE         "TFMwdExTMUNSVWRKVGlCWUxTMHRMUzA9"

/* In no way is any of it quoted. */
static void secrets_that_are_encoded_too_often(void **state)
{
    (void)state;
    manifest_decode(&m, KUBERNETES_SECRET "metadata: {name: s}\ndata: {value: " PEM_ONCE "}\n");
    assert_findings(&m, "");
    manifest_decode(&m, KUBERNETES_SECRET "metadata: {name: s}\ndata: {value: " PEM_TWICE "}\n");
    assert_findings(&m, "5:8 warning data.value: is PEM that is encoded in base64 once more: "
                        "encode it once\n");
    manifest_decode(&m, KUBERNETES_SECRET "metadata: {name: s}\nstringData: {value: " PEM "}\n");
    assert_findings(&m, "");
    manifest_decode(&m,
                    KUBERNETES_SECRET "metadata: {name: s}\nstringData: {value: " PEM_ONCE "}\n");
    assert_findings(&m,
                    "5:14 warning stringData.value: is PEM that is encoded in base64 once more: "
                    "in stringData it stands as it is\n");
    manifest_decode(&m, "{type: Secret, mesh: m, name: s, data: " PEM_TWICE "}");
    assert_findings(&m, "1:34 warning data: is PEM that is encoded in base64 once more: encode it "
                        "once\n");
}

static void secrets_that_the_operator_does_not_see(void **state)
{
    (void)state;
    manifest_decode(&m, KUBERNETES_SECRET "metadata: {name: s, namespace: shop}\n"
                                          "data: {value: eA==}\n");
    assert_findings(&m,
                    "4:21 warning metadata.namespace: in a cluster only Secrets of the namespace "
                    "of the system are read, which is kuma-system unless the operator was told "
                    "another; write that one\n");
    manifest_decode(&m, KUBERNETES_SECRET "metadata: {name: s, namespace: my-system}\n"
                                          "data: {value: eA==}\n");
    assert_findings(&m, "");
    manifest_decode(&m, "apiVersion: v1\nkind: Secret\ntype: kubernetes.io/tls\n"
                        "metadata: {name: s, namespace: shop}\n"
                        "data: {tls.key: aw==, tls.crt: Yw==}\n");
    assert_findings(&m, ""); /* it may be of an Ingress */
}

#define TEST(function) cmocka_unit_test_teardown(function, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_route_with_everything),
        TEST(what_is_wrong_with_a_rule_costs_that_rule),
        TEST(a_weight_that_is_missing),
        TEST(routes_without_rules),
        TEST(tcp_routes),
        TEST(dataplanes),
        TEST(gateway_dataplanes),
        TEST(secrets),
        TEST(secrets_that_are_encoded_too_often),
        TEST(secrets_that_the_operator_does_not_see),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
