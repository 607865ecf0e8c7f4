#include <signal.h>
#include <sys/ioctl.h>

#include "core/base/mem.h"
#include "core/base/random.h"
#include "tls_client.h"

static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

static void talks_and_ends_in_good_order(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
        struct session s;
        session_open(&s, *state, versions[i], "A.Example");
        SSL_set_alpn_protos(s.client, (const unsigned char *)"\x02h2\x08http/1.1", 12);
        assert_int_equal(session_handshake(&s), ERR_OK);
        assert_true(str_equal(net_tls_server_name(s.top), STR("a.example")));
        assert_string_equal(s.world->selected, "a.example");
        assert_true(str_equal(net_tls_protocol(s.top), STR("http/1.1")));

        char data[16];
        size_t size;
        assert_int_equal(net_read(s.top, data, sizeof(data), &size), ERR_AGAIN);
        assert_int_equal(s.top->wants, LOOP_READ);
        assert_int_equal(SSL_write(s.client, "question", 8), 8);
        assert_int_equal(net_read(s.top, data, sizeof(data), &size), ERR_OK);
        assert_int_equal(size, 8);
        assert_memory_equal(data, "question", 8);

        const struct iovec parts[] = {part_of("an", 2), part_of("", 0), part_of("swer", 4)};
        assert_int_equal(net_writev(s.top, parts, 3, &size), ERR_OK);
        assert_int_equal(size, 6);
        assert_int_equal(SSL_read(s.client, data, sizeof(data)), 6);
        assert_memory_equal(data, "answer", 6);

        assert_int_equal(net_shutdown(s.top), ERR_OK);
        assert_int_equal(net_shutdown(s.top), ERR_OK); /* has happened */
        assert_int_equal(SSL_read(s.client, data, 1), 0);
        assert_int_equal(SSL_get_error(s.client, 0), SSL_ERROR_ZERO_RETURN);
        assert_int_equal(recv(s.far, data, 1, 0), 0);

        assert_int_equal(SSL_write(s.client, "late", 4), 4); /* our end is not theirs */
        assert_int_equal(net_read(s.top, data, sizeof(data), &size), ERR_OK);
        (void)SSL_shutdown(s.client);
        assert_int_equal(net_read(s.top, data, sizeof(data), &size), ERR_CLOSED);
        session_close(&s);
    }
}

/* A caller that reads while bytes are pending must not turn for ever on a record that a client
 * sends by halves. */
static void half_a_record_is_not_pending(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
        struct session s;
        session_open(&s, *state, versions[i], "a.example");
        assert_int_equal(session_handshake(&s), ERR_OK);
        char data[16];
        size_t size;
        assert_int_equal(net_read(s.top, data, sizeof(data), &size), ERR_AGAIN); /* after it */
        BIO *records = BIO_new(BIO_s_mem());
        SSL_set0_wbio(s.client, records);
        assert_int_equal(SSL_write(s.client, "question", 8), 8);
        char *bytes;
        long whole = BIO_get_mem_data(records, &bytes);
        assert_int_equal(send(s.far, bytes, (size_t)whole - 4, 0), whole - 4);
        assert_int_equal(net_read(s.top, data, sizeof(data), &size), ERR_AGAIN);
        assert_false(net_pending(s.top));
        assert_int_equal(send(s.far, bytes + whole - 4, 4, 0), 4);
        assert_int_equal(net_read(s.top, data, 3, &size), ERR_OK);
        assert_true(net_pending(s.top));
        assert_int_equal(net_read(s.top, data, sizeof(data), &size), ERR_OK);
        assert_memory_equal(data, "stion", 5);
        assert_false(net_pending(s.top));
        session_close(&s);
    }
}

