/* What chains present, and what of it is shared with the state before. */
#include "../../self_signed.h"
#include "staging.h"

#define SECRETS_MAX 8

struct bench {
    struct staging staging;
    const struct model_resource *secrets[SECRETS_MAX]; /* a reference of each */
    size_t secret_count;
};

static void bench_open(struct bench *bench)
{
    *bench = (struct bench){0};
    staging_open(&bench->staging, 1, "/dev/null");
}

static void bench_close(struct bench *bench)
{
    for (size_t i = 0; i < bench->secret_count; i++)
        bench->secrets[i] = model_resource_unref(bench->secrets[i]);
    staging_close(&bench->staging);
}

static const struct model_resource *secret_new(const char *name, const char *dns_name)
{
    CLEANUP(pki_bundle_free) struct pki_bundle *bundle = self_signed_new(PKI_ECDSA, dns_name);
    return model_secret_new(&(struct model_secret){
        .name = str_of(name),
        .certificates_pem = bundle->certificates_pem,
        .key_pem = bundle->key_pem,
        .key_type = pki_key_type_name(bundle->key_type),
        .fingerprint = bundle->fingerprint,
        .dns_names = {bundle->dns_names, bundle->dns_name_count},
    });
}

static void put_secret(struct bench *bench, const char *name, const char *dns_name)
{
    bench->secrets[bench->secret_count++] = secret_new(name, dns_name);
}

/* One HTTPS listener of these chains, with the secrets that there are. */
static const struct model_snapshot *snapshot_of(struct bench *bench,
                                                const struct model_chain *chains, size_t count)
{
    const struct model_resource *resources[SECRETS_MAX + 1];
    for (size_t i = 0; i < bench->secret_count; i++)
        resources[i] = model_resource_ref(bench->secrets[i]);
    resources[bench->secret_count] = model_listener_new(
        &(struct model_listener){.name = STR("edge:HTTPS:0"),
                                 .address = STR("127.0.0.1"),
                                 .protocol = MODEL_HTTPS,
                                 .chains = chains,
                                 .chain_count = count});
    const struct model_snapshot *snapshot = NULL;
    assert_int_equal(model_snapshot_new(resources, bench->secret_count + 1, &snapshot, NULL),
                     ERR_OK);
    return snapshot;
}

static enum err stage(struct bench *bench, const struct model_chain *chains, size_t count,
                      struct subscribe_state **ret_state, struct err_info *reterr)
{
    return staging_stage(&bench->staging, snapshot_of(bench, chains, count), ret_state, reterr);
}

static struct subscribe_state *stage_well(struct bench *bench, const struct model_chain *chains,
                                          size_t count)
{
    struct subscribe_state *state = NULL;
    struct err_info why = {0};
    if (stage(bench, chains, count, &state, &why) != ERR_OK)
        fail_msg("%s: %s", why.path, why.message);
    return state;
}

static const struct net_tls_context *context_of(const struct subscribe_state *state, size_t chain,
                                                const char *name)
{
    return subscribe_context_find(&state->listeners[0], chain, str_of(name));
}

static const struct str both[] = {STR_INIT("one"), STR_INIT("two")};

/* As they stand in the model, by host name. */
static const struct model_chain chains[] = {
    {.hostname = STR_INIT("*.test"), .secrets = {both, 2}},
    {.hostname = STR_INIT("b.test"), .secrets = {both, 2}},
    {.hostname = STR_INIT("c.test"), .secrets = {both, 1}},
};

static void each_choice_of_a_chain_has_a_context(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench);
    put_secret(&bench, "one", "a.test");
    put_secret(&bench, "two", "b.test");
    struct subscribe_state *staged = stage_well(&bench, chains, ARRAY_SIZE(chains));
    const struct net_tls_context *first = context_of(staged, 0, "a.test");
    assert_non_null(first);
    assert_ptr_equal(context_of(staged, 0, "x.test"), first);
    assert_ptr_equal(context_of(staged, 0, ""), first);
    assert_ptr_not_equal(context_of(staged, 0, "b.test"), first);
    assert_non_null(context_of(staged, 1, "b.test"));
    assert_ptr_not_equal(context_of(staged, 1, "b.test"), context_of(staged, 0, "b.test"));
    assert_non_null(context_of(staged, 2, "c.test"));
    assert_null(subscribe_state_unref(staged));
    bench_close(&bench);
}

static void chains_of_unchanged_secrets_keep_theirs(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench);
    put_secret(&bench, "one", "a.test");
    put_secret(&bench, "two", "b.test");
    struct subscribe_state *first = stage_well(&bench, chains, ARRAY_SIZE(chains));
    assert_int_equal(first->contexts_reused, 0);
    bench.secrets[1] = model_resource_unref(bench.secrets[1]);
    bench.secrets[1] = secret_new("two", "b.test"); /* renewed */
    struct subscribe_state *second = stage_well(&bench, chains, ARRAY_SIZE(chains));
    assert_int_equal(second->contexts_reused, 1);
    assert_ptr_equal(context_of(second, 2, "c.test"), context_of(first, 2, "c.test"));
    assert_ptr_not_equal(context_of(second, 0, "b.test"), context_of(first, 0, "b.test"));
    assert_null(subscribe_state_unref(first));
    assert_non_null(context_of(second, 2, "c.test")); /* which outlives the state it came with */
    assert_null(subscribe_state_unref(second));
    bench_close(&bench);
}

/* The first is for names of none. */
static void another_order_is_another_context(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench);
    put_secret(&bench, "one", "a.test");
    put_secret(&bench, "two", "b.test");
    struct subscribe_state *first = stage_well(&bench, chains, 1);
    const struct str turned[] = {both[1], both[0]};
    const struct model_chain other = {.hostname = STR("*.test"), .secrets = {turned, 2}};
    struct subscribe_state *second = stage_well(&bench, &other, 1);
    assert_int_equal(second->contexts_reused, 0);
    assert_ptr_equal(context_of(second, 0, "x.test"), context_of(second, 0, "b.test"));
    assert_null(subscribe_state_unref(first));
    assert_null(subscribe_state_unref(second));
    bench_close(&bench);
}

static void what_cannot_be_presented_is_refused(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench);
    static const char *const names[] = {"a", "b", "c", "d", "e"};
    struct str items[ARRAY_SIZE(names)];
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        put_secret(&bench, names[i], "a.test");
        items[i] = str_of(names[i]);
    }
    struct subscribe_state *staged = NULL;
    struct err_info why = {0};
    struct model_chain chain = {.hostname = STR("*"), .secrets = {items, ARRAY_SIZE(items)}};
    assert_int_equal(stage(&bench, &chain, 1, &staged, &why), ERR_LIMIT);
    assert_string_equal(why.path, "listener edge:HTTPS:0");
    assert_string_equal(why.message, "hostname \"*\" has 5 certificates");
    chain.secrets.count = 0;
    assert_int_equal(stage(&bench, &chain, 1, &staged, &why), ERR_LIMIT);
    bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_choice_of_a_chain_has_a_context),
        cmocka_unit_test(chains_of_unchanged_secrets_keep_theirs),
        cmocka_unit_test(another_order_is_another_context),
        cmocka_unit_test(what_cannot_be_presented_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
