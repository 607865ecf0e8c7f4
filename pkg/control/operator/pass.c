/* Passes: everything is brought up to date with the cache, then with what proxies have answered. */
#include "control/operator/parts.h"
#include "core/base/clock.h"
#include "core/base/log.h"

void operator__touch(struct operator_handle *op)
{
    if (!op->is_settled)
        return;
    uint64_t wait_ms = holdoff_touch(&op->pass_holdoff, loop_now_ms(op->options.loop));
    loop_alarm_set(op->pass_alarm, wait_ms);
}

void operator__touch_status(struct operator_handle *op)
{
    if (!op->is_settled)
        return;
    uint64_t wait_ms = holdoff_touch(&op->status_holdoff, loop_now_ms(op->options.loop));
    loop_alarm_set(op->status_alarm, wait_ms);
}

/* The pods of gateways mount the ConfigMap; for those of instances it is there before they are. */
static void update_instances(struct operator_handle *op)
{
    const struct placement_groups *placement = op->groups.placement;
    operator__trust_spread_begin(&op->trust);
    for (size_t i = 0; i < placement->count; i++) {
        for (size_t j = 0; j < placement->items[i].pod_count; j++)
            operator__trust_spread(&op->trust, placement->items[i].pods[j]->namespace);
    }
    operator__instances_update(&op->instances);
    operator__trust_spread_end(&op->trust);
}

static void pass(struct operator_handle *op)
{
    holdoff_done(&op->pass_holdoff);
    loop_alarm_cancel(op->pass_alarm);
    const struct cache_changes changes = cache_take_changes(op->cache);
    const struct operator__pod_events events = operator__pod_events(op);
    op->groups.wall_ms = clock_wall_ms();
    operator__groups_update(&op->groups, &changes);
    operator__proxies_update(&op->proxies, op->cache, op->groups.placement, &events);
    operator__groups_drop(&op->groups);
    operator__serve(op);
}

void operator__on_pass(void *arg)
{
    struct operator_handle *op = arg;
    pass(op);
    operator__touch_status(op);
}

/* How long after the beginning proxies may still be on their way back. */
static uint64_t patience_end_ms(const struct operator_handle *op)
{
    return op->opened_ms + FEED_PAUSE_MAX_MS + OPERATOR_PATIENCE_MS;
}

static void log_findings(struct operator_handle *op, const struct compile_review *review)
{
    operator__reports_begin(&op->reports);
    operator__groups_collect(&op->groups, op->reports.now);
    finding_add_all(op->reports.now, review->findings);
    cache_collect_findings(op->cache, op->reports.now);
    operator__reports_end(&op->reports);
}

static void say_statuses(struct operator_handle *op)
{
    struct compile_review *review = operator__groups_review(&op->groups);
    log_findings(op, review);
    uint64_t now_ms = loop_now_ms(op->options.loop);
    const struct operator__view view = {
        .report = &review->report,
        .groups = &op->groups,
        .proxies = &op->proxies,
        .find = operator__find_pod,
        .find_arg = op,
        .now_ms = now_ms,
        .wall_ms = clock_wall_ms(),
        .patience_ms = op->stream != NULL ? patience_end_ms(op) : UINT64_MAX,
    };
    uint64_t again_ms = operator__statuses_say(&op->statuses, &view);
    review = compile_review_free(review);
    if (again_ms != UINT64_MAX && !loop_alarm_is_set(op->status_alarm))
        loop_alarm_set(op->status_alarm, again_ms);
}

/* What is said is of the cache as it is. */
void operator__on_status(void *arg)
{
    struct operator_handle *op = arg;
    holdoff_done(&op->status_holdoff);
    if (op->groups.placement == NULL || cache_has_changes(op->cache))
        pass(op);
    update_instances(op);
    say_statuses(op);
}
