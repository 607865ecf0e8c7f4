#include "manifest.h"

static struct manifest m;

static int teardown(void **state)
{
    (void)state;
    manifest_free(&m);
    assert_int_equal(api_objects_alive(), 0);
    return 0;
}

static const struct api_mesh_http_route *route(void)
{
    return m.object->mesh_http_route;
}

#define SPEC                                                                                      \
    "spec:\n"                                                                                     \
    "  targetRef: {kind: MeshGateway, name: front, tags: {site: '*'}}\n"                          \
    "  to:\n"                                                                                     \
    "  - targetRef: {kind: Mesh}\n"                                                               \
    "    hostnames: [Shop.Test, '*.b']\n"                                                         \
    "    rules:\n"                                                                                \
    "    - matches:\n"                                                                            \
    "      - path: {type: PathPrefix, value: /cart}\n"                                            \
    "        method: GET\n"                                                                       \
    "        headers: [{type: Present, name: x-a}, {name: x-b, value: Z}, {type: Prefix, name: "  \
    "x-c, value: p}]\n"                                                                           \
    "        queryParams: [{type: RegularExpression, name: v, value: '2+'}]\n"                    \
    "      default:\n"                                                                            \
    "        filters:\n"                                                                          \
    "        - type: URLRewrite\n"                                                                \
    "          urlRewrite: {path: {type: ReplacePrefixMatch, replacePrefixMatch: /}, "            \
    "hostToBackendHostname: true}\n"                                                              \
    "        - type: RequestHeaderModifier\n"                                                     \
    "          requestHeaderModifier: {set: [{name: a, value: b}], add: [{name: c, value: ''}], " \
    "remove: [d]}\n"                                                                              \
    "        - type: ResponseHeaderModifier\n"                                                    \
    "          responseHeaderModifier: {remove: [server]}\n"                                      \
    "        - type: RequestMirror\n"                                                             \
    "          requestMirror: {percentage: '12.5', backendRef: {kind: MeshService, name: m}}\n"   \
    "        backendRefs:\n"                                                                      \
    "        - {kind: MeshService, name: cart, namespace: shop, port: 80, weight: 9}\n"           \
    "        - {kind: MeshServiceSubset, name: cart, tags: {version: next}}\n"                    \
    "    - matches: [{path: {type: Exact, value: /old}}]\n"                                       \
    "      default: {filters: [{type: RequestRedirect, requestRedirect: {scheme: https, "         \
    "hostname: a.b, port: 8443}}]}\n"

static void assert_everything(void)
{
    assert_findings(&m, "");
    assert_false(m.object->broken);
    assert_str(m.object->key.mesh, "shop");
    assert_int_equal(route()->target.kind, API_TARGET_MESH_GATEWAY);
    assert_str(route()->target.name, "front");
    assert_str(*api_tags_find(route()->target.tags, STR("site")), "*");
    assert_int_equal(route()->to_count, 1);
    const struct api_http_to *to = &route()->to[0];
    assert_int_equal(to->target.kind, API_TARGET_MESH);
    assert_int_equal(to->hostname_count, 2);
    assert_str(to->hostnames[0], "shop.test");
    assert_int_equal(to->rule_count, 2);

    const struct api_http_rule *rule = &to->rules[0];
    assert_false(rule->broken);
    assert_int_equal(rule->match_count, 1);
    const struct api_route_match *match = &rule->matches[0];
    assert_true(match->has_path);
    assert_int_equal(match->path_match, API_PATH_PREFIX);
    assert_str(match->path, "/cart");
    assert_str(match->method, "GET");
    assert_int_equal(match->header_count, 3);
    assert_int_equal(match->headers[0].match, API_VALUE_PRESENT);
    assert_int_equal(match->headers[1].match, API_VALUE_EXACT);
    assert_str(match->headers[1].value, "Z");
    assert_int_equal(match->headers[2].match, API_VALUE_PREFIX);
    assert_int_equal(match->query_parameter_count, 1);
    assert_int_equal(match->query_parameters[0].match, API_VALUE_REGEX);

    assert_int_equal(rule->filter_count, 4);
    assert_int_equal(rule->filters[0].type, API_FILTER_REWRITE);
    assert_int_equal(rule->filters[0].rewrite.path.type, API_PATH_PREFIX_REPLACED);
    assert_str(rule->filters[0].rewrite.path.prefix, "/");
    assert_true(rule->filters[0].rewrite.host_to_backend_hostname);
    assert_int_equal(rule->filters[1].type, API_FILTER_REQUEST_HEADER);
    assert_int_equal(rule->filters[1].request_headers.set_count, 1);
    assert_str(rule->filters[1].request_headers.set[0].name, "a");
    assert_str(rule->filters[1].request_headers.set[0].value, "b");
    assert_str(rule->filters[1].request_headers.add[0].name, "c");
    assert_str(rule->filters[1].request_headers.remove[0], "d");
    assert_int_equal(rule->filters[2].type, API_FILTER_RESPONSE_HEADER);
    assert_str(rule->filters[2].response_headers.remove[0], "server");
    assert_int_equal(rule->filters[3].type, API_FILTER_MIRROR);
    assert_int_equal(rule->filters[3].mirror.ppm, 125000);
    assert_int_equal(rule->filters[3].mirror.backend.target.kind, API_TARGET_MESH_SERVICE);

    assert_int_equal(rule->backend_count, 2);
    assert_int_equal(rule->backends[0].weight, 9);
    assert_int_equal(rule->backends[0].port, 80);
    assert_str(rule->backends[0].target.namespace, "shop");
    assert_int_equal(rule->backends[1].target.kind, API_TARGET_MESH_SERVICE_SUBSET);
    assert_int_equal(rule->backends[1].weight, 1);
    assert_int_equal(rule->backends[1].port, 0);

    const struct api_redirect *redirect = &to->rules[1].filters[0].redirect;
    assert_str(redirect->scheme, "https");
    assert_str(redirect->hostname, "a.b");
    assert_int_equal(redirect->port, 8443);
    assert_int_equal(redirect->status_code, 302);
    assert_int_equal(redirect->path.type, API_PATH_KEPT);
}

