#include "core/http/parse.h"

enum http_progress http__refuse(struct http_refusal *ret_refusal, unsigned status,
                                const char *reason)
{
    *ret_refusal = (struct http_refusal){(uint16_t)status, http_status_text(status), reason};
    return HTTP_REFUSED;
}

const struct http_field *http_fields_find(const struct http_fields *fields, enum http_name id)
{
    for (size_t i = 0; i < fields->count; i++) {
        if (fields->items[i].id == id) {
            return &fields->items[i];
        }
    }
    return NULL;
}

const struct http_field *http_fields_find_name(const struct http_fields *fields, struct str name)
{
    for (size_t i = 0; i < fields->count; i++) {
        if (str_equal_nocase(fields->items[i].name, name)) {
            return &fields->items[i];
        }
    }
    return NULL;
}

/* Why the name of a field ended at `c`, which is not a colon. */
static const char *name_reason(char c, bool is_empty)
{
    if (is_empty && (c == ' ' || c == '\t')) {
        return "folded field";
    }
    return c == '_' ? "underscore in a field name" : "not a field";
}

enum http_progress http__fields_parse(const char *at, const char *end, unsigned name_class,
                                      struct http_fields *ret_fields,
                                      struct http_refusal *ret_refusal)
{
    size_t count = 0;
    while (at < end && *at != '\r') {
        if (count == HTTP_FIELDS_MAX) {
            return http__refuse(ret_refusal, 431, "too many fields");
        }
        const char *name = at;
        while (at < end && http__is(*at, name_class)) {
            at++;
        }
        if (at == end || *at != ':' || at == name) {
            return http__refuse(ret_refusal, 400, name_reason(at < end ? *at : ' ', at == name));
        }
        struct http_field *field = &ret_fields->items[count++];
        field->name = str_make(name, (size_t)(at - name));
        field->id = http_name_find(field->name);
        field->nominated = false;
        at++;
        const char *value = at;
        do {
            at = http__find_control(at, end);
        } while (at < end && *at == '\t' && at++ != end);
        if (end - at < 2 || at[0] != '\r' || at[1] != '\n') {
            return http__refuse(ret_refusal, 400, "control character or bare line end in a field");
        }
        field->value = str_trim(str_make(value, (size_t)(at - value)));
        at += 2;
    }
    if (end - at != 2 || at[1] != '\n') {
        return http__refuse(ret_refusal, 400, "fields do not end in an empty line");
    }
    ret_fields->count = count;
    return HTTP_DONE;
}

bool http__list_next(struct str *rest, struct str *ret_item)
{
    while (rest->size > 0) {
        *ret_item = str_trim(str_cut(rest, ','));
        if (ret_item->size > 0) {
            return true;
        }
    }
    return false;
}

bool http__version_parse(const char text[3], unsigned *ret_minor)
{
    if (text[0] != '1' || text[1] != '.' || text[2] < '0' || text[2] > '9') {
        return false;
    }
    *ret_minor = text[2] == '0' ? 0 : 1;
    return true;
}

/* Marks the fields that a connection option names. The fields that say whom the message is for and
 * where it ends cannot be taken away like that. */
static void nominate(struct http_fields *fields, struct str option)
{
    for (size_t i = 0; i < fields->count; i++) {
        struct http_field *field = &fields->items[i];
        if (str_equal_nocase(field->name, option) && field->id != HTTP_NAME_HOST &&
            field->id != HTTP_NAME_CONTENT_LENGTH) {
            field->nominated = true;
        }
    }
}

static bool connection_read(struct http_fields *fields, struct str value, size_t *options,
                            struct http__control *control)
{
    struct str option;
    while (http__list_next(&value, &option)) {
        if (++*options > HTTP_CONNECTION_MAX) {
            return false;
        }
        if (str_equal_nocase(option, STR("close"))) {
            control->close = true;
        } else if (str_equal_nocase(option, STR("keep-alive"))) {
            control->keep_alive = true;
        } else if (str_equal_nocase(option, STR("upgrade"))) {
            control->upgrade_named = true;
        } else {
            nominate(fields, option);
        }
    }
    return true;
}

/* Digits only, below 2^63: room to add without a look. */
static bool length_parse(struct str value, uint64_t *ret_length)
{
    uint64_t length = 0;
    for (size_t i = 0; i < value.size; i++) {
        if (value.data[i] < '0' || value.data[i] > '9' || length > (uint64_t)INT64_MAX / 10 - 1) {
            return false;
        }
        length = length * 10 + (uint64_t)(value.data[i] - '0');
    }
    *ret_length = length;
    return value.size > 0;
}

/* Takes a field that may be there once. */
static bool take_once(const struct http_field **slot, const struct http_field *field)
{
    bool is_first = *slot == NULL;
    *slot = field;
    return is_first;
}

static enum http_progress framing_read(struct http__control *control, unsigned minor_version,
                                       struct http_refusal *ret_refusal)
{
    if (control->transfer_encoding != NULL) {
        if (!str_equal_nocase(control->transfer_encoding->value, STR("chunked"))) {
            return http__refuse(ret_refusal, 501, "transfer coding other than chunked");
        }
        if (control->content_length != NULL) {
            return http__refuse(ret_refusal, 400, "content-length with transfer-encoding");
        }
        if (minor_version == 0) {
            return http__refuse(ret_refusal, 400, "transfer-encoding in HTTP/1.0");
        }
    }
    if (control->content_length != NULL &&
        !length_parse(control->content_length->value, &control->length)) {
        return http__refuse(ret_refusal, 400, "content-length is not a number");
    }
    return HTTP_DONE;
}

enum http_progress http__control_read(struct http_fields *fields, unsigned minor_version,
                                      struct http__control *ret_control,
                                      struct http_refusal *ret_refusal)
{
    *ret_control = (struct http__control){0};
    size_t options = 0;
    for (size_t i = 0; i < fields->count; i++) {
        const struct http_field *field = &fields->items[i];
        bool is_fine = true;
        if (field->id == HTTP_NAME_CONTENT_LENGTH) {
            is_fine = take_once(&ret_control->content_length, field);
        } else if (field->id == HTTP_NAME_TRANSFER_ENCODING) {
            is_fine = take_once(&ret_control->transfer_encoding, field);
        } else if (field->id == HTTP_NAME_HOST) {
            is_fine = take_once(&ret_control->host, field);
        } else if (field->id == HTTP_NAME_UPGRADE) {
            is_fine = take_once(&ret_control->upgrade, field);
        } else if (field->id == HTTP_NAME_EXPECT) {
            ret_control->expect = field;
        } else if (field->id == HTTP_NAME_CONNECTION) {
            is_fine = connection_read(fields, field->value, &options, ret_control);
        }
        if (!is_fine) {
            return http__refuse(ret_refusal, 400,
                                field->id == HTTP_NAME_CONNECTION
                                    ? "too many connection options"
                                    : "a field that may be there once is there twice");
        }
    }
    return framing_read(ret_control, minor_version, ret_refusal);
}
