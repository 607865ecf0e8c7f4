#include "control/pipeline/pipeline.h"

#include "control/cache/cache.h"
#include "control/compile/compile.h"
#include "control/pipeline/holdoff.h"
#include "core/base/map.h"
#include "core/base/mem.h"

struct pipeline {
    struct pipeline_options options;
    struct cache *cache;
    struct publish *publish;
    struct loop_alarm *alarm;
    struct holdoff holdoff;
    bool started;
    struct map *reports; /* what the source says of each origin: struct finding_list */
    struct finding_list *findings;
    struct placement *placement;
};

static void collect_reports(struct pipeline *pipeline)
{
    struct map_cursor at = {0};
    const struct finding_list *report;
    while ((report = map_next(pipeline->reports, &at)) != NULL)
        finding_add_all(pipeline->findings, report);
}

/* What decoding found stays with the objects; here it joins what only shows when all are seen. */
static void collect_decoding(struct pipeline *pipeline)
{
    for (enum api_kind kind = 0; kind < API_KINDS; kind++) {
        size_t count = 0;
        const struct api_object *const *objects = cache_list_all(pipeline->cache, kind, &count);
        for (size_t i = 0; i < count; i++)
            finding_add_all(pipeline->findings, objects[i]->findings);
    }
}

static void compile_now(void *arg)
{
    struct pipeline *pipeline = arg;
    holdoff_done(&pipeline->holdoff);
    finding_list_clear(pipeline->findings);
    placement_free(pipeline->placement);
    pipeline->placement = placement_new(pipeline->cache, &pipeline->options.placement,
                                        pipeline->findings);
    struct compile_input input = {
        .cache = pipeline->cache,
        .dataplanes = pipeline->placement->dataplanes,
        .dataplane_count = pipeline->placement->count,
    };
    const struct model_snapshot *snapshot = compile_snapshot(&input, pipeline->findings);
    input.dataplanes = pipeline->placement->known;
    input.dataplane_count = pipeline->placement->known_count;
    compile_review(&input, pipeline->findings);
    collect_decoding(pipeline);
    collect_reports(pipeline);
    finding_sort(pipeline->findings);
    publish_set(pipeline->publish, snapshot);
    model_snapshot_unref(snapshot);
    pipeline->options.compiled(pipeline->options.arg);
}

struct pipeline *pipeline_new(const struct pipeline_options *options)
{
    struct pipeline *pipeline = MEM_NEW(struct pipeline);
    pipeline->options = *options;
    pipeline->cache = cache_new();
    pipeline->publish = publish_new(options->send, options->arg);
    pipeline->alarm = loop_alarm_open(options->loop, compile_now, pipeline);
    pipeline->reports = map_new();
    pipeline->findings = finding_list_new();
    holdoff_init(&pipeline->holdoff, PIPELINE_QUIET_MS, PIPELINE_CEILING_MS);
    return pipeline;
}

static void reports_free(struct map *reports)
{
    struct map_cursor at = {0};
    struct finding_list *report;
    while ((report = map_next(reports, &at)) != NULL)
        finding_list_free(report);
    map_free(reports);
}

struct pipeline *pipeline_free(struct pipeline *pipeline)
{
    if (pipeline == NULL)
        return NULL;
    loop_alarm_close(pipeline->alarm);
    publish_free(pipeline->publish);
    placement_free(pipeline->placement);
    finding_list_free(pipeline->findings);
    reports_free(pipeline->reports);
    cache_free(pipeline->cache);
    return mem_free(pipeline);
}

static void touch(struct pipeline *pipeline)
{
    if (!pipeline->started)
        return;
    uint64_t wait_ms = holdoff_touch(&pipeline->holdoff, loop_now_ms(pipeline->options.loop));
    loop_alarm_set(pipeline->alarm, wait_ms);
}

static void on_apply(void *arg, const struct api_object *object)
{
    struct pipeline *pipeline = arg;
    cache_put(pipeline->cache, object);
    touch(pipeline);
}

static void on_remove(void *arg, const struct api_key *key)
{
    struct pipeline *pipeline = arg;
    cache_remove(pipeline->cache, key);
    touch(pipeline);
}

static void on_report(void *arg, struct str origin, const struct finding_list *findings)
{
    struct pipeline *pipeline = arg;
    finding_list_free(map_remove(pipeline->reports, origin));
    if (finding_count(findings) > 0) {
        struct finding_list *copy = finding_list_new();
        finding_add_all(copy, findings);
        (void)map_set(pipeline->reports, origin, copy); /* just removed: replaces nothing */
    }
    touch(pipeline);
}

static void on_settled(void *arg)
{
    struct pipeline *pipeline = arg;
    if (pipeline->started)
        return;
    pipeline->started = true;
    compile_now(pipeline);
}

struct source_events pipeline_events(struct pipeline *pipeline)
{
    return (struct source_events){
        .apply = on_apply,
        .remove = on_remove,
        .report = on_report,
        .settled = on_settled,
        .arg = pipeline,
    };
}

struct publish *pipeline_publish(struct pipeline *pipeline)
{
    return pipeline->publish;
}

const struct finding_list *pipeline_findings(const struct pipeline *pipeline)
{
    return pipeline->findings;
}

const struct placement *pipeline_placement(const struct pipeline *pipeline)
{
    return pipeline->placement;
}
