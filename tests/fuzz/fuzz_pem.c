/* Any bytes as a PEM bundle, and as certificates alone; what is accepted has to read back as the
 * same. */
#include <stddef.h>
#include <stdint.h>

#include "core/base/assert.h"
#include "core/base/buf.h"
#include "core/pki/pki.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_certificates(struct str pem)
{
    struct pki_certificates *certificates = NULL;
    struct err_info reason = {.message = ""};
    if (pki_certificates_read(pem, &certificates, &reason) != ERR_OK) {
        ASSERT(reason.message[0] != '\0' && certificates == NULL);
        return;
    }
    struct pki_certificates *again = NULL;
    ASSERT(certificates->count > 0);
    ASSERT(pki_certificates_read(certificates->pem, &again, NULL) == ERR_OK);
    ASSERT(str_equal(again->pem, certificates->pem));
    ASSERT(again->count == certificates->count);
    ASSERT(again->not_before_ms == certificates->not_before_ms);
    ASSERT(again->not_after_ms == certificates->not_after_ms);
    (void)pki_certificates_free(again);        /* always NULL */
    (void)pki_certificates_free(certificates); /* always NULL */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_certificates(str_make((const char *)data, size));
    struct pki_bundle *bundle = NULL;
    struct err_info reason = {.message = ""};
    if (pki_bundle_read(str_make((const char *)data, size), &bundle, &reason) != ERR_OK) {
        ASSERT(reason.message[0] != '\0' && bundle == NULL);
        return 0;
    }
    struct buf normal;
    buf_init(&normal, 4 * PKI_BUNDLE_SIZE_MAX);
    buf_append(&normal, bundle->certificates_pem);
    buf_append(&normal, bundle->key_pem);
    struct pki_bundle *again = NULL;
    ASSERT(pki_bundle_read(buf_str(&normal), &again, NULL) == ERR_OK);
    ASSERT(str_equal(again->certificates_pem, bundle->certificates_pem));
    ASSERT(str_equal(again->key_pem, bundle->key_pem));
    ASSERT(str_equal(again->fingerprint, bundle->fingerprint));
    ASSERT(again->key_type == bundle->key_type);
    ASSERT(again->dns_name_count == bundle->dns_name_count);
    (void)pki_bundle_free(again);  /* always NULL */
    (void)pki_bundle_free(bundle); /* always NULL */
    buf_deinit(&normal);
    return 0;
}
