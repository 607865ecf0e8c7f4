#include <limits.h>
#include <malloc.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../dns_server.h"
#include "../../self_signed.h"
#include "../../turns.h"
#include "../../web_end.h"
#include "client.h"
#include "core/base/base64.h"
#include "core/base/mem.h"
#include "core/dns/dns.h"
#include "core/loop/loop.h"
#include "core/pki/pki.h"
#include "core/web/internal.h"
#include "core/web/web.h"
#include "scarcity.h"

#define MESSAGE_MAX ((size_t)2 * 1024 * 1024)
#define QUEUE_MAX   ((size_t)4 * 1024 * 1024)

/* One end, and what it has heard. */
struct end {
    struct rig *rig;
    struct web_socket *socket; /* the last that was opened or connected */
    unsigned opened;
    unsigned messages;
    unsigned closed;
    struct buf last;
    uint16_t code;
    struct buf reason;
    bool echoes;
};

struct rig {
    struct loop *loop;
    struct web *web;
    struct web_server *http;
    struct web_sockets *sockets;
    struct pki_bundle *bundle; /* a certificate that is its own authority */
    struct end server;
    struct end client;
};

static void on_opened(void *arg, struct web_socket *socket)
{
    struct end *end = arg;
    end->socket = socket;
    end->opened++;
    loop_stop(end->rig->loop);
}

static void on_message(void *arg, struct web_socket *socket, struct str text)
{
    struct end *end = arg;
    end->messages++;
    buf_clear(&end->last);
    buf_append(&end->last, text);
    if (end->echoes)
        assert_int_equal(web_socket_send(socket, text), ERR_OK);
    loop_stop(end->rig->loop);
}

static void on_closed(void *arg, struct web_socket *socket, uint16_t code, struct str reason)
{
    struct end *end = arg;
    assert_int_equal(web_socket_send(socket, STR("late")), ERR_CLOSED);
    if (end->socket == socket)
        end->socket = NULL;
    end->closed++;
    end->code = code;
    buf_clear(&end->reason);
    buf_append(&end->reason, reason);
    loop_stop(end->rig->loop);
}

static struct web_socket_events events_of(struct end *end)
{
    return (struct web_socket_events){on_opened, on_message, on_closed, end};
}

static void end_init(struct rig *rig, struct end *end)
{
    *end = (struct end){.rig = rig};
    buf_init(&end->last, MESSAGE_MAX);
    buf_init(&end->reason, 1024);
}

static void hello(const struct web_request *request, struct web_response *response, void *arg)
{
    (void)arg;     /* none */
    (void)request; /* whatever it is */
    buf_append(&response->body, STR("hello\n"));
}

static const struct web_handler handlers[] = {{"/hello", hello, NULL}};

static void web_start_anew(struct rig *rig)
{
    struct err_info why = {0};
    struct web_server_options http = {
        .address = STR("127.0.0.1"), .handlers = handlers, .handler_count = ARRAY_SIZE(handlers)};
    rig->web = web_open(rig->loop);
    assert_int_equal(web_server_open(rig->web, &http, &rig->http, &why), ERR_OK);
    assert_int_equal(web_start(rig->web, &why), ERR_OK);
    struct web_sockets_options options = {
        .address = STR("127.0.0.1"),
        .path = "/v1/feed",
        .sockets_max = 2,
        .limits = {.message_size_max = MESSAGE_MAX, .queue_size_max = QUEUE_MAX},
        .events = events_of(&rig->server),
        .certificates_pem = rig->bundle->certificates_pem,
        .key_pem = rig->bundle->key_pem,
    };
    if (web_sockets_open(rig->web, &options, &rig->sockets, &why) != ERR_OK)
        fail_msg("%s", why.message);
}

static int rig_start(void **state)
{
    struct rig *rig = MEM_NEW(struct rig);
    rig->loop = loop_new();
    rig->bundle = self_signed_new(PKI_ECDSA, "operator.test");
    end_init(rig, &rig->server);
    end_init(rig, &rig->client);
    web_start_anew(rig);
    *state = rig;
    return 0;
}

static void end_deinit(struct end *end)
{
    buf_deinit(&end->last);
    buf_deinit(&end->reason);
}

static int rig_end(void **state)
{
    struct rig *rig = *state;
    rig->web = web_end(rig->web, rig->loop);
    rig->loop = loop_free(rig->loop);
    rig->bundle = pki_bundle_free(rig->bundle);
    end_deinit(&rig->server);
    end_deinit(&rig->client);
    mem_free(rig);
    return 0;
}

