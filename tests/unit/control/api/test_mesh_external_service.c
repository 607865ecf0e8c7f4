#include "manifest.h"

static struct manifest m;

static int teardown(void **state)
{
    (void)state;
    manifest_free(&m);
    assert_int_equal(api_objects_alive(), 0);
    return 0;
}

static const struct api_mesh_external_service *service(void)
{
    return m.object->mesh_external_service;
}

#define SPEC                                                                             \
    "spec:\n"                                                                            \
    "  match: {type: HostnameGenerator, port: 443, protocol: http2}\n"                   \
    "  endpoints: [{address: pay.example.com, port: 8443}, {address: '::1', port: 1}]\n" \
    "  tls:\n"                                                                           \
    "    enabled: true\n"                                                                \
    "    allowRenegotiation: true\n"                                                     \
    "    version: {min: TLS12, max: TLS13}\n"                                            \
    "    verification:\n"                                                                \
    "      mode: SkipCA\n"                                                               \
    "      serverName: pay\n"                                                            \
    "      subjectAltNames: [{value: a}, {type: Prefix, value: b}]\n"                    \
    "      caCert: {secret: ca}\n"                                                       \
    "      clientCert: {inline: aGVsbG8=}\n"                                             \
    "      clientKey: {inlineString: k}\n"

static void assert_everything(void)
{
    assert_findings(&m, "");
    assert_str(m.object->key.mesh, "default");
    assert_int_equal(service()->port, 443);
    assert_str(service()->protocol, "http2");
    assert_false(service()->has_extension);
    assert_int_equal(service()->endpoint_count, 2);
    assert_str(service()->endpoints[0].address, "pay.example.com");
    assert_int_equal(service()->endpoints[0].port, 8443);
    const struct api_external_tls *tls = &service()->tls;
    assert_true(tls->enabled);
    assert_true(tls->allow_renegotiation);
    assert_int_equal(tls->min_version, API_TLS_1_2);
    assert_int_equal(tls->max_version, API_TLS_1_3);
    assert_int_equal(tls->verification, API_VERIFY_SKIP_CA);
    assert_str(tls->server_name, "pay");
    assert_int_equal(tls->subject_name_count, 2);
    assert_int_equal(tls->subject_names[0].match, API_SUBJECT_EXACT);
    assert_int_equal(tls->subject_names[1].match, API_SUBJECT_PREFIX);
    assert_str(tls->subject_names[1].value, "b");
    assert_int_equal(tls->ca.type, API_SOURCE_SECRET);
    assert_str(tls->client_certificate.bytes, "hello");
    assert_str(tls->client_key.bytes, "k");
}

static void a_service_with_everything(void **state)
{
    (void)state;
    manifest_decode(&m, "type: MeshExternalService\nname: pay\n" SPEC);
    assert_everything();
    manifest_decode(&m, "apiVersion: kuma.io/v1alpha1\nkind: MeshExternalService\n"
                        "metadata: {name: pay, namespace: kuma-system}\n" SPEC "status: {}\n");
    assert_everything();
    assert_str(m.object->key.name, "pay.kuma-system");
    manifest_decode(&m, "type: MeshExternalService\nname: pay\nspec:\n  match: {port: 1}\n"
                        "  endpoints: [{address: a, port: 1}]\n  tls: {}\n");
    assert_findings(&m, "");
    assert_str(service()->protocol, "tcp");
    assert_int_equal(service()->tls.verification, API_VERIFY_ALL);
}

static void assert_spec(const char *spec, const char *findings)
{
    struct buf yaml;
    buf_init(&yaml, 4096);
    buf_printf(&yaml, "{type: MeshExternalService, name: s, spec: {%s}}", spec);
    manifest_decode(&m, yaml.data);
    buf_deinit(&yaml);
    assert_faults(&m, findings);
}

#define ENDPOINT "endpoints: [{address: a, port: 1}]"
#define GOOD     "match: {port: 1}, " ENDPOINT ", "

static void how_it_is_reached(void **state)
{
    (void)state;
    assert_spec(ENDPOINT, "error spec.match: is required\n");
    assert_true(m.object->broken);
    assert_spec("match: {}, " ENDPOINT, "error spec.match.port: port must be a valid (1-65535)\n");
    assert_spec("match: {port: 0, type: Hostname, protocol: HTTP}, " ENDPOINT,
                "error spec.match.port: port must be a valid (1-65535)\n"
                "error spec.match.type: unrecognized type 'Hostname' - only 'HostnameGenerator' is "
                "supported\n"
                "error spec.match.protocol: \"protocol\" must be one of [\"tcp\", \"grpc\", "
                "\"http\", \"http2\"]\n");
    assert_spec("match: {port: 65536}, " ENDPOINT,
                "error spec.match.port: port must be a valid (1-65535)\n");
    assert_spec("match: {port: '80'}, " ENDPOINT,
                "error spec.match.port: must be a whole number, not a string\n");
}

static void where_it_is(void **state)
{
    (void)state;
    assert_spec("match: {port: 1}",
                "warning spec.endpoints: is empty, so there is nowhere to send a request\n");
    assert_spec("match: {port: 1}, endpoints: [{}, {address: '', port: 0}, {address: 'a b', port: "
                "65536}, {address: 1.2.3.4, port: 1}]",
                "error spec.endpoints[0].address: address has to be a valid IP or hostname\n"
                "error spec.endpoints[0].port: port must be a valid (1-65535)\n"
                "error spec.endpoints[1].address: address has to be a valid IP or hostname\n"
                "error spec.endpoints[1].port: port must be a valid (1-65535)\n"
                "error spec.endpoints[2].address: address has to be a valid IP or hostname\n"
                "error spec.endpoints[2].port: port must be a valid (1-65535)\n");
    assert_false(m.object->broken);
    assert_true(service()->endpoints[2].broken);
    assert_false(service()->endpoints[3].broken);
}

