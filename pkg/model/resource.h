/* How resources are made and printed. Private to model. */
#pragma once

#include "core/base/hash.h"
#include "core/json/json.h"
#include "model/model.h"

/* Brings a copy of a resource's content into the one form that its meaning has. */
void model__settle(enum model_kind kind, void *content);

/* The digest of such a resource, whose content is settled. Different contents have different ones,
 * and so have different kinds. */
struct model_digest model__digest(enum model_kind kind, const void *content);

/* Writes the resource as one object. */
void model__resource_write(struct jv_writer *writer, const struct model_resource *resource,
                           bool redacted);

/* The index of that resource in the snapshot; its count: it has none. */
size_t model__snapshot_index(const struct model_snapshot *snapshot, enum model_kind kind,
                             struct str name);

/* For tables of this process by kind and name. */
static inline uint64_t model__name_hash(enum model_kind kind, struct str name)
{
    return hash_str(name) + (uint64_t)kind;
}

/* The hash of its own, which is known. */
uint64_t model__resource_hash(const struct model_resource *resource);

/* By kind, then name: the order of snapshots. */
int model__resource_compare(const struct model_resource *a, const struct model_resource *b);

/* How kinds are written, by their values, and read; ends with NULL. */
extern const char *const model__kind_names[MODEL_KINDS + 1];

/* Lower-case hex. */
struct model__hex {
    char text[2 * MODEL_DIGEST_SIZE + 1];
};
struct model__hex model__digest_hex(const struct model_digest *digest);
