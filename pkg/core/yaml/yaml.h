/* YAML streams, JSON texts included, composed into jv trees that know line and column; and trees
 * printed as YAML.
 *
 * Plain scalars mean what they mean to kubectl (sigs.k8s.io/yaml, which reads YAML 1.1): null,
 * true/false, yes/no, on/off and y/n in their usual cases, integers (decimal, 0x, 0o and leading
 * 0 for octal, 0b, digits parted by "_"), floats. Everything else, every quoted or block scalar and
 * every timestamp is a string. Numbers become JSON literals without losing a digit.
 *
 * Stricter than kubectl where silence would hide a mistake: a key that is no string (`on:`, `1:`),
 * a key written twice, an unknown tag, .inf and .nan are errors with their place. Merge keys (`<<`)
 * work: what is written beside them wins, then the earlier of several.
 *
 * Aliases share the tree of their anchor, so that they cost no memory; the bounds count them as
 * often as they are written, so that walking a tree is bounded as well. Pure; any thread.
 * Source: YAML 1.1, https://yaml.org/type/ for the types. */
#pragma once

#include "core/base/arena.h"
#include "core/base/attr.h"
#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/str.h"
#include "core/json/json.h"

/* Bytes of a stream: room for 20,000 routes in one file. */
#define YAML_SIZE_MAX ((size_t)8 * 1024 * 1024)

/* Values of a stream, those behind aliases counted at each use; one costs some 100 bytes. There may
 * be so many, and one more for every YAML_NODE_SIZE bytes of text: manifests have longer ones, and
 * what 1.5 MiB, the most that an API server takes, unfold into is bounded by 32 MiB. */
#define YAML_NODES_MAX ((size_t)50 * 1000)
#define YAML_NODE_SIZE ((size_t)10)

/* Members of an object. */
#define YAML_MEMBERS_MAX ((size_t)20 * 1000)

/* Anchors of a document. */
#define YAML_ANCHORS_MAX ((size_t)10 * 1000)

/* Documents of a stream, the empty ones too. */
#define YAML_DOCUMENTS_MAX ((size_t)20 * 1000)

/* A stream's documents that are not empty. */
struct yaml_stream {
    const struct jv *const *documents;
    size_t count;
};

struct yaml_error {
    struct jv_mark mark;
    char message[ERR_MESSAGE_MAX];
};

/* Composes `text` into `arena`; nothing of the result points into `text`.
 * ERR_INVALID: it is not well-formed, or one of the errors above; ERR_LIMIT: a bound or the depth
 * JV_DEPTH_MAX is passed. Both fill `reterr`. */
MUST_USE enum err yaml_parse(struct arena *arena, struct str text, struct yaml_stream *ret_stream,
                             struct yaml_error *reterr);

/* Between the documents of a stream. */
#define YAML_SEPARATOR STR("---\n")

/* Appends `value` as one document, in block style, members in their order and no line folded.
 * yaml_parse reads the same tree from it, within its bounds, and so do readers of YAML 1.1 and 1.2:
 * a string that one of them takes for something else stands in quotes, one of several lines in a
 * literal block where that keeps every byte. Strings have to be UTF-8, as those of yaml_parse are.
 * Whether everything fitted is the buffer's to say (buf_overflowed). */
void yaml_print(const struct jv *value, struct buf *buf);
