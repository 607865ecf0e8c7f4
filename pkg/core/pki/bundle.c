#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <time.h>

#include "core/base/arena.h"
#include "core/base/assert.h"
#include "core/base/mem.h"
#include "core/pki/internal.h"
#include "core/pki/pki.h"

struct str pki_key_type_name(enum pki_key_type type)
{
    switch (type) {
    case PKI_RSA: return STR("rsa");
    case PKI_ECDSA: return STR("ecdsa");
    }
    UNREACHABLE();
}

struct str pki__bio_take(struct arena *arena, BIO *bio)
{
    char *data = NULL;
    long size = BIO_get_mem_data(bio, &data);
    struct str text = str_dup(arena, str_make(data, (size_t)size));
    BIO_free(bio);
    return text;
}

static void pem_write(struct pki_bundle *bundle, EVP_PKEY *key, STACK_OF(X509) * chain)
{
    BIO *bio = BIO_new(BIO_s_mem());
    ASSERT(bio != NULL); /* out of memory */
    for (int i = 0; i < sk_X509_num(chain); i++)
        ASSERT(PEM_write_bio_X509(bio, sk_X509_value(chain, i)) == 1);
    bundle->certificates_pem = pki__bio_take(bundle->arena, bio);
    bio = BIO_new(BIO_s_mem());
    ASSERT(bio != NULL); /* out of memory */
    ASSERT(PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1);
    bundle->key_pem = pki__bio_take(bundle->arena, bio);
}

static void fingerprint_set(struct pki_bundle *bundle, const X509 *leaf)
{
    unsigned char *der = NULL;
    int size = i2d_X509(leaf, &der);
    ASSERT(size > 0);
    unsigned char digest[PKI_SHA256_SIZE];
    char text[PKI_SHA256_HEX_SIZE + 1];
    pki_sha256(der, (size_t)size, digest);
    OPENSSL_free(der);
    pki_hex(digest, text);
    bundle->fingerprint = str_dup(bundle->arena, str_of(text));
}

/* A name that has bytes no DNS name has could mislead whoever reads it, and no client asks for it.
 */
static bool is_printable(struct str name)
{
    for (size_t i = 0; i < name.size; i++) {
        if (name.data[i] <= ' ' || name.data[i] > '~')
            return false;
    }
    return name.size > 0;
}

static void name_add(struct pki_bundle *bundle, struct str *names, const ASN1_STRING *value)
{
    struct str name = str_make((const char *)ASN1_STRING_get0_data(value),
                               (size_t)ASN1_STRING_length(value));
    if (!is_printable(name))
        return;
    char *copy = arena_alloc(bundle->arena, name.size + 1, 1);
    names[bundle->dns_name_count++] = str_copy_lower(name, copy);
}

static enum err names_set(struct pki_bundle *bundle, X509 *leaf, struct err_info *reterr)
{
    int status = 0;
    GENERAL_NAMES *alternatives = X509_get_ext_d2i(leaf, NID_subject_alt_name, &status, NULL);
    if (alternatives == NULL && status != -1)
        return err_set(reterr, ERR_INVALID, "the certificate's alternative names cannot be read");
    size_t count = alternatives == NULL ? 0 : (size_t)sk_GENERAL_NAME_num(alternatives);
    if (count > PKI_DNS_NAMES_MAX) {
        GENERAL_NAMES_free(alternatives);
        return err_set(reterr, ERR_LIMIT, "the certificate has more than %zu names",
                       PKI_DNS_NAMES_MAX);
    }
    struct str *names = ARENA_NEW_ARRAY(bundle->arena, struct str, count + 1);
    for (size_t i = 0; i < count; i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(alternatives, (int)i);
        if (name->type == GEN_DNS)
            name_add(bundle, names, name->d.dNSName);
    }
    GENERAL_NAMES_free(alternatives);
    const X509_NAME *subject = X509_get_subject_name(leaf);
    int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (bundle->dns_name_count == 0 && at >= 0)
        name_add(bundle, names, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
    bundle->dns_names = names;
    return ERR_OK;
}

bool pki__time_read(const ASN1_TIME *value, uint64_t *ret_ms)
{
    struct tm parts;
    if (ASN1_TIME_to_tm(value, &parts) != 1)
        return false;
    time_t seconds = timegm(&parts);
    *ret_ms = seconds < 0 ? 0 : (uint64_t)seconds * 1000;
    return true;
}

enum err pki__bundle_make(EVP_PKEY *key, enum pki_key_type type, STACK_OF(X509) * chain,
                          struct pki_bundle **ret_bundle, struct err_info *reterr)
{
    struct pki_bundle *bundle CLEANUP(pki_bundle_free) = MEM_NEW(struct pki_bundle);
    X509 *leaf = sk_X509_value(chain, 0);
    bundle->arena = arena_new(8 * 1024);
    bundle->key_type = type;
    if (!pki__time_read(X509_get0_notBefore(leaf), &bundle->not_before_ms) ||
        !pki__time_read(X509_get0_notAfter(leaf), &bundle->not_after_ms))
        return err_set(reterr, ERR_INVALID, "the certificate's times cannot be read");
    enum err e = names_set(bundle, leaf, reterr);
    if (e != ERR_OK)
        return e;
    fingerprint_set(bundle, leaf);
    pem_write(bundle, key, chain);
    *ret_bundle = TAKE(bundle);
    return ERR_OK;
}

struct pki_bundle *pki_bundle_free(struct pki_bundle *bundle)
{
    if (bundle == NULL)
        return NULL;
    (void)arena_free_wiped(bundle->arena); /* always NULL */
    return mem_free(bundle);
}
