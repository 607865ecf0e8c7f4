/* JSON values: the tree that every document becomes, and the canonical text of what we store.
 *
 * A tree is built bottom up in an arena, never changes afterwards and is dropped with the arena; a
 * finished one may be read by any thread. Each value knows the line and column of the text it came
 * from (both count from 1; 0 is unknown). A number keeps its literal, so that no digit is lost.
 * The members of an object keep the order of the source and are found by binary search.
 *
 * The writer prints canonical JSON: no spaces, members in byte order of their names, the shortest
 * escapes of RFC 8259 section 7, UTF-8 kept as it is. Equal content gives equal bytes. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/attr.h"
#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/str.h"

/* Deeper documents are refused by their readers, so that walking a tree may recurse. */
#define JV_DEPTH_MAX 64

enum jv_type {
    JV_NULL,
    JV_BOOL,
    JV_NUMBER,
    JV_STRING,
    JV_ARRAY,
    JV_OBJECT,
};

struct jv_mark {
    uint32_t line;
    uint32_t column;
};

struct jv_member {
    struct str key;
    struct jv_mark mark; /* of the key */
    const struct jv *value;
};

struct jv {
    enum jv_type type;
    struct jv_mark mark;
    bool boolean;    /* JV_BOOL */
    struct str text; /* JV_STRING: its content; JV_NUMBER: its literal as RFC 8259 writes it */
    size_t count;    /* JV_ARRAY, JV_OBJECT */
    const struct jv *const *items;   /* JV_ARRAY */
    const struct jv_member *members; /* JV_OBJECT, in the order of the source */
    const uint32_t *sorted;          /* private: indexes of members, by key */
};

/* "null", "a boolean", "a number", "a string", "a list", "an object": for messages. */
const char *jv_type_name(enum jv_type type);

/* Values in `arena`. `text` is borrowed and has to live as long; arrays are copied. */
MUST_USE const struct jv *jv_null(struct arena *arena, struct jv_mark mark);
MUST_USE const struct jv *jv_bool(struct arena *arena, struct jv_mark mark, bool value);
MUST_USE const struct jv *jv_number(struct arena *arena, struct jv_mark mark, struct str literal);
MUST_USE const struct jv *jv_string(struct arena *arena, struct jv_mark mark, struct str text);
MUST_USE const struct jv *jv_array(struct arena *arena, struct jv_mark mark,
                                   const struct jv *const *items, size_t count);

/* ERR_CONFLICT: two members have one key; `ret_twice` says which: the earlier, then the later. */
MUST_USE enum err jv_object(struct arena *arena, struct jv_mark mark,
                            const struct jv_member *members, size_t count,
                            const struct jv **ret_object, const struct jv_member *ret_twice[2]);

/* The member of that name, borrowed; NULL: there is none, or `object` is NULL or no object. */
const struct jv_member *jv_find(const struct jv *object, struct str key);

/* The value of that member, or NULL. */
const struct jv *jv_get(const struct jv *object, struct str key);

/* How many items a list has; 0 when `value` is NULL or something else. */
size_t jv_item_count(const struct jv *value);

/* The text of a string; the empty slice when `value` is NULL or something else. */
struct str jv_text(const struct jv *value);

/* A number without sign, fraction and exponent, at most `max`. */
MUST_USE bool jv_u64(const struct jv *value, uint64_t max, uint64_t *ret_number);

/* `text` is a number as RFC 8259 section 6 writes it. */
bool jv_is_number_text(struct str text);

/* What one text may hold at most: json-c needs up to 264 times the size of a text as memory, so
 * values are counted before it sees them. A list of the API server, paged by 100, has some ten
 * thousand. */
#define JV_VALUES_MAX ((size_t)100 * 1000)

/* Parses one JSON text (RFC 8259) by json-c into `arena`; `text` may go afterwards. Marks are 0:
 * files, which have places, are core/yaml's. Of equal keys the last one counts, as for the API
 * server, whose texts have none; integers beyond 64 bits become the nearest within. ERR_LIMIT: more
 * than `values_max` values, or deeper than JV_DEPTH_MAX; ERR_INVALID: it is no JSON text; reterr
 * says where. */
MUST_USE enum err jv_parse(struct arena *arena, struct str text, size_t values_max,
                           const struct jv **ret_value, struct err_info *reterr);

/* Appends the canonical form of `value`. Numbers are printed as their literals. */
void jv_print(const struct jv *value, struct buf *buf);

/* Prints canonical JSON piece by piece. A key out of order is a bug and stops the program, so what
 * is printed is canonical by construction:
 *
 *     struct jv_writer writer;
 *     jv_writer_init(&writer, &buf);
 *     jv_write_object(&writer);
 *     jv_write_key(&writer, STR("items"));
 *     jv_write_array(&writer);
 *     jv_write_end(&writer);
 *     jv_write_member_string(&writer, STR("name"), name);
 *     jv_write_end(&writer);
 *
 * Whether everything fitted is the buffer's to say (buf_overflowed). */
struct jv_writer {
    struct buf *buf; /* private, like what follows */
    size_t depth;
    struct {
        bool is_object;
        bool has_any;
        bool has_key;
        struct str last_key; /* has to live until the object ends */
    } levels[JV_DEPTH_MAX + 1];
};

void jv_writer_init(struct jv_writer *writer, struct buf *buf);
void jv_write_object(struct jv_writer *writer);
void jv_write_array(struct jv_writer *writer);
void jv_write_end(struct jv_writer *writer); /* of the innermost object or array */
void jv_write_key(struct jv_writer *writer, struct str key);
void jv_write_null(struct jv_writer *writer);
void jv_write_bool(struct jv_writer *writer, bool value);
void jv_write_u64(struct jv_writer *writer, uint64_t value);

/* A whole tree. */
void jv_write_value(struct jv_writer *writer, const struct jv *value);

/* A value that is canonical JSON already. */
void jv_write_canonical(struct jv_writer *writer, struct str json);

/* Bytes that are not UTF-8 become U+FFFD. */
void jv_write_string(struct jv_writer *writer, struct str text);

/* A member: its key, then its value. */
void jv_write_member_bool(struct jv_writer *writer, struct str key, bool value);
void jv_write_member_u64(struct jv_writer *writer, struct str key, uint64_t value);
void jv_write_member_string(struct jv_writer *writer, struct str key, struct str text);
