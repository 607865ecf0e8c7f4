/* What stands around the fields of an object: its mesh, name, age and identity. */
#include "control/api/check.h"
#include "control/api/envelope.h"
#include "control/api/kinds.h"

#define NAME_SIZE_MAX 253
#define DISPLAY_NAME  STR("kuma.io/display-name")

static bool is_mesh_name(struct str name)
{
    for (size_t i = 0; i < name.size; i++) {
        char c = name.data[i];
        bool ok = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-' || c == '_' ||
                  c == '.';
        if (!ok)
            return false;
    }
    return true;
}

static void check_mesh(struct api__decoder *d, const struct api__place *root, struct str mesh)
{
    struct api__place place = api__member(root, STR("mesh"));
    if (mesh.size > NAME_SIZE_MAX)
        api__error(d, &place, "value length must less or equal 253");
    if (!is_mesh_name(mesh))
        api__error(d, &place,
                   "invalid characters. Valid characters are numbers, lowercase latin letters and "
                   "'-', '_', '.' symbols.");
}

void api__check_name(struct api__decoder *d, const struct api__envelope *e,
                     const struct api__place *root)
{
    struct api__place metadata = api__member(root, STR("metadata"));
    struct api__place place = api__member(e->is_universal ? root : &metadata, STR("name"));
    if (e->name.size > NAME_SIZE_MAX)
        api__error(d, &place, "value length must less or equal 253");
    if (!api__is_domain(e->name))
        api__error(d, &place,
                   "invalid characters. A lowercase RFC 1123 subdomain must consist of lower case "
                   "alphanumeric characters, '-' or '.', and must start and end with an "
                   "alphanumeric character");
}

#define KNOWN(field_name) API__FIELD(field_name, IGNORED)

/* All that Kubernetes knows; labels have a check of their own. */
static const struct api__field metadata_fields[] = {
    KNOWN("name"),
    KNOWN("namespace"),
    KNOWN("labels"),
    API__FIELD("annotations", TAGS, .is_dropped = true),
    KNOWN("generateName"),
    KNOWN("uid"),
    KNOWN("generation"),
    KNOWN("resourceVersion"),
    KNOWN("creationTimestamp"),
    KNOWN("deletionTimestamp"),
    KNOWN("deletionGracePeriodSeconds"),
    KNOWN("ownerReferences"),
    KNOWN("finalizers"),
    KNOWN("managedFields"),
    KNOWN("selfLink"),
};
static const struct api__table metadata_table = API__SHAPE(metadata_fields, .check = NULL);

bool api__is_metadata(struct str field)
{
    for (size_t i = 0; i < ARRAY_SIZE(metadata_fields); i++) {
        if (str_equal(metadata_fields[i].name, field))
            return true;
    }
    return false;
}

void api__check_metadata(struct api__decoder *d, const struct api__place *root)
{
    struct api__place metadata = api__member(root, STR("metadata"));
    api__decode(d, &metadata, &metadata_table, NULL);
}

struct str api__label(const struct api__decoder *d, const struct jv *document, struct str name)
{
    const struct jv *around = d->is_universal ? document : jv_get(document, STR("metadata"));
    return jv_text(jv_get(jv_get(around, STR("labels")), name));
}

static bool is_shadow(const struct api__decoder *d, const struct api__envelope *e)
{
    const struct str name = STR("kuma.io/effect");
    struct str annotation = jv_text(jv_get(jv_get(e->metadata, STR("annotations")), name));
    return str_equal(api__label(d, e->document, name), STR("shadow")) ||
           str_equal(annotation, STR("shadow"));
}

struct str api__labelled_mesh(const struct jv *metadata, enum api_kind kind)
{
    const struct str name = STR("kuma.io/mesh");
    struct str mesh = jv_text(jv_get(jv_get(metadata, STR("labels")), name));
    if (mesh.size == 0 && api__kind_of(kind)->mesh == API__MESH_LABEL_OR_ANNOTATION)
        mesh = jv_text(jv_get(jv_get(metadata, STR("annotations")), name));
    return mesh;
}

void api__check_display_name(struct api__decoder *d, const struct api__envelope *e,
                             const struct api__place *root, size_t max)
{
    const struct jv *annotations = jv_get(e->metadata, STR("annotations"));
    struct str display = jv_text(jv_get(annotations, DISPLAY_NAME));
    struct api__place place = api__member(root, STR("name"));
    if ((display.size > 0 ? display : e->name).size > max)
        api__error(d, &place, "must not be longer than %zu characters", max);
}

