/* What is loaded is shown by tests/golden/cases/tls-*; here is what time does to it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "control/compile/compile.h"
#include "core/pki/pki.h"
#include "core/yaml/yaml.h"

#define DAY_MS UINT64_C(86400000)

/* 2026-01-01 and 2026-02-01. */
#define BEGIN_MS (20454 * DAY_MS)
#define END_MS   (20485 * DAY_MS)

static const char manifest[] =
    "{type: MeshGateway, mesh: default, name: edge, selectors: [{match: {kuma.io/service: e}}],"
    " conf: {listeners: [{port: 8443, protocol: HTTPS, tls: {mode: TERMINATE,"
    " certificates: [{file: any.pem}]}}]}}\n";

static enum err load(void *arg, struct str path, struct buf *content, struct err_info *reterr)
{
    (void)arg;
    (void)path;
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
    enum err e = pki_issue_self_signed(&request, &bundle, reterr);
    if (e != ERR_OK)
        return e;
    buf_append(content, bundle->key_pem);
    buf_append(content, bundle->certificates_pem);
    return ERR_OK;
}

static struct cache *cache;

static int setup(void **state)
{
    (void)state;
    cache = cache_new();
    CLEANUP(arena_free) struct arena *arena = arena_new(4096);
    CLEANUP(finding_list_free) struct finding_list *problems = finding_list_new();
    struct yaml_stream stream;
    assert_int_equal(yaml_parse(arena, str_of(manifest), &stream, NULL), ERR_OK);
    const struct api_origin origin = {.file = STR("in.yaml"), .load = load};
    const struct api_object *object = api_decode(stream.documents[0], &origin, problems);
    cache_put(cache, object);
    object = api_object_unref(object);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    cache = cache_free(cache);
    assert_int_equal(api_objects_alive(), 0);
    return 0;
}

/* The one finding at that time is `wanted`, or there is none; served it is at any. */
static void assert_said(uint64_t wall_ms, const char *wanted)
{
    const struct api_tag tag = {STR_INIT("kuma.io/service"), STR_INIT("e")};
    const struct compile_dataplane dataplane = {
        .mesh = STR("default"), .name = STR("d"), .address = STR("127.0.0.1"), .tags = {&tag, 1}};
    const struct compile_input input = {
        .cache = cache, .dataplanes = &dataplane, .dataplane_count = 1, .wall_ms = wall_ms};
    CLEANUP(compile_result_free) struct compile_result *result = compile_snapshot(&input);
    size_t secrets = 0;
    (void)model_snapshot_kind(result->snapshot, MODEL_SECRET, &secrets);
    assert_int_equal(secrets, 1);
    assert_int_equal(finding_count(result->findings), wanted != NULL);
    if (wanted == NULL)
        return;
    const struct finding *finding = finding_get(result->findings, 0);
    assert_int_equal(finding->severity, FINDING_WARNING);
    assert_true(str_equal(finding->field, STR("conf.listeners[0].tls.certificates[0]")));
    assert_true(str_equal(finding->message, str_of(wanted)));
}

static void a_certificate_that_is_out_of_date_is_said(void **state)
{
    (void)state;
    assert_said(BEGIN_MS - 1000,
                "the certificate is not valid before 2026-01-01: clients refuse it");
    assert_said(BEGIN_MS, NULL);
    assert_said(END_MS, NULL);
    assert_said(END_MS + 1000,
                "the certificate has expired on 2026-02-01: clients refuse it; renew it");
}

static void nothing_is_said_when_the_time_is_not_known(void **state)
{
    (void)state;
    assert_said(0, NULL);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_certificate_that_is_out_of_date_is_said),
        TEST(nothing_is_said_when_the_time_is_not_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
