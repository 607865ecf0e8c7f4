#include "control/pipeline/pipeline.h"

#include "control/cache/cache.h"
#include "control/compile/compile.h"
#include "control/discovery/discovery.h"
#include "control/holdoff/holdoff.h"
#include "core/base/mem.h"

struct pipeline {
    struct pipeline_options options;
    struct cache *cache;
    struct publish *publish;
    struct loop_alarm *alarm;
    struct holdoff holdoff;
    bool started;
    struct finding_book *reports; /* what the source says */
    struct finding_list *findings;

    /* What the last compile left, each until what it was made from changes. */
    struct compile_memory *memory;
    struct placement *placement;
    struct finding_list *placement_findings;
    const struct compile_draft *draft;
    struct discovery *discovery;
    struct compile_result *result;
    struct compile_review *review;
};

static uint64_t wall_ms(const struct pipeline *pipeline)
{
    return pipeline->options.wall_ms == NULL ? 0 : pipeline->options.wall_ms();
}

/* Routes, gateways, or who serves them: the first half of the compiler has to run. */
static void compile_routes(struct pipeline *pipeline)
{
    finding_list_clear(pipeline->placement_findings);
    pipeline->placement = placement_free(pipeline->placement);
    pipeline->placement = placement_new(pipeline->cache, &pipeline->options.placement,
                                        pipeline->placement_findings);
    const struct compile_input input = {
        .cache = pipeline->cache,
        .dataplanes = pipeline->placement->dataplanes,
        .dataplane_count = pipeline->placement->count,
        .elsewhere = pipeline->placement->elsewhere,
        .elsewhere_count = pipeline->placement->elsewhere_count,
        .is_partial = pipeline->options.placement.is_partial,
        .checks_secrets = true,
        .wall_ms = wall_ms(pipeline),
    };
    pipeline->draft = compile_draft_unref(pipeline->draft);
    pipeline->draft = compile_draft_new(&input, pipeline->memory);
}

/* The second half, which is all that a change of back ends needs. */
static void compile_back_ends(struct pipeline *pipeline)
{
    pipeline->review = compile_review_free(pipeline->review);
    pipeline->result = compile_result_free(pipeline->result);
    pipeline->result = compile_result_new(pipeline->draft, pipeline->discovery, pipeline->memory);
    const struct compile_input known = {
        .cache = pipeline->cache,
        .dataplanes = pipeline->placement->known,
        .dataplane_count = pipeline->placement->known_count,
        .is_partial = pipeline->options.placement.is_partial,
        .wall_ms = wall_ms(pipeline),
    };
    const struct compile_result *results[] = {pipeline->result};
    pipeline->review = compile_review_new(&known, results, ARRAY_SIZE(results));
}

/* What decoding found stays with the objects; here it joins what only shows when all are seen. */
static void collect_findings(struct pipeline *pipeline)
{
    finding_list_clear(pipeline->findings);
    finding_add_all(pipeline->findings, pipeline->placement_findings);
    finding_add_all(pipeline->findings, pipeline->result->findings);
    finding_add_all(pipeline->findings, pipeline->review->findings);
    cache_collect_findings(pipeline->cache, pipeline->findings);
    finding_book_collect(pipeline->reports, pipeline->findings);
    finding_sort(pipeline->findings);
}

static void compile_now(void *arg)
{
    struct pipeline *pipeline = arg;
    holdoff_done(&pipeline->holdoff);
    struct cache_changes changes = cache_take_changes(pipeline->cache);
    bool is_first = pipeline->draft == NULL;
    if (is_first || changes.mesh_count > 0)
        compile_routes(pipeline);
    if (is_first || changes.back_ends)
        pipeline->discovery = discovery_next(pipeline->discovery, pipeline->cache, &changes);
    if (is_first || changes.mesh_count > 0 || changes.back_ends)
        compile_back_ends(pipeline);
    collect_findings(pipeline);
    publish_set(pipeline->publish, pipeline->result->snapshot);
    pipeline->options.compiled(pipeline->options.arg);
}

struct pipeline *pipeline_new(const struct pipeline_options *options)
{
    struct pipeline *pipeline = MEM_NEW(struct pipeline);
    pipeline->options = *options;
    pipeline->cache = cache_new();
    pipeline->publish = publish_new(options->send, options->arg);
    pipeline->alarm = loop_alarm_open(options->loop, compile_now, pipeline);
    pipeline->reports = finding_book_new();
    pipeline->findings = finding_list_new();
    pipeline->placement_findings = finding_list_new();
    pipeline->memory = compile_memory_new();
    holdoff_init(&pipeline->holdoff, PIPELINE_QUIET_MS, PIPELINE_CEILING_MS);
    return pipeline;
}

struct pipeline *pipeline_free(struct pipeline *pipeline)
{
    if (pipeline == NULL)
        return NULL;
    loop_alarm_close(pipeline->alarm);
    publish_free(pipeline->publish);
    compile_review_free(pipeline->review);
    compile_result_free(pipeline->result);
    compile_draft_unref(pipeline->draft);
    compile_memory_free(pipeline->memory);
    discovery_free(pipeline->discovery);
    placement_free(pipeline->placement);
    finding_list_free(pipeline->placement_findings);
    finding_list_free(pipeline->findings);
    finding_book_free(pipeline->reports);
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
    finding_book_set(pipeline->reports, origin, findings);
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

struct compile_counts pipeline_counts(const struct pipeline *pipeline)
{
    return compile_memory_counts(pipeline->memory);
}
