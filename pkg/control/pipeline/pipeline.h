/* The pipeline: from objects that a source delivers to transactions that a proxy applies.
 *
 *     source ─> cache ─> hold-off ─> placement ─> compile ─> publish ─> send
 *
 * A burst of changes is compiled once: PIPELINE_QUIET_MS after its last change, but no later than
 * PIPELINE_CEILING_MS after its first. A change of back ends alone compiles no routes. Nothing is
 * compiled before the source has settled for the
 * first time, so that half a directory is never served. Everything runs on one loop. */
#pragma once

#include "control/compile/compile.h"
#include "control/finding/finding.h"
#include "control/placement/placement.h"
#include "control/publish/publish.h"
#include "control/source/source.h"
#include "core/loop/loop.h"

#define PIPELINE_QUIET_MS   2
#define PIPELINE_CEILING_MS 20

struct pipeline;

/* A compile is through: findings and placement are new, and a transaction may be under way. */
typedef void (*pipeline_compiled_fn)(void *arg);

struct pipeline_options {
    struct loop *loop;
    struct placement_options placement; /* borrowed as long as the pipeline lives */
    publish_send_fn send;               /* see publish.h; answers go to pipeline_publish */
    pipeline_compiled_fn compiled;
    void *arg; /* of both */
    /* The time of day, for what is said of certificates that are out of date; NULL: nothing is. */
    uint64_t (*wall_ms)(void);
};

MUST_USE struct pipeline *pipeline_new(const struct pipeline_options *options);

/* Drops what waits; neither callback runs any more. Takes NULL, returns NULL. */
struct pipeline *pipeline_free(struct pipeline *pipeline);

/* What a source has to be given to feed this pipeline. Valid as long as the pipeline lives. */
struct source_events pipeline_events(struct pipeline *pipeline);

/* Where the proxy's answers go, and what it serves. Borrowed. */
struct publish *pipeline_publish(struct pipeline *pipeline);

/* What source, decoding, placement and compiler found last, sorted. Borrowed until the next
 * compile. */
const struct finding_list *pipeline_findings(const struct pipeline *pipeline);

/* The dataplanes compiled last, or NULL before the first compile. Borrowed until the next one. */
const struct placement *pipeline_placement(const struct pipeline *pipeline);

/* What was compiled so far, rather than remembered. */
struct compile_counts pipeline_counts(const struct pipeline *pipeline);
