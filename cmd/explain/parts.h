/* Private to cmd/explain: its parts together. */
#pragma once

#include "explain/explain.h"

/* ---- words.c ---- */

/* "route shop, rule 0"; "the gateway itself". */
struct str explain__rule_name(struct arena *arena, const struct model_rule *rule);

/* Why the candidate does not answer a request for `path`. `winner`: who does, or NULL. */
struct str explain__fate_text(struct arena *arena, const struct route_candidate *candidate,
                              struct str path, const struct model_rule *winner);

/* "forwarded", "noHost". */
struct str explain__outcome_name(enum explain_outcome outcome);

/* "comesLater", "otherPath". */
struct str explain__fate_name(enum route_fate fate);

/* ---- listeners.c ---- */

/* Where the answer comes from, served or not: the answer has a place. */
struct explain__where {
    struct str gateway;
    unsigned port;
    struct str protocol;
};
struct explain__where explain__where(const struct explain_answer *answer);

/* Finds the listener of the request's port; without one the answer's outcome says so. */
bool explain__find_listener(const struct explain_scope *scope, struct explain_answer *answer);

/* Whether a listener is of the gateway that the scope names, if it names one. */
bool explain__is_wanted(const struct explain_scope *scope, const struct explain_place *place,
                        struct str gateway);

/* ---- unserved.c ---- */

/* Finds a listener of the request's port that is not served yet; with one the answer's outcome says
 * so. */
void explain__find_unserved(struct arena *arena, const struct explain_scope *scope,
                            struct explain_answer *answer);

/* ---- certificates.c ---- */

/* Which secrets of the chain the client is shown. */
void explain__find_secrets(struct arena *arena, struct explain_answer *answer);

/* ---- candidates.c ---- */

/* As route_explain, and keeps what is told. */
struct route_match explain__find_rule(struct arena *arena, const struct route_chain *chain,
                                      struct explain_answer *answer);

/* ---- nearby.c ---- */

/* Which other host names the listener has. */
void explain__list_hosts(struct arena *arena, struct explain_answer *answer);

/* Where else the request would be taken: on other ports, then by other names. */
MUST_USE enum err explain__find_alternatives(struct arena *arena, const struct explain_scope *scope,
                                             struct explain_answer *answer,
                                             struct err_info *reterr);

/* ---- effects.c ---- */

/* What the rule makes of the request. */
void explain__run_rule(struct arena *arena, struct explain_answer *answer);

/* ---- reasons.c ---- */

/* Fills in why and remedy, when all else is known. */
void explain__say_why(struct arena *arena, const struct explain_scope *scope,
                      struct explain_answer *answer);
