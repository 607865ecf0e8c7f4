/* Which file says what, and what of it counts. Pure. Private.
 *
 * Changes are collected by put, keep and drop; flush sends what results: for each key that was
 * touched the object of the first file by name (in one file: of the first document), and for each
 * file that was touched its report. */
#pragma once

#include "control/source/files/files.h"
#include "control/source/source.h"
#include "core/base/vec.h"

struct files__index;

/* What one file holds. */
struct files__content {
    VEC(const struct api_object *) objects; /* one reference each */
    struct finding_list *problems;          /* besides the objects' own */
    /* Set by whoever reads it: */
    bool has_former;               /* the file could be read before */
    files_document_fn on_document; /* is told each document; NULL: nobody is */
    void *arg;
};

void files__content_init(struct files__content *content);
void files__content_deinit(struct files__content *content);

/* Borrows `events`. */
MUST_USE struct files__index *files__index_new(const struct source_events *events);

/* Drops everything without events. */
struct files__index *files__index_free(struct files__index *index);

/* The file now holds `content`, which is emptied. */
void files__index_put(struct files__index *index, struct str file, struct files__content *content);

/* The file could not be read, as the problems in `content` say; its objects stay. Empties it. */
void files__index_keep(struct files__index *index, struct str file, struct files__content *content);

/* The file is no more. */
void files__index_drop(struct files__index *index, struct str file);

void files__index_flush(struct files__index *index);