static void without_a_name_and_without_alpn(void **state)
{
    struct session s;
    session_open(&s, *state, TLS1_3_VERSION, NULL);
    memcpy(s.world->selected, "unset", sizeof("unset"));
    assert_int_equal(session_handshake(&s), ERR_OK);
    assert_string_equal(s.world->selected, "");
    assert_int_equal(net_tls_server_name(s.top).size, 0);
    assert_int_equal(net_tls_protocol(s.top).size, 0);
    session_close(&s);
}

static void unknown_alpn_goes_on_without(void **state)
{
    struct session s;
    session_open(&s, *state, TLS1_3_VERSION, "a.example");
    SSL_set_alpn_protos(s.client, (const unsigned char *)"\x04smtp", 5);
    assert_int_equal(session_handshake(&s), ERR_OK);
    assert_int_equal(net_tls_protocol(s.top).size, 0);
    session_close(&s);
}

static void unknown_name_gets_no_byte(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
        struct session s;
        session_open(&s, *state, versions[i], "other.example");
        assert_int_equal(session_handshake(&s), ERR_NOT_FOUND);
        assert_int_equal(net_handshake(s.top), ERR_NOT_FOUND);
        s.top = net_filter_free(s.top);
        char byte;
        assert_int_equal(recv(s.far, &byte, 1, 0), -1);
        assert_int_equal(errno, EAGAIN);
        session_close(&s);
    }
}

static int served_key(struct world *world, int version, const char *signatures, const char *suites)
{
    struct session s;
    session_open(&s, world, version, "a.example");
    assert_int_equal(SSL_set1_sigalgs_list(s.client, (char *)(uintptr_t)signatures), 1);
    if (suites != NULL)
        assert_int_equal(SSL_set_cipher_list(s.client, suites), 1);
    assert_int_equal(session_handshake(&s), ERR_OK);
    X509 *certificate = SSL_get0_peer_certificate(s.client);
    int type = EVP_PKEY_get_base_id(X509_get0_pubkey(certificate));
    session_close(&s);
    return type;
}

static void the_client_decides_the_type_of_key(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
        int v = versions[i];
        assert_int_equal(served_key(*state, v, "ECDSA+SHA256", NULL), EVP_PKEY_EC);
        assert_int_equal(served_key(*state, v, "RSA-PSS+SHA256", NULL), EVP_PKEY_RSA);
        /* ECDSA when it takes both, whatever it likes better */
        assert_int_equal(served_key(*state, v, "RSA-PSS+SHA256:ECDSA+SHA256", NULL), EVP_PKEY_EC);
    }
    assert_int_equal(served_key(*state, TLS1_2_VERSION, "RSA+SHA256:ECDSA+SHA256",
                                "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256"),
                     EVP_PKEY_RSA);
}

static void check_error_text(const struct net_filter *top, const char *text)
{
    char area[NET_TLS_ERROR_TEXT_SIZE];
    assert_string_equal(net_tls_error_print(top, area).data, text);
}

/* The first certificate is what a client gets that can verify both. */
static void the_order_of_certificates_decides_between_types_of_keys(void **state)
{
    struct world *world = *state;
    const struct net_tls_certificate turned[] = {world->rsa, world->ecdsa};
    const struct net_tls_options options = {
        .certificates = turned, .certificate_count = 2, .session_context = STR("a.example")};
    struct net_tls_context *before = world->a;
    assert_int_equal(net_tls_context_new(world->server, &options, &world->a, NULL), ERR_OK);
    for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
        int v = versions[i];
        assert_int_equal(served_key(world, v, "ECDSA+SHA256:RSA-PSS+SHA256", NULL), EVP_PKEY_RSA);
        assert_int_equal(served_key(world, v, "ECDSA+SHA256", NULL), EVP_PKEY_EC);
    }
    world->a = net_tls_context_unref(world->a);
    world->a = before;
}

static void check_refused(struct session *s, const char *text)
{
    assert_int_equal(session_handshake(s), ERR_PROTOCOL);
    check_error_text(s->top, text);
    session_close(s);
}

