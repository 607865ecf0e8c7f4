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

#define HEAD              \
    "type: MeshGateway\n" \
    "mesh: default\n"     \
    "name: edge\n"        \
    "selectors:\n"        \
    "- match: {kuma.io/service: edge}\n"

/* Line 7 is the first listener. */
#define LISTENERS HEAD "conf: {listeners: [\n"

static const struct api_mesh_gateway *gateway(void)
{
    return m.object->mesh_gateway;
}

static void decodes_everything(void **state)
{
    (void)state;
    manifest_decode(&m, HEAD "tags: {b: x, a: y/z}\n"
                             "conf:\n"
                             "  listeners:\n"
                             "  - port: 8080\n"
                             "    protocol: HTTP\n"
                             "    tags: {port: http}\n"
                             "  - port: \"8443\"\n"
                             "    protocol: 5\n"
                             "    hostname: '*.example.com'\n"
                             "    tls:\n"
                             "      mode: TERMINATE\n"
                             "      certificates:\n"
                             "      - secret: s\n"
                             "      - inline: aGkr\n"
                             "      options: {}\n"
                             "    resources: {connection_limit: 12}\n"
                             "  - {port: 9000, protocol: TCP, crossMesh: true}\n");
    assert_findings(&m, "");
    assert_int_equal(m.object->key.kind, API_MESH_GATEWAY);
    assert_str(m.object->key.mesh, "default");
    assert_str(m.object->key.name, "edge");
    assert_str(m.object->file, "t.yaml");
    assert_false(m.object->broken);
    assert_int_equal(gateway()->selectors.count, 1);
    assert_int_equal(gateway()->selectors.items[0].mark.line, 5);
    assert_str(*api_tags_find(gateway()->selectors.items[0].match, STR("kuma.io/service")), "edge");
    assert_int_equal(gateway()->tags.count, 2);
    assert_str(gateway()->tags.items[0].name, "a");
    assert_str(*api_tags_find(gateway()->tags, STR("b")), "x");
    assert_null(api_tags_find(gateway()->tags, STR("c")));

    assert_int_equal(gateway()->listener_count, 3);
    const struct api_listener *l = gateway()->listeners;
    assert_str(l[0].hostname, "*");
    assert_int_equal(l[0].port, 8080);
    assert_int_equal(l[0].protocol, API_PROTOCOL_HTTP);
    assert_false(l[0].has_tls);
    assert_int_equal(l[0].mark.line, 9);
    assert_int_equal(l[1].port, 8443);
    assert_int_equal(l[1].protocol, API_PROTOCOL_HTTPS);
    assert_str(l[1].hostname, "*.example.com");
    assert_true(l[1].has_tls);
    assert_int_equal(l[1].tls.mode, API_TLS_TERMINATE);
    assert_int_equal(l[1].tls.certificate_count, 2);
    assert_int_equal(l[1].tls.certificates[0].type, API_SOURCE_SECRET);
    assert_str(l[1].tls.certificates[0].reference, "s");
    assert_int_equal(l[1].tls.certificates[1].type, API_SOURCE_INLINE);
    assert_str(l[1].tls.certificates[1].bytes, "hi+");
    assert_int_equal(l[1].connection_limit, 12);
    assert_true(l[2].cross_mesh);
    for (size_t i = 0; i < 3; i++)
        assert_false(l[i].broken);
}

