/* Both halves on one loop. */
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
#include "core/feed/feed.h"
#include "core/json/json.h"
#include "core/loop/loop.h"
#include "core/pki/pki.h"
#include "core/web/web.h"

struct rig {
    struct loop *loop;
    struct web *web;
    struct feed_server *server;
    struct feed_client *client;
    struct pki_bundle *bundle;
    char directory[64];
    char ca_file[128];
    char token_file[128];
    bool refuses; /* what the server does with a hello */
    bool ignores; /* likewise */
    bool leaves;  /* the client closes when its connection ends */
    struct feed_session *session;
    unsigned hellos;
    unsigned acknowledged;
    unsigned refused;
    unsigned closed;
    unsigned connected;
    unsigned transactions;
    unsigned disconnected;
    struct buf token;
    struct buf have;
    struct buf last; /* result, reason of a refusal, or reason of a disconnection */
};

static void note(struct buf *buf, struct str text)
{
    buf_clear(buf);
    buf_append(buf, text);
}

static void on_hello(void *arg, struct feed_session *session, const struct feed_hello *hello)
{
    struct rig *rig = arg;
    rig->hellos++;
    rig->session = session;
    note(&rig->token, hello->token);
    note(&rig->have, hello->have);
    if (rig->refuses)
        feed_session_refuse(session, STR("no such pod"));
    else if (!rig->ignores)
        feed_session_accept(session);
    loop_stop(rig->loop);
}

static void on_acknowledged(void *arg, struct feed_session *session, struct str result)
{
    struct rig *rig = arg;
    assert_ptr_equal(session, rig->session);
    rig->acknowledged++;
    note(&rig->last, result);
    loop_stop(rig->loop);
}

static void on_refused(void *arg, struct feed_session *session, struct str result,
                       struct str resource, struct str reason)
{
    struct rig *rig = arg;
    assert_ptr_equal(session, rig->session);
    assert_true(str_equal(result, STR("aa")) && str_equal(resource, STR("listener l")));
    rig->refused++;
    note(&rig->last, reason);
    loop_stop(rig->loop);
}

static void on_closed(void *arg, struct feed_session *session)
{
    struct rig *rig = arg;
    if (session == rig->session)
        rig->session = NULL;
    rig->closed++;
    loop_stop(rig->loop);
}

static void on_connected(void *arg)
{
    struct rig *rig = arg;
    rig->connected++;
    loop_stop(rig->loop);
}

static void on_transaction(void *arg, const struct jv *transaction)
{
    struct rig *rig = arg;
    rig->transactions++;
    assert_true(str_equal(jv_text(jv_get(transaction, STR("x"))), STR("y")));
    loop_stop(rig->loop);
}

static void on_disconnected(void *arg, struct str reason)
{
    struct rig *rig = arg;
    rig->disconnected++;
    note(&rig->last, reason);
    if (rig->leaves)
        feed_client_close(TAKE(rig->client));
    loop_stop(rig->loop);
}

static void write_file(const char *path, struct str content)
{
    assert_int_equal(file_write(path, content, 0600, NULL), ERR_OK);
}

static int rig_start(void **state)
{
    struct rig *rig = MEM_NEW(struct rig);
    rig->loop = loop_new();
    buf_init(&rig->token, 4096);
    buf_init(&rig->have, 4096);
    buf_init(&rig->last, 4096);
    rig->bundle = self_signed_new(PKI_ECDSA, "operator.test");
    memcpy(rig->directory, "/tmp/otemon-feed.XXXXXX", 24);
    assert_non_null(mkdtemp(rig->directory));
    (void)snprintf(rig->ca_file, sizeof(rig->ca_file), "%s/ca.crt", rig->directory);
    (void)snprintf(rig->token_file, sizeof(rig->token_file), "%s/token", rig->directory);
    write_file(rig->ca_file, rig->bundle->certificates_pem);
    write_file(rig->token_file, STR("secret-token\n"));
    rig->web = web_open(rig->loop);
    assert_int_equal(web_start(rig->web, NULL), ERR_OK);
    struct feed_server_options options = {
        .loop = rig->loop,
        .web = rig->web,
        .address = STR("127.0.0.1"),
        .certificates_pem = rig->bundle->certificates_pem,
        .key_pem = rig->bundle->key_pem,
        .events = {on_hello, on_acknowledged, on_refused, on_closed, rig},
    };
    assert_int_equal(feed_server_open(&options, &rig->server, NULL), ERR_OK);
    *state = rig;
    return 0;
}

