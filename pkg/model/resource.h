/* How resources are built and printed. Private to model. */
#pragma once

#include "core/base/arena.h"
#include "core/json/json.h"
#include "model/model.h"

struct model__draft; /* a resource that is not frozen yet */

/* Starts a resource; its content and what that points at go into the arena. */
struct model__draft *model__draft_new(enum model_kind kind, struct str name,
                                      struct arena **ret_arena);

/* Takes over the draft: computes the digest of `content`, which lies in its arena. */
const struct model_resource *model__draft_freeze(struct model__draft *draft, const void *content);

/* Copies of lists, with the texts. */
struct model_names model__names_copy(struct arena *arena, struct model_names names);
struct model_names model__names_sorted(struct arena *arena, struct model_names names);

/* Write one object each, kind and name included. */
void model__listener_write(struct jv_writer *writer, const struct model_listener *listener);
void model__virtual_host_write(struct jv_writer *writer, const struct model_virtual_host *host);
void model__route_write(struct jv_writer *writer, const struct model_route *route);
void model__cluster_write(struct jv_writer *writer, const struct model_cluster *cluster);
void model__endpoint_set_write(struct jv_writer *writer, const struct model_endpoint_set *set);
void model__secret_write(struct jv_writer *writer, const struct model_secret *secret,
                         bool redacted);

/* Writes the resource as one object. */
void model__resource_write(struct jv_writer *writer, const struct model_resource *resource,
                           bool redacted);

/* Writes a member. Members come in byte order of their keys. */
void model__write_names(struct jv_writer *writer, struct str key, struct model_names names);

/* The index of that resource in the snapshot; its count: it has none. */
size_t model__snapshot_index(const struct model_snapshot *snapshot, enum model_kind kind,
                             struct str name);

/* By kind, then name: the order of snapshots. */
int model__resource_compare(const struct model_resource *a, const struct model_resource *b);

/* How enumerators are written, by their values, and read; each list ends with NULL. */
extern const char *const model__kind_names[MODEL_KINDS + 1];
extern const char *const model__protocol_names[];
extern const char *const model__path_match_names[];
extern const char *const model__action_names[];

/* Lower-case hex. */
struct model__hex {
    char text[2 * MODEL_DIGEST_SIZE + 1];
};
struct model__hex model__digest_hex(const struct model_digest *digest);
