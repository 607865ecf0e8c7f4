/* Contexts of TLS that somebody else has made, in handshakes in memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/ssl.h>

#include "../../self_signed.h"
#include "core/pki/pki.h"

struct handshake {
    SSL *server;
    SSL *client;
};

static struct handshake handshake_begin(SSL_CTX *server, SSL_CTX *client)
{
    struct handshake handshake = {SSL_new(server), SSL_new(client)};
    BIO *server_end = NULL;
    BIO *client_end = NULL;
    assert_int_equal(BIO_new_bio_pair(&server_end, 0, &client_end, 0), 1);
    SSL_set_bio(handshake.server, server_end, server_end);
    SSL_set_bio(handshake.client, client_end, client_end);
    SSL_set_accept_state(handshake.server);
    SSL_set_connect_state(handshake.client);
    return handshake;
}

static bool handshake_finish(struct handshake *handshake)
{
    for (int turn = 0; turn < 10; turn++) {
        (void)SSL_do_handshake(handshake->client); /* the end of the loop tells */
        (void)SSL_do_handshake(handshake->server); /* likewise */
    }
    return SSL_is_init_finished(handshake->client) && SSL_is_init_finished(handshake->server);
}

static void handshake_end(struct handshake *handshake)
{
    SSL_free(handshake->server);
    SSL_free(handshake->client);
}

static bool has_seen(const struct handshake *handshake, const struct pki_bundle *bundle)
{
    unsigned char digest[PKI_SHA256_SIZE];
    char text[PKI_SHA256_HEX_SIZE + 1];
    X509 *leaf = SSL_get0_peer_certificate(handshake->client);
    unsigned size = 0;
    assert_non_null(leaf);
    assert_int_equal(X509_digest(leaf, EVP_sha256(), digest, &size), 1);
    pki_hex(digest, text);
    return str_equal(str_of(text), bundle->fingerprint);
}

static struct pki_identity *identity_make(const struct pki_bundle *bundle)
{
    struct pki_identity *identity = NULL;
    assert_int_equal(pki_identity_new(bundle->certificates_pem, bundle->key_pem, &identity, NULL),
                     ERR_OK);
    return identity;
}

static void each_handshake_presents_what_is_current(void **state)
{
    (void)state; /* its own */
    SSL_CTX *server = SSL_CTX_new(TLS_server_method());
    SSL_CTX *client = SSL_CTX_new(TLS_client_method());
    struct pki_bundle *first CLEANUP(pki_bundle_free) = self_signed_new(PKI_RSA, "operator.test");
    struct pki_bundle *second CLEANUP(pki_bundle_free) = self_signed_new(PKI_ECDSA,
                                                                         "operator.test");
    struct pki_identity *identity = identity_make(first);
    pki_context_present(server, &identity);

    struct handshake before = handshake_begin(server, client);
    assert_true(handshake_finish(&before));
    assert_true(has_seen(&before, first));
    struct handshake between = handshake_begin(server, client);
    (void)SSL_do_handshake(between.client); /* it has said hello */
    identity = pki_identity_free(identity);
    identity = identity_make(second);
    assert_true(handshake_finish(&between));
    assert_true(has_seen(&between, second));
    struct handshake after = handshake_begin(server, client);
    assert_true(handshake_finish(&after));
    assert_true(has_seen(&after, second));
    char byte = 'x';
    assert_int_equal(SSL_write(before.server, &byte, 1), 1); /* it goes on */
    assert_int_equal(SSL_read(before.client, &byte, 1), 1);

    handshake_end(&before);
    handshake_end(&between);
    handshake_end(&after);
    identity = pki_identity_free(identity);
    SSL_CTX_free(server);
    SSL_CTX_free(client);
}

static void versions_below_1_2_are_not_spoken(void **state)
{
    (void)state; /* its own */
    SSL_CTX *server = SSL_CTX_new(TLS_server_method());
    SSL_CTX *client = SSL_CTX_new(TLS_client_method());
    struct pki_bundle *bundle CLEANUP(pki_bundle_free) = self_signed_new(PKI_ECDSA,
                                                                         "operator.test");
    struct pki_identity *identity CLEANUP(pki_identity_free) = identity_make(bundle);
    SSL_CTX_set_security_level(server, 0); /* which would refuse them, too */
    SSL_CTX_set_security_level(client, 0);
    assert_int_equal(SSL_CTX_set_max_proto_version(client, TLS1_1_VERSION), 1);
    pki_context_present(server, &identity);
    struct handshake handshake = handshake_begin(server, client);
    assert_false(handshake_finish(&handshake));
    handshake_end(&handshake);
    SSL_CTX_free(server);
    SSL_CTX_free(client);
}

static void what_cannot_be_presented_says_why(void **state)
{
    (void)state; /* its own */
    struct pki_bundle *bundle CLEANUP(pki_bundle_free) = self_signed_new(PKI_ECDSA,
                                                                         "operator.test");
    struct pki_bundle *other CLEANUP(pki_bundle_free) = self_signed_new(PKI_ECDSA, "operator.test");
    const struct {
        struct str certificates;
        struct str key;
        const char *message;
    } cases[] = {
        {STR("x"), bundle->key_pem, "holds no certificate"},
        {STR_EMPTY, bundle->key_pem, "holds no certificate"},
        {bundle->certificates_pem, STR("x"), "holds no key"},
        {bundle->certificates_pem, other->key_pem, "cannot be used"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct pki_identity *identity = NULL;
        struct err_info why = {0};
        assert_int_equal(pki_identity_new(cases[i].certificates, cases[i].key, &identity, &why),
                         ERR_INVALID);
        assert_non_null(strstr(why.message, cases[i].message));
        assert_null(identity);
    }
    assert_null(pki_identity_free(NULL));
}

static void only_the_given_authorities_are_trusted(void **state)
{
    (void)state; /* its own */
    SSL_CTX *server = SSL_CTX_new(TLS_server_method());
    struct pki_bundle *bundle CLEANUP(pki_bundle_free) = self_signed_new(PKI_ECDSA,
                                                                         "operator.test");
    struct pki_bundle *other CLEANUP(pki_bundle_free) = self_signed_new(PKI_ECDSA, "operator.test");
    struct pki_identity *identity CLEANUP(pki_identity_free) = identity_make(bundle);
    pki_context_present(server, &identity);
    const struct pki_bundle *const trusted[] = {bundle, other};
    for (size_t i = 0; i < ARRAY_SIZE(trusted); i++) {
        SSL_CTX *client = SSL_CTX_new(TLS_client_method());
        SSL_CTX_set_verify(client, SSL_VERIFY_PEER, NULL);
        assert_int_equal(pki_context_trust(client, STR("nothing"), NULL), ERR_INVALID);
        assert_int_equal(pki_context_trust(client, trusted[i]->certificates_pem, NULL), ERR_OK);
        struct handshake handshake = handshake_begin(server, client);
        assert_int_equal(handshake_finish(&handshake), trusted[i] == bundle);
        handshake_end(&handshake);
        SSL_CTX_free(client);
    }
    SSL_CTX_free(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_handshake_presents_what_is_current),
        cmocka_unit_test(versions_below_1_2_are_not_spoken),
        cmocka_unit_test(what_cannot_be_presented_says_why),
        cmocka_unit_test(only_the_given_authorities_are_trusted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
