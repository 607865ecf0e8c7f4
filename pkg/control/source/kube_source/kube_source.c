#include "control/source/kube_source/kube_source.h"

#include "control/source/kube_source/kinds.h"
#include "control/source/kube_source/track.h"
#include "core/base/assert.h"
#include "core/base/mem.h"
#include "core/loop/loop.h"

/* A message is a server's reason with a remedy. */
#define MESSAGE_SIZE_MAX ((size_t)2048)

/* Before discovery is asked again when it has failed. */
#define PAUSE_MS 1000U

struct watched {
    struct kube_source *source;
    struct kube_source__kind kind;
    struct kube_watch *watch; /* NULL: it has not been discovered */
    enum kube_watch_state state;
    struct err_info reason;
    bool is_settled;
    enum kube_source__presence presence;
    struct buf message; /* terminated */
};

struct kube_source {
    struct loop *loop;
    struct kube *kube;
    void (*on_kind)(void *arg, const struct kube_source_kind *kind);
    void *arg;
    struct kube_source__track track;
    struct arena *arena;
    struct str system_namespace;
    struct watched *watched;
    size_t count;
    struct loop_deferred settling;
    bool is_settled;
    struct kube_request *discovery; /* NULL: none is under way */
    struct loop_alarm *look;        /* the next one */
};

/* What is known of a kind. */

static bool lacks_status(const struct watched *watched)
{
    return watched->presence == KUBE_SOURCE__WITHOUT_STATUS;
}

static struct kube_source_kind kind_of(const struct watched *watched)
{
    return (struct kube_source_kind){
        .name = watched->kind.name,
        .kind = watched->kind.kind,
        .state = watched->state,
        .is_settled = watched->is_settled,
        .lacks_status = lacks_status(watched),
        .message = watched->message.data,
    };
}

static void tell(struct watched *watched)
{
    buf_clear(&watched->message);
    kube_source__describe(&watched->kind, watched->state, lacks_status(watched), &watched->reason,
                          &watched->message);
    buf_append_char(&watched->message, '\0');
    struct kube_source_kind kind = kind_of(watched);
    if (watched->source->on_kind != NULL)
        watched->source->on_kind(watched->source->arg, &kind);
}