static void a_route_with_everything(void **state)
{
    (void)state;
    manifest_decode(&m, "type: MeshHTTPRoute\nmesh: shop\nname: r\n"
                        "labels: {kuma.io/policy-role: system}\n" SPEC);
    assert_everything();
    assert_str(m.object->key.name, "r");
    manifest_decode(&m, "apiVersion: kuma.io/v1alpha1\nkind: MeshHTTPRoute\n"
                        "metadata: {name: r, namespace: kuma-system, labels: {kuma.io/mesh: "
                        "shop}}\n" SPEC);
    assert_everything();
    assert_str(m.object->key.name, "r.kuma-system");
    assert_str(m.object->namespace, "kuma-system");
}

static void the_envelope(void **state)
{
    (void)state;
    manifest_decode(&m, "{type: MeshHTTPRoute, name: r, spec: {to: []}}");
    assert_findings(&m, "");
    assert_str(m.object->key.mesh, "default");
    assert_int_equal(route()->target.kind, API_TARGET_MESH);
    manifest_decode(&m, "{type: MeshHTTPRoute, mesh: m, name: r, to: []}");
    assert_findings(&m, "1:1 error spec: is required\n"
                        "1:1 warning spec.to: is missing, so this routes nothing\n"
                        "1:41 warning to: unknown field, ignored: it stands below spec\n");
    assert_true(m.object->broken);
    manifest_decode(&m, "{type: MeshHTTPRoute, mesh: m, name: r, spec: {tos: [], name: x}}");
    assert_findings(&m, "1:41 warning spec.to: is missing, so this routes nothing\n"
                        "1:48 warning spec.tos: unknown field, ignored; did you mean \"to\"?\n"
                        "1:57 warning spec.name: unknown field, ignored: it stands beside spec\n");
    manifest_decode(&m, "{apiVersion: kuma.io/v1alpha1, kind: MeshHTTPRoute, mesh: m, metadata: "
                        "{name: r, annotations: {kuma.io/mesh: b}}}");
    assert_findings(&m, "1:1 warning spec.to: is missing, so this routes nothing\n"
                        "1:53 warning mesh: is ignored here: write the label kuma.io/mesh\n");
    assert_str(m.object->key.mesh, "default");
    assert_str(m.object->key.name, "r.default");
    assert_str(*api_tags_find(m.object->labels, STR("kuma.io/display-name")), "r");
    manifest_decode(&m, "{apiVersion: kuma.io/v1alpha1, kind: MeshHTTPRoute, spec: {to: []}, "
                        "metadata: {name: r-1, annotations: {kuma.io/display-name: r}}}");
    assert_findings(&m, "");
    assert_str(m.object->key.name, "r-1.default");
    assert_str(*api_tags_find(m.object->labels, STR("kuma.io/display-name")), "r");
}

struct example {
    const char *text;
    const char *findings;
};

/* ---- Where the route applies ---- */

static void assert_target(const char *envelope, const char *target, const char *findings)
{
    struct buf yaml;
    buf_init(&yaml, 4096);
    buf_printf(&yaml, "{type: MeshHTTPRoute, name: r, %s\n spec: {targetRef:\n%s, to: []}}\n",
               envelope, target);
    manifest_decode(&m, yaml.data);
    buf_deinit(&yaml);
    assert_faults(&m, findings);
    assert_int_equal(m.object->broken, strstr(findings, "error") != NULL);
}

