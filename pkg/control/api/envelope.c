/* The two envelopes: what kind of object a document is, whose it is, and where its fields stand. */
#include <stdarg.h>
#include <stdio.h>

#include "control/api/check.h"
#include "control/api/envelope.h"
#include "control/api/kinds.h"
#include "control/api/object.h"
#include "core/base/spell.h"

/* The kinds that a manifest may be of come before those that only an API server delivers. */
#define MANIFEST_KINDS API_SERVICE

/* Kuma's kinds that have no effect here so far. */
static const struct str unserved[] = {
    STR_INIT("MeshGatewayConfig"), STR_INIT("HostnameGenerator"), STR_INIT("Zone"),
    STR_INIT("ZoneIngress"),       STR_INIT("ZoneEgress"),        STR_INIT("GlobalSecret"),
    STR_INIT("DataplaneInsight"),  STR_INIT("MeshPassthrough"),   STR_INIT("MeshTrafficPermission"),
    STR_INIT("TrafficRoute"),      STR_INIT("VirtualOutbound"),   STR_INIT("ContainerPatch"),
    STR_INIT("ServiceInsight"),    STR_INIT("MeshInsight"),
};

static void problem(const struct api__envelope *e, enum finding_severity severity, struct str field,
                    const char *format, ...) PRINTF_LIKE(4, 5);

static void problem(const struct api__envelope *e, enum finding_severity severity, struct str field,
                    const char *format, ...)
{
    char message[ERR_MESSAGE_MAX];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(message, sizeof(message), format, args); /* cut on purpose */
    va_end(args);
    struct finding_subject subject = {e->kind_name, STR_EMPTY, e->name, e->origin->file};
    const struct jv_member *member = jv_find(e->document, field);
    struct jv_mark mark = member == NULL ? e->document->mark : member->mark;
    finding_add(e->problems, severity, &subject, (struct finding_mark){mark.line, mark.column},
                field, "%s", message);
}

static bool kind_find(struct str name, enum api_kind *ret_kind)
{
    for (enum api_kind kind = 0; kind < MANIFEST_KINDS; kind++) {
        if (str_equal(api_kind_name(kind), name)) {
            *ret_kind = kind;
            return true;
        }
    }
    return false;
}

static bool is_unserved(struct str name)
{
    for (size_t i = 0; i < ARRAY_SIZE(unserved); i++) {
        if (str_equal(unserved[i], name))
            return true;
    }
    return false;
}

static struct str closest_kind(struct str name)
{
    struct str names[MANIFEST_KINDS + ARRAY_SIZE(unserved)];
    for (enum api_kind kind = 0; kind < MANIFEST_KINDS; kind++)
        names[kind] = api_kind_name(kind);
    for (size_t i = 0; i < ARRAY_SIZE(unserved); i++)
        names[MANIFEST_KINDS + i] = unserved[i];
    return spell_closest(name, names, ARRAY_SIZE(names));
}

/* A finding for a kind that is Kuma's, or was meant to be, and that we do not keep. */
static void report_kind(const struct api__envelope *e)
{
    struct str field = e->is_universal ? STR("type") : STR("kind");
    struct str quoted = str_first(e->kind_name, API__QUOTED_MAX);
    struct str closest = closest_kind(e->kind_name);
    if (is_unserved(e->kind_name))
        problem(e, FINDING_WARNING, field, "%.*s is not served yet: it has no effect",
                STR_ARG(quoted));
    else if (closest.size > 0)
        problem(e, FINDING_ERROR, field, "unknown %.*s \"%.*s\"; did you mean %.*s?",
                STR_ARG(field), STR_ARG(quoted), STR_ARG(closest));
    else
        problem(e, FINDING_ERROR, field, "unknown %.*s \"%.*s\"", STR_ARG(field), STR_ARG(quoted));
}

