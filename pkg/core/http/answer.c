#include "core/http/emit.h"

/* As in write.c. */
#define FIXED_MAX ((size_t)512)

#define SERVER STR("otemon")
#define STRICT STR("max-age=31536000; includeSubDomains")

static size_t plan_max(const struct http_response_plan *plan)
{
    return FIXED_MAX + plan->date.size + http_edits_size(&plan->edits);
}

size_t http_response_write_max(const struct http_response *response,
                               const struct http_response_plan *plan)
{
    return plan_max(plan) + response->head_size + response->fields.count;
}

static struct http__edits edits_of(const struct http_response_plan *plan)
{
    return (struct http__edits){.edits = &plan->edits, .strict_transport = plan->strict_transport};
}

/* What comes before the answer. */
static bool is_interim(unsigned status)
{
    return status < 200 && status != 101;
}

/* Whether an upstream's field goes to the client as it is. */
static bool is_passed(const struct http_field *field, bool is_edited,
                      const struct http_response_plan *plan, const struct http__edits *edits)
{
    switch (field->id) {
    case HTTP_NAME_CONNECTION:
    case HTTP_NAME_CONTENT_LENGTH:
    case HTTP_NAME_KEEP_ALIVE:
    case HTTP_NAME_PROXY_CONNECTION:
    case HTTP_NAME_SERVER:
    case HTTP_NAME_TRANSFER_ENCODING:
    case HTTP_NAME_UPGRADE: return false;
    case HTTP_NAME_STRICT_TRANSPORT_SECURITY:
        if (plan->strict_transport) {
            return false;
        }
        break;
    case HTTP_NAME_OTHER:
    case HTTP_NAME_CONTENT_TYPE:
    case HTTP_NAME_DATE:
    case HTTP_NAME_EXPECT:
    case HTTP_NAME_HOST:
    case HTTP_NAME_TE:
    case HTTP_NAME_TRAILER:
    case HTTP_NAME_USER_AGENT:
    case HTTP_NAME_X_ENVOY:
    case HTTP_NAME_X_FORWARDED_CLIENT_CERT:
    case HTTP_NAME_X_FORWARDED_FOR:
    case HTTP_NAME_X_FORWARDED_PROTO:
    case HTTP_NAME_X_KUMA_TAGS:
    case HTTP_NAME_X_REQUEST_ID: break;
    }
    return !field->nominated && !(is_edited && http__edits_remove(edits, field->name));
}

static void put_status(struct http__emit *out, unsigned status, struct str reason)
{
    http__put(out, STR("HTTP/1.1 "));
    http__put_number(out, status);
    http__put_char(out, ' ');
    http__put(out, reason);
    http__put(out, STR("\r\n"));
}

/* Our own fields, which every final head has. */
static void put_own(struct http__emit *out, const struct http_response_plan *plan,
                    const struct http__edits *edits, bool has_date)
{
    http__put_field(out, STR("server"), SERVER);
    if (!has_date) {
        http__put_own(out, edits, STR("date"), plan->date);
    }
    if (plan->strict_transport) {
        http__put_field(out, STR("strict-transport-security"), STRICT);
    }
}

static void put_connection(struct http__emit *out, const struct http_response_plan *plan,
                           bool ends_with_close)
{
    if (!plan->keep_alive || ends_with_close) {
        http__put(out, STR("connection: close\r\n"));
    } else if (plan->client_version == 0) {
        http__put(out, STR("connection: keep-alive\r\n"));
    }
}

/* Without a body (HEAD, 304) the length is that of the body there would be. */
static void put_framing(struct http__emit *out, const struct http_response *response,
                        enum http_framing framing)
{
    if (framing == HTTP_FRAMING_CHUNKED) {
        http__put(out, STR("transfer-encoding: chunked\r\n"));
    } else if (framing != HTTP_FRAMING_CLOSE && response->has_content_length &&
               response->status != 204) {
        http__put_field_number(out, STR("content-length"), response->content_length);
    }
}

size_t http_response_write(const struct http_response *response,
                           const struct http_response_plan *plan, char *area)
{
    struct http__emit out = {area};
    const struct http__edits edits = edits_of(plan);
    bool is_edited = !is_interim(response->status);
    bool has_date = false;
    put_status(&out, response->status, response->reason);
    for (size_t i = 0; i < response->fields.count; i++) {
        const struct http_field *field = &response->fields.items[i];
        if (is_passed(field, is_edited, plan, &edits)) {
            has_date = has_date || field->id == HTTP_NAME_DATE;
            http__put_lower(&out, field->name);
            http__put(&out, STR(": "));
            http__put(&out, field->value);
            http__put(&out, STR("\r\n"));
        }
    }
    if (response->status >= 200) {
        put_framing(&out, response, plan->framing);
        put_connection(&out, plan, plan->framing == HTTP_FRAMING_CLOSE);
        put_own(&out, plan, &edits, has_date);
    } else if (plan->tunnel) {
        http__put(&out, STR("connection: upgrade\r\n"));
        http__put_field(&out, STR("upgrade"), response->upgrade);
    }
    if (is_edited) {
        http__put_edits(&out, &edits);
    }
    http__put(&out, STR("\r\n"));
    return (size_t)(out.at - area);
}

size_t http_reply_write_max(const struct http_reply *reply, const struct http_response_plan *plan)
{
    return plan_max(plan) + reply->body.size + reply->location.size + reply->query.size;
}

static void put_location(struct http__emit *out, const struct http_reply *reply,
                         const struct http__edits *edits)
{
    if (reply->location.size == 0 || http__edits_remove(edits, STR("location"))) {
        return;
    }
    http__put(out, STR("location: "));
    http__put(out, reply->location);
    if (reply->has_query) {
        http__put_char(out, '?');
        http__put(out, reply->query);
    }
    http__put(out, STR("\r\n"));
}

size_t http_reply_write(const struct http_reply *reply, const struct http_response_plan *plan,
                        char *area)
{
    struct http__emit out = {area};
    const struct http__edits edits = edits_of(plan);
    bool has_body = reply->status != 204 && reply->status != 304;
    put_status(&out, reply->status, http_status_text(reply->status));
    put_location(&out, reply, &edits);
    if (has_body) {
        http__put_field_number(&out, STR("content-length"), reply->body.size);
    }
    if (has_body && reply->body.size > 0) {
        http__put_own(&out, &edits, STR("content-type"), STR("text/plain"));
    }
    put_connection(&out, plan, false);
    put_own(&out, plan, &edits, false);
    http__put_edits(&out, &edits);
    http__put(&out, STR("\r\n"));
    if (has_body && !reply->omit_body) {
        http__put(&out, reply->body);
    }
    return (size_t)(out.at - area);
}