static const struct example targets[] = {
#define TARGET "spec.targetRef"
    {"{}", "error " TARGET ".kind: must be defined\n"},
    {"{kind: MeshService2}",
     "error " TARGET ".kind: unknown value MeshService2: must be one of Mesh, "
     "MeshSubset, MeshGateway, MeshService, MeshServiceSubset, "
     "Dataplane\n"},
    {"{kind: MeshHTTPRoute, name: a}", "error " TARGET ".kind: value is not supported\n"},
    {"{kind: MeshExternalService, name: a}", "error " TARGET ".kind: value is not supported\n"},
    {"{kind: Mesh}", ""},
    {"{kind: Mesh, proxyTypes: [Gateway]}", ""},
    {"{kind: Mesh, proxyTypes: []}",
     "error " TARGET ".proxyTypes: must be undefined or have at least one element\n"},
    {"{kind: Mesh, proxyTypes: [gateway]}",
     "error " TARGET ".proxyTypes[0]: unknown value gateway: must be one of Sidecar, "
     "Gateway\n"},
    {"{kind: Mesh, name: a, mesh: b, tags: {c: d}, labels: {e: f}, namespace: g, sectionName: "
     "h}",
     "error " TARGET ".name: using name with kind Mesh is not yet supported\n"
     "error " TARGET ".mesh: must not be set with kind Mesh\n"
     "error " TARGET ".tags: must not be set with kind Mesh\n"
     "error " TARGET ".labels: must not be set with kind Mesh\n"
     "error " TARGET ".namespace: must not be set with kind Mesh\n"
     "error " TARGET ".sectionName: must not be set with kind Mesh\n"},
#define OLD                                                                             \
    TARGET ".kind: MeshSubset value for 'targetRef.kind' is deprecated, use Dataplane " \
           "with labels instead\n"
    {"{kind: MeshSubset, tags: {a: b}}", "warning " OLD},
    {"{kind: MeshSubset, tags: {a: '*'}, name: x, mesh: x, labels: {x: x}, namespace: x, "
     "sectionName: x, proxyTypes: []}",
     "warning " OLD "error " TARGET
     ".tags[\"a\"]: tag value must consist of alphanumeric characters, dots, dashes and "
     "underscores\n"
     "error " TARGET ".name: must not be set with kind MeshSubset\n"
     "error " TARGET ".mesh: must not be set with kind MeshSubset\n"
     "error " TARGET ".labels: must not be set with kind MeshSubset\n"
     "error " TARGET ".namespace: must not be set with kind MeshSubset\n"
     "error " TARGET ".sectionName: must not be set with kind MeshSubset\n"
     "error " TARGET ".proxyTypes: must be undefined or have at least one element\n"},
    {"{kind: MeshGateway, name: a, tags: {b: '*'}}", ""},
    {"{kind: MeshGateway, tags: {b: a b}, mesh: x, labels: {x: x}, namespace: x, sectionName: "
     "x, proxyTypes: [Sidecar]}",
     "error " TARGET ".name: must be set with kind MeshGateway\n"
     "error " TARGET
     ".tags[\"b\"]: tag value must consist of alphanumeric characters, dots, dashes, slashes "
     "and underscores or be \"*\"\n"
     "error " TARGET ".mesh: must not be set with kind MeshGateway\n"
     "error " TARGET ".labels: must not be set with kind MeshGateway\n"
     "error " TARGET ".namespace: must not be set with kind MeshGateway\n"
     "error " TARGET ".sectionName: must not be set with kind MeshGateway\n"
     "error " TARGET ".proxyTypes: must not be set with kind MeshGateway\n"},
    {"{kind: MeshGateway, name: A b}",
     "error " TARGET ".name: invalid characters: must consist of lower case alphanumeric "
     "characters, '-', '.' and '_'.\n"},
    {"{kind: MeshService, labels: {a: b}}", "warning " OLD},
    {"{kind: MeshService, mesh: x, tags: {x: x}, proxyTypes: [Sidecar], sectionName: s}",
     "error " TARGET ".name: must be set with kind MeshService\n"
     "warning " OLD "error " TARGET ".mesh: must not be set with kind MeshService\n"
     "error " TARGET ".tags: must not be set with kind MeshService\n"
     "error " TARGET ".proxyTypes: must not be set with kind MeshService\n"},
    {"{kind: MeshService, labels: {a: b}, namespace: c}",
     "warning " OLD "error " TARGET
     ".labels: either labels or name and namespace must be specified\n"},
    {"{kind: MeshServiceSubset, name: a_b, tags: {c: '*'}}", "warning " OLD},
    {"{kind: MeshServiceSubset, labels: {x: x}}",
     "error " TARGET ".name: must be set with kind MeshServiceSubset\n"
     "warning " OLD "error " TARGET ".labels: must not be set with kind MeshServiceSubset\n"},
    {"{kind: Dataplane, labels: {a: b}}", ""},
    {"{kind: Dataplane}", ""},
    {"{kind: Dataplane, labels: {a: b}, name: c, sectionName: d, tags: {x: x}, mesh: x, "
     "proxyTypes: [Sidecar]}",
     "error " TARGET ".labels: either labels or name and namespace must be specified\n"
     "error " TARGET ".sectionName: can only be used with inbound policies\n"
     "error " TARGET ".tags: must not be set with kind Dataplane\n"
     "error " TARGET ".mesh: must not be set with kind Dataplane\n"
     "error " TARGET ".proxyTypes: must not be set with kind Dataplane\n"},
};

static void what_a_target_may_be(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(targets); i++)
        assert_target("", targets[i].text, targets[i].findings);
}

/* A gateway may only be a target of those who run the mesh. */
static void whose_the_route_is(void **state)
{
    (void)state;
#define REFUSED(role)                                                                             \
    "warning spec.targetRef.kind: may be MeshGateway in the namespace of the system only, where " \
    "the label kuma.io/policy-role is \"system\"; here it is \"" role "\"\n"                      \
    "error spec.targetRef.kind: value is not supported\n"
    static const char gateway[] = "{kind: MeshGateway, name: a}";
    assert_target("", gateway, "");
    assert_target("labels: {kuma.io/policy-role: system},", gateway, "");
    assert_target("labels: {kuma.io/policy-role: producer},", gateway, REFUSED("producer"));
    assert_target("labels: {kuma.io/policy-role: consumer},", "{kind: Dataplane}", "");
    manifest_decode(&m, "apiVersion: kuma.io/v1alpha1\nkind: MeshHTTPRoute\nmetadata: {name: r, "
                        "labels: {kuma.io/policy-role: workload-owner}}\n"
                        "spec: {targetRef: {kind: MeshGateway, name: a}, to: []}\n");
    assert_faults(&m, REFUSED("workload-owner"));
}

/* ---- Rules ---- */

