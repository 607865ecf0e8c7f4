#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>

#include "core/base/assert.h"
#include "core/pki/internal.h"
#include "core/pki/pki.h"

/* What OpenSSL's security level 2, the default, asks of keys and signatures: 112 bits. */
#define SECURITY_BITS_MIN 112
#define RSA_BITS_MIN      2048

/* One block of the text, as OpenSSL hands it out. */
struct pem_block {
    char *label;
    char *header;
    unsigned char *der;
    long der_size;
};

struct reader {
    STACK_OF(X509) * chain;
    EVP_PKEY *key;
    enum pki_key_type key_type;
    struct err_info *reterr;
};

const char *pki__reason(void)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    ERR_clear_error();
    return reason == NULL ? "not understood" : reason;
}

static void block_free(struct pem_block *block)
{
    OPENSSL_secure_free(block->label);
    OPENSSL_secure_free(block->header);
    OPENSSL_secure_clear_free(block->der, (size_t)block->der_size);
    *block = (struct pem_block){0};
}

static enum err key_type_check(struct reader *reader, EVP_PKEY *key)
{
    int type = EVP_PKEY_get_base_id(key);
    if (type == EVP_PKEY_RSA) {
        int bits = EVP_PKEY_get_bits(key);
        reader->key_type = PKI_RSA;
        if (bits < RSA_BITS_MIN)
            return err_set(reader->reterr, ERR_INVALID,
                           "the RSA key has %d bits, and TLS takes no less than %d: issue a new "
                           "key and certificate",
                           bits, RSA_BITS_MIN);
        return ERR_OK;
    }
    if (type != EVP_PKEY_EC) {
        const char *name = EVP_PKEY_get0_type_name(key);
        return err_set(reader->reterr, ERR_INVALID,
                       "unsupported private key type %s: use an RSA or ECDSA key",
                       name == NULL ? "" : name);
    }
    reader->key_type = PKI_ECDSA;
    char group[64] = "without a name";
    (void)EVP_PKEY_get_group_name(key, group, sizeof(group), NULL); /* a curve of one's own */
    int curve = OBJ_txt2nid(group);
    if (curve != NID_X9_62_prime256v1 && curve != NID_secp384r1 && curve != NID_secp521r1)
        return err_set(reader->reterr, ERR_INVALID,
                       "unsupported ECDSA curve %s: use a key on P-256, P-384 or P-521", group);
    return ERR_OK;
}

static enum err key_add(struct reader *reader, const struct pem_block *block, bool encrypted)
{
    if (reader->key != NULL)
        return err_set(reader->reterr, ERR_INVALID,
                       "secret contains multiple private keys: keep the one of the first "
                       "certificate, and put another certificate with its key into a secret of "
                       "its own");
    if (encrypted)
        return err_set(reader->reterr, ERR_INVALID,
                       "the private key is encrypted, and there is no pass phrase: decrypt it with "
                       "\"openssl pkcs8 -in key.pem\"");
    const unsigned char *at = block->der;
    EVP_PKEY *key = d2i_AutoPrivateKey(NULL, &at, block->der_size);
    if (key == NULL)
        return err_set(reader->reterr, ERR_INVALID,
                       "failed to parse private key (%s): it has to be PKCS#8, or RSA or EC in "
                       "their traditional form",
                       pki__reason());
    enum err e = key_type_check(reader, key);
    if (e != ERR_OK) {
        EVP_PKEY_free(key);
        return e;
    }
    reader->key = key;
    return ERR_OK;
}

static enum err certificate_add(struct reader *reader, const struct pem_block *block, bool trusted)
{
    if ((size_t)sk_X509_num(reader->chain) == PKI_CERTIFICATES_MAX)
        return err_set(reader->reterr, ERR_LIMIT, "more than %zu certificates",
                       PKI_CERTIFICATES_MAX);
    const unsigned char *at = block->der;
    X509 *certificate = trusted ? d2i_X509_AUX(NULL, &at, block->der_size)
                                : d2i_X509(NULL, &at, block->der_size);
    if (certificate == NULL || at != block->der + block->der_size) {
        X509_free(certificate);
        return err_set(reader->reterr, ERR_INVALID, "failed to parse certificate: %s",
                       pki__reason());
    }
    ASSERT(sk_X509_push(reader->chain, certificate) > 0); /* out of memory */
    return ERR_OK;
}

static enum err block_add(struct reader *reader, const struct pem_block *block)
{
    struct str label = str_of(block->label);
    struct str header = str_of(block->header);
    if (str_ends_with(label, STR("PRIVATE KEY"))) {
        bool encrypted = str_equal(label, STR("ENCRYPTED PRIVATE KEY")) ||
                         (str_starts_with(header, STR("Proc-Type:")) &&
                          strstr(block->header, "ENCRYPTED"));
        return key_add(reader, block, encrypted);
    }
    if (str_ends_with(label, STR("CERTIFICATE")))
        return certificate_add(reader, block, str_equal(label, STR("TRUSTED CERTIFICATE")));
    /* "openssl ecparam -genkey" puts this before the key, which names its curve itself. */
    if (str_equal(label, STR("EC PARAMETERS")))
        return ERR_OK;
    return err_set(reader->reterr, ERR_INVALID,
                   "unsupported PEM block \"%.64s\": only certificates and one private key belong "
                   "here",
                   block->label);
}

