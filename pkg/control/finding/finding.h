/* Findings: what is not as the author of a manifest hoped, said so that they know what to do.
 *
 * A finding names the object, the field, what is wrong and what to write instead, with the place in
 * the file where there is one. Decoding, sources and the compiler add findings to a list; the tool
 * prints them, the operator will turn them into conditions. Texts are copied into the list. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/buf.h"
#include "core/base/str.h"

enum finding_severity {
    FINDING_ERROR,   /* this will not be served, or Kuma would have refused it */
    FINDING_WARNING, /* served, but probably not as meant */
};

/* A place in a file: both count from 1; 0 is unknown. */
struct finding_mark {
    uint32_t line;
    uint32_t column;
};

/* What a finding is about. A file that could not be read has no kind, mesh or name. */
struct finding_subject {
    struct str kind;
    struct str mesh;
    struct str name;
    struct str file;
};

struct finding {
    enum finding_severity severity;
    struct finding_subject subject;
    struct finding_mark mark;
    struct str field;   /* "conf.listeners[0].port", empty for the whole object */
    struct str message; /* one or two sentences: what is wrong, and the remedy */
};

struct finding_list;

/* A list takes at most this many; the last one then says how many more there were. */
#define FINDING_LIST_MAX 10000

MUST_USE struct finding_list *finding_list_new(void);
struct finding_list *finding_list_free(struct finding_list *list);
void finding_list_clear(struct finding_list *list);

void finding_add(struct finding_list *list, enum finding_severity severity,
                 const struct finding_subject *subject, struct finding_mark mark, struct str field,
                 const char *format, ...) PRINTF_LIKE(6, 7);

/* Copies every finding of `from`. */
void finding_add_all(struct finding_list *list, const struct finding_list *from);

size_t finding_count(const struct finding_list *list);
const struct finding *finding_get(const struct finding_list *list, size_t index);

/* "<field>: <message>" of the first of that severity, and how many more there are, in `arena`;
 * empty: there is none. */
struct str finding_summarise(struct arena *arena, const struct finding_list *list,
                             enum finding_severity severity);

/* Sorts by file, line, column, object, field, message, and drops repetitions. */
void finding_sort(struct finding_list *list);

/* The order of finding_sort; 0 is equal. */
int finding_compare(const struct finding *a, const struct finding *b);

/* Appends one line: "gateway.yaml:12:5: error: MeshGateway edge (mesh default):
 * conf.listeners[0].port: port must be in the range [1, 65535]". Untrusted bytes are escaped. */
void finding_print(const struct finding *finding, struct buf *buf);

/* A book of findings: what there is to say about each origin (a file, an object of a source), of
 * which the newest word replaces what was said before. */
struct finding_book;

MUST_USE struct finding_book *finding_book_new(void);
struct finding_book *finding_book_free(struct finding_book *book);

/* Everything there is to say about `origin`; an empty list takes back what was. Copied. */
void finding_book_set(struct finding_book *book, struct str origin,
                      const struct finding_list *findings);

/* Adds all that is said of any origin to `list`. */
void finding_book_collect(const struct finding_book *book, struct finding_list *list);

CLEANUP_DEFINE(struct finding_list, finding_list_free);
