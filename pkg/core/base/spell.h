/* Names that are nearly right: "did you mean". */
#pragma once

#include <stddef.h>

#include "core/base/arena.h"
#include "core/base/str.h"

/* Longer names are not compared. */
#define SPELL_NAME_MAX ((size_t)40)

/* Of `count` names the one most like `name`, letter case aside, or the empty slice when none is
 * near: a third of the letters may be wrong, and one more for two that changed places. */
struct str spell_closest(struct str name, const struct str *names, size_t count);

/* " (did you mean near?)", to be put behind a sentence, in `arena`; or empty without a name. */
struct str spell_hint(struct arena *arena, struct str near);
