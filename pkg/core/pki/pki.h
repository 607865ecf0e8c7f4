/* Certificates and keys: PEM bundles read and checked, self-signed ones issued, SHA-256 digests.
 *
 * A bundle is what one data source of a manifest holds: PEM blocks with exactly one private key and
 * at least one certificate, in any order, of which the first certificate is the leaf and the others
 * are its chain; text between blocks is skipped. What pki_bundle_read accepts, a TLS server can
 * serve: the key is RSA of at least 2048 bits or ECDSA on P-256, P-384 or P-521, it fits the leaf,
 * and no signature that a client checks uses a digest that TLS refuses. Expiry is reported, not
 * judged: nothing here reads a clock.
 *
 * Bundles own what they point at and are wiped when freed. Errors are sentences for the person who
 * wrote the bundle; err_info's path is "secret[i]", with i the index of the PEM block, or empty.
 * No shared state: any thread.
 *
 * PEM: RFC 7468 and, for its older labels, RFC 1421; names: RFC 5280 section 4.2.1.6. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/err.h"
#include "core/base/str.h"

#define PKI_SHA256_SIZE     ((size_t)32)
#define PKI_SHA256_HEX_SIZE ((size_t)64)

void pki_sha256(const void *data, size_t size, unsigned char ret_digest[PKI_SHA256_SIZE]);

/* The same piece by piece: new, any number of adds, one finish, free. */
struct pki_hash;

MUST_USE struct pki_hash *pki_hash_new(void);
struct pki_hash *pki_hash_free(struct pki_hash *hash);
void pki_hash_add(struct pki_hash *hash, const void *data, size_t size);

/* Writes the digest and starts over: `hash` is as new. */
void pki_hash_finish(struct pki_hash *hash, unsigned char ret_digest[PKI_SHA256_SIZE]);

/* Lower-case hex and a terminator. */
void pki_hex(const unsigned char digest[PKI_SHA256_SIZE], char ret_text[PKI_SHA256_HEX_SIZE + 1]);

enum pki_key_type {
    PKI_RSA,
    PKI_ECDSA,
};

/* "rsa", "ecdsa". */
struct str pki_key_type_name(enum pki_key_type type);

/* Above what Kubernetes' 1 MiB per Secret leaves to any sensible chain, and a bound on the work of
 * parsing. */
#define PKI_BUNDLE_SIZE_MAX  ((size_t)256 * 1024)
#define PKI_CERTIFICATES_MAX ((size_t)16)
/* Names of one leaf; public authorities stop at 100, a few at 250. */
#define PKI_DNS_NAMES_MAX ((size_t)1000)

struct pki_bundle {
    struct str certificates_pem; /* normalised: the leaf, then the chain as it was ordered */
    struct str key_pem;          /* normalised: unencrypted PKCS#8; a secret */
    enum pki_key_type key_type;
    struct str fingerprint;      /* SHA-256 of the leaf, lower-case hex */
    const struct str *dns_names; /* the leaf's DNS names, lower case; its common name without any */
    size_t dns_name_count;
    uint64_t not_before_ms; /* of the leaf, since 1970 UTC; 0 for what lies before */
    uint64_t not_after_ms;
    struct arena *arena; /* private: what all of the above points at */
};

/* Reads and checks a bundle. All texts of the result are terminated.
 * ERR_INVALID: it is not one, or TLS could not serve it; ERR_LIMIT: larger than the bounds above.
 */
MUST_USE enum err pki_bundle_read(struct str pem, struct pki_bundle **ret_bundle,
                                  struct err_info *reterr);

/* Wipes the key. */
struct pki_bundle *pki_bundle_free(struct pki_bundle *bundle);

/* Certificates alone, such as the authorities that somebody is trusted by: PEM blocks of them, text
 * and other blocks between which are skipped. */

/* Some twice what systems trust. */
#define PKI_AUTHORITIES_MAX ((size_t)300)

struct pki_certificates {
    struct str pem; /* normalised, in their order */
    size_t count;
    /* Between these at least one of them is valid, unless they leave a gap; since 1970 UTC, 0 for
     * what lies before. */
    uint64_t not_before_ms;
    uint64_t not_after_ms;
    struct arena *arena; /* private: what the text is in */
};

/* ERR_INVALID: it holds none, or one that cannot be read; ERR_LIMIT: larger than
 * PKI_BUNDLE_SIZE_MAX or more than the bound above. */
MUST_USE enum err pki_certificates_read(struct str pem, struct pki_certificates **ret_certificates,
                                        struct err_info *reterr);
struct pki_certificates *pki_certificates_free(struct pki_certificates *certificates);

enum pki_usage {
    PKI_SERVER,
    PKI_CLIENT,
};

struct pki_request {
    enum pki_usage usage;
    enum pki_key_type key_type; /* RSA with 2048 bits, or ECDSA on P-256 */
    /* DNS names, "*.example.com" too, or IP addresses: the subject's alternative names, and the
     * first is its common name. */
    const struct str *hostnames;
    size_t hostname_count;
    uint64_t not_before_ms;
    uint64_t not_after_ms;
};

/* Issues a self-signed certificate with a fresh key.
 * ERR_INVALID: a hostname is none, there is none, or the times are not in order or past 9999. */
MUST_USE enum err pki_issue_self_signed(const struct pki_request *request,
                                        struct pki_bundle **ret_bundle, struct err_info *reterr);

/* An authority that signs for others: an ECDSA key and its self-signed certificate, as a bundle.
 * `name` is its common name. ERR_INVALID as above. */
MUST_USE enum err pki_issue_authority(struct str name, uint64_t not_before_ms,
                                      uint64_t not_after_ms, struct pki_bundle **ret_bundle,
                                      struct err_info *reterr);

/* Issues a certificate that `authority`, from pki_issue_authority, signs, with a fresh key.
 * ERR_INVALID also when the authority cannot sign. */
MUST_USE enum err pki_issue_signed(const struct pki_request *request,
                                   const struct pki_bundle *authority,
                                   struct pki_bundle **ret_bundle, struct err_info *reterr);

/* What a server presents: a certificate, its chain and its key. */
struct pki_identity;

/* ERR_INVALID: a text holds no certificate, or no key that fits, or TLS could not serve them. */
MUST_USE enum err pki_identity_new(struct str certificates_pem, struct str key_pem,
                                   struct pki_identity **ret_identity, struct err_info *reterr);

/* Connections that have presented it go on. */
struct pki_identity *pki_identity_free(struct pki_identity *identity);

/* For libraries that stand on OpenSSL as well: `context` is their SSL_CTX. Both take TLS 1.2 and
 * above. */

/* Each handshake presents what `*identity` is at its time; the pointer is borrowed as long as the
 * context lives. A server name that a client asks for chooses nothing. */
void pki_context_present(void *context, struct pki_identity *const *identity);

/* The authorities that it trusts, in addition to none. ERR_INVALID: the text holds no
 * certificate. */
MUST_USE enum err pki_context_trust(void *context, struct str ca_pem, struct err_info *reterr);

CLEANUP_DEFINE(struct pki_bundle, pki_bundle_free);
CLEANUP_DEFINE(struct pki_certificates, pki_certificates_free);
CLEANUP_DEFINE(struct pki_hash, pki_hash_free);
CLEANUP_DEFINE(struct pki_identity, pki_identity_free);
