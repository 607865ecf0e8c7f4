/* Contexts, and what keeps their sessions apart. */
#include "tls_client.h"

static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

/* Connects with `ticket`, which may be NULL; tells whether the session was resumed and gives the
 * session that the client can resume afterwards. */
static bool connect_with(struct world *world, int version, const char *name, SSL_SESSION *ticket,
                         SSL_SESSION **ret_ticket)
{
    struct session s;
    session_open(&s, world, version, name);
    if (ticket != NULL)
        assert_int_equal(SSL_set_session(s.client, ticket), 1);
    assert_int_equal(session_handshake(&s), ERR_OK);
    bool resumed = SSL_session_reused(s.client) == 1;
    if (ret_ticket != NULL) /* with TLS 1.3 tickets come after the handshake, to a callback */
        *ret_ticket = version == TLS1_3_VERSION ? TAKE(s.ticket) : SSL_get1_session(s.client);
    session_close(&s);
    return resumed;
}

static bool same_ticket(const SSL_SESSION *a, const SSL_SESSION *b)
{
    const unsigned char *a_data, *b_data;
    size_t a_size, b_size;
    SSL_SESSION_get0_ticket(a, &a_data, &a_size);
    SSL_SESSION_get0_ticket(b, &b_data, &b_size);
    assert_true(a_size > 0);
    return str_equal(str_make((const char *)a_data, a_size),
                     str_make((const char *)b_data, b_size));
}

static SSL_SESSION *first_ticket(struct world *world, int version)
{
    SSL_SESSION *ticket = NULL;
    assert_false(connect_with(world, version, "a.example", NULL, &ticket));
    assert_non_null(ticket);
    return ticket;
}

/* RFC 5077 section 4: the name of the key, then the initialisation vector. */
static void tickets_have_a_key_per_chain_and_a_vector_each(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
        const unsigned char *data[3];
        SSL_SESSION *tickets[3] = {first_ticket(*state, versions[i]),
                                   first_ticket(*state, versions[i]), NULL};
        assert_false(connect_with(*state, versions[i], "b.example", NULL, &tickets[2]));
        for (size_t j = 0; j < ARRAY_SIZE(tickets); j++) {
            size_t size;
            SSL_SESSION_get0_ticket(tickets[j], &data[j], &size);
            assert_true(size > 32);
        }
        assert_memory_equal(data[0], data[1], 16);
        assert_memory_not_equal(data[0] + 16, data[1] + 16, 16);
        assert_memory_not_equal(data[0], data[2], 16);
        for (size_t j = 0; j < ARRAY_SIZE(tickets); j++)
            SSL_SESSION_free(tickets[j]);
    }
}

static void sessions_resume_within_a_chain(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
        SSL_SESSION *ticket = first_ticket(*state, versions[i]);
        assert_true(connect_with(*state, versions[i], "a.example", ticket, NULL));
        SSL_SESSION_free(ticket);
    }
}

static void sessions_survive_a_new_certificate(void **state)
{
    struct world *world = *state;
    for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
        SSL_SESSION *ticket = first_ticket(world, versions[i]);
        struct net_tls_context *before = world->a;
        world->a = world_context(world, STR("a.example"));
        before = net_tls_context_unref(before);
        assert_true(connect_with(world, versions[i], "a.example", ticket, NULL));
        SSL_SESSION_free(ticket);
    }
}

static void sessions_never_cross_chains(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
        SSL_SESSION *ticket = first_ticket(*state, versions[i]);
        assert_false(connect_with(*state, versions[i], "b.example", ticket, NULL));
        SSL_SESSION_free(ticket);
    }
}

static void sessions_never_cross_processes(void **state)
{
    struct world *world = *state;
    struct net_tls_server *another;
    assert_int_equal(net_tls_server_new(NULL, NULL, &another, NULL), ERR_OK);
    for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
        SSL_SESSION *ticket = first_ticket(world, versions[i]);
        struct net_tls_server *own = world->server;
        world->server = another;
        assert_false(connect_with(world, versions[i], "a.example", ticket, NULL));
        world->server = own;
        SSL_SESSION_free(ticket);
    }
    another = net_tls_server_free(another);
}

static void ticket_keys_rotate(void **state)
{
    struct world *world = *state;
    for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
        int v = versions[i];
        SSL_SESSION *first = first_ticket(world, v);
        world->now_ms += NET_TLS_TICKET_EPOCH_MS;
        SSL_SESSION *second = NULL;
        assert_true(connect_with(world, v, "a.example", first, &second));
        assert_non_null(second);
        assert_false(same_ticket(first, second)); /* replaced under the new key */
        world->now_ms += NET_TLS_TICKET_EPOCH_MS;
        assert_false(connect_with(world, v, "a.example", first, NULL)); /* two epochs old */
        assert_true(connect_with(world, v, "a.example", second, NULL));
        SSL_SESSION_free(first);
        SSL_SESSION_free(second);
    }
}

