/* Names of hosts, as DNS has them and people write them. */
#pragma once

#include <stdbool.h>

#include "core/base/attr.h"
#include "core/base/str.h"

/* Longer ones do not fit a message of DNS (RFC 1035 section 2.3.4), with a dot at the end or
 * without. */
#define HOST_NAME_MAX_SIZE ((size_t)255)

/* Whether `text` is a name and not an IP address: labels of letters, digits, "-" and "_", each of 1
 * to 63 of them and none with a "-" at its beginning, separated by dots. One dot at the end names
 * the root. */
MUST_USE bool host_is_name(struct str text);
