/* HTTP/1.1 as pure machines over bytes: heads, bodies and their writers (RFC 9110, 9112).
 *
 * Nothing here reads a socket, a clock or the heap. A parser is given the bytes that have arrived
 * and answers "more", "done" or "refused"; the same bytes give the same answer however they were
 * cut into pieces. What it returns are slices of the caller's bytes: they live as long as those
 * stay where they are.
 *
 * Every message is written anew from its parsed form, and ambiguous input is refused: bare LF,
 * folded fields, a repeated content-length, content-length next to transfer-encoding, two Host
 * fields. After a refusal nothing that follows on the connection can be trusted: answer and close.
 *
 * Usual sequence: http_request_read until done, http_path_normalize, http_request_write for the
 * upstream; http_response_read until it is not a 1xx, http_response_framing, http_response_write
 * for the client; http_body_read in each direction. Not thread-safe, no globals. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/base/str.h"

/* Bounds. A head and its count of fields are what the gateway always had; the request line leaves
 * half of it to the fields; a host is a DNS name. */
#define HTTP_HEAD_MAX         ((size_t)60 * 1024)
#define HTTP_REQUEST_LINE_MAX ((size_t)32 * 1024)
#define HTTP_FIELDS_MAX       100
#define HTTP_HOST_MAX         255
#define HTTP_CONNECTION_MAX   32  /* options in all Connection fields together */
#define HTTP_CHUNK_LINE_MAX   512 /* a chunk's size with its extensions */
#define HTTP_TRAILERS_MAX     ((size_t)8 * 1024)

/* The methods that are known; any other is refused. */
enum http_method {
    HTTP_ACL,
    HTTP_BIND,
    HTTP_CHECKOUT,
    HTTP_CONNECT,
    HTTP_COPY,
    HTTP_DELETE,
    HTTP_GET,
    HTTP_HEAD,
    HTTP_LINK,
    HTTP_LOCK,
    HTTP_MERGE,
    HTTP_MKACTIVITY,
    HTTP_MKCALENDAR,
    HTTP_MKCOL,
    HTTP_MOVE,
    HTTP_MSEARCH,
    HTTP_NOTIFY,
    HTTP_OPTIONS,
    HTTP_PATCH,
    HTTP_POST,
    HTTP_PROPFIND,
    HTTP_PROPPATCH,
    HTTP_PURGE,
    HTTP_PUT,
    HTTP_REBIND,
    HTTP_REPORT,
    HTTP_SEARCH,
    HTTP_SOURCE,
    HTTP_SUBSCRIBE,
    HTTP_TRACE,
    HTTP_UNBIND,
    HTTP_UNLINK,
    HTTP_UNLOCK,
    HTTP_UNSUBSCRIBE,
};

/* RFC 9110 9.2.2, and what RFC 4918 and its kin say of theirs: sending it twice does no harm. */
bool http_method_is_idempotent(enum http_method method);

/* Field names that somebody asks for; all others are HTTP_NAME_OTHER. */
enum http_name {
    HTTP_NAME_OTHER,
    HTTP_NAME_CONNECTION,
    HTTP_NAME_CONTENT_LENGTH,
    HTTP_NAME_CONTENT_TYPE,
    HTTP_NAME_DATE,
    HTTP_NAME_EXPECT,
    HTTP_NAME_HOST,
    HTTP_NAME_KEEP_ALIVE,
    HTTP_NAME_PROXY_CONNECTION,
    HTTP_NAME_SERVER,
    HTTP_NAME_STRICT_TRANSPORT_SECURITY,
    HTTP_NAME_TE,
    HTTP_NAME_TRAILER,
    HTTP_NAME_TRANSFER_ENCODING,
    HTTP_NAME_UPGRADE,
    HTTP_NAME_USER_AGENT,
    HTTP_NAME_X_ENVOY, /* every name that begins with "x-envoy-" */
    HTTP_NAME_X_FORWARDED_CLIENT_CERT,
    HTTP_NAME_X_FORWARDED_FOR,
    HTTP_NAME_X_FORWARDED_PROTO,
    HTTP_NAME_X_KUMA_TAGS,
    HTTP_NAME_X_REQUEST_ID,
};

