/* What manifests say that becomes a part of messages. Private to control/compile: what these refuse
 * would break a message apart. */
#pragma once

#include <stdbool.h>

#include "core/base/attr.h"
#include "core/base/str.h"

/* A value of a field: no control character but a tab. */
MUST_USE bool compile__is_header_value(struct str value);

/* A path, with a query or without: visible ASCII that begins with "/", and no fragment. */
MUST_USE bool compile__is_path(struct str path);

/* A name, an IPv4 address or an IPv6 address in brackets. */
MUST_USE bool compile__is_host(struct str host);

/* A host, or "<host>:<port>". */
MUST_USE bool compile__is_authority(struct str authority);
