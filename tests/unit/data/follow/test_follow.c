/* A follower and the server that it follows, on one loop. */
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
#include "core/base/file.h"
#include "core/base/mem.h"
#include "core/loop/loop.h"
#include "core/pki/pki.h"
#include "core/web/web.h"
#include "data/follow/follow.h"

struct rig {
    struct loop *loop;
    struct web *web;
    struct pki_bundle *bundle;
    struct feed_server *server;
    struct feed_session *session;
    struct follow *follow;
    char directory[64];
    char ca_file[128];
    char token_file[128];

    /* The server's end. */
    unsigned hellos;
    unsigned acknowledged;
    unsigned refused;
    struct buf have;
    struct buf last;

    /* The proxy's end. */
    const struct model_snapshot *served;
    unsigned applies;
    bool refuses;
    bool holds; /* `applied` does not come by itself */
    follow_applied_fn applied;
    void *applied_arg;
    struct model_digest result;
    struct loop_deferred deferred;
    unsigned done;
};

static void note(struct buf *buf, struct str text)
{
    buf_clear(buf);
    buf_append(buf, text);
}

static void on_hello(void *arg, struct feed_session *session, const struct feed_hello *hello)
{
    struct rig *rig = arg;
    rig->session = session;
    note(&rig->have, hello->have);
    feed_session_accept(session);
    rig->hellos++;
    loop_stop(rig->loop);
}

static void on_acknowledged(void *arg, struct feed_session *session, struct str result)
{
    struct rig *rig = arg;
    (void)session; /* the one we have */
    note(&rig->last, result);
    rig->acknowledged++;
    loop_stop(rig->loop);
}

static void on_refused(void *arg, struct feed_session *session, struct str result,
                       struct str resource, struct str reason)
{
    struct rig *rig = arg;
    (void)session; /* the one we have */
    (void)result;  /* of the one that was sent */
    buf_clear(&rig->last);
    buf_printf(&rig->last, "%.*s: %.*s", STR_ARG(resource), STR_ARG(reason));
    rig->refused++;
    loop_stop(rig->loop);
}

static void on_closed(void *arg, struct feed_session *session)
{
    struct rig *rig = arg;
    if (session == rig->session)
        rig->session = NULL;
}

static void applied_now(void *arg)
{
    struct rig *rig = arg;
    rig->applied(rig->applied_arg, &rig->result);
}

static enum err on_apply(void *arg, const struct model_transaction *transaction,
                         follow_applied_fn applied, void *applied_arg, struct err_info *reterr)
{
    struct rig *rig = arg;
    rig->applies++;
    if (rig->refuses) {
        enum err err = err_set(reterr, ERR_CONFLICT, "the port is in use");
        err_prefix(reterr, STR("listener l"));
        return err;
    }
    const struct model_snapshot *next = NULL;
    enum err err = model_transaction_apply(transaction, rig->served, &next, reterr);
    if (err != ERR_OK)
        return err;
    (void)model_snapshot_unref(rig->served); /* always NULL for the last */
    rig->served = next;
    rig->applied = applied;
    rig->applied_arg = applied_arg;
    rig->result = next->digest;
    if (rig->holds)
        loop_stop(rig->loop);
    else
        loop_defer(rig->loop, &rig->deferred);
    return ERR_OK;
}

static void on_connected(void *arg)
{
    (void)arg; /* nothing to do */
}

static void on_disconnected(void *arg, struct str reason)
{
    (void)arg;    /* nothing to do */
    (void)reason; /* whatever it was */
}

static void on_applied(void *arg, const struct model_digest *result)
{
    struct rig *rig = arg;
    assert_true(model_digest_equal(result, &rig->result));
    rig->done++;
    loop_stop(rig->loop);
}

static void on_refusal(void *arg, struct str resource, struct str reason)
{
    (void)arg;      /* the server hears of it */
    (void)resource; /* likewise */
    (void)reason;   /* likewise */
}

static void server_start(struct rig *rig)
{
    struct feed_server_options options = {
        .loop = rig->loop,
        .web = rig->web,
        .address = STR("127.0.0.1"),
        .certificates_pem = rig->bundle->certificates_pem,
        .key_pem = rig->bundle->key_pem,
        .events = {on_hello, on_acknowledged, on_refused, on_closed, rig},
    };
    assert_int_equal(feed_server_open(&options, &rig->server, NULL), ERR_OK);
}

