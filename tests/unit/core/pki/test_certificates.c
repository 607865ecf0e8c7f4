#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/arena.h"
#include "core/base/buf.h"
#include "core/pki/pki.h"
#include "fixtures.h"

static struct pki_certificates *read_ok(struct str pem)
{
    struct pki_certificates *certificates = NULL;
    struct err_info reason = {.message = ""};
    enum err e = pki_certificates_read(pem, &certificates, &reason);
    assert_string_equal(reason.message, "");
    assert_int_equal(e, ERR_OK);
    return certificates;
}

static void certificates_are_kept_in_their_order(void **state)
{
    (void)state; /* none */
    struct pki_certificates *both = read_ok(STR("of the house:\n" LEAF_PEM "and\n" CA_PEM));
    assert_int_equal(both->count, 2);
    assert_true(str_equal(both->pem, STR(LEAF_PEM CA_PEM)));
    both = pki_certificates_free(both);
}

/* Who gives away a key here does not get it copied. */
static void other_blocks_are_skipped(void **state)
{
    (void)state; /* none */
    struct pki_certificates *certificates = read_ok(STR(EC_PKCS8_PEM CA_PEM));
    assert_int_equal(certificates->count, 1);
    assert_true(str_equal(certificates->pem, STR(CA_PEM)));
    certificates = pki_certificates_free(certificates);
}

/* Of several, as long as one of them is valid: the leaf ends before the authority. */
static void validity_is_that_of_all_together(void **state)
{
    (void)state; /* none */
    struct pki_certificates *leaf = read_ok(STR(LEAF_PEM));
    struct pki_certificates *ca = read_ok(STR(CA_PEM));
    struct pki_certificates *both = read_ok(STR(CA_PEM LEAF_PEM));
    assert_int_equal(leaf->not_before_ms, 1795494692000);
    assert_true(leaf->not_after_ms < ca->not_after_ms);
    assert_int_equal(both->not_after_ms, ca->not_after_ms);
    assert_int_equal(both->not_before_ms, ca->not_before_ms);
    leaf = pki_certificates_free(leaf);
    ca = pki_certificates_free(ca);
    both = pki_certificates_free(both);
}

static void check_refused(struct str pem, enum err expected, const char *message)
{
    struct pki_certificates *certificates = NULL;
    struct err_info reason = {.message = ""};
    assert_int_equal(pki_certificates_read(pem, &certificates, &reason), expected);
    assert_ptr_equal(strstr(reason.message, message), reason.message);
    assert_null(certificates);
}

static void what_is_no_certificate_is_refused(void **state)
{
    (void)state; /* none */
    check_refused(STR(""), ERR_INVALID, "it holds no certificate");
    check_refused(STR("text"), ERR_INVALID, "it holds no certificate");
    check_refused(STR(EC_PKCS8_PEM), ERR_INVALID, "it holds no certificate");
    check_refused(STR(CA_PEM "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
                  ERR_INVALID, "certificate 2 cannot be read");
    check_refused(STR("-----BEGIN CERTIFICATE-----\nProc-Type: 4,ENCRYPTED\n"
                      "DEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\n"
                      "AAAA\n-----END CERTIFICATE-----\n"),
                  ERR_INVALID, "certificate 1 cannot be read");
}

static void there_are_bounds(void **state)
{
    (void)state; /* none */
    struct buf many;
    buf_init(&many, 4 * PKI_BUNDLE_SIZE_MAX);
    for (size_t i = 0; i <= PKI_AUTHORITIES_MAX; i++)
        buf_append(&many, STR(CA_PEM));
    check_refused(buf_str(&many), ERR_LIMIT, "more than 300 certificates");
    struct pki_certificates *most = read_ok(str_from(buf_str(&many), sizeof(CA_PEM) - 1));
    assert_int_equal(most->count, PKI_AUTHORITIES_MAX);
    most = pki_certificates_free(most);
    while (many.size <= PKI_BUNDLE_SIZE_MAX)
        buf_append_char(&many, '\n');
    check_refused(buf_str(&many), ERR_LIMIT, "the data has 262145 bytes");
    buf_deinit(&many);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(certificates_are_kept_in_their_order),
        cmocka_unit_test(other_blocks_are_skipped),
        cmocka_unit_test(validity_is_that_of_all_together),
        cmocka_unit_test(what_is_no_certificate_is_refused),
        cmocka_unit_test(there_are_bounds),
    };
    return cmocka_run_group_tests_name("core/pki/certificates", tests, NULL, NULL);
}
