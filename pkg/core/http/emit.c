#include "core/http/emit.h"

#include "core/base/assert.h"

#define SEPARATOR STR(": ")
#define LINE_END  STR("\r\n")

void http__put_lower(struct http__emit *out, struct str name)
{
    out->at += str_copy_lower(name, out->at).size;
}

void http__put_number(struct http__emit *out, uint64_t value)
{
    char digits[HTTP__NUMBER_MAX];
    size_t at = sizeof(digits);
    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    http__put(out, str_make(digits + at, sizeof(digits) - at));
}

void http__put_field(struct http__emit *out, struct str name, struct str value)
{
    http__put(out, name);
    http__put(out, SEPARATOR);
    http__put(out, value);
    http__put(out, LINE_END);
}

void http__put_field_number(struct http__emit *out, struct str name, uint64_t value)
{
    http__put(out, name);
    http__put(out, SEPARATOR);
    http__put_number(out, value);
    http__put(out, LINE_END);
}

static bool is_reachable(const struct http__edits *edits, struct str name)
{
    switch (http_name_find(name)) {
    case HTTP_NAME_CONNECTION:
    case HTTP_NAME_CONTENT_LENGTH:
    case HTTP_NAME_EXPECT:
    case HTTP_NAME_KEEP_ALIVE:
    case HTTP_NAME_PROXY_CONNECTION:
    case HTTP_NAME_TE:
    case HTTP_NAME_TRANSFER_ENCODING:
    case HTTP_NAME_UPGRADE: return false;
    case HTTP_NAME_HOST:
    case HTTP_NAME_X_KUMA_TAGS: return !edits->is_request;
    case HTTP_NAME_SERVER: return edits->is_request;
    case HTTP_NAME_STRICT_TRANSPORT_SECURITY: return !edits->strict_transport;
    case HTTP_NAME_OTHER:
    case HTTP_NAME_CONTENT_TYPE:
    case HTTP_NAME_DATE:
    case HTTP_NAME_TRAILER:
    case HTTP_NAME_USER_AGENT:
    case HTTP_NAME_X_ENVOY:
    case HTTP_NAME_X_FORWARDED_CLIENT_CERT:
    case HTTP_NAME_X_FORWARDED_FOR:
    case HTTP_NAME_X_FORWARDED_PROTO:
    case HTTP_NAME_X_REQUEST_ID: return true;
    }
    UNREACHABLE();
}

/* Whether an edit from `start` on takes fields of this name away. */
static bool removes(const struct http__edits *edits, size_t start, struct str name)
{
    for (size_t i = start; i < edits->edits->count; i++) {
        const struct http_edit *edit = &edits->edits->items[i];
        if (edit->kind != HTTP_EDIT_ADD && edit->name.size == name.size &&
            str_equal_nocase(edit->name, name)) {
            return is_reachable(edits, name);
        }
    }
    return false;
}

bool http__edits_remove(const struct http__edits *edits, struct str name)
{
    return removes(edits, 0, name);
}

void http__put_own(struct http__emit *out, const struct http__edits *edits, struct str name,
                   struct str value)
{
    if (value.size > 0 && !removes(edits, 0, name)) {
        http__put_field(out, name, value);
    }
}

void http__put_edits(struct http__emit *out, const struct http__edits *edits)
{
    for (size_t i = 0; i < edits->edits->count; i++) {
        const struct http_edit *edit = &edits->edits->items[i];
        if (edit->kind != HTTP_EDIT_REMOVE && is_reachable(edits, edit->name) &&
            !removes(edits, i + 1, edit->name)) {
            http__put_field(out, edit->name, edit->value);
        }
    }
}

size_t http_edits_size(const struct http_edits *edits)
{
    size_t max = 0;
    for (size_t i = 0; i < edits->count; i++) {
        if (edits->items[i].kind != HTTP_EDIT_REMOVE) {
            max += edits->items[i].name.size + edits->items[i].value.size + 4;
        }
    }
    return max;
}
