/* TLS to back ends: what is remembered of it, and what is said of its certificates' age. */
#include "core/base/base64.h"
#include "core/pki/pki.h"
#include "manifests.h"

#define DAY_MS ((uint64_t)24 * 3600 * 1000)
#define NOW_MS (10000 * DAY_MS)

static struct arena *arena;
static struct cache *cache;
static struct compile_memory *memory;
static struct discovery *discovery; /* made anew as far as back ends have changed */
static struct pki_bundle *authority;
static struct pki_bundle *other;
static struct pki_bundle *gateway;

static int setup(void **state)
{
    (void)state;
    arena = arena_new(4096);
    cache = cache_new();
    memory = compile_memory_new();
    const struct str host = STR("gateway.test");
    const struct pki_request request = {.usage = PKI_CLIENT,
                                        .key_type = PKI_ECDSA,
                                        .hostnames = &host,
                                        .hostname_count = 1,
                                        .not_before_ms = NOW_MS,
                                        .not_after_ms = NOW_MS + DAY_MS};
    assert_int_equal(pki_issue_authority(STR("a"), NOW_MS, NOW_MS + 9 * DAY_MS, &authority, NULL),
                     ERR_OK);
    assert_int_equal(pki_issue_authority(STR("b"), NOW_MS, NOW_MS + 9 * DAY_MS, &other, NULL),
                     ERR_OK);
    assert_int_equal(pki_issue_signed(&request, authority, &gateway, NULL), ERR_OK);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    discovery = discovery_free(discovery);
    memory = compile_memory_free(memory);
    cache = cache_free(cache);
    arena = arena_free(arena);
    authority = pki_bundle_free(authority);
    other = pki_bundle_free(other);
    gateway = pki_bundle_free(gateway);
    assert_int_equal(api_objects_alive(), 0);
    assert_int_equal(model_resources_alive(), 0);
    return 0;
}

static void put_gateway(void)
{
    manifests_put(
        cache,
        STR("{type: MeshGateway, mesh: default, name: g, selectors: [{match: {kuma.io/service: e}}]"
            ", conf: {listeners: [{port: 80, protocol: HTTP}]}}\n---\n"
            "{type: MeshGatewayRoute, mesh: default, name: r, selectors: [{match: "
            "{kuma.io/service: e}}], conf: {http: {rules: [{matches: [{path: {match: PREFIX, "
            "value: /}}], backends: [{destination: {kuma.io/service: pay}}]}]}}}\n"));
}

static void put_external(const char *name, const char *address)
{
    manifests_put(cache, str_format(arena,
                                    "{type: ExternalService, mesh: default, name: %s, tags: "
                                    "{kuma.io/service: pay}, networking: {address: '%s', tls: "
                                    "{enabled: true, caCert: {secret: ca}, clientCert: {secret: "
                                    "cert}, clientKey: {secret: key}}}}\n",
                                    name, address));
}

static void put_secret(const char *name, struct str pem)
{
    struct buf text;
    buf_init(&text, 65536);
    base64_encode(pem, &text);
    manifests_put(cache, str_format(arena, "{type: Secret, mesh: default, name: %s, data: %.*s}\n",
                                    name, STR_ARG(buf_str(&text))));
    buf_deinit(&text);
}

static void put_secrets(void)
{
    put_secret("ca", authority->certificates_pem);
    put_secret("cert", gateway->certificates_pem);
    put_secret("key", gateway->key_pem);
}

/* What is compiled with the memory. */
static struct compile_result *compile(uint64_t wall_ms)
{
    const struct compile_input input = {.cache = cache,
                                        .dataplanes = &manifests_dataplane,
                                        .dataplane_count = 1,
                                        .wall_ms = wall_ms};
    const struct cache_changes changes = cache_take_changes(cache);
    if (discovery == NULL || changes.back_ends)
        discovery = discovery_next(discovery, cache, &changes);
    const struct compile_draft *draft = compile_draft_new(&input, memory);
    struct compile_result *result = compile_result_new(draft, discovery, memory);
    assert_null(compile_draft_unref(draft));
    return result;
}