/* It says where the service is, so what stands beside it is not looked at. */
static void an_extension(void **state)
{
    (void)state;
    assert_spec("match: {port: 1}, extension: {type: Lambda, config: {a: 1}}", "");
    assert_true(service()->has_extension);
    assert_spec("match: {port: 1}, extension: {}",
                "error spec.extension.type: must not be empty\n");
    assert_spec("match: {port: 1}, extension: {type: x}, endpoints: [{address: 'a b', port: 1}], "
                "tls: {version: {min: TLS13, max: TLS10}, verification: {serverName: 'a b', "
                "clientKey: {}}}",
                "");
    assert_spec("match: {port: 1}, extension: {type: x}, endpoints: [{}]",
                "error spec.endpoints[0].address: address has to be a valid IP or hostname\n"
                "error spec.endpoints[0].port: port must be a valid (1-65535)\n");
}

static void what_is_wrong_with_its_tls(void **state)
{
    (void)state;
#define VERIFICATION "spec.tls.verification"
    assert_spec(GOOD "tls: {version: {min: TLS12}}", "");
    assert_spec(GOOD "tls: {version: {min: TLS13, max: TLS13}}", "");
    assert_spec(GOOD "tls: {version: {min: TLS13, max: TLS12}}",
                "error spec.tls.version.min: min version must be lower than max\n");
    assert_spec(GOOD "tls: {version: {min: TLS1.2}}",
                "error spec.tls.version.min: unknown value TLS1.2: must be one of TLSAuto, TLS10, "
                "TLS11, TLS12, TLS13\n");
    assert_spec(GOOD "tls: {verification: {mode: Skip, serverName: 1.2.3.4}}",
                "error " VERIFICATION ".mode: unknown value Skip: must be one of SkipSAN, SkipCA, "
                "Secured, SkipAll\n"
                "error " VERIFICATION ".serverName: must be a valid DNS name\n");
    assert_spec(GOOD "tls: {verification: {clientCert: {secret: a}}}",
                "error " VERIFICATION ".clientKey: must be defined when clientCert is defined\n");
    assert_spec(GOOD "tls: {verification: {clientKey: {secret: a}}}",
                "error " VERIFICATION ".clientCert: must be defined when clientKey is defined\n");
    assert_spec(GOOD "tls: {verification: {subjectAltNames: [{type: Suffix}]}}",
                "error " VERIFICATION ".subjectAltNames[0].value: is required\n"
                "error " VERIFICATION ".subjectAltNames[0].type: unknown value Suffix: must be one "
                "of Exact, Prefix\n");
}

/* Of several the first counts, in the order secret, inline, inlineString; there are no files. */
static void where_its_certificates_are(void **state)
{
    (void)state;
    assert_spec(GOOD "tls: {verification: {caCert: {}}}",
                "error " VERIFICATION ".caCert: data source cannot be empty\n");
    assert_spec(
        GOOD "tls: {verification: {caCert: {file: a}}}",
        "error " VERIFICATION ".caCert: data source cannot be empty\n"
        "warning " VERIFICATION
        ".caCert.file: unknown field, ignored; known here: inlineString, inline and secret\n");
    assert_spec(GOOD "tls: {verification: {caCert: {inlineString: a, inline: aGVsbG8=}}}",
                "warning " VERIFICATION ".caCert.inline: is used, and inlineString is ignored: a "
                "source has one of them\n");
    assert_str(service()->tls.ca.bytes, "hello");
    assert_spec(GOOD "tls: {verification: {caCert: {inline: aGVsbG8=, secret: s}}}",
                "warning " VERIFICATION ".caCert.secret: is used, and inline is ignored: a source "
                "has one of them\n");
    assert_int_equal(service()->tls.ca.type, API_SOURCE_SECRET);
    assert_str(service()->tls.ca.bytes, "");
}

static void the_length_of_its_name(void **state)
{
    (void)state;
    manifest_decode(&m, "{type: MeshExternalService, name: "
                        "a23456789b123456789c123456789d123456789e123456789f123456789g1234, spec: {"
                        "match: {port: 1}, " ENDPOINT "}}");
    assert_faults(&m, "error name: must not be longer than 63 characters\n");
}

#define START "{type: MeshExternalService, name: s, spec: {match: {port: 1}, "

static const struct manifest_bound bounds[] = {
    {START "endpoints: [", "{address: a, port: 1},", "]}}", 128,
     "error spec.endpoints: must have at most 128 items\n"},
    {START ENDPOINT ", tls: {verification: {subjectAltNames: [", "{value: a},", "]}}}}", 64,
     "error spec.tls.verification.subjectAltNames: must have at most 64 items\n"},
    {START ENDPOINT ", tls: {verification: {caCert: {inlineString: ", "a", "}}}}}", 262144,
     "error spec.tls.verification.caCert.inlineString: must have at most 262144 characters\n"},
};

static void how_much_a_service_may_say(void **state)
{
    (void)state;
    assert_bounds(&m, bounds, ARRAY_SIZE(bounds));
}

#define TEST(function) cmocka_unit_test_teardown(function, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_service_with_everything),
        TEST(how_it_is_reached),
        TEST(where_it_is),
        TEST(an_extension),
        TEST(what_is_wrong_with_its_tls),
        TEST(where_its_certificates_are),
        TEST(the_length_of_its_name),
        TEST(how_much_a_service_may_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
