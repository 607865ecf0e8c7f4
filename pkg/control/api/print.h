/* Manifests printed back in canonical form. Private to control/api.
 *
 * What is printed is the document, not the struct that was decoded from it: what Kuma knows and a
 * gateway does not is kept. A value that cannot be decoded stays as it is, null is left out, and so
 * are fields that no table names. */
#pragma once

#include "control/api/kinds.h"

struct api__printer {
    struct arena *arena;
    bool is_proto; /* Kuma's older kinds: spellings are made one, and zero values are left out */
};

/* The object `value` with the fields of `table`, in its order. */
const struct jv *api__print(const struct api__printer *p, const struct jv *value,
                            const struct api__table *table);

/* `object` with its members by name; NULL for null; anything else as it is. */
const struct jv *api__print_sorted(struct arena *arena, const struct jv *object);

/* Members of an object in the making, each name once. */
struct api__members {
    struct arena *arena;
    struct jv_member *items;
    size_t count;
    size_t capacity;
};

/* NULL, which is nothing, is not added. */
void api__members_add(struct api__members *members, struct str key, const struct jv *value);
void api__members_add_text(struct api__members *members, struct str key, struct str text);

/* The members of `object`, without nulls. NULL and what is no object has none. */
void api__members_add_all(struct api__members *members, const struct jv *object);

/* The member `name` of `object` as `key`, if there is one that is not null. */
void api__members_add_from(struct api__members *members, struct str key, const struct jv *object,
                           struct str name);

bool api__members_have(const struct api__members *members, struct str key);

/* As an object; it stands where `mark` says. */
const struct jv *api__members_object(const struct api__members *members, struct jv_mark mark);