static void assert_to(const char *target, const char *to, const char *findings)
{
    struct buf yaml;
    buf_init(&yaml, (size_t)1 << 16);
    buf_printf(&yaml, "{type: MeshHTTPRoute, name: r, spec: {targetRef: %s, to: [\n%s]}}\n", target,
               to);
    manifest_decode(&m, yaml.data);
    buf_deinit(&yaml);
    assert_faults(&m, findings);
}

#define GATEWAY "{kind: MeshGateway, name: g}"

/* A rule on line 2 with a fault of its own costs only itself. */
static void assert_rule_of(const char *target, const char *to, const char *rule,
                           const char *findings)
{
    struct buf yaml;
    buf_init(&yaml, (size_t)1 << 16);
    buf_printf(&yaml, "{targetRef: %s, rules: [\n{%s}]}", to, rule);
    assert_to(target, yaml.data, findings);
    buf_deinit(&yaml);
    assert_false(m.object->broken);
    assert_int_equal(route()->to[0].rules[0].broken, strstr(findings, "error") != NULL);
}

static void assert_rule(const char *rule, const char *findings)
{
    assert_rule_of(GATEWAY, "{kind: Mesh}", rule, findings);
}

#define BACK "default: {backendRefs: [{kind: MeshService, name: b}]}"
#define ROOT "matches: [{path: {type: PathPrefix, value: /}}]"
#define TO   "spec.to[0]"
#define RULE TO ".rules[0]"

#define NO_END "does not need a trailing slash because only a `/`-separated prefix or an entire "
static const struct example matches[] = {
    {"path: {type: PathPrefix, value: /}", ""},
    {"path: {type: PathPrefix, value: /a/b}", ""},
    {"path: {type: PathPrefix, value: /a/}",
     "error " RULE ".matches[0].path.value: " NO_END "path is matched\n"},
    {"path: {type: PathPrefix, value: a/}",
     "error " RULE ".matches[0].path.value: " NO_END "path is matched\n"
     "error " RULE ".matches[0].path.value: must be an absolute path\n"},
    {"path: {type: PathPrefix, value: a}",
     "error " RULE ".matches[0].path.value: must be an absolute path\n"},
    {"path: {type: Exact, value: /a/}", ""},
    {"path: {type: Exact, value: a}",
     "error " RULE ".matches[0].path.value: must be an absolute path\n"},
    {"path: {type: Exact, value: ''}", "error " RULE ".matches[0].path.value: cannot be empty\n"},
    {"path: {type: RegularExpression, value: '/a[0-9]+'}", ""},
    {"path: {type: RegularExpression, value: '/(?=a)'}",
     "error " RULE ".matches[0].path.value: is no regular expression of RE2: looking "
     "ahead, (?=, is not part of it\n"},
    {"path: {type: Prefix, value: /a}",
     "error " RULE ".matches[0].path.type: unknown value Prefix: must be one of Exact, "
     "PathPrefix, RegularExpression\n"},
    {"path: {type: 1, value: /a}",
     "error " RULE ".matches[0].path.type: must be a string: write \"1\" in quotes\n"},
    {"path: {}", "error " RULE ".matches[0].path.type: is required\n"
                 "error " RULE ".matches[0].path.value: is required\n"},
    {"method: POST", ""},
    {"method: post", "error " RULE ".matches[0].method: unknown value post: must be one of "
                     "CONNECT, DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT, TRACE\n"},
    {"headers: [{name: a, value: B}, {type: Absent, name: b}, {type: Present, name: c}]", ""},
    {"headers: [{type: Absent, name: b, value: x}, {type: Present, name: c, value: z}]",
     "error " RULE ".matches[0].headers[0].value: must not be defined\n"
     "error " RULE ".matches[0].headers[1].value: must not be defined\n"},
    {"headers: [{value: x}, {name: ''}, {name: Ab}, {name: 'a b'}]",
     "error " RULE ".matches[0].headers[0].name: is required\n"
     "error " RULE ".matches[0].headers[1].name: cannot be empty\n"
     "error " RULE ".matches[0].headers[2].name: must consist of lower case letters, "
     "digits and !#$%&'*+-.^_`|~\n"
     "error " RULE ".matches[0].headers[3].name: must consist of lower case letters, "
     "digits and !#$%&'*+-.^_`|~\n"},
    {"headers: [{type: RegularExpression, name: a, value: '('}, {type: Regex, name: b}]",
     "error " RULE ".matches[0].headers[0].value: is no regular expression of RE2: a ( "
     "has no )\n"
     "error " RULE ".matches[0].headers[1].type: unknown value Regex: must be one of "
     "Exact, RegularExpression, Present, Absent, Prefix\n"},
    {"queryParams: [{type: Exact, name: a, value: ''}]", ""},
    {"queryParams: [{type: Exact, name: a, value: x}, {type: RegularExpression, name: a, "
     "value: '*'}, {type: Exact, name: b, value: x}]",
     "error " RULE ".matches[0].queryParams[1].name: multiple entries for name a\n"
     "error " RULE ".matches[0].queryParams[1].value: is no regular expression of RE2: "
     "there is nothing before a repetition\n"},
    {"queryParams: [{type: Present, name: a}, {}]",
     "error " RULE ".matches[0].queryParams[0].value: is required\n"
     "error " RULE ".matches[0].queryParams[0].type: unknown value Present: must be one "
     "of Exact, RegularExpression\n"
     "error " RULE ".matches[0].queryParams[1].name: is required\n"
     "error " RULE ".matches[0].queryParams[1].type: is required\n"
     "error " RULE ".matches[0].queryParams[1].value: is required\n"},
};

