/* The two envelopes, printed. */
#include "control/api/wrap.h"

void api__wrap_lose(const struct api__wrapping *w, struct jv_mark mark, struct str field,
                    const char *message)
{
    struct finding_subject subject = api_subject(w->object);
    finding_add(w->problems, FINDING_WARNING, &subject,
                (struct finding_mark){mark.line, mark.column}, field, "%s", message);
}

/* The fields of the object; NULL: there are none. */
static const struct jv *print_fields(const struct api__wrapping *w)
{
    const struct api__printer p = {.arena = w->arena, .is_proto = !w->kind->has_schema};
    bool is_inline = w->from_universal && !w->kind->has_spec;
    const struct jv *fields = is_inline ? w->document : jv_get(w->document, STR("spec"));
    if (fields == NULL || fields->type == JV_NULL)
        return NULL;
    return api__print(&p, fields, w->kind->table);
}

/* The older kinds have their fields beside the name in Universal, and none where all are left out.
 * Of the newer ones Kuma knows a status in both. */
static void add_fields(const struct api__wrapping *w, struct api__members *members)
{
    const struct jv *fields = print_fields(w);
    bool is_inline = w->to_universal && !w->kind->has_spec;
    bool is_empty = fields != NULL && fields->type == JV_OBJECT && fields->count == 0;
    if (is_inline)
        api__members_add_all(members, fields);
    else if (w->kind->has_spec || !is_empty)
        api__members_add(members, STR("spec"), fields);
    bool has_status = w->kind->has_spec || (!w->from_universal && !w->to_universal);
    if (has_status)
        api__members_add_from(members, STR("status"), w->document, STR("status"));
}

static void refuse(const struct api__wrapping *w, struct str field, const char *message)
{
    struct finding_subject subject = api_subject(w->object);
    finding_add(w->problems, FINDING_ERROR, &subject, w->object->mark, field, "%s", message);
}

/* Deeper than `levels`. The readers' bound is that of the recursion. */
static bool is_deeper(const struct jv *value, unsigned levels)
{
    if (levels == 0)
        return true;
    for (size_t i = 0; i < value->count; i++) {
        const struct jv *inner = value->type == JV_ARRAY ? value->items[i]
                                                         : value->members[i].value;
        if (is_deeper(inner, levels - 1))
            return true;
    }
    return false;
}

const struct jv *api_print(struct arena *arena, const struct jv *document,
                           const struct api_object *object, enum api_envelope envelope,
                           struct str namespace, struct finding_list *problems)
{
    const struct api__wrapping w = {
        .arena = arena,
        .document = document,
        .object = object,
        .kind = api__kind_of(object->key.kind),
        .from_universal = api_envelope_of(document) == API_UNIVERSAL,
        .to_universal = envelope == API_UNIVERSAL,
        .metadata = jv_get(document, STR("metadata")),
        .namespace = namespace,
        .problems = problems,
    };
    struct api__members members = {.arena = arena};
    if (w.to_universal && object->key.kind == API_MESH_GATEWAY_INSTANCE) {
        refuse(&w, STR("kind"),
               "is left out: it is a kind of Kubernetes only. Elsewhere a proxy is started by "
               "hand, and its Dataplane says which gateway it is");
        return NULL;
    }
    if (w.to_universal)
        api__wrap_universal(&w, &members);
    else
        api__wrap_kubernetes(&w, &members);
    if (object->key.kind == API_SECRET)
        api__wrap_secret(&w, &members);
    else
        add_fields(&w, &members);
    const struct jv *printed = api__members_object(&members, document->mark);
    if (!is_deeper(printed, API_PRINT_DEPTH_MAX))
        return printed;
    refuse(&w, STR_EMPTY, "is left out: it is nested so deeply that it could not be read again");
    return NULL;
}