static void follow_start(struct rig *rig)
{
    struct follow_options options = {
        .feed =
            {
                .loop = rig->loop,
                .web = rig->web,
                .host = STR("127.0.0.1"),
                .port = feed_server_port(rig->server),
                .server_name = STR("operator.test"),
                .ca_file = rig->ca_file,
                .token_file = rig->token_file,
            },
        .apply = on_apply,
        .events = {on_connected, on_disconnected, on_applied, on_refusal},
        .arg = rig,
    };
    rig->follow = follow_open(&options);
    turns_until(rig->loop, &rig->hellos, 1);
}

static void files_write(struct rig *rig)
{
    memcpy(rig->directory, "/tmp/otemon-follow.XXXXXX", 26);
    assert_non_null(mkdtemp(rig->directory));
    (void)snprintf(rig->ca_file, sizeof(rig->ca_file), "%s/ca.crt", rig->directory);
    (void)snprintf(rig->token_file, sizeof(rig->token_file), "%s/token", rig->directory);
    assert_int_equal(file_write(rig->ca_file, rig->bundle->certificates_pem, 0600, NULL), ERR_OK);
    assert_int_equal(file_write(rig->token_file, STR("token"), 0600, NULL), ERR_OK);
}

static int rig_start(void **state)
{
    struct rig *rig = MEM_NEW(struct rig);
    rig->bundle = self_signed_new(PKI_ECDSA, "operator.test");
    rig->loop = loop_new();
    loop_deferred_init(&rig->deferred, applied_now, rig);
    buf_init(&rig->have, 4096);
    buf_init(&rig->last, 4096);
    files_write(rig);
    rig->web = web_open(rig->loop);
    assert_int_equal(web_start(rig->web, NULL), ERR_OK);
    server_start(rig);
    follow_start(rig);
    *state = rig;
    return 0;
}

static int rig_end(void **state)
{
    struct rig *rig = *state;
    rig->follow = follow_close(rig->follow);
    rig->web = web_end(rig->web, rig->loop);
    rig->server = feed_server_free(rig->server);
    rig->loop = loop_free(rig->loop);
    rig->bundle = pki_bundle_free(rig->bundle);
    rig->served = model_snapshot_unref(rig->served);
    buf_deinit(&rig->have);
    buf_deinit(&rig->last);
    (void)unlink(rig->ca_file);
    (void)unlink(rig->token_file);
    (void)rmdir(rig->directory);
    mem_free(rig);
    return model_resources_alive() == 0 && model_snapshots_alive() == 0 ? 0 : -1;
}

/* A snapshot whose content is a port; 0: an empty one. */
static const struct model_snapshot *snapshot_of(uint16_t port)
{
    const struct model_endpoint endpoint = {.address = STR("127.0.0.1"), .port = port};
    const struct model_resource *set = model_endpoint_set_new(&(struct model_endpoint_set){
        .name = STR("s"), .endpoints = &endpoint, .endpoint_count = 1});
    const struct model_snapshot *snapshot = NULL;
    if (port == 0)
        (void)model_resource_unref(set); /* always NULL */
    assert_int_equal(model_snapshot_new(&set, port == 0 ? 0 : 1, &snapshot, NULL), ERR_OK);
    return snapshot;
}

static void send(struct rig *rig, uint16_t from, uint16_t to)
{
    const struct model_snapshot *base = from == UINT16_MAX ? NULL : snapshot_of(from);
    const struct model_snapshot *next = snapshot_of(to);
    struct model_transaction *transaction = model_transaction_new(base, next);
    struct buf text;
    buf_init(&text, 65536);
    model_transaction_print(transaction, &text);
    assert_int_equal(feed_session_send(rig->session, buf_str(&text)), ERR_OK);
    buf_deinit(&text);
    transaction = model_transaction_free(transaction);
    (void)model_snapshot_unref(base); /* always NULL */
    (void)model_snapshot_unref(next); /* likewise */
}

/* It says what it leads to, so that it can be refused. */
static void send_nothing_that_is_one(struct rig *rig)
{
    struct buf text;
    buf_init(&text, 256);
    buf_append(&text, STR("{\"result\":\""));
    model_digest_print(&(struct model_digest){{1}}, &text);
    buf_append(&text, STR("\"}"));
    assert_int_equal(feed_session_send(rig->session, buf_str(&text)), ERR_OK);
    buf_deinit(&text);
}

#define NOTHING UINT16_MAX

static void expect_serves(const struct rig *rig, uint16_t port)
{
    const struct model_snapshot *wanted = snapshot_of(port);
    assert_true(model_digest_equal(&rig->served->digest, &wanted->digest));
    (void)model_snapshot_unref(wanted); /* always NULL */
}

