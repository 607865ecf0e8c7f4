#include "core/http/parse.h"

#define PORT_DIGITS_MAX ((size_t)5)

/* The parts of a request line. */
struct line {
    struct str method;
    struct str target;
    const char *version;
};

/* Cuts a request line, whose target holds only bytes that a target may have. */
static enum http_progress line_parse(const char *at, const char *end, struct line *ret_line,
                                     const char **ret_after, struct http_refusal *ret_refusal)
{
    const char *method = at;
    while (at < end && ((*at >= 'A' && *at <= 'Z') || *at == '-')) {
        at++;
    }
    if (at == end || *at != ' ') {
        return http__refuse(ret_refusal, 400, "unknown method");
    }
    ret_line->method = str_make(method, (size_t)(at - method));
    const char *target = ++at;
    while (at < end && http__is(*at, HTTP__TARGET)) {
        at++;
    }
    if (at < end && *at == '#') {
        (void)http__refuse(ret_refusal, 400, "fragment in the target");
        ret_refusal->body = STR_EMPTY;
        return HTTP_REFUSED;
    }
    if (at == target || at == end || *at != ' ') {
        return http__refuse(ret_refusal, 400, "not a request line");
    }
    ret_line->target = str_make(target, (size_t)(at - target));
    at++;
    if (end - at < 10 || memcmp(at, "HTTP/", 5) != 0 || at[8] != '\r' || at[9] != '\n') {
        return http__refuse(ret_refusal, 400, "not a request line");
    }
    ret_line->version = at + 5;
    *ret_after = at + 10;
    return HTTP_DONE;
}

/* Zeros in front count, too: an authority has a bound, and who keeps it may rely on that. */
static bool port_is_valid(struct str port)
{
    if (port.size > PORT_DIGITS_MAX) {
        return false;
    }
    uint32_t value = 0;
    for (size_t i = 0; i < port.size; i++) {
        if (port.data[i] < '0' || port.data[i] > '9') {
            return false;
        }
        value = value * 10 + (uint32_t)(port.data[i] - '0');
    }
    return value <= UINT16_MAX;
}

static bool address_is_valid(struct str inside)
{
    for (size_t i = 0; i < inside.size; i++) {
        char c = inside.data[i];
        if (http__hex(c) < 0 && c != ':' && c != '.') {
            return false;
        }
    }
    return inside.size >= 2;
}

/* Cuts "host", "host:port", "[address]" or "[address]:port". An empty authority has an empty
 * host. */
static bool authority_parse(struct str authority, struct str *ret_host)
{
    size_t size = 0;
    if (authority.size > 0 && authority.data[0] == '[') {
        size_t close = str_find_char(authority, ']');
        if (close == STR_NOT_FOUND ||
            !address_is_valid(str_first(str_from(authority, 1), close - 1))) {
            return false;
        }
        size = close + 1;
    } else {
        while (size < authority.size && http__is(authority.data[size], HTTP__HOST)) {
            size++;
        }
        if (size == 0 && authority.size > 0) {
            return false;
        }
    }
    if (size > HTTP_HOST_MAX ||
        (size < authority.size &&
         (authority.data[size] != ':' || !port_is_valid(str_from(authority, size + 1))))) {
        return false;
    }
    *ret_host = str_first(authority, size);
    return true;
}

bool http_authority_is_valid(struct str authority)
{
    struct str host;
    return authority.size > 0 && authority_parse(authority, &host);
}

static bool has_encoded_nul(struct str target)
{
    for (const char *at = target.data, *end = at + target.size; at < end; at++) {
        at = memchr(at, '%', (size_t)(end - at));
        if (at == NULL) {
            return false;
        }
        if (end - at >= 3 && at[1] == '0' && at[2] == '0') {
            return true;
        }
    }
    return false;
}

static void query_cut(struct http_request *request)
{
    size_t mark = str_find_char(request->path, '?');
    request->has_query = mark != STR_NOT_FOUND;
    request->query = STR_EMPTY;
    if (request->has_query) {
        request->query = str_from(request->path, mark + 1);
        request->path = str_first(request->path, mark);
    }
}

/* "http://authority/path". Without a path it is "/". */
static bool absolute_parse(struct http_request *request)
{
    struct str target = request->target;
    size_t colon = str_find_char(target, ':');
    if (colon == STR_NOT_FOUND || !str_starts_with(str_from(target, colon), STR("://"))) {
        return false;
    }
    struct str scheme = str_first(target, colon);
    if (!str_equal_nocase(scheme, STR("http")) && !str_equal_nocase(scheme, STR("https"))) {
        return false;
    }
    struct str rest = str_from(target, colon + 3);
    size_t size = 0;
    while (size < rest.size && rest.data[size] != '/' && rest.data[size] != '?') {
        size++;
    }
    request->target_form = HTTP_TARGET_ABSOLUTE;
    request->authority = str_first(rest, size);
    request->path = str_from(rest, size);
    query_cut(request);
    if (request->path.size == 0) {
        request->path = STR("/");
    }
    return size > 0 && authority_parse(request->authority, &request->host);
}

