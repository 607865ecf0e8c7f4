/* Private to core/regex: the syntax of RE2, and the same in PCRE2's. */
#pragma once

#include "core/base/buf.h"
#include "core/regex/regex.h"

/* An expression in translation. */
struct regex__scan {
    struct str rest;                         /* what is still to be read; well-formed UTF-8 */
    struct buf out;                          /* the same in PCRE2's syntax */
    struct buf head;                         /* what every text that matches begins with */
    bool in_head;                            /* nothing but characters were read so far */
    enum { NOTHING, ATOM, REPEATED } before; /* what a repetition would be of, */
    unsigned repeats;                        /* and how often its inside repeats at most; */
    unsigned inside[REGEX_DEPTH_MAX + 1];    /* the most of these in each open group so far */
    size_t depth;                            /* of groups */
};

struct regex__scan *regex__scan_new(struct str pattern);
struct regex__scan *regex__scan_free(struct regex__scan *scan);

/* Translates the pattern. Returns what is wrong with it, or NULL. */
const char *regex__translate(struct regex__scan *scan);

CLEANUP_DEFINE(struct regex__scan, regex__scan_free);

/* ---- Its parts ---- */

bool regex__skip(struct regex__scan *scan, struct str prefix);

/* The next character, a code point; there is one. */
uint32_t regex__next(struct regex__scan *scan);

/* Appends the character so that it stands for itself, inside of a class too. */
void regex__put_char(struct regex__scan *scan, uint32_t c);

/* Reads what stands behind a backslash when that is one character: "n", "x41", "012", ".". */
const char *regex__read_escape(struct regex__scan *scan, uint32_t *ret_char);

/* Reads what stands behind a backslash when that is a set of characters ("d", "pL"), and appends it
 * as items of a class. False: it is none, and nothing was read. */
bool regex__read_set(struct regex__scan *scan, const char **ret_problem);

/* Reads behind "[" to the "]". */
const char *regex__read_class(struct regex__scan *scan);
