/* Requests as people write them, made into bytes and read as the data plane reads them. */
#include "core/base/assert.h"
#include "core/base/ip.h"
#include "explain/explain.h"

/* More than any request may be, so that what is too large is refused by its reader. */
#define BYTES_MAX ((size_t)1024 * 1024)

struct url {
    bool is_tls;
    struct str authority; /* as Host has it: without the port that the scheme implies */
    struct str host;      /* without brackets */
    uint16_t port;
    struct str target;
};

static bool cut_scheme(struct str *text, bool *ret_is_tls)
{
    const struct str schemes[] = {STR("http://"), STR("https://")};
    for (size_t i = 0; i < ARRAY_SIZE(schemes); i++) {
        if (!str_equal_nocase(str_first(*text, schemes[i].size), schemes[i]))
            continue;
        *text = str_from(*text, schemes[i].size);
        *ret_is_tls = i == 1;
        return true;
    }
    return false;
}

static size_t authority_size(struct str text)
{
    size_t size = 0;
    while (size < text.size && strchr("/?#", text.data[size]) == NULL)
        size++;
    return size;
}

static enum err parse_port(struct str text, struct url *url, struct err_info *reterr)
{
    struct str port;
    uint64_t number = url->is_tls ? 443 : 80;
    ip_cut_port(text, &url->host, &port);
    if (port.size > 0 && (!str_parse_u64(port, UINT16_MAX, &number) || number == 0))
        return err_set(reterr, ERR_INVALID, "\"%.*s\" is no port", STR_ARG(port));
    bool is_implied = number == (url->is_tls ? 443 : 80);
    size_t colon = text.size - port.size - 1;
    bool has_colon = port.size > 0 || str_ends_with(text, STR(":"));
    url->authority = has_colon && is_implied ? str_first(text, colon) : text;
    url->port = (uint16_t)number;
    return ERR_OK;
}

static enum err parse_url(struct arena *arena, struct str text, struct url *url,
                          struct err_info *reterr)
{
    if (!cut_scheme(&text, &url->is_tls))
        return err_set(reterr, ERR_INVALID, "\"%.*s\" does not begin with http:// or https://",
                       STR_ARG(text));
    struct str authority = str_first(text, authority_size(text));
    struct str rest = str_from(text, authority.size);
    if (str_find_char(authority, '@') != STR_NOT_FOUND)
        return err_set(reterr, ERR_INVALID,
                       "has a user; say it as -H 'Authorization: ...' instead");
    enum err e = parse_port(authority, url, reterr);
    if (e != ERR_OK)
        return e;
    if (url->host.size == 0)
        return err_set(reterr, ERR_INVALID, "\"%.*s\" has no host", STR_ARG(text));
    url->target = str_cut(&rest, '#'); /* clients keep what is behind it */
    if (!str_starts_with(url->target, STR("/")))
        url->target = str_format(arena, "/%.*s", STR_ARG(url->target));
    return ERR_OK;
}

/* "Name: value" as it goes over the wire; what would end it early is refused. */
static enum err put_field(struct buf *bytes, struct str field, bool *has_host,
                          struct err_info *reterr)
{
    struct str value = field;
    struct str name = str_trim(str_cut(&value, ':'));
    if (value.data == NULL || name.size == 0)
        return err_set(reterr, ERR_INVALID, "\"%.*s\" is not written as 'Name: value'",
                       STR_ARG(field));
    if (!http_value_is_valid(field))
        return err_set(reterr, ERR_INVALID, "%.*s has a control character", STR_ARG(name));
    *has_host = *has_host || str_equal_nocase(name, STR("host"));
    value = str_trim(value);
    buf_printf(bytes, "%.*s: %.*s\r\n", STR_ARG(name), STR_ARG(value));
    return ERR_OK;
}

static enum err check_method(struct str method, struct err_info *reterr)
{
    for (size_t i = 0; i < method.size; i++) {
        char c = method.data[i];
        if (!(c >= 'A' && c <= 'Z') && c != '-')
            return err_set(reterr, ERR_INVALID,
                           "\"%.*s\" is no method: they are written in capitals, such as GET",
                           STR_ARG(method));
    }
    return method.size > 0 ? ERR_OK : err_set(reterr, ERR_INVALID, "the method is empty");
}

static enum err put_request(struct buf *bytes, const struct explain_words *words,
                            const struct url *url, struct err_info *reterr)
{
    bool has_host = false;
    if (!http_value_is_valid(url->target))
        return err_set(reterr, ERR_INVALID, "the URL has a control character");
    buf_printf(bytes, "%.*s %.*s HTTP/1.1\r\n", STR_ARG(words->method), STR_ARG(url->target));
    for (size_t i = 0; i < words->field_count; i++) {
        enum err e = put_field(bytes, words->fields[i], &has_host, reterr);
        if (e != ERR_OK)
            return e;
    }
    if (!has_host)
        buf_printf(bytes, "host: %.*s\r\n", STR_ARG(url->authority));
    buf_append(bytes, STR("\r\n"));
    if (buf_overflowed(bytes))
        return err_set(reterr, ERR_INVALID, "is larger than any request");
    return ERR_OK;
}

static void read_request(struct explain_request *request)
{
    struct http_scan scan = {0};
    enum http_progress progress = http_request_read(&scan, request->bytes, &request->head,
                                                    &request->refusal);
    request->is_refused = progress != HTTP_DONE;
    if (progress == HTTP_MORE) /* its end was there: a field has hidden it */
        request->refusal = (struct http_refusal){400, STR_EMPTY, "not a request"};
}

/* Clients send names, not addresses (RFC 6066 section 3). */
static struct str server_name_of(const struct explain_words *words, const struct url *url)
{
    if (!url->is_tls || words->has_server_name)
        return words->server_name;
    return ip_is_address(url->host) ? STR_EMPTY : url->host;
}

enum err explain_ask(struct arena *arena, const struct explain_words *words,
                     struct explain_request *ret_request, struct err_info *reterr)
{
    struct url url = {0};
    enum err e = check_method(words->method, reterr);
    if (e == ERR_OK)
        e = parse_url(arena, words->url, &url, reterr);
    if (e != ERR_OK)
        return e;
    if (words->has_server_name && !url.is_tls)
        return err_set(reterr, ERR_INVALID, "http:// has no TLS server name");
    CLEANUP(buf_deinit) struct buf bytes;
    buf_init(&bytes, BYTES_MAX);
    e = put_request(&bytes, words, &url, reterr);
    if (e != ERR_OK)
        return e;
    *ret_request = (struct explain_request){
        .url = words->url,
        .method = words->method,
        .is_tls = url.is_tls,
        .server_name = server_name_of(words, &url),
        .port = url.port,
        .bytes = str_dup(arena, buf_str(&bytes)),
    };
    read_request(ret_request);
    return ERR_OK;
}