static struct web_socket_options client_options(struct rig *rig)
{
    return (struct web_socket_options){
        .host = STR("127.0.0.1"),
        .port = web_sockets_port(rig->sockets),
        .server_name = STR("operator.test"),
        .path = "/v1/feed",
        .ca_pem = rig->bundle->certificates_pem,
        .limits = {.message_size_max = MESSAGE_MAX, .queue_size_max = QUEUE_MAX},
        .events = events_of(&rig->client),
    };
}

static struct web_socket *connect_with(struct rig *rig, const struct web_socket_options *options)
{
    struct web_socket *socket = NULL;
    struct err_info why = {0};
    unsigned closed = rig->client.closed;
    if (web_socket_connect(rig->web, options, &socket, &why) != ERR_OK)
        fail_msg("%s", why.message);
    assert_int_equal(rig->client.closed, closed); /* never before this returns */
    return socket;
}

static void connect_both(struct rig *rig)
{
    struct web_socket_options options = client_options(rig);
    (void)connect_with(rig, &options); /* `opened` brings it */
    turns_until(rig->loop, &rig->client.opened, rig->client.opened + 1);
    turns_until(rig->loop, &rig->server.opened, rig->client.opened);
}

static void messages_go_both_ways(void **state)
{
    struct rig *rig = *state;
    connect_both(rig);
    rig->server.echoes = true;
    static const size_t sizes[] = {0, 1, 125, 126, 65535, 65536, 65537, 1024 * 1024};
    char *text = mem_alloc(MESSAGE_MAX);
    for (size_t i = 0; i < MESSAGE_MAX; i++)
        text[i] = (char)('a' + i % 23);
    for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
        struct str message = str_make(text, sizes[i]);
        assert_int_equal(web_socket_send(rig->client.socket, message), ERR_OK);
        turns_until(rig->loop, &rig->client.messages, i + 1);
        assert_true(str_equal(buf_str(&rig->client.last), message));
    }
    mem_free(text);
}

static void what_is_sent_before_it_opens_waits(void **state)
{
    struct rig *rig = *state;
    struct web_socket_options options = client_options(rig);
    struct web_socket *socket = connect_with(rig, &options);
    assert_int_equal(web_socket_send(socket, STR("one")), ERR_OK);
    assert_int_equal(web_socket_send(socket, STR("two")), ERR_OK);
    turns_until(rig->loop, &rig->server.messages, 2);
    assert_true(str_equal(buf_str(&rig->server.last), STR("two")));
}

static void a_close_carries_code_and_reason(void **state)
{
    struct rig *rig = *state;
    connect_both(rig);
    assert_int_equal(web_socket_send(rig->server.socket, STR("bye")), ERR_OK);
    web_socket_close(rig->server.socket, WEB_SOCKET_POLICY, STR("no such pod"));
    web_socket_close(rig->server.socket, WEB_SOCKET_NORMAL, STR("a second one is none"));
    assert_int_equal(web_socket_send(rig->server.socket, STR("late")), ERR_CLOSED);
    turns_until(rig->loop, &rig->client.closed, 1);
    assert_int_equal(rig->client.messages, 1); /* what waited came first */
    assert_int_equal(rig->client.code, WEB_SOCKET_POLICY);
    assert_true(str_equal(buf_str(&rig->client.reason), STR("no such pod")));
    turns_until(rig->loop, &rig->server.closed, 1);
    assert_int_equal(rig->server.code, WEB_SOCKET_POLICY);
}

static void expect_not_connected(struct rig *rig, const struct web_socket_options *options)
{
    (void)connect_with(rig, options); /* it ends by itself */
    turns_until(rig->loop, &rig->client.closed, 1);
    assert_int_equal(rig->client.opened, 0);
    assert_int_equal(rig->client.code, WEB_SOCKET_ABNORMAL);
    assert_true(rig->client.reason.size > 0);
}

static void another_authority_is_not_trusted(void **state)
{
    struct rig *rig = *state;
    struct pki_bundle *other = self_signed_new(PKI_ECDSA, "operator.test");
    struct web_socket_options options = client_options(rig);
    options.ca_pem = other->certificates_pem;
    expect_not_connected(rig, &options);
    assert_int_equal(rig->server.opened, 0);
    other = pki_bundle_free(other);
}

