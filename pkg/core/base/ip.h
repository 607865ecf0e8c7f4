/* IP addresses as people write them: dotted decimal, and RFC 4291 section 2.2. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/str.h"

#define IP_SIZE_MAX ((size_t)16)

/* The bytes of the address in network order: 4, 16, or 0 when `text` is none. Brackets, ports,
 * scopes, spaces and anything behind a NUL are not part of an address. */
MUST_USE size_t ip_parse(struct str text, unsigned char ret_bytes[IP_SIZE_MAX]);

/* Whether it is one. */
MUST_USE bool ip_is_address(struct str text);

/* Cuts "host:port" and "[host]:port" into the host, without brackets, and the port; without a colon
 * outside of brackets the port is empty. Either may be empty, and neither is looked at. */
void ip_cut_port(struct str text, struct str *ret_host, struct str *ret_port);

/* "127.0.0.1:9902", "[::1]:9902", or ":9902" for all addresses, whose IP address is empty. False:
 * it is none of these. */
MUST_USE bool ip_port_parse(struct str text, struct str *ret_ip, uint16_t *ret_port);