/* TLS 1.2 replaces a ticket only when its key is old; TLS 1.3 always does. */
static void young_tickets_are_kept(void **state)
{
    SSL_SESSION *first = first_ticket(*state, TLS1_2_VERSION);
    SSL_SESSION *second = NULL;
    assert_true(connect_with(*state, TLS1_2_VERSION, "a.example", first, &second));
    assert_true(same_ticket(first, second));
    SSL_SESSION_free(first);
    SSL_SESSION_free(second);
}

static enum err make(struct world *world, const struct net_tls_certificate *certificates,
                     size_t count, struct err_info *reterr)
{
    struct net_tls_context *context = NULL;
    const struct net_tls_options options = {
        .certificates = certificates,
        .certificate_count = count,
        .session_context = STR("x"),
    };
    enum err e = net_tls_context_new(world->server, &options, &context, reterr);
    context = net_tls_context_unref(context);
    return e;
}

static void one_certificate_is_enough(void **state)
{
    struct world *world = *state;
    assert_int_equal(make(world, &world->rsa, 1, NULL), ERR_OK);
    assert_int_equal(make(world, &world->ecdsa, 1, NULL), ERR_OK);
}

static void certificates_that_cannot_be_used(void **state)
{
    struct world *world = *state;
    struct err_info info;
    assert_int_equal(make(world, NULL, 0, &info), ERR_INVALID);

    const struct net_tls_certificate mixed[] = {
        world->ecdsa, {world->rsa.certificates_pem, world->ecdsa.key_pem}};
    assert_int_equal(make(world, mixed, 2, &info), ERR_INVALID);
    assert_string_equal(info.path, "certificates[1]");

    const struct net_tls_certificate twice[] = {world->rsa, world->rsa};
    assert_int_equal(make(world, twice, 2, &info), ERR_CONFLICT);
    assert_string_equal(info.message, "another certificate has the same type of key");

    const struct net_tls_certificate bad[] = {
        {STR(""), world->rsa.key_pem},
        {STR("no pem"), world->rsa.key_pem},
        {world->rsa.key_pem, world->rsa.key_pem},
        {world->rsa.certificates_pem, STR("")},
        {world->rsa.certificates_pem, world->rsa.certificates_pem},
        {str_format(world->arena, "%s-----BEGIN CERTIFICATE-----\nAAAA\n",
                    world->rsa.certificates_pem.data),
         world->rsa.key_pem}, /* a chain that breaks off */
    };
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        assert_int_equal(make(world, &bad[i], 1, &info), ERR_INVALID);
        assert_string_equal(info.path, "certificates[0]");
    }
    const struct net_tls_certificate five[NET_TLS_CERTIFICATES_MAX + 1] = {{STR_EMPTY, STR_EMPTY}};
    assert_int_equal(make(world, five, ARRAY_SIZE(five), &info), ERR_LIMIT);
}

/* No pass phrase is asked for at the terminal. */
static void encrypted_keys_are_refused(void **state)
{
    struct world *world = *state;
    BIO *in = BIO_new_mem_buf(world->rsa.key_pem.data, (int)world->rsa.key_pem.size);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(in, NULL, NULL, NULL);
    BIO *out = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_PrivateKey(out, key, EVP_aes_128_cbc(),
                                              (const unsigned char *)"secret", 6, NULL, NULL),
                     1);
    const struct net_tls_certificate certificate = {world->rsa.certificates_pem,
                                                    bio_text(world->arena, out)};
    BIO_free(in);
    EVP_PKEY_free(key);
    struct err_info info;
    assert_int_equal(make(world, &certificate, 1, &info), ERR_INVALID);
    assert_non_null(strstr(info.message, "not an unencrypted PEM private key"));
}

static void protocols_have_bounds(void **state)
{
    struct world *world = *state;
    struct net_tls_context *context;
    const struct str protocols[NET_TLS_PROTOCOLS_MAX + 1] = {STR_INIT("http/1.1"), STR_INIT("")};
    struct net_tls_options options = {
        .certificates = &world->rsa,
        .certificate_count = 1,
        .session_context = STR("x"),
        .protocols = protocols,
        .protocol_count = 2,
    };
    assert_int_equal(net_tls_context_new(world->server, &options, &context, NULL), ERR_INVALID);
    options.protocol_count = ARRAY_SIZE(protocols);
    assert_int_equal(net_tls_context_new(world->server, &options, &context, NULL), ERR_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sessions_resume_within_a_chain),
        cmocka_unit_test(sessions_survive_a_new_certificate),
        cmocka_unit_test(sessions_never_cross_chains),
        cmocka_unit_test(sessions_never_cross_processes),
        cmocka_unit_test(tickets_have_a_key_per_chain_and_a_vector_each),
        cmocka_unit_test(ticket_keys_rotate),
        cmocka_unit_test(young_tickets_are_kept),
        cmocka_unit_test(one_certificate_is_enough),
        cmocka_unit_test(certificates_that_cannot_be_used),
        cmocka_unit_test(encrypted_keys_are_refused),
        cmocka_unit_test(protocols_have_bounds),
    };
    return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
