#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/buf.h"
#include "core/pki/pki.h"
#include "fixtures.h"

static struct pki_bundle *read_ok(const char *pem)
{
    struct pki_bundle *bundle = NULL;
    struct err_info reason = {0};
    if (pki_bundle_read(str_of(pem), &bundle, &reason) != ERR_OK)
        fail_msg("%s: %s", reason.path, reason.message);
    return bundle;
}

static void assert_str(struct str s, const char *expected)
{
    assert_int_equal(s.size, strlen(expected));
    assert_memory_equal(s.data, expected, s.size);
}

static size_t occurrences(struct str text, const char *needle)
{
    size_t count = 0;
    const char *at = text.data; /* terminated, as the header promises */
    while ((at = strstr(at, needle)) != NULL) {
        at++;
        count++;
    }
    return count;
}

static void everything_of_a_bundle_is_read(void **state)
{
    (void)state; /* none */
    struct pki_bundle *bundle CLEANUP(pki_bundle_free) = read_ok(LEAF_PEM CA_PEM EC_PKCS8_PEM);
    assert_str(bundle->certificates_pem, LEAF_PEM CA_PEM);
    assert_str(bundle->key_pem, EC_PKCS8_PEM);
    assert_int_equal(bundle->key_type, PKI_ECDSA);
    assert_int_equal(bundle->dns_name_count, 2);
    assert_str(bundle->dns_names[0], "foo.example.com");
    assert_str(bundle->dns_names[1], "*.example.com");
    assert_int_equal(bundle->fingerprint.size, PKI_SHA256_HEX_SIZE);
    assert_int_equal(bundle->not_after_ms - bundle->not_before_ms, 365ULL * 86400 * 1000);
    assert_true(bundle->not_before_ms > 1577836800000); /* 2020 */
}

static void key_and_certificates_stand_in_any_order(void **state)
{
    (void)state; /* none */
    static const char *const texts[] = {
        EC_PKCS8_PEM LEAF_PEM CA_PEM,
        LEAF_PEM EC_PKCS8_PEM CA_PEM,
        "subject=CN = foo\n" LEAF_PEM "\nissuer=\n" CA_PEM "\n\n" EC_PKCS8_PEM "the end",
    };
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        struct pki_bundle *bundle CLEANUP(pki_bundle_free) = read_ok(texts[i]);
        assert_str(bundle->certificates_pem, LEAF_PEM CA_PEM);
        assert_str(bundle->key_pem, EC_PKCS8_PEM);
    }
}

static void every_form_of_key_becomes_pkcs8(void **state)
{
    (void)state; /* none */
    static const char *const texts[] = {LEAF_PEM EC_SEC1_PEM, LEAF_PEM EC_PARAMS_KEY_PEM};
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        struct pki_bundle *bundle CLEANUP(pki_bundle_free) = read_ok(texts[i]);
        assert_str(bundle->key_pem, EC_PKCS8_PEM);
    }
    struct pki_bundle *rsa CLEANUP(pki_bundle_free) = read_ok(RSA_PKCS1_PEM RSA_PEM);
    assert_int_equal(rsa->key_type, PKI_RSA);
    assert_true(str_starts_with(rsa->key_pem, STR("-----BEGIN PRIVATE KEY-----\n")));
}

static void windows_line_ends_are_read(void **state)
{
    (void)state; /* none */
    static const char text[] = LEAF_PEM EC_PKCS8_PEM;
    struct buf buf CLEANUP(buf_deinit);
    buf_init(&buf, 64 * 1024);
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '\n')
            buf_append_char(&buf, '\r');
        buf_append_char(&buf, *c);
    }
    struct pki_bundle *bundle CLEANUP(pki_bundle_free) = NULL;
    assert_int_equal(pki_bundle_read(buf_str(&buf), &bundle, NULL), ERR_OK);
    assert_str(bundle->certificates_pem, LEAF_PEM);
}

static void trust_settings_are_dropped(void **state)
{
    (void)state; /* none */
    struct pki_bundle *bundle CLEANUP(pki_bundle_free) = read_ok(LEAF_TRUSTED_PEM EC_SEC1_PEM);
    assert_str(bundle->certificates_pem, LEAF_PEM);
}

static void names_fall_back_to_the_common_name(void **state)
{
    (void)state; /* none */
    struct pki_bundle *named CLEANUP(pki_bundle_free) = read_ok(LEAF_CN_PEM EC_SEC1_PEM);
    assert_int_equal(named->dns_name_count, 1);
    assert_str(named->dns_names[0], "common.example.com");
    struct pki_bundle *nameless CLEANUP(pki_bundle_free) = read_ok(NONAME_PEM EC_SEC1_PEM);
    assert_int_equal(nameless->dns_name_count, 0);
}

static void names_that_no_client_asks_for_are_left_out(void **state)
{
    (void)state; /* none */
    struct pki_bundle *bundle CLEANUP(pki_bundle_free) = read_ok(P521_PEM P521_KEY_PEM);
    assert_int_equal(bundle->key_type, PKI_ECDSA);
    assert_int_equal(bundle->dns_name_count, 2);
    assert_str(bundle->dns_names[0], "p521.example.com");
    assert_str(bundle->dns_names[1], "third.example.com");
}

static void a_self_signed_digest_does_not_matter(void **state)
{
    (void)state; /* none */
    struct pki_bundle *bundle CLEANUP(pki_bundle_free) = read_ok(SELF_SHA1_PEM EC_SEC1_PEM);
    assert_int_equal(bundle->dns_name_count, 1);
}

