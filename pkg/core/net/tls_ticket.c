/* Session tickets (RFC 5077, RFC 8446 section 4.6.1) under keys that nobody has to hand around.
 *
 * A key is HMAC-SHA-512(secret of the process, epoch, session context), so every worker knows it,
 * it changes every epoch by itself, and a ticket of one chain is noise to another. */
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "core/base/assert.h"
#include "core/base/mem.h"
#include "core/base/random.h"
#include "core/net/internal.h"

#define NAME_SIZE 16 /* TLSEXT_KEYNAME_LENGTH */
#define IV_SIZE   16

/* All 64 bytes of the digest. */
struct ticket_key {
    unsigned char name[NAME_SIZE];
    unsigned char cipher[16]; /* AES-128-CBC, as RFC 5077 recommends */
    unsigned char mac[32];    /* HMAC-SHA-256 */
};

static void derive(const struct tls *tls, uint64_t epoch, struct ticket_key *ret_key)
{
    unsigned char input[8 + SESSION_CONTEXT_SIZE];
    for (unsigned i = 0; i < 8; i++)
        input[i] = (unsigned char)(epoch >> (56 - 8 * i));
    memcpy(input + 8, tls->context->session_context, SESSION_CONTEXT_SIZE);
    _Static_assert(sizeof(*ret_key) == 64, "the digest fills the key");
    const unsigned char *secret = tls->server->ticket_secret;
    ASSERT(HMAC(EVP_sha512(), secret, sizeof(tls->server->ticket_secret), input, sizeof(input),
                (unsigned char *)ret_key, NULL) != NULL);
}

static int use_key(struct ticket_key *key, const unsigned char *iv, EVP_CIPHER_CTX *cipher,
                   EVP_MAC_CTX *mac, int encrypts)
{
    char digest[] = "SHA256";
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key->mac, sizeof(key->mac)),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };
    bool done = EVP_CipherInit_ex(cipher, EVP_aes_128_cbc(), NULL, key->cipher, iv, encrypts) ==
                    1 &&
                EVP_MAC_CTX_set_params(mac, parameters) == 1;
    return done ? 1 : -1;
}

/* Answers for OpenSSL: -1 fatal, 0 no such key (a full handshake follows), 1 done, 2 done and the
 * client gets a new ticket. */
int net__tls_on_ticket(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher,
                       EVP_MAC_CTX *mac, int encrypts)
{
    const struct tls *tls = SSL_get_app_data(ssl);
    ASSERT(tls->context != NULL); /* the ClientHello has been looked at before */
    uint64_t epoch = tls->server->clock(tls->server->clock_arg) / NET_TLS_TICKET_EPOCH_MS;
    struct ticket_key key;
    derive(tls, epoch, &key);
    int answer = 1;
    if (encrypts) {
        memcpy(name, key.name, NAME_SIZE);
        random_bytes(iv, IV_SIZE);
    } else if (!mem_equal_secret(name, key.name, NAME_SIZE)) {
        answer = 0;
        if (epoch > 0) {
            derive(tls, epoch - 1, &key);
            answer = mem_equal_secret(name, key.name, NAME_SIZE) ? 2 : 0;
        }
    }
    if (answer > 0 && use_key(&key, iv, cipher, mac, encrypts) != 1)
        answer = -1;
    mem_wipe(&key, sizeof(key));
    return answer;
}