static bool all_are_settled(const struct kube_source *source)
{
    for (size_t i = 0; i < source->count; i++) {
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

/* Discovery: which of Kuma's kinds are there, and with which subresources. One request asks for all
 * of them, so that those which nobody has installed cost nothing. */

static void watch_open(struct watched *watched);

static void look_later(struct kube_source *source, uint64_t wait_ms)
{
    if (!loop_alarm_is_set(source->look))
        loop_alarm_set(source->look, wait_ms);
}

/* Nothing is waited for. */
static void pass_over(struct watched *watched)
{
    bool is_new = watched->state != KUBE_WATCH_ABSENT;
    watched->state = KUBE_WATCH_ABSENT;
    if (!watched->is_settled)
        settle(watched);
    if (is_new)
        tell(watched);
}

static void discover(struct watched *watched, const struct jv *body)
{
    bool lacked_status = lacks_status(watched);
    watched->presence = kube_source__presence_of(body, watched->kind.plural);
    bool is_news = watched->state == KUBE_WATCH_READY && lacks_status(watched) != lacked_status;
    if (watched->watch != NULL && is_news)
        tell(watched);
    else if (watched->watch == NULL && watched->presence == KUBE_SOURCE__ABSENT)
        pass_over(watched);
    else if (watched->watch == NULL)
        watch_open(watched);
}

/* What has not been discovered yet fails with discovery. */
static void fail_to_discover(struct watched *watched, const struct err_info *reason)
{
    if (watched->watch != NULL || watched->is_settled)
        return;
    watched->state = KUBE_WATCH_FAILING;
    watched->reason = *reason;
    tell(watched);
}

static void on_discovered(void *arg, const struct kube_answer *answer)
{
    struct kube_source *source = arg;
    bool is_answer = answer->err == ERR_OK || answer->err == ERR_NOT_FOUND;
    bool is_complete = is_answer;
    source->discovery = NULL;
    for (size_t i = 0; i < source->count; i++) {
        struct watched *watched = &source->watched[i];
        if (watched->kind.plural.size == 0)
            continue;
        if (is_answer)
            discover(watched, answer->err == ERR_OK ? answer->body : NULL);
        else
            fail_to_discover(watched, &answer->reason);
        is_complete = is_complete && watched->presence == KUBE_SOURCE__WITH_STATUS;
    }
    if (!is_complete)
        look_later(source, is_answer ? KUBE_SOURCE_LOOK_MS : PAUSE_MS);
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
    kube_source__apply(&watched->source->track, watched->kind.kind, document, kept);
    touch(watched->source);
}

static void on_refuse(void *arg, struct str name_space, struct str name, const char *reason,
                      void **kept)
{
    struct watched *watched = arg;
    kube_source__refuse(&watched->source->track, watched->kind.kind, name_space, name, reason,
                        kept);
    touch(watched->source);
}

static void on_remove(void *arg, struct str name_space, struct str name, void *kept)
{
    struct watched *watched = arg;
    kube_source__remove(&watched->source->track, watched->kind.kind, name_space, name, kept);
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
    bool is_first = watched->state == KUBE_WATCH_LISTING; /* what it was opened for is discovered */
    watched->state = state;
    watched->reason = *reason;
    if (state == KUBE_WATCH_ABSENT) {
        watched->presence = KUBE_SOURCE__UNKNOWN;
        if (!watched->is_settled)
            settle(watched);
    }
    if (state == KUBE_WATCH_READY && watched->kind.plural.size > 0 && !is_first)
        look_later(watched->source, 0); /* its definition may be another one now */
    tell(watched);
}

/* The life of a source. */

static struct str path_of(const struct watched *watched)
{
    struct str rest = watched->kind.path;
    struct str before = str_cut(&rest, '%');
    if (rest.size == 0)
        return before;
    return str_format(watched->source->arena, "%.*s%.*s%.*s", STR_ARG(before),
                      STR_ARG(watched->source->system_namespace), STR_ARG(str_from(rest, 1)));
}

static void watch_open(struct watched *watched)
{
    static const struct kube_watch_events events = {
        .apply = on_apply,
        .refuse = on_refuse,
        .remove = on_remove,
        .init_done = on_init_done,
        .state = on_state,
    };
    struct kube_watch_events own = events;
    struct kube_watch_options options = {
        .path = path_of(watched),
        .field_selector = watched->kind.field_selector,
        .metadata_only = watched->kind.metadata_only,
        .is_secret = watched->kind.kind == API_SECRET,
    };
    own.arg = watched;
    watched->watch = kube_watch_open(watched->source->kube, &options, &own);
}

static void watched_init(struct watched *watched, struct kube_source *source, size_t index)
{
    watched->source = source;
    watched->kind = kube_source__kind_at(index, source->arena);
    buf_init(&watched->message, MESSAGE_SIZE_MAX);
    buf_append_char(&watched->message, '\0');
    if (watched->kind.plural.size == 0)
        watch_open(watched);
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
    source->arena = arena_new(1024);
    source->system_namespace = str_dup(source->arena, options->system_namespace);
    source->look = loop_alarm_open(source->loop, look, source);
    source->count = kube_source__kind_count();
    source->watched = MEM_NEW_ARRAY(struct watched, source->count);
    for (size_t i = 0; i < source->count; i++)
        watched_init(&source->watched[i], source, i);
    look_later(source, 0);
    return source;
}

struct kube_source *kube_source_close(struct kube_source *source)
{
    if (source == NULL)
        return NULL;
    for (size_t i = 0; i < source->count; i++) {
        struct watched *watched = &source->watched[i];
        watched->watch = kube_watch_close(watched->watch);
        buf_deinit(&watched->message);
    }
    source->discovery = kube_request_cancel(source->discovery);
    source->look = loop_alarm_close(source->look);
    loop_defer_cancel(&source->settling);
    kube_source__track_deinit(&source->track);
    source->watched = mem_free(source->watched);
    source->arena = arena_free(source->arena);
    return mem_free(source);
}

size_t kube_source_kind_count(const struct kube_source *source)
{
    return source->count;
}

struct kube_source_kind kube_source_kind(const struct kube_source *source, size_t index)
{
    ASSERT(index < source->count);
    return kind_of(&source->watched[index]);
}