static void client_start_at(struct rig *rig, uint16_t port)
{
    struct feed_client_options options = {
        .loop = rig->loop,
        .web = rig->web,
        .host = STR("127.0.0.1"),
        .port = port,
        .server_name = STR("operator.test"),
        .ca_file = rig->ca_file,
        .token_file = rig->token_file,
        .events = {on_connected, on_transaction, on_disconnected, rig},
    };
    rig->client = feed_client_open(&options);
}

static void client_start(struct rig *rig)
{
    client_start_at(rig, feed_server_port(rig->server));
}

static int rig_end(void **state)
{
    struct rig *rig = *state;
    feed_client_close(TAKE(rig->client));
    rig->web = web_end(rig->web, rig->loop);
    rig->server = feed_server_free(rig->server);
    rig->loop = loop_free(rig->loop);
    rig->bundle = pki_bundle_free(rig->bundle);
    buf_deinit(&rig->token);
    buf_deinit(&rig->have);
    buf_deinit(&rig->last);
    (void)unlink(rig->ca_file);
    (void)unlink(rig->token_file);
    (void)rmdir(rig->directory);
    mem_free(rig);
    return 0;
}

static void transactions_and_answers_go_their_way(void **state)
{
    struct rig *rig = *state;
    client_start(rig);
    feed_client_set_have(rig->client, STR("00"));
    turns_until(rig->loop, &rig->connected, 1);
    assert_true(str_equal(buf_str(&rig->token), STR("secret-token")));
    assert_true(str_equal(buf_str(&rig->have), STR("00")));
    assert_int_equal(feed_server_sessions(rig->server), 1);
    assert_int_equal(feed_session_send(rig->session, STR("{\"x\":\"y\"}")), ERR_OK);
    turns_until(rig->loop, &rig->transactions, 1);
    feed_client_acknowledge(rig->client, STR("aa"));
    turns_until(rig->loop, &rig->acknowledged, 1);
    assert_true(str_equal(buf_str(&rig->last), STR("aa")));
    assert_int_equal(feed_session_send(rig->session, STR("{\"x\":\"y\"}")), ERR_OK);
    turns_until(rig->loop, &rig->transactions, 2);
    feed_client_refuse(rig->client, STR("aa"), STR("listener l"), STR("in use"));
    turns_until(rig->loop, &rig->refused, 1);
    assert_true(str_equal(buf_str(&rig->last), STR("in use")));
}

static void who_is_refused_gets_nothing_and_the_reason(void **state)
{
    struct rig *rig = *state;
    rig->refuses = true;
    client_start(rig);
    turns_until(rig->loop, &rig->disconnected, 1);
    assert_true(str_equal(buf_str(&rig->last), STR("no such pod (1008)")));
    assert_int_equal(rig->connected, 0);
    turns_until(rig->loop, &rig->closed, 1);
    turns_until(rig->loop, &rig->hellos, 2); /* and tries again */
}

static void a_connection_that_ends_is_made_anew_with_what_it_has(void **state)
{
    struct rig *rig = *state;
    client_start(rig);
    turns_until(rig->loop, &rig->connected, 1);
    feed_client_set_have(rig->client, STR("11"));
    write_file(rig->token_file, STR("rotated"));
    feed_session_close(rig->session, STR("moving"));
    turns_until(rig->loop, &rig->disconnected, 1);
    feed_client_acknowledge(rig->client, STR("lost")); /* nobody hears it */
    turns_until(rig->loop, &rig->connected, 2);
    assert_true(str_equal(buf_str(&rig->token), STR("rotated")));
    assert_true(str_equal(buf_str(&rig->have), STR("11")));
    assert_int_equal(rig->acknowledged, 0);
}

static void it_may_be_closed_when_its_connection_ends(void **state)
{
    struct rig *rig = *state;
    rig->leaves = true;
    client_start(rig);
    turns_until(rig->loop, &rig->connected, 1);
    feed_session_close(rig->session, STR("moving"));
    turns_until(rig->loop, &rig->disconnected, 1);
    assert_null(rig->client);
    (void)unlink(rig->ca_file);
    client_start(rig); /* this one cannot even begin */
    turns_until(rig->loop, &rig->disconnected, 2);
    assert_null(rig->client);
}

