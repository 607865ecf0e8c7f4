/* Meshes. The rules are those of Kuma's reference. */
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

static const struct api_mesh *decode(const char *spec)
{
    struct buf yaml;
    buf_init(&yaml, 1 << 16);
    buf_printf(&yaml, "{type: Mesh, name: shop, %s}\n", spec);
    buf_append_char(&yaml, '\0');
    manifest_decode(&m, yaml.data);
    buf_deinit(&yaml);
    return m.object->mesh;
}

static void assert_mesh(const char *spec, const char *wanted)
{
    (void)decode(spec);
    assert_faults(&m, wanted);
    assert_int_equal(m.object->broken, strstr(wanted, "error") != NULL);
}

static void everything_is_decoded(void **state)
{
    (void)state;
    const struct api_mesh *mesh = decode(
        "mtls: {enabledBackend: ca, skipValidation: true, backends: [{name: ca, type: builtin, "
        "mode: "
        "PERMISSIVE, dpCert: {rotation: {expiration: 30d}, requestTimeout: 10s}, rootChain: "
        "{requestTimeout: 1m}, conf: {caCert: {RSAbits: 2048, expiration: 10y}}}]}, routing: "
        "{localityAwareLoadBalancing: true, zoneEgress: true, "
        "defaultForbidMeshExternalServiceAccess: true}, networking: {outbound: {passthrough: "
        "true}}, meshServices: {mode: Exclusive}, constraints: {dataplaneProxy: {requirements: "
        "[{tags: {a: '*'}}], restrictions: [{tags: {b: c}}, {tags: {d: e}}]}}, logging: {}, "
        "tracing: {}, metrics: {}, skipCreatingInitialPolicies: ['*']");
    assert_faults(&m, "");
    assert_str(mesh->enabled_backend, "ca");
    assert_true(mesh->skips_ca_checks);
    assert_int_equal(mesh->ca_count, 1);
    assert_int_equal(mesh->cas[0].mode, API_MTLS_PERMISSIVE);
    assert_str(mesh->cas[0].expiration, "30d");
    assert_int_equal(mesh->cas[0].request_timeout_ns, UINT64_C(10000000000));
    assert_int_equal(mesh->cas[0].chain_timeout_ns, UINT64_C(60000000000));
    assert_true(mesh->prefers_local_zone && mesh->uses_zone_egress);
    assert_true(mesh->forbids_external_services && mesh->passes_through);
    assert_int_equal(mesh->services_mode, API_SERVICES_EXCLUSIVE);
    assert_int_equal(mesh->requirements.count, 1);
    assert_int_equal(mesh->restrictions.count, 2);
    assert_str(*api_tags_find(mesh->restrictions.items[1].match, STR("d")), "e");
    assert_int_equal(mesh->skipped_policy_count, 1);
}

static void the_envelope_of_kubernetes(void **state)
{
    (void)state;
    manifest_decode(&m, "apiVersion: kuma.io/v1alpha1\nkind: Mesh\nmetadata: {name: shop}\n"
                        "spec: {mtls: {enabledBackend: ca}}\n");
    assert_faults(&m, "error mtls.enabledBackend: has to be set to one of the backends in the "
                      "mesh\n");
    manifest_decode(&m, "apiVersion: kuma.io/v1alpha1\nkind: Mesh\nmetadata: {name: shop}\n");
    assert_faults(&m, "");
    assert_str(m.object->mesh->enabled_backend, "");
}

static void certificate_authorities(void **state)
{
    (void)state;
#define CA(fields) "mtls: {backends: [{name: ca, type: builtin, " fields "}]}"
#define FORMAT     "error mtls.dpcert.rotation.expiration: has to be a valid format\n"
    assert_mesh("mtls: {}", "");
    assert_mesh("mtls: {backends: [{name: a, type: builtin}, {name: b, type: builtin}]}",
                "error mtls.backends: cannot have more than 1 backends\n");
    assert_mesh("mtls: {backends: [{name: a, type: builtin}, {name: a, type: builtin}]}",
                "error mtls.backends: cannot have more than 1 backends\n"
                "error mtls.backends[1].name: \"a\" name is already used for another backend\n");
    assert_mesh("mtls: {enabledBackend: b, backends: [{name: a, type: builtin}]}",
                "error mtls.enabledBackend: has to be set to one of the backends in the mesh\n");
    assert_mesh(CA("dpCert: {}"), FORMAT);
    assert_mesh(CA("dpCert: {rotation: {expiration: ''}}"), FORMAT);
    static const char *const bad[] = {"1", "d", "1d1h", "1.5h", "-1d", "1 d"};
    static const char *const good[] = {"0", "1y", "2w", "3d", "4h", "5m", "6s", "7ms", "0d"};
    char spec[256];
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        (void)snprintf(spec, sizeof(spec), CA("dpCert: {rotation: {expiration: '%s'}}"), bad[i]);
        assert_mesh(spec, FORMAT);
    }
    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        (void)snprintf(spec, sizeof(spec), CA("dpCert: {rotation: {expiration: '%s'}}"), good[i]);
        assert_mesh(spec, "");
    }
    assert_mesh(CA("mode: strict"), "error mtls.backends[0].mode: unknown value strict: must be "
                                    "one of STRICT, PERMISSIVE\n");
    assert_mesh(CA("mode: 1"), "");
}

