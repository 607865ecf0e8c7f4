/* Requests: a queue, so many under way, and answers as values. */
#include "control/kube/internal.h"
#include "control/kube/target.h"
#include "core/base/assert.h"
#include "core/base/mem.h"

struct kube_request {
    struct list link; /* waiting, or running */
    struct kube *kube;
    struct arena *arena; /* of the options, which may hold secrets */
    struct kube_request_options options;
    kube_answer_fn done;
    void *arg;
    struct kube__transfer *transfer; /* NULL: waiting */
    bool is_refused;                 /* too many wait */
};

static void request_free(struct kube_request *request)
{
    struct kube *kube = request->kube;
    if (request->transfer != NULL)
        kube->running_count--;
    else
        kube->waiting_count--;
    if (kube->waiting_count > 0)
        loop_defer(kube->loop, &kube->starting);
    list_remove(&request->link);
    request->arena = arena_free_wiped(request->arena);
    mem_free(request);
}

static void answer(struct kube_request *request, const struct kube__outcome *outcome)
{
    struct arena *arena = arena_new(4096); /* of what may be a Secret */
    struct kube_answer a = {.status = outcome->status, .retry_after_ms = outcome->retry_after_ms};
    a.err = outcome->err == ERR_OK ? kube__status_err(outcome->status) : outcome->err;
    if (a.err != ERR_OK)
        a.err = kube__outcome_reason(outcome, &a.reason);
    if (outcome->err == ERR_OK && outcome->body.size > 0 &&
        jv_parse(arena, outcome->body, JV_VALUES_MAX, &a.body, NULL) != ERR_OK)
        a.body = NULL; /* as promised; its status counts all the same */
    request->done(request->arg, &a);
    arena = arena_free_wiped(arena);
}

static void on_done(void *arg, const struct kube__outcome *outcome)
{
    struct kube_request *request = arg;
    answer(request, outcome);
    request_free(request);
}

static void refuse(struct kube_request *request)
{
    static const struct kube__outcome outcome = {
        .err = ERR_LIMIT, .message = "too many requests wait for the API server"};
    answer(request, &outcome);
    request_free(request);
}

static void start(struct kube_request *request)
{
    struct kube *kube = request->kube;
    struct kube__transfer_options options = {
        .method = request->options.method,
        .target = request->options.path,
        .accept = request->options.accept,
        .content_type = request->options.content_type,
        .body = request->options.body,
        .timeout_ms = request->options.timeout_ms,
    };
    struct kube__transfer_events events = {.done = on_done, .arg = request};
    list_remove(&request->link);
    list_push_back(&kube->running, &request->link);
    kube->waiting_count--;
    kube->running_count++;
    request->transfer = kube__transfer_start(kube->transport, &options, &events);
}

static void on_starting(void *arg)
{
    struct kube *kube = arg;
    /* What is asked for meanwhile waits for the next turn. */
    for (size_t left = kube->waiting_count; left > 0 && !list_is_empty(&kube->waiting); left--) {
        struct kube_request *first = LIST_ITEM(kube->waiting.next, struct kube_request, link);
        if (first->is_refused)
            refuse(first);
        else if (kube->running_count < KUBE_IN_FLIGHT_MAX)
            start(first);
        else
            return;
    }
}

struct kube_request *kube_request(struct kube *kube, const struct kube_request_options *options,
                                  kube_answer_fn done, void *arg)
{
    struct kube_request *request = MEM_NEW(struct kube_request);
    request->kube = kube;
    request->arena = arena_new(1024);
    request->options = *options;
    request->options.path = str_dup(request->arena, options->path);
    request->options.accept = str_dup(request->arena, options->accept);
    request->options.content_type = str_dup(request->arena, options->content_type);
    request->options.body = str_dup(request->arena, options->body);
    if (options->timeout_ms == 0)
        request->options.timeout_ms = KUBE_TIMEOUT_MS;
    request->done = done;
    request->arg = arg;
    request->is_refused = kube->waiting_count >= KUBE_WAITING_MAX;
    if (request->is_refused)
        list_push_front(&kube->waiting, &request->link);
    else
        list_push_back(&kube->waiting, &request->link);
    kube->waiting_count++;
    loop_defer(kube->loop, &kube->starting);
    return request;
}

struct kube_request *kube_request_cancel(struct kube_request *request)
{
    if (request == NULL)
        return NULL;
    (void)kube__transfer_cancel(request->transfer); /* always NULL */
    request_free(request);
    return NULL;
}

struct kube_request *kube_apply(struct kube *kube, const struct kube_apply_options *options,
                                kube_answer_fn done, void *arg)
{
    struct buf target;
    buf_init(&target, KUBE__TARGET_SIZE_MAX);
    kube__target_apply(&target, options);
    ASSERT(!buf_overflowed(&target));
    struct kube_request_options request = {
        .method = KUBE_PATCH,
        .path = buf_str(&target),
        .content_type = STR("application/apply-patch+yaml"),
        .body = options->body,
    };
    struct kube_request *started = kube_request(kube, &request, done, arg);
    buf_deinit(&target);
    return started;
}

void kube__requests_init(struct kube *kube)
{
    list_init(&kube->waiting);
    list_init(&kube->running);
    loop_deferred_init(&kube->starting, on_starting, kube);
}

void kube__requests_deinit(struct kube *kube)
{
    struct list *const lists[] = {&kube->waiting, &kube->running};
    for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
        LIST_FOR_EACH(node, lists[i]) {
            /* Always NULL. */
            (void)kube_request_cancel(LIST_ITEM(node, struct kube_request, link));
        }
    }
    loop_defer_cancel(&kube->starting);
}