static void what_is_wrong_at_the_root_breaks_the_object(void **state)
{
    (void)state;
    static const struct {
        const char *yaml;
        const char *findings;
    } cases[] = {
        {"type: MeshGateway\nmesh: m\nname: nn\n",
         "1:1 error conf: cannot be empty\n1:1 error selectors: must have at least one element\n"},
        {"type: MeshGateway\nmesh: m\nname: nn\nselectors: [{}]\nconf: {}\n",
         "4:13 error selectors[0].match: mandatory tag \"kuma.io/service\" is missing\n"
         "4:13 error selectors[0].match: must have at least one tag\n"
         "5:1 error conf.listeners: cannot be empty\n"},
        {HEAD "conf: []\n", "6:1 error conf: must be an object, not a list\n"},
        {"type: MeshGateway\nmesh: m\nname: nn\nselectors: [edge]\nconf: {}\n",
         "4:13 error selectors[0]: must be an object, not a string\n"
         "5:1 error conf.listeners: cannot be empty\n"},
        {HEAD "conf: {listeners: {}}\n",
         "6:8 error conf.listeners: must be a list, not an object\n"},
        {HEAD "tags: {kuma.io/zone: x, a: 'b c', c: ''}\nconf: {listeners: [{port: 1, protocol: "
              "TCP}]}\n",
         "6:8 error tags[\"kuma.io/zone\"]: tag name must not be \"kuma.io/zone\"\n"
         "6:25 error tags[\"a\"]: tag value must consist of alphanumeric characters, dots, dashes, "
         "slashes and underscores or be \"*\"\n"
         "6:35 error tags[\"c\"]: tag value must be non-empty\n"},
        {"type: MeshGateway\nname: nn\nselectors: [{match: {kuma.io/service: 5}}]\n"
         "conf: {listeners: [{port: 1, protocol: TCP}]}\n",
         "1:1 error mesh: cannot be empty\n"
         "3:22 error selectors[0].match[\"kuma.io/service\"]: must be a string: write \"5\" in "
         "quotes\n"},
        {"type: MeshGateway\nmesh: M\nname: NN\nselectors: [{match: {kuma.io/service: on}}]\n"
         "conf: {listeners: [{port: 1, protocol: TCP}]}\n",
         "2:1 error mesh: invalid characters. Valid characters are numbers, lowercase latin "
         "letters and '-', '_', '.' symbols.\n"
         "3:1 error name: invalid characters. A lowercase RFC 1123 subdomain must consist of lower "
         "case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric "
         "character\n"
         "4:22 error selectors[0].match[\"kuma.io/service\"]: must be a string, and this word "
         "means "
         "true: write it in quotes\n"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        manifest_decode(&m, cases[i].yaml);
        assert_findings(&m, cases[i].findings);
        assert_true(m.object->broken);
    }
}

/* A listener on line 7 with a fault of its own costs only itself. */
static void assert_listener(const char *listener, const char *findings)
{
    struct buf yaml;
    buf_init(&yaml, 4096);
    buf_printf(&yaml, LISTENERS "{%s},\n{port: 9999, protocol: HTTP}]}\n", listener);
    manifest_decode(&m, yaml.data);
    buf_deinit(&yaml);
    assert_findings(&m, findings);
    assert_false(m.object->broken);
    assert_int_equal(gateway()->listener_count, 2);
    assert_int_equal(gateway()->listeners[0].broken, strstr(findings, "error") != NULL);
    assert_false(gateway()->listeners[1].broken);
}

static void what_is_wrong_with_a_listener_costs_that_listener(void **state)
{
    (void)state;
    assert_listener("", "7:1 error conf.listeners[0].port: port must be in the range [1, 65535]\n"
                        "7:1 error conf.listeners[0].protocol: cannot be empty\n");
    assert_listener("port: 65536, protocol: HTTP",
                    "7:2 error conf.listeners[0].port: port must be in the range [1, 65535]\n");
    assert_listener("port: -1, protocol: HTTP", "7:2 error conf.listeners[0].port: must be a whole "
                                                "number from 0 to 4294967295, not -1\n");
    assert_listener("port: 1.5, protocol: http",
                    "7:2 error conf.listeners[0].port: must be a whole number from 0 to "
                    "4294967295, not 1.5\n"
                    "7:13 error conf.listeners[0].protocol: unknown value http: must be one of "
                    "NONE, TCP, TLS, HTTP, HTTPS\n");
    assert_listener("port: [1], protocol: 2",
                    "7:2 error conf.listeners[0].port: must be a whole number, not a list\n"
                    "7:13 error conf.listeners[0].protocol: unknown value 2: must be one of NONE, "
                    "TCP, TLS, HTTP, HTTPS\n");
    assert_listener("port: 1, protocol: TCP, crossMesh: 'true'",
                    "7:26 error conf.listeners[0].crossMesh: must be true or false, without "
                    "quotes, not a string\n");
    assert_listener(
        "port: 1, protocol: TCP, tags: [a]",
        "7:26 error conf.listeners[0].tags: must be an object of strings, not a list\n");
    assert_listener("port: 1, protocol: TCP, tags: {kuma.io/protocol: http}",
                    "7:33 error conf.listeners[0].tags[\"kuma.io/protocol\"]: tag name must not be "
                    "\"kuma.io/protocol\"\n");
    assert_listener("port: 1, protocol: TCP, tags: {kuma.io/service: x}",
                    "7:33 warning conf.listeners[0].tags[\"kuma.io/service\"]: is used, but Kuma "
                    "refuses this tag on a listener: set another tag and select by that\n");
}

static void hostnames(void **state)
{
    (void)state;
    static const char *const good[] = {"a", "10.0.0.1", "*", "*.a", "a-b.c9", "\"\""};
    static const char *const bad[] = {"A.b", "a_b", "a.", "a:80", "*a.b", "a.*.b", "-a", "a..b"};
    char listener[500];
    char finding[400];
    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        snprintf(listener, sizeof(listener), "port: 1, protocol: HTTP, hostname: \"%s\"",
                 strcmp(good[i], "\"\"") == 0 ? "" : good[i]);
        assert_listener(listener, "");
    }
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        snprintf(listener, sizeof(listener), "port: 1, protocol: HTTP, hostname: \"%s\"", bad[i]);
        assert_listener(listener, "7:27 error conf.listeners[0].hostname: invalid hostname\n");
    }
    assert_listener("port: 1, protocol: HTTP, hostname: '*.*'",
                    "7:27 error conf.listeners[0].hostname: invalid wildcard domain\n");
    snprintf(finding, sizeof(finding), "%0254d", 0);
    snprintf(listener, sizeof(listener), "port: 1, protocol: HTTP, hostname: '%s'", finding);
    assert_listener(listener,
                    "7:27 error conf.listeners[0].hostname: must be at most 253 characters\n");
}

