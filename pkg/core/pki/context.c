/* Certificates for TLS contexts that other libraries have made. */
#include <limits.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "core/base/assert.h"
#include "core/pki/internal.h"
#include "core/pki/pki.h"

/* Reads from `text`, which has to live as long. */
static BIO *bio_of(struct str text)
{
    ASSERT(text.size <= INT_MAX);
    BIO *bio = BIO_new_mem_buf(text.data, (int)text.size);
    ASSERT(bio != NULL); /* out of memory */
    return bio;
}

static X509 *next_certificate(BIO *bio)
{
    X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    ERR_clear_error(); /* the end of the text is one, too */
    return certificate;
}

static void versions_set(SSL_CTX *context)
{
    ASSERT(SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1);
}

static enum err use_certificates(SSL_CTX *context, struct str pem, struct err_info *reterr)
{
    BIO *bio = bio_of(pem);
    X509 *leaf = next_certificate(bio);
    enum err err = ERR_OK;
    if (leaf == NULL || SSL_CTX_use_certificate(context, leaf) != 1)
        err = err_set(reterr, ERR_INVALID, "the text holds no certificate: %s", pki__reason());
    X509_free(leaf);
    X509 *issuer;
    while (err == ERR_OK && (issuer = next_certificate(bio)) != NULL) {
        if (SSL_CTX_add_extra_chain_cert(context, issuer) != 1) { /* it is the context's now */
            X509_free(issuer);
            err = err_set(reterr, ERR_INVALID, "a certificate of the chain cannot be used: %s",
                          pki__reason());
        }
    }
    BIO_free(bio);
    return err;
}

static enum err use_key(SSL_CTX *context, struct str pem, struct err_info *reterr)
{
    BIO *bio = bio_of(pem);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    enum err err = ERR_OK;
    if (key == NULL || SSL_CTX_use_PrivateKey(context, key) != 1 ||
        SSL_CTX_check_private_key(context) != 1)
        err = err_set(reterr, ERR_INVALID, "the key does not fit: %s", pki__reason());
    EVP_PKEY_free(key);
    BIO_free(bio);
    return err;
}

enum err pki_context_identity(void *context, struct str certificates_pem, struct str key_pem,
                              struct err_info *reterr)
{
    versions_set(context);
    /* Who made the context may have put a callback there that takes another for a server name. */
    SSL_CTX_set_tlsext_servername_callback((SSL_CTX *)context, NULL);
    enum err err = use_certificates(context, certificates_pem, reterr);
    return err == ERR_OK ? use_key(context, key_pem, reterr) : err;
}

enum err pki_context_trust(void *context, struct str ca_pem, struct err_info *reterr)
{
    versions_set(context);
    X509_STORE *store = SSL_CTX_get_cert_store(context);
    BIO *bio = bio_of(ca_pem);
    size_t count = 0;
    X509 *authority;
    while ((authority = next_certificate(bio)) != NULL) {
        count += X509_STORE_add_cert(store, authority) == 1;
        X509_free(authority);
    }
    BIO_free(bio);
    ERR_clear_error();
    if (count == 0)
        return err_set(reterr, ERR_INVALID, "the text holds no certificate");
    return ERR_OK;
}
