/* Drives a reflector: sends what it asks for, and tells it what came and when. */
#include "control/kube/internal.h"
#include "control/kube/reflector.h"
#include "control/kube/target.h"
#include "core/base/assert.h"
#include "core/base/mem.h"

/* A page of a list. */
#define LIST_TIMEOUT_MS 60000U
/* The server reads all of a page before it answers; a watch it answers at once. */
#define LIST_HEAD_GRACES 3U

struct kube_watch {
    struct kube *kube;
    struct kube_watch_options options; /* its texts are the reflector's */
    struct kube__reflector *reflector;
    struct kube__transfer *transfer; /* NULL: a pause */
    uint64_t sent_ms;
    struct loop_alarm *alarm; /* the end of the pause */
    bool is_paused;
};

static void step(struct kube_watch *watch);

static void on_listed(void *arg, const struct kube__outcome *outcome)
{
    struct kube_watch *watch = arg;
    watch->transfer = NULL;
    kube__reflector_listed(watch->reflector, outcome);
    step(watch);
}

static void on_ended(void *arg, const struct kube__outcome *outcome)
{
    struct kube_watch *watch = arg;
    watch->transfer = NULL;
    kube__reflector_ended(watch->reflector, outcome,
                          loop_now_ms(watch->kube->loop) - watch->sent_ms);
    step(watch);
}

static void on_opened(void *arg)
{
    struct kube_watch *watch = arg;
    kube__reflector_opened(watch->reflector);
}

static void on_data(void *arg, struct str bytes)
{
    struct kube_watch *watch = arg;
    if (kube__reflector_read(watch->reflector, bytes))
        return;
    static const struct kube__outcome outcome = {.err = ERR_CANCELLED, .status = 200};
    (void)kube__transfer_cancel(watch->transfer); /* always NULL */
    on_ended(watch, &outcome);
}

static void send(struct kube_watch *watch, bool is_list)
{
    struct buf target;
    buf_init(&target, KUBE__TARGET_SIZE_MAX);
    kube__reflector_target(watch->reflector, &target);
    ASSERT(!buf_overflowed(&target));
    uint64_t grace_ms = watch->options.grace_ms;
    struct kube__transfer_options options = {
        .method = KUBE_GET,
        .target = buf_str(&target),
        .accept = kube__accept(&watch->options, is_list),
        .timeout_ms = LIST_TIMEOUT_MS,
        .head_ms = is_list ? LIST_HEAD_GRACES * grace_ms : grace_ms,
    };
    struct kube__transfer_events events = {.done = on_listed, .arg = watch};
    if (!is_list) {
        options.timeout_ms = kube__reflector_timeout_s(watch->reflector) * UINT64_C(1000) +
                             grace_ms;
        events.opened = on_opened;
        events.data = on_data;
        events.done = on_ended;
    }
    watch->sent_ms = loop_now_ms(watch->kube->loop);
    watch->kube->watch_requests++;
    watch->transfer = kube__transfer_start(watch->kube->transport, &options, &events);
    buf_deinit(&target);
}

static void step(struct kube_watch *watch)
{
    uint64_t pause_ms = 0;
    switch (kube__reflector_step(watch->reflector, &pause_ms)) {
    case KUBE__LIST: send(watch, true); return;
    case KUBE__WATCH: send(watch, false); return;
    case KUBE__PAUSE:
        watch->is_paused = true;
        loop_alarm_set(watch->alarm, pause_ms);
        return;
    }
}

static void on_alarm(void *arg)
{
    struct kube_watch *watch = arg;
    if (watch->is_paused)
        kube__reflector_paused(watch->reflector);
    watch->is_paused = false;
    step(watch);
}

struct kube_watch *kube_watch_open(struct kube *kube, const struct kube_watch_options *options,
                                   const struct kube_watch_events *events)
{
    struct kube_watch *watch = MEM_NEW(struct kube_watch);
    watch->kube = kube;
    watch->options.metadata_only = options->metadata_only;
    watch->options.grace_ms = options->grace_ms != 0 ? options->grace_ms : KUBE_WATCH_GRACE_MS;
    watch->reflector = kube__reflector_new(options, events, &kube->random);
    watch->alarm = loop_alarm_open(kube->loop, on_alarm, watch);
    loop_alarm_set(watch->alarm, 0);
    kube->watch_count++;
    return watch;
}

struct kube_watch *kube_watch_close(struct kube_watch *watch)
{
    if (watch == NULL)
        return NULL;
    watch->kube->watch_count--;
    watch->transfer = kube__transfer_cancel(watch->transfer);
    watch->alarm = loop_alarm_close(watch->alarm);
    watch->reflector = kube__reflector_free(watch->reflector);
    return mem_free(watch);
}
