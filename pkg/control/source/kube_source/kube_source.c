#include "control/source/kube_source/kube_source.h"

#include "control/source/kube_source/track.h"
#include "core/base/assert.h"
#include "core/base/mem.h"
#include "core/loop/loop.h"

/* A message is a server's reason with a remedy. */
#define MESSAGE_SIZE_MAX ((size_t)2048)

struct watched {
    struct kube_source *source;
    const struct kube_source__kind *kind;
    struct kube_watch *watch;
    enum kube_watch_state state;
    struct err_info reason;
    bool is_settled;
    bool lacks_status;
    struct buf message; /* terminated */
};

struct kube_source {
    struct loop *loop;
    struct kube *kube;
    void (*on_kind)(void *arg, const struct kube_source_kind *kind);
    void *arg;
    struct kube_source__track track;
    struct watched watched[KUBE_SOURCE__KINDS];
    struct loop_deferred settling;
    bool is_settled;
    struct kube_request *discovery; /* NULL: none is under way */
    struct loop_alarm *look;        /* the next one */
};

/* What is known of a kind. */

static struct kube_source_kind kind_of(const struct watched *watched)
{
    return (struct kube_source_kind){
        .name = watched->kind->name,
        .state = watched->state,
        .is_settled = watched->is_settled,
        .lacks_status = watched->lacks_status,
        .message = watched->message.data,
    };
}

static void tell(struct watched *watched)
{
    buf_clear(&watched->message);
    kube_source__describe(watched->kind, watched->state, watched->lacks_status, &watched->reason,
                          &watched->message);
    buf_append_char(&watched->message, '\0');
    struct kube_source_kind kind = kind_of(watched);
    if (watched->source->on_kind != NULL)
        watched->source->on_kind(watched->source->arg, &kind);
}

static bool all_are_settled(const struct kube_source *source)
{
    for (size_t i = 0; i < ARRAY_SIZE(source->watched); i++) {
        if (!source->watched[i].is_settled)
            return false;
    }
    return true;
}

static void on_settling(void *arg)
{
    struct kube_source *source = arg;
    if (!source->is_settled && !all_are_settled(source))
        return;
    source->is_settled = true;
    if (source->track.events.settled != NULL)
        source->track.events.settled(source->track.events.arg);
}

/* Something was delivered: at the end of the turn, all of it was. */
static void touch(struct kube_source *source)
{
    loop_defer(source->loop, &source->settling);
}

static void settle(struct watched *watched)
{
    watched->is_settled = true;
    touch(watched->source);
}

/* The status subresources. */

static void look_later(struct kube_source *source)
{
    if (!loop_alarm_is_set(source->look))
        loop_alarm_set(source->look, KUBE_SOURCE_LOOK_MS);
}

static void on_discovered(void *arg, const struct kube_answer *answer)
{
    struct kube_source *source = arg;
    source->discovery = NULL;
    for (size_t i = 0; i < ARRAY_SIZE(source->watched); i++) {
        struct watched *watched = &source->watched[i];
        if (watched->kind->plural.size == 0 || watched->state != KUBE_WATCH_READY)
            continue;
        bool lacks = answer->err == ERR_OK && !kube_source__has_status(answer->body, watched->kind);
        if (lacks || answer->err != ERR_OK)
            look_later(source);
        if (answer->err != ERR_OK || lacks == watched->lacks_status)
            continue;
        watched->lacks_status = lacks;
        tell(watched);
    }
}

static void look(void *arg)
{
    struct kube_source *source = arg;
    struct kube_request_options options = {.method = KUBE_GET, .path = KUBE_SOURCE__DISCOVERY};
    if (source->discovery == NULL)
        source->discovery = kube_request(source->kube, &options, on_discovered, source);
}

/* The events of the watches. */

static void on_apply(void *arg, const struct jv *document, void **kept)
{
    struct watched *watched = arg;
    kube_source__apply(&watched->source->track, watched->kind, document, kept);
    touch(watched->source);
}

