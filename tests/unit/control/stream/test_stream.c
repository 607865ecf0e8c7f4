/* A stream and two proxies, on one loop. A token "POD/UID" is good; group_of knows the uids. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../self_signed.h"
#include "../../turns.h"
#include "../../web_end.h"
#include "control/stream/stream.h"
#include "core/base/file.h"
#include "core/base/mem.h"
#include "core/loop/loop.h"
#include "core/pki/pki.h"
#include "core/web/web.h"

struct proxy {
    struct rig *rig;
    struct feed_client *client;
    char token_file[128];
    unsigned connected;
    unsigned disconnected;
    unsigned transactions;
    struct buf result; /* of the last transaction */
    struct buf reason;
    bool refuses;
};

struct rig {
    struct loop *loop;
    struct web *web;
    struct pki_bundle *bundle;
    struct stream *stream;
    char directory[64];
    char ca_file[128];
    struct proxy proxies[2];
    bool slow; /* reviews are not answered */
    uint64_t last_request;
    unsigned reviews;
    unsigned changes;
};

static void review_answer(struct rig *rig, uint64_t request, struct str token)
{
    struct str uid = token;
    struct str pod = str_cut(&uid, '/');
    struct stream_identity identity = {STR("edge"), pod, uid};
    bool is_good = uid.size > 0;
    stream_reviewed(rig->stream, request, is_good ? &identity : NULL,
                    STR("the token is not valid"));
}

static void on_review(void *arg, uint64_t request, struct str token)
{
    struct rig *rig = arg;
    rig->reviews++;
    rig->last_request = request;
    if (!rig->slow)
        review_answer(rig, request, token);
    loop_stop(rig->loop);
}

static struct str on_group_of(void *arg, const struct stream_identity *identity,
                              struct err_info *reterr)
{
    (void)arg; /* it is always the same */
    if (str_equal(identity->uid, STR("1")))
        return STR("a");
    if (str_equal(identity->uid, STR("2")))
        return STR("b");
    enum err err = err_set(reterr, ERR_NOT_FOUND, "pod %.*s is no gateway", STR_ARG(identity->pod));
    assert_int_equal(err, ERR_NOT_FOUND);
    return STR_EMPTY;
}

static void on_changed(void *arg, struct str uid)
{
    struct rig *rig = arg;
    assert_true(uid.size > 0);
    rig->changes++;
    loop_stop(rig->loop);
}

static void on_connected(void *arg)
{
    struct proxy *proxy = arg;
    proxy->connected++;
    loop_stop(proxy->rig->loop);
}

static void on_transaction(void *arg, const struct jv *transaction)
{
    struct proxy *proxy = arg;
    struct str result = jv_text(jv_get(transaction, STR("result")));
    buf_clear(&proxy->result);
    buf_append(&proxy->result, result);
    if (proxy->refuses) {
        feed_client_refuse(proxy->client, result, STR("listener l"), STR("in use"));
    } else {
        feed_client_set_have(proxy->client, result);
        feed_client_acknowledge(proxy->client, result);
    }
    proxy->transactions++;
    loop_stop(proxy->rig->loop);
}

static void on_disconnected(void *arg, struct str reason)
{
    struct proxy *proxy = arg;
    buf_clear(&proxy->reason);
    buf_append(&proxy->reason, reason);
    proxy->disconnected++;
    loop_stop(proxy->rig->loop);
}

/* A moment in which nothing is expected to come: several ways to and fro. */
#define A_WHILE_MS 60

static void proxy_start(struct rig *rig, struct proxy *proxy, const char *token)
{
    assert_int_equal(file_write(proxy->token_file, str_of(token), 0600, NULL), ERR_OK);
    struct feed_client_options options = {
        .loop = rig->loop,
        .web = rig->web,
        .host = STR("127.0.0.1"),
        .port = feed_server_port(stream_server(rig->stream)),
        .server_name = STR("operator.test"),
        .ca_file = rig->ca_file,
        .token_file = proxy->token_file,
        .events = {on_connected, on_transaction, on_disconnected, proxy},
    };
    proxy->client = feed_client_open(&options);
}

