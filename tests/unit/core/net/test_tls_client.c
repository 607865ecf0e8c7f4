#include <signal.h>
#include <sys/ioctl.h>

#include "core/base/mem.h"
#include "tls_client.h"

/* A server of OpenSSL's at one end of a socketpair, and our client at the other. */

struct identity {
    X509 *certificate;
    EVP_PKEY *key;
    struct net_tls_certificate pem;
};

struct stand {
    struct arena *arena;
    struct identity ca;
    struct identity other_ca;
    struct identity server; /* for a.example, *.wild.example, 10.0.0.1 and ::1 */
    struct identity expired;
    struct identity old_style; /* a common name and no alternative names */
    struct identity client;
    struct net_tls_trust *trust;
};

static struct str x509_text(struct arena *arena, X509 *x509)
{
    BIO *bio = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(bio, x509);
    return bio_text(arena, bio);
}

/* `names`: as OpenSSL's configuration has them ("DNS:a.example,IP:10.0.0.1"); NULL: it is an
 * authority. `from`: the one that signs; NULL: itself. */
static struct identity issue(struct arena *arena, const char *common_name, const char *names,
                             const struct identity *from, long from_s, long to_s)
{
    struct identity made = {.key = EVP_EC_gen("P-256"), .certificate = X509_new()};
    X509 *x509 = made.certificate;
    X509_set_version(x509, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x509), 7);
    X509_gmtime_adj(X509_getm_notBefore(x509), from_s);
    X509_gmtime_adj(X509_getm_notAfter(x509), to_s);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x509), "CN", MBSTRING_ASC,
                               (const unsigned char *)common_name, -1, -1, 0);
    X509_set_issuer_name(x509, X509_get_subject_name(from == NULL ? x509 : from->certificate));
    X509_set_pubkey(x509, made.key);
    X509V3_CTX context;
    X509V3_set_ctx(&context, from == NULL ? x509 : from->certificate, x509, NULL, NULL, 0);
    X509_EXTENSION *extension = names == NULL
                                    ? X509V3_EXT_conf_nid(NULL, &context, NID_basic_constraints,
                                                          "critical,CA:TRUE")
                                    : NULL;
    if (names != NULL && names[0] != '\0')
        extension = X509V3_EXT_conf_nid(NULL, &context, NID_subject_alt_name, names);
    if (extension != NULL)
        assert_int_equal(X509_add_ext(x509, extension, -1), 1);
    X509_EXTENSION_free(extension);
    assert_true(X509_sign(x509, from == NULL ? made.key : from->key, EVP_sha256()) > 0);
    BIO *private = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey(private, made.key, NULL, NULL, 0, NULL, NULL);
    made.pem = (struct net_tls_certificate){x509_text(arena, x509), bio_text(arena, private)};
    return made;
}

static void identity_free(struct identity *identity)
{
    X509_free(identity->certificate);
    EVP_PKEY_free(identity->key);
}

static int stand_setup(void **state)
{
    static struct stand stand;
    struct arena *arena = stand.arena = arena_new(16384);
    stand.ca = issue(arena, "ca", NULL, NULL, -3600, 3600);
    stand.other_ca = issue(arena, "other", NULL, NULL, -3600, 3600);
    stand.server = issue(arena, "server", "DNS:A.example,DNS:*.wild.example,IP:10.0.0.1,IP:::1",
                         &stand.ca, -3600, 3600);
    stand.expired = issue(arena, "server", "DNS:a.example", &stand.ca, -7200, -3600);
    stand.old_style = issue(arena, "a.example", "", &stand.ca, -3600, 3600);
    stand.client = issue(arena, "client", "DNS:client.example", &stand.ca, -3600, 3600);
    assert_int_equal(net_tls_trust_new(stand.ca.pem.certificates_pem, &stand.trust, NULL), ERR_OK);
    *state = &stand;
    return 0;
}

static int stand_teardown(void **state)
{
    struct stand *stand = *state;
    stand->trust = net_tls_trust_unref(stand->trust);
    identity_free(&stand->ca);
    identity_free(&stand->other_ca);
    identity_free(&stand->server);
    identity_free(&stand->expired);
    identity_free(&stand->old_style);
    identity_free(&stand->client);
    stand->arena = arena_free(stand->arena);
    return 0;
}