static bool identify_universal(struct api__envelope *e, enum api_kind *ret_kind)
{
    e->kind_name = jv_text(jv_get(e->document, STR("type")));
    e->name = jv_text(jv_get(e->document, STR("name")));
    if (e->kind_name.size == 0) {
        problem(e, FINDING_ERROR, STR_EMPTY,
                "is no resource: it has neither type (Universal) nor apiVersion and kind "
                "(Kubernetes)");
        return false;
    }
    if (!kind_find(e->kind_name, ret_kind)) {
        report_kind(e);
        return false;
    }
    if (*ret_kind == API_MESH_GATEWAY_INSTANCE) {
        problem(e, FINDING_ERROR, STR("type"),
                "MeshGatewayInstance is a kind of Kubernetes only: elsewhere a proxy is started by "
                "hand");
        return false;
    }
    return true;
}

/* A core/v1 Secret is ours by its type. */
static bool is_our_secret(const struct jv *document)
{
    struct str type = jv_text(jv_get(document, STR("type")));
    return str_equal(type, STR("system.kuma.io/secret")) ||
           str_equal(type, STR("kubernetes.io/tls"));
}

/* Says of a Secret that is meant for Kuma why it is not used. Returns false. */
static bool report_secret(const struct api__envelope *e)
{
    struct str type = jv_text(jv_get(e->document, STR("type")));
    if (str_equal(type, STR("system.kuma.io/global-secret")))
        problem(e, FINDING_WARNING, STR("type"),
                "GlobalSecret is not served yet: it has no effect");
    else if (str_starts_with(type, STR("system.kuma.io/")))
        problem(e, FINDING_ERROR, STR("type"),
                "unknown type \"%.*s\"; did you mean system.kuma.io/secret?",
                STR_ARG(str_first(type, API__QUOTED_MAX)));
    else if (jv_find(jv_get(e->metadata, STR("labels")), STR("kuma.io/mesh")) != NULL)
        problem(e, FINDING_WARNING, STR("type"),
                "no gateway reads a Secret of this type, and the label kuma.io/mesh says that one "
                "should; write system.kuma.io/secret, or kubernetes.io/tls");
    return false;
}

/* The request has said what the document is: items of lists do not say so themselves. */
static bool identify_served(struct api__envelope *e, enum api_kind *ret_kind)
{
    *ret_kind = e->origin->kind;
    e->kind_name = api_kind_name(*ret_kind);
    e->metadata = jv_get(e->document, STR("metadata"));
    e->name = jv_text(jv_get(e->metadata, STR("name")));
    return *ret_kind != API_SECRET || is_our_secret(e->document);
}

static bool identify_kubernetes(struct api__envelope *e, enum api_kind *ret_kind)
{
    struct str version = jv_text(jv_get(e->document, STR("apiVersion")));
    e->kind_name = jv_text(jv_get(e->document, STR("kind")));
    e->metadata = jv_get(e->document, STR("metadata"));
    e->name = jv_text(jv_get(e->metadata, STR("name")));
    if (version.size == 0 || e->kind_name.size == 0) {
        problem(e, FINDING_ERROR, STR_EMPTY,
                "apiVersion and kind belong together: Kuma's kinds have apiVersion: "
                "kuma.io/v1alpha1");
        return false;
    }
    bool is_secret = str_equal(e->kind_name, STR("Secret"));
    if (is_secret && str_equal(version, STR("v1"))) {
        *ret_kind = API_SECRET;
        return is_our_secret(e->document) || report_secret(e);
    }
    if (!str_starts_with(version, STR("kuma.io/")))
        return false; /* of somebody else */
    if (is_secret) {
        problem(e, FINDING_ERROR, STR("apiVersion"),
                "write v1: a Secret is a kind of Kubernetes itself");
        return false;
    }
    if (!str_equal(version, STR("kuma.io/v1alpha1"))) {
        problem(e, FINDING_ERROR, STR("apiVersion"),
                "unknown version \"%.*s\": write "
                "kuma.io/v1alpha1",
                STR_ARG(str_first(version, API__QUOTED_MAX)));
        return false;
    }
    if (kind_find(e->kind_name, ret_kind))
        return true;
    report_kind(e);
    return false;
}