static void what_is_sent_is_applied_and_acknowledged(void **state)
{
    struct rig *rig = *state;
    assert_int_equal(rig->have.size, 0);
    assert_false(follow_has_applied(rig->follow));
    send(rig, NOTHING, 0);
    turns_until(rig->loop, &rig->acknowledged, 1);
    assert_true(follow_has_applied(rig->follow)); /* an empty one counts */
    send(rig, 0, 1);
    turns_until(rig->loop, &rig->acknowledged, 2);
    expect_serves(rig, 1);
    assert_int_equal(rig->done, 2);
    assert_true(follow_is_connected(rig->follow));
}

static void a_refusal_travels_back(void **state)
{
    struct rig *rig = *state;
    rig->refuses = true;
    send(rig, NOTHING, 1);
    turns_until(rig->loop, &rig->refused, 1);
    assert_true(str_equal(buf_str(&rig->last), STR("listener l: the port is in use")));
    assert_false(follow_has_applied(rig->follow));
    assert_int_equal(feed_session_send(rig->session, STR("{\"result\":\"00\"}")), ERR_OK);
    turns_until(rig->loop, &rig->hellos, 2); /* what says not even what it is, begins anew */
}

static void of_those_that_come_meanwhile_the_last_counts(void **state)
{
    struct rig *rig = *state;
    rig->holds = true;
    send(rig, NOTHING, 1);
    turns_until(rig->loop, &rig->applies, 1);
    rig->holds = false;
    send(rig, NOTHING, 2);
    send(rig, NOTHING, 3);
    send(rig, 1, 4);
    send_nothing_that_is_one(rig); /* comes last, and is answered at once */
    turns_until(rig->loop, &rig->refused, 1);
    applied_now(rig);
    turns_until(rig->loop, &rig->done, 2);
    assert_int_equal(rig->applies, 2);
    expect_serves(rig, 4);
}

static void one_that_starts_elsewhere_begins_anew(void **state)
{
    struct rig *rig = *state;
    send(rig, NOTHING, 1);
    turns_until(rig->loop, &rig->acknowledged, 1);
    send(rig, 7, 8);
    turns_until(rig->loop, &rig->hellos, 2);
    assert_int_equal(rig->refused, 0);
    assert_true(str_equal(buf_str(&rig->have), buf_str(&rig->last))); /* what it acknowledged */
    send(rig, NOTHING, 9);
    turns_until(rig->loop, &rig->acknowledged, 2);
    expect_serves(rig, 9);
}

/* It had said to have nothing: without a word the other end would believe that for ever. */
static void what_was_applied_meanwhile_is_said_anew(void **state)
{
    struct rig *rig = *state;
    rig->holds = true;
    send(rig, NOTHING, 1);
    turns_until(rig->loop, &rig->applies, 1);
    send(rig, NOTHING, 2); /* waits, and goes with its connection */
    feed_session_close(rig->session, STR("moving"));
    turns_until(rig->loop, &rig->hellos, 2);
    assert_int_equal(rig->have.size, 0);
    rig->holds = false;
    applied_now(rig);
    turns_until(rig->loop, &rig->hellos, 3);
    assert_int_equal(rig->have.size, MODEL_DIGEST_TEXT_SIZE);
    assert_int_equal(rig->applies, 1);
    assert_int_equal(rig->acknowledged, 0);
    expect_serves(rig, 1);
    send(rig, 1, 3); /* and goes on as ever */
    turns_until(rig->loop, &rig->acknowledged, 1);
    expect_serves(rig, 3);
}

static void what_was_served_stays_when_the_operator_goes(void **state)
{
    struct rig *rig = *state;
    send(rig, NOTHING, 1);
    turns_until(rig->loop, &rig->acknowledged, 1);
    feed_session_close(rig->session, STR("moving"));
    turns_until(rig->loop, &rig->hellos, 2);
    assert_int_equal(rig->have.size, MODEL_DIGEST_TEXT_SIZE);
    expect_serves(rig, 1);
    assert_true(follow_has_applied(rig->follow));
}

#define RIG_TEST(fn) cmocka_unit_test_setup_teardown(fn, rig_start, rig_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(what_is_sent_is_applied_and_acknowledged),
        RIG_TEST(a_refusal_travels_back),
        RIG_TEST(of_those_that_come_meanwhile_the_last_counts),
        RIG_TEST(one_that_starts_elsewhere_begins_anew),
        RIG_TEST(what_was_applied_meanwhile_is_said_anew),
        RIG_TEST(what_was_served_stays_when_the_operator_goes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
