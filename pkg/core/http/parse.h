/* Private to core/http: what the two head parsers share. */
#pragma once

#include "core/http/http.h"

/* Classes of bytes. */
#define HTTP__TOKEN      1u  /* RFC 9110 token, without "_" */
#define HTTP__TARGET     2u  /* visible ASCII without "#" */
#define HTTP__HOST       4u  /* RFC 3986 reg-name */
#define HTTP__PATH       8u  /* stays as it is in a path */
#define HTTP__UNRESERVED 16u /* RFC 3986 unreserved */
#define HTTP__UNDERSCORE 32u /* "_" */

extern const unsigned char http__class[256];

static inline bool http__is(char c, unsigned wanted)
{
    return (http__class[(unsigned char)c] & wanted) != 0;
}

/* The value of a hexadecimal digit, or -1. */
int http__hex(char c);

/* Refuses: fills `ret_refusal` and gives HTTP_REFUSED. */
enum http_progress http__refuse(struct http_refusal *ret_refusal, unsigned status,
                                const char *reason);

/* What differs between the two searches. */
struct http__head_kind {
    char first_min; /* the first byte lies between these two */
    char first_max;
    bool is_request;
};

/* Finds where the head ends. An offence that later bytes cannot mend ends it at once: the parser,
 * which reads every byte before `ret_end`, then refuses it. */
enum http_progress http__head_find(struct http_scan *scan, struct str bytes,
                                   const struct http__head_kind *kind, size_t *ret_end,
                                   struct http_refusal *ret_refusal);

/* The first byte below space, or DEL, or `end`. */
const char *http__find_control(const char *at, const char *end);

bool http__method_find(struct str text, enum http_method *ret_method);

/* Reads fields, whose names consist of bytes of `name_class`, and the empty line up to `end`.
 * Requests may not have "_" in a name: to CGI and its heirs it is "-", and so a way to forge fields
 * that somebody on the path relies on. Responses may. */
enum http_progress http__fields_parse(const char *at, const char *end, unsigned name_class,
                                      struct http_fields *ret_fields,
                                      struct http_refusal *ret_refusal);

/* What the fields that govern the connection and the framing say. */
struct http__control {
    const struct http_field *host;
    const struct http_field *content_length;
    const struct http_field *transfer_encoding;
    const struct http_field *upgrade;
    const struct http_field *expect;
    uint64_t length;
    bool close;
    bool keep_alive;
    bool upgrade_named;
};

/* Collects them, refuses what is there twice and contradicts, and marks what Connection names. */
enum http_progress http__control_read(struct http_fields *fields, unsigned minor_version,
                                      struct http__control *ret_control,
                                      struct http_refusal *ret_refusal);

/* The next item of a comma-separated list, trimmed, without empty ones; false at the end. */
bool http__list_next(struct str *rest, struct str *ret_item);

/* "1.x" after "HTTP/": the digit after the point as 0 or 1; false: another major version. */
bool http__version_parse(const char text[3], unsigned *ret_minor);