static void old_protocols_suites_and_groups_are_refused(void **state)
{
    struct session s;
    session_open(&s, *state, TLS1_1_VERSION, "a.example");
    check_refused(&s, "unsupported protocol");
    static const char *const suites[] = {"ECDHE-RSA-AES128-SHA256", "AES128-GCM-SHA256",
                                         "DHE-RSA-AES128-GCM-SHA256"};
    for (size_t i = 0; i < ARRAY_SIZE(suites); i++) {
        session_open(&s, *state, TLS1_2_VERSION, "a.example");
        assert_int_equal(SSL_set_cipher_list(s.client, suites[i]), 1);
        check_refused(&s, "no shared cipher");
    }
    session_open(&s, *state, TLS1_3_VERSION, "a.example");
    assert_int_equal(SSL_set1_groups_list(s.client, (char[]){"P-384"}), 1);
    check_refused(&s, "no suitable key share");
}

static void not_tls_at_all(void **state)
{
    struct session s;
    session_open(&s, *state, TLS1_3_VERSION, "a.example");
    assert_int_equal(write(s.far, "GET / HTTP/1.1\r\n\r\n", 18), 18);
    assert_int_equal(net_handshake(s.top), ERR_PROTOCOL);
    check_error_text(s.top, "http request");
    session_close(&s);
}

static void leaving_during_the_handshake(void **state)
{
    for (int hello = 0; hello < 2; hello++) {
        struct session s;
        session_open(&s, *state, TLS1_3_VERSION, "a.example");
        if (hello == 1)
            (void)SSL_do_handshake(s.client);
        shutdown(s.far, SHUT_WR);
        enum err e;
        while ((e = net_handshake(s.top)) == ERR_AGAIN)
            ;
        assert_int_equal(e, ERR_CLOSED);
        session_close(&s);
    }
}

static void a_cut_connection_is_not_an_end(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
        struct session s;
        session_open(&s, *state, versions[i], "a.example");
        assert_int_equal(session_handshake(&s), ERR_OK);
        assert_int_equal(SSL_write(s.client, "x", 1), 1);
        close(s.far);
        s.far = -1;
        char data[16];
        size_t size;
        assert_int_equal(net_read(s.top, data, sizeof(data), &size), ERR_OK);
        assert_int_equal(net_read(s.top, data, sizeof(data), &size), ERR_PROTOCOL);
        check_error_text(s.top, "unexpected eof while reading");
        assert_int_equal(net_read(s.top, data, sizeof(data), &size), ERR_PROTOCOL);
        assert_int_equal(net_shutdown(s.top), ERR_PROTOCOL);
        session_close(&s);
    }
}

static void a_broken_connection_says_how(void **state)
{
    struct session s;
    session_open(&s, *state, TLS1_3_VERSION, "a.example");
    assert_int_equal(session_handshake(&s), ERR_OK);
    close(s.far);
    s.far = -1;
    const struct iovec part = part_of("x", 1);
    size_t size;
    assert_int_equal(net_writev(s.top, &part, 1, &size), ERR_SYSTEM);
    assert_int_equal(errno, EPIPE);
    session_close(&s);
}

static void renegotiation_is_refused(void **state)
{
    struct session s;
    session_open(&s, *state, TLS1_2_VERSION, "a.example");
    assert_int_equal(session_handshake(&s), ERR_OK);
    assert_int_equal(SSL_renegotiate(s.client), 1);
    (void)SSL_do_handshake(s.client);
    char data[16];
    size_t size;
    assert_int_equal(net_read(s.top, data, sizeof(data), &size), ERR_AGAIN);
    ERR_clear_error();
    assert_int_equal(SSL_do_handshake(s.client), -1);
    assert_string_equal(ERR_reason_error_string(ERR_peek_error()), "no renegotiation");
    session_close(&s);
}

