#include "core/http/parse.h"

/* Whatever is wrong with an upstream's answer, the client gets one status. */
static enum http_progress refuse(struct http_refusal *ret_refusal, const char *reason)
{
    return http__refuse(ret_refusal, 502, reason);
}

/* "HTTP/1.1 200 OK"; the space before an absent reason is absent in practice too. */
static enum http_progress line_parse(const char *at, const char *end,
                                     struct http_response *response, const char **ret_after,
                                     struct http_refusal *ret_refusal)
{
    if (end - at < 14 || memcmp(at, "HTTP/", 5) != 0 || at[8] != ' ' ||
        !http__version_parse(at + 5, &response->minor_version)) {
        return refuse(ret_refusal, "not a status line");
    }
    unsigned status = 0;
    for (size_t i = 9; i < 12; i++) {
        if (at[i] < '0' || at[i] > '9') {
            return refuse(ret_refusal, "status is not a number");
        }
        status = status * 10 + (unsigned)(at[i] - '0');
    }
    if (status < 100 || status > 599) {
        return refuse(ret_refusal, "status out of range");
    }
    response->status = (uint16_t)status;
    const char *reason = at + 12;
    at = reason;
    do {
        at = http__find_control(at, end);
    } while (at < end && *at == '\t' && at++ != end);
    if (end - at < 2 || at[0] != '\r' || at[1] != '\n' || (at > reason && *reason != ' ')) {
        return refuse(ret_refusal, "not a status line");
    }
    response->reason = str_trim(str_make(reason, (size_t)(at - reason)));
    *ret_after = at + 2;
    return HTTP_DONE;
}

/* A response that cannot have a body announces one. What may follow would be taken for the next
 * answer. To HEAD and in a 304 it is what there would be. */
static bool announces_in_vain(const struct http_response *response,
                              const struct http__control *control)
{
    return (response->status < 200 || response->status == 204) &&
           (control->transfer_encoding != NULL || control->length > 0);
}

static void apply(struct http_response *response, enum http_method method,
                  const struct http__control *control)
{
    response->has_content_length = control->content_length != NULL;
    response->content_length = control->length;
    if (method == HTTP_HEAD || response->status < 200 || response->status == 204 ||
        response->status == 304) {
        response->framing = HTTP_FRAMING_NONE;
    } else if (control->transfer_encoding != NULL) {
        response->framing = HTTP_FRAMING_CHUNKED;
    } else {
        response->framing = response->has_content_length ? HTTP_FRAMING_LENGTH : HTTP_FRAMING_CLOSE;
    }
    bool allows = response->minor_version == 0 ? control->keep_alive : true;
    response->keep_alive = allows && !control->close && response->framing != HTTP_FRAMING_CLOSE &&
                           response->status != 101 && !announces_in_vain(response, control);
    response->upgrade = control->upgrade_named && control->upgrade != NULL ? control->upgrade->value
                                                                           : STR_EMPTY;
}

static enum http_progress parse(const char *at, const char *end, enum http_method method,
                                struct http_response *response, struct http_refusal *ret_refusal)
{
    enum http_progress progress = line_parse(at, end, response, &at, ret_refusal);
    if (progress != HTTP_DONE) {
        return progress;
    }
    progress = http__fields_parse(at, end, HTTP__TOKEN | HTTP__UNDERSCORE, &response->fields,
                                  ret_refusal);
    if (progress != HTTP_DONE) {
        return progress;
    }
    struct http__control control;
    progress = http__control_read(&response->fields, response->minor_version, &control,
                                  ret_refusal);
    if (progress == HTTP_DONE) {
        apply(response, method, &control);
    }
    return progress;
}

enum http_progress http_response_read(struct http_scan *scan, struct str bytes,
                                      enum http_method method, struct http_response *ret_response,
                                      struct http_refusal *ret_refusal)
{
    static const struct http__head_kind kind = {'H', 'H', false};
    size_t end = 0;
    enum http_progress progress = http__head_find(scan, bytes, &kind, &end, ret_refusal);
    if (progress == HTTP_DONE) {
        ret_response->head_size = end;
        progress = parse(bytes.data, bytes.data + end, method, ret_response, ret_refusal);
    }
    return progress == HTTP_REFUSED ? refuse(ret_refusal, ret_refusal->reason) : progress;
}

bool http_upgrade_is_valid(const struct http_request *request, const struct http_response *response)
{
    struct str rest = request->upgrade;
    struct str item;
    while (response->status == 101 && http__list_next(&rest, &item)) {
        if (str_equal_nocase(item, response->upgrade)) {
            return true;
        }
    }
    return false;
}

enum http_framing http_response_framing(const struct http_request *request,
                                        const struct http_response *response)
{
    if (response->framing != HTTP_FRAMING_CHUNKED && response->framing != HTTP_FRAMING_CLOSE) {
        return response->framing;
    }
    return request->minor_version == 0 ? HTTP_FRAMING_CLOSE : HTTP_FRAMING_CHUNKED;
}