static void tls(void **state)
{
    (void)state;
#define TLS(tls) "port: 1, protocol: HTTPS, tls: " tls
#define CERT(n)  "certificates: [" n "]"
#define FIELD(f) "conf.listeners[0].tls" f ": "
    assert_listener("port: 1, protocol: HTTPS", "7:1 error " FIELD("") "cannot be empty\n");
    assert_listener("port: 1, protocol: TLS",
                    "7:1 error " FIELD("") "cannot be empty: write a mode, PASSTHROUGH, or "
                                           "TERMINATE with certificates\n");
    assert_listener("port: 1, protocol: TCP, tls: {mode: PASSTHROUGH}",
                    "7:26 warning " FIELD("") "is ignored: only listeners for HTTPS and TLS use "
                                              "it\n");
    assert_listener("port: 1, protocol: HTTP, tls: {}",
                    "7:27 warning " FIELD("") "is ignored: only listeners for HTTPS and TLS use "
                                              "it\n"
                                              "7:27 error " FIELD(".mode") "cannot be empty\n");
    assert_listener("port: 1, protocol: TLS, tls: {mode: PASSTHROUGH, certificates: [{secret: a}]}",
                    "7:51 warning " FIELD(".certificates") "is ignored: with PASSTHROUGH the back "
                                                           "end has the certificate\n");
    assert_listener(TLS("{mode: PASSTHROUGH, certificates: [{secret: a}]}"),
                    "7:34 error " FIELD(".mode") "mode is not supported on HTTPS listeners\n");
    assert_listener(TLS("{}"), "7:28 error " FIELD(".mode") "cannot be empty\n");
    assert_listener(TLS("{mode: PASSTHROUGH}"),
                    "7:34 error " FIELD(".mode") "mode is not supported on HTTPS listeners\n");
    assert_listener("port: 1, protocol: TLS, tls: {mode: PASSTHROUGH}", "");
    assert_listener(
        TLS("{mode: TERMINATE}"),
        "7:28 error " FIELD(".certificates") "cannot be empty in TLS termination mode\n");
    assert_listener(TLS("{mode: TERMINATE, certificates: [{secret: a}, {secret: b}]}"), "");
    assert_listener(TLS("{mode: TERMINATE, certificates: [{secret: a}, {secret: b}, {}]}"),
                    "7:51 error " FIELD(".certificates") "cannot have more than 2 certificates\n");
    assert_listener(TLS("{mode: TERMINATE, certificates: [{inline: 'a-b='}]}"),
                    "7:67 error " FIELD(
                        ".certificates[0].inline") "is not base64 (with + and /, padded with =)\n");
    assert_listener(TLS("{mode: TERMINATE, certificates: [x]}"),
                    "7:66 error " FIELD(".certificates[0]") "must be an object, not a string\n");
    assert_listener("port: 1, protocol: HTTPS, crossMesh: true, tls: {mode: TERMINATE}",
                    "7:11 error conf.listeners[0].protocol: protocol is not supported with "
                    "crossMesh\n"
                    "7:45 error conf.listeners[0].tls: must be empty with crossMesh\n");
    assert_listener("port: 1, protocol: HTTP, crossMesh: true, tls: {}", "");
    assert_listener("port: 1, protocol: TLS, tls: {mode: PASSTHROUGH, options: {}}", "");
    assert_listener("port: 1, protocol: TLS, tls: {mode: PASSTHROUGH, options: {a: 1}}",
                    "7:61 warning " FIELD(".options.a") "unknown field, ignored\n");
    assert_listener("port: 1, protocol: TLS, tls: {mode: PASSTHROUGH, options: 1}",
                    "7:51 error " FIELD(".options") "must be an object, not a number\n");
}