static size_t count_of(const struct compile_result *result, enum model_kind kind)
{
    size_t count;
    (void)model_snapshot_kind(result->snapshot, kind, &count); /* only how many */
    return count;
}

static const struct model_resource *tls_of(const struct compile_result *result)
{
    size_t count;
    const struct model_resource *const *found = model_snapshot_kind(result->snapshot,
                                                                    MODEL_UPSTREAM_TLS, &count);
    return count == 0 ? NULL : found[0];
}

static void it_is_made_once_for_the_same(void **state)
{
    (void)state;
    put_gateway();
    put_secrets();
    put_external("x", "10.0.0.1:443");
    struct compile_result *first = compile(0);
    const struct model_resource *tls = tls_of(first);
    assert_non_null(tls);
    assert_true(str_equal(tls->upstream_tls->ca_pem, authority->certificates_pem));
    assert_true(
        str_equal(tls->upstream_tls->secret, STR("client.ecdsa:default/ExternalService/x")));
    const struct model_resource *presented = model_snapshot_find(first->snapshot, MODEL_SECRET,
                                                                 tls->upstream_tls->secret);
    assert_true(str_equal(presented->secret->key_pem, gateway->key_pem));
    uint64_t before = compile_memory_counts(memory).certificates;
    struct compile_result *second = compile(0);
    assert_ptr_equal(tls_of(second), tls);
    assert_int_equal(compile_memory_counts(memory).certificates, before);
    first = compile_result_free(first);
    second = compile_result_free(second);
}

/* A Secret that changes, goes and comes: nothing else has to. */
static void secrets_have_a_part_in_it(void **state)
{
    (void)state;
    put_gateway();
    put_secrets();
    put_external("x", "10.0.0.1:443");
    struct compile_result *result = compile(0);
    struct model_digest before = tls_of(result)->digest;
    result = compile_result_free(result);
    put_secret("ca", other->certificates_pem);
    result = compile(0);
    assert_false(model_digest_equal(&tls_of(result)->digest, &before));
    result = compile_result_free(result);
    cache_remove(cache, &(struct api_key){API_SECRET, STR("default"), STR("ca")});
    result = compile(0);
    assert_null(tls_of(result));
    assert_int_equal(count_of(result, MODEL_SECRET), 0);
    assert_false(result->report.routes[0].resolved_refs.ok);
    result = compile_result_free(result);
    put_secret("ca", authority->certificates_pem);
    result = compile(0);
    assert_true(model_digest_equal(&tls_of(result)->digest, &before));
    result = compile_result_free(result);
}

static void what_is_gone_is_forgotten(void **state)
{
    (void)state;
    put_gateway();
    put_secrets();
    put_external("x", "10.0.0.1:443");
    put_external("z", "10.0.0.2:443");
    struct compile_result *result = compile(0);
    assert_int_equal(count_of(result, MODEL_UPSTREAM_TLS), 2);
    assert_int_equal(count_of(result, MODEL_SECRET), 2);
    result = compile_result_free(result);
    cache_remove(cache, &(struct api_key){API_EXTERNAL_SERVICE, STR("default"), STR("x")});
    result = compile(0);
    assert_int_equal(count_of(result, MODEL_UPSTREAM_TLS), 1);
    result = compile_result_free(result);
    size_t objects = api_objects_alive();
    cache_remove(cache, &(struct api_key){API_EXTERNAL_SERVICE, STR("default"), STR("z")});
    assert_int_equal(api_objects_alive(), objects); /* it is remembered */
    result = compile(0);
    assert_int_equal(api_objects_alive(), objects - 1);
    result = compile_result_free(result);
}

/* ---- Whatever changes ---- */

static uint32_t draw(uint32_t *random, uint32_t below)
{
    *random = *random * 1664525U + 1013904223U;
    return (*random >> 8) % below;
}