/* The id of a name in any letter case. */
enum http_name http_name_find(struct str name);

struct http_field {
    struct str name; /* as it was sent */
    struct str value;
    enum http_name id;
    bool nominated; /* Connection names it: it ends at this hop */
};

struct http_fields {
    size_t count;
    struct http_field items[HTTP_FIELDS_MAX]; /* only the first `count` are initialised */
};

/* The first field with this id, or NULL. Borrowed. Not for HTTP_NAME_OTHER. */
const struct http_field *http_fields_find(const struct http_fields *fields, enum http_name id);

/* The first field with this name, in any letter case, or NULL. Borrowed. */
const struct http_field *http_fields_find_name(const struct http_fields *fields, struct str name);

/* How the end of a body is known. */
enum http_framing {
    HTTP_FRAMING_NONE, /* no body follows */
    HTTP_FRAMING_LENGTH,
    HTTP_FRAMING_CHUNKED,
    HTTP_FRAMING_CLOSE, /* responses only: it ends with the connection */
};

enum http_target {
    HTTP_TARGET_ORIGIN,    /* "/path?query" */
    HTTP_TARGET_ABSOLUTE,  /* "http://host/path?query"; its host overrides the Host field */
    HTTP_TARGET_ASTERISK,  /* "OPTIONS *": path is "*" */
    HTTP_TARGET_AUTHORITY, /* CONNECT: path is empty */
};

struct http_request {
    enum http_method method;
    struct str method_text;
    enum http_target target_form;
    struct str target;      /* as it was sent, for logs */
    struct str path;        /* as it was sent: see http_path_normalize */
    struct str query;       /* without "?" */
    bool has_query;         /* there was a "?" */
    struct str authority;   /* of the target, or the value of Host; may be empty; at most
                               HTTP_HOST_MAX bytes and a port */
    struct str host;        /* authority without its port; brackets of IPv6 stay; letter case too */
    unsigned minor_version; /* 0 or 1: HTTP/1.2 and above count as 1.1 */
    enum http_framing framing;
    uint64_t content_length; /* with HTTP_FRAMING_LENGTH */
    bool keep_alive;         /* the client allows another request on this connection */
    bool expect_continue;    /* Expect: 100-continue, and a body follows */
    struct str upgrade;      /* the value of Upgrade when Connection names it, else empty */
    size_t head_size;        /* bytes consumed, leading empty lines included */
    struct http_fields fields;
};

/* Why a message is not served. The body is text/plain, or empty. */
struct http_refusal {
    uint16_t status;
    struct str body;
    const char *reason; /* for the log */
};

/* How far the search for the end of a head has come, so that no byte is looked at twice. Zeroed
 * before a message. */
struct http_scan {
    size_t start; /* private, like what follows */
    size_t scanned;
    size_t line;
    bool line_known;
};

enum http_progress {
    HTTP_MORE,    /* call again with the same bytes and more after them */
    HTTP_DONE,    /* the message is there */
    HTTP_REFUSED, /* the refusal says why */
};

/* Reads a request head from the start of `bytes`, all that arrived so far. */
MUST_USE enum http_progress http_request_read(struct http_scan *scan, struct str bytes,
                                              struct http_request *ret_request,
                                              struct http_refusal *ret_refusal);

struct http_response {
    uint16_t status; /* 100 to 599 */
    struct str reason;
    unsigned minor_version;
    enum http_framing framing; /* NONE for 1xx, 204, 304 and answers to HEAD */
    bool has_content_length;
    uint64_t content_length; /* as it was declared, also where no body follows */
    bool keep_alive;
    struct str upgrade; /* as in a request */
    size_t head_size;
    struct http_fields fields;
};

/* Reads a response head; `method` is that of the request it answers. A 1xx other than 101 is not
 * the last: zero the scan and read again after its head. A refusal's status is what the client
 * gets, 502. */
