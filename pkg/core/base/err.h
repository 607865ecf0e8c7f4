/* Errors are values: a short, closed list, and a reason where a person needs one.
 *
 * A fallible function returns `MUST_USE enum err`; its results go through `ret_` parameters, which
 * stay untouched on failure. `switch` over enum err has no default, so a new code shows every place
 * that has to think about it. */
#pragma once

#include "core/base/attr.h"
#include "core/base/str.h"

enum err {
    ERR_OK = 0,
    ERR_AGAIN,        /* not now: the operation would block, or needs more input */
    ERR_CLOSED,       /* the other side ended in good order */
    ERR_TIMEOUT,      /* a time limit passed */
    ERR_CANCELLED,    /* we ended it ourselves */
    ERR_LIMIT,        /* a named bound would be exceeded */
    ERR_PROTOCOL,     /* the other side broke the protocol */
    ERR_INVALID,      /* the input is not valid */
    ERR_NOT_FOUND,    /* no such thing */
    ERR_CONFLICT,     /* it exists already, or two things contradict each other */
    ERR_GONE,         /* it existed, and is no more */
    ERR_UNAUTHORISED, /* not allowed */
    ERR_UNAVAILABLE,  /* cannot be reached at this time */
    ERR_SYSTEM,       /* a system call failed; errno says which way */
};

/* The lower-case name of a code, for logs. */
const char *err_name(enum err code);

#define ERR_PATH_MAX    256
#define ERR_MESSAGE_MAX 512

/* The reason of a failure, for people: which field, and what is wrong with it. Both texts are
 * terminated and cut at their bounds. */
struct err_info {
    enum err code;
    char path[ERR_PATH_MAX];
    char message[ERR_MESSAGE_MAX];
};

/* Fills `reterr`, which may be NULL, and returns `code`, so that it stands in a return. The texts
 * of `reterr` may be among the arguments. */
MUST_USE enum err err_set(struct err_info *reterr, enum err code, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* As err_set, with errno's text after the message. Returns ERR_SYSTEM. */
MUST_USE enum err err_set_errno(struct err_info *reterr, const char *format, ...) PRINTF_LIKE(2, 3);

/* Puts `path` before the path that is there: "rules[0]" + "matches" = "rules[0].matches". */
void err_prefix(struct err_info *reterr, struct str path);
