/* What lies in a directory. Private. */
#pragma once

#include "control/source/files/manifest.h"

/* "*.yaml", "*.yml" or "*.json", not hidden. */
bool files__is_manifest_name(struct str name);

/* Appends the directories below and with `directory`, and the manifests in them,
 * sorted. What passes a
 * bound or cannot be read is a finding. Errors: `directory` itself cannot be read. */
MUST_USE enum err files__scan(const char *directory, struct files__paths *directories,
                              struct files__paths *manifests, struct finding_list *problems,
                              struct err_info *reterr);