static void what_a_match_may_be(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(matches); i++) {
        struct buf rule;
        buf_init(&rule, 4096);
        buf_printf(&rule, "matches: [{ %s}], " BACK, matches[i].text);
        assert_rule(rule.data, matches[i].findings);
        buf_deinit(&rule);
    }
}

/* `rest` of a rule whose one match is of the prefix "/". */
static void assert_default(const char *rest, const char *findings)
{
    struct buf rule;
    buf_init(&rule, (size_t)1 << 15);
    buf_printf(&rule, ROOT ", default: {%s}", rest);
    assert_rule(rule.data, findings);
    buf_deinit(&rule);
}

#define BACKENDS "backendRefs: [{kind: MeshService, name: b}]"
#define DEFAULT  RULE ".default"
#define FILTER   DEFAULT ".filters[0]"

static const struct example filters[] = {
    {"{}", "error " FILTER ".type: is required\n"},
    {"{type: Rewrite}",
     "error " FILTER ".type: unknown value Rewrite: must be one of RequestHeaderModifier, "
     "ResponseHeaderModifier, RequestRedirect, URLRewrite, RequestMirror\n"},
    {"{type: RequestHeaderModifier}", "error " FILTER ".requestHeaderModifier: must be defined\n"},
    {"{type: ResponseHeaderModifier}",
     "error " FILTER ".responseHeaderModifier: must be defined\n"},
    {"{type: RequestRedirect}", "error " FILTER ".requestRedirect: must be defined\n"
                                "warning " DEFAULT ".backendRefs: comes before the redirect of "
                                "the rule, which is not done\n"},
    {"{type: URLRewrite}", "error " FILTER ".urlRewrite: must be defined\n"},
    {"{type: RequestMirror}", "error " FILTER ".requestMirror: must be defined\n"},
    {"{type: URLRewrite, requestHeaderModifier: {remove: [a]}}",
     "error " FILTER ".urlRewrite: must be defined\n"},
    {"{type: URLRewrite, urlRewrite: {}, requestHeaderModifier: {remove: [a]}}",
     "warning " FILTER ".urlRewrite: is ignored, because requestHeaderModifier is there too\n"},

    {"{type: RequestHeaderModifier, requestHeaderModifier: {}}",
     "error " FILTER ".requestHeaderModifier: must have at least one defined: set, add, "
     "remove\n"},
    {"{type: ResponseHeaderModifier, responseHeaderModifier: {}}",
     "error " FILTER ".responseHeaderModifier: must have at least one defined: set, add, "
     "remove\n"},
    {"{type: RequestHeaderModifier, requestHeaderModifier: {set: []}}", ""},
    {"{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: a, value: b}, {name: "
     "A, value: b}, {name: a, value: c}], add: [{name: a, value: d}], remove: [x, a, x]}}",
     "error " FILTER ".requestHeaderModifier.set[1].name: must consist of lower case letters, "
     "digits and !#$%&'*+-.^_`|~\n"
     "error " FILTER ".requestHeaderModifier.set[2].name: duplicate header name\n"
     "error " FILTER ".requestHeaderModifier.add[0].name: duplicate header name\n"
     "error " FILTER ".requestHeaderModifier.remove[1].name: duplicate header name\n"
     "error " FILTER ".requestHeaderModifier.remove[2].name: duplicate header name\n"},
    {"{type: RequestHeaderModifier, requestHeaderModifier: {add: [{name: 'a b'}, {value: x}], "
     "remove: ['', 'a:', 5]}}",
     "error " FILTER ".requestHeaderModifier.add[0].value: is required\n"
     "error " FILTER ".requestHeaderModifier.add[0].name: must consist of lower case letters, "
     "digits and !#$%&'*+-.^_`|~\n"
     "error " FILTER ".requestHeaderModifier.add[1].name: is required\n"
     "error " FILTER ".requestHeaderModifier.remove[0]: cannot be empty\n"
     "error " FILTER ".requestHeaderModifier.remove[1]: must consist of letters, digits and "
     "!#$%&'*+-.^_`|~\n"
     "error " FILTER ".requestHeaderModifier.remove[2]: must be a string: write \"5\" in "
     "quotes\n"},
    {"{type: RequestHeaderModifier, requestHeaderModifier: {remove: [a, b, c, d, e, f, g, h, "
     "i, "
     "j, k, l, m, nn, o, p, q]}}",
     "error " FILTER ".requestHeaderModifier.remove: must have at most 16 items\n"},

    {"{type: URLRewrite, urlRewrite: {hostname: a.b, path: {type: ReplaceFullPath, "
     "replaceFullPath: ''}}}",
     ""},
    {"{type: URLRewrite, urlRewrite: {path: {type: ReplaceFullPath}}}",
     "error " FILTER ".urlRewrite.path.replaceFullPath: must be set with type "
     "ReplaceFullPath\n"},
    {"{type: URLRewrite, urlRewrite: {path: {type: ReplacePrefixMatch, replacePrefixMatch: /, "
     "replaceFullPath: /}}}",
     "warning " FILTER ".urlRewrite.path.replaceFullPath: is ignored, because the type is "
     "ReplacePrefixMatch\n"},
    {"{type: URLRewrite, urlRewrite: {path: {replacePrefixMatch: /}}}",
     "error " FILTER ".urlRewrite.path.type: is required\n"},
    {"{type: URLRewrite, urlRewrite: {hostname: 10.0.0.1}}",
     "error " FILTER ".urlRewrite.hostname: cannot be an IP address\n"},
    {"{type: URLRewrite, urlRewrite: {hostname: 010.000.00.1}}",
     "error " FILTER ".urlRewrite.hostname: cannot be an IP address\n"},
    {"{type: URLRewrite, urlRewrite: {hostname: '::1'}}",
     "error " FILTER ".urlRewrite.hostname: cannot be an IP address\n"},
    {"{type: URLRewrite, urlRewrite: {hostname: 1.2.3}}", ""},
    {"{type: URLRewrite, urlRewrite: {hostname: ''}}",
     "error " FILTER ".urlRewrite.hostname: cannot be empty\n"},
    {"{type: URLRewrite, urlRewrite: {hostname: A.b}}",
     "error " FILTER ".urlRewrite.hostname: a lowercase RFC 1123 subdomain must consist of "
     "lower case alphanumeric characters, '-' or '.', and must start and end with an "
     "alphanumeric character (e.g. 'example.com', regex used for validation is "
     "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')\n"},
    {"{type: URLRewrite, urlRewrite: {hostToBackendHostname: true}}", ""},
    {"{type: URLRewrite, urlRewrite: {hostToBackendHostname: false, hostname: a}}", ""},
    {"{type: URLRewrite, urlRewrite: {hostToBackendHostname: true, hostname: a}}",
     "error " FILTER ".urlRewrite.hostToBackendHostname: cannot be set together with "
     "hostname\n"},
    {"{type: URLRewrite, urlRewrite: {hostToBackendHostname: 'true'}}",
     "error " FILTER ".urlRewrite.hostToBackendHostname: must be true or false, without "
     "quotes, not a string\n"},

    {"{type: RequestMirror, requestMirror: {backendRef: {kind: MeshService, name: m}}}", ""},
    {"{type: RequestMirror, requestMirror: {percentage: 100, backendRef: {kind: "
     "MeshServiceSubset, name: m, tags: {a: b}}}}",
     ""},
    {"{type: RequestMirror, requestMirror: {percentage: '0.00001', backendRef: {kind: "
     "MeshService, name: m}}}",
     ""},
    {"{type: RequestMirror, requestMirror: {percentage: 100.001}}",
     "error " FILTER ".requestMirror.backendRef: is required\n"
     "error " FILTER ".requestMirror.percentage: has to be in [0.0 - 100.0] range\n"},
    {"{type: RequestMirror, requestMirror: {percentage: half, backendRef: {kind: "
     "MeshExternalService, name: m}}}",
     "error " FILTER ".requestMirror.percentage: must be a number from 0 to 100\n"
     "error " FILTER ".requestMirror.backendRef.kind: value is not supported\n"},
    {"{type: RequestMirror, requestMirror: {percentage: -1, backendRef: {kind: MeshService, "
     "name: m}}}",
     "error " FILTER ".requestMirror.percentage: must be a number from 0 to 100\n"},
    {"{type: RequestMirror, requestMirror: {percentage: true, backendRef: {kind: MeshService, "
     "name: m, port: -1}}}",
     "error " FILTER ".requestMirror.percentage: must be a number or a string, not a boolean\n"
     "error " FILTER ".requestMirror.backendRef.port: must be a whole number from 0 to "
     "2147483647, not -1\n"},
};

