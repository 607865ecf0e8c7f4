#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "core/base/buf.h"
#include "core/pki/pki.h"

#define DAY_MS   (86400ULL * 1000)
#define BEGIN_MS (20000 * DAY_MS)

static struct pki_request request(const struct str *hostnames, size_t count)
{
    return (struct pki_request){.usage = PKI_SERVER,
                                .key_type = PKI_ECDSA,
                                .hostnames = hostnames,
                                .hostname_count = count,
                                .not_before_ms = BEGIN_MS,
                                .not_after_ms = BEGIN_MS + 3650 * DAY_MS};
}

static void assert_reads_back(const struct pki_bundle *issued)
{
    struct buf pem CLEANUP(buf_deinit);
    buf_init(&pem, PKI_BUNDLE_SIZE_MAX);
    buf_append(&pem, issued->key_pem);
    buf_append(&pem, issued->certificates_pem);
    struct pki_bundle *read CLEANUP(pki_bundle_free) = NULL;
    struct err_info reason = {0};
    assert_int_equal(pki_bundle_read(buf_str(&pem), &read, &reason), ERR_OK);
    assert_true(str_equal(read->fingerprint, issued->fingerprint));
    assert_true(str_equal(read->key_pem, issued->key_pem));
    assert_int_equal(read->key_type, issued->key_type);
}

static void both_key_types_read_back(void **state)
{
    (void)state; /* none */
    const struct str hostnames[] = {STR("foo.example.com"), STR("127.0.0.1"), STR("*.Example.com"),
                                    STR("::1")};
    for (int type = PKI_RSA; type <= PKI_ECDSA; type++) {
        struct pki_request wanted = request(hostnames, ARRAY_SIZE(hostnames));
        wanted.key_type = (enum pki_key_type)type;
        struct pki_bundle *issued CLEANUP(pki_bundle_free) = NULL;
        assert_int_equal(pki_issue_self_signed(&wanted, &issued, NULL), ERR_OK);
        assert_int_equal(issued->key_type, type);
        assert_int_equal(issued->not_before_ms, wanted.not_before_ms);
        assert_int_equal(issued->not_after_ms, wanted.not_after_ms);
        assert_int_equal(issued->dns_name_count, 2); /* the others are addresses */
        assert_true(str_equal(issued->dns_names[0], STR("foo.example.com")));
        assert_true(str_equal(issued->dns_names[1], STR("*.example.com")));
        assert_reads_back(issued);
    }
}

/* `openssl verify` and `curl --cacert` take it as the authority of itself. */
static void it_is_its_own_authority(void **state)
{
    (void)state; /* none */
    const struct str hostname = STR("foo.example.com");
    struct pki_request wanted = request(&hostname, 1);
    struct pki_bundle *issued CLEANUP(pki_bundle_free) = NULL;
    assert_int_equal(pki_issue_self_signed(&wanted, &issued, NULL), ERR_OK);
    BIO *bio = BIO_new_mem_buf(issued->certificates_pem.data, (int)issued->certificates_pem.size);
    X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    assert_non_null(certificate);
    assert_true(X509_check_ca(certificate) == 1);
    assert_int_equal(X509_check_issued(certificate, certificate), X509_V_OK);
    assert_int_equal(X509_verify(certificate, X509_get0_pubkey(certificate)), 1);
    const ASN1_INTEGER *serial = X509_get0_serialNumber(certificate);
    assert_int_equal(ASN1_STRING_type(serial), V_ASN1_INTEGER); /* not negative */
    assert_int_equal(ASN1_STRING_length(serial), 16);
    X509_free(certificate);
    BIO_free(bio);
}

static void each_one_is_new(void **state)
{
    (void)state; /* none */
    const struct str hostname = STR("foo.example.com");
    struct pki_request wanted = request(&hostname, 1);
    struct pki_bundle *one CLEANUP(pki_bundle_free) = NULL;
    struct pki_bundle *other CLEANUP(pki_bundle_free) = NULL;
    assert_int_equal(pki_issue_self_signed(&wanted, &one, NULL), ERR_OK);
    assert_int_equal(pki_issue_self_signed(&wanted, &other, NULL), ERR_OK);
    assert_false(str_equal(one->key_pem, other->key_pem));
    assert_false(str_equal(one->fingerprint, other->fingerprint));
}

static void a_name_too_long_for_the_subject_is_issued(void **state)
{
    (void)state; /* none */
    const struct str hostname = STR(
        "a-label-of-fifty-characters-which-is-a-lot-of-them.and-another-one.example.com");
    struct pki_request wanted = request(&hostname, 1);
    struct pki_bundle *issued CLEANUP(pki_bundle_free) = NULL;
    assert_int_equal(pki_issue_self_signed(&wanted, &issued, NULL), ERR_OK);
    assert_true(str_equal(issued->dns_names[0], hostname));
}

