/* IP addresses as people write them: dotted decimal, and RFC 4291 section 2.2. */
#pragma once

#include <stddef.h>

#include "core/base/attr.h"
#include "core/base/str.h"

#define IP_SIZE_MAX ((size_t)16)

/* The bytes of the address in network order: 4, 16, or 0 when `text` is none. Brackets, ports,
 * scopes, spaces and anything behind a NUL are not part of an address. */
MUST_USE size_t ip_parse(struct str text, unsigned char ret_bytes[IP_SIZE_MAX]);