/* Being accepted is no success when nothing comes of it. */
static void a_connection_that_does_not_last_counts_as_a_failure(void **state)
{
    struct rig *rig = *state;
    client_start(rig);
    uint64_t start = loop_now_ms(rig->loop);
    for (unsigned i = 1; i <= 3; i++) {
        turns_until(rig->loop, &rig->connected, i);
        feed_session_close(rig->session, STR("too large"));
        turns_until(rig->loop, &rig->disconnected, i);
    }
    turns_until(rig->loop, &rig->connected, 4);
    assert_true(loop_now_ms(rig->loop) - start >= (1 + 2 + 4) * FEED_PAUSE_MS / 2);
}

static void authorities_are_read_anew(void **state)
{
    struct rig *rig = *state;
    struct pki_bundle *other = self_signed_new(PKI_ECDSA, "operator.test");
    write_file(rig->ca_file, other->certificates_pem);
    client_start(rig);
    turns_until(rig->loop, &rig->disconnected, 1);
    assert_int_equal(rig->hellos, 0); /* the token went to nobody */
    write_file(rig->ca_file, rig->bundle->certificates_pem);
    turns_until(rig->loop, &rig->connected, 1);
    other = pki_bundle_free(other);
}

static void missing_files_are_said_and_waited_for(void **state)
{
    struct rig *rig = *state;
    (void)unlink(rig->ca_file);
    client_start(rig);
    turns_until(rig->loop, &rig->disconnected, 1);
    buf_append_char(&rig->last, '\0');
    assert_non_null(strstr(rig->last.data, "/ca.crt does not exist"));
    (void)unlink(rig->token_file);
    write_file(rig->ca_file, rig->bundle->certificates_pem);
    turns_until(rig->loop, &rig->disconnected, 2);
    assert_int_equal(rig->hellos, 0);
    write_file(rig->token_file, STR("t"));
    turns_until(rig->loop, &rig->connected, 1);
}

/* A client that breaks the rules, on a bare socket. */
struct rogue {
    struct rig *rig;
    struct web_socket *socket;
    unsigned opened;
    unsigned closed;
    uint16_t code;
};

static void rogue_opened(void *arg, struct web_socket *socket)
{
    struct rogue *rogue = arg;
    rogue->socket = socket;
    rogue->opened++;
    loop_stop(rogue->rig->loop);
}

static void rogue_message(void *arg, struct web_socket *socket, struct str text)
{
    (void)arg; /* it does not listen */
    (void)socket;
    (void)text;
}

static void rogue_closed(void *arg, struct web_socket *socket, uint16_t code, struct str reason)
{
    struct rogue *rogue = arg;
    (void)socket; /* the one we had */
    (void)reason; /* the code says it */
    rogue->closed++;
    rogue->code = code;
    loop_stop(rogue->rig->loop);
}

static void rogue_connect(struct rogue *rogue)
{
    struct rig *rig = rogue->rig;
    struct web_socket_options options = {
        .host = STR("127.0.0.1"),
        .port = feed_server_port(rig->server),
        .server_name = STR("operator.test"),
        .path = FEED_PATH,
        .ca_pem = rig->bundle->certificates_pem,
        .limits = {4096, 65536 * 2},
        .events = {rogue_opened, rogue_message, rogue_closed, rogue},
    };
    assert_int_equal(web_socket_connect(rig->web, &options, &rogue->socket, NULL), ERR_OK);
    turns_until(rig->loop, &rogue->opened, 1);
}

static void expect_thrown_out(struct rig *rig, const char *const *texts, size_t count)
{
    struct rogue rogue = {.rig = rig};
    rogue_connect(&rogue);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(web_socket_send(rogue.socket, str_of(texts[i])), ERR_OK);
    turns_until(rig->loop, &rogue.closed, 1);
    assert_int_equal(rogue.code, WEB_SOCKET_POLICY);
}

#define HELLO "{\"have\":\"\",\"token\":\"t\",\"type\":\"hello\",\"version\":1}"