static enum err load(void *arg, struct str path, struct buf *content, struct err_info *reterr)
{
    assert_ptr_equal(arg, &m);
    if (!str_equal(path, STR("good.pem")))
        return err_set(reterr, ERR_NOT_FOUND, "no such file");
    buf_append(content, STR("PEM"));
    return ERR_OK;
}

static void data_sources(void **state)
{
    (void)state;
    const struct api_origin origin = {.file = STR("t.yaml"), .load = load, .load_arg = &m};
    manifest_decode_with(&m,
                         LISTENERS "{port: 1, protocol: HTTPS, tls: {mode: TERMINATE, "
                                   "certificates: [\n{file: good.pem}, {file: bad.pem}]}},\n"
                                   "{port: 2, protocol: HTTPS, tls: {mode: TERMINATE, "
                                   "certificates: [\n{inlineString: x, secret: s}, {}]}}]}\n",
                         &origin);
    assert_findings(&m, "10:2 warning conf.listeners[1].tls.certificates[0].inlineString: is used, "
                        "and secret is ignored: a source has one of them\n");
    const struct api_data_source *c = gateway()->listeners[0].tls.certificates;
    assert_int_equal(c[0].type, API_SOURCE_FILE);
    assert_str(c[0].reference, "good.pem");
    assert_str(c[0].bytes, "PEM");
    assert_str(c[0].load_error, "");
    assert_int_equal(c[0].mark.line, 8);
    assert_str(c[1].bytes, "");
    assert_str(c[1].load_error, "no such file");
    c = gateway()->listeners[1].tls.certificates;
    assert_int_equal(c[0].type, API_SOURCE_INLINE_STRING);
    assert_str(c[0].reference, "");
    assert_str(c[0].bytes, "x");
    assert_int_equal(c[1].type, API_SOURCE_NONE);
    manifest_decode(&m, LISTENERS "{port: 1, protocol: TLS, tls: {mode: TERMINATE, "
                                  "certificates: [{file: x}]}}]}\n");
    assert_str(gateway()->listeners[0].tls.certificates[0].load_error,
               "files cannot be read here: use a secret");
}

static void listeners_on_one_port_have_to_agree(void **state)
{
    (void)state;
    manifest_decode(&m, LISTENERS "{port: 80, protocol: HTTP, hostname: a},\n"
                                  "{port: 80, protocol: TCP, hostname: b},\n"
                                  "{port: 81, protocol: HTTP},\n"
                                  "{port: 81, protocol: HTTP, hostname: '*'},\n"
                                  "{port: 81, protocol: HTTP, hostname: '*.a'},\n"
                                  "{port: 82, protocol: HTTP, hostname: a, resources: "
                                  "{connectionLimit: 1}},\n"
                                  "{port: 82, protocol: HTTP, hostname: b},\n"
                                  "{port: 82, protocol: HTTP, hostname: c, resources: "
                                  "{connection_limit: 2}}]}\n");
    assert_findings(
        &m, "7:1 error conf.listeners[0]: protocol conflicts with other listeners on this port\n"
            "8:1 error conf.listeners[1]: protocol conflicts with other listeners on this port\n"
            "9:1 error conf.listeners[2]: multiple listeners for hostname on this port\n"
            "10:1 error conf.listeners[3]: multiple listeners for hostname on this port\n"
            "12:53 error conf.listeners[5].resources.connectionLimit: conflicting values for this "
            "port\n"
            "14:53 error conf.listeners[7].resources.connectionLimit: conflicting values for this "
            "port\n");
    static const bool broken[] = {true, true, true, true, false, true, false, true};
    for (size_t i = 0; i < ARRAY_SIZE(broken); i++)
        assert_int_equal(gateway()->listeners[i].broken, broken[i]);
    assert_false(m.object->broken);
}

