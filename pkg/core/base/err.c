#include "core/base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *err_name(enum err code)
{
    switch (code) {
    case ERR_OK: return "ok";
    case ERR_AGAIN: return "again";
    case ERR_CLOSED: return "closed";
    case ERR_TIMEOUT: return "timeout";
    case ERR_CANCELLED: return "cancelled";
    case ERR_LIMIT: return "limit";
    case ERR_PROTOCOL: return "protocol";
    case ERR_INVALID: return "invalid";
    case ERR_NOT_FOUND: return "not found";
    case ERR_CONFLICT: return "conflict";
    case ERR_GONE: return "gone";
    case ERR_UNAUTHORISED: return "unauthorised";
    case ERR_UNAVAILABLE: return "unavailable";
    case ERR_SYSTEM: return "system";
    }
    return "unknown";
}

enum err err_set(struct err_info *reterr, enum err code, const char *format, ...)
{
    if (reterr == NULL)
        return code;
    /* The arguments may be the texts that are there: a message is often put before another. */
    char message[ERR_MESSAGE_MAX];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(message, sizeof(message), format, args); /* cut on purpose */
    va_end(args);
    reterr->code = code;
    reterr->path[0] = '\0';
    memcpy(reterr->message, message, sizeof(message));
    return code;
}

enum err err_set_errno(struct err_info *reterr, const char *format, ...)
{
    int saved = errno;
    if (reterr == NULL)
        return ERR_SYSTEM;
    char message[ERR_MESSAGE_MAX];
    va_list args;
    va_start(args, format);
    int used = vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    if (used >= 0 && (size_t)used < sizeof(message)) {
        size_t at = (size_t)used;
        /* Cut on purpose, as above. */
        (void)snprintf(message + at, sizeof(message) - at, ": %s", strerror(saved));
    }
    reterr->code = ERR_SYSTEM;
    reterr->path[0] = '\0';
    memcpy(reterr->message, message, sizeof(message));
    errno = saved;
    return ERR_SYSTEM;
}

void err_prefix(struct err_info *reterr, struct str path)
{
    if (reterr == NULL)
        return;
    char joined[ERR_PATH_MAX];
    bool dot = reterr->path[0] != '\0' && reterr->path[0] != '[' && path.size > 0;
    /* A path too long for its buffer is cut. */
    if (snprintf(joined, sizeof(joined), "%.*s%s%s", STR_ARG(path), dot ? "." : "", reterr->path) <
        0)
        return;
    memcpy(reterr->path, joined, sizeof(joined));
}
