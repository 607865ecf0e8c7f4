/* Private to core/web: the addresses of a name, looked up on a thread of its own. The system's
 * resolver blocks for as long as name servers are silent, which may be a minute; nothing that also
 * answers probes can wait for that. */
#pragma once

#include <stddef.h>

#include "core/base/attr.h"

struct loop;
struct web__resolve;

/* More are not tried. */
#define WEB__ADDRESSES_MAX ((size_t)8)
/* Of a name, and of an address as text. */
#define WEB__NAME_SIZE 256

/* In the order in which they are to be tried. */
struct web__addresses {
    char texts[WEB__ADDRESSES_MAX][WEB__NAME_SIZE];
    size_t count;
};

/* None: `why` says it; else it is NULL. Both are borrowed. */
typedef void (*web__resolved_fn)(void *arg, const struct web__addresses *addresses,
                                 const char *why);

/* `fn` follows on the loop, never before this has returned. */
MUST_USE struct web__resolve *web__resolve_start(struct loop *loop, const char *name,
                                                 web__resolved_fn fn, void *arg);

/* Before `fn` was called: it will not be. */
void web__resolve_cancel(struct web__resolve *resolve);
