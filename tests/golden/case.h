/* One golden case: manifests read into a cache, and what the compiler makes of them. */
#pragma once

#include "control/placement/placement.h"
#include "core/base/buf.h"

struct golden_objects; /* decoded documents, in the order of their files */

struct golden_objects *golden_objects_new(void);
struct golden_objects *golden_objects_free(struct golden_objects *objects);

/* Whether any of them is of that kind. */
bool golden_objects_have(const struct golden_objects *objects, enum api_kind kind);

struct golden_reading {
    bool is_cluster; /* Services, EndpointSlices and Pods are as an API server delivers them */
    bool is_printed; /* manifests are printed, and decoded from that */
    bool is_turned;  /* into the other envelope; what it has no place for stays */
};

/* Adds the documents of `<directory>/<file>`; ends the program if it is not readable YAML. */
void golden_objects_read(struct golden_objects *objects, const char *directory, const char *file,
                         struct golden_reading how);

/* The outcome of one compilation. */
struct golden_outcome {
    const struct model_snapshot *snapshot;
    struct finding_list *findings; /* sorted */
    struct buf report;             /* printed */
};

/* How to compile. */
struct golden_options {
    bool turned; /* the objects come in the opposite order */
    const struct placement_options *placement;
    struct compile_memory *memory; /* NULL: none */
};

/* Compiles the objects as `otemon run` would. */
struct golden_outcome golden_compile(const struct golden_objects *objects,
                                     const struct golden_options *options);
void golden_outcome_deinit(struct golden_outcome *outcome);

/* Appends a resource per line, a rule or chain per line, without keys and with certificates named
 * by their fingerprint alone. */
void golden_print_snapshot(const struct model_snapshot *snapshot, struct buf *buf);

/* Appends a gateway, listener, route or parent per line, and each condition that is not ok below.
 */
void golden_print_report(const struct compile_report *report, struct buf *buf);

void golden_print_findings(const struct finding_list *findings, struct buf *buf);
