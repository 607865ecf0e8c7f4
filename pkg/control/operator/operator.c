#include "control/operator/operator.h"

#include "control/operator/parts.h"
#include "core/base/log.h"
#include "core/base/mem.h"

/* Where pods of a gateway listen: on all of their addresses. */
#define GATEWAY_ADDRESS STR("::")

/* ---- Events of the source ---- */

static void on_apply(void *arg, const struct api_object *object)
{
    struct operator_handle *op = arg;
    cache_put(op->cache, object);
    if (cache_has_changes(op->cache))
        operator__touch(op);
}

static bool has_status(const struct operator_handle *op, enum api_kind kind)
{
    return api_kind_plural(kind).size > 0 && !op->statuses.lacks_status[kind];
}

/* Nothing is to be said of what is gone. */
static void forget_status(struct operator_handle *op, const struct api_key *key)
{
    const struct api_object *object = cache_find(op->cache, key);
    if (object == NULL || !has_status(op, key->kind))
        return;
    CLEANUP(arena_free) struct arena *arena = arena_new(256);
    struct str path = operator__status_path(arena, object);
    operator__records_forget(&op->records, path);
    apply_forget(op->apply, path);
}

static void on_remove(void *arg, const struct api_key *key)
{
    struct operator_handle *op = arg;
    forget_status(op, key);
    cache_remove(op->cache, key);
    operator__touch(op);
}

static void on_report(void *arg, struct str origin, const struct finding_list *findings)
{
    struct operator_handle *op = arg;
    finding_book_set(op->reports.source, origin, findings);
    operator__touch_status(op);
}

static void on_settled(void *arg)
{
    struct operator_handle *op = arg;
    if (op->is_settled)
        return;
    op->is_settled = true;
    LOG(LOG_INFO, "everything was listed");
    operator__touch(op);
}

/* What stands in the status may be somebody else's. */
static void on_document(void *arg, const struct api_object *object, const struct jv *document)
{
    struct operator_handle *op = arg;
    if (!has_status(op, object->key.kind))
        return;
    CLEANUP(arena_free) struct arena *arena = arena_new(256);
    struct str path = operator__status_path(arena, object);
    if (!operator__records_see(&op->records, path, object->uid, jv_get(document, STR("status"))))
        return;
    apply_forget(op->apply, path);
    operator__touch_status(op);
}

static void on_lost(void *arg, struct str path)
{
    const struct operator_handle *op = arg;
    apply_forget(op->apply, path);
}

/* Where a kind had no status subresource, nothing that was said has arrived. */
static void note_status(struct operator_handle *op, const struct kube_source_kind *kind)
{
    bool *lacks_status = &op->statuses.lacks_status[kind->kind];
    bool has_come = *lacks_status && !kind->lacks_status && kind->state == KUBE_WATCH_READY;
    *lacks_status = kind->lacks_status || (*lacks_status && !has_come);
    if (!has_come)
        return;
    operator__records_lose(&op->records, on_lost, op);
    operator__touch_status(op);
}

static void on_kind(void *arg, const struct kube_source_kind *kind)
{
    struct operator_handle *op = arg;
    struct str message = str_of(kind->message);
    if (message.size > 0)
        LOG(LOG_WARNING, "a kind is not as it should be", LOG_STR("kind", kind->name),
            LOG_STR("reason", message));
    else if (kind->state == KUBE_WATCH_READY)
        LOG(LOG_INFO, "a kind is watched", LOG_STR("kind", kind->name));
    note_status(op, kind);
}

/* ---- Open ---- */

static void on_instance_changed(void *arg)
{
    operator__touch_status(arg);
}

static void parts_init(struct operator_handle *op)
{
    const struct operator_options *options = &op->options;
    const struct placement_group_options placement = {
        .address = GATEWAY_ADDRESS,
        .namespaces = options->gateway_namespaces,
        .namespace_count = options->gateway_namespace_count,
    };
    const struct operator__group_events events = operator__group_events(op);
    const struct operator__trust_options trust = {
        .loop = options->loop,
        .kube = options->kube,
        .apply = op->apply,
        .system_namespace = options->system_namespace,
        .leaf = operator__on_leaf,
        .arg = op,
    };
    operator__reports_init(&op->reports);
    operator__records_init(&op->records);
    operator__groups_init(&op->groups, op->cache, &placement, &events);
    operator__proxies_init(&op->proxies);
    operator__statuses_init(&op->statuses, &op->records, op->apply);
    operator__reviews_init(&op->reviews, options->kube);
    operator__trust_init(&op->trust, &trust);
}