static void another_name_is_not_trusted(void **state)
{
    struct rig *rig = *state;
    struct web_socket_options options = client_options(rig);
    options.server_name = STR("other.test");
    expect_not_connected(rig, &options);
    assert_int_equal(rig->server.opened, 0);
}

/* A server whose queue is full: the kernel drops what else would connect, as a network does whose
 * other end is gone. */
static uint16_t deaf_open(int fds[3])
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    for (size_t i = 0; i < 3; i++) {
        fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | (i == 2 ? SOCK_NONBLOCK : 0), 0);
        assert_true(fds[i] >= 0);
    }
    assert_int_equal(bind(fds[0], (const struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(fds[0], 0), 0);
    assert_int_equal(getsockname(fds[0], (struct sockaddr *)&address, &size), 0);
    for (size_t i = 1; i < 3; i++) /* the second may wait already */
        (void)connect(fds[i], (const struct sockaddr *)&address, size);
    return ntohs(address.sin_port);
}

static void nobody_answers(void **state)
{
    struct rig *rig = *state;
    struct web_socket_options options = client_options(rig);
    int fds[3];
    options.port = deaf_open(fds);
    expect_not_connected(rig, &options);
    (void)connect_with(rig, &options);
    turns_until(rig->loop, &rig->client.closed, 2);
    for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
        assert_int_equal(close(fds[i]), 0);
}

static void another_path_is_refused(void **state)
{
    struct rig *rig = *state;
    struct web_socket_options options = client_options(rig);
    options.path = "/v2/feed";
    expect_not_connected(rig, &options);
    assert_int_equal(rig->server.opened, 0);
}

/* It would be read no more, so that nobody saw its end. */
static void a_request_without_an_upgrade_holds_no_place(void **state)
{
    struct rig *rig = *state;
    struct web_socket_options options = client_options(rig);
    options.path = "/v1/feed HTTP/1.1\r\nHost: operator.test\r\n\r\n"; /* the rest is ignored */
    uint64_t start = loop_now_ms(rig->loop);
    for (unsigned i = 1; i <= 4; i++) {
        (void)connect_with(rig, &options); /* it ends by itself */
        turns_until(rig->loop, &rig->client.closed, i);
    }
    connect_both(rig);
    assert_true(loop_now_ms(rig->loop) - start < 2000);
    assert_int_equal(rig->server.opened, 1);
}

/* A TLS 1.2 ClientHello that offers "h2" and "http/1.1": up to 1.2 the answer can be read. */
static const char client_hello[] =
    "\x16\x03\x01\x00\x60\x01\x00\x00\x5c\x03\x03rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr\x00"
    "\x00\x02\xc0\x2b\x01\x00\x00\x31"           /* ECDHE-ECDSA-AES128-GCM; extensions: */
    "\x00\x0a\x00\x04\x00\x02\x00\x17"           /* P-256 */
    "\x00\x0b\x00\x02\x01\x00"                   /* its points uncompressed */
    "\x00\x0d\x00\x04\x00\x02\x04\x03"           /* ECDSA with SHA-256 */
    "\x00\x10\x00\x0e\x00\x0c\x02h2\x08http/1.1" /* ALPN */
    "\x00\x17\x00\x00\xff\x01\x00\x01\x00";      /* and two that are usual */

/* A connection of HTTP/2 would carry any number of sockets, all counted as one. */
static void http_2_is_not_spoken(void **state)
{
    struct rig *rig = *state;
    struct client client;
    client_open(&client, rig->loop, web_sockets_port(rig->sockets));
    size_t size = sizeof(client_hello) - 1;
    assert_int_equal(write(client.fd, client_hello, size), size);
    struct str answer = client_ask(&client, "", "\x08http/1.1");
    assert_non_null(memmem(answer.data, answer.size, "\x08http/1.1", 9));
    client_close(&client);
}

static void nobody_listens(void **state)
{
    struct rig *rig = *state;
    struct web_socket_options options = client_options(rig);
    options.port = 1;
    expect_not_connected(rig, &options);
}

/* A name server on the loop, for a web that has not asked for a name yet. */
static void name_server_open(struct rig *rig, struct dns_server *server)
{
    dns_server_open(server, rig->loop);
    struct dns_options options = {.loop = rig->loop, .server = str_of(server->text)};
    assert_int_equal(dns_new(&options, &rig->web->dns, NULL), ERR_OK);
}

/* Of which some may lead nowhere: nobody listens at the first. */
static void each_address_of_a_name_is_tried(void **state)
{
    struct rig *rig = *state;
    struct web_socket_options options = client_options(rig);
    struct dns_server server;
    name_server_open(rig, &server);
    dns_server_set(&server,
                   (struct dns_server_name){.name = "a.test", .ipv4 = "127.0.0.1 127.0.0.0"});
    options.host = STR("a.test.");
    (void)connect_with(rig, &options); /* `opened` brings it */
    turns_until(rig->loop, &rig->client.opened, 1);
    assert_int_equal(rig->client.closed, 0);
    web_socket_close(rig->client.socket, WEB_SOCKET_NORMAL, STR_EMPTY);
    turns_until(rig->loop, &rig->client.closed, 1);
    options.port = 1;
    (void)connect_with(rig, &options); /* it ends by itself */
    turns_until(rig->loop, &rig->client.closed, 2);
    assert_int_equal(rig->client.opened, 1);
    assert_int_equal(rig->client.code, WEB_SOCKET_ABNORMAL);
    assert_true(rig->client.reason.size > 0);
    dns_server_close(&server);
}

static void a_name_without_addresses_is_said(void **state)
{
    struct rig *rig = *state;
    struct web_socket_options options = client_options(rig);
    char name[70]; /* longer than a label may be: no name server is asked */
    memset(name, 'x', sizeof(name));
    options.host = str_make(name, sizeof(name));
    expect_not_connected(rig, &options);
    assert_true(str_starts_with(buf_str(&rig->client.reason), STR("xxx")));
    assert_true(str_ends_with(buf_str(&rig->client.reason), STR(": it is not a name that DNS "
                                                                "knows")));
}

static void one_that_waits_for_addresses_may_be_closed(void **state)
{
    struct rig *rig = *state;
    struct web_socket_options options = client_options(rig);
    struct dns_server server;
    name_server_open(rig, &server);
    dns_server_set(&server, (struct dns_server_name){.name = "a.test", .is_silent = true});
    options.host = STR("a.test.");
    struct web_socket *socket = connect_with(rig, &options);
    web_socket_close(socket, WEB_SOCKET_NORMAL, STR("changed my mind"));
    turns_until(rig->loop, &rig->client.closed, 1);
    assert_int_equal(rig->client.opened, 0);
    assert_int_equal(rig->client.code, WEB_SOCKET_NORMAL);
    (void)connect_with(rig, &options); /* and ends with the web */
    turns_now(rig->loop);
    rig->web = web_end(rig->web, rig->loop);
    assert_int_equal(rig->client.closed, 2);
    dns_server_close(&server);
    rig->web = web_open(rig->loop); /* for the end of the rig */
}

static void no_authority_at_all_is_an_error(void **state)
{
    struct rig *rig = *state;
    struct web_socket_options options = client_options(rig);
    options.ca_pem = STR("nothing");
    struct web_socket *socket = NULL;
    struct err_info why = {0};
    assert_int_equal(web_socket_connect(rig->web, &options, &socket, &why), ERR_INVALID);
    assert_string_equal(why.message, "the text holds no certificate");
}

static void a_message_that_is_too_large_closes(void **state)
{
    struct rig *rig = *state;
    struct web_socket_options options = client_options(rig);
    options.limits.message_size_max = 1000;
    (void)connect_with(rig, &options); /* `opened` brings it */
    turns_until(rig->loop, &rig->server.opened, 1);
    char text[1001];
    memset(text, 'x', sizeof(text));
    assert_int_equal(web_socket_send(rig->server.socket, str_make(text, 1000)), ERR_OK);
    turns_until(rig->loop, &rig->client.messages, 1);
    assert_int_equal(web_socket_send(rig->server.socket, str_make(text, 1001)), ERR_OK);
    turns_until(rig->loop, &rig->server.closed, 1);
    assert_int_equal(rig->server.code, WEB_SOCKET_TOO_LARGE);
    turns_until(rig->loop, &rig->client.closed, 1);
    assert_int_equal(rig->client.code, WEB_SOCKET_TOO_LARGE);
    assert_int_equal(rig->client.messages, 1);
}

static void the_queue_has_a_bound(void **state)
{
    struct rig *rig = *state;
    connect_both(rig);
    char *text = mem_zero(1, MESSAGE_MAX);
    for (size_t sent = 0; sent < QUEUE_MAX; sent += MESSAGE_MAX)
        assert_int_equal(web_socket_send(rig->client.socket, str_make(text, MESSAGE_MAX)), ERR_OK);
    assert_int_equal(web_socket_send(rig->client.socket, STR("x")), ERR_LIMIT);
    turns_until(rig->loop, &rig->server.messages, 1);
    assert_int_equal(web_socket_send(rig->client.socket, STR("x")), ERR_OK);
    turns_until(rig->loop, &rig->server.messages, 3);
    mem_free(text);
}

/* The rig has another certificate, and its clients trust no other. */
static void identity_renew(struct rig *rig)
{
    struct err_info why = {0};
    rig->bundle = pki_bundle_free(rig->bundle);
    rig->bundle = self_signed_new(PKI_ECDSA, "operator.test");
    assert_int_equal(web_sockets_identity(rig->sockets, rig->bundle->certificates_pem,
                                          rig->bundle->key_pem, &why),
                     ERR_OK);
}

static void the_queue_has_a_bound_for_small_messages(void **state)
{
    struct rig *rig = *state;
    connect_both(rig);
    for (unsigned i = 0; i < WEB_SOCKET_QUEUE_MAX; i++)
        assert_int_equal(web_socket_send(rig->client.socket, STR_EMPTY), ERR_OK);
    assert_int_equal(web_socket_send(rig->client.socket, STR_EMPTY), ERR_LIMIT);
    turns_until(rig->loop, &rig->server.messages, WEB_SOCKET_QUEUE_MAX);
    assert_int_equal(web_socket_send(rig->client.socket, STR_EMPTY), ERR_OK);
    turns_until(rig->loop, &rig->server.messages, WEB_SOCKET_QUEUE_MAX + 1);
}

static void a_new_identity_is_for_new_connections(void **state)
{
    struct rig *rig = *state;
    struct err_info why = {0};
    connect_both(rig);
    struct web_socket *old = rig->client.socket;
    for (unsigned i = 0; i < 2; i++) {
        identity_renew(rig);
        assert_int_equal(web_sockets_identity(rig->sockets, STR("x"), STR("y"), &why), ERR_INVALID);
        assert_int_equal(
            web_sockets_identity(rig->sockets, rig->bundle->certificates_pem, STR("y"), &why),
            ERR_INVALID);
        connect_both(rig);
        web_socket_close(rig->client.socket, WEB_SOCKET_NORMAL, STR_EMPTY);
        turns_until(rig->loop, &rig->client.closed, i + 1);
        turns_until(rig->loop, &rig->server.closed, i + 1);
    }
    rig->server.echoes = true;
    assert_int_equal(web_socket_send(old, STR("still here")), ERR_OK);
    turns_until(rig->loop, &rig->client.messages, 1);
}

/* Up to TLS 1.2 certificates can be read. */
static bool presents(struct str bytes, struct str certificate_pem)
{
    struct arena *arena CLEANUP(arena_free) = arena_new(4096);
    struct str lines = certificate_pem;
    (void)str_cut(&lines, '\n'); /* the first one says what it is, as does the last */
    struct str text = str_first(lines, str_find_char(lines, '-'));
    struct str der = STR_EMPTY;
    assert_int_equal(base64_decode(arena, text, &der), ERR_OK);
    return memmem(bytes.data, bytes.size, der.data, der.size) != NULL;
}

static void one_that_is_accepted_already_sees_the_new_identity(void **state)
{
    struct rig *rig = *state;
    struct client client;
    client_open(&client, rig->loop, web_sockets_port(rig->sockets));
    connect_both(rig); /* which is accepted after it */
    identity_renew(rig);
    size_t size = sizeof(client_hello) - 1;
    assert_int_equal(write(client.fd, client_hello, size), size);
    struct str answer = client_ask(&client, "", "\x08http/1.1");
    assert_true(presents(answer, rig->bundle->certificates_pem));
    client_close(&client);
}

/* Neither which identity is presented nor who answers is for the Host field to say. */
static void a_host_field_chooses_nothing(void **state)
{
    struct rig *rig = *state;
    static const char *const hosts[] = {"s", "socket", "sockets", "w", "web", "", ":80", ".", "a."};
    connect_both(rig);
    for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
        char text[128];
        struct client client;
        (void)snprintf(text, sizeof(text), "GET /hello HTTP/1.1\r\nHost: %s\r\n\r\n", hosts[i]);
        client_open(&client, rig->loop, web_server_port(rig->http));
        struct str answer = client_ask(&client, text, NULL);
        assert_true(str_starts_with(answer, STR("HTTP/1.1 200 ")));
        assert_true(str_ends_with(answer, STR("\r\n\r\nhello\n")));
        client_close(&client);
    }
    assert_int_equal(rig->client.closed + rig->server.closed, 0);
}