/* One Secret or ExternalService comes, changes, or goes. */
static void change(uint32_t *random)
{
    static const char *const secrets[] = {"ca", "cert", "key"};
    static const char *const services[] = {"x", "z"};
    static const char *const addresses[] = {"10.0.0.1:443", "10.0.0.2:443", "a.test:443"};
    const struct str pems[] = {authority->certificates_pem, other->certificates_pem,
                               gateway->certificates_pem, gateway->key_pem, STR("nothing")};
    bool is_secret = draw(random, 3) > 0;
    const char *name = is_secret ? secrets[draw(random, 3)] : services[draw(random, 2)];
    if (draw(random, 5) == 0)
        cache_remove(cache, &(struct api_key){is_secret ? API_SECRET : API_EXTERNAL_SERVICE,
                                              STR("default"), str_of(name)});
    else if (!is_secret)
        put_external(name, addresses[draw(random, 3)]);
    else if (draw(random, 3) == 0)
        put_secret(name, pems[draw(random, 5)]);
    else
        put_secrets();
}

static void what_is_remembered_changes_no_outcome(void **state)
{
    (void)state;
    uint32_t random = 1;
    size_t spoken = 0;
    size_t denied = 0;
    put_gateway();
    for (int i = 0; i < 400; i++) {
        change(&random);
        struct compile_result *remembered = compile(0);
        const struct compile_input input = {
            .cache = cache, .dataplanes = &manifests_dataplane, .dataplane_count = 1};
        struct compile_result *fresh = compile_snapshot(&input);
        assert_true(model_digest_equal(&remembered->snapshot->digest, &fresh->snapshot->digest));
        assert_int_equal(finding_count(remembered->findings), finding_count(fresh->findings));
        assert_int_equal(remembered->report.routes[0].resolved_refs.ok,
                         fresh->report.routes[0].resolved_refs.ok);
        spoken += tls_of(fresh) != NULL;
        denied += !fresh->report.routes[0].resolved_refs.ok;
        remembered = compile_result_free(remembered);
        fresh = compile_result_free(fresh);
    }
    assert_in_range(spoken, 50, 350); /* both were seen */
    assert_in_range(denied, 50, 350);
}

static void check_said(uint64_t wall_ms, size_t count, const char *first)
{
    const struct compile_input input = {.cache = cache, .wall_ms = wall_ms};
    struct compile_review *review = compile_review_new(&input, NULL, 0);
    size_t found = 0;
    for (size_t i = 0; i < finding_count(review->findings); i++) {
        const struct finding *finding = finding_get(review->findings, i);
        if (!str_equal(finding->subject.kind, STR("ExternalService")))
            continue;
        assert_int_equal(finding->severity, FINDING_WARNING);
        if (found++ == 0)
            assert_true(str_equal(finding->message, str_of(first)));
    }
    assert_int_equal(found, count);
    review = compile_review_free(review);
}

static void the_age_of_certificates_is_said(void **state)
{
    (void)state;
    put_secrets();
    put_external("x", "10.0.0.1:443");
    check_said(0, 0, "");
    check_said(NOW_MS + 1, 0, "");
    check_said(NOW_MS - DAY_MS, 2,
               "the certificate is not valid before 1997-05-19: the server is refused");
    check_said(NOW_MS + 2 * DAY_MS, 1,
               "the certificate has expired on 1997-05-20: servers refuse it; renew it");
    check_said(NOW_MS + 10 * DAY_MS, 2,
               "the certificate has expired on 1997-05-28: the server is refused; renew it");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_is_made_once_for_the_same, setup, teardown),
        cmocka_unit_test_setup_teardown(secrets_have_a_part_in_it, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_gone_is_forgotten, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_remembered_changes_no_outcome, setup, teardown),
        cmocka_unit_test_setup_teardown(the_age_of_certificates_is_said, setup, teardown),
    };
    return cmocka_run_group_tests_name("control/compile/upstream_tls", tests, NULL, NULL);
}
