/* Which rule answers a request: matchers built from a snapshot, pure lookups after that.
 *
 *     table (one per listener) ──> chain (TLS server name) ──> host (Host field) ──> rule (path)
 *
 * Names are matched without regard to letter case: exact names by hash, then the longest matching
 * "*.suffix" with any number of labels before it, then "*". A trailing dot makes another name.
 * Which of a host's rules wins is the model's to say; exact paths are found by hash and prefixes by
 * a radix tree, so 10,000 rules cost what 10 do.
 *
 * A matcher of a virtual host is built once for its content: a new table takes over those of the
 * previous one that are unchanged, routes included. Everything is frozen by the function that
 * returns it, counted with atomic references and may be used by many threads. No lookup allocates.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/base/str.h"
#include "model/model.h"

struct route_table;
struct route_chain;
struct route_host;

/* The matcher of `listener`, with the virtual hosts it names from `snapshot`. Virtual hosts that
 * `previous` (or NULL) holds with the same content are shared with it. The table keeps what it
 * needs of the snapshot alive. ERR_INVALID: a virtual host is missing, or a name or domain occurs
 * twice in a chain or listener; reterr says which. */
MUST_USE enum err route_table_new(const struct model_snapshot *snapshot,
                                  const struct model_resource *listener,
                                  const struct route_table *previous,
                                  const struct route_table **ret_table, struct err_info *reterr);
const struct route_table *route_table_ref(const struct route_table *table);
const struct route_table *route_table_unref(const struct route_table *table);

/* The listener it was built from. Borrowed. */
const struct model_listener *route_table_listener(const struct route_table *table);

/* How many virtual hosts were taken over from the previous table, for metrics and tests. */
size_t route_table_reused(const struct route_table *table);

/* The chain for a TLS server name (empty: none was sent), or NULL: no chain takes it. A plain HTTP
 * listener has one chain, which takes everything. Borrowed from the table. */
const struct route_chain *route_chain_find(const struct route_table *table, struct str server_name);

/* Its index among the listener's chains. */
size_t route_chain_index(const struct route_chain *chain);

enum route_outcome {
    ROUTE_FOUND,
    ROUTE_NO_HOST,     /* no virtual host has this name: 404 */
    ROUTE_MISDIRECTED, /* HTTPS: this name belongs to another chain, or to none: 421 */
    ROUTE_NO_RULE,     /* the virtual host has no rule for this path: 404 */
};

struct route_match {
    enum route_outcome outcome;
    const struct route_host *host; /* FOUND and NO_RULE; borrowed from the table, like the rule */
    const struct model_rule *rule; /* FOUND */
    size_t rule_index;             /* among those of the host */
};

/* `host` is without its port, in any letter case; `path` is normalised and without its query. */
struct route_match route_find(const struct route_chain *chain, struct str host, struct str path);

/* The virtual host behind a matcher. Borrowed. */
const struct model_virtual_host *route_host_model(const struct route_host *host);

/* The back end that gets a request by weight; `random` is any number, evenly distributed. NULL: no
 * back end has a weight. Borrowed. */
const struct model_backend *route_backend_pick(const struct route_host *host, size_t rule_index,
                                               uint64_t random);