static void who_breaks_the_rules_is_thrown_out(void **state)
{
    struct rig *rig = *state;
    static const char *const garbage[] = {"{"};
    static const char *const early[] = {"{\"type\":\"acknowledge\",\"result\":\"aa\"}"};
    static const char *const wrong[] = {"{\"type\":\"welcome\"}"};
    static const char *const twice[] = {HELLO, HELLO};
    expect_thrown_out(rig, garbage, 1);
    expect_thrown_out(rig, early, 1);
    expect_thrown_out(rig, wrong, 1);
    expect_thrown_out(rig, twice, 2);
    assert_int_equal(rig->acknowledged, 0);
}

#define ACKNOWLEDGE "{\"result\":\"aa\",\"type\":\"acknowledge\"}"

/* An answer for each transaction, however fast they come, and not one more. */
static void who_answers_what_was_not_asked_is_thrown_out(void **state)
{
    struct rig *rig = *state;
    enum { COUNT = 300 };
    static const char *const unasked[] = {HELLO, ACKNOWLEDGE};
    expect_thrown_out(rig, unasked, ARRAY_SIZE(unasked));
    assert_int_equal(rig->acknowledged, 0);
    struct rogue rogue = {.rig = rig};
    rogue_connect(&rogue);
    assert_int_equal(web_socket_send(rogue.socket, STR(HELLO)), ERR_OK);
    turns_until(rig->loop, &rig->hellos, 2);
    for (unsigned i = 0; i < COUNT; i++) {
        assert_int_equal(feed_session_send(rig->session, STR("{}")), ERR_OK);
        assert_int_equal(web_socket_send(rogue.socket, STR(ACKNOWLEDGE)), ERR_OK);
    }
    turns_until(rig->loop, &rig->acknowledged, COUNT);
    assert_int_equal(rogue.closed, 0);
    assert_int_equal(web_socket_send(rogue.socket, STR(ACKNOWLEDGE)), ERR_OK);
    turns_until(rig->loop, &rogue.closed, 1);
    assert_int_equal(rogue.code, WEB_SOCKET_POLICY);
    assert_int_equal(rig->acknowledged, COUNT);
}

static void who_says_too_much_at_once_is_thrown_out(void **state)
{
    struct rig *rig = *state;
    struct rogue rogue = {.rig = rig};
    char *text = mem_zero(1, FEED_UP_SIZE_MAX + 1);
    rogue_connect(&rogue);
    assert_int_equal(web_socket_send(rogue.socket, str_make(text, FEED_UP_SIZE_MAX + 1)), ERR_OK);
    turns_until(rig->loop, &rogue.closed, 1);
    assert_int_equal(rogue.code, WEB_SOCKET_TOO_LARGE);
    mem_free(text);
}

static void a_token_has_a_bound(void **state)
{
    struct rig *rig = *state;
    static char token[FEED_TOKEN_SIZE_MAX + 2];
    struct buf text CLEANUP(buf_deinit);
    memset(token, 't', sizeof(token) - 1);
    buf_init(&text, FEED_UP_SIZE_MAX);
    buf_printf(&text, "{\"have\":\"\",\"token\":\"%s\",\"type\":\"hello\",\"version\":1}", token);
    buf_append_char(&text, '\0');
    const char *const texts[] = {text.data};
    expect_thrown_out(rig, texts, 1);
    assert_int_equal(rig->hellos, 0);
}

/* A server that breaks the rules, on a bare socket. */
struct rogue_server {
    struct rig *rig;
    const char *text; /* what it says */
    unsigned closed;
    uint16_t code;
};

static void rogue_server_opened(void *arg, struct web_socket *socket)
{
    struct rogue_server *rogue = arg;
    assert_int_equal(web_socket_send(socket, str_of(rogue->text)), ERR_OK);
}

static void rogue_server_closed(void *arg, struct web_socket *socket, uint16_t code,
                                struct str reason)
{
    struct rogue_server *rogue = arg;
    (void)socket; /* whichever */
    (void)reason; /* the code says it */
    rogue->closed++;
    rogue->code = code;
    loop_stop(rogue->rig->loop);
}

