/* Base64 as Kubernetes and PEM write it: the alphabet with + and /, padded with = (RFC 4648
 * section 4).
 *
 * Reading skips line ends and nothing else; what is left over or padded wrongly is refused. */
#pragma once

#include "core/base/arena.h"
#include "core/base/attr.h"
#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/str.h"

/* The bytes, in `arena`. ERR_INVALID. */
MUST_USE enum err base64_decode(struct arena *arena, struct str text, struct str *ret_bytes);

/* Appends the text of `bytes`, on one line. */
void base64_encode(struct str bytes, struct buf *text);
