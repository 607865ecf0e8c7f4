/* What the files of core/net share. */
#pragma once

#include <netinet/in.h>
#include <openssl/ssl.h>
#include <stdatomic.h>

#include "core/net/net.h"

/* The size that bind and connect want with it. */
socklen_t net__address_to_system(const struct net_address *address,
                                 struct sockaddr_storage *ret_system);
struct net_address net__address_from_system(const struct sockaddr_storage *system);

#define SESSION_CONTEXT_SIZE 32U /* SHA-256, and all that OpenSSL takes */

struct net_tls_server {
    SSL_CTX *entry;  /* every connection starts on it; the ClientHello decides where it goes */
    BIO_METHOD *bio; /* reads and writes through the next filter */
    unsigned char ticket_secret[32];
    net_clock_fn clock;
    void *clock_arg;
};

/* Names of protocols as ALPN has them on the wire. */
struct tls_protocols {
    unsigned char *bytes;
    unsigned size;
};

struct net_tls_context {
    atomic_uint references;
    SSL_CTX *chain;
    unsigned char session_context[SESSION_CONTEXT_SIZE];
    struct tls_protocols protocols;
};

struct net_tls_trust {
    atomic_uint references;
    X509_STORE *store;
};

struct net_tls_client {
    atomic_uint references;
    SSL_CTX *ctx;
    BIO_METHOD *bio;
    struct net_tls_trust *trust; /* NULL: the chain is not verified */
    struct arena *arena;         /* of what follows */
    const struct net_tls_name *names;
    size_t name_count;
    const char *server_name; /* NULL: none is asked for */
    struct str fault;
};

/* The filter. OpenSSL's callbacks find it as the application data of their SSL. */
struct tls {
    struct net_filter filter;
    SSL *ssl;
    struct net_tls_server *server;   /* NULL: a client */
    struct net_tls_context *context; /* of a server, once it is chosen */
    struct net_tls_selector selector;
    struct net_tls_client *client; /* NULL: a server */
    struct net_tls_session *session;
    enum err failure;     /* what ended the connection; every later call answers the same */
    enum err unwritable;  /* the next filter takes no more: of writes alone */
    enum err below;       /* what the next filter failed with */
    int below_errno;      /* with ERR_SYSTEM */
    unsigned long reason; /* OpenSSL's, with ERR_PROTOCOL, */
    long verified;        /* and what it found about the other side's certificate */
    bool ended;           /* the filter below has no more to read */
    bool refused;         /* nothing serves the name: not one more byte goes out */
    bool established;     /* the handshake is done */
    bool notified;        /* our close_notify is out */
    bool interrupted;     /* this call may not read any more, although there may be more */
    bool starved;         /* the last read found part of a record at most */
    unsigned char reads;  /* of the next filter, by this call */
    unsigned char server_name_size;
    char server_name[NET_TLS_SERVER_NAME_MAX];
};

/* Settings of every SSL_CTX. False: OpenSSL refuses them. */
bool net__tls_configure(SSL_CTX *ctx);

/* Encodes protocol names. What was allocated is in `ret_protocols`, on failure too. */
MUST_USE enum err net__tls_protocols_encode(const struct str *names, size_t count,
                                            struct tls_protocols *ret_protocols,
                                            struct err_info *reterr);

/* Keys with a pass phrase are refused, not asked about at the terminal. */
int net__no_pass_phrase(char *buffer, int size, int writing, void *arg);

/* Presents a certificate. */
MUST_USE enum err net__tls_use_certificate(SSL_CTX *ctx,
                                           const struct net_tls_certificate *certificate,
                                           struct err_info *reterr);

/* What OpenSSL says of a reason, or "no reason given". */
const char *net__tls_reason_text(unsigned long reason);

/* A filter on `next` that is neither server nor client yet. */
struct tls *net__tls_new(SSL_CTX *ctx, BIO_METHOD *bio, struct net_filter *next);

/* Checks the certificates that a server presents; `arg` is the client. */
int net__tls_on_chain(X509_STORE_CTX *chain, void *arg);

/* Chooses the context by the server name. */
int net__tls_on_client_hello(SSL *ssl, int *ret_alert, void *arg);

/* Keys of session tickets. */
int net__tls_on_ticket(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher,
                       EVP_MAC_CTX *mac, int encrypts);

/* The BIO between OpenSSL and the next filter; its data is the struct tls. */
BIO_METHOD *net__tls_bio_method_new(void);

/* Reads the content of the server_name extension (RFC 6066 section 3): one name of type host_name,
 * of visible ASCII, given back in lower case. ERR_PROTOCOL. */
MUST_USE enum err net__server_name_parse(struct str extension,
                                         char ret_name[NET_TLS_SERVER_NAME_MAX], size_t *ret_size);
