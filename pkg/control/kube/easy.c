#include "control/kube/easy.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "control/kube/target.h"
#include "core/base/assert.h"
#include "core/base/mem.h"

/* A host that is gone answers neither probes nor data. */
static int on_created(void *arg, curl_socket_t socket, curlsocktype purpose)
{
    unsigned dead_ms = KUBE__DEAD_MS;
    (void)arg;
    (void)purpose;
    /* Without it, the guards of the watches notice. */
    (void)setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &dead_ms, sizeof(dead_ms));
    return CURL_SOCKOPT_OK;
}

/* A line of the head: `name` with its colon and what follows, then `value`. */
static void header_add(struct curl_slist **headers, const char *name, struct str value)
{
    struct buf line;
    buf_init_secret(&line, strlen(name) + value.size + 1); /* it may be the token */
    buf_printf(&line, "%s%.*s", name, STR_ARG(value));
    buf_append_char(&line, '\0');
    struct curl_slist *longer = curl_slist_append(*headers, line.data);
    ASSERT(longer != NULL); /* out of memory */
    *headers = longer;
    buf_deinit(&line);
}

/* PEM for the next handshake. libcurl copies. */
static CURLcode blob_set(CURL *easy, CURLoption option, const struct buf *pem)
{
    if (pem->size == 0)
        return CURLE_OK;
    struct curl_blob blob = {.data = pem->data, .len = pem->size, .flags = CURL_BLOB_COPY};
    return curl_easy_setopt(easy, option, &blob);
}

/* How to get to the server, and who it has to be. */
static CURLcode connection_set(CURL *easy, const struct kube__place *place,
                               const struct kube__credentials *c)
{
    CURLcode code = CURLE_OK;
    KUBE__SET(CURLOPT_PROTOCOLS_STR, "http,https");
    KUBE__SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    KUBE__SET(CURLOPT_PIPEWAIT, 1L);
    KUBE__SET(CURLOPT_NOSIGNAL, 1L);
    KUBE__SET(CURLOPT_CONNECTTIMEOUT_MS, (long)KUBE__CONNECT_MS);
    KUBE__SET(CURLOPT_TCP_KEEPALIVE, 1L);
    KUBE__SET(CURLOPT_TCP_KEEPIDLE, 10L);
    KUBE__SET(CURLOPT_TCP_KEEPINTVL, 5L);
    KUBE__SET(CURLOPT_SOCKOPTFUNCTION, on_created);
    KUBE__SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    KUBE__SET(CURLOPT_CONNECT_TO, place->connect_to);
    if (c->config->proxy.size > 0)
        KUBE__SET(CURLOPT_PROXY, c->config->proxy.data);
    if (c->config->insecure) {
        KUBE__SET(CURLOPT_SSL_VERIFYPEER, 0L);
        KUBE__SET(CURLOPT_SSL_VERIFYHOST, 0L);
    } else if (c->ca.size > 0) {
        KUBE__SET(CURLOPT_CAINFO, NULL); /* nobody but who the configuration names */
        KUBE__SET(CURLOPT_CAPATH, NULL);
        code = code != CURLE_OK ? code : blob_set(easy, CURLOPT_CAINFO_BLOB, &c->ca);
    }
    KUBE__SET(CURLOPT_SSLCERTTYPE, "PEM");
    KUBE__SET(CURLOPT_SSLKEYTYPE, "PEM");
    code = code != CURLE_OK ? code : blob_set(easy, CURLOPT_SSLCERT_BLOB, &c->certificate);
    return code != CURLE_OK ? code : blob_set(easy, CURLOPT_SSLKEY_BLOB, &c->key);
}

static CURLcode request_set(CURL *easy, const struct kube__place *place,
                            const struct kube__transfer_options *options)
{
    CURLcode code = CURLE_OK;
    struct buf url;
    buf_init(&url, strlen(place->base) + options->target.size + 1);
    buf_append(&url, str_of(place->base));
    buf_append(&url, options->target);
    buf_append_char(&url, '\0');
    KUBE__SET(CURLOPT_URL, url.data);
    buf_deinit(&url);
    if (options->body.size > 0) {
        KUBE__SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)options->body.size);
        KUBE__SET(CURLOPT_COPYPOSTFIELDS, options->body.data);
    }
    KUBE__SET(CURLOPT_CUSTOMREQUEST, kube__method_name(options->method));
    KUBE__SET(CURLOPT_TIMEOUT_MS, (long)options->timeout_ms);
    KUBE__SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    return code;
}

static void headers_set(struct curl_slist **headers, const struct kube__credentials *c,
                        const struct kube__transfer_options *options)
{
    const struct str json = STR("application/json");
    header_add(headers, "User-Agent: ", STR("otemon/" OTEMON_VERSION));
    header_add(headers, "Accept: ", options->accept.size > 0 ? options->accept : json);
    if (options->body.size > 0)
        header_add(headers,
                   "Content-Type: ", options->content_type.size > 0 ? options->content_type : json);
    header_add(headers, "Expect:", STR_EMPTY); /* no waiting for 100 */
    if (c->token.size > 0)
        header_add(headers, "Authorization: Bearer ", buf_str(&c->token));
}

CURLcode kube__easy_set(CURL *easy, const struct kube__place *place,
                        const struct kube__credentials *credentials,
                        const struct kube__transfer_options *options,
                        struct curl_slist **ret_headers)
{
    CURLcode code = connection_set(easy, place, credentials);
    if (code == CURLE_OK)
        code = request_set(easy, place, options);
    headers_set(ret_headers, credentials, options);
    KUBE__SET(CURLOPT_HTTPHEADER, *ret_headers);
    return code;
}

/* With another name in the certificate, that name is what libcurl is to look for, and the server's
 * host is where to find it. */
enum err kube__place_init(struct kube__place *place, const struct kube_config *config,
                          struct err_info *reterr)
{
    *place = (struct kube__place){.base = NULL};
    CURLU *url = curl_url();
    char *host = NULL;
    char *base = NULL;
    bool ok = curl_url_set(url, CURLUPART_URL, config->server.data, 0) == CURLUE_OK &&
              curl_url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK;
    if (ok && config->server_name.size > 0) {
        struct buf line;
        buf_init(&line, 4096);
        buf_printf(&line, "::%s:", host); /* whatever the host and port, this host, that port */
        buf_append_char(&line, '\0');
        place->connect_to = curl_slist_append(NULL, line.data);
        buf_deinit(&line);
        ok = curl_url_set(url, CURLUPART_HOST, config->server_name.data, 0) == CURLUE_OK;
    }
    ok = ok && curl_url_get(url, CURLUPART_URL, &base, 0) == CURLUE_OK;
    if (ok) {
        struct str text = str_of(base);
        while (str_ends_with(text, STR("/")))
            text.size--;
        place->base = mem_alloc(text.size + 1);
        memcpy(place->base, text.data, text.size);
        place->base[text.size] = '\0';
    }
    curl_free(host);
    curl_free(base);
    curl_url_cleanup(url);
    if (ok)
        return ERR_OK;
    kube__place_deinit(place);
    return err_set(reterr, ERR_INVALID, "server \"%.*s\" is no URL", STR_ARG(config->server));
}

void kube__place_deinit(struct kube__place *place)
{
    curl_slist_free_all(place->connect_to);
    mem_free(place->base);
}
