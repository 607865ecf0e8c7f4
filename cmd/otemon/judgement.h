/* What commands that read manifests say of them: findings as lines for people, or as JSON for
 * programs, and an exit status. */
#pragma once

#include <stdio.h>

#include "command/command.h"
#include "control/finding/finding.h"
#include "core/base/buf.h"

enum judgement_status {
    JUDGEMENT_CLEAN = EXIT_DONE,
    JUDGEMENT_FINDINGS = EXIT_FAILED,
    JUDGEMENT_UNREADABLE = EXIT_USAGE,
};

/* The exit status: `unreadable` is how many paths could not be read. */
int judgement_status(size_t unreadable, const struct finding_list *findings);

/* FINDING_LIST_MAX findings with messages of their longest and long names, as JSON. */
#define JUDGEMENT_SIZE_MAX ((size_t)64 * 1024 * 1024)

/* Appends one line for each finding. */
void judgement_print_text(const struct finding_list *findings, struct buf *buf);

/* Appends one array, with one line for each finding:
 *
 *     {"field":"conf.listeners[0].port","file":"gateway.yaml","kind":"MeshGateway","line":12,
 *      "mesh":"default","message":"port must be ...","name":"edge","severity":"error"}
 *
 * What is not known of a finding is "", and 0 for its line. */
void judgement_print_json(const struct finding_list *findings, struct buf *buf);

/* Prints the findings in one of the two forms. Where nobody reads any more, there is nobody to
 * tell. */
void judgement_write(const struct finding_list *findings, bool is_json, FILE *stream);