static void on_refuse(void *arg, struct str name_space, struct str name, const char *reason,
                      void **kept)
{
    struct watched *watched = arg;
    kube_source__refuse(&watched->source->track, watched->kind, name_space, name, reason, kept);
    touch(watched->source);
}

static void on_remove(void *arg, struct str name_space, struct str name, void *kept)
{
    struct watched *watched = arg;
    kube_source__remove(&watched->source->track, watched->kind, name_space, name, kept);
    if (name.size > 0)
        touch(watched->source);
}

static void on_init_done(void *arg)
{
    struct watched *watched = arg;
    if (!watched->is_settled)
        settle(watched);
}

static void on_state(void *arg, enum kube_watch_state state, const struct err_info *reason)
{
    struct watched *watched = arg;
    watched->state = state;
    watched->reason = *reason;
    if (state == KUBE_WATCH_ABSENT) {
        watched->lacks_status = false;
        if (!watched->is_settled)
            settle(watched);
    }
    if (state == KUBE_WATCH_READY && watched->kind->plural.size > 0)
        look(watched->source);
    tell(watched);
}

/* The life of a source. */

static void watch_open(struct watched *watched, const struct kube_source_options *options)
{
    static const struct kube_watch_events events = {
        .apply = on_apply,
        .refuse = on_refuse,
        .remove = on_remove,
        .init_done = on_init_done,
        .state = on_state,
    };
    struct kube_watch_events own = events;
    struct str rest = str_of(watched->kind->path);
    struct buf path;
    own.arg = watched;
    buf_init(&path, 1024);
    buf_append(&path, str_cut(&rest, '%'));
    if (rest.size > 0) { /* "%s" */
        buf_append(&path, options->system_namespace);
        buf_append(&path, str_from(rest, 1));
    }
    ASSERT(!buf_overflowed(&path));
    struct kube_watch_options watch = {
        .path = buf_str(&path),
        .field_selector = watched->kind->field_selector,
        .metadata_only = watched->kind->metadata_only,
        .is_secret = watched->kind->kind == API_SECRET,
    };
    watched->watch = kube_watch_open(options->kube, &watch, &own);
    buf_deinit(&path);
}

struct kube_source *kube_source_open(const struct kube_source_options *options)
{
    struct kube_source *source = MEM_NEW(struct kube_source);
    source->loop = options->loop;
    source->kube = options->kube;
    source->on_kind = options->kind;
    source->arg = options->arg;
    kube_source__track_init(&source->track, options);
    loop_deferred_init(&source->settling, on_settling, source);
    source->look = loop_alarm_open(source->loop, look, source);
    for (size_t i = 0; i < ARRAY_SIZE(source->watched); i++) {
        struct watched *watched = &source->watched[i];
        watched->source = source;
        watched->kind = &kube_source__kinds[i];
        buf_init(&watched->message, MESSAGE_SIZE_MAX);
        buf_append_char(&watched->message, '\0');
        watch_open(watched, options);
    }
    return source;
}

struct kube_source *kube_source_close(struct kube_source *source)
{
    if (source == NULL)
        return NULL;
    for (size_t i = 0; i < ARRAY_SIZE(source->watched); i++) {
        struct watched *watched = &source->watched[i];
        watched->watch = kube_watch_close(watched->watch);
        buf_deinit(&watched->message);
    }
    source->discovery = kube_request_cancel(source->discovery);
    source->look = loop_alarm_close(source->look);
    loop_defer_cancel(&source->settling);
    kube_source__track_deinit(&source->track);
    return mem_free(source);
}

bool kube_source_is_settled(const struct kube_source *source)
{
    return source->is_settled;
}

size_t kube_source_kind_count(const struct kube_source *source)
{
    return ARRAY_SIZE(source->watched);
}

struct kube_source_kind kube_source_kind(const struct kube_source *source, size_t index)
{
    ASSERT(index < ARRAY_SIZE(source->watched));
    return kind_of(&source->watched[index]);
}