static struct str labelled_mesh(const struct api__envelope *e, enum api_kind kind)
{
    struct str mesh = api__labelled_mesh(e->metadata, kind);
    return mesh.size > 0 ? mesh : STR("default");
}

static struct str written_mesh(struct api__decoder *d, const struct api__place *place)
{
    if (api__is_present(place) && place->value->type != JV_STRING)
        api__undecodable(d, place, "must be a string: write it in quotes");
    else if (jv_text(place->value).size == 0)
        api__error(d, place, "cannot be empty");
    return jv_text(place->value);
}

/* The mesh of a Kubernetes object: a label on Secrets and workloads, else a field beside
 * metadata. */
static struct str kubernetes_mesh(struct api__decoder *d, const struct api__envelope *e,
                                  const struct api__place *root, enum api_kind kind)
{
    struct api__place place = api__member(root, STR("mesh"));
    if (api__kind_of(kind)->mesh != API__MESH_FIELD) {
        bool is_kumas = kind == API_MESH_GATEWAY_INSTANCE || api__kind_of(kind)->has_spec;
        if (is_kumas && api__is_present(&place))
            api__warning(d, &place, "is ignored here: write the label kuma.io/mesh");
        return labelled_mesh(e, kind);
    }
    if (api__is_present(&place))
        return written_mesh(d, &place);
    struct str label = api__label(d, root->value, STR("kuma.io/mesh"));
    api__warning(d, &place,
                 "is missing, which Kuma refuses: taken as \"default\". Write mesh: %.*s beside "
                 "metadata%s",
                 STR_ARG(label.size > 0 ? str_first(label, API__QUOTED_MAX) : STR("default")),
                 label.size > 0 ? "; the label kuma.io/mesh is for other kinds" : "");
    return STR("default");
}

struct str api__mesh_of(struct api__decoder *d, const struct api__envelope *e,
                        const struct api__place *root, enum api_kind kind)
{
    if (api__kind_of(kind)->mesh == API__MESH_NONE)
        return STR_EMPTY;
    struct str mesh = STR_EMPTY;
    if (e->is_universal) {
        struct api__place place = api__member(root, STR("mesh"));
        bool is_default = !api__is_present(&place) && api__kind_of(kind)->has_spec;
        mesh = is_default ? STR("default") : written_mesh(d, &place);
    } else {
        mesh = kubernetes_mesh(d, e, root, kind);
    }
    check_mesh(d, root, mesh);
    return str_dup(d->arena, mesh);
}

static struct str namespace_of(const struct api__envelope *e)
{
    struct str name = jv_text(jv_get(e->metadata, STR("namespace")));
    return name.size > 0 ? name : STR("default");
}

struct str api__name_of(struct api__decoder *d, const struct api__envelope *e, bool is_namespaced)
{
    if (e->is_universal || !is_namespaced)
        return str_dup(d->arena, e->name);
    return str_format(d->arena, "%.*s.%.*s", STR_ARG(e->name), STR_ARG(namespace_of(e)));
}

/* Where Kuma says that labels stand, in either envelope. */
static struct api__place place_of_labels(const struct api__envelope *e,
                                         const struct api__place *root)
{
    if (e->is_universal)
        return api__member(root, STR("labels"));
    struct api__place metadata = api__member(root, STR("metadata"));
    struct api__place labels = api__member(&metadata, STR("labels"));
    labels.parent = root;
    return labels;
}

void api__check_labels(struct api__decoder *d, const struct api__envelope *e,
                       const struct api__place *root, struct str mesh)
{
    struct api__place labels = place_of_labels(e, root);
    struct api__place origin = api__key(&labels, STR("kuma.io/origin"));
    struct str whose = jv_text(origin.value);
    if (whose.size > 0 && !str_equal(whose, STR("global")) && !str_equal(whose, STR("zone")))
        api__error(d, &origin, "unknown resource origin \"%.*s\"", STR_ARG(whose));
    struct api__place label = api__key(&labels, STR("kuma.io/mesh"));
    struct str labelled = jv_text(label.value);
    if (e->is_universal && labelled.size > 0 && mesh.size > 0 && !str_equal(labelled, mesh))
        api__error(d, &label, "kuma.io/mesh label must not differ from mesh set on resource");
}

/* Whether anything depends on the labels of objects of the kind. */
static bool has_labels(enum api_kind kind)
{
    return kind == API_MESH_GATEWAY || kind == API_MESH_HTTP_ROUTE || kind == API_MESH_TCP_ROUTE ||
           kind == API_MESH_SERVICE || kind == API_MESH_EXTERNAL_SERVICE ||
           kind == API_MESH_MULTI_ZONE_SERVICE;
}

