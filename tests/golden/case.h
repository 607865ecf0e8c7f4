/* One golden case: manifests read into a cache, and what the compiler makes of them. */
#pragma once

#include "control/placement/placement.h"
#include "core/base/buf.h"

struct golden_objects; /* decoded documents, in the order of their files */

struct golden_objects *golden_objects_new(void);
struct golden_objects *golden_objects_free(struct golden_objects *objects);

/* Adds the documents of `<directory>/<file>`; ends the program if it is not readable YAML. */
void golden_objects_read(struct golden_objects *objects, const char *directory, const char *file);

/* The outcome of one compilation. */
struct golden_outcome {
    const struct model_snapshot *snapshot;
    struct finding_list *findings; /* sorted */
};

/* Compiles the objects, put into the cache in their order or in the opposite one, as `otemon run`
 * would with `options`. */
struct golden_outcome golden_compile(const struct golden_objects *objects, bool turned,
                                     const struct placement_options *options);
void golden_outcome_deinit(struct golden_outcome *outcome);

/* Appends a resource per line, a rule or chain per line, without keys and with certificates named
 * by their fingerprint alone. */
void golden_print_snapshot(const struct model_snapshot *snapshot, struct buf *buf);

void golden_print_findings(const struct finding_list *findings, struct buf *buf);