/* One system call for a record: no header of five bytes first, no attempt that fails. */
static void small_messages_cost_one_call_each(void **state)
{
    struct session s;
    session_open(&s, *state, TLS1_3_VERSION, "a.example");
    assert_int_equal(session_handshake(&s), ERR_OK);
    char data[256];
    size_t size;
    s.counter.reads = s.counter.writes = 0;
    assert_int_equal(SSL_write(s.client, "question", 8), 8);
    assert_int_equal(net_read(s.top, data, sizeof(data), &size), ERR_OK);
    assert_false(net_pending(s.top));
    assert_int_equal(s.counter.reads, 1);
    const struct iovec parts[] = {part_of("head", 4), part_of("body", 4)};
    assert_int_equal(net_writev(s.top, parts, 2, &size), ERR_OK);
    assert_int_equal(s.counter.writes, 1);
    session_close(&s);
}

static void pending_tells_of_bytes_above_the_socket(void **state)
{
    struct session s;
    session_open(&s, *state, TLS1_3_VERSION, "a.example");
    assert_int_equal(session_handshake(&s), ERR_OK);
    assert_int_equal(SSL_write(s.client, "first", 5), 5);
    assert_int_equal(SSL_write(s.client, "second", 6), 6);
    char data[16];
    size_t size;
    assert_int_equal(net_read(s.top, data, 3, &size), ERR_OK);
    assert_true(net_pending(s.top)); /* the rest of a record */
    assert_int_equal(net_read(s.top, data, sizeof(data), &size), ERR_OK);
    assert_memory_equal(data, "st", 2);
    assert_true(net_pending(s.top)); /* another record, read ahead */
    assert_int_equal(net_read(s.top, data, sizeof(data), &size), ERR_OK);
    assert_memory_equal(data, "second", 6);
    assert_false(net_pending(s.top));
    session_close(&s);
}

#define UPDATES 4000

/* Messages that ask for nothing, as fast as they can be read, must not keep the loop from all
 * others: a read comes back in between, and is told of the rest as of any other bytes. */
static void a_flood_of_messages_is_taken_in_turns(void **state)
{
    struct session s;
    session_open(&s, *state, TLS1_3_VERSION, "a.example");
    assert_int_equal(session_handshake(&s), ERR_OK);
    BIO *records = BIO_new(BIO_s_mem());
    SSL_set0_wbio(s.client, records);
    for (int i = 0; i < UPDATES; i++) {
        assert_int_equal(SSL_key_update(s.client, SSL_KEY_UPDATE_NOT_REQUESTED), 1);
        assert_int_equal(SSL_do_handshake(s.client), 1);
    }
    assert_int_equal(SSL_write(s.client, "data", 4), 4);
    char *bytes;
    long size = BIO_get_mem_data(records, &bytes);
    assert_int_equal(send(s.far, bytes, (size_t)size, 0), size);
    char data[16];
    size_t got;
    int turns = 0;
    while (net_read(s.top, data, sizeof(data), &got) == ERR_AGAIN) {
        int left;
        assert_int_equal(ioctl(s.socket.fd, FIONREAD, &left), 0);
        assert_true(left > 0);
        assert_int_equal(s.top->wants, LOOP_READ);
        assert_false(net_pending(s.top));
        turns++;
    }
    assert_memory_equal(data, "data", 4);
    assert_in_range(turns, size / (3 * SSL3_RT_MAX_PLAIN_LENGTH), size / 4096);
    session_close(&s);
}

#define BIG ((size_t)2 << 20)

static unsigned char byte_at(size_t offset)
{
    return (unsigned char)(offset * 2654435761U >> 13);
}

/* Reads on the client's side and checks every byte. */
static void drain(struct session *s, size_t *received)
{
    static unsigned char data[40000];
    int got;
    while ((got = SSL_read(s->client, data, sizeof(data))) > 0)
        for (int i = 0; i < got; i++)
            assert_true(data[i] == byte_at((*received)++));
    ERR_clear_error();
}

