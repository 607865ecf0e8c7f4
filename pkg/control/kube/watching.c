/* The reflector's watches: a stream of lines, each an event, and why it ended. */
#include "control/kube/machine.h"
#include "control/kube/pieces.h"
#include "core/base/assert.h"

enum event {
    EVENT_APPLY,
    EVENT_REMOVE,
    EVENT_BOOKMARK,
    EVENT_ERROR,
    EVENT_UNKNOWN,
};

static enum event event_of(struct str type)
{
    static const struct {
        struct str name;
        enum event event;
    } events[] = {
        {STR_INIT("ADDED"), EVENT_APPLY},    {STR_INIT("MODIFIED"), EVENT_APPLY},
        {STR_INIT("DELETED"), EVENT_REMOVE}, {STR_INIT("BOOKMARK"), EVENT_BOOKMARK},
        {STR_INIT("ERROR"), EVENT_ERROR},
    };
    for (size_t i = 0; i < ARRAY_SIZE(events); i++) {
        if (str_equal(events[i].name, type))
            return events[i].event;
    }
    return EVENT_UNKNOWN;
}

static enum kube__verdict version_take(struct kube__reflector *r, struct str version)
{
    if (version.size == 0 || version.size > KUBE__TOKEN_SIZE_MAX)
        return KUBE__VERDICT_RELIST;
    buf_clear(&r->version);
    buf_append(&r->version, version);
    r->resumes = 0;
    return KUBE__VERDICT_NONE;
}

static void removed_take(struct kube__reflector *r, const struct kube__identity *identity)
{
    void *kept = NULL;
    if (kube__known_remove(r->known, identity, &kept))
        r->events.remove(r->events.arg, identity->name_space, identity->name, kept);
}

/* An ERROR event carries a Status. */
static enum kube__verdict error_take(struct kube__reflector *r, const struct jv *status)
{
    r->error = (struct err_info){.message = ""};
    enum err e = kube__status_reason(status, &r->error);
    struct str reason = jv_text(jv_get(status, STR("reason")));
    bool gone = e == ERR_GONE || str_equal(reason, STR("Expired")) ||
                str_equal(reason, STR("Gone"));
    return gone ? KUBE__VERDICT_GONE : KUBE__VERDICT_ERROR;
}

/* An event whose object is too much: what it is about is still known. */
static enum kube__verdict limited_take(struct kube__reflector *r, struct str line,
                                       const char *reason)
{
    struct str type;
    struct str object;
    struct kube__identity identity;
    kube__arena_renew(r);
    if (kube__piece_find(line, STR("type"), &type) != ERR_OK || type.size < 2 ||
        kube__piece_find(line, STR("object"), &object) != ERR_OK ||
        !kube__identify_text(r, object, &identity))
        return KUBE__VERDICT_RELIST;
    enum event event = event_of(str_make(type.data + 1, type.size - 2));
    if (event == EVENT_APPLY)
        kube__refuse_object(r, &identity, reason);
    else if (event == EVENT_REMOVE)
        removed_take(r, &identity);
    else
        return KUBE__VERDICT_RELIST;
    return version_take(r, identity.version);
}

static enum kube__verdict event_take(struct kube__reflector *r, struct str line)
{
    const struct jv *value = NULL;
    struct err_info reason = {.message = ""};
    struct kube__identity identity;
    kube__arena_renew(r);
    enum err e = jv_parse(r->arena, line, JV_VALUES_MAX, &value, &reason);
    if (e == ERR_LIMIT)
        return limited_take(r, line, reason.message);
    if (e != ERR_OK)
        return KUBE__VERDICT_RELIST;
    enum event event = event_of(jv_text(jv_get(value, STR("type"))));
    const struct jv *object = jv_get(value, STR("object"));
    const struct jv *metadata = jv_get(object, STR("metadata"));
    if (event == EVENT_ERROR)
        return error_take(r, object);
    if (event == EVENT_BOOKMARK)
        return version_take(r, jv_text(jv_get(metadata, STR("resourceVersion"))));
    if (event == EVENT_UNKNOWN || !kube__identity_read(metadata, &identity))
        return KUBE__VERDICT_RELIST;
    if (event == EVENT_APPLY)
        kube__apply_object(r, &identity, object);
    else
        removed_take(r, &identity);
    return version_take(r, identity.version);
}

