#include "control/kube/reflector.h"

#include <string.h>

#include "control/kube/machine.h"
#include "control/kube/pieces.h"
#include "control/kube/target.h"
#include "core/base/assert.h"
#include "core/base/log.h"
#include "core/base/mem.h"

/* Room for most objects. */
#define ARENA_CHUNK ((size_t)16 * 1024)

static void no_init(void *arg)
{
    (void)arg;
}

static void no_refuse(void *arg, struct str name_space, struct str name, const char *reason,
                      void **kept)
{
    (void)arg;
    (void)name_space;
    (void)name;
    (void)reason;
    (void)kept;
}

static void no_state(void *arg, enum kube_watch_state state, const struct err_info *reason)
{
    (void)arg;
    (void)state;
    (void)reason;
}

static struct kube_watch_events events_filled(const struct kube_watch_events *events)
{
    struct kube_watch_events filled = *events;
    filled.init = filled.init != NULL ? filled.init : no_init;
    filled.refuse = filled.refuse != NULL ? filled.refuse : no_refuse;
    filled.init_done = filled.init_done != NULL ? filled.init_done : no_init;
    filled.state = filled.state != NULL ? filled.state : no_state;
    return filled;
}

struct kube__reflector *kube__reflector_new(const struct kube_watch_options *options,
                                            const struct kube_watch_events *events,
                                            struct random *random)
{
    struct kube__reflector *r = MEM_NEW(struct kube__reflector);
    r->strings = arena_new(512);
    r->options = *options;
    r->options.path = str_dup(r->strings, options->path);
    r->options.field_selector = str_dup(r->strings, options->field_selector);
    r->options.label_selector = str_dup(r->strings, options->label_selector);
    r->options.page = options->page != 0 ? options->page : KUBE_PAGE_OBJECTS;
    r->events = events_filled(events);
    r->random = random;
    r->page = r->options.page;
    r->known = map_new();
    r->arena = arena_new(ARENA_CHUNK);
    buf_init(&r->version, KUBE__TOKEN_SIZE_MAX);
    buf_init(&r->next, KUBE__TOKEN_SIZE_MAX);
    buf_init_secret(&r->line, KUBE_BODY_SIZE_MAX);
    return r;
}

struct kube__reflector *kube__reflector_free(struct kube__reflector *r)
{
    if (r == NULL)
        return NULL;
    struct map_cursor at = {0};
    for (struct kube__object *object = NULL; (object = map_next(r->known, &at)) != NULL;) {
        r->events.remove(r->events.arg, STR_EMPTY, STR_EMPTY, object->kept);
        mem_free(object);
    }
    r->known = map_free(r->known);
    r->arena = arena_free_wiped(r->arena);
    r->strings = arena_free(r->strings);
    buf_deinit(&r->version);
    buf_deinit(&r->next);
    buf_deinit(&r->line);
    return mem_free(r);
}

size_t kube__reflector_count(const struct kube__reflector *r)
{
    return map_count(r->known);
}

void kube__arena_renew(struct kube__reflector *r)
{
    if (!r->options.is_secret) {
        arena_clear(r->arena);
        return;
    }
    r->arena = arena_free_wiped(r->arena);
    r->arena = arena_new(ARENA_CHUNK);
}

void kube__tell(struct kube__reflector *r, enum kube_watch_state state,
                const struct err_info *reason)
{
    static const struct err_info none = {.message = ""};
    struct err_info told = reason == NULL ? none : *reason;
    if (r->has_told && r->told_state == state && strcmp(r->told_reason.message, told.message) == 0)
        return;
    r->has_told = true;
    r->told_state = state;
    r->told_reason = told;
    r->events.state(r->events.arg, state, &r->told_reason);
}

void kube__back_off(struct kube__reflector *r, uint64_t least_ms)
{
    uint64_t pause_ms = KUBE_PAUSE_MS;
    for (unsigned i = 1; i < r->failures && pause_ms < KUBE_PAUSE_MAX_MS; i++)
        pause_ms *= 2;
    pause_ms = MIN(pause_ms, (uint64_t)KUBE_PAUSE_MAX_MS);
    uint64_t chance_ms = random_below(r->random, pause_ms / 2 + 1);
    uint64_t asked_ms = MIN(least_ms, (uint64_t)KUBE_RETRY_AFTER_MAX_MS);
    r->pause_ms = MAX(pause_ms / 2, asked_ms) + chance_ms;
    r->paused = true;
}

