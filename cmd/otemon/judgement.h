/* What `otemon validate` prints: findings as lines for people, or as JSON for programs. */
#pragma once

#include "control/finding/finding.h"
#include "core/base/buf.h"

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