/* A line that is whole; `line` is not part of the buffer unless it is all of it. */
static bool line_take(struct kube__reflector *r, struct str line)
{
    struct str text = str_trim(line);
    if (text.size > 0 && text.data[text.size - 1] == '\r')
        text.size--;
    if (text.size > 0)
        r->verdict = event_take(r, text);
    return r->verdict == KUBE__VERDICT_NONE;
}

/* Takes the lines that are whole. */
static bool bytes_take(struct kube__reflector *r, struct str bytes)
{
    struct str rest = bytes;
    for (size_t end = 0; (end = str_find_char(rest, '\n')) != STR_NOT_FOUND;) {
        struct str line = str_first(rest, end);
        rest = str_from(rest, end + 1);
        if (r->line.size > 0) {
            buf_append(&r->line, line);
            line = buf_str(&r->line);
        }
        bool taken = !buf_overflowed(&r->line) && line_take(r, line);
        buf_clear(&r->line);
        if (!taken) {
            r->verdict = r->verdict == KUBE__VERDICT_NONE ? KUBE__VERDICT_RELIST : r->verdict;
            return false;
        }
    }
    buf_append(&r->line, rest);
    if (buf_overflowed(&r->line))
        r->verdict = KUBE__VERDICT_RELIST;
    return r->verdict == KUBE__VERDICT_NONE;
}

bool kube__reflector_read(struct kube__reflector *r, struct str bytes)
{
    ASSERT(r->state == KUBE__WATCHING);
    if (r->verdict != KUBE__VERDICT_NONE)
        return false;
    bool more = bytes_take(r, bytes);
    kube__arena_renew(r);
    return more;
}

void kube__reflector_opened(struct kube__reflector *r)
{
    ASSERT(r->state == KUBE__WATCHING);
    kube__tell(r, KUBE_WATCH_READY, NULL);
}

/* The version cannot be resumed from for now. */
static void resume_failed(struct kube__reflector *r, const struct err_info *reason,
                          uint64_t least_ms)
{
    r->state = KUBE__LISTED;
    if (reason->code == ERR_NOT_FOUND || reason->code == ERR_INVALID ||
        ++r->resumes >= KUBE__RESUMES_MAX) {
        r->state = KUBE__EMPTY;
        r->resumes = 0;
    }
    kube__fail(r, reason, least_ms);
}

/* A watch that was answered has come to its end, as they all do. */
static void watch_closed(struct kube__reflector *r, uint64_t lived_ms)
{
    r->state = KUBE__LISTED;
    if (lived_ms < KUBE__WATCH_SHORT_MS) {
        r->failures++;
        kube__back_off(r, 0);
    }
}

void kube__reflector_ended(struct kube__reflector *r, const struct kube__outcome *outcome,
                           uint64_t lived_ms)
{
    ASSERT(r->state == KUBE__WATCHING);
    enum kube__verdict verdict = r->verdict;
    r->verdict = KUBE__VERDICT_NONE;
    buf_clear(&r->line);
    if (lived_ms >= KUBE__WATCH_SHORT_MS)
        r->failures = 0;
    switch (verdict) {
    case KUBE__VERDICT_GONE: kube__start_over(r); return;
    case KUBE__VERDICT_RELIST: kube__fail_protocol(r, "an event cannot be read"); return;
    case KUBE__VERDICT_ERROR: resume_failed(r, &r->error, 0); return;
    case KUBE__VERDICT_NONE: break;
    }
    if (outcome->status == 200) {
        watch_closed(r, lived_ms);
        return;
    }
    struct err_info reason = {.message = ""};
    enum err e = kube__outcome_reason(outcome, &reason);
    if (e == ERR_GONE)
        kube__start_over(r);
    else if (outcome->status >= 500 || outcome->status == 400 || outcome->status == 404)
        resume_failed(r, &reason, outcome->retry_after_ms);
    else {
        r->state = KUBE__LISTED;
        kube__fail(r, &reason, outcome->retry_after_ms);
    }
}
