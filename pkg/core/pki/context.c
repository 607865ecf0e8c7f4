/* Certificates for TLS contexts that other libraries have made. */
#include <limits.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "core/base/assert.h"
#include "core/base/mem.h"
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
    X509 *certificate = PEM_read_bio_X509(bio, NULL, pki__no_pass_phrase, NULL);
    ERR_clear_error(); /* the end of the text is one, too */
    return certificate;
}

static void versions_set(SSL_CTX *context)
{
    ASSERT(SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1);
}

/* ---- What a server presents ---- */

struct pki_identity {
    X509 *leaf;
    EVP_PKEY *key;
    STACK_OF(X509) * chain;
};

static enum err certificates_read(struct pki_identity *identity, struct str pem,
                                  struct err_info *reterr)
{
    BIO *bio = bio_of(pem);
    identity->leaf = next_certificate(bio);
    identity->chain = sk_X509_new_null();
    X509 *issuer;
    while ((issuer = next_certificate(bio)) != NULL)
        ASSERT(sk_X509_push(identity->chain, issuer) > 0); /* out of memory */
    BIO_free(bio);
    if (identity->leaf == NULL)
        return err_set(reterr, ERR_INVALID, "the text holds no certificate");
    return ERR_OK;
}

static enum err key_read(struct pki_identity *identity, struct str pem, struct err_info *reterr)
{
    BIO *bio = bio_of(pem);
    identity->key = PEM_read_bio_PrivateKey(bio, NULL, pki__no_pass_phrase, NULL);
    BIO_free(bio);
    if (identity->key == NULL)
        return err_set(reterr, ERR_INVALID, "the text holds no key: %s", pki__reason());
    return ERR_OK;
}

/* OpenSSL's own word, before a handshake would fail for it. */
static enum err usable_check(const struct pki_identity *identity, struct err_info *reterr)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    ASSERT(context != NULL); /* out of memory */
    bool usable = SSL_CTX_use_cert_and_key(context, identity->leaf, identity->key, identity->chain,
                                           0) == 1;
    SSL_CTX_free(context);
    if (!usable)
        return err_set(reterr, ERR_INVALID, "certificate and key cannot be used: %s",
                       pki__reason());
    return ERR_OK;
}

enum err pki_identity_new(struct str certificates_pem, struct str key_pem,
                          struct pki_identity **ret_identity, struct err_info *reterr)
{
    struct pki_identity *identity CLEANUP(pki_identity_free) = MEM_NEW(struct pki_identity);
    enum err err = certificates_read(identity, certificates_pem, reterr);
    if (err == ERR_OK)
        err = key_read(identity, key_pem, reterr);
    if (err == ERR_OK)
        err = usable_check(identity, reterr);
    if (err == ERR_OK)
        *ret_identity = TAKE(identity);
    return err;
}

struct pki_identity *pki_identity_free(struct pki_identity *identity)
{
    if (identity == NULL)
        return NULL;
    X509_free(identity->leaf);
    EVP_PKEY_free(identity->key); /* wiped, when no connection has it any more */
    sk_X509_pop_free(identity->chain, X509_free);
    return mem_free(identity);
}

/* In a handshake, when the client has said what it can. */
static int on_certificate(SSL *ssl, void *arg)
{
    const struct pki_identity *identity = *(struct pki_identity *const *)arg;
    SSL_certs_clear(ssl); /* a client that has to say it twice comes here twice */
    return SSL_use_cert_and_key(ssl, identity->leaf, identity->key, identity->chain, 1);
}

void pki_context_present(void *context, struct pki_identity *const *identity)
{
    versions_set(context);
    /* Who made the context may have put a callback there that takes another for a server name. */
    SSL_CTX_set_tlsext_servername_callback((SSL_CTX *)context, NULL);
    /* OpenSSL hands a pointer on that it does not use. */
    SSL_CTX_set_cert_cb(context, on_certificate, (void *)(uintptr_t)identity);
}

/* ---- What a client trusts ---- */

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