/* What stands at the top of a Kubernetes object. */
static const struct api__field kubernetes_fields[] = {
    {.name = STR_INIT("apiVersion"), .type = API__IGNORED},
    {.name = STR_INIT("kind"), .type = API__IGNORED},
    {.name = STR_INIT("metadata"), .type = API__IGNORED},
    {.name = STR_INIT("mesh"), .type = API__IGNORED},
    {.name = STR_INIT("spec"), .type = API__IGNORED},
    {.name = STR_INIT("status"), .type = API__IGNORED},
};
static const struct api__table kubernetes_table = API__TABLE(kubernetes_fields, struct api_object,
                                                             .check = NULL);

/* What stands beside type, mesh and name of a Universal resource that has a spec. */
static const struct api__field universal_fields[] = {
    API__FIELD("spec", IGNORED, .required = true),
    API__FIELD("status", IGNORED, .required = false),
};
static const struct api__table universal_table = API__TABLE(universal_fields, struct api_object,
                                                            .check = NULL);

/* The root of the document, for findings about the envelope. */
static struct api__place root_of(const struct api__envelope *e, struct api_object *object)
{
    return (struct api__place){
        .value = e->document,
        .mark = e->document->mark,
        .broken = &object->broken,
    };
}

/* Where the fields of an object stand. Of the older kinds Kuma's paths do not begin with "spec". */
static struct api__place place_of_fields(const struct api__envelope *e,
                                         const struct api__place *root, bool has_spec)
{
    if (has_spec)
        return api__member(root, STR("spec"));
    struct api__place place = *root;
    if (e->is_universal)
        return place;
    const struct jv_member *spec = jv_find(e->document, STR("spec"));
    place.value = spec == NULL ? NULL : spec->value;
    place.mark = spec == NULL ? place.mark : spec->mark;
    return place;
}

/* Decodes the fields into a struct of the kind. */
static const void *decode_content(struct api__decoder *d, const struct api__envelope *e,
                                  const struct api__place *root, enum api_kind kind)
{
    const struct api__kind *info = api__kind_of(kind);
    if (info->read != NULL)
        return info->read(d, root);
    bool is_kubernetes_secret = kind == API_SECRET && !e->is_universal;
    const struct api__table *table = is_kubernetes_secret ? &api__kubernetes_secret_table
                                                          : info->table;
    struct api__place place = *root;
    if (!is_kubernetes_secret) {
        unsigned char nothing = 0; /* the fields of the envelope are known and not decoded */
        d->below_spec = table;
        if (!e->is_universal)
            api__decode(d, root, &kubernetes_table, &nothing);
        else if (info->has_spec)
            api__decode(d, root, &universal_table, &nothing);
        d->below_spec = NULL;
        place = place_of_fields(e, root, info->has_spec);
    }
    void *content = arena_alloc(d->arena, 1, table->size);
    d->is_strict = info->has_schema;
    api__decode(d, &place, table, content);
    return content;
}

static const struct api_object *decode(const struct api__envelope *e, enum api_kind kind)
{
    struct api__decoder d = {.origin = e->origin, .is_universal = e->is_universal};
    struct api_object *object = api__object_new(&d.arena, &d.findings);
    struct api__place root = root_of(e, object);
    object->key.kind = kind;
    object->key.name = api__name_of(&d, e, api__kind_of(kind)->is_namespaced);
    object->file = str_dup(d.arena, e->origin->file);
    object->mark = api__mark(&root);
    d.subject = api_subject(object);
    object->key.mesh = api__mesh_of(&d, e, &root, kind);
    d.subject = api_subject(object); /* with the mesh */
    if (!e->origin->has_kind) {      /* else an API server has looked at them */
        api__check_name(&d, e, &root);
        api__check_label_syntax(&d, e, &root);
    }
    if (!e->origin->has_kind && !e->is_universal)
        api__check_metadata(&d, &root);
    if (api__kind_of(kind)->plural.size > 0)
        api__check_labels(&d, e, &root, object->key.mesh);
    if (api__kind_of(kind)->name_max > 0)
        api__check_display_name(&d, e, &root, api__kind_of(kind)->name_max);
    if (kind == API_MESH_GATEWAY_INSTANCE)
        api__check_instance_annotations(&d, &root);
    api__read_identity(&d, e, &root, object);
    object->content = decode_content(&d, e, &root, kind);
    d.failed = map_free(d.failed);
    return object;
}

