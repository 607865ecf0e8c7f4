/* A source of resources: the API server of a cluster.
 *
 * Each kind has a watch of its own (control/kube); Secrets have two, since field selectors know no
 * "or", and only those of the system namespace and of two types are ever asked for. Of Pods only
 * metadata come. Objects are decoded once, as they come; what cannot be decoded is reported and
 * costs only itself.
 *
 * Every kind may be missing: it is waited for and picked up when it is installed, without a
 * restart. So is the status subresource of Kuma's kinds, which the definitions of Kuma do not have.
 * MeshGateway, MeshGatewayRoute and MeshGatewayInstance are missed aloud; of the others a cluster
 * has those that it needs, with Kuma's definitions or ours.
 *
 *     kube_source_open ... events ... kube_source_close */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/kube/kube.h"
#include "control/source/source.h"

struct kube_source;

/* How often a kind that is absent, or without a status subresource, is looked for again. */
#define KUBE_SOURCE_LOOK_MS 5000U

/* One of the things that are watched. */
struct kube_source_kind {
    struct str name; /* "MeshGateway", "Secret (kubernetes.io/tls)" */
    enum api_kind kind;
    enum kube_watch_state state;
    bool is_settled;     /* it was listed, or is absent */
    bool lacks_status;   /* its status cannot be written */
    const char *message; /* what is wrong with it and the remedy, or empty; borrowed */
};

struct kube_source_options {
    struct loop *loop;
    struct kube *kube;
    struct str system_namespace;
    const struct source_events *events; /* copied. `settled`: every kind that is there was listed */

    /* Something about a kind is new. May be NULL. */
    void (*kind)(void *arg, const struct kube_source_kind *kind);

    /* The document that `object` was made from, with its status; after its `apply`. Both are
     * borrowed. May be NULL. */
    void (*document)(void *arg, const struct api_object *object, const struct jv *document);

    void *arg; /* of the two */
};

/* Begins in a later turn. */
MUST_USE struct kube_source *kube_source_open(const struct kube_source_options *options);

/* Ends without events, and not inside of one. Takes NULL, returns NULL. */
struct kube_source *kube_source_close(struct kube_source *source);

size_t kube_source_kind_count(const struct kube_source *source);
struct kube_source_kind kube_source_kind(const struct kube_source *source, size_t index);