static void stream_start(struct rig *rig)
{
    struct stream_options options = {
        .feed =
            {
                .loop = rig->loop,
                .web = rig->web,
                .address = STR("127.0.0.1"),
                .certificates_pem = rig->bundle->certificates_pem,
                .key_pem = rig->bundle->key_pem,
            },
        .review = on_review,
        .group_of = on_group_of,
        .changed = on_changed,
        .arg = rig,
    };
    assert_int_equal(stream_open(&options, &rig->stream, NULL), ERR_OK);
}

static void proxies_init(struct rig *rig)
{
    for (size_t i = 0; i < ARRAY_SIZE(rig->proxies); i++) {
        struct proxy *proxy = &rig->proxies[i];
        proxy->rig = rig;
        buf_init(&proxy->result, 4096);
        buf_init(&proxy->reason, 4096);
        (void)snprintf(proxy->token_file, sizeof(proxy->token_file), "%s/token%zu", rig->directory,
                       i);
    }
}

static int rig_start(void **state)
{
    struct rig *rig = MEM_NEW(struct rig);
    rig->bundle = self_signed_new(PKI_ECDSA, "operator.test");
    rig->loop = loop_new();
    memcpy(rig->directory, "/tmp/otemon-stream.XXXXXX", 26);
    assert_non_null(mkdtemp(rig->directory));
    (void)snprintf(rig->ca_file, sizeof(rig->ca_file), "%s/ca.crt", rig->directory);
    assert_int_equal(file_write(rig->ca_file, rig->bundle->certificates_pem, 0600, NULL), ERR_OK);
    proxies_init(rig);
    rig->web = web_open(rig->loop);
    assert_int_equal(web_start(rig->web, NULL), ERR_OK);
    stream_start(rig);
    *state = rig;
    return 0;
}

static int rig_end(void **state)
{
    struct rig *rig = *state;
    for (size_t i = 0; i < ARRAY_SIZE(rig->proxies); i++)
        feed_client_close(rig->proxies[i].client);
    rig->web = web_end(rig->web, rig->loop);
    rig->stream = stream_free(rig->stream);
    rig->loop = loop_free(rig->loop);
    rig->bundle = pki_bundle_free(rig->bundle);
    for (size_t i = 0; i < ARRAY_SIZE(rig->proxies); i++) {
        buf_deinit(&rig->proxies[i].result);
        buf_deinit(&rig->proxies[i].reason);
        (void)unlink(rig->proxies[i].token_file);
    }
    (void)unlink(rig->ca_file);
    (void)rmdir(rig->directory);
    mem_free(rig);
    return model_resources_alive() == 0 && model_snapshots_alive() == 0 ? 0 : -1;
}

/* A snapshot whose content is a port. */
static void set(struct rig *rig, const char *group, uint16_t port)
{
    const struct model_endpoint endpoint = {.address = STR("127.0.0.1"), .port = port};
    const struct model_resource *resource = model_endpoint_set_new(&(struct model_endpoint_set){
        .name = STR("s"), .endpoints = &endpoint, .endpoint_count = 1});
    const struct model_snapshot *snapshot = NULL;
    assert_int_equal(model_snapshot_new(&resource, 1, &snapshot, NULL), ERR_OK);
    stream_set(rig->stream, str_of(group), snapshot);
    snapshot = model_snapshot_unref(snapshot);
}

static struct stream_pod find(struct rig *rig, const char *uid)
{
    struct stream_pod pod;
    assert_true(stream_pod_find(rig->stream, str_of(uid), &pod));
    return pod;
}

static void expect_state(struct rig *rig, const char *uid, enum publish_state state)
{
    while (find(rig, uid).status.state != state)
        turns_until(rig->loop, &rig->changes, rig->changes + 1);
}

