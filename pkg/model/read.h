/* Private to model: JSON objects become structs by tables.
 *
 * What a table does not name is refused: a proxy that ignored a member would serve something else
 * than it was told. */
#pragma once

#include "core/base/arena.h"
#include "core/json/json.h"
#include "model/model.h"

enum model__type {
    MODEL__TEXT,   /* struct str */
    MODEL__U16,    /* uint16_t */
    MODEL__U32,    /* uint32_t */
    MODEL__U64,    /* uint64_t */
    MODEL__NAMES,  /* struct model_names */
    MODEL__CHOICE, /* an enum: the index of the text among `choices` */
    MODEL__LIST,   /* a pointer to structs of `shape`, and their count at `count_offset` */
    MODEL__KIND,   /* says which kind it is, and was looked at */
};

struct model__shape;

struct model__member {
    const char *name;
    enum model__type type;
    size_t offset;
    bool optional;
    const char *const *choices; /* ends with NULL */
    const struct model__shape *shape;
    size_t count_offset;
};

struct model__shape {
    const struct model__member *members;
    size_t count;
    size_t size; /* of the struct */
};

/* Fills the zeroed `content` from `object`; texts and lists are in `arena`.
 * ERR_INVALID; reterr's path is that of the member. */
MUST_USE enum err model__read(struct arena *arena, const struct jv *object,
                              const struct model__shape *shape, void *content,
                              struct err_info *reterr);