/* Kuma does not see it. */
static void listeners_of_a_port_are_for_one_kind_of_client(void **state)
{
    (void)state;
    manifest_decode(&m, LISTENERS "{port: 1, protocol: HTTP, hostname: z.a},\n"
                                  "{port: 1, protocol: HTTP, hostname: a.a, crossMesh: true},\n"
                                  "{port: 2, protocol: HTTP, crossMesh: true}]}\n");
    assert_findings(&m,
                    "8:42 warning conf.listeners[1].crossMesh: differs from that of "
                    "conf.listeners[0], which Kuma takes for the whole port; give the listeners "
                    "of a port one value\n");
}

static void a_gateway_across_meshes_has_one_selector(void **state)
{
    (void)state;
    manifest_decode(&m, "type: MeshGateway\nmesh: m\nname: nn\nselectors:\n"
                        "- match: {kuma.io/service: a}\n- match: {kuma.io/service: b}\n"
                        "conf: {listeners: [{port: 1, protocol: HTTP, crossMesh: true}]}\n");
    assert_findings(&m, "6:3 error selectors[1]: there can be at most one selector\n");
    assert_true(m.object->broken);
}

static void warns_of_what_it_does_not_know(void **state)
{
    (void)state;
    assert_listener("port: 1, protocol: TCP, hostnme: a, cross_mesh: true, zzzzz: 1, '': 2",
                    "7:26 warning conf.listeners[0].hostnme: unknown field, ignored; did you mean "
                    "\"hostname\"?\n"
                    "7:38 warning conf.listeners[0].cross_mesh: unknown field, ignored; did you "
                    "mean \"crossMesh\"?\n"
                    "7:56 warning conf.listeners[0].zzzzz: unknown field, ignored\n"
                    "7:66 warning conf.listeners[0].: unknown field, ignored\n");
    assert_listener(
        "port: 1, protocol: TCP, resources: {connectionLimit: 1, connection_limit: 2}",
        "7:58 warning conf.listeners[0].resources.connection_limit: is ignored, because "
        "connectionLimit is there too\n");
    assert_int_equal(gateway()->listeners[0].connection_limit, 1);
}

static void null_is_as_absent(void **state)
{
    (void)state;
    assert_listener("port: 1, protocol: TCP, tls: null, tags: ~, hostname: , crossMesh: null", "");
    manifest_decode(&m, HEAD "conf: {listeners: [null]}\n");
    assert_findings(&m, "6:20 error conf.listeners[0].port: port must be in the range [1, 65535]\n"
                        "6:20 error conf.listeners[0].protocol: cannot be empty\n");
    assert_false(m.object->broken);
}

#define ONE   "{type: MeshGateway, mesh: m, name: g, selectors: [{match: {kuma.io/service: a}}], "
#define PLAIN "conf: {listeners: [{port: 80, protocol: HTTP}]}"
#define PASSED_ON \
    ONE "conf: {listeners: [{port: 443, protocol: TLS, tls: {mode: PASSTHROUGH, certificates: ["
#define IGNORED                                                                                  \
    "warning conf.listeners[0].tls.certificates: is ignored: with PASSTHROUGH the back end has " \
    "the certificate\n"
#define SOURCE \
    ONE "conf: {listeners: [{port: 443, protocol: HTTPS, tls: {mode: TERMINATE, certificates: [{"

