/* A source of resources: a directory of manifests, in files named *.yaml, *.yml and *.json.
 *
 * Subdirectories belong to it, hidden names and directories behind symbolic links do not. A file is
 * read when its writer closed it, when it was renamed into place, or when it has been quiet for
 * FILES_QUIET_MS after any other change. What was written anew while it was read waits for quiet
 * too, and so does an empty file: a rewrite never makes objects vanish. Files in a ConfigMap or
 * Secret volume are read when its `..data` link is swapped. What `file:` data sources name,
 * relative to their manifest, is read and watched as well.
 *
 * A file that cannot be read, or is no YAML, keeps the objects of its last readable version and is
 * reported. An object that two files define is that of the first by name; the other is reported.
 * When the directory itself is gone, everything is kept until it is back.
 *
 * Opened on a loop, it blocks that loop while it reads. Findings name files as they were found:
 * `directory`, "/", and the path below it. */
#pragma once

#include "control/source/source.h"
#include "core/base/err.h"
#include "core/loop/loop.h"

/* How long a file has to be quiet that nobody closed. */
#define FILES_QUIET_MS 200

/* Manifests of one directory; the rest is reported. */
#define FILES_MAX 20000

/* Levels of subdirectories; deeper ones are reported. */
#define FILES_DEPTH_MAX 8

struct files;

/* Reads the directory and delivers everything before it returns; then, unless `loop` is NULL,
 * watches it. The events are copied.
 * ERR_NOT_FOUND, ERR_UNAUTHORISED, ERR_SYSTEM: the directory cannot be read. ERR_LIMIT: the kernel
 * allows no more watches. An error comes before any event. */
MUST_USE enum err files_open(struct loop *loop, const char *directory,
                             const struct source_events *events, struct files **ret_files,
                             struct err_info *reterr);

/* What files_read was asked for. */
struct files_paths {
    const char *const *items; /* files of any name, directories, and "-": the standard input */
    size_t count;
};

/* Reads each path once, delivers everything and watches nothing. What cannot be read is reported,
 * each file under its own name, the standard input as FILES_STDIN; the others are read all the
 * same. Returns how many that were: files and directories that cannot be read, or are no YAML. */
size_t files_read(struct files_paths paths, const struct source_events *events);

#define FILES_STDIN "<stdin>"

struct files_document {
    struct str file;
    const struct jv *document;
    const struct api_object *object; /* what it was decoded to; NULL: it is none that we keep, */
    bool is_foreign;                 /* and nothing was said of it: it is somebody else's */
};

/* Borrowed until it returns. */
typedef void (*files_document_fn)(void *arg, const struct files_document *document);

/* As files_read, for who wants the documents themselves: each in its place, whether or not another
 * one defines the same object. What is said of the origins is added to `problems`; what is said of
 * an object is in its findings. */
size_t files_read_documents(struct files_paths paths, struct finding_list *problems,
                            files_document_fn on_document, void *arg);

/* Ends without events. Takes NULL, returns NULL. */
struct files *files_close(struct files *files);