MUST_USE enum http_progress http_response_read(struct http_scan *scan, struct str bytes,
                                               enum http_method method,
                                               struct http_response *ret_response,
                                               struct http_refusal *ret_refusal);

/* Whether a 101 is the answer to an upgrade that was asked for: it names one of the protocols of
 * the request. */
bool http_upgrade_is_valid(const struct http_request *request,
                           const struct http_response *response);

/* ---- Paths ---- */

enum http_path {
    HTTP_PATH_SAME,     /* already normal: ret_path is `path` */
    HTTP_PATH_CHANGED,  /* ret_path is in the area */
    HTTP_PATH_REDIRECT, /* it held %2F or %5C: 307 to ret_path, plus the query as it was */
    HTTP_PATH_REFUSED,  /* it does not begin with "/", or the area is too small */
};

/* Enough for the normal form of any path of `size` bytes. */
#define HTTP_PATH_AREA(size) ((size_t)3 * (size))

/* The normal form, which is both matched and forwarded: dot segments resolved, slashes merged, "\"
 * is "/", percent-encoded unreserved characters decoded, characters outside the grammar encoded. */
MUST_USE enum http_path http_path_normalize(struct str path, char *area, size_t area_size,
                                            struct str *ret_path);

/* ---- What may be written ---- */

/* These are for whoever lets others choose what messages are made of: what they refuse would break
 * a message apart. */

/* A field's name, in lower case. */
MUST_USE bool http_name_is_valid(struct str name);

/* A field's value: no control character but a tab. */
MUST_USE bool http_value_is_valid(struct str value);

/* A path, with a query or without. */
MUST_USE bool http_path_is_valid(struct str path);

/* "host", "host:port", "[address]" or "[address]:port". */
MUST_USE bool http_authority_is_valid(struct str authority);

/* ---- Bodies ---- */

/* The reader of one body. Chunk extensions and trailers are read within bounds and dropped. */
struct http_body {
    enum http_framing framing; /* private, like what follows */
    uint64_t left;
    unsigned state;
    unsigned line;
    size_t trailers;
};

enum http_body_step {
    HTTP_BODY_MORE, /* everything was consumed, and more is needed */
    HTTP_BODY_DATA, /* ret_data is payload, a slice of the input */
    HTTP_BODY_DONE, /* the body is complete; what follows `used` is the next message's */
    HTTP_BODY_BROKEN,
};

void http_body_init(struct http_body *body, enum http_framing framing, uint64_t content_length);

/* Consumes `*ret_used` bytes of `input` and yields at most one slice. Call on with the rest until
 * it is MORE, DONE or BROKEN. Without a body it is DONE at once. */
MUST_USE enum http_body_step http_body_read(struct http_body *body, struct str input,
                                            size_t *ret_used, struct str *ret_data);

bool http_body_is_done(const struct http_body *body);

/* The connection ended: whether the body is complete with that. */
MUST_USE bool http_body_end(struct http_body *body);

/* Bytes of payload that can still come, when that is known; else UINT64_MAX. */
uint64_t http_body_left(const struct http_body *body);

/* ---- Writers ---- */

enum http_edit_kind {
    HTTP_EDIT_SET,    /* in place of every field of that name */
    HTTP_EDIT_ADD,    /* after those that are there */
    HTTP_EDIT_REMOVE, /* every field of that name */
};

/* A change of fields. Edits apply in order, after the rules of this module and so with the last
 * word, except that none reaches what belongs to the connection or frames the message (connection,
 * content-length, expect, keep-alive, proxy-connection, te, transfer-encoding, upgrade), a
 * request's Host (the plan has it) and x-kuma-tags, a response's Server, and what the plan says of
 * strict-transport-security. */
struct http_edit {
    enum http_edit_kind kind;
    struct str name; /* lower case */
    struct str value;
};

struct http_edits {
    const struct http_edit *items;
    size_t count;
};

