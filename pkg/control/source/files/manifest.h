/* One manifest file, from its bytes to its objects. Private. */
#pragma once

#include "control/source/files/index.h"

/* Paths, each terminated. */
struct files__paths {
    VEC(char *) items;
};

void files__paths_add(struct files__paths *paths, struct str path);
void files__paths_clear(struct files__paths *paths);
bool files__paths_have(const struct files__paths *paths, struct str path);

/* Reads and decodes the file at `path`. Appends to `paths` every file whose change matters to it:
 * what its link leads to, and the files its data sources name.
 * ERR_NOT_FOUND: there is no such file. Other errors: it cannot be read or is no YAML, as a finding
 * in the content says. */
MUST_USE enum err files__manifest_read(const char *path, struct files__content *content,
                                       struct files__paths *paths);

/* As files__manifest_read, from the standard input. Relative paths in it are relative to the
 * working directory. */
MUST_USE enum err files__stdin_read(struct files__content *content, struct files__paths *paths);
