#include "control/kube/outcome.h"

#include <stdio.h>

/* Of a refusal that is no Status: a proxy's page, or "404 page not found". */
#define QUOTED_MAX ((size_t)120)

enum err kube__status_err(unsigned status)
{
    switch (status) {
    case 400:
    case 422: return ERR_INVALID;
    case 401:
    case 403: return ERR_UNAUTHORISED;
    case 404: return ERR_NOT_FOUND;
    case 409: return ERR_CONFLICT;
    case 410: return ERR_GONE;
    case 429: return ERR_UNAVAILABLE;
    default: break;
    }
    if (status >= 200 && status < 300)
        return ERR_OK;
    return status >= 500 ? ERR_UNAVAILABLE : ERR_PROTOCOL;
}

unsigned kube__status_code(const struct jv *status)
{
    uint64_t code = 0;
    return jv_u64(jv_get(status, STR("code")), 999, &code) ? (unsigned)code : 0;
}

static bool is_status(const struct jv *value)
{
    return str_equal(jv_text(jv_get(value, STR("kind"))), STR("Status"));
}

/* The field of the first cause that names one. */
static struct str cause_field(const struct jv *status)
{
    const struct jv *causes = jv_get(jv_get(status, STR("details")), STR("causes"));
    for (size_t i = 0; i < jv_item_count(causes); i++) {
        struct str field = jv_text(jv_get(causes->items[i], STR("field")));
        if (field.size > 0)
            return field;
    }
    return STR_EMPTY;
}

static enum err reason_set(enum err e, unsigned code, const struct jv *status,
                           struct err_info *reterr)
{
    struct str reason = jv_text(jv_get(status, STR("reason")));
    struct str message = jv_text(jv_get(status, STR("message")));
    if (reason.size == 0)
        e = err_set(reterr, e, "status %u: %.*s", code, STR_ARG(message));
    else
        e = err_set(reterr, e, "%.*s (status %u): %.*s", STR_ARG(reason), code, STR_ARG(message));
    err_prefix(reterr, cause_field(status));
    return e;
}

enum err kube__status_reason(const struct jv *status, struct err_info *reterr)
{
    unsigned code = kube__status_code(status);
    enum err e = kube__status_err(code);
    return reason_set(e == ERR_OK ? ERR_PROTOCOL : e, code, status, reterr);
}

/* What of a body that is no Status fits in a message: its first line. */
static struct str first_line(struct str body)
{
    struct str line = str_cut(&body, '\n');
    line = str_first(line, QUOTED_MAX);
    return str_is_utf8(line) ? line : STR_EMPTY;
}

enum err kube__outcome_reason(const struct kube__outcome *outcome, struct err_info *reterr)
{
    if (outcome->err != ERR_OK)
        return err_set(reterr, outcome->err, "%s", outcome->message);
    enum err e = kube__status_err(outcome->status);
    if (e == ERR_OK)
        e = ERR_PROTOCOL;
    struct arena *arena CLEANUP(arena_free) = arena_new(4096);
    const struct jv *value = NULL;
    bool parsed = jv_parse(arena, outcome->body, JV_VALUES_MAX, &value, NULL) == ERR_OK;
    if (parsed && is_status(value))
        return reason_set(e, outcome->status, value, reterr);
    struct str line = first_line(outcome->body);
    if (line.size == 0)
        return err_set(reterr, e, "status %u", outcome->status);
    return err_set(reterr, e, "status %u: %.*s", outcome->status, STR_ARG(line));
}
