#include "manifest.h"

static struct manifest m;

static int teardown(void **state)
{
    (void)state;
    manifest_free(&m);
    assert_int_equal(api_objects_alive(), 0);
    return 0;
}

static const struct api_external_service *service(void)
{
    return m.object->external_service;
}

static void assert_everything(void)
{
    assert_findings(&m, "");
    assert_str(m.object->key.mesh, "shop");
    assert_str(m.object->key.name, "pay");
    assert_str(service()->host, "pay.example.com");
    assert_int_equal(service()->port, 443);
    assert_true(service()->disable_host_dns_entry);
    assert_str(*api_tags_find(service()->tags, STR("kuma.io/service")), "pay");
    const struct api_external_tls *tls = &service()->tls;
    assert_true(tls->enabled);
    assert_int_equal(tls->ca.type, API_SOURCE_SECRET);
    assert_str(tls->ca.reference, "ca");
    assert_int_equal(tls->client_certificate.type, API_SOURCE_INLINE);
    assert_str(tls->client_certificate.bytes, "hello");
    assert_int_equal(tls->client_key.type, API_SOURCE_INLINE_STRING);
    assert_true(tls->allow_renegotiation);
    assert_str(tls->server_name, "pay");
    assert_int_equal(tls->verification, API_VERIFY_SKIP_SAN);
}

#define TAGS "{kuma.io/service: pay, kuma.io/protocol: HTTP2, a: b}"

static void a_service_with_everything(void **state)
{
    (void)state;
    manifest_decode(&m, "type: ExternalService\nmesh: shop\nname: pay\ntags: " TAGS "\n"
                        "networking:\n  address: pay.example.com:443\n  disableHostDNSEntry: true\n"
                        "  tls: {enabled: true, caCert: {secret: ca}, clientCert: {inline: "
                        "aGVsbG8=}, clientKey: {inlineString: k}, allowRenegotiation: true, "
                        "serverName: pay, skipHostnameVerification: true}\n");
    assert_everything();
    manifest_decode(&m, "apiVersion: kuma.io/v1alpha1\nkind: ExternalService\nmesh: shop\n"
                        "metadata: {name: pay}\nspec:\n  tags: " TAGS "\n"
                        "  networking:\n    address: pay.example.com:443\n"
                        "    disableHostDNSEntry: true\n"
                        "    tls: {enabled: true, ca_cert: {secret: ca}, client_cert: {inline: "
                        "aGVsbG8=}, client_key: {inlineString: k}, allowRenegotiation: true, "
                        "server_name: pay, skipHostnameVerification: true}\n");
    assert_everything();
}

static void assert_spec(const char *spec, const char *findings)
{
    struct buf yaml;
    buf_init(&yaml, 4096);
    buf_printf(&yaml, "type: ExternalService\nmesh: m\nname: e\n%s\n", spec);
    manifest_decode(&m, yaml.data);
    buf_deinit(&yaml);
    assert_faults(&m, findings);
    assert_int_equal(m.object->broken, strstr(findings, "error") != NULL);
}

static void assert_address(const char *address, const char *finding)
{
    struct buf spec;
    buf_init(&spec, 4096);
    buf_printf(&spec, "tags: {kuma.io/service: s}\nnetworking: {address: '%s'}", address);
    if (finding[0] == '\0') {
        assert_spec(spec.data, "");
    } else {
        struct buf findings;
        buf_init(&findings, 4096);
        buf_printf(&findings, "error networking.address: %s\n", finding);
        assert_spec(spec.data, findings.data);
        buf_deinit(&findings);
    }
    buf_deinit(&spec);
}

static void where_it_is(void **state)
{
    (void)state;
    assert_address("1.2.3.4:80", "");
    assert_str(service()->host, "1.2.3.4");
    assert_address("[::1]:8080", "");
    assert_str(service()->host, "::1");
    assert_int_equal(service()->port, 8080);
    assert_address("a_b.c:1", "");
    assert_address("", "address can't be empty");
    assert_address("a.b", "unable to parse address");
    assert_address("::1", "unable to parse address");
    assert_address("[::1]", "unable to parse address");
    assert_address("[::1]80", "unable to parse address");
    assert_address("a b:80", "address has to be a valid IP address or a domain name");
    assert_address(":80", "address has to be a valid IP address or a domain name");
    assert_address("a:", "unable to parse port in address");
    assert_address("a:http", "unable to parse port in address");
    assert_address("a:0", "port must be in the range [1, 65535]");
    assert_address("a:65536", "port must be in the range [1, 65535]");
}

#define AT "networking: {address: 'a.b:80'}"

static void what_is_wrong_with_a_service(void **state)
{
    (void)state;
    assert_spec("tags: {kuma.io/service: s}", "error networking: should have networking\n");
    assert_spec(AT, "error tags: mandatory tag \"kuma.io/service\" is missing\n");
    assert_spec(AT "\ntags: {kuma.io/service: 's/*', kuma.io/protocol: udp}",
                "error tags[\"kuma.io/service\"]: tag value must consist of alphanumeric "
                "characters, dots, dashes and underscores\n"
                "error tags[\"kuma.io/protocol\"]: tag \"kuma.io/protocol\" has an invalid value "
                "\"udp\". Allowed values: grpc, http, http2, kafka, tcp\n");
    assert_spec(AT "\ntags: {kuma.io/service: a.b}",
                "error tags[\"kuma.io/service\"]: cannot be the same as networking.address\n");
}

static void what_is_wrong_with_its_tls(void **state)
{
    (void)state;
#define TLS(content) \
    "tags: {kuma.io/service: s}\nnetworking: {address: 'a.b:80', tls: {" content "}}"
    assert_spec(TLS(""), "");
    assert_spec(TLS("caCert: {}, client_cert: {}, clientKey: {}"),
                "error networking.tls.caCert: data source cannot be empty\n"
                "error networking.tls.clientCert: data source cannot be empty\n"
                "error networking.tls.clientKey: data source cannot be empty\n");
    assert_spec(TLS("server_name: ''"), "error networking.tls.serverName: cannot be empty\n");
    assert_spec(TLS("clientCert: {secret: a}"),
                "warning networking.tls.clientCert: is not used without clientKey\n");
    assert_spec(TLS("clientKey: {secret: a}"),
                "warning networking.tls.clientKey: is not used without clientCert\n");
    assert_spec(TLS("caCrt: {}"), "warning networking.tls.caCrt: unknown field, ignored; did you "
                                  "mean \"caCert\"?\n");
}

#define SERVICE "{type: ExternalService, mesh: m, name: e, "

static const struct manifest_bound bounds[] = {
    {SERVICE AT ", tags: {kuma.io/service: ", "a", "}}", 512,
     "error tags[\"kuma.io/service\"]: must have at most 512 characters\n"},
    {SERVICE "tags: {kuma.io/service: a}, networking: {address: 'a.b:80', tls: {serverName: ", "a",
     "}}}", 1024, "error networking.tls.serverName: must have at most 1024 characters\n"},
    {SERVICE "tags: {kuma.io/service: a}, networking: {address: 'a.b:80', tls: {caCert: {file: ",
     "a", "}}}}", 4096, "error networking.tls.caCert.file: must have at most 4096 characters\n"},
};

static void how_much_an_external_service_may_say(void **state)
{
    (void)state;
    assert_bounds(&m, bounds, ARRAY_SIZE(bounds));
}

#define TEST(function) cmocka_unit_test_teardown(function, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_service_with_everything),
        TEST(where_it_is),
        TEST(what_is_wrong_with_a_service),
        TEST(what_is_wrong_with_its_tls),
        TEST(how_much_an_external_service_may_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
