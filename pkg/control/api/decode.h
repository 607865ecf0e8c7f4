/* The engine that turns a tree into structs by tables. Private to control/api.
 *
 * A table lists the fields of one object of the manifest: their names, types and where they go in
 * the struct. The engine reads each, reports what does not fit and warns of what no table names.
 * Then it calls the table's check, which sees the typed struct and adds what Kuma's rules forbid.
 * An error breaks the innermost struct around it that has a `broken` flag, else the object.
 *
 * Spelling, null, numbers and enums of Kuma's older kinds follow its lenient JSON-protobuf reader,
 * except that unknown numbers of an enum and unknown fields are findings. Its newer kinds have a
 * schema (is_strict). */
#pragma once

#include "control/api/api.h"
#include "core/base/arena.h"
#include "core/base/map.h"

struct api__table;

struct api__decoder {
    struct arena *arena;
    struct finding_list *findings;
    struct finding_subject subject;
    const struct api_origin *origin;
    struct map *failed; /* what did not decode: checks say nothing of it; or NULL */
    const struct api__table *below_spec; /* what stands there, while what is around it is read */
    bool is_universal;                   /* the fields of spec stand beside type, mesh and name */
    bool is_strict; /* the kind has a schema: no number in quotes, no number for an enum */
};

/* A place in the manifest, linked to what is around it. Lives on the stack. */
struct api__place {
    const struct api__place *parent; /* NULL: the root of the spec */
    enum { API__MEMBER, API__ITEM, API__KEY } step;
    struct str name;        /* API__MEMBER, API__KEY */
    size_t index;           /* API__ITEM */
    const struct jv *value; /* NULL: it is not there */
    struct jv_mark mark;
    bool *broken;                   /* NULL: an error here breaks what is around */
    const struct api__table *table; /* of the object that is decoded here; else NULL */
};

/* The member `name` in either spelling, the item and the tag in `parent`. */
struct api__place api__member(const struct api__place *parent, struct str name);
struct api__place api__item(const struct api__place *parent, size_t index);
struct api__place api__key(const struct api__place *parent, struct str name);

/* The spec that a place is in, of a kind that has one: it is right below the root. */
const struct api__place *api__spec_of(const struct api__place *place);

/* What messages quote is cut here. */
#define API__QUOTED_MAX ((size_t)60)

/* There is a value, and it is not null. */
bool api__is_present(const struct api__place *place);

/* The value here, or one around it, could not be decoded. */
bool api__has_failed(const struct api__decoder *d, const struct api__place *place);

/* The object has got all the findings that are kept. */
bool api__is_full(const struct api__decoder *d);

struct finding_mark api__mark(const struct api__place *place);

/* A value that cannot be decoded: what the rules say about this place, and what is in it, is not
 * reported any more. */
void api__undecodable(struct api__decoder *d, const struct api__place *place, const char *format,
                      ...) PRINTF_LIKE(3, 4);

