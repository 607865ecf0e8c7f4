/* From documents to objects: what the watches deliver, decoded, under one key each. Pure. Private
 * to control/source/kube_source.
 *
 * An object's key is not its name alone: a label may move it to another mesh, and then the old key
 * is removed. Two watches may know one key for a moment, when a Secret is replaced by one of the
 * other type, and tell it in any order: what was delivered last counts, and when that goes, what
 * the other still has. */
#pragma once

#include "control/source/kube_source/kube_source.h"
#include "core/base/map.h"

struct kube_source__track {
    struct source_events events;
    void (*document)(void *arg, const struct api_object *object, const struct jv *document);
    void *arg;
    struct map *holders; /* of keys of Secrets: struct entry */
    struct finding_list *problems;
};

void kube_source__track_init(struct kube_source__track *track,
                             const struct kube_source_options *options);
void kube_source__track_deinit(struct kube_source__track *track);

/* The events of a watch. `*kept` is the track's. */
void kube_source__apply(struct kube_source__track *track, enum api_kind kind,
                        const struct jv *document, void **kept);
void kube_source__refuse(struct kube_source__track *track, enum api_kind kind,
                         struct str name_space, struct str name, const char *reason, void **kept);

/* With an empty name: frees and says nothing. */
void kube_source__remove(struct kube_source__track *track, enum api_kind kind,
                         struct str name_space, struct str name, void *kept);