static const struct manifest_bound bounds[] = {
    {"{type: MeshGateway, mesh: m, name: g, " PLAIN ", selectors: [",
     "{match: {kuma.io/service: a}},", "]}", 1024,
     "error selectors: must have at most 1024 items\n"},
    {ONE PLAIN ", tags: {a: ", "b", "}}", 512,
     "error tags[\"a\"]: must have at most 512 characters\n"},
    {SOURCE "secret: ", "a", "}]}}]}}", 1024,
     "error conf.listeners[0].tls.certificates[0].secret: must have at most 1024 characters\n"},
    {SOURCE "inlineString: ", "a", "}]}}]}}", 262144,
     "error conf.listeners[0].tls.certificates[0].inlineString: must have at most 262144 "
     "characters\n"},
    {SOURCE "inline: ", "aaaa", "}]}}]}}", 90000,
     "error conf.listeners[0].tls.certificates[0].inline: must have at most 360000 characters\n"},
};

static void how_much_a_gateway_may_say(void **state)
{
    (void)state;
    assert_bounds(&m, bounds, ARRAY_SIZE(bounds));
}

/* Each with a host name of its own. */
static void decode_listeners(size_t count)
{
    struct buf yaml;
    buf_init(&yaml, (size_t)1 << 20);
    buf_append(&yaml, STR(ONE "conf: {listeners: ["));
    for (size_t i = 0; i < count; i++)
        buf_printf(&yaml, "{port: 80, protocol: HTTP, hostname: h%zu},", i);
    buf_append(&yaml, STR("]}}"));
    buf_append_char(&yaml, '\0');
    manifest_decode(&m, yaml.data);
    buf_deinit(&yaml);
}

static void how_many_listeners_there_may_be(void **state)
{
    (void)state;
    decode_listeners(1024);
    assert_faults(&m, "");
    decode_listeners(1025);
    assert_faults(&m, "error conf.listeners: must have at most 1024 items\n");
    manifest_decode_many(&m, PASSED_ON, 64, "{},", "]}}]}}");
    assert_faults(&m, IGNORED);
    manifest_decode_many(&m, PASSED_ON, 65, "{},", "]}}]}}");
    assert_faults(&m,
                  IGNORED "error conf.listeners[0].tls.certificates: must have at most 64 items\n");
    manifest_decode_many(&m, ONE "conf: {listeners: [{port: 80, protocol: HTTP, hostname: ", 254,
                         "a", "}]}}");
    assert_faults(&m, "error conf.listeners[0].hostname: must be at most 253 characters\n");
    manifest_decode_many(&m, ONE "conf: {listeners: [{port: 80, protocol: HTTP, hostname: ", 257,
                         "a", "}]}}");
    assert_faults(&m, "error conf.listeners[0].hostname: must have at most 256 characters\n");
}

static void how_many_tags_there_may_be(void **state)
{
    (void)state;
    struct buf yaml;
    buf_init(&yaml, (size_t)1 << 16);
    buf_append(&yaml, STR(ONE PLAIN ", tags: {"));
    for (size_t i = 0; i <= 128; i++)
        buf_printf(&yaml, "t%zu: a, ", i);
    buf_append(&yaml, STR("}}"));
    buf_append_char(&yaml, '\0');
    manifest_decode(&m, yaml.data);
    buf_deinit(&yaml);
    assert_faults(&m, "error tags: must have at most 128 items\n");
    manifest_decode_many(&m, ONE PLAIN ", tags: {? ", 513, "a", "\n: b}}");
    assert_int_equal(finding_count(m.object->findings), 1);
    assert_str(finding_get(m.object->findings, 0)->message, "must have at most 512 characters");
}

#define TEST(function) cmocka_unit_test_teardown(function, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(decodes_everything),
        TEST(what_is_wrong_at_the_root_breaks_the_object),
        TEST(what_is_wrong_with_a_listener_costs_that_listener),
        TEST(hostnames),
        TEST(tls),
        TEST(data_sources),
        TEST(listeners_on_one_port_have_to_agree),
        TEST(listeners_of_a_port_are_for_one_kind_of_client),
        TEST(a_gateway_across_meshes_has_one_selector),
        TEST(warns_of_what_it_does_not_know),
        TEST(null_is_as_absent),
        TEST(how_much_a_gateway_may_say),
        TEST(how_many_listeners_there_may_be),
        TEST(how_many_tags_there_may_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
