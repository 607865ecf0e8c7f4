/* JSON text taken apart without parsing it: the members of an object, the items of a list.
 *
 * What the API server sends is a list of objects, or an event with one. Each object is parsed
 * alone, so that its bounds are its own and memory is that of one. A piece is cut out by its
 * brackets and quotes; whether it is JSON inside is its parser's to say. Private to control/kube.
 */
#pragma once

#include <stdbool.h>

#include "core/base/attr.h"
#include "core/base/err.h"
#include "core/base/str.h"

struct kube__pieces {
    struct str rest; /* private, like what follows */
    bool is_object;
    bool is_first;
};

/* `text` is one object or list, with spaces around. ERR_INVALID: it begins otherwise. */
MUST_USE enum err kube__pieces_open(struct str text, struct kube__pieces *ret_pieces);

/* The next member or item. A key comes as it is written, without its quotes; of an item it is
 * empty. ERR_NOT_FOUND: there are no more; ERR_INVALID: the text is broken. */
MUST_USE enum err kube__pieces_next(struct kube__pieces *pieces, struct str *ret_key,
                                    struct str *ret_value);

/* The value of that member of the object in `text`. ERR_NOT_FOUND, ERR_INVALID: there is none. */
MUST_USE enum err kube__piece_find(struct str text, struct str key, struct str *ret_value);