static void a_server_that_breaks_the_rules_is_left(void **state)
{
    struct rig *rig = *state;
    static const char *const texts[] = {
        "{", HELLO, ACKNOWLEDGE,
        "{\"transaction\":{\"x\":\"y\"},\"type\":\"transaction\"}", /* before a welcome */
    };
    struct rogue_server rogue = {.rig = rig};
    struct web_sockets *sockets = NULL;
    struct web_sockets_options options = {
        .address = STR("127.0.0.1"),
        .path = FEED_PATH,
        .sockets_max = 4,
        .limits = {FEED_UP_SIZE_MAX, 4096},
        .events = {rogue_server_opened, rogue_message, rogue_server_closed, &rogue},
        .certificates_pem = rig->bundle->certificates_pem,
        .key_pem = rig->bundle->key_pem,
    };
    assert_int_equal(web_sockets_open(rig->web, &options, &sockets, NULL), ERR_OK);
    for (unsigned i = 0; i < ARRAY_SIZE(texts); i++) {
        rogue.text = texts[i];
        client_start_at(rig, web_sockets_port(sockets));
        turns_until(rig->loop, &rogue.closed, i + 1);
        assert_int_equal(rogue.code, WEB_SOCKET_POLICY);
        turns_until(rig->loop, &rig->disconnected, i + 1);
        feed_client_close(TAKE(rig->client));
    }
    assert_int_equal(rig->connected + rig->transactions, 0);
}

/* The token itself may be at fault, and is reviewed each time. */
static void who_is_refused_comes_back_less_and_less_often(void **state)
{
    struct rig *rig = *state;
    rig->refuses = true;
    client_start(rig);
    uint64_t start = loop_now_ms(rig->loop);
    turns_until(rig->loop, &rig->hellos, 4);
    assert_true(loop_now_ms(rig->loop) - start >= (1 + 2 + 4) * FEED_PAUSE_MS / 2);
}

/* Neither who only connects keeps others out, nor who is never reviewed holds more than a place. */
static void who_waits_to_be_accepted_is_bounded(void **state)
{
    struct rig *rig = *state;
    static struct rogue silent[FEED_PENDING_MAX];
    static struct rogue talking[FEED_PENDING_MAX];
    for (size_t i = 0; i < FEED_PENDING_MAX; i++) {
        silent[i] = (struct rogue){.rig = rig};
        rogue_connect(&silent[i]);
    }
    client_start(rig);
    turns_until(rig->loop, &rig->connected, 1);
    turns_until(rig->loop, &silent[0].closed, 1);
    assert_int_equal(silent[0].code, WEB_SOCKET_POLICY);
    assert_int_equal(silent[1].closed, 0);
    rig->ignores = true;
    for (unsigned i = 0; i < FEED_PENDING_MAX; i++) {
        talking[i] = (struct rogue){.rig = rig};
        rogue_connect(&talking[i]);
        assert_int_equal(web_socket_send(talking[i].socket, STR(HELLO)), ERR_OK);
        turns_until(rig->loop, &rig->hellos, 2 + i);
    }
    struct rogue late = {.rig = rig};
    rogue_connect(&late);
    turns_until(rig->loop, &late.closed, 1);
    assert_int_equal(late.code, WEB_SOCKET_POLICY);
    assert_int_equal(talking[0].closed, 0);
}

#define RIG_TEST(fn) cmocka_unit_test_setup_teardown(fn, rig_start, rig_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(transactions_and_answers_go_their_way),
        RIG_TEST(who_is_refused_gets_nothing_and_the_reason),
        RIG_TEST(a_connection_that_ends_is_made_anew_with_what_it_has),
        RIG_TEST(it_may_be_closed_when_its_connection_ends),
        RIG_TEST(a_connection_that_does_not_last_counts_as_a_failure),
        RIG_TEST(authorities_are_read_anew),
        RIG_TEST(missing_files_are_said_and_waited_for),
        RIG_TEST(who_breaks_the_rules_is_thrown_out),
        RIG_TEST(who_answers_what_was_not_asked_is_thrown_out),
        RIG_TEST(who_says_too_much_at_once_is_thrown_out),
        RIG_TEST(a_token_has_a_bound),
        RIG_TEST(a_server_that_breaks_the_rules_is_left),
        RIG_TEST(who_is_refused_comes_back_less_and_less_often),
        RIG_TEST(who_waits_to_be_accepted_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