static void what_is_no_hostname_is_refused(void **state)
{
    (void)state; /* none */
    static const char *const names[] = {
        "",
        "*",
        "foo..example.com",
        ".example.com",
        "foo.example.com.",
        "foo.*.com",
        "https://foo.example.com",
        "foo example.com",
        "-foo.example.com",
        "foo-.example.com",
        "f\xC3\xB6\xC3\xB6.example.com",
        "foo.example.com:443",
        "a-label-of-sixty-four-characters-is-one-character-more-than-dnsx.example.com",
    };
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        const struct str hostnames[] = {STR("good.example.com"), str_of(names[i])};
        struct pki_request wanted = request(hostnames, 2);
        struct pki_bundle *issued = NULL;
        struct err_info reason = {0};
        assert_int_equal(pki_issue_self_signed(&wanted, &issued, &reason), ERR_INVALID);
        assert_non_null(strstr(reason.message, "neither a DNS name"));
        assert_null(issued);
    }
}

static void names_and_times_are_needed(void **state)
{
    (void)state; /* none */
    const struct str hostname = STR("foo.example.com");
    struct pki_bundle *issued = NULL;
    struct pki_request nameless = request(NULL, 0);
    assert_int_equal(pki_issue_self_signed(&nameless, &issued, NULL), ERR_INVALID);
    struct pki_request backwards = request(&hostname, 1);
    backwards.not_after_ms = backwards.not_before_ms - 1;
    assert_int_equal(pki_issue_self_signed(&backwards, &issued, NULL), ERR_INVALID);
    struct pki_request endless = request(&hostname, 1);
    endless.not_after_ms = UINT64_MAX;
    assert_int_equal(pki_issue_self_signed(&endless, &issued, NULL), ERR_INVALID);
}

static X509 *certificate_of(const struct pki_bundle *bundle)
{
    BIO *bio = BIO_new_mem_buf(bundle->certificates_pem.data, (int)bundle->certificates_pem.size);
    X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    BIO_free(bio);
    assert_non_null(certificate);
    return certificate;
}

/* Whether a client that trusts `authority` takes `leaf` for `name`, at a time within both. */
static bool is_trusted(const struct pki_bundle *leaf, const struct pki_bundle *authority,
                       const char *name)
{
    X509 *certificate = certificate_of(leaf);
    X509 *trusted = certificate_of(authority);
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    assert_int_equal(X509_STORE_add_cert(store, trusted), 1);
    assert_int_equal(X509_STORE_CTX_init(context, store, certificate, NULL), 1);
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(context);
    X509_VERIFY_PARAM_set_time(param, (time_t)((BEGIN_MS + DAY_MS) / 1000));
    X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_X509_STRICT);
    assert_int_equal(X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_SSL_SERVER), 1);
    assert_int_equal(X509_VERIFY_PARAM_set1_host(param, name, 0), 1);
    bool is_fine = X509_verify_cert(context) == 1;
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    X509_free(trusted);
    X509_free(certificate);
    return is_fine;
}

static struct pki_bundle *authority_make(const char *name)
{
    struct pki_bundle *authority = NULL;
    assert_int_equal(
        pki_issue_authority(str_of(name), BEGIN_MS, BEGIN_MS + 365 * DAY_MS, &authority, NULL),
        ERR_OK);
    return authority;
}

static void an_authority_signs_for_others(void **state)
{
    (void)state; /* none */
    struct pki_bundle *authority CLEANUP(pki_bundle_free) = authority_make("otemon authority");
    struct pki_bundle *other CLEANUP(pki_bundle_free) = authority_make("otemon authority");
    const struct str hostnames[] = {STR("operator.kuma-system.svc")};
    for (int type = PKI_RSA; type <= PKI_ECDSA; type++) {
        struct pki_request wanted = request(hostnames, 1);
        wanted.key_type = (enum pki_key_type)type;
        struct pki_bundle *leaf CLEANUP(pki_bundle_free) = NULL;
        assert_int_equal(pki_issue_signed(&wanted, authority, &leaf, NULL), ERR_OK);
        assert_reads_back(leaf);
        assert_true(is_trusted(leaf, authority, "operator.kuma-system.svc"));
        assert_false(is_trusted(leaf, authority, "other.kuma-system.svc"));
        assert_false(is_trusted(leaf, other, "operator.kuma-system.svc"));
        X509 *certificate = certificate_of(leaf);
        assert_int_equal(X509_check_ca(certificate), 0);
        X509_free(certificate);
        struct err_info why = {0};
        struct pki_bundle *none = NULL;
        assert_int_equal(pki_issue_signed(&wanted, leaf, &none, &why), ERR_INVALID);
        assert_null(none);
    }
    X509 *certificate = certificate_of(authority);
    assert_int_equal(X509_check_ca(certificate), 1);
    assert_int_equal(X509_get_pathlen(certificate), 0);
    X509_free(certificate);
    assert_reads_back(authority);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_authority_signs_for_others),
        cmocka_unit_test(both_key_types_read_back),
        cmocka_unit_test(it_is_its_own_authority),
        cmocka_unit_test(each_one_is_new),
        cmocka_unit_test(a_name_too_long_for_the_subject_is_issued),
        cmocka_unit_test(what_is_no_hostname_is_refused),
        cmocka_unit_test(names_and_times_are_needed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
