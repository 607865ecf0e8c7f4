#include <openssl/evp.h>
#include <pthread.h>

#include "core/base/assert.h"
#include "core/base/mem.h"
#include "core/pki/pki.h"

struct pki_hash {
    EVP_MD_CTX *context;
};

/* Looked up once: OpenSSL 3 walks its providers for every EVP_sha256() in use. */
static EVP_MD *sha256;
static pthread_once_t sha256_once = PTHREAD_ONCE_INIT;

static void sha256_fetch(void)
{
    sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    ASSERT(sha256 != NULL);
}

static const EVP_MD *sha256_get(void)
{
    ASSERT(pthread_once(&sha256_once, sha256_fetch) == 0);
    return sha256;
}

static void context_start(EVP_MD_CTX *context)
{
    ASSERT(EVP_DigestInit_ex(context, sha256_get(), NULL) == 1);
}

static EVP_MD_CTX *context_new(void)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    ASSERT(context != NULL); /* out of memory */
    context_start(context);
    return context;
}

/* One for each thread: making one costs as much as hashing a hundred bytes. It has always been
 * started. */
static pthread_key_t own_key;
static pthread_once_t own_once = PTHREAD_ONCE_INIT;

static void own_free(void *context)
{
    EVP_MD_CTX_free(context);
}

static void own_key_make(void)
{
    ASSERT(pthread_key_create(&own_key, own_free) == 0);
}

static EVP_MD_CTX *own_context(void)
{
    static _Thread_local EVP_MD_CTX *own;
    if (own != NULL)
        return own;
    own = context_new();
    ASSERT(pthread_once(&own_once, own_key_make) == 0);
    ASSERT(pthread_setspecific(own_key, own) == 0); /* freed with the thread */
    return own;
}

void pki_sha256(const void *data, size_t size, unsigned char ret_digest[PKI_SHA256_SIZE])
{
    EVP_MD_CTX *context = own_context();
    ASSERT(EVP_DigestUpdate(context, data, size) == 1);
    ASSERT(EVP_DigestFinal_ex(context, ret_digest, NULL) == 1);
    context_start(context); /* which wipes what it has seen */
}

struct pki_hash *pki_hash_new(void)
{
    struct pki_hash *hash = MEM_NEW(struct pki_hash);
    hash->context = context_new();
    return hash;
}

struct pki_hash *pki_hash_free(struct pki_hash *hash)
{
    if (hash == NULL)
        return NULL;
    EVP_MD_CTX_free(hash->context);
    return mem_free(hash);
}

void pki_hash_add(struct pki_hash *hash, const void *data, size_t size)
{
    ASSERT(EVP_DigestUpdate(hash->context, data, size) == 1);
}

void pki_hash_finish(struct pki_hash *hash, unsigned char ret_digest[PKI_SHA256_SIZE])
{
    ASSERT(EVP_DigestFinal_ex(hash->context, ret_digest, NULL) == 1);
    context_start(hash->context);
}

void pki_hex(const unsigned char digest[PKI_SHA256_SIZE], char ret_text[PKI_SHA256_HEX_SIZE + 1])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < PKI_SHA256_SIZE; i++) {
        ret_text[2 * i] = digits[digest[i] >> 4];
        ret_text[2 * i + 1] = digits[digest[i] & 0xF];
    }
    ret_text[PKI_SHA256_HEX_SIZE] = '\0';
}