static void what_a_filter_may_be(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(filters); i++) {
        struct buf rest;
        buf_init(&rest, 4096);
        buf_printf(&rest, "filters: [%s], " BACKENDS, filters[i].text);
        assert_default(rest.data, filters[i].findings);
        buf_deinit(&rest);
    }
}

static void how_a_rule_may_redirect(void **state)
{
    (void)state;
#define REDIRECT(content) "filters: [{type: RequestRedirect, requestRedirect: {" content "}}]"
    assert_default(REDIRECT(""), "");
    assert_default(REDIRECT("scheme: http, port: 65535, statusCode: 308"), "");
    assert_default(REDIRECT("scheme: ftp, port: 0, statusCode: 300"),
                   "error " FILTER ".requestRedirect.scheme: unknown value ftp: must be one of "
                   "http, https\n"
                   "error " FILTER ".requestRedirect.port: must be a whole number from 1 to 65535, "
                   "not 0\n"
                   "error " FILTER ".requestRedirect.statusCode: unknown value 300: must be one "
                   "of 301, 302, 303, 307, 308\n");
    assert_default(REDIRECT("port: '80', hostname: 1.2.3.4"),
                   "error " FILTER ".requestRedirect.port: must be a whole number, not a string\n"
                   "error " FILTER ".requestRedirect.hostname: cannot be an IP address\n");
    assert_default(REDIRECT("path: {type: ReplacePrefixMatch, replacePrefixMatch: /a}"), "");
    assert_default(REDIRECT("") ", " BACKENDS,
                   "warning " DEFAULT ".backendRefs: comes before the redirect of the rule, which "
                   "is not done\n");
}

