#include "core/http/parse.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* Empty lines that a client may send before a request (RFC 9112 2.2). */
#define LEADING_MAX ((size_t)8)

/* "x" and what every first line ends or begins with. */
#define VERSION_SIZE ((size_t)8)

const char *http__find_control(const char *at, const char *end)
{
#ifdef __SSE2__
    const __m128i highest_control = _mm_set1_epi8(0x1f);
    const __m128i del = _mm_set1_epi8(0x7f);
    for (; end - at >= 16; at += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
        __m128i hits = _mm_or_si128(_mm_cmpeq_epi8(_mm_min_epu8(bytes, highest_control), bytes),
                                    _mm_cmpeq_epi8(bytes, del));
        unsigned mask = (unsigned)_mm_movemask_epi8(hits);
        if (mask != 0) {
            return at + __builtin_ctz(mask);
        }
    }
#endif
    for (; at < end; at++) {
        if ((unsigned char)*at < 0x20 || *at == 0x7f) {
            break;
        }
    }
    return at;
}

static const char *find_line_feed(const char *at, const char *end)
{
#ifdef __SSE2__
    const __m128i line_feed = _mm_set1_epi8('\n');
    for (; end - at >= 16; at += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
        unsigned mask = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, line_feed));
        if (mask != 0) {
            return at + __builtin_ctz(mask);
        }
    }
#endif
    while (at < end && *at != '\n') {
        at++;
    }
    return at;
}

/* Skips empty lines before a request. */
static enum http_progress skip_leading(struct http_scan *scan, struct str bytes,
                                       struct http_refusal *ret_refusal)
{
    while (scan->start < bytes.size && bytes.data[scan->start] == '\r') {
        if (scan->start + 1 == bytes.size) {
            return HTTP_MORE;
        }
        if (bytes.data[scan->start + 1] != '\n') {
            break;
        }
        if (scan->start >= LEADING_MAX) {
            return http__refuse(ret_refusal, 400, "too many empty lines before the request");
        }
        scan->start += 2;
        scan->scanned = scan->start;
        scan->line = scan->start;
    }
    return scan->start < bytes.size ? HTTP_DONE : HTTP_MORE;
}

/* A first line without a version is never the start of a head: whoever sent it waits for an
 * answer and not for the end of fields. */
static bool first_line_is_possible(struct str line, bool is_request)
{
    if (line.size < VERSION_SIZE + 2) {
        return false;
    }
    const char *version = is_request ? line.data + line.size - VERSION_SIZE - 2 : line.data;
    return memcmp(version, "HTTP/", 5) == 0;
}

static enum http_progress refuse_long(const struct http_scan *scan, size_t seen, bool is_request,
                                      struct http_refusal *ret_refusal)
{
    if (is_request && !scan->line_known && seen >= HTTP_REQUEST_LINE_MAX) {
        return http__refuse(ret_refusal, 414, "request line too long");
    }
    return http__refuse(ret_refusal, 431, "head too large");
}

enum http_progress http__head_find(struct http_scan *scan, struct str bytes,
                                   const struct http__head_kind *kind, size_t *ret_end,
                                   struct http_refusal *ret_refusal)
{
    if (!scan->line_known) {
        enum http_progress progress = kind->is_request ? skip_leading(scan, bytes, ret_refusal)
                                                       : (bytes.size == 0 ? HTTP_MORE : HTTP_DONE);
        if (progress != HTTP_DONE) {
            return progress;
        }
        char first = bytes.data[scan->start];
        if (first < kind->first_min || first > kind->first_max) {
            return http__refuse(ret_refusal, 400, "does not begin like a message");
        }
    }
    size_t first_max = kind->is_request ? HTTP_REQUEST_LINE_MAX : HTTP_HEAD_MAX;
    for (;;) {
        size_t limit = scan->start + (scan->line_known ? HTTP_HEAD_MAX : first_max);
        const char *end = bytes.data + MIN(bytes.size, limit);
        const char *line_feed = find_line_feed(bytes.data + scan->scanned, end);
        if (line_feed == end) {
            scan->scanned = (size_t)(end - bytes.data);
            return scan->scanned < limit ? HTTP_MORE
                                         : refuse_long(scan, scan->scanned - scan->start,
                                                       kind->is_request, ret_refusal);
        }
        struct str line = {bytes.data + scan->line,
                           (size_t)(line_feed + 1 - bytes.data) - scan->line};
        bool is_last = line.size < 2 || line_feed[-1] != '\r' ||
                       (scan->line_known ? line.size == 2
                                         : !first_line_is_possible(line, kind->is_request));
        scan->line += line.size;
        scan->scanned = scan->line;
        scan->line_known = true;
        if (is_last) {
            *ret_end = scan->line;
            return HTTP_DONE;
        }
    }
}
