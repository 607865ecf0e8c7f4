/* The objects that a watch has delivered and not removed, by namespace and name. Private to
 * control/kube. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/map.h"
#include "core/base/str.h"
#include "core/json/json.h"

/* A namespace has at most 63 bytes, a name 253; some kinds bend that rule. */
#define KUBE__KEY_SIZE_MAX ((size_t)1024)

/* What identifies a version of an object, as the server writes it. The namespace and the uid may be
 * empty. Borrowed. */
struct kube__identity {
    struct str name_space;
    struct str name;
    struct str uid;
    struct str version;
};

/* False: these are no metadata of an object. */
MUST_USE bool kube__identity_read(const struct jv *metadata, struct kube__identity *ret_identity);

struct kube__object {
    uint64_t version; /* a hash of uid and version */
    uint32_t listing; /* the last one that had it */
    void *kept;       /* the listener's */
};

/* The object of that name, made when there is none. `*ret_same`: it is known in this very version.
 */
struct kube__object *kube__known_note(struct map *known, const struct kube__identity *identity,
                                      uint32_t listing, bool *ret_same);

/* Forgets the object, and hands out what the listener keeps for it. False: it is not known. */
MUST_USE bool kube__known_remove(struct map *known, const struct kube__identity *identity,
                                 void **ret_kept);

/* The two halves of a key of the map. */
void kube__known_names(struct str key, struct str *ret_name_space, struct str *ret_name);
