/* A document that is being looked at, and what stands around the fields of its object. Private to
 * control/api. */
#pragma once

#include "control/api/decode.h"

struct api__envelope {
    const struct jv *document;
    const struct api_origin *origin;
    struct finding_list *problems;
    bool is_universal;
    struct str kind_name;
    const struct jv *metadata; /* Kubernetes */
    struct str name;
};

/* A kind is namespaced in Kubernetes: then its objects go by "<name>.<namespace>". */
struct str api__name_of(struct api__decoder *d, const struct api__envelope *e, bool is_namespaced);

/* The mesh of an object, which may have been left out. */
struct str api__mesh_of(struct api__decoder *d, const struct api__envelope *e,
                        const struct api__place *root, enum api_kind kind);

/* The mesh that a label, or the annotation of old, names; or empty. */
struct str api__labelled_mesh(const struct jv *metadata, enum api_kind kind);

/* Fills what Kubernetes knows an object by: namespace, uid, generation, and its age. */
void api__read_identity(struct api__decoder *d, const struct api__envelope *e,
                        const struct api__place *root, struct api_object *object);

/* The name as it is written, wherever it stands. */
void api__check_name(struct api__decoder *d, const struct api__envelope *e,
                     const struct api__place *root);

/* Kubernetes knows it as a field of metadata. */
bool api__is_metadata(struct str field);

/* What stands in the metadata of a manifest. */
void api__check_metadata(struct api__decoder *d, const struct api__place *root);

/* What Kuma asks of its own labels, on an object of `mesh`. */
void api__check_labels(struct api__decoder *d, const struct api__envelope *e,
                       const struct api__place *root, struct str mesh);

/* Whether keys and values of its labels are what Kubernetes takes. */
void api__check_label_syntax(struct api__decoder *d, const struct api__envelope *e,
                             const struct api__place *root);

/* The labels that `keeps` (NULL: all) takes. */
typedef bool (*api__label_fn)(const struct jv_member *label);
struct api_tags api__read_labels(struct api__decoder *d, const struct jv *labels,
                                 api__label_fn keeps);

/* The name that people see: an annotation keeps it when Kuma had to change the object's. */
void api__check_display_name(struct api__decoder *d, const struct api__envelope *e,
                             const struct api__place *root, size_t max);

/* On an instance Kuma reads annotations that tune its own proxy. */
void api__check_instance_annotations(struct api__decoder *d, const struct api__place *root);