static void filters_that_do_not_go_together(void **state)
{
    (void)state;
#define REWRITE "{type: URLRewrite, urlRewrite: {hostname: a}}"
    assert_default("filters: [{type: RequestRedirect, requestRedirect: {}}, " REWRITE ", {type: "
                   "ResponseHeaderModifier, responseHeaderModifier: {remove: [a]}}, {type: "
                   "RequestRedirect, requestRedirect: {port: 1}}]",
                   "warning " DEFAULT ".filters[1]: is not done, because the rule redirects every "
                   "request\n"
                   "warning " DEFAULT ".filters[3]: a filter of this type is there before: a rule "
                   "has one\n");
    assert_default("filters: [" REWRITE ", " REWRITE "], " BACKENDS,
                   "warning " DEFAULT ".filters[1]: a filter of this type is there before: a rule "
                   "has one\n");
    assert_default(
        "filters: [{type: RequestHeaderModifier, requestHeaderModifier: {remove: [a]}}, "
        "{type: RequestHeaderModifier, requestHeaderModifier: {remove: [a]}}], " BACKENDS,
        "");
}

static void a_prefix_is_replaced_where_there_is_one(void **state)
{
    (void)state;
#define PATH "path: {type: ReplacePrefixMatch, replacePrefixMatch: /}"
    static const struct {
        const char *filter;
        const char *refused;
    } replacing[] = {
        {"default: {filters: [{type: URLRewrite, urlRewrite: {" PATH "}}], " BACKENDS "}",
         "error " FILTER
         ".urlRewrite.path.replacePrefixMatch: can only appear if all matches match "
         "a path prefix\n"},
        {"default: {filters: [{type: RequestRedirect, requestRedirect: {" PATH "}}]}",
         "error " FILTER ".requestRedirect.path.replacePrefixMatch: can only appear if all matches "
         "match a path prefix\n"},
    };
    static const struct {
        const char *matches;
        bool ok;
    } matching[] = {
        {ROOT, true},
        {"matches: [{path: {type: Exact, value: /}}]", false},
        {"matches: [{path: {type: PathPrefix, value: /}}, {method: GET}]", false},
    };
    for (size_t i = 0; i < ARRAY_SIZE(replacing); i++) {
        for (size_t j = 0; j < ARRAY_SIZE(matching); j++) {
            struct buf rule;
            buf_init(&rule, 4096);
            buf_printf(&rule, "%s, %s", matching[j].matches, replacing[i].filter);
            assert_rule(rule.data, matching[j].ok ? "" : replacing[i].refused);
            buf_deinit(&rule);
        }
    }
}

static void where_a_rule_may_lead(void **state)
{
    (void)state;
#define BACKEND DEFAULT ".backendRefs[0]"
    assert_default("", "error " DEFAULT ".backendRefs: must not be empty\n");
    assert_default("backendRefs: []", "error " DEFAULT ".backendRefs: must not be empty\n");
    assert_default("backendRefs: [{}]", "error " BACKEND ".kind: must be defined\n");
    assert_default("backendRefs: [null]", "error " BACKEND ": must be an object, not null\n");
    assert_default("backendRefs: [{kind: Mesh}]",
                   "error " BACKEND ".kind: value is not supported\n");
    assert_default("backendRefs: [{kind: MeshService, name: kuma.io/unresolved-backend}]", "");
    assert_default("backendRefs: [{kind: MeshService, name: a/b, weight: -1}]",
                   "error " BACKEND ".name: invalid characters: must consist of lower case "
                   "alphanumeric characters, '-', '.' and '_'.\n"
                   "error " BACKEND ".weight: must be a whole number from 0 to 4294967295, not "
                   "-1\n");
    assert_default("backendRefs: [{kind: MeshExternalService, name: a}, {kind: "
                   "MeshExternalService, labels: {a: b}}]",
                   "");
    assert_default("backendRefs: [{kind: MeshExternalService, labels: {a: b}, namespace: c, "
                   "sectionName: d}]",
                   "error " BACKEND ".labels: either labels or name must be specified\n"
                   "error " BACKEND ".sectionName: must not be set with kind "
                   "MeshExternalService\n");
    assert_default("backendRefs: [{kind: MeshMultiZoneService, name: A, port: 1}, {kind: "
                   "MeshMultiZoneService}]",
                   "error " DEFAULT ".backendRefs[1].port: must be defined with kind "
                   "MeshMultiZoneService\n");
    assert_default("backendRefs: [{kind: MeshService, name: a, weight: 0}]", "");
    assert_default("backendRefs: [{kind: MeshService, name: a, weight: 0}, {kind: MeshService, "
                   "name: b, weight: 0}]",
                   "warning " DEFAULT ".backendRefs: every backend has weight 0, so there is none "
                   "to choose; give at least one a weight\n");
}

/* Of the routes of sidecars, which share the kind. */
static void what_only_a_gateway_has(void **state)
{
    (void)state;
    static const char service[] = "{kind: MeshService, name: s}";
    assert_rule_of("{kind: Mesh}", service, ROOT ", default: {}", "");
    assert_rule_of("{kind: Mesh}", service,
                   ROOT ", default: {filters: [{type: URLRewrite, urlRewrite: "
                        "{hostToBackendHostname: true}}]}",
                   "error " FILTER ".urlRewrite.hostToBackendHostname: can only be set with "
                   "MeshGateway\n");
    assert_to("null", "{targetRef: {kind: MeshService, name: a}, rules: [], hostnames: [a.b]}",
              "error " TO ".hostnames: must not be defined\n");
    assert_to("null", "{targetRef: {kind: MeshExternalService, name: a}, rules: []}", "");
    assert_to("null", "{targetRef: {kind: MeshMultiZoneService, name: a}, rules: []}", "");
    assert_to("null", "{targetRef: {kind: Mesh}, rules: []}",
              "error " TO ".targetRef.kind: value is not supported\n");
    assert_to("{kind: Gateway}", "{targetRef: {kind: Mesh}, hostnames: [a.b], rules: []}",
              "error spec.targetRef.kind: unknown value Gateway: must be one of Mesh, MeshSubset, "
              "MeshGateway, MeshService, MeshServiceSubset, Dataplane\n");
    assert_to(GATEWAY, "{targetRef: {kind: MeshService, name: a}, rules: []}",
              "error " TO ".targetRef.kind: value is not supported\n");
}

