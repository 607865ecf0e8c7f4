/* Private to model: what a resource looks like, as tables. One table reads, writes, copies and
 * makes the digest.
 *
 * What a table does not name is refused: a proxy that ignored a member would serve something else
 * than it was told. */
#pragma once

#include <string.h>

#include "core/base/arena.h"
#include "core/json/json.h"
#include "model/model.h"

enum model__type {
    MODEL__TEXT,   /* struct str */
    MODEL__BOOL,   /* bool */
    MODEL__U16,    /* uint16_t */
    MODEL__U32,    /* uint32_t */
    MODEL__U64,    /* uint64_t */
    MODEL__NAMES,  /* struct model_names */
    MODEL__CHOICE, /* an enum: the index of the text among `choices` */
    MODEL__OBJECT, /* a struct of `shape` */
    MODEL__LIST,   /* a pointer to structs of `shape`, and their count at `count_offset` */
    MODEL__KIND,   /* says which kind it is */
    MODEL__OTHER,  /* is read and written elsewhere */
};

struct model__shape;

/* One that is optional is left out when it is zero or empty. */
struct model__member {
    const char *name;
    enum model__type type;
    size_t offset;
    bool optional;
    bool secret;                /* MODEL__TEXT: not for every eye */
    const char *const *choices; /* ends with NULL */
    const struct model__shape *shape;
    size_t count_offset;
};

struct model__shape {
    const struct model__member *members; /* in byte order of their names */
    size_t count;
    size_t size; /* of the struct */
};

/* By kind. */
extern const struct model__shape model__shapes[MODEL_KINDS];

#define MODEL__MEMBER(struct_, field, json, type_, ...)                                    \
    {                                                                                      \
        .name = (json), .type = MODEL__##type_, .offset = offsetof(struct struct_, field), \
        __VA_ARGS__                                                                        \
    }
#define MODEL__LISTED(struct_, field, count_, json, shape_, ...)                                \
    MODEL__MEMBER(struct_, field, json, LIST, .count_offset = offsetof(struct struct_, count_), \
                  .shape = &(shape_), __VA_ARGS__)
#define MODEL__SHAPE(struct_, members_)                                                      \
    {                                                                                        \
        .members = (members_), .count = ARRAY_SIZE(members_), .size = sizeof(struct struct_) \
    }

/* Fills the zeroed `content` from `object`; texts and lists are in `arena`.
 * ERR_INVALID; reterr's path is that of the member. */
MUST_USE enum err model__read(struct arena *arena, const struct jv *object,
                              const struct model__shape *shape, void *content,
                              struct err_info *reterr);

/* Writes the object. `kind` is that of the resource; `redacted`: without its secrets. */
void model__write(struct jv_writer *writer, const struct model__shape *shape, const void *content,
                  enum model_kind kind, bool redacted);

/* How much memory a copy takes, with all that it points at: structs, and behind them texts. */
struct model__extent {
    size_t structs;
    size_t texts;
};
struct model__extent model__measure(const struct model__shape *shape, const void *content);

/* Copies what was measured to `ret_copy`, which has room for it and is aligned for any type: the
 * content itself comes first. Texts are terminated. */
void model__copy(const struct model__shape *shape, const void *content,
                 const struct model__extent *extent, void *ret_copy);

/* ---- Members ---- */

static inline const void *model__at(const void *content, size_t offset)
{
    return (const char *)content + offset;
}

/* The items of a list, and how many there are. */
static inline const char *model__items(const struct model__member *member, const void *content,
                                       size_t *ret_count)
{
    const char *items;
    memcpy(&items, model__at(content, member->offset), sizeof(items)); /* a pointer, to whatever */
    *ret_count = *(const size_t *)model__at(content, member->count_offset);
    return items;
}

static inline unsigned model__choice(const struct model__member *member, const void *content)
{
    unsigned index;
    memcpy(&index, model__at(content, member->offset), sizeof(index)); /* enums are as large */
    return index;
}
