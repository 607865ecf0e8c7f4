/* Host names of listeners and routes: "*", "*.example.com" and "foo.example.com". Private to
 * control/compile. */
#pragma once

#include <stdbool.h>

#include "core/base/str.h"

/* A longer one matches no request, which decoding has said. */
#define COMPILE__HOSTNAME_MAX ((size_t)253)

/* "*" and all wildcards of a name. */
#define COMPILE__COVERS_MAX (COMPILE__HOSTNAME_MAX + 2)

/* Whether every name of the second is one of the first; "*.example.com" has "a.b.example.com", and
 * not "example.com". */
bool compile__hostname_covers(struct str wide, struct str narrow);

/* Below 0: `a` is more exact. Names, then wildcards of more labels, then "*"; and by bytes. */
int compile__hostname_compare(struct str a, struct str b);

/* Calls `visit` for each wildcard but "*" that `name` is below, the most exact first. */
typedef void (*compile__wildcard_fn)(void *arg, struct str wildcard);
void compile__visit_wildcards(struct str name, compile__wildcard_fn visit, void *arg);
