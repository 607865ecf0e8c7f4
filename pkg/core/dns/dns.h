/* Names of hosts to IP addresses, without blocking: c-ares on our loop.
 *
 *     dns_new, dns_resolve ... the callback, or dns_cancel ... dns_free
 *
 * The system says how: its name servers and search domains (resolv.conf, read anew when it has
 * changed and nothing is under way), and its hosts file, which comes first. A name has its IPv4
 * addresses; its IPv6 addresses count where the name servers say that it has none of those. An
 * answer that does not fit a datagram comes by TCP.
 *
 * Several that ask for one name at one time share one query. Nothing is remembered: who asks again
 * is answered anew, which is what the time to live of an answer is for.
 *
 * Bounds: DNS_ADDRESSES_MAX addresses of a name, the first in their order, so that the same set is
 * cut to the same ones however a server turns it around; DNS_QUERIES_MAX queries under way, each of
 * which holds a name and a message, while others wait for their turn. A server that is silent is
 * asked DNS_TRIES times, the second time with twice the patience, and every search domain is a
 * question of its own.
 *
 * Everything is for the thread of the loop. Sources: RFC 1035, RFC 3596. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/err.h"
#include "core/base/str.h"
#include "core/loop/loop.h"

#define DNS_ADDRESSES_MAX 64U
#define DNS_QUERIES_MAX   256U
#define DNS_TIMEOUT_MS    2000U
#define DNS_TRIES         2U
#define DNS_REASON_MAX    ((size_t)256) /* the size of any text of a reason */

struct dns;
struct dns_question;

struct dns_options {
    struct loop *loop;
    struct str server;   /* asked instead of the system's: "192.0.2.1", "192.0.2.1:5353",
                            "[2001:db8::1]:53"; empty: the system's */
    uint32_t timeout_ms; /* of the first try; 0: DNS_TIMEOUT_MS */
};

/* ERR_INVALID: `options.server` is none. ERR_SYSTEM: the system's configuration cannot be read. */
MUST_USE enum err dns_new(const struct dns_options *options, struct dns **ret_dns,
                          struct err_info *reterr);

/* Questions that are still open are dropped: their callbacks do not run. Not inside of one. */
struct dns *dns_free(struct dns *dns);

/* Whether dns_new takes it as a server. */
MUST_USE bool dns_server_is_valid(struct str server);

enum dns_outcome {
    DNS_FOUND,  /* it has addresses */
    DNS_NONE,   /* it has none, say the name servers: there is no such name, or no address of it */
    DNS_FAILED, /* nobody knows: name servers are silent, refuse, or fail */
};

/* Borrowed for the callback. */
struct dns_answer {
    enum dns_outcome outcome;
    const struct str *addresses; /* IP addresses as text, sorted as bytes, each once */
    size_t count;                /* found: 1 to DNS_ADDRESSES_MAX; else 0 */
    uint32_t ttl_s;              /* found: the shortest of what led there; hosts file: 0 */
    const char *reason;          /* not found: why, to be put into a sentence; a constant */
};

typedef void (*dns_answered_fn)(void *arg, const struct dns_answer *answer);

/* Asks for the addresses of `name`, which is copied. `fn` is called once, not before this returns.
 * It may ask and cancel. */
MUST_USE struct dns_question *dns_resolve(struct dns *dns, struct str name, dns_answered_fn fn,
                                          void *arg);

/* Before `fn` was called: it will not be. Takes NULL, returns NULL. */
struct dns_question *dns_cancel(struct dns_question *question);

CLEANUP_DEFINE(struct dns, dns_free);