static void each_pod_gets_what_its_own_group_serves(void **state)
{
    struct rig *rig = *state;
    struct proxy *first = &rig->proxies[0];
    struct proxy *second = &rig->proxies[1];
    set(rig, "a", 1);
    set(rig, "b", 2);
    proxy_start(rig, first, "front/1");
    proxy_start(rig, second, "back/2");
    turns_until(rig->loop, &first->transactions, 1);
    turns_until(rig->loop, &second->transactions, 1);
    assert_false(str_equal(buf_str(&first->result), buf_str(&second->result)));
    expect_state(rig, "1", PUBLISH_SERVED);
    expect_state(rig, "2", PUBLISH_SERVED);
    assert_int_equal(stream_connected(rig->stream), 2);
    set(rig, "a", 3);
    turns_until(rig->loop, &first->transactions, 2);
    expect_state(rig, "1", PUBLISH_SERVED);
    turns_for(rig->loop, A_WHILE_MS);
    assert_int_equal(second->transactions, 1);
}

static void expect_refused(struct rig *rig, const char *token, const char *reason)
{
    struct proxy *proxy = &rig->proxies[0];
    set(rig, "a", 1);
    proxy_start(rig, proxy, token);
    turns_until(rig->loop, &proxy->disconnected, 1);
    assert_true(str_starts_with(buf_str(&proxy->reason), str_of(reason)));
    assert_int_equal(proxy->connected + proxy->transactions, 0);
    assert_int_equal(stream_connected(rig->stream), 0);
}

static void a_token_that_is_not_good_gets_nothing(void **state)
{
    expect_refused(*state, "wrong", "the token is not valid (1008)");
}

static void a_pod_that_is_no_gateway_gets_nothing(void **state)
{
    expect_refused(*state, "shell/9", "pod shell is no gateway (1008)");
}

static void what_is_not_reviewed_yet_gets_nothing(void **state)
{
    struct rig *rig = *state;
    struct proxy *proxy = &rig->proxies[0];
    rig->slow = true;
    set(rig, "a", 1);
    proxy_start(rig, proxy, "front/1");
    turns_until(rig->loop, &rig->reviews, 1);
    set(rig, "a", 2);
    turns_for(rig->loop, A_WHILE_MS);
    assert_int_equal(proxy->connected + proxy->transactions, 0);
    review_answer(rig, rig->last_request, STR("front/1"));
    turns_until(rig->loop, &proxy->transactions, 1);
    review_answer(rig, rig->last_request, STR("front/1")); /* a second answer is none */
}

static void an_answer_that_comes_too_late_is_for_nobody(void **state)
{
    struct rig *rig = *state;
    struct proxy *proxy = &rig->proxies[0];
    rig->slow = true;
    proxy_start(rig, proxy, "front/1");
    turns_until(rig->loop, &rig->reviews, 1);
    feed_client_close(TAKE(proxy->client));
    turns_for(rig->loop, A_WHILE_MS);
    review_answer(rig, rig->last_request, STR("front/1"));
    assert_int_equal(stream_connected(rig->stream), 0);
}

static void who_comes_back_is_sent_what_differs(void **state)
{
    struct rig *rig = *state;
    struct proxy *proxy = &rig->proxies[0];
    set(rig, "a", 1);
    proxy_start(rig, proxy, "front/1");
    turns_until(rig->loop, &proxy->transactions, 1);
    expect_state(rig, "1", PUBLISH_SERVED);
    assert_false(find(rig, "1").had);
    feed_client_restart(proxy->client);
    turns_until(rig->loop, &proxy->disconnected, 1);
    turns_until(rig->loop, &proxy->connected, 2);
    turns_for(rig->loop, A_WHILE_MS);
    assert_true(find(rig, "1").had);
    assert_int_equal(proxy->transactions, 1); /* nothing has changed */
    assert_int_equal(find(rig, "1").status.state, PUBLISH_SERVED);
    feed_client_restart(proxy->client);
    turns_until(rig->loop, &proxy->disconnected, 2);
    assert_false(find(rig, "1").connected);
    set(rig, "a", 2); /* while it is away */
    turns_until(rig->loop, &proxy->transactions, 2);
    expect_state(rig, "1", PUBLISH_SERVED);
}