/* Either side ends it. */
static void connect_and_close(struct rig *rig, bool by_server)
{
    unsigned closed = rig->client.closed;
    connect_both(rig);
    struct end *end = by_server ? &rig->server : &rig->client;
    web_socket_close(end->socket, WEB_SOCKET_NORMAL, STR_EMPTY);
    turns_until(rig->loop, &rig->client.closed, closed + 1);
    turns_until(rig->loop, &rig->server.closed, closed + 1);
}

/* What libwebsockets would free with the web at last, no tool for leaks sees. */
static size_t memory_in_use(void)
{
    size_t size = mallinfo2().uordblks;
    if (size == 0) /* a sanitiser's allocator does not say */
        skip();
    return size;
}

static void sockets_that_have_ended_hold_no_memory(void **state)
{
    struct rig *rig = *state;
    enum { BEFORE = 400, COUNT = 300 }; /* by then OpenSSL keeps as many sessions as it wants */
    size_t before = memory_in_use();
    for (unsigned i = 0; i < BEFORE + COUNT; i++) {
        if (i == BEFORE)
            before = memory_in_use();
        connect_and_close(rig, i % 2 == 0);
    }
    assert_true(memory_in_use() < before + (size_t)COUNT * 50);
}

static void identities_that_were_replaced_hold_no_memory(void **state)
{
    struct rig *rig = *state;
    enum { BEFORE = 400, COUNT = 300 };
    size_t before = memory_in_use();
    connect_both(rig); /* and stays with the first of them */
    for (unsigned i = 0; i < BEFORE + COUNT; i++) {
        if (i == BEFORE)
            before = memory_in_use();
        identity_renew(rig);
        connect_and_close(rig, i % 2 == 0);
    }
    assert_true(memory_in_use() < before + (size_t)COUNT * 50);
}