/* The member that was to be the name, or the empty slice. */
static struct str meant_as_name(const struct jv *object)
{
    const struct str name = STR("name");
    size_t count = object != NULL && object->type == JV_OBJECT ? object->count : 0;
    for (size_t i = 0; i < count; i++) {
        struct str key = object->members[i].key;
        if (!str_equal(key, name) && spell_closest(key, &name, 1).size > 0)
            return str_first(key, API__QUOTED_MAX);
    }
    return STR_EMPTY;
}

/* Without a name there is nothing to keep. */
static void report_name(const struct api__envelope *e)
{
    const struct jv *name = jv_get(e->is_universal ? e->document : e->metadata, STR("name"));
    const char *message = "cannot be empty";
    if (e->metadata != NULL && e->metadata->type != JV_OBJECT && e->metadata->type != JV_NULL) {
        problem(e, FINDING_ERROR, STR("metadata"), "must be an object, not %s",
                jv_type_name(e->metadata->type));
        return;
    }
    if (name != NULL && name->type != JV_STRING)
        message = "must be a string: write it in quotes";
    struct str near = meant_as_name(e->is_universal ? e->document : e->metadata);
    problem(e, FINDING_ERROR, e->is_universal ? STR("name") : STR("metadata"), "%s%s%s%.*s%s",
            e->is_universal ? "" : "name ", message,
            near.size > 0 ? "; did you write it as \"" : "", STR_ARG(near),
            near.size > 0 ? "\"?" : "");
}

enum api_envelope api_envelope_of(const struct jv *document)
{
    bool is_kubernetes = jv_find(document, STR("apiVersion")) != NULL ||
                         jv_find(document, STR("kind")) != NULL;
    return is_kubernetes ? API_KUBERNETES : API_UNIVERSAL;
}

const struct api_object *api_decode(const struct jv *document, const struct api_origin *origin,
                                    struct finding_list *problems)
{
    struct api__envelope e = {.document = document, .origin = origin, .problems = problems};
    if (document->type == JV_NULL)
        return NULL;
    if (document->type != JV_OBJECT) {
        problem(&e, FINDING_ERROR, STR_EMPTY, "is no resource: it has to be an object, not %s",
                jv_type_name(document->type));
        return NULL;
    }
    e.is_universal = !origin->has_kind && api_envelope_of(document) == API_UNIVERSAL;
    enum api_kind kind = API_MESH;
    bool (*identify)(struct api__envelope *, enum api_kind *) = identify_kubernetes;
    if (origin->has_kind)
        identify = identify_served;
    else if (e.is_universal)
        identify = identify_universal;
    if (!identify(&e, &kind))
        return NULL;
    if (e.name.size == 0) {
        report_name(&e);
        return NULL;
    }
    return decode(&e, kind);
}

const struct jv *const *api_documents(const struct jv *const *document, size_t *ret_count)
{
    struct str kind = jv_text(jv_get(*document, STR("kind")));
    const struct jv *items = jv_get(*document, STR("items"));
    if (items != NULL && items->type == JV_ARRAY && str_ends_with(kind, STR("List"))) {
        *ret_count = items->count;
        return items->items;
    }
    *ret_count = 1;
    return document;
}