/* What the object was called where it comes from: a zone has copies of what is global, under longer
 * names. In Kubernetes an annotation says it, as labels are short. */
static struct str display_name(const struct api__envelope *e, const struct api_object *object)
{
    const struct jv *annotations = jv_get(e->metadata, STR("annotations"));
    struct str annotated = jv_text(jv_get(annotations, DISPLAY_NAME));
    if (annotated.size > 0)
        return annotated;
    size_t behind = object->namespace.size > 0 ? object->namespace.size + 1 : 0;
    return str_first(object->key.name, object->key.name.size - behind);
}

/* What Kuma labels such objects with by itself. */
static struct api_tags known_labels(struct api__decoder *d, const struct api__envelope *e,
                                    const struct api_object *object)
{
    size_t count = 0;
    struct api_tag *tags = ARENA_NEW_ARRAY(d->arena, struct api_tag, 3);
    if (object->namespace.size > 0)
        tags[count++] = (struct api_tag){STR("k8s.kuma.io/namespace"), object->namespace};
    tags[count++] = (struct api_tag){DISPLAY_NAME, str_dup(d->arena, display_name(e, object))};
    tags[count++] = (struct api_tag){STR("kuma.io/mesh"), object->key.mesh};
    return (struct api_tags){tags, count};
}

/* With those, unless the document says otherwise; both are sorted. */
static struct api_tags labels_of(struct api__decoder *d, const struct api__envelope *e,
                                 const struct api_object *object)
{
    const struct jv *around = d->is_universal ? e->document : e->metadata;
    struct api_tags own = api__read_labels(d, jv_get(around, STR("labels")), NULL);
    struct api_tags known = known_labels(d, e, object);
    struct api_tag *all = ARENA_NEW_ARRAY(d->arena, struct api_tag, own.count + known.count);
    size_t count = 0;
    size_t j = 0;
    for (size_t i = 0; i < own.count; i++) {
        while (j < known.count && str_compare(known.items[j].name, own.items[i].name) < 0)
            all[count++] = known.items[j++];
        j += j < known.count && str_equal(known.items[j].name, own.items[i].name);
        all[count++] = own.items[i];
    }
    while (j < known.count)
        all[count++] = known.items[j++];
    return (struct api_tags){all, count};
}

static uint64_t creation_time(struct api__decoder *d, const struct api__envelope *e,
                              const struct api__place *root)
{
    struct api__place metadata = api__member(root, STR("metadata"));
    struct api__place place = e->is_universal ? api__member(root, STR("creationTime"))
                                              : api__member(&metadata, STR("creationTimestamp"));
    uint64_t wall_ms = 0;
    if (api__is_present(&place) && api__time(jv_text(place.value), &wall_ms) != ERR_OK)
        api__warning(d, &place, "is ignored: it is no time as RFC 3339 writes it");
    return wall_ms;
}

void api__check_instance_annotations(struct api__decoder *d, const struct api__place *root)
{
    struct api__place metadata = api__member(root, STR("metadata"));
    struct api__place place = api__member(&metadata, STR("annotations"));
    size_t count = api__is_present(&place) && place.value->type == JV_OBJECT ? place.value->count
                                                                             : 0;
    for (size_t i = 0; i < count; i++) {
        struct str name = place.value->members[i].key;
        struct api__place annotation = api__key(&place, name);
        if (str_starts_with(name, STR("kuma.io/")) && !str_equal(name, STR("kuma.io/mesh")) &&
            !str_equal(name, DISPLAY_NAME))
            api__warning(d, &annotation, "has no effect: it tunes the proxy of Kuma");
    }
}

static void read_kubernetes_identity(struct api__decoder *d, const struct api__envelope *e,
                                     struct api_object *object)
{
    if (object->key.name.size > e->name.size || object->key.kind == API_SECRET)
        object->namespace = str_dup(d->arena, namespace_of(e));
    object->uid = str_dup(d->arena, jv_text(jv_get(e->metadata, STR("uid"))));
    if (!jv_u64(jv_get(e->metadata, STR("generation")), INT64_MAX, &object->generation))
        object->generation = 0; /* Secrets, and manifests that were never applied, have none */
}

void api__read_identity(struct api__decoder *d, const struct api__envelope *e,
                        const struct api__place *root, struct api_object *object)
{
    object->creation_time_ms = creation_time(d, e, root);
    object->is_shadow = api__kind_of(object->key.kind)->has_spec && is_shadow(d, e);
    if (!e->is_universal)
        read_kubernetes_identity(d, e, object);
    if (has_labels(object->key.kind))
        object->labels = labels_of(d, e, object); /* which has to know its namespace */
}