static void what_a_to_has(void **state)
{
    (void)state;
    assert_to(GATEWAY, "{}",
              "error " TO ".rules: is required\nerror " TO ".targetRef: is required\n");
    assert_false(m.object->broken);
    assert_true(route()->to[0].broken);
    assert_to(GATEWAY, "null", "error " TO ": must be an object, not null\n");
    assert_false(m.object->broken);
    assert_to(GATEWAY, "{targetRef: {kind: Mesh}, rules: []}", "");
    assert_to(GATEWAY,
              "{targetRef: {kind: Mesh}, hostnames: ['*', a.b, 'a:80', '*.B_c', null], "
              "rules: []}",
              "warning " TO ".hostnames[2]: matches no request: invalid hostname\n"
              "warning " TO ".hostnames[3]: matches no request: invalid wildcard domain\n"
              "error " TO ".hostnames[4]: must be a string, not null\n");
    assert_rule("matches: []", "error " RULE ".default: is required\n"
                               "error " RULE ".matches: cannot be empty\n");
    assert_rule(BACK, "error " RULE ".matches: is required\n");
}

#define RULES_OF                                                                            \
    "{type: MeshHTTPRoute, name: r, spec: {targetRef: {kind: MeshGateway, name: g}, to: [{" \
    "targetRef: {kind: Mesh}, rules: ["
#define MATCHES_OF RULES_OF "{" BACK ", matches: ["
#define DEFAULT_OF RULES_OF "{" ROOT ", default: {"
#define MODIFIER   "filters: [{type: RequestHeaderModifier, requestHeaderModifier: {"
#define REST       "]}]}}"
#define RULE_OF    "spec.to[0].rules[0]"

static const struct manifest_bound bounds[] = {
    {"{type: MeshHTTPRoute, name: r, spec: {to: [",
     "{targetRef: {kind: MeshService, name: a}, rules: []},", "]}}", 32,
     "error spec.to: must have at most 32 items\n"},
    {RULES_OF "], hostnames: [", "a,", "]}]}}", 1024,
     "error spec.to[0].hostnames: must have at most 1024 items\n"},
    {RULES_OF, "{" ROOT ", " BACK "},", REST, 1024,
     "error spec.to[0].rules: must have at most 1024 items\n"},
    {MATCHES_OF, "{method: GET},", "]}" REST, 64,
     "error " RULE_OF ".matches: must have at most 64 items\n"},
    {MATCHES_OF "{headers: [", "{name: a, value: b},", "]}]}" REST, 64,
     "error " RULE_OF ".matches[0].headers: must have at most 64 items\n"},
    {MATCHES_OF "{path: {type: Exact, value: /", "a", "}}]}" REST, 4095,
     "error " RULE_OF ".matches[0].path.value: must have at most 4096 characters\n"},
    {MATCHES_OF "{headers: [{name: a, value: ", "a", "}]}]}" REST, 4096,
     "error " RULE_OF ".matches[0].headers[0].value: must have at most 4096 characters\n"},
    {DEFAULT_OF "backendRefs: [", "{kind: MeshService, name: a},", "]}}" REST, 64,
     "error " RULE_OF ".default.backendRefs: must have at most 64 items\n"},
    {DEFAULT_OF "backendRefs: [{kind: MeshService, name: ", "a", "}]}}" REST, 1024,
     "error " RULE_OF ".default.backendRefs[0].name: must have at most 1024 characters\n"},
    {DEFAULT_OF BACKENDS ", " MODIFIER "set: [{name: a, value: ", "a", "}]}}]}}" REST, 8192,
     "error " RULE_OF ".default.filters[0].requestHeaderModifier.set[0].value: must have at most "
     "8192 characters\n"},
    {DEFAULT_OF BACKENDS ", " MODIFIER "remove: [", "a", "]}}]}}" REST, 1024,
     "error " RULE_OF ".default.filters[0].requestHeaderModifier.remove[0]: must have at most 1024 "
     "characters\n"},
    {DEFAULT_OF BACKENDS ", filters: [",
     "{type: RequestMirror, requestMirror: {backendRef: {kind: MeshService, name: a}}},",
     "]}}" REST, 16, "error " RULE_OF ".default.filters: must have at most 16 items\n"},
};

static void how_much_a_route_may_say(void **state)
{
    (void)state;
    assert_bounds(&m, bounds, ARRAY_SIZE(bounds));
}

#define TEST(function) cmocka_unit_test_teardown(function, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(how_much_a_route_may_say),
        TEST(a_route_with_everything),
        TEST(the_envelope),
        TEST(what_a_target_may_be),
        TEST(whose_the_route_is),
        TEST(what_a_match_may_be),
        TEST(what_a_filter_may_be),
        TEST(how_a_rule_may_redirect),
        TEST(filters_that_do_not_go_together),
        TEST(a_prefix_is_replaced_where_there_is_one),
        TEST(where_a_rule_may_lead),
        TEST(what_only_a_gateway_has),
        TEST(what_a_to_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
