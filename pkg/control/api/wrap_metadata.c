/* What stands around the fields of an object, in the envelope that it goes to. */
#include "control/api/wrap.h"

#include "control/api/envelope.h"

#define MESH            STR("kuma.io/mesh")
#define NAMESPACE       STR("k8s.kuma.io/namespace")
#define DISPLAY_NAME    STR("kuma.io/display-name")
#define SERVICE_ACCOUNT STR("k8s.kuma.io/service-account")

static bool is_labelled(const struct api__wrapping *w)
{
    return w->kind->mesh == API__MESH_LABEL || w->kind->mesh == API__MESH_LABEL_OR_ANNOTATION;
}

/* One of the envelopes has a field for what this label says. */
static bool is_said_elsewhere(const struct api__wrapping *w, struct str label)
{
    return (is_labelled(w) && str_equal(label, MESH)) ||
           (w->kind->is_namespaced && str_equal(label, NAMESPACE));
}

/* Where it stood it stays what it was, when it cannot be the name of a mesh. */
static const struct jv *mesh_of(const struct api__wrapping *w)
{
    bool is_field = w->from_universal || w->kind->mesh == API__MESH_FIELD;
    const struct jv *written = is_field ? jv_get(w->document, STR("mesh")) : NULL;
    if (w->kind->mesh == API__MESH_NONE)
        return NULL;
    if (written != NULL && written->type != JV_NULL && jv_text(written).size == 0)
        return written;
    struct str mesh = w->object->key.mesh;
    return mesh.size == 0 ? NULL : jv_string(w->arena, (struct jv_mark){0}, mesh);
}

/* The map of labels or annotations there; of anything else nothing can be moved. */
static const struct jv *map_of(const struct api__wrapping *w, const struct jv *around,
                               struct str name)
{
    const struct jv_member *member = jv_find(around, name);
    if (member == NULL || member->value->type == JV_NULL || member->value->type == JV_OBJECT)
        return member == NULL ? NULL : member->value;
    struct str path = str_format(w->arena, "%s%.*s", w->from_universal ? "" : "metadata.",
                                 STR_ARG(name));
    api__wrap_lose(w, member->mark, path, "is left out: it has to be an object of strings");
    return NULL;
}

static void add_map(const struct api__members *map, struct str name, struct api__members *members)
{
    if (map->count == 0)
        return;
    const struct jv *object = api__members_object(map, (struct jv_mark){0});
    api__members_add(members, name, api__print_sorted(map->arena, object));
}

/* ---- Universal ---- */

/* What Kuma shows as labels to those who know no annotations. */
static bool is_of_kuma(struct str annotation)
{
    return str_starts_with(annotation, STR("kuma.io/")) ||
           str_starts_with(annotation, STR("k8s.kuma.io/"));
}

static void move_annotations(const struct api__wrapping *w, struct api__members *labels)
{
    struct api__members annotations = {.arena = w->arena};
    api__members_add_all(&annotations, map_of(w, w->metadata, STR("annotations")));
    for (size_t i = 0; i < annotations.count; i++) {
        const struct jv_member *annotation = &annotations.items[i];
        struct str key = annotation->key;
        bool is_noise = str_equal(key, MESH) || api__members_have(labels, key) ||
                        str_equal(key, STR("kubectl.kubernetes.io/last-applied-configuration"));
        if (!is_noise && is_of_kuma(key))
            api__members_add(labels, key, annotation->value);
        else if (!is_noise)
            api__wrap_lose(w, annotation->mark,
                           str_format(w->arena, "metadata.annotations[\"%.*s\"]", STR_ARG(key)),
                           "is left out: in Universal there are labels only");
    }
}

/* The labels that an object of Kubernetes gets in Universal. */
static void add_labels(const struct api__wrapping *w, struct api__members *members)
{
    struct api__members written = {.arena = w->arena};
    struct api__members labels = {.arena = w->arena};
    api__members_add_all(&written, map_of(w, w->metadata, STR("labels")));
    for (size_t i = 0; i < written.count; i++) {
        struct str key = written.items[i].key;
        if (!is_said_elsewhere(w, key))
            api__members_add(&labels, key, written.items[i].value);
    }
    if (w->kind->is_namespaced)
        api__members_add_text(&labels, NAMESPACE, w->object->namespace);
    move_annotations(w, &labels);
    add_map(&labels, STR("labels"), members);
}