/* ERR_CLOSED: no further block. */
static enum err block_next(struct reader *reader, BIO *bio, struct pem_block *ret_block)
{
    struct pem_block block = {0};
    if (PEM_read_bio_ex(bio, &block.label, &block.header, &block.der, &block.der_size,
                        PEM_FLAG_SECURE | PEM_FLAG_EAY_COMPATIBLE) == 1) {
        *ret_block = block;
        return ERR_OK;
    }
    if (ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE) {
        ERR_clear_error();
        return ERR_CLOSED;
    }
    return err_set(reader->reterr, ERR_INVALID,
                   "the PEM block cannot be read (%s): copy it whole, from its BEGIN to its END "
                   "line",
                   pki__reason());
}

static enum err blocks_read(struct reader *reader, BIO *bio)
{
    for (size_t i = 0;; i++) {
        struct pem_block block = {0};
        enum err e = block_next(reader, bio, &block);
        if (e == ERR_CLOSED)
            return ERR_OK;
        if (e == ERR_OK) {
            e = block_add(reader, &block);
            block_free(&block);
        }
        if (e != ERR_OK) {
            char path[32];
            (void)snprintf(path, sizeof(path), "secret[%zu]", i); /* fits */
            err_prefix(reader->reterr, str_of(path));
            return e;
        }
    }
}

/* What SSL_CTX_use_certificate and SSL_CTX_add1_chain_cert refuse at security level 2. */
static enum err strength_check(const struct reader *reader, int index)
{
    X509 *certificate = sk_X509_value(reader->chain, index);
    EVP_PKEY *public_key = X509_get0_pubkey(certificate);
    if (public_key == NULL)
        return err_set(reader->reterr, ERR_INVALID,
                       "the public key of certificate %d cannot be read: %s", index + 1,
                       pki__reason());
    if (EVP_PKEY_get_security_bits(public_key) < SECURITY_BITS_MIN)
        return err_set(reader->reterr, ERR_INVALID,
                       "the key of certificate %d is too short for TLS: issue a new one",
                       index + 1);
    /* Nobody checks the signature of a self-signed certificate. */
    if ((X509_get_extension_flags(certificate) & EXFLAG_SS) != 0)
        return ERR_OK;
    int security_bits = -1;
    if (X509_get_signature_info(certificate, NULL, NULL, &security_bits, NULL) != 1)
        security_bits = -1;
    if (security_bits < SECURITY_BITS_MIN)
        return err_set(reader->reterr, ERR_INVALID,
                       "certificate %d is signed with a digest that TLS refuses, such as SHA-1: "
                       "have it issued anew with SHA-256",
                       index + 1);
    return ERR_OK;
}

static enum err fit_check(const struct reader *reader)
{
    int count = sk_X509_num(reader->chain);
    if (X509_check_private_key(sk_X509_value(reader->chain, 0), reader->key) == 1)
        return ERR_OK;
    int owner = 0;
    for (int i = 1; i < count && owner == 0; i++) {
        if (X509_check_private_key(sk_X509_value(reader->chain, i), reader->key) == 1)
            owner = i;
    }
    ERR_clear_error();
    if (owner > 0)
        return err_set(reader->reterr, ERR_INVALID,
                       "the private key belongs to certificate %d: the server's certificate has "
                       "to be the first",
                       owner + 1);
    return err_set(reader->reterr, ERR_INVALID,
                   "the private key does not belong to the first certificate: the two have to be "
                   "those that were issued together");
}

static enum err reader_finish(struct reader *reader, struct pki_bundle **ret_bundle)
{
    int count = sk_X509_num(reader->chain);
    if (count == 0)
        return err_set(reader->reterr, ERR_INVALID,
                       "missing server certificate: the data has to hold PEM blocks of the "
                       "certificate and of its private key");
    if (reader->key == NULL)
        return err_set(reader->reterr, ERR_INVALID,
                       "missing private key: append the PEM block of the certificate's key");
    for (int i = 0; i < count; i++) {
        enum err e = strength_check(reader, i);
        if (e != ERR_OK)
            return e;
    }
    enum err e = fit_check(reader);
    if (e != ERR_OK)
        return e;
    return pki__bundle_make(reader->key, reader->key_type, reader->chain, ret_bundle,
                            reader->reterr);
}

enum err pki_bundle_read(struct str pem, struct pki_bundle **ret_bundle, struct err_info *reterr)
{
    if (pem.size > PKI_BUNDLE_SIZE_MAX)
        return err_set(reterr, ERR_LIMIT, "the data has %zu bytes, more than the %zu allowed",
                       pem.size, PKI_BUNDLE_SIZE_MAX);
    struct reader reader = {.reterr = reterr, .chain = sk_X509_new_null()};
    BIO *bio = BIO_new_mem_buf(pem.size == 0 ? "" : pem.data, (int)pem.size);
    ASSERT(reader.chain != NULL && bio != NULL); /* out of memory */
    enum err e = blocks_read(&reader, bio);
    if (e == ERR_OK)
        e = reader_finish(&reader, ret_bundle);
    BIO_free(bio);
    EVP_PKEY_free(reader.key);
    sk_X509_pop_free(reader.chain, X509_free);
    return e;
}
