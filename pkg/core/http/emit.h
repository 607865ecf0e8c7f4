/* Private to core/http: writing into an area that is known to be large enough. */
#pragma once

#include "core/http/http.h"

struct http__emit {
    char *at;
};

static inline void http__put(struct http__emit *out, struct str s)
{
    if (s.size > 0) { /* an empty slice may point nowhere */
        memcpy(out->at, s.data, s.size);
        out->at += s.size;
    }
}

static inline void http__put_char(struct http__emit *out, char c)
{
    *out->at++ = c;
}

void http__put_lower(struct http__emit *out, struct str name);
void http__put_number(struct http__emit *out, uint64_t value);

/* One field; its name is lower case already. */
void http__put_field(struct http__emit *out, struct str name, struct str value);
void http__put_field_number(struct http__emit *out, struct str name, uint64_t value);

/* Most bytes of a number in decimal. */
#define HTTP__NUMBER_MAX 20

/* Edits with the names they must not reach; see struct http_edit. */
struct http__edits {
    const struct http_edits *edits;
    bool is_request;
    bool strict_transport; /* strict-transport-security is the plan's */
};

/* Whether some edit takes the fields of this name away. */
bool http__edits_remove(const struct http__edits *edits, struct str name);

/* A field of the module's own, unless an edit takes it away. */
void http__put_own(struct http__emit *out, const struct http__edits *edits, struct str name,
                   struct str value);

/* The fields that edits bring. */
void http__put_edits(struct http__emit *out, const struct http__edits *edits);