/* What the far server is. */
struct far_server {
    const struct identity *identity;
    const struct identity *client_ca; /* asks for a certificate from it; NULL: asks for none */
    int max_version;                  /* 0: any */
    SSL_CTX *ctx;
};

static void far_init(struct far_server *far)
{
    far->ctx = SSL_CTX_new(TLS_server_method());
    assert_int_equal(SSL_CTX_use_certificate(far->ctx, far->identity->certificate), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(far->ctx, far->identity->key), 1);
    assert_int_equal(SSL_CTX_set_session_id_context(far->ctx, (const unsigned char *)"x", 1), 1);
    if (far->max_version != 0)
        SSL_CTX_set_max_proto_version(far->ctx, far->max_version);
    if (far->client_ca == NULL)
        return;
    X509_STORE_add_cert(SSL_CTX_get_cert_store(far->ctx), far->client_ca->certificate);
    SSL_CTX_set_verify(far->ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
}

struct link {
    struct net_socket socket;
    struct net_filter *top;
    int far_fd;
    SSL *far;
};

static void link_open(struct link *link, struct net_tls_client *client,
                      struct net_tls_session *session, const struct far_server *far)
{
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    net_socket_init(&link->socket, pair[0]);
    link->top = net_tls_client_filter_new(client, &link->socket.filter, session);
    link->far_fd = pair[1];
    link->far = SSL_new(far->ctx);
    SSL_set_fd(link->far, link->far_fd);
    SSL_set_accept_state(link->far);
}

static void link_close(struct link *link)
{
    link->top = net_filter_free(link->top);
    close(link->socket.fd);
    SSL_set_shutdown(link->far, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(link->far);
    if (link->far_fd != -1)
        close(link->far_fd);
}

/* Both sides work until ours has an answer and the other is done. */
static enum err link_handshake(struct link *link)
{
    enum err e = ERR_AGAIN;
    bool accepted = false;
    for (int i = 0; i < 10 && (e == ERR_AGAIN || (e == ERR_OK && !accepted)); i++) {
        if (e == ERR_AGAIN)
            e = net_handshake(link->top);
        accepted = SSL_do_handshake(link->far) == 1;
        ERR_clear_error(); /* the queue is this thread's, and ours too */
    }
    return e;
}

static struct net_tls_client *client_new(const struct net_tls_client_options *options)
{
    struct net_tls_client *client;
    struct err_info info = {.message = ""};
    enum err e = net_tls_client_new(options, &client, &info);
    assert_string_equal(info.message, "");
    assert_int_equal(e, ERR_OK);
    return client;
}

/* One handshake; `text`: why it fails, or NULL. */
static void check(const struct net_tls_client_options *options, struct far_server far,
                  const char *text)
{
    struct net_tls_client *client = client_new(options);
    struct net_tls_session session = {0};
    struct link link;
    far_init(&far);
    link_open(&link, client, &session, &far);
    enum err e = link_handshake(&link);
    char area[NET_TLS_ERROR_TEXT_SIZE] = "";
    if (e == ERR_PROTOCOL)
        (void)net_tls_error_print(link.top, area);
    assert_string_equal(area, text == NULL ? "" : text);
    assert_int_equal(e, text == NULL ? ERR_OK : ERR_PROTOCOL);
    link_close(&link);
    net_tls_session_clear(&session);
    SSL_CTX_free(far.ctx);
    client = net_tls_client_unref(client);
}

#define HOSTNAME_MISMATCH "certificate verify failed (hostname mismatch)"
#define UNKNOWN_ISSUER    "certificate verify failed (unable to get local issuer certificate)"

static void trusts_whom_it_is_told_to(void **state)
{
    struct stand *stand = *state;
    struct net_tls_client_options options = {.trust = stand->trust, .max_version = NET_TLS_1_3};
    check(&options, (struct far_server){.identity = &stand->server}, NULL);
    check(&options, (struct far_server){.identity = &stand->expired},
          "certificate verify failed (certificate has expired)");
    check(&options, (struct far_server){.identity = &stand->other_ca},
          "certificate verify failed (self-signed certificate)");
    struct net_tls_trust *other;
    assert_int_equal(net_tls_trust_new(stand->other_ca.pem.certificates_pem, &other, NULL), ERR_OK);
    options.trust = other;
    check(&options, (struct far_server){.identity = &stand->server}, UNKNOWN_ISSUER);
    other = net_tls_trust_unref(other);
    options.trust = NULL; /* nobody has to vouch for it */
    check(&options, (struct far_server){.identity = &stand->expired}, NULL);
    check(&options, (struct far_server){.identity = &stand->other_ca}, NULL);
}

/* Whoever gives a server's own certificate means that server. */
static void a_certificate_may_be_trusted_as_it_is(void **state)
{
    struct stand *stand = *state;
    struct net_tls_trust *trust;
    assert_int_equal(net_tls_trust_new(stand->server.pem.certificates_pem, &trust, NULL), ERR_OK);
    struct net_tls_client_options options = {.trust = trust, .max_version = NET_TLS_1_3};
    check(&options, (struct far_server){.identity = &stand->server}, NULL);
    check(&options, (struct far_server){.identity = &stand->old_style}, UNKNOWN_ISSUER);
    trust = net_tls_trust_unref(trust);
}

static void what_holds_no_certificate_is_no_trust(void **state)
{
    struct stand *stand = *state;
    struct net_tls_trust *trust = NULL;
    struct err_info info;
    assert_int_equal(net_tls_trust_new(STR(""), &trust, &info), ERR_INVALID);
    assert_string_equal(info.message, "it holds no certificate");
    assert_int_equal(net_tls_trust_new(stand->ca.pem.key_pem, &trust, &info), ERR_INVALID);
    const struct str broken[] = {
        stand->ca.pem.certificates_pem,
        STR("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----")};
    assert_int_equal(net_tls_trust_new(str_concat(stand->arena, broken, 2), &trust, &info),
                     ERR_INVALID);
    assert_null(trust);
}

static void check_name(struct stand *stand, struct net_tls_name name, bool fits)
{
    const struct net_tls_name names[] = {{.value = STR("nobody.example")}, name};
    struct net_tls_client_options options = {
        .trust = stand->trust, .names = names, .name_count = 2, .max_version = NET_TLS_1_3};
    check(&options, (struct far_server){.identity = &stand->server},
          fits ? NULL : HOSTNAME_MISMATCH);
    options.trust = NULL; /* names are asked for all the same */
    check(&options, (struct far_server){.identity = &stand->server},
          fits ? NULL : HOSTNAME_MISMATCH);
}

static void exact_names(void **state)
{
    static const struct {
        struct str value;
        bool fits;
    } cases[] = {
        {STR_INIT("a.example"), true},
        {STR_INIT("A.EXAMPLE"), true},
        {STR_INIT("b.example"), false},
        {STR_INIT("x.wild.example"), true},
        {STR_INIT("x.y.wild.example"), false},
        {STR_INIT("wild.example"), false},
        {STR_INIT(".wild.example"), false},
        {STR_INIT("*.WILD.example"), true}, /* as it is written in the certificate */
        {STR_INIT("*.a.example"), false},
        {STR_INIT("*.wild.exampl"), false},
        {STR_INIT("*.example"), false},
        {STR_INIT("a.example\0.evil"), false},
        {STR_INIT("a.example\0"), false},
        {STR_INIT("a.exampl"), false},
        {STR_INIT("server"), false}, /* the common name is not looked at */
        {STR_INIT(""), false},
        {STR_INIT("10.0.0.1"), true},
        {STR_INIT("10.0.0.2"), false},
        {STR_INIT("::1"), true},
        {STR_INIT("0:0::1"), true},
        {STR_INIT("::2"), false},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        check_name(*state, (struct net_tls_name){cases[i].value, false}, cases[i].fits);
}

static void prefixes_of_names(void **state)
{
    static const struct {
        struct str value;
        bool fits;
    } cases[] = {
        {STR_INIT("a.exam"), true},         {STR_INIT("a.example"), true},
        {STR_INIT("a.example.org"), false}, {STR_INIT("A."), true},
        {STR_INIT("*.wild"), true},         {STR_INIT("x.wild"), false},
        {STR_INIT("10.0."), true},          {STR_INIT("10.1."), false},
        {STR_INIT("serv"), false},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        check_name(*state, (struct net_tls_name){cases[i].value, true}, cases[i].fits);
}

static void a_common_name_is_no_name(void **state)
{
    struct stand *stand = *state;
    const struct net_tls_name name = {.value = STR("a.example")};
    const struct net_tls_client_options options = {
        .trust = stand->trust, .names = &name, .name_count = 1, .max_version = NET_TLS_1_3};
    check(&options, (struct far_server){.identity = &stand->old_style}, HOSTNAME_MISMATCH);
}

static void versions_have_bounds(void **state)
{
    struct stand *stand = *state;
    struct net_tls_client_options options = {.trust = stand->trust, .max_version = NET_TLS_1_3};
    struct far_server far = {.identity = &stand->server, .max_version = TLS1_2_VERSION};
    check(&options, far, NULL);
    options.min_version = NET_TLS_1_3;
    check(&options, far, "tlsv1 alert protocol version");
    far.max_version = 0;
    check(&options, far, NULL);
    options.min_version = options.max_version = NET_TLS_1_2;
    check(&options, far, NULL);
}

/* A server that asks for a certificate judges it; with TLS 1.3 after our handshake is done. */
static void a_certificate_for_who_asks(void **state)
{
    struct stand *stand = *state;
    struct net_tls_client_options options = {.trust = stand->trust, .max_version = NET_TLS_1_2};
    struct far_server far = {.identity = &stand->server, .client_ca = &stand->ca};
    check(&options, far, "sslv3 alert handshake failure"); /* it has none */
    options.certificate = &stand->client.pem;
    check(&options, far, NULL);
    far.client_ca = &stand->other_ca;
    check(&options, far, "tlsv1 alert unknown ca");

    options.max_version = NET_TLS_1_3;
    options.certificate = NULL;
    struct net_tls_client *client = client_new(&options);
    struct net_tls_session session = {0};
    struct link link;
    far_init(&far);
    link_open(&link, client, &session, &far);
    assert_int_equal(link_handshake(&link), ERR_OK);
    char data[16];
    size_t size;
    assert_int_equal(net_read(link.top, data, sizeof(data), &size), ERR_PROTOCOL);
    char area[NET_TLS_ERROR_TEXT_SIZE];
    assert_string_equal(net_tls_error_print(link.top, area).data,
                        "tlsv13 alert certificate required");
    link_close(&link);
    net_tls_session_clear(&session);
    SSL_CTX_free(far.ctx);
    client = net_tls_client_unref(client);
}

static int sees_name(SSL *ssl, int *alert, void *arg)
{
    (void)alert;
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    (void)snprintf(arg, 64, "%s", name == NULL ? "(none)" : name);
    return SSL_TLSEXT_ERR_OK;
}

static int sees_protocols(SSL *ssl, const unsigned char **out, unsigned char *size,
                          const unsigned char *in, unsigned in_size, void *arg)
{
    (void)ssl;
    (void)arg;
    assert_int_equal(in_size, 9);
    assert_memory_equal(in, "\x08http/1.1", 9);
    *out = in + 1;
    *size = 8;
    return SSL_TLSEXT_ERR_OK;
}

static void asks_for_a_name_and_a_protocol(void **state)
{
    struct stand *stand = *state;
    const struct str protocol = STR("http/1.1");
    for (int i = 0; i < 2; i++) {
        char seen[64] = "";
        struct net_tls_client *client = client_new(&(struct net_tls_client_options){
            .server_name = i == 0 ? STR("a.example") : STR_EMPTY,
            .protocols = &protocol,
            .protocol_count = 1,
            .max_version = NET_TLS_1_3,
        });
        struct far_server far = {.identity = &stand->server};
        struct net_tls_session session = {0};
        struct link link;
        far_init(&far);
        SSL_CTX_set_tlsext_servername_callback(far.ctx, sees_name);
        SSL_CTX_set_tlsext_servername_arg(far.ctx, seen);
        SSL_CTX_set_alpn_select_cb(far.ctx, sees_protocols, NULL);
        link_open(&link, client, &session, &far);
        assert_int_equal(link_handshake(&link), ERR_OK);
        assert_string_equal(seen, i == 0 ? "a.example" : "(none)");
        assert_true(str_equal(net_tls_protocol(link.top), protocol));
        link_close(&link);
        net_tls_session_clear(&session);
        SSL_CTX_free(far.ctx);
        client = net_tls_client_unref(client);
    }
}

static void what_cannot_be_a_client(void **state)
{
    struct stand *stand = *state;
    struct net_tls_client *client = NULL;
    struct err_info info;
    struct net_tls_client_options options = {.min_version = NET_TLS_1_3};
    assert_int_equal(net_tls_client_new(&options, &client, &info), ERR_INVALID);
    options = (struct net_tls_client_options){.server_name = STR("a b")};
    assert_int_equal(net_tls_client_new(&options, &client, &info), ERR_INVALID);
    assert_string_equal(info.message, "\"a b\" is not a server name");
    const struct net_tls_certificate mixed = {stand->client.pem.certificates_pem,
                                              stand->server.pem.key_pem};
    options = (struct net_tls_client_options){.certificate = &mixed};
    assert_int_equal(net_tls_client_new(&options, &client, &info), ERR_INVALID);
    options = (struct net_tls_client_options){.name_count = NET_TLS_NAMES_MAX + 1};
    assert_int_equal(net_tls_client_new(&options, &client, &info), ERR_LIMIT);
    assert_null(client);
}

static void a_fault_fails_every_handshake(void **state)
{
    struct stand *stand = *state;
    check(&(struct net_tls_client_options){.fault = STR("nobody is trusted")},
          (struct far_server){.identity = &stand->server}, "nobody is trusted");
}

/* The second connection resumes what the first left, in both versions; another client does not. */
static void sessions_are_resumed(void **state)
{
    struct stand *stand = *state;
    static const enum net_tls_version versions[] = {NET_TLS_1_2, NET_TLS_1_3};
    for (size_t v = 0; v < ARRAY_SIZE(versions); v++) {
        struct net_tls_client *client = client_new(
            &(struct net_tls_client_options){.trust = stand->trust, .max_version = versions[v]});
        struct far_server far = {.identity = &stand->server};
        struct net_tls_session session = {0};
        far_init(&far);
        for (int i = 0; i < 3; i++) {
            struct link link;
            char data[16];
            size_t size;
            link_open(&link, client, &session, &far);
            assert_int_equal(link_handshake(&link), ERR_OK);
            assert_int_equal(net_tls_resumed(link.top), i > 0);
            assert_int_equal(net_read(link.top, data, sizeof(data), &size), ERR_AGAIN);
            link_close(&link);
        }
        struct net_tls_session own = {0};
        struct link link;
        link_open(&link, client, &own, &far);
        assert_int_equal(link_handshake(&link), ERR_OK);
        assert_false(net_tls_resumed(link.top));
        link_close(&link);
        net_tls_session_clear(&own);
        net_tls_session_clear(&session);
        SSL_CTX_free(far.ctx);
        client = net_tls_client_unref(client);
    }
}

/* Opens a connection and lets `body` use it. */
static void with_link(struct stand *stand, void (*body)(struct link *link))
{
    struct net_tls_client *client = client_new(
        &(struct net_tls_client_options){.trust = stand->trust, .max_version = NET_TLS_1_3});
    struct far_server far = {.identity = &stand->server};
    struct net_tls_session session = {0};
    struct link link;
    far_init(&far);
    link_open(&link, client, &session, &far);
    assert_int_equal(link_handshake(&link), ERR_OK);
    body(&link);
    link_close(&link);
    net_tls_session_clear(&session);
    SSL_CTX_free(far.ctx);
    client = net_tls_client_unref(client);
}

static void expect_read(struct link *link, const char *text)
{
    char data[16] = "";
    size_t size;
    assert_int_equal(net_read(link->top, data, sizeof(data), &size), ERR_OK);
    assert_int_equal(size, strlen(text));
    assert_memory_equal(data, text, size);
}

static void ends_in_good_order(struct link *link)
{
    char data[16];
    size_t size;
    const struct iovec part = part_of("question", 8);
    assert_int_equal(net_writev(link->top, &part, 1, &size), ERR_OK);
    assert_int_equal(SSL_read(link->far, data, sizeof(data)), 8);
    assert_int_equal(net_shutdown(link->top), ERR_OK); /* our end is not theirs */
    assert_int_equal(SSL_read(link->far, data, 1), 0);
    assert_int_equal(SSL_write(link->far, "answer", 6), 6);
    expect_read(link, "answer");
    (void)SSL_shutdown(link->far);
    assert_int_equal(net_read(link->top, data, sizeof(data), &size), ERR_CLOSED);
}

static void is_cut(struct link *link)
{
    char data[16];
    size_t size;
    assert_int_equal(SSL_write(link->far, "half", 4), 4);
    close(link->far_fd);
    link->far_fd = -1;
    expect_read(link, "half");
    assert_int_equal(net_read(link->top, data, sizeof(data), &size), ERR_PROTOCOL);
    char area[NET_TLS_ERROR_TEXT_SIZE];
    assert_string_equal(net_tls_error_print(link->top, area).data, "unexpected eof while reading");
}

/* A back end may answer before it has taken all, and go. */
static void is_told_before_writing_fails(struct link *link)
{
    size_t size;
    assert_int_equal(SSL_write(link->far, "enough", 6), 6);
    close(link->far_fd);
    link->far_fd = -1;
    const struct iovec part = part_of("more", 4);
    assert_int_equal(net_writev(link->top, &part, 1, &size), ERR_SYSTEM);
    assert_int_equal(errno, EPIPE);
    expect_read(link, "enough");
    assert_int_equal(net_writev(link->top, &part, 1, &size), ERR_SYSTEM);
    assert_int_equal(net_shutdown(link->top), ERR_SYSTEM);
}

static void how_connections_end(void **state)
{
    with_link(*state, ends_in_good_order);
    with_link(*state, is_cut);
    with_link(*state, is_told_before_writing_fails);
}

/* HelloRequest, which a client passes over in a handshake, as often as it comes. */
static void a_flood_in_the_handshake_is_taken_in_turns(void **state)
{
    static const char request[] = "\x16\x03\x03\x00\x04\x00\x00\x00\x00";
    static char flood[9 * 10000];
    struct stand *stand = *state;
    struct net_tls_client *client = client_new(
        &(struct net_tls_client_options){.max_version = NET_TLS_1_2});
    struct far_server far = {.identity = &stand->server};
    struct net_tls_session session = {0};
    struct link link;
    int left;
    for (size_t i = 0; i < sizeof(flood); i++)
        flood[i] = request[i % 9];
    far_init(&far);
    link_open(&link, client, &session, &far);
    assert_int_equal(net_handshake(link.top), ERR_AGAIN);
    assert_int_equal(send(link.far_fd, flood, sizeof(flood), 0), sizeof(flood));
    assert_int_equal(net_handshake(link.top), ERR_AGAIN);
    assert_int_equal(link.top->wants, LOOP_READ);
    assert_int_equal(ioctl(link.socket.fd, FIONREAD, &left), 0);
    assert_in_range(left, sizeof(flood) / 2, sizeof(flood));
    link_close(&link);
    SSL_CTX_free(far.ctx);
    client = net_tls_client_unref(client);
}

static void a_server_that_leaves_early(void **state)
{
    struct stand *stand = *state;
    struct net_tls_client *client = client_new(
        &(struct net_tls_client_options){.max_version = NET_TLS_1_3});
    struct far_server far = {.identity = &stand->server};
    struct net_tls_session session = {0};
    struct link link;
    far_init(&far);
    link_open(&link, client, &session, &far);
    assert_int_equal(net_handshake(link.top), ERR_AGAIN);
    assert_int_equal(link.top->wants, LOOP_READ);
    shutdown(link.far_fd, SHUT_WR);
    assert_int_equal(net_handshake(link.top), ERR_CLOSED);
    link_close(&link);
    SSL_CTX_free(far.ctx);
    client = net_tls_client_unref(client);
}

/* Our own server and client. */
static struct net_tls_context *select_any(void *arg, struct str server_name)
{
    assert_true(str_equal(server_name, STR("a.example")));
    return arg;
}

static void speaks_with_our_own_server(void **state)
{
    struct stand *stand = *state;
    struct net_tls_server *server;
    struct net_tls_context *context;
    const struct net_tls_name name = {.value = STR("a.example")};
    assert_int_equal(net_tls_server_new(NULL, NULL, &server, NULL), ERR_OK);
    assert_int_equal(net_tls_context_new(server,
                                         &(struct net_tls_options){
                                             .certificates = &stand->server.pem,
                                             .certificate_count = 1,
                                             .session_context = STR("x"),
                                         },
                                         &context, NULL),
                     ERR_OK);
    struct net_tls_client *client = client_new(
        &(struct net_tls_client_options){.server_name = STR("a.example"),
                                         .trust = stand->trust,
                                         .names = &name,
                                         .name_count = 1,
                                         .max_version = NET_TLS_1_3});
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    struct net_socket near, far;
    struct net_tls_session session = {0};
    net_socket_init(&near, pair[0]);
    net_socket_init(&far, pair[1]);
    struct net_filter *a = net_tls_client_filter_new(client, &near.filter, &session);
    struct net_filter *b = net_tls_filter_new(server, &far.filter,
                                              &(struct net_tls_selector){select_any, context});
    assert_int_equal(net_handshake(a), ERR_AGAIN);
    assert_int_equal(net_handshake(b), ERR_AGAIN);
    assert_int_equal(net_handshake(a), ERR_OK);
    assert_int_equal(net_handshake(b), ERR_OK);
    char data[16];
    size_t size;
    const struct iovec part = part_of("hello", 5);
    assert_int_equal(net_writev(a, &part, 1, &size), ERR_OK);
    assert_int_equal(net_read(b, data, sizeof(data), &size), ERR_OK);
    assert_memory_equal(data, "hello", 5);
    assert_int_equal(net_writev(b, &part, 1, &size), ERR_OK);
    assert_int_equal(net_read(a, data, sizeof(data), &size), ERR_OK);
    assert_false(net_pending(a));
    a = net_filter_free(a);
    b = net_filter_free(b);
    close(pair[0]);
    close(pair[1]);
    net_tls_session_clear(&session);
    client = net_tls_client_unref(client);
    context = net_tls_context_unref(context);
    server = net_tls_server_free(server);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN); /* OpenSSL's own socket BIO at the far end writes with write(2) */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trusts_whom_it_is_told_to),
        cmocka_unit_test(a_certificate_may_be_trusted_as_it_is),
        cmocka_unit_test(what_holds_no_certificate_is_no_trust),
        cmocka_unit_test(exact_names),
        cmocka_unit_test(prefixes_of_names),
        cmocka_unit_test(a_common_name_is_no_name),
        cmocka_unit_test(versions_have_bounds),
        cmocka_unit_test(a_certificate_for_who_asks),
        cmocka_unit_test(asks_for_a_name_and_a_protocol),
        cmocka_unit_test(what_cannot_be_a_client),
        cmocka_unit_test(a_fault_fails_every_handshake),
        cmocka_unit_test(sessions_are_resumed),
        cmocka_unit_test(how_connections_end),
        cmocka_unit_test(a_flood_in_the_handshake_is_taken_in_turns),
        cmocka_unit_test(a_server_that_leaves_early),
        cmocka_unit_test(speaks_with_our_own_server),
    };
    return cmocka_run_group_tests_name("core/net/tls_client", tests, stand_setup, stand_teardown);
}
