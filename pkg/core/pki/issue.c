#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "core/base/assert.h"
#include "core/base/ip.h"
#include "core/base/random.h"
#include "core/pki/internal.h"
#include "core/pki/pki.h"

#define RSA_BITS 2048
/* RFC 5280, section 4.1.2.2 allows 20 bytes; 128 bits of chance are what authorities use. */
#define SERIAL_SIZE ((size_t)16)
/* RFC 5280, appendix A: ub-common-name. */
#define COMMON_NAME_MAX ((size_t)64)
#define DNS_NAME_MAX    ((size_t)253)
#define DNS_LABEL_MAX   ((size_t)63)
/* 9999-12-31T23:59:59Z, which RFC 5280 keeps for "no end". */
#define TIME_MAX_MS 253402300799000U

static bool is_label(struct str label)
{
    if (label.size == 0 || label.size > DNS_LABEL_MAX || label.data[0] == '-' ||
        label.data[label.size - 1] == '-')
        return false;
    for (size_t i = 0; i < label.size; i++) {
        char c = label.data[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        /* Underscores are no host name's (RFC 952), but networks use them. */
        if (!letter && !(c >= '0' && c <= '9') && c != '-' && c != '_')
            return false;
    }
    return true;
}

static bool is_dns_name(struct str name)
{
    if (name.size > DNS_NAME_MAX)
        return false;
    struct str rest = str_starts_with(name, STR("*.")) ? str_from(name, 2) : name;
    do {
        if (!is_label(str_cut(&rest, '.')))
            return false;
    } while (rest.data != NULL);
    return true;
}

static void name_push(GENERAL_NAMES *names, int type, const void *data, size_t size)
{
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_STRING *value = type == GEN_DNS ? ASN1_IA5STRING_new() : ASN1_OCTET_STRING_new();
    ASSERT(name != NULL && value != NULL); /* out of memory */
    ASSERT(ASN1_STRING_set(value, data, (int)size) == 1);
    GENERAL_NAME_set0_value(name, type, value);
    ASSERT(sk_GENERAL_NAME_push(names, name) > 0);
}

static enum err alternatives_add(X509 *certificate, const struct pki_request *request,
                                 struct err_info *reterr)
{
    GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
    ASSERT(names != NULL); /* out of memory */
    enum err e = ERR_OK;
    for (size_t i = 0; i < request->hostname_count && e == ERR_OK; i++) {
        struct str host = request->hostnames[i];
        unsigned char address[IP_SIZE_MAX];
        size_t address_size = ip_parse(host, address);
        if (address_size > 0)
            name_push(names, GEN_IPADD, address, address_size);
        else if (is_dns_name(host))
            name_push(names, GEN_DNS, host.data, host.size);
        else
            e = err_set(reterr, ERR_INVALID,
                        "\"%.*s\" is neither a DNS name such as foo.example.com or *.example.com, "
                        "nor an IP address",
                        STR_ARG(str_first(host, DNS_NAME_MAX)));
    }
    if (e == ERR_OK)
        ASSERT(X509_add1_ext_i2d(certificate, NID_subject_alt_name, names, 0, 0) == 1);
    GENERAL_NAMES_free(names);
    return e;
}

static void extension_add(X509 *certificate, X509V3_CTX *context, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, context, nid, value);
    ASSERT(extension != NULL);
    ASSERT(X509_add_ext(certificate, extension, -1) == 1);
    X509_EXTENSION_free(extension);
}

enum role {
    ROLE_SELF_SIGNED,
    ROLE_AUTHORITY,
    ROLE_LEAF, /* of an authority */
};

/* Who signs: itself, or an authority. */
struct issuer {
    enum role role;
    X509 *certificate;
    EVP_PKEY *key;
};

static const char *key_usage(const struct pki_request *request, enum role role)
{
    bool is_rsa = request->key_type == PKI_RSA;
    switch (role) {
    case ROLE_SELF_SIGNED:
        return is_rsa ? "critical,digitalSignature,keyEncipherment,keyCertSign"
                      : "critical,digitalSignature,keyCertSign";
    case ROLE_AUTHORITY: return "critical,keyCertSign,cRLSign";
    case ROLE_LEAF:
        return is_rsa ? "critical,digitalSignature,keyEncipherment" : "critical,digitalSignature";
    }
    return NULL;
}

/* One that is its own issuer may sign itself: a client that trusts it as an authority, as
 * `curl --cacert` does, takes it as the server's certificate too. */
static const char *constraints(enum role role)
{
    switch (role) {
    case ROLE_SELF_SIGNED: return "critical,CA:TRUE";
    case ROLE_AUTHORITY: return "critical,CA:TRUE,pathlen:0";
    case ROLE_LEAF: return "critical,CA:FALSE";
    }
    return NULL;
}

static void extensions_add(X509 *certificate, const struct pki_request *request,
                           const struct issuer *issuer)
{
    X509V3_CTX context;
    X509 *signer = issuer->role == ROLE_LEAF ? issuer->certificate : certificate;
    X509V3_set_ctx(&context, signer, certificate, NULL, NULL, 0);
    extension_add(certificate, &context, NID_basic_constraints, constraints(issuer->role));
    extension_add(certificate, &context, NID_key_usage, key_usage(request, issuer->role));
    if (issuer->role != ROLE_AUTHORITY)
        extension_add(certificate, &context, NID_ext_key_usage,
                      request->usage == PKI_SERVER ? "serverAuth" : "clientAuth");
    extension_add(certificate, &context, NID_subject_key_identifier, "hash");
    if (issuer->role == ROLE_LEAF)
        extension_add(certificate, &context, NID_authority_key_identifier, "keyid:always");
}