static bool target_parse(struct http_request *request)
{
    struct str target = request->target;
    if (request->method == HTTP_CONNECT) {
        request->target_form = HTTP_TARGET_AUTHORITY;
        request->path = STR_EMPTY;
        request->query = STR_EMPTY;
        request->has_query = false;
        request->authority = target;
        return authority_parse(target, &request->host);
    }
    request->path = target;
    if (target.data[0] == '/') {
        request->target_form = HTTP_TARGET_ORIGIN;
        query_cut(request);
        return true;
    }
    if (str_equal(target, STR("*"))) {
        request->target_form = HTTP_TARGET_ASTERISK;
        request->query = STR_EMPTY;
        request->has_query = false;
        return request->method == HTTP_OPTIONS;
    }
    return absolute_parse(request);
}

/* Host is checked even where the target overrides it. */
static enum http_progress host_read(struct http_request *request, const struct http_field *field,
                                    struct http_refusal *ret_refusal)
{
    if (field == NULL && request->minor_version > 0) {
        (void)http__refuse(ret_refusal, 400, "no Host");
        ret_refusal->body = STR_EMPTY;
        return HTTP_REFUSED;
    }
    struct str authority = field == NULL ? STR_EMPTY : field->value;
    struct str host = STR_EMPTY;
    if (!authority_parse(authority, &host)) {
        return http__refuse(ret_refusal, 400, "Host is not a host");
    }
    if (request->target_form == HTTP_TARGET_ORIGIN ||
        request->target_form == HTTP_TARGET_ASTERISK) {
        request->authority = authority;
        request->host = host;
    }
    return HTTP_DONE;
}

/* h2c would carry requests past this parser: it is ignored, and with it all that stands beside. */
static struct str upgrade_of(const struct http__control *control)
{
    if (!control->upgrade_named || control->upgrade == NULL) {
        return STR_EMPTY;
    }
    struct str rest = control->upgrade->value;
    struct str item;
    while (http__list_next(&rest, &item)) {
        if (str_equal_nocase(item, STR("h2c"))) {
            return STR_EMPTY;
        }
    }
    return control->upgrade->value;
}

static void apply(struct http_request *request, const struct http__control *control)
{
    request->content_length = control->length;
    request->framing = control->transfer_encoding != NULL ? HTTP_FRAMING_CHUNKED
                       : control->content_length != NULL  ? HTTP_FRAMING_LENGTH
                                                          : HTTP_FRAMING_NONE;
    bool is_old = request->minor_version == 0;
    request->keep_alive = !control->close && (!is_old || control->keep_alive);
    bool has_body = request->framing == HTTP_FRAMING_CHUNKED || control->length > 0;
    request->expect_continue = !is_old && has_body && control->expect != NULL &&
                               str_equal_nocase(control->expect->value, STR("100-continue"));
    request->upgrade = is_old ? STR_EMPTY : upgrade_of(control);
}

static enum http_progress parse(const char *at, const char *end, struct http_request *request,
                                struct http_refusal *ret_refusal)
{
    struct line line = {0};
    enum http_progress progress = line_parse(at, end, &line, &at, ret_refusal);
    if (progress != HTTP_DONE) {
        return progress;
    }
    request->method_text = line.method;
    request->target = line.target;
    if (!http__method_find(line.method, &request->method)) {
        return http__refuse(ret_refusal, 400, "unknown method");
    }
    if (!http__version_parse(line.version, &request->minor_version)) {
        return http__refuse(ret_refusal, 400, "unknown version");
    }
    if (has_encoded_nul(line.target)) {
        (void)http__refuse(ret_refusal, 400, "NUL in the target");
        ret_refusal->body = STR_EMPTY;
        return HTTP_REFUSED;
    }
    if (!target_parse(request)) {
        return http__refuse(ret_refusal, 400, "target of no known form");
    }
    progress = http__fields_parse(at, end, HTTP__TOKEN, &request->fields, ret_refusal);
    if (progress != HTTP_DONE) {
        return progress;
    }
    struct http__control control;
    progress = http__control_read(&request->fields, request->minor_version, &control, ret_refusal);
    if (progress != HTTP_DONE) {
        return progress;
    }
    apply(request, &control);
    return host_read(request, control.host, ret_refusal);
}

enum http_progress http_request_read(struct http_scan *scan, struct str bytes,
                                     struct http_request *ret_request,
                                     struct http_refusal *ret_refusal)
{
    static const struct http__head_kind kind = {'A', 'Z', true};
    size_t end = 0;
    enum http_progress progress = http__head_find(scan, bytes, &kind, &end, ret_refusal);
    if (progress != HTTP_DONE) {
        return progress;
    }
    ret_request->head_size = end;
    return parse(bytes.data + scan->start, bytes.data + end, ret_request, ret_refusal);
}
