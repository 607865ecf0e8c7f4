#include "core/http/emit.h"
#include "core/http/parse.h"

/* All that is written besides what the request and the plan bring: names of fields, line ends, the
 * version, a number. */
#define FIXED_MAX ((size_t)512)

size_t http_request_write_max(const struct http_request *request,
                              const struct http_request_plan *plan)
{
    return FIXED_MAX + request->head_size + request->fields.count + plan->path.size +
           plan->authority.size + plan->forwarded_for.size + plan->forwarded_proto.size +
           plan->request_id.size + http_edits_size(&plan->edits);
}

/* Whether a client's field goes upstream as it is. */
static bool is_passed(const struct http_field *field, const struct http_request_plan *plan,
                      const struct http__edits *edits)
{
    bool is_ours = false;
    switch (field->id) {
    case HTTP_NAME_CONNECTION:
    case HTTP_NAME_CONTENT_LENGTH:
    case HTTP_NAME_EXPECT:
    case HTTP_NAME_HOST:
    case HTTP_NAME_KEEP_ALIVE:
    case HTTP_NAME_PROXY_CONNECTION:
    case HTTP_NAME_TE:
    case HTTP_NAME_TRANSFER_ENCODING:
    case HTTP_NAME_UPGRADE:
    case HTTP_NAME_X_ENVOY:
    case HTTP_NAME_X_FORWARDED_CLIENT_CERT:
    case HTTP_NAME_X_KUMA_TAGS: return false;
    case HTTP_NAME_X_FORWARDED_FOR: is_ours = plan->forwarded_for.size > 0; break;
    case HTTP_NAME_X_FORWARDED_PROTO: is_ours = plan->forwarded_proto.size > 0; break;
    case HTTP_NAME_X_REQUEST_ID: is_ours = plan->request_id.size > 0; break;
    case HTTP_NAME_OTHER:
    case HTTP_NAME_CONTENT_TYPE:
    case HTTP_NAME_DATE:
    case HTTP_NAME_SERVER:
    case HTTP_NAME_STRICT_TRANSPORT_SECURITY:
    case HTTP_NAME_TRAILER:
    case HTTP_NAME_USER_AGENT: break;
    }
    return !is_ours && !field->nominated && !http__edits_remove(edits, field->name);
}

/* The addresses before ours, and ours: one field, whatever number came. */
static void put_forwarded_for(struct http__emit *out, const struct http_request *request,
                              const struct http_request_plan *plan, const struct http__edits *edits)
{
    struct str name = STR("x-forwarded-for");
    if (plan->forwarded_for.size == 0 || http__edits_remove(edits, name)) {
        return;
    }
    http__put(out, name);
    http__put(out, STR(": "));
    for (size_t i = 0; i < request->fields.count; i++) {
        const struct http_field *field = &request->fields.items[i];
        if (field->id == HTTP_NAME_X_FORWARDED_FOR && !field->nominated && field->value.size > 0) {
            http__put(out, field->value);
            http__put_char(out, ',');
        }
    }
    http__put(out, plan->forwarded_for);
    http__put(out, STR("\r\n"));
}

static void put_te(struct http__emit *out, const struct http_request *request,
                   const struct http__edits *edits)
{
    const struct http_field *field = http_fields_find(&request->fields, HTTP_NAME_TE);
    struct str rest = field == NULL ? STR_EMPTY : field->value;
    struct str item;
    while (http__list_next(&rest, &item)) {
        if (str_equal_nocase(item, STR("trailers"))) {
            http__put_own(out, edits, STR("te"), STR("trailers"));
            return;
        }
    }
}

/* Servers answer 411 to these without a length; to others they are indifferent. */
static bool wants_length(enum http_method method)
{
    return method == HTTP_POST || method == HTTP_PUT || method == HTTP_PATCH ||
           method == HTTP_OPTIONS;
}

static void put_framing(struct http__emit *out, const struct http_request *request, bool tunnel)
{
    if (request->framing == HTTP_FRAMING_CHUNKED) {
        http__put(out, STR("transfer-encoding: chunked\r\n"));
    } else if (request->framing == HTTP_FRAMING_LENGTH || wants_length(request->method)) {
        http__put_field_number(out, STR("content-length"), request->content_length);
    }
    if (tunnel && request->upgrade.size > 0) {
        http__put(out, STR("connection: upgrade\r\n"));
        http__put_field(out, STR("upgrade"), request->upgrade);
    }
}

size_t http_request_write(const struct http_request *request, const struct http_request_plan *plan,
                          char *area)
{
    struct http__emit out = {area};
    const struct http__edits edits = {.edits = &plan->edits, .is_request = true};
    http__put(&out, request->method_text);
    http__put_char(&out, ' ');
    http__put(&out, plan->path);
    if (request->has_query) {
        http__put_char(&out, plan->path_has_query ? '&' : '?');
        http__put(&out, request->query);
    }
    http__put(&out, STR(" HTTP/1.1\r\n"));
    http__put_field(&out, STR("host"),
                    plan->authority.size > 0 ? plan->authority : request->authority);
    for (size_t i = 0; i < request->fields.count; i++) {
        const struct http_field *field = &request->fields.items[i];
        if (is_passed(field, plan, &edits)) {
            http__put_lower(&out, field->name);
            http__put(&out, STR(": "));
            http__put(&out, field->value);
            http__put(&out, STR("\r\n"));
        }
    }
    put_te(&out, request, &edits);
    put_forwarded_for(&out, request, plan, &edits);
    http__put_own(&out, &edits, STR("x-forwarded-proto"), plan->forwarded_proto);
    http__put_own(&out, &edits, STR("x-request-id"), plan->request_id);
    put_framing(&out, request, plan->tunnel);
    http__put_edits(&out, &edits);
    http__put(&out, STR("\r\n"));
    return (size_t)(out.at - area);
}

size_t http_request_host_replace(struct str head, struct str authority, char *area)
{
    struct http__emit out = {area};
    size_t host = str_find_char(head, '\n') + sizeof("\nhost: ") - 1;
    size_t size = str_find_char(str_from(head, host), '\r');
    http__put(&out, str_first(head, host));
    http__put(&out, authority);
    http__put(&out, str_from(head, host + size));
    return (size_t)(out.at - area);
}