static void serial_set(X509 *certificate)
{
    unsigned char bytes[SERIAL_SIZE];
    random_bytes(bytes, sizeof(bytes));
    bytes[0] = (unsigned char)((bytes[0] & 0x7F) | 0x40); /* positive, and of one length */
    BIGNUM *number = BN_bin2bn(bytes, sizeof(bytes), NULL);
    ASSERT(number != NULL); /* out of memory */
    ASSERT(BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL);
    BN_free(number);
}

/* The first hostname that fits, as a subject that people recognise; it decides nothing. */
static void subject_set(X509 *certificate, const struct pki_request *request)
{
    struct str name = STR("self-signed");
    for (size_t i = 0; i < request->hostname_count; i++) {
        if (request->hostnames[i].size <= COMMON_NAME_MAX) {
            name = request->hostnames[i];
            break;
        }
    }
    X509_NAME *subject = X509_get_subject_name(certificate);
    ASSERT(X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8,
                                      (const unsigned char *)name.data, (int)name.size, -1,
                                      0) == 1);
}

static void times_set(X509 *certificate, const struct pki_request *request)
{
    ASSERT(ASN1_TIME_set(X509_getm_notBefore(certificate),
                         (time_t)(request->not_before_ms / 1000)) != NULL);
    ASSERT(ASN1_TIME_set(X509_getm_notAfter(certificate), (time_t)(request->not_after_ms / 1000)) !=
           NULL);
}

static enum err certificate_fill(X509 *certificate, EVP_PKEY *key,
                                 const struct pki_request *request, const struct issuer *issuer,
                                 struct err_info *reterr)
{
    ASSERT(X509_set_version(certificate, X509_VERSION_3) == 1);
    serial_set(certificate);
    times_set(certificate, request);
    ASSERT(X509_set_pubkey(certificate, key) == 1);
    if (issuer->role != ROLE_AUTHORITY) { /* an authority is nobody's host */
        enum err e = alternatives_add(certificate, request, reterr);
        if (e != ERR_OK)
            return e;
    }
    subject_set(certificate, request);
    bool is_leaf = issuer->role == ROLE_LEAF;
    const X509 *signer = is_leaf ? issuer->certificate : certificate;
    ASSERT(X509_set_issuer_name(certificate, X509_get_subject_name(signer)) == 1);
    extensions_add(certificate, request, issuer);
    ASSERT(X509_sign(certificate, is_leaf ? issuer->key : key, EVP_sha256()) > 0);
    return ERR_OK;
}

static enum err issue(const struct pki_request *request, const struct issuer *issuer,
                      struct pki_bundle **ret_bundle, struct err_info *reterr)
{
    if (request->hostname_count == 0 || request->hostname_count > PKI_DNS_NAMES_MAX)
        return err_set(reterr, ERR_INVALID, "a certificate has between 1 and %zu hostnames",
                       PKI_DNS_NAMES_MAX);
    if (request->not_before_ms > request->not_after_ms || request->not_after_ms > TIME_MAX_MS)
        return err_set(reterr, ERR_INVALID,
                       "the certificate has to end after it begins, and "
                       "before the year 10000");
    EVP_PKEY *key = request->key_type == PKI_RSA ? EVP_RSA_gen(RSA_BITS) : EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    STACK_OF(X509) *chain = sk_X509_new_null();
    ASSERT(key != NULL && certificate != NULL && chain != NULL); /* out of memory or random */
    enum err e = certificate_fill(certificate, key, request, issuer, reterr);
    if (e == ERR_OK) {
        ASSERT(sk_X509_push(chain, certificate) > 0);
        e = pki__bundle_make(key, request->key_type, chain, ret_bundle, reterr);
    }
    sk_X509_free(chain);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return e;
}

enum err pki_issue_self_signed(const struct pki_request *request, struct pki_bundle **ret_bundle,
                               struct err_info *reterr)
{
    return issue(request, &(struct issuer){.role = ROLE_SELF_SIGNED}, ret_bundle, reterr);
}

enum err pki_issue_authority(struct str name, uint64_t not_before_ms, uint64_t not_after_ms,
                             struct pki_bundle **ret_bundle, struct err_info *reterr)
{
    const struct pki_request request = {
        .key_type = PKI_ECDSA,
        .hostnames = &name,
        .hostname_count = 1,
        .not_before_ms = not_before_ms,
        .not_after_ms = not_after_ms,
    };
    return issue(&request, &(struct issuer){.role = ROLE_AUTHORITY}, ret_bundle, reterr);
}

static BIO *bio_of(struct str text)
{
    BIO *bio = BIO_new_mem_buf(text.data, (int)text.size);
    ASSERT(bio != NULL); /* out of memory */
    return bio;
}

enum err pki_issue_signed(const struct pki_request *request, const struct pki_bundle *authority,
                          struct pki_bundle **ret_bundle, struct err_info *reterr)
{
    BIO *certificate = bio_of(authority->certificates_pem);
    BIO *key = bio_of(authority->key_pem);
    struct issuer issuer = {
        .role = ROLE_LEAF,
        .certificate = PEM_read_bio_X509(certificate, NULL, pki__no_pass_phrase, NULL),
        .key = PEM_read_bio_PrivateKey(key, NULL, pki__no_pass_phrase, NULL),
    };
    enum err e;
    if (issuer.certificate == NULL || issuer.key == NULL || X509_check_ca(issuer.certificate) != 1)
        e = err_set(reterr, ERR_INVALID, "it is no authority that can sign: %s", pki__reason());
    else
        e = issue(request, &issuer, ret_bundle, reterr);
    X509_free(issuer.certificate);
    EVP_PKEY_free(issuer.key);
    BIO_free(certificate);
    BIO_free(key);
    return e;
}