/* Each with what is its own. */
static void a_second_server_is_not_the_first(void **state)
{
    struct rig *rig = *state;
    struct pki_bundle *bundle = self_signed_new(PKI_ECDSA, "second.test");
    struct end second;
    struct web_sockets *sockets = NULL;
    end_init(rig, &second);
    struct web_sockets_options options = {
        .address = STR("127.0.0.1"),
        .path = "/second",
        .sockets_max = 1,
        .limits = {.message_size_max = 10, .queue_size_max = 10},
        .events = events_of(&second),
        .certificates_pem = bundle->certificates_pem,
        .key_pem = bundle->key_pem,
    };
    assert_int_equal(web_sockets_open(rig->web, &options, &sockets, NULL), ERR_OK);
    struct web_socket_options client = client_options(rig);
    client.port = web_sockets_port(sockets);
    client.server_name = STR("second.test");
    client.path = "/second";
    client.ca_pem = bundle->certificates_pem;
    (void)connect_with(rig, &client); /* `opened` brings it */
    turns_until(rig->loop, &second.opened, 1);
    assert_int_equal(rig->server.opened, 0);
    web_socket_close(second.socket, WEB_SOCKET_NORMAL, STR_EMPTY);
    turns_until(rig->loop, &second.closed, 1);
    bundle = pki_bundle_free(bundle);
    end_deinit(&second);
}