/* Partial progress at every point, and each attempt cut into parts in another way. */
static void big_writes_arrive_whole(void **state)
{
    struct session s;
    session_open(&s, *state, TLS1_3_VERSION, "a.example");
    assert_int_equal(session_handshake(&s), ERR_OK);
    unsigned char *content = mem_alloc(BIG);
    for (size_t i = 0; i < BIG; i++)
        content[i] = byte_at(i);
    struct random random;
    random_init(&random);
    size_t sent = 0, received = 0, waits = 0;
    while (sent < BIG) {
        struct iovec parts[8];
        int count = 0;
        size_t at = sent;
        for (; count < 7 && at < BIG; count++) {
            size_t size = (size_t)random_below(&random, random_below(&random, 2) ? 60000 : 300);
            parts[count] = part_of(content + at, MIN(size, BIG - at));
            at += parts[count].iov_len;
        }
        parts[count++] = part_of(content + at, BIG - at); /* all that is left */
        size_t size;
        enum err e = net_writev(s.top, parts, count, &size);
        if (e == ERR_OK) {
            sent += size;
            continue;
        }
        assert_int_equal(e, ERR_AGAIN);
        assert_int_equal(s.top->wants, LOOP_WRITE);
        waits++;
        drain(&s, &received);
    }
    assert_true(waits > 3);
    drain(&s, &received);
    assert_int_equal(received, BIG);
    mem_free(content);
    session_close(&s);
}

static void a_full_pipe_delays_the_end(void **state)
{
    struct session s;
    session_open(&s, *state, TLS1_3_VERSION, "a.example");
    assert_int_equal(session_handshake(&s), ERR_OK);
    char fill[4096] = {0};
    ssize_t filled = 0;
    for (ssize_t put; (put = send(s.socket.fd, fill, sizeof(fill), 0)) > 0;)
        filled += put;
    for (ssize_t put; (put = send(s.socket.fd, fill, 1, 0)) > 0;)
        filled += put;
    assert_int_equal(net_shutdown(s.top), ERR_AGAIN);
    assert_int_equal(s.top->wants, LOOP_WRITE);
    for (ssize_t got; filled > 0; filled -= got) {
        got = recv(s.far, fill, MIN(sizeof(fill), (size_t)filled), 0);
        assert_true(got > 0);
    }
    assert_int_equal(net_shutdown(s.top), ERR_OK);
    char byte;
    assert_int_equal(SSL_read(s.client, &byte, 1), 0);
    assert_int_equal(SSL_get_error(s.client, 0), SSL_ERROR_ZERO_RETURN);
    session_close(&s);
}

int main(void)
{
    (void)signal(SIGPIPE, SIG_IGN); /* for the client: OpenSSL writes with write(2) */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(talks_and_ends_in_good_order),
        cmocka_unit_test(half_a_record_is_not_pending),
        cmocka_unit_test(without_a_name_and_without_alpn),
        cmocka_unit_test(unknown_alpn_goes_on_without),
        cmocka_unit_test(unknown_name_gets_no_byte),
        cmocka_unit_test(the_client_decides_the_type_of_key),
        cmocka_unit_test(the_order_of_certificates_decides_between_types_of_keys),
        cmocka_unit_test(old_protocols_suites_and_groups_are_refused),
        cmocka_unit_test(not_tls_at_all),
        cmocka_unit_test(leaving_during_the_handshake),
        cmocka_unit_test(a_cut_connection_is_not_an_end),
        cmocka_unit_test(a_broken_connection_says_how),
        cmocka_unit_test(renegotiation_is_refused),
        cmocka_unit_test(small_messages_cost_one_call_each),
        cmocka_unit_test(pending_tells_of_bytes_above_the_socket),
        cmocka_unit_test(a_flood_of_messages_is_taken_in_turns),
        cmocka_unit_test(big_writes_arrive_whole),
        cmocka_unit_test(a_full_pipe_delays_the_end),
    };
    return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
