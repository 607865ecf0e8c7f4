/* Private to core/pki: what reading and issuing share. */
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "core/base/arena.h"
#include "core/pki/pki.h"

/* The last reason that OpenSSL gave, or "not understood"; empties its queue of errors. */
const char *pki__reason(void);

/* For reading PEM: what is encrypted is refused, and not asked about at the terminal. */
int pki__no_pass_phrase(char *buffer, int size, int writing, void *arg);

/* Milliseconds since 1970 UTC; 0 for what lies before. False: it is no time. */
MUST_USE bool pki__time_read(const ASN1_TIME *value, uint64_t *ret_ms);

/* What was written to a memory BIO, which is freed; that wipes what it held. */
struct str pki__bio_take(struct arena *arena, BIO *bio);

/* The bundle of a checked key and chain; neither changes hands.
 * ERR_LIMIT: too many names; ERR_INVALID: times or names that cannot be read. */
MUST_USE enum err pki__bundle_make(EVP_PKEY *key, enum pki_key_type type, STACK_OF(X509) * chain,
                                   struct pki_bundle **ret_bundle, struct err_info *reterr);
