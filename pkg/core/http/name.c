#include "core/http/parse.h"

/* Whether `name`, as long as `known`, is it in another letter case. The first byte tells most names
 * of one size apart. */
static bool is_name(struct str name, const char *known)
{
    if (str_lower(name.data[0]) != known[0]) {
        return false;
    }
    unsigned difference = 0;
    for (size_t i = 1; i < name.size; i++) {
        difference |= (unsigned)(str_lower(name.data[i]) ^ known[i]);
    }
    return difference == 0;
}

struct known {
    const char *name;
    enum http_name id;
};

/* Names by their size; the longest run of one size is short. */
static const struct known size_2[] = {{"te", HTTP_NAME_TE}, {NULL, 0}};
static const struct known size_4[] = {
    {"host", HTTP_NAME_HOST}, {"date", HTTP_NAME_DATE}, {NULL, 0}};
static const struct known size_6[] = {
    {"expect", HTTP_NAME_EXPECT}, {"server", HTTP_NAME_SERVER}, {NULL, 0}};
static const struct known size_7[] = {
    {"trailer", HTTP_NAME_TRAILER}, {"upgrade", HTTP_NAME_UPGRADE}, {NULL, 0}};
static const struct known size_10[] = {{"connection", HTTP_NAME_CONNECTION},
                                       {"user-agent", HTTP_NAME_USER_AGENT},
                                       {"keep-alive", HTTP_NAME_KEEP_ALIVE},
                                       {NULL, 0}};
static const struct known size_11[] = {{"x-kuma-tags", HTTP_NAME_X_KUMA_TAGS}, {NULL, 0}};
static const struct known size_12[] = {
    {"content-type", HTTP_NAME_CONTENT_TYPE}, {"x-request-id", HTTP_NAME_X_REQUEST_ID}, {NULL, 0}};
static const struct known size_14[] = {{"content-length", HTTP_NAME_CONTENT_LENGTH}, {NULL, 0}};
static const struct known size_15[] = {{"x-forwarded-for", HTTP_NAME_X_FORWARDED_FOR}, {NULL, 0}};
static const struct known size_16[] = {{"proxy-connection", HTTP_NAME_PROXY_CONNECTION}, {NULL, 0}};
static const struct known size_17[] = {{"transfer-encoding", HTTP_NAME_TRANSFER_ENCODING},
                                       {"x-forwarded-proto", HTTP_NAME_X_FORWARDED_PROTO},
                                       {NULL, 0}};
static const struct known size_23[] = {
    {"x-forwarded-client-cert", HTTP_NAME_X_FORWARDED_CLIENT_CERT}, {NULL, 0}};
static const struct known size_25[] = {
    {"strict-transport-security", HTTP_NAME_STRICT_TRANSPORT_SECURITY}, {NULL, 0}};

static const struct known *const by_size[] = {
    [2] = size_2,   [4] = size_4,   [6] = size_6,   [7] = size_7,   [10] = size_10,
    [11] = size_11, [12] = size_12, [14] = size_14, [15] = size_15, [16] = size_16,
    [17] = size_17, [23] = size_23, [25] = size_25,
};

#define ENVOY "x-envoy-"

enum http_name http_name_find(struct str name)
{
    if (name.size < ARRAY_SIZE(by_size) && by_size[name.size] != NULL) {
        for (const struct known *known = by_size[name.size]; known->name != NULL; known++) {
            if (is_name(name, known->name)) {
                return known->id;
            }
        }
    }
    if (name.size >= sizeof(ENVOY) - 1 && is_name(str_first(name, sizeof(ENVOY) - 1), ENVOY)) {
        return HTTP_NAME_X_ENVOY;
    }
    return HTTP_NAME_OTHER;
}

#define METHOD(id, name, idempotent_) [id] = {STR_INIT(name), idempotent_}

static const struct {
    struct str name;
    bool idempotent;
} methods[] = {
    METHOD(HTTP_ACL, "ACL", true),
    METHOD(HTTP_BIND, "BIND", true),
    METHOD(HTTP_CHECKOUT, "CHECKOUT", true),
    METHOD(HTTP_CONNECT, "CONNECT", false),
    METHOD(HTTP_COPY, "COPY", true),
    METHOD(HTTP_DELETE, "DELETE", true),
    METHOD(HTTP_GET, "GET", true),
    METHOD(HTTP_HEAD, "HEAD", true),
    METHOD(HTTP_LINK, "LINK", true),
    METHOD(HTTP_LOCK, "LOCK", false),
    METHOD(HTTP_MERGE, "MERGE", true),
    METHOD(HTTP_MKACTIVITY, "MKACTIVITY", true),
    METHOD(HTTP_MKCALENDAR, "MKCALENDAR", true),
    METHOD(HTTP_MKCOL, "MKCOL", true),
    METHOD(HTTP_MOVE, "MOVE", true),
    METHOD(HTTP_MSEARCH, "M-SEARCH", false),
    METHOD(HTTP_NOTIFY, "NOTIFY", false),
    METHOD(HTTP_OPTIONS, "OPTIONS", true),
    METHOD(HTTP_PATCH, "PATCH", false),
    METHOD(HTTP_POST, "POST", false),
    METHOD(HTTP_PROPFIND, "PROPFIND", true),
    METHOD(HTTP_PROPPATCH, "PROPPATCH", true),
    METHOD(HTTP_PURGE, "PURGE", false),
    METHOD(HTTP_PUT, "PUT", true),
    METHOD(HTTP_REBIND, "REBIND", true),
    METHOD(HTTP_REPORT, "REPORT", true),
    METHOD(HTTP_SEARCH, "SEARCH", true),
    METHOD(HTTP_SOURCE, "SOURCE", false),
    METHOD(HTTP_SUBSCRIBE, "SUBSCRIBE", false),
    METHOD(HTTP_TRACE, "TRACE", true),
    METHOD(HTTP_UNBIND, "UNBIND", true),
    METHOD(HTTP_UNLINK, "UNLINK", true),
    METHOD(HTTP_UNLOCK, "UNLOCK", true),
    METHOD(HTTP_UNSUBSCRIBE, "UNSUBSCRIBE", false),
};

bool http_method_is_idempotent(enum http_method method)
{
    return methods[method].idempotent;
}

bool http__method_find(struct str text, enum http_method *ret_method)
{
    static const enum http_method frequent[] = {HTTP_GET, HTTP_POST, HTTP_HEAD, HTTP_PUT};
    for (size_t i = 0; i < ARRAY_SIZE(frequent); i++) {
        if (str_equal(methods[frequent[i]].name, text)) {
            *ret_method = frequent[i];
            return true;
        }
    }
    for (size_t i = 0; i < ARRAY_SIZE(methods); i++) {
        if (str_equal(methods[i].name, text)) {
            *ret_method = (enum http_method)i;
            return true;
        }
    }
    return false;
}
