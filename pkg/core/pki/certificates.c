/* Certificates without a key. */
#include <openssl/err.h>
#include <openssl/pem.h>

#include "core/base/assert.h"
#include "core/base/mem.h"
#include "core/pki/internal.h"

static enum err certificate_add(struct pki_certificates *certificates, X509 *certificate, BIO *text,
                                struct err_info *reterr)
{
    uint64_t begin_ms;
    uint64_t end_ms;
    if (certificates->count == PKI_AUTHORITIES_MAX)
        return err_set(reterr, ERR_LIMIT, "more than %zu certificates", PKI_AUTHORITIES_MAX);
    if (X509_get0_pubkey(certificate) == NULL)
        return err_set(reterr, ERR_INVALID, "the public key of certificate %zu cannot be read: %s",
                       certificates->count + 1, pki__reason());
    if (!pki__time_read(X509_get0_notBefore(certificate), &begin_ms) ||
        !pki__time_read(X509_get0_notAfter(certificate), &end_ms))
        return err_set(reterr, ERR_INVALID, "the times of certificate %zu cannot be read",
                       certificates->count + 1);
    if (certificates->count == 0 || begin_ms < certificates->not_before_ms)
        certificates->not_before_ms = begin_ms;
    if (end_ms > certificates->not_after_ms)
        certificates->not_after_ms = end_ms;
    certificates->count++;
    ASSERT(PEM_write_bio_X509(text, certificate) == 1); /* out of memory */
    return ERR_OK;
}

int pki__no_pass_phrase(char *buffer, int size, int writing, void *arg)
{
    (void)buffer;
    (void)size;
    (void)writing;
    (void)arg;
    return -1;
}

static enum err certificates_add(struct pki_certificates *certificates, BIO *pem, BIO *text,
                                 struct err_info *reterr)
{
    enum err e = ERR_OK;
    X509 *certificate;
    while (e == ERR_OK &&
           (certificate = PEM_read_bio_X509(pem, NULL, pki__no_pass_phrase, NULL)) != NULL) {
        e = certificate_add(certificates, certificate, text, reterr);
        X509_free(certificate);
    }
    if (e != ERR_OK)
        return e;
    bool is_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    const char *reason = pki__reason();
    if (!is_end)
        return err_set(reterr, ERR_INVALID, "certificate %zu cannot be read: %s",
                       certificates->count + 1, reason);
    if (certificates->count == 0)
        return err_set(reterr, ERR_INVALID,
                       "it holds no certificate: PEM begins with -----BEGIN CERTIFICATE-----");
    return ERR_OK;
}

enum err pki_certificates_read(struct str pem, struct pki_certificates **ret_certificates,
                               struct err_info *reterr)
{
    if (pem.size > PKI_BUNDLE_SIZE_MAX)
        return err_set(reterr, ERR_LIMIT, "the data has %zu bytes, more than the %zu allowed",
                       pem.size, PKI_BUNDLE_SIZE_MAX);
    ERR_clear_error();
    struct pki_certificates *certificates CLEANUP(pki_certificates_free) = MEM_NEW(
        struct pki_certificates);
    certificates->arena = arena_new(8 * 1024);
    BIO *bio = BIO_new_mem_buf(pem.size == 0 ? "" : pem.data, (int)pem.size);
    BIO *text = BIO_new(BIO_s_mem());
    ASSERT(bio != NULL && text != NULL); /* out of memory */
    enum err e = certificates_add(certificates, bio, text, reterr);
    BIO_free(bio);
    certificates->pem = pki__bio_take(certificates->arena, text);
    if (e == ERR_OK)
        *ret_certificates = TAKE(certificates);
    return e;
}

struct pki_certificates *pki_certificates_free(struct pki_certificates *certificates)
{
    if (certificates == NULL)
        return NULL;
    certificates->arena = arena_free(certificates->arena);
    return mem_free(certificates);
}
