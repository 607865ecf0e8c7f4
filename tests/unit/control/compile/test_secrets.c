/* What is said of a Secret's certificate, and that it is said once; tests/golden/cases/
 * tls-unused-secrets shows which Secrets are looked at. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "control/compile/compile.h"
#include "core/base/base64.h"
#include "core/pki/pki.h"
#include "core/yaml/yaml.h"

#define DAY_MS UINT64_C(86400000)

/* 2026-01-01 and 2026-02-01. */
#define BEGIN_MS (20454 * DAY_MS)
#define END_MS   (20485 * DAY_MS)

static const char gateway[] =
    "{type: MeshGateway, mesh: default, name: edge, selectors: [{match: {kuma.io/service: e}}],"
    " conf: {listeners: [{port: 8443, protocol: HTTPS, tls: {mode: TERMINATE,"
    " certificates: [{secret: s}]}}]}}\n";

static struct cache *cache;

static void put(struct str yaml)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(4096);
    CLEANUP(finding_list_free) struct finding_list *problems = finding_list_new();
    struct yaml_stream stream;
    assert_int_equal(yaml_parse(arena, yaml, &stream, NULL), ERR_OK);
    const struct api_origin origin = {.file = STR("in.yaml")};
    const struct api_object *object = api_decode(stream.documents[0], &origin, problems);
    assert_false(object->broken);
    cache_put(cache, object);
    object = api_object_unref(object);
}

static void put_secret(void)
{
    const struct str hostname = STR("a.test");
    const struct pki_request request = {
        .usage = PKI_SERVER,
        .key_type = PKI_ECDSA,
        .hostnames = &hostname,
        .hostname_count = 1,
        .not_before_ms = BEGIN_MS,
        .not_after_ms = END_MS,
    };
    struct pki_bundle *bundle CLEANUP(pki_bundle_free) = NULL;
    assert_int_equal(pki_issue_self_signed(&request, &bundle, NULL), ERR_OK);
    CLEANUP(arena_free) struct arena *arena = arena_new(4096);
    struct str pem = str_format(arena, "%.*s%.*s", STR_ARG(bundle->key_pem),
                                STR_ARG(bundle->certificates_pem));
    struct buf yaml;
    buf_init(&yaml, 1 << 16);
    buf_append(&yaml, STR("{type: Secret, mesh: default, name: s, data: "));
    base64_encode(pem, &yaml);
    buf_append(&yaml, STR("}\n"));
    put(buf_str(&yaml));
    buf_deinit(&yaml);
}

static int setup(void **state)
{
    (void)state;
    cache = cache_new();
    put_secret();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    cache = cache_free(cache);
    assert_int_equal(api_objects_alive(), 0);
    assert_int_equal(model_resources_alive(), 0);
    return 0;
}

/* The one finding at that time is about an object of `kind`, or there is none. */
static void assert_said(uint64_t wall_ms, bool checks_secrets, const char *kind)
{
    const struct api_tag tag = {STR_INIT("kuma.io/service"), STR_INIT("e")};
    const struct compile_dataplane dataplane = {
        .mesh = STR("default"), .name = STR("d"), .address = STR("127.0.0.1"), .tags = {&tag, 1}};
    const struct compile_input input = {
        .cache = cache,
        .dataplanes = &dataplane,
        .dataplane_count = 1,
        .checks_secrets = checks_secrets,
        .wall_ms = wall_ms,
    };
    CLEANUP(compile_result_free) struct compile_result *result = compile_snapshot(&input);
    assert_int_equal(finding_count(result->findings), kind != NULL);
    if (kind == NULL)
        return;
    const struct finding *finding = finding_get(result->findings, 0);
    assert_int_equal(finding->severity, FINDING_WARNING);
    assert_true(str_equal(finding->subject.kind, str_of(kind)));
    assert_true(str_equal(finding->message, STR("the certificate has expired on 2026-02-01: "
                                                "clients refuse it; renew it")));
}

static void an_expired_certificate_that_nothing_loads(void **state)
{
    (void)state;
    assert_said(BEGIN_MS, true, NULL);
    assert_said(END_MS + 1000, true, "Secret");
    assert_said(END_MS + 1000, false, NULL);
    assert_said(0, true, NULL); /* the time is not known */
}

static void what_a_listener_loads_is_said_of_the_gateway(void **state)
{
    (void)state;
    put(str_of(gateway));
    assert_said(END_MS + 1000, true, "MeshGateway");
}

/* A second run says it again. */
static void what_is_remembered_is_said_again(void **state)
{
    (void)state;
    struct compile_memory *memory = compile_memory_new();
    const struct compile_input input = {
        .cache = cache, .checks_secrets = true, .wall_ms = END_MS + 1000};
    struct discovery *discovery = discovery_new(cache);
    for (int i = 0; i < 2; i++) {
        const struct compile_draft *draft = compile_draft_new(&input, memory);
        struct compile_result *result = compile_result_new(draft, discovery, memory);
        assert_int_equal(finding_count(result->findings), 1);
        result = compile_result_free(result);
        draft = compile_draft_unref(draft);
    }
    assert_int_equal(compile_memory_counts(memory).certificates, 1);
    discovery = discovery_free(discovery);
    memory = compile_memory_free(memory);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_expired_certificate_that_nothing_loads),
        TEST(what_a_listener_loads_is_said_of_the_gateway),
        TEST(what_is_remembered_is_said_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