void api__wrap_universal(const struct api__wrapping *w, struct api__members *members)
{
    static const struct str times[] = {STR_INIT("creationTime"), STR_INIT("modificationTime")};
    api__members_add_text(members, STR("type"), w->kind->name);
    api__members_add(members, STR("mesh"), mesh_of(w));
    api__members_add_text(members, STR("name"), w->object->key.name);
    if (!w->from_universal) {
        add_labels(w, members);
        api__members_add_from(members, times[0], w->metadata, STR("creationTimestamp"));
        return;
    }
    api__members_add(members, STR("labels"),
                     api__print_sorted(w->arena, jv_get(w->document, STR("labels"))));
    for (size_t i = 0; i < ARRAY_SIZE(times); i++)
        api__members_add_from(members, times[i], w->document, times[i]);
}

/* ---- Kubernetes ---- */

/* Kuma calls an object of a namespace "<name>.<namespace>" elsewhere, and says so in a label. */
static void add_name(const struct api__wrapping *w, const struct jv *labels,
                     struct api__members *metadata)
{
    struct str name = w->object->key.name;
    struct str said = w->kind->is_namespaced ? jv_text(jv_get(labels, NAMESPACE)) : STR_EMPTY;
    struct str suffix = str_format(w->arena, ".%.*s", STR_ARG(said));
    if (said.size > 0 && str_ends_with(name, suffix) && name.size > suffix.size)
        name = str_first(name, name.size - suffix.size);
    api__members_add_text(metadata, STR("name"), name);
    if (w->kind->is_namespaced || w->object->key.kind == API_SECRET)
        api__members_add_text(metadata, STR("namespace"), said.size > 0 ? said : w->namespace);
}

/* The labels of Universal, of which two are annotations in Kubernetes. */
static void split_labels(const struct api__wrapping *w, const struct jv *written,
                         struct api__members *labels, struct api__members *annotations)
{
    struct api__members all = {.arena = w->arena};
    api__members_add_all(&all, written);
    for (size_t i = 0; i < all.count; i++) {
        struct str key = all.items[i].key;
        bool is_annotation = str_equal(key, DISPLAY_NAME) || str_equal(key, SERVICE_ACCOUNT);
        if (!is_said_elsewhere(w, key))
            api__members_add(is_annotation ? annotations : labels, key, all.items[i].value);
    }
    if (is_labelled(w))
        api__members_add(labels, MESH, mesh_of(w));
}

static const struct jv *metadata_of_universal(const struct api__wrapping *w)
{
    struct api__members metadata = {.arena = w->arena};
    struct api__members labels = {.arena = w->arena};
    struct api__members annotations = {.arena = w->arena};
    const struct jv *written = map_of(w, w->document, STR("labels"));
    add_name(w, written, &metadata);
    split_labels(w, written, &labels, &annotations);
    add_map(&labels, STR("labels"), &metadata);
    add_map(&annotations, STR("annotations"), &metadata);
    api__members_add(&metadata, STR("creationTimestamp"), jv_get(w->document, STR("creationTime")));
    return api__members_object(&metadata, w->document->mark);
}

/* All that the API server keeps of an object stays; what it does not know was said to be ignored.
 */
static const struct jv *metadata_of_kubernetes(const struct api__wrapping *w)
{
    static const struct str first[] = {STR_INIT("name"), STR_INIT("namespace"), STR_INIT("labels"),
                                       STR_INIT("annotations")};
    struct api__members written = {.arena = w->arena};
    struct api__members metadata = {.arena = w->arena};
    api__members_add_all(&written, w->metadata);
    for (size_t i = 0; i < ARRAY_SIZE(first); i++)
        api__members_add(&metadata, first[i],
                         api__print_sorted(w->arena, jv_get(w->metadata, first[i])));
    for (size_t i = 0; i < written.count; i++) {
        struct str key = written.items[i].key;
        if (api__is_metadata(key) && !api__members_have(&metadata, key))
            api__members_add(&metadata, key, written.items[i].value);
    }
    return api__members_object(&metadata, w->metadata->mark);
}

void api__wrap_kubernetes(const struct api__wrapping *w, struct api__members *members)
{
    bool is_secret = w->object->key.kind == API_SECRET;
    api__members_add_text(members, STR("apiVersion"),
                          is_secret ? STR("v1") : STR("kuma.io/v1alpha1"));
    api__members_add_text(members, STR("kind"), w->kind->name);
    if (w->kind->mesh == API__MESH_FIELD)
        api__members_add(members, STR("mesh"), mesh_of(w));
    api__members_add(members, STR("metadata"),
                     w->from_universal ? metadata_of_universal(w) : metadata_of_kubernetes(w));
}
