/* TLS to back ends: what is shared with the state before, and what is refused. */
#include "../../self_signed.h"
#include "staging.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/file.h"

struct bench {
    struct staging staging;
    struct pki_bundle *a;
    struct pki_bundle *b;
    char trust_file[64];
};

static void bench_open(struct bench *bench)
{
    bench->a = self_signed_new(PKI_ECDSA, "a.test");
    bench->b = self_signed_new(PKI_ECDSA, "b.test");
    (void)snprintf(bench->trust_file, sizeof(bench->trust_file), "/tmp/otemon-trust-%d.pem",
                   (int)getpid());
    (void)unlink(bench->trust_file); /* mostly there is none */
    staging_open(&bench->staging, 1, bench->trust_file);
}

static void bench_close(struct bench *bench)
{
    assert_null(pki_bundle_free(bench->a));
    assert_null(pki_bundle_free(bench->b));
    (void)unlink(bench->trust_file); /* some tests write it */
    staging_close(&bench->staging);
}

/* Stages one resource, and the secret "x" that it may name. */
static struct subscribe_state *stage(struct bench *bench, const struct model_upstream_tls *tls,
                                     const struct pki_bundle *presented, struct err_info *reterr)
{
    const struct model_secret secret = {.name = STR("x"),
                                        .certificates_pem = presented->certificates_pem,
                                        .key_pem = presented->key_pem};
    const struct model_resource *resources[] = {model_secret_new(&secret),
                                                model_upstream_tls_new(tls)};
    const struct model_snapshot *next = NULL;
    assert_int_equal(model_snapshot_new(resources, 2, &next, NULL), ERR_OK);
    struct subscribe_state *state = NULL;
    enum err result = staging_stage(&bench->staging, next, &state, reterr);
    assert_int_equal(result == ERR_OK, state != NULL);
    return state;
}

/* The client of a state that is staged now. */
static struct net_tls_client *client_of(struct bench *bench, const struct model_upstream_tls *tls,
                                        const struct pki_bundle *presented)
{
    struct err_info why = {.message = ""};
    struct subscribe_state *state = stage(bench, tls, presented, &why);
    assert_string_equal(why.message, "");
    assert_int_equal(state->client_count, 1);
    struct net_tls_client *client = state->clients[0];
    assert_null(subscribe_state_unref(state)); /* the subscription has it, too */
    return client;
}

static void what_says_the_same_is_shared(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench);
    struct model_upstream_tls tls = {.name = STR("t"),
                                     .trust = MODEL_TRUST_GIVEN,
                                     .ca_pem = bench.a->certificates_pem,
                                     .secret = STR("x"),
                                     .max_version = MODEL_TLS_1_3};
    struct net_tls_client *first = client_of(&bench, &tls, bench.a);
    net_tls_client_ref(first); /* so that no other has its address */
    assert_ptr_equal(client_of(&bench, &tls, bench.a), first);
    assert_ptr_not_equal(client_of(&bench, &tls, bench.b), first); /* it presents another */
    struct net_tls_client *second = client_of(&bench, &tls, bench.b);
    net_tls_client_ref(second);
    tls.ca_pem = bench.b->certificates_pem;
    assert_ptr_not_equal(client_of(&bench, &tls, bench.b), second); /* it trusts others */
    assert_null(net_tls_client_unref(first));
    assert_null(net_tls_client_unref(second));
    bench_close(&bench);
}

static void check_refused(struct bench *bench, const struct model_upstream_tls *tls)
{
    struct err_info why = {.message = ""};
    assert_null(stage(bench, tls, bench->a, &why));
    assert_string_equal(why.path, "upstreamTls t");
    assert_string_not_equal(why.message, "");
}

static void what_cannot_be_spoken_is_refused(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench);
    struct model_upstream_tls tls = {.name = STR("t"), .trust = MODEL_TRUST_GIVEN};
    check_refused(&bench, &tls); /* nobody is trusted */
    tls.trust = MODEL_TRUST_ANYONE;
    tls.server_name = STR("a b");
    check_refused(&bench, &tls);
    tls.server_name = STR_EMPTY;
    tls.min_version = MODEL_TLS_1_3;
    check_refused(&bench, &tls);
    static struct model_subject subjects[NET_TLS_NAMES_MAX + 1];
    tls = (struct model_upstream_tls){
        .name = STR("t"), .subjects = subjects, .subject_count = ARRAY_SIZE(subjects)};
    check_refused(&bench, &tls);
    bench_close(&bench);
}

/* Without the file nobody is trusted, which costs nothing else; it may come later. */
static void what_the_system_trusts_is_read_once_it_is_there(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench);
    const struct model_upstream_tls tls = {
        .name = STR("t"), .trust = MODEL_TRUST_SYSTEM, .max_version = MODEL_TLS_1_3};
    struct net_tls_client *without = client_of(&bench, &tls, bench.a);
    struct net_socket socket;
    struct net_tls_session session = {0};
    net_socket_init(&socket, -1);
    struct net_filter *top = net_tls_client_filter_new(without, &socket.filter, &session);
    char text[NET_TLS_ERROR_TEXT_SIZE];
    assert_int_equal(net_handshake(top), ERR_PROTOCOL);
    assert_non_null(strstr(net_tls_error_print(top, text).data, "cannot be read"));
    top = net_filter_free(top);
    net_tls_client_ref(without);
    assert_int_equal(file_write(bench.trust_file, bench.a->certificates_pem, 0600, NULL), ERR_OK);
    struct net_tls_client *with = client_of(&bench, &tls, bench.a);
    assert_ptr_not_equal(with, without);
    assert_ptr_equal(client_of(&bench, &tls, bench.a), with);
    assert_null(net_tls_client_unref(without));
    bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_says_the_same_is_shared),
        cmocka_unit_test(what_cannot_be_spoken_is_refused),
        cmocka_unit_test(what_the_system_trusts_is_read_once_it_is_there),
    };
    return cmocka_run_group_tests_name("data/subscribe/clients", tests, NULL, NULL);
}