/* Bytes that they add to a head at most. */
size_t http_edits_size(const struct http_edits *edits);

/* What a request becomes on its way upstream. Empty slices: nothing of that kind. */
struct http_request_plan {
    struct str path;            /* normalised or rewritten; the query follows as it was, */
    bool path_has_query;        /* after "&", since the path has one already */
    struct str authority;       /* Host; empty: the request's own */
    struct str forwarded_for;   /* appended to x-forwarded-for */
    struct str forwarded_proto; /* x-forwarded-proto */
    struct str request_id;      /* replaces x-request-id; empty: the client's stays */
    bool tunnel;                /* ask for the upgrade the client asks for */
    struct http_edits edits;
};

/* Room that the head surely fits into. */
size_t http_request_write_max(const struct http_request *request,
                              const struct http_request_plan *plan);

/* Writes the head as HTTP/1.1 with lower-case names. Hop-by-hop fields, client's x-envoy-*,
 * x-kuma-tags, x-forwarded-client-cert and Expect are left out. Returns the size. `area` has room
 * for http_request_write_max. The body follows with the request's own framing. */
MUST_USE size_t http_request_write(const struct http_request *request,
                                   const struct http_request_plan *plan, char *area);

/* Writes `head`, which is http_request_write's, with another Host. Returns the size. `area` has
 * room for the sizes of both. */
MUST_USE size_t http_request_host_replace(struct str head, struct str authority, char *area);

/* How the body of `response` goes to the client: as it came, except that a body without a known
 * length is chunked for HTTP/1.1 and ends with the connection for HTTP/1.0. */
enum http_framing http_response_framing(const struct http_request *request,
                                        const struct http_response *response);

/* What every answer carries. */
struct http_response_plan {
    enum http_framing framing; /* from http_response_framing */
    unsigned client_version;   /* the request's minor_version */
    bool keep_alive;           /* false: "connection: close" is written */
    bool strict_transport;     /* the client came by TLS */
    bool tunnel;               /* a valid 101: connection and upgrade are written */
    struct str date;           /* used where the response has none */
    struct http_edits edits;
};

size_t http_response_write_max(const struct http_response *response,
                               const struct http_response_plan *plan);

/* Writes the head of a forwarded response, 1xx included, which edits leave alone unless it is 101.
 * Returns the size. `area` has room for http_response_write_max. */
MUST_USE size_t http_response_write(const struct http_response *response,
                                    const struct http_response_plan *plan, char *area);

/* An answer of our own. */
struct http_reply {
    uint16_t status;
    struct str body;     /* text/plain */
    struct str location; /* of a redirect, */
    struct str query;    /* after "?" when has_query */
    bool has_query;
    bool omit_body; /* HEAD: the length is declared, the body is not sent */
};

size_t http_reply_write_max(const struct http_reply *reply, const struct http_response_plan *plan);

/* Writes head and body; `plan->framing` plays no part. Returns the size. */
MUST_USE size_t http_reply_write(const struct http_reply *reply,
                                 const struct http_response_plan *plan, char *area);

#define HTTP_CONTINUE STR("HTTP/1.1 100 Continue\r\n\r\n")

/* Before each piece of a chunked body goes its size line, after it HTTP_CHUNK_END, and after the
 * last piece HTTP_CHUNK_LAST. */
#define HTTP_CHUNK_HEAD_MAX 18
#define HTTP_CHUNK_END      STR("\r\n")
#define HTTP_CHUNK_LAST     STR("0\r\n\r\n")

/* Writes the size line of a piece of `size` bytes, above 0. Returns its size. */
MUST_USE size_t http_chunk_head(uint64_t size, char area[HTTP_CHUNK_HEAD_MAX]);

/* "Not Found"; empty for a status without a registered name. */
struct str http_status_text(unsigned status);

/* "Tue, 24 Nov 2026 03:50:19 GMT", not terminated. */
#define HTTP_DATE_SIZE 29
void http_date_format(uint64_t wall_ms, char ret_text[HTTP_DATE_SIZE]);