static void who_is_too_many_waits(void **state)
{
    struct rig *rig = *state;
    connect_both(rig);
    struct web_socket *first = rig->client.socket;
    connect_both(rig);
    struct web_socket_options options = client_options(rig);
    (void)connect_with(rig, &options); /* `opened` brings it */
    web_socket_close(first, WEB_SOCKET_NORMAL, STR_EMPTY);
    turns_until(rig->loop, &rig->client.opened, 3);
    assert_int_equal(rig->client.closed, 1);
}

static void accepting_pauses_when_no_descriptor_is_left(void **state)
{
    struct rig *rig = *state;
    struct client client;
    client_open(&client, rig->loop, web_sockets_port(rig->sockets));
    assert_true(scarcity_turn(rig->loop) < SCARCITY_MS / 4);
    client_close(&client);
    connect_both(rig);
}

static void one_that_is_still_connecting_may_be_closed(void **state)
{
    struct rig *rig = *state;
    struct web_socket_options options = client_options(rig);
    struct web_socket *socket = connect_with(rig, &options);
    web_socket_close(socket, WEB_SOCKET_NORMAL, STR("changed my mind"));
    turns_until(rig->loop, &rig->client.closed, 1);
    assert_int_equal(rig->client.opened, 0);
    assert_int_equal(rig->client.code, WEB_SOCKET_NORMAL);
}

