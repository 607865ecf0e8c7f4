/* Whom clients take for the server they want: authorities, and names in certificates. */
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "core/base/assert.h"
#include "core/base/ip.h"
#include "core/base/mem.h"
#include "core/net/internal.h"

/* ---- Authorities ---- */

static enum err store_fill(X509_STORE *store, struct str pem, struct err_info *reterr)
{
    if (pem.size > INT32_MAX)
        return err_set(reterr, ERR_LIMIT, "larger than 2 GiB");
    BIO *bio = BIO_new_mem_buf(pem.size == 0 ? "" : pem.data, (int)pem.size);
    ASSERT(bio != NULL); /* out of memory */
    size_t count = 0;
    X509 *authority;
    while ((authority = PEM_read_bio_X509(bio, NULL, net__no_pass_phrase, NULL)) != NULL) {
        bool is_added = X509_STORE_add_cert(store, authority) == 1;
        X509_free(authority);
        count += is_added ? 1 : 0; /* one that is there twice is no error */
    }
    unsigned long reason = ERR_peek_last_error(); /* how the last read ended */
    BIO_free(bio);
    ERR_clear_error();
    if (ERR_GET_REASON(reason) != PEM_R_NO_START_LINE)
        return err_set(reterr, ERR_INVALID, "a certificate cannot be read: %s",
                       net__tls_reason_text(reason));
    if (count == 0)
        return err_set(reterr, ERR_INVALID, "it holds no certificate");
    return ERR_OK;
}

enum err net_tls_trust_new(struct str ca_pem, struct net_tls_trust **ret_trust,
                           struct err_info *reterr)
{
    ERR_clear_error();
    CLEANUP(net_tls_trust_unref) struct net_tls_trust *trust = MEM_NEW(struct net_tls_trust);
    atomic_init(&trust->references, 1);
    trust->store = X509_STORE_new();
    ASSERT(trust->store != NULL); /* out of memory */
    /* What is given is trusted, whoever vouches for it. */
    ASSERT(X509_STORE_set_flags(trust->store, X509_V_FLAG_PARTIAL_CHAIN) == 1);
    enum err e = store_fill(trust->store, ca_pem, reterr);
    if (e != ERR_OK)
        return e;
    *ret_trust = TAKE(trust);
    return ERR_OK;
}

struct net_tls_trust *net_tls_trust_ref(struct net_tls_trust *trust)
{
    atomic_fetch_add_explicit(&trust->references, 1, memory_order_relaxed);
    return trust;
}

struct net_tls_trust *net_tls_trust_unref(struct net_tls_trust *trust)
{
    if (trust == NULL ||
        atomic_fetch_sub_explicit(&trust->references, 1, memory_order_acq_rel) != 1)
        return NULL;
    X509_STORE_free(trust->store);
    return mem_free(trust);
}

/* ---- Names ---- */

static bool begins_with(const ASN1_STRING *name, struct str prefix)
{
    struct str text = str_make((const char *)ASN1_STRING_get0_data(name),
                               (size_t)ASN1_STRING_length(name));
    return text.size >= prefix.size && str_equal_nocase(str_first(text, prefix.size), prefix);
}

static bool address_begins_with(const ASN1_OCTET_STRING *name, struct str prefix)
{
    struct net_address address = {.port = 0};
    int size = ASN1_STRING_length(name);
    char text[NET_ADDRESS_TEXT_SIZE];
    if (size != 4 && size != 16)
        return false;
    address.family = size == 4 ? NET_IPV4 : NET_IPV6;
    memcpy(address.ip, ASN1_STRING_get0_data(name), (size_t)size);
    return str_starts_with(net_address_print_ip(&address, text), prefix);
}

/* Some alternative name of the certificate begins so. */
static bool has_prefix(X509 *leaf, struct str prefix)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
    bool found = false;
    for (int i = 0; i < sk_GENERAL_NAME_num(names) && !found; i++) { /* -1 of none */
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        if (name->type == GEN_DNS)
            found = begins_with(name->d.dNSName, prefix);
        else if (name->type == GEN_IPADD)
            found = address_begins_with(name->d.iPAddress, prefix);
    }
    GENERAL_NAMES_free(names);
    return found;
}

static bool has_exactly(X509 *leaf, struct str value)
{
    unsigned char ip[IP_SIZE_MAX];
    size_t ip_size = ip_parse(value, ip);
    if (ip_size > 0)
        return X509_check_ip(leaf, ip, ip_size, 0) == 1;
    /* To OpenSSL a name is that of a whole domain when it begins with a dot, one that has no bytes
     * ends elsewhere, and one that ends with a zero ends before it. */
    if (value.size == 0 || value.data[0] == '.' || str_find_char(value, '\0') != STR_NOT_FOUND)
        return false;
    return X509_check_host(leaf, value.data, value.size,
                           X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
                               X509_CHECK_FLAG_NEVER_CHECK_SUBJECT,
                           NULL) == 1;
}

static bool has_any_name(const struct net_tls_client *client, X509 *leaf)
{
    bool found = client->name_count == 0;
    for (size_t i = 0; i < client->name_count && !found; i++) {
        const struct net_tls_name *name = &client->names[i];
        found = name->is_prefix ? has_prefix(leaf, name->value) : has_exactly(leaf, name->value);
    }
    return found;
}

/* Answers for OpenSSL: 1 is fine. */
int net__tls_on_chain(X509_STORE_CTX *chain, void *arg)
{
    const struct net_tls_client *client = arg;
    if (client->trust != NULL && X509_verify_cert(chain) != 1)
        return 0;
    if (has_any_name(client, X509_STORE_CTX_get0_cert(chain)))
        return 1;
    X509_STORE_CTX_set_error(chain, X509_V_ERR_HOSTNAME_MISMATCH);
    return 0;
}