static void instances_init(struct operator_handle *op)
{
    const struct operator_options *options = &op->options;
    const struct operator__instances_options instances = {
        .kube = options->kube,
        .apply = op->apply,
        .cache = op->cache,
        .trust = &op->trust,
        .statuses = &op->statuses,
        .instance =
            {
                .proxy_image = options->proxy_image,
                .pull_policy = options->proxy_pull_policy,
                .operator_address = op->address,
                .ca_map = STR(OPERATOR_CA_MAP),
                .drain_delay_s = OPERATOR_DRAIN_DELAY_S,
                .drain_time_s = OPERATOR_DRAIN_TIME_S,
            },
        .namespaces = options->gateway_namespaces,
        .namespace_count = options->gateway_namespace_count,
        .changed = on_instance_changed,
        .arg = op,
    };
    operator__instances_init(&op->instances, &instances);
}

static void source_open(struct operator_handle *op)
{
    const struct source_events events = {
        .apply = on_apply,
        .remove = on_remove,
        .report = on_report,
        .settled = on_settled,
        .arg = op,
    };
    const struct kube_source_options options = {
        .loop = op->options.loop,
        .kube = op->options.kube,
        .system_namespace = op->options.system_namespace,
        .events = &events,
        .kind = on_kind,
        .document = on_document,
        .arg = op,
    };
    op->source = kube_source_open(&options);
}

struct operator_handle *operator_open(const struct operator_options *options)
{
    struct operator_handle *op = MEM_NEW(struct operator_handle);
    op->options = *options;
    op->arena = arena_new(256);
    op->address = str_format(op->arena, OPERATOR_SERVICE ".%.*s.svc:%d",
                             STR_ARG(options->system_namespace), OPERATOR_SERVICE_PORT);
    op->cache = cache_new();
    op->apply = apply_new(options->loop, operator__send, op);
    list_init(&op->sent);
    holdoff_init(&op->pass_holdoff, OPERATOR_QUIET_MS, OPERATOR_CEILING_MS);
    holdoff_init(&op->status_holdoff, OPERATOR_STATUS_QUIET_MS, OPERATOR_STATUS_CEILING_MS);
    op->pass_alarm = loop_alarm_open(options->loop, operator__on_pass, op);
    op->status_alarm = loop_alarm_open(options->loop, operator__on_status, op);
    operator__serving_init(op);
    parts_init(op);
    instances_init(op);
    source_open(op);
    operator__metrics_open(op);
    return op;
}

/* ---- Close ---- */

void operator_stop(struct operator_handle *op)
{
    op->source = kube_source_close(op->source);
    operator__instances_deinit(&op->instances);
    operator__trust_deinit(&op->trust);
    operator__reviews_deinit(&op->reviews);
    operator__unsend(op);
    op->pass_alarm = loop_alarm_close(op->pass_alarm);
    op->status_alarm = loop_alarm_close(op->status_alarm);
    loop_defer_cancel(&op->opening);
    op->is_settled = false; /* nothing is touched any more */
    op->is_stopped = true;
}

struct operator_handle *operator_free(struct operator_handle *op)
{
    if (op == NULL)
        return NULL;
    op->stream = stream_free(op->stream);
    operator__statuses_deinit(&op->statuses);
    operator__proxies_deinit(&op->proxies);
    operator__groups_deinit(&op->groups);
    operator__records_deinit(&op->records);
    operator__reports_deinit(&op->reports);
    op->apply = apply_free(op->apply);
    op->cache = cache_free(op->cache);
    op->arena = arena_free(op->arena);
    return mem_free(op);
}

/* ---- What people ask ---- */

bool operator_is_ready(const struct operator_handle *op, struct buf *reasons)
{
    size_t count = op->source == NULL ? 0 : kube_source_kind_count(op->source);
    for (size_t i = 0; i < count; i++) {
        struct kube_source_kind kind = kube_source_kind(op->source, i);
        if (kind.message[0] != '\0')
            buf_printf(reasons, "%.*s: %s\n", STR_ARG(kind.name), kind.message);
        else if (!kind.is_settled)
            buf_printf(reasons, "%.*s: was not listed yet\n", STR_ARG(kind.name));
    }
    if (op->trust.authority == NULL)
        buf_append(reasons, STR("the Secret of the operator's authority was not read yet\n"));
    else if (op->stream == NULL)
        buf_append(reasons, STR("proxies are not served yet\n"));
    return op->stream != NULL;
}

void operator_dump(const struct operator_handle *op, struct buf *json)
{
    struct map_cursor at = {0};
    const struct operator__group *group;
    bool any = false;
    buf_append_char(json, '{');
    while ((group = map_next(op->groups.by_key, &at)) != NULL) {
        if (any)
            buf_append_char(json, ',');
        any = true;
        log_append_json(json, group->key);
        buf_append_char(json, ':');
        model_snapshot_print(group->result->snapshot, true, json);
    }
    buf_append_char(json, '}');
}
