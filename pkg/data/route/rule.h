/* Private to data/route: rules as they are matched, and the order in which they are tried. */
#pragma once

#include "core/regex/regex.h"
#include "data/route/route.h"

struct route__check;

struct route__rule;

/* A rule's place in the order. After those of one path come those of the next best one: what
 * follows on the first entry of a request's path is all that can answer it. */
struct route__entry {
    const struct route__rule *rule;
    struct route__entry *next;
};

/* What a lookup touches comes first. */
struct route__rule {
    const struct model_rule *model;
    struct route__entry whole;         /* of its path as a whole, */
    struct route__entry other;         /* and of what begins with it, or matches it */
    bool is_plain;                     /* its path is all that it asks for */
    const struct regex *path_regex;    /* where the path is one */
    const struct route__check *checks; /* of its headers, then of its queries */
    const uint64_t *sums; /* of the weights up to and including each of its back ends */
    uint64_t rank;        /* of rules with one path the higher one is tried first */
};

/* The rank of `rule`. */
uint64_t route__rank(const struct model_rule *rule);

/* Puts the entries of one path, linked in any order, into theirs, and `rest` behind them. Rules lie
 * in the order of the model. Returns the first; `rest` if `entries` is NULL. */
struct route__entry *route__entries_settle(struct route__entry *entries, struct route__entry *rest);
