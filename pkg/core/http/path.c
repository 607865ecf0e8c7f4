#include "core/http/parse.h"

/* Most paths are normal already: no escape, no "//", no segment that begins with a dot. */
static bool is_normal(struct str path)
{
    for (size_t i = 0; i < path.size; i++) {
        char c = path.data[i];
        if (!http__is(c, HTTP__PATH)) {
            return false;
        }
        if (c == '/' && i + 1 < path.size && (path.data[i + 1] == '/' || path.data[i + 1] == '.')) {
            return false;
        }
    }
    return true;
}

struct decoded {
    char *area;
    size_t size;
    size_t loose;   /* one past the last "%" that began no escape; 0: none */
    bool has_slash; /* %2F or %5C was there */
};

static void put(struct decoded *out, char c)
{
    out->area[out->size++] = c;
}

static void put_escape(struct decoded *out, unsigned value)
{
    put(out, '%');
    put(out, "0123456789ABCDEF"[value >> 4]);
    put(out, "0123456789ABCDEF"[value & 15]);
}

/* "%41", "%2F", "%20" at `at`. A digit decoded right behind a loose "%" would make an escape that
 * nobody wrote, so there it stays encoded. */
static void put_decoded(struct decoded *out, const char *at)
{
    char value = (char)(http__hex(at[1]) << 4 | http__hex(at[2]));
    bool joins = out->loose > 0 && out->size < out->loose + 2 && http__hex(value) >= 0;
    if (value == '/' || value == '\\') {
        out->has_slash = true;
        put(out, '/');
    } else if (http__is(value, HTTP__UNRESERVED) && !joins) {
        put(out, value);
    } else {
        memcpy(out->area + out->size, at, 3);
        out->size += 3;
    }
}

static void decode(struct str path, struct decoded *out)
{
    const char *end = path.data + path.size;
    for (const char *at = path.data; at < end; at++) {
        if (*at == '%') {
            if (end - at >= 3 && http__hex(at[1]) >= 0 && http__hex(at[2]) >= 0) {
                put_decoded(out, at);
                at += 2;
            } else {
                put(out, '%');
                out->loose = out->size;
            }
        } else if (*at == '\\') {
            put(out, '/');
        } else if (http__is(*at, HTTP__PATH)) {
            put(out, *at);
        } else {
            put_escape(out, (unsigned char)*at);
        }
    }
}

/* Resolves "." and ".." in place (RFC 3986 5.2.4); empty segments count until they are merged.
 * What is kept always ends in "/" before the next segment is looked at. */
static size_t resolve(char *area, size_t size)
{
    size_t kept = 1;
    for (size_t at = 1; at < size;) {
        const char *slash = memchr(area + at, '/', size - at);
        size_t segment = slash == NULL ? size - at : (size_t)(slash - area) - at;
        size_t whole = segment + (slash == NULL ? 0 : 1);
        if (segment == 2 && area[at] == '.' && area[at + 1] == '.') {
            kept -= kept > 1 ? 1 : 0;
            while (area[kept - 1] != '/') {
                kept--;
            }
        } else if (segment != 1 || area[at] != '.') {
            memmove(area + kept, area + at, whole);
            kept += whole;
        }
        at += whole;
    }
    return kept;
}

static size_t merge(char *area, size_t size)
{
    size_t kept = 1;
    for (size_t at = 1; at < size; at++) {
        if (area[at] != '/' || area[kept - 1] != '/') {
            area[kept++] = area[at];
        }
    }
    return kept;
}

enum http_path http_path_normalize(struct str path, char *area, size_t area_size,
                                   struct str *ret_path)
{
    if (path.size == 0 || path.data[0] != '/') {
        return HTTP_PATH_REFUSED;
    }
    if (LIKELY(is_normal(path))) {
        *ret_path = path;
        return HTTP_PATH_SAME;
    }
    if (area_size < HTTP_PATH_AREA(path.size)) {
        return HTTP_PATH_REFUSED;
    }
    struct decoded out = {.area = area};
    decode(path, &out);
    size_t size = merge(area, resolve(area, out.size));
    struct str normal = str_make(area, size);
    if (str_equal(normal, path)) {
        *ret_path = path;
        return HTTP_PATH_SAME;
    }
    *ret_path = normal;
    return out.has_slash ? HTTP_PATH_REDIRECT : HTTP_PATH_CHANGED;
}