void kube__wait_calmly(struct kube__reflector *r)
{
    r->pause_ms = KUBE_ABSENT_MS - random_below(r->random, KUBE_ABSENT_MS / 5);
    r->paused = true;
}

void kube__fail(struct kube__reflector *r, const struct err_info *reason, uint64_t least_ms)
{
    r->failures++;
    kube__tell(r, KUBE_WATCH_FAILING, reason);
    if (reason->code == ERR_UNAUTHORISED)
        kube__wait_calmly(r);
    else
        kube__back_off(r, least_ms);
}

void kube__start_over(struct kube__reflector *r)
{
    r->state = KUBE__EMPTY;
    r->resumes = 0;
    buf_clear(&r->next);
    if (r->failures++ > 0)
        kube__back_off(r, 0);
}

void kube__fail_protocol(struct kube__reflector *r, const char *what)
{
    struct err_info reason = {.message = ""};
    enum err e = err_set(&reason, ERR_PROTOCOL, "%.*s: %s; everything is listed again",
                         STR_ARG(r->options.path), what);
    (void)e; /* the code stands in the reason */
    LOG(LOG_DEBUG, "watch broken", LOG_STR("reason", str_of(reason.message)));
    r->state = KUBE__EMPTY;
    buf_clear(&r->next);
    kube__fail(r, &reason, 0);
}

void kube__apply_object(struct kube__reflector *r, const struct kube__identity *identity,
                        const struct jv *value)
{
    bool same = false;
    struct kube__object *object = kube__known_note(r->known, identity, r->listing, &same);
    if (!same)
        r->events.apply(r->events.arg, value, &object->kept);
}

void kube__refuse_object(struct kube__reflector *r, const struct kube__identity *identity,
                         const char *reason)
{
    bool same = false;
    struct kube__object *object = kube__known_note(r->known, identity, r->listing, &same);
    if (!same)
        r->events.refuse(r->events.arg, identity->name_space, identity->name, reason,
                         &object->kept);
}

bool kube__identify_text(struct kube__reflector *r, struct str text,
                         struct kube__identity *ret_identity)
{
    struct str piece;
    const struct jv *metadata = NULL;
    return kube__piece_find(text, STR("metadata"), &piece) == ERR_OK &&
           jv_parse(r->arena, piece, JV_VALUES_MAX, &metadata, NULL) == ERR_OK &&
           kube__identity_read(metadata, ret_identity);
}

enum kube__step kube__reflector_step(struct kube__reflector *r, uint64_t *ret_pause_ms)
{
    ASSERT(r->state != KUBE__WATCHING);
    if (!r->has_told)
        kube__tell(r, KUBE_WATCH_LISTING, NULL);
    if (r->paused) {
        *ret_pause_ms = r->pause_ms;
        return KUBE__PAUSE;
    }
    if (r->state != KUBE__LISTED)
        return KUBE__LIST;
    r->state = KUBE__WATCHING;
    r->timeout_s = r->options.timeout_s;
    if (r->timeout_s == 0)
        r->timeout_s = KUBE_WATCH_TIMEOUT_S +
                       (unsigned)random_below(r->random, KUBE_WATCH_TIMEOUT_S / 5 + 1);
    return KUBE__WATCH;
}

void kube__reflector_target(const struct kube__reflector *r, struct buf *target)
{
    if (r->state == KUBE__WATCHING)
        kube__target_watch(target, &r->options, buf_str(&r->version), r->timeout_s);
    else
        kube__target_list(target, &r->options, r->page, buf_str(&r->next));
}

unsigned kube__reflector_timeout_s(const struct kube__reflector *r)
{
    return r->timeout_s;
}

void kube__reflector_paused(struct kube__reflector *r)
{
    r->paused = false;
}
