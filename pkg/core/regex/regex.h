/* Regular expressions of RE2, matched by PCRE2.
 *
 * A manifest's expressions were written for RE2, so its syntax alone is taken, and translated where
 * the same text means something else to PCRE2: "$" is the end of the text and never the line feed
 * before it, "." is no line feed, "\s" no vertical tab, "\v" one character. Text is UTF-8: bytes
 * that are not are matched by nothing, as in RE2. Not as in RE2: a single byte (\C) is refused, as
 * is a repetition behind flags (a(?i)*), and without regard to letter case (?i) the classes of
 * ASCII (\w, [:alpha:]) do not hold the Kelvin sign and the long s.
 *
 * The whole text has to match. Where RE2's time is linear, PCRE2 goes back and forth: its steps are
 * bounded by the size of the text, and so are those of all matches that share a budget, so that no
 * request costs more than some tens of milliseconds. Beyond that it does not match, and that is
 * counted.
 *
 * A regex is compiled once, to machine code where the system allows that, counted with atomic
 * references, and may be matched by many threads; a thread's first match allocates its working
 * memory, no other match allocates. Usual sequence: regex_check where a manifest is read, regex_new
 * where it is served, regex_matches. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/base/str.h"

/* Far beyond what a person writes; compiling takes the time of a multiple. */
#define REGEX_PATTERN_MAX ((size_t)8192)
#define REGEX_DEPTH_MAX   ((size_t)250) /* of groups: compiling recurses */
#define REGEX_REPEAT_MAX  1000          /* RE2's own, of counts within counts together */

/* A step back and forth looks at one byte of the text as a rule, at all of them at worst: so many
 * bytes end a match. However long the text is, it gets REGEX_STEPS_MIN. */
#define REGEX_BYTES_MAX ((size_t)16 * 1024 * 1024)
#define REGEX_STEPS_MIN 512
#define REGEX_STEPS_MAX 100000

/* PCRE2 does not say how many steps it took, so a match begins with few of them and, where they do
 * not do, again with four times as many: what was granted is what is paid, at least so many bytes
 * for a step. Expressions as people write them do with the first. */
#define REGEX_STEPS_FIRST 16
#define REGEX_STEP_BYTES  64

/* All that matches of one request may take together: ten times what the worst of them takes, and
 * some 60,000 ordinary ones of a path of 64 bytes. */
#define REGEX_BUDGET ((size_t)64 * 1024 * 1024)

struct regex;

/* Of matches that belong together, on one thread. It begins with REGEX_BUDGET and all else zeroed.
 */
struct regex_budget {
    size_t bytes;    /* that are left */
    bool has_failed; /* the last match was given up, at its own bound or at that of all */
    bool is_spent;   /* some match was given up at the bound of all */
};

/* Whether regex_new would take it. ERR_INVALID: reterr's message says what is wrong, to be read
 * after "is no regular expression of RE2:". */
MUST_USE enum err regex_check(struct str pattern, struct err_info *reterr);

/* As regex_check. One reference is the caller's. */
MUST_USE enum err regex_new(struct str pattern, struct regex **ret_regex, struct err_info *reterr);
struct regex *regex_ref(struct regex *regex);
struct regex *regex_unref(struct regex *regex);

/* Whether it matches the whole of `text`. Any thread, with a budget of its own. */
bool regex_matches(const struct regex *regex, struct str text, struct regex_budget *budget);

/* How many matches of this process were given up. Any thread. */
uint64_t regex_exceeded(void);