/* A rule is broken. */
void api__error(struct api__decoder *d, const struct api__place *place, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* As api__error, about a member of `place`. */
void api__error_in(struct api__decoder *d, const struct api__place *place, struct str member,
                   const char *format, ...) PRINTF_LIKE(4, 5);

void api__warning(struct api__decoder *d, const struct api__place *place, const char *format, ...)
    PRINTF_LIKE(3, 4);

enum api__type {
    API__IGNORED,    /* known to Kuma, without meaning for a gateway here */
    API__STRING,     /* struct str */
    API__BOOL,       /* bool */
    API__UINT32,     /* uint32_t: a number, or one in quotes */
    API__ENUM,       /* an enum: a name of `values`, or its number */
    API__ENUM_NAME,  /* struct str: the name of a value of `values`; empty for number 0 */
    API__ENUM_SET,   /* uint32_t: a list of names of `values`, whose numbers are bits */
    API__SCALAR,     /* struct str: a string, or a number as it is written */
    API__DURATION,   /* uint64_t: nanoseconds, of what Go writes: "1m30s" */
    API__BYTES,      /* struct str: base64 */
    API__TAGS,       /* struct api_tags */
    API__STRINGS,    /* pointer and count: a list of strings */
    API__QUANTITIES, /* struct api_tags: amounts as Kubernetes writes them: "500m", 2 */
    API__OPEN,       /* an object of whatever members; nothing of it is kept */
    API__JSON,       /* struct str: an object as `table` says, in canonical JSON */
    API__OBJECT,     /* what `table` says, at `offset` */
    API__LIST,       /* pointer and count: a list of what `table` says */
};

struct api__enum_value {
    struct str name;
    int number;
};

struct api__enum {
    const struct api__enum_value *values;
    size_t count;
};

struct api__table;

/* Kuma's older kinds do not tell a number, text or flag that is 0, empty or false from one that is
 * not there, and print none. These fields are others. */
enum api__presence {
    API__OF_VALUE, /* it is there when it says something */
    API__OF_FIELD, /* it is there when it is written */
    API__ONE_OF,   /* likewise; of those of a table the last one counts that is there */
};

struct api__field {
    struct str name;  /* lowerCamelCase; wins when both are there */
    struct str proto; /* the other spelling, or empty */
    enum api__type type;
    size_t offset;
    size_t has; /* offset of a bool that says whether the field is present; 0: none */
    const struct api__enum *values; /* API__UINT32, API__STRING: it is one of them, if any */
    const struct api__table *table;
    enum api__presence presence;
    bool required;
    /* The check of the table says, in Kuma's words, whether it is there, one of `values` and within
     * `min` and `max`: they stand here for readers. */
    bool is_judged;
    bool is_dropped;        /* it is looked at, and not kept: it has no offset */
    uint32_t preset;        /* API__UINT32, API__ENUM: the value when it is not there */
    struct str preset_text; /* API__STRING: likewise */
    /* API__UINT32: of the number, and of a scalar that is one (for its check); of a string, bytes
     * too: its bytes as they are written; of a list or map: its items. A `max` of 0 is none. */
    uint32_t min;
    uint32_t max;
    uint32_t item_max; /* bytes of each of API__STRINGS, of each key and value of API__TAGS */
};

/* Bounds that the tables of Kuma's kinds have in common. Their definitions have them, too: by them
 * the API server knows what its rules may cost. None is below what people store. */
#define API__STRING_MAX   1024 /* names, hosts, addresses */
#define API__PATTERN_MAX  4096 /* paths, regular expressions, values of headers */
#define API__TAGS_MAX     128
#define API__TAG_MAX      512
#define API__LIST_MAX     1024
#define API__TAGS_BOUNDS  .max = API__TAGS_MAX, .item_max = API__TAG_MAX
#define API__NAMES_BOUNDS .max = API__LIST_MAX, .item_max = API__STRING_MAX

/* API__FIELD("port", UINT32, API__AT(struct api_backend_ref, port), .max = UINT16_MAX) */
#define API__FIELD(field_name, field_type, ...)                              \
    {                                                                        \
        .name = STR_INIT(field_name), .type = API__##field_type, __VA_ARGS__ \
    }
#define API__AT(type, member) .offset = offsetof(type, member)

typedef void (*api__check_fn)(struct api__decoder *d, const struct api__place *place, void *object);

struct api__table {
    const struct api__field *fields;
    size_t count;
    size_t size;         /* of an item, for lists */
    size_t mark;         /* offset of a struct finding_mark; 0: none */
    size_t broken;       /* offset of a bool; 0: none */
    api__check_fn check; /* called after the fields; NULL: none */
};

#define API__TABLE(field_array, item_type, ...)                                               \
    {                                                                                         \
        .fields = (field_array), .count = ARRAY_SIZE(field_array), .size = sizeof(item_type), \
        __VA_ARGS__                                                                           \
    }

/* A table of which nothing is kept: its fields have no offset, and its check gets no object. */
#define API__SHAPE(field_array, ...)                                                      \
    {                                                                                     \
        .fields = (field_array), .count = ARRAY_SIZE(field_array), .size = 0, __VA_ARGS__ \
    }

/* The shape of an object without fields. */
extern const struct api__table api__empty_table;

/* Decodes the object at `place` into `object`, which is zeroed; NULL for a shape. */
void api__decode(struct api__decoder *d, const struct api__place *place,
                 const struct api__table *table, void *object);

/* unknown.c: "match and value", where the table's fields are few; else empty. */
struct str api__fields_text(struct api__decoder *d, const struct api__table *table);

/* unknown.c: warns of the members of the object at `place` that its table does not name. */
void api__warn_of_unknown(struct api__decoder *d, const struct api__place *place);

/* Decodes the object of strings at `place`. */
void api__decode_tags(struct api__decoder *d, const struct api__place *place,
                      struct api_tags *ret_tags);

/* A label of the object that `document` is, or empty. */
struct str api__label(const struct api__decoder *d, const struct jv *document, struct str name);

/* An amount as Kubernetes writes it: "500m", "16Mi", "1e3". */
bool api__is_quantity(struct str text);

/* What Go takes for a duration that is not negative, in nanoseconds: "1.5h", "1m30s", "0".
 * ERR_INVALID; ERR_LIMIT: longer than 290 years. */
MUST_USE enum err api__duration(struct str text, uint64_t *ret_ns);

/* A duration as Kuma prints it, in `arena`: "90s", "0.250s". */
struct str api__duration_text(struct arena *arena, uint64_t ns);

/* RFC 3339 to milliseconds since 1970 UTC. ERR_INVALID. */
MUST_USE enum err api__time(struct str text, uint64_t *ret_wall_ms);

/* A number as JSON writes it. In millionths where it is per cent; what is beyond all is more than
 * all. false: it is none. */
MUST_USE bool api__percentage(struct str text, bool *ret_is_negative, uint64_t *ret_ppm);
