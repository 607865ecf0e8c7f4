/* The algebra of host names: "*", "*.example.com" and "foo.example.com", lower case. Private to
 * control/compile. */
#pragma once

#include <stdbool.h>

#include "core/base/str.h"

/* "*" and "*.…". */
bool compile__hostname_is_wildcard(struct str name);

/* Every name that `inner` covers is covered by `outer`. A wildcard covers any number of labels in
 * its place, but at least one. */
bool compile__hostname_contains(struct str outer, struct str inner);

/* One contains the other: they have names in common. */
bool compile__hostname_intersects(struct str a, struct str b);
