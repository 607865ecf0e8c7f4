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

struct net_tls_context {
    atomic_uint references;
    SSL_CTX *chain;
    unsigned char session_context[SESSION_CONTEXT_SIZE];
    unsigned char *protocols; /* as ALPN has them on the wire */
    unsigned protocols_size;
};

/* The filter. OpenSSL's callbacks find it as the application data of their SSL. */
struct tls {
    struct net_filter filter;
    SSL *ssl;
    struct net_tls_server *server;
    struct net_tls_context *context; /* once it is chosen */
    struct net_tls_selector selector;
    enum err failure;     /* what ended the connection; every later call answers the same */
    enum err below;       /* what the next filter failed with */
    int below_errno;      /* with ERR_SYSTEM */
    unsigned long reason; /* OpenSSL's, with ERR_PROTOCOL */
    bool ended;           /* the filter below has no more to read */
    bool refused;         /* nothing serves the name: not one more byte goes out */
    bool established;     /* the handshake is done */
    bool notified;        /* our close_notify is out */
    bool starved;         /* the last read found part of a record at most */
    unsigned char server_name_size;
    char server_name[NET_TLS_SERVER_NAME_MAX];
};

/* Settings of every SSL_CTX. False: OpenSSL refuses them. */
bool net__tls_configure(SSL_CTX *ctx);

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
