/* Which rule answers a request: matchers built from a snapshot, pure lookups after that.
 *
 *     table (one per listener) ──> chain (TLS server name) ──> host (Host field) ──> rule
 *
 * Names are matched without regard to letter case: exact names by hash, then the longest matching
 * "*.suffix" with any number of labels before it, then "*". A trailing dot makes another name.
 * Which of a host's rules wins is the model's to say; exact paths are found by hash and prefixes by
 * a radix tree, so 10,000 rules cost what 10 do. Then come, in their order, the rules of that path,
 * those of the next shorter prefixes, and regular expressions, until one takes the request. All
 * expressions that a request meets share one budget. Behind it no rule takes the request: a rule
 * that comes first might, and whoever sends long texts does not choose the rule.
 *
 * A matcher of a virtual host is built once for its content: a new table takes over those of the
 * previous one that are unchanged, routes included. Everything is frozen by the function that
 * returns it, counted with atomic references and may be used by many threads. A lookup takes memory
 * from the request's arena where a rule asks for fields or for the query, and none otherwise. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/err.h"
#include "core/base/str.h"
#include "core/http/http.h"
#include "model/model.h"

struct route_table;
struct route_chain;
struct route_host;

/* The matcher of `listener`, with the virtual hosts it names from `snapshot`. Virtual hosts that
 * `previous` (or NULL) holds with the same content are shared with it. The table keeps what it
 * needs of the snapshot alive. ERR_INVALID: a virtual host is missing, a name or domain occurs
 * twice in a chain or listener, or an expression is none; reterr says which. */
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
    ROUTE_NO_RULE,     /* the virtual host has no rule that takes it: 404 */
};

struct route_match {
    enum route_outcome outcome;
    const struct route_host *host; /* FOUND and NO_RULE; borrowed from the table, like the rule */
    const struct model_rule *rule; /* FOUND */
    size_t rule_index;             /* among those of the host */
};

/* A request, borrowed for the call. */
struct route_request {
    const struct http_request *head;
    struct str path; /* normalised, without its query */
    struct arena *arena;
};

struct route_match route_find(const struct route_chain *chain, const struct route_request *request);

/* What becomes of a rule at a request. */
enum route_fate {
    ROUTE_TAKES,         /* it answers */
    ROUTE_COMES_LATER,   /* it would, if the one that answers did not come first */
    ROUTE_OTHER_PATH,    /* it is for other paths */
    ROUTE_LEFT_TO_EXACT, /* the path is the rule's prefix itself, which another rule names exactly
                          */
    ROUTE_OTHER_METHOD,
    ROUTE_OTHER_HEADER, /* what it asks of a field is not so */
    ROUTE_OTHER_QUERY,  /* likewise of a parameter in the query */
    ROUTE_GIVEN_UP,     /* a regular expression of it was, at the bound of a match or of all; or the
                           bound of all was reached before */
};

struct route_candidate {
    const struct model_rule *rule;
    size_t rule_index;
    enum route_fate fate;
    /* OTHER_HEADER, OTHER_QUERY: the first that is not so. GIVEN_UP: the one that was; NULL: it is
     * the path that was, or, of a rule whose path is no expression, one of a rule before. */
    const struct model_criterion *criterion;
    bool has_value;   /* the request has such a field or parameter, */
    struct str value; /* and this is what it says */
};

/* False ends the explanation. */
typedef bool (*route_candidate_fn)(const struct route_candidate *candidate, void *arg);

/* As route_find, and tells of the rules of the virtual host: those that are for the path, in the
 * order in which they are tried, then the others as they stand in the model. */
struct route_match route_explain(const struct route_chain *chain,
                                 const struct route_request *request, route_candidate_fn visit,
                                 void *arg);

/* The virtual host behind a matcher. Borrowed. */
const struct model_virtual_host *route_host_model(const struct route_host *host);

/* The back end that gets a request by weight; `random` is any number, evenly distributed. NULL: no
 * back end has a weight. Borrowed. */
const struct model_backend *route_backend_pick(const struct route_host *host, size_t rule_index,
                                               uint64_t random);

/* ---- What a rule makes of messages ---- */

/* The changes in the order in which they apply. The rule's texts are borrowed. */
struct http_edits route_edits(struct arena *arena, const struct model_header_change *change);

/* What a request for `path`, which is normalised, becomes: path, host and fields. All else of the
 * plan is empty, and so is the host of a rule that leaves it to the back end. */
struct http_request_plan route_plan(struct arena *arena, const struct model_rule *rule,
                                    struct str path);

/* What was asked for. */
struct route_place {
    struct str host; /* without its port; or empty */
    struct str path; /* normalised */
};

/* The answer of a rule that redirects. */
struct http_reply route_redirect(struct arena *arena, const struct model_listener *listener,
                                 const struct model_rule *rule, struct route_place place);