static void data_belongs_to_the_caller(void **state)
{
    struct rig *rig = *state;
    connect_both(rig);
    assert_null(web_socket_data(rig->client.socket));
    web_socket_set_data(rig->client.socket, rig);
    assert_ptr_equal(web_socket_data(rig->client.socket), rig);
}

static void closing_the_web_ends_what_is_open(void **state)
{
    struct rig *rig = *state;
    connect_both(rig);
    rig->web = web_end(rig->web, rig->loop);
    assert_int_equal(rig->client.closed, 1);
    assert_int_equal(rig->server.closed, 1);
    rig->web = web_open(rig->loop); /* for the end of the rig */
}

struct turns {
    struct loop *loop;
    struct loop_deferred deferred;
    unsigned left;
};

static void on_turn(void *arg)
{
    struct turns *turns = arg;
    if (turns->left-- == 0)
        loop_stop(turns->loop);
    else
        loop_defer(turns->loop, &turns->deferred);
}

/* However far it is: resolving, connecting, in one of the handshakes, open. */
static void closing_the_web_ends_what_connects(void **state)
{
    struct rig *rig = *state;
    for (unsigned i = 0; i < 100; i++) {
        struct turns turns = {.loop = rig->loop, .left = i};
        unsigned closed = rig->client.closed;
        struct web_socket_options options = client_options(rig);
        if (i % 2 == 0)
            options.host = STR("localhost");
        struct web_socket *socket = connect_with(rig, &options);
        loop_deferred_init(&turns.deferred, on_turn, &turns);
        loop_defer(rig->loop, &turns.deferred);
        while (turns.left != UINT_MAX)
            loop_run(rig->loop);
        if (i % 4 < 2 && rig->client.closed == closed)
            web_socket_close(socket, WEB_SOCKET_NORMAL, STR_EMPTY);
        rig->web = web_end(rig->web, rig->loop);
        assert_int_equal(rig->client.closed, closed + 1);
        assert_int_equal(rig->server.closed, rig->server.opened);
        web_start_anew(rig);
    }
}

#define RIG_TEST(fn) cmocka_unit_test_setup_teardown(fn, rig_start, rig_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(messages_go_both_ways),
        RIG_TEST(what_is_sent_before_it_opens_waits),
        RIG_TEST(a_close_carries_code_and_reason),
        RIG_TEST(another_authority_is_not_trusted),
        RIG_TEST(another_name_is_not_trusted),
        RIG_TEST(another_path_is_refused),
        RIG_TEST(a_request_without_an_upgrade_holds_no_place),
        RIG_TEST(http_2_is_not_spoken),
        RIG_TEST(nobody_listens),
        RIG_TEST(nobody_answers),
        RIG_TEST(each_address_of_a_name_is_tried),
        RIG_TEST(a_name_without_addresses_is_said),
        RIG_TEST(one_that_waits_for_addresses_may_be_closed),
        RIG_TEST(no_authority_at_all_is_an_error),
        RIG_TEST(a_message_that_is_too_large_closes),
        RIG_TEST(the_queue_has_a_bound),
        RIG_TEST(the_queue_has_a_bound_for_small_messages),
        RIG_TEST(a_new_identity_is_for_new_connections),
        RIG_TEST(one_that_is_accepted_already_sees_the_new_identity),
        RIG_TEST(a_host_field_chooses_nothing),
        RIG_TEST(identities_that_were_replaced_hold_no_memory),
        RIG_TEST(sockets_that_have_ended_hold_no_memory),
        RIG_TEST(a_second_server_is_not_the_first),
        RIG_TEST(who_is_too_many_waits),
        RIG_TEST(accepting_pauses_when_no_descriptor_is_left),
        RIG_TEST(one_that_is_still_connecting_may_be_closed),
        RIG_TEST(data_belongs_to_the_caller),
        RIG_TEST(closing_the_web_ends_what_is_open),
        RIG_TEST(closing_the_web_ends_what_connects),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