static const struct {
    const char *pem;
    const char *path;
    const char *message; /* a part of it */
} refusals[] = {
    {"", "", "missing server certificate"},
    {"not PEM at all", "", "missing server certificate"},
    {EC_SEC1_PEM, "", "missing server certificate"},
    {LEAF_PEM, "", "missing private key"},
    {EC_SEC1_PEM LEAF_PEM EC_PKCS8_PEM, "secret[2]", "multiple private keys"},
    {LEAF_PEM EC_PKCS8_ENCRYPTED_PEM, "secret[1]", "the private key is encrypted"},
    {LEAF_PEM EC_SEC1_ENCRYPTED_PEM, "secret[1]", "the private key is encrypted"},
    {LEAF_PEM "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "secret[1]",
     "unsupported PEM block \"PUBLIC KEY\""},
    {LEAF_PEM "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "secret[1]",
     "failed to parse private key"},
    {"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "secret[0]",
     "failed to parse certificate"},
    {"-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n", "secret[0]",
     "cannot be read"},
    {EC_SEC1_PEM "-----BEGIN CERTIFICATE-----\nAAAA\n", "secret[1]", "cannot be read"},
    {TRAILING_PEM P521_KEY_PEM, "secret[0]", "failed to parse certificate"},
    {RSA1024_PEM RSA1024_KEY_PEM, "secret[1]", "has 1024 bits"},
    {LEAF_PEM ED25519_KEY_PEM, "secret[1]", "unsupported private key type ED25519"},
    {LEAF_PEM DSA_KEY_PEM, "secret[1]", "unsupported private key type DSA"},
    {K1_PEM K1_KEY_PEM, "secret[1]", "unsupported ECDSA curve secp256k1"},
    {RSA_PEM EC_SEC1_PEM, "", "does not belong to the first certificate"},
    {CA_PEM LEAF_PEM EC_SEC1_PEM, "", "belongs to certificate 2"},
    {LEAF_SHA1_PEM EC_SEC1_PEM, "", "certificate 1 is signed with a digest that TLS refuses"},
    {LEAF_WEAK_PEM WEAK_CA_PEM EC_SEC1_PEM, "", "the key of certificate 2 is too short"},
};

static void what_tls_cannot_serve_is_refused_with_a_sentence(void **state)
{
    (void)state; /* none */
    for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
        struct pki_bundle *bundle = NULL;
        struct err_info reason = {0};
        assert_int_equal(pki_bundle_read(str_of(refusals[i].pem), &bundle, &reason), ERR_INVALID);
        assert_null(bundle);
        assert_string_equal(reason.path, refusals[i].path);
        if (strstr(reason.message, refusals[i].message) == NULL)
            fail_msg("refusal %zu: %s", i, reason.message);
        assert_int_equal(pki_bundle_read(str_of(refusals[i].pem), &bundle, NULL), ERR_INVALID);
    }
}

static void messages_hold_no_key(void **state)
{
    (void)state; /* none */
    struct err_info reason = {0};
    struct pki_bundle *bundle = NULL;
    assert_int_equal(pki_bundle_read(STR(RSA_PEM EC_SEC1_PEM), &bundle, &reason), ERR_INVALID);
    assert_null(strstr(reason.message, "MHcC")); /* how every such key begins */
}

static void a_cut_bundle_never_passes(void **state)
{
    (void)state; /* none */
    static const char text[] = EC_SEC1_PEM LEAF_PEM;
    for (size_t size = 0; size < sizeof(text) - 2; size++) {
        struct pki_bundle *bundle = NULL;
        assert_int_not_equal(pki_bundle_read(str_make(text, size), &bundle, NULL), ERR_OK);
    }
}

static void bounds_hold(void **state)
{
    (void)state; /* none */
    struct buf buf CLEANUP(buf_deinit);
    struct pki_bundle *bundle = NULL;
    struct err_info reason = {0};
    buf_init(&buf, 2 * PKI_BUNDLE_SIZE_MAX);
    buf_append(&buf, STR(EC_SEC1_PEM LEAF_PEM));
    for (size_t i = 1; i < PKI_CERTIFICATES_MAX; i++)
        buf_append(&buf, STR(CA_PEM));
    assert_int_equal(pki_bundle_read(buf_str(&buf), &bundle, &reason), ERR_OK);
    assert_int_equal(occurrences(bundle->certificates_pem, "BEGIN"), PKI_CERTIFICATES_MAX);
    bundle = pki_bundle_free(bundle);
    buf_append(&buf, STR(CA_PEM));
    assert_int_equal(pki_bundle_read(buf_str(&buf), &bundle, &reason), ERR_LIMIT);
    assert_string_equal(reason.path, "secret[17]");
    while (buf.size <= PKI_BUNDLE_SIZE_MAX)
        buf_append_char(&buf, '\n');
    assert_int_equal(pki_bundle_read(buf_str(&buf), &bundle, &reason), ERR_LIMIT);
    assert_non_null(strstr(reason.message, "bytes"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_of_a_bundle_is_read),
        cmocka_unit_test(key_and_certificates_stand_in_any_order),
        cmocka_unit_test(every_form_of_key_becomes_pkcs8),
        cmocka_unit_test(windows_line_ends_are_read),
        cmocka_unit_test(trust_settings_are_dropped),
        cmocka_unit_test(names_fall_back_to_the_common_name),
        cmocka_unit_test(names_that_no_client_asks_for_are_left_out),
        cmocka_unit_test(a_self_signed_digest_does_not_matter),
        cmocka_unit_test(what_tls_cannot_serve_is_refused_with_a_sentence),
        cmocka_unit_test(messages_hold_no_key),
        cmocka_unit_test(a_cut_bundle_never_passes),
        cmocka_unit_test(bounds_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