/* An operator that has just started knows nothing, and compiles later than proxies come. */
static void who_has_it_already_is_sent_nothing(void **state)
{
    struct rig *rig = *state;
    struct proxy *proxy = &rig->proxies[0];
    set(rig, "a", 1);
    proxy_start(rig, proxy, "front/1");
    turns_until(rig->loop, &proxy->transactions, 1);
    expect_state(rig, "1", PUBLISH_SERVED);
    stream_group_gone(rig->stream, STR("a"));
    turns_until(rig->loop, &proxy->connected, 2);
    assert_int_equal(find(rig, "1").status.state, PUBLISH_IDLE);
    set(rig, "a", 1);
    turns_for(rig->loop, A_WHILE_MS);
    assert_int_equal(proxy->transactions, 1);
    assert_int_equal(find(rig, "1").status.state, PUBLISH_SERVED);
}

static void a_refusal_is_known(void **state)
{
    struct rig *rig = *state;
    struct proxy *proxy = &rig->proxies[0];
    proxy->refuses = true;
    set(rig, "a", 1);
    proxy_start(rig, proxy, "front/1");
    turns_until(rig->loop, &proxy->transactions, 1);
    expect_state(rig, "1", PUBLISH_REFUSED);
    struct publish_status status = find(rig, "1").status;
    assert_true(str_equal(status.refused_resource, STR("listener l")));
    assert_true(str_equal(status.refused_reason, STR("in use")));
}

static void a_pod_that_moves_gets_the_other_group_s(void **state)
{
    struct rig *rig = *state;
    struct proxy *proxy = &rig->proxies[0];
    set(rig, "a", 1);
    set(rig, "b", 2);
    proxy_start(rig, proxy, "front/1");
    turns_until(rig->loop, &proxy->transactions, 1);
    expect_state(rig, "1", PUBLISH_SERVED);
    stream_pod_moved(rig->stream, STR("1"), STR("a")); /* it is there */
    stream_pod_moved(rig->stream, STR("unknown"), STR("a"));
    stream_pod_moved(rig->stream, STR("1"), STR("b"));
    turns_until(rig->loop, &proxy->transactions, 2);
    expect_state(rig, "1", PUBLISH_SERVED);
}

static void a_pod_that_is_gone_is_cut_off(void **state)
{
    struct rig *rig = *state;
    struct proxy *proxy = &rig->proxies[0];
    set(rig, "a", 1);
    proxy_start(rig, proxy, "front/1");
    turns_until(rig->loop, &proxy->transactions, 1);
    stream_pod_gone(rig->stream, STR("1"));
    stream_pod_gone(rig->stream, STR("1"));
    turns_until(rig->loop, &proxy->disconnected, 1);
    struct stream_pod pod;
    assert_false(stream_pod_find(rig->stream, STR("1"), &pod));
}

static void of_two_connections_of_a_pod_the_newer_counts(void **state)
{
    struct rig *rig = *state;
    set(rig, "a", 1);
    proxy_start(rig, &rig->proxies[0], "front/1");
    turns_until(rig->loop, &rig->proxies[0].transactions, 1);
    proxy_start(rig, &rig->proxies[1], "front/1");
    turns_until(rig->loop, &rig->proxies[1].transactions, 1);
    turns_until(rig->loop, &rig->proxies[0].disconnected, 1);
    feed_client_close(TAKE(rig->proxies[0].client));
    turns_until(rig->loop, &rig->proxies[1].connected, 1);
    expect_state(rig, "1", PUBLISH_SERVED);
    assert_int_equal(stream_connected(rig->stream), 1);
}

#define RIG_TEST(fn) cmocka_unit_test_setup_teardown(fn, rig_start, rig_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(each_pod_gets_what_its_own_group_serves),
        RIG_TEST(a_token_that_is_not_good_gets_nothing),
        RIG_TEST(a_pod_that_is_no_gateway_gets_nothing),
        RIG_TEST(what_is_not_reviewed_yet_gets_nothing),
        RIG_TEST(an_answer_that_comes_too_late_is_for_nobody),
        RIG_TEST(who_comes_back_is_sent_what_differs),
        RIG_TEST(who_has_it_already_is_sent_nothing),
        RIG_TEST(a_refusal_is_known),
        RIG_TEST(a_pod_that_moves_gets_the_other_group_s),
        RIG_TEST(a_pod_that_is_gone_is_cut_off),
        RIG_TEST(of_two_connections_of_a_pod_the_newer_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