static void authorities_that_are_provided(void **state)
{
    (void)state;
#define PROVIDED(conf) "mtls: {backends: [{name: ca, type: provided, conf: " conf "}]}"
#define CONF           "error mtls.backends[0].conf."
    assert_mesh("mtls: {backends: [{name: ca, type: vault}]}",
                "error mtls.backends[0].type: could not find installed plugin for this type\n");
    assert_mesh("mtls: {skipValidation: true, backends: [{name: ca, type: vault}]}", "");
    assert_mesh(PROVIDED("{}"), CONF "cert: has to be defined\n" CONF "key: has to be defined\n");
    assert_mesh(PROVIDED("{cert: {}, key: {secret: ''}}"),
                CONF "cert: data source has to be chosen. Available sources: secret, file, "
                     "inline\n" CONF "key.secret: cannot be empty\n");
    assert_mesh(PROVIDED("{cert: {secret: a}, key: {inline: YQ==}}"), "");
    assert_mesh(PROVIDED("{cert: {secret: a}, key: {inline: 'a b'}}"),
                CONF "key.inline: is not base64 (with + and /, padded with =)\n");
}

static void what_else_is_refused(void **state)
{
    (void)state;
    assert_mesh("routing: {zoneEgress: true}",
                "error mtls: has to be set when zoneEgress enabled\n");
    assert_mesh("constraints: {dataplaneProxy: {requirements: [{}], restrictions: [{tags: {a: 'b "
                "c'}}]}}",
                "error constraints.dataplaneProxy.requirements[0].tags: must have at least one "
                "tag\n"
                "error constraints.dataplaneProxy.restrictions[0].tags[\"a\"]: tag value must "
                "consist of alphanumeric characters, dots, dashes, slashes and underscores or be "
                "\"*\"\n");
    assert_mesh("networking: {outbound: {passthrough: 'no'}}",
                "error networking.outbound.passthrough: must be true or false, without quotes, not "
                "a string\n");
    assert_mesh("meshservices: {mode: Everywhere}",
                "warning meshservices: unknown field, ignored; did you mean \"meshServices\"?\n");
    manifest_decode(&m, "{type: Mesh, name: "
                        "a123456789a123456789a123456789a123456789a123456789a123456789abcd}\n");
    assert_faults(&m, "error name: cannot be longer than 63 characters\n");
    manifest_decode(&m, "{type: Mesh, name: "
                        "a123456789a123456789a123456789a123456789a123456789a12345678}\n");
    assert_faults(&m, "");
}

#define MESH    "{type: Mesh, name: m, "
#define MEMBERS MESH "constraints: {dataplaneProxy: {"

static const struct manifest_bound bounds[] = {
    {MEMBERS "requirements: [", "{tags: {a: b}},", "]}}}", 1024,
     "error constraints.dataplaneProxy.requirements: must have at most 1024 items\n"},
    {MEMBERS "restrictions: [{tags: {a: ", "b", "}}]}}}", 512,
     "error constraints.dataplaneProxy.restrictions[0].tags[\"a\"]: must have at most 512 "
     "characters\n"},
    {MESH "skipCreatingInitialPolicies: [", "a,", "]}", 1024,
     "error skipCreatingInitialPolicies: must have at most 1024 items\n"},
    {MESH "skipCreatingInitialPolicies: [", "a", "]}", 1024,
     "error skipCreatingInitialPolicies[0]: must have at most 1024 characters\n"},
    {MESH "mtls: {backends: [{type: builtin, name: ", "a", "}]}}", 1024,
     "error mtls.backends[0].name: must have at most 1024 characters\n"},
};

static void how_much_a_mesh_may_say(void **state)
{
    (void)state;
    assert_bounds(&m, bounds, ARRAY_SIZE(bounds));
}

#define TEST(function) cmocka_unit_test_teardown(function, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(everything_is_decoded),   TEST(the_envelope_of_kubernetes),
        TEST(certificate_authorities), TEST(authorities_that_are_provided),
        TEST(what_else_is_refused),    TEST(how_much_a_mesh_may_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
